/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/**
 * VireoQemuQcow2:
 * @is_qcow2: whether the file begins as a qcow2 image does
 * @backing: (nullable): name of the backing image, as written
 * @backing_format: (nullable): its format, as written
 * @external_data: whether the guest's data is in another file
 *
 * What a qcow2 header says of other files.
 *
 * Since: 0.1
 */
typedef struct
{
  gboolean is_qcow2;
  char *backing;
  char *backing_format;
  gboolean external_data;
} VireoQemuQcow2;

/* Blocks: for a worker thread. A file that is no qcow2 image is no error. Errors: Io, and
 * ConfigUnsupported for a header that breaks the format. */
gboolean vireo_qemu_qcow2_read (int fd, const char *path, VireoQemuQcow2 *ret_header,
                                GError **error);
void vireo_qemu_qcow2_clear (VireoQemuQcow2 *header);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VireoQemuQcow2, vireo_qemu_qcow2_clear)

G_END_DECLS
