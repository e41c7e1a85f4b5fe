/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Post-parse: running it, and running it again when it failed for now. */

#include "util/vireo-task.h"
#include "vireo-keeper-private.h"

#define RERUNS_PER_TURN 16

/* ---- running it ---- */

typedef struct
{
  VireoKeeper *keeper;
  gpointer def;
  gboolean existing;
  VireoParseFlags flags;
  GPtrArray *problems;
} Completion;

static void
completion_free (gpointer data)
{
  Completion *completion = data;

  if (completion->def != NULL)
    vireo_doc_free (_vireo_keeper_get_private (completion->keeper)->doc, completion->def);
  g_clear_pointer (&completion->problems, g_ptr_array_unref);
  g_object_unref (completion->keeper);
  g_free (completion);
}

static void
complete_now (GTask *task)
{
  Completion *completion = g_task_get_task_data (task);
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (completion->keeper);
  g_autoptr (GError) error = NULL;

  if (klass->complete != NULL
      && !klass->complete (completion->keeper, &completion->def, completion->existing,
                           completion->flags, &completion->problems, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error)
      && (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_CANCELLED)
          || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED, "cancelled: %s",
                             error->message);
  else
    complete_now (task);
}

void
_vireo_keeper_complete_async (VireoKeeper *self,
                              gpointer def,
                              gboolean existing,
                              VireoParseFlags flags,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (self);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Completion *completion = g_new0 (Completion, 1);

  completion->keeper = g_object_ref (self);
  completion->def = def;
  completion->existing = existing;
  completion->flags = flags;
  g_task_set_task_data (task, completion, completion_free);
  if (klass->prepare == NULL)
    complete_now (task);
  else
    klass->prepare (self, def, g_task_new (self, cancellable, prepared, g_object_ref (task)));
}

gpointer
_vireo_keeper_complete_finish (VireoKeeper *self,
                               GAsyncResult *result,
                               GPtrArray **ret_problems,
                               GError **error)
{
  Completion *completion = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  if (ret_problems != NULL)
    *ret_problems = g_steal_pointer (&completion->problems);
  return g_steal_pointer (&completion->def);
}

void
vireo_keeper_complete_async (VireoKeeper *self,
                             gconstpointer def,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);

  _vireo_keeper_complete_async (self, vireo_doc_copy (priv->doc, def), FALSE, VIREO_PARSE_NONE,
                                cancellable, callback, user_data);
}

gpointer
vireo_keeper_complete_finish (VireoKeeper *self, GAsyncResult *result, GError **error)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  gpointer def = _vireo_keeper_complete_finish (self, result, NULL, error);

  if (def == NULL || _vireo_keeper_validate (self, def, error))
    return def;
  vireo_doc_free (priv->doc, def);
  return NULL;
}

gboolean
_vireo_keeper_validate (VireoKeeper *self, gconstpointer def, GError **error)
{
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (self);
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  VireoError code = VIREO_ERROR_XML_INVALID;

  klass->kind->validate (def, problems);
  if (problems->len == 0 && klass->validate != NULL)
    {
      code = VIREO_ERROR_CONFIG_UNSUPPORTED;
      klass->validate (self, def, problems);
    }
  if (problems->len == 0)
    return TRUE;
  g_propagate_error (error, vireo_problems_to_error (problems, code));
  return FALSE;
}

/* ---- what definitions wait for ---- */

/* A watch can name the host's things only by path; other resources are retried when asked. */
static gboolean
is_watchable (const VireoProblem *problem)
{
  return problem->resource != NULL && g_path_is_absolute (problem->resource);
}

static void
resource_changed (VireoWatch *watch, const char *path, VireoKeeper *self)
{
  GPtrArray *waiting = g_hash_table_lookup (_vireo_keeper_get_private (self)->waiting, path);
  g_autoptr (GPtrArray) objects = NULL;

  if (waiting == NULL)
    return;
  objects = g_ptr_array_copy (waiting, (GCopyFunc) g_object_ref, NULL);
  g_ptr_array_set_free_func (objects, g_object_unref);
  for (guint i = 0; i < objects->len; i++)
    _vireo_keeper_rerun_by_itself (self, objects->pdata[i]);
}

static VireoWatch *
ensure_watch (VireoKeeper *self)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  g_autoptr (GError) error = NULL;

  if (priv->watch != NULL)
    return priv->watch;
  priv->watch = vireo_watch_new (&error);
  if (priv->watch == NULL)
    g_warning ("definitions will not be completed by themselves: %s", error->message);
  else
    g_signal_connect (priv->watch, "changed", G_CALLBACK (resource_changed), self);
  return priv->watch;
}

static void
wait_for (VireoKeeper *self, VireoObj *obj, const char *path)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  GPtrArray *waiting = g_hash_table_lookup (priv->waiting, path);
  g_autoptr (GError) error = NULL;

  if (waiting == NULL)
    {
      if (ensure_watch (self) == NULL)
        return;
      if (!vireo_watch_add (priv->watch, path, &error))
        {
          g_warning ("cannot watch for what a definition lacks: %s", error->message);
          return;
        }
      waiting = g_ptr_array_new ();
      g_hash_table_insert (priv->waiting, g_strdup (path), waiting);
    }
  if (!g_ptr_array_find (waiting, obj, NULL))
    g_ptr_array_add (waiting, obj);
}

void
_vireo_keeper_forget_waiting (VireoKeeper *self, VireoObj *obj)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  GPtrArray *problems = kind->get_problems != NULL ? kind->get_problems (obj) : NULL;

  for (guint i = 0; problems != NULL && i < problems->len; i++)
    {
      const VireoProblem *problem = problems->pdata[i];
      GPtrArray *waiting;

      if (!is_watchable (problem))
        continue;
      waiting = g_hash_table_lookup (priv->waiting, problem->resource);
      if (waiting == NULL || !g_ptr_array_remove_fast (waiting, obj) || waiting->len > 0)
        continue;
      vireo_watch_remove (priv->watch, problem->resource);
      g_hash_table_remove (priv->waiting, problem->resource);
    }
}

/* What is in no list yet is heard by nobody: who adds an object with problems says it again. */
void
_vireo_keeper_emit_rerun_needed (VireoObj *obj)
{
  g_auto (GValue) value = G_VALUE_INIT;
  GVariant *list;

  g_value_init (&value, G_TYPE_VARIANT);
  g_object_get_property (G_OBJECT (obj), "post-parse-problems", &value);
  list = g_value_get_variant (&value);
  vireo_obj_emit_event (obj, "PostParseRerunNeeded", g_variant_new_tuple (&list, 1));
}

void
_vireo_keeper_set_problems (VireoKeeper *self, VireoObj *obj, GPtrArray *problems)
{
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  gboolean failed_before;

  if (kind->set_problems == NULL)
    return;
  failed_before = kind->get_problems (obj) != NULL;
  _vireo_keeper_forget_waiting (self, obj);
  kind->set_problems (obj, problems);
  for (guint i = 0; problems != NULL && i < problems->len; i++)
    if (is_watchable (problems->pdata[i]))
      wait_for (self, obj, ((VireoProblem *) problems->pdata[i])->resource);
  if (problems != NULL && !failed_before)
    _vireo_keeper_emit_rerun_needed (obj);
}

/* ---- running it again ---- */

/* A completed definition on its way to the disk. */
typedef struct
{
  VireoKeeper *keeper;
  VireoObj *obj;
  gpointer def;
  GBytes *text;
} Rerun;

static void
rerun_free (gpointer data)
{
  Rerun *rerun = data;

  if (rerun->def != NULL)
    vireo_doc_free (_vireo_keeper_get_private (rerun->keeper)->doc, rerun->def);
  g_clear_pointer (&rerun->text, g_bytes_unref);
  g_object_unref (rerun->obj);
  g_object_unref (rerun->keeper);
  g_free (rerun);
}

static void
emit_rerun (VireoObj *obj, gboolean success)
{
  vireo_obj_emit_event (obj, "PostParseRerun", g_variant_new ("(b)", success));
}

static void
rerun_failed (GTask *task, GError *error)
{
  Rerun *rerun = g_task_get_task_data (task);

  emit_rerun (rerun->obj, FALSE);
  g_task_return_error (task, error);
}

static void
rerun_publish (GTask *task)
{
  Rerun *rerun = g_task_get_task_data (task);
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (rerun->keeper);
  VireoKeeperRecord *record = _vireo_keeper_get_record (rerun->keeper, rerun->obj);
  g_autofree char *file = record != NULL ? g_strdup (record->file) : NULL;
  VireoDigest digest;

  g_object_freeze_notify (G_OBJECT (rerun->obj));
  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (rerun->obj), g_steal_pointer (&rerun->def));
  _vireo_keeper_set_problems (rerun->keeper, rerun->obj, NULL);
  _vireo_keeper_record (rerun->keeper, rerun->obj, file,
                        _vireo_keeper_digest (rerun->text, &digest));
  g_object_thaw_notify (G_OBJECT (rerun->obj));
  if (klass->defined != NULL)
    klass->defined (rerun->keeper, rerun->obj);
  emit_rerun (rerun->obj, TRUE);
  g_task_return_boolean (task, TRUE);
}

static void
rerun_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    rerun_publish (task);
  else
    rerun_failed (task, g_steal_pointer (&error));
}

static void
rerun_store (GTask *task)
{
  Rerun *rerun = g_task_get_task_data (task);
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (rerun->keeper);
  VireoKeeperRecord *record = _vireo_keeper_get_record (rerun->keeper, rerun->obj);
  g_autoptr (GError) error = NULL;
  VireoStoreOp op = { .mode = 0600 };

  if (priv->store == NULL || record == NULL || record->file == NULL)
    {
      rerun_publish (task);
      return;
    }
  rerun->text = _vireo_keeper_format (rerun->keeper, rerun->def, &error);
  if (rerun->text == NULL)
    {
      rerun_failed (task, g_steal_pointer (&error));
      return;
    }
  op.name = record->file;
  op.contents = rerun->text;
  vireo_store_apply_async (priv->store, &op, 1, g_task_get_cancellable (task), rerun_stored,
                           g_object_ref (task));
}

static void
rerun_completed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Rerun *rerun = g_task_get_task_data (task);
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;

  rerun->def = _vireo_keeper_complete_finish (VIREO_KEEPER (source), result, &problems, &error);
  if (rerun->def == NULL)
    {
      rerun_failed (task, g_steal_pointer (&error));
      return;
    }
  if (problems != NULL)
    {
      _vireo_keeper_set_problems (rerun->keeper, rerun->obj, problems);
      rerun_failed (task, vireo_problems_to_error (problems, VIREO_ERROR_MISSING_RESOURCE));
      return;
    }
  rerun_store (task);
}

/* With the slot held. */
static void
rerun_async (VireoKeeper *self,
             VireoObj *obj,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  gconstpointer def = vireo_def_obj_get_persistent (VIREO_DEF_OBJ (obj));
  Rerun *rerun;

  g_task_set_check_cancellable (task, FALSE);
  if (vireo_def_obj_get_raw (VIREO_DEF_OBJ (obj), NULL) != NULL)
    {
      const char *message = NULL;

      vireo_def_obj_get_raw (VIREO_DEF_OBJ (obj), &message);
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_UNPARSABLE,
                               "the definition of %s \"%s\" cannot be parsed: %s", kind->kind,
                               vireo_obj_get_name (obj), message);
      return;
    }
  if (def == NULL)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                               "%s \"%s\" is transient: it has no definition to be started from",
                               kind->kind, vireo_obj_get_name (obj));
      return;
    }
  if (kind->get_problems == NULL || kind->get_problems (obj) == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  rerun = g_new0 (Rerun, 1);
  rerun->keeper = g_object_ref (self);
  rerun->obj = g_object_ref (obj);
  g_task_set_task_data (task, rerun, rerun_free);
  _vireo_keeper_complete_async (self, vireo_doc_copy (priv->doc, def), TRUE,
                                VIREO_PARSE_ALLOW_POST_PARSE_FAIL, cancellable, rerun_completed,
                                g_object_ref (task));
}

/**
 * vireo_keeper_make_ready_async:
 * @self: a keeper
 * @obj: one of its objects, the slot of which the caller has
 * @cancellable: (nullable): to give up
 * @callback: called when the persistent definition can be used, or why not
 * @user_data: for @callback
 *
 * Runs post-parse again if it failed for now.
 *
 * Since: 0.1
 */
void
vireo_keeper_make_ready_async (VireoKeeper *self,
                               VireoObj *obj,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  rerun_async (self, obj, cancellable, callback, user_data);
}

/**
 * vireo_keeper_make_ready_finish:
 * @self: a keeper
 * @result: what the callback got
 * @error: MissingResource, Unparsable, InvalidState, or why it could not be stored
 *
 * Returns: whether the persistent definition can be used
 * Since: 0.1
 */
gboolean
vireo_keeper_make_ready_finish (VireoKeeper *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * vireo_keeper_rerun_post_parse:
 * @self: a keeper
 * @obj: one of its objects
 * @task: (transfer full): returns a boolean
 *
 * The operation `rerun_post_parse`.
 *
 * Since: 0.1
 */
void
vireo_keeper_rerun_post_parse (VireoKeeper *self, VireoObj *obj, GTask *task)
{
  rerun_async (self, obj, g_task_get_cancellable (task), vireo_task_forward, task);
}

static void
rerun_by_itself_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VireoJob) job = data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_debug ("%s still lacks something: %s", vireo_obj_get_name (vireo_job_get_object (job)),
             error->message);
  vireo_job_end (job, error);
}

static void
rerun_by_itself_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VireoKeeper) self = data;
  VireoObj *obj = VIREO_OBJ (source);
  VireoJob *job = vireo_obj_begin_job_finish (obj, result, NULL);

  /* Gone, or busy for so long that whoever uses it will run post-parse again anyway. */
  if (job == NULL)
    return;
  rerun_async (self, obj, vireo_job_get_cancellable (job), rerun_by_itself_done, job);
}

static gboolean
start_reruns (gpointer data)
{
  VireoKeeper *self = data;
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);

  for (guint i = 0; i < RERUNS_PER_TURN && !g_queue_is_empty (&priv->reruns); i++)
    {
      g_autoptr (VireoObj) obj = g_queue_pop_head (&priv->reruns);

      _vireo_keeper_begin_job (self, obj, "rerun-post-parse", VIREO_OWNER_ROOT, NULL,
                               rerun_by_itself_begun, g_object_ref (self));
    }
  if (!g_queue_is_empty (&priv->reruns))
    return G_SOURCE_CONTINUE;
  priv->reruns_id = 0;
  return G_SOURCE_REMOVE;
}

/* Thousands may have waited for one emulator: a few of them in each turn of the main loop. */
void
_vireo_keeper_rerun_by_itself (VireoKeeper *self, VireoObj *obj)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);

  g_queue_push_tail (&priv->reruns, g_object_ref (obj));
  if (priv->reruns_id == 0)
    priv->reruns_id = g_idle_add_full (G_PRIORITY_DEFAULT, start_reruns, self, NULL);
}
