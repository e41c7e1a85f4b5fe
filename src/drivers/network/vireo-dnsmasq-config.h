/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-network-plan.h"

G_BEGIN_DECLS

/**
 * VireoDnsmasqPaths:
 * @folder: (transfer full): folder of the files below, but for @leases
 * @config: configuration
 * @hosts: hosts with fixed addresses, for DHCP
 * @names: names of addresses, for DNS
 * @pid: dnsmasq's process number
 * @leases: leases; they survive a reboot
 *
 * Where a network's dnsmasq has its files.
 *
 * Since: 0.1
 */
typedef struct
{
  char *folder;
  char *config;
  char *hosts;
  char *names;
  char *pid;
  char *leases;
} VireoDnsmasqPaths;

VireoDnsmasqPaths *vireo_dnsmasq_paths_new (const char *run_dir, const char *state_dir,
                                            const char *uuid);
void vireo_dnsmasq_paths_free (VireoDnsmasqPaths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoDnsmasqPaths, vireo_dnsmasq_paths_free)

char *vireo_dnsmasq_config (const VireoNetworkPlan *plan, const VireoDnsmasqPaths *paths,
                            const char *user);
char *vireo_dnsmasq_hosts (const VireoNetworkPlan *plan);
char *vireo_dnsmasq_names (const VireoNetworkPlan *plan);

gboolean vireo_dnsmasq_write_files (const VireoNetworkPlan *plan, const VireoDnsmasqPaths *paths,
                                    GError **error);
void vireo_dnsmasq_remove_files (const VireoDnsmasqPaths *paths, gboolean leases);

G_END_DECLS
