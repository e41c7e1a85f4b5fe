/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-network-obj.h"
#include "util/vireo-store.h"
#include "vireo-dnsmasq.h"
#include "vireo-network-plan.h"
#include "vireo-network-status.h"

G_BEGIN_DECLS

/**
 * VireoBridgeNetwork:
 *
 * A network of this driver, with what it has while it is up.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_BRIDGE_NETWORK (vireo_bridge_network_get_type ())
G_DECLARE_FINAL_TYPE (VireoBridgeNetwork, vireo_bridge_network, VIREO, BRIDGE_NETWORK,
                      VireoNetworkObj)

/**
 * VireoNetworkFolders:
 * @run: status and dnsmasq's files; a reboot clears it
 * @leases: guests' leases; they survive a reboot
 * @status: the store in @run
 *
 * Where the driver keeps its things; shared by all its networks.
 *
 * Since: 0.1
 */
typedef struct
{
  char *run;
  char *leases;
  VireoStore *status;
} VireoNetworkFolders;

void vireo_bridge_network_set_folders (VireoBridgeNetwork *self,
                                       const VireoNetworkFolders *folders);

/* Up and down. All with the network's slot held, and with its live definition set. */
void vireo_bridge_network_bring_up_async (VireoBridgeNetwork *self, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_bridge_network_bring_up_finish (VireoBridgeNetwork *self, GAsyncResult *result,
                                               GError **error);
void vireo_bridge_network_take_down_async (VireoBridgeNetwork *self, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_bridge_network_take_down_finish (VireoBridgeNetwork *self, GAsyncResult *result,
                                                GError **error);

/* After a daemon before us: goes on with a network that is up. */
void vireo_bridge_network_attach_async (VireoBridgeNetwork *self, const VireoNetworkStatus *status,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean vireo_bridge_network_attach_finish (VireoBridgeNetwork *self, GAsyncResult *result,
                                             GError **error);
void vireo_bridge_network_repair_rules (VireoBridgeNetwork *self);

/* While it is up. Takes @task over, which returns a boolean. */
void vireo_bridge_network_update (VireoBridgeNetwork *self, const VireoNetworkDef *def,
                                  GTask *task);

gboolean vireo_bridge_network_is_up (VireoBridgeNetwork *self);
const VireoNetworkPlan *vireo_bridge_network_get_plan (VireoBridgeNetwork *self);
void vireo_bridge_network_get_leases (VireoBridgeNetwork *self, GTask *task);

/* The guests' devices. */
void vireo_bridge_network_add_tap (VireoBridgeNetwork *self, VireoNetworkTap *tap);
VireoNetworkTap *vireo_bridge_network_steal_tap (VireoBridgeNetwork *self, const char *device);
gboolean vireo_bridge_network_has_tap (VireoBridgeNetwork *self, const char *device);
void vireo_bridge_network_save_async (VireoBridgeNetwork *self, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_bridge_network_save_finish (VireoBridgeNetwork *self, GAsyncResult *result,
                                           GError **error);

G_END_DECLS
