/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-job.h"

G_BEGIN_DECLS

/**
 * VireoStorageEndKind:
 * @VIREO_STORAGE_END_STREAM: a file descriptor from where it stands: a file, a pipe or a socket
 * @VIREO_STORAGE_END_AT: a file at an offset; nobody else's position moves
 * @VIREO_STORAGE_END_ZEROS: zeros without end, to read from
 * @VIREO_STORAGE_END_RANDOM: random bytes without end, to read from
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_STORAGE_END_STREAM,
  VIREO_STORAGE_END_AT,
  VIREO_STORAGE_END_ZEROS,
  VIREO_STORAGE_END_RANDOM,
} VireoStorageEndKind;

/**
 * VireoStorageEnd:
 * @kind: what it is
 * @fd: the file descriptor of one that has one
 * @offset: where to begin, of VIREO_STORAGE_END_AT
 *
 * Since: 0.1
 */
typedef struct
{
  VireoStorageEndKind kind;
  int fd;
  guint64 offset;
} VireoStorageEnd;

/**
 * VireoStorageCopy:
 * @from: what is read
 * @to: what is written
 * @length: how many bytes; 0 for all, up to the end of @from
 * @limit: it fails rather than write more bytes than that
 * @sparse: zeros become holes in a file that is written
 *
 * Since: 0.1
 */
typedef struct
{
  VireoStorageEnd from;
  VireoStorageEnd to;
  guint64 length;
  guint64 limit;
  gboolean sparse;
} VireoStorageCopy;

/* Copies in a thread of its own, with progress on @job (nullable), until @cancellable is cancelled.
 * What was written is on the disk when it ends well. The file descriptors may be closed once this
 * returns. Errors: Cancelled, InvalidArgument for a file descriptor that cannot be used, NoSpace,
 * LimitExceeded, Io. */
void vireo_storage_copy_async (const VireoStorageCopy *copy,
                               VireoJob *job,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean vireo_storage_copy_finish (GAsyncResult *result, GError **error);

G_END_DECLS
