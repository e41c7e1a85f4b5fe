/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a definition can ask for and the driver cannot do yet. Each is refused by name: a network
 * that came up without the limit or the tag that it was to have would be worse than none. */

#include "vireo-network-plan-private.h"

static void
refuse (VireoPlanner *planner, gboolean present, const char *path, const char *reason)
{
  if (present)
    _vireo_planner_unsupported (planner, g_strdup (path), "%s", reason);
}

static void
check_forward (VireoPlanner *planner, const VireoForwardDef *forward)
{
  const struct
  {
    gboolean present;
    const char *path;
  } rows[] = {
    { forward->managed != VIREO_TRISTATE_UNSET, "forward/@managed" },
    { forward->driver != VIREO_FORWARD_DRIVER_NAME_UNSET, "forward/driver" },
    { forward->n_pfs > 0, "forward/pf" },
    { forward->n_addresses > 0, "forward/address" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    refuse (planner, rows[i].present, rows[i].path, "handing devices to guests is not supported");
}

static void
check_portgroup (VireoPlanner *planner, const VireoPortgroupDef *group, guint number)
{
  const struct
  {
    gboolean present;
    const char *name;
  } rows[] = {
    { group->vlan != NULL, "vlan" },
    { group->virtualport != NULL, "virtualport" },
    { group->bandwidth != NULL, "bandwidth" },
    { group->trust_guest_rx_filters == VIREO_TRISTATE_YES, "@trustGuestRxFilters" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].present)
      _vireo_planner_unsupported (planner,
                                  g_strdup_printf ("portgroup[%u]/%s", number, rows[i].name),
                                  "is not supported");
}

/* What only a bridge of ours can have. */
static void
check_existing_bridge (VireoPlanner *planner)
{
  const VireoNetworkDef *def = planner->def;
  const struct
  {
    gboolean present;
    const char *path;
  } rows[] = {
    { def->n_ips > 0, "ip" },          { def->n_routes > 0, "route" },
    { def->domain != NULL, "domain" }, { def->dns != NULL, "dns" },
    { def->mac != NULL, "mac" },       { def->has_mtu, "mtu" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].present)
      _vireo_planner_invalid (planner, g_strdup (rows[i].path),
                              "makes no sense with the mode bridge: the bridge is not ours");
}

/* Reports all that is asked for and cannot be done. */
void
_vireo_planner_find_unsupported (VireoPlanner *planner)
{
  const VireoNetworkDef *def = planner->def;
  const VireoBridgeDef *bridge = def->bridge;

  refuse (planner, bridge != NULL && bridge->zone != NULL, "bridge/@zone",
          "zones of firewalld are not supported");
  refuse (planner,
          bridge != NULL && bridge->mac_table_manager == VIREO_MAC_TABLE_MANAGER_LIBVIRT,
          "bridge/@macTableManager", "only the kernel's is supported");
  refuse (planner, def->vlan != NULL, "vlan", "is not supported");
  refuse (planner, def->virtualport != NULL, "virtualport", "is not supported");
  refuse (planner, def->bandwidth != NULL, "bandwidth", "is not supported");
  refuse (planner, def->port_isolated == VIREO_TRISTATE_YES, "port/@isolated", "is not supported");
  refuse (planner, def->trust_guest_rx_filters == VIREO_TRISTATE_YES, "@trustGuestRxFilters",
          "is not supported");
  refuse (planner, def->domain != NULL && def->domain->register_ == VIREO_TRISTATE_YES,
          "domain/@register", "is not supported");
  refuse (planner, def->dnsmasq != NULL, "dnsmasq:options",
          "is not supported: with options of one's own, dnsmasq runs any program as root");
  if (def->forward != NULL)
    check_forward (planner, def->forward);
  for (guint i = 0; i < def->n_portgroups; i++)
    check_portgroup (planner, def->portgroups[i], i + 1);
  if (planner->plan->mode == VIREO_NETWORK_MODE_BRIDGE)
    check_existing_bridge (planner);
}
