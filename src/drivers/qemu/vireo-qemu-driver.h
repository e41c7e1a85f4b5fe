/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-drivers-built.h"
#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

#define VIREO_TYPE_QEMU_DRIVER (vireo_qemu_driver_get_type ())
G_DECLARE_FINAL_TYPE (VireoQemuDriver, vireo_qemu_driver, VIREO, QEMU_DRIVER, GObject)

#define VIREO_TYPE_QEMU_CONNECTION (vireo_qemu_connection_get_type ())
G_DECLARE_FINAL_TYPE (VireoQemuConnection, vireo_qemu_connection, VIREO, QEMU_CONNECTION,
                      VireoConnectionObj)

G_END_DECLS
