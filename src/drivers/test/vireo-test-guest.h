/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gunixfdlist.h>

#include "drivers/vireo-domain-obj.h"

G_BEGIN_DECLS

/**
 * VireoTestGuest:
 * @started_at: when it was started, of the monotonic clock, in µs
 * @clock_offset: by how much its clock differs from the host's, in µs
 * @frozen: mount points whose file systems are frozen
 * @passwords: user -> what stands for the password
 * @ssh_keys: user -> lines, as a strv
 * @offline_vcpus: those that the guest itself put off, as numbers
 * @agent_timeout: how long its agent is waited for, in seconds; -1 for the usual time
 * @screen: what is on its text screen
 * @codes: the codes of the last keys that were pressed
 * @sizes: target of a disk -> its size in bytes, where that was changed
 * @disk_errors: target of a disk -> how it failed
 * @open: name of a device -> #VireoTestConsole that somebody has open
 * @thresholds: device -> what it was last given as a threshold, in bytes
 * @iothreads: "ID.PARAMETER" -> how an I/O thread polls
 * @suspended: (nullable): how it sleeps: "mem", "disk" or "hybrid"
 * @wakeup_id: what wakes it up
 * @dirty_rate: what was measured, in MiB/s; -1 before
 * @dirty_seconds: for how long it is measured
 * @dirty_id: the measurement that goes on
 * @launch_secret: whether it was given a secret before it ran
 * @monitor_files: name -> files that the monitor was given under it
 * @files: (nullable): what the init of a container was given
 *
 * What pretends to be inside a domain that runs.
 */
typedef struct
{
  VireoDomainObj *domain; /* not a reference: it has this */
  gint64 started_at;
  gint64 clock_offset;
  GHashTable *frozen;
  GHashTable *passwords;
  GHashTable *ssh_keys;
  GHashTable *offline_vcpus;
  int agent_timeout;
  GString *screen;
  GArray *codes;
  GHashTable *sizes;
  GHashTable *disk_errors;
  GHashTable *open;
  GHashTable *thresholds;
  GHashTable *iothreads;
  const char *suspended;
  guint wakeup_id;
  gint64 dirty_rate;
  guint dirty_seconds;
  guint dirty_id;
  gboolean launch_secret;
  GHashTable *monitor_files;
  GUnixFDList *files;
} VireoTestGuest;

VireoTestGuest *vireo_test_guest_new (VireoDomainObj *domain);
void vireo_test_guest_free (VireoTestGuest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoTestGuest, vireo_test_guest_free)

gboolean vireo_test_guest_has_agent (VireoTestGuest *self);
/* Whether it can be asked something now. Errors: InvalidState. */
gboolean vireo_test_guest_need_agent (VireoTestGuest *self, GError **error);

/* A socket to a channel. */
int vireo_test_guest_open_channel (VireoTestGuest *self,
                                   const char *device,
                                   gboolean force,
                                   GError **error);
/* A socket to a display, which begins to speak VNC. */
int vireo_test_guest_open_display (VireoTestGuest *self,
                                   const char *device,
                                   gboolean password,
                                   GError **error);

G_END_DECLS
