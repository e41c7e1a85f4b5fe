/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-caps-cache.h"

G_BEGIN_DECLS

/* The connection's get_domain_capabilities and get_cpu_models. Both take @task over, which returns
 * a GVariant. */
void vireo_qemu_domcaps_get (VireoQemuCapsCache *cache, GVariant *args, GTask *task);
void vireo_qemu_domcaps_get_cpu_models (VireoQemuCapsCache *cache, GVariant *args, GTask *task);

G_END_DECLS
