/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is asked of a domain that runs: its guest, its display, its disks, figures. The driver gets
 * the arguments as they came, and most of it needs no handler of its own. */

#include <string.h>

#include "drivers/common/vireo-domain-edit.h"
#include "service-domain.h"
#include "vireo-gate.h"
#include "vireo-handlers.h"

static VireoDomainDriverInterface *
get_iface (VireoCall *call)
{
  return VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
}

static void
call_driver (VireoCall *call, VireoDomainFunc func)
{
  if (func != NULL)
    func (call->part, VIREO_DOMAIN_OBJ (call->node->object), call->args,
          vireo_call_task_variant (call));
  else
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED,
                                 "the driver of this domain cannot ask its guest");
}

/* ---- processors ---- */

static void
add_vcpu (GVariantBuilder *list, const VireoDomainDef *def, guint number, gboolean live)
{
  gboolean enabled = vireo_domain_view_vcpu_enabled (def, number);
  const char *cpuset = vireo_domain_view_vcpu_pin (def, number);

  g_variant_builder_open (list, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (list, "{sv}", "number", g_variant_new_uint32 (number));
  g_variant_builder_add (list, "{sv}", "enabled", g_variant_new_boolean (enabled));
  g_variant_builder_add (list, "{sv}", "cpuset",
                         g_variant_new_string (cpuset != NULL ? cpuset : ""));
  if (live)
    g_variant_builder_add (list, "{sv}", "state",
                           g_variant_new_string (enabled ? "running" : "offline"));
  g_variant_builder_close (list);
}

static void
handle_get_vcpus (VireoCall *call)
{
  VireoDomainObj *domain = VIREO_DOMAIN_OBJ (call->node->object);
  const VireoDomainDef *def = vireo_domain_call_get_def (call);
  GVariantBuilder list;

  if (def == NULL)
    return;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < (def->has_vcpus ? def->vcpus : 1); i++)
    add_vcpu (&list, def, i, def == vireo_domain_obj_get_live_def (domain));
  vireo_call_return (call, g_variant_new ("(aa{sv})", &list));
}

/* ---- addresses ---- */

typedef struct
{
  VireoCall *call;
  GPtrArray *networks; /* VireoObj, those that are still to be asked */
  GPtrArray *leases;   /* VireoNetworkLease */
  gboolean hostname;   /* whether that is all that is wanted */
} Search;

static void
search_free (Search *search)
{
  g_ptr_array_unref (search->networks);
  g_ptr_array_unref (search->leases);
  g_free (search);
}

static void
add_lease (GVariantBuilder *list, const VireoNetworkLease *lease)
{
  gboolean v6 = strchr (lease->address, ':') != NULL;

  g_variant_builder_add (list, "(ssu)", v6 ? "ipv6" : "ipv4", lease->address, lease->prefix);
}

static void
return_leases (Search *search)
{
  VireoDomainObj *domain = VIREO_DOMAIN_OBJ (search->call->node->object);
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (domain);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ssa(ssu))"));
  for (guint i = 0; def != NULL && i < def->n_interfaces; i++)
    {
      const VireoInterfaceDef *interface = def->interfaces[i];
      const char *mac = interface->mac != NULL ? interface->mac->address : NULL;
      const char *name = interface->target != NULL && interface->target->dev != NULL
                             ? interface->target->dev
                             : interface->alias;
      gboolean open = FALSE;

      for (guint j = 0; mac != NULL && j < search->leases->len; j++)
        {
          const VireoNetworkLease *lease = search->leases->pdata[j];

          if (lease->mac == NULL || g_ascii_strcasecmp (lease->mac, mac) != 0)
            continue;
          if (!open)
            {
              g_variant_builder_open (&list, G_VARIANT_TYPE ("(ssa(ssu))"));
              g_variant_builder_add (&list, "s", name != NULL ? name : "");
              g_variant_builder_add (&list, "s", mac);
              g_variant_builder_open (&list, G_VARIANT_TYPE ("a(ssu)"));
              open = TRUE;
            }
          add_lease (&list, lease);
        }
      if (!open)
        continue;
      g_variant_builder_close (&list);
      g_variant_builder_close (&list);
    }
  vireo_call_return (search->call, g_variant_new ("(a(ssa(ssu)))", &list));
}

static void
return_hostname (Search *search)
{
  const VireoDomainDef *def
      = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (search->call->node->object));

  for (guint i = 0; def != NULL && i < def->n_interfaces; i++)
    for (guint j = 0; def->interfaces[i]->mac != NULL && j < search->leases->len; j++)
      {
        const VireoNetworkLease *lease = search->leases->pdata[j];

        if (lease->hostname == NULL || lease->mac == NULL
            || g_ascii_strcasecmp (lease->mac, def->interfaces[i]->mac->address) != 0)
          continue;
        vireo_call_return (search->call, g_variant_new ("(s)", lease->hostname));
        return;
      }
  vireo_call_return_new_error (search->call, VIREO_ERROR_NOT_FOUND,
                               "no lease tells the guest's host name");
}

static void ask_next (Search *search);

static void
on_leases (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Search *search = user_data;
  /* A network that has just gone down has none. */
  g_autoptr (GPtrArray) leases = g_task_propagate_pointer (G_TASK (result), NULL);

  if (leases != NULL)
    g_ptr_array_extend_and_steal (search->leases, g_steal_pointer (&leases));
  ask_next (search);
}

static void
ask_next (Search *search)
{
  VireoConnectionObj *connection
      = VIREO_CONNECTION_OBJ (vireo_node_get_connection (search->call->node)->object);
  VireoNetworkDriver *driver = vireo_connection_obj_get_network_driver (connection);
  g_autoptr (VireoObj) network = NULL;

  if (search->networks->len == 0)
    {
      if (search->hostname)
        return_hostname (search);
      else
        return_leases (search);
      search_free (search);
      return;
    }
  network = g_ptr_array_steal_index_fast (search->networks, 0);
  VIREO_NETWORK_DRIVER_GET_IFACE (driver)->get_leases (
      driver, VIREO_NETWORK_OBJ (network),
      g_task_new (NULL, vireo_call_get_cancellable (search->call), on_leases, search));
}

/* Each network that the guest is on, and that is active, is asked once. */
static void
search_leases (VireoCall *call, gboolean hostname)
{
  VireoConnectionObj *connection
      = VIREO_CONNECTION_OBJ (vireo_node_get_connection (call->node)->object);
  VireoNetworkDriver *driver = vireo_connection_obj_get_network_driver (connection);
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (call->node->object));
  VireoObjList *list = NULL;
  Search *search;

  if (def == NULL)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_INVALID_STATE, "the domain is not active");
      return;
    }
  if (driver != NULL && VIREO_NETWORK_DRIVER_GET_IFACE (driver)->get_leases != NULL)
    list = VIREO_NETWORK_DRIVER_GET_IFACE (driver)->get_networks (driver);
  search = g_new0 (Search, 1);
  search->call = call;
  search->hostname = hostname;
  search->networks = g_ptr_array_new_with_free_func (g_object_unref);
  search->leases = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_network_lease_free);
  for (guint i = 0; list != NULL && i < def->n_interfaces; i++)
    {
      const VireoInterfaceSourceDef *source = def->interfaces[i]->source;
      VireoObj *network = source != NULL && source->network != NULL
                              ? vireo_obj_list_find_by_name (list, source->network)
                              : NULL;

      if (network != NULL && vireo_obj_get_active (network)
          && !g_ptr_array_find (search->networks, network, NULL))
        g_ptr_array_add (search->networks, g_object_ref (network));
    }
  ask_next (search);
}

/* What the guest itself has to be asked takes more than reading. */
static void
prepare_agent (VireoCall *call)
{
  const char *source = vireo_call_get_string (call, "source");

  if (source == NULL && g_variant_n_children (call->args) > 1)
    g_variant_get_child (call->args, 0, "&s", &source);
  if (g_strcmp0 (source, "agent") == 0)
    vireo_call_require (call, vireo_action_find ("domain", "write"));
  vireo_call_prepared (call);
}

static void
return_unknown_source (VireoCall *call, const char *source)
{
  vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT, "there is no source \"%.100s\"",
                               source);
}

static void
handle_get_interface_addresses (VireoCall *call)
{
  const char *source;

  g_variant_get_child (call->args, 0, "&s", &source);
  if (g_str_equal (source, "lease"))
    search_leases (call, FALSE);
  else if (g_str_equal (source, "agent") || g_str_equal (source, "arp"))
    call_driver (call, get_iface (call)->get_interface_addresses);
  else
    return_unknown_source (call, source);
}

static void
handle_get_hostname (VireoCall *call)
{
  const char *source = vireo_call_get_string (call, "source");

  if (source == NULL || g_str_equal (source, "lease"))
    search_leases (call, TRUE);
  else if (g_str_equal (source, "agent"))
    call_driver (call, get_iface (call)->get_hostname);
  else
    return_unknown_source (call, source);
}

/* ---- the table ---- */

#define ASK(name_, op_)                                                                            \
  {                                                                                                \
    name_, vireo_handle_args, .op = VIREO_DOMAIN_OP (op_)                                          \
  }
#define DO(name_, operation_, op_)                                                                 \
  {                                                                                                \
    name_, vireo_handle_args, VIREO_JOB_CHANGE, operation_, .op = VIREO_DOMAIN_OP (op_)            \
  }
#define OPEN(name_, op_)                                                                           \
  {                                                                                                \
    name_, vireo_handle_args_fd, .op = VIREO_DOMAIN_OP (op_)                                       \
  }

const VireoHandler vireo_domain_guest_methods[] = {
  { "GetVcpus", handle_get_vcpus, .op = VIREO_DOMAIN_OP (get_domains) },
  { "GetInterfaceAddresses", handle_get_interface_addresses, .op = VIREO_DOMAIN_OP (get_domains),
    .prepare = prepare_agent },
  { "GetHostname", handle_get_hostname, .op = VIREO_DOMAIN_OP (get_domains),
    .prepare = prepare_agent },
  { "GetStats", vireo_domain_get_stats, .op = VIREO_DOMAIN_OP (get_stats) },
  ASK ("GetCpuStats", get_cpu_stats),
  ASK ("GetGuestInfo", get_guest_info),
  ASK ("GetFsInfo", get_fs_info),
  DO ("FsFreeze", "domain-fs-freeze", fs_freeze),
  DO ("FsThaw", "domain-fs-thaw", fs_thaw),
  DO ("FsTrim", "domain-fs-trim", fs_trim),
  ASK ("GetTime", get_time),
  DO ("SetTime", "domain-set-time", set_time),
  DO ("SetUserPassword", "domain-set-user-password", set_user_password),
  ASK ("GetAuthorizedSshKeys", get_ssh_keys),
  DO ("SetAuthorizedSshKeys", "domain-set-ssh-keys", set_ssh_keys),
  ASK ("GetGuestVcpus", get_guest_vcpus),
  DO ("SetGuestVcpus", "domain-set-vcpus", set_guest_vcpus),
  ASK ("SetAgentResponseTimeout", set_agent_timeout),
  ASK ("SendKey", send_key),
  ASK ("SendProcessSignal", send_process_signal),
  ASK ("InjectNmi", inject_nmi),
  OPEN ("Screenshot", screenshot),
  OPEN ("OpenGraphics", open_graphics),
  OPEN ("OpenChannel", open_channel),
  OPEN ("OpenNamespace", open_namespace),
  ASK ("GetBlockInfo", get_block_info),
  DO ("BlockResize", "domain-block-resize", block_resize),
  ASK ("BlockPeek", block_peek),
  ASK ("MemoryPeek", memory_peek),
  ASK ("GetDiskErrors", get_disk_errors),
  ASK ("SetBlockThreshold", set_block_threshold),
  DO ("PmSuspend", "domain-pm-suspend", pm_suspend),
  DO ("PmWakeup", "domain-pm-wakeup", pm_wakeup),
  ASK ("GetLaunchSecurityInfo", get_launch_security),
  DO ("SetLaunchSecurityState", "domain-set-launch-security", set_launch_security),
  ASK ("StartDirtyRateCalc", start_dirty_rate),
  { NULL },
};
