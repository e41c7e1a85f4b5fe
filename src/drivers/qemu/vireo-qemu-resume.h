/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domain.h"

G_BEGIN_DECLS

/* See #VireoJobResumer: of a start, and of a stop. */
void vireo_qemu_resume_start (VireoObj *object, VireoJob *job, GVariant *data);
void vireo_qemu_resume_stop (VireoObj *object, VireoJob *job, GVariant *data);

G_END_DECLS
