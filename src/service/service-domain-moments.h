/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Handlers of snapshots and checkpoints, for the tables in service-domain.c and their own. */

/* Of the row's `of`: all of a domain, or those below the one that was called. */
void vireo_moment_handle_list (VireoCall *call);
void vireo_moment_handle_get_objects (VireoCall *call);
/* (part, VireoMomentObj *, VireoMomentDeleteFlags, GTask *) */
void vireo_moment_handle_delete (VireoCall *call);
/* Of properties that snapshots and checkpoints have. */
extern const VireoGetter vireo_moment_getters[];
/* The path that the property has; "/" for none. */
GVariant *vireo_domain_get_current_snapshot (VireoNode *node, const VireoReading *reading);

void vireo_domain_create_snapshot (VireoCall *call);
void vireo_domain_prepare_snapshot (VireoCall *call);
void vireo_domain_prepare_quiesce (VireoCall *call);
void vireo_domain_create_checkpoint (VireoCall *call);

G_END_DECLS
