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

/* ---- several ---- */

typedef struct
{
  guint n_open;
  GError *error; /* the first */
} Several;

static void
several_free (gpointer data)
{
  Several *self = data;

  g_clear_error (&self->error);
  g_free (self);
}

GTask *
vireo_task_several_new (gpointer source, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (source, NULL, callback, user_data);
  Several *several = g_new0 (Several, 1);

  several->n_open = 1;
  g_task_set_task_data (task, several, several_free);
  return task;
}

GTask *
vireo_task_several_begin (GTask *task)
{
  Several *several = g_task_get_task_data (task);

  several->n_open++;
  return g_object_ref (task);
}

void
vireo_task_several_end (GTask *part, GError *error)
{
  Several *several = g_task_get_task_data (part);

  if (several->error == NULL)
    several->error = error;
  else
    g_clear_error (&error);
  if (--several->n_open > 0)
    {
      g_object_unref (part);
      return;
    }
  error = g_steal_pointer (&several->error);
  vireo_task_end (part, error == NULL, error);
}
