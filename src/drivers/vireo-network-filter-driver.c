/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-filter-driver.h"

G_DEFINE_INTERFACE (VireoNetworkFilterDriver, vireo_network_filter_driver, G_TYPE_OBJECT)

static void
vireo_network_filter_driver_default_init (VireoNetworkFilterDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}
