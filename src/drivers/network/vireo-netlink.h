/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-network-plan.h"

G_BEGIN_DECLS

/**
 * VireoLink:
 * @index: the kernel's number of the device, greater than 0
 * @master: number of the bridge that it is in, or 0
 * @mtu: largest packet
 * @up: whether it is switched on
 * @kind: such as "bridge" or "tun"; "" for hardware
 * @mac: in lower case with colons; "" when it has none
 *
 * A network device.
 *
 * Since: 0.1
 */
typedef struct
{
  int index;
  int master;
  guint mtu;
  gboolean up;
  char kind[16];
  char mac[18];
} VireoLink;

gboolean vireo_netlink_is_device_name (const char *name);
gboolean vireo_netlink_parse_mac (const char *text, guint8 ret_mac[6]);

/* All of these wait for the kernel, which may be busy for a while with somebody else's request: for
 * worker threads. */
gboolean vireo_netlink_get_link (const char *name, VireoLink *ret_link, GError **error);
gboolean vireo_netlink_create_bridge (const VireoNetworkPlan *plan, GError **error);
gboolean vireo_netlink_delete_link (const char *name, const char *kind, const char *mac,
                                    GError **error);
gboolean vireo_netlink_set_up (const char *name, GError **error);
gboolean vireo_netlink_set_port (const char *name, const char *bridge, const char *mac, guint mtu,
                                 GError **error);
gboolean vireo_netlink_add_address (const char *name, const VireoIp *address, guint prefix,
                                    GError **error);
gboolean vireo_netlink_add_route (const char *name, const VireoPlanRoute *route, GError **error);
gboolean vireo_netlink_check_free (const VireoIp *address, guint prefix, GError **error);
gboolean vireo_netlink_check_ra_routes (GError **error);
gboolean vireo_netlink_write_setting (const char *path, const char *value, GError **error);

int vireo_tap_open (const char *name, gboolean vnet_header, char **ret_name, GError **error);

G_END_DECLS
