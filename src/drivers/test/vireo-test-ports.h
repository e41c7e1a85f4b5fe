/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-network-driver.h"

G_BEGIN_DECLS

/* The operations on ports, as in the interface. */
void vireo_test_create_port (VireoNetworkDriver *driver,
                             VireoNetworkObj *network,
                             const VireoNetworkPortDef *def,
                             guint owner,
                             GTask *task);
void
vireo_test_delete_port (VireoNetworkDriver *driver, VireoNetworkPortObj *port, GTask *task);
void vireo_test_set_port_parameters (VireoNetworkDriver *driver,
                                     VireoNetworkPortObj *port,
                                     GVariant *parameters,
                                     GTask *task);

/* The network is down: it has no ports any more. */
void vireo_test_remove_ports (VireoNetworkObj *network);

G_END_DECLS
