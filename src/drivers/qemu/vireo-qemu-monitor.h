/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/* The monitor's socket is made and listened on by us, and handed to the emulator: we can connect to
 * it before the emulator has even begun, and so can the next daemon. Both work with paths that are
 * longer than a socket's address. */

/* Returns: a listening socket, or -1. */
int vireo_qemu_monitor_listen (const char *path, GError **error);

/* Returns: (transfer full): a connected socket; %VIREO_ERROR_HYPERVISOR_DIED where nobody listens
 * any more */
GSocket *vireo_qemu_monitor_connect (const char *path, GError **error);

G_END_DECLS
