/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-plan.h"

#include <sys/socket.h>

static void
range_free (gpointer range)
{
  g_free (range);
}

static void
host_free (gpointer data)
{
  VireoPlanHost *host = data;

  g_free (host->mac);
  g_free (host->id);
  g_free (host->name);
  g_free (host);
}

static void
subnet_free (gpointer data)
{
  VireoPlanSubnet *subnet = data;

  g_ptr_array_unref (subnet->ranges);
  g_ptr_array_unref (subnet->hosts);
  g_free (subnet->boot_file);
  g_free (subnet->tftp_root);
  g_free (subnet);
}

static void
forwarder_free (gpointer data)
{
  VireoPlanForwarder *forwarder = data;

  g_free (forwarder->domain);
  g_free (forwarder);
}

static void
text_free (gpointer data)
{
  VireoPlanText *text = data;

  g_free (text->name);
  g_free (text->value);
  g_free (text);
}

static void
service_free (gpointer data)
{
  VireoPlanService *service = data;

  g_free (service->service);
  g_free (service->protocol);
  g_free (service->domain);
  g_free (service->target);
  g_free (service);
}

static void
name_free (gpointer data)
{
  VireoPlanName *name = data;

  g_ptr_array_unref (name->names);
  g_free (name);
}

/**
 * vireo_network_plan_new_empty:
 *
 * Returns: (transfer full): a plan of an isolated network without addresses
 * Since: 0.1
 */
VireoNetworkPlan *
vireo_network_plan_new_empty (void)
{
  VireoNetworkPlan *plan = g_atomic_rc_box_new0 (VireoNetworkPlan);

  plan->dns = TRUE;
  plan->forward_plain_names = TRUE;
  plan->nat_port_start = 1024;
  plan->nat_port_end = 65535;
  plan->subnets = g_ptr_array_new_with_free_func (subnet_free);
  plan->routes = g_ptr_array_new_with_free_func (g_free);
  plan->forwarders = g_ptr_array_new_with_free_func (forwarder_free);
  plan->texts = g_ptr_array_new_with_free_func (text_free);
  plan->services = g_ptr_array_new_with_free_func (service_free);
  plan->names = g_ptr_array_new_with_free_func (name_free);
  return plan;
}

static void
plan_clear (gpointer data)
{
  VireoNetworkPlan *plan = data;

  g_free (plan->name);
  g_free (plan->uuid);
  g_free (plan->bridge);
  g_free (plan->mac);
  g_free (plan->forward_device);
  g_free (plan->domain);
  g_ptr_array_unref (plan->subnets);
  g_ptr_array_unref (plan->routes);
  g_ptr_array_unref (plan->forwarders);
  g_ptr_array_unref (plan->texts);
  g_ptr_array_unref (plan->services);
  g_ptr_array_unref (plan->names);
}

/**
 * vireo_network_plan_ref:
 * @plan: a plan, which nobody changes any more
 *
 * Returns: (transfer full): the same, for a thread to read
 * Since: 0.1
 */
VireoNetworkPlan *
vireo_network_plan_ref (VireoNetworkPlan *plan)
{
  return g_atomic_rc_box_acquire (plan);
}

/**
 * vireo_network_plan_unref:
 * @plan: (nullable) (transfer full): a plan
 *
 * Since: 0.1
 */
void
vireo_network_plan_unref (VireoNetworkPlan *plan)
{
  if (plan != NULL)
    g_atomic_rc_box_release_full (plan, plan_clear);
}

/**
 * vireo_network_plan_add_subnet:
 * @plan: a plan
 *
 * Returns: (transfer none): a new subnet, to be filled in
 * Since: 0.1
 */
VireoPlanSubnet *
vireo_network_plan_add_subnet (VireoNetworkPlan *plan)
{
  VireoPlanSubnet *subnet = g_new0 (VireoPlanSubnet, 1);

  subnet->ranges = g_ptr_array_new_with_free_func (range_free);
  subnet->hosts = g_ptr_array_new_with_free_func (host_free);
  g_ptr_array_add (plan->subnets, subnet);
  return subnet;
}

/**
 * vireo_plan_subnet_add_range:
 * @subnet: a subnet
 *
 * Returns: (transfer none): a new range, to be filled in
 * Since: 0.1
 */
VireoPlanRange *
vireo_plan_subnet_add_range (VireoPlanSubnet *subnet)
{
  VireoPlanRange *range = g_new0 (VireoPlanRange, 1);

  range->lease_time = -1;
  g_ptr_array_add (subnet->ranges, range);
  return range;
}

/**
 * vireo_plan_subnet_add_host:
 * @subnet: a subnet
 *
 * Returns: (transfer none): a new host, to be filled in
 * Since: 0.1
 */
VireoPlanHost *
vireo_plan_subnet_add_host (VireoPlanSubnet *subnet)
{
  VireoPlanHost *host = g_new0 (VireoPlanHost, 1);

  host->lease_time = -1;
  g_ptr_array_add (subnet->hosts, host);
  return host;
}

/**
 * vireo_network_plan_add_route:
 * @plan: a plan
 *
 * Returns: (transfer none): a new route, to be filled in
 * Since: 0.1
 */
VireoPlanRoute *
vireo_network_plan_add_route (VireoNetworkPlan *plan)
{
  VireoPlanRoute *route = g_new0 (VireoPlanRoute, 1);

  g_ptr_array_add (plan->routes, route);
  return route;
}

/**
 * vireo_network_plan_add_forwarder:
 * @plan: a plan
 *
 * Returns: (transfer none): a new forwarder, to be filled in
 * Since: 0.1
 */
VireoPlanForwarder *
vireo_network_plan_add_forwarder (VireoNetworkPlan *plan)
{
  VireoPlanForwarder *forwarder = g_new0 (VireoPlanForwarder, 1);

  g_ptr_array_add (plan->forwarders, forwarder);
  return forwarder;
}

/**
 * vireo_network_plan_add_text:
 * @plan: a plan
 *
 * Returns: (transfer none): a new TXT record, to be filled in
 * Since: 0.1
 */
VireoPlanText *
vireo_network_plan_add_text (VireoNetworkPlan *plan)
{
  VireoPlanText *text = g_new0 (VireoPlanText, 1);

  g_ptr_array_add (plan->texts, text);
  return text;
}

/**
 * vireo_network_plan_add_service:
 * @plan: a plan
 *
 * Returns: (transfer none): a new SRV record, to be filled in
 * Since: 0.1
 */
VireoPlanService *
vireo_network_plan_add_service (VireoNetworkPlan *plan)
{
  VireoPlanService *service = g_new0 (VireoPlanService, 1);

  g_ptr_array_add (plan->services, service);
  return service;
}

/**
 * vireo_network_plan_add_name:
 * @plan: a plan
 *
 * Returns: (transfer none): a new address with names, to be filled in
 * Since: 0.1
 */
VireoPlanName *
vireo_network_plan_add_name (VireoNetworkPlan *plan)
{
  VireoPlanName *name = g_new0 (VireoPlanName, 1);

  name->names = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (plan->names, name);
  return name;
}

/**
 * vireo_network_plan_has_family:
 * @plan: a plan
 * @family: AF_INET or AF_INET6
 *
 * Returns: whether the host has an address of @family on the network
 * Since: 0.1
 */
gboolean
vireo_network_plan_has_family (const VireoNetworkPlan *plan, int family)
{
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (subnet->address.family == family)
        return TRUE;
    }
  return FALSE;
}

/**
 * vireo_network_plan_has_dhcp:
 * @plan: a plan
 *
 * Returns: whether addresses are given out
 * Since: 0.1
 */
gboolean
vireo_network_plan_has_dhcp (const VireoNetworkPlan *plan)
{
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (subnet->ranges->len > 0 || subnet->hosts->len > 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * vireo_network_plan_needs_dnsmasq:
 * @plan: a plan
 *
 * Returns: whether there is anything for dnsmasq to do: names, addresses, router advertisements or
 *   boot files
 * Since: 0.1
 */
gboolean
vireo_network_plan_needs_dnsmasq (const VireoNetworkPlan *plan)
{
  if (!vireo_network_plan_owns_bridge (plan) || plan->subnets->len == 0)
    return FALSE;
  if (plan->dns || vireo_network_plan_has_dhcp (plan)
      || vireo_network_plan_has_family (plan, AF_INET6))
    return TRUE;
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (subnet->tftp_root != NULL)
        return TRUE;
    }
  return FALSE;
}

/**
 * vireo_network_plan_owns_bridge:
 * @plan: a plan
 *
 * Returns: whether we make the bridge, and nobody else
 * Since: 0.1
 */
gboolean
vireo_network_plan_owns_bridge (const VireoNetworkPlan *plan)
{
  return plan->mode != VIREO_NETWORK_MODE_BRIDGE;
}

/**
 * vireo_network_plan_forwards:
 * @plan: a plan
 *
 * Returns: whether the host's kernel has to pass packets on for the network
 * Since: 0.1
 */
gboolean
vireo_network_plan_forwards (const VireoNetworkPlan *plan)
{
  return plan->mode == VIREO_NETWORK_MODE_NAT || plan->mode == VIREO_NETWORK_MODE_ROUTE
         || plan->mode == VIREO_NETWORK_MODE_OPEN;
}
