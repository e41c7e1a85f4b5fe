/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* Snapshots: what they keep are definitions and states. */
void vireo_test_snapshots_init (VireoDomainDriverInterface *iface);

/* Makes of what a caller wants the snapshot that it will be: disks aligned with those of the
 * domain, all that was left open decided. */
gboolean vireo_test_snapshot_complete (VireoDomainObj *obj,
                                       VireoDomainSnapshotDef *def,
                                       VireoSnapshotCreateFlags flags,
                                       GError **error);

G_END_DECLS
