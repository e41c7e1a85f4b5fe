/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic rules across the fields of a network. */
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

/* --- <ip> --- */

/* The prefix that holds for the address, or -1 with a problem added. */
static int
check_prefix (const VireoNetworkIpDef *ip, const Ip *address, guint number, GPtrArray *problems)
{
  Ip mask;
  int prefix = address->size == 4 ? 24 : 64;

  if (ip->netmask != NULL && ip->has_prefix)
    {
      vireo_validate_add (problems, "prefix-and-netmask",
                          "/network/ip[%u] either a prefix or a netmask, not both", number);
      return -1;
    }
  if (ip->netmask != NULL)
    prefix = parse_ip (ip->netmask, &mask) && mask.size == address->size
                 ? prefix_of_netmask (&mask)
                 : -1;
  else if (ip->has_prefix)
    prefix = ip->prefix <= address->size * 8 ? (int) ip->prefix : -1;
  if (prefix < 0)
    vireo_validate_add (problems, "bad-prefix",
                        "/network/ip[%u] the netmask or prefix is none for the address %s", number,
                        ip->address);
  return prefix;
}

static void
check_ranges (const VireoNetworkIpDef *ip, const Ip *address, guint prefix, guint number,
              GPtrArray *problems)
{
  for (guint i = 0; i < ip->dhcp->n_ranges; i++)
    {
      const VireoDhcpRangeDef *range = ip->dhcp->ranges[i];
      Ip start;
      Ip end;

      if (!parse_ip (range->start, &start) || !parse_ip (range->end, &end)
          || !same_network (address, &start, prefix) || !same_network (address, &end, prefix))
        vireo_validate_add (problems, "range-outside",
                            "/network/ip[%u]/dhcp/range[%u] %s to %s is not inside the network of "
                            "%s/%u",
                            number, i + 1, range->start != NULL ? range->start : "nothing",
                            range->end != NULL ? range->end : "nothing", ip->address, prefix);
      else if (compare_ips (&start, &end) > 0)
        vireo_validate_add (problems, "range-backwards",
                            "/network/ip[%u]/dhcp/range[%u] it starts with %s, after its end, %s",
                            number, i + 1, range->start, range->end);
    }
}

static void
check_host (const VireoNetworkIpDef *ip, const Ip *address, guint prefix, guint number, guint i,
            GPtrArray *problems)
{
  const VireoDhcpHostDef *host = ip->dhcp->hosts[i];
  Ip own;

  if (host->mac == NULL && host->id == NULL && host->name == NULL)
    vireo_validate_add (problems, "unknown-host",
                        "/network/ip[%u]/dhcp/host[%u] which one is it? By mac, id or name", number,
                        i + 1);
  if (address->size == 4 && host->mac == NULL && host->id != NULL && host->name == NULL)
    vireo_validate_add (problems, "unknown-host",
                        "/network/ip[%u]/dhcp/host[%u]/@id hosts are known by it in IPv6 only",
                        number, i + 1);
  if (host->ip == NULL && host->name == NULL)
    vireo_validate_add (problems, "host-without-address",
                        "/network/ip[%u]/dhcp/host[%u] it gets neither an address nor a name",
                        number, i + 1);
  if (host->ip != NULL && (!parse_ip (host->ip, &own) || !same_network (address, &own, prefix)))
    vireo_validate_add (problems, "host-outside",
                        "/network/ip[%u]/dhcp/host[%u]/@ip %s is not inside the network of %s/%u",
                        number, i + 1, host->ip, ip->address, prefix);
}

static void
check_hosts (const VireoNetworkIpDef *ip, const Ip *address, guint prefix, guint number,
             GPtrArray *problems)
{
  g_autoptr (GHashTable) ips = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < ip->dhcp->n_hosts; i++)
    {
      const VireoDhcpHostDef *host = ip->dhcp->hosts[i];

      check_host (ip, address, prefix, number, i, problems);
      if (host->ip != NULL && !g_hash_table_add (ips, host->ip))
        vireo_validate_add (problems, "duplicate-host",
                            "/network/ip[%u]/dhcp/host[%u]/@ip another host gets %s", number, i + 1,
                            host->ip);
    }
}

static void
check_ip (const VireoNetworkIpDef *ip, guint number, GPtrArray *problems)
{
  Ip address;
  int prefix;

  if (!parse_ip (ip->address, &address))
    {
      vireo_validate_add (problems, "missing-address",
                          "/network/ip[%u]/@address it needs an address", number);
      return;
    }
  if ((ip->family == VIREO_IP_FAMILY_IPV6) != (address.size == 16))
    vireo_validate_add (problems, "family-mismatch",
                        "/network/ip[%u]/@family %s is not an address of the family %s", number,
                        ip->address, ip->family == VIREO_IP_FAMILY_IPV6 ? "ipv6" : "ipv4");
  prefix = check_prefix (ip, &address, number, problems);
  if (prefix < 0 || ip->dhcp == NULL)
    return;
  check_ranges (ip, &address, (guint) prefix, number, problems);
  check_hosts (ip, &address, (guint) prefix, number, problems);
}

static void
check_ips (const VireoNetworkDef *def, GPtrArray *problems)
{
  guint n_dhcp[2] = { 0 };

  for (guint i = 0; i < def->n_ips; i++)
    {
      gboolean ipv6 = def->ips[i]->family == VIREO_IP_FAMILY_IPV6;

      check_ip (def->ips[i], i + 1, problems);
      if (def->ips[i]->dhcp != NULL && n_dhcp[ipv6]++ > 0)
        vireo_validate_add (problems, "two-dhcps",
                            "/network/ip[%u]/dhcp one address of each family can have DHCP", i + 1);
    }
}

/* --- <forward> --- */

/* What a mode can have: its own bridge with addresses, or somebody else's. */
static const struct
{
  VireoForwardMode mode;
  gboolean needs_ip;
  gboolean has_ip;
} modes[] = {
  { VIREO_FORWARD_MODE_NAT, TRUE, TRUE },      { VIREO_FORWARD_MODE_ROUTE, TRUE, TRUE },
  { VIREO_FORWARD_MODE_OPEN, TRUE, TRUE },     { VIREO_FORWARD_MODE_NONE, FALSE, TRUE },
  { VIREO_FORWARD_MODE_BRIDGE, FALSE, FALSE }, { VIREO_FORWARD_MODE_PRIVATE, FALSE, FALSE },
  { VIREO_FORWARD_MODE_VEPA, FALSE, FALSE },   { VIREO_FORWARD_MODE_HOSTDEV, FALSE, FALSE },
  /* Written with addresses by some, which mean nothing. */
  { VIREO_FORWARD_MODE_PASSTHROUGH, FALSE, TRUE },
};

static void
check_mode (const VireoNetworkDef *def, GPtrArray *problems)
{
  VireoForwardMode mode
      = def->forward != NULL ? vireo_forward_def_get_mode (def->forward) : VIREO_FORWARD_MODE_NONE;
  const char *name = vireo_forward_mode_to_string (mode);

  for (gsize row = 0; row < G_N_ELEMENTS (modes); row++)
    {
      if (modes[row].mode != mode)
        continue;
      if (modes[row].needs_ip && def->n_ips == 0)
        vireo_validate_add (problems, "missing-ip",
                            "/network/ip with the mode \"%s\", the network needs an address", name);
      if (!modes[row].has_ip && def->n_ips > 0)
        vireo_validate_add (problems, "ip-in-mode",
                            "/network/ip with the mode \"%s\", the network has no address", name);
      if (!modes[row].has_ip && (def->dns != NULL || def->domain != NULL))
        vireo_validate_add (problems, "dns-in-mode",
                            "/network/%s with the mode \"%s\", the network has no names",
                            def->dns != NULL ? "dns" : "domain", name);
      if (!modes[row].has_ip && mode != VIREO_FORWARD_MODE_BRIDGE && def->bridge != NULL
          && def->bridge->name != NULL)
        vireo_validate_add (problems, "bridge-in-mode",
                            "/network/bridge with the mode \"%s\", the network has no bridge",
                            name);
    }
}

static void
check_nat (const VireoNetworkDef *def, GPtrArray *problems)
{
  const VireoNatDef *nat = def->forward != NULL ? def->forward->nat : NULL;

  if (nat == NULL)
    return;
  if (vireo_forward_def_get_mode (def->forward) != VIREO_FORWARD_MODE_NAT)
    vireo_validate_add (problems, "nat-in-mode",
                        "/network/forward/nat it is for the mode \"nat\" only");
  for (guint i = 0; i < nat->n_addresses; i++)
    {
      Ip start;
      Ip end;

      if (!parse_ip (nat->addresses[i]->start, &start) || !parse_ip (nat->addresses[i]->end, &end)
          || start.size != end.size || compare_ips (&start, &end) > 0)
        vireo_validate_add (problems, "range-backwards",
                            "/network/forward/nat/address[%u] it is not a range", i + 1);
    }
  for (guint i = 0; i < nat->n_ports; i++)
    if (nat->ports[i]->start > nat->ports[i]->end)
      vireo_validate_add (problems, "range-backwards",
                          "/network/forward/nat/port[%u] it starts with %u, after its end, %u",
                          i + 1, nat->ports[i]->start, nat->ports[i]->end);
}

static void
check_forward (const VireoNetworkDef *def, GPtrArray *problems)
{
  const VireoForwardDef *forward = def->forward;

  check_mode (def, problems);
  check_nat (def, problems);
  if (forward == NULL)
    return;
  if ((forward->n_pfs > 0) + (forward->n_addresses > 0) + (forward->n_interfaces > 0) > 1
      && !(forward->n_pfs == 1 && forward->n_interfaces > 0))
    vireo_validate_add (problems, "forward-conflict",
                        "/network/forward <pf>, <interface> and <address> exclude each other");
  if (forward->n_pfs > 1)
    vireo_validate_add (problems, "forward-conflict",
                        "/network/forward/pf[2] there is one physical function at most");
}

/* --- the rest --- */

static void
check_portgroups (const VireoNetworkDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint n_default = 0;

  for (guint i = 0; i < def->n_portgroups; i++)
    {
      const VireoPortgroupDef *group = def->portgroups[i];
      g_autofree char *path = g_strdup_printf ("/network/portgroup[%u]/bandwidth", i + 1);

      vireo_validate_bandwidth (group->bandwidth, path, problems);
      if (group->name != NULL && !g_hash_table_add (seen, group->name))
        vireo_validate_add (problems, "duplicate-portgroup",
                            "/network/portgroup[%u]/@name another group has the name \"%s\"", i + 1,
                            group->name);
      if (group->is_default == VIREO_TRISTATE_YES && n_default++ > 0)
        vireo_validate_add (problems, "two-defaults",
                            "/network/portgroup[%u]/@default another group is the default", i + 1);
    }
}

/* Names end up in the files of name servers, which are made of lines. */
static void
check_line (const char *text, const char *element, guint number, const char *part,
            GPtrArray *problems)
{
  for (const char *p = text; p != NULL && *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      {
        vireo_validate_add (problems, "control-character",
                            "/network/%s[%u]/%s it cannot have a control character", element,
                            number, part);
        return;
      }
}

static void
check_lines (const VireoNetworkDef *def, GPtrArray *problems)
{
  const VireoDnsDef *dns = def->dns;

  if (def->domain != NULL)
    check_line (def->domain->name, "domain", 1, "@name", problems);
  for (guint i = 0; dns != NULL && i < dns->n_hosts; i++)
    for (guint j = 0; j < dns->hosts[i]->n_hostnames; j++)
      check_line (dns->hosts[i]->hostnames[j], "dns/host", i + 1, "hostname", problems);
  for (guint i = 0; dns != NULL && i < dns->n_txts; i++)
    {
      check_line (dns->txts[i]->name, "dns/txt", i + 1, "@name", problems);
      check_line (dns->txts[i]->value, "dns/txt", i + 1, "@value", problems);
    }
}

static void
check_names (const VireoNetworkDef *def, GPtrArray *problems)
{
  for (guint i = 0; def->dns != NULL && i < def->dns->n_srvs; i++)
    {
      const char *protocol = def->dns->srvs[i]->protocol;

      if (protocol == NULL || *protocol == '\0')
        vireo_validate_add (problems, "missing-protocol",
                            "/network/dns/srv[%u]/@protocol a service has a protocol", i + 1);
    }
  for (guint i = 0; def->dns != NULL && i < def->dns->n_hosts; i++)
    if (def->dns->hosts[i]->ip == NULL || def->dns->hosts[i]->n_hostnames == 0)
      vireo_validate_add (problems, "incomplete-host",
                          "/network/dns/host[%u] it takes an address and a name", i + 1);
  for (guint i = 0; def->dns != NULL && i < def->dns->n_forwarders; i++)
    if (def->dns->forwarders[i]->addr == NULL && def->dns->forwarders[i]->domain == NULL)
      vireo_validate_add (problems, "empty-forwarder",
                          "/network/dns/forwarder[%u] it takes an address or a domain", i + 1);
  if (def->title != NULL && strchr (def->title, '\n') != NULL)
    vireo_validate_add (problems, "newline-in-title",
                        "/network/title it cannot have more than one line");
}

/**
 * vireo_network_def_validate:
 * @def: a network, as it was written or completed
 * @problems: (element-type VireoProblem): what breaks a rule is added to it
 *
 * Applies the rules across fields of a network. Changes nothing.
 *
 * Since: 0.1
 */
void
vireo_network_def_validate (const VireoNetworkDef *def, GPtrArray *problems)
{
  check_ips (def, problems);
  check_forward (def, problems);
  check_portgroups (def, problems);
  check_names (def, problems);
  check_lines (def, problems);
  vireo_validate_bandwidth (def->bandwidth, "/network/bandwidth", problems);
}
