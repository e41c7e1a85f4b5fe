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

/**
 * vireo_task_several_new:
 * @source: (nullable) (type GObject): source of the task
 * @callback: called when all parts have ended
 * @user_data: for @callback
 *
 * Makes a task that returns when all parts of it have ended: a boolean, or the first error. Whoever
 * makes it holds a part, which is to end when all others have begun: so it does not return before.
 *
 * Returns: (transfer full): the maker's part
 * Since: 0.1
 */
GTask *vireo_task_several_new (gpointer source, GAsyncReadyCallback callback, gpointer user_data);

/**
 * vireo_task_several_begin:
 * @task: a part that has not ended
 *
 * Returns: (transfer full): another part
 * Since: 0.1
 */
GTask *vireo_task_several_begin (GTask *task);

/**
 * vireo_task_several_end:
 * @part: (transfer full): a part
 * @error: (transfer full) (nullable): what went wrong with it
 *
 * Ends a part.
 *
 * Since: 0.1
 */
void vireo_task_several_end (GTask *part, GError *error);

G_END_DECLS
