/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gunixfdlist.h>

#include "vireo-domain-edit.h"
#include "vireo-domain-obj.h"
#include "vireo-domain-work.h"

G_BEGIN_DECLS

typedef enum
{
  VIREO_DOMAIN_START_NONE = 0,
  VIREO_DOMAIN_START_PAUSED = 1 << 0,
  VIREO_DOMAIN_START_FORCE_BOOT = 1 << 1,   /* rather than use a managed save image */
  VIREO_DOMAIN_START_BYPASS_CACHE = 1 << 2, /* of the host, for a managed save image */
  VIREO_DOMAIN_START_RESET_NVRAM = 1 << 3,  /* the firmware's variables are as at the first start */
} VireoDomainStartFlags;

typedef enum
{
  VIREO_DOMAIN_DESTROY_NONE = 0,
  VIREO_DOMAIN_DESTROY_GRACEFUL = 1 << 0,
  VIREO_DOMAIN_DESTROY_REMOVE_LOGS = 1 << 1,
} VireoDomainDestroyFlags;

/* What goes with the definition; without its flag, a domain that has it cannot be undefined. */
typedef enum
{
  VIREO_DOMAIN_UNDEFINE_NONE = 0,
  VIREO_DOMAIN_UNDEFINE_MANAGED_SAVE = 1 << 0,
  VIREO_DOMAIN_UNDEFINE_SNAPSHOTS = 1 << 1,
  VIREO_DOMAIN_UNDEFINE_CHECKPOINTS = 1 << 2,
  VIREO_DOMAIN_UNDEFINE_NVRAM = 1 << 3,
  VIREO_DOMAIN_UNDEFINE_KEEP_NVRAM = 1 << 4,
  VIREO_DOMAIN_UNDEFINE_TPM = 1 << 5,
  VIREO_DOMAIN_UNDEFINE_KEEP_TPM = 1 << 6,
} VireoDomainUndefineFlags;

/* How a guest is asked to power off or to restart, numbered as in libvirt's public interface. */
typedef enum
{
  VIREO_DOMAIN_ASK_ACPI_POWER_BUTTON = 1 << 0,
  VIREO_DOMAIN_ASK_GUEST_AGENT = 1 << 1,
  VIREO_DOMAIN_ASK_INITCTL = 1 << 2,
  VIREO_DOMAIN_ASK_SIGNAL = 1 << 3,
  VIREO_DOMAIN_ASK_PARAVIRT = 1 << 4,
} VireoDomainAskModes;

#define VIREO_TYPE_DOMAIN_DRIVER (vireo_domain_driver_get_type ())
G_DECLARE_INTERFACE (VireoDomainDriver, vireo_domain_driver, VIREO, DOMAIN_DRIVER, GObject)

/**
 * VireoDomainFunc:
 * @self: the driver
 * @obj: a domain
 * @args: a tuple of the types that the function says, with an a{sv} of options behind them
 * @task: (transfer full): returns a #GVariant, a tuple of the types that the function says
 *
 * An operation whose arguments are no more than what a caller says.
 *
 * Since: 0.1
 */
typedef void (*VireoDomainFunc) (VireoDomainDriver *self,
                                 VireoDomainObj *obj,
                                 GVariant *args,
                                 GTask *task);

/**
 * VireoDomainDriverInterface:
 * @get_domains: (transfer none): the domains; the list lives as long as the driver
 * @define: defines @def (transfer none, as parsed; the driver works on a copy) for @owner, or
 *   replaces the definition of the domain with its name and UUID. Without the slot: takes that of
 *   an existing domain itself. Returns a #VireoDomainObj (transfer full)
 * @create: defines and starts a transient domain. Without the slot. Returns a #VireoDomainObj
 * @replace: as @define, but for the domain @obj, whatever it was until now (SetXml). Returns a
 *   boolean
 * @undefine: removes the persistent definition. Returns a boolean, as all below unless they say
 * @rename: of an inactive persistent domain
 * @set_autostart: stores the flag
 * @rerun_post_parse: runs the callbacks again on the persistent definition
 * @expand_cpu: writes into @def, whose processor has the mode `host-model`, what the guest gets.
 *   FALSE with @error when it cannot be told
 * @start: starts an inactive domain
 * @start_with_files: as @start, of a container whose init gets the descriptors in @files
 * @create_with_files: as @create, so
 * @associate_fds: keeps @fds for the disks whose sources name the group @name; forgets the group
 *   when there are none. Without the slot
 * @shutdown: asks the guest to power off
 * @reboot: asks the guest to restart
 * @ask: asks the guest to restart, or else to power off, in one of the ways that @modes says; as
 *   the two above do, by ACPI, when it is %NULL
 * @reset: resets the machine. Without the slot
 * @destroy: stops the domain, with a slot of the kind %VIREO_JOB_STOP
 * @suspend: stops the processors
 * @resume: lets them run
 * @open_console: (nullable device): returns a file descriptor, as an int. Without the slot
 * @edit: changes what the domain has and how it is treated, in the definitions that the edit says
 * @get_stats: (as): figures, of the groups or all; returns (a{sv}). Also of an inactive domain
 * @get_cpu_stats: (): returns (a{sv}aa{sv})
 * @get_fs_info: (): returns (aa{sv})
 * @fs_freeze: (as): returns (u)
 * @fs_thaw: (as): returns (u)
 * @fs_trim: (st)
 * @get_hostname: (): what the agent says; returns (s)
 * @get_guest_info: (as): returns (a{sv})
 * @get_interface_addresses: (s): `agent` or `arp`; returns (a(ssa(ssu)))
 * @get_time: (): returns (t), in µs since the epoch
 * @set_time: (t); option `sync`
 * @set_user_password: (ss); option `encrypted`
 * @get_ssh_keys: (s): returns (as)
 * @set_ssh_keys: (sas); options `append`, `remove`
 * @get_guest_vcpus: (): returns (a{sv})
 * @set_guest_vcpus: (sb)
 * @set_agent_timeout: (i)
 * @run_monitor_command: gives the hypervisor's monitor a command in JSON, or a line (@human), and
 *   file descriptors (nullable) with it. Returns a string
 * @watch_monitors: whether anybody wants to hear the event `MonitorEvent` of domains from now on
 * @run_agent_command: gives the agent a command in JSON, and waits for @timeout seconds, -1 for the
 *   usual time, -2 for ever. Returns a string
 * @send_key: (suau)
 * @send_process_signal: (xs)
 * @inject_nmi: ()
 * @screenshot: (u): returns a file descriptor, as an int, as the next two
 * @open_graphics: (u); option `skip-auth`
 * @open_channel: (s); option `force`
 * @open_namespace: (s): one of the container's, as in /proc/PID/ns
 * @get_block_info: (s): returns (ttt)
 * @block_resize: (st); option `capacity`
 * @block_peek: (stu): returns (ay)
 * @memory_peek: (tu): returns (ay); option `physical`
 * @get_disk_errors: (): returns (a{ss})
 * @set_block_threshold: (st)
 * @pm_suspend: (st)
 * @pm_wakeup: ()
 * @get_launch_security: (): returns (a{sv})
 * @set_launch_security: (a{sv})
 * @start_dirty_rate: (u); option `mode`
 * @reload: reads definitions again from the state folder. Without the slot
 * @save: writes the state of an active domain to the file @path, and stops it; @def (nullable)
 *   replaces its definition there
 * @restore: makes a domain of a file that @save wrote, with @def (nullable) instead of the
 *   definition in it. Without the slot. Returns a #VireoDomainObj
 * @read_save_image: returns the definition in the file @path, a #VireoDomainDef. Without the slot
 * @write_save_image: replaces the definition in the file @path. Without the slot
 * @managed_save: as @save, to a file of the driver's own that the next start uses
 * @remove_managed_save: forgets that file
 * @read_managed_save: returns the definition in it, a #VireoDomainDef. Without the slot
 * @write_managed_save: replaces the definition in it
 * @core_dump: writes the memory of an active domain to the file @path
 * @create_snapshot: keeps a moment of the domain. Returns a #VireoMomentObj; %NULL without an error
 *   when there is none because no metadata was wanted
 * @revert_snapshot: goes back to it, with the slot of the domain
 * @delete_snapshot: forgets it, with the slot of the domain
 * @create_checkpoint: begins to track changes. Returns a #VireoMomentObj
 * @delete_checkpoint: forgets it, with the slot of the domain
 * @get_checkpoint_sizes: returns a copy of the checkpoint's definition with the sizes of what has
 *   changed since, a #VireoDomainCheckpointDef. Without the slot
 * @begin_backup: begins a backup, and a checkpoint (nullable) with it. Returns the #VireoJob
 * @get_backup: (transfer none) (nullable): the backup that is going on. Without the slot
 * @end_backup: ends it: one that somebody pulls is done then, one that pushes is given up
 * @block_pull: begins to copy what is below an image into it. Returns the #VireoJob; so those below
 * @block_commit: begins to copy an image into what is below it
 * @block_copy: begins to copy a disk to somewhere else
 * @get_block_job: gives the block job of a disk; its @job is %NULL when it has none. Without the
 * slot
 * @set_block_job_speed: bytes a second
 * @abort_block_job: ends the block job of a disk; with @pivot the domain goes on with the copy
 * @migrate: begins to move the domain to another connection. Returns the #VireoJob that has the
 *   domain's slot, which is the driver's to end from then on
 * @get_migration_parameters: returns a{sv} with `max-downtime` t (µs), `max-speed` t,
 *   `max-postcopy-speed` t (bytes a second) and `compression-cache` t (bytes), as far as the driver
 *   has them. Without the slot
 * @set_migration_parameters: sets some of those, also while a migration goes on. Without the slot
 * @start_postcopy: of a migration that may: the guest goes on over there, and its memory follows.
 *   Without the slot
 * @pause_postcopy: its memory does not follow for now, and it is paused on both sides, with the
 *   reason "postcopy-failed". Without the slot
 * @resume_postcopy: it does again. Without the slot
 *
 * What can be done with domains. See the folder's README for the rules. #VireoDomainFunc tells
 * what those of its type are given.
 *
 * Since: 0.1
 */
struct _VireoDomainDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_domains) (VireoDomainDriver *self);

  void (*define) (VireoDomainDriver *self, const VireoDomainDef *def, guint owner, GTask *task);
  void (*create) (VireoDomainDriver *self,
                  const VireoDomainDef *def,
                  guint owner,
                  VireoDomainStartFlags flags,
                  GTask *task);
  void (*replace) (VireoDomainDriver *self,
                   VireoDomainObj *obj,
                   const VireoDomainDef *def,
                   GTask *task);
  void (*undefine) (VireoDomainDriver *self,
                    VireoDomainObj *obj,
                    VireoDomainUndefineFlags flags,
                    GTask *task);
  void (*rename) (VireoDomainDriver *self, VireoDomainObj *obj, const char *name, GTask *task);
  void (*set_autostart) (VireoDomainDriver *self,
                         VireoDomainObj *obj,
                         gboolean autostart,
                         GTask *task);
  void (*rerun_post_parse) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);

  void (*start) (VireoDomainDriver *self,
                 VireoDomainObj *obj,
                 VireoDomainStartFlags flags,
                 GTask *task);
  void (*start_with_files) (VireoDomainDriver *self,
                            VireoDomainObj *obj,
                            GUnixFDList *files,
                            VireoDomainStartFlags flags,
                            GTask *task);
  void (*create_with_files) (VireoDomainDriver *self,
                             const VireoDomainDef *def,
                             guint owner,
                             GUnixFDList *files,
                             VireoDomainStartFlags flags,
                             GTask *task);
  void (*associate_fds) (VireoDomainDriver *self,
                         VireoDomainObj *obj,
                         const char *name,
                         GUnixFDList *fds,
                         GTask *task);
  gboolean (*expand_cpu) (VireoDomainDriver *self, VireoDomainDef *def, GError **error);
  void (*shutdown) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*reboot) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*ask) (VireoDomainDriver *self,
               VireoDomainObj *obj,
               gboolean restart,
               VireoDomainAskModes modes,
               GTask *task);
  void (*reset) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*destroy) (VireoDomainDriver *self,
                   VireoDomainObj *obj,
                   VireoDomainDestroyFlags flags,
                   GTask *task);
  void (*suspend) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*resume) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*open_console) (VireoDomainDriver *self,
                        VireoDomainObj *obj,
                        const char *device,
                        gboolean force,
                        GTask *task);

  void (*edit) (VireoDomainDriver *self,
                VireoDomainObj *obj,
                const VireoDomainEdit *edit,
                GTask *task);

  VireoDomainFunc get_stats;
  VireoDomainFunc get_cpu_stats;
  VireoDomainFunc get_fs_info;
  VireoDomainFunc fs_freeze;
  VireoDomainFunc fs_thaw;
  VireoDomainFunc fs_trim;
  VireoDomainFunc get_hostname;
  VireoDomainFunc get_guest_info;
  VireoDomainFunc get_interface_addresses;
  VireoDomainFunc get_time;
  VireoDomainFunc set_time;
  VireoDomainFunc set_user_password;
  VireoDomainFunc get_ssh_keys;
  VireoDomainFunc set_ssh_keys;
  VireoDomainFunc get_guest_vcpus;
  VireoDomainFunc set_guest_vcpus;
  VireoDomainFunc set_agent_timeout;
  void (*run_monitor_command) (VireoDomainDriver *self,
                               VireoDomainObj *obj,
                               const char *command,
                               gboolean human,
                               GUnixFDList *files,
                               GTask *task);
  void (*watch_monitors) (VireoDomainDriver *self, gboolean watched);
  void (*run_agent_command) (VireoDomainDriver *self,
                             VireoDomainObj *obj,
                             const char *command,
                             int timeout,
                             GTask *task);
  VireoDomainFunc send_key;
  VireoDomainFunc send_process_signal;
  VireoDomainFunc inject_nmi;
  VireoDomainFunc screenshot;
  VireoDomainFunc open_graphics;
  VireoDomainFunc open_channel;
  VireoDomainFunc open_namespace;
  VireoDomainFunc get_block_info;
  VireoDomainFunc block_resize;
  VireoDomainFunc block_peek;
  VireoDomainFunc memory_peek;
  VireoDomainFunc get_disk_errors;
  VireoDomainFunc set_block_threshold;
  VireoDomainFunc pm_suspend;
  VireoDomainFunc pm_wakeup;
  VireoDomainFunc get_launch_security;
  VireoDomainFunc set_launch_security;
  VireoDomainFunc start_dirty_rate;

  void (*reload) (VireoDomainDriver *self, GTask *task);

  void (*save) (VireoDomainDriver *self,
                VireoDomainObj *obj,
                const char *path,
                const VireoDomainDef *def,
                VireoDomainSaveFlags flags,
                GTask *task);
  void (*restore) (VireoDomainDriver *self,
                   const char *path,
                   const VireoDomainDef *def,
                   guint owner,
                   VireoDomainSaveFlags flags,
                   GTask *task);
  void (*read_save_image) (VireoDomainDriver *self, const char *path, GTask *task);
  void (*write_save_image) (VireoDomainDriver *self,
                            const char *path,
                            const VireoDomainDef *def,
                            VireoDomainSaveFlags flags,
                            GTask *task);
  void (*managed_save) (VireoDomainDriver *self,
                        VireoDomainObj *obj,
                        VireoDomainSaveFlags flags,
                        GTask *task);
  void (*remove_managed_save) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*read_managed_save) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*write_managed_save) (VireoDomainDriver *self,
                              VireoDomainObj *obj,
                              const VireoDomainDef *def,
                              VireoDomainSaveFlags flags,
                              GTask *task);
  void (*core_dump) (VireoDomainDriver *self,
                     VireoDomainObj *obj,
                     const char *path,
                     VireoDomainDumpFormat format,
                     VireoDomainDumpFlags flags,
                     GTask *task);

  void (*create_snapshot) (VireoDomainDriver *self,
                           VireoDomainObj *obj,
                           const VireoDomainSnapshotDef *def,
                           VireoSnapshotCreateFlags flags,
                           GTask *task);
  void (*revert_snapshot) (VireoDomainDriver *self,
                           VireoMomentObj *snapshot,
                           VireoSnapshotRevertFlags flags,
                           GTask *task);
  void (*delete_snapshot) (VireoDomainDriver *self,
                           VireoMomentObj *snapshot,
                           VireoMomentDeleteFlags flags,
                           GTask *task);
  void (*create_checkpoint) (VireoDomainDriver *self,
                             VireoDomainObj *obj,
                             const VireoDomainCheckpointDef *def,
                             VireoCheckpointCreateFlags flags,
                             GTask *task);
  void (*delete_checkpoint) (VireoDomainDriver *self,
                             VireoMomentObj *checkpoint,
                             VireoMomentDeleteFlags flags,
                             GTask *task);
  void (*get_checkpoint_sizes) (VireoDomainDriver *self, VireoMomentObj *checkpoint, GTask *task);

  void (*begin_backup) (VireoDomainDriver *self,
                        VireoDomainObj *obj,
                        const VireoDomainBackupDef *def,
                        const VireoDomainCheckpointDef *checkpoint,
                        VireoBackupBeginFlags flags,
                        GTask *task);
  const VireoDomainBackupDef *(*get_backup) (VireoDomainDriver *self, VireoDomainObj *obj);
  void (*end_backup) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);

  void (*block_pull) (VireoDomainDriver *self,
                      VireoDomainObj *obj,
                      const VireoBlockJobRequest *request,
                      GTask *task);
  void (*block_commit) (VireoDomainDriver *self,
                        VireoDomainObj *obj,
                        const VireoBlockJobRequest *request,
                        GTask *task);
  void (*block_copy) (VireoDomainDriver *self,
                      VireoDomainObj *obj,
                      const VireoBlockJobRequest *request,
                      GTask *task);
  gboolean (*get_block_job) (VireoDomainDriver *self,
                             VireoDomainObj *obj,
                             const char *disk,
                             VireoBlockJobInfo *ret_info,
                             GError **error);
  void (*set_block_job_speed) (VireoDomainDriver *self,
                               VireoDomainObj *obj,
                               const char *disk,
                               guint64 bandwidth,
                               GTask *task);
  void (*abort_block_job) (VireoDomainDriver *self,
                           VireoDomainObj *obj,
                           const char *disk,
                           gboolean pivot,
                           GTask *task);

  void (*migrate) (VireoDomainDriver *self,
                   VireoDomainObj *obj,
                   const VireoMigrateRequest *request,
                   GTask *task);
  GVariant *(*get_migration_parameters) (VireoDomainDriver *self, VireoDomainObj *obj);
  void (*set_migration_parameters) (VireoDomainDriver *self,
                                    VireoDomainObj *obj,
                                    GVariant *parameters,
                                    GTask *task);
  void (*start_postcopy) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*pause_postcopy) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
  void (*resume_postcopy) (VireoDomainDriver *self, VireoDomainObj *obj, GTask *task);
};

G_END_DECLS
