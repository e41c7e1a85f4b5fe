/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a network has done in worker threads. */

#include "vireo-bridge-network.h"

G_BEGIN_DECLS

/**
 * VireoNetworkWork:
 * @plan: (nullable): what the network is made after
 * @paths: where its dnsmasq has its files
 * @bridge: name of its bridge
 * @mac: (nullable): MAC address of its bridge; %NULL when the bridge is not ours
 * @taps: (element-type VireoNetworkTap): devices of guests on it
 * @forget_leases: whether nobody will ask for its guests' addresses again
 *
 * All that a thread may see of a network.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoNetworkPlan *plan;
  const VireoDnsmasqPaths *paths;
  char *bridge;
  char *mac;
  GPtrArray *taps;
  gboolean forget_leases;
} VireoNetworkWork;

typedef gboolean (*VireoNetworkWorkFunc) (const VireoNetworkWork *work, GError **error);

void _vireo_network_work (VireoBridgeNetwork *network, VireoNetworkWorkFunc func, GTask *task);

gboolean _vireo_network_work_check_free (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_create_bridge (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_set_addresses (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_install_rules (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_take_guests_back (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_write_files (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_remove_all (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_check_bridge (const VireoNetworkWork *work, GError **error);
gboolean _vireo_network_work_end_strays (const VireoNetworkWork *work, GError **error);

G_END_DECLS
