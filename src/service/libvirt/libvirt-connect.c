/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/vireo-driver.h"
#include "libvirt-connect-host.h"
#include "libvirt-domain-guest.h"
#include "libvirt-domain-save.h"
#include "libvirt-domain-start.h"
#include "libvirt-domain-tune.h"
#include "libvirt-node-device.h"
#include "libvirt-secret.h"
#include "vireo-libvirt-convert.h"

/* ---- lists ---- */

static const VireoLibvirtFilter domain_filters[] = {
  { 1 << 0, 0, "active", TRUE },
  { 1 << 1, 0, "active", FALSE },
  { 1 << 2, 1, "persistent", TRUE },
  { 1 << 3, 1, "persistent", FALSE },
  { 1 << 4, 2, "state", .word = "running" },
  { 1 << 5, 2, "state", .word = "paused" },
  { 1 << 6, 2, "state", .word = "shutoff" },
  { 1 << 7, 2, "state", .word = "nostate" },
  { 1 << 7, 2, "state", .word = "blocked" },
  { 1 << 7, 2, "state", .word = "shutdown" },
  { 1 << 7, 2, "state", .word = "crashed" },
  { 1 << 7, 2, "state", .word = "pmsuspended" },
  { 1 << 8, 3, "has-managed-save", TRUE },
  { 1 << 9, 3, "has-managed-save", FALSE },
  { 1 << 10, 4, "autostart", TRUE },
  { 1 << 11, 4, "autostart", FALSE },
  { 1 << 12, 5, "children:domain-snapshot", TRUE },
  { 1 << 13, 5, "children:domain-snapshot", FALSE },
  { 1 << 14, 6, "children:domain-checkpoint", TRUE },
  { 1 << 15, 6, "children:domain-checkpoint", FALSE },
  { 0 },
};

static const VireoLibvirtFilter network_filters[] = {
  { 1 << 0, 0, "active", FALSE },
  { 1 << 1, 0, "active", TRUE },
  { 1 << 2, 1, "persistent", TRUE },
  { 1 << 3, 1, "persistent", FALSE },
  { 1 << 4, 2, "autostart", TRUE },
  { 1 << 5, 2, "autostart", FALSE },
  { 0 },
};

static const VireoLibvirtFilter secret_filters[] = {
  { 1 << 0, 0, "ephemeral", TRUE },
  { 1 << 1, 0, "ephemeral", FALSE },
  { 1 << 2, 1, "private", TRUE },
  { 1 << 3, 1, "private", FALSE },
  { 0 },
};

static const VireoLibvirtFlag secret_list_flags[] = { { 0xf, NULL }, { 0 } };
static const VireoLibvirtFilter interface_filters[] = {
  { 1 << 0, 0, "active", FALSE },
  { 1 << 1, 0, "active", TRUE },
  { 0 },
};

static const VireoLibvirtFlag interface_list_flags[] = { { 3, NULL }, { 0 } };
static const VireoLibvirtFilter pool_filters[] = {
  { 1 << 0, 0, "active", FALSE },
  { 1 << 1, 0, "active", TRUE },
  { 1 << 2, 1, "persistent", TRUE },
  { 1 << 3, 1, "persistent", FALSE },
  { 1 << 4, 2, "autostart", TRUE },
  { 1 << 5, 2, "autostart", FALSE },
  { 1 << 6, 3, "pool-type", .word = "dir" },
  { 1 << 7, 3, "pool-type", .word = "fs" },
  { 1 << 8, 3, "pool-type", .word = "netfs" },
  { 1 << 9, 3, "pool-type", .word = "logical" },
  { 1 << 10, 3, "pool-type", .word = "disk" },
  { 1 << 11, 3, "pool-type", .word = "iscsi" },
  { 1 << 12, 3, "pool-type", .word = "scsi" },
  { 1 << 13, 3, "pool-type", .word = "mpath" },
  { 1 << 14, 3, "pool-type", .word = "rbd" },
  { 1 << 15, 3, "pool-type", .word = "sheepdog" },
  { 1 << 16, 3, "pool-type", .word = "gluster" },
  { 1 << 17, 3, "pool-type", .word = "zfs" },
  { 1 << 18, 3, "pool-type", .word = "vstorage" },
  { 1 << 19, 3, "pool-type", .word = "iscsi-direct" },
  { 0 },
};

static const VireoLibvirtFlag pool_list_flags[] = { { 0xfffff, NULL }, { 0 } };
static const VireoLibvirtFlag domain_list_flags[] = { { 0xffff, NULL }, { 0 } };
static const VireoLibvirtFlag network_list_flags[] = { { 0x3f, NULL }, { 0 } };

/* ---- definitions ---- */

static const VireoLibvirtFlag create_flags[] = {
  { 1 << 0, "paused" },
  { 1 << 1, "autodestroy" },
  { 1 << 4, "validate" },
  { 1 << 5, "reset-nvram" },
  { 0 },
};

static const VireoLibvirtFlag secure_flags[] = { { 1 << 0, "secure" }, { 0 } };

static GVariant *
nothing_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  return NULL;
}

static const VireoLibvirtFlag validate_flags[] = { { 1 << 0, "validate" }, { 0 } };

/* No flag asks for a document to be validated here. */
static const VireoLibvirtFlag create_pool_flags[] = {
  { 1 << 0, "build" },
  { 1 << 1, "overwrite" },
  { 1 << 2, "no-overwrite" },
  { 0 },
};

/* ---- look-ups ---- */

static GVariant *
usage_in (VireoLibvirtCall *call, GError **error)
{
  const char *id;
  gint type;

  g_variant_get (call->args, "(i&s)", &type, &id);
  if (type < 0 || type >= (gint) g_strv_length ((char **) vireo_libvirt_secret_usages))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "there is no usage type %d",
                   type);
      return NULL;
    }
  return g_variant_new ("(ss)", vireo_libvirt_secret_usages[type], id);
}

static GVariant *
id_in (VireoLibvirtCall *call, GError **error)
{
  gint id;

  /* No domain has the number 0 with us, and none a negative one. */
  g_variant_get (call->args, "(i)", &id);
  return g_variant_new ("(u)", id > 0 ? (guint) id : 0);
}

/* ---- the host ---- */

static const VireoLibvirtFlag baseline_flags[] = { { 1 << 0, "expand-features" },
                                                 { 1 << 1, "migratable" },
                                                 { 0 } };
static const VireoLibvirtFlag compare_flags[] = {
  { 1 << 0, "fail-incompatible" },
  { 1 << 1, "validate" },
  { 0 },
};
/* Texts among parameters are understood, which is so always. */
static const VireoLibvirtFlag text_flags[] = { { 1 << 2, NULL }, { 0 } };

static GVariant *
compare_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  static const char *const results[] = { "incompatible", "identical", "superset", NULL };
  const char *result;

  g_variant_get (values, "(&s)", &result);
  return g_variant_new ("(i)", vireo_libvirt_number (results, result, 0));
}

static const VireoLibvirtMethod methods[] = {
  { "BaselineCPU", "Connection.BaselineCpu", .flags = baseline_flags },
  { "CompareCPU", "Connection.CompareCpu", .flags = compare_flags, .out = compare_out },
  { "DomainCreateXML", "Connection.CreateDomain", .flags = create_flags },
  { "DomainCreateXMLWithFiles", .flags = create_flags, .run = vireo_libvirt_run_create_with_files },
  { "DomainDefineXML", "Connection.DefineDomain" },
  { "DomainLookupByID", "Connection.LookupDomainById",
    .missing = "Domain not found: no domain with matching id", .in = id_in },
  { "DomainLookupByName", "Connection.LookupDomainByName",
    .missing = "Domain not found: no domain with matching name" },
  { "DomainLookupByUUID", "Connection.LookupDomainByUuid",
    .missing = "Domain not found: no domain with matching uuid" },
  { "DomainRestore", "Connection.RestoreDomain", .flags = vireo_libvirt_save_flags,
    .in = vireo_libvirt_save_in, .out = nothing_out },
  { "DomainSaveImageDefineXML", "Connection.SetSaveImageXml", .flags = vireo_libvirt_image_flags },
  { "DomainSaveImageGetXMLDesc", "Connection.GetSaveImageXml", .flags = secure_flags },
  { "FindStoragePoolSources", "Connection.FindStoragePoolSources" },
  { "GetAllDomainStats", "Connection.GetDomainStats", .flags = vireo_libvirt_all_stats_flags,
    .in = vireo_libvirt_all_stats_in, .entry = vireo_libvirt_all_stats_entry,
    .entry_type = "(sa{sv})" },
  { "GetCPUModelNames", "Connection.GetCpuModels" },
  { "GetCapabilities", "Connection.GetCapabilities" },
  { "GetDomainCapabilities", "Connection.GetDomainCapabilities",
    .in = vireo_libvirt_domain_capabilities_in },
  { "GetSysinfo", "Connection.GetSysinfo" },
  { "InterfaceChangeBegin", "Connection.BeginInterfaceChange" },
  { "InterfaceChangeCommit", "Connection.CommitInterfaceChange" },
  { "InterfaceChangeRollback", "Connection.RollbackInterfaceChange" },
  { "InterfaceDefineXML", "Connection.DefineHostInterface", .flags = validate_flags },
  { "InterfaceLookupByMAC", "Connection.LookupHostInterfaceByMac",
    .missing = "Interface not found: no interface with matching mac" },
  { "InterfaceLookupByName", "Connection.LookupHostInterfaceByName",
    .missing = "Interface not found: no interface with matching name" },
  { "ListDomains", "Connection.ListDomains", .flags = domain_list_flags,
    .filters = domain_filters },
  { "ListInterfaces", "Connection.ListHostInterfaces", .flags = interface_list_flags,
    .filters = interface_filters },
  { "ListNWFilters", "Connection.ListNetworkFilters" },
  { "ListNetworks", "Connection.ListNetworks", .flags = network_list_flags,
    .filters = network_filters },
  { "ListNodeDevices", "Connection.ListNodeDevices", .flags = vireo_libvirt_node_device_list_flags,
    .in = vireo_libvirt_node_devices_in },
  { "ListSecrets", "Connection.ListSecrets", .flags = secret_list_flags,
    .filters = secret_filters },
  { "ListStoragePools", "Connection.ListStoragePools", .flags = pool_list_flags,
    .filters = pool_filters },
  { "NWFilterDefineXML", "Connection.DefineNetworkFilter" },
  { "NWFilterLookupByName", "Connection.LookupNetworkFilterByName",
    .missing = "Network filter not found: no nwfilter with matching name" },
  { "NWFilterLookupByUUID", "Connection.LookupNetworkFilterByUuid",
    .missing = "Network filter not found: no nwfilter with matching uuid" },
  { "NetworkCreateXML", "Connection.CreateNetwork" },
  { "NetworkDefineXML", "Connection.DefineNetwork" },
  { "NetworkLookupByName", "Connection.LookupNetworkByName",
    .missing = "Network not found: no network with matching name" },
  { "NetworkLookupByUUID", "Connection.LookupNetworkByUuid",
    .missing = "Network not found: no network with matching uuid" },
  { "NodeDeviceCreateXML", "Connection.CreateNodeDevice", .flags = validate_flags },
  { "NodeDeviceLookupByName", "Connection.LookupNodeDeviceByName",
    .missing = "Node device not found: no node device with matching name" },
  { "NodeDeviceLookupSCSIHostByWWN", "Connection.LookupScsiHostByWwn",
    .missing = "Node device not found: no node device with matching wwnn" },
  { "NodeGetCPUMap", "Connection.GetHostCpus", .out = vireo_libvirt_host_cpu_map_out },
  { "NodeGetCPUStats", "Connection.GetHostCpuStats" },
  { "NodeGetFreeMemory", "Connection.GetHostMemoryStats", .in = vireo_libvirt_free_memory_in,
    .out = vireo_libvirt_free_memory_out },
  { "NodeGetMemoryParameters", "Connection.GetHostMemoryParameters", .flags = text_flags,
    .out = vireo_libvirt_parameters_out },
  { "NodeGetMemoryStats", "Connection.GetHostMemoryStats" },
  { "NodeGetSecurityModel", "Connection.GetSecurityModel",
    .out = vireo_libvirt_security_model_out },
  { "NodeSetMemoryParameters", "Connection.SetHostMemoryParameters",
    .in = vireo_libvirt_parameters_in },
  { "SecretDefineXML", "Connection.DefineSecret", .flags = validate_flags },
  { "SecretLookupByUUID", "Connection.LookupSecretByUuid",
    .missing = "Secret not found: no secret with matching uuid" },
  { "SecretLookupByUsage", "Connection.LookupSecretByUsage",
    .missing = "Secret not found: no secret with matching usage", .in = usage_in },
  { "StoragePoolCreateXML", "Connection.CreateStoragePool", .flags = create_pool_flags },
  { "StoragePoolDefineXML", "Connection.DefineStoragePool", .flags = validate_flags },
  { "StoragePoolLookupByName", "Connection.LookupStoragePoolByName",
    .missing = "Storage pool not found: no storage pool with matching name" },
  { "StoragePoolLookupByUUID", "Connection.LookupStoragePoolByUuid",
    .missing = "Storage pool not found: no storage pool with matching uuid" },
  { "StorageVolLookupByKey", "Connection.LookupStorageVolumeByKey",
    .missing = "Storage volume not found: no storage vol with matching key" },
  { "StorageVolLookupByPath", "Connection.LookupStorageVolumeByPath",
    .missing = "Storage volume not found: no storage vol with matching path" },
  { NULL },
};

/* ---- properties ---- */

/* The bus is this machine's: nobody else hears it, so it is secure without being encrypted. */
static GVariant *
get_encrypted (VireoNode *node, GVariant *value)
{
  return g_variant_new_boolean (FALSE);
}

static GVariant *
get_secure (VireoNode *node, GVariant *value)
{
  return g_variant_new_boolean (TRUE);
}

/* The version of libvirt whose functions are served, as a number. */
static GVariant *
get_lib_version (VireoNode *node, GVariant *value)
{
  return g_variant_new_uint64 (9000000);
}

/* "7.2.17" is 7002017. */
static GVariant *
get_version (VireoNode *node, GVariant *value)
{
  g_auto (GStrv) parts = g_strsplit (g_variant_get_string (value, NULL), ".", 4);
  guint64 version = 0;
  guint n = g_strv_length (parts);

  for (guint i = 0; i < 3; i++)
    version = version * 1000 + (i < n ? MIN (g_ascii_strtoull (parts[i], NULL, 10), 999) : 0);
  return g_variant_new_uint64 (version);
}

static const VireoLibvirtProperty properties[] = {
  { "Encrypted", NULL, get_encrypted },
  { "Hostname", "Connection.Hostname" },
  { "LibVersion", NULL, get_lib_version },
  { "Secure", NULL, get_secure },
  { "Version", "Connection.HypervisorVersion", get_version },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_connect = {
  .interface = "org.libvirt.Connect",
  .path_kind = VIREO_PATH_CONNECTION,
  .noun = "Connection",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
