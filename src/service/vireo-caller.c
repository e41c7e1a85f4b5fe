/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-caller.h"

struct _VireoCaller
{
  GObject parent;

  GDBusConnection *connection;
  char *name;
  guint uid;
  gboolean gone;

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
vireo_caller_new (GDBusConnection *connection, const char *name)
{
  VireoCaller *self = g_object_new (VIREO_TYPE_CALLER, NULL);

  self->connection = g_object_ref (connection);
  self->name = g_strdup (name);
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
}

void
vireo_caller_set_gone (VireoCaller *self)
{
  if (self->gone)
    return;
  self->gone = TRUE;
  g_queue_clear_full (&self->waiting, g_object_unref);
  g_signal_emit (self, gone_signal, 0);
}

void
vireo_caller_send (VireoCaller *self, GDBusMessage *message)
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
      vireo_caller_send (self, message);
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
