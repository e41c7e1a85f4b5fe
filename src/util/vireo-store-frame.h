/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the store: how changes are written down in its log. */
#pragma once

#include "vireo-store-disk.h"

G_BEGIN_DECLS

/* Frames begin at multiples of this, so that no block that holds something acknowledged is ever
 * written again before all of it is in its place. */
#define VIREO_STORE_BLOCK 4096u

#define VIREO_STORE_DIGEST_SIZE 32

/**
 * VireoStoreStep:
 * @name: of what file
 * @contents: (nullable): what it was to be; %NULL for a deletion
 * @mode: its permissions
 * @before: what was there before
 * @digest: SHA-256 of a regular file's contents before
 *
 * One change, as the log has it.
 */
typedef struct
{
  char *name;
  GBytes *contents;
  guint mode;
  guint before;
  guint8 digest[VIREO_STORE_DIGEST_SIZE];
} VireoStoreStep;

void vireo_store_step_free (gpointer step);

void vireo_store_digest (GBytes *contents, guint8 *ret_digest);

/* How many bytes, at most, the changes of @call take in a frame, and a frame without any. */
gsize vireo_store_frame_call_size (const VireoStoreCall *call);
gsize vireo_store_frame_empty_size (void);

/* (transfer full): the changes of those of @calls that have no error, padded to whole blocks. */
GBytes *vireo_store_frame_new (guint64 epoch, guint64 sequence, VireoStoreCall **calls,
                               gsize n_calls);

/* (transfer full): the first block of a log. */
GBytes *vireo_store_frame_new_header (guint64 epoch);

gboolean vireo_store_frame_read_header (GBytes *log, guint64 *ret_epoch);

/* Adds the steps of the frame at @offset to @steps, and moves @offset behind it. %FALSE at the end
 * of what was written: what is there is torn, or of another time. */
gboolean vireo_store_frame_read (GBytes *log, guint64 epoch, gsize *offset, guint64 *ret_sequence,
                                 GPtrArray *steps);

G_END_DECLS
