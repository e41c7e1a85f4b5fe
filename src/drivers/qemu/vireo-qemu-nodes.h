/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qmp.h"

G_BEGIN_DECLS

/* Asks QEMU whether it opened anything by itself, besides what it was given: an image that was fine
 * when it was looked at may have another header by the time that QEMU reads it, and name any file.
 * To be asked after images were added, and before a guest can get at them. */
void vireo_qemu_nodes_check_async (VireoQmp *qmp, guint timeout, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
/* Errors: ConfigUnsupported. */
gboolean vireo_qemu_nodes_check_finish (VireoQmp *qmp, GAsyncResult *result, GError **error);

G_END_DECLS
