/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-bus.h"

#include <string.h>

#include "util/vireo-error.h"
#include "vireo-guard.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

/* For how long calls are served before other sources of the main context have their turn. */
#define BATCH_US 2000

/* Of one sender: calls that are being served at once, that wait, and their size. */
#define MAX_RUNNING 256u
#define MAX_WAITING 4096u
#define MAX_WAITING_BYTES (64u * 1024 * 1024)
/* Of all senders together of whom the bus has not said yet who they are. */
#define MAX_UNKNOWN_BYTES (64u * 1024 * 1024)

/* Of an answer, or of a signal with a long path. */
#define TYPICAL_HEADER 256u

/* D-Bus Specification, "Message Format": after endianness, type, flags, version and the length. */
#define SERIAL_OFFSET 8u
/* A bus that takes nothing for so long is none. */
#define WRITE_TIMEOUT_US (60 * G_USEC_PER_SEC)

struct _VireoBus
{
  GObject parent;

  GDBusConnection *connection;
  VireoQuotas *quotas;
  VireoBusFunc func;
  gpointer user_data;
  VireoBacklog *backlog;
  guint filter_id;
  guint left_id;
  GSource *source;
  GCancellable *cancellable;

  /* Written by GDBus's thread. */
  GMutex lock;
  GQueue incoming;

  GHashTable *senders;
  gsize unknown_bytes;
  GQueue ring; /* (element-type Sender): those whose next call can be served */
};

/* Somebody who called, while on the bus. */
typedef struct
{
  VireoBus *bus;
  VireoCaller *caller;
  gboolean known;
  gboolean in_ring;
  guint n_running;
  GQueue waiting;
  gsize waiting_bytes;
} Sender;

G_DEFINE_TYPE (VireoBus, vireo_bus, G_TYPE_OBJECT)

static gsize
message_size (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);

  return body != NULL ? g_variant_get_size (body) : 0;
}

void
vireo_bus_give_back (VireoQuotas *quotas, VireoCaller *caller, GDBusMessage *message)
{
  guint uid = vireo_caller_get_uid (caller);

  vireo_quotas_give_back (quotas, uid, VIREO_QUOTA_CALLS, 1);
  vireo_quotas_give_back (quotas, uid, VIREO_QUOTA_CALL_MEMORY, message_size (message));
}

static void
sender_free (gpointer data)
{
  Sender *self = data;

  GDBusMessage *message;

  if (self->in_ring)
    g_queue_remove (&self->bus->ring, self);
  if (!self->known)
    self->bus->unknown_bytes -= self->waiting_bytes;
  while ((message = g_queue_pop_head (&self->waiting)) != NULL)
    {
      if (self->known)
        vireo_bus_give_back (self->bus->quotas, self->caller, message);
      g_object_unref (message);
    }
  vireo_caller_set_gone (self->caller);
  g_object_unref (self->caller);
  g_free (self);
}

/* Until a list is made for them, or they have read what was sent. */
static gboolean
is_held (Sender *sender)
{
  return vireo_caller_is_held (sender->caller)
         || vireo_reader_is_behind (vireo_caller_get_reader (sender->caller));
}

static void
enter_ring (Sender *sender)
{
  if (sender->in_ring || !sender->known || sender->n_running >= MAX_RUNNING
      || g_queue_is_empty (&sender->waiting) || is_held (sender))
    return;
  sender->in_ring = TRUE;
  g_queue_push_tail (&sender->bus->ring, sender);
  g_source_set_ready_time (sender->bus->source, 0);
}

/* Who does not even read that gets nothing: the bus lets them have only so many open calls. */
static void
refuse (Sender *sender, GDBusMessage *message, const char *name, const char *text)
{
  g_autoptr (GDBusMessage) reply = NULL;

  if (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED
      || vireo_reader_is_lost (vireo_caller_get_reader (sender->caller)))
    return;
  reply = g_dbus_message_new_method_error_literal (message, name, text);
  vireo_caller_send (sender->caller, reply);
}

static void
refuse_unread (Sender *sender, GDBusMessage *message)
{
  g_autoptr (GError) error = NULL;

  vireo_reader_set_error (vireo_caller_get_reader (sender->caller), &error);
  refuse (sender, message, vireo_error_dbus_name (error), error->message);
}

/* Serves what waits, or refuses it, when that is how it is with their user. */
static void
go_on (Sender *sender)
{
  VireoReader *reader = vireo_caller_get_reader (sender->caller);
  GDBusMessage *message;

  while (vireo_reader_is_refused (reader)
         && (message = g_queue_pop_head (&sender->waiting)) != NULL)
    {
      sender->waiting_bytes -= message_size (message);
      vireo_bus_give_back (sender->bus->quotas, sender->caller, message);
      refuse_unread (sender, message);
      g_object_unref (message);
    }
  enter_ring (sender);
}

/* A user reads again, or does not read at all. */
static void
on_backlog (guint uid, gpointer user_data)
{
  VireoBus *self = user_data;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->senders);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Sender *sender = value;

      if (sender->known && vireo_caller_get_uid (sender->caller) == uid)
        go_on (sender);
    }
}

/* Takes what the call needs of its caller's quotas, or refuses it. */
static gboolean
charge (Sender *sender, GDBusMessage *message)
{
  VireoQuotas *quotas = sender->bus->quotas;
  guint uid = vireo_caller_get_uid (sender->caller);
  g_autoptr (GError) error = NULL;

  if (vireo_quotas_take (quotas, uid, VIREO_QUOTA_CALLS, 1, &error))
    {
      if (vireo_quotas_take (quotas, uid, VIREO_QUOTA_CALL_MEMORY, message_size (message), &error))
        return TRUE;
      vireo_quotas_give_back (quotas, uid, VIREO_QUOTA_CALLS, 1);
    }
  refuse (sender, message, vireo_error_dbus_name (error), error->message);
  return FALSE;
}

/* Whoever the bus has told of has what waits until now on their account. */
static void
become_known (Sender *sender, guint uid)
{
  GQueue waiting = sender->waiting;
  GDBusMessage *message;

  vireo_caller_set_uid (sender->caller, uid);
  sender->bus->unknown_bytes -= sender->waiting_bytes;
  sender->known = TRUE;
  g_queue_init (&sender->waiting);
  sender->waiting_bytes = 0;
  while ((message = g_queue_pop_head (&waiting)) != NULL)
    if (charge (sender, message))
      {
        sender->waiting_bytes += message_size (message);
        g_queue_push_tail (&sender->waiting, message);
      }
    else
      g_object_unref (message);
  go_on (sender);
}

typedef struct
{
  VireoBus *bus;
  char *name;
} Asked;

static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Asked *asked = user_data;
  g_autoptr (VireoBus) self = asked->bus;
  g_autofree char *name = asked->name;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  Sender *sender = g_hash_table_lookup (self->senders, name);
  g_autoptr (GVariant) credentials = NULL;
  GDBusMessage *message;
  guint32 uid;

  g_free (asked);
  if (sender == NULL)
    return;
  if (reply != NULL)
    credentials = g_variant_get_child_value (reply, 0);
  if (credentials != NULL && g_variant_lookup (credentials, "UnixUserID", "u", &uid))
    {
      become_known (sender, uid);
      return;
    }

  /* It left already, or the bus does not say who it is: nobody that anything is done for. */
  while ((message = g_queue_pop_head (&sender->waiting)) != NULL)
    {
      sender->waiting_bytes -= message_size (message);
      self->unknown_bytes -= message_size (message);
      refuse (sender, message, "org.freedesktop.DBus.Error.AccessDenied",
              "the bus does not say who you are");
      g_object_unref (message);
    }
  g_hash_table_remove (self->senders, name);
}

static Sender *
ensure_sender (VireoBus *self, const char *name)
{
  Sender *sender = g_hash_table_lookup (self->senders, name);
  Asked *asked;

  if (sender != NULL)
    return sender;

  sender = g_new0 (Sender, 1);
  sender->bus = self;
  sender->caller = vireo_caller_new (self->connection, self->backlog, name);
  g_queue_init (&sender->waiting);
  g_hash_table_insert (self->senders, (gpointer) vireo_caller_get_name (sender->caller), sender);

  asked = g_new0 (Asked, 1);
  asked->bus = g_object_ref (self);
  asked->name = g_strdup (name);
  g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, BUS_NAME,
                          "GetConnectionCredentials", g_variant_new ("(s)", name),
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable,
                          on_credentials, asked);
  return sender;
}

static void
sort_in (VireoBus *self, GDBusMessage *message)
{
  const char *name = g_dbus_message_get_sender (message);
  Sender *sender;

  if (name == NULL)
    {
      g_object_unref (message);
      return;
    }
  sender = ensure_sender (self, name);
  if (g_dbus_message_get_flags (message) & VIREO_GUARD_UNREADABLE)
    {
      refuse (sender, message, "org.vireo.Vireo1.Error.LimitExceeded",
              "the arguments of the call are nested too deeply to be read");
      g_object_unref (message);
      return;
    }
  if (vireo_reader_is_refused (vireo_caller_get_reader (sender->caller)))
    {
      refuse_unread (sender, message);
      g_object_unref (message);
      return;
    }
  if (sender->waiting.length >= MAX_WAITING
      || sender->waiting_bytes + message_size (message) > MAX_WAITING_BYTES
      || (!sender->known && self->unknown_bytes + message_size (message) > MAX_UNKNOWN_BYTES))
    {
      refuse (sender, message, "org.freedesktop.DBus.Error.LimitsExceeded",
              "too many of your calls wait to be served");
      g_object_unref (message);
      return;
    }
  if (!sender->known)
    self->unknown_bytes += message_size (message);
  else if (!charge (sender, message))
    {
      g_object_unref (message);
      return;
    }
  sender->waiting_bytes += message_size (message);
  g_queue_push_tail (&sender->waiting, message);
  enter_ring (sender);
}

static void
serve_one (VireoBus *self)
{
  Sender *sender = g_queue_pop_head (&self->ring);
  GDBusMessage *message;

  sender->in_ring = FALSE;
  if (g_queue_is_empty (&sender->waiting) || is_held (sender))
    return;
  message = g_queue_pop_head (&sender->waiting);
  sender->waiting_bytes -= message_size (message);
  sender->n_running++;
  enter_ring (sender);
  self->func (sender->caller, message, self->user_data);
}

static gboolean
serve (gpointer user_data)
{
  VireoBus *self = user_data;
  gint64 until = g_get_monotonic_time () + BATCH_US;
  GQueue incoming;
  GDBusMessage *message;

  g_source_set_ready_time (self->source, -1);
  g_mutex_lock (&self->lock);
  incoming = self->incoming;
  g_queue_init (&self->incoming);
  g_mutex_unlock (&self->lock);

  while ((message = g_queue_pop_head (&incoming)) != NULL)
    sort_in (self, message);
  while (!g_queue_is_empty (&self->ring) && g_get_monotonic_time () < until)
    serve_one (self);
  if (!g_queue_is_empty (&self->ring))
    g_source_set_ready_time (self->source, 0);
  return G_SOURCE_CONTINUE;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

static GQuark
blob_quark (void)
{
  return g_quark_from_static_string ("vireo-bus-blob");
}

void
vireo_bus_set_blob (GDBusMessage *message, GBytes *blob)
{
  g_object_set_qdata_full (G_OBJECT (message), blob_quark (), g_bytes_ref (blob),
                           (GDestroyNotify) g_bytes_unref);
}

gsize
vireo_bus_measure (GDBusMessage *message)
{
  GBytes *blob = g_object_get_qdata (G_OBJECT (message), blob_quark ());
  GVariant *body = g_dbus_message_get_body (message);
  gsize size = body != NULL ? g_variant_get_size (body) : 0;

  if (blob != NULL)
    return g_bytes_get_size (blob);
  /* Pieces of containers are aligned there; a text is what it is. */
  if (body != NULL && !g_variant_is_of_type (body, G_VARIANT_TYPE ("(s)")))
    size *= 2;
  return size + TYPICAL_HEADER;
}

static gboolean
write_all (GSocket *socket, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      gssize n
          = g_socket_send_with_blocking (socket, (const char *) data, length, FALSE, NULL, NULL);

      if (n > 0)
        {
          data += n;
          length -= (gsize) n;
        }
      else if (!g_socket_condition_timed_wait (socket, G_IO_OUT, WRITE_TIMEOUT_US, NULL, NULL))
        return FALSE;
    }
  return TRUE;
}

/* In GDBus's thread, which asks for one message after the other when those before it are written:
 * here is the only one who writes. */
static GDBusMessage *
filter_outgoing (GDBusConnection *connection, GDBusMessage *message)
{
  GBytes *blob = g_object_get_qdata (G_OBJECT (message), blob_quark ());
  g_autofree guint8 *data = NULL;
  guint32 serial = g_dbus_message_get_serial (message);
  GSocket *socket;
  gsize length;

  if (blob == NULL)
    return message;
  socket = g_socket_connection_get_socket (
      G_SOCKET_CONNECTION (g_dbus_connection_get_stream (connection)));
  data = g_memdup2 (g_bytes_get_data (blob, &length), SERIAL_OFFSET + sizeof serial);
  memcpy (data + SERIAL_OFFSET, &serial, sizeof serial);
  /* What is written in part is the end of the connection. */
  if (!write_all (socket, data, SERIAL_OFFSET + sizeof serial)
      || !write_all (socket,
                     (const guint8 *) g_bytes_get_data (blob, NULL) + SERIAL_OFFSET + sizeof serial,
                     length - SERIAL_OFFSET - sizeof serial))
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
  g_object_unref (message);
  return NULL;
}

/* In GDBus's thread. */
static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  VireoBus *self = user_data;

  if (!incoming)
    return filter_outgoing (connection, message);
  if (g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->incoming, message);
  g_mutex_unlock (&self->lock);
  g_source_set_ready_time (self->source, 0);
  return NULL;
}

static void
on_name_owner_changed (GDBusConnection *connection,
                       const char *from,
                       const char *path,
                       const char *interface,
                       const char *signal,
                       GVariant *parameters,
                       gpointer user_data)
{
  VireoBus *self = user_data;
  const char *name, *before, *now;

  g_variant_get (parameters, "(&s&s&s)", &name, &before, &now);
  if (name[0] == ':' && now[0] == '\0')
    g_hash_table_remove (self->senders, name);
}

static void
bus_dispose (GObject *object)
{
  vireo_bus_close (VIREO_BUS (object));
  G_OBJECT_CLASS (vireo_bus_parent_class)->dispose (object);
}

static void
bus_finalize (GObject *object)
{
  VireoBus *self = VIREO_BUS (object);

  g_queue_clear_full (&self->incoming, g_object_unref);
  g_hash_table_unref (self->senders);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->connection);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (vireo_bus_parent_class)->finalize (object);
}

static void
vireo_bus_class_init (VireoBusClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bus_dispose;
  G_OBJECT_CLASS (klass)->finalize = bus_finalize;
}

static void
vireo_bus_init (VireoBus *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->incoming);
  g_queue_init (&self->ring);
  self->cancellable = g_cancellable_new ();
  self->senders = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, sender_free);
}

/* GDBus may be in the filter, in its thread, when the filter is removed; it keeps a reference until
 * it is out. */
static void
drop_reference (gpointer self)
{
  g_object_unref (self);
}

/**
 * vireo_bus_new:
 * @connection: the bus
 * @quotas: what each user may have
 * @func: serves calls
 * @user_data: for @func
 *
 * Returns: (transfer full): what hands all calls of @connection to @func
 */
VireoBus *
vireo_bus_new (GDBusConnection *connection,
               VireoQuotas *quotas,
               VireoBusFunc func,
               gpointer user_data)
{
  VireoBus *self = g_object_new (VIREO_TYPE_BUS, NULL);

  self->connection = g_object_ref (connection);
  self->quotas = quotas;
  self->backlog = vireo_backlog_new (connection, quotas, on_backlog, self);
  self->func = func;
  self->user_data = user_data;
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "calls");
  g_source_set_ready_time (self->source, -1);
  g_source_set_callback (self->source, serve, self, NULL);
  g_source_attach (self->source, NULL);
  self->left_id = g_dbus_connection_signal_subscribe (
      connection, BUS_NAME, BUS_NAME, "NameOwnerChanged", BUS_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      on_name_owner_changed, self, NULL);
  self->filter_id
      = g_dbus_connection_add_filter (connection, filter, g_object_ref (self), drop_reference);
  return self;
}

/* A caller on a bus that is gone may have had the same name. */
static Sender *
find_sender (VireoBus *self, VireoCaller *caller)
{
  Sender *sender = g_hash_table_lookup (self->senders, vireo_caller_get_name (caller));

  return sender != NULL && sender->caller == caller ? sender : NULL;
}

/**
 * vireo_bus_call_ended:
 * @caller: whose call it was
 *
 * Makes room for the caller's next call.
 */
void
vireo_bus_call_ended (VireoBus *self, VireoCaller *caller)
{
  Sender *sender = find_sender (self, caller);

  if (sender == NULL)
    return;
  if (sender->n_running > 0)
    sender->n_running--;
  enter_ring (sender);
}

void
vireo_bus_resume (VireoBus *self, VireoCaller *caller)
{
  Sender *sender = find_sender (self, caller);

  if (sender != NULL)
    enter_ring (sender);
}

void
vireo_bus_close (VireoBus *self)
{
  if (self->filter_id == 0)
    return;
  g_cancellable_cancel (self->cancellable);
  g_source_destroy (self->source);
  g_dbus_connection_signal_unsubscribe (self->connection, self->left_id);
  g_dbus_connection_remove_filter (self->connection, self->filter_id);
  self->filter_id = 0;
  g_hash_table_remove_all (self->senders);
  g_clear_pointer (&self->backlog, vireo_backlog_close);
}
