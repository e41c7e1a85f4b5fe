/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-networks.h"

#include <arpa/inet.h>

#include "drivers/common/vireo-network-update.h"
#include "drivers/vireo-domain-obj.h"
#include "vireo-test-ports.h"

#define LEASE_SECONDS 3600

struct _VireoTestNetworks
{
  VireoNetworkKeeper parent_instance;
  VireoObjList *domains;
  gulong changed_id;
};

static void network_driver_init (VireoNetworkDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoTestNetworks,
                               vireo_test_networks,
                               VIREO_TYPE_NETWORK_KEEPER,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_NETWORK_DRIVER,
                                                      network_driver_init))

/* ---- leases ---- */

/* The addresses that a network gives away. */
typedef struct
{
  guint32 first;
  guint32 size;
  guint prefix;
  const VireoDhcpDef *dhcp;
} Range;

static gboolean
parse_ipv4 (const char *text, guint32 *ret_address)
{
  struct in_addr address;

  if (text == NULL || inet_pton (AF_INET, text, &address) != 1)
    return FALSE;
  *ret_address = ntohl (address.s_addr);
  return TRUE;
}

static guint
get_prefix (const VireoNetworkIpDef *ip)
{
  guint32 netmask;

  if (ip->has_prefix)
    return ip->prefix;
  return parse_ipv4 (ip->netmask, &netmask) ? (guint) __builtin_popcount (netmask) : 24;
}

static gboolean
find_range (const VireoNetworkDef *def, Range *ret_range)
{
  for (guint i = 0; i < def->n_ips; i++)
    {
      const VireoDhcpDef *dhcp = def->ips[i]->dhcp;
      guint32 first, last;

      if (dhcp == NULL || dhcp->n_ranges == 0 || !parse_ipv4 (dhcp->ranges[0]->start, &first)
          || !parse_ipv4 (dhcp->ranges[0]->end, &last) || last < first)
        continue;
      *ret_range = (Range){ first, last - first + 1, get_prefix (def->ips[i]), dhcp };
      return TRUE;
    }
  return FALSE;
}

static gboolean
is_on_network (const VireoInterfaceDef *interface, const char *network)
{
  return interface->type == VIREO_INTERFACE_TYPE_NETWORK && interface->source != NULL
         && g_strcmp0 (interface->source->network, network) == 0 && interface->mac != NULL
         && interface->mac->address != NULL;
}

/* (nullable): what the definition says about a guest. */
static const VireoDhcpHostDef *
find_host (const Range *range, const char *mac)
{
  for (guint i = 0; i < range->dhcp->n_hosts; i++)
    if (range->dhcp->hosts[i]->mac != NULL
        && g_ascii_strcasecmp (range->dhcp->hosts[i]->mac, mac) == 0)
      return range->dhcp->hosts[i];
  return NULL;
}

/* Nobody else gets an address that is some host's. */
static void
reserve_addresses (const Range *range, GHashTable *taken)
{
  guint32 address;

  for (guint i = 0; i < range->dhcp->n_hosts; i++)
    if (parse_ipv4 (range->dhcp->hosts[i]->ip, &address))
      g_hash_table_add (taken, GUINT_TO_POINTER (address));
}

/* Always the same address for a MAC address, unless another has it already. */
static guint32
choose_address (const Range *range, const char *mac, GHashTable *taken)
{
  const VireoDhcpHostDef *host = find_host (range, mac);
  guint32 offset = g_str_hash (mac) % range->size;
  guint32 fixed;

  if (host != NULL && parse_ipv4 (host->ip, &fixed))
    return fixed;

  for (guint32 i = 0; i < MIN (range->size, 65536); i++)
    {
      guint32 address = range->first + (offset + i) % range->size;

      if (g_hash_table_add (taken, GUINT_TO_POINTER (address)))
        return address;
    }
  return 0;
}

static void
add_lease (GPtrArray *leases,
           const Range *range,
           GHashTable *taken,
           VireoObj *domain,
           const char *mac)
{
  struct in_addr address = { htonl (choose_address (range, mac, taken)) };
  const VireoDhcpHostDef *host = find_host (range, mac);
  char text[INET_ADDRSTRLEN];
  VireoNetworkLease *lease;
  guint64 started;

  if (address.s_addr == 0)
    return;
  g_object_get (domain, "state-changed-at", &started, NULL);
  lease = g_new0 (VireoNetworkLease, 1);
  lease->mac = g_ascii_strdown (mac, -1);
  lease->address = g_strdup (inet_ntop (AF_INET, &address, text, sizeof text));
  lease->prefix = range->prefix;
  lease->expires = (gint64) (started / G_USEC_PER_SEC) + LEASE_SECONDS;
  lease->hostname
      = g_strdup (host != NULL && host->name != NULL ? host->name : vireo_obj_get_name (domain));
  g_ptr_array_add (leases, lease);
}

static int
compare_uuids (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (vireo_obj_get_uuid (*(VireoObj *const *) a),
                    vireo_obj_get_uuid (*(VireoObj *const *) b));
}

static GPtrArray *
make_leases (VireoTestNetworks *self, VireoNetworkObj *network)
{
  GPtrArray *leases = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_network_lease_free);
  g_autoptr (GPtrArray) domains = vireo_obj_list_snapshot (self->domains);
  g_autoptr (GHashTable) taken = g_hash_table_new (NULL, NULL);
  Range range;

  if (!find_range (vireo_network_obj_get_def (network), &range))
    return leases;
  reserve_addresses (&range, taken);
  g_ptr_array_sort (domains, compare_uuids);
  for (guint i = 0; i < domains->len; i++)
    {
      const VireoDomainDef *def = vireo_domain_obj_get_live_def (domains->pdata[i]);

      if (def == NULL || !vireo_obj_get_active (domains->pdata[i]))
        continue;
      for (guint j = 0; j < def->n_interfaces; j++)
        if (is_on_network (def->interfaces[j], vireo_obj_get_name (VIREO_OBJ (network))))
          add_lease (leases, &range, taken, domains->pdata[i], def->interfaces[j]->mac->address);
    }
  return leases;
}

static void
get_leases (VireoNetworkDriver *driver, VireoNetworkObj *obj, GTask *task)
{
  if (vireo_obj_get_active (VIREO_OBJ (obj)))
    g_task_return_pointer (task, make_leases (VIREO_TEST_NETWORKS (driver), obj),
                           (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "network \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (obj)));
  g_object_unref (task);
}

/* A domain that starts gets its leases, one that stops gives them back. */
static void
domain_changed (VireoObjList *domains,
                VireoObj *domain,
                guint n,
                GParamSpec **pspecs,
                VireoTestNetworks *self)
{
  const VireoDomainDef *def = vireo_domain_obj_get_def (VIREO_DOMAIN_OBJ (domain));
  VireoObjList *networks = vireo_keeper_get_list (VIREO_KEEPER (self));
  gboolean active_changed = FALSE;

  for (guint i = 0; i < n; i++)
    active_changed |= g_str_equal (pspecs[i]->name, "active");
  for (guint i = 0; active_changed && def != NULL && i < def->n_interfaces; i++)
    {
      const VireoInterfaceSourceDef *source = def->interfaces[i]->source;
      VireoObj *network = source != NULL && source->network != NULL
                              ? vireo_obj_list_find_by_name (networks, source->network)
                              : NULL;

      if (network != NULL && vireo_obj_get_active (network))
        vireo_obj_emit_event (network, "LeasesChanged", NULL);
    }
}

/* ---- operations ---- */

static void
begin_running (VireoNetworkObj *obj)
{
  vireo_obj_set_active (VIREO_OBJ (obj), TRUE);
  vireo_network_obj_emit_lifecycle (obj, "started");
}

/**
 * vireo_test_networks_run:
 * @self: the networks
 * @obj: an inactive persistent network
 *
 * Makes the network active, without waiting for anything.
 *
 * Since: 0.1
 */
void
vireo_test_networks_run (VireoTestNetworks *self, VireoNetworkObj *obj)
{
  vireo_network_obj_set_live_def (
      obj, vireo_network_def_copy (vireo_network_obj_get_persistent_def (obj)));
  begin_running (obj);
}

static void
start_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (!vireo_keeper_make_ready_finish (VIREO_KEEPER (source), result, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  vireo_test_networks_run (VIREO_TEST_NETWORKS (source), g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

static void
start (VireoNetworkDriver *driver, VireoNetworkObj *obj, GTask *task)
{
  if (vireo_obj_get_active (VIREO_OBJ (obj)))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                               "network \"%s\" is active already",
                               vireo_obj_get_name (VIREO_OBJ (obj)));
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, g_object_ref (obj), g_object_unref);
  vireo_keeper_make_ready_async (VIREO_KEEPER (driver), VIREO_OBJ (obj),
                                 g_task_get_cancellable (task), start_ready, task);
}

static void
created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoJob) job = vireo_keeper_create_finish (VIREO_KEEPER (source), result, &error);

  if (job == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  begin_running (VIREO_NETWORK_OBJ (vireo_job_get_object (job)));
  vireo_job_end (job, NULL);
  g_task_return_pointer (task, g_object_ref (vireo_job_get_object (job)), g_object_unref);
}

static void
create (VireoNetworkDriver *driver, const VireoNetworkDef *def, guint owner, GTask *task)
{
  g_task_set_check_cancellable (task, FALSE);
  vireo_keeper_create_async (VIREO_KEEPER (driver), def, owner, g_task_get_cancellable (task),
                             created, task);
}

static void
destroy (VireoNetworkDriver *driver, VireoNetworkObj *obj, GTask *task)
{
  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "network \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (obj)));
  else
    {
      vireo_test_remove_ports (obj);
      vireo_obj_set_active (VIREO_OBJ (obj), FALSE);
      vireo_network_obj_emit_lifecycle (obj, "stopped");
      vireo_keeper_stopped (VIREO_KEEPER (driver), VIREO_OBJ (obj));
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

/* Leases are made up from the definition whenever somebody asks. */
static void
update_live (VireoNetworkKeeper *keeper,
             VireoNetworkObj *obj,
             const VireoNetworkDef *def,
             GTask *task)
{
  vireo_network_obj_set_live_def (obj, vireo_network_def_copy (def));
  vireo_obj_emit_event (VIREO_OBJ (obj), "LeasesChanged", NULL);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
update (VireoNetworkDriver *driver,
        VireoNetworkObj *obj,
        const VireoNetworkUpdate *change,
        GTask *task)
{
  vireo_network_update_run (VIREO_NETWORK_KEEPER (driver), obj, change, task);
}

static void
network_driver_init (VireoNetworkDriverInterface *iface)
{
  iface->update = update;
  iface->create = create;
  iface->start = start;
  iface->destroy = destroy;
  iface->get_leases = get_leases;
  iface->create_port = vireo_test_create_port;
  iface->delete_port = vireo_test_delete_port;
  iface->set_port_parameters = vireo_test_set_port_parameters;
}

static void
dispose (GObject *object)
{
  VireoTestNetworks *self = VIREO_TEST_NETWORKS (object);

  if (self->domains != NULL)
    g_clear_signal_handler (&self->changed_id, self->domains);
  g_clear_object (&self->domains);
  G_OBJECT_CLASS (vireo_test_networks_parent_class)->dispose (object);
}

static void
vireo_test_networks_class_init (VireoTestNetworksClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dispose;
  VIREO_NETWORK_KEEPER_CLASS (klass)->update_live = update_live;
}

static void
vireo_test_networks_init (VireoTestNetworks *self)
{
}

/**
 * vireo_test_networks_new:
 * @state_dir: (nullable): where definitions are kept; %NULL for memory only
 * @domains: those whose interfaces have leases
 *
 * Returns: (transfer full): the networks
 * Since: 0.1
 */
VireoTestNetworks *
vireo_test_networks_new (const char *state_dir, VireoObjList *domains)
{
  VireoTestNetworks *self = g_object_new (VIREO_TYPE_TEST_NETWORKS, "state-dir", state_dir, NULL);

  self->domains = g_object_ref (domains);
  self->changed_id = g_signal_connect (domains, "changed", G_CALLBACK (domain_changed), self);
  return self;
}
