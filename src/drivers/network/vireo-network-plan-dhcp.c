/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* <dhcp> of a definition. */

#include <sys/socket.h>

#include "vireo-netlink.h"
#include "vireo-network-plan-private.h"

/* Paths are "ip[NUMBER]/dhcp/…". */
#define DHCP "ip[%u]/dhcp/"

static const gint64 unit_seconds[] = {
  [VIREO_LEASE_UNIT_SECONDS] = 1,
  [VIREO_LEASE_UNIT_MINUTES] = 60,
  [VIREO_LEASE_UNIT_HOURS] = 3600,
};

static gint64
lease_time (const VireoDhcpLeaseTimeDef *def)
{
  return def != NULL ? def->expiry * unit_seconds[vireo_dhcp_lease_time_def_get_unit (def)] : -1;
}

/* Whether @ip can be a guest's: in the network, and neither its first nor its last address, nor the
 * host's. IPv6 has no broadcast address, and its first address is the routers'. */
static gboolean
is_for_guests (const VireoPlanSubnet *subnet, const VireoIp *ip)
{
  VireoIp first = vireo_ip_network (&subnet->address, subnet->prefix);
  VireoIp last = vireo_ip_last (&subnet->address, subnet->prefix);

  if (!vireo_ip_in_network (ip, &subnet->address, subnet->prefix)
      || vireo_ip_equal (ip, &subnet->address) || vireo_ip_equal (ip, &first))
    return FALSE;
  return ip->family == AF_INET6 || !vireo_ip_equal (ip, &last);
}

/* One end of a range. The host's own address may be in a range: dnsmasq leaves it out. */
static gboolean
read_end (VireoPlanner *planner, char *path, const VireoPlanSubnet *subnet, const char *text,
          VireoIp *ret_ip)
{
  g_autofree char *owned = path;
  g_autofree char *network = vireo_ip_format_network (&subnet->address, subnet->prefix);
  VireoIp ip;

  if (!_vireo_planner_address (planner, g_strdup (path), text, &ip))
    return FALSE;
  if (!is_for_guests (subnet, &ip) && !vireo_ip_equal (&ip, &subnet->address))
    {
      _vireo_planner_invalid (planner, g_steal_pointer (&owned),
                              "%s is no guest's address of the network %s", text, network);
      return FALSE;
    }
  *ret_ip = ip;
  return TRUE;
}

static void
add_range (VireoPlanner *planner, const VireoDhcpRangeDef *def, guint ip, guint number,
           VireoPlanSubnet *subnet)
{
  VireoIp start, end;
  VireoPlanRange *range;
  gboolean ok;

  ok = read_end (planner, g_strdup_printf (DHCP "range[%u]/@start", ip, number), subnet,
                 def->start, &start);
  ok &= read_end (planner, g_strdup_printf (DHCP "range[%u]/@end", ip, number), subnet, def->end,
                  &end);
  if (!ok)
    return;
  if (vireo_ip_compare (&start, &end) > 0)
    {
      _vireo_planner_invalid (planner, g_strdup_printf (DHCP "range[%u]", ip, number),
                              "ends at %s, before it starts at %s", def->end, def->start);
      return;
    }
  if (vireo_ip_range_size (&start, &end) > VIREO_NETWORK_MAX_RANGE)
    _vireo_planner_invalid (planner, g_strdup_printf (DHCP "range[%u]", ip, number),
                            "has more than %d addresses", VIREO_NETWORK_MAX_RANGE);
  for (guint i = 0; i < subnet->ranges->len; i++)
    {
      const VireoPlanRange *other = g_ptr_array_index (subnet->ranges, i);

      if (vireo_ip_compare (&start, &other->end) <= 0
          && vireo_ip_compare (&other->start, &end) <= 0)
        _vireo_planner_invalid (planner, g_strdup_printf (DHCP "range[%u]", ip, number),
                                "overlaps range[%u]", i + 1);
    }
  range = vireo_plan_subnet_add_range (subnet);
  range->start = start;
  range->end = end;
  range->lease_time = lease_time (def->lease);
}

static void
check_mac (VireoPlanner *planner, const VireoDhcpHostDef *def, guint ip, guint number,
           VireoPlanHost *host)
{
  guint8 mac[6];

  if (!vireo_netlink_parse_mac (def->mac, mac))
    {
      _vireo_planner_invalid (planner, g_strdup_printf (DHCP "host[%u]/@mac", ip, number),
                              "is not a MAC address");
      return;
    }
  if (mac[0] & 1)
    _vireo_planner_invalid (planner, g_strdup_printf (DHCP "host[%u]/@mac", ip, number),
                            "is a multicast address");
  host->mac = g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                               mac[4], mac[5]);
}

static void
check_host_twins (VireoPlanner *planner, const VireoPlanSubnet *subnet, guint ip, guint number)
{
  const VireoPlanHost *host = g_ptr_array_index (subnet->hosts, number - 1);

  for (guint i = 0; i + 1 < number; i++)
    {
      const VireoPlanHost *other = g_ptr_array_index (subnet->hosts, i);
      const struct
      {
        const char *name;
        gboolean same;
      } parts[] = {
        { "mac", host->mac != NULL && g_strcmp0 (host->mac, other->mac) == 0 },
        { "id", host->id != NULL && g_strcmp0 (host->id, other->id) == 0 },
        { "ip", host->ip.family != 0 && vireo_ip_equal (&host->ip, &other->ip) },
      };

      for (gsize j = 0; j < G_N_ELEMENTS (parts); j++)
        if (parts[j].same)
          _vireo_planner_invalid (
              planner, g_strdup_printf (DHCP "host[%u]/@%s", ip, number, parts[j].name),
              "is that of host[%u], too", i + 1);
    }
}

static void
check_host_texts (VireoPlanner *planner, const VireoDhcpHostDef *def, guint ip, guint number,
                  gboolean ipv6)
{
  if (def->mac != NULL && ipv6)
    _vireo_planner_unsupported (planner, g_strdup_printf (DHCP "host[%u]/@mac", ip, number),
                                "DHCPv6 knows its clients by id or by name");
  if (def->id != NULL && !_vireo_text_is_id (def->id))
    _vireo_planner_invalid (planner, g_strdup_printf (DHCP "host[%u]/@id", ip, number),
                            "is not hexadecimal bytes with colons");
  if (def->id != NULL && !ipv6)
    _vireo_planner_unsupported (planner, g_strdup_printf (DHCP "host[%u]/@id", ip, number),
                                "is for IPv6 only");
  if (def->name != NULL && !_vireo_text_is_host (def->name))
    _vireo_planner_invalid (planner, g_strdup_printf (DHCP "host[%u]/@name", ip, number),
                            "is not a host name");
  if (def->mac == NULL && def->name == NULL && def->id == NULL)
    _vireo_planner_invalid (planner, g_strdup_printf (DHCP "host[%u]", ip, number),
                            "needs a mac, an id or a name");
}

static void
add_host (VireoPlanner *planner, const VireoDhcpHostDef *def, guint ip, guint number,
          VireoPlanSubnet *subnet)
{
  VireoPlanHost *host = vireo_plan_subnet_add_host (subnet);
  g_autofree char *path = g_strdup_printf (DHCP "host[%u]/@ip", ip, number);

  check_host_texts (planner, def, ip, number, subnet->address.family == AF_INET6);
  if (def->mac != NULL)
    check_mac (planner, def, ip, number, host);
  host->id = def->id != NULL ? g_ascii_strdown (def->id, -1) : NULL;
  host->name = g_strdup (def->name);
  host->lease_time = lease_time (def->lease);
  if (_vireo_planner_address (planner, g_strdup (path), def->ip, &host->ip)
      && !is_for_guests (subnet, &host->ip))
    {
      g_autofree char *network = vireo_ip_format_network (&subnet->address, subnet->prefix);

      _vireo_planner_invalid (planner, g_steal_pointer (&path),
                              "%s is no guest's address of the network %s", def->ip, network);
    }
  check_host_twins (planner, subnet, ip, number);
}

static void
add_bootp (VireoPlanner *planner, const VireoDhcpBootpDef *def, guint ip, VireoPlanSubnet *subnet)
{
  if (subnet->address.family == AF_INET6)
    _vireo_planner_unsupported (planner, g_strdup_printf (DHCP "bootp", ip), "is for IPv4 only");
  if (!_vireo_text_is_path (def->file))
    _vireo_planner_invalid (planner, g_strdup_printf (DHCP "bootp/@file", ip),
                            "is missing, or has other characters than letters, digits and "
                            "/._-+:@%%=");
  subnet->boot_file = g_strdup (def->file);
  if (def->server != NULL)
    _vireo_planner_address (planner, g_strdup_printf (DHCP "bootp/@server", ip), def->server,
                            &subnet->boot_server);
}

/* Fills @subnet in from the <dhcp> of <ip> number @number. */
void
_vireo_planner_add_dhcp (VireoPlanner *planner, const VireoDhcpDef *dhcp, guint number,
                         VireoPlanSubnet *subnet)
{
  /* dnsmasq advertises the network to routers' clients as well, for which 64 is the only length:
   * RFC 4862. */
  if (subnet->address.family == AF_INET6 && subnet->prefix != 64)
    _vireo_planner_unsupported (planner, g_strdup_printf ("ip[%u]/dhcp", number),
                                "of an IPv6 network needs a prefix of 64, not %u",
                                subnet->prefix);
  for (guint i = 0; i < dhcp->n_ranges; i++)
    add_range (planner, dhcp->ranges[i], number, i + 1, subnet);
  for (guint i = 0; i < dhcp->n_hosts; i++)
    add_host (planner, dhcp->hosts[i], number, i + 1, subnet);
  if (dhcp->bootp != NULL)
    add_bootp (planner, dhcp->bootp, number, subnet);
}
