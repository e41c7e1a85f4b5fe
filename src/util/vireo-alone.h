/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/**
 * vireo_alone_run:
 * @task: a task, as for g_task_run_in_thread()
 * @who: for which user
 * @func: what to do in a thread; it returns a result with the task
 *
 * Runs what may never come back, for it touches files that a user named: their file system may
 * hang. It gets a thread of its own, so that nobody else waits for it, as they would in the pool of
 * g_task_run_in_thread(), which has a few threads for everybody. Of one user's, 64 run at a time;
 * more of theirs wait. For the main thread.
 *
 * Since: 0.1
 */
void vireo_alone_run (GTask *task, guint who, GTaskThreadFunc func);

/**
 * vireo_alone_run_pointer:
 * @task: a task without task data, which returns a pointer
 * @who: for which user
 * @func: what to do in a thread; it returns a pointer with the task that it is given
 * @data: (transfer full): task data for @func
 * @free_data: of @data, when @func came back
 * @free_result: of what @func returns
 *
 * The same of what somebody who cancels does not wait for: @task returns at once then.
 *
 * Since: 0.1
 */
void vireo_alone_run_pointer (GTask *task, guint who, GTaskThreadFunc func, gpointer data,
                              GDestroyNotify free_data, GDestroyNotify free_result);

/**
 * vireo_alone_drop:
 * @data: (transfer full): what may hold files that a user named
 * @free_data: of @data
 *
 * Frees something in a thread of its own, from any thread: a file system is told of each
 * descriptor that is closed, and may not answer to that either.
 *
 * Since: 0.1
 */
void vireo_alone_drop (gpointer data, GDestroyNotify free_data);

/**
 * vireo_alone_close:
 * @fd: (inout): descriptor of a file that a user named, or -1; it is -1 then
 *
 * The same of a descriptor.
 *
 * Since: 0.1
 */
void vireo_alone_close (int *fd);

/**
 * vireo_alone_close_list:
 * @fds: (inout) (nullable): descriptors that nobody else uses any more
 *
 * The same of some.
 *
 * Since: 0.1
 */
void vireo_alone_close_list (GUnixFDList **fds);

G_END_DECLS
