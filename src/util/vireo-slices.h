/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*VireoSliceFunc) (guint index, gpointer user_data);
typedef void (*VireoSlicedFunc) (gpointer user_data);

void vireo_slices_run (guint n,
                       VireoSliceFunc func,
                       VireoSlicedFunc done,
                       gpointer user_data);

G_END_DECLS
