/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-host-driver.h"

G_BEGIN_DECLS

/**
 * VireoLinuxHost:
 *
 * The machine that the daemon runs on, as Linux tells of it in /proc and /sys.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_LINUX_HOST (vireo_linux_host_get_type ())
G_DECLARE_FINAL_TYPE (VireoLinuxHost, vireo_linux_host, VIREO, LINUX_HOST, GObject)

VireoHostDriver *
vireo_linux_host_new (const char *root, const char *security_model, const char *security_doi);

G_END_DECLS
