/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-driver.h"

G_BEGIN_DECLS

/* What this hypervisor itself would keep of a domain: a key file, as functions of a connection. */
void vireo_test_domain_xml_from_native (VireoConnectionObj *connection, GVariant *args,
                                        GTask *task);
void vireo_test_domain_xml_to_native (VireoConnectionObj *connection, const char *format,
                                      const VireoDomainDef *def, guint owner, GTask *task);

G_END_DECLS
