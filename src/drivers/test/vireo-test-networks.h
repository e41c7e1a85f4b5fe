/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-network-keeper.h"

G_BEGIN_DECLS

/* The networks of the test driver. */
#define VIREO_TYPE_TEST_NETWORKS (vireo_test_networks_get_type ())
G_DECLARE_FINAL_TYPE (VireoTestNetworks,
                      vireo_test_networks,
                      VIREO,
                      TEST_NETWORKS,
                      VireoNetworkKeeper)

/* @domains: those whose interfaces have leases. */
VireoTestNetworks *vireo_test_networks_new (const char *state_dir, VireoObjList *domains);

/* Makes the inactive network active, without waiting for anything. */
void vireo_test_networks_run (VireoTestNetworks *self, VireoNetworkObj *obj);

G_END_DECLS
