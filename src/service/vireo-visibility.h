/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-authority.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/* (element-type VireoNode) */
typedef void (*VireoVisibleFunc) (GPtrArray *nodes, gpointer user_data);

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
