/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-domains.h"

/* The operations that are little more than one command of the monitor. */

/* A command whose reply ends the operation; @done is what follows from its success. */
typedef struct
{
  VireoQemuDomain *domain;
  void (*done) (VireoQemuDomain *self);
} Command;

static void
command_free (gpointer data)
{
  Command *command = data;

  g_object_unref (command->domain);
  g_free (command);
}

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Command *command = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (command->done != NULL && command->domain->status != NULL)
    command->done (command->domain);
  g_task_return_boolean (task, TRUE);
}

/* Takes @task over. What hangs can be given up: whoever wants to stop the domain need not wait. */
static void
execute (VireoQemuDomain *self, const char *name, void (*done) (VireoQemuDomain *self),
         GTask *task)
{
  Command *command = g_new0 (Command, 1);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self));

  command->domain = g_object_ref (self);
  command->done = done;
  g_task_set_task_data (task, command, command_free);
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  vireo_qmp_execute_async (self->qmp, name, NULL, NULL, 0, g_task_get_cancellable (task),
                           on_executed, task);
}

/* Takes @task over when it fails. */
static gboolean
check (VireoQemuDomain *self, guint states, const char *wanted, GTask *task)
{
  VireoDomainState state = vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self));
  GError *error = NULL;

  if (vireo_qemu_domain_check_monitor (self, &error) && (states & (1u << state)) != 0)
    return TRUE;
  if (error == NULL)
    error = g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                         "the domain '%s' is %s, and would have to be %s",
                         vireo_obj_get_name (VIREO_OBJ (self)),
                         vireo_domain_state_to_string (state), wanted);
  g_task_return_error (task, error);
  g_object_unref (task);
  return FALSE;
}

#define IN(state) (1u << VIREO_DOMAIN_STATE_##state)
#define ANY (IN (RUNNING) | IN (PAUSED) | IN (PMSUSPENDED) | IN (CRASHED) | IN (SHUTDOWN))

void
vireo_qemu_shutdown (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);

  if (!check (self, IN (RUNNING), "running", task))
    return;
  /* A restart that the guest did not heed yet is called off. */
  if (self->status->rebooting)
    {
      self->status->rebooting = FALSE;
      vireo_qemu_domain_set_actions (self, FALSE);
      vireo_qemu_domain_save_async (self, NULL, NULL, NULL);
    }
  execute (self, "system_powerdown", NULL, task);
}

static void
on_reboot_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (source);
  GError *error = NULL;

  if (vireo_qemu_domain_save_finish (self, result, &error)
      && vireo_qemu_domain_check_monitor (self, &error))
    {
      execute (self, "system_powerdown", NULL, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* There is no button for it: the guest is asked to power off, and started again when it did. QEMU
 * is told to wait then, and the record says why, so that it works across the daemon's restart. */
void
vireo_qemu_reboot (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);

  if (!check (self, IN (RUNNING), "running", task))
    return;
  self->status->rebooting = TRUE;
  vireo_qemu_domain_set_actions (self, TRUE);
  vireo_qemu_domain_save_async (self, NULL, on_reboot_saved, task);
}

static void
reset_done (VireoQemuDomain *self)
{
  VireoDomainState state = vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self));

  /* A machine that stood still because its guest had ended does so now at a new one's start. */
  if (state == VIREO_DOMAIN_STATE_CRASHED || state == VIREO_DOMAIN_STATE_SHUTDOWN)
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PAUSED, "user", "suspended", "paused");
}

void
vireo_qemu_reset (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);

  if (check (self, ANY, "active", task))
    execute (self, "system_reset", reset_done, task);
}

/* The events say the same, but perhaps after the reply. */
static void
suspend_done (VireoQemuDomain *self)
{
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PAUSED, "user", "suspended", "paused");
}

void
vireo_qemu_suspend (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);

  if (check (self, IN (RUNNING), "running", task))
    execute (self, "stop", suspend_done, task);
}

static void
resume_done (VireoQemuDomain *self)
{
  if (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self)) == VIREO_DOMAIN_STATE_PAUSED)
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_RUNNING, "unpaused", "resumed", "unpaused");
}

void
vireo_qemu_resume (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);

  if (check (self, IN (PAUSED), "paused", task))
    execute (self, "cont", resume_done, task);
}
