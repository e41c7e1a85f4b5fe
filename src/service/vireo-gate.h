/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* The one place that every call passes. See vireo-gate.c. */
void vireo_gate_pass (VireoCall *call);

/* For prepare (), which ends with vireo_call_prepared (). */
void vireo_call_require (VireoCall *call, const VireoAction *action);
void vireo_call_require_of (VireoCall *call,
                            const VireoAction *action,
                            VireoDetails *details,
                            const VireoAction *unless,
                            char *because);
void vireo_call_wish (VireoCall *call, const VireoAction *action, VireoDetails *details);
void vireo_call_require_too (VireoCall *call, const VireoAction *action);
void vireo_call_require_object (VireoCall *call,
                                const char *path,
                                VireoPathKind path_kind,
                                const VireoAction *action);

/* For handlers: whether vireo_call_require() was called with @action, or would be in vain for this
 * caller. What a call needs may have changed while polkit was asked. */
gboolean vireo_call_has_required (VireoCall *call, const VireoAction *action);
void vireo_call_add_subject (VireoCall *call, VireoDetails *details);
void vireo_call_hold_error (VireoCall *call, GError *error);
void vireo_call_prepared (VireoCall *call);

G_END_DECLS
