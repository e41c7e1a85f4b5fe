/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* Figures; as the interface says. Neither waits for the domain's slot, nor long for its
 * emulator. */
void vireo_qemu_get_stats (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                           GTask *task);
void vireo_qemu_block_resize (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                              GTask *task);
void vireo_qemu_get_block_info (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                                GTask *task);

G_END_DECLS
