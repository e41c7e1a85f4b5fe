/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* Moving domains to other connections of this driver. */
void vireo_test_migrate_init (VireoDomainDriverInterface *iface);

/* Makes the domains of a connection ones that others can move to, as long as they are there. */
void vireo_test_migrate_register (VireoTestDomains *domains, const char *uri);

G_END_DECLS
