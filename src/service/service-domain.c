/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include <string.h>

#include "service-domain-moments.h"
#include "service-domain-work.h"
#include "service-domain.h"
#include "vireo-define.h"
#include "vireo-documents.h"
#include "vireo-gate.h"
#include "vireo-handlers.h"

/* ---- files ---- */

/* Of one disk there are at most two; the rest is for whoever counts on more. */
#define MAX_GROUP_FDS 16
#define MAX_GROUP_NAME 255

static void
handle_associate_fds (VireoCall *call)
{
  g_autoptr (GUnixFDList) fds = vireo_call_get_fds (call, 1);
  const char *name;

  if (fds == NULL)
    return;
  g_variant_get_child (call->args, 0, "&s", &name);
  if (*name == '\0' || strlen (name) > MAX_GROUP_NAME)
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "the name of a group has 1 to %d bytes", MAX_GROUP_NAME);
  else if (g_unix_fd_list_get_length (fds) > MAX_GROUP_FDS)
    vireo_call_return_new_error (call, VIREO_ERROR_LIMIT_EXCEEDED, "a group has at most %d files",
                                 MAX_GROUP_FDS);
  else
    VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
        ->associate_fds (call->part, VIREO_DOMAIN_OBJ (call->node->object), name, fds,
                         vireo_call_task_boolean (call));
}

/* ---- stopping ---- */

static const struct
{
  const char *name;
  VireoDomainAskModes mode;
} ask_modes[] = {
  { "acpi-power-button", VIREO_DOMAIN_ASK_ACPI_POWER_BUTTON },
  { "guest-agent", VIREO_DOMAIN_ASK_GUEST_AGENT },
  { "initctl", VIREO_DOMAIN_ASK_INITCTL },
  { "signal", VIREO_DOMAIN_ASK_SIGNAL },
  { "paravirt", VIREO_DOMAIN_ASK_PARAVIRT },
};

/* @ret_unknown: (nullable): what is no mode. */
static VireoDomainAskModes
get_ask_modes (VireoCall *call, char **ret_unknown)
{
  g_autofree const char **names = NULL;
  VireoDomainAskModes modes = 0;

  *ret_unknown = NULL;
  if (call->options == NULL || !g_variant_lookup (call->options, "modes", "^a&s", &names))
    return 0;
  for (gsize i = 0; names[i] != NULL && *ret_unknown == NULL; i++)
    {
      gsize row = 0;

      while (row < G_N_ELEMENTS (ask_modes) && !g_str_equal (ask_modes[row].name, names[i]))
        row++;
      if (row == G_N_ELEMENTS (ask_modes))
        *ret_unknown = g_strdup (names[i]);
      else
        modes |= ask_modes[row].mode;
    }
  return modes;
}

/* What the guest itself has to be asked takes more. */
static void
prepare_ask (VireoCall *call)
{
  g_autofree char *unknown = NULL;

  if (get_ask_modes (call, &unknown) & VIREO_DOMAIN_ASK_GUEST_AGENT)
    vireo_call_require (call, vireo_action_find ("domain", "write"));
  vireo_call_prepared (call);
}

/* Shutdown, or, with `detail`, Reboot. */
static void
handle_ask (VireoCall *call)
{
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (call->node->object);
  g_autofree char *unknown = NULL;
  VireoDomainAskModes modes = get_ask_modes (call, &unknown);

  if (unknown != NULL)
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT, "there is no mode \"%.100s\"",
                                 unknown);
  else if (modes != 0 && iface->ask != NULL)
    iface->ask (call->part, obj, call->handler->detail != 0, modes,
                vireo_call_task_boolean (call));
  else if (modes == 0 || (modes & VIREO_DOMAIN_ASK_ACPI_POWER_BUTTON))
    vireo_handle_plain (call);
  else
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED,
                                 "this driver asks guests by ACPI only");
}

static void
handle_destroy (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "graceful", VIREO_DOMAIN_DESTROY_GRACEFUL },
    { "remove-logs", VIREO_DOMAIN_DESTROY_REMOVE_LOGS },
    { NULL },
  };

  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->destroy (call->part, VIREO_DOMAIN_OBJ (call->node->object),
                 vireo_call_get_flags (call, options), vireo_call_task_boolean (call));
}

static void
handle_undefine (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "managed-save", VIREO_DOMAIN_UNDEFINE_MANAGED_SAVE },
    { "snapshots-metadata", VIREO_DOMAIN_UNDEFINE_SNAPSHOTS },
    { "checkpoints-metadata", VIREO_DOMAIN_UNDEFINE_CHECKPOINTS },
    { "nvram", VIREO_DOMAIN_UNDEFINE_NVRAM },
    { "keep-nvram", VIREO_DOMAIN_UNDEFINE_KEEP_NVRAM },
    { "tpm", VIREO_DOMAIN_UNDEFINE_TPM },
    { "keep-tpm", VIREO_DOMAIN_UNDEFINE_KEEP_TPM },
    { NULL },
  };
  VireoDomainUndefineFlags flags = vireo_call_get_flags (call, options);

  if ((flags & VIREO_DOMAIN_UNDEFINE_NVRAM && flags & VIREO_DOMAIN_UNDEFINE_KEEP_NVRAM)
      || (flags & VIREO_DOMAIN_UNDEFINE_TPM && flags & VIREO_DOMAIN_UNDEFINE_KEEP_TPM))
    {
      vireo_call_return_new_error (call, VIREO_ERROR_INVALID_OPTION,
                                   "something is either lost or kept");
      return;
    }
  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->undefine (call->part, VIREO_DOMAIN_OBJ (call->node->object), flags,
                  vireo_call_task_boolean (call));
}

static void
handle_rename (VireoCall *call)
{
  const char *name;

  g_variant_get_child (call->args, 0, "&s", &name);
  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->rename (call->part, VIREO_DOMAIN_OBJ (call->node->object), name,
                vireo_call_task_boolean (call));
}

/* ---- GetXml ---- */

/* With what the driver gives the guest for a processor, where the definition leaves that to it. */
static void
return_with_cpu (VireoCall *call)
{
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
  VireoFormatFlags flags = vireo_call_get_format_flags (call);
  GError *error = NULL;
  const VireoDomainDef *chosen
      = vireo_def_obj_choose (VIREO_DEF_OBJ (call->node->object), &flags, &error);
  g_autoptr (VireoDomainDef) def = NULL;
  g_autofree char *xml = NULL;

  if (chosen != NULL && (chosen->cpu == NULL || chosen->cpu->mode != VIREO_CPU_MODE_HOST_MODEL))
    {
      vireo_handle_get_xml (call);
      return;
    }
  if (chosen != NULL && iface->expand_cpu == NULL)
    g_set_error_literal (&error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                         "this driver cannot tell what processor a guest gets that has the host's "
                         "model");
  else if (chosen != NULL)
    {
      def = vireo_domain_def_copy (chosen);
      def->id = (gint) vireo_domain_obj_get_id (VIREO_DOMAIN_OBJ (call->node->object));
      def->has_id = def->id != 0;
    }
  if (def != NULL && iface->expand_cpu (call->part, def, &error))
    xml = vireo_doc_format (vireo_doc_kind_find ("domain"), def, flags, &error);
  if (xml != NULL)
    vireo_call_return (call, g_variant_new ("(s)", xml));
  else
    vireo_call_return_error (call, error);
}

static void
handle_get_xml (VireoCall *call)
{
  if (vireo_call_get_boolean (call, "update-cpu")
      && vireo_def_obj_get_raw (VIREO_DEF_OBJ (call->node->object), NULL) == NULL)
    return_with_cpu (call);
  else
    vireo_handle_get_xml (call);
}

/* ---- OpenConsole ---- */

static void
handle_open_console (VireoCall *call)
{
  const char *device;

  g_variant_get_child (call->args, 0, "&s", &device);
  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->open_console (call->part, VIREO_DOMAIN_OBJ (call->node->object),
                      *device != '\0' ? device : NULL, vireo_call_get_boolean (call, "force"),
                      vireo_call_task_fd (call));
}

static const VireoHandler methods[] = {
  { "Start", vireo_domain_start, VIREO_JOB_CHANGE, "domain-start", .show_job = TRUE,
    .op = VIREO_DOMAIN_OP (start) },
  { "StartWithFiles", vireo_domain_start_with_files, VIREO_JOB_CHANGE, "domain-start",
    .show_job = TRUE, .op = VIREO_DOMAIN_OP (start_with_files) },
  { "AssociateFds", handle_associate_fds, .op = VIREO_DOMAIN_OP (associate_fds) },
  { "Shutdown", handle_ask, VIREO_JOB_CHANGE, "domain-shutdown",
    .op = VIREO_DOMAIN_OP (shutdown), .prepare = prepare_ask },
  { "Reboot", handle_ask, VIREO_JOB_CHANGE, "domain-reboot", .op = VIREO_DOMAIN_OP (reboot),
    .detail = TRUE, .prepare = prepare_ask },
  { "Reset", vireo_handle_plain, .op = VIREO_DOMAIN_OP (reset) },
  { "Destroy", handle_destroy, VIREO_JOB_STOP, "domain-destroy", .show_job = TRUE,
    .op = VIREO_DOMAIN_OP (destroy) },
  { "Suspend", vireo_handle_plain, VIREO_JOB_CHANGE, "domain-suspend",
    .op = VIREO_DOMAIN_OP (suspend) },
  { "Resume", vireo_handle_plain, VIREO_JOB_CHANGE, "domain-resume",
    .op = VIREO_DOMAIN_OP (resume) },
  { "Undefine", handle_undefine, VIREO_JOB_CHANGE, "domain-undefine",
    .op = VIREO_DOMAIN_OP (undefine) },
  { "Rename", handle_rename, VIREO_JOB_CHANGE, "domain-rename", .op = VIREO_DOMAIN_OP (rename),
    .prepare = vireo_define_prepare_name },
  { "GetXml", handle_get_xml, .op = VIREO_DOMAIN_OP (get_domains),
    .prepare = vireo_prepare_get_xml },
  { "SetXml", vireo_handle_set_xml, VIREO_JOB_CHANGE, "domain-set-xml",
    .op = VIREO_DOMAIN_OP (replace), .prepare = vireo_define_prepare },
  { "OpenConsole", handle_open_console, .op = VIREO_DOMAIN_OP (open_console) },
  { "RerunPostParse", vireo_handle_plain, VIREO_JOB_CHANGE, "domain-rerun-post-parse",
    .op = VIREO_DOMAIN_OP (rerun_post_parse) },

  { "Save", vireo_domain_save, VIREO_JOB_CHANGE, "domain-save", .show_job = TRUE,
    .op = VIREO_DOMAIN_OP (save), .prepare = vireo_domain_prepare_path },
  { "ManagedSave", vireo_domain_managed_save, VIREO_JOB_CHANGE, "domain-managed-save",
    .show_job = TRUE, .op = VIREO_DOMAIN_OP (managed_save) },
  { "RemoveManagedSave", vireo_handle_plain, VIREO_JOB_CHANGE, "domain-remove-managed-save",
    .op = VIREO_DOMAIN_OP (remove_managed_save) },
  { "GetManagedSaveXml", vireo_domain_get_managed_save_xml,
    .op = VIREO_DOMAIN_OP (read_managed_save), .prepare = vireo_prepare_secure },
  { "SetManagedSaveXml", vireo_domain_set_managed_save_xml, VIREO_JOB_CHANGE,
    "domain-set-managed-save-xml", .op = VIREO_DOMAIN_OP (write_managed_save),
    .prepare = vireo_domain_prepare_path },
  { "CoreDump", vireo_domain_core_dump, VIREO_JOB_CHANGE, "domain-core-dump", .show_job = TRUE,
    .op = VIREO_DOMAIN_OP (core_dump), .prepare = vireo_domain_prepare_path },
  { "GetJobStats", vireo_domain_get_job_stats },
  { "AbortJob", vireo_domain_abort_job },

  { "BlockPull", vireo_domain_block_begin, VIREO_JOB_CHANGE, "domain-begin-block-pull",
    .op = VIREO_DOMAIN_OP (block_pull) },
  { "BlockCommit", vireo_domain_block_begin, VIREO_JOB_CHANGE, "domain-begin-block-commit",
    .op = VIREO_DOMAIN_OP (block_commit) },
  { "BlockCopy", vireo_domain_block_copy, VIREO_JOB_CHANGE, "domain-begin-block-copy",
    .op = VIREO_DOMAIN_OP (block_copy), .prepare = vireo_domain_prepare_block_copy },
  { "GetBlockJobInfo", vireo_domain_get_block_job_info, .op = VIREO_DOMAIN_OP (get_block_job) },
  { "SetBlockJobSpeed", vireo_domain_set_block_job_speed,
    .op = VIREO_DOMAIN_OP (set_block_job_speed) },
  { "AbortBlockJob", vireo_domain_abort_block_job, VIREO_JOB_CHANGE, "domain-abort-block-job",
    .op = VIREO_DOMAIN_OP (abort_block_job) },

  { "Migrate", vireo_domain_migrate, VIREO_JOB_CHANGE, "domain-migrate", .show_job = TRUE,
    .op = VIREO_DOMAIN_OP (migrate), .prepare = vireo_domain_prepare_migrate },
  { "GetMigrationParameters", vireo_domain_get_migration_parameters,
    .op = VIREO_DOMAIN_OP (get_migration_parameters) },
  { "SetMigrationParameters", vireo_domain_set_migration_parameters,
    .op = VIREO_DOMAIN_OP (set_migration_parameters) },
  { "StartPostcopy", vireo_handle_plain, .op = VIREO_DOMAIN_OP (start_postcopy) },
  { "PausePostcopy", vireo_handle_plain, .op = VIREO_DOMAIN_OP (pause_postcopy) },
  { "ResumePostcopy", vireo_handle_plain, .op = VIREO_DOMAIN_OP (resume_postcopy) },

  { "BeginBackup", vireo_domain_begin_backup, VIREO_JOB_CHANGE, "domain-begin-backup",
    .op = VIREO_DOMAIN_OP (begin_backup), .prepare = vireo_domain_prepare_backup },
  { "GetBackupXml", vireo_domain_get_backup_xml, .op = VIREO_DOMAIN_OP (get_backup) },
  { "EndBackup", vireo_handle_plain, VIREO_JOB_CHANGE, "domain-end-backup",
    .op = VIREO_DOMAIN_OP (end_backup) },

  { "CreateSnapshot", vireo_domain_create_snapshot, VIREO_JOB_CHANGE, "domain-create-snapshot",
    .show_job = TRUE, .op = VIREO_DOMAIN_OP (create_snapshot),
    .prepare = vireo_domain_prepare_snapshot },
  { "ListSnapshots", vireo_moment_handle_list, .of = VIREO_PATH_DOMAIN_SNAPSHOT,
    .op = VIREO_DOMAIN_OP (create_snapshot) },
  { "GetSnapshots", vireo_moment_handle_get_objects, .of = VIREO_PATH_DOMAIN_SNAPSHOT,
    .op = VIREO_DOMAIN_OP (create_snapshot) },
  { "LookupSnapshotByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_DOMAIN_SNAPSHOT,
    .op = VIREO_DOMAIN_OP (create_snapshot) },
  { "CreateCheckpoint", vireo_domain_create_checkpoint, VIREO_JOB_CHANGE,
    "domain-create-checkpoint", .op = VIREO_DOMAIN_OP (create_checkpoint),
    .prepare = vireo_domain_prepare_quiesce },
  { "ListCheckpoints", vireo_moment_handle_list, .of = VIREO_PATH_DOMAIN_CHECKPOINT,
    .op = VIREO_DOMAIN_OP (create_checkpoint) },
  { "GetCheckpoints", vireo_moment_handle_get_objects, .of = VIREO_PATH_DOMAIN_CHECKPOINT,
    .op = VIREO_DOMAIN_OP (create_checkpoint) },
  { "LookupCheckpointByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_DOMAIN_CHECKPOINT,
    .op = VIREO_DOMAIN_OP (create_checkpoint) },
  { NULL },
};

static const VireoHandler writers[] = {
  { "Autostart", vireo_handle_set_boolean, VIREO_JOB_CHANGE, "domain-set-autostart",
    .op = VIREO_DOMAIN_OP (set_autostart) },
  { NULL },
};

static const VireoGetter getters[] = {
  { "CurrentJob", vireo_get_current_job },
  { "CurrentSnapshot", vireo_domain_get_current_snapshot },
  { "Jobs", vireo_get_jobs },
  { NULL },
};

static const VireoHandler *const more_methods[]
    = { vireo_domain_edit_methods, vireo_domain_guest_methods, vireo_domain_monitor_methods, NULL };

const VireoService vireo_service_domain = {
  .interface = "org.vireo.Vireo1.Domain",
  .path_kind = VIREO_PATH_DOMAIN,
  .kind = "domain",
  .secure = "read-secure",
  .part = VIREO_PART_REF (VIREO_PART_DOMAINS),
  .get_type = vireo_domain_obj_get_type,
  .methods = methods,
  .more_methods = more_methods,
  .writers = writers,
  .getters = getters,
};
