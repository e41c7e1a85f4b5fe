/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-network-keeper.h"

G_BEGIN_DECLS

/* Changes @def as @update says, or leaves it in a state to be thrown away. */
gboolean vireo_network_update_apply (const VireoNetworkUpdate *update,
                                     VireoNetworkDef *def,
                                     GError **error);

/* The operation `update`: see #VireoNetworkKeeperClass.update_live. */
void vireo_network_update_run (VireoNetworkKeeper *self,
                               VireoNetworkObj *obj,
                               const VireoNetworkUpdate *update,
                               GTask *task);

G_END_DECLS
