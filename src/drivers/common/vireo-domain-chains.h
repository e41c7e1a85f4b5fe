/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-obj.h"

G_BEGIN_DECLS

/* The disks of domains, and the chains of images below them. */

/* By target or by the path of its source; %NULL with @error NotFound. */
const VireoDiskDef *
vireo_domain_disk_find (const VireoDomainDef *def, const char *name, GError **error);
/* Whether there is something on it that can change. */
gboolean vireo_domain_disk_is_writable (const VireoDiskDef *disk);
/* (nullable): the file or device that it is. */
const char *vireo_domain_source_get_path (const VireoDiskSourceDef *source);

/* Where in the chain of a disk an image is: 0 is the active one. @name is its path or "vda[1]".
 * Errors: NotFound. */
gboolean vireo_domain_chain_find (const VireoDiskDef *disk,
                                const char *name,
                                guint *ret_index,
                                GError **error);
guint vireo_domain_chain_get_length (const VireoDiskDef *disk);
const char *vireo_domain_chain_get_path (const VireoDiskDef *disk, guint index);

/* Takes the images from @first to before @last out of the chain; an active image that goes is
 * followed by the next. */
void vireo_domain_chain_cut (VireoDiskDef *disk, guint first, guint last);
/* Puts an image above the others. */
void vireo_domain_chain_push (VireoDiskDef *disk,
                            VireoDiskType type,
                            VireoDiskFormat format,
                            const VireoDiskSourceDef *source);

/* Calls @change with the disk in the live and in the persistent definition, as far as it is there.
 * */
typedef void (*VireoDomainDiskFunc) (VireoDiskDef *disk, gpointer user_data);
void vireo_domain_disk_change (VireoDomainObj *obj,
                             const char *target,
                             VireoDomainDiskFunc change,
                             gpointer user_data);
/* In the live one only. */
void vireo_domain_disk_change_live (VireoDomainObj *obj,
                                  const char *target,
                                  VireoDomainDiskFunc change,
                                  gpointer user_data);

G_END_DECLS
