/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/vireo-driver.h"
#include "libvirt-domain-devices.h"
#include "libvirt-domain-disks.h"
#include "libvirt-domain-guest.h"
#include "libvirt-domain-migrate.h"
#include "libvirt-domain-save.h"
#include "libvirt-domain-signals.h"
#include "libvirt-domain-snapshot.h"
#include "libvirt-domain-start.h"
#include "libvirt-domain-tune.h"
#include "vireo-libvirt-convert.h"

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
boolean_out (VireoLibvirtCall *call, VireoNode *node, GVariant *value, GError **error)
{
  return g_variant_new ("(b)", g_variant_get_boolean (value));
}

static const VireoLibvirtFlag start_flags[] = {
  { 1 << 0, "paused" },
  { 1 << 1, "autodestroy" },
  { 1 << 2, "bypass-cache" },
  { 1 << 3, "force-boot" },
  { 1 << 5, "reset-nvram" },
  { 0 },
};
static const VireoLibvirtFlag destroy_flags[] = {
  { 1 << 0, "graceful" },
  { 1 << 1, "remove-logs" },
  { 0 },
};
static const VireoLibvirtFlag undefine_flags[] = {
  { 1 << 0, "managed-save" },
  { 1 << 1, "snapshots-metadata" },
  { 1 << 2, "nvram" },
  { 1 << 3, "keep-nvram" },
  { 1 << 4, "checkpoints-metadata" },
  { 1 << 5, "tpm" },
  { 1 << 6, "keep-tpm" },
  { 0 },
};
static const VireoLibvirtFlag password_flags[] = { { 1 << 0, "encrypted" }, { 0 } };
static const VireoLibvirtFlag graphics_flags[] = { { 1 << 0, "skip-auth" }, { 0 } };
static const VireoLibvirtFlag update_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, "config" },
  { 1 << 2, "force" },
  { 0 },
};
static const VireoLibvirtFlag memory_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, "config" },
  { 1 << 2, NULL },
  { 0 },
};
static const VireoLibvirtFlag set_vcpus_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, "config" },
  { 1 << 2, "maximum" },
  { 1 << 4, "hotpluggable" },
  { 0 },
};
static const VireoLibvirtFlag xml_flags[] = {
  { 1 << 0, "secure" },     { 1 << 1, "inactive" }, { 1 << 2, "update-cpu" },
  { 1 << 3, "migratable" }, { 0 },
};

static const VireoLibvirtMethod methods[] = {
  { "AbortJob", "Domain.AbortJob" },
  { "AddIOThread", "Domain.AddIoThread", .flags = vireo_libvirt_affect_flags },
  { "AttachDevice", "Domain.AttachDevice", .flags = vireo_libvirt_affect_flags },
  { "BlockCommit", "Domain.BlockCommit", .flags = vireo_libvirt_commit_flags,
    .in = vireo_libvirt_commit_in, .out = vireo_libvirt_job_out },
  { "BlockCopy", "Domain.BlockCopy", .flags = vireo_libvirt_copy_flags, .in = vireo_libvirt_copy_in,
    .out = vireo_libvirt_job_out },
  { "BlockJobAbort", "Domain.AbortBlockJob", .flags = vireo_libvirt_abort_flags },
  { "BlockJobSetSpeed", "Domain.SetBlockJobSpeed", .flags = vireo_libvirt_job_speed_flags,
    .in = vireo_libvirt_job_speed_in },
  { "BlockPeek", "Domain.BlockPeek", .in = vireo_libvirt_block_peek_in },
  { "BlockPull", "Domain.BlockPull", .flags = vireo_libvirt_pull_flags, .in = vireo_libvirt_pull_in,
    .out = vireo_libvirt_job_out },
  { "BlockRebase", .flags = vireo_libvirt_rebase_flags, .out = vireo_libvirt_job_out,
    .run = vireo_libvirt_run_rebase },
  { "BlockResize", "Domain.BlockResize", .flags = vireo_libvirt_resize_flags,
    .in = vireo_libvirt_resize_in },
  { "CoreDump", "Domain.CoreDump", .flags = vireo_libvirt_dump_flags, .in = vireo_libvirt_dump_in },
  { "Create", "Domain.Start", .flags = start_flags },
  { "CreateWithFiles", .flags = start_flags, .run = vireo_libvirt_run_start_with_files },
  { "DelIOThread", "Domain.DeleteIoThread", .flags = vireo_libvirt_affect_flags },
  { "Destroy", "Domain.Destroy", .flags = destroy_flags },
  { "DetachDevice", .flags = vireo_libvirt_detach_flags, .run = vireo_libvirt_run_detach },
  { "FSFreeze", "Domain.FsFreeze" },
  { "FSThaw", "Domain.FsThaw" },
  { "FSTrim", "Domain.FsTrim" },
  { "GetBlockIOParameters", "Domain.GetBlkioParameters", .flags = vireo_libvirt_parameter_flags,
    .out = vireo_libvirt_parameters_out },
  { "GetBlockIOTune", "Domain.GetBlockIoTune", .flags = vireo_libvirt_parameter_flags,
    .out = vireo_libvirt_parameters_out },
  { "GetBlockJobInfo", "Domain.GetBlockJobInfo", .flags = vireo_libvirt_job_speed_flags,
    .out = vireo_libvirt_block_job_out },
  { "GetControlInfo", "Domain.GetControlInfo", .only_active = TRUE,
    .out = vireo_libvirt_control_info_out },
  { "GetDiskErrors", "Domain.GetDiskErrors", .out = vireo_libvirt_disk_errors_out },
  { "GetEmulatorPinInfo", .flags = vireo_libvirt_affect_flags,
    .run = vireo_libvirt_run_emulator_pin },
  { "GetFSInfo", "Domain.GetFsInfo", .out = vireo_libvirt_fs_info_out },
  { "GetGuestVcpus", "Domain.GetGuestVcpus", .out = vireo_libvirt_parameters_out },
  { "GetHostname", "Domain.GetHostname" },
  { "GetIOThreadInfo", .flags = vireo_libvirt_affect_flags, .run = vireo_libvirt_run_io_threads },
  { "GetInterfaceParameters", "Domain.GetInterfaceParameters",
    .flags = vireo_libvirt_parameter_flags, .out = vireo_libvirt_parameters_out },
  { "GetJobInfo", "Domain.GetJobStats", .out = vireo_libvirt_job_info_out },
  { "GetJobStats", "Domain.GetJobStats", .flags = vireo_libvirt_job_flags,
    .out = vireo_libvirt_job_stats_out },
  { "GetMemoryParameters", "Domain.GetMemoryParameters", .flags = vireo_libvirt_parameter_flags,
    .out = vireo_libvirt_parameters_out },
  { "GetMetadata", "Domain.GetMetadata", .flags = vireo_libvirt_affect_flags,
    .in = vireo_libvirt_get_metadata_in },
  { "GetNumaParameters", "Domain.GetNumaParameters", .flags = vireo_libvirt_parameter_flags,
    .out = vireo_libvirt_parameters_out },
  { "GetPerfEvents", "Domain.GetPerfEvents", .flags = vireo_libvirt_parameter_flags,
    .out = vireo_libvirt_parameters_out },
  { "GetSchedulerParameters", "Domain.GetSchedulerParameters",
    .flags = vireo_libvirt_parameter_flags, .out = vireo_libvirt_parameters_out },
  { "GetSecurityLabelList", "Domain.GetSecurityLabels" },
  { "GetState", "Domain.State", .out = state_out },
  { "GetStats", "Domain.GetStats", .flags = vireo_libvirt_stats_flags, .in = vireo_libvirt_stats_in,
    .out = vireo_libvirt_stats_out },
  { "GetTime", "Domain.GetTime", .out = vireo_libvirt_time_out },
  { "GetVcpuPinInfo", .flags = vireo_libvirt_affect_flags, .run = vireo_libvirt_run_vcpu_pins },
  { "GetVcpus", .flags = vireo_libvirt_vcpus_flags, .run = vireo_libvirt_run_vcpus },
  { "GetXMLDesc", "Domain.GetXml", .flags = xml_flags },
  { "HasManagedSaveImage", "Domain.HasManagedSave", .out = boolean_out },
  { "InjectNMI", "Domain.InjectNmi" },
  { "InterfaceAddresses", "Domain.GetInterfaceAddresses", .in = vireo_libvirt_addresses_in,
    .out = vireo_libvirt_addresses_out },
  { "ListDomainSnapshots", "Domain.ListSnapshots", .flags = vireo_libvirt_snapshot_list_flags,
    .in = vireo_libvirt_snapshots_in, .filters = vireo_libvirt_snapshot_filters },
  { "ManagedSave", "Domain.ManagedSave", .flags = vireo_libvirt_save_flags },
  { "ManagedSaveRemove", "Domain.RemoveManagedSave" },
  { "MemoryPeek", "Domain.MemoryPeek", .flags = vireo_libvirt_memory_peek_flags,
    .in = vireo_libvirt_memory_peek_in },
  { "MemoryStats", "Domain.GetStats", .only_active = TRUE, .in = vireo_libvirt_memory_stats_in,
    .out = vireo_libvirt_memory_stats_out },
  { "MigrateGetCompressionCache", "Domain.GetMigrationParameters", .out = vireo_libvirt_limit_out },
  { "MigrateGetMaxSpeed", "Domain.GetMigrationParameters",
    .flags = vireo_libvirt_migrate_speed_flags, .out = vireo_libvirt_limit_out },
  { "MigrateSetCompressionCache", "Domain.SetMigrationParameters",
    .in = vireo_libvirt_set_limit_in },
  { "MigrateSetMaxDowntime", "Domain.SetMigrationParameters", .in = vireo_libvirt_set_limit_in },
  { "MigrateSetMaxSpeed", "Domain.SetMigrationParameters",
    .flags = vireo_libvirt_migrate_speed_flags, .in = vireo_libvirt_set_limit_in },
  { "MigrateStartPostCopy", "Domain.StartPostcopy" },
  { "MigrateToURI3", .flags = vireo_libvirt_migrate_flags, .run = vireo_libvirt_run_migrate },
  { "OpenGraphicsFD", "Domain.OpenGraphics", .flags = graphics_flags },
  { "PMWakeup", "Domain.PmWakeup" },
  { "PinEmulator", "Domain.PinEmulator", .flags = vireo_libvirt_affect_flags,
    .in = vireo_libvirt_pin_emulator_in },
  { "PinIOThread", "Domain.PinIoThread", .flags = vireo_libvirt_affect_flags,
    .in = vireo_libvirt_pin_in },
  { "PinVcpu", "Domain.PinVcpu", .flags = vireo_libvirt_affect_flags, .in = vireo_libvirt_pin_in },
  { "Reboot", "Domain.Reboot", .flags = vireo_libvirt_shutdown_flags,
    .in = vireo_libvirt_shutdown_in },
  { "Rename", "Domain.Rename" },
  { "Reset", "Domain.Reset" },
  { "Resume", "Domain.Resume" },
  { "Save", "Domain.Save", .flags = vireo_libvirt_save_flags, .in = vireo_libvirt_save_in },
  { "SendKey", "Domain.SendKey", .in = vireo_libvirt_send_key_in },
  { "SendProcessSignal", "Domain.SendProcessSignal", .in = vireo_libvirt_process_signal_in },
  { "SetBlockIOParameters", "Domain.SetBlkioParameters", .flags = vireo_libvirt_parameter_flags,
    .in = vireo_libvirt_parameters_in },
  { "SetBlockIOTune", "Domain.SetBlockIoTune", .flags = vireo_libvirt_parameter_flags,
    .in = vireo_libvirt_parameters_in },
  { "SetBlockThreshold", "Domain.SetBlockThreshold" },
  { "SetGuestVcpus", "Domain.SetGuestVcpus", .in = vireo_libvirt_set_guest_vcpus_in },
  { "SetInterfaceParameters", "Domain.SetInterfaceParameters",
    .flags = vireo_libvirt_parameter_flags, .in = vireo_libvirt_parameters_in },
  { "SetMemory", .flags = memory_flags, .run = vireo_libvirt_run_set_memory },
  { "SetMemoryParameters", "Domain.SetMemoryParameters", .flags = vireo_libvirt_parameter_flags,
    .in = vireo_libvirt_parameters_in },
  { "SetMemoryStatsPeriod", "Domain.SetMemoryStatsPeriod", .flags = vireo_libvirt_affect_flags,
    .in = vireo_libvirt_stats_period_in },
  { "SetMetadata", "Domain.SetMetadata", .flags = vireo_libvirt_affect_flags,
    .in = vireo_libvirt_set_metadata_in },
  { "SetNumaParameters", "Domain.SetNumaParameters", .flags = vireo_libvirt_parameter_flags,
    .in = vireo_libvirt_parameters_in },
  { "SetPerfEvents", "Domain.SetPerfEvents", .flags = vireo_libvirt_parameter_flags,
    .in = vireo_libvirt_parameters_in },
  { "SetSchedulerParameters", "Domain.SetSchedulerParameters",
    .flags = vireo_libvirt_parameter_flags, .in = vireo_libvirt_parameters_in },
  { "SetTime", "Domain.SetTime", .flags = vireo_libvirt_time_flags,
    .in = vireo_libvirt_set_time_in },
  { "SetUserPassword", "Domain.SetUserPassword", .flags = password_flags },
  { "SetVcpus", "Domain.SetVcpus", .flags = set_vcpus_flags },
  { "Shutdown", "Domain.Shutdown", .flags = vireo_libvirt_shutdown_flags,
    .in = vireo_libvirt_shutdown_in },
  { "SnapshotCreateXML", "Domain.CreateSnapshot", .flags = vireo_libvirt_snapshot_create_flags },
  { "SnapshotCurrent", "Domain.CurrentSnapshot", .out = vireo_libvirt_snapshot_out },
  { "SnapshotLookupByName", "Domain.LookupSnapshotByName",
    .missing = "Domain snapshot not found: no domain snapshot with matching name" },
  { "Suspend", "Domain.Suspend" },
  { "Undefine", "Domain.Undefine", .flags = undefine_flags },
  { "UpdateDevice", "Domain.UpdateDevice", .flags = update_flags },
  { NULL },
};

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
  { "Updated", "Domain.Updated" },
  { NULL },
};

const VireoLibvirtService vireo_libvirt_domain = {
  .interface = "org.libvirt.Domain",
  .path_kind = VIREO_PATH_DOMAIN,
  .noun = "Domain",
  .methods = methods,
  .properties = properties,
  .signals = vireo_libvirt_domain_signals,
};
