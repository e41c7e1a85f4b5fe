/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VireoQemuArch:
 * @name: what definitions say: the machine name of uname(2)
 * @target: what QEMU calls it, as in qemu-system-TARGET
 * @wordsize: 32 or 64
 * @runs_on: (nullable): another architecture's emulator that runs it too
 *
 * A processor architecture.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *name;
  const char *target;
  guint wordsize;
  const char *runs_on;
} VireoQemuArch;

const VireoQemuArch *vireo_qemu_arch_find (const char *name);
/* The first that QEMU calls so. */
const VireoQemuArch *vireo_qemu_arch_find_target (const char *target);
const VireoQemuArch *vireo_qemu_archs (gsize *ret_n);
/* The host's; %NULL if it is none that we know. */
const VireoQemuArch *vireo_qemu_arch_host (void);
gboolean vireo_qemu_arch_is_x86 (const char *name);
gboolean vireo_qemu_arch_is_arm (const char *name);

G_END_DECLS
