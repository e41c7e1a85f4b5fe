/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* The driver's operations of those names. */
void vireo_qemu_run_monitor_command (VireoDomainDriver *driver, VireoDomainObj *obj,
                                     const char *text, gboolean human, GUnixFDList *files,
                                     GTask *task);
void vireo_qemu_watch_monitors (VireoDomainDriver *driver, gboolean watched);

/* An event of QEMU, for those who listen. @data: (nullable) */
void vireo_qemu_tell_monitor_event (VireoQemuDomain *self, const char *name, JsonObject *data,
                                    gint64 timestamp);

G_END_DECLS
