/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Devices, addresses and routes, through rtnetlink(7). A request opens a socket of its own: they
 * are few, and nothing is shared between threads. */

#include "vireo-netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/vireo-error.h"

typedef struct nl_sock NlSock;
typedef struct nl_msg NlMsg;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NlSock, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NlMsg, nlmsg_free)

/* libnl's numbers, as ours; the rest are Network. */
static const struct
{
  int number;
  VireoError code;
} codes[] = {
  { NLE_PERM, VIREO_ERROR_ACCESS },
  { NLE_EXIST, VIREO_ERROR_BUSY },
  { NLE_BUSY, VIREO_ERROR_BUSY },
  { NLE_OBJ_NOTFOUND, VIREO_ERROR_MISSING_RESOURCE },
  { NLE_NODEV, VIREO_ERROR_MISSING_RESOURCE },
  { NLE_OPNOTSUPP, VIREO_ERROR_NOT_SUPPORTED },
};

static void
set_nl_error (GError **error, int number, const char *tried)
{
  VireoError code = VIREO_ERROR_NETWORK;

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].number == ABS (number))
      code = codes[i].code;
  g_set_error (error, VIREO_ERROR, code, "%s: %s", tried, nl_geterror (number));
}

static NlSock *
nl_open (GError **error)
{
  g_autoptr (NlSock) sock = nl_socket_alloc ();
  int result = nl_connect (sock, NETLINK_ROUTE);

  if (result < 0)
    {
      set_nl_error (error, result, "cannot open a netlink socket");
      return NULL;
    }
  return g_steal_pointer (&sock);
}

/* Sends a request and waits for what the kernel says to it. @tried takes the error's first half. */
static gboolean
nl_request (NlMsg *msg, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
nl_request (NlMsg *msg, GError **error, const char *format, ...)
{
  g_autoptr (NlSock) sock = nl_open (error);
  g_autofree char *tried = NULL;
  va_list args;
  int result;

  if (sock == NULL)
    return FALSE;
  result = nl_send_auto (sock, msg);
  if (result >= 0)
    result = nl_wait_for_ack (sock);
  if (result >= 0)
    return TRUE;
  va_start (args, format);
  tried = g_strdup_vprintf (format, args);
  va_end (args);
  set_nl_error (error, result, tried);
  return FALSE;
}

/* Sends a request that is answered with messages, and gives each to @each. */
static gboolean
nl_query (NlMsg *msg, nl_recvmsg_msg_cb_t each, gpointer data, const char *tried, GError **error)
{
  g_autoptr (NlSock) sock = nl_open (error);
  int result;

  if (sock == NULL)
    return FALSE;
  nl_socket_modify_cb (sock, NL_CB_VALID, NL_CB_CUSTOM, each, data);
  result = nl_send_auto (sock, msg);
  if (result >= 0)
    result = nl_recvmsgs_default (sock);
  if (result < 0)
    set_nl_error (error, result, tried);
  return result >= 0;
}

/**
 * vireo_netlink_is_device_name:
 * @name: (nullable): a name
 *
 * Tells whether @name can name a device: what the kernel takes, less what means something to others
 * (nftables takes a star for a pattern, dnsmasq a comma for a separator).
 *
 * Returns: %TRUE for 1 to 15 letters, digits, dots, dashes and underscores, the first one a letter,
 *   digit or underscore
 * Since: 0.1
 */
gboolean
vireo_netlink_is_device_name (const char *name)
{
  if (name == NULL || !(g_ascii_isalnum (name[0]) || name[0] == '_')
      || strlen (name) > VIREO_DEVICE_NAME_MAX)
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-", *p) == NULL)
      return FALSE;
  return TRUE;
}

/**
 * vireo_netlink_parse_mac:
 * @text: (nullable): six bytes of one or two hexadecimal digits, with colons
 * @ret_mac: (out): the bytes
 *
 * Returns: whether @text is a MAC address
 * Since: 0.1
 */
gboolean
vireo_netlink_parse_mac (const char *text, guint8 ret_mac[6])
{
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ":", 7);
  guint8 mac[6];

  if (g_strv_length (parts) != 6)
    return FALSE;
  for (guint i = 0; i < 6; i++)
    {
      gsize length = strlen (parts[i]);

      if (length < 1 || length > 2 || strspn (parts[i], "0123456789abcdefABCDEF") != length)
        return FALSE;
      mac[i] = (guint8) strtoul (parts[i], NULL, 16);
    }
  memcpy (ret_mac, mac, sizeof mac);
  return TRUE;
}

static NlMsg *
link_message (int type, int flags, int index, const char *name)
{
  NlMsg *msg = nlmsg_alloc_simple (type, flags);
  struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = index };

  nlmsg_append (msg, &header, sizeof header, NLMSG_ALIGNTO);
  if (name != NULL)
    nla_put_string (msg, IFLA_IFNAME, name);
  return msg;
}

static void
read_kind (struct nlattr *info, VireoLink *link)
{
  struct nlattr *kind = info != NULL ? nla_find (nla_data (info), nla_len (info), IFLA_INFO_KIND)
                                     : NULL;

  if (kind != NULL)
    nla_strlcpy (link->kind, kind, sizeof link->kind);
}

static int
read_link (struct nl_msg *msg, void *data)
{
  VireoLink *link = data;
  struct nlmsghdr *header = nlmsg_hdr (msg);
  struct ifinfomsg *info = nlmsg_data (header);
  struct nlattr *attrs[IFLA_MAX + 1];

  if (header->nlmsg_type != RTM_NEWLINK
      || nlmsg_parse (header, sizeof *info, attrs, IFLA_MAX, NULL) < 0)
    return NL_SKIP;
  link->index = info->ifi_index;
  link->up = (info->ifi_flags & IFF_UP) != 0;
  if (attrs[IFLA_MASTER] != NULL)
    link->master = (int) nla_get_u32 (attrs[IFLA_MASTER]);
  if (attrs[IFLA_MTU] != NULL)
    link->mtu = nla_get_u32 (attrs[IFLA_MTU]);
  if (attrs[IFLA_ADDRESS] != NULL && nla_len (attrs[IFLA_ADDRESS]) == 6)
    {
      const guint8 *mac = nla_data (attrs[IFLA_ADDRESS]);

      g_snprintf (link->mac, sizeof link->mac, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
                  mac[2], mac[3], mac[4], mac[5]);
    }
  read_kind (attrs[IFLA_LINKINFO], link);
  return NL_OK;
}

/**
 * vireo_netlink_get_link:
 * @name: name of a device
 * @ret_link: (out): what it is
 * @error: MissingResource when there is none
 *
 * Returns: whether there is such a device
 * Since: 0.1
 */
gboolean
vireo_netlink_get_link (const char *name, VireoLink *ret_link, GError **error)
{
  g_autoptr (NlMsg) msg = link_message (RTM_GETLINK, 0, 0, name);
  g_autofree char *tried = g_strdup_printf ("cannot look up the device %s", name);
  VireoLink link = { 0 };

  if (!nl_query (msg, read_link, &link, tried, error))
    return FALSE;
  *ret_link = link;
  return TRUE;
}

/**
 * vireo_netlink_create_bridge:
 * @plan: a network whose bridge is ours
 * @error: Busy when a device has the name already
 *
 * Makes the bridge of a network, switched off and without addresses.
 *
 * Returns: whether it was made
 * Since: 0.1
 */
gboolean
vireo_netlink_create_bridge (const VireoNetworkPlan *plan, GError **error)
{
  g_autoptr (NlMsg) msg
      = link_message (RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, plan->bridge);
  struct nlattr *info, *data;
  guint8 mac[6];

  if (plan->mac != NULL && vireo_netlink_parse_mac (plan->mac, mac))
    nla_put (msg, IFLA_ADDRESS, sizeof mac, mac);
  if (plan->mtu != 0)
    nla_put_u32 (msg, IFLA_MTU, plan->mtu);
  info = nla_nest_start (msg, IFLA_LINKINFO);
  nla_put_string (msg, IFLA_INFO_KIND, "bridge");
  data = nla_nest_start (msg, IFLA_INFO_DATA);
  /* The kernel counts hundredths of a second, and applies the delay before it turns STP on, which
   * raises a delay that is too short for STP to 2 s. */
  nla_put_u32 (msg, IFLA_BR_FORWARD_DELAY, plan->delay * 100);
  nla_put_u32 (msg, IFLA_BR_STP_STATE, plan->stp ? 1 : 0);
  nla_nest_end (msg, data);
  nla_nest_end (msg, info);
  return nl_request (msg, error, "cannot create the bridge %s", plan->bridge);
}

/**
 * vireo_netlink_delete_link:
 * @name: name of a device
 * @kind: the kind that it must be of
 * @mac: (nullable): the MAC address that it must have
 * @error: a reason
 *
 * Deletes a device of ours. One that is something else than what we made is left alone: it took the
 * name of ours, which must have gone already.
 *
 * Returns: whether no device of ours is there any more
 * Since: 0.1
 */
gboolean
vireo_netlink_delete_link (const char *name, const char *kind, const char *mac, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (NlMsg) msg = NULL;
  VireoLink link;

  if (!vireo_netlink_get_link (name, &link, &local_error))
    {
      if (g_error_matches (local_error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!g_str_equal (link.kind, kind) || (mac != NULL && g_ascii_strcasecmp (link.mac, mac) != 0))
    return TRUE;
  msg = link_message (RTM_DELLINK, 0, link.index, NULL);
  if (nl_request (msg, &local_error, "cannot delete the device %s", name)
      || g_error_matches (local_error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static NlMsg *
change_message (int index, gboolean up)
{
  NlMsg *msg = nlmsg_alloc_simple (RTM_NEWLINK, 0);
  struct ifinfomsg header = {
    .ifi_family = AF_UNSPEC,
    .ifi_index = index,
    .ifi_flags = up ? IFF_UP : 0,
    .ifi_change = up ? IFF_UP : 0,
  };

  nlmsg_append (msg, &header, sizeof header, NLMSG_ALIGNTO);
  return msg;
}

/**
 * vireo_netlink_set_up:
 * @name: name of a device
 * @error: a reason
 *
 * Switches a device on.
 *
 * Returns: whether it is on
 * Since: 0.1
 */
gboolean
vireo_netlink_set_up (const char *name, GError **error)
{
  g_autoptr (NlMsg) msg = NULL;
  VireoLink link;

  if (!vireo_netlink_get_link (name, &link, error))
    return FALSE;
  msg = change_message (link.index, TRUE);
  return nl_request (msg, error, "cannot switch on the device %s", name);
}

/**
 * vireo_netlink_set_port:
 * @name: name of a device
 * @bridge: name of a bridge
 * @mac: (nullable): MAC address that the device shall have
 * @mtu: largest packet; 0 for the bridge's
 * @error: a reason; ConfigUnsupported when @bridge is not a bridge
 *
 * Puts a device into a bridge and switches it on.
 *
 * Returns: whether it is in the bridge
 * Since: 0.1
 */
gboolean
vireo_netlink_set_port (const char *name, const char *bridge, const char *mac, guint mtu,
                        GError **error)
{
  g_autoptr (NlMsg) prepare = NULL;
  g_autoptr (NlMsg) msg = NULL;
  VireoLink link, master;
  guint8 bytes[6];

  if (!vireo_netlink_get_link (bridge, &master, error)
      || !vireo_netlink_get_link (name, &link, error))
    return FALSE;
  if (!g_str_equal (master.kind, "bridge"))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "the device %s is not a bridge", bridge);
      return FALSE;
    }
  /* Before it is in the bridge: a bridge follows its smallest port. */
  prepare = change_message (link.index, FALSE);
  nla_put_u32 (prepare, IFLA_MTU, mtu != 0 ? mtu : master.mtu);
  if (mac != NULL && vireo_netlink_parse_mac (mac, bytes))
    nla_put (prepare, IFLA_ADDRESS, sizeof bytes, bytes);
  msg = change_message (link.index, TRUE);
  nla_put_u32 (msg, IFLA_MASTER, (guint32) master.index);
  return nl_request (prepare, error, "cannot set up the device %s", name)
         && nl_request (msg, error, "cannot put the device %s into the bridge %s", name, bridge);
}

/**
 * vireo_netlink_add_address:
 * @name: name of a device
 * @address: an address
 * @prefix: length of its network's prefix
 * @error: a reason
 *
 * Gives the host an address on a device. There is no detection of duplicates: on a bridge without
 * ports it would never end, and the network is ours.
 *
 * Returns: whether it has the address
 * Since: 0.1
 */
gboolean
vireo_netlink_add_address (const char *name, const VireoIp *address, guint prefix, GError **error)
{
  g_autoptr (NlMsg) msg = NULL;
  g_autofree char *text = vireo_ip_format (address);
  struct ifaddrmsg header = { .ifa_family = address->family, .ifa_prefixlen = (guint8) prefix };
  VireoLink link;

  if (!vireo_netlink_get_link (name, &link, error))
    return FALSE;
  header.ifa_index = (guint32) link.index;
  if (address->family == AF_INET6)
    header.ifa_flags = IFA_F_NODAD;
  msg = nlmsg_alloc_simple (RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  nlmsg_append (msg, &header, sizeof header, NLMSG_ALIGNTO);
  nla_put (msg, IFA_LOCAL, (int) vireo_ip_size (address), address->bytes);
  nla_put (msg, IFA_ADDRESS, (int) vireo_ip_size (address), address->bytes);
  if (address->family == AF_INET && prefix < 31)
    {
      VireoIp broadcast = vireo_ip_last (address, prefix);

      nla_put (msg, IFA_BROADCAST, 4, broadcast.bytes);
    }
  return nl_request (msg, error, "cannot give the device %s the address %s/%u", name, text, prefix);
}

/**
 * vireo_netlink_add_route:
 * @name: name of a device
 * @route: a route through a machine on its network
 * @error: Busy when there is such a route already
 *
 * Returns: whether it was added
 * Since: 0.1
 */
gboolean
vireo_netlink_add_route (const char *name, const VireoPlanRoute *route, GError **error)
{
  g_autofree char *text = vireo_ip_format_network (&route->network, route->prefix);
  g_autoptr (NlMsg) msg = NULL;
  struct rtmsg header = {
    .rtm_family = route->network.family,
    .rtm_dst_len = (guint8) route->prefix,
    .rtm_table = RT_TABLE_MAIN,
    .rtm_protocol = RTPROT_STATIC,
    .rtm_scope = RT_SCOPE_UNIVERSE,
    .rtm_type = RTN_UNICAST,
  };
  int size = (int) vireo_ip_size (&route->network);
  VireoLink link;

  if (!vireo_netlink_get_link (name, &link, error))
    return FALSE;
  msg = nlmsg_alloc_simple (RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  nlmsg_append (msg, &header, sizeof header, NLMSG_ALIGNTO);
  nla_put (msg, RTA_DST, size, route->network.bytes);
  nla_put (msg, RTA_GATEWAY, size, route->gateway.bytes);
  nla_put_u32 (msg, RTA_OIF, (guint32) link.index);
  if (route->metric != 0)
    nla_put_u32 (msg, RTA_PRIORITY, route->metric);
  return nl_request (msg, error, "cannot add the route to %s", text);
}
