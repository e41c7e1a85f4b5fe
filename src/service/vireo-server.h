/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-authority.h"
#include "vireo-autodestroy.h"
#include "vireo-quotas.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/* What a call on its way needs of the rest of the service. */
typedef struct _VireoServer VireoServer;

VireoTree *vireo_server_get_tree (VireoServer *self);
VireoAuthority *vireo_server_get_authority (VireoServer *self);

VireoQuotas *vireo_server_get_quotas (VireoServer *self);
VireoAutodestroy *vireo_server_get_autodestroy (VireoServer *self);

/* @message: the call */
void vireo_server_call_ended (VireoServer *self, VireoCaller *caller, GDBusMessage *message);
/* Releases a caller that was held, and serves it again. */
void vireo_server_release (VireoServer *self, VireoCaller *caller);
void vireo_server_flush_signals (VireoServer *self);
/* QuotaExceeded when the caller's user has as many subscriptions as they may. */
gboolean vireo_server_subscribe (VireoServer *self, VireoCaller *caller, GError **error);
void vireo_server_unsubscribe (VireoServer *self, VireoCaller *caller);
/* So of the events of the monitors of a connection; see vireo_monitor_watchers_add(). */
gboolean vireo_server_watch_monitors (VireoServer *self,
                                      VireoCaller *caller,
                                      VireoNode *connection,
                                      const char *const *domains,
                                      const char *const *events,
                                      GError **error);
void vireo_server_unwatch_monitors (VireoServer *self, VireoCaller *caller, VireoNode *connection);

/**
 * vireo_server_new:
 * @tree: what is to be on a bus
 * @quotas: (transfer full): what each user may have
 * @session: whether that is a session bus
 * @run_dir: where is written down what the next daemon has to know
 *
 * Returns: (transfer full): the server, which is on no bus yet
 */
VireoServer *vireo_server_new (VireoTree *tree,
                               VireoQuotas *quotas,
                               gboolean session,
                               const char *run_dir);

/**
 * vireo_server_set_connection:
 * @connection: (nullable): the bus to be on
 *
 * Serves the tree on a bus. When it was on one before, whoever called there has left with it: calls
 * that are under way are cancelled as for callers who leave, jobs go on, and nobody is subscribed.
 */
void vireo_server_set_connection (VireoServer *self, GDBusConnection *connection);

/* Has the calls to @prefix, a path, and below it served by @func, which is given @user_data. It
 * calls vireo_server_call_ended() when it answered. */
typedef void (*VireoServeFunc) (VireoCaller *caller, GDBusMessage *message, gpointer user_data);
void vireo_server_set_other (VireoServer *self,
                             const char *prefix,
                             VireoServeFunc func,
                             gpointer user_data);
/* (nullable) */
const char *vireo_server_get_other (VireoServer *self);

/* Calls that are under way must have ended before. */
void vireo_server_free (VireoServer *self);

G_END_DECLS
