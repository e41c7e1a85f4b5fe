/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-moments.h"

#include <string.h>

#include "drivers/vireo-moment-obj.h"
#include "util/vireo-task.h"

#define SUFFIX ".snapshot"
#define CURRENT_SUFFIX ".current"
#define UUID_LENGTH 36
#define MAX_FILE (4u * VIREO_DOC_MAX_SIZE)

/* A name may have any character; a file has its digest. */
static char *
file_name (const char *uuid, const char *name)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);

  return g_strdup_printf ("%s-%.32s" SUFFIX, uuid, digest);
}

static char *
current_name (const char *uuid)
{
  return g_strconcat (uuid, CURRENT_SUFFIX, NULL);
}

/* ---- reading ---- */

static void
load_file (VireoQemuDomains *self, const char *name)
{
  g_autofree char *uuid = g_strndup (name, UUID_LENGTH);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  VireoDomainSnapshotDef *def = NULL;
  VireoObj *obj = vireo_obj_list_find_by_uuid (vireo_keeper_get_list (VIREO_KEEPER (self)), uuid);
  gconstpointer text;
  gsize length;

  /* It stays: the domain's definition may only be unreadable now. */
  if (obj == NULL)
    {
      g_message ("there is no domain %s, of which there is a snapshot", uuid);
      return;
    }
  bytes = vireo_store_read (self->snapshots, name, MAX_FILE, &error);
  if (bytes != NULL)
    {
      text = g_bytes_get_data (bytes, &length);
      def = vireo_domain_snapshot_def_parse (text, (gssize) length, VIREO_PARSE_NONE, &error);
    }
  if (def != NULL && def->name != NULL)
    {
      vireo_domain_moment_add (VIREO_DOMAIN_OBJ (obj), vireo_snapshot_obj_new (obj, def), FALSE);
      return;
    }
  /* It stays: a person may still read it. */
  g_warning ("a snapshot of '%s' cannot be read: %s/%s: %s", vireo_obj_get_name (obj),
             vireo_store_get_folder (self->snapshots), name,
             error != NULL ? error->message : "it has no name");
  g_clear_pointer (&def, vireo_domain_snapshot_def_free);
}

static void
load_current (VireoQemuDomains *self, const char *file)
{
  g_autofree char *uuid = g_strndup (file, UUID_LENGTH);
  g_autoptr (GBytes) bytes = vireo_store_read (self->snapshots, file, MAX_FILE, NULL);
  VireoObj *obj = vireo_obj_list_find_by_uuid (vireo_keeper_get_list (VIREO_KEEPER (self)), uuid);
  VireoObjList *list
      = obj != NULL ? vireo_domain_moments_of (VIREO_DOMAIN_OBJ (obj), VIREO_KIND_SNAPSHOT) : NULL;
  g_autofree char *name = NULL;
  VireoObj *moment;

  if (bytes == NULL || list == NULL)
    return;
  name = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  moment = vireo_obj_list_find_by_name (list, name);
  if (moment != NULL)
    vireo_moment_obj_set_current (VIREO_MOMENT_OBJ (moment), TRUE);
}

static void
load_all (VireoQemuDomains *self, const char *suffix,
          void (*load) (VireoQemuDomains *self, const char *name))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = vireo_store_list (self->snapshots, suffix, &error);

  if (names == NULL)
    g_warning ("the snapshots cannot be read: %s", error->message);
  for (guint i = 0; names != NULL && i < names->len; i++)
    if (strlen (names->pdata[i]) > UUID_LENGTH)
      load (self, names->pdata[i]);
}

void
vireo_qemu_moments_load (VireoQemuDomains *self)
{
  load_all (self, SUFFIX, load_file);
  load_all (self, CURRENT_SUFFIX, load_current);
}

/* ---- writing ---- */

static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_store_apply_finish (VIREO_STORE (source), result, &error);

  vireo_task_end (user_data, success, error);
}

void
vireo_qemu_moments_save (VireoQemuDomains *self, VireoMomentObj *moment, GTask *task)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (moment));
  const char *uuid = vireo_obj_get_uuid (vireo_moment_obj_get_domain (moment));
  g_autofree char *file = file_name (uuid, name);
  g_autofree char *current = current_name (uuid);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) mark = g_bytes_new (name, strlen (name));
  GError *error = NULL;
  char *text = vireo_moment_obj_format (moment, VIREO_FORMAT_SECURE, &error);
  const VireoStoreOp ops[] = {
    { file, bytes = text != NULL ? g_bytes_new_take (text, strlen (text)) : NULL, 0600 },
    { current, mark, 0600 },
  };

  if (text == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_store_apply_async (self->snapshots, ops, vireo_moment_obj_get_current (moment) ? 2 : 1,
                           NULL, on_applied, task);
}

/* ---- removing ---- */

typedef struct
{
  VireoQemuDomains *driver;
  GPtrArray *moments;
  GPtrArray *children; /* that stay, and follow another then */
  GTask *task;
} Removal;

static void
on_child_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_warning ("a snapshot's new parent cannot be written: %s", error->message);
}

static GPtrArray *
collect_children (GPtrArray *moments)
{
  GPtrArray *children = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < moments->len; i++)
    {
      g_autoptr (GPtrArray) below = vireo_moments_get_below (
          vireo_obj_get_list (moments->pdata[i]), moments->pdata[i], FALSE);

      for (guint j = 0; j < below->len; j++)
        if (!g_ptr_array_find (moments, below->pdata[j], NULL))
          g_ptr_array_add (children, g_object_ref (below->pdata[j]));
    }
  return children;
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Removal *removal = user_data;
  g_autoptr (GTask) task = removal->task;
  GError *error = NULL;

  if (vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    {
      for (guint i = 0; i < removal->moments->len; i++)
        vireo_domain_moment_remove (removal->moments->pdata[i]);
      for (guint i = 0; i < removal->children->len; i++)
        vireo_qemu_moments_save (removal->driver, removal->children->pdata[i],
                                 g_task_new (NULL, NULL, on_child_saved, NULL));
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
  g_ptr_array_unref (removal->moments);
  g_ptr_array_unref (removal->children);
  g_object_unref (removal->driver);
  g_free (removal);
}

/* Which is the current one afterwards: of those that go, the nearest above that stays. */
static GBytes *
find_next_current (VireoDomainObj *obj, GPtrArray *moments)
{
  VireoObjList *list = vireo_domain_moments_of (obj, VIREO_KIND_SNAPSHOT);
  VireoMomentObj *current = list != NULL ? vireo_moments_get_current (list) : NULL;
  const char *name;

  while (current != NULL && g_ptr_array_find (moments, current, NULL))
    current = vireo_moment_obj_get_parent (current);
  if (current == NULL)
    return NULL;
  name = vireo_obj_get_name (VIREO_OBJ (current));
  return g_bytes_new (name, strlen (name));
}

void
vireo_qemu_moments_remove (VireoQemuDomains *self, VireoDomainObj *obj, GPtrArray *moments,
                           GTask *task)
{
  const char *uuid = vireo_obj_get_uuid (VIREO_OBJ (obj));
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) ops = g_array_new (FALSE, FALSE, sizeof (VireoStoreOp));
  g_autoptr (GBytes) current = find_next_current (obj, moments);
  Removal *removal = g_new0 (Removal, 1);
  VireoStoreOp op;

  removal->driver = g_object_ref (self);
  removal->moments = g_ptr_array_ref (moments);
  removal->children = collect_children (moments);
  removal->task = task;
  for (guint i = 0; i < moments->len; i++)
    {
      g_ptr_array_add (names, file_name (uuid, vireo_obj_get_name (moments->pdata[i])));
      op = (VireoStoreOp){ names->pdata[i], NULL, 0 };
      g_array_append_val (ops, op);
    }
  g_ptr_array_add (names, current_name (uuid));
  op = (VireoStoreOp){ names->pdata[names->len - 1], current, 0600 };
  g_array_append_val (ops, op);
  vireo_store_apply_async (self->snapshots, (const VireoStoreOp *) ops->data, ops->len, NULL,
                           on_removed, removal);
}
