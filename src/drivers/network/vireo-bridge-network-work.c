/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-bridge-network-work.h"

#include <sys/socket.h>

#include "util/vireo-error.h"
#include "vireo-bridge-network-private.h"
#include "vireo-firewall.h"
#include "vireo-netlink.h"

typedef struct
{
  VireoNetworkWork work;
  VireoNetworkWorkFunc func;
  VireoBridgeNetwork *network;
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  vireo_network_plan_unref (order->work.plan);
  g_free (order->work.bridge);
  g_free (order->work.mac);
  g_ptr_array_unref (order->work.taps);
  g_object_unref (order->network);
  g_free (order);
}

static void
order_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Order *order = data;
  g_autoptr (GError) error = NULL;

  if (order->func (&order->work, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static GPtrArray *
copy_taps (GHashTable *taps)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_network_tap_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, taps);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const VireoNetworkTap *tap = value;

      g_ptr_array_add (copies, vireo_network_tap_new (tap->device, tap->index, tap->owner));
    }
  return copies;
}

/* Has @func done in a thread. Takes @task over, which returns a boolean. */
void
_vireo_network_work (VireoBridgeNetwork *network, VireoNetworkWorkFunc func, GTask *task)
{
  g_autoptr (GTask) owned = task;
  Order *order = g_new0 (Order, 1);

  order->func = func;
  order->network = g_object_ref (network);
  order->work.plan = network->plan != NULL ? vireo_network_plan_ref (network->plan) : NULL;
  order->work.paths = network->paths;
  order->work.bridge = g_strdup (network->bridge);
  order->work.mac = g_strdup (network->mac);
  order->work.taps = copy_taps (network->taps);
  order->work.forget_leases = !vireo_obj_get_persistent (VIREO_OBJ (network));
  g_task_set_task_data (task, order, order_free);
  g_task_run_in_thread (task, order_thread);
}

/* ---- up ---- */

/* Nobody else uses the addresses. Of a bridge that is not ours: it is there. */
gboolean
_vireo_network_work_check_free (const VireoNetworkWork *work, GError **error)
{
  if (!vireo_network_plan_owns_bridge (work->plan))
    return _vireo_network_work_check_bridge (work, error);
  for (guint i = 0; i < work->plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (work->plan->subnets, i);

      if (!vireo_netlink_check_free (&subnet->address, subnet->prefix, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
_vireo_network_work_create_bridge (const VireoNetworkWork *work, GError **error)
{
  return !vireo_network_plan_owns_bridge (work->plan)
         || vireo_netlink_create_bridge (work->plan, error);
}

/* IPv6 on the bridge: not at all without an address of it; and the host never takes an address or a
 * route from what a guest advertises. */
static gboolean
set_ipv6 (const VireoNetworkPlan *plan, GError **error)
{
  const struct
  {
    const char *name;
    const char *value;
  } settings[] = {
    { "accept_ra", "0" },
    { "autoconf", "0" },
    { "disable_ipv6", vireo_network_plan_has_family (plan, AF_INET6) ? "0" : "1" },
  };
  g_autofree char *folder = g_build_filename ("/proc/sys/net/ipv6/conf", plan->bridge, NULL);

  /* A kernel without IPv6. */
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autofree char *path = g_build_filename (folder, settings[i].name, NULL);

      if (!vireo_netlink_write_setting (path, settings[i].value, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
enable_forwarding (const VireoNetworkPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (g_free);

  if (!vireo_network_plan_forwards (plan))
    return TRUE;
  if (!vireo_firewall_enable_forwarding (plan, changed, error))
    return FALSE;
  for (guint i = 0; i < changed->len; i++)
    g_message ("network \"%s\": turned on %s, which stays on", plan->name,
               (const char *) g_ptr_array_index (changed, i));
  return TRUE;
}

gboolean
_vireo_network_work_set_addresses (const VireoNetworkWork *work, GError **error)
{
  const VireoNetworkPlan *plan = work->plan;

  if (!vireo_network_plan_owns_bridge (plan))
    return TRUE;
  if (!set_ipv6 (plan, error))
    return FALSE;
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (!vireo_netlink_add_address (plan->bridge, &subnet->address, subnet->prefix, error))
        return FALSE;
    }
  if (!vireo_netlink_set_up (plan->bridge, error))
    return FALSE;
  for (guint i = 0; i < plan->routes->len; i++)
    if (!vireo_netlink_add_route (plan->bridge, g_ptr_array_index (plan->routes, i), error))
      return FALSE;
  return TRUE;
}

/* The rules first, so that there is no time at which the host forwards without them. */
gboolean
_vireo_network_work_install_rules (const VireoNetworkWork *work, GError **error)
{
  if (vireo_network_plan_owns_bridge (work->plan) && work->plan->mode != VIREO_NETWORK_MODE_OPEN
      && !vireo_firewall_install (work->plan, error))
    return FALSE;
  return enable_forwarding (work->plan, error);
}

/* Guests that ran on while the network was down. One that cannot be plugged in again is no reason
 * for the others to have no network. */
gboolean
_vireo_network_work_take_guests_back (const VireoNetworkWork *work, GError **error)
{
  for (guint i = 0; i < work->taps->len; i++)
    {
      const VireoNetworkTap *tap = g_ptr_array_index (work->taps, i);
      g_autoptr (GError) cause = NULL;
      VireoLink link;

      if (vireo_netlink_get_link (tap->device, &link, NULL) && link.index == tap->index
          && !vireo_netlink_set_port (tap->device, work->plan->bridge, NULL, link.mtu, &cause))
        g_warning ("network \"%s\": %s", work->plan->name, cause->message);
    }
  return TRUE;
}

gboolean
_vireo_network_work_write_files (const VireoNetworkWork *work, GError **error)
{
  return !vireo_network_plan_needs_dnsmasq (work->plan)
         || vireo_dnsmasq_write_files (work->plan, work->paths, error);
}

/* ---- down ---- */

/* Whatever is there of the network. What fails does not keep the rest from being removed. */
gboolean
_vireo_network_work_remove_all (const VireoNetworkWork *work, GError **error)
{
  g_autoptr (GError) stray_error = NULL;
  g_autoptr (GError) rule_error = NULL;
  g_autoptr (GError) bridge_error = NULL;
  GError **errors[] = { &stray_error, &rule_error, &bridge_error };

  vireo_dnsmasq_kill_strays (work->paths, &stray_error);
  vireo_dnsmasq_remove_files (work->paths, work->forget_leases);
  if (work->mac != NULL)
    {
      vireo_netlink_delete_link (work->bridge, "bridge", work->mac, &bridge_error);
      vireo_firewall_remove (work->bridge, &rule_error);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    if (*errors[i] != NULL)
      {
        g_propagate_error (error, g_steal_pointer (errors[i]));
        return FALSE;
      }
  return TRUE;
}

/* ---- taken over ---- */

gboolean
_vireo_network_work_check_bridge (const VireoNetworkWork *work, GError **error)
{
  VireoLink link;

  if (!vireo_netlink_get_link (work->bridge, &link, error))
    return FALSE;
  if (g_strcmp0 (link.kind, "bridge") == 0
      && (work->mac == NULL || g_ascii_strcasecmp (link.mac, work->mac) == 0))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
               work->mac != NULL ? "the device %s is not the network's bridge any more"
                                 : "the device %s is not a bridge",
               work->bridge);
  return FALSE;
}

gboolean
_vireo_network_work_end_strays (const VireoNetworkWork *work, GError **error)
{
  return vireo_dnsmasq_kill_strays (work->paths, error);
}
