/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-command.h"
#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* What starts and changes of devices have in common: finding out what the emulator can do, and what
 * is behind a device. They are what steps do (see util/vireo-steps.h): each that has a @task takes
 * it over, which returns a boolean. What a place holds is there for as long as the sequence is. */

/* @ret_caps: set to what the emulator of @def can do. Errors: ConfigUnsupported when @def has
 * none. */
void vireo_qemu_backend_find_caps (VireoQemuDomain *self, const VireoDomainDef *def,
                                   VireoQemuCaps **ret_caps, GTask *task);

/* Opens the images of @disk with the rights of the domain's owner, as at a start, and enters them
 * in the record. @ret_chain: set to the layers; %NULL for an empty drive. Errors: Busy,
 * InvalidState when the guest has ended meanwhile. */
void vireo_qemu_backend_open_disk (VireoQemuDomain *self, const VireoDiskDef *disk,
                                   GPtrArray **ret_chain, GTask *task);
/* Takes them out of the record again, if there still is one. @chain: (nullable) */
void vireo_qemu_backend_close_disk (VireoQemuDomain *self, const GPtrArray *chain);

/* How the device, or that @part of it, is plugged in, with what was opened for it passed before.
 * @chain: (nullable): layers of a disk. @tap: device of an interface, or -1; stays the caller's.
 * Returns: (transfer full) (nullable) (element-type VireoQemuQmpStep) */
GPtrArray *vireo_qemu_backend_build_plug (const VireoDomainDef *def, VireoQemuCaps *caps,
                                          VireoDeviceKind kind, guint index, GPtrArray *chain,
                                          int tap, VireoQemuPlugPart part, GError **error);

G_END_DECLS
