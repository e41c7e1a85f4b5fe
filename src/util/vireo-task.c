/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-task.h"

#include "vireo-error.h"

void
vireo_task_end (GTask *task, gboolean success, GError *error)
{
  if (success)
    g_task_return_boolean (task, TRUE);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_FAILED, "no reason was given");
  g_object_unref (task);
}

void
vireo_task_forward (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = g_task_propagate_boolean (G_TASK (result), &error);

  vireo_task_end (user_data, success, error);
}
