/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-test-domains.h"
#include "vireo-test-storage.h"

G_BEGIN_DECLS

/* Which image files there are: what domains use, and the volumes of pools. */

/* @storage lives as long as @domains. */
void vireo_test_paths_register (VireoTestDomains *domains, VireoTestStorage *storage);

/* Whether an image at @path (nullable) can be made for @obj or, with @reuse, be used. */
gboolean vireo_test_path_check (VireoDomainDriver *driver,
                                VireoDomainObj *obj,
                                const char *path,
                                gboolean reuse,
                                GError **error);

/* Deletes the image @path, if it is a volume. */
void vireo_test_path_delete (gpointer domains, const char *path);

G_END_DECLS
