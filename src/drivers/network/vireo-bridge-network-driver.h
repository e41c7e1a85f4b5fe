/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-network-keeper.h"
#include "drivers/vireo-driver.h"

G_BEGIN_DECLS

/**
 * VireoBridgeNetworkDriver:
 *
 * Networks of this host, on bridges. It has no hypervisor: connections whose domains run here have
 * it as their part for networks.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_BRIDGE_NETWORK_DRIVER (vireo_bridge_network_driver_get_type ())
G_DECLARE_FINAL_TYPE (VireoBridgeNetworkDriver, vireo_bridge_network_driver, VIREO,
                      BRIDGE_NETWORK_DRIVER, VireoNetworkKeeper)

VireoNetworkDriver *vireo_bridge_network_driver_new (const VireoEnv *env);

void vireo_bridge_network_driver_load_async (VireoNetworkDriver *driver, GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_bridge_network_driver_load_finish (VireoNetworkDriver *driver, GAsyncResult *result,
                                                  GError **error);

G_END_DECLS
