/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "vireo-qemu-domains.h"

/* Stopping a guest: ever less polite, until the process is gone. */

typedef struct
{
  VireoQemuDomain *domain;
  GTask *task; /* the caller's */
  gsize step;
  gboolean graceful;
  char *log; /* (nullable): is deleted, too */
  gulong ended_handler;
} Stop;

static gboolean
has_monitor (VireoQemuDomain *self)
{
  return self->qmp != NULL && vireo_qmp_is_open (self->qmp);
}

static void
on_quit_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  /* The end of the process tells whether it worked. */
  if (error != NULL)
    g_debug ("quit: %s", error->message);
}

static void
ask_monitor (VireoQemuDomain *self)
{
  vireo_qmp_execute_async (self->qmp, "quit", NULL, NULL, 0, NULL, on_quit_sent, NULL);
}

static void
send_term (VireoQemuDomain *self)
{
  vireo_qemu_process_kill (self->process, SIGTERM);
}

static void
send_kill (VireoQemuDomain *self)
{
  vireo_qemu_process_kill (self->process, SIGKILL);
}

static const struct
{
  void (*act) (VireoQemuDomain *self);
  gsize timeout;
  gboolean needs_monitor;
} ladder[] = {
  { ask_monitor, G_STRUCT_OFFSET (VireoQemuTimeouts, quit), TRUE },
  { send_term, G_STRUCT_OFFSET (VireoQemuTimeouts, terminate), FALSE },
  { send_kill, G_STRUCT_OFFSET (VireoQemuTimeouts, kill), FALSE },
};

static void stop_step (Stop *stop);

static void
stop_free (Stop *stop)
{
  g_object_unref (stop->domain);
  g_object_unref (stop->task);
  g_free (stop->log);
  g_free (stop);
}

static void
on_log_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Stop *stop = user_data;
  g_autoptr (GError) error = NULL;

  /* The domain is stopped all the same. */
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_warning ("%s", error->message);
  g_task_return_boolean (stop->task, TRUE);
  stop_free (stop);
}

static void
finish (Stop *stop)
{
  if (stop->log != NULL)
    {
      vireo_qemu_log_remove_async (stop->log, on_log_removed, stop);
      return;
    }
  g_task_return_boolean (stop->task, TRUE);
  stop_free (stop);
}

static void
on_ended (VireoQemuDomain *self, Stop *stop)
{
  g_clear_signal_handler (&stop->ended_handler, self);
  finish (stop);
}

/* The process is gone; its last events may still be on their way, and then comes `ended`. */
static void
finish_when_ended (Stop *stop)
{
  if (stop->domain->status != NULL)
    {
      stop->ended_handler
          = g_signal_connect (stop->domain, "ended", G_CALLBACK (on_ended), stop);
      return;
    }
  finish (stop);
}

static void
give_up (Stop *stop)
{
  VireoQemuDomain *self = stop->domain;

  g_task_return_new_error (stop->task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                           "the emulator of '%s', process %d, does not end although it was killed",
                           vireo_obj_get_name (VIREO_OBJ (self)), (int) self->status->pid);
  stop_free (stop);
}

/* It goes on to live, unless it comes to do what it was asked for: that cannot be taken back, and
 * then it will say why it ends. */
static void
give_up_gracefully (Stop *stop)
{
  VireoQemuDomain *self = stop->domain;
  const char *name = vireo_obj_get_name (VIREO_OBJ (self));

  if (g_cancellable_is_cancelled (g_task_get_cancellable (stop->task)))
    g_task_return_new_error (stop->task, VIREO_ERROR, VIREO_ERROR_CANCELLED,
                             "nobody waits any longer for the emulator of '%s' to end", name);
  else
    g_task_return_new_error (stop->task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                             "the emulator of '%s', process %d, did not end within %g s of being "
                             "asked to, and must not be killed",
                             name, (int) self->status->pid,
                             self->driver->timeouts.graceful / 1000.0);
  self->end = VIREO_QEMU_END_UNKNOWN;
  stop_free (stop);
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Stop *stop = user_data;
  gboolean exited = vireo_qemu_process_wait_finish (VIREO_QEMU_PROCESS (source), result, NULL);

  if (exited || stop->domain->status == NULL)
    {
      finish_when_ended (stop);
      return;
    }
  stop->step++;
  if (stop->graceful)
    give_up_gracefully (stop);
  else if (stop->step == G_N_ELEMENTS (ladder))
    give_up (stop);
  else
    stop_step (stop);
}

static void
stop_step (Stop *stop)
{
  VireoQemuDomain *self = stop->domain;
  const VireoQemuTimeouts *timeouts = &self->driver->timeouts;
  guint wait;

  while (ladder[stop->step].needs_monitor && !has_monitor (self))
    stop->step++;
  wait = stop->graceful ? timeouts->graceful
                        : G_STRUCT_MEMBER (guint, timeouts, ladder[stop->step].timeout);
  ladder[stop->step].act (self);
  vireo_qemu_process_wait_async (self->process, wait,
                                 stop->graceful ? g_task_get_cancellable (stop->task) : NULL,
                                 on_waited, stop);
}

/* Whoever wants it stopped at once need not wait for who asks it nicely. */
static void
begin_gracefully (Stop *stop)
{
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (stop->domain));

  stop->graceful = TRUE;
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
}

/* From here on every daemon that finds the guest ends it, which only who may kill it can say. */
static void
begin_at_once (Stop *stop)
{
  stop->domain->status->phase = VIREO_QEMU_PHASE_STOPPING;
  vireo_qemu_domain_save_async (stop->domain, NULL, NULL, NULL);
}

void
vireo_qemu_destroy (VireoDomainDriver *driver, VireoDomainObj *obj, VireoDomainDestroyFlags flags,
                    GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  gboolean was_starting = self->start_cancelled;
  GError *error = NULL;
  Stop *stop;

  self->start_cancelled = FALSE;
  if (self->status == NULL && was_starting)
    {
      /* The start that this stop made give up is undone: what was asked for is so. */
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (!vireo_qemu_domain_check_active (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  stop = g_new0 (Stop, 1);
  stop->domain = g_object_ref (self);
  stop->task = task;
  if ((flags & VIREO_DOMAIN_DESTROY_REMOVE_LOGS) != 0)
    stop->log = g_strdup (self->status->log);
  self->end = VIREO_QEMU_END_DESTROYED;
  if ((flags & VIREO_DOMAIN_DESTROY_GRACEFUL) != 0)
    begin_gracefully (stop);
  else
    begin_at_once (stop);
  stop_step (stop);
}
