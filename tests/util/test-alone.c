/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "util/vireo-alone.h"

#define MOST_AT_ONCE 64
#define SOMEBODY 1000u
#define ANOTHER 1001u

/* A door that threads wait at. */
static GMutex mutex;
static GCond cond;
static gboolean open_door;
static int n_waiting;

static void
set_door (gboolean is_open)
{
  g_mutex_lock (&mutex);
  open_door = is_open;
  g_cond_broadcast (&cond);
  g_mutex_unlock (&mutex);
}

static void
wait_at_door (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_mutex_lock (&mutex);
  n_waiting++;
  while (!open_door)
    g_cond_wait (&cond, &mutex);
  n_waiting--;
  g_mutex_unlock (&mutex);
  g_task_return_pointer (task, g_strdup ("through"), g_free);
}

static int
count_waiting (void)
{
  int n;

  g_mutex_lock (&mutex);
  n = n_waiting;
  g_mutex_unlock (&mutex);
  return n;
}

typedef struct
{
  guint done;
  guint cancelled;
} Outcome;

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_task_propagate_pointer (G_TASK (result), &error);

  outcome->done++;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    outcome->cancelled++;
  else
    g_assert_cmpstr (text, ==, "through");
}

static void
begin (guint who, Outcome *outcome)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_done, outcome);

  vireo_alone_run (task, who, wait_at_door);
}

static void
run_until (guint n, const Outcome *outcome)
{
  while (outcome->done < n)
    g_main_context_iteration (NULL, TRUE);
}

/* One user's threads that do not come back are no matter of another's, and not without end. */
static void
test_users (void)
{
  Outcome theirs = { 0 }, others = { 0 };

  set_door (FALSE);
  for (guint i = 0; i < 2 * MOST_AT_ONCE; i++)
    begin (SOMEBODY, &theirs);
  while (count_waiting () < MOST_AT_ONCE)
    g_thread_yield ();
  begin (ANOTHER, &others);
  while (count_waiting () < MOST_AT_ONCE + 1)
    g_thread_yield ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (count_waiting (), ==, MOST_AT_ONCE + 1);
  g_assert_cmpuint (theirs.done + others.done, ==, 0);
  set_door (TRUE);
  run_until (1, &others);
  run_until (2 * MOST_AT_ONCE, &theirs);
}

static void
set_freed (gpointer data)
{
  g_atomic_int_set ((int *) data, TRUE);
}

/* Who cancels has the answer at once, and what the thread uses stays until it is back. */
static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };
  int freed = FALSE;

  for (guint before = 0; before < 2; before++)
    {
      g_autoptr (GTask) task = g_task_new (NULL, cancellable, on_done, &outcome);

      freed = FALSE;
      set_door (FALSE);
      vireo_alone_run_pointer (task, SOMEBODY, wait_at_door, &freed, set_freed, g_free);
      g_cancellable_cancel (cancellable);
      run_until (before + 1, &outcome);
      g_assert_cmpuint (outcome.cancelled, ==, before + 1);
      g_assert_false (g_atomic_int_get (&freed));
      set_door (TRUE);
      while (!g_atomic_int_get (&freed))
        g_main_context_iteration (NULL, FALSE);
    }
}

static void
test_close (void)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  int ends[2];
  char byte;

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (g_unix_fd_list_append (list, ends[1], NULL), >=, 0);
  vireo_alone_close (&ends[1]);
  g_assert_cmpint (ends[1], ==, -1);
  vireo_alone_close (&ends[1]);
  vireo_alone_close_list (&list);
  g_assert_null (list);
  /* That nobody has the other end any more. */
  g_assert_cmpint ((int) read (ends[0], &byte, 1), ==, 0);
  close (ends[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alone/users", test_users);
  g_test_add_func ("/alone/cancel", test_cancel);
  g_test_add_func ("/alone/close", test_close);
  return g_test_run ();
}
