/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Preparations (see VireoHandler.prepare) of calls whose first argument is a document. They leave
 * the definition in call->def, and what polkit has to be told of it. */
void vireo_define_prepare (VireoCall *call);

/* Whose an object that the call makes is, for its handler. */
guint vireo_define_get_owner (VireoCall *call);

/* Of calls whose first argument is a new name. */
void vireo_define_prepare_name (VireoCall *call);

/* In a preparation: says that the call is about an object of the row's `of` with that name and
 * UUID (nullable), whether there is one or not. */
void vireo_define_add_subjects (VireoCall *call, const char *name, const char *uuid);

/* Called by VireoCall.late: requires what it takes that a domain of @owner, which @details tells
 * of, has what is in @def. */
void vireo_define_require_for_domain (VireoCall *call,
                                      const VireoDomainDef *def,
                                      guint owner,
                                      VireoDetails *details);

G_END_DECLS
