/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-driver.h"

G_BEGIN_DECLS

/* Files that a client handed over for disks, in groups with names. */

void vireo_domain_files_associate (VireoDomainDriver *driver,
                                   VireoDomainObj *obj,
                                   const char *name,
                                   GUnixFDList *fds,
                                   GTask *task);

/* Whether the source of @disk names a group that is there, or none. */
gboolean vireo_domain_files_check (VireoDomainObj *obj, const VireoDiskDef *disk, GError **error);

/* A descriptor of the caller's own for the file that @disk names by its group; -1 with @error, and
 * without when it names none. */
int vireo_domain_files_open (VireoDomainObj *obj, const VireoDiskDef *disk, gboolean read_only,
                             GError **error);

/* The domain is undefined. */
void vireo_domain_files_forget (VireoDomainObj *obj);

G_END_DECLS
