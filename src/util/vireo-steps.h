/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * VireoStep:
 * @name: what the step does, for the log and for error messages ("open the disks")
 * @run: does the step. Takes @task over and returns a boolean with it, at once or later; the task's
 *   cancellable is the sequence's.
 * @undo: (nullable): takes the step back. Called, last step first, for the steps that succeeded
 *   when a later one fails or the sequence is cancelled between two steps. Must not fail; what it
 *   has to wait for, it leaves to go on by itself.
 *
 * One row of a sequence of asynchronous steps, as starting a guest is. A sequence is a static
 * table: what happens, in which order, and how it is undone can be read at a glance.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *name;
  void (*run) (gpointer context, GTask *task);
  void (*undo) (gpointer context);
} VireoStep;

void vireo_steps_run_async (const VireoStep *steps, gsize n_steps, gpointer context,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);

gboolean vireo_steps_run_finish (GAsyncResult *result, GError **error);

G_END_DECLS
