/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/vireo-postparse.h"
#include "util/vireo-task.h"
#include "vireo-storage-keeper-private.h"

static char **
def_name (gpointer def)
{
  vireo_storage_pool_def_complete_name (def);
  return &((VireoStoragePoolDef *) def)->name;
}

static char **
def_uuid (gpointer def)
{
  return &((VireoStoragePoolDef *) def)->uuid;
}

static void
validate (gconstpointer def, GPtrArray *problems)
{
  vireo_storage_pool_def_validate (def, problems);
}

static const VireoKeeperKind pool_kind = {
  .kind = "storage-pool",
  .folder = "pools",
  .doc = "storagepool",
  .name = def_name,
  .uuid = def_uuid,
  .validate = validate,
};

static VireoStorageKeeperClass *
get_class (gpointer self)
{
  return VIREO_STORAGE_KEEPER_GET_CLASS (self);
}

static const char *
name_of (VireoStoragePoolObj *pool)
{
  return vireo_obj_get_name (VIREO_OBJ (pool));
}

/* ---- definitions ---- */

/* How much room there is is found out, not defined; a definition always says it, for clients that
 * look for it. */
static gboolean
complete_def (VireoKeeper *keeper,
              gpointer *ref,
              gboolean existing,
              VireoParseFlags flags,
              GPtrArray **ret_problems,
              GError **error)
{
  VireoStoragePoolDef *def = *ref;

  def->capacity = def->allocation = def->available = 0;
  def->has_capacity = def->has_allocation = def->has_available = TRUE;
  if (def->target != NULL && def->target->path != NULL && g_path_is_absolute (def->target->path))
    {
      char *path = g_canonicalize_filename (def->target->path, "/");

      g_free (def->target->path);
      def->target->path = path;
    }
  return TRUE;
}

/* A pool that keeps its volumes where another one does. */
typedef struct
{
  VireoObj *obj;
  const VireoStoragePoolDef *def;
  gboolean found;
} Conflict;

static const char *
target_path (const VireoStoragePoolDef *def)
{
  return def != NULL && def->target != NULL ? def->target->path : NULL;
}

static void
look_for_conflict (VireoObj *obj, gconstpointer def, gpointer data)
{
  Conflict *conflict = data;

  if (def != conflict->def && (obj == NULL || obj != conflict->obj) && target_path (def) != NULL
      && g_strcmp0 (target_path (def), target_path (conflict->def)) == 0)
    conflict->found = TRUE;
}

static gboolean
check_def (VireoKeeper *keeper, VireoObj *obj, gpointer def, GError **error)
{
  Conflict conflict = { obj, def, FALSE };
  g_autoptr (GPtrArray) pools = vireo_obj_list_snapshot (vireo_keeper_get_list (keeper));

  /* Disks and volume groups are below /dev, all of them. */
  if (target_path (def) != NULL && g_str_has_prefix (target_path (def), "/dev"))
    return TRUE;
  vireo_keeper_foreach_def (keeper, look_for_conflict, &conflict);
  for (guint i = 0; i < pools->len; i++)
    {
      gconstpointer live = vireo_def_obj_get_live (pools->pdata[i]);

      if (live != NULL)
        look_for_conflict (pools->pdata[i], live, &conflict);
    }
  if (!conflict.found)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE,
               "another storage-pool has the target \"%s\"", target_path (def));
  return FALSE;
}

/* ---- starting ---- */

typedef struct
{
  VireoStoragePoolObj *pool;
  VireoStorageBuildFlags flags;
  VireoJob *job; /* (nullable): of a transient pool, which is returned */
} Start;

static void
start_free (gpointer data)
{
  Start *start = data;

  g_object_unref (start->pool);
  g_clear_object (&start->job);
  g_free (start);
}

/* Takes the volumes off the bus; they stay where they are. */
static void
forget_volumes (VireoStoragePoolObj *pool)
{
  VireoObjList *list = vireo_storage_pool_obj_get_volumes (pool);
  g_autoptr (GPtrArray) volumes = vireo_obj_list_snapshot (list);

  for (guint i = 0; i < volumes->len; i++)
    vireo_obj_list_remove (list, volumes->pdata[i]);
}

static void
start_failed (GTask *task, GError *error)
{
  Start *start = g_task_get_task_data (task);
  VireoStorageKeeper *self = g_task_get_source_object (task);
  g_autoptr (VireoJob) job = g_steal_pointer (&start->job);

  forget_volumes (start->pool);
  vireo_storage_pool_obj_set_state (start->pool, VIREO_STORAGE_POOL_INACTIVE, "");
  vireo_keeper_stopped (VIREO_KEEPER (self), VIREO_OBJ (start->pool));
  if (job != NULL)
    vireo_job_end (job, error);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
start_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      start_failed (task, error);
      return;
    }
  vireo_storage_pool_obj_set_state (start->pool, VIREO_STORAGE_POOL_RUNNING, "");
  vireo_storage_pool_obj_emit_lifecycle (start->pool, "started");
  if (start->job != NULL)
    vireo_job_end (start->job, NULL);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
start_begin (GTask *task)
{
  Start *start = g_task_get_task_data (task);
  VireoStorageKeeper *self = g_task_get_source_object (task);

  get_class (self)->begin (self, start->pool,
                           g_task_new (self, g_task_get_cancellable (task), start_begun, task));
}

static void
start_built (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      start_failed (task, error);
      return;
    }
  vireo_storage_pool_obj_emit_lifecycle (start->pool, "created");
  start_begin (task);
}

/* @done: gets @task as its data. */
static void
begin_build (GTask *task, GAsyncReadyCallback done)
{
  Start *start = g_task_get_task_data (task);
  VireoStorageKeeper *self = g_task_get_source_object (task);

  vireo_storage_pool_obj_set_state (start->pool, VIREO_STORAGE_POOL_BUILDING, "");
  get_class (self)->build (self, start->pool, start->flags,
                           g_task_new (self, g_task_get_cancellable (task), done, task));
}

/* The pool has a live definition. */
static void
start_build (GTask *task)
{
  Start *start = g_task_get_task_data (task);

  if (start->flags == VIREO_STORAGE_BUILD_NONE)
    {
      start_begin (task);
      return;
    }
  begin_build (task, start_built);
}

/* Returns whether the definition can be used, and answers @task otherwise. */
static gboolean
check_ready (GObject *source, GAsyncResult *result, GTask *task)
{
  GError *error = NULL;

  if (vireo_keeper_make_ready_finish (VIREO_KEEPER (source), result, &error))
    return TRUE;
  vireo_task_end (task, FALSE, error);
  return FALSE;
}

static void
start_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Start *start = g_task_get_task_data (task);

  if (!check_ready (source, result, task))
    return;
  vireo_def_obj_set_live (
      VIREO_DEF_OBJ (start->pool),
      vireo_storage_pool_def_copy (vireo_storage_pool_obj_get_persistent_def (start->pool)));
  start_build (task);
}

/* A task of ours around the caller's, which may have any source and data. */
static GTask *
wrap (gpointer self,
      VireoStoragePoolObj *pool,
      VireoStorageBuildFlags flags,
      GAsyncReadyCallback done,
      GTask *task)
{
  GTask *inner = g_task_new (self, g_task_get_cancellable (task), done, task);
  Start *start = g_new0 (Start, 1);

  start->pool = g_object_ref (pool);
  start->flags = flags;
  g_task_set_task_data (inner, start, start_free);
  g_task_set_check_cancellable (inner, FALSE);
  g_task_set_check_cancellable (task, FALSE);
  return inner;
}

/* Returns whether it is, and answers @task otherwise. */
static gboolean
check_active (VireoStoragePoolObj *pool, gboolean active, GTask *task)
{
  if (vireo_obj_get_active (VIREO_OBJ (pool)) == active)
    return TRUE;
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           active ? "storage-pool \"%s\" is not active"
                                  : "storage-pool \"%s\" is active already",
                           name_of (pool));
  g_object_unref (task);
  return FALSE;
}

static gboolean
check_flags (VireoStorageBuildFlags flags, GTask *task)
{
  VireoStorageBuildFlags both = VIREO_STORAGE_BUILD_OVERWRITE | VIREO_STORAGE_BUILD_NO_OVERWRITE;

  if ((flags & both) != both)
    return TRUE;
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                           "it is either overwrite or no-overwrite");
  g_object_unref (task);
  return FALSE;
}

static void
start_pool (VireoStorageDriver *driver,
            VireoStoragePoolObj *pool,
            VireoStorageBuildFlags flags,
            GTask *task)
{
  if (check_active (pool, FALSE, task) && check_flags (flags, task))
    vireo_keeper_make_ready_async (VIREO_KEEPER (driver), VIREO_OBJ (pool),
                                   g_task_get_cancellable (task), start_ready,
                                   wrap (driver, pool, flags, vireo_task_forward, task));
}

/**
 * vireo_storage_keeper_start:
 * @self: a keeper
 * @pool: an inactive persistent pool, whose slot is held
 * @task: (transfer full): returns a boolean
 *
 * Since: 0.1
 */
void
vireo_storage_keeper_start (VireoStorageKeeper *self, VireoStoragePoolObj *pool, GTask *task)
{
  start_pool (VIREO_STORAGE_DRIVER (self), pool, VIREO_STORAGE_BUILD_NONE, task);
}

/**
 * vireo_storage_keeper_resume:
 * @self: a keeper
 * @pool: a transient pool that was active in a daemon before us; its slot is held
 * @task: (transfer full): returns a boolean
 *
 * Since: 0.1
 */
void
vireo_storage_keeper_resume (VireoStorageKeeper *self, VireoStoragePoolObj *pool, GTask *task)
{
  start_begin (wrap (self, pool, VIREO_STORAGE_BUILD_NONE, vireo_task_forward, task));
}

/* ---- a transient pool ---- */

static void
create_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Start *start = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_pointer (task, g_object_ref (start->pool), g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
created (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VireoStorageBuildFlags flags = GPOINTER_TO_UINT (g_task_get_task_data (task));
  GError *error = NULL;
  VireoJob *job = vireo_keeper_create_finish (VIREO_KEEPER (source), result, &error);
  GTask *inner;
  Start *start;

  if (job == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  inner = wrap (source, VIREO_STORAGE_POOL_OBJ (vireo_job_get_object (job)), flags, create_done,
                task);
  start = g_task_get_task_data (inner);
  start->job = job;
  start_build (inner);
}

static void
create (VireoStorageDriver *driver,
        const VireoStoragePoolDef *def,
        guint owner,
        VireoStorageBuildFlags flags,
        GTask *task)
{
  if (!check_flags (flags, task))
    return;
  g_task_set_task_data (task, GUINT_TO_POINTER (flags), NULL);
  g_task_set_check_cancellable (task, FALSE);
  vireo_keeper_create_async (VIREO_KEEPER (driver), def, owner, g_task_get_cancellable (task),
                             created, task);
}

/* ---- stopping ---- */

static VireoObj *
find_busy_volume (VireoStoragePoolObj *pool)
{
  g_autoptr (GPtrArray) volumes
      = vireo_obj_list_snapshot (vireo_storage_pool_obj_get_volumes (pool));

  for (guint i = 0; i < volumes->len; i++)
    if (vireo_storage_keeper_is_in_use (volumes->pdata[i]))
      return volumes->pdata[i]; /* the list has it */
  return NULL;
}

static void
destroy (VireoStorageDriver *driver, VireoStoragePoolObj *pool, GTask *task)
{
  VireoObj *busy;

  if (!check_active (pool, TRUE, task))
    return;
  busy = find_busy_volume (pool);
  if (busy != NULL)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_BUSY,
                             "volume \"%s\" is being worked on", vireo_obj_get_name (busy));
  else
    {
      if (get_class (driver)->end != NULL)
        get_class (driver)->end (VIREO_STORAGE_KEEPER (driver), pool, g_object_ref (task));
      forget_volumes (pool);
      vireo_storage_pool_obj_set_state (pool, VIREO_STORAGE_POOL_INACTIVE, "");
      vireo_storage_pool_obj_emit_lifecycle (pool, "stopped");
      vireo_keeper_stopped (VIREO_KEEPER (driver), VIREO_OBJ (pool));
      if (get_class (driver)->end == NULL)
        g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

/* ---- building ---- */

static void
build_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean ok = g_task_propagate_boolean (G_TASK (result), &error);

  vireo_storage_pool_obj_set_state (start->pool, VIREO_STORAGE_POOL_INACTIVE, "");
  if (ok)
    {
      vireo_storage_pool_obj_emit_lifecycle (start->pool, "created");
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

static void
build_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  if (check_ready (source, result, data))
    begin_build (data, build_done);
}

static void
build (VireoStorageDriver *driver,
       VireoStoragePoolObj *pool,
       VireoStorageBuildFlags flags,
       GTask *task)
{
  if (check_active (pool, FALSE, task) && check_flags (flags, task))
    vireo_keeper_make_ready_async (VIREO_KEEPER (driver), VIREO_OBJ (pool),
                                   g_task_get_cancellable (task), build_ready,
                                   wrap (driver, pool, flags, vireo_task_forward, task));
}

static void
remove_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  vireo_storage_pool_obj_emit_lifecycle (start->pool, "deleted");
  g_task_return_boolean (task, TRUE);
}

static void
remove_pool (VireoStorageDriver *driver,
             VireoStoragePoolObj *pool,
             VireoStorageVolumeFlags flags,
             GTask *task)
{
  GTask *inner;

  if (!check_active (pool, FALSE, task))
    return;
  if (vireo_storage_pool_obj_get_persistent_def (pool) == NULL)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_UNPARSABLE,
                               "the definition of storage-pool \"%s\" cannot be parsed",
                               name_of (pool));
      g_object_unref (task);
      return;
    }
  inner = wrap (driver, pool, VIREO_STORAGE_BUILD_NONE, vireo_task_forward, task);
  get_class (driver)->unbuild (
      VIREO_STORAGE_KEEPER (driver), pool, flags,
      g_task_new (driver, g_task_get_cancellable (task), remove_done, inner));
}

/* ---- refresh ---- */

static void
refresh_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  vireo_obj_emit_event (VIREO_OBJ (start->pool), "Refreshed", NULL);
  g_task_return_boolean (task, TRUE);
}

static void
refresh (VireoStorageDriver *driver, VireoStoragePoolObj *pool, GTask *task)
{
  GTask *inner;

  if (!check_active (pool, TRUE, task))
    return;
  inner = wrap (driver, pool, VIREO_STORAGE_BUILD_NONE, vireo_task_forward, task);
  get_class (driver)->scan (
      VIREO_STORAGE_KEEPER (driver), pool,
      g_task_new (driver, g_task_get_cancellable (task), refresh_done, inner));
}

/* ---- the interface ---- */

static VireoObjList *
get_pools (VireoStorageDriver *driver)
{
  return vireo_keeper_get_list (VIREO_KEEPER (driver));
}

static void
define (VireoStorageDriver *driver, const VireoStoragePoolDef *def, guint owner, GTask *task)
{
  vireo_keeper_define (VIREO_KEEPER (driver), def, owner, task);
}

static void
replace (VireoStorageDriver *driver,
         VireoStoragePoolObj *pool,
         const VireoStoragePoolDef *def,
         GTask *task)
{
  vireo_keeper_replace (VIREO_KEEPER (driver), VIREO_OBJ (pool), def, task);
}

static void
undefine (VireoStorageDriver *driver, VireoStoragePoolObj *pool, GTask *task)
{
  vireo_keeper_undefine (VIREO_KEEPER (driver), VIREO_OBJ (pool), task);
}

static void
set_autostart (VireoStorageDriver *driver,
               VireoStoragePoolObj *pool,
               gboolean autostart,
               GTask *task)
{
  vireo_keeper_set_autostart (VIREO_KEEPER (driver), VIREO_OBJ (pool), autostart, task);
}

static void
reload (VireoStorageDriver *driver, GTask *task)
{
  vireo_keeper_reload (VIREO_KEEPER (driver), task);
}

static void
storage_driver_init (VireoStorageDriverInterface *iface)
{
  iface->get_pools = get_pools;
  iface->define = define;
  iface->create = create;
  iface->replace = replace;
  iface->undefine = undefine;
  iface->set_autostart = set_autostart;
  iface->start = start_pool;
  iface->destroy = destroy;
  iface->build = build;
  iface->remove = remove_pool;
  iface->refresh = refresh;
  iface->reload = reload;
  _vireo_storage_keeper_init_volumes (iface);
}

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (VireoStorageKeeper,
                                  vireo_storage_keeper,
                                  VIREO_TYPE_KEEPER,
                                  G_IMPLEMENT_INTERFACE (VIREO_TYPE_STORAGE_DRIVER,
                                                         storage_driver_init))

static void
vireo_storage_keeper_class_init (VireoStorageKeeperClass *klass)
{
  VireoKeeperClass *keeper_class = VIREO_KEEPER_CLASS (klass);

  keeper_class->kind = &pool_kind;
  keeper_class->obj_type = VIREO_TYPE_STORAGE_POOL_OBJ;
  keeper_class->complete = complete_def;
  keeper_class->check = check_def;
}

static void
vireo_storage_keeper_init (VireoStorageKeeper *self)
{
}
