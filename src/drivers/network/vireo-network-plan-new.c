/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a definition to a plan: the one place where the text of a caller is judged. */

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "vireo-netlink.h"
#include "vireo-network-plan-private.h"

/* The kernel's limits: RFC 791, and the largest bridge. */
#define MIN_MTU 68
#define MAX_MTU 65535
#define MAX_DELAY 3600

#define INVALID "invalid-value"

static const struct
{
  VireoForwardMode forward;
  VireoNetworkMode mode;
} modes[] = {
  { VIREO_FORWARD_MODE_NONE, VIREO_NETWORK_MODE_ISOLATED },
  { VIREO_FORWARD_MODE_NAT, VIREO_NETWORK_MODE_NAT },
  { VIREO_FORWARD_MODE_ROUTE, VIREO_NETWORK_MODE_ROUTE },
  { VIREO_FORWARD_MODE_OPEN, VIREO_NETWORK_MODE_OPEN },
  { VIREO_FORWARD_MODE_BRIDGE, VIREO_NETWORK_MODE_BRIDGE },
};

static void
add_problem (VireoPlanner *planner, const char *code, char *path, const char *format, va_list args)
    G_GNUC_PRINTF (4, 0);

/* Takes @path over. */
static void
add_problem (VireoPlanner *planner, const char *code, char *path, const char *format, va_list args)
{
  VireoProblem *problem = vireo_problem_new ("validate", code);

  problem->path = g_strconcat ("/network/", path, NULL);
  problem->message = g_strdup_vprintf (format, args);
  g_ptr_array_add (planner->problems, problem);
  g_free (path);
}

void
_vireo_planner_invalid (VireoPlanner *planner, char *path, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add_problem (planner, INVALID, path, format, args);
  va_end (args);
}

void
_vireo_planner_unsupported (VireoPlanner *planner, char *path, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add_problem (planner, "unsupported", path, format, args);
  va_end (args);
}

/* Reads an address that has to be there. Takes @path over. */
gboolean
_vireo_planner_address (VireoPlanner *planner, char *path, const char *text, VireoIp *ret_ip)
{
  g_autofree char *owned = path;

  if (vireo_ip_parse (text, ret_ip))
    return TRUE;
  _vireo_planner_invalid (planner, g_steal_pointer (&owned), "is %s",
                          text != NULL ? "not an address" : "missing");
  return FALSE;
}

/* ---- <forward> ---- */

static void
read_nat_ports (VireoPlanner *planner, const VireoNatDef *nat)
{
  const VireoNatPortDef *port;

  if (nat->n_ports == 0)
    return;
  port = nat->ports[0];
  if (nat->n_ports > 1)
    _vireo_planner_unsupported (planner, g_strdup ("forward/nat/port[2]"), "is one too many");
  if (port->start == 0 || port->start > port->end)
    _vireo_planner_invalid (planner, g_strdup ("forward/nat/port"),
                            "is from %u to %u: the first has to be at least 1 and at most the last",
                            port->start, port->end);
  planner->plan->nat_port_start = port->start;
  planner->plan->nat_port_end = port->end;
}

static void
read_nat_addresses (VireoPlanner *planner, const VireoNatDef *nat)
{
  VireoNetworkPlan *plan = planner->plan;

  if (nat->n_addresses == 0)
    return;
  if (nat->n_addresses > 1)
    _vireo_planner_unsupported (planner, g_strdup ("forward/nat/address[2]"), "is one too many");
  if (!_vireo_planner_address (planner, g_strdup ("forward/nat/address/@start"),
                               nat->addresses[0]->start, &plan->nat_start)
      || !_vireo_planner_address (planner, g_strdup ("forward/nat/address/@end"),
                                  nat->addresses[0]->end, &plan->nat_end))
    return;
  if (plan->nat_start.family != plan->nat_end.family || !vireo_ip_is_host (&plan->nat_start)
      || !vireo_ip_is_host (&plan->nat_end)
      || vireo_ip_compare (&plan->nat_start, &plan->nat_end) > 0)
    _vireo_planner_invalid (planner, g_strdup ("forward/nat/address"),
                            "is no range of hosts' addresses");
  else if (plan->nat_start.family == AF_INET6 && !plan->nat_ipv6)
    _vireo_planner_invalid (planner, g_strdup ("forward/nat/address"),
                            "is an IPv6 address, for which nat needs ipv6='yes'");
}

/* The device that traffic may pass: the attribute, or the first <interface>. */
static void
read_forward_device (VireoPlanner *planner, const VireoForwardDef *forward)
{
  const char *device = forward->dev;

  if (device == NULL && forward->n_interfaces > 0)
    device = forward->interfaces[0]->dev;
  if (forward->n_interfaces > 1)
    _vireo_planner_unsupported (planner, g_strdup ("forward/interface[2]"),
                                "is one too many for this mode");
  if (forward->n_interfaces > 0 && g_strcmp0 (device, forward->interfaces[0]->dev) != 0)
    _vireo_planner_invalid (planner, g_strdup ("forward/interface[1]/@dev"),
                            "is not what forward/@dev is");
  if (device != NULL && !vireo_netlink_is_device_name (device))
    _vireo_planner_invalid (planner, g_strdup ("forward/@dev"), "is not the name of a device");
  planner->plan->forward_device = g_strdup (device);
}

static gboolean
read_mode (VireoPlanner *planner, const VireoForwardDef *forward)
{
  VireoForwardMode mode = vireo_forward_def_get_mode (forward);

  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    if (modes[i].forward == mode)
      {
        planner->plan->mode = modes[i].mode;
        return TRUE;
      }
  _vireo_planner_unsupported (planner, g_strdup ("forward/@mode"), "%s is not supported",
                              vireo_forward_mode_to_string (mode));
  return FALSE;
}

static void
read_forward (VireoPlanner *planner)
{
  const VireoForwardDef *forward = planner->def->forward;

  if (forward == NULL || !read_mode (planner, forward))
    return;
  if (planner->plan->mode == VIREO_NETWORK_MODE_BRIDGE)
    {
      if (forward->dev != NULL || forward->n_interfaces > 0)
        _vireo_planner_unsupported (planner, g_strdup ("forward/@dev"),
                                    "a bridge made of a device (macvtap) is not supported; name "
                                    "an existing bridge with <bridge name='…'/>");
    }
  else
    read_forward_device (planner, forward);
  if (forward->nat == NULL)
    return;
  if (planner->plan->mode != VIREO_NETWORK_MODE_NAT)
    _vireo_planner_invalid (planner, g_strdup ("forward/nat"), "is for the mode nat only");
  planner->plan->nat_ipv6 = forward->nat->ipv6 == VIREO_TRISTATE_YES;
  read_nat_addresses (planner, forward->nat);
  read_nat_ports (planner, forward->nat);
}

/* ---- <bridge>, <mac>, <mtu> ---- */

static void
read_bridge (VireoPlanner *planner)
{
  const VireoBridgeDef *bridge = planner->def->bridge;
  VireoNetworkPlan *plan = planner->plan;
  guint64 delay = 0;

  plan->stp = bridge == NULL || vireo_bridge_def_get_stp (bridge) == VIREO_TRISTATE_YES;
  if (plan->mode == VIREO_NETWORK_MODE_BRIDGE && (bridge == NULL || bridge->name == NULL))
    _vireo_planner_invalid (planner, g_strdup ("bridge/@name"),
                            "is missing: the mode bridge needs the name of an existing bridge");
  if (bridge == NULL)
    return;
  if (bridge->name != NULL && !vireo_netlink_is_device_name (bridge->name))
    _vireo_planner_invalid (planner, g_strdup ("bridge/@name"),
                            "is not the name of a device: 1 to %d letters, digits and ._-",
                            VIREO_DEVICE_NAME_MAX);
  if (bridge->delay != NULL
      && !g_ascii_string_to_unsigned (bridge->delay, 10, 0, MAX_DELAY, &delay, NULL))
    _vireo_planner_invalid (planner, g_strdup ("bridge/@delay"),
                            "is not a number of seconds up to %d", MAX_DELAY);
  plan->bridge = g_strdup (bridge->name);
  plan->delay = (guint) delay;
}

static void
read_mac (VireoPlanner *planner)
{
  const char *text = planner->def->mac;
  guint8 mac[6];

  if (text == NULL)
    return;
  if (!vireo_netlink_parse_mac (text, mac) || (mac[0] & 1) != 0)
    _vireo_planner_invalid (planner, g_strdup ("mac/@address"),
                            "is not the MAC address of a device");
  planner->plan->mac = g_ascii_strdown (text, -1);
}

static void
read_mtu (VireoPlanner *planner)
{
  if (!planner->def->has_mtu)
    return;
  if (planner->def->mtu < MIN_MTU || planner->def->mtu > MAX_MTU)
    _vireo_planner_invalid (planner, g_strdup ("mtu/@size"), "is %u, not from %d to %d",
                            planner->def->mtu, MIN_MTU, MAX_MTU);
  planner->plan->mtu = planner->def->mtu;
}

/**
 * vireo_network_plan_new:
 * @def: a network
 * @problems: (element-type VireoProblem): gets all that is wrong with @def ("invalid-value"), and
 *   all that it asks for and that we cannot do ("unsupported"): nothing is left out silently
 *
 * Turns a definition into a plan. The name of the bridge and its MAC address may be missing: they
 * are chosen when the network is defined.
 *
 * Returns: (transfer full): a plan, of use only when @problems got nothing
 * Since: 0.1
 */
VireoNetworkPlan *
vireo_network_plan_new (const VireoNetworkDef *def, GPtrArray *problems)
{
  VireoNetworkPlan *plan = vireo_network_plan_new_empty ();
  VireoPlanner planner = { .def = def, .plan = plan, .problems = problems };

  plan->name = g_strdup (def->name);
  plan->uuid = g_strdup (def->uuid);
  read_forward (&planner);
  read_bridge (&planner);
  read_mac (&planner);
  read_mtu (&planner);
  _vireo_planner_add_ips (&planner);
  _vireo_planner_add_dns (&planner);
  _vireo_planner_find_unsupported (&planner);
  return plan;
}

/**
 * vireo_network_plan_new_checked:
 * @def: a network
 * @error: XmlInvalid when something is wrong with @def; ConfigUnsupported when it is only more than
 *   we can do
 *
 * Returns: (transfer full) (nullable): a plan
 * Since: 0.1
 */
VireoNetworkPlan *
vireo_network_plan_new_checked (const VireoNetworkDef *def, GError **error)
{
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  g_autoptr (VireoNetworkPlan) plan = vireo_network_plan_new (def, problems);
  VireoError code = VIREO_ERROR_CONFIG_UNSUPPORTED;

  if (problems->len == 0)
    return g_steal_pointer (&plan);
  for (guint i = 0; i < problems->len; i++)
    {
      const VireoProblem *problem = problems->pdata[i];

      if (g_str_equal (problem->code, INVALID))
        code = VIREO_ERROR_XML_INVALID;
    }
  g_propagate_error (error, vireo_problems_to_error (problems, code));
  return NULL;
}
