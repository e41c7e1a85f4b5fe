/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include <string.h>

#include "service-domain.h"
#include "service-domain-work.h"
#include "service-host-devices.h"
#include "service-secret.h"
#include "vireo-define.h"
#include "vireo-documents.h"
#include "vireo-handlers.h"
#include "service-storage.h"
#include "vireo-hypervisors.h"

/* ---- domains ---- */

static void
handle_lookup_domain_by_id (VireoCall *call)
{
  g_autoptr (GPtrArray) objects
      = vireo_obj_list_snapshot (vireo_node_get_list (call->node, VIREO_PATH_DOMAIN));
  VireoObj *found = NULL;
  guint id;

  g_variant_get_child (call->args, 0, "u", &id);
  for (guint i = 0; id != 0 && i < objects->len && found == NULL; i++)
    {
      VireoDomainObj *domain = g_ptr_array_index (objects, i);

      if (vireo_domain_obj_get_id (domain) == id)
        found = VIREO_OBJ (domain);
    }
  vireo_call_return_found (call, found);
}

/* ---- the connection itself ---- */

/* Answers with the string that a task of the driver returned. */
static void
on_text (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autofree char *text = g_task_propagate_pointer (G_TASK (result), &error);

  if (text == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", text));
}

static void
handle_get_capabilities (VireoCall *call)
{
  VIREO_CONNECTION_OBJ_GET_CLASS (call->part)
      ->get_capabilities (call->part, vireo_call_task (call, on_text));
}

static void
convert_to_native (VireoCall *call)
{
  const char *format;

  g_variant_get_child (call->args, 0, "&s", &format);
  VIREO_CONNECTION_OBJ_GET_CLASS (call->part)
      ->domain_xml_to_native (call->part, format, call->def, vireo_caller_get_uid (call->caller),
                              vireo_call_task (call, on_text));
}

static void
handle_domain_xml_to_native (VireoCall *call)
{
  const char *xml;

  g_variant_get_child (call->args, 1, "&s", &xml);
  vireo_call_with_document (call, "domain", xml, convert_to_native);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;

  if (vireo_hypervisors_reload_finish (VIREO_HYPERVISORS (source), result, &error))
    vireo_call_return (call, NULL);
  else
    vireo_call_return_error (call, error);
}

static void
handle_reload (VireoCall *call)
{
  vireo_hypervisors_reload_async (vireo_hypervisors_of (vireo_server_get_tree (call->server)),
                                  call->node, on_reloaded, call);
}

/* ---- Features ---- */

/* Members that the service answers by itself are there when the driver has the part. */
static gboolean
has_function (VireoConnectionObj *connection, const VireoService *service, const VireoHandler *row)
{
  VireoPartRef part = row->part != 0 ? row->part : service->part;

  if (row->op != 0)
    return vireo_connection_obj_get_function (connection, part - 1, row->op) != NULL;
  return part == 0 || vireo_connection_obj_get_part (connection, part - 1) != NULL;
}

static void
add_features (GPtrArray *names,
              VireoConnectionObj *connection,
              const VireoService *service,
              const VireoHandler *rows)
{
  for (; rows != NULL && rows->name != NULL; rows++)
    if (has_function (connection, service, rows))
      g_ptr_array_add (
          names, g_strdup_printf ("%s.%s", strrchr (service->interface, '.') + 1, rows->name));
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* What is listed is what the gate would let through to a driver: both look at the same row. */
static GVariant *
get_features (VireoNode *node, const VireoReading *reading)
{
  VireoConnectionObj *connection = VIREO_CONNECTION_OBJ (node->object);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = VIREO_PATH_CONNECTION; i < VIREO_PATH_JOB; i++)
    {
      const VireoExport *export = vireo_tree_get_export (reading->tree, i);
      const VireoHandler *rows;

      if (export == NULL)
        continue;
      for (guint n = 0; (rows = vireo_service_get_methods (export->service, n)) != NULL; n++)
        add_features (names, connection, export->service, rows);
      add_features (names, connection, export->service, export->service->writers);
    }
  g_ptr_array_sort (names, compare_names);
  return g_variant_new_strv ((const char *const *) names->pdata, names->len);
}

#define DOMAINS(name) .part = VIREO_PART_REF (VIREO_PART_DOMAINS), .op = VIREO_DOMAIN_OP (name)
#define FILTERS(name)                                                                              \
  .part = VIREO_PART_REF (VIREO_PART_NETWORK_FILTERS), .op = VIREO_NETWORK_FILTER_OP (name)
#define DEVICES(name)                                                                              \
  .part = VIREO_PART_REF (VIREO_PART_NODE_DEVICES), .op = VIREO_NODE_DEVICE_OP (name)
#define INTERFACES(name)                                                                           \
  .part = VIREO_PART_REF (VIREO_PART_HOST_INTERFACES), .op = VIREO_HOST_INTERFACE_OP (name)
#define SECRETS(name) .part = VIREO_PART_REF (VIREO_PART_SECRETS), .op = VIREO_SECRET_OP (name)
#define NETWORKS(name) .part = VIREO_PART_REF (VIREO_PART_NETWORKS), .op = VIREO_NETWORK_OP (name)
#define HOST(name) .part = VIREO_PART_REF (VIREO_PART_HOST), .op = VIREO_HOST_OP (name)
#define ITSELF(name)                                                                               \
  .part = VIREO_PART_REF (VIREO_PART_CONNECTION), .op = VIREO_CONNECTION_OP (name)
#define STORAGE(name) .part = VIREO_PART_REF (VIREO_PART_STORAGE), .op = VIREO_STORAGE_OP (name)

static const VireoHandler methods[] = {
  { "DefineDomain", vireo_handle_define, .of = VIREO_PATH_DOMAIN, DOMAINS (define),
    .prepare = vireo_define_prepare },
  { "CreateDomain", vireo_connection_create_domain, .operation = "domain-create", .show_job = TRUE,
    .of = VIREO_PATH_DOMAIN, DOMAINS (create), .prepare = vireo_define_prepare },
  { "CreateDomainWithFiles", vireo_connection_create_domain_with_files,
    .operation = "domain-create",
    .show_job = TRUE, .of = VIREO_PATH_DOMAIN, DOMAINS (create_with_files),
    .prepare = vireo_define_prepare },
  { "ListDomains", vireo_handle_list, .of = VIREO_PATH_DOMAIN, DOMAINS (get_domains) },
  { "GetDomains", vireo_handle_get_objects, .of = VIREO_PATH_DOMAIN, DOMAINS (get_domains) },
  { "GetDomainStats", vireo_connection_get_domain_stats, .of = VIREO_PATH_DOMAIN,
    DOMAINS (get_stats) },
  { "LookupDomainByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_DOMAIN,
    DOMAINS (get_domains) },
  { "LookupDomainByUuid", vireo_handle_lookup_by_uuid, .of = VIREO_PATH_DOMAIN,
    DOMAINS (get_domains) },
  { "LookupDomainById", handle_lookup_domain_by_id, .of = VIREO_PATH_DOMAIN,
    DOMAINS (get_domains) },
  { "RestoreDomain", vireo_connection_restore_domain, .operation = "domain-create",
    .show_job = TRUE, .of = VIREO_PATH_DOMAIN, DOMAINS (restore),
    .prepare = vireo_connection_prepare_restore },
  { "GetSaveImageXml", vireo_connection_get_save_image_xml, .of = VIREO_PATH_DOMAIN,
    DOMAINS (read_save_image), .prepare = vireo_connection_prepare_save_image },
  { "SetSaveImageXml", vireo_connection_set_save_image_xml, .of = VIREO_PATH_DOMAIN,
    DOMAINS (write_save_image), .prepare = vireo_connection_prepare_save_image },
  { "DefineNetwork", vireo_handle_define, .of = VIREO_PATH_NETWORK, NETWORKS (define),
    .prepare = vireo_define_prepare },
  { "CreateNetwork", vireo_handle_define, .operation = "network-create", .show_job = TRUE,
    .of = VIREO_PATH_NETWORK, NETWORKS (create), .prepare = vireo_define_prepare },
  { "ListNetworks", vireo_handle_list, .of = VIREO_PATH_NETWORK, NETWORKS (get_networks) },
  { "GetNetworks", vireo_handle_get_objects, .of = VIREO_PATH_NETWORK, NETWORKS (get_networks) },
  { "LookupNetworkByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_NETWORK,
    NETWORKS (get_networks) },
  { "LookupNetworkByUuid", vireo_handle_lookup_by_uuid, .of = VIREO_PATH_NETWORK,
    NETWORKS (get_networks) },
  { "DefineSecret", vireo_handle_define, .of = VIREO_PATH_SECRET, SECRETS (define),
    .prepare = vireo_define_prepare },
  { "ListSecrets", vireo_handle_list, .of = VIREO_PATH_SECRET, SECRETS (get_secrets) },
  { "GetSecrets", vireo_handle_get_objects, .of = VIREO_PATH_SECRET, SECRETS (get_secrets) },
  { "LookupSecretByUuid", vireo_handle_lookup_by_uuid, .of = VIREO_PATH_SECRET,
    SECRETS (get_secrets) },
  { "LookupSecretByUsage", vireo_handle_lookup_secret_by_usage, .of = VIREO_PATH_SECRET,
    SECRETS (get_secrets) },
  { "DefineNetworkFilter", vireo_handle_define, .of = VIREO_PATH_NETWORK_FILTER, FILTERS (define),
    .prepare = vireo_define_prepare },
  { "ListNetworkFilters", vireo_handle_list, .of = VIREO_PATH_NETWORK_FILTER,
    FILTERS (get_filters) },
  { "GetNetworkFilters", vireo_handle_get_objects, .of = VIREO_PATH_NETWORK_FILTER,
    FILTERS (get_filters) },
  { "LookupNetworkFilterByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_NETWORK_FILTER,
    FILTERS (get_filters) },
  { "LookupNetworkFilterByUuid", vireo_handle_lookup_by_uuid, .of = VIREO_PATH_NETWORK_FILTER,
    FILTERS (get_filters) },
  { "CreateNetworkFilterBinding", vireo_handle_define, .of = VIREO_PATH_NETWORK_FILTER_BINDING,
    FILTERS (create_binding), .prepare = vireo_define_prepare },
  { "ListNetworkFilterBindings", vireo_handle_list, .of = VIREO_PATH_NETWORK_FILTER_BINDING,
    FILTERS (get_bindings) },
  { "GetNetworkFilterBindings", vireo_handle_get_objects, .of = VIREO_PATH_NETWORK_FILTER_BINDING,
    FILTERS (get_bindings) },
  { "LookupNetworkFilterBindingByPortDev", vireo_handle_lookup_by_name,
    .of = VIREO_PATH_NETWORK_FILTER_BINDING, FILTERS (get_bindings) },
  { "CreateNodeDevice", vireo_handle_define, .of = VIREO_PATH_NODE_DEVICE, DEVICES (create),
    .prepare = vireo_define_prepare },
  { "DefineNodeDevice", vireo_handle_define, .of = VIREO_PATH_NODE_DEVICE, DEVICES (define),
    .prepare = vireo_define_prepare },
  { "ListNodeDevices", vireo_handle_list, .of = VIREO_PATH_NODE_DEVICE, DEVICES (get_devices) },
  { "GetNodeDevices", vireo_handle_get_objects, .of = VIREO_PATH_NODE_DEVICE,
    DEVICES (get_devices) },
  { "LookupNodeDeviceByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_NODE_DEVICE,
    DEVICES (get_devices) },
  { "LookupScsiHostByWwn", vireo_handle_lookup_scsi_host_by_wwn, .of = VIREO_PATH_NODE_DEVICE,
    DEVICES (get_devices) },
  { "DefineHostInterface", vireo_handle_define, .of = VIREO_PATH_HOST_INTERFACE,
    INTERFACES (define), .prepare = vireo_define_prepare },
  { "ListHostInterfaces", vireo_handle_list, .of = VIREO_PATH_HOST_INTERFACE,
    INTERFACES (get_interfaces) },
  { "GetHostInterfaces", vireo_handle_get_objects, .of = VIREO_PATH_HOST_INTERFACE,
    INTERFACES (get_interfaces) },
  { "LookupHostInterfaceByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_HOST_INTERFACE,
    INTERFACES (get_interfaces) },
  { "LookupHostInterfaceByMac", vireo_handle_lookup_interface_by_mac,
    .of = VIREO_PATH_HOST_INTERFACE, INTERFACES (get_interfaces) },
  { "BeginInterfaceChange", vireo_handle_interface_change, INTERFACES (begin_change) },
  { "CommitInterfaceChange", vireo_handle_interface_change, INTERFACES (commit_change) },
  { "RollbackInterfaceChange", vireo_handle_interface_change, INTERFACES (rollback_change) },
  { "DefineStoragePool", vireo_handle_define, .of = VIREO_PATH_STORAGE_POOL, STORAGE (define),
    .prepare = vireo_define_prepare },
  { "CreateStoragePool", vireo_handle_create_storage_pool, .operation = "storage-pool-create",
    .show_job = TRUE, .of = VIREO_PATH_STORAGE_POOL, STORAGE (create),
    .prepare = vireo_prepare_create_storage_pool },
  { "ListStoragePools", vireo_handle_list, .of = VIREO_PATH_STORAGE_POOL, STORAGE (get_pools) },
  { "GetStoragePools", vireo_handle_get_objects, .of = VIREO_PATH_STORAGE_POOL,
    STORAGE (get_pools) },
  { "LookupStoragePoolByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_STORAGE_POOL,
    STORAGE (get_pools) },
  { "LookupStoragePoolByUuid", vireo_handle_lookup_by_uuid, .of = VIREO_PATH_STORAGE_POOL,
    STORAGE (get_pools) },
  { "LookupStoragePoolByTargetPath", vireo_handle_lookup_pool_by_target,
    .of = VIREO_PATH_STORAGE_POOL, STORAGE (get_pools) },
  { "LookupStorageVolumeByKey", vireo_handle_lookup_volume_by_key, .of = VIREO_PATH_STORAGE_POOL,
    STORAGE (get_pools) },
  { "LookupStorageVolumeByPath", vireo_handle_lookup_volume_by_path, .of = VIREO_PATH_STORAGE_POOL,
    STORAGE (get_pools) },
  { "FindStoragePoolSources", vireo_handle_find_pool_sources, STORAGE (find_sources) },
  { "GetStoragePoolCapabilities", vireo_handle_get_pool_capabilities, STORAGE (get_capabilities) },
  { "GetCapabilities", handle_get_capabilities, ITSELF (get_capabilities) },
  { "GetDomainCapabilities", vireo_handle_query, ITSELF (get_domain_capabilities) },
  { "GetCpuModels", vireo_handle_query, ITSELF (get_cpu_models) },
  { "GetHostInfo", vireo_handle_query, HOST (get_info) },
  { "GetHostCpus", vireo_handle_query, HOST (get_cpus) },
  { "GetHostCpuStats", vireo_handle_query, HOST (get_cpu_stats) },
  { "GetHostMemoryStats", vireo_handle_query, HOST (get_memory_stats) },
  { "GetSysinfo", vireo_handle_query, HOST (get_sysinfo) },
  { "GetSecurityModel", vireo_handle_query, HOST (get_security_model) },
  { "CompareCpu", vireo_handle_query, ITSELF (compare_cpu) },
  { "BaselineCpu", vireo_handle_query, ITSELF (baseline_cpu) },
  { "DomainXmlFromNative", vireo_handle_query, ITSELF (domain_xml_from_native) },
  { "DomainXmlToNative", handle_domain_xml_to_native, ITSELF (domain_xml_to_native) },
  { "GetHostMemoryParameters", vireo_handle_query, HOST (get_memory_parameters) },
  { "SetHostMemoryParameters", vireo_handle_query, HOST (set_memory_parameters) },
  { "GetHostFreePages", vireo_handle_query, HOST (get_free_pages) },
  { "AllocateHostPages", vireo_handle_query, HOST (allocate_pages) },
  { "SuspendHost", vireo_handle_query, HOST (suspend) },
  { "GetHostSevInfo", vireo_handle_query, HOST (get_sev_info) },
  { "SubscribeMonitorEvents", vireo_connection_subscribe_monitor_events,
    DOMAINS (watch_monitors) },
  { "UnsubscribeMonitorEvents", vireo_connection_unsubscribe_monitor_events,
    DOMAINS (watch_monitors) },
  { "Reload", handle_reload },
  { NULL },
};

static const VireoGetter getters[] = {
  { "Features", get_features },
  { NULL },
};

const VireoService vireo_service_connection = {
  .interface = "org.vireo.Vireo1.Connection",
  .path_kind = VIREO_PATH_CONNECTION,
  .kind = "connect",
  .get_type = vireo_connection_obj_get_type,
  .methods = methods,
  .getters = getters,
};
