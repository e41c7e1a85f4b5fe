/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void vireod_lock_release (void);
gboolean vireod_lock_folder (const char *folder, GError **error);

G_END_DECLS
