/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-caps-cache.h"

G_BEGIN_DECLS

/* The `capabilities` document: the host, and for every emulator that is installed what guests it
 * runs. Asks the emulators that are not known yet; those that cannot be asked are left out. */
void vireo_qemu_capabilities_async (VireoQemuCapsCache *cache, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
char *vireo_qemu_capabilities_finish (GAsyncResult *result, GError **error);

G_END_DECLS
