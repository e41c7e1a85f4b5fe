/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* Checkpoints. */
void vireo_test_checkpoints_init (VireoDomainDriverInterface *iface);

/* Makes of what a caller wants the checkpoint that it will be, or says what is wrong with it;
 * @def is changed. */
gboolean vireo_test_checkpoint_complete (VireoDomainObj *obj,
                                         VireoDomainCheckpointDef *def,
                                         GError **error);
/* (transfer none): makes it, now; @def is taken over. */
VireoMomentObj *vireo_test_checkpoint_take (VireoDomainObj *obj, VireoDomainCheckpointDef *def);

G_END_DECLS
