/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes IP addresses apart: networks, their ranges and routes. */
#include "vireo-validate.h"

#include <arpa/inet.h>
#include <string.h>

/* An address as bytes: 4 of IPv4 or 16 of IPv6. */
typedef struct
{
  guint8 bytes[16];
  gsize size;
} Ip;

static gboolean
parse_ip (const char *text, Ip *ret_ip)
{
  Ip ip = { { 0 }, 0 };

  if (text == NULL)
    return FALSE;
  if (inet_pton (AF_INET, text, ip.bytes) == 1)
    ip.size = 4;
  else if (inet_pton (AF_INET6, text, ip.bytes) == 1)
    ip.size = 16;
  if (ip.size > 0)
    *ret_ip = ip;
  return ip.size > 0;
}

static int
compare_ips (const Ip *a, const Ip *b)
{
  return memcmp (a->bytes, b->bytes, a->size);
}

/* The length of the prefix that a netmask is; -1 for one with gaps. */
static int
prefix_of_netmask (const Ip *mask)
{
  int prefix = 0;

  for (gsize bit = 0; bit < mask->size * 8; bit++)
    {
      gboolean set = (mask->bytes[bit / 8] >> (7 - bit % 8)) & 1;

      if (set && prefix < (int) bit)
        return -1;
      prefix += set;
    }
  return prefix;
}

static gboolean
same_network (const Ip *a, const Ip *b, guint prefix)
{
  for (gsize bit = 0; bit < prefix && bit < a->size * 8; bit++)
    if ((((a->bytes[bit / 8] ^ b->bytes[bit / 8]) >> (7 - bit % 8)) & 1) != 0)
      return FALSE;
  return a->size == b->size;
}

/* Whether all bits behind the prefix are 0. */
static gboolean
is_network (const Ip *ip, guint prefix)
{
  for (gsize bit = prefix; bit < ip->size * 8; bit++)
    if (((ip->bytes[bit / 8] >> (7 - bit % 8)) & 1) != 0)
      return FALSE;
  return TRUE;
}

/* --- <ip> --- */

/* The prefix that holds for the address, or -1 when there is none. */
static int
prefix_of (const VireoNetworkIpDef *ip, const Ip *address)
{
  Ip mask;

  if (ip->netmask != NULL)
    return parse_ip (ip->netmask, &mask) && mask.size == address->size ? prefix_of_netmask (&mask)
                                                                       : -1;
  if (ip->has_prefix)
    return ip->prefix <= address->size * 8 ? (int) ip->prefix : -1;
  return address->size == 4 ? 24 : 64;
}

void
vireo_check_network_ip (const VireoRuleFrame *frame)
{
  const VireoNetworkIpDef *ip = frame->def;
  gboolean ipv6 = ip->family == VIREO_IP_FAMILY_IPV6;
  Ip address;

  if (!parse_ip (ip->address, &address))
    {
      vireo_rule_broken (frame, "@address", "missing-address", "it needs an address");
      return;
    }
  if (ipv6 != (address.size == 16))
    vireo_rule_broken (frame, "@family", "family-mismatch", "%s is not an address of the family %s",
                       ip->address, ipv6 ? "ipv6" : "ipv4");
  if (prefix_of (ip, &address) < 0)
    vireo_rule_broken (frame, "", "bad-prefix", "the netmask or prefix is none for the address %s",
                       ip->address);
}

/* The network in which <dhcp> gives out addresses, of the <ip> two elements up; %FALSE when that
 * says none, of which enough was said. */
static gboolean
network_around (const VireoRuleFrame *frame, const VireoNetworkIpDef **ret_ip, Ip *ret_address,
                int *ret_prefix)
{
  *ret_ip = frame->up->up->def;
  if (!parse_ip ((*ret_ip)->address, ret_address))
    return FALSE;
  *ret_prefix = prefix_of (*ret_ip, ret_address);
  return *ret_prefix >= 0;
}

void
vireo_check_dhcp_range (const VireoRuleFrame *frame)
{
  const VireoDhcpRangeDef *range = frame->def;
  const VireoNetworkIpDef *ip;
  Ip address, start, end;
  int prefix;

  if (!network_around (frame, &ip, &address, &prefix))
    return;
  if (!parse_ip (range->start, &start) || !parse_ip (range->end, &end)
      || !same_network (&address, &start, (guint) prefix)
      || !same_network (&address, &end, (guint) prefix))
    vireo_rule_broken (frame, "", "range-outside", "%s to %s is not inside the network of %s/%d",
                       range->start != NULL ? range->start : "nothing",
                       range->end != NULL ? range->end : "nothing", ip->address, prefix);
  else if (compare_ips (&start, &end) > 0)
    vireo_rule_broken (frame, "", "range-backwards", "it starts with %s, after its end, %s",
                       range->start, range->end);
}

void
vireo_check_dhcp_host (const VireoRuleFrame *frame)
{
  const VireoDhcpHostDef *host = frame->def;
  const VireoNetworkIpDef *ip;
  Ip address, own;
  int prefix;

  if (host->ip != NULL && network_around (frame, &ip, &address, &prefix)
      && (!parse_ip (host->ip, &own) || !same_network (&address, &own, (guint) prefix)))
    vireo_rule_broken (frame, "@ip", "host-outside", "%s is not inside the network of %s/%d",
                       host->ip, ip->address, prefix);
}

void
vireo_check_nat_address (const VireoRuleFrame *frame)
{
  const VireoNatAddressDef *range = frame->def;
  Ip start, end;

  if (!parse_ip (range->start, &start) || !parse_ip (range->end, &end) || start.size != end.size
      || compare_ips (&start, &end) > 0)
    vireo_rule_broken (frame, "", "range-backwards", "it is not a range");
}

/* Names end up in the files of name servers, which are made of lines. */
void
vireo_check_dns_host (const VireoRuleFrame *frame)
{
  const VireoDnsHostDef *host = frame->def;

  for (guint i = 0; i < host->n_hostnames; i++)
    if (!vireo_rule_visible (host->hostnames[i]))
      vireo_rule_broken (frame, "hostname", "control-character",
                         "it cannot have a control character");
}

/* --- <route> --- */

/* The prefix of a route's network, or -1; where nothing says one, it is 0, for the default route.
 */
static int
prefix_of_route (const VireoRouteDef *route, const Ip *address)
{
  Ip mask;

  if (route->netmask != NULL)
    return parse_ip (route->netmask, &mask) && mask.size == 4 && address->size == 4
               ? prefix_of_netmask (&mask)
               : -1;
  return route->prefix <= address->size * 8 ? (int) route->prefix : -1;
}

void
vireo_check_route (const VireoRuleFrame *frame)
{
  const VireoRouteDef *route = frame->def;
  const char *family = route->family == VIREO_IP_FAMILY_IPV6 ? "ipv6" : "ipv4";
  gsize size = route->family == VIREO_IP_FAMILY_IPV6 ? 16 : 4;
  Ip address, gateway;
  int prefix;

  if (!parse_ip (route->address, &address))
    return;
  if (address.size != size)
    {
      vireo_rule_broken (frame, "@address", "family-mismatch",
                         "%s is not an address of the family %s", route->address, family);
      return;
    }
  if (parse_ip (route->gateway, &gateway) && gateway.size != size)
    vireo_rule_broken (frame, "@gateway", "family-mismatch",
                       "%s is not an address of the family %s", route->gateway, family);
  prefix = prefix_of_route (route, &address);
  if (prefix < 0)
    vireo_rule_broken (frame, "", "bad-prefix", "the netmask or prefix is none for the address %s",
                       route->address);
  else if (!is_network (&address, (guint) prefix))
    vireo_rule_broken (frame, "@address", "bad-network",
                       "%s is not a network with a prefix of %d bits", route->address, prefix);
}

/* Whether the host is in the network of the gateway. */
static gboolean
reaches (const VireoNetworkDef *def, const Ip *gateway)
{
  for (guint i = 0; i < def->n_ips; i++)
    {
      Ip address;
      int prefix
          = parse_ip (def->ips[i]->address, &address) ? prefix_of (def->ips[i], &address) : -1;

      if (prefix >= 0 && same_network (&address, gateway, (guint) prefix))
        return TRUE;
    }
  return FALSE;
}

void
vireo_check_routes (const VireoRuleFrame *frame)
{
  const VireoNetworkDef *def = frame->def;

  for (guint i = 0; i < def->n_routes; i++)
    {
      g_autofree char *below = g_strdup_printf ("route[%u]/@gateway", i + 1);
      Ip gateway;

      if (parse_ip (def->routes[i]->gateway, &gateway) && !reaches (def, &gateway))
        vireo_rule_broken (frame, below, "unreachable", "%s is in no network of an <ip> here",
                           def->routes[i]->gateway);
    }
}
