/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qmp.h"

G_BEGIN_DECLS

/* Begins a background job of QEMU with @command (its argument `job-id` is added) and waits for its
 * end, however long that takes. @arguments: (transfer full). Errors: what QEMU said. */
void vireo_qemu_job_run_async (VireoQmp *qmp, const char *command, JsonObject *arguments,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_qemu_job_run_finish (GAsyncResult *result, GError **error);

G_END_DECLS
