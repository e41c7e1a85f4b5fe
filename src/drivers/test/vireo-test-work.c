/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-work.h"

#include "util/vireo-error.h"

#define TICK_MSEC 20

typedef struct
{
  VireoJob *job; /* (nullable) */
  gint64 begun;
  gint64 length; /* µs */
  guint64 bytes;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_clear_object (&work->job);
  g_free (work);
}

/* @elapsed: µs, not more than it takes */
static void
show_progress (Work *work, gint64 elapsed)
{
  guint64 rate = (guint64) ((double) work->bytes / (double) work->length * G_USEC_PER_SEC);

  if (work->job != NULL)
    vireo_job_set_progress (work->job, (double) elapsed / (double) work->length, work->bytes, rate);
}

static gboolean
tick (gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);
  gint64 elapsed = g_get_monotonic_time () - work->begun;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task))
      || (work->job != NULL && g_cancellable_is_cancelled (vireo_job_get_cancellable (work->job))))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED, "%s was cancelled",
                               work->job != NULL ? vireo_job_get_operation (work->job) : "it");
      return G_SOURCE_REMOVE;
    }
  if (elapsed >= work->length)
    {
      show_progress (work, work->length);
      if (work->job != NULL)
        vireo_job_set_cancelable (work->job, FALSE);
      g_task_return_boolean (task, TRUE);
      return G_SOURCE_REMOVE;
    }
  show_progress (work, elapsed);
  return G_SOURCE_CONTINUE;
}

/**
 * vireo_test_work_async:
 * @obj: the object that is worked on
 * @msec: how long it takes, in milliseconds
 * @cancellable: (nullable): to give up, beside that of the job
 * @callback: called when the time is over
 * @user_data: for @callback
 *
 * Takes a while.
 *
 * Since: 0.1
 */
void
vireo_test_work_async (VireoObj *obj,
                       guint msec,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  vireo_test_copy_async (obj, msec, 0, cancellable, callback, user_data);
}

/**
 * vireo_test_copy_async:
 * @obj: the object that is worked on
 * @msec: how long it takes, in milliseconds
 * @bytes: how much there is to copy
 * @cancellable: (nullable): to give up, beside that of the job
 * @callback: called when the time is over
 * @user_data: for @callback
 *
 * Takes a while, as vireo_test_work_async() does, over a number of bytes.
 *
 * Since: 0.1
 */
void
vireo_test_copy_async (VireoObj *obj,
                       guint msec,
                       guint64 bytes,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (obj, cancellable, callback, user_data);
  VireoJob *job = vireo_obj_get_current_job (obj);
  Work *work = g_new0 (Work, 1);

  g_task_set_check_cancellable (task, FALSE);
  work->job = job != NULL ? g_object_ref (job) : NULL;
  work->begun = g_get_monotonic_time ();
  work->length = (gint64) msec * 1000;
  work->bytes = bytes;
  g_task_set_task_data (task, work, work_free);
  if (msec == 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  g_timeout_add_full (G_PRIORITY_DEFAULT, MIN (TICK_MSEC, msec), tick, g_object_ref (task),
                      g_object_unref);
}

/**
 * vireo_test_work_finish:
 * @obj: the object that was worked on
 * @result: what the callback got
 * @error: Cancelled
 *
 * Returns: whether the time is over
 * Since: 0.1
 */
gboolean
vireo_test_work_finish (VireoObj *obj, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, obj), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
