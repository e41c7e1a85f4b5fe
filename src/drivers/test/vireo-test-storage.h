/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-storage-keeper.h"

G_BEGIN_DECLS

/* The storage pools of the test driver. */
#define VIREO_TYPE_TEST_STORAGE (vireo_test_storage_get_type ())
G_DECLARE_FINAL_TYPE (VireoTestStorage, vireo_test_storage, VIREO, TEST_STORAGE, VireoStorageKeeper)

VireoTestStorage *vireo_test_storage_new (const char *state_dir);

G_END_DECLS
