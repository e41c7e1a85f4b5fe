/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/vireo-qemu-postparse.h"

/* The definitions of the tests with guests are complete: what they try must not depend on what
 * completes definitions. */

__attribute__ ((weak)) const VireoPostParseOps vireo_qemu_post_parse_ops;

__attribute__ ((weak)) char *
vireo_qemu_post_parse_emulator (const VireoDomainDef *def)
{
  return g_strdup (def->emulator);
}
