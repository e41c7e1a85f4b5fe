/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* When a process began, in clock ticks since boot: with its number it names one process only.
 * FALSE when there is none. */
gboolean vireo_process_get_start_time (pid_t pid, guint64 *ret_time);

G_END_DECLS
