/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-alone.h"

#include <unistd.h>

#include "vireo-error.h"

/* Of one user. More than anybody needs at once, and not so many that they are a load. */
#define MOST_AT_ONCE 64u

typedef struct
{
  guint who;
  guint n_running;
  GQueue waiting; /* of Work */
} User;

typedef struct
{
  GTask *task;
  GTaskThreadFunc func;
  User *user;
} Work;

static GHashTable *users; /* uid -> User, of those for whom something runs */

static User *
find_user (guint who)
{
  User *user;

  if (users == NULL)
    users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  user = g_hash_table_lookup (users, GUINT_TO_POINTER (who));
  if (user != NULL)
    return user;
  user = g_new0 (User, 1);
  user->who = who;
  g_queue_init (&user->waiting);
  g_hash_table_insert (users, GUINT_TO_POINTER (who), user);
  return user;
}

static void begin (Work *work);

static gboolean
on_ended (gpointer data)
{
  User *user = data;
  Work *next = g_queue_pop_head (&user->waiting);

  user->n_running--;
  if (next != NULL)
    begin (next);
  else if (user->n_running == 0)
    g_hash_table_remove (users, GUINT_TO_POINTER (user->who));
  return G_SOURCE_REMOVE;
}

static gpointer
run (gpointer data)
{
  Work *work = data;
  GTask *task = work->task;

  work->func (task, g_task_get_source_object (task), g_task_get_task_data (task),
              g_task_get_cancellable (task));
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, on_ended, work->user, NULL);
  g_object_unref (task);
  g_free (work);
  return NULL;
}

static void
begin (Work *work)
{
  User *user = work->user;
  GError *error = NULL;
  GThread *thread = g_thread_try_new ("vireo-alone", run, work, &error);

  user->n_running++;
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return;
    }
  g_task_return_new_error (work->task, VIREO_ERROR, VIREO_ERROR_BUSY,
                           "there is no thread for it: %s", error->message);
  g_error_free (error);
  g_object_unref (work->task);
  g_free (work);
  g_idle_add (on_ended, user);
}

void
vireo_alone_run (GTask *task, guint who, GTaskThreadFunc func)
{
  User *user = find_user (who);
  Work *work = g_new (Work, 1);

  *work = (Work){ g_object_ref (task), func, user };
  if (user->n_running < MOST_AT_ONCE)
    begin (work);
  else
    g_queue_push_tail (&user->waiting, work);
}

/* ---- with nobody waiting for what was cancelled ---- */

typedef struct
{
  GTask *outer; /* (nullable): until it has returned */
  GSource *cancelled;
  GDestroyNotify free_result;
} Wait;

/* (transfer full) */
static GTask *
stop_waiting (Wait *wait)
{
  if (wait->cancelled != NULL)
    g_source_destroy (wait->cancelled);
  g_clear_pointer (&wait->cancelled, g_source_unref);
  return g_steal_pointer (&wait->outer);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  g_autoptr (GTask) outer = stop_waiting (data);

  g_task_return_error_if_cancelled (outer);
  return G_SOURCE_REMOVE;
}

static void
on_returned (GObject *source, GAsyncResult *result, gpointer data)
{
  Wait *wait = data;
  g_autoptr (GTask) outer = wait->outer != NULL ? stop_waiting (wait) : NULL;
  GError *error = NULL;
  gpointer pointer = g_task_propagate_pointer (G_TASK (result), &error);

  if (outer == NULL)
    {
      g_clear_error (&error);
      if (pointer != NULL)
        wait->free_result (pointer);
    }
  else if (error != NULL)
    g_task_return_error (outer, error);
  else
    g_task_return_pointer (outer, pointer, wait->free_result);
  g_free (wait);
}

void
vireo_alone_run_pointer (GTask *task, guint who, GTaskThreadFunc func, gpointer data,
                         GDestroyNotify free_data, GDestroyNotify free_result)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Wait *wait = g_new0 (Wait, 1);
  g_autoptr (GTask) inner = g_task_new (NULL, cancellable, on_returned, wait);

  g_task_set_check_cancellable (inner, FALSE);
  g_task_set_task_data (inner, data, free_data);
  wait->outer = g_object_ref (task);
  wait->free_result = free_result;
  if (cancellable != NULL)
    {
      wait->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (on_cancelled), wait, NULL);
      g_source_attach (wait->cancelled, NULL);
    }
  vireo_alone_run (inner, who, func);
}

/* ---- closing ---- */

typedef struct
{
  gpointer data;
  GDestroyNotify free_data;
} Drop;

static gpointer
drop (gpointer data)
{
  Drop *self = data;

  self->free_data (self->data);
  g_free (self);
  return NULL;
}

void
vireo_alone_drop (gpointer data, GDestroyNotify free_data)
{
  Drop *self = g_new (Drop, 1);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  *self = (Drop){ data, free_data };
  thread = g_thread_try_new ("vireo-close", drop, self, &error);
  if (thread != NULL)
    g_thread_unref (thread);
  else
    {
      /* Rather than to stand still for it, it is kept. */
      g_warning ("there is no thread to close a file in: %s", error->message);
      g_free (self);
    }
}

static void
close_number (gpointer data)
{
  close (GPOINTER_TO_INT (data));
}

void
vireo_alone_close (int *fd)
{
  if (*fd >= 0)
    vireo_alone_drop (GINT_TO_POINTER (*fd), close_number);
  *fd = -1;
}

void
vireo_alone_close_list (GUnixFDList **fds)
{
  g_autofree int *numbers = NULL;
  int n = 0;

  if (*fds == NULL)
    return;
  numbers = g_unix_fd_list_steal_fds (*fds, &n);
  for (int i = 0; i < n; i++)
    vireo_alone_close (&numbers[i]);
  g_clear_object (fds);
}
