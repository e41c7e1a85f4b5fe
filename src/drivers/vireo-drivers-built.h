/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The drivers that can be in a build; each function is in its driver's folder. */

#include "vireo-driver.h"

G_BEGIN_DECLS

VireoDriver *vireo_test_driver_new (const VireoEnv *env);
VireoDriver *vireo_qemu_driver_new (const VireoEnv *env);

G_END_DECLS
