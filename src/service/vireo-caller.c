/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-caller.h"

struct _VireoCaller
{
  GObject parent;

  GDBusConnection *connection;
  char *name;
  guint uid;
  gboolean gone;
};

G_DEFINE_TYPE (VireoCaller, vireo_caller, G_TYPE_OBJECT)

static guint gone_signal;

static void
caller_finalize (GObject *object)
{
  VireoCaller *self = VIREO_CALLER (object);

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
  g_signal_emit (self, gone_signal, 0);
}

void
vireo_caller_send (VireoCaller *self, GDBusMessage *message)
{
  g_dbus_connection_send_message (self->connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                  NULL);
}
