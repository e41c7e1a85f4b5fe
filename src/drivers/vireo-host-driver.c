/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-host-driver.h"

G_DEFINE_INTERFACE (VireoHostDriver, vireo_host_driver, G_TYPE_OBJECT)

static void
vireo_host_driver_default_init (VireoHostDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}
