/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/**
 * VireoQcow2:
 * @is_qcow2: whether the file begins as a qcow2 image does
 * @backing: (nullable): name of the backing image, as written
 * @backing_format: (nullable): its format, as written
 * @external_data: whether the guest's data is in another file
 * @version: of the format, 2 or 3
 * @capacity: bytes that a guest sees
 *
 * What a qcow2 header says.
 *
 * Since: 0.1
 */
typedef struct
{
  gboolean is_qcow2;
  char *backing;
  char *backing_format;
  gboolean external_data;
  guint version;
  guint64 capacity;
} VireoQcow2;

/* Blocks: for a worker thread. A file that is no qcow2 image is no error. Errors: Io, and
 * ConfigUnsupported for a header that breaks the format. */
gboolean vireo_qcow2_read (int fd, const char *path, VireoQcow2 *ret_header,
                                GError **error);
void vireo_qcow2_clear (VireoQcow2 *header);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VireoQcow2, vireo_qcow2_clear)

G_END_DECLS
