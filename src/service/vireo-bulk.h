/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/**
 * VireoBulkFunc:
 * @node: an object that is there
 * @call: the call that it is an answer to
 * @user_data: what was given with the function
 *
 * Returns: (transfer full) (nullable): what to say of it, which may be floating; %NULL for nothing
 */
typedef GVariant *(*VireoBulkFunc) (VireoNode *node, VireoCall *call, gpointer user_data);

/**
 * VireoBulkJoinFunc:
 * @entries: (element-type GVariant): what was made of the objects, in their order
 * @user_data: what was given with the function
 *
 * Makes the answer of its parts. Runs in another thread when there are many.
 *
 * Returns: a tuple, floating
 */
typedef GVariant *(*VireoBulkJoinFunc) (GPtrArray *entries, gpointer user_data);

/**
 * vireo_bulk_return:
 * @call: (transfer full): a call
 * @nodes: (element-type VireoNode): what the answer is about
 * @type: what @func returns; the answer is an array of it
 * @func: called with each of @nodes that is not gone
 * @user_data: for @func
 * @destroy: (nullable): for @user_data
 *
 * Answers with a list that may be long: it is made in slices, so that nobody else waits for it, and
 * put into the bus' form by another thread. Meanwhile nothing else is said to the caller: what
 * changed since the beginning is told after the list, and no other call of theirs is begun. So the
 * list and the signals join without a gap.
 *
 * A user's lists are made one after the other, and none while the user's connections have not read
 * what they were sent: neither here nor on the bus is there ever much more than one for each user.
 *
 * Of a call that is a part of another one, each entry may become another: see #VireoCall.
 */
void vireo_bulk_return (VireoCall *call,
                        GPtrArray *nodes,
                        const GVariantType *type,
                        VireoBulkFunc func,
                        gpointer user_data,
                        GDestroyNotify destroy);

/* The same with an answer that is no array of what @func returns, but what @join makes of it. */
void vireo_bulk_return_joined (VireoCall *call,
                               GPtrArray *nodes,
                               VireoBulkFunc func,
                               VireoBulkJoinFunc join,
                               gpointer user_data,
                               GDestroyNotify destroy);

G_END_DECLS
