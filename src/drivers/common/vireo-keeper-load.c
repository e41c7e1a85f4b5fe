/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Turns the files of the folder into objects, at start and for Reload. */

#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "util/vireo-slices.h"
#include "vireo-keeper-names.h"
#include "vireo-keeper-private.h"
#include "vireo-keeper-scan.h"

/* So many definitions are worked on at once, and for so long before others have their turn. */
#define MAX_IN_FLIGHT 32
#define MAX_TURN_USEC 700

typedef struct
{
  VireoKeeper *keeper;
  GTask *task;
  gboolean reload;
  guint64 generation; /* what is newer than this was not read */
  GPtrArray *objects; /* (nullable): VireoObj, as they were before what is being done */
  GHashTable *known;  /* (nullable): the files of those, for a reload */
  GPtrArray *found;   /* (nullable): VireoFoundFile */
  GPtrArray *confs;   /* (nullable): names of sidecars */
  GPtrArray *items;   /* Item */
  guint next;
  guint in_flight;
  guint source_id;
  gboolean scanning; /* more items may come */
  gboolean retrying; /* the files are done, now those that lack something */
} Loader;

/* One object or file to look at. */
typedef struct
{
  Loader *loader;
  VireoFoundFile *file; /* (nullable): %NULL when the object's file is gone */
  VireoObj *obj;        /* (nullable): %NULL when the file is new */
  VireoJob *job;
  VireoKeeperReservation *reservation;
} Item;

static void loader_pump (Loader *loader);

static Item *
item_new (Loader *loader, VireoFoundFile *file, VireoObj *obj)
{
  Item *item = g_new0 (Item, 1);

  item->loader = loader;
  item->file = file;
  item->obj = obj != NULL ? g_object_ref (obj) : NULL;
  return item;
}

static void
item_free (gpointer data)
{
  Item *item = data;

  g_clear_object (&item->obj);
  g_clear_object (&item->job);
  g_free (item);
}

static void
item_done (Item *item)
{
  Loader *loader = item->loader;

  _vireo_keeper_release (loader->keeper, g_steal_pointer (&item->reservation));
  if (item->job != NULL)
    vireo_job_end (item->job, NULL);
  g_clear_object (&item->job);
  if (item->file != NULL)
    g_clear_pointer (&item->file->text, g_bytes_unref);
  loader->in_flight--;
  loader_pump (loader);
}

/* ---- what a file says ---- */

static const VireoDigest *
found_digest (const VireoFoundFile *file)
{
  return file->text != NULL ? &file->digest : NULL;
}

static void
item_unparsable (Item *item, const char *message)
{
  Loader *loader = item->loader;
  VireoKeeper *self = loader->keeper;
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  VireoFoundFile *file = item->file;
  g_autofree char *text = vireo_found_file_get_text (file);

  _vireo_keeper_release (self, g_steal_pointer (&item->reservation));
  if (item->obj == NULL)
    _vireo_keeper_publish_unparsable (self, file->name, found_digest (file), text, message,
                                      file->owner, file->autostart);
  else if (vireo_obj_get_active (item->obj))
    /* What runs stays as it is, and keeps the last definition that could be read. */
    g_warning ("%s of the active %s \"%s\" was not read again: %s", file->name, kind->kind,
               vireo_obj_get_name (item->obj), message);
  else
    {
      g_object_freeze_notify (G_OBJECT (item->obj));
      _vireo_keeper_set_problems (self, item->obj, NULL);
      vireo_def_obj_set_persistent (VIREO_DEF_OBJ (item->obj), NULL);
      vireo_def_obj_set_raw (VIREO_DEF_OBJ (item->obj), text, message);
      _vireo_keeper_record (self, item->obj, file->name, found_digest (file));
      g_object_thaw_notify (G_OBJECT (item->obj));
    }
  item_done (item);
}

static void
item_completed (GObject *source, GAsyncResult *result, gpointer data)
{
  Item *item = data;
  VireoKeeper *self = VIREO_KEEPER (source);
  VireoFoundFile *file = item->file;
  gboolean reload = item->loader->reload;
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  gpointer def = _vireo_keeper_complete_finish (self, result, &problems, &error);

  if (def == NULL)
    {
      item_unparsable (item, error->message);
      return;
    }
  _vireo_keeper_release (self, g_steal_pointer (&item->reservation));
  /* One that was transient may have stopped, and gone, meanwhile. */
  if (item->obj != NULL && vireo_obj_get_list (item->obj) == NULL)
    g_clear_object (&item->obj);
  if (item->obj == NULL)
    {
      VireoObj *obj = _vireo_keeper_publish_found (self, def, file->owner, file->autostart,
                                                   file->name, found_digest (file), problems);

      if (reload)
        vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "defined", "added");
    }
  else
    {
      _vireo_keeper_publish (self, item->obj, def, file->owner, file->name, found_digest (file),
                             "updated");
      vireo_obj_set_autostart (item->obj, file->autostart);
      _vireo_keeper_set_problems (self, item->obj, problems);
    }
  item_done (item);
}

/* Whether it is somebody else's to tell: one who is defining it, or who has just done so. */
static gboolean
is_being_written (Item *item, const char *uuid)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (item->loader->keeper);
  VireoObj *obj = vireo_obj_list_find_by_uuid (priv->list, uuid);
  VireoKeeperRecord *record
      = obj != NULL ? _vireo_keeper_get_record (item->loader->keeper, obj) : NULL;

  if (!item->loader->reload)
    return FALSE;
  return g_hash_table_contains (priv->reserved_uuids, uuid)
         || (record != NULL && record->generation > item->loader->generation
             && g_strcmp0 (record->file, item->file->name) == 0);
}

static void
item_read (Item *item)
{
  VireoKeeper *self = item->loader->keeper;
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  const char *uuid = item->file->uuid;
  g_autoptr (GError) error = NULL;
  gpointer def;

  if (is_being_written (item, uuid))
    {
      item_done (item);
      return;
    }
  if (item->obj != NULL && !g_str_equal (uuid, vireo_obj_get_uuid (item->obj)))
    {
      /* The file has become another object's. */
      vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (item->obj), "undefined", "removed");
      _vireo_keeper_drop_definition (self, item->obj);
      vireo_job_end (item->job, NULL);
      g_clear_object (&item->job);
      g_clear_object (&item->obj);
    }
  def = vireo_found_file_take_def (item->file);
  if (item->obj != NULL && vireo_obj_get_active (item->obj)
      && !g_str_equal (*kind->name (def), vireo_obj_get_name (item->obj)))
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "it has another name, and what is active cannot be renamed");
  else
    item->reservation = _vireo_keeper_reserve (self, item->obj, def, &error);
  if (item->reservation == NULL)
    {
      vireo_doc_free (_vireo_keeper_get_private (self)->doc, def);
      item_unparsable (item, error->message);
      return;
    }
  _vireo_keeper_complete_async (self, def, TRUE, VIREO_PARSE_ALLOW_POST_PARSE_FAIL, NULL,
                                item_completed, item);
}

/* ---- one item ---- */

static void
item_retried (GObject *source, GAsyncResult *result, gpointer data)
{
  /* What it still lacks is in its problems. */
  vireo_keeper_make_ready_finish (VIREO_KEEPER (source), result, NULL);
  item_done (data);
}

static void
item_process (Item *item)
{
  VireoKeeper *self = item->loader->keeper;

  if (item->loader->retrying)
    vireo_keeper_make_ready_async (self, item->obj, vireo_job_get_cancellable (item->job),
                                   item_retried, item);
  else if (item->file == NULL)
    {
      vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (item->obj), "undefined", "removed");
      _vireo_keeper_drop_definition (self, item->obj);
      item_done (item);
    }
  else if (item->file->packed == NULL)
    item_unparsable (item, item->file->message);
  else
    item_read (item);
}

static void
item_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  Item *item = data;
  VireoKeeperRecord *record = _vireo_keeper_get_record (item->loader->keeper, item->obj);

  item->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, NULL);
  /* Gone, busy, or changed since the folder was read. */
  if (item->job == NULL
      || (!item->loader->retrying && record != NULL
          && record->generation > item->loader->generation))
    item_done (item);
  else
    item_process (item);
}

static void
item_start (Item *item)
{
  Loader *loader = item->loader;
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (loader->keeper);

  loader->in_flight++;
  if (item->obj == NULL && loader->reload && item->file->uuid != NULL)
    {
      VireoObj *obj = vireo_obj_list_find_by_uuid (priv->list, item->file->uuid);

      /* A definition for what was transient until now. */
      if (obj != NULL && !vireo_obj_get_persistent (obj))
        item->obj = g_object_ref (obj);
    }
  if (item->obj == NULL)
    item_process (item);
  else
    _vireo_keeper_begin_job (loader->keeper, item->obj, "reload", VIREO_OWNER_ROOT, NULL,
                             item_begun, item);
}

/* ---- all of them ---- */

static void
loader_free (Loader *loader)
{
  g_clear_handle_id (&loader->source_id, g_source_remove);
  g_clear_pointer (&loader->items, g_ptr_array_unref);
  g_clear_pointer (&loader->objects, g_ptr_array_unref);
  g_clear_pointer (&loader->known, g_hash_table_unref);
  g_clear_pointer (&loader->found, g_ptr_array_unref);
  g_clear_pointer (&loader->confs, g_ptr_array_unref);
  g_clear_object (&loader->task);
  g_object_unref (loader->keeper);
  g_free (loader);
}

static void
add_failed (guint index, gpointer data)
{
  Loader *loader = data;
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (loader->keeper)->kind;
  VireoObj *obj = loader->objects->pdata[index];

  if (kind->get_problems != NULL && kind->get_problems (obj) != NULL)
    g_ptr_array_add (loader->items, item_new (loader, NULL, obj));
}

/* That was all. */
static void
loader_planned (gpointer data)
{
  Loader *loader = data;

  loader->scanning = FALSE;
  loader_pump (loader);
}

/* For each of the objects that there are now. */
static void
for_objects (Loader *loader, VireoSliceFunc func, VireoSlicedFunc done)
{
  g_clear_pointer (&loader->objects, g_ptr_array_unref);
  loader->objects = vireo_obj_list_snapshot (_vireo_keeper_get_private (loader->keeper)->list);
  vireo_slices_run (loader->objects->len, func, done, loader);
}

/* Sidecars of objects that are not there. As long as a definition whose UUID nobody knows is there,
 * one of them may be its own. */
static void
loader_sweep (Loader *loader)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (loader->keeper);
  g_autoptr (GArray) ops = g_array_new (FALSE, TRUE, sizeof (VireoStoreOp));

  for (guint i = 0; i < loader->found->len; i++)
    {
      VireoFoundFile *file = loader->found->pdata[i];
      g_autofree char *stem = g_strndup (file->name, strlen (file->name) - strlen (".xml"));
      g_autofree char *uuid = vireo_uuid_normalize (stem);

      if (file->message != NULL && uuid == NULL)
        return;
    }
  for (guint i = 0; i < loader->confs->len; i++)
    {
      const char *name = loader->confs->pdata[i];
      g_autofree char *uuid = g_strndup (name, strlen (name) - strlen (".conf"));
      VireoStoreOp op = { name, NULL, 0 };

      if (vireo_obj_list_find_by_uuid (priv->list, uuid) == NULL && ops->len < 128)
        g_array_append_val (ops, op);
    }
  if (ops->len > 0)
    vireo_store_apply_async (priv->store, (const VireoStoreOp *) (gpointer) ops->data, ops->len,
                             NULL, NULL, NULL);
}

/* What was read, which thousands of blocks of memory are. */
typedef struct
{
  GPtrArray *found;
  GHashTable *known;
} Leftovers;

/* The threads that read the folder leave heaps that are free, and many times as large as what is
 * kept: the C library would hold them for as long as the daemon runs. */
static gpointer
return_memory (gpointer data)
{
  g_autofree Leftovers *leftovers = data;

  g_clear_pointer (&leftovers->found, g_ptr_array_unref);
  g_clear_pointer (&leftovers->known, g_hash_table_unref);
#ifdef __GLIBC__
  malloc_trim (0);
#endif
  return NULL;
}

static void
loader_end (Loader *loader)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (loader->keeper);
  g_autoptr (GTask) task = g_steal_pointer (&loader->task);
  Leftovers *leftovers;
  GThread *thread;

  if (loader->confs != NULL && !loader->reload)
    loader_sweep (loader);
  priv->reloading = FALSE;
  leftovers = g_new (Leftovers, 1);
  leftovers->found = g_steal_pointer (&loader->found);
  leftovers->known = g_steal_pointer (&loader->known);
  loader_free (loader);
  thread = g_thread_try_new ("vireo-trim", return_memory, leftovers, NULL);
  if (thread != NULL)
    g_thread_unref (thread);
  else
    return_memory (leftovers);
  g_task_return_boolean (task, TRUE);
}

static gboolean
loader_turn (gpointer data)
{
  Loader *loader = data;
  gint64 end = g_get_monotonic_time () + MAX_TURN_USEC;

  loader->source_id = 0;
  /* Holds the loader while items end in the middle of their start. */
  loader->in_flight++;
  while (loader->next < loader->items->len && loader->in_flight <= MAX_IN_FLIGHT
         && g_get_monotonic_time () < end)
    item_start (loader->items->pdata[loader->next++]);
  loader->in_flight--;
  loader_pump (loader);
  return G_SOURCE_REMOVE;
}

static void
loader_pump (Loader *loader)
{
  if (loader->source_id != 0)
    return;
  if (loader->next < loader->items->len)
    {
      if (loader->in_flight < MAX_IN_FLIGHT)
        loader->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, loader_turn, loader, NULL);
      return;
    }
  if (loader->in_flight > 0 || loader->scanning)
    return;
  if (loader->reload && !loader->retrying)
    {
      loader->retrying = TRUE;
      loader->scanning = TRUE;
      for_objects (loader, add_failed, loader_planned);
      return;
    }
  loader_end (loader);
}

/* ---- what there is to do ---- */

static void
note_known (guint index, gpointer data)
{
  Loader *loader = data;
  VireoObj *obj = loader->objects->pdata[index];
  VireoKeeperRecord *record = _vireo_keeper_get_record (loader->keeper, obj);
  VireoKnownFile *known;

  if (record == NULL || record->file == NULL)
    return;
  known = g_new0 (VireoKnownFile, 1);
  known->digest = record->digest;
  known->obj = obj;
  g_hash_table_insert (loader->known, g_strdup (record->file), known);
}

static void
plan_file (guint index, gpointer data)
{
  Loader *loader = data;
  VireoFoundFile *file = loader->found->pdata[index];
  VireoKnownFile *known
      = loader->known != NULL ? g_hash_table_lookup (loader->known, file->name) : NULL;

  if (known != NULL)
    known->found = TRUE;
  if (!file->unchanged && !file->taken)
    g_ptr_array_add (loader->items, item_new (loader, file, known != NULL ? known->obj : NULL));
}

/* What had a file that is not there any more. */
static void
plan_missing (guint index, gpointer data)
{
  Loader *loader = data;
  VireoObj *obj = loader->objects->pdata[index];
  VireoKeeperRecord *record = _vireo_keeper_get_record (loader->keeper, obj);
  VireoKnownFile *known = record != NULL && record->file != NULL
                              ? g_hash_table_lookup (loader->known, record->file)
                              : NULL;

  if (known != NULL && known->obj == obj && !known->found)
    g_ptr_array_add (loader->items, item_new (loader, NULL, obj));
}

static void
files_planned (gpointer data)
{
  Loader *loader = data;

  if (loader->reload)
    vireo_slices_run (loader->objects->len, plan_missing, loader_planned, loader);
  else
    loader_planned (loader);
}

/* A definition that nothing but another one like it can be in the way of. */
static void
found (VireoFoundFile *file, gpointer data)
{
  Loader *loader = data;

  file->taken = TRUE;
  g_ptr_array_add (loader->items, item_new (loader, file, NULL));
  loader_pump (loader);
}

static void
scanned (GObject *source, GAsyncResult *result, gpointer data)
{
  Loader *loader = data;
  g_autoptr (GError) error = NULL;

  loader->found = vireo_keeper_scan_finish (VIREO_KEEPER (source), result, &loader->confs, &error);
  if (loader->found == NULL)
    {
      g_autoptr (GTask) task = g_steal_pointer (&loader->task);

      _vireo_keeper_get_private (loader->keeper)->reloading = FALSE;
      loader_free (loader);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  vireo_slices_run (loader->found->len, plan_file, files_planned, loader);
}

static void
known_noted (gpointer data)
{
  Loader *loader = data;

  vireo_keeper_scan_async (loader->keeper, loader->known, NULL, scanned, loader);
}

static void
flushed (GObject *source, GAsyncResult *result, gpointer data)
{
  Loader *loader = data;
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (loader->keeper);

  /* Whatever became of those changes, they are over. */
  vireo_store_apply_finish (VIREO_STORE (source), result, NULL);
  loader->generation = priv->generation;
  loader->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for_objects (loader, note_known, known_noted);
}

static void
loader_begin (VireoKeeper *self, gboolean reload, GTask *task)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  Loader *loader;

  if (priv->reloading)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_BUSY,
                               "the definitions are being read already");
      g_object_unref (task);
      return;
    }
  g_task_set_check_cancellable (task, FALSE);
  priv->reloading = TRUE;
  loader = g_new0 (Loader, 1);
  loader->keeper = g_object_ref (self);
  loader->task = task;
  loader->reload = reload;
  loader->items = g_ptr_array_new_with_free_func (item_free);
  loader->scanning = priv->store != NULL;
  if (priv->store == NULL)
    loader_pump (loader);
  else if (reload)
    vireo_store_apply_async (priv->store, NULL, 0, NULL, flushed, loader);
  else
    vireo_keeper_scan_async (self, NULL, found, scanned, loader);
}

/**
 * vireo_keeper_load_async:
 * @self: a keeper
 * @cancellable: (nullable): not looked at: what was begun is ended
 * @callback: called when all definitions are there
 * @user_data: for @callback
 *
 * Reads all definitions, for the first time.
 *
 * Since: 0.1
 */
void
vireo_keeper_load_async (VireoKeeper *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  loader_begin (self, FALSE, g_task_new (self, cancellable, callback, user_data));
}

/**
 * vireo_keeper_load_finish:
 * @self: a keeper
 * @result: what the callback got
 * @error: why the folder cannot be used
 *
 * Returns: whether the definitions are there
 * Since: 0.1
 */
gboolean
vireo_keeper_load_finish (VireoKeeper *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * vireo_keeper_reload:
 * @self: a keeper
 * @task: (transfer full): returns a boolean
 *
 * The operation `reload`: takes over what was changed by hand in the folder, and runs post-parse
 * again where it failed. What is running is left as it is.
 *
 * Since: 0.1
 */
void
vireo_keeper_reload (VireoKeeper *self, GTask *task)
{
  loader_begin (self, TRUE, task);
}
