/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Preparations (see VireoHandler.prepare) of calls whose first argument is a document. They leave
 * the definition in call->def, and what polkit has to be told of it. */
void vireo_define_prepare (VireoCall *call);

/* Of calls whose first argument is a new name. */
void vireo_define_prepare_name (VireoCall *call);

G_END_DECLS
