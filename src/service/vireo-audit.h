/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* A line in the journal for every change, done or refused: who, what, to what, and how it went. */
void vireo_audit_call (VireoCall *call, const char *result, const char *more);
/* And one for what became of a job that was the answer of a call. */
void vireo_audit_job (VireoNode *node, VireoJob *job, const GError *error);

G_END_DECLS
