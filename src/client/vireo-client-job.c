/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a job over restarts of the service, which has it at the same path then. */
#include "vireo-client-private.h"

typedef struct
{
  char *path;
  gulong available_id;
  gulong closed_id;
  GSource *cancelled;
} Wait;

static void
wait_free (gpointer data)
{
  Wait *wait = data;

  g_clear_pointer (&wait->cancelled, g_source_unref);
  g_free (wait->path);
  g_free (wait);
}

static void ask (GTask *task);

/* ---- while the service is not there ---- */

static void
stop_listening (GTask *task)
{
  VireoClient *client = g_task_get_source_object (task);
  Wait *wait = g_task_get_task_data (task);

  g_clear_signal_handler (&wait->available_id, client);
  g_clear_signal_handler (&wait->closed_id, client);
  if (wait->cancelled != NULL)
    g_source_destroy (wait->cancelled);
  g_clear_pointer (&wait->cancelled, g_source_unref);
}

static void
on_available (VireoClient *client, GParamSpec *pspec, gpointer user_data)
{
  if (!client->is_available)
    return;
  stop_listening (user_data);
  ask (user_data);
}

static void
on_closed (VireoClient *client, const char *why, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  stop_listening (task);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "the bus is gone: %s", why);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  stop_listening (task);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* Takes @task. */
static void
wait_until_it_is_back (GTask *task)
{
  VireoClient *client = g_task_get_source_object (task);
  Wait *wait = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (client->is_available)
    {
      ask (task);
      return;
    }
  wait->available_id
      = g_signal_connect (client, "notify::available", G_CALLBACK (on_available), task);
  wait->closed_id = g_signal_connect (client, "closed", G_CALLBACK (on_closed), task);
  if (cancellable == NULL)
    return;
  wait->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (on_cancelled), task, NULL);
  g_source_attach (wait->cancelled, g_task_get_context (task));
}

/* ---- while it is ---- */

/* The bus tells of a service that went before it answers in its place: when it says that nobody has
 * the name, we know that, or know already of the next one. */
static gboolean
is_gone (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL && is_gone (error))
    {
      g_error_free (error);
      wait_until_it_is_back (task);
      return;
    }
  /* It went while it waited with us. */
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    {
      g_error_free (error);
      ask (task);
      return;
    }
  if (reply != NULL)
    g_task_return_boolean (task, TRUE);
  else
    {
      g_dbus_error_strip_remote_error (error);
      g_task_return_error (task, error);
    }
  g_object_unref (task);
}

/* Takes @task. */
static void
ask (GTask *task)
{
  VireoClient *client = g_task_get_source_object (task);
  const Wait *wait = g_task_get_task_data (task);

  if (client->bus == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "the client is closed");
      g_object_unref (task);
      return;
    }
  g_dbus_connection_call (client->bus, VIREO_BUS_NAME, wait->path, "org.vireo.Vireo1.Job", "Wait",
                          g_variant_new ("(a{sv})", NULL), G_VARIANT_TYPE_UNIT,
                          G_DBUS_CALL_FLAGS_NONE, VIREO_NO_TIMEOUT, g_task_get_cancellable (task),
                          on_answer, task);
}

/**
 * vireo_client_wait_for_job_async:
 * @self: a client
 * @path: the path of a job
 * @cancellable: (nullable): to stop waiting; the job goes on
 * @callback: (scope async): called when the job has ended
 * @user_data: for @callback
 *
 * Waits until a job has ended, also when the service is restarted meanwhile: it has the job at the
 * same path then, going on or with how it ended. Where [method@Vireo.Job.wait_async] ends when the
 * service does, this one goes on waiting until there is one again.
 *
 * Since: 0.1
 */
void
vireo_client_wait_for_job_async (VireoClient *self, const char *path, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  Wait *wait;

  g_return_if_fail (VIREO_IS_CLIENT (self));
  g_return_if_fail (g_variant_is_object_path (path));
  task = g_task_new (self, cancellable, callback, user_data);
  wait = g_new0 (Wait, 1);
  g_task_set_source_tag (task, vireo_client_wait_for_job_async);
  wait->path = g_strdup (path);
  g_task_set_task_data (task, wait, wait_free);
  ask (task);
}

/**
 * vireo_client_wait_for_job_finish:
 * @self: a client
 * @result: what the callback got
 * @error: with what the job ended, such as %VIREO_ERROR_INTERRUPTED when it could not go on without
 *   the service; %VIREO_ERROR_UNKNOWN_OBJECT when nothing is known of it, or the caller may not;
 *   %G_IO_ERROR_CANCELLED; %G_IO_ERROR_CLOSED when the bus is gone
 *
 * Ends what [method@Vireo.Client.wait_for_job_async] began.
 *
 * Returns: whether the job did what it was for
 * Since: 0.1
 */
gboolean
vireo_client_wait_for_job_finish (VireoClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
