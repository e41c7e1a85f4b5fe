/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-driver.h"

G_DEFINE_INTERFACE (VireoDomainDriver, vireo_domain_driver, G_TYPE_OBJECT)

static void
vireo_domain_driver_default_init (VireoDomainDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}
