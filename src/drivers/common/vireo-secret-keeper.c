/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-secret-keeper.h"

#include <string.h>

#include "conf/vireo-postparse.h"

#define VALUES_FOLDER "secret-values"

struct _VireoSecretKeeper
{
  VireoKeeper parent_instance;
  VireoStore *values; /* (nullable): without a log, which would keep what was deleted */
  GHashTable *kept;   /* VireoObj -> GBytes: of what is not on the disk */
};

static void secret_driver_init (VireoSecretDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoSecretKeeper,
                               vireo_secret_keeper,
                               VIREO_TYPE_KEEPER,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_SECRET_DRIVER, secret_driver_init))

/* ---- the kind ---- */

static char **
def_uuid (gpointer def)
{
  return &((VireoSecretDef *) def)->uuid;
}

static gboolean
def_is_volatile (gconstpointer def)
{
  return ((const VireoSecretDef *) def)->ephemeral == VIREO_TRISTATE_YES;
}

static void
validate (gconstpointer def, GPtrArray *problems)
{
  vireo_secret_def_validate (def, problems);
}

/* A secret has no name but its UUID. */
static const VireoKeeperKind secret_kind = {
  .kind = "secret",
  .folder = "secrets",
  .doc = "secret",
  .name = def_uuid,
  .uuid = def_uuid,
  .is_volatile = def_is_volatile,
  .validate = validate,
};

/* ---- what a definition may change ---- */

typedef struct
{
  const VireoSecretDef *def;
  VireoObj *obj;
  gboolean taken;
} UsageSearch;

static void
compare_usage (VireoObj *obj, gconstpointer other, gpointer user_data)
{
  UsageSearch *search = user_data;
  const char *id = vireo_secret_def_get_usage_id (search->def);
  const char *other_id = vireo_secret_def_get_usage_id (other);

  if (other != search->def && (obj == NULL || obj != search->obj) && id != NULL && other_id != NULL
      && g_str_equal (id, other_id)
      && g_str_equal (vireo_secret_def_get_usage_type (search->def),
                      vireo_secret_def_get_usage_type (other)))
    search->taken = TRUE;
}

static gboolean
check_change (const VireoSecretDef *before, const VireoSecretDef *after, GError **error)
{
  const char *wrong = NULL;

  if (g_strcmp0 (vireo_secret_def_get_usage_id (before), vireo_secret_def_get_usage_id (after)) != 0
      || g_strcmp0 (vireo_secret_def_get_usage_type (before),
                    vireo_secret_def_get_usage_type (after))
             != 0)
    wrong = "is for something else already";
  else if (before->is_private == VIREO_TRISTATE_YES && after->is_private != VIREO_TRISTATE_YES)
    wrong = "is private, and stays so";
  else if ((before->ephemeral == VIREO_TRISTATE_YES) != (after->ephemeral == VIREO_TRISTATE_YES))
    wrong = "cannot begin or cease to be ephemeral";
  if (wrong == NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "secret %s %s", after->uuid,
               wrong);
  return FALSE;
}

static gboolean
check (VireoKeeper *keeper, VireoObj *obj, gpointer def, GError **error)
{
  UsageSearch search = { def, obj, FALSE };
  const VireoSecretDef *before
      = obj != NULL ? vireo_def_obj_get_persistent (VIREO_DEF_OBJ (obj)) : NULL;

  if (before != NULL && !check_change (before, def, error))
    return FALSE;
  vireo_keeper_foreach_def (keeper, compare_usage, &search);
  if (search.taken)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE, "another secret is for %s \"%s\"",
                 vireo_secret_def_get_usage_type (def), vireo_secret_def_get_usage_id (def));
  return !search.taken;
}

/* ---- values ---- */

static char *
value_file (VireoObj *obj)
{
  return g_strconcat (vireo_obj_get_uuid (obj), ".value", NULL);
}

static gboolean
is_on_disk (VireoSecretKeeper *self, VireoSecretObj *obj)
{
  return self->values != NULL && vireo_secret_obj_get_has_value (obj)
         && !g_hash_table_contains (self->kept, obj);
}

static void
value_was_set (VireoSecretObj *obj)
{
  vireo_secret_obj_set_has_value (obj, TRUE);
  vireo_obj_emit_event (VIREO_OBJ (obj), "ValueChanged", NULL);
}

static void
value_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  value_was_set (g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

static void
set_value (VireoSecretDriver *driver, VireoSecretObj *obj, GBytes *value, GTask *task)
{
  VireoSecretKeeper *self = VIREO_SECRET_KEEPER (driver);
  g_autofree char *file = value_file (VIREO_OBJ (obj));
  VireoStoreOp op = { file, value, 0600 };

  g_task_set_check_cancellable (task, FALSE);
  if (vireo_def_obj_get_raw (VIREO_DEF_OBJ (obj), NULL) != NULL)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_UNPARSABLE,
                               "the definition of secret %s cannot be parsed",
                               vireo_obj_get_uuid (VIREO_OBJ (obj)));
      g_object_unref (task);
    }
  else if (self->values == NULL || vireo_secret_obj_is_ephemeral (obj))
    {
      g_hash_table_insert (self->kept, obj, g_bytes_ref (value));
      value_was_set (obj);
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
  else
    {
      g_task_set_task_data (task, g_object_ref (obj), g_object_unref);
      vireo_store_apply_async (self->values, &op, 1, g_task_get_cancellable (task), value_stored,
                               task);
    }
}

/* A value that is to be read from the disk. */
typedef struct
{
  VireoStore *store;
  char *file;
} Read;

static void
read_free (gpointer data)
{
  Read *reading = data;

  g_object_unref (reading->store);
  g_free (reading->file);
  g_free (reading);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Read *reading = data;
  GError *error = NULL;
  GBytes *bytes = vireo_store_read (reading->store, reading->file, VIREO_SECRET_VALUE_MAX, &error);
  gpointer value;
  gsize size;

  if (bytes == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  value = g_bytes_unref_to_data (bytes, &size);
  g_task_return_pointer (task, vireo_secret_bytes_new_take (value, size),
                         (GDestroyNotify) g_bytes_unref);
}

static void
get_value (VireoSecretDriver *driver, VireoSecretObj *obj, GTask *task)
{
  VireoSecretKeeper *self = VIREO_SECRET_KEEPER (driver);
  GBytes *kept = g_hash_table_lookup (self->kept, obj);
  Read *reading;

  if (kept != NULL)
    g_task_return_pointer (task, g_bytes_ref (kept), (GDestroyNotify) g_bytes_unref);
  else if (!is_on_disk (self, obj))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "secret %s has no value",
                             vireo_obj_get_uuid (VIREO_OBJ (obj)));
  else
    {
      reading = g_new0 (Read, 1);
      reading->store = g_object_ref (self->values);
      reading->file = value_file (VIREO_OBJ (obj));
      g_task_set_task_data (task, reading, read_free);
      g_task_run_in_thread (task, read_in_thread);
    }
  g_object_unref (task);
}

/* In place of one that could not be parsed there may be one that must not be on a disk. */
static void
defined (VireoKeeper *keeper, VireoObj *obj)
{
  VireoSecretKeeper *self = VIREO_SECRET_KEEPER (keeper);
  VireoSecretObj *secret = VIREO_SECRET_OBJ (obj);
  g_autofree char *file = value_file (obj);
  VireoStoreOp op = { file, NULL, 0 };

  if (!vireo_secret_obj_is_ephemeral (secret) || !is_on_disk (self, secret))
    return;
  vireo_store_apply_async (self->values, &op, 1, NULL, NULL, NULL);
  vireo_secret_obj_set_has_value (secret, FALSE);
}

/* However an object went: of another with its UUID, that would be no value. */
static void
secret_removed (VireoObjList *list, VireoObj *obj, VireoSecretKeeper *self)
{
  g_autofree char *file = value_file (obj);
  VireoStoreOp op = { file, NULL, 0 };

  if (is_on_disk (self, VIREO_SECRET_OBJ (obj)))
    vireo_store_apply_async (self->values, &op, 1, NULL, NULL, NULL);
  g_hash_table_remove (self->kept, obj);
}

/* ---- undefine ---- */

static void
value_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VireoKeeper *self = VIREO_KEEPER (g_object_get_data (G_OBJECT (task), "keeper"));
  VireoSecretObj *obj = g_task_get_task_data (task);
  GError *error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_secret_obj_set_has_value (obj, FALSE);
  vireo_keeper_undefine (self, VIREO_OBJ (obj), task);
}

/* The value first: what is left when something is in the way in between is a secret without one,
 * never a value that nobody knows of. */
static void
undefine (VireoSecretDriver *driver, VireoSecretObj *obj, GTask *task)
{
  VireoSecretKeeper *self = VIREO_SECRET_KEEPER (driver);
  g_autofree char *file = value_file (VIREO_OBJ (obj));
  VireoStoreOp op = { file, NULL, 0 };

  if (!is_on_disk (self, obj))
    {
      vireo_keeper_undefine (VIREO_KEEPER (self), VIREO_OBJ (obj), task);
      return;
    }
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_object_ref (obj), g_object_unref);
  g_object_set_data_full (G_OBJECT (task), "keeper", g_object_ref (self), g_object_unref);
  vireo_store_apply_async (self->values, &op, 1, NULL, value_deleted, task);
}

/* ---- load and reload ---- */

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  GPtrArray *files = NULL;

  if (vireo_store_prepare (data, &error))
    files = vireo_store_list (data, ".value", &error);
  if (files != NULL)
    g_task_return_pointer (task, files, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
values_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VireoKeeper *self = VIREO_KEEPER (source);
  GError *error = NULL;
  g_autoptr (GPtrArray) files = g_task_propagate_pointer (G_TASK (result), &error);

  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const char *file = files->pdata[i];
      g_autofree char *uuid = g_strndup (file, strlen (file) - strlen (".value"));
      VireoObj *obj = vireo_obj_list_find_by_uuid (vireo_keeper_get_list (self), uuid);

      if (obj != NULL)
        vireo_secret_obj_set_has_value (VIREO_SECRET_OBJ (obj), TRUE);
    }
  if (files != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The definitions are there: which of them have values? Takes @task over. */
static void
list_values (VireoSecretKeeper *self, GTask *task)
{
  g_autoptr (GTask) listing = NULL;

  if (self->values == NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  listing = g_task_new (self, NULL, values_listed, task);
  g_task_set_task_data (listing, g_object_ref (self->values), g_object_unref);
  g_task_run_in_thread (listing, list_in_thread);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (vireo_keeper_load_finish (VIREO_KEEPER (source), result, &error))
    list_values (VIREO_SECRET_KEEPER (source), g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * vireo_secret_keeper_load_async:
 * @self: a keeper that was not used yet
 * @cancellable: (nullable): not looked at
 * @callback: called when all secrets are there
 * @user_data: for @callback
 *
 * Reads the definitions, and finds out which of them have values.
 *
 * Since: 0.1
 */
void
vireo_secret_keeper_load_async (VireoSecretKeeper *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  vireo_keeper_load_async (VIREO_KEEPER (self), cancellable, loaded,
                           g_task_new (self, cancellable, callback, user_data));
}

/**
 * vireo_secret_keeper_load_finish:
 * @self: a keeper
 * @result: what the callback got
 * @error: why the folders cannot be used
 *
 * Returns: whether the secrets are there
 * Since: 0.1
 */
gboolean
vireo_secret_keeper_load_finish (VireoSecretKeeper *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
reloaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    list_values (VIREO_SECRET_KEEPER (source), g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
reload (VireoSecretDriver *driver, GTask *task)
{
  vireo_keeper_reload (VIREO_KEEPER (driver), g_task_new (driver, NULL, reloaded, task));
}

/* ---- the rest of the interface ---- */

static VireoObjList *
get_secrets (VireoSecretDriver *driver)
{
  return vireo_keeper_get_list (VIREO_KEEPER (driver));
}

static void
define (VireoSecretDriver *driver, const VireoSecretDef *def, guint owner, GTask *task)
{
  vireo_keeper_define (VIREO_KEEPER (driver), def, owner, task);
}

static void
replace (VireoSecretDriver *driver, VireoSecretObj *obj, const VireoSecretDef *def, GTask *task)
{
  vireo_keeper_replace (VIREO_KEEPER (driver), VIREO_OBJ (obj), def, task);
}

static void
secret_driver_init (VireoSecretDriverInterface *iface)
{
  iface->get_secrets = get_secrets;
  iface->define = define;
  iface->replace = replace;
  iface->undefine = undefine;
  iface->get_value = get_value;
  iface->set_value = set_value;
  iface->reload = reload;
}

static void
dispose (GObject *object)
{
  VireoSecretKeeper *self = VIREO_SECRET_KEEPER (object);

  g_signal_handlers_disconnect_by_data (vireo_keeper_get_list (VIREO_KEEPER (self)), self);
  g_clear_pointer (&self->kept, g_hash_table_unref);
  g_clear_object (&self->values);
  G_OBJECT_CLASS (vireo_secret_keeper_parent_class)->dispose (object);
}

static void
vireo_secret_keeper_class_init (VireoSecretKeeperClass *klass)
{
  VireoKeeperClass *keeper_class = VIREO_KEEPER_CLASS (klass);

  keeper_class->kind = &secret_kind;
  keeper_class->obj_type = VIREO_TYPE_SECRET_OBJ;
  keeper_class->check = check;
  keeper_class->defined = defined;
  G_OBJECT_CLASS (klass)->dispose = dispose;
}

static void
vireo_secret_keeper_init (VireoSecretKeeper *self)
{
  self->kept = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_bytes_unref);
}

/**
 * vireo_secret_keeper_new:
 * @state_dir: (nullable): the hypervisor driver's folder; %NULL keeps everything in memory only
 *
 * Returns: (transfer full): the secrets
 * Since: 0.1
 */
VireoSecretKeeper *
vireo_secret_keeper_new (const char *state_dir)
{
  VireoSecretKeeper *self = g_object_new (VIREO_TYPE_SECRET_KEEPER, "state-dir", state_dir, NULL);
  g_autofree char *folder
      = state_dir != NULL ? g_build_filename (state_dir, VALUES_FOLDER, NULL) : NULL;

  if (folder != NULL)
    self->values = vireo_store_new (folder);
  g_signal_connect (vireo_keeper_get_list (VIREO_KEEPER (self)), "removed",
                    G_CALLBACK (secret_removed), self);
  return self;
}
