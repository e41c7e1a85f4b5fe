/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/**
 * VireoQemuConsole:
 *
 * Carries bytes between a guest's terminal and whoever has its console open. The terminal belongs
 * to the emulator, so that a restart of the daemon ends the carrying but loses nothing else.
 *
 * Since: 0.1
 */
typedef struct _VireoQemuConsole VireoQemuConsole;

/* Called once when the other side closed its end, or the terminal is gone. It frees @self. */
typedef void (*VireoQemuConsoleClosed) (VireoQemuConsole *self, const char *name,
                                        gpointer user_data);

/* @name: handed to @closed; @path: the terminal. Returns: the socket for the caller in @ret_fd. */
VireoQemuConsole *vireo_qemu_console_new (const char *name, const char *path,
                                          VireoQemuConsoleClosed closed, gpointer user_data,
                                          int *ret_fd, GError **error);
/* Whether the other side has closed its end, which the main loop may not have come to: then the
 * guest has got all that it said. */
gboolean vireo_qemu_console_is_left (VireoQemuConsole *self);

/* Closes both ends, which the other side sees at once. */
void vireo_qemu_console_free (VireoQemuConsole *self);

G_END_DECLS
