/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-host-interface-driver.h"

G_BEGIN_DECLS

/* (transfer full): a #VireoHostInterfaceDriver over interfaces in memory, with eth1 up. */
VireoHostInterfaceDriver *vireo_test_interfaces_new (void);

G_END_DECLS
