/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-node-device-driver.h"

G_BEGIN_DECLS

/* (transfer full): a #VireoNodeDeviceDriver over devices in memory. */
VireoNodeDeviceDriver *vireo_test_devices_new (gboolean usual);

G_END_DECLS
