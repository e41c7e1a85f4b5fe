/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* What is done to a running guest by one command of the monitor, and edits of what runs. */
void vireo_qemu_edit_live (VireoDomainKeeper *keeper, VireoDomainObj *obj,
                           const VireoDomainEdit *change, GTask *task);
void vireo_qemu_inject_nmi (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                            GTask *task);
void vireo_qemu_send_key (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                          GTask *task);

void vireo_qemu_open_graphics (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                               GTask *task);
void vireo_qemu_screenshot (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                            GTask *task);

G_END_DECLS
