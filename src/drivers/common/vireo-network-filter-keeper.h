/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-keeper.h"
#include "drivers/vireo-network-filter-driver.h"

G_BEGIN_DECLS

/**
 * VireoNetworkFilterKeeper:
 *
 * Keeps the definitions of network filters. Implements of #VireoNetworkFilterDriver get_filters,
 * define, replace, undefine and reload; of the bindings, which are a driver's that derives from it,
 * it knows nothing.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_NETWORK_FILTER_KEEPER (vireo_network_filter_keeper_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoNetworkFilterKeeper,
                          vireo_network_filter_keeper,
                          VIREO,
                          NETWORK_FILTER_KEEPER,
                          VireoKeeper)

struct _VireoNetworkFilterKeeperClass
{
  VireoKeeperClass parent_class;
};

/* @state_dir: (nullable): %NULL for memory only. For a driver that has no bindings. */
VireoNetworkFilterKeeper *vireo_network_filter_keeper_new (const char *state_dir);

/* Whether @name is @wanted, or refers to it, by way of whatever others. */
gboolean vireo_network_filter_keeper_reaches (VireoNetworkFilterKeeper *self,
                                              const char *name,
                                              const char *wanted);
/* (transfer full) (nullable): a filter that @name refers to, or is, and that is not there. */
char *vireo_network_filter_keeper_find_missing (VireoNetworkFilterKeeper *self, const char *name);

G_END_DECLS
