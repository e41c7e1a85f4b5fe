/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/* A log is cut when it has grown beyond this; what was in it is kept in one older file. */
#define VIREO_QEMU_LOG_MAX (2u * 1024 * 1024)

/* Opens the log of the domain @name for appending, and makes its folder. Blocks: for a worker
 * thread. Returns: a file descriptor that the emulator writes to by itself, so that nothing is lost
 * when no daemon runs; or -1. */
int vireo_qemu_log_open (const char *folder, const char *name, char **ret_path, GError **error);

/* Deletes a log, with what was cut off it. Returns a boolean. */
void vireo_qemu_log_remove_async (const char *path, GAsyncReadyCallback callback,
                                  gpointer user_data);

/* Writes the time and a line of ours. Blocks, for a worker thread. */
void vireo_qemu_log_write (int fd, const char *text);

/* The last lines that the emulator wrote behind @offset, on one line; NULL when there are none.
 * Blocks, for a worker thread. */
char *vireo_qemu_log_tail (const char *path, goffset offset);

/**
 * VireoQemuLogGuard:
 *
 * Keeps logs from filling the disk: the folder is watched, and a log that has grown too large is
 * cut. The emulator appends, so it goes on at the new end.
 *
 * Since: 0.1
 */
typedef struct _VireoQemuLogGuard VireoQemuLogGuard;

VireoQemuLogGuard *vireo_qemu_log_guard_new (const char *folder, GError **error);
void vireo_qemu_log_guard_free (VireoQemuLogGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuLogGuard, vireo_qemu_log_guard_free)

G_END_DECLS
