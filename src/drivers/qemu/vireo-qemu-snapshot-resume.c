/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Work on snapshots that another daemon had begun: what QEMU did meanwhile is brought to its end,
 * and what was half done to the images of a domain that does not run is done again or undone. */

#include "drivers/vireo-driver.h"
#include "util/vireo-task.h"
#include "vireo-qemu-job.h"
#include "vireo-qemu-snapshot-work.h"

typedef VireoQemuSnapshotWork Work;

static GError *
interrupted (const char *why)
{
  return g_error_new (VIREO_ERROR, VIREO_ERROR_INTERRUPTED,
                      "the service ended in the middle of it, %s", why);
}

static void
on_followed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_qemu_job_finish (result, &error);

  if (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND))
    {
      g_clear_error (&error);
      error = interrupted ("before QEMU had begun");
    }
  vireo_task_end (user_data, success, error);
}

void
vireo_qemu_snapshot_follow (Work *work, GTask *task)
{
  vireo_qemu_job_follow_async (work->domain, work->id, NULL, on_followed, task);
}

static VireoMomentObj *
find_moment (const Work *work, const char *name)
{
  VireoObjList *list
      = vireo_domain_moments_of (VIREO_DOMAIN_OBJ (work->domain), VIREO_KIND_SNAPSHOT);
  VireoObj *found = list != NULL && name != NULL ? vireo_obj_list_find_by_name (list, name) : NULL;

  return found != NULL ? VIREO_MOMENT_OBJ (found) : NULL;
}

/* ---- create ---- */

static void
on_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoMomentObj) moment = NULL;
  GError *error = NULL;

  moment = g_task_propagate_pointer (G_TASK (result), &error);
  vireo_task_end (user_data, error == NULL, error);
}

static void
on_create_followed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;
  GTask *inner;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      vireo_qemu_snapshot_acted (work);
      vireo_task_end (task, FALSE, error);
      return;
    }
  inner = g_task_new (NULL, NULL, on_taken, task);
  g_task_set_task_data (inner, work, NULL);
  vireo_qemu_snapshot_taken (work, inner);
}

/* Which of the disks had it, nobody knows: none has it now. */
static void
on_undone (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_qemu_snapshot_act_finish (result, &error))
    g_warning ("what was made of a snapshot that was interrupted is there still: %s",
               error->message);
  vireo_task_end (user_data, FALSE, interrupted ("and what was made is undone"));
}

static void
resume_create (Work *work, GVariant *data, GTask *task)
{
  const char *xml = NULL;
  GError *error = NULL;
  GPtrArray *disks;

  if (g_variant_lookup (data, "definition", "&s", &xml))
    work->def = vireo_domain_snapshot_def_parse (xml, -1, VIREO_PARSE_NONE, &error);
  if (work->def == NULL || work->def->name == NULL)
    {
      g_clear_error (&error);
      vireo_task_end (task, FALSE, interrupted ("and of what is not known any more"));
      return;
    }
  if (find_moment (work, work->def->name) != NULL)
    {
      vireo_qemu_snapshot_acted (work);
      vireo_task_end (task, TRUE, NULL);
      return;
    }
  if (work->id != NULL)
    {
      vireo_qemu_snapshot_follow (work, g_task_new (NULL, NULL, on_create_followed, task));
      return;
    }
  disks = vireo_qemu_snapshot_disks (vireo_domain_obj_get_def (VIREO_DOMAIN_OBJ (work->domain)),
                                     work->def, &error);
  if (disks == NULL)
    vireo_task_end (task, FALSE, error);
  else
    vireo_qemu_snapshot_act_async (work->driver, work->domain, NULL, VIREO_QEMU_SNAPSHOT_CLEAR,
                                   work->def->name, disks, on_undone, task);
}

/* ---- revert ---- */

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_message ("a machine that was started for a snapshot: %s", error->message);
  vireo_task_end (user_data, FALSE, interrupted ("and the machine is stopped again"));
}

static void
stop_machine (Work *work, GTask *task)
{
  if (vireo_obj_get_active (VIREO_OBJ (work->domain)))
    vireo_qemu_destroy (VIREO_DOMAIN_DRIVER (work->driver), VIREO_DOMAIN_OBJ (work->domain),
                        VIREO_DOMAIN_DESTROY_NONE, g_task_new (NULL, NULL, on_stopped, task));
  else
    vireo_task_end (task, FALSE, interrupted ("and the machine is not started"));
}

static void
on_reverted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean success = vireo_steps_run_finish (result, &error);

  vireo_qemu_snapshot_acted (work);
  if (!success)
    vireo_qemu_snapshot_stop_started (work);
  vireo_task_end (task, success, error);
}

static void
run_steps (Work *work, gsize first, GTask *task)
{
  vireo_steps_run_async (vireo_qemu_snapshot_revert_steps + first,
                         vireo_qemu_snapshot_n_revert_steps - first, work, NULL, on_reverted, task);
}

/* The disks, again: nobody has written to them since. */
static void
redo_disks (Work *work, GTask *task)
{
  run_steps (work, VIREO_QEMU_SNAPSHOT_STEP_DISKS, task);
}

static void
go_on_with_memory (Work *work, GTask *task)
{
  run_steps (work, VIREO_QEMU_SNAPSHOT_STEP_MEMORY, task);
}

static void
let_run (Work *work, GTask *task)
{
  run_steps (work, VIREO_QEMU_SNAPSHOT_STEP_RUN, task);
}

static const struct
{
  const char *stage;
  VireoQemuSnapshotFunc go_on;
} stages[] = {
  { VIREO_QEMU_SNAPSHOT_STAGE_ACTING, go_on_with_memory },
  { VIREO_QEMU_SNAPSHOT_STAGE_DISKS, redo_disks },
  { VIREO_QEMU_SNAPSHOT_STAGE_START, stop_machine },
  { VIREO_QEMU_SNAPSHOT_STAGE_RUN, let_run },
};

static void
resume_revert (Work *work, GVariant *data, GTask *task)
{
  const char *name = NULL;
  const char *stage = "";
  VireoMomentObj *moment;

  g_variant_lookup (data, "name", "&s", &name);
  g_variant_lookup (data, "stage", "&s", &stage);
  moment = find_moment (work, name);
  work->moment = moment != NULL ? g_object_ref (moment) : NULL;
  for (gsize i = 0; moment != NULL && i < G_N_ELEMENTS (stages); i++)
    if (g_str_equal (stages[i].stage, stage))
      {
        work->stage = stages[i].stage;
        stages[i].go_on (work, task);
        return;
      }
  vireo_task_end (task, FALSE, interrupted ("and there is no such snapshot any more"));
}

/* ---- delete ---- */

static void
on_delete_followed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    vireo_qemu_snapshot_cleared (work, task);
  else if (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_INTERRUPTED))
    {
      g_error_free (error);
      vireo_qemu_snapshot_delete_next (work, task);
    }
  else
    {
      vireo_qemu_snapshot_acted (work);
      vireo_task_end (task, FALSE, error);
    }
}

/* What was asked for is done: the first may be gone from some disks. */
static void
resume_delete (Work *work, GVariant *data, GTask *task)
{
  g_autofree const char **names = NULL;
  gboolean first_is_there = FALSE;

  g_variant_lookup (data, "others", "^a&s", &names);
  work->others = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    {
      VireoMomentObj *moment = find_moment (work, names[i]);

      first_is_there |= i == 0 && moment != NULL;
      if (moment != NULL)
        g_ptr_array_add (work->others, g_object_ref (moment));
    }
  if (first_is_there && work->id != NULL)
    {
      vireo_qemu_snapshot_follow (work, g_task_new (NULL, NULL, on_delete_followed, task));
      return;
    }
  vireo_qemu_snapshot_acted (work);
  vireo_qemu_snapshot_delete_next (work, task);
}

/* ---- all ---- */

static const struct
{
  const char *what;
  void (*resume) (Work *work, GVariant *data, GTask *task);
} works[] = {
  { "create", resume_create },
  { "revert", resume_revert },
  { "delete", resume_delete },
};

static void
on_resumed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoJob) job = user_data;
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  vireo_job_end (job, error);
}

void
vireo_qemu_snapshot_resume (VireoObj *object, VireoJob *job, GVariant *data)
{
  VireoConnectionObj *connection = VIREO_CONNECTION_OBJ (vireo_obj_get_parent (object));
  GTask *task = g_task_new (NULL, NULL, on_resumed, g_object_ref (job));
  const char *what = "";
  guint flags = 0;
  Work *work;

  g_variant_lookup (data, "what", "&s", &what);
  g_variant_lookup (data, "flags", "u", &flags);
  for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
    if (g_str_equal (works[i].what, what))
      {
        work = vireo_qemu_snapshot_work_new (
            VIREO_QEMU_DOMAINS (vireo_connection_obj_get_domain_driver (connection)),
            VIREO_QEMU_DOMAIN (object), job, works[i].what, flags, task);
        work->resumed = TRUE;
        g_variant_lookup (data, "id", "s", &work->id);
        g_variant_lookup (data, "started", "b", &work->started);
        works[i].resume (work, data, task);
        return;
      }
  vireo_task_end (task, FALSE, interrupted ("and what it did is not known any more"));
}
