/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* Backups, in the background; there is at most one a domain. */
void vireo_test_backup_init (VireoDomainDriverInterface *iface);

/* The domain has stopped: so has its backup. */
void vireo_test_backup_stopped (VireoDomainObj *obj);
gboolean vireo_test_backup_goes_on (VireoDomainObj *obj);
/* Whether the disk is part of a backup, and how far that is. */
gboolean
vireo_test_backup_find (VireoDomainObj *obj, const char *target, VireoBlockJobInfo *ret_info);

G_END_DECLS
