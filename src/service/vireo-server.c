/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-server.h"

#include <string.h>

#include "vireo-bus.h"
#include "vireo-dispatch.h"
#include "vireo-publisher.h"

struct _VireoServer
{
  VireoTree *tree;
  VireoAuthority *authority;
  VireoQuotas *quotas;
  VireoPublisher *publisher;
  VireoAutodestroy *autodestroy;
  VireoBus *bus;

  const char *other_prefix;
  VireoServeFunc other_func;
  gpointer other_data;
};

static void
on_message (VireoCaller *caller, GDBusMessage *message, gpointer user_data)
{
  VireoServer *self = user_data;
  const char *path = g_dbus_message_get_path (message);
  gsize length = self->other_prefix != NULL ? strlen (self->other_prefix) : 0;

  if (length > 0 && strncmp (path, self->other_prefix, length) == 0
      && (path[length] == '\0' || path[length] == '/'))
    self->other_func (caller, message, self->other_data);
  else
    vireo_dispatch (self, caller, message);
}

VireoServer *
vireo_server_new (VireoTree *tree, VireoQuotas *quotas, gboolean session, const char *run_dir)
{
  VireoServer *self = g_new0 (VireoServer, 1);

  self->tree = g_object_ref (tree);
  self->quotas = quotas;
  self->authority = vireo_authority_new (session);
  self->publisher = vireo_publisher_new (tree, self->authority, session);
  self->autodestroy = vireo_autodestroy_new (tree, run_dir);
  return self;
}

void
vireo_server_set_connection (VireoServer *self, GDBusConnection *connection)
{
  if (self->bus != NULL)
    vireo_bus_close (self->bus);
  g_clear_object (&self->bus);
  vireo_authority_set_connection (self->authority, connection);
  vireo_autodestroy_set_connection (self->autodestroy, connection);
  if (connection != NULL)
    self->bus = vireo_bus_new (connection, self->quotas, on_message, self);
}

void
vireo_server_set_other (VireoServer *self,
                        const char *prefix,
                        VireoServeFunc func,
                        gpointer user_data)
{
  self->other_prefix = prefix;
  self->other_func = func;
  self->other_data = user_data;
}

const char *
vireo_server_get_other (VireoServer *self)
{
  return self->other_prefix;
}

void
vireo_server_free (VireoServer *self)
{
  vireo_server_set_connection (self, NULL);
  vireo_autodestroy_free (self->autodestroy);
  g_object_run_dispose (G_OBJECT (self->publisher));
  g_object_unref (self->publisher);
  g_object_run_dispose (G_OBJECT (self->authority));
  g_object_unref (self->authority);
  g_object_unref (self->tree);
  vireo_quotas_free (self->quotas);
  g_free (self);
}

VireoTree *
vireo_server_get_tree (VireoServer *self)
{
  return self->tree;
}

VireoAuthority *
vireo_server_get_authority (VireoServer *self)
{
  return self->authority;
}

VireoQuotas *
vireo_server_get_quotas (VireoServer *self)
{
  return self->quotas;
}

VireoAutodestroy *
vireo_server_get_autodestroy (VireoServer *self)
{
  return self->autodestroy;
}

void
vireo_server_call_ended (VireoServer *self, VireoCaller *caller, GDBusMessage *message)
{
  vireo_bus_give_back (self->quotas, caller, message);
  if (self->bus != NULL)
    vireo_bus_call_ended (self->bus, caller);
}

void
vireo_server_release (VireoServer *self, VireoCaller *caller)
{
  vireo_caller_release (caller);
  if (self->bus != NULL)
    vireo_bus_resume (self->bus, caller);
}

void
vireo_server_flush_signals (VireoServer *self)
{
  vireo_publisher_flush (self->publisher);
}

/* Whether the caller's user may have one more of what sends them signals. */
static gboolean
check_subscriptions (VireoServer *self, VireoCaller *caller, GError **error)
{
  guint uid = vireo_caller_get_uid (caller);
  guint n = vireo_publisher_count_of (self->publisher, uid)
            + vireo_monitor_watchers_count_of (vireo_publisher_get_watchers (self->publisher), uid);

  return vireo_quotas_check (self->quotas, uid, VIREO_QUOTA_SUBSCRIPTIONS, n + 1, error);
}

gboolean
vireo_server_subscribe (VireoServer *self, VireoCaller *caller, GError **error)
{
  if (vireo_publisher_is_new (self->publisher, caller)
      && !check_subscriptions (self, caller, error))
    return FALSE;
  vireo_publisher_subscribe (self->publisher, caller);
  return TRUE;
}

void
vireo_server_unsubscribe (VireoServer *self, VireoCaller *caller)
{
  vireo_publisher_unsubscribe (self->publisher, caller);
}

gboolean
vireo_server_watch_monitors (VireoServer *self,
                             VireoCaller *caller,
                             VireoNode *connection,
                             const char *const *domains,
                             const char *const *events,
                             GError **error)
{
  VireoMonitorWatchers *watchers = vireo_publisher_get_watchers (self->publisher);

  if (vireo_monitor_watchers_is_new (watchers, caller, connection)
      && !check_subscriptions (self, caller, error))
    return FALSE;
  vireo_monitor_watchers_add (watchers, caller, connection, domains, events);
  return TRUE;
}

void
vireo_server_unwatch_monitors (VireoServer *self, VireoCaller *caller, VireoNode *connection)
{
  vireo_monitor_watchers_remove (vireo_publisher_get_watchers (self->publisher), caller,
                                 connection);
}
