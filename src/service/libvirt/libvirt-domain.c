/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/vireo-driver.h"
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

/* A state of ours that is none there. */
static guint
state_number (VireoDomainObj *domain)
{
  VireoDomainState state = vireo_domain_obj_get_state (domain);

  return state == VIREO_DOMAIN_STATE_UNPARSABLE ? VIREO_DOMAIN_STATE_SHUTOFF : state;
}

static GVariant *
state_out (VireoLibvirtCall *call, VireoNode *node, GVariant *value, GError **error)
{
  VireoDomainObj *domain = VIREO_DOMAIN_OBJ (node->object);
  guint state = state_number (domain);

  return g_variant_new (
      "((ii))", (gint) state,
      vireo_libvirt_state_reason (state, vireo_domain_obj_get_state_reason (domain)));
}

static GVariant *
vcpus_out (VireoLibvirtCall *call, VireoNode *node, GVariant *value, GError **error)
{
  return g_variant_new ("(u)", g_variant_get_uint32 (value));
}

static GVariant *
no_options (VireoLibvirtCall *call, GError **error)
{
  return g_variant_new ("(@a{sv})", vireo_libvirt_call_options (call));
}

static const VireoLibvirtFlag start_flags[] = {
  { 1 << 0, "paused" },
  { 1 << 3, NULL }, /* boot, rather than go on from a saved state: there is none */
  { 0 },
};
static const VireoLibvirtFlag destroy_flags[] = { { 1 << 0, "graceful" }, { 0 } };
static const VireoLibvirtFlag acpi_flags[] = { { 1 << 0, NULL }, { 0 } };
static const VireoLibvirtFlag undefine_flags[] = { { 0x7f, NULL }, { 0 } };
static const VireoLibvirtFlag vcpus_flags[] = { { 3, NULL }, { 0 } };
static const VireoLibvirtFlag xml_flags[] = {
  { 1 << 0, "secure" }, { 1 << 1, "inactive" }, { 1 << 2, NULL }, { 1 << 3, "migratable" }, { 0 },
};

static const VireoLibvirtMethod methods[] = {
  { "AbortJob" },
  { "AddIOThread" },
  { "AttachDevice" },
  { "BlockCommit" },
  { "BlockCopy" },
  { "BlockJobAbort" },
  { "BlockJobSetSpeed" },
  { "BlockPeek" },
  { "BlockPull" },
  { "BlockRebase" },
  { "BlockResize" },
  { "CoreDump" },
  { "Create", "Domain.Start", .flags = start_flags },
  { "CreateWithFiles" },
  { "DelIOThread" },
  { "Destroy", "Domain.Destroy", .flags = destroy_flags },
  { "DetachDevice" },
  { "FSFreeze" },
  { "FSThaw" },
  { "FSTrim" },
  { "GetBlockIOParameters" },
  { "GetBlockIOTune" },
  { "GetBlockJobInfo" },
  { "GetControlInfo" },
  { "GetDiskErrors" },
  { "GetEmulatorPinInfo" },
  { "GetFSInfo" },
  { "GetGuestVcpus" },
  { "GetHostname" },
  { "GetIOThreadInfo" },
  { "GetInterfaceParameters" },
  { "GetJobInfo" },
  { "GetJobStats" },
  { "GetMemoryParameters" },
  { "GetMetadata" },
  { "GetNumaParameters" },
  { "GetPerfEvents" },
  { "GetSchedulerParameters" },
  { "GetSecurityLabelList" },
  { "GetState", "Domain.State", .out = state_out },
  { "GetStats" },
  { "GetTime" },
  { "GetVcpuPinInfo" },
  { "GetVcpus", "Domain.Vcpus", .flags = vcpus_flags, .out = vcpus_out },
  { "GetXMLDesc", "Domain.GetXml", .flags = xml_flags },
  { "HasManagedSaveImage" },
  { "InjectNMI" },
  { "InterfaceAddresses" },
  { "ListDomainSnapshots" },
  { "ManagedSave" },
  { "ManagedSaveRemove" },
  { "MemoryPeek" },
  { "MemoryStats" },
  { "MigrateGetCompressionCache" },
  { "MigrateGetMaxSpeed" },
  { "MigrateSetCompressionCache" },
  { "MigrateSetMaxDowntime" },
  { "MigrateSetMaxSpeed" },
  { "MigrateStartPostCopy" },
  { "MigrateToURI3" },
  { "OpenGraphicsFD" },
  { "PMWakeup" },
  { "PinEmulator" },
  { "PinIOThread" },
  { "PinVcpu" },
  { "Reboot", "Domain.Reboot", .flags = acpi_flags },
  { "Rename", "Domain.Rename" },
  { "Reset", "Domain.Reset" },
  { "Resume", "Domain.Resume", .in = no_options },
  { "Save" },
  { "SendKey" },
  { "SendProcessSignal" },
  { "SetBlockIOParameters" },
  { "SetBlockIOTune" },
  { "SetBlockThreshold" },
  { "SetGuestVcpus" },
  { "SetInterfaceParameters" },
  { "SetMemory" },
  { "SetMemoryParameters" },
  { "SetMemoryStatsPeriod" },
  { "SetMetadata" },
  { "SetNumaParameters" },
  { "SetPerfEvents" },
  { "SetSchedulerParameters" },
  { "SetTime" },
  { "SetUserPassword" },
  { "SetVcpus" },
  { "Shutdown", "Domain.Shutdown", .flags = acpi_flags },
  { "SnapshotCreateXML" },
  { "SnapshotCurrent" },
  { "SnapshotLookupByName" },
  { "Suspend", "Domain.Suspend", .in = no_options },
  { "Undefine", "Domain.Undefine", .flags = undefine_flags },
  { "UpdateDevice" },
  { NULL },
};

/* Of a running domain: whether its next start would use another definition. Nobody has ever said.
 */
static GVariant *
get_updated (VireoNode *node, GVariant *value)
{
  return g_variant_new_boolean (FALSE);
}

/* The only scheduler of processes, and how many parameters it has. */
static GVariant *
get_scheduler (VireoNode *node, GVariant *value)
{
  return g_variant_new ("(si)", "posix", 0);
}

static const VireoLibvirtProperty properties[] = {
  { "Active", "Domain.Active" },
  { "Autostart", "Domain.Autostart" },
  { "Id", "Domain.Id" },
  { "Name", "Domain.Name" },
  { "OSType", "Domain.OsType" },
  { "Persistent", "Domain.Persistent" },
  { "SchedulerType", NULL, get_scheduler },
  { "UUID", "Domain.Uuid" },
  { "Updated", NULL, get_updated },
  { NULL },
};

static void
emit_lifecycle (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  const char *event_word, *detail_word;
  gint event, detail;

  g_variant_get (args, "(&s&s)", &event_word, &detail_word);
  if (vireo_libvirt_domain_event (event_word, detail_word, &event, &detail))
    vireo_libvirt_signals_emit_event (signals, node, "DomainEvent", event, detail);
}

static void
emit_reboot (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  vireo_libvirt_signals_emit (signals, node, "Reboot", NULL);
}

static const VireoLibvirtSignal signals[] = {
  { "Lifecycle", emit_lifecycle },
  { "Rebooted", emit_reboot },
  { NULL },
};

const VireoLibvirtService vireo_libvirt_domain = {
  .interface = "org.libvirt.Domain",
  .path_kind = VIREO_PATH_DOMAIN,
  .noun = "Domain",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
