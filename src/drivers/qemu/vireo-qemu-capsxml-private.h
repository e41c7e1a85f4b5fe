/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to vireo-qemu-capsxml*. */
#pragma once

#include "vireo-qemu-process.h"

G_BEGIN_DECLS

/* Appends the <host> element. @root is "" but in tests: a folder with `sys` and `proc` in it. Reads
 * files: for a thread. */
void vireo_qemu_capsxml_append_host (GString *xml, const char *root,
                                     const VireoQemuIdentity *identity);

/* "0-3,7" as numbers; what is no list gives none. */
GArray *vireo_qemu_parse_cpu_list (const char *text);

G_END_DECLS
