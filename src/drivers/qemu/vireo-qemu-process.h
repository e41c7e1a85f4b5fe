/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/**
 * VireoQemuIdentity:
 * @change: whether to become somebody else; the rest has a meaning only then
 * @uid: user
 * @gid: group
 * @kvm_gid: supplementary group that opens /dev/kvm, or @gid when none is needed
 *
 * Who a guest runs as.
 *
 * Since: 0.1
 */
typedef struct
{
  gboolean change;
  uid_t uid;
  gid_t gid;
  gid_t kvm_gid;
} VireoQemuIdentity;

/* @user: (nullable): NULL for the daemon's own identity. Errors: MissingResource when there is no
 * such user. */
gboolean vireo_qemu_identity_look_up (const char *user, VireoQemuIdentity *ret_identity,
                                      GError **error);

/**
 * VireoQemuSpawn:
 * @argv: program (a path) and its arguments
 * @envp: its environment
 * @fds: (element-type int): what it inherits beside the standard descriptors, same numbers
 * @log_fd: its standard output and standard error
 * @identity: who it runs as
 * @owner: whose the files are
 *
 * What is to be started.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *const *argv;
  const char *const *envp;
  GArray *fds;
  int log_fd;
  VireoQemuIdentity identity;
  guint owner;
} VireoQemuSpawn;

/**
 * VireoQemuProcess:
 *
 * An emulator's process, which outlives us: it is watched by a pidfd, whether it is our child or
 * was started by an earlier daemon. Signal `exited` (int status): once; as of waitpid(), or -1 when
 * only its parent could know.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_QEMU_PROCESS (vireo_qemu_process_get_type ())
G_DECLARE_FINAL_TYPE (VireoQemuProcess, vireo_qemu_process, VIREO, QEMU_PROCESS, GObject)

/* Makes the process, which then waits: it can be written down before it does anything. It ends by
 * itself when we die before vireo_qemu_process_release_async(). */
void vireo_qemu_process_spawn_async (const VireoQemuSpawn *spawn, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
VireoQemuProcess *vireo_qemu_process_spawn_finish (GAsyncResult *result, GError **error);

/* Lets it become the program. */
void vireo_qemu_process_release_async (VireoQemuProcess *self, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_qemu_process_release_finish (VireoQemuProcess *self, GAsyncResult *result,
                                            GError **error);

/* A process that was started before. NULL when it is gone: @start_time keeps a recycled number from
 * being taken for it. */
VireoQemuProcess *vireo_qemu_process_attach (pid_t pid, guint64 start_time);

pid_t vireo_qemu_process_get_pid (VireoQemuProcess *self);
/* In clock ticks since the host's boot, as in field 22 of /proc/PID/stat. */
guint64 vireo_qemu_process_get_start_time (VireoQemuProcess *self);
gboolean vireo_qemu_process_has_exited (VireoQemuProcess *self);

void vireo_qemu_process_kill (VireoQemuProcess *self, int signal_number);

/* Waits until it has exited. Errors: HypervisorUnresponsive after @timeout_ms. */
void vireo_qemu_process_wait_async (VireoQemuProcess *self, guint timeout_ms,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean vireo_qemu_process_wait_finish (VireoQemuProcess *self, GAsyncResult *result,
                                         GError **error);

/* "exited with status 1", "was killed by signal 9 (Killed)"; (transfer full) */
char *vireo_qemu_process_describe_exit (int status);

G_END_DECLS
