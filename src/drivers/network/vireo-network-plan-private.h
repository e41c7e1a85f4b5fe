/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a plan is made from a definition; for the files vireo-network-plan-*.c. */

#include "conf/vireo-conf.h"
#include "vireo-network-plan.h"

G_BEGIN_DECLS

typedef struct
{
  const VireoNetworkDef *def;
  VireoNetworkPlan *plan;
  GPtrArray *problems;
} VireoPlanner;

/* What is wrong at @path, which is below /network: the first breaks the format, the second is more
 * than the driver can do. @path is taken over. */
void _vireo_planner_invalid (VireoPlanner *planner, char *path, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void _vireo_planner_unsupported (VireoPlanner *planner, char *path, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

gboolean _vireo_planner_address (VireoPlanner *planner, char *path, const char *text,
                                 VireoIp *ret_ip);

void _vireo_planner_add_ips (VireoPlanner *planner);
void _vireo_planner_add_dhcp (VireoPlanner *planner, const VireoDhcpDef *dhcp, guint number,
                              VireoPlanSubnet *subnet);
void _vireo_planner_add_dns (VireoPlanner *planner);
void _vireo_planner_find_unsupported (VireoPlanner *planner);

/* What a text may be that ends in a line of dnsmasq's files. */
gboolean _vireo_text_is_domain (const char *text);
gboolean _vireo_text_is_host (const char *text);
gboolean _vireo_text_is_label (const char *text);
gboolean _vireo_text_is_line (const char *text, gsize max_length);
gboolean _vireo_text_is_path (const char *text);
gboolean _vireo_text_is_id (const char *text);

G_END_DECLS
