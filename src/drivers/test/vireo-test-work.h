/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-obj.h"

G_BEGIN_DECLS

/* Takes @msec milliseconds, with progress on the current job of @obj, which can be cancelled
 * meanwhile. Errors: Cancelled. */
void vireo_test_work_async (VireoObj *obj,
                            guint msec,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
void vireo_test_copy_async (VireoObj *obj,
                            guint msec,
                            guint64 bytes,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
/* For both. */
gboolean vireo_test_work_finish (VireoObj *obj, GAsyncResult *result, GError **error);

G_END_DECLS
