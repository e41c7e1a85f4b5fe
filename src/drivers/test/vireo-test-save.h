/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* Saving to files that are in memory, and core dumps. */
void vireo_test_save_init (VireoDomainDriverInterface *iface);

/* What the next start of @obj uses instead of its persistent definition; %NULL for nothing. */
const VireoDomainDef *vireo_test_save_peek (VireoDomainObj *obj);
gboolean vireo_test_save_was_running (VireoDomainObj *obj);
void vireo_test_save_forget (VireoDomainObj *obj);

G_END_DECLS
