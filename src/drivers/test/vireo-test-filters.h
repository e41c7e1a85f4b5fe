/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-network-filter-keeper.h"

G_BEGIN_DECLS

/* The network filters of the test driver, and their bindings. */
#define VIREO_TYPE_TEST_FILTERS (vireo_test_filters_get_type ())
G_DECLARE_FINAL_TYPE (VireoTestFilters,
                      vireo_test_filters,
                      VIREO,
                      TEST_FILTERS,
                      VireoNetworkFilterKeeper)

VireoTestFilters *vireo_test_filters_new (void);

G_END_DECLS
