/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"
#include "vireo-qemu-images.h"
#include "vireo-qemu-process.h"

G_BEGIN_DECLS

/**
 * VireoQemuOpened:
 * @resources: what the command line refers to
 * @log_fd: the log
 * @log_path: the log's path
 * @log_start: where in the log this run begins
 *
 * What a guest needs that has to be opened or made.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoQemuResources *resources;
  int log_fd;
  char *log_path;
  goffset log_start;
} VireoQemuOpened;

void vireo_qemu_opened_free (VireoQemuOpened *opened);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuOpened, vireo_qemu_opened_free)

/* Opens, in a worker thread, all that @def names with the rights of the user @owner, and makes
 * @runtime_dir and the socket @monitor with our own.
 * A caller that cancels does not wait for a file system that hangs. */
void vireo_qemu_open_async (const VireoDomainDef *def,
                            guint owner,
                            const VireoQemuIdentity *identity,
                            const char *runtime_dir,
                            const char *monitor,
                            const char *log_dir,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
VireoQemuOpened *vireo_qemu_open_finish (GAsyncResult *result, GError **error);

/* Writes into the live definition what was found out: chains of images, drives that stay empty. */
void vireo_qemu_open_describe (VireoDomainDef *def, const VireoQemuResources *resources);

G_END_DECLS
