/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the host's routes say before a network is started. */

#include "vireo-netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/vireo-error.h"

typedef struct nl_sock NlSock;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NlSock, nl_socket_free)

typedef struct
{
  VireoIp network;
  guint prefix;
  guint8 protocol;
  gboolean on_link;
  char device[IF_NAMESIZE];
} Route;

static int
read_route (struct nl_msg *msg, void *data)
{
  GArray *routes = data;
  struct nlmsghdr *header = nlmsg_hdr (msg);
  struct rtmsg *info = nlmsg_data (header);
  struct nlattr *attrs[RTA_MAX + 1];
  Route route = { 0 };

  if (header->nlmsg_type != RTM_NEWROUTE
      || nlmsg_parse (header, sizeof *info, attrs, RTA_MAX, NULL) < 0
      || info->rtm_type != RTN_UNICAST || attrs[RTA_OIF] == NULL)
    return NL_SKIP;
  route.network.family = info->rtm_family;
  route.prefix = info->rtm_dst_len;
  route.protocol = info->rtm_protocol;
  route.on_link = attrs[RTA_GATEWAY] == NULL;
  if (attrs[RTA_DST] != NULL)
    nla_memcpy (route.network.bytes, attrs[RTA_DST], (int) vireo_ip_size (&route.network));
  if (if_indextoname (nla_get_u32 (attrs[RTA_OIF]), route.device) == NULL)
    return NL_SKIP;
  g_array_append_val (routes, route);
  return NL_OK;
}

static GArray *
list_routes (int family, GError **error)
{
  g_autoptr (NlSock) sock = nl_socket_alloc ();
  g_autoptr (GArray) routes = g_array_new (FALSE, FALSE, sizeof (Route));
  struct rtmsg header = { .rtm_family = (guint8) family };
  int result = nl_connect (sock, NETLINK_ROUTE);

  nl_socket_modify_cb (sock, NL_CB_VALID, NL_CB_CUSTOM, read_route, routes);
  if (result >= 0)
    result = nl_send_simple (sock, RTM_GETROUTE, NLM_F_DUMP, &header, sizeof header);
  if (result >= 0)
    result = nl_recvmsgs_default (sock);
  if (result >= 0)
    return g_steal_pointer (&routes);
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NETWORK, "cannot read the host's routes: %s",
               nl_geterror (result));
  return NULL;
}

/**
 * vireo_netlink_check_free:
 * @address: an address of a network that is to be used
 * @prefix: length of its prefix
 * @error: Busy, which names the device that is in the way
 *
 * Tells whether the host can reach nothing else at the addresses of a network. A wider route
 * through a gateway does no harm: the network's own is more specific.
 *
 * Returns: whether they are free
 * Since: 0.1
 */
gboolean
vireo_netlink_check_free (const VireoIp *address, guint prefix, GError **error)
{
  g_autoptr (GArray) routes = list_routes (address->family, error);

  for (guint i = 0; routes != NULL && i < routes->len; i++)
    {
      const Route *route = &g_array_index (routes, Route, i);
      g_autofree char *ours = NULL;
      g_autofree char *theirs = NULL;

      if (route->prefix == 0 || (!route->on_link && route->prefix < prefix)
          || !vireo_ip_networks_overlap (address, prefix, &route->network, route->prefix))
        continue;
      ours = vireo_ip_format_network (address, prefix);
      theirs = vireo_ip_format_network (&route->network, route->prefix);
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY,
                   "the network %s is in use by the host's device %s (route to %s)", ours,
                   route->device, theirs);
      return FALSE;
    }
  return routes != NULL;
}

/* The kernel forgets what router advertisements told on a device when it becomes a router, unless
 * accept_ra is 2 there (Documentation/networking/ip-sysctl). */
static gboolean
keeps_ra_routes (const char *device)
{
  g_autofree char *path = g_strdup_printf ("/proc/sys/net/ipv6/conf/%s/accept_ra", device);
  g_autofree char *value = NULL;

  return g_file_get_contents (path, &value, NULL, NULL) && atoi (value) == 2;
}

/**
 * vireo_netlink_check_ra_routes:
 * @error: Network
 *
 * Tells whether the host would lose an IPv6 route by becoming a router.
 *
 * Returns: whether it would lose none
 * Since: 0.1
 */
gboolean
vireo_netlink_check_ra_routes (GError **error)
{
  g_autoptr (GArray) routes = list_routes (AF_INET6, error);

  for (guint i = 0; routes != NULL && i < routes->len; i++)
    {
      const Route *route = &g_array_index (routes, Route, i);

      if (route->protocol != RTPROT_RA || keeps_ra_routes (route->device))
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NETWORK,
                   "cannot pass IPv6 packets on: the host would lose the routes that it learned "
                   "from router advertisements on %s; set net.ipv6.conf.%s.accept_ra to 2",
                   route->device, route->device);
      return FALSE;
    }
  return routes != NULL;
}

/**
 * vireo_netlink_write_setting:
 * @path: a file below /proc/sys/net
 * @value: what to write
 * @error: a reason
 *
 * Changes a setting of the kernel.
 *
 * Returns: whether it was changed
 * Since: 0.1
 */
gboolean
vireo_netlink_write_setting (const char *path, const char *value, GError **error)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gssize written = fd >= 0 ? write (fd, value, strlen (value)) : -1;
  int saved_errno = errno;

  if (fd >= 0)
    close (fd);
  if (written >= 0)
    return TRUE;
  vireo_error_set_errno (error, saved_errno, "cannot write %s to %s", value, path);
  return FALSE;
}
