/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots whose memory and disks are in qcow2 images. Those with files of their own are told of,
 * but neither made nor gone back to. */
#include "util/vireo-task.h"
#include "vireo-qemu-snapshot-work.h"

typedef VireoQemuSnapshotWork Work;

static Work *
work_new (VireoDomainDriver *driver,
          VireoDomainObj *obj,
          const char *what,
          guint flags,
          GTask *task)
{
  return vireo_qemu_snapshot_work_new (VIREO_QEMU_DOMAINS (driver), VIREO_QEMU_DOMAIN (obj),
                                       vireo_obj_get_current_job (VIREO_OBJ (obj)), what, flags,
                                       task);
}

/* ---- create ---- */

static gboolean
check_create (VireoDomainObj *obj,
              const VireoDomainSnapshotDef *def,
              VireoSnapshotCreateFlags flags,
              GError **error)
{
  const guint unknown = VIREO_SNAPSHOT_CREATE_HALT | VIREO_SNAPSHOT_CREATE_DISK_ONLY
                        | VIREO_SNAPSHOT_CREATE_REUSE_EXTERNAL | VIREO_SNAPSHOT_CREATE_QUIESCE
                        | VIREO_SNAPSHOT_CREATE_LIVE;
  g_autoptr (GPtrArray) disks = NULL;

  if ((flags & unknown) != 0 || vireo_snapshot_def_is_external (def))
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                         "this driver makes snapshots in qcow2 images only, with the memory of a "
                         "domain that runs, and lets it go on");
  else if (!vireo_obj_get_persistent (VIREO_OBJ (obj)))
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                         "a transient domain's snapshots would be gone with it");
  else
    disks = vireo_qemu_snapshot_disks (vireo_domain_obj_get_def (obj), def, error);
  if (disks == NULL)
    return FALSE;
  if (disks->len > 0)
    return TRUE;
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                       "the domain has no disk that could have the snapshot");
  return FALSE;
}

static void
on_created_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  vireo_qemu_snapshot_acted (work);
  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_pointer (task, g_object_ref (work->moment), g_object_unref);
      return;
    }
  /* It stays on the disks, of which it can be told again. */
  vireo_domain_moment_remove (work->moment);
  g_task_return_error (task, error);
}

static void
on_redefined_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_pointer (task, g_object_ref (work->moment), g_object_unref);
  else
    g_task_return_error (task, error);
}

void
vireo_qemu_snapshot_taken (Work *work, GTask *task)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (work->domain);

  if ((work->flags & VIREO_SNAPSHOT_CREATE_NO_METADATA) != 0)
    {
      vireo_qemu_snapshot_acted (work);
      g_task_return_pointer (task, NULL, NULL);
      g_object_unref (task);
      return;
    }
  work->moment
      = g_object_ref (vireo_snapshot_obj_new (VIREO_OBJ (obj), g_steal_pointer (&work->def)));
  vireo_domain_moment_add (obj, work->moment, TRUE);
  vireo_qemu_moments_save (work->driver, work->moment,
                           g_task_new (NULL, NULL, on_created_saved, task));
}

static void
on_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      vireo_qemu_snapshot_taken (work, task);
      return;
    }
  vireo_qemu_snapshot_acted (work);
  vireo_task_end (task, FALSE, error);
}

static void
redefine (Work *work, const VireoDomainSnapshotDef *def, GTask *task)
{
  GError *error = NULL;
  VireoMomentObj *moment
      = vireo_domain_snapshot_redefine (VIREO_DOMAIN_OBJ (work->domain), def, work->flags, &error);

  if (moment == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  work->moment = g_object_ref (moment);
  vireo_qemu_moments_save (work->driver, moment, g_task_new (NULL, NULL, on_redefined_saved, task));
}

static void
create_snapshot (VireoDomainDriver *driver,
                 VireoDomainObj *obj,
                 const VireoDomainSnapshotDef *def,
                 VireoSnapshotCreateFlags flags,
                 GTask *task)
{
  Work *work = work_new (driver, obj, "create", flags, task);
  GError *error = NULL;

  if ((flags & VIREO_SNAPSHOT_CREATE_REDEFINE) != 0)
    {
      redefine (work, def, task);
      return;
    }
  work->def = vireo_domain_snapshot_def_copy (def);
  if (!vireo_domain_snapshot_complete (obj, work->def, flags, &error)
      || !check_create (obj, work->def, flags, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_domain_snapshot_keep (obj, work->def);
  vireo_qemu_snapshot_act (work, VIREO_QEMU_SNAPSHOT_CREATE, work->def,
                           g_task_new (NULL, NULL, on_taken, task));
}

/* ---- revert ---- */

static const VireoDomainSnapshotDef *
get_def (const Work *work)
{
  return vireo_moment_obj_get_def (work->moment);
}

static gboolean
is_active (const Work *work)
{
  return vireo_obj_get_active (VIREO_OBJ (work->domain));
}

static gboolean
has_memory (const Work *work)
{
  return get_def (work)->state != VIREO_SNAPSHOT_STATE_SHUTOFF;
}

/* A machine without the memory to go back to begins anew. */
static void
stop_guest (gpointer context, GTask *task)
{
  Work *work = context;

  if (is_active (work) && !has_memory (work))
    vireo_qemu_destroy (VIREO_DOMAIN_DRIVER (work->driver), VIREO_DOMAIN_OBJ (work->domain),
                        VIREO_DOMAIN_DESTROY_NONE, task);
  else
    vireo_task_end (task, TRUE, NULL);
}

static void
put_definition_back (gpointer context, GTask *task)
{
  Work *work = context;
  const VireoDomainSnapshotDef *def = get_def (work);
  const VireoDomainDef *persistent
      = def->inactive_domain != NULL ? def->inactive_domain : def->domain;

  if (persistent != NULL)
    vireo_keeper_replace (VIREO_KEEPER (work->driver), VIREO_OBJ (work->domain), persistent, task);
  else
    vireo_task_end (task, TRUE, NULL);
}

static void
put_disks_back (gpointer context, GTask *task)
{
  Work *work = context;

  if (has_memory (work))
    vireo_task_end (task, TRUE, NULL);
  else
    vireo_qemu_snapshot_act (work, VIREO_QEMU_SNAPSHOT_APPLY, get_def (work), task);
}

static void
start_noted (Work *work, GTask *task)
{
  vireo_qemu_start (VIREO_DOMAIN_DRIVER (work->driver), VIREO_DOMAIN_OBJ (work->domain),
                    VIREO_DOMAIN_START_PAUSED, task);
}

static void
start_guest (gpointer context, GTask *task)
{
  Work *work = context;
  gboolean wanted = has_memory (work)
                    || vireo_domain_snapshot_get_target (get_def (work), work->flags)
                           != VIREO_SNAPSHOT_TARGET_OFF;

  work->started = wanted && !is_active (work);
  if (work->started)
    vireo_qemu_snapshot_note (work, VIREO_QEMU_SNAPSHOT_STAGE_START, start_noted, task);
  else
    vireo_task_end (task, TRUE, NULL);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_message ("a machine that was started for a snapshot: %s", error->message);
}

void
vireo_qemu_snapshot_stop_started (gpointer context)
{
  Work *work = context;

  if (work->started)
    vireo_qemu_destroy (VIREO_DOMAIN_DRIVER (work->driver), VIREO_DOMAIN_OBJ (work->domain),
                        VIREO_DOMAIN_DESTROY_NONE, g_task_new (NULL, NULL, on_stopped, NULL));
}

/* What was started now is not what it was then when it had been plugged into. */
static void
put_memory_back (gpointer context, GTask *task)
{
  Work *work = context;
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (work->domain));
  GError *error = NULL;

  if (!has_memory (work))
    vireo_task_end (task, TRUE, NULL);
  else if (work->resumed)
    vireo_qemu_snapshot_follow (work, task);
  else if (!vireo_doc_check_abi (vireo_doc_kind_find ("domain"), get_def (work)->domain, live,
                                 &error))
    vireo_task_end (task, FALSE, error);
  else
    vireo_qemu_snapshot_act (work, VIREO_QEMU_SNAPSHOT_APPLY, get_def (work), task);
}

static void
run_noted (Work *work, GTask *task)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (work->domain);
  VireoDomainDriver *driver = VIREO_DOMAIN_DRIVER (work->driver);
  VireoSnapshotTarget target = vireo_domain_snapshot_get_target (get_def (work), work->flags);
  VireoDomainState state = vireo_domain_obj_get_state (obj);

  if (target == VIREO_SNAPSHOT_TARGET_RUNNING && state == VIREO_DOMAIN_STATE_PAUSED)
    vireo_qemu_resume (driver, obj, task);
  else if (target == VIREO_SNAPSHOT_TARGET_PAUSED && state == VIREO_DOMAIN_STATE_RUNNING)
    vireo_qemu_suspend (driver, obj, task);
  else
    vireo_task_end (task, TRUE, NULL);
}

static void
let_run (gpointer context, GTask *task)
{
  vireo_qemu_snapshot_note (context, VIREO_QEMU_SNAPSHOT_STAGE_RUN, run_noted, task);
}

static void
make_current (gpointer context, GTask *task)
{
  Work *work = context;

  vireo_moment_obj_set_current (work->moment, TRUE);
  vireo_qemu_moments_save (work->driver, work->moment, task);
}

const VireoStep vireo_qemu_snapshot_revert_steps[] = {
  { "stop the guest", stop_guest, NULL },
  { "put the definition back", put_definition_back, NULL },
  { "put the disks back", put_disks_back, NULL },
  { "start the machine", start_guest, vireo_qemu_snapshot_stop_started },
  { "put the memory back", put_memory_back, NULL },
  { "let the guest run", let_run, NULL },
  { "record the snapshot as the current one", make_current, NULL },
};
const gsize vireo_qemu_snapshot_n_revert_steps = G_N_ELEMENTS (vireo_qemu_snapshot_revert_steps);

static void
on_reverted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  vireo_qemu_snapshot_acted (g_task_get_task_data (task));
  if (vireo_steps_run_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
check_revert (Work *work, GError **error)
{
  const VireoDomainSnapshotDef *def = get_def (work);
  const VireoSnapshotRevertFlags unknown = VIREO_SNAPSHOT_REVERT_RESET_NVRAM;

  if ((work->flags & unknown) != 0 || vireo_snapshot_def_is_external (def)
      || def->state == VIREO_SNAPSHOT_STATE_DISK_SNAPSHOT)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                 "this driver goes back to snapshots in qcow2 images only, and \"%s\" has files of "
                 "its own",
                 def->name);
  else if (def->domain == NULL && has_memory (work))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "the snapshot \"%s\" does not say what machine its memory is of", def->name);
  else if (!has_memory (work))
    return TRUE;
  else
    return vireo_domain_snapshot_check_revert (VIREO_DOMAIN_OBJ (work->domain), def,
                                               work->flags & ~VIREO_SNAPSHOT_REVERT_FORCE, error);
  return FALSE;
}

static void
revert_snapshot (VireoDomainDriver *driver,
                 VireoMomentObj *snapshot,
                 VireoSnapshotRevertFlags flags,
                 GTask *task)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (vireo_moment_obj_get_domain (snapshot));
  Work *work = work_new (driver, obj, "revert", flags, task);
  GError *error = NULL;

  work->moment = g_object_ref (snapshot);
  if (check_revert (work, &error))
    vireo_steps_run_async (vireo_qemu_snapshot_revert_steps, vireo_qemu_snapshot_n_revert_steps,
                           work, NULL, on_reverted, task);
  else
    vireo_task_end (task, FALSE, error);
}

/* ---- delete ---- */

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  vireo_qemu_snapshot_acted (work);
  work->next++;
  vireo_qemu_snapshot_delete_next (work, task);
}

void
vireo_qemu_snapshot_cleared (Work *work, GTask *task)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();

  g_ptr_array_add (one, work->others->pdata[work->next]);
  vireo_qemu_moments_remove (work->driver, VIREO_DOMAIN_OBJ (work->domain), one,
                             g_task_new (NULL, NULL, on_deleted, task));
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  vireo_qemu_snapshot_cleared (work, task);
}

/* One after the other, each on the disks and then in the list: what fails, is still there. */
void
vireo_qemu_snapshot_delete_next (Work *work, GTask *task)
{
  const VireoDomainSnapshotDef *def;
  GTask *step;

  if (work->next == work->others->len)
    {
      vireo_task_end (task, TRUE, NULL);
      return;
    }
  def = vireo_moment_obj_get_def (work->others->pdata[work->next]);
  step = g_task_new (NULL, NULL, on_cleared, task);
  if ((work->flags & VIREO_MOMENT_DELETE_METADATA_ONLY) != 0)
    vireo_task_end (step, TRUE, NULL);
  else if (vireo_snapshot_def_is_external (def))
    vireo_task_end (
        step, FALSE,
        g_error_new (VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                     "this driver does not delete the files that the snapshot \"%s\" has; "
                     "it can forget it: option \"metadata-only\"",
                     def->name));
  else
    vireo_qemu_snapshot_act (
        work, work->resumed ? VIREO_QEMU_SNAPSHOT_CLEAR : VIREO_QEMU_SNAPSHOT_DELETE, def, step);
}

static void
delete_snapshot (VireoDomainDriver *driver,
                 VireoMomentObj *snapshot,
                 VireoMomentDeleteFlags flags,
                 GTask *task)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (vireo_moment_obj_get_domain (snapshot));
  Work *work = work_new (driver, obj, "delete", flags, task);

  work->moment = g_object_ref (snapshot);
  work->others = vireo_domain_moment_collect (snapshot, flags);
  vireo_qemu_snapshot_delete_next (work, task);
}

/* ---- with the domain ---- */

static VireoDomainDriverInterface *
parent_iface (void)
{
  return g_type_interface_peek (
      g_type_class_peek_parent (g_type_class_peek (VIREO_TYPE_QEMU_DOMAINS)),
      VIREO_TYPE_DOMAIN_DRIVER);
}

static void
rename_domain (VireoDomainDriver *driver, VireoDomainObj *obj, const char *name, GTask *task)
{
  if (vireo_domain_moments_count (obj, VIREO_KIND_SNAPSHOT) == 0)
    parent_iface ()->rename (driver, obj, name, task);
  else
    vireo_task_end (task, FALSE,
                    g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                                 "domain \"%s\" has snapshots, which have its old name",
                                 vireo_obj_get_name (VIREO_OBJ (obj))));
}

void
vireo_qemu_snapshots_fill (VireoDomainDriverInterface *iface)
{
  iface->create_snapshot = create_snapshot;
  iface->revert_snapshot = revert_snapshot;
  iface->delete_snapshot = delete_snapshot;
  iface->rename = rename_domain;
}
