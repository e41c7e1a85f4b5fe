/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the store: what touches the disk, on whatever thread it is called. */
#pragma once

#include "vireo-store-io.h"
#include "vireo-store.h"

G_BEGIN_DECLS

/**
 * VireoStoreState:
 * @kind: what is there
 * @contents: (nullable): of a regular file
 *
 * What has a name in the folder.
 */
typedef struct
{
  enum
  {
    VIREO_STORE_ABSENT,
    VIREO_STORE_REGULAR,
    VIREO_STORE_OTHER,
  } kind;
  GBytes *contents;
} VireoStoreState;

/**
 * VireoStoreCall:
 * @ops: the changes; names and contents are owned
 * @n_ops: how many
 * @temporaries: (array length=n_ops) (element-type filename): per change, the temporary file that
 *   is to take its name; %NULL once it did, or for a deletion
 * @states: (array length=n_ops): for the log: what was there before each change
 * @n_done: how many were made
 * @error: (nullable): why the call failed
 *
 * The changes of one vireo_store_apply_async().
 */
typedef struct
{
  VireoStoreOp *ops;
  gsize n_ops;
  char **temporaries;
  VireoStoreState *states;
  gsize n_done;
  GError *error;
} VireoStoreCall;

VireoStoreCall *vireo_store_call_new (const VireoStoreOp *ops, gsize n_ops);
void vireo_store_call_free (VireoStoreCall *call);

gboolean vireo_store_check_name (const char *name, GError **error);

int vireo_store_open_folder (const VireoStoreIo *io, const char *folder, GError **error);
gboolean vireo_store_make_folder (const char *folder, GError **error);
gboolean vireo_store_sweep (const char *folder, GError **error);

/* The steps of a change. A file that is written is returned open; -1 with the call's @error. */
int
vireo_store_write_temporary (const VireoStoreIo *io, int folder_fd, VireoStoreCall *call, gsize i);
void vireo_store_apply_in_order (const VireoStoreIo *io, int folder_fd, VireoStoreCall *call);
void vireo_store_remove_temporaries (const VireoStoreIo *io, int folder_fd, VireoStoreCall *call);

/**
 * VireoStoreSync:
 * @fd: an open file
 * @error: why it could not be synced; 0 when it was
 */
typedef struct
{
  int fd;
  int error;
} VireoStoreSync;

/* Syncs @files (element-type VireoStoreSync), @at_once of them at a time; gives the first error, or
 * 0. */
int vireo_store_sync_at_once (const VireoStoreIo *io, GArray *files, guint at_once);

/* @error becomes that of all @calls that have none. */
void vireo_store_fail_all (VireoStoreCall **calls, gsize n_calls, const GError *error);

/* Makes the changes of all @calls durable with a sync of each file and one of the folder; each
 * call's @error says how it went. */
void vireo_store_commit (const VireoStoreIo *io,
                         const char *folder,
                         VireoStoreCall **calls,
                         gsize n_calls);

G_END_DECLS
