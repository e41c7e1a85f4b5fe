/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a new daemon finds: definitions, and pools that were active. And once a boot, the pools that
 * are to be started by themselves. */

#include <string.h>

#include "util/vireo-task.h"
#include "vireo-dir-storage-private.h"

/* In the folder that a reboot clears: the pools of this boot were started. */
#define AUTOSTART_MARK "autostarted"

/* ---- what is active, on disk ---- */

/* What was done is done, whether it is written down or not. */
static void
noted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    g_warning ("which pools are active is not written down: %s", error->message);
  if (user_data != NULL)
    vireo_task_end (user_data, TRUE, NULL);
}

/* @task (transfer full) ends when it is written: a daemon that is killed then knows of it. */
void
_vireo_dir_storage_note (VireoDirStorage *self,
                         VireoStoragePoolObj *pool,
                         gboolean active,
                         GTask *task)
{
  const VireoStoragePoolDef *live = vireo_storage_pool_obj_get_live_def (pool);
  g_autofree char *name
      = g_strconcat (vireo_obj_get_uuid (VIREO_OBJ (pool)), VIREO_DIR_STATUS_SUFFIX, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GBytes) bytes = NULL;
  VireoStoreOp op = { name, NULL, 0600 };

  if (active)
    {
      text = vireo_storage_pool_def_format (live, VIREO_FORMAT_SECURE, NULL);
      bytes = g_bytes_new (text != NULL ? text : "", text != NULL ? strlen (text) : 0);
      op.contents = bytes;
    }
  vireo_store_apply_async (self->status, &op, 1, NULL, noted, task);
}

/* ---- loading ---- */

/* How long a file system gets to answer when the daemon begins; those that do take much less. */
#define LONGEST_WAIT_MS 3000

typedef struct
{
  GPtrArray *found; /* VireoStoragePoolDef of pools that were active */
  gboolean autostart;
  guint n_pending;
  guint late_id;
  gboolean late; /* others are still pending, and nobody waits for them */
} Loading;

static void
loading_free (gpointer data)
{
  Loading *loading = data;

  g_clear_handle_id (&loading->late_id, g_source_remove);
  g_ptr_array_unref (loading->found);
  g_free (loading);
}

static void
pool_done (GTask *task)
{
  Loading *loading = g_task_get_task_data (task);

  if (--loading->n_pending == 0 && !loading->late)
    g_task_return_boolean (task, TRUE);
  if (loading->n_pending == 0)
    g_clear_handle_id (&loading->late_id, g_source_remove);
  g_object_unref (task);
}

/* What does not answer now is active when it does: the daemon, and all that needs others, does not
 * wait for it. */
static gboolean
on_late (gpointer data)
{
  Loading *loading = g_task_get_task_data (data);

  loading->late_id = 0;
  loading->late = TRUE;
  g_warning ("%u storage pools do not answer, and are not waited for", loading->n_pending);
  g_task_return_boolean (data, TRUE);
  return G_SOURCE_REMOVE;
}

typedef struct
{
  GTask *task;
  VireoJob *job;
} Starting;

static void
started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Starting *starting = user_data;
  g_autoptr (VireoJob) job = starting->job;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_warning ("storage-pool \"%s\" is not started: %s",
               vireo_obj_get_name (vireo_job_get_object (job)), error->message);
  vireo_job_end (job, error);
  pool_done (starting->task);
  g_free (starting);
}

static void
start_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Starting *starting = user_data;
  VireoStorageKeeper *self = g_task_get_source_object (starting->task);
  VireoStoragePoolObj *pool = VIREO_STORAGE_POOL_OBJ (source);
  GTask *inner;

  starting->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, NULL);
  if (starting->job == NULL)
    {
      pool_done (starting->task);
      g_free (starting);
      return;
    }
  inner = g_task_new (self, NULL, started, starting);
  if (vireo_obj_get_persistent (VIREO_OBJ (source)))
    vireo_storage_keeper_start (self, pool, inner);
  else
    vireo_storage_keeper_resume (self, pool, inner);
}

static void
start (GTask *task, VireoObj *pool)
{
  Loading *loading = g_task_get_task_data (task);
  Starting *starting = g_new0 (Starting, 1);

  loading->n_pending++;
  starting->task = g_object_ref (task);
  vireo_obj_begin_job_async (pool, "storage-pool-start", VIREO_JOB_CHANGE, 0, NULL, start_begun,
                             starting);
}

/* One that was active: its definition, or it itself if it has none. */
static VireoObj *
find_pool (VireoDirStorage *self, const VireoStoragePoolDef *def)
{
  VireoObj *pool
      = vireo_obj_list_find_by_uuid (vireo_keeper_get_list (VIREO_KEEPER (self)), def->uuid);
  g_autoptr (GError) error = NULL;

  if (pool != NULL)
    return vireo_def_obj_get_raw (VIREO_DEF_OBJ (pool), NULL) == NULL ? pool : NULL;
  /* Who made it is not written down; nobody else than the superuser has any on the system bus. */
  pool = vireo_keeper_adopt (VIREO_KEEPER (self), vireo_storage_pool_def_copy (def),
                             VIREO_OWNER_ROOT, &error);
  if (pool == NULL)
    g_warning ("storage-pool \"%s\", which was active, is left out: %s", def->name, error->message);
  return pool;
}

static void
mark_autostarted (VireoDirStorage *self)
{
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  const VireoStoreOp op = { AUTOSTART_MARK, empty, 0600 };

  vireo_store_apply_async (self->status, &op, 1, NULL, noted, NULL);
}

static void
start_pools (GTask *task)
{
  VireoDirStorage *self = g_task_get_source_object (task);
  Loading *loading = g_task_get_task_data (task);
  g_autoptr (GPtrArray) pools = NULL;
  g_autoptr (GHashTable) begun = g_hash_table_new (NULL, NULL);

  loading->n_pending = 1;
  for (guint i = 0; i < loading->found->len; i++)
    {
      VireoObj *pool = find_pool (self, loading->found->pdata[i]);

      if (pool != NULL && g_hash_table_add (begun, pool))
        start (task, pool);
    }
  pools = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (self)));
  for (guint i = 0; loading->autostart && i < pools->len; i++)
    if (vireo_obj_get_autostart (pools->pdata[i])
        && vireo_def_obj_get_raw (pools->pdata[i], NULL) == NULL
        && g_hash_table_add (begun, pools->pdata[i]))
      start (task, pools->pdata[i]);
  if (loading->autostart)
    mark_autostarted (self);
  loading->late_id = g_timeout_add (LONGEST_WAIT_MS, on_late, task);
  pool_done (task);
}

static void
read_status (VireoStore *store, const char *name, GPtrArray *found)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = vireo_store_read (store, name, VIREO_DOC_MAX_SIZE, &error);
  VireoStoragePoolDef *def = NULL;

  if (bytes != NULL)
    def = vireo_storage_pool_def_parse (g_bytes_get_data (bytes, NULL),
                                        (gssize) g_bytes_get_size (bytes), VIREO_PARSE_NONE,
                                        &error);
  if (def == NULL || def->uuid == NULL || def->name == NULL)
    {
      g_warning ("%s says nothing of an active pool: %s", name,
                 error != NULL ? error->message : "it has no name");
      g_clear_pointer (&def, vireo_storage_pool_def_free);
      return;
    }
  g_ptr_array_add (found, def);
}

static void
read_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  VireoStore *store = VIREO_DIR_STORAGE (source)->status;
  Loading *loading = data;
  g_autofree char *mark = g_build_filename (vireo_store_get_folder (store), AUTOSTART_MARK, NULL);
  g_autoptr (GPtrArray) names = NULL;
  GError *error = NULL;

  if (vireo_store_prepare (store, &error))
    names = vireo_store_list (store, VIREO_DIR_STATUS_SUFFIX, &error);
  if (names == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < names->len; i++)
    read_status (store, names->pdata[i], loading->found);
  loading->autostart = !g_file_test (mark, G_FILE_TEST_EXISTS);
  g_task_return_boolean (task, TRUE);
}

static void
status_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      start_pools (task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
definitions_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GTask) inner = NULL;
  GError *error = NULL;

  if (!vireo_keeper_load_finish (VIREO_KEEPER (source), result, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  inner = g_task_new (source, NULL, status_read, task);
  g_task_set_task_data (inner, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (inner, read_thread);
}

/**
 * vireo_dir_storage_load:
 * @self: the pools
 * @task: (transfer full): returns a boolean when all that were active are so again
 *
 * Since: 0.1
 */
void
vireo_dir_storage_load (VireoDirStorage *self, GTask *task)
{
  GTask *inner = g_task_new (self, NULL, vireo_task_forward, task);
  Loading *loading = g_new0 (Loading, 1);

  loading->found = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_storage_pool_def_free);
  g_task_set_task_data (inner, loading, loading_free);
  vireo_keeper_load_async (VIREO_KEEPER (self), g_task_get_cancellable (task), definitions_loaded,
                           inner);
}
