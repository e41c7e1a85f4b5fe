/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Runs qemu-img with @args (its name is put in front) and nothing of the service's own: without
 * privileges that it does not need, with little memory and files, and with the file descriptors
 * @fds, which are taken over, as number 3 and on: it knows files by those only. It is killed when
 * the daemon ends. For the main thread only. Errors:
 * MissingResource where there is no qemu-img, Cancelled, NoSpace, Hypervisor with what it said. */
void vireo_qemu_img_run_async (const char *const *args,
                               const int *fds,
                               guint n_fds,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean vireo_qemu_img_run_finish (GAsyncResult *result, GError **error);

/* The name of the @index-th of these file descriptors for qemu-img. */
#define VIREO_QEMU_IMG_FILE_0 "/proc/self/fd/3"
#define VIREO_QEMU_IMG_FILE_1 "/proc/self/fd/4"

G_END_DECLS
