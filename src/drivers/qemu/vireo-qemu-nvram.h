/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/vireo-error.h"

G_BEGIN_DECLS

/* A guest's own copy of the firmware's variables is made at its first start: of the file @template,
 * if there is no @path, or, with @anew, in place of the plain file that is there. Both are names
 * that the definition's owner gave, and are opened with the rights that the thread has, which are
 * to be theirs. Blocks: for a worker thread. */
gboolean vireo_qemu_nvram_make (const char *path, const char *template, gboolean anew,
                                GError **error);

/* Whether there is something at @path. FALSE with @error when it cannot be told. As above. */
gboolean vireo_qemu_nvram_exists (const char *path, gboolean *exists, GError **error);

/* Whether vireo_qemu_nvram_remove() would, which deletes a plain file and nothing else; that there
 * is none is no error. As above. */
gboolean vireo_qemu_nvram_check_removal (const char *path, GError **error);
gboolean vireo_qemu_nvram_remove (const char *path, GError **error);

G_END_DECLS
