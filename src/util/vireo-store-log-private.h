/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the store's log. */
#pragma once

#include "vireo-store-log.h"

G_BEGIN_DECLS

/* What a file that is not written yet is to be. */
typedef struct
{
  GBytes *contents; /* (nullable): %NULL when it was deleted */
  guint mode;
} VireoStorePending;

/* One of the two files of the log. */
typedef struct
{
  const char *name;
  int fd; /* -1 when it is not there */
  guint64 epoch;
  gint64 end;          /* of what is in it */
  GHashTable *pending; /* file name -> VireoStorePending: what it has that is not in its place */
  gsize space;         /* what that takes on the disk, at most */
} VireoStoreHalf;

struct _VireoStoreLog
{
  const VireoStoreIo *io;
  char *folder;
  gsize size; /* of each half */
  gsize reserve_size;
  VireoStoreHalf halves[2];
  guint active;
  guint64 sequence;
  gboolean checkpointing;
  gboolean broken;
  gint reserved; /* atomic: whether the space for files is kept */
  gboolean stale; /* whether there may be logs of another daemon */
};

/* @ops: (element-type VireoStoreOp) */
gboolean vireo_store_log_write_all (VireoStoreLog *self, const GArray *ops, GError **error);
gboolean vireo_store_log_discard (VireoStoreLog *self, GError **error);

G_END_DECLS
