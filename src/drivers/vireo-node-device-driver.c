/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-node-device-driver.h"

G_DEFINE_INTERFACE (VireoNodeDeviceDriver, vireo_node_device_driver, G_TYPE_OBJECT)

static void
vireo_node_device_driver_default_init (VireoNodeDeviceDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}
