/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/common/vireo-storage-caps.h"
#include "util/vireo-alone.h"
#include "vireo-dir-storage-private.h"

#define FOLDER_MODE 0711

static void storage_driver_init (VireoStorageDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoDirStorage,
                               vireo_dir_storage,
                               VIREO_TYPE_STORAGE_KEEPER,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_STORAGE_DRIVER,
                                                      storage_driver_init))

static void
folder_free (gpointer data)
{
  VireoDirFolder *folder = data;

  g_ptr_array_unref (folder->waiting);
  g_free (folder->path);
  g_free (folder);
}

VireoDirFolder *
_vireo_dir_storage_find (VireoDirStorage *self, VireoStoragePoolObj *pool)
{
  return g_hash_table_lookup (self->folders, pool);
}

/* ---- who may have one ---- */

/* The service of the system can open everything: of a folder that somebody else than the superuser
 * named, it would read and write what they cannot. */
static gboolean
check_owner (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool, GTask *task)
{
  if (VIREO_DIR_STORAGE (keeper)->env->session
      || vireo_obj_get_owner (VIREO_OBJ (pool)) == VIREO_OWNER_ROOT)
    return TRUE;
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_ACCESS,
                           "pools of the system are of folders that its administrator chose; "
                           "storage-pool \"%s\" is another user's",
                           vireo_obj_get_name (VIREO_OBJ (pool)));
  g_object_unref (task);
  return FALSE;
}

/* ---- build ---- */

typedef struct
{
  char *path;
  VireoPermissionsDef *permissions;
  VireoStorageBuildFlags flags;
} Build;

static void
build_free (gpointer data)
{
  Build *build = data;

  g_free (build->path);
  g_clear_pointer (&build->permissions, vireo_permissions_def_free);
  g_free (build);
}

static Build *
build_new (VireoStoragePoolObj *pool, VireoStorageBuildFlags flags)
{
  const VireoStoragePoolDef *def = vireo_storage_pool_obj_get_def (pool);
  Build *build = g_new0 (Build, 1);

  build->path = g_strdup (def->target->path);
  if (def->target->permissions != NULL)
    build->permissions = vireo_permissions_def_copy (def->target->permissions);
  build->flags = flags;
  return build;
}

static gboolean
apply_permissions (const Build *build)
{
  const VireoPermissionsDef *permissions = build->permissions;
  gboolean owner = permissions != NULL && permissions->has_owner && permissions->owner >= 0;
  gboolean group = permissions != NULL && permissions->has_group && permissions->group >= 0;

  if ((owner || group)
      && chown (build->path, owner ? (uid_t) permissions->owner : (uid_t) -1,
                group ? (gid_t) permissions->group : (gid_t) -1)
             < 0)
    return FALSE;
  return permissions == NULL || !permissions->has_mode
         || chmod (build->path, permissions->mode & 07777) == 0;
}

static void
build_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Build *build = data;
  g_autofree char *parent = g_path_get_dirname (build->path);
  GError *error = NULL;

  if (g_mkdir_with_parents (parent, 0755) < 0
      || (g_mkdir (build->path, FOLDER_MODE) < 0 && errno != EEXIST) || !apply_permissions (build))
    vireo_error_set_errno (&error, errno, "cannot make the folder %s", build->path);
  else if (!g_file_test (build->path, G_FILE_TEST_IS_DIR))
    vireo_error_set_errno (&error, ENOTDIR, "%s", build->path);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* A folder has nothing that could be overwritten; what is in it stays. */
static void
build (VireoStorageKeeper *keeper,
       VireoStoragePoolObj *pool,
       VireoStorageBuildFlags flags,
       GTask *task)
{
  if (!check_owner (keeper, pool, task))
    return;
  if ((flags & ~VIREO_STORAGE_BUILD_NEW) != 0)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                               "a folder is made, and neither overwritten, repaired nor resized");
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, build_new (pool, flags), build_free);
  vireo_alone_run (task, vireo_obj_get_owner (VIREO_OBJ (pool)), build_thread);
  g_object_unref (task);
}

static void
unbuild_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Build *build = data;
  GError *error = NULL;

  if (g_rmdir (build->path) < 0)
    {
      vireo_error_set_errno (&error, errno, "cannot remove the folder %s", build->path);
      g_task_return_error (task, error);
    }
  else
    g_task_return_boolean (task, TRUE);
}

static void
unbuild (VireoStorageKeeper *keeper,
         VireoStoragePoolObj *pool,
         VireoStorageVolumeFlags flags,
         GTask *task)
{
  if (!check_owner (keeper, pool, task))
    return;
  g_task_set_task_data (task, build_new (pool, VIREO_STORAGE_BUILD_NONE), build_free);
  vireo_alone_run (task, vireo_obj_get_owner (VIREO_OBJ (pool)), unbuild_thread);
  g_object_unref (task);
}

/* ---- scan ---- */

/* What a thread found in a folder. */
typedef struct
{
  char *path;
  gboolean first;
  guint generation;
  GPtrArray *found;
  VireoDirSpace space;
} Scan;

static void
scan_free (gpointer data)
{
  Scan *scan = data;

  g_clear_pointer (&scan->found, g_ptr_array_unref);
  g_free (scan->path);
  g_free (scan);
}

static void
scan_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Scan *scan = data;
  GError *error = NULL;
  int folder = scan->first ? vireo_dir_folder_open (scan->path, &error) : -1;

  if (folder >= 0)
    {
      vireo_dir_folder_sweep (folder);
      close (folder);
    }
  if (error == NULL)
    scan->found = vireo_dir_folder_scan (scan->path, &error);
  if (error == NULL)
    vireo_dir_folder_get_space (scan->path, &scan->space, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* @task: (transfer full) */
static void
run_scan (const char *path, guint owner, gboolean first, guint generation, GTask *task)
{
  Scan *scan = g_new0 (Scan, 1);

  scan->path = g_strdup (path);
  scan->first = first;
  scan->generation = generation;
  g_task_set_task_data (task, scan, scan_free);
  vireo_alone_run (task, owner, scan_thread);
  g_object_unref (task);
}

static void
set_space (VireoStoragePoolObj *pool, const VireoDirSpace *space)
{
  vireo_storage_pool_obj_set_space (pool, space->capacity,
                                    space->capacity - MIN (space->available, space->capacity),
                                    space->available);
}

gboolean
_vireo_dir_storage_apply (VireoStoragePoolObj *pool, GPtrArray *found)
{
  VireoObjList *list = vireo_storage_pool_obj_get_volumes (pool);
  g_autoptr (GPtrArray) volumes = vireo_obj_list_snapshot (list);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  guint owner = vireo_obj_get_owner (VIREO_OBJ (pool));
  gboolean changed = FALSE;

  for (guint i = 0; i < found->len; i++)
    {
      const VireoStorageVolumeDef *def = found->pdata[i];
      VireoStorageVolumeObj *volume = vireo_storage_pool_obj_find_volume (pool, def->name);

      g_hash_table_add (names, def->name);
      if (volume == NULL)
        {
          g_autoptr (VireoStorageVolumeObj) made
              = vireo_storage_volume_obj_new (vireo_storage_volume_def_copy (def), owner);

          changed |= vireo_obj_list_add (list, VIREO_OBJ (made), NULL);
        }
      else if (!vireo_storage_keeper_is_in_use (volume))
        vireo_storage_volume_obj_set_def (volume, vireo_storage_volume_def_copy (def));
    }
  for (guint i = 0; i < volumes->len; i++)
    if (!g_hash_table_contains (names, vireo_obj_get_name (volumes->pdata[i]))
        && !vireo_storage_keeper_is_in_use (volumes->pdata[i]))
      {
        vireo_obj_list_remove (list, volumes->pdata[i]);
        changed = TRUE;
      }
  return changed;
}

/* @waiting: (transfer full): those who wanted the scan; @error: (nullable) (transfer full) */
static void
answer_waiting (GPtrArray *waiting, GError *error)
{
  for (guint i = 0; i < waiting->len; i++)
    {
      if (error != NULL)
        g_task_return_error (waiting->pdata[i], g_error_copy (error));
      else
        g_task_return_boolean (waiting->pdata[i], TRUE);
    }
  g_clear_error (&error);
  g_ptr_array_unref (waiting);
}

/* What the folder of an active pool came to. */
static void
settle_state (VireoStoragePoolObj *pool, const GError *error)
{
  static GPtrArray *nothing = NULL;

  if (error == NULL)
    vireo_storage_pool_obj_set_state (pool, VIREO_STORAGE_POOL_RUNNING, "");
  else
    {
      if (nothing == NULL)
        nothing = g_ptr_array_new ();
      _vireo_dir_storage_apply (pool, nothing);
      vireo_storage_pool_obj_set_state (pool, VIREO_STORAGE_POOL_INACCESSIBLE, error->message);
    }
}

typedef struct
{
  VireoDirStorage *self;
  VireoStoragePoolObj *pool;
  GPtrArray *served;
} Scanning;

static void
scanned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Scanning *scanning = user_data;
  VireoDirStorage *self = scanning->self;
  VireoDirFolder *folder = _vireo_dir_storage_find (self, scanning->pool);
  const Scan *scan = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;
  gboolean ok = g_task_propagate_boolean (G_TASK (result), &error);
  gboolean stale = folder != NULL && folder->generation != scan->generation;

  if (folder != NULL)
    {
      folder->scanning = FALSE;
      if (!stale && ok)
        {
          gboolean changed = _vireo_dir_storage_apply (scanning->pool, scan->found);

          set_space (scanning->pool, &scan->space);
          /* Of a scan that somebody asked for it is told when that ends. */
          if (changed && scanning->served->len == 0)
            vireo_obj_emit_event (VIREO_OBJ (scanning->pool), "Refreshed", NULL);
        }
      if (!stale)
        settle_state (scanning->pool, error);
    }
  if (stale)
    {
      g_clear_error (&error);
      for (guint i = 0; i < scanning->served->len; i++)
        g_ptr_array_add (folder->waiting, g_object_ref (scanning->served->pdata[i]));
      g_ptr_array_unref (scanning->served);
      _vireo_dir_storage_scan (self, scanning->pool, NULL);
    }
  else
    {
      answer_waiting (scanning->served, error);
      if (folder != NULL && folder->waiting->len > 0)
        _vireo_dir_storage_scan (self, scanning->pool, NULL);
    }
  g_object_unref (scanning->pool);
  g_object_unref (scanning->self);
  g_free (scanning);
}

void
_vireo_dir_storage_scan (VireoDirStorage *self, VireoStoragePoolObj *pool, GTask *task)
{
  VireoDirFolder *folder = _vireo_dir_storage_find (self, pool);
  Scanning *scanning;

  if (task != NULL)
    g_ptr_array_add (folder->waiting, task);
  if (folder->scanning)
    {
      /* What changed since is seen by another one. */
      folder->generation += task == NULL;
      return;
    }
  folder->scanning = TRUE;
  scanning = g_new0 (Scanning, 1);
  scanning->self = g_object_ref (self);
  scanning->pool = g_object_ref (pool);
  scanning->served = g_steal_pointer (&folder->waiting);
  folder->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  run_scan (folder->path, vireo_obj_get_owner (VIREO_OBJ (pool)), FALSE, folder->generation,
            g_task_new (self, NULL, scanned, scanning));
}

static void
scan (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool, GTask *task)
{
  _vireo_dir_storage_scan (VIREO_DIR_STORAGE (keeper), pool, task);
}

static void
folder_changed (VireoWatch *watch, const char *path, VireoDirStorage *self)
{
  GHashTableIter iter;
  gpointer pool;
  VireoDirFolder *folder;

  g_hash_table_iter_init (&iter, self->folders);
  while (g_hash_table_iter_next (&iter, &pool, (gpointer *) &folder))
    if (g_str_equal (folder->path, path))
      {
        _vireo_dir_storage_scan (self, pool, NULL);
        return;
      }
}

/* ---- begin and end ---- */

static void
watch_folder (VireoDirStorage *self, const char *path)
{
  g_autoptr (GError) error = NULL;

  if (self->watch == NULL || !vireo_watch_add (self->watch, path, &error))
    g_warning ("%s is not kept current: %s", path,
               error != NULL ? error->message : "there is no watch");
}

static void
begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoDirStorage *self = VIREO_DIR_STORAGE (source);
  VireoStoragePoolObj *pool = g_task_get_task_data (task);
  const Scan *scan = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_hash_table_remove (self->folders, pool);
      vireo_watch_remove (self->watch, scan->path);
      g_task_return_error (task, error);
      return;
    }
  _vireo_dir_storage_apply (pool, scan->found);
  set_space (pool, &scan->space);
  _vireo_dir_storage_find (self, pool)->scanning = FALSE;
  /* What changed while it was read is told by the watch, which was there before. */
  _vireo_dir_storage_note (self, pool, TRUE, g_steal_pointer (&task));
}

static void
reach_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  int folder = vireo_dir_folder_open (data, &error);

  if (folder >= 0)
    close (folder);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* A folder is watched, which is done here, when it is known that its file system answers. */
static void
reached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoDirStorage *self = VIREO_DIR_STORAGE (source);
  VireoStoragePoolObj *pool = g_task_get_task_data (task);
  VireoDirFolder *folder = _vireo_dir_storage_find (self, pool);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_hash_table_remove (self->folders, pool);
      g_task_return_error (task, error);
      return;
    }
  watch_folder (self, folder->path);
  run_scan (folder->path, vireo_obj_get_owner (VIREO_OBJ (pool)), TRUE, 0,
            g_task_new (self, NULL, begun, g_steal_pointer (&task)));
}

static void
begin (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool, GTask *task)
{
  g_autoptr (GTask) inner = NULL;
  VireoDirStorage *self = VIREO_DIR_STORAGE (keeper);
  VireoDirFolder *folder;

  if (!check_owner (keeper, pool, task))
    return;
  folder = g_new0 (VireoDirFolder, 1);
  folder->path = g_strdup (vireo_storage_pool_obj_get_target_path (pool));
  folder->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  folder->scanning = TRUE;
  g_hash_table_insert (self->folders, pool, folder);
  g_task_set_task_data (task, g_object_ref (pool), g_object_unref);
  inner = g_task_new (self, NULL, reached, task);
  g_task_set_task_data (inner, g_strdup (folder->path), g_free);
  vireo_alone_run (inner, vireo_obj_get_owner (VIREO_OBJ (pool)), reach_thread);
}

static void
end (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool, GTask *task)
{
  VireoDirStorage *self = VIREO_DIR_STORAGE (keeper);
  VireoDirFolder *folder = _vireo_dir_storage_find (self, pool);
  GPtrArray *waiting = g_steal_pointer (&folder->waiting);

  folder->waiting = g_ptr_array_new ();
  if (self->watch != NULL)
    vireo_watch_remove (self->watch, folder->path);
  g_hash_table_remove (self->folders, pool);
  answer_waiting (waiting,
                  g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the pool was stopped"));
  _vireo_dir_storage_note (self, pool, FALSE, task);
}

/* ---- room ---- */

static void
space_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Scan *scan = data;
  GError *error = NULL;

  if (vireo_dir_folder_get_space (scan->path, &scan->space, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
space_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoStoragePoolObj) pool = user_data;
  const Scan *scan = g_task_get_task_data (G_TASK (result));

  if (g_task_propagate_boolean (G_TASK (result), NULL)
      && _vireo_dir_storage_find (VIREO_DIR_STORAGE (source), pool) != NULL)
    set_space (pool, &scan->space);
}

static void
changed (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool)
{
  VireoDirFolder *folder = _vireo_dir_storage_find (VIREO_DIR_STORAGE (keeper), pool);
  g_autoptr (GTask) task = NULL;
  Scan *scan;

  if (folder == NULL)
    return;
  folder->generation++;
  scan = g_new0 (Scan, 1);
  scan->path = g_strdup (folder->path);
  task = g_task_new (keeper, NULL, space_found, g_object_ref (pool));
  g_task_set_task_data (task, scan, scan_free);
  vireo_alone_run (task, vireo_obj_get_owner (VIREO_OBJ (pool)), space_thread);
}

/* ---- the connection's ---- */

static void
find_sources (VireoStorageDriver *driver, const char *type, const char *source, GTask *task)
{
  g_task_return_new_error (task, VIREO_ERROR,
                           vireo_pool_type_from_string (type) == VIREO_POOL_TYPE_UNSET
                               ? VIREO_ERROR_INVALID_ARGUMENT
                               : VIREO_ERROR_CONFIG_UNSUPPORTED,
                           "nothing is looked for to make pools of the type \"%.64s\" of", type);
  g_object_unref (task);
}

static void
get_capabilities (VireoStorageDriver *driver, GTask *task)
{
  static const VireoPoolType types[] = { VIREO_POOL_TYPE_DIR, VIREO_POOL_TYPE_UNSET };

  g_task_return_pointer (task, vireo_storage_capabilities_format (types, vireo_dir_formats),
                         g_free);
  g_object_unref (task);
}

static void
storage_driver_init (VireoStorageDriverInterface *iface)
{
  iface->find_sources = find_sources;
  iface->get_capabilities = get_capabilities;
}

static void
validate (VireoKeeper *keeper, gconstpointer data, GPtrArray *problems)
{
  const VireoStoragePoolDef *def = data;
  VireoProblem *problem;

  if (def->type == VIREO_POOL_TYPE_DIR)
    return;
  problem = vireo_problem_new ("validate", "unsupported-pool-type");
  problem->path = g_strdup ("/pool/@type");
  problem->message
      = g_strdup_printf ("there are no pools of the type %s here, only of the type dir",
                         vireo_pool_type_to_string (def->type));
  g_ptr_array_add (problems, problem);
}

static void
finalize (GObject *object)
{
  VireoDirStorage *self = VIREO_DIR_STORAGE (object);

  if (self->watch != NULL)
    g_signal_handlers_disconnect_by_data (self->watch, self);
  g_clear_object (&self->watch);
  g_clear_object (&self->status);
  g_hash_table_unref (self->folders);
  G_OBJECT_CLASS (vireo_dir_storage_parent_class)->finalize (object);
}

static void
vireo_dir_storage_class_init (VireoDirStorageClass *klass)
{
  VireoStorageKeeperClass *storage_class = VIREO_STORAGE_KEEPER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  VIREO_KEEPER_CLASS (klass)->validate = validate;
  storage_class->build = build;
  storage_class->unbuild = unbuild;
  storage_class->begin = begin;
  storage_class->end = end;
  storage_class->scan = scan;
  storage_class->changed = changed;
  _vireo_dir_storage_init_volumes (storage_class);
}

static void
vireo_dir_storage_init (VireoDirStorage *self)
{
  g_autoptr (GError) error = NULL;

  self->folders = g_hash_table_new_full (NULL, NULL, NULL, folder_free);
  self->watch = vireo_watch_new (&error);
  if (self->watch == NULL)
    g_warning ("pools are not kept current: %s", error->message);
  else
    g_signal_connect (self->watch, "changed", G_CALLBACK (folder_changed), self);
}

/**
 * vireo_dir_storage_new:
 * @env: where the daemon keeps its things; it must outlive the driver
 *
 * Returns: (transfer full): the pools
 * Since: 0.1
 */
VireoDirStorage *
vireo_dir_storage_new (const VireoEnv *env)
{
  g_autofree char *state = g_build_filename (env->state_dir, "storage", NULL);
  g_autofree char *status = g_build_filename (env->run_dir, "storage", NULL);
  VireoDirStorage *self = g_object_new (VIREO_TYPE_DIR_STORAGE, "state-dir", state, NULL);

  self->env = env;
  self->status = vireo_store_new (status);
  return self;
}
