/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "vireo-dnsmasq-config.h"

G_BEGIN_DECLS

/**
 * VireoDnsmasq:
 *
 * A network's dnsmasq process. It outlives the daemon, so it is no child of it, and is known by its
 * number together with the time when it started. The signal `exited` says that it ended and was
 * not asked to.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_DNSMASQ (vireo_dnsmasq_get_type ())
G_DECLARE_FINAL_TYPE (VireoDnsmasq, vireo_dnsmasq, VIREO, DNSMASQ, GObject)

VireoDnsmasq *vireo_dnsmasq_new (const VireoDnsmasqPaths *paths);

void vireo_dnsmasq_start_async (VireoDnsmasq *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_dnsmasq_start_finish (VireoDnsmasq *self, GAsyncResult *result, GError **error);

gboolean vireo_dnsmasq_attach (VireoDnsmasq *self, int pid, guint64 start_time);
void vireo_dnsmasq_stop_async (VireoDnsmasq *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_dnsmasq_stop_finish (VireoDnsmasq *self, GAsyncResult *result, GError **error);
void vireo_dnsmasq_reload (VireoDnsmasq *self);

gboolean vireo_dnsmasq_is_running (VireoDnsmasq *self);
int vireo_dnsmasq_get_pid (VireoDnsmasq *self);
guint64 vireo_dnsmasq_get_start_time (VireoDnsmasq *self);

gboolean vireo_dnsmasq_kill_strays (const VireoDnsmasqPaths *paths, GError **error);

G_END_DECLS
