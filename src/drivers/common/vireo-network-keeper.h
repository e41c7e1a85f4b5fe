/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-keeper.h"
#include "drivers/vireo-network-driver.h"

G_BEGIN_DECLS

/**
 * VireoNetworkKeeper:
 *
 * Keeps the definitions of networks, as #VireoDomainKeeper does those of domains. Implements of
 * #VireoNetworkDriver get_networks, define, replace, undefine, set_autostart and reload. A driver
 * that has `update_live` fills in `update` with vireo_network_update_run().
 *
 * Since: 0.1
 */
#define VIREO_TYPE_NETWORK_KEEPER (vireo_network_keeper_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoNetworkKeeper,
                          vireo_network_keeper,
                          VIREO,
                          NETWORK_KEEPER,
                          VireoKeeper)

/**
 * VireoNetworkKeeperClass:
 * @update_live: (nullable): puts @def, which differs in one element, in the place of the live
 *   definition of a network that is up, and has it obeyed. Returns a boolean
 *
 * Since: 0.1
 */
struct _VireoNetworkKeeperClass
{
  VireoKeeperClass parent_class;

  void (*update_live) (VireoNetworkKeeper *self,
                       VireoNetworkObj *obj,
                       const VireoNetworkDef *def,
                       GTask *task);
};

G_END_DECLS
