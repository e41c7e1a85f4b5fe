/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-caller.h"

#include "util/vireo-error.h"
#include "vireo-bus.h"

/* What goes at once, whoever it is for. */
#define SHORT_ANSWER (4u * 1024)

struct _VireoCaller
{
  GObject parent;

  GDBusConnection *connection;
  char *name;
  guint uid;
  gboolean gone;
  VireoReader *reader;

  guint n_holds;
  gboolean lets_pass;
  GQueue waiting; /* (element-type GDBusMessage) */
};

G_DEFINE_TYPE (VireoCaller, vireo_caller, G_TYPE_OBJECT)

static guint gone_signal;
static GPtrArray *held;

static void
caller_finalize (GObject *object)
{
  VireoCaller *self = VIREO_CALLER (object);

  g_queue_clear_full (&self->waiting, g_object_unref);
  vireo_reader_free (self->reader);
  g_object_unref (self->connection);
  g_free (self->name);
  G_OBJECT_CLASS (vireo_caller_parent_class)->finalize (object);
}

static void
vireo_caller_class_init (VireoCallerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = caller_finalize;

  gone_signal = g_signal_new ("gone", VIREO_TYPE_CALLER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                              G_TYPE_NONE, 0);
}

static void
vireo_caller_init (VireoCaller *self)
{
  self->uid = (guint) -1;
  g_queue_init (&self->waiting);
}

VireoCaller *
vireo_caller_new (GDBusConnection *connection, VireoBacklog *backlog, const char *name)
{
  VireoCaller *self = g_object_new (VIREO_TYPE_CALLER, NULL);

  self->connection = g_object_ref (connection);
  self->name = g_strdup (name);
  self->reader = vireo_reader_new (backlog, name);
  return self;
}

GDBusConnection *
vireo_caller_get_connection (VireoCaller *self)
{
  return self->connection;
}

const char *
vireo_caller_get_name (VireoCaller *self)
{
  return self->name;
}

guint
vireo_caller_get_uid (VireoCaller *self)
{
  return self->uid;
}

gboolean
vireo_caller_is_gone (VireoCaller *self)
{
  return self->gone;
}

void
vireo_caller_set_uid (VireoCaller *self, guint uid)
{
  self->uid = uid;
  vireo_reader_set_uid (self->reader, uid);
}

void
vireo_caller_set_gone (VireoCaller *self)
{
  if (self->gone)
    return;
  self->gone = TRUE;
  g_queue_clear_full (&self->waiting, g_object_unref);
  vireo_reader_leave (self->reader);
  g_signal_emit (self, gone_signal, 0);
}

VireoReader *
vireo_caller_get_reader (VireoCaller *self)
{
  return self->reader;
}

static void
send_now (VireoCaller *self, GDBusMessage *message)
{
  if (self->n_holds > 0 && !self->lets_pass)
    {
      g_queue_push_tail (&self->waiting, g_object_ref (message));
      return;
    }
  self->lets_pass = FALSE;
  g_dbus_connection_send_message (self->connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                  NULL);
}

void
vireo_caller_send (VireoCaller *self, GDBusMessage *message)
{
  if (self->gone)
    return;
  vireo_reader_sent (self->reader, vireo_bus_measure (message),
                     g_dbus_message_get_num_unix_fds (message));
  send_now (self, message);
}

/* ---- long answers ---- */

typedef struct
{
  VireoCaller *caller;
  GDBusMessage *call;
  GDBusMessage *reply;
} Answer;

static void
refuse_answer (Answer *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusMessage) reply = NULL;

  vireo_reader_set_error (self->caller->reader, &error);
  reply = g_dbus_message_new_method_error_literal (self->call, vireo_error_dbus_name (error),
                                                   error->message);
  vireo_caller_send (self->caller, reply);
}

static void
on_turn (gboolean granted, gpointer user_data)
{
  Answer *self = user_data;

  if (granted && vireo_reader_has_room (self->caller->reader, vireo_bus_measure (self->reply)))
    vireo_caller_send (self->caller, self->reply);
  else
    refuse_answer (self);
  if (granted)
    vireo_reader_end_turn (self->caller->reader);
  g_object_unref (self->caller);
  g_object_unref (self->call);
  g_object_unref (self->reply);
  g_free (self);
}

void
vireo_caller_answer (VireoCaller *self, GDBusMessage *call, GDBusMessage *reply)
{
  gsize size = vireo_bus_measure (reply);
  Answer *answer;

  if (size <= SHORT_ANSWER && g_dbus_message_get_num_unix_fds (reply) == 0)
    {
      vireo_caller_send (self, reply);
      return;
    }
  answer = g_new0 (Answer, 1);
  answer->caller = g_object_ref (self);
  answer->call = g_object_ref (call);
  answer->reply = g_object_ref (reply);
  vireo_reader_take_turn (self->reader, size, on_turn, answer);
}

void
vireo_caller_hold (VireoCaller *self)
{
  if (self->n_holds++ == 0)
    g_ptr_array_add (vireo_callers_get_held (), self);
}

void
vireo_caller_let_pass (VireoCaller *self)
{
  self->lets_pass = TRUE;
}

void
vireo_caller_release (VireoCaller *self)
{
  GDBusMessage *message;

  self->lets_pass = FALSE;
  if (--self->n_holds > 0)
    return;
  g_ptr_array_remove_fast (held, self);
  while ((message = g_queue_pop_head (&self->waiting)) != NULL)
    {
      send_now (self, message);
      g_object_unref (message);
    }
}

guint
vireo_caller_count_waiting (VireoCaller *self)
{
  return self->waiting.length;
}

gboolean
vireo_caller_is_held (VireoCaller *self)
{
  return self->n_holds > 0;
}

GPtrArray *
vireo_callers_get_held (void)
{
  if (held == NULL)
    held = g_ptr_array_new ();
  return held;
}
