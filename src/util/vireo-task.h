/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * vireo_task_end:
 * @task: (transfer full): what somebody waits for
 * @success: whether it was done
 * @error: (transfer full) (nullable): why it was not; %NULL when it was
 *
 * Returns a boolean with @task, or the error, and lets go of it: how an operation ends that took
 * its task over. One that failed and does not say why has failed all the same.
 *
 * Since: 0.1
 */
void vireo_task_end (GTask *task, gboolean success, GError *error);

/**
 * vireo_task_forward:
 * @source: (nullable): unused
 * @result: a #GTask that returned a boolean
 * @user_data: (transfer full) (type GTask): what somebody waits for
 *
 * A #GAsyncReadyCallback for an operation that is the last of another: what came of the one comes
 * of the other.
 *
 * Since: 0.1
 */
void vireo_task_forward (GObject *source, GAsyncResult *result, gpointer user_data);

G_END_DECLS
