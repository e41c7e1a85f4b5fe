/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-authority.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/**
 * VireoMonitorWatchers:
 *
 * Who asked to hear what hypervisors' monitors say, of which domains and which events. Others do
 * not hear it, and drivers are told when nobody listens at all. A watch ends when its caller leaves
 * the bus.
 */
typedef struct _VireoMonitorWatchers VireoMonitorWatchers;

VireoMonitorWatchers *vireo_monitor_watchers_new (VireoAuthority *authority);
void vireo_monitor_watchers_free (VireoMonitorWatchers *self);

/* Whether @caller has no watch on the connection yet. */
gboolean vireo_monitor_watchers_is_new (VireoMonitorWatchers *self,
                                        VireoCaller *caller,
                                        VireoNode *connection);
/* How many watches a user has. */
guint vireo_monitor_watchers_count_of (VireoMonitorWatchers *self, guint uid);

/* @domains: (nullable): paths; @events: (nullable): patterns. Replaces the watch that there is. */
void vireo_monitor_watchers_add (VireoMonitorWatchers *self,
                                 VireoCaller *caller,
                                 VireoNode *connection,
                                 const char *const *domains,
                                 const char *const *events);
void vireo_monitor_watchers_remove (VireoMonitorWatchers *self,
                                    VireoCaller *caller,
                                    VireoNode *connection);

/* @args: a tuple of which the first is the name of the event */
void vireo_monitor_watchers_send (VireoMonitorWatchers *self,
                                  VireoNode *node,
                                  const char *signal,
                                  GVariant *args);

G_END_DECLS
