/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-authority.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/* (element-type VireoNode) */
typedef void (*VireoVisibleFunc) (GPtrArray *nodes, gpointer user_data);

/* An object, two that it is in, and a guest that it tells of with its connection. */
#define VIREO_VISIBILITY_MOST 5

/* What @caller has to be able to read to see @node, which is first of them. Returns how many. */
guint vireo_visibility_list_needed (VireoCaller *caller,
                                    VireoNode *node,
                                    VireoNode *ret_needed[VIREO_VISIBILITY_MOST]);

gboolean vireo_visibility_peek (VireoAuthority *authority,
                                VireoCaller *caller,
                                VireoNode *node,
                                gboolean *ret_visible);

void vireo_visibility_filter (VireoAuthority *authority,
                              VireoCaller *caller,
                              GPtrArray *nodes,
                              VireoVisibleFunc func,
                              gpointer user_data);
/* The same of those that the caller sees and for which it has the permission @action, too. */
void vireo_visibility_filter_for (VireoAuthority *authority,
                                  VireoCaller *caller,
                                  GPtrArray *nodes,
                                  const VireoAction *action,
                                  VireoVisibleFunc func,
                                  gpointer user_data);

G_END_DECLS
