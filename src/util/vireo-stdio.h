/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * vireo_stdio_settle:
 *
 * Makes sure that the numbers of the standard input, output and error are taken: those that were
 * closed become `/dev/null`, for the other direction, so that their use still fails. Otherwise the
 * next file or socket would have the number, and get what is printed. To be called first.
 *
 * Returns: whether they are taken
 * Since: 0.1
 */
gboolean vireo_stdio_settle (void);

G_END_DECLS
