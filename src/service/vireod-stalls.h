/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When the environment has VIREO_STALLS, a number of microseconds, each turn of the main loop that
 * takes longer is told in the log. For benchmarks, and whoever looks for what blocks. */
void vireod_stalls_watch (void);

G_END_DECLS
