/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ways to the service. */
#include "vireo-client-private.h"

typedef struct
{
  GBusType bus_type; /* G_BUS_TYPE_NONE, which is 0, when it is none of these */
  const char *address;
  const char *host;
  GDBusConnection *bus;
} Where;

#define BUS_FLAGS \
  (G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION)

/* GDBus has no transport that runs a program, so the pipes of ssh become the stream. The end of the
 * stream ends ssh. */
static GIOStream *
start_ssh (const char *host, GError **error)
{
  g_autoptr (GSubprocess) ssh = NULL;
  GIOStream *stream;

  if (host[0] == '-' || host[0] == '\0')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is not a host", host);
      return NULL;
    }
  ssh = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error,
                          "ssh", "-xT", "--", host, "systemd-stdio-bridge", NULL);
  if (ssh == NULL)
    return NULL;
  stream = g_simple_io_stream_new (g_subprocess_get_stdout_pipe (ssh),
                                   g_subprocess_get_stdin_pipe (ssh));
  g_object_set_data_full (G_OBJECT (stream), "ssh", g_steal_pointer (&ssh), g_object_unref);
  return stream;
}

VireoClient *
vireo_client_new_on (GDBusConnection *bus, gboolean owns_bus)
{
  VireoClient *self = g_object_new (VIREO_TYPE_CLIENT, NULL);

  self->bus = g_object_ref (bus);
  self->owns_bus = owns_bus;
  return self;
}

/* From here on the client follows the service; the first answer ends the constructor. */
static void
follow (GTask *task, GDBusConnection *bus, gboolean owns_bus)
{
  g_autoptr (VireoClient) client = vireo_client_new_on (bus, owns_bus);

  vireo_client_open (client, task);
}

static void
bus_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (bus != NULL)
    follow (task, bus, FALSE);
  else
    g_task_return_error (task, error);
}

static void
address_reached (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GDBusConnection) bus = g_dbus_connection_new_for_address_finish (result, &error);

  if (bus != NULL)
    follow (task, bus, TRUE);
  else
    g_task_return_error (task, error);
}

static void
host_reached (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GDBusConnection) bus = g_dbus_connection_new_finish (result, &error);

  if (bus != NULL)
    follow (task, bus, TRUE);
  else
    g_task_return_error (task, error);
}

static void
open_async (const Where *where, gpointer source_tag, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GIOStream) stream = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, source_tag);
  if (where->bus != NULL)
    follow (task, where->bus, FALSE);
  else if (where->address != NULL)
    g_dbus_connection_new_for_address (where->address, BUS_FLAGS, NULL, cancellable,
                                       address_reached, g_object_ref (task));
  else if (where->host == NULL)
    g_bus_get (where->bus_type, cancellable, bus_found, g_object_ref (task));
  else if ((stream = start_ssh (where->host, &error)) != NULL)
    g_dbus_connection_new (stream, NULL, BUS_FLAGS, NULL, cancellable, host_reached,
                           g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static VireoClient *
open_finish (GAsyncResult *result, gpointer source_tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_task_get_source_tag (G_TASK (result)) == source_tag, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static GDBusConnection *
reach_sync (const Where *where, GCancellable *cancellable, GError **error)
{
  g_autoptr (GIOStream) stream = NULL;

  if (where->bus != NULL)
    return g_object_ref (where->bus);
  if (where->address != NULL)
    return g_dbus_connection_new_for_address_sync (where->address, BUS_FLAGS, NULL, cancellable,
                                                   error);
  if (where->host == NULL)
    return g_bus_get_sync (where->bus_type, cancellable, error);
  stream = start_ssh (where->host, error);
  if (stream == NULL)
    return NULL;
  return g_dbus_connection_new_sync (stream, NULL, BUS_FLAGS, NULL, cancellable, error);
}

static VireoClient *
open_sync (const Where *where, GCancellable *cancellable, GError **error)
{
  g_autoptr (VireoClient) client = NULL;
  g_autoptr (GDBusConnection) bus = reach_sync (where, cancellable, error);

  if (bus == NULL)
    return NULL;
  client = vireo_client_new_on (bus, where->address != NULL || where->host != NULL);
  vireo_client_start (client);
  if (!vireo_client_load_sync (client, cancellable, error))
    return NULL;
  return g_steal_pointer (&client);
}

/**
 * vireo_client_new_for_bus_async:
 * @bus_type: %G_BUS_TYPE_SYSTEM, or %G_BUS_TYPE_SESSION for `vireod --session`
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when the objects of the service are there
 * @user_data: for @callback
 *
 * Connects to the service on the system bus or the session bus, starting it when it can be started.
 *
 * That the service is not there is no failure: see [property@Vireo.Client:available].
 *
 * Since: 0.1
 */
void
vireo_client_new_for_bus_async (GBusType bus_type, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  const Where where = { .bus_type = bus_type };

  g_return_if_fail (bus_type == G_BUS_TYPE_SYSTEM || bus_type == G_BUS_TYPE_SESSION);
  open_async (&where, vireo_client_new_for_bus_async, cancellable, callback, user_data);
}

/**
 * vireo_client_new_for_bus_finish:
 * @result: what the callback got
 * @error: an error of GIO when the bus cannot be reached, or of the service when it refuses
 *
 * Ends what [func@Vireo.Client.new_for_bus_async] began.
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_bus_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, vireo_client_new_for_bus_async, error);
}

/**
 * vireo_client_new_for_bus_sync:
 * @bus_type: %G_BUS_TYPE_SYSTEM, or %G_BUS_TYPE_SESSION for `vireod --session`
 * @cancellable: (nullable): cancels it
 * @error: as for [ctor@Vireo.Client.new_for_bus_finish]
 *
 * Connects to the service on the system bus or the session bus, starting it when it can be started.
 * Waits for it, which suits scripts; what has windows takes
 * [func@Vireo.Client.new_for_bus_async].
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_bus_sync (GBusType bus_type, GCancellable *cancellable,
                               GError **error)
{
  const Where where = { .bus_type = bus_type };

  g_return_val_if_fail (bus_type == G_BUS_TYPE_SYSTEM || bus_type == G_BUS_TYPE_SESSION, NULL);
  return open_sync (&where, cancellable, error);
}

/**
 * vireo_client_new_for_address_async:
 * @address: a D-Bus address, such as `unix:path=/run/my-bus`
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when the objects of the service are there
 * @user_data: for @callback
 *
 * Connects to the service on a message bus of one's own, for tests and containers.
 *
 * That the service is not there is no failure: see [property@Vireo.Client:available].
 *
 * Since: 0.1
 */
void
vireo_client_new_for_address_async (const char *address, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  const Where where = { .address = address };

  g_return_if_fail (address != NULL);
  open_async (&where, vireo_client_new_for_address_async, cancellable, callback, user_data);
}

/**
 * vireo_client_new_for_address_finish:
 * @result: what the callback got
 * @error: an error of GIO when the bus cannot be reached, or of the service when it refuses
 *
 * Ends what [func@Vireo.Client.new_for_address_async] began.
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_address_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, vireo_client_new_for_address_async, error);
}

/**
 * vireo_client_new_for_address_sync:
 * @address: a D-Bus address, such as `unix:path=/run/my-bus`
 * @cancellable: (nullable): cancels it
 * @error: as for [ctor@Vireo.Client.new_for_address_finish]
 *
 * Connects to the service on a message bus of one's own, for tests and containers.
 * Waits for it, which suits scripts; what has windows takes
 * [func@Vireo.Client.new_for_address_async].
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_address_sync (const char *address, GCancellable *cancellable,
                                   GError **error)
{
  const Where where = { .address = address };

  g_return_val_if_fail (address != NULL, NULL);
  return open_sync (&where, cancellable, error);
}

/**
 * vireo_client_new_for_host_async:
 * @host: `HOST`, `USER@HOST` or `ssh://USER@HOST:PORT`
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when the objects of the service are there
 * @user_data: for @callback
 *
 * Connects to the service on the system bus of another host. Runs `ssh`, which has to get in
 * without asking or by an agent, and `systemd-stdio-bridge` there.
 *
 * That the service is not there is no failure: see [property@Vireo.Client:available].
 *
 * Since: 0.1
 */
void
vireo_client_new_for_host_async (const char *host, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  const Where where = { .host = host };

  g_return_if_fail (host != NULL);
  open_async (&where, vireo_client_new_for_host_async, cancellable, callback, user_data);
}

/**
 * vireo_client_new_for_host_finish:
 * @result: what the callback got
 * @error: an error of GIO when the bus cannot be reached, or of the service when it refuses
 *
 * Ends what [func@Vireo.Client.new_for_host_async] began.
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_host_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, vireo_client_new_for_host_async, error);
}

/**
 * vireo_client_new_for_host_sync:
 * @host: `HOST`, `USER@HOST` or `ssh://USER@HOST:PORT`
 * @cancellable: (nullable): cancels it
 * @error: as for [ctor@Vireo.Client.new_for_host_finish]
 *
 * Connects to the service on the system bus of another host. Runs `ssh`, which has to get in
 * without asking or by an agent, and `systemd-stdio-bridge` there.
 * Waits for it, which suits scripts; what has windows takes
 * [func@Vireo.Client.new_for_host_async].
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_host_sync (const char *host, GCancellable *cancellable,
                                GError **error)
{
  const Where where = { .host = host };

  g_return_val_if_fail (host != NULL, NULL);
  return open_sync (&where, cancellable, error);
}

/**
 * vireo_client_new_for_dbus_connection_async:
 * @bus: a connection to a message bus
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when the objects of the service are there
 * @user_data: for @callback
 *
 * Uses a connection that the application made.
 *
 * That the service is not there is no failure: see [property@Vireo.Client:available].
 *
 * Since: 0.1
 */
void
vireo_client_new_for_dbus_connection_async (GDBusConnection *bus, GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data)
{
  const Where where = { .bus = bus };

  g_return_if_fail (G_IS_DBUS_CONNECTION (bus));
  open_async (&where, vireo_client_new_for_dbus_connection_async, cancellable, callback, user_data);
}

/**
 * vireo_client_new_for_dbus_connection_finish:
 * @result: what the callback got
 * @error: an error of GIO when the bus cannot be reached, or of the service when it refuses
 *
 * Ends what [func@Vireo.Client.new_for_dbus_connection_async] began.
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_dbus_connection_finish (GAsyncResult *result, GError **error)
{
  return open_finish (result, vireo_client_new_for_dbus_connection_async, error);
}

/**
 * vireo_client_new_for_dbus_connection_sync:
 * @bus: a connection to a message bus
 * @cancellable: (nullable): cancels it
 * @error: as for [ctor@Vireo.Client.new_for_dbus_connection_finish]
 *
 * Uses a connection that the application made.
 * Waits for it, which suits scripts; what has windows takes
 * [func@Vireo.Client.new_for_dbus_connection_async].
 *
 * Returns: (transfer full): a client
 * Since: 0.1
 */
VireoClient *
vireo_client_new_for_dbus_connection_sync (GDBusConnection *bus, GCancellable *cancellable,
                                           GError **error)
{
  const Where where = { .bus = bus };

  g_return_val_if_fail (G_IS_DBUS_CONNECTION (bus), NULL);
  return open_sync (&where, cancellable, error);
}
