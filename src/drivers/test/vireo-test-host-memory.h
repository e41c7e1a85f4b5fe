/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-host-driver.h"

G_BEGIN_DECLS

/* How the host's memory is shared and divided into pages, and its sleep; on the host, as long as it
 * is there. */
void vireo_test_host_memory_fill (VireoHostDriverInterface *iface);

/* What is set apart for large pages, in KiB. */
guint64 vireo_test_host_memory_get_reserved (VireoHostDriver *host);

G_END_DECLS
