/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-authority.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/**
 * VireoReceivers:
 *
 * Who gets signals. A signal goes to one receiver after another, each of which may read what it is
 * about, and to each in the order in which signals were sent. On a session bus it goes to
 * everybody: there is one user.
 */
#define VIREO_TYPE_RECEIVERS (vireo_receivers_get_type ())
G_DECLARE_FINAL_TYPE (VireoReceivers, vireo_receivers, VIREO, RECEIVERS, GObject)

VireoReceivers *vireo_receivers_new (VireoAuthority *authority, gboolean session);

/* Whether there is anybody to tell. */
gboolean vireo_receivers_are_there (VireoReceivers *self);
/* Whether @caller would be one more. */
gboolean vireo_receivers_is_new (VireoReceivers *self, VireoCaller *caller);
/* How many of a user there are. */
guint vireo_receivers_count_of (VireoReceivers *self, guint uid);
/* Until it leaves the bus, or is removed. */
void vireo_receivers_add (VireoReceivers *self, VireoCaller *caller);
void vireo_receivers_remove (VireoReceivers *self, VireoCaller *caller);

/* Whether @caller wants a signal that it may have. */
typedef gboolean (*VireoWantsFunc) (VireoCaller *caller,
                                    VireoNode *node,
                                    GVariant *args,
                                    gpointer user_data);
/* Before the first signal; without it all want all. */
void vireo_receivers_set_filter (VireoReceivers *self, VireoWantsFunc wants, gpointer user_data);

/* @node speaks, and speaks of @about; a receiver must be allowed to read both. @args: (nullable):
 * sunk. */
void vireo_receivers_send (VireoReceivers *self,
                           VireoNode *node,
                           VireoNode *about,
                           const char *path,
                           const char *interface,
                           const char *signal,
                           GVariant *args);

G_END_DECLS
