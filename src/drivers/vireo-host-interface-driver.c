/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-host-interface-driver.h"

G_DEFINE_INTERFACE (VireoHostInterfaceDriver, vireo_host_interface_driver, G_TYPE_OBJECT)

static void
vireo_host_interface_driver_default_init (VireoHostInterfaceDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}
