/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the store: what touches the disk, on whatever thread it is called. */
#pragma once

#include "vireo-store.h"

G_BEGIN_DECLS

/**
 * VireoStoreCall:
 * @ops: the changes; names and contents are owned
 * @n_ops: how many
 * @temporaries: (array length=n_ops) (element-type filename): per change, the temporary file that
 *   is to take its name; %NULL once it did, or for a deletion
 * @error: (nullable): why the call failed
 *
 * The changes of one vireo_store_apply_async().
 */
typedef struct
{
  VireoStoreOp *ops;
  gsize n_ops;
  char **temporaries;
  GError *error;
} VireoStoreCall;

VireoStoreCall *vireo_store_call_new (const VireoStoreOp *ops, gsize n_ops);
void vireo_store_call_free (VireoStoreCall *call);

gboolean vireo_store_check_name (const char *name, GError **error);

int vireo_store_open_folder (const char *folder, GError **error);
gboolean vireo_store_make_folder (const char *folder, GError **error);
gboolean vireo_store_sweep (const char *folder, GError **error);

/* Makes the changes of all @calls durable with one sync of the folder; each call's @error says how
 * it went. */
void vireo_store_commit (const char *folder, VireoStoreCall **calls, gsize n_calls);

G_END_DECLS
