/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-postparse.h"
#include "vireo-qemu-caps-cache.h"

G_BEGIN_DECLS

/* The QEMU driver's part of completing a definition. As driver data it takes the
 * #VireoQemuCapsCache, of which it only peeks: what the cache does not know yet fails for now, so
 * ask it for vireo_qemu_post_parse_emulator() first. The environment is the emulator's
 * #VireoQemuCaps. */
extern const VireoPostParseOps vireo_qemu_post_parse_ops;

/* The emulator that @def means: what it says, or the default for its architecture; %NULL for an
 * architecture that QEMU does not know. (transfer full) */
char *vireo_qemu_post_parse_emulator (const VireoDomainDef *def);

/* Gives what is plugged into a running machine its place, where there is one. Errors:
 * ConfigUnsupported. */
gboolean vireo_qemu_assign_addresses (VireoDomainDef *def, GError **error);

G_END_DECLS
