/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-driver.h"

G_BEGIN_DECLS

/* How migrations of a domain are limited, which can be set before and meanwhile. */
void vireo_test_migrate_parameters_init (VireoDomainDriverInterface *iface);

guint64 vireo_test_migrate_get_parameter (VireoDomainObj *obj, const char *name);
/* Uses what a migration is begun with: a{sv} by libvirt's names. */
gboolean vireo_test_migrate_use (VireoDomainObj *obj, GVariant *more, GError **error);

G_END_DECLS
