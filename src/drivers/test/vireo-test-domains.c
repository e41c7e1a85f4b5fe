/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-domains.h"

#include "vireo-test-backup.h"
#include "vireo-test-block-jobs.h"
#include "vireo-test-checkpoints.h"
#include "vireo-test-cpus.h"
#include "vireo-test-edit.h"
#include "vireo-test-operation.h"
#include "drivers/common/vireo-domain-files.h"
#include "drivers/common/vireo-domain-moments.h"
#include "vireo-test-migrate.h"
#include "vireo-test-save.h"
#include "vireo-test-settings.h"
#include "vireo-test-snapshots.h"
#include "vireo-test-work.h"

/* ---- a domain ---- */

#define TEST_TYPE_DOMAIN (test_domain_get_type ())
G_DECLARE_FINAL_TYPE (TestDomain, test_domain, TEST, DOMAIN, VireoDomainObj)

struct _TestDomain
{
  VireoDomainObj parent_instance;
  VireoTestGuest *guest;      /* (nullable): while it is active */
  VireoDomainKeeper *domains; /* not a reference: it outlives what runs */
  guint shutdown_id;
};

G_DEFINE_FINAL_TYPE (TestDomain, test_domain, VIREO_TYPE_DOMAIN_OBJ)

static void
test_domain_finalize (GObject *object)
{
  TestDomain *self = TEST_DOMAIN (object);

  g_clear_handle_id (&self->shutdown_id, g_source_remove);
  g_clear_pointer (&self->guest, vireo_test_guest_free);
  G_OBJECT_CLASS (test_domain_parent_class)->finalize (object);
}

static void
test_domain_class_init (TestDomainClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_domain_finalize;
}

static void
test_domain_init (TestDomain *self)
{
}

/**
 * vireo_test_domain_get_guest:
 * @obj: a domain of this driver
 *
 * Returns: (transfer none) (nullable): what pretends to be inside, while it is active
 * Since: 0.1
 */
VireoTestGuest *
vireo_test_domain_get_guest (VireoDomainObj *obj)
{
  return TEST_DOMAIN (obj)->guest;
}

/* ---- the driver ---- */

struct _VireoTestDomains
{
  VireoDomainKeeper parent_instance;
  guint last_id;
};

static void domain_driver_init (VireoDomainDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoTestDomains,
                               vireo_test_domains,
                               VIREO_TYPE_DOMAIN_KEEPER,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_DOMAIN_DRIVER, domain_driver_init))

/* An operation that takes a while. */
typedef struct
{
  VireoTestDomains *domains;
  VireoDomainObj *obj;
  GTask *task;
  VireoJob *job; /* (nullable): of `create`, which took the slot itself */
  gboolean paused;
  gboolean force_boot;
  gboolean restored; /* from what it was saved to when it was stopped */
  GUnixFDList *files; /* (nullable): what the init of a container gets */
} Operation;

static Operation *
operation_new (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  Operation *operation = g_new0 (Operation, 1);

  operation->domains = g_object_ref (VIREO_TEST_DOMAINS (driver));
  operation->obj = obj != NULL ? g_object_ref (obj) : NULL;
  operation->task = task;
  g_task_set_check_cancellable (task, FALSE);
  return operation;
}

static void
operation_free (Operation *operation)
{
  g_clear_object (&operation->domains);
  g_clear_object (&operation->obj);
  g_clear_object (&operation->task);
  g_clear_object (&operation->job);
  g_clear_object (&operation->files);
  g_free (operation);
}

static void
operation_end (Operation *operation, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&operation->task);
  g_autoptr (VireoDomainObj) obj = g_steal_pointer (&operation->obj);
  gboolean is_create = operation->job != NULL;

  if (is_create)
    vireo_job_end (operation->job, error);
  operation_free (operation);
  if (error != NULL)
    g_task_return_error (task, error);
  else if (is_create)
    g_task_return_pointer (task, g_steal_pointer (&obj), g_object_unref);
  else
    g_task_return_boolean (task, TRUE);
}

/* Whether the domain is in @state, or active when @state is NOSTATE; returns @task otherwise. */
static gboolean
require_state (VireoDomainObj *obj, VireoDomainState state, GTask *task)
{
  VireoDomainState now = vireo_domain_obj_get_state (obj);

  if (state == VIREO_DOMAIN_STATE_NOSTATE ? vireo_obj_get_active (VIREO_OBJ (obj)) : now == state)
    return TRUE;
  g_task_return_new_error (
      task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" is %s, not %s",
      vireo_obj_get_name (VIREO_OBJ (obj)), vireo_domain_state_to_string (now),
      state == VIREO_DOMAIN_STATE_NOSTATE ? "active" : vireo_domain_state_to_string (state));
  g_object_unref (task);
  return FALSE;
}

/* ---- running and stopping ---- */

/**
 * vireo_test_domains_begin:
 * @self: the domains
 * @obj: an inactive domain, with its live definition in place
 * @paused: whether its processors are stopped
 * @reason: how it came to run, as in `state-reason`
 * @detail: the same, as in Lifecycle
 *
 * Makes the domain run.
 *
 * Since: 0.1
 */
void
vireo_test_domains_begin (VireoTestDomains *self,
                          VireoDomainObj *obj,
                          gboolean paused,
                          const char *reason,
                          const char *detail)
{
  TestDomain *domain = TEST_DOMAIN (obj);
  gboolean booted = g_str_equal (reason, "booted");

  g_clear_pointer (&domain->guest, vireo_test_guest_free);
  domain->guest = vireo_test_guest_new (obj);
  domain->domains = VIREO_DOMAIN_KEEPER (self);
  g_object_freeze_notify (G_OBJECT (obj));
  vireo_domain_obj_set_id (obj, ++self->last_id);
  if (paused)
    vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_PAUSED, booted ? "user" : reason);
  else
    vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_RUNNING, reason);
  g_object_thaw_notify (G_OBJECT (obj));
  vireo_domain_obj_emit_lifecycle (obj, "started", detail);
  if (paused)
    vireo_domain_obj_emit_lifecycle (obj, "suspended", booted ? "paused" : detail);
  if (vireo_test_guest_has_agent (domain->guest))
    vireo_obj_emit_event (VIREO_OBJ (obj), "AgentLifecycle",
                          g_variant_new ("(ss)", "connected", "domain-started"));
}

static void
begin_running (VireoTestDomains *self, VireoDomainObj *obj, gboolean paused)
{
  vireo_test_domains_begin (self, obj, paused, "booted", "booted");
}

/**
 * vireo_test_domains_stop:
 * @self: the domains
 * @obj: an active domain
 * @reason: why, as in `state-reason` and Lifecycle
 *
 * Stops the domain, and all that goes on with it.
 *
 * Since: 0.1
 */
void
vireo_test_domains_stop (VireoTestDomains *self, VireoDomainObj *obj, const char *reason)
{
  TestDomain *domain = TEST_DOMAIN (obj);

  g_clear_handle_id (&domain->shutdown_id, g_source_remove);
  g_clear_pointer (&domain->guest, vireo_test_guest_free);
  vireo_test_block_jobs_stopped (obj);
  vireo_test_backup_stopped (obj);
  g_object_freeze_notify (G_OBJECT (obj));
  vireo_domain_obj_set_id (obj, 0);
  vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, reason);
  g_object_thaw_notify (G_OBJECT (obj));
  vireo_domain_obj_emit_lifecycle (obj, "stopped", reason);
  vireo_keeper_stopped (VIREO_KEEPER (self), VIREO_OBJ (obj));
}

/**
 * vireo_test_domains_run:
 * @self: the domains
 * @obj: an inactive persistent domain
 * @paused: whether its processors are stopped
 *
 * Makes the domain run, without waiting for anything.
 *
 * Since: 0.1
 */
void
vireo_test_domains_run (VireoTestDomains *self, VireoDomainObj *obj, gboolean paused)
{
  vireo_domain_obj_set_live_def (obj,
                                 vireo_domain_def_copy (vireo_domain_obj_get_persistent_def (obj)));
  begin_running (self, obj, paused);
}

/* ---- start and create ---- */

static void
start_worked (GObject *source, GAsyncResult *result, gpointer data)
{
  Operation *operation = data;
  g_auto (VireoTestSettings) settings = { 0 };
  g_autoptr (GError) error = NULL;

  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (operation->obj));
  if (vireo_test_work_finish (VIREO_OBJ (source), result, &error) && settings.start_failure != NULL)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the hypervisor said: %s",
                 settings.start_failure);
  if (error != NULL)
    vireo_keeper_stopped (VIREO_KEEPER (operation->domains), VIREO_OBJ (operation->obj));
  else if (operation->restored)
    {
      gboolean paused = operation->paused || !vireo_test_save_was_running (operation->obj);

      vireo_test_save_forget (operation->obj);
      vireo_test_domains_begin (operation->domains, operation->obj, paused, "restored", "restored");
    }
  else
    {
      begin_running (operation->domains, operation->obj, operation->paused);
      if (operation->files != NULL)
        vireo_test_domain_get_guest (operation->obj)->files = g_object_ref (operation->files);
    }
  operation_end (operation, g_steal_pointer (&error));
}

/* Whether the domain can be started with @files (nullable), and with those that it has. */
static gboolean
check_files (VireoDomainObj *obj, const VireoDomainDef *def, GUnixFDList *files, GError **error)
{
  if (files != NULL && g_strcmp0 (def->os->type, "exe") != 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "domain \"%s\" is no container, and has no use for files",
                   vireo_obj_get_name (VIREO_OBJ (obj)));
      return FALSE;
    }
  for (guint i = 0; i < def->n_disks; i++)
    if (!vireo_domain_files_check (obj, def->disks[i], error))
      return FALSE;
  return TRUE;
}

/* With the live definition in place. */
static void
start_work (Operation *operation)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (operation->obj);
  g_auto (VireoTestSettings) settings = { 0 };
  GError *error = NULL;

  if (!check_files (operation->obj, def, operation->files, &error))
    {
      vireo_keeper_stopped (VIREO_KEEPER (operation->domains), VIREO_OBJ (operation->obj));
      operation_end (operation, error);
      return;
    }
  vireo_test_settings_init (&settings, def);
  vireo_test_work_async (VIREO_OBJ (operation->obj), settings.start_delay,
                         g_task_get_cancellable (operation->task), start_worked, operation);
}

static void
start_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  Operation *operation = data;
  const VireoDomainDef *saved = vireo_test_save_peek (operation->obj);
  g_autoptr (GError) error = NULL;

  if (!vireo_keeper_make_ready_finish (VIREO_KEEPER (source), result, &error))
    {
      operation_end (operation, g_steal_pointer (&error));
      return;
    }
  operation->restored = saved != NULL && !operation->force_boot;
  if (operation->force_boot)
    vireo_test_save_forget (operation->obj);
  vireo_domain_obj_set_live_def (
      operation->obj,
      vireo_domain_def_copy (
          operation->restored ? saved : vireo_domain_obj_get_persistent_def (operation->obj)));
  start_work (operation);
}

static void
start_with_files (VireoDomainDriver *driver,
                  VireoDomainObj *obj,
                  GUnixFDList *files,
                  VireoDomainStartFlags flags,
                  GTask *task)
{
  Operation *operation = operation_new (driver, obj, task);

  operation->files = files != NULL ? g_object_ref (files) : NULL;
  operation->paused = (flags & VIREO_DOMAIN_START_PAUSED) != 0;
  operation->force_boot = (flags & VIREO_DOMAIN_START_FORCE_BOOT) != 0;
  if (vireo_obj_get_active (VIREO_OBJ (obj)))
    {
      operation_end (operation, g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                                             "domain \"%s\" is active already",
                                             vireo_obj_get_name (VIREO_OBJ (obj))));
      return;
    }
  vireo_keeper_make_ready_async (VIREO_KEEPER (driver), VIREO_OBJ (obj),
                                 g_task_get_cancellable (task), start_ready, operation);
}

static void
start (VireoDomainDriver *driver, VireoDomainObj *obj, VireoDomainStartFlags flags, GTask *task)
{
  start_with_files (driver, obj, NULL, flags, task);
}

static void
created (GObject *source, GAsyncResult *result, gpointer data)
{
  Operation *operation = data;
  g_autoptr (GError) error = NULL;

  operation->job = vireo_keeper_create_finish (VIREO_KEEPER (source), result, &error);
  if (operation->job == NULL)
    {
      operation_end (operation, g_steal_pointer (&error));
      return;
    }
  operation->obj = g_object_ref (VIREO_DOMAIN_OBJ (vireo_job_get_object (operation->job)));
  start_work (operation);
}

static void
create_with_files (VireoDomainDriver *driver,
                   const VireoDomainDef *def,
                   guint owner,
                   GUnixFDList *files,
                   VireoDomainStartFlags flags,
                   GTask *task)
{
  Operation *operation = operation_new (driver, NULL, task);

  operation->files = files != NULL ? g_object_ref (files) : NULL;
  operation->paused = (flags & VIREO_DOMAIN_START_PAUSED) != 0;
  vireo_keeper_create_async (VIREO_KEEPER (driver), def, owner, g_task_get_cancellable (task),
                             created, operation);
}

static void
create (VireoDomainDriver *driver,
        const VireoDomainDef *def,
        guint owner,
        VireoDomainStartFlags flags,
        GTask *task)
{
  create_with_files (driver, def, owner, NULL, flags, task);
}

/* ---- shutdown, reboot, reset, destroy ---- */

static gboolean
guest_has_shut_down (gpointer data)
{
  TestDomain *domain = data;
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (domain));

  domain->shutdown_id = 0;
  if (list != NULL && vireo_obj_get_active (VIREO_OBJ (domain)))
    vireo_test_domains_stop (VIREO_TEST_DOMAINS (domain->domains), VIREO_DOMAIN_OBJ (domain),
                             "shutdown");
  return G_SOURCE_REMOVE;
}

static void
shutdown_domain (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  TestDomain *domain = TEST_DOMAIN (obj);
  g_auto (VireoTestSettings) settings = { 0 };

  if (!require_state (obj, VIREO_DOMAIN_STATE_RUNNING, task))
    return;
  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (obj));
  if (settings.shutdown_delay == 0)
    vireo_test_domains_stop (VIREO_TEST_DOMAINS (driver), obj, "shutdown");
  else if (domain->shutdown_id == 0)
    {
      domain->domains = VIREO_DOMAIN_KEEPER (driver);
      domain->shutdown_id = g_timeout_add (settings.shutdown_delay, guest_has_shut_down, domain);
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
restart (VireoDomainObj *obj)
{
  TestDomain *domain = TEST_DOMAIN (obj);

  /* A guest that starts again has forgotten that it was asked to stop. */
  g_clear_handle_id (&domain->shutdown_id, g_source_remove);
  vireo_obj_emit_event (VIREO_OBJ (obj), "Rebooted", NULL);
}

static void
reboot (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  VireoLifecycleAction action;

  if (!require_state (obj, VIREO_DOMAIN_STATE_RUNNING, task))
    return;
  action = vireo_domain_obj_get_def (obj)->on_reboot;
  if (action == VIREO_LIFECYCLE_ACTION_DESTROY || action == VIREO_LIFECYCLE_ACTION_PRESERVE)
    vireo_test_domains_stop (VIREO_TEST_DOMAINS (driver), obj, "shutdown");
  else
    restart (obj);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* Machines have an ACPI button, containers an init; either may have an agent. */
static gboolean
can_be_asked (VireoDomainObj *obj, VireoDomainAskModes modes)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (obj);
  VireoDomainAskModes can = g_strcmp0 (def->os->type, "exe") == 0
                                ? VIREO_DOMAIN_ASK_INITCTL | VIREO_DOMAIN_ASK_SIGNAL
                                : VIREO_DOMAIN_ASK_ACPI_POWER_BUTTON;

  if (vireo_test_guest_has_agent (vireo_test_domain_get_guest (obj)))
    can |= VIREO_DOMAIN_ASK_GUEST_AGENT;
  return (can & modes) != 0;
}

static void
ask (VireoDomainDriver *driver,
     VireoDomainObj *obj,
     gboolean wants_restart,
     VireoDomainAskModes modes,
     GTask *task)
{
  if (!require_state (obj, VIREO_DOMAIN_STATE_RUNNING, task))
    return;
  if (!can_be_asked (obj, modes))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                               "domain \"%s\" has nothing that could be asked in such a way",
                               vireo_obj_get_name (VIREO_OBJ (obj)));
      g_object_unref (task);
    }
  else if (wants_restart)
    reboot (driver, obj, task);
  else
    shutdown_domain (driver, obj, task);
}

static void
reset (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  if (!require_state (obj, VIREO_DOMAIN_STATE_NOSTATE, task))
    return;
  restart (obj);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* What does not end within this of being asked to is killed, or is let be. */
#define GRACEFUL_MSEC 5000

static void
destroy_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  Operation *operation = data;
  GError *error = NULL;

  if (vireo_test_work_finish (VIREO_OBJ (source), result, &error)
      && vireo_obj_get_active (VIREO_OBJ (operation->obj)))
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                 "the hypervisor of domain \"%s\" did not end within five seconds: without "
                 "`graceful` it is killed",
                 vireo_obj_get_name (VIREO_OBJ (operation->obj)));
  operation_end (operation, error);
}

static void
destroy_worked (GObject *source, GAsyncResult *result, gpointer data)
{
  Operation *operation = data;
  g_autoptr (GError) error = NULL;

  /* The guest may have stopped by itself meanwhile, which is just as well. */
  if (vireo_test_work_finish (VIREO_OBJ (source), result, &error)
      && vireo_obj_get_active (VIREO_OBJ (operation->obj)))
    vireo_test_domains_stop (operation->domains, operation->obj, "destroyed");
  operation_end (operation, g_steal_pointer (&error));
}

static void
destroy (VireoDomainDriver *driver, VireoDomainObj *obj, VireoDomainDestroyFlags flags, GTask *task)
{
  g_auto (VireoTestSettings) settings = { 0 };

  if (!require_state (obj, VIREO_DOMAIN_STATE_NOSTATE, task))
    return;
  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (obj));
  if ((flags & VIREO_DOMAIN_DESTROY_GRACEFUL) != 0 && settings.destroy_delay > GRACEFUL_MSEC)
    vireo_test_work_async (VIREO_OBJ (obj), GRACEFUL_MSEC, g_task_get_cancellable (task),
                           destroy_waited, operation_new (driver, obj, task));
  else
    vireo_test_work_async (VIREO_OBJ (obj), settings.destroy_delay, g_task_get_cancellable (task),
                           destroy_worked, operation_new (driver, obj, task));
}

/* ---- suspend and resume ---- */

static void
suspend (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  if (!require_state (obj, VIREO_DOMAIN_STATE_RUNNING, task))
    return;
  vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");
  vireo_test_monitor_tell (obj, "STOP");
  vireo_domain_obj_emit_lifecycle (obj, "suspended", "paused");
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
resume (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  if (!require_state (obj, VIREO_DOMAIN_STATE_PAUSED, task))
    return;
  vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_RUNNING, "unpaused");
  vireo_test_monitor_tell (obj, "RESUME");
  vireo_domain_obj_emit_lifecycle (obj, "resumed", "unpaused");
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* ---- what goes with a definition ---- */

static VireoDomainDriverInterface *
parent_iface (void)
{
  return g_type_interface_peek (vireo_test_domains_parent_class, VIREO_TYPE_DOMAIN_DRIVER);
}

/* What is lost with the definition has to be named. */
static gboolean
check_undefine (VireoDomainObj *obj, VireoDomainUndefineFlags flags, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (obj));
  const VireoDomainDef *def = vireo_domain_obj_get_persistent_def (obj);

  if (vireo_domain_obj_get_has_managed_save (obj)
      && (flags & VIREO_DOMAIN_UNDEFINE_MANAGED_SAVE) == 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" has a managed save image, which would be lost", name);
  else if (vireo_domain_moments_count (obj, VIREO_KIND_SNAPSHOT) > 0
           && (flags & VIREO_DOMAIN_UNDEFINE_SNAPSHOTS) == 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" has snapshots, of which nothing would be known any more", name);
  else if (vireo_domain_moments_count (obj, VIREO_KIND_CHECKPOINT) > 0
           && (flags & VIREO_DOMAIN_UNDEFINE_CHECKPOINTS) == 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" has checkpoints, of which nothing would be known any more", name);
  else if (def != NULL && def->os != NULL && def->os->nvram != NULL
           && (flags & (VIREO_DOMAIN_UNDEFINE_NVRAM | VIREO_DOMAIN_UNDEFINE_KEEP_NVRAM)) == 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" has what its firmware keeps: is that to be lost, or to be kept?",
                 name);
  else
    return TRUE;
  return FALSE;
}

static void
undefined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VireoDomainObj *obj = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  vireo_test_save_forget (obj);
  vireo_domain_moments_forget (obj, VIREO_KIND_SNAPSHOT);
  vireo_domain_moments_forget (obj, VIREO_KIND_CHECKPOINT);
  vireo_domain_files_forget (obj);
  g_task_return_boolean (task, TRUE);
}

static void
undefine (VireoDomainDriver *driver,
          VireoDomainObj *obj,
          VireoDomainUndefineFlags flags,
          GTask *task)
{
  GError *error = NULL;

  if (!check_undefine (obj, flags, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, g_object_ref (obj), g_object_unref);
  /* What firmware and TPMs keep is nowhere, and so are the files of it. */
  flags &= ~(VIREO_DOMAIN_UNDEFINE_NVRAM | VIREO_DOMAIN_UNDEFINE_TPM);
  parent_iface ()->undefine (driver, obj, flags,
                             g_task_new (driver, g_task_get_cancellable (task), undefined, task));
}

static void
rename_domain (VireoDomainDriver *driver, VireoDomainObj *obj, const char *name, GTask *task)
{
  if (vireo_domain_obj_get_has_managed_save (obj)
      || vireo_domain_moments_count (obj, VIREO_KIND_SNAPSHOT) > 0
      || vireo_domain_moments_count (obj, VIREO_KIND_CHECKPOINT) > 0)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                               "domain \"%s\" has a managed save image, snapshots or checkpoints, "
                               "which have its old name",
                               vireo_obj_get_name (VIREO_OBJ (obj)));
      g_object_unref (task);
      return;
    }
  parent_iface ()->rename (driver, obj, name, task);
}

static void
domain_driver_init (VireoDomainDriverInterface *iface)
{
  iface->create = create;
  iface->create_with_files = create_with_files;
  iface->start = start;
  iface->start_with_files = start_with_files;
  iface->shutdown = shutdown_domain;
  iface->reboot = reboot;
  iface->ask = ask;
  iface->reset = reset;
  iface->destroy = destroy;
  iface->expand_cpu = vireo_test_expand_cpu;
  iface->suspend = suspend;
  iface->resume = resume;
  vireo_test_agent_fill (iface);
  iface->associate_fds = vireo_domain_files_associate;
  vireo_test_disks_fill (iface);
  vireo_test_monitor_fill (iface);
  vireo_test_power_fill (iface);
  vireo_test_screen_fill (iface);
  vireo_test_stats_fill (iface);
  iface->undefine = undefine;
  iface->rename = rename_domain;
  vireo_test_save_init (iface);
  vireo_test_block_jobs_init (iface);
  vireo_test_backup_init (iface);
  vireo_test_migrate_init (iface);
  vireo_test_snapshots_init (iface);
  vireo_test_checkpoints_init (iface);
}

/**
 * vireo_test_domains_power_off:
 * @obj: an active domain
 *
 * Stops the domain as its guest does.
 *
 * Since: 0.1
 */
void
vireo_test_domains_power_off (VireoDomainObj *obj)
{
  vireo_test_domains_stop (VIREO_TEST_DOMAINS (TEST_DOMAIN (obj)->domains), obj, "shutdown");
}

/* ---- definitions ---- */

static VireoPostParseOutcome
look_up_environment (VireoPostParseContext *context)
{
  g_auto (VireoTestSettings) settings = { 0 };

  vireo_test_settings_init (&settings, context->def);
  if (settings.missing_resource == NULL
      || g_file_test (settings.missing_resource, G_FILE_TEST_EXISTS))
    return VIREO_POST_PARSE_DONE;
  return vireo_post_parse_missing (context, "missing-resource", settings.missing_resource,
                                   "%s is not there", settings.missing_resource);
}

/* What is left open is as the one machine that this hypervisor knows. */
static VireoPostParseOutcome
complete_domain (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;

  if (def->os == NULL)
    def->os = vireo_os_def_new ();
  if (def->os->type == NULL)
    def->os->type = g_strdup ("hvm");
  if (def->os->arch == NULL)
    def->os->arch = g_strdup ("x86_64");
  return VIREO_POST_PARSE_DONE;
}

static const VireoPostParseOps post_parse_ops = {
  .environment = look_up_environment,
  .domain = complete_domain,
};

static void
validate (VireoKeeper *keeper, gconstpointer def, GPtrArray *problems)
{
  const VireoDomainDef *domain = def;
  VireoProblem *problem;

  if (domain->type == VIREO_DOMAIN_TYPE_TEST)
    return;
  problem = vireo_problem_new ("validate", "domain-type");
  problem->path = g_strdup ("/domain/@type");
  problem->message = g_strdup_printf ("this connection runs domains of the type test, not %s",
                                      vireo_domain_type_to_string (domain->type));
  g_ptr_array_add (problems, problem);
}

static void
vireo_test_domains_class_init (VireoTestDomainsClass *klass)
{
  VIREO_KEEPER_CLASS (klass)->obj_type = TEST_TYPE_DOMAIN;
  VIREO_KEEPER_CLASS (klass)->validate = validate;
  VIREO_DOMAIN_KEEPER_CLASS (klass)->post_parse_ops = &post_parse_ops;
  VIREO_DOMAIN_KEEPER_CLASS (klass)->edit_live = vireo_test_edit_live;
}

static void
vireo_test_domains_init (VireoTestDomains *self)
{
}

/**
 * vireo_test_domains_new:
 * @state_dir: (nullable): where definitions are kept; %NULL for memory only
 *
 * Returns: (transfer full): the domains
 * Since: 0.1
 */
VireoTestDomains *
vireo_test_domains_new (const char *state_dir)
{
  return g_object_new (VIREO_TYPE_TEST_DOMAINS, "state-dir", state_dir, NULL);
}
