/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "util/vireo-error.h"
#include "util/vireo-task.h"

typedef struct
{
  gboolean done;
  gboolean success;
  GError *error;
} Outcome;

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->success = g_task_propagate_boolean (G_TASK (result), &outcome->error);
  outcome->done = TRUE;
}

static void
on_gone (gpointer data, GObject *where)
{
  *(gboolean *) data = TRUE;
}

/* Ends an operation as is said, behind @n_forwards others, and waits for what the first of them
 * returns; none of them may be there any more then. */
static void
end (guint n_forwards, gboolean success, GError *error, Outcome *ret_outcome)
{
  Outcome outcome = { 0 };
  GTask *task = g_task_new (NULL, NULL, on_done, &outcome);
  gboolean gone[4] = { 0 };

  g_assert_cmpuint (n_forwards, <, G_N_ELEMENTS (gone));
  g_object_weak_ref (G_OBJECT (task), on_gone, &gone[0]);
  for (guint i = 1; i <= n_forwards; i++)
    {
      task = g_task_new (NULL, NULL, vireo_task_forward, task);
      g_object_weak_ref (G_OBJECT (task), on_gone, &gone[i]);
    }
  vireo_task_end (task, success, error);
  while (!outcome.done || !gone[0])
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i <= n_forwards; i++)
    g_assert_true (gone[i]);
  *ret_outcome = outcome;
}

static void
test_success (void)
{
  for (guint n_forwards = 0; n_forwards < 4; n_forwards++)
    {
      Outcome outcome;

      end (n_forwards, TRUE, NULL, &outcome);
      g_assert_no_error (outcome.error);
      g_assert_true (outcome.success);
    }
}

static void
test_error (void)
{
  for (guint n_forwards = 0; n_forwards < 4; n_forwards++)
    {
      Outcome outcome;

      end (n_forwards, FALSE, g_error_new (VIREO_ERROR, VIREO_ERROR_BUSY, "taken"), &outcome);
      g_assert_error (outcome.error, VIREO_ERROR, VIREO_ERROR_BUSY);
      g_assert_cmpstr (outcome.error->message, ==, "taken");
      g_assert_false (outcome.success);
      g_clear_error (&outcome.error);
    }
}

static void
test_no_reason (void)
{
  Outcome outcome;

  end (1, FALSE, NULL, &outcome);
  g_assert_error (outcome.error, VIREO_ERROR, VIREO_ERROR_FAILED);
  g_assert_false (outcome.success);
  g_clear_error (&outcome.error);
}

static void
test_several (void)
{
  Outcome outcome = { 0 };
  GTask *first = vireo_task_several_new (NULL, on_done, &outcome);
  GTask *second = vireo_task_several_begin (first);
  GTask *third = vireo_task_several_begin (second);
  gboolean gone = FALSE;

  g_object_weak_ref (G_OBJECT (first), on_gone, &gone);
  vireo_task_several_end (first, NULL);
  vireo_task_several_end (third, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    g_assert_false (outcome.done);
  g_assert_false (gone);
  vireo_task_several_end (second, NULL);
  while (!outcome.done || !gone)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.success);
}

static void
test_several_fail (void)
{
  Outcome outcome = { 0 };
  GTask *first = vireo_task_several_new (NULL, on_done, &outcome);
  GTask *second = vireo_task_several_begin (first);
  GTask *third = vireo_task_several_begin (first);

  vireo_task_several_end (third, g_error_new (VIREO_ERROR, VIREO_ERROR_BUSY, "the first"));
  vireo_task_several_end (first, NULL);
  g_assert_false (outcome.done);
  vireo_task_several_end (second, g_error_new (VIREO_ERROR, VIREO_ERROR_FAILED, "the second"));
  while (!outcome.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (outcome.error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_assert_cmpstr (outcome.error->message, ==, "the first");
  g_assert_false (outcome.success);
  g_clear_error (&outcome.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/task/success", test_success);
  g_test_add_func ("/task/error", test_error);
  g_test_add_func ("/task/no-reason", test_no_reason);
  g_test_add_func ("/task/several", test_several);
  g_test_add_func ("/task/several-fail", test_several_fail);
  return g_test_run ();
}
