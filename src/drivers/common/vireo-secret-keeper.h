/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-keeper.h"
#include "drivers/vireo-secret-driver.h"

G_BEGIN_DECLS

/**
 * VireoSecretKeeper:
 *
 * Keeps secrets: all of #VireoSecretDriver, for any hypervisor. Definitions are kept as those of
 * domains are. Values are files of their own, `secret-values/UUID` below the driver's folder, mode
 * 0600, and are in memory only while somebody has them. An ephemeral secret is in memory only,
 * definition and value.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_SECRET_KEEPER (vireo_secret_keeper_get_type ())
G_DECLARE_FINAL_TYPE (VireoSecretKeeper, vireo_secret_keeper, VIREO, SECRET_KEEPER, VireoKeeper)

/* @state_dir: (nullable): %NULL for memory only */
VireoSecretKeeper *vireo_secret_keeper_new (const char *state_dir);

/* Instead of vireo_keeper_load_async(): the definitions, and which of them have values. */
void vireo_secret_keeper_load_async (VireoSecretKeeper *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean
vireo_secret_keeper_load_finish (VireoSecretKeeper *self, GAsyncResult *result, GError **error);

G_END_DECLS
