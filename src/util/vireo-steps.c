/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-steps.h"

#include "vireo-error.h"

typedef struct
{
  const VireoStep *steps;
  gsize n_steps;
  gsize n_done;
  gpointer context;
} Sequence;

static void run_next (GTask *task);

static void
undo_all (Sequence *sequence)
{
  while (sequence->n_done > 0)
    {
      const VireoStep *step = &sequence->steps[--sequence->n_done];

      g_debug ("taking back: %s", step->name);
      if (step->undo != NULL)
        step->undo (sequence->context);
    }
}

static void
step_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Sequence *sequence = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      if (error == NULL)
        error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_FAILED, "no reason was given");
      vireo_error_translate (&error, "cannot %s", sequence->steps[sequence->n_done].name);
      undo_all (sequence);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  sequence->n_done++;
  run_next (g_steal_pointer (&task));
}

/* Takes @task over. */
static void
run_next (GTask *task)
{
  g_autoptr (GTask) owned = task;
  Sequence *sequence = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  const VireoStep *step;
  GTask *step_task;

  if (sequence->n_done == sequence->n_steps)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  step = &sequence->steps[sequence->n_done];
  if (g_cancellable_is_cancelled (cancellable))
    {
      undo_all (sequence);
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED, "cancelled before: %s",
                               step->name);
      return;
    }

  step_task = g_task_new (NULL, cancellable, step_done, g_steal_pointer (&owned));
  /* What a step says about itself is what counts: were a success turned into Cancelled on the way,
   * the step would not be taken back. */
  g_task_set_check_cancellable (step_task, FALSE);
  g_task_set_priority (step_task, g_task_get_priority (task));
  g_task_set_name (step_task, step->name);
  step->run (sequence->context, step_task);
}

/**
 * vireo_steps_run_async:
 * @steps: (array length=n_steps): the steps, static
 * @n_steps: how many; with none, the sequence succeeds
 * @context: handed to the steps; must live until @callback was called
 * @cancellable: (nullable): handed to each step, and looked at before each
 * @callback: called once, on the thread-default main context
 * @user_data: for @callback
 *
 * Runs @steps one after the other. When one fails, those before it are taken back, last first, and
 * the error says what could not be done; the step that failed leaves nothing of its own behind. A
 * cancellation that comes after the last step has begun is that step's matter: if the step succeeds
 * all the same, so does the sequence.
 *
 * Since: 0.1
 */
void
vireo_steps_run_async (const VireoStep *steps, gsize n_steps, gpointer context,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Sequence *sequence = g_new0 (Sequence, 1);

  sequence->steps = steps;
  sequence->n_steps = n_steps;
  sequence->context = context;

  g_task_set_source_tag (task, vireo_steps_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, sequence, g_free);
  run_next (task);
}

/**
 * vireo_steps_run_finish:
 * @result: what the callback got
 * @error: the error of the step that failed, behind what it was to do; or
 *   %VIREO_ERROR_CANCELLED
 *
 * Returns: %TRUE when all steps were done; on %FALSE none of them is left done
 * Since: 0.1
 */
gboolean
vireo_steps_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, vireo_steps_run_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
