/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-authority.h"
#include "vireo-monitor-watchers.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/**
 * VireoPublisher:
 *
 * Sends signals: InterfacesAdded, InterfacesRemoved, PropertiesChanged and the interfaces' own.
 *
 * On the system bus a signal is never broadcast. Who may hear it is whoever may read the object
 * that it is about, and that is for polkit's rules to say, which are programs: from no number of
 * answers about some users can it be concluded that they say yes to every other. So each signal
 * goes, one by one, to the callers that made themselves known by Subscribe() or
 * GetManagedObjects(), and that may read the object. Match rules of a client are no hindrance: the
 * bus hands it what is addressed to it. A client that subscribed to nothing hears nothing, be it
 * root's.
 *
 * On a session bus, where all are one user, signals are broadcast.
 *
 * Changes of properties are gathered until the main loop's next turn, or until something else is
 * said about the object, or until the call that made them is answered. Each receiver gets all
 * signals in their order, also when polkit has to be asked about one of them.
 */
#define VIREO_TYPE_PUBLISHER (vireo_publisher_get_type ())
G_DECLARE_FINAL_TYPE (VireoPublisher, vireo_publisher, VIREO, PUBLISHER, GObject)

VireoPublisher *vireo_publisher_new (VireoTree *tree, VireoAuthority *authority, gboolean session);

/* Whether @caller would be one more. */
gboolean vireo_publisher_is_new (VireoPublisher *self, VireoCaller *caller);
/* How many of a user there are. */
guint vireo_publisher_count_of (VireoPublisher *self, guint uid);
void vireo_publisher_subscribe (VireoPublisher *self, VireoCaller *caller);
void vireo_publisher_unsubscribe (VireoPublisher *self, VireoCaller *caller);
/* (transfer none): who hears signals that are only for those who asked for them. */
VireoMonitorWatchers *vireo_publisher_get_watchers (VireoPublisher *self);
void vireo_publisher_flush (VireoPublisher *self);

G_END_DECLS
