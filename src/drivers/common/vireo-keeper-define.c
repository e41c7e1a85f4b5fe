/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Define, replace and create: how a definition becomes an object's. */

#include "vireo-keeper-names.h"
#include "vireo-keeper-private.h"

/* A definition on its way to become an object's: what the steps of one operation hand on. */
typedef struct
{
  VireoKeeper *keeper;
  GTask *task;   /* the caller's, which is returned at the end */
  gpointer def;  /* (nullable): until it is the object's */
  VireoObj *obj; /* (nullable): %NULL for a new object */
  VireoJob *job; /* (nullable): when the operation took the slot itself */
  VireoKeeperReservation *reservation;
  GBytes *text;
  char *file;
  guint owner;
  gboolean replace;
  gboolean transient;
} Change;

static Change *
change_new (VireoKeeper *self, gconstpointer def, VireoObj *obj, guint owner, GTask *task)
{
  Change *change = g_new0 (Change, 1);

  change->keeper = g_object_ref (self);
  change->task = task;
  change->def = vireo_doc_copy (_vireo_keeper_get_private (self)->doc, def);
  change->obj = obj != NULL ? g_object_ref (obj) : NULL;
  change->owner = owner;
  /* What was done is told, even when the caller gave up just now. */
  g_task_set_check_cancellable (task, FALSE);
  return change;
}

static void
change_free (Change *change)
{
  _vireo_keeper_release (change->keeper, change->reservation);
  if (change->def != NULL)
    vireo_doc_free (_vireo_keeper_get_private (change->keeper)->doc, change->def);
  g_clear_pointer (&change->text, g_bytes_unref);
  g_clear_object (&change->obj);
  g_clear_object (&change->job);
  g_clear_object (&change->task);
  g_object_unref (change->keeper);
  g_free (change->file);
  g_free (change);
}

static void
change_failed (Change *change, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&change->task);

  if (change->job != NULL)
    vireo_job_end (change->job, error);
  change_free (change);
  g_task_return_error (task, error);
}

/* ---- the disk ---- */

static void
change_publish (Change *change)
{
  g_autoptr (GTask) task = g_steal_pointer (&change->task);
  gboolean is_new = change->obj == NULL || !vireo_obj_get_persistent (change->obj);
  gboolean replace = change->replace;
  VireoDigest digest;
  VireoObj *obj;

  _vireo_keeper_release (change->keeper, g_steal_pointer (&change->reservation));
  /* One that was transient may have stopped, and gone, while its definition was written. */
  if (change->obj != NULL && vireo_obj_get_list (change->obj) == NULL)
    g_clear_object (&change->obj);
  obj = g_object_ref (_vireo_keeper_publish (
      change->keeper, change->obj, g_steal_pointer (&change->def), change->owner, change->file,
      _vireo_keeper_digest (change->text, &digest), is_new ? "added" : "updated"));
  if (change->job != NULL)
    vireo_job_end (change->job, NULL);
  change_free (change);
  if (!replace)
    g_task_return_pointer (task, obj, g_object_unref);
  else
    {
      g_object_unref (obj);
      g_task_return_boolean (task, TRUE);
    }
}

static void
change_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  Change *change = data;
  g_autoptr (GError) error = NULL;

  if (vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    change_publish (change);
  else
    change_failed (change, g_steal_pointer (&error));
}

/* The sidecar goes first, and a file that is replaced by one of another name last: whatever a crash
 * leaves is either what was or what is to be. */
static void
change_write (Change *change)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (change->keeper);
  VireoKeeperRecord *record
      = change->obj != NULL ? _vireo_keeper_get_record (change->keeper, change->obj) : NULL;
  const char *uuid = change->reservation->uuid;
  gboolean same_uuid = change->obj != NULL && g_str_equal (vireo_obj_get_uuid (change->obj), uuid);
  gboolean autostart = change->obj != NULL && vireo_obj_get_autostart (change->obj);
  g_autofree char *conf = _vireo_keeper_conf_name (uuid);
  g_autoptr (GBytes) conf_text = _vireo_keeper_conf_text (change->owner, autostart);
  g_autofree char *old_conf = NULL;
  VireoStoreOp ops[4];
  gsize n_ops = 0;

  change->file = g_strconcat (uuid, ".xml", NULL);
  if (!same_uuid || record == NULL)
    ops[n_ops++] = (VireoStoreOp){ conf, conf_text, 0600 };
  ops[n_ops++] = (VireoStoreOp){ change->file, change->text, 0600 };
  if (record != NULL && record->file != NULL && !g_str_equal (record->file, change->file))
    ops[n_ops++] = (VireoStoreOp){ record->file, NULL, 0 };
  if (change->obj != NULL && !same_uuid)
    {
      old_conf = _vireo_keeper_conf_name (vireo_obj_get_uuid (change->obj));
      ops[n_ops++] = (VireoStoreOp){ old_conf, NULL, 0 };
    }
  vireo_store_apply_async (priv->store, ops, n_ops, g_task_get_cancellable (change->task),
                           change_stored, change);
}

/* Of a definition that must not be on a disk: it is published without, and only the files of one
 * that could not be parsed, and that it replaces, go. */
static void
change_keep_off_disk (Change *change)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (change->keeper);
  VireoKeeperRecord *record
      = change->obj != NULL ? _vireo_keeper_get_record (change->keeper, change->obj) : NULL;
  g_autofree char *conf = NULL;
  VireoStoreOp ops[2];

  if (record == NULL || record->file == NULL)
    {
      change_publish (change);
      return;
    }
  conf = _vireo_keeper_conf_name (vireo_obj_get_uuid (change->obj));
  ops[0] = (VireoStoreOp){ record->file, NULL, 0 };
  ops[1] = (VireoStoreOp){ conf, NULL, 0 };
  vireo_store_apply_async (priv->store, ops, G_N_ELEMENTS (ops),
                           g_task_get_cancellable (change->task), change_stored, change);
}

/* ---- a transient object ---- */

static void
transient_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  Change *change = data;
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (change->keeper);
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  VireoJob *job = change->job;

  if (result != NULL)
    {
      job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
      if (job == NULL)
        {
          change_failed (change, g_steal_pointer (&error));
          return;
        }
      _vireo_keeper_release (change->keeper, g_steal_pointer (&change->reservation));
      change->job = job;
      if (!vireo_obj_list_add (priv->list, change->obj, &error))
        {
          change_failed (change, g_steal_pointer (&error));
          return;
        }
    }
  else
    vireo_def_obj_set_live (VIREO_DEF_OBJ (change->obj), g_steal_pointer (&change->def));
  task = g_steal_pointer (&change->task);
  g_task_return_pointer (task, g_steal_pointer (&change->job), g_object_unref);
  change_free (change);
}

static void
change_publish_transient (Change *change)
{
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (change->keeper)->kind;

  if (change->obj != NULL)
    {
      transient_begun (NULL, NULL, change);
      return;
    }
  change->obj = _vireo_keeper_new_obj (change->keeper, *kind->name (change->def),
                                       *kind->uuid (change->def), change->owner);
  vireo_def_obj_set_live (VIREO_DEF_OBJ (change->obj), change->def);
  change->def = NULL;
  /* Before it is in the list, so that nobody else has its slot first; its name and UUID stay
   * reserved until then, by the live definition. */
  change->reservation->obj = change->obj;
  _vireo_keeper_begin_job (change->keeper, change->obj, "create", change->owner, NULL,
                           transient_begun, change);
}

/* ---- checks ---- */

static gboolean
change_check (Change *change, GError **error)
{
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (change->keeper);

  change->reservation = _vireo_keeper_reserve (change->keeper, change->obj, change->def, error);
  if (change->reservation == NULL)
    return FALSE;
  return klass->check == NULL || klass->check (change->keeper, change->obj, change->def, error);
}

static void
change_completed (GObject *source, GAsyncResult *result, gpointer data)
{
  Change *change = data;
  VireoKeeper *self = change->keeper;
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  g_autoptr (GError) error = NULL;

  change->def = _vireo_keeper_complete_finish (self, result, NULL, &error);
  if (change->def == NULL || !_vireo_keeper_validate (self, change->def, &error)
      || !change_check (change, &error))
    {
      change_failed (change, g_steal_pointer (&error));
      return;
    }
  if (change->transient)
    {
      change_publish_transient (change);
      return;
    }
  change->text = _vireo_keeper_format (self, change->def, &error);
  if (change->text == NULL)
    change_failed (change, g_steal_pointer (&error));
  else if (_vireo_keeper_get_private (self)->store == NULL)
    change_publish (change);
  else if (kind->is_volatile != NULL && kind->is_volatile (change->def))
    change_keep_off_disk (change);
  else
    change_write (change);
}

static void
change_complete (Change *change)
{
  _vireo_keeper_complete_async (change->keeper, g_steal_pointer (&change->def), FALSE,
                                VIREO_PARSE_NONE, g_task_get_cancellable (change->task),
                                change_completed, change);
}

/* What an existing object allows; with its slot held. */
static gboolean
check_existing (Change *change, GError **error)
{
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (change->keeper)->kind;
  const char *name = *kind->name (change->def);
  const char *message = NULL;

  if (vireo_def_obj_get_raw (VIREO_DEF_OBJ (change->obj), &message) != NULL)
    {
      /* Its name is that of a file: any definition may take its place. */
      if (!change->transient)
        return TRUE;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE,
                   "the definition of %s \"%s\" cannot be parsed: %s", kind->kind,
                   vireo_obj_get_name (change->obj), message);
      return FALSE;
    }
  if (!g_str_equal (name, vireo_obj_get_name (change->obj)))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_UUID_IN_USE, "another %s has the UUID %s",
                   kind->kind, *kind->uuid (change->def));
      return FALSE;
    }
  if (change->transient && vireo_obj_get_active (change->obj))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "%s \"%s\" is active already",
                   kind->kind, name);
      return FALSE;
    }
  return TRUE;
}

/* ---- define and create ---- */

static void change_find (Change *change);

static void
change_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  Change *change = data;
  g_autoptr (GError) error = NULL;

  change->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
  if (change->job == NULL && g_error_matches (error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT))
    {
      /* It was undefined meanwhile, so this one is new. */
      g_clear_object (&change->obj);
      change_find (change);
      return;
    }
  if (change->job == NULL || !check_existing (change, &error))
    {
      change_failed (change, g_steal_pointer (&error));
      return;
    }
  /* The record of who made it stays. */
  change->owner = vireo_obj_get_owner (change->obj);
  change_complete (change);
}

/* Looks whether it is an object's already, and waits for its slot then. */
static void
change_find (Change *change)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (change->keeper);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (change->keeper)->kind;
  VireoObj *obj = vireo_obj_list_find_by_uuid (priv->list, *kind->uuid (change->def));
  g_autoptr (GError) error = NULL;

  /* The last word is at the reservation; this spares the work. Of an object that is not there any
   * more when its turn comes, nobody is told. */
  if (_vireo_keeper_collides (change->keeper, obj, change->def, &error))
    {
      change_failed (change, g_steal_pointer (&error));
      return;
    }
  if (obj == NULL)
    {
      change_complete (change);
      return;
    }
  change->obj = g_object_ref (obj);
  _vireo_keeper_begin_job (change->keeper, obj, change->transient ? "create" : "define",
                           change->owner, g_task_get_cancellable (change->task), change_begun,
                           change);
}

static void
change_begin (Change *change)
{
  g_autoptr (GError) error = NULL;

  if (!_vireo_keeper_fix_identity (change->keeper, change->def, NULL, &error))
    change_failed (change, g_steal_pointer (&error));
  else
    change_find (change);
}

/**
 * vireo_keeper_define:
 * @self: a keeper
 * @def: as parsed
 * @owner: user id of who defines it
 * @task: (transfer full): returns a #VireoObj
 *
 * The operation `define`.
 *
 * Since: 0.1
 */
void
vireo_keeper_define (VireoKeeper *self, gconstpointer def, guint owner, GTask *task)
{
  change_begin (change_new (self, def, NULL, owner, task));
}

/**
 * vireo_keeper_create_async:
 * @self: a keeper
 * @def: as parsed
 * @owner: user id of who creates it
 * @cancellable: (nullable): to give up
 * @callback: called when the object is there to be started, or why not
 * @user_data: for @callback
 *
 * The first half of the operation `create`.
 *
 * Since: 0.1
 */
void
vireo_keeper_create_async (VireoKeeper *self,
                           gconstpointer def,
                           guint owner,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Change *change = change_new (self, def, NULL, owner, task);

  change->transient = TRUE;
  change_begin (change);
}

/**
 * vireo_keeper_create_finish:
 * @self: a keeper
 * @result: what the callback got
 * @error: why there is nothing to be started
 *
 * Returns: (transfer full) (nullable): the job that has the slot of the object that is to be
 *   started
 * Since: 0.1
 */
VireoJob *
vireo_keeper_create_finish (VireoKeeper *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- replace ---- */

static gboolean
check_replace (Change *change, GError **error)
{
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (change->keeper)->kind;
  gboolean raw = vireo_def_obj_get_raw (VIREO_DEF_OBJ (change->obj), NULL) != NULL;
  const char *uuid = vireo_obj_get_uuid (change->obj);
  const char *name = vireo_obj_get_name (change->obj);

  if (!_vireo_keeper_fix_identity (change->keeper, change->def, uuid, error))
    return FALSE;
  if (raw)
    return TRUE;
  if (!g_str_equal (*kind->uuid (change->def), uuid))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the definition has the UUID %s; %s \"%s\" has %s", *kind->uuid (change->def),
                   kind->kind, name, uuid);
      return FALSE;
    }
  if (!g_str_equal (*kind->name (change->def), name))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the definition has the name \"%s\"; renaming \"%s\" is another operation",
                   *kind->name (change->def), name);
      return FALSE;
    }
  return TRUE;
}

/**
 * vireo_keeper_replace:
 * @self: a keeper
 * @obj: the object, with its slot held
 * @def: as parsed
 * @task: (transfer full): returns a boolean
 *
 * The operation `replace`. A definition that could not be parsed may be replaced by one with any
 * name and UUID that are free; with another UUID, @obj goes and an object with that UUID comes.
 *
 * Since: 0.1
 */
void
vireo_keeper_replace (VireoKeeper *self, VireoObj *obj, gconstpointer def, GTask *task)
{
  Change *change = change_new (self, def, obj, vireo_obj_get_owner (obj), task);
  g_autoptr (GError) error = NULL;

  change->replace = TRUE;
  if (check_replace (change, &error))
    change_complete (change);
  else
    change_failed (change, g_steal_pointer (&error));
}
