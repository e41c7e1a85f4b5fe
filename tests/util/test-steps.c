/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/vireo-error.h"
#include "util/vireo-steps.h"

typedef struct
{
  GString *log;
  GCancellable *cancellable;
  GTask *waiting;
  gboolean called;
  gboolean ok;
  GError *error;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->log = g_string_new (NULL);
  f->cancellable = g_cancellable_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_string_free (f->log, TRUE);
  g_object_unref (f->cancellable);
  g_clear_error (&f->error);
}

static void
run_a (gpointer context, GTask *task)
{
  Fixture *f = context;

  g_string_append (f->log, "a");
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
undo_a (gpointer context)
{
  g_string_append (((Fixture *) context)->log, "A");
}

static gboolean
later (gpointer data)
{
  g_task_return_boolean (data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
run_b (gpointer context, GTask *task)
{
  g_string_append (((Fixture *) context)->log, "b");
  g_timeout_add_full (G_PRIORITY_DEFAULT, 5, later, task, g_object_unref);
}

static void
undo_b (gpointer context)
{
  g_string_append (((Fixture *) context)->log, "B");
}

static void
run_no_undo (gpointer context, GTask *task)
{
  g_string_append (((Fixture *) context)->log, "n");
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
run_fail (gpointer context, GTask *task)
{
  g_string_append (((Fixture *) context)->log, "f");
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the disk is full");
  g_object_unref (task);
}

/* Cancels in its own middle, and succeeds all the same. */
static void
run_cancel_late (gpointer context, GTask *task)
{
  Fixture *f = context;

  g_string_append (f->log, "c");
  g_cancellable_cancel (f->cancellable);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
undo_cancel_late (gpointer context)
{
  g_string_append (((Fixture *) context)->log, "C");
}

static void
run_wait (gpointer context, GTask *task)
{
  Fixture *f = context;

  g_string_append (f->log, "w");
  f->waiting = task;
}

static void
done (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  g_assert_false (f->called);
  f->called = TRUE;
  f->ok = vireo_steps_run_finish (result, &f->error);
}

static void
run (Fixture *f, const VireoStep *steps, gsize n_steps)
{
  vireo_steps_run_async (steps, n_steps, f, f->cancellable, done, f);
  g_assert_false (f->called);
  while (!f->called)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_all_done (Fixture *f, gconstpointer data)
{
  static const VireoStep steps[] = {
    { "do a", run_a, undo_a },
    { "do b", run_b, undo_b },
    { "do n", run_no_undo, NULL },
  };

  run (f, steps, G_N_ELEMENTS (steps));
  g_assert_no_error (f->error);
  g_assert_true (f->ok);
  g_assert_cmpstr (f->log->str, ==, "abn");
}

static void
test_nothing (Fixture *f, gconstpointer data)
{
  run (f, NULL, 0);
  g_assert_true (f->ok);
}

static void
test_failure (Fixture *f, gconstpointer data)
{
  static const VireoStep steps[] = {
    { "do a", run_a, undo_a },
    { "do n", run_no_undo, NULL },
    { "do b", run_b, undo_b },
    { "write the file", run_fail, undo_a },
    { "do a again", run_a, undo_a },
  };

  run (f, steps, G_N_ELEMENTS (steps));
  g_assert_false (f->ok);
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_NO_SPACE);
  g_assert_cmpstr (f->error->message, ==, "cannot write the file: the disk is full");
  g_assert_cmpstr (f->log->str, ==, "anbfBA");
}

static void
test_cancel_between (Fixture *f, gconstpointer data)
{
  static const VireoStep steps[] = {
    { "do a", run_a, undo_a },
    { "do c", run_cancel_late, undo_cancel_late },
    { "do b", run_b, undo_b },
  };

  run (f, steps, G_N_ELEMENTS (steps));
  g_assert_false (f->ok);
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_assert_cmpstr (f->log->str, ==, "acCA");
}

static void
test_cancel_too_late (Fixture *f, gconstpointer data)
{
  static const VireoStep steps[] = {
    { "do a", run_a, undo_a },
    { "do c", run_cancel_late, undo_cancel_late },
  };

  run (f, steps, G_N_ELEMENTS (steps));
  g_assert_no_error (f->error);
  g_assert_true (f->ok);
  g_assert_cmpstr (f->log->str, ==, "ac");
}

static void
test_cancel_before (Fixture *f, gconstpointer data)
{
  static const VireoStep steps[] = { { "do a", run_a, undo_a } };

  g_cancellable_cancel (f->cancellable);
  run (f, steps, G_N_ELEMENTS (steps));
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_assert_cmpstr (f->log->str, ==, "");
}

/* A step sees the sequence's cancellable, and its own word is final. */
static void
test_cancel_inside (Fixture *f, gconstpointer data)
{
  static const VireoStep steps[] = {
    { "do a", run_a, undo_a },
    { "wait", run_wait, undo_b },
  };

  vireo_steps_run_async (steps, G_N_ELEMENTS (steps), f, f->cancellable, done, f);
  while (f->waiting == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_task_get_cancellable (f->waiting) == f->cancellable);
  g_cancellable_cancel (f->cancellable);
  g_assert_true (g_task_return_error_if_cancelled (f->waiting));
  g_object_unref (f->waiting);
  while (!f->called)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_assert_true (g_str_has_prefix (f->error->message, "cannot wait: "));
  g_assert_cmpstr (f->log->str, ==, "awA");
}

/* The callback comes on the context of the caller, from whichever thread a step returns. */
static void
test_context (Fixture *f, gconstpointer data)
{
  static const VireoStep steps[] = { { "do a", run_a, undo_a }, { "do n", run_no_undo, NULL } };
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  vireo_steps_run_async (steps, G_N_ELEMENTS (steps), f, NULL, done, f);
  g_main_context_pop_thread_default (context);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (f->called);
  while (!f->called)
    g_main_context_iteration (context, TRUE);
  g_assert_true (f->ok);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/steps/all-done", test_all_done },
    { "/steps/nothing", test_nothing },
    { "/steps/failure", test_failure },
    { "/steps/cancel-between", test_cancel_between },
    { "/steps/cancel-too-late", test_cancel_too_late },
    { "/steps/cancel-before", test_cancel_before },
    { "/steps/cancel-inside", test_cancel_inside },
    { "/steps/context", test_context },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
