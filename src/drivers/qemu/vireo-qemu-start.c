/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-start.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/common/vireo-domain-aliases.h"
#include "util/vireo-steps.h"
#include "util/vireo-task.h"
#include "vireo-qemu-backend.h"
#include "vireo-qemu-monitor.h"

/* How long a process whose monitor was closed may take to be gone, so that its end can be told. */
#define DYING_MS 500

VireoDomainDef *
vireo_qemu_start_get_def (VireoQemuStart *start)
{
  return vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (start->domain));
}

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_keeper_make_ready_finish (VIREO_KEEPER (source), result, &error);

  vireo_task_end (user_data, success, error);
}

static void
make_ready (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;

  vireo_keeper_make_ready_async (VIREO_KEEPER (start->driver), VIREO_OBJ (start->domain),
                                 g_task_get_cancellable (task), on_ready, task);
}

static void
take_persistent (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (start->domain);

  vireo_domain_obj_set_live_def (obj,
                                 vireo_domain_def_copy (vireo_domain_obj_get_persistent_def (obj)));
  vireo_task_end (task, TRUE, NULL);
}

static void
drop_live (gpointer context)
{
  VireoQemuStart *start = context;

  vireo_domain_obj_set_live_def (VIREO_DOMAIN_OBJ (start->domain), NULL);
}

static VireoQemuStatus *
make_status (VireoQemuStart *start)
{
  VireoQemuDomains *driver = start->driver;
  VireoObj *obj = VIREO_OBJ (start->domain);
  VireoQemuStatus *status = vireo_qemu_status_new ();

  status->uuid = g_strdup (vireo_obj_get_uuid (obj));
  status->name = g_strdup (vireo_obj_get_name (obj));
  status->owner = vireo_obj_get_owner (obj);
  status->id = driver->next_id++;
  status->phase = VIREO_QEMU_PHASE_STARTING;
  status->boot_id = g_strdup (vireo_qemu_boot_id ());
  status->runtime_dir = g_strdup_printf ("%s/%u", driver->run_dir, status->id);
  status->monitor = g_strdup_printf ("%s/%u.monitor", driver->run_dir, status->id);
  return status;
}

static void
find_caps (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;

  if (start->driver->identity_error != NULL)
    vireo_task_end (task, FALSE, g_error_copy (start->driver->identity_error));
  else
    vireo_qemu_backend_find_caps (start->domain, vireo_qemu_start_get_def (start), &start->caps,
                                  task);
}

/* From here on there is a record, and vireo_qemu_domain_finish() clears away by it: what the steps
 * add to it, they need not take back one by one, and the next daemon would do the same. */
static void
begin_record (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;

  start->domain->end = VIREO_QEMU_END_UNKNOWN;
  start->domain->status = make_status (start);
  vireo_domain_assign_aliases (vireo_qemu_start_get_def (start));
  vireo_task_end (task, TRUE, NULL);
}

static gboolean
claim_images (VireoQemuStart *start, GError **error)
{
  const VireoDomainDef *def = vireo_qemu_start_get_def (start);
  const GPtrArray *disks = start->opened->resources->disks;

  for (guint i = 0; i < disks->len; i++)
    if (disks->pdata[i] != NULL
        && !vireo_qemu_domain_claim (start->domain, def->disks[i], disks->pdata[i], error))
      return FALSE;
  return TRUE;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean success = FALSE;

  start->opened = vireo_qemu_open_finish (result, &error);
  if (start->opened != NULL)
    {
      start->domain->status->log = g_strdup (start->opened->log_path);
      start->domain->status->next_fdset = start->opened->next_fdset;
      success = claim_images (start, &error);
    }
  vireo_task_end (task, success, error);
}

static void
open_images (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;
  const VireoQemuStatus *status = start->domain->status;

  g_task_set_task_data (task, start, NULL);
  vireo_qemu_open_async (vireo_qemu_start_get_def (start), start->driver->storage,
                         VIREO_DOMAIN_OBJ (start->domain), &start->driver->identity,
                         status->runtime_dir, status->monitor, start->driver->log_dir,
                         start->reset_nvram, g_task_get_cancellable (task), on_opened, task);
}

static void
build_command (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;
  const VireoQemuCommandInput input = { .def = vireo_qemu_start_get_def (start),
                                        .caps = start->caps,
                                        .resources = start->opened->resources,
                                        .now = g_get_real_time () / G_USEC_PER_SEC };
  GError *error = NULL;

  start->command = vireo_qemu_command_build (&input, &error);
  if (start->command != NULL)
    vireo_qemu_open_describe (vireo_qemu_start_get_def (start), start->opened->resources);
  vireo_task_end (task, start->command != NULL, error);
}

static void
on_exited (VireoQemuProcess *process, int status, VireoQemuStart *start)
{
  start->exit_status = status;
}

static void
on_spawned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (VireoQemuProcess) process = vireo_qemu_process_spawn_finish (result, &error);

  if (process != NULL)
    {
      start->domain->status->pid = vireo_qemu_process_get_pid (process);
      start->domain->status->start_time = vireo_qemu_process_get_start_time (process);
      vireo_qemu_domain_set_process (start->domain, process);
      g_signal_connect (process, "exited", G_CALLBACK (on_exited), start);
      /* The locks on the images must be the guest's alone, and the monitor must end with it. */
      vireo_qemu_resources_close (start->opened->resources);
    }
  vireo_task_end (task, process != NULL, error);
}

static void
spawn (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;
  g_autoptr (GArray) fds = vireo_qemu_resources_get_fds (start->opened->resources);
  const VireoQemuSpawn spec = { .argv = (const char *const *) start->command->argv,
                                .envp = (const char *const *) start->command->envp,
                                .fds = fds,
                                .log_fd = start->opened->log_fd,
                                .owner = vireo_obj_get_owner (VIREO_OBJ (start->domain)),
                                .identity = start->driver->identity };
  g_autofree char *line = g_strjoinv (" ", start->command->argv);

  /* One short write to a local file. */
  vireo_qemu_log_write (start->opened->log_fd, line);
  start->opened->log_start = lseek (start->opened->log_fd, 0, SEEK_END);
  g_task_set_task_data (task, start, NULL);
  vireo_qemu_process_spawn_async (&spec, g_task_get_cancellable (task), on_spawned, task);
}

static void
kill_process (gpointer context)
{
  VireoQemuStart *start = context;

  start->killed = TRUE;
  if (start->domain->process != NULL)
    vireo_qemu_process_kill (start->domain->process, SIGKILL);
}

static void
save_starting (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;

  vireo_qemu_domain_save_async (start->domain, g_task_get_cancellable (task),
                                vireo_qemu_domain_saved, task);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success
      = vireo_qemu_process_release_finish (VIREO_QEMU_PROCESS (source), result, &error);

  vireo_task_end (user_data, success, error);
}

static void
release (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;

  vireo_qemu_process_release_async (start->domain->process, g_task_get_cancellable (task),
                                    on_released, task);
}

static void
on_greeted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_qmp_open_finish (VIREO_QMP (source), result, &error);

  vireo_task_end (user_data, success, error);
}

static void
greet (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;
  GError *error = NULL;
  g_autoptr (GSocket) socket = vireo_qemu_monitor_connect (start->domain->status->monitor, &error);
  g_autoptr (VireoQmp) qmp = NULL;

  if (socket == NULL)
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  qmp = vireo_qmp_new (socket);
  vireo_qemu_domain_set_qmp (start->domain, qmp);
  vireo_qmp_open_async (qmp, start->driver->timeouts.start, g_task_get_cancellable (task),
                        on_greeted, task);
}

/* A paused start is done when this is on disk; one that runs, when QEMU says so: a daemon that
 * comes after us and finds neither ends the guest. */
static void
save_ready (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (start->domain);

  start->domain->status->phase = VIREO_QEMU_PHASE_RUNNING;
  if (start->paused)
    {
      g_object_freeze_notify (G_OBJECT (obj));
      vireo_domain_obj_set_id (obj, start->domain->status->id);
      vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");
      g_object_thaw_notify (G_OBJECT (obj));
    }
  vireo_qemu_domain_save_async (start->domain, g_task_get_cancellable (task),
                                vireo_qemu_domain_saved, task);
}

static void
back_to_starting (gpointer context)
{
  VireoQemuStart *start = context;

  if (start->domain->status != NULL)
    start->domain->status->phase = VIREO_QEMU_PHASE_STARTING;
}

static void
enter_running (VireoQemuStart *start)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (start->domain);

  g_object_freeze_notify (G_OBJECT (obj));
  vireo_domain_obj_set_id (obj, start->domain->status->id);
  if (!start->paused)
    vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  g_object_thaw_notify (G_OBJECT (obj));
  /* Only for since when; nobody waits for it. */
  if (!start->paused)
    vireo_qemu_domain_save_async (start->domain, NULL, NULL, NULL);
  vireo_domain_obj_emit_lifecycle (obj, "started", "booted");
  if (start->paused)
    vireo_domain_obj_emit_lifecycle (obj, "suspended", "paused");
}

static void
on_continued (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply != NULL && start->domain->status != NULL)
    enter_running (start);
  vireo_task_end (task, reply != NULL, error);
}

static void
let_run (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;

  g_task_set_task_data (task, start, NULL);
  if (start->paused)
    {
      enter_running (start);
      vireo_task_end (task, TRUE, NULL);
      return;
    }
  vireo_qmp_execute_async (start->domain->qmp, "cont", NULL, NULL, start->driver->timeouts.start,
                           g_task_get_cancellable (task), on_continued, task);
}

static const VireoStep steps[] = {
  { "make the definition ready", make_ready, NULL },
  { "make it the live one", take_persistent, drop_live },
  { "find out what the emulator can do", find_caps, NULL },
  { "begin a record", begin_record, NULL },
  { "open the images", open_images, NULL },
  { "plug in the network interfaces", vireo_qemu_start_plug, NULL },
  { "build the command line", build_command, NULL },
  { "make the emulator's process", spawn, kill_process },
  { "record the process", save_starting, NULL },
  { "start the emulator", release, NULL },
  { "reach the emulator's monitor", greet, NULL },
  { "set the machine up", vireo_qemu_start_set_up, NULL },
  { "record the machine", save_ready, back_to_starting },
  { "let the guest run", let_run, NULL },
};

/* A transient domain comes with its live definition. */
#define CREATE_STEPS (steps + 2)
#define N_CREATE_STEPS (G_N_ELEMENTS (steps) - 2)

static void
start_free (gpointer data)
{
  VireoQemuStart *start = data;

  if (start->domain->process != NULL)
    g_signal_handlers_disconnect_by_data (start->domain->process, start);
  vireo_qemu_opened_free (start->opened);
  g_clear_pointer (&start->caps, vireo_qemu_caps_unref);
  g_clear_pointer (&start->command, vireo_qemu_command_free);
  g_clear_error (&start->error);
  g_object_unref (start->domain);
  g_object_unref (start->driver);
  g_free (start);
}

/* ---- a start that failed ---- */

/* A process that is on its way out keeps its own status when it is killed then. */
static gboolean
ended_by_itself (const VireoQemuStart *start)
{
  if (start->exit_status == -2)
    return FALSE;
  return !(start->killed && WIFSIGNALED (start->exit_status)
           && WTERMSIG (start->exit_status) == SIGKILL);
}

/* The step's own error, and what the emulator said before it went. */
static void
fail (GTask *task, const char *said)
{
  VireoQemuStart *start = g_task_get_task_data (task);
  GError *error = g_steal_pointer (&start->error);
  g_autofree char *how = vireo_qemu_process_describe_exit (start->exit_status);

  start->domain->start_cancelled = g_error_matches (error, VIREO_ERROR, VIREO_ERROR_CANCELLED)
                                   || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (error->domain != VIREO_ERROR)
    vireo_error_translate (&error, "start of '%s'", vireo_obj_get_name (VIREO_OBJ (start->domain)));
  if (ended_by_itself (start))
    {
      GError *died = g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED, "the emulator %s%s%s",
                                  how, said != NULL ? ": " : "", said != NULL ? said : "");

      g_error_free (error);
      error = died;
    }
  else if (said != NULL && !start->domain->start_cancelled)
    g_prefix_error (&error, "the emulator said: %s; ", said);

  if (start->domain->status == NULL)
    vireo_domain_obj_set_live_def (VIREO_DOMAIN_OBJ (start->domain), NULL);
  else if (start->domain->process == NULL || vireo_qemu_process_has_exited (start->domain->process))
    vireo_qemu_domain_finish (start->domain, VIREO_QEMU_END_FAILED);
  else
    {
      /* Not even the kernel gets rid of it now: it keeps what it has until it is gone. */
      start->domain->end = VIREO_QEMU_END_FAILED;
      start->domain->status->phase = VIREO_QEMU_PHASE_STOPPING;
      vireo_domain_obj_set_id (VIREO_DOMAIN_OBJ (start->domain), start->domain->status->id);
      vireo_qemu_domain_enter (start->domain, VIREO_DOMAIN_STATE_SHUTDOWN, "failed", NULL, NULL);
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
tail_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const VireoQemuOpened *opened = task_data;

  g_task_return_pointer (task, vireo_qemu_log_tail (opened->log_path, opened->log_start), g_free);
}

static void
on_tail (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *said = g_task_propagate_pointer (G_TASK (result), NULL);
  fail (user_data, said);
}

static void
read_tail (GTask *task)
{
  VireoQemuStart *start = g_task_get_task_data (task);
  g_autoptr (GTask) reading = NULL;

  if (start->opened == NULL || start->domain->process == NULL)
    {
      fail (task, NULL);
      return;
    }
  reading = g_task_new (NULL, NULL, on_tail, task);
  g_task_set_source_tag (reading, read_tail);
  g_task_set_task_data (reading, start->opened, NULL);
  g_task_run_in_thread (reading, tail_thread);
}

static void
on_killed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  vireo_qemu_process_wait_finish (VIREO_QEMU_PROCESS (source), result, NULL);
  read_tail (user_data);
}

static void
on_dying (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);

  if (vireo_qemu_process_wait_finish (VIREO_QEMU_PROCESS (source), result, NULL))
    {
      read_tail (task);
      return;
    }
  kill_process (start);
  vireo_qemu_process_wait_async (start->domain->process, start->driver->timeouts.kill, NULL,
                                 on_killed, task);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);

  if (vireo_steps_run_finish (result, &start->error))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (start->domain->process == NULL)
    read_tail (task);
  else
    vireo_qemu_process_wait_async (start->domain->process, DYING_MS, NULL, on_dying, task);
}

/* Runs the steps; the callback gets @task's result. */
static void
run (VireoQemuDomains *driver,
     VireoQemuDomain *domain,
     VireoDomainStartFlags flags,
     gboolean create,
     GCancellable *cancellable,
     GAsyncReadyCallback callback,
     gpointer user_data)
{
  GTask *task = g_task_new (domain, cancellable, callback, user_data);
  VireoQemuStart *start = g_new0 (VireoQemuStart, 1);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (domain));

  g_task_set_source_tag (task, run);
  g_task_set_check_cancellable (task, FALSE);
  start->driver = g_object_ref (driver);
  start->domain = g_object_ref (domain);
  start->paused = (flags & VIREO_DOMAIN_START_PAUSED) != 0;
  start->reset_nvram = (flags & VIREO_DOMAIN_START_RESET_NVRAM) != 0;
  start->exit_status = -2;
  g_task_set_task_data (task, start, start_free);
  domain->start_cancelled = FALSE;
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  vireo_steps_run_async (create ? CREATE_STEPS : steps,
                         create ? N_CREATE_STEPS : G_N_ELEMENTS (steps), start, cancellable,
                         on_done, task);
}

void
vireo_qemu_start (VireoDomainDriver *driver,
                  VireoDomainObj *obj,
                  VireoDomainStartFlags flags,
                  GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);

  if (vireo_obj_get_active (VIREO_OBJ (obj)) || self->status != NULL)
    {
      vireo_task_end (task, FALSE,
                      g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                                   "the domain '%s' is active already",
                                   vireo_obj_get_name (VIREO_OBJ (obj))));
      return;
    }
  run (VIREO_QEMU_DOMAINS (driver), self, flags, FALSE, g_task_get_cancellable (task),
       vireo_task_forward, task);
}

/* ---- transient domains ---- */

typedef struct
{
  VireoQemuDomains *driver;
  VireoDomainStartFlags flags;
  VireoJob *job;
} Create;

static void
create_free (gpointer data)
{
  Create *create = data;

  g_clear_object (&create->job);
  g_free (create);
}

static void
on_create_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Create *create = g_task_get_task_data (task);
  g_autoptr (VireoObj) obj = g_object_ref (VIREO_OBJ (source));
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      vireo_job_end (create->job, NULL);
      g_task_return_pointer (task, g_steal_pointer (&obj), g_object_unref);
      return;
    }
  /* If it came far enough to have a record, that has been done with the record. */
  if (vireo_obj_get_list (obj) != NULL && VIREO_QEMU_DOMAIN (obj)->status == NULL)
    vireo_keeper_stopped (VIREO_KEEPER (create->driver), obj);
  vireo_job_end (create->job, error);
  g_task_return_error (task, g_steal_pointer (&error));
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Create *create = g_task_get_task_data (task);
  GError *error = NULL;

  create->job = vireo_keeper_create_finish (VIREO_KEEPER (source), result, &error);
  if (create->job == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  run (create->driver, VIREO_QEMU_DOMAIN (vireo_job_get_object (create->job)), create->flags, TRUE,
       vireo_job_get_cancellable (create->job), on_create_started, g_steal_pointer (&task));
}

void
vireo_qemu_create (VireoDomainDriver *driver,
                   const VireoDomainDef *def,
                   guint owner,
                   VireoDomainStartFlags flags,
                   GTask *task)
{
  Create *create = g_new0 (Create, 1);

  create->driver = VIREO_QEMU_DOMAINS (driver);
  create->flags = flags;
  g_task_set_task_data (task, create, create_free);
  vireo_keeper_create_async (VIREO_KEEPER (driver), def, owner, g_task_get_cancellable (task),
                             on_created, task);
}
