/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* Devices that come, go and change while the guest runs. Each takes @task over, which returns a
 * boolean; the domain's slot is held. */
void vireo_qemu_attach_device (VireoQemuDomain *self, const VireoDomainEdit *change, GTask *task);
void vireo_qemu_detach_device (VireoQemuDomain *self, const VireoDomainEdit *change, GTask *task);
void vireo_qemu_update_device (VireoQemuDomain *self, const VireoDomainEdit *change, GTask *task);

/* The definition that @change makes of the live one; (transfer full). @ret_kind, @ret_index: the
 * first device that is not as it was, or has come. FALSE with no error when nothing has changed. */
gboolean vireo_qemu_device_apply (VireoQemuDomain *self, const VireoDomainEdit *change,
                                  VireoDomainDef **ret_def, VireoDeviceKind *ret_kind,
                                  guint *ret_index, GError **error);

/* The emulator has let a device go: so do we, with all that was behind it. */
void vireo_qemu_device_gone (VireoQemuDomain *self, const char *alias);
/* The guest keeps it. */
void vireo_qemu_device_kept (VireoQemuDomain *self, const char *alias);
/* Nobody waits for a device any more. @error: (transfer full): why */
void vireo_qemu_device_stop_waiting (VireoQemuDomain *self, GError *error);

/* Asks which devices are there; those that are in the definition and went, or never came, while no
 * daemon was there, are gone. */
void vireo_qemu_devices_reconcile (VireoQemuDomain *self);

/* Finds a device of a definition by its alias. */
gboolean vireo_qemu_device_find (const VireoDomainDef *def, const char *alias,
                                 VireoDeviceKind *ret_kind, guint *ret_index);

G_END_DECLS
