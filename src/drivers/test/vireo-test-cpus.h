/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-driver.h"

G_BEGIN_DECLS

/* Processors as sets of features: as functions of a connection, and of the domains' driver. */
void vireo_test_compare_cpu (VireoConnectionObj *connection, GVariant *args, GTask *task);
void vireo_test_baseline_cpu (VireoConnectionObj *connection, GVariant *args, GTask *task);
gboolean vireo_test_expand_cpu (VireoDomainDriver *driver, VireoDomainDef *def, GError **error);

G_END_DECLS
