/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VireoIp:
 * @family: AF_INET or AF_INET6; 0 for none
 * @bytes: the address in network order; an IPv4 address has the first four
 *
 * An address as a value: what was text in a definition is turned into this once, so that no text
 * that a caller wrote ever reaches the kernel, nftables or dnsmasq.
 *
 * Since: 0.1
 */
typedef struct
{
  guint8 family;
  guint8 bytes[16];
} VireoIp;

gboolean vireo_ip_parse (const char *text, VireoIp *ret_ip);
char *vireo_ip_format (const VireoIp *ip);
char *vireo_ip_format_network (const VireoIp *ip, guint prefix);
char *vireo_ip_format_netmask (const VireoIp *ip, guint prefix);

guint vireo_ip_bits (const VireoIp *ip);
gsize vireo_ip_size (const VireoIp *ip);
gboolean vireo_ip_equal (const VireoIp *a, const VireoIp *b);
int vireo_ip_compare (const VireoIp *a, const VireoIp *b);

VireoIp vireo_ip_network (const VireoIp *ip, guint prefix);
VireoIp vireo_ip_last (const VireoIp *ip, guint prefix);
gboolean vireo_ip_in_network (const VireoIp *ip, const VireoIp *network, guint prefix);
gboolean vireo_ip_networks_overlap (const VireoIp *a, guint a_prefix, const VireoIp *b,
                                    guint b_prefix);
guint64 vireo_ip_range_size (const VireoIp *start, const VireoIp *end);

int vireo_ip_netmask_to_prefix (const VireoIp *netmask);
guint vireo_ip_class_prefix (const VireoIp *ip);
gboolean vireo_ip_is_host (const VireoIp *ip);

G_END_DECLS
