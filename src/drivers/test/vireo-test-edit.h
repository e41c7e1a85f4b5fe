/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-domain-keeper.h"

G_BEGIN_DECLS

void vireo_test_edit_live (VireoDomainKeeper *keeper,
                           VireoDomainObj *obj,
                           const VireoDomainEdit *edit,
                           GTask *task);

G_END_DECLS
