/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-network-plan.h"

G_BEGIN_DECLS

/* The nftables commands, each text one transaction. */
char *vireo_firewall_rules_install (const VireoNetworkPlan *plan);
char *vireo_firewall_rules_remove (const char *bridge);

/* These wait for the kernel: for worker threads. */
gboolean vireo_firewall_install (const VireoNetworkPlan *plan, GError **error);
gboolean vireo_firewall_remove (const char *bridge, GError **error);
gboolean vireo_firewall_enable_forwarding (const VireoNetworkPlan *plan, GPtrArray *ret_changed,
                                           GError **error);

G_END_DECLS
