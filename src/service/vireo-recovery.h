/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-quotas.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/* Has each job of @records (element-type VireoJobRecord), which another daemon wrote down, at its
 * path again: going on, or with how it ended. When the connections are open, and before a call is
 * answered. */
void vireo_recover_jobs (VireoTree *tree, VireoQuotas *quotas, GPtrArray *records);

G_END_DECLS
