/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "util/vireo-error.h"
#include "vireo-qemu-images.h"

G_BEGIN_DECLS

/* What status files are called, behind the domain's UUID. */
#define VIREO_QEMU_STATUS_SUFFIX ".status"

/**
 * VireoQemuPhase:
 * @VIREO_QEMU_PHASE_STARTING: the guest has not run yet: a daemon that finds it so ends it
 * @VIREO_QEMU_PHASE_RUNNING: the start was done; the guest may run at any moment
 * @VIREO_QEMU_PHASE_STOPPING: somebody wanted it stopped: a daemon that finds it so goes on
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_QEMU_PHASE_STARTING,
  VIREO_QEMU_PHASE_RUNNING,
  VIREO_QEMU_PHASE_STOPPING,
} VireoQemuPhase;

/**
 * VireoQemuStatusImage:
 * @use: which file it is, and how it is used
 * @disk: alias of the disk
 * @fdset: the fd set that it is in, of which its block nodes have their names; see
 *   vireo_qemu_image_node()
 *
 * A layer of a disk.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoQemuImageUse use;
  char *disk;
  guint fdset;
} VireoQemuStatusImage;

/**
 * VireoQemuStatus:
 * @uuid: the domain's
 * @name: the domain's
 * @owner: uid of the domain's owner
 * @id: its number while it runs
 * @phase: how far it is
 * @pid: the emulator's process
 * @start_time: the process's, in clock ticks since boot, which with @boot_id makes @pid unique
 * @boot_id: the host's, as of when it was written
 * @runtime_dir: the guest's folder
 * @monitor: path of the monitor's socket
 * @log: path of the log
 * @state: of the domain
 * @state_reason: of the domain
 * @state_changed_at: since when, in microseconds since 1970-01-01 UTC; 0 when that is not known
 * @rebooting: whether a power-off of the guest is to become a restart
 * @custom_monitor: whether somebody gave commands to the monitor by hand
 * @agent_timeout: for how long the agent in the guest is waited for, as in vireo-qga.h
 * @taps: (array zero-terminated=1): tap devices
 * @images: (element-type VireoQemuStatusImage): what its disks consist of; those of one disk from
 *   the top to the base
 * @next_fdset: the number of the next fd set
 * @consoles: (element-type utf8 utf8): path of the terminal by alias
 * @xml: the live definition, with secrets
 *
 * What a daemon must know to take over a guest that another started: all of it, in one file.
 *
 * Since: 0.1
 */
typedef struct
{
  char *uuid;
  char *name;
  guint owner;
  guint id;
  VireoQemuPhase phase;
  gint64 pid;
  guint64 start_time;
  char *boot_id;
  char *runtime_dir;
  char *monitor;
  char *log;
  char *state;
  char *state_reason;
  guint64 state_changed_at;
  gboolean rebooting;
  gboolean custom_monitor;
  int agent_timeout;
  char **taps;
  GArray *images;
  guint next_fdset;
  GHashTable *consoles;
  char *xml;
} VireoQemuStatus;

VireoQemuStatus *vireo_qemu_status_new (void);
void vireo_qemu_status_free (VireoQemuStatus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuStatus, vireo_qemu_status_free)

/* Enters a layer of a disk below those that it has. */
void vireo_qemu_status_add_image (VireoQemuStatus *self, const VireoQemuImageUse *use,
                                  const char *disk, guint fdset);
#define vireo_qemu_status_get_image(self, i)                                                       \
  (&g_array_index ((self)->images, VireoQemuStatusImage, i))
/* The fd sets of a disk from the top to the base. (transfer full) (element-type guint) */
GArray *vireo_qemu_status_get_fdsets (const VireoQemuStatus *self, const char *disk);

/* The tap devices; whether one was among them. */
void vireo_qemu_status_add_tap (VireoQemuStatus *self, const char *device);
gboolean vireo_qemu_status_remove_tap (VireoQemuStatus *self, const char *device);

GBytes *vireo_qemu_status_to_bytes (const VireoQemuStatus *self);

/* Errors: Unparsable. */
VireoQemuStatus *vireo_qemu_status_parse (GBytes *bytes, GError **error);

/* The id of this boot of the host; (transfer none). */
const char *vireo_qemu_boot_id (void);

G_END_DECLS
