/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-work.h"

G_BEGIN_DECLS

/* Whether the disks of @def can go where @request says, and how many bytes of them are copied. */
gboolean vireo_test_migrate_check_disks (const VireoDomainDef *def,
                                         const VireoMigrateRequest *request,
                                         guint64 *ret_bytes,
                                         GError **error);

G_END_DECLS
