/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The nftables commands of a network, as text in the syntax of nft(8).
 *
 * One table has all networks. Two verdict maps, by the name of the bridge, lead from the forward
 * hook to the two chains of a network, one for what goes to it and one for what comes from it: the
 * price of a packet does not grow with the number of networks. A packet between two networks passes
 * both, so that both have to agree; that is why these chains return what they allow. Addresses are
 * translated in a third chain, led to by a map as well.
 *
 * Every command is harmless when it is repeated: "add" on what is there does nothing, and what has
 * rules is emptied first. So installing is also how rules are repaired after a restart.
 *
 * All values come from a #VireoNetworkPlan: device names of letters, digits and "._-", and
 * addresses that we formatted. */

#include "vireo-firewall.h"

#include <sys/socket.h>

#define TABLE "inet vireo"

/* What all networks share. The rules of base chains are written again each time, for a rule cannot
 * be added "if it is not there". */
static const char skeleton[] = "add table " TABLE "\n"
                               "add map " TABLE " forward_to { type ifname : verdict; }\n"
                               "add map " TABLE " forward_from { type ifname : verdict; }\n"
                               "add map " TABLE " translate_from { type ifname : verdict; }\n"
                               "add chain " TABLE " forward "
                               "{ type filter hook forward priority filter; policy accept; }\n"
                               "add chain " TABLE " postrouting "
                               "{ type nat hook postrouting priority srcnat; policy accept; }\n"
                               "flush chain " TABLE " forward\n"
                               "add rule " TABLE " forward oifname vmap @forward_to\n"
                               "add rule " TABLE " forward iifname vmap @forward_from\n"
                               "flush chain " TABLE " postrouting\n"
                               "add rule " TABLE " postrouting iifname vmap @translate_from\n";

/* The chains of a network, and the maps that lead to them. */
static const struct
{
  const char *chain;
  const char *map;
  gboolean only_nat;
} parts[] = {
  { "to", "forward_to", FALSE },
  { "from", "forward_from", FALSE },
  { "translate", "translate_from", TRUE },
};

static void
add_rule (GString *text, const char *chain, const char *bridge, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static void
add_rule (GString *text, const char *chain, const char *bridge, const char *format, ...)
{
  va_list args;

  g_string_append_printf (text, "add rule " TABLE " %s_%s ", chain, bridge);
  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);
  g_string_append_c (text, '\n');
}

static const char *
family_word (const VireoPlanSubnet *subnet)
{
  return subnet->address.family == AF_INET ? "ip" : "ip6";
}

static gboolean
translates (const VireoNetworkPlan *plan, const VireoPlanSubnet *subnet)
{
  return plan->mode == VIREO_NETWORK_MODE_NAT
         && (subnet->address.family == AF_INET || plan->nat_ipv6);
}

/* A match on the device that traffic may pass, followed by a space; "" when any may. */
static char *
device_match (const VireoNetworkPlan *plan, const char *direction)
{
  if (plan->forward_device == NULL)
    return g_strdup ("");
  return g_strdup_printf ("%s \"%s\" ", direction, plan->forward_device);
}

static void
add_forward_rules (GString *text, const VireoNetworkPlan *plan)
{
  const char *bridge = plan->bridge;
  g_autofree char *in = device_match (plan, "iifname");
  g_autofree char *out = device_match (plan, "oifname");
  gboolean outside = plan->mode != VIREO_NETWORK_MODE_ISOLATED;

  add_rule (text, "to", bridge, "iifname \"%s\" return", bridge);
  add_rule (text, "from", bridge, "oifname \"%s\" return", bridge);
  for (guint i = 0; outside && i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);
      g_autofree char *network = vireo_ip_format_network (&subnet->address, subnet->prefix);
      const char *state = translates (plan, subnet) ? "ct state established,related " : "";

      add_rule (text, "to", bridge, "%s%s daddr %s %sreturn", in, family_word (subnet), network,
                state);
      add_rule (text, "from", bridge, "%s%s saddr %s return", out, family_word (subnet), network);
    }
  /* What is behind a router among the guests. */
  for (guint i = 0; plan->mode == VIREO_NETWORK_MODE_ROUTE && i < plan->routes->len; i++)
    {
      const VireoPlanRoute *route = g_ptr_array_index (plan->routes, i);
      g_autofree char *network = vireo_ip_format_network (&route->network, route->prefix);
      const char *word = route->network.family == AF_INET ? "ip" : "ip6";

      add_rule (text, "to", bridge, "%s%s daddr %s return", in, word, network);
      add_rule (text, "from", bridge, "%s%s saddr %s return", out, word, network);
    }
  add_rule (text, "to", bridge, "reject");
  add_rule (text, "from", bridge, "reject");
}

/* "masquerade", or "snat" to the addresses that the definition names; with the range of ports that
 * connections leave from when @ports. */
static char *
translation (const VireoNetworkPlan *plan, const VireoPlanSubnet *subnet, gboolean ports)
{
  gboolean bracket = ports && plan->nat_start.family == AF_INET6;
  const char *open = bracket ? "[" : "";
  const char *close = bracket ? "]" : "";
  g_autoptr (GString) text = g_string_new (NULL);

  if (plan->nat_start.family == subnet->address.family)
    {
      g_autofree char *start = vireo_ip_format (&plan->nat_start);
      g_autofree char *end = vireo_ip_format (&plan->nat_end);

      g_string_append_printf (text, "snat %s to %s%s%s", family_word (subnet), open, start, close);
      if (!vireo_ip_equal (&plan->nat_start, &plan->nat_end))
        g_string_append_printf (text, "-%s%s%s", open, end, close);
    }
  else
    g_string_append (text, ports ? "masquerade to " : "masquerade");
  if (ports)
    g_string_append_printf (text, ":%u-%u", plan->nat_port_start, plan->nat_port_end);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add_translation_rules (GString *text, const VireoNetworkPlan *plan)
{
  const char *bridge = plan->bridge;
  g_autofree char *out = device_match (plan, "oifname");

  add_rule (text, "translate", bridge, "oifname \"%s\" return", bridge);
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);
      const char *word = family_word (subnet);
      g_autofree char *network = vireo_ip_format_network (&subnet->address, subnet->prefix);
      g_autofree char *action = translation (plan, subnet, FALSE);
      g_autofree char *with_ports = translation (plan, subnet, TRUE);

      if (!translates (plan, subnet))
        continue;
      /* Link-local multicast and broadcast stay what they are. */
      add_rule (text, "translate", bridge, "%s saddr %s %s daddr %s return", word, network, word,
                subnet->address.family == AF_INET ? "{ 224.0.0.0/24, 255.255.255.255 }"
                                                  : "ff02::/16");
      /* The lower ports belong to the host's own services, so TCP and UDP get others. */
      add_rule (text, "translate", bridge, "%s%s saddr %s meta l4proto { tcp, udp } %s", out, word,
                network, with_ports);
      add_rule (text, "translate", bridge, "%s%s saddr %s %s", out, word, network, action);
    }
}

/* Whether @plan has the chain of row @i of the table above. */
static gboolean
has_part (const VireoNetworkPlan *plan, gsize i)
{
  return !parts[i].only_nat || plan->mode == VIREO_NETWORK_MODE_NAT;
}

/**
 * vireo_firewall_rules_install:
 * @plan: a network whose bridge is ours, and that is not open
 *
 * Returns: (transfer full): the commands that give the network its rules, whatever it has now
 * Since: 0.1
 */
char *
vireo_firewall_rules_install (const VireoNetworkPlan *plan)
{
  GString *text = g_string_new (skeleton);

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      if (!has_part (plan, i))
        continue;
      g_string_append_printf (text, "add chain " TABLE " %s_%s\n", parts[i].chain, plan->bridge);
      g_string_append_printf (text, "flush chain " TABLE " %s_%s\n", parts[i].chain, plan->bridge);
    }
  add_forward_rules (text, plan);
  if (plan->mode == VIREO_NETWORK_MODE_NAT)
    add_translation_rules (text, plan);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (has_part (plan, i))
      g_string_append_printf (text, "add element " TABLE " %s { \"%s\" : jump %s_%s }\n",
                              parts[i].map, plan->bridge, parts[i].chain, plan->bridge);
  return g_string_free (text, FALSE);
}

/**
 * vireo_firewall_rules_remove:
 * @bridge: name of a network's bridge
 *
 * Returns: (transfer full): the commands that remove the network's rules; they succeed when it has
 *   none, but leave the table behind
 * Since: 0.1
 */
char *
vireo_firewall_rules_remove (const char *bridge)
{
  GString *text = g_string_new (skeleton);

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_string_append_printf (text, "add chain " TABLE " %s_%s\n", parts[i].chain, bridge);
      g_string_append_printf (text, "add element " TABLE " %s { \"%s\" : jump %s_%s }\n",
                              parts[i].map, bridge, parts[i].chain, bridge);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_string_append_printf (text, "delete element " TABLE " %s { \"%s\" }\n", parts[i].map,
                              bridge);
      g_string_append_printf (text, "flush chain " TABLE " %s_%s\n", parts[i].chain, bridge);
      g_string_append_printf (text, "delete chain " TABLE " %s_%s\n", parts[i].chain, bridge);
    }
  return g_string_free (text, FALSE);
}
