/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "drivers/vireo-network-driver.h"
#include "vireo-network-plan.h"

G_BEGIN_DECLS

/* More is not read: a guest must not be able to fill the daemon's memory. */
#define VIREO_DHCP_LEASES_MAX_SIZE (16u * 1024 * 1024)

GPtrArray *vireo_dhcp_leases_parse (const char *text, gsize length, const VireoNetworkPlan *plan,
                                    gint64 now);
GPtrArray *vireo_dhcp_leases_read (const char *path, const VireoNetworkPlan *plan, GError **error);

G_END_DECLS
