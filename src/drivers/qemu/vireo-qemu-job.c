/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs of QEMU (its QMP reference, "Background jobs"): begun by a command, ended by an event, after
 * which QEMU says how it went and is told to forget it. */
#include "vireo-qemu-job.h"

#include <unistd.h>

#include "vireo-qemu-commands.h"
#include "vireo-qmp-message.h"

#define MAX_TEXT 4096u

typedef struct
{
  VireoQmp *qmp;
  char *id;
  gulong on_event;
  gulong on_closed;
  gboolean asked; /* how it went */
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_signal_handler (&job->on_event, job->qmp);
  g_clear_signal_handler (&job->on_closed, job->qmp);
  g_object_unref (job->qmp);
  g_free (job->id);
  g_free (job);
}

/* Returns @error (transfer full) (nullable), once. */
static void
end (GTask *task, GError *error)
{
  Job *job = g_task_get_task_data (task);

  g_clear_signal_handler (&job->on_event, job->qmp);
  g_clear_signal_handler (&job->on_closed, job->qmp);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static JsonObject *
find_job (JsonNode *reply, const char *id)
{
  JsonArray *list = vireo_qmp_node_array (reply);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);

      if (item != NULL && g_strcmp0 (vireo_json_get_string (item, "id", MAX_TEXT), id) == 0)
        return item;
    }
  return NULL;
}

static void
on_jobs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (job->qmp, result, &error);
  JsonObject *item = reply != NULL ? find_job (reply, job->id) : NULL;
  const char *said = item != NULL ? vireo_json_get_string (item, "error", MAX_TEXT) : NULL;

  if (reply != NULL && item == NULL)
    g_set_error_literal (&error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR,
                         "QEMU does not say how its job ended");
  else if (said != NULL)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "QEMU: %s", said);
  if (item != NULL)
    vireo_qemu_commands_tidy_name (job->qmp, "job-dismiss", "id", job->id);
  end (task, error);
}

static void
on_status_change (VireoQmp *qmp, const char *name, JsonObject *data, gint64 timestamp, GTask *task)
{
  Job *job = g_task_get_task_data (task);

  if (data == NULL || job->asked
      || g_strcmp0 (vireo_json_get_string (data, "id", MAX_TEXT), job->id) != 0
      || g_strcmp0 (vireo_json_get_string (data, "status", MAX_TEXT), "concluded") != 0)
    return;
  job->asked = TRUE;
  vireo_qmp_execute_async (qmp, "query-jobs", NULL, NULL, 0, NULL, on_jobs, task);
}

static void
on_closed (VireoQmp *qmp, const GError *error, GTask *task)
{
  Job *job = g_task_get_task_data (task);

  if (!job->asked)
    end (task, g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                            "the emulator has gone while it worked"));
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  /* The job may have ended before the reply. */
  if (reply == NULL && !job->asked && job->on_event != 0)
    end (task, error);
  else
    g_clear_error (&error);
}

void
vireo_qemu_job_run_async (VireoQmp *qmp, const char *command, JsonObject *arguments,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  static guint next_number;
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, vireo_qemu_job_run_async);
  job->qmp = g_object_ref (qmp);
  /* Another daemon's may still be there, unknown to us. */
  job->id = g_strdup_printf ("vireo-%d-%u", (int) getpid (), next_number++);
  g_task_set_task_data (task, job, job_free);
  job->on_event = g_signal_connect (qmp, "event::JOB_STATUS_CHANGE",
                                    G_CALLBACK (on_status_change), task);
  job->on_closed = g_signal_connect (qmp, "closed", G_CALLBACK (on_closed), task);
  json_object_set_string_member (arguments, "job-id", job->id);
  vireo_qmp_execute_async (qmp, command, arguments, NULL, VIREO_QMP_TIMEOUT_NEVER, NULL, on_begun,
                           g_object_ref (task));
}

gboolean
vireo_qemu_job_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
