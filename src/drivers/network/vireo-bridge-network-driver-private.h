/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the driver share. */

#include "vireo-bridge-network-driver.h"
#include "vireo-bridge-network.h"

G_BEGIN_DECLS

struct _VireoBridgeNetworkDriver
{
  VireoNetworkKeeper parent_instance;

  VireoNetworkFolders folders;
  /* The guests' devices that are in bridges of nobody's network: VireoNetworkTap by device. */
  GHashTable *bridge_taps;
  guint next_tap;
};

/* With the network's slot held. The first makes the definition ready; the second has the live one
 * set already. Both tell what happened. */
void _vireo_bridge_networks_start_async (VireoBridgeNetworkDriver *self,
                                         VireoBridgeNetwork *network, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
void _vireo_bridge_networks_start_live_async (VireoBridgeNetworkDriver *self,
                                              VireoBridgeNetwork *network,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
gboolean _vireo_bridge_networks_start_finish (VireoBridgeNetworkDriver *self, GAsyncResult *result,
                                              GError **error);

/* The network is down: tells it, and drops its live definition. */
void _vireo_bridge_networks_is_down (VireoBridgeNetworkDriver *self, VireoBridgeNetwork *network,
                                     const char *reason);

/* Chooses the name and the MAC address of the bridge if @def has none. */
gboolean _vireo_bridge_networks_choose (VireoKeeper *keeper, VireoObj *obj, gpointer def,
                                        GError **error);

void _vireo_bridge_networks_plug (VireoNetworkDriver *driver, const VireoNetworkPlug *plug,
                                  GTask *task);
void _vireo_bridge_networks_unplug (VireoNetworkDriver *driver, const char *device);

G_END_DECLS
