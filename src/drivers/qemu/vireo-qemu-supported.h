/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to vireo-qemu-validate. Sorted by strcmp(); a test checks it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Elements and attributes that are built, or that say nothing to an emulator. */
extern const char *const vireo_qemu_supported[];
extern const gsize vireo_qemu_n_supported;

/* Elements that are not looked into: they are other programs'. */
extern const char *const vireo_qemu_opaque[];
extern const gsize vireo_qemu_n_opaque;

G_END_DECLS
