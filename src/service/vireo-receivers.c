/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-receivers.h"

#include "vireo-visibility.h"

/* A receiver for which more than this waits, for polkit's answers or the end of a list, or who does
 * not read, has lost track, and is dropped. */
#define MAX_WAITING 65536u

struct _VireoReceivers
{
  GObject parent;

  VireoAuthority *authority;
  gboolean session;
  VireoWantsFunc wants; /* (nullable) */
  gpointer wants_data;

  GHashTable *receivers; /* caller -> Receiver */
};

typedef struct
{
  VireoCaller *caller; /* %NULL for everybody on a session bus */
  gulong gone_id;
  GQueue waiting; /* (element-type Letter) */
  guint n_refs;
  gboolean dropped;
  VireoReceivers *receivers;
} Receiver;

/* A signal to one receiver, who may or may not be allowed to have it. */
typedef struct
{
  GDBusMessage *message;
  Receiver *receiver;
  gboolean decided;
  gboolean allowed;
} Letter;

G_DEFINE_TYPE (VireoReceivers, vireo_receivers, G_TYPE_OBJECT)

static void
letter_free (gpointer data)
{
  Letter *self = data;

  g_object_unref (self->message);
  g_free (self);
}

static void
receiver_unref (gpointer data)
{
  Receiver *self = data;

  if (--self->n_refs > 0)
    return;
  g_clear_object (&self->caller);
  g_free (self);
}

static void
receiver_drop (gpointer data)
{
  Receiver *self = data;

  self->dropped = TRUE;
  if (self->caller != NULL)
    g_signal_handler_disconnect (self->caller, self->gone_id);
  receiver_unref (self);
}

/* ---- sending ---- */

/* Whether the signal says what a list says. */
static gboolean
is_of_lists (GDBusMessage *message)
{
  const char *interface = g_dbus_message_get_interface (message);

  return g_str_equal (interface, "org.freedesktop.DBus.Properties")
         || g_str_equal (interface, "org.freedesktop.DBus.ObjectManager");
}

/* A broadcast does not wait for a list that is being made for somebody, and which may say what was
 * before it: they are told once more, after it. */
static void
tell_held_again (GDBusMessage *message)
{
  GPtrArray *held = vireo_callers_get_held ();

  for (guint i = 0; i < held->len; i++)
    {
      VireoCaller *caller = g_ptr_array_index (held, i);
      g_autoptr (GDBusMessage) copy = g_dbus_message_copy (message, NULL);

      g_dbus_message_set_destination (copy, vireo_caller_get_name (caller));
      vireo_caller_send (caller, copy);
    }
}

static void
send_message (Receiver *receiver, GDBusMessage *message)
{
  GDBusConnection *everybody = vireo_authority_get_connection (receiver->receivers->authority);

  if (receiver->caller != NULL)
    {
      vireo_caller_send (receiver->caller, message);
      return;
    }
  if (everybody == NULL)
    return;
  if (is_of_lists (message))
    tell_held_again (message);
  g_dbus_connection_send_message (everybody, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static void
send_letters (Receiver *receiver)
{
  Letter *letter;

  while ((letter = g_queue_peek_head (&receiver->waiting)) != NULL && letter->decided)
    {
      g_queue_pop_head (&receiver->waiting);
      if (letter->allowed && !receiver->dropped)
        send_message (receiver, letter->message);
      letter_free (letter);
    }
}

static void
on_visible (GPtrArray *nodes, gpointer user_data)
{
  Letter *letter = user_data;
  Receiver *receiver = letter->receiver;

  letter->decided = TRUE;
  /* Both the object that speaks and the one that is spoken of. */
  letter->allowed = nodes->len == 2;
  send_letters (receiver);
  receiver_unref (receiver);
}

static void
post (VireoReceivers *self,
      Receiver *receiver,
      VireoNode *node,
      VireoNode *about,
      const char *path,
      const char *interface,
      const char *signal,
      GVariant *args)
{
  Letter *letter = g_new0 (Letter, 1);
  g_autoptr (GPtrArray) nodes = NULL;

  letter->receiver = receiver;
  letter->message = g_dbus_message_new_signal (path, interface, signal);
  if (args != NULL)
    g_dbus_message_set_body (letter->message, args);
  if (receiver->caller == NULL)
    {
      letter->decided = letter->allowed = TRUE;
      g_queue_push_tail (&receiver->waiting, letter);
      send_letters (receiver);
      return;
    }

  g_dbus_message_set_destination (letter->message, vireo_caller_get_name (receiver->caller));
  g_queue_push_tail (&receiver->waiting, letter);
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  g_ptr_array_add (nodes, vireo_node_ref (node));
  g_ptr_array_add (nodes, vireo_node_ref (about));
  receiver->n_refs++;
  vireo_visibility_filter (self->authority, receiver->caller, nodes, on_visible, letter);
}

static gboolean
keeps_up (Receiver *receiver)
{
  if (receiver->waiting.length >= MAX_WAITING)
    return FALSE;
  return receiver->caller == NULL
         || (vireo_caller_count_waiting (receiver->caller) < MAX_WAITING
             && vireo_reader_keeps_up (vireo_caller_get_reader (receiver->caller)));
}

void
vireo_receivers_send (VireoReceivers *self,
                      VireoNode *node,
                      VireoNode *about,
                      const char *path,
                      const char *interface,
                      const char *signal,
                      GVariant *args)
{
  g_autoptr (GVariant) sunk = args != NULL ? g_variant_ref_sink (args) : NULL;
  g_autoptr (GList) receivers = g_hash_table_get_values (self->receivers);

  for (GList *link = receivers; link != NULL; link = link->next)
    {
      Receiver *receiver = link->data;

      if (self->wants != NULL && !self->wants (receiver->caller, node, sunk, self->wants_data))
        continue;
      if (keeps_up (receiver))
        {
          post (self, receiver, node, about, path, interface, signal, sunk);
          continue;
        }
      g_warning ("%s does not keep up with the signals that it subscribed to, and is dropped",
                 vireo_caller_get_name (receiver->caller));
      g_hash_table_remove (self->receivers, receiver->caller);
    }
}

/* ---- who ---- */

void
vireo_receivers_set_filter (VireoReceivers *self, VireoWantsFunc wants, gpointer user_data)
{
  self->wants = wants;
  self->wants_data = user_data;
}

static void
on_gone (VireoCaller *caller, gpointer user_data)
{
  vireo_receivers_remove (user_data, caller);
}

static void
add_receiver (VireoReceivers *self, VireoCaller *caller)
{
  Receiver *receiver = g_new0 (Receiver, 1);

  receiver->n_refs = 1;
  receiver->receivers = self;
  g_queue_init (&receiver->waiting);
  if (caller != NULL)
    {
      receiver->caller = g_object_ref (caller);
      receiver->gone_id = g_signal_connect (caller, "gone", G_CALLBACK (on_gone), self);
    }
  g_hash_table_insert (self->receivers, caller, receiver);
}

gboolean
vireo_receivers_are_there (VireoReceivers *self)
{
  return g_hash_table_size (self->receivers) > 0;
}

gboolean
vireo_receivers_is_new (VireoReceivers *self, VireoCaller *caller)
{
  return !self->session && !vireo_caller_is_gone (caller)
         && !g_hash_table_contains (self->receivers, caller);
}

guint
vireo_receivers_count_of (VireoReceivers *self, guint uid)
{
  GHashTableIter iter;
  gpointer caller;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->receivers);
  while (g_hash_table_iter_next (&iter, &caller, NULL))
    n += caller != NULL && vireo_caller_get_uid (caller) == uid;
  return n;
}

void
vireo_receivers_add (VireoReceivers *self, VireoCaller *caller)
{
  if (vireo_receivers_is_new (self, caller))
    add_receiver (self, caller);
}

void
vireo_receivers_remove (VireoReceivers *self, VireoCaller *caller)
{
  if (caller != NULL)
    g_hash_table_remove (self->receivers, caller);
}

static void
receivers_dispose (GObject *object)
{
  g_hash_table_remove_all (VIREO_RECEIVERS (object)->receivers);
  G_OBJECT_CLASS (vireo_receivers_parent_class)->dispose (object);
}

static void
receivers_finalize (GObject *object)
{
  VireoReceivers *self = VIREO_RECEIVERS (object);

  g_hash_table_unref (self->receivers);
  g_clear_object (&self->authority);
  G_OBJECT_CLASS (vireo_receivers_parent_class)->finalize (object);
}

static void
vireo_receivers_class_init (VireoReceiversClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = receivers_dispose;
  G_OBJECT_CLASS (klass)->finalize = receivers_finalize;
}

static void
vireo_receivers_init (VireoReceivers *self)
{
  self->receivers = g_hash_table_new_full (NULL, NULL, NULL, receiver_drop);
}

VireoReceivers *
vireo_receivers_new (VireoAuthority *authority, gboolean session)
{
  VireoReceivers *self = g_object_new (VIREO_TYPE_RECEIVERS, NULL);

  self->authority = g_object_ref (authority);
  self->session = session;
  if (session)
    add_receiver (self, NULL);
  return self;
}
