/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"

G_BEGIN_DECLS

/* File descriptors that are handed over: to containers, and for disks. */
void vireo_test_files_fill (VireoDomainDriverInterface *iface);

/* Whether the domain can be started with @files (nullable), and with those that it has. */
gboolean vireo_test_files_check (VireoDomainObj *obj,
                                 const VireoDomainDef *def,
                                 GUnixFDList *files,
                                 GError **error);
/* The domain is undefined. */
void vireo_test_files_forget (VireoDomainObj *obj);

G_END_DECLS
