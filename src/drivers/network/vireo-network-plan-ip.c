/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* <ip> and <route> of a definition. */

#include <sys/socket.h>

#include "vireo-network-plan-private.h"

/* More addresses on one bridge are nobody's honest wish. */
#define MAX_SUBNETS 64
#define MAX_ROUTES 256

/* Whether @family says the same as @address; unset, it means IPv4. */
static gboolean
check_family (VireoPlanner *planner, char *path, VireoIpFamily family, const VireoIp *address)
{
  g_autofree char *owned = path;

  if ((family == VIREO_IP_FAMILY_IPV6) == (address->family == AF_INET6))
    return TRUE;
  _vireo_planner_invalid (planner, g_steal_pointer (&owned), "is not of the family %s",
                          family == VIREO_IP_FAMILY_IPV6 ? "ipv6" : "ipv4");
  return FALSE;
}

/* The length of a prefix that is given as such, or as a netmask, or not at all. @place is the path
 * of the element. */
static gboolean
read_prefix (VireoPlanner *planner, const char *place, const VireoIp *address, gboolean has_prefix,
             guint prefix, const char *netmask, guint otherwise, guint *ret_prefix)
{
  VireoIp mask;
  int length;

  if (has_prefix && netmask != NULL)
    {
      _vireo_planner_invalid (planner, g_strdup (place), "has a prefix and a netmask");
      return FALSE;
    }
  if (netmask == NULL)
    {
      length = (int) (has_prefix ? prefix : otherwise);
      if (prefix > vireo_ip_bits (address))
        {
          _vireo_planner_invalid (planner, g_strdup_printf ("%s/@prefix", place),
                                  "is %u, more than %u", prefix, vireo_ip_bits (address));
          return FALSE;
        }
      *ret_prefix = (guint) length;
      return TRUE;
    }
  if (!_vireo_planner_address (planner, g_strdup_printf ("%s/@netmask", place), netmask, &mask))
    return FALSE;
  length = vireo_ip_netmask_to_prefix (&mask);
  if (mask.family != AF_INET || address->family != AF_INET || length < 0)
    {
      _vireo_planner_invalid (planner, g_strdup_printf ("%s/@netmask", place),
                              "%s is not the netmask of an IPv4 network", netmask);
      return FALSE;
    }
  *ret_prefix = (guint) length;
  return TRUE;
}

static void
check_subnet_twins (VireoPlanner *planner, const VireoPlanSubnet *subnet, const char *place)
{
  for (guint i = 0; i < planner->plan->subnets->len; i++)
    {
      const VireoPlanSubnet *other = g_ptr_array_index (planner->plan->subnets, i);

      if (other != subnet
          && vireo_ip_networks_overlap (&subnet->address, subnet->prefix, &other->address,
                                        other->prefix))
        _vireo_planner_invalid (planner, g_strdup (place), "overlaps ip[%u]", i + 1);
    }
}

static void
add_ip (VireoPlanner *planner, const VireoNetworkIpDef *def, guint number)
{
  g_autofree char *place = g_strdup_printf ("ip[%u]", number);
  VireoPlanSubnet *subnet;
  VireoIp address;
  guint prefix;

  if (!_vireo_planner_address (planner, g_strdup_printf ("%s/@address", place), def->address,
                               &address)
      || !check_family (planner, g_strdup_printf ("%s/@address", place), def->family, &address)
      || !read_prefix (planner, place, &address, def->has_prefix, def->prefix, def->netmask,
                       vireo_ip_class_prefix (&address), &prefix))
    return;
  if (!vireo_ip_is_host (&address) || prefix == 0)
    {
      _vireo_planner_invalid (planner, g_strdup_printf ("%s/@address", place),
                              "%s/%u cannot be the address of a host", def->address, prefix);
      return;
    }
  subnet = vireo_network_plan_add_subnet (planner->plan);
  subnet->address = address;
  subnet->prefix = prefix;
  check_subnet_twins (planner, subnet, place);
  subnet->local_ptr = def->local_ptr == VIREO_TRISTATE_YES;
  /* A zone of the tree of reverse names is of whole labels. */
  if (subnet->local_ptr && prefix % (address.family == AF_INET ? 8 : 4) != 0)
    _vireo_planner_invalid (planner, g_strdup_printf ("%s/@localPtr", place),
                            "takes a prefix that is a multiple of %d, not %u",
                            address.family == AF_INET ? 8 : 4, prefix);
  if (def->tftp_root != NULL && (!_vireo_text_is_path (def->tftp_root) || def->tftp_root[0] != '/'))
    _vireo_planner_invalid (planner, g_strdup_printf ("%s/tftp/@root", place),
                            "is not an absolute path of letters, digits and /._-+:@%%=");
  subnet->tftp_root = g_strdup (def->tftp_root);
  if (def->dhcp != NULL)
    _vireo_planner_add_dhcp (planner, def->dhcp, number, subnet);
}

static gboolean
is_on_network (const VireoNetworkPlan *plan, const VireoIp *ip)
{
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (vireo_ip_in_network (ip, &subnet->address, subnet->prefix)
          && !vireo_ip_equal (ip, &subnet->address))
        return TRUE;
    }
  return FALSE;
}

static void
add_route (VireoPlanner *planner, const VireoRouteDef *def, guint number)
{
  g_autofree char *place = g_strdup_printf ("route[%u]", number);
  VireoPlanRoute *route = vireo_network_plan_add_route (planner->plan);
  VireoIp network, first;
  guint prefix;

  if (!_vireo_planner_address (planner, g_strdup_printf ("%s/@address", place), def->address,
                               &network)
      || !check_family (planner, g_strdup_printf ("%s/@address", place), def->family, &network)
      || !read_prefix (planner, place, &network, def->has_prefix, def->prefix, def->netmask,
                       vireo_ip_bits (&network), &prefix)
      || !_vireo_planner_address (planner, g_strdup_printf ("%s/@gateway", place), def->gateway,
                                  &route->gateway))
    return;
  first = vireo_ip_network (&network, prefix);
  if (!vireo_ip_equal (&first, &network))
    _vireo_planner_invalid (planner, g_strdup_printf ("%s/@address", place),
                            "%s is not the first address of a network with the prefix %u",
                            def->address, prefix);
  if (route->gateway.family != network.family || !is_on_network (planner->plan, &route->gateway))
    _vireo_planner_invalid (planner, g_strdup_printf ("%s/@gateway", place),
                            "%s is no guest's address of this network", def->gateway);
  if (def->has_metric && def->metric == 0)
    _vireo_planner_invalid (planner, g_strdup_printf ("%s/@metric", place), "is 0");
  route->network = first;
  route->prefix = prefix;
  route->metric = def->metric;
}

/* dnsmasq can serve one IPv4 network on a bridge. */
static void
check_one_dhcp (VireoPlanner *planner)
{
  guint first = 0;

  for (guint i = 0; i < planner->def->n_ips; i++)
    {
      const VireoNetworkIpDef *ip = planner->def->ips[i];

      if (ip->dhcp == NULL || ip->family == VIREO_IP_FAMILY_IPV6)
        continue;
      if (first != 0)
        _vireo_planner_unsupported (planner, g_strdup_printf ("ip[%u]/dhcp", i + 1),
                                    "is one too many: ip[%u] has one for IPv4, too", first);
      first = i + 1;
    }
}

/* Fills in addresses and routes. */
void
_vireo_planner_add_ips (VireoPlanner *planner)
{
  const VireoNetworkDef *def = planner->def;

  if (def->n_ips > MAX_SUBNETS)
    _vireo_planner_unsupported (planner, g_strdup_printf ("ip[%d]", MAX_SUBNETS + 1),
                                "is one too many: %d are the most", MAX_SUBNETS);
  if (def->n_routes > MAX_ROUTES)
    _vireo_planner_unsupported (planner, g_strdup_printf ("route[%d]", MAX_ROUTES + 1),
                                "is one too many: %d are the most", MAX_ROUTES);
  for (guint i = 0; i < MIN (def->n_ips, MAX_SUBNETS); i++)
    add_ip (planner, def->ips[i], i + 1);
  for (guint i = 0; i < MIN (def->n_routes, MAX_ROUTES); i++)
    add_route (planner, def->routes[i], i + 1);
  check_one_dhcp (planner);
}
