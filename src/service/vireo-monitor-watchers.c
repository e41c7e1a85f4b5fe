/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-monitor-watchers.h"

#include "drivers/vireo-driver.h"
#include "vireo-receivers.h"

struct _VireoMonitorWatchers
{
  VireoReceivers *receivers;
  GPtrArray *watches; /* Watch */
};

typedef struct
{
  VireoMonitorWatchers *watchers;
  VireoCaller *caller;
  gulong gone_id;
  VireoNode *connection;
  GHashTable *domains; /* (nullable): paths */
  GPtrArray *events;   /* (nullable): GPatternSpec */
} Watch;

/* ---- one ---- */

static void
watch_free (gpointer data)
{
  Watch *self = data;

  g_signal_handler_disconnect (self->caller, self->gone_id);
  g_object_unref (self->caller);
  vireo_node_unref (self->connection);
  g_clear_pointer (&self->domains, g_hash_table_unref);
  g_clear_pointer (&self->events, g_ptr_array_unref);
  g_free (self);
}

static Watch *
find_watch (VireoMonitorWatchers *self, VireoCaller *caller, VireoNode *connection)
{
  for (guint i = 0; i < self->watches->len; i++)
    {
      Watch *watch = self->watches->pdata[i];

      if (watch->caller == caller && (connection == NULL || watch->connection == connection))
        return watch;
    }
  return NULL;
}

static gboolean
watch_matches (const Watch *self, VireoNode *node, const char *event)
{
  if (self->connection != vireo_node_get_connection (node)
      || (self->domains != NULL && !g_hash_table_contains (self->domains, node->path)))
    return FALSE;
  for (guint i = 0; self->events != NULL && i < self->events->len; i++)
    if (g_pattern_spec_match_string (self->events->pdata[i], event))
      return TRUE;
  return self->events == NULL;
}

static gboolean
wants (VireoCaller *caller, VireoNode *node, GVariant *args, gpointer user_data)
{
  VireoMonitorWatchers *self = user_data;
  Watch *watch = find_watch (self, caller, vireo_node_get_connection (node));
  const char *event;

  g_variant_get_child (args, 0, "&s", &event);
  return watch != NULL && watch_matches (watch, node, event);
}

/* ---- all ---- */

/* A driver need not write down what nobody reads. */
static void
tell_driver (VireoMonitorWatchers *self, VireoNode *connection)
{
  VireoDomainDriver *driver
      = vireo_connection_obj_get_domain_driver (VIREO_CONNECTION_OBJ (connection->object));
  gboolean watched = FALSE;

  for (guint i = 0; i < self->watches->len; i++)
    watched |= ((Watch *) self->watches->pdata[i])->connection == connection;
  if (driver != NULL && VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->watch_monitors != NULL)
    VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->watch_monitors (driver, watched);
}

static void
take_out (VireoMonitorWatchers *self, Watch *watch)
{
  g_autoptr (VireoCaller) caller = g_object_ref (watch->caller);
  VireoNode *connection = vireo_node_ref (watch->connection);

  g_ptr_array_remove_fast (self->watches, watch);
  if (find_watch (self, caller, NULL) == NULL)
    vireo_receivers_remove (self->receivers, caller);
  tell_driver (self, connection);
  vireo_node_unref (connection);
}

static void
on_gone (VireoCaller *caller, gpointer user_data)
{
  Watch *watch = user_data;

  take_out (watch->watchers, watch);
}

gboolean
vireo_monitor_watchers_is_new (VireoMonitorWatchers *self,
                               VireoCaller *caller,
                               VireoNode *connection)
{
  return find_watch (self, caller, connection) == NULL;
}

guint
vireo_monitor_watchers_count_of (VireoMonitorWatchers *self, guint uid)
{
  guint n = 0;

  for (guint i = 0; i < self->watches->len; i++)
    n += vireo_caller_get_uid (((Watch *) self->watches->pdata[i])->caller) == uid;
  return n;
}

static GHashTable *
make_set (const char *const *strings)
{
  GHashTable *set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (; *strings != NULL; strings++)
    g_hash_table_add (set, g_strdup (*strings));
  return set;
}

static GPtrArray *
make_patterns (const char *const *strings)
{
  GPtrArray *patterns = g_ptr_array_new_with_free_func ((GDestroyNotify) g_pattern_spec_free);

  for (; *strings != NULL; strings++)
    g_ptr_array_add (patterns, g_pattern_spec_new (*strings));
  return patterns;
}

void
vireo_monitor_watchers_add (VireoMonitorWatchers *self,
                            VireoCaller *caller,
                            VireoNode *connection,
                            const char *const *domains,
                            const char *const *events)
{
  Watch *watch = find_watch (self, caller, connection);

  if (vireo_caller_is_gone (caller))
    return;
  if (watch != NULL)
    g_ptr_array_remove_fast (self->watches, watch);
  watch = g_new0 (Watch, 1);
  watch->watchers = self;
  watch->caller = g_object_ref (caller);
  watch->gone_id = g_signal_connect (caller, "gone", G_CALLBACK (on_gone), watch);
  watch->connection = vireo_node_ref (connection);
  watch->domains = domains != NULL ? make_set (domains) : NULL;
  watch->events = events != NULL ? make_patterns (events) : NULL;
  g_ptr_array_add (self->watches, watch);
  vireo_receivers_add (self->receivers, caller);
  tell_driver (self, connection);
}

void
vireo_monitor_watchers_remove (VireoMonitorWatchers *self,
                               VireoCaller *caller,
                               VireoNode *connection)
{
  Watch *watch = find_watch (self, caller, connection);

  if (watch != NULL)
    take_out (self, watch);
}

void
vireo_monitor_watchers_send (VireoMonitorWatchers *self,
                             VireoNode *node,
                             const char *signal,
                             GVariant *args)
{
  if (self->watches->len > 0)
    vireo_receivers_send (self->receivers, node, node, node->path, node->export->info->name,
                          signal, args);
}

VireoMonitorWatchers *
vireo_monitor_watchers_new (VireoAuthority *authority)
{
  VireoMonitorWatchers *self = g_new0 (VireoMonitorWatchers, 1);

  /* One by one, on a session bus too: a broadcast is not what somebody asked for. */
  self->receivers = vireo_receivers_new (authority, FALSE);
  self->watches = g_ptr_array_new_with_free_func (watch_free);
  vireo_receivers_set_filter (self->receivers, wants, self);
  return self;
}

void
vireo_monitor_watchers_free (VireoMonitorWatchers *self)
{
  g_ptr_array_unref (self->watches);
  g_object_run_dispose (G_OBJECT (self->receivers));
  g_object_unref (self->receivers);
  g_free (self);
}
