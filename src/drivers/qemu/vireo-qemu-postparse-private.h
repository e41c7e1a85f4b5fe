/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to vireo-qemu-postparse*. */
#pragma once

#include "vireo-qemu-postparse.h"

G_BEGIN_DECLS

VireoPostParseOutcome vireo_qemu_post_parse_device (VireoPostParseContext *context,
                                                    VireoDeviceKind kind, gpointer device);
VireoPostParseOutcome vireo_qemu_post_parse_addresses (VireoPostParseContext *context);

gboolean vireo_qemu_def_is_q35 (const VireoDomainDef *def);
gboolean vireo_qemu_def_is_i440fx (const VireoDomainDef *def);
gboolean vireo_qemu_def_is_arm_virt (const VireoDomainDef *def);
/* Machines whose root bus is PCI Express. */
gboolean vireo_qemu_def_is_pcie (const VireoDomainDef *def);

VireoControllerDef *vireo_qemu_def_find_controller (const VireoDomainDef *def,
                                                    VireoControllerType type, guint index);

G_END_DECLS
