/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireod-bus.h"

#include "libvirt/vireo-libvirt.h"
#include "vireo-guard.h"
#include "vireod-notify.h"

#define BUS_NAME "org.vireo.Vireo1"

/* A connection that lasted for so long is a reason to be back at once when it ends. */
#define LASTED_US (10 * G_USEC_PER_SEC)
#define SHORTEST_DELAY_MS 20
#define LONGEST_DELAY_MS 1000
/* A session whose bus is not back by then has ended. */
#define SESSION_ENDED_US (5 * G_USEC_PER_SEC)
/* A bus that takes connections and says nothing is tried anew. */
#define CONNECT_TIMEOUT_MS 30000

struct _VireodBus
{
  VireoServer *server;
  char *address;
  gboolean session;
  VireodBusFunc func;
  gpointer user_data;
  GDBusConnection *connection;
  GThread *guard; /* (nullable): sends what @connection has written */
  gboolean guarded;
  gint64 connected_at;
  gint64 left_at;
  guint delay_ms;
  guint timer_id;
  GCancellable *connecting;

  gboolean serving;
  gboolean libvirt;
  guint name_id;
  guint libvirt_name_id;
};

VireodBus *
vireod_bus_new (VireoServer *server,
                const char *address,
                gboolean session,
                VireodBusFunc func,
                gpointer user_data,
                GError **error)
{
  GBusType type = session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
  g_autofree char *own
      = address != NULL ? g_strdup (address) : g_dbus_address_get_for_bus_sync (type, NULL, error);
  VireodBus *self;

  if (own == NULL)
    return NULL;
  self = g_new0 (VireodBus, 1);
  self->server = server;
  self->address = g_steal_pointer (&own);
  self->session = session;
  self->func = func;
  self->user_data = user_data;
  return self;
}

/* ---- names ---- */

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  VireodBus *self = user_data;

  self->func (TRUE, self->user_data);
}

/* A connection that ends takes its names with it; that is for on_closed(). */
static gboolean
is_lost_to_somebody (GDBusConnection *connection)
{
  return connection != NULL && !g_dbus_connection_is_closed (connection);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  VireodBus *self = user_data;

  if (!is_lost_to_somebody (connection))
    return;
  g_warning ("the name %s is somebody else's, or may not be ours", name);
  self->func (FALSE, self->user_data);
}

/* It is owned where the bus lets us, which is what installing its policy says, and nobody else is.
 */
static void
on_libvirt_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  if (is_lost_to_somebody (connection))
    g_message ("the name %s is somebody else's, or may not be ours: its clients are not served",
               name);
}

static void
own_names (VireodBus *self)
{
  if (self->libvirt)
    self->libvirt_name_id = g_bus_own_name_on_connection (self->connection, VIREO_LIBVIRT_BUS_NAME,
                                                          G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, NULL,
                                                          on_libvirt_name_lost, self, NULL);
  self->name_id = g_bus_own_name_on_connection (self->connection, BUS_NAME,
                                                G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                                on_name_acquired, on_name_lost, self, NULL);
}

/* ---- connections ---- */

typedef struct
{
  char *address;
  gboolean guarded;
  GDBusConnection *connection;
  GThread *guard;
} Attempt;

static Attempt *
attempt_new (VireodBus *self)
{
  Attempt *attempt = g_new0 (Attempt, 1);

  attempt->address = g_strdup (self->address);
  attempt->guarded = self->guarded;
  return attempt;
}

/* GDBus' worker ends with the last reference to its connection, which calls under way have; the bus
 * is to know now. */
static void
shut_down (GDBusConnection *connection)
{
  GIOStream *stream = g_dbus_connection_get_stream (connection);

  if (G_IS_SOCKET_CONNECTION (stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), TRUE, TRUE,
                       NULL);
}

static void
attempt_free (gpointer data)
{
  Attempt *attempt = data;

  if (attempt->connection != NULL)
    shut_down (attempt->connection);
  g_clear_object (&attempt->connection);
  g_clear_pointer (&attempt->guard, g_thread_unref);
  g_free (attempt->address);
  g_free (attempt);
}

/* Blocks. */
static gboolean
attempt_connect (Attempt *attempt, GCancellable *cancellable, GError **error)
{
  g_autoptr (GIOStream) stream = NULL;

  stream = g_dbus_address_get_stream_sync (attempt->address, NULL, cancellable, error);
  if (stream == NULL)
    return FALSE;
  if (attempt->guarded && G_IS_SOCKET_CONNECTION (stream))
    stream
        = vireo_guard_new (G_SOCKET_CONNECTION (g_steal_pointer (&stream)), &attempt->guard, error);
  if (stream == NULL)
    return FALSE;
  /* A session bus' address has a GUID; GDBus takes one from those who are the server only. */
  attempt->connection
      = g_dbus_connection_new_sync (stream, NULL,
                                    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                        | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                    NULL, cancellable, error);
  return attempt->connection != NULL;
}

static void
on_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer user_data);

/* @attempt: (transfer full) */
static void
take_connection (VireodBus *self, Attempt *attempt)
{
  GDBusConnection *connection = g_steal_pointer (&attempt->connection);

  self->connection = connection;
  self->guard = g_steal_pointer (&attempt->guard);
  attempt_free (attempt);
  self->connected_at = g_get_monotonic_time ();
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  vireo_server_set_connection (self->server, connection);
  if (self->serving)
    own_names (self);
  /* It may have ended before anybody listened. */
  if (g_dbus_connection_is_closed (connection))
    on_closed (connection, TRUE, NULL, self);
}

static void
leave (VireodBus *self)
{
  if (self->name_id != 0)
    g_bus_unown_name (self->name_id);
  if (self->libvirt_name_id != 0)
    g_bus_unown_name (self->libvirt_name_id);
  self->name_id = 0;
  self->libvirt_name_id = 0;
  vireo_server_set_connection (self->server, NULL);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
}

static gboolean
give_up_attempt (gpointer user_data)
{
  VireodBus *self = user_data;

  self->timer_id = 0;
  g_cancellable_cancel (self->connecting);
  return G_SOURCE_REMOVE;
}

static void connect_later (VireodBus *self);

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireodBus *self = user_data;
  g_autoptr (GError) error = NULL;
  Attempt *attempt = g_task_propagate_pointer (G_TASK (result), &error);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_object (&self->connecting);
  if (attempt != NULL)
    {
      g_message ("on the bus again, as %s",
                 g_dbus_connection_get_unique_name (attempt->connection));
      take_connection (self, attempt);
      return;
    }
  g_debug ("cannot connect to the bus: %s", error->message);
  if (self->session && g_get_monotonic_time () - self->left_at >= SESSION_ENDED_US)
    self->func (FALSE, self->user_data);
  else
    connect_later (self);
}

static void
connect_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Attempt *attempt = task_data;
  GError *error = NULL;

  if (attempt_connect (attempt, cancellable, &error))
    g_task_return_pointer (task, attempt, attempt_free);
  else
    {
      attempt_free (attempt);
      g_task_return_error (task, error);
    }
}

static gboolean
connect_now (gpointer user_data)
{
  VireodBus *self = user_data;
  g_autoptr (GTask) task = NULL;

  self->connecting = g_cancellable_new ();
  self->timer_id = g_timeout_add (CONNECT_TIMEOUT_MS, give_up_attempt, self);
  task = g_task_new (NULL, self->connecting, on_connected, self);
  g_task_set_task_data (task, attempt_new (self), NULL);
  g_task_run_in_thread (task, connect_in_thread);
  return G_SOURCE_REMOVE;
}

static void
connect_later (VireodBus *self)
{
  self->timer_id = g_timeout_add (self->delay_ms, connect_now, self);
  self->delay_ms = CLAMP (self->delay_ms * 2, SHORTEST_DELAY_MS, LONGEST_DELAY_MS);
}

static void
on_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer user_data)
{
  VireodBus *self = user_data;

  g_warning ("the bus is gone%s%s; connecting again", error != NULL ? ": " : "",
             error != NULL ? error->message : "");
  vireod_notify ("STATUS=Waiting for the bus");
  /* It is GDBus that left, and not the bus: somebody sends what it cannot read. */
  self->guarded |= !vanished && error != NULL;
  leave (self);
  shut_down (self->connection);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->guard, g_thread_unref);
  self->left_at = g_get_monotonic_time ();
  if (self->left_at - self->connected_at >= LASTED_US)
    self->delay_ms = 0;
  connect_later (self);
}

gboolean
vireod_bus_open (VireodBus *self, GError **error)
{
  Attempt *attempt = attempt_new (self);

  if (!attempt_connect (attempt, NULL, error))
    {
      attempt_free (attempt);
      return FALSE;
    }
  take_connection (self, attempt);
  return TRUE;
}

void
vireod_bus_serve (VireodBus *self, gboolean libvirt)
{
  self->serving = TRUE;
  self->libvirt = libvirt;
  if (self->connection != NULL)
    own_names (self);
}

void
vireod_bus_close (VireodBus *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (self->connecting != NULL)
    g_cancellable_cancel (self->connecting);
  leave (self);
  if (self->connection == NULL || g_dbus_connection_is_closed (self->connection))
    return;
  g_dbus_connection_flush_sync (self->connection, NULL, NULL);
  shut_down (self->connection);
  if (self->guard != NULL)
    g_thread_join (g_steal_pointer (&self->guard));
}
