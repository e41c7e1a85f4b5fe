/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define VIREO_TYPE_STORE (vireo_store_get_type ())
G_DECLARE_FINAL_TYPE (VireoStore, vireo_store, VIREO, STORE, GObject)

/**
 * VireoStoreOp:
 * @name: file name in the store's folder, without `/`
 * @contents: (nullable): what to write; %NULL to delete the file (one that is absent is no error)
 * @mode: permissions of a file that is written, such as 0600
 *
 * One change of a store. The changes of one call are made in their order, so that a reader after a
 * crash sees a prefix of them.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *name;
  GBytes *contents;
  guint mode;
} VireoStoreOp;

VireoStore *vireo_store_new (const char *folder);

VireoStore *vireo_store_new_logged (const char *folder);

const char *vireo_store_get_folder (VireoStore *self);

gboolean vireo_store_prepare (VireoStore *self, GError **error);

GPtrArray *vireo_store_list (VireoStore *self, const char *suffix, GError **error);

GBytes *vireo_store_read (VireoStore *self, const char *name, gsize max_size, GError **error);

void vireo_store_apply_async (VireoStore *self, const VireoStoreOp *ops, gsize n_ops,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data);

gboolean vireo_store_apply_finish (VireoStore *self, GAsyncResult *result, GError **error);

gboolean vireo_store_settle (VireoStore *self, GError **error);
void vireo_store_flush (VireoStore *self);

void vireo_stores_settle (void);

G_END_DECLS
