/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-storage-driver.h"

G_DEFINE_INTERFACE (VireoStorageDriver, vireo_storage_driver, G_TYPE_OBJECT)

static void
vireo_storage_driver_default_init (VireoStorageDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}
