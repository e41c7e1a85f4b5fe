/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs of QEMU (its QMP reference, "Background jobs"): begun by a command, ended by an event, after
 * which QEMU says how it went. It says nothing by itself of how far they are. */
#include "vireo-qemu-job.h"

#include "util/vireo-json.h"
#include "vireo-qemu-commands.h"
#include "vireo-qmp-message.h"

#define MAX_TEXT 4096u
#define PROGRESS_MS 500u

typedef struct
{
  VireoQemuDomain *domain;
  VireoJob *job; /* (nullable) */
  char *id;
  VireoQmp *qmp; /* (nullable): the monitor that we listen to */
  gulong on_event;
  gulong on_closed;
  gulong on_reached;
  gulong on_ended;
  gulong on_cancelled;
  guint progress_source;
  gboolean asking;
  gboolean ask_again; /* it may have changed since it was asked */
  gint64 looked_at;
  gint64 done_then;
} Follow;

static void
leave_monitor (Follow *follow)
{
  if (follow->qmp == NULL)
    return;
  g_clear_signal_handler (&follow->on_event, follow->qmp);
  g_clear_signal_handler (&follow->on_closed, follow->qmp);
  g_clear_object (&follow->qmp);
}

static void
stop (Follow *follow)
{
  leave_monitor (follow);
  g_clear_handle_id (&follow->progress_source, g_source_remove);
  g_clear_signal_handler (&follow->on_reached, follow->domain);
  g_clear_signal_handler (&follow->on_ended, follow->domain);
  if (follow->job != NULL)
    g_clear_signal_handler (&follow->on_cancelled, vireo_job_get_cancellable (follow->job));
}

static void
follow_free (gpointer data)
{
  Follow *follow = data;

  stop (follow);
  g_clear_object (&follow->job);
  g_object_unref (follow->domain);
  g_free (follow->id);
  g_free (follow);
}

static gboolean
is_over (GTask *task)
{
  return ((Follow *) g_task_get_task_data (task))->on_ended == 0;
}

static gboolean
is_cancelled (const Follow *follow)
{
  return follow->job != NULL
         && g_cancellable_is_cancelled (vireo_job_get_cancellable (follow->job));
}

/* Returns @error (transfer full) (nullable), once. */
static void
end (GTask *task, GError *error)
{
  Follow *follow = g_task_get_task_data (task);

  stop (follow);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* ---- asking ---- */

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

/* (transfer full) (nullable): how one that has ended did. */
static GError *
error_of (const Follow *follow, JsonObject *item)
{
  const char *said = vireo_json_get_string (item, "error", MAX_TEXT);

  if (said == NULL)
    return NULL;
  if (is_cancelled (follow))
    return g_error_new_literal (VIREO_ERROR, VIREO_ERROR_CANCELLED, "it was cancelled");
  return g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "QEMU: %s", said);
}

static void
show_progress (Follow *follow, JsonObject *item)
{
  gint64 done = MAX (vireo_json_get_int (item, "current-progress", 0), 0);
  gint64 total = MAX (vireo_json_get_int (item, "total-progress", 0), 0);
  gint64 now = g_get_monotonic_time ();
  double rate = 0;

  if (follow->job == NULL || total == 0)
    return;
  if (follow->looked_at != 0 && now > follow->looked_at && done > follow->done_then)
    rate
        = (double) (done - follow->done_then) * G_USEC_PER_SEC / (double) (now - follow->looked_at);
  follow->looked_at = now;
  follow->done_then = done;
  vireo_job_set_progress (follow->job, (double) done / (double) total, (guint64) total,
                          (guint64) rate);
}

static void ask (GTask *task);

static void
on_jobs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Follow *follow = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);
  JsonObject *item = reply != NULL ? find_job (reply, follow->id) : NULL;

  follow->asking = FALSE;
  /* A monitor that was lost is had again, or the guest ends. */
  if (is_over (task) || VIREO_QMP (source) != follow->qmp)
    return;
  if (reply == NULL)
    end (task, g_steal_pointer (&error));
  else if (item == NULL)
    end (task,
         g_error_new_literal (VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "QEMU does not know of the job"));
  else if (g_strcmp0 (vireo_json_get_string (item, "status", MAX_TEXT), "concluded") == 0)
    end (task, error_of (follow, item));
  else
    {
      show_progress (follow, item);
      if (follow->ask_again)
        ask (task);
    }
}

static void
ask (GTask *task)
{
  Follow *follow = g_task_get_task_data (task);

  follow->ask_again = follow->asking;
  if (follow->asking || follow->qmp == NULL)
    return;
  follow->asking = TRUE;
  vireo_qmp_execute_async (follow->qmp, "query-jobs", NULL, NULL, VIREO_QMP_TIMEOUT_NEVER, NULL,
                           on_jobs, g_object_ref (task));
}

static gboolean
on_progress_due (gpointer user_data)
{
  Follow *follow = g_task_get_task_data (user_data);

  if (!follow->asking)
    ask (user_data);
  return G_SOURCE_CONTINUE;
}

/* ---- what happens ---- */

static void
on_status_change (VireoQmp *qmp, const char *name, JsonObject *data, gint64 timestamp, GTask *task)
{
  Follow *follow = g_task_get_task_data (task);

  if (data != NULL && g_strcmp0 (vireo_json_get_string (data, "id", MAX_TEXT), follow->id) == 0
      && g_strcmp0 (vireo_json_get_string (data, "status", MAX_TEXT), "concluded") == 0)
    ask (task);
}

static void
on_closed (VireoQmp *qmp, const GError *error, GTask *task)
{
  Follow *follow = g_task_get_task_data (task);

  leave_monitor (follow);
  follow->asking = FALSE;
}

static void
listen (GTask *task)
{
  Follow *follow = g_task_get_task_data (task);

  leave_monitor (follow);
  follow->asking = FALSE;
  follow->qmp = g_object_ref (follow->domain->qmp);
  follow->on_event = g_signal_connect (follow->qmp, "event::JOB_STATUS_CHANGE",
                                       G_CALLBACK (on_status_change), task);
  follow->on_closed = g_signal_connect (follow->qmp, "closed", G_CALLBACK (on_closed), task);
}

/* The monitor is there again: it may have ended meanwhile. */
static void
on_reached (VireoQemuDomain *domain, GTask *task)
{
  listen (task);
  ask (task);
}

static void
on_ended (VireoQemuDomain *domain, GTask *task)
{
  end (task, g_error_new_literal (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                                  "the emulator has gone while it worked"));
}

static void
on_cancelled (GCancellable *cancellable, GTask *task)
{
  Follow *follow = g_task_get_task_data (task);

  if (follow->qmp != NULL)
    vireo_qemu_commands_tidy_name (follow->qmp, "job-cancel", "id", follow->id);
}

/* ---- from outside ---- */

char *
vireo_qemu_job_new_id (void)
{
  g_autofree char *uuid = g_uuid_string_random ();

  return g_strconcat ("vireo-", uuid, NULL);
}

static GTask *
follow_new (VireoQemuDomain *domain,
            const char *id,
            VireoJob *job,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Follow *follow = g_new0 (Follow, 1);

  g_task_set_source_tag (task, follow_new);
  follow->domain = g_object_ref (domain);
  follow->id = g_strdup (id);
  g_task_set_task_data (task, follow, follow_free);
  follow->on_reached = g_signal_connect (domain, "reached", G_CALLBACK (on_reached), task);
  follow->on_ended = g_signal_connect (domain, "ended", G_CALLBACK (on_ended), task);
  if (job == NULL)
    return task;
  follow->job = g_object_ref (job);
  follow->on_cancelled = g_signal_connect (vireo_job_get_cancellable (job), "cancelled",
                                           G_CALLBACK (on_cancelled), task);
  follow->progress_source = g_timeout_add (PROGRESS_MS, on_progress_due, task);
  return task;
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Follow *follow = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  /* The job may have ended before the reply, and the monitor may be lost after the command. */
  if (reply == NULL && !is_over (task) && VIREO_QMP (source) == follow->qmp)
    end (task, error);
  else
    g_clear_error (&error);
}

void
vireo_qemu_job_run_async (VireoQemuDomain *domain,
                          const char *id,
                          const char *command,
                          JsonObject *arguments,
                          VireoJob *job,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = follow_new (domain, id, job, callback, user_data);
  GError *error = NULL;

  if (!vireo_qemu_domain_check_monitor (domain, &error))
    {
      json_object_unref (arguments);
      end (task, error);
      return;
    }
  listen (task);
  json_object_set_string_member (arguments, "job-id", id);
  vireo_qmp_execute_async (domain->qmp, command, arguments, NULL, VIREO_QMP_TIMEOUT_NEVER, NULL,
                           on_begun, g_object_ref (task));
}

void
vireo_qemu_job_follow_async (VireoQemuDomain *domain,
                             const char *id,
                             VireoJob *job,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = follow_new (domain, id, job, callback, user_data);

  if (!vireo_obj_get_active (VIREO_OBJ (domain)) || domain->status == NULL)
    on_ended (domain, task);
  else if (vireo_qemu_domain_check_monitor (domain, NULL))
    on_reached (domain, task);
}

gboolean
vireo_qemu_job_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
vireo_qemu_job_forget (VireoQemuDomain *domain, const char *id)
{
  if (id != NULL && vireo_qemu_domain_check_monitor (domain, NULL))
    vireo_qemu_commands_tidy_name (domain->qmp, "job-dismiss", "id", id);
}
