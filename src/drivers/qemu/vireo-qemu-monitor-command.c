/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that somebody gives to the monitor by hand, and events as they come. Whoever may do that
 * has been let; what it does to the guest is not known here, and is written down. */
#include <string.h>

#include "drivers/common/vireo-monitor-command.h"
#include "vireo-qemu-monitor-command.h"

/* What an event says; more is not told. */
#define MAX_EVENT_DATA 65536

typedef struct
{
  VireoQemuDomain *domain;
  char *name;
  JsonObject *arguments; /* (nullable) */
  GUnixFDList *files;    /* (nullable) */
  gboolean human;
} Command;

static void
command_free (gpointer data)
{
  Command *command = data;

  g_object_unref (command->domain);
  g_free (command->name);
  g_clear_pointer (&command->arguments, json_object_unref);
  g_clear_object (&command->files);
  g_free (command);
}

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Command *command = g_task_get_task_data (task);
  GError *error = NULL;
  JsonNode *reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply != NULL)
    {
      vireo_monitor_command_return (task, reply, command->human);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Command *command = g_task_get_task_data (task);
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (source);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self));
  GError *error = NULL;

  if (!vireo_qemu_domain_save_finish (self, result, &error)
      || !vireo_qemu_domain_check_monitor (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  vireo_qmp_execute_async (self->qmp, command->name, g_steal_pointer (&command->arguments),
                           command->files, 0, g_task_get_cancellable (task), on_executed, task);
}

static gboolean
fill (Command *command, const char *text, GError **error)
{
  if (!command->human)
    return vireo_monitor_command_parse (text, &command->name, &command->arguments, error);
  if (strlen (text) > VIREO_MONITOR_MAX_COMMAND)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                   "the command is longer than %u bytes", VIREO_MONITOR_MAX_COMMAND);
      return FALSE;
    }
  command->name = g_strdup ("human-monitor-command");
  command->arguments = json_object_new ();
  json_object_set_string_member (command->arguments, "command-line", text);
  return TRUE;
}

void
vireo_qemu_run_monitor_command (VireoDomainDriver *driver, VireoDomainObj *obj, const char *text,
                                gboolean human, GUnixFDList *files, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  Command *command = g_new0 (Command, 1);
  GError *error = NULL;

  command->domain = g_object_ref (self);
  command->human = human;
  g_set_object (&command->files, files);
  g_task_set_task_data (task, command, command_free);
  if (!vireo_qemu_domain_check_monitor (self, &error) || !fill (command, text, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  /* On disk before it is done, so that no daemon's end makes anybody forget it. */
  self->status->custom_monitor = TRUE;
  vireo_domain_obj_set_custom_monitor (obj, TRUE);
  vireo_qemu_domain_save_async (self, NULL, on_marked, task);
}

void
vireo_qemu_watch_monitors (VireoDomainDriver *driver, gboolean watched)
{
  VIREO_QEMU_DOMAINS (driver)->monitors_watched = watched;
}

void
vireo_qemu_tell_monitor_event (VireoQemuDomain *self, const char *name, JsonObject *data,
                               gint64 timestamp)
{
  g_autofree char *text = NULL;

  if (!self->driver->monitors_watched)
    return;
  if (data != NULL)
    text = vireo_json_object_to_text (data);
  if (text != NULL && (strlen (text) > MAX_EVENT_DATA || !g_utf8_validate (text, -1, NULL)))
    g_clear_pointer (&text, g_free);
  vireo_obj_emit_event (VIREO_OBJ (self), "MonitorEvent",
                        g_variant_new ("(sts)", name, (guint64) timestamp,
                                       text != NULL ? text : ""));
}
