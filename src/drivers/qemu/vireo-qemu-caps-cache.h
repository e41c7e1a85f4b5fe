/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-caps.h"
#include "vireo-qemu-process.h"

G_BEGIN_DECLS

/**
 * VireoQemuCapsCache:
 *
 * What emulators can do, found out by asking them, and remembered in memory and on disk for as long
 * as binary, modules, /dev/kvm and our own version stay what they were.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_QEMU_CAPS_CACHE (vireo_qemu_caps_cache_get_type ())
G_DECLARE_FINAL_TYPE (VireoQemuCapsCache, vireo_qemu_caps_cache, VIREO, QEMU_CAPS_CACHE, GObject)

/* @cache_dir: (nullable): NULL to remember in memory only; @identity: who guests run as */
VireoQemuCapsCache *vireo_qemu_caps_cache_new (const char *cache_dir,
                                               const VireoQemuIdentity *identity);

/* Who emulators run as. */
const VireoQemuIdentity *vireo_qemu_caps_cache_get_identity (VireoQemuCapsCache *self);

/* Requests for one binary share one probe. Errors: MissingResource when the binary is not there,
 * Access, Hypervisor when it cannot be asked, HypervisorUnresponsive. */
void vireo_qemu_caps_cache_get_async (VireoQemuCapsCache *self, const char *path,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
VireoQemuCaps *vireo_qemu_caps_cache_get_finish (VireoQemuCapsCache *self, GAsyncResult *result,
                                                 GError **error);

/* What is known now, without asking: NULL with the reason, which is MissingResource when the binary
 * is not there, Busy when nobody asked for it yet, or why the last probe failed. */
VireoQemuCaps *vireo_qemu_caps_cache_peek (VireoQemuCapsCache *self, const char *path,
                                           GError **error);

/* Paths of the emulators in the usual folders, sorted. (transfer full) (element-type filename) */
GPtrArray *vireo_qemu_find_emulators (void);

/* Path of the emulator for an architecture of definitions ("x86_64", "i686", "aarch64"…), whether
 * or not it is there; %NULL for an unknown one. (transfer full) */
char *vireo_qemu_default_emulator (const char *arch);

G_END_DECLS
