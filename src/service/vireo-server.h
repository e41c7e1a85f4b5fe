/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-authority.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/* What a call on its way needs of the rest of the service. */
typedef struct _VireoServer VireoServer;

GDBusConnection *vireo_server_get_connection (VireoServer *self);
VireoTree *vireo_server_get_tree (VireoServer *self);
VireoAuthority *vireo_server_get_authority (VireoServer *self);

void vireo_server_call_ended (VireoServer *self, VireoCaller *caller);
void vireo_server_flush_signals (VireoServer *self);
void vireo_server_subscribe (VireoServer *self, VireoCaller *caller);
void vireo_server_unsubscribe (VireoServer *self, VireoCaller *caller);

/**
 * vireo_server_new:
 * @connection: the bus
 * @tree: what is on it
 * @session: whether it is a session bus
 *
 * Serves @tree on @connection.
 *
 * Returns: (transfer full): the server
 */
VireoServer *vireo_server_new (GDBusConnection *connection, VireoTree *tree, gboolean session);

/* Has the calls to @prefix, a path, and below it served by @func, which is given @user_data. It
 * calls vireo_server_call_ended() when it answered. */
typedef void (*VireoServeFunc) (VireoCaller *caller, GDBusMessage *message, gpointer user_data);
void vireo_server_set_other (VireoServer *self,
                             const char *prefix,
                             VireoServeFunc func,
                             gpointer user_data);
/* (nullable) */
const char *vireo_server_get_other (VireoServer *self);

/* Takes no more calls. Those that are under way must have ended before it is freed. */
void vireo_server_close (VireoServer *self);
void vireo_server_free (VireoServer *self);

G_END_DECLS
