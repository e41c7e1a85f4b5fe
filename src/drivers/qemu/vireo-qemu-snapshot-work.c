/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-snapshot-work.h"

#include "util/vireo-task.h"
#include "vireo-qemu-job.h"

static void
work_free (gpointer data)
{
  VireoQemuSnapshotWork *work = data;

  g_object_unref (work->driver);
  g_object_unref (work->domain);
  g_clear_object (&work->job);
  g_clear_pointer (&work->def, vireo_domain_snapshot_def_free);
  g_clear_object (&work->moment);
  g_clear_pointer (&work->others, g_ptr_array_unref);
  g_clear_pointer (&work->disks, g_ptr_array_unref);
  g_free (work->name);
  g_free (work->id);
  g_free (work);
}

VireoQemuSnapshotWork *
vireo_qemu_snapshot_work_new (VireoQemuDomains *driver,
                              VireoQemuDomain *domain,
                              VireoJob *job,
                              const char *what,
                              guint flags,
                              GTask *task)
{
  VireoQemuSnapshotWork *work = g_new0 (VireoQemuSnapshotWork, 1);

  work->driver = g_object_ref (driver);
  work->domain = g_object_ref (domain);
  work->job = job != NULL ? g_object_ref (job) : NULL;
  work->what = what;
  work->flags = flags;
  work->stage = VIREO_QEMU_SNAPSHOT_STAGE_ACTING;
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, work, work_free);
  return work;
}

/* ---- what is written down ---- */

static GVariant *
describe_others (VireoQemuSnapshotWork *work)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = work->next; work->others != NULL && i < work->others->len; i++)
    g_ptr_array_add (names, (gpointer) vireo_obj_get_name (work->others->pdata[i]));
  return g_variant_new_strv ((const char *const *) names->pdata, (gssize) names->len);
}

static GVariant *
describe (VireoQemuSnapshotWork *work)
{
  g_autofree char *xml = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "what", "s", work->what);
  g_variant_dict_insert (&dict, "stage", "s", work->stage);
  g_variant_dict_insert (&dict, "flags", "u", work->flags);
  g_variant_dict_insert (&dict, "started", "b", work->started);
  if (work->id != NULL)
    g_variant_dict_insert (&dict, "id", "s", work->id);
  if (work->moment != NULL)
    g_variant_dict_insert (&dict, "name", "s", vireo_obj_get_name (VIREO_OBJ (work->moment)));
  if (work->others != NULL)
    g_variant_dict_insert_value (&dict, "others", describe_others (work));
  if (work->def != NULL)
    xml = vireo_domain_snapshot_def_format (work->def, VIREO_FORMAT_SECURE, NULL);
  if (xml != NULL)
    g_variant_dict_insert (&dict, "definition", "s", xml);
  return g_variant_dict_end (&dict);
}

static void
on_noted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoQemuSnapshotWork *work = user_data;

  vireo_job_set_resume_finish (VIREO_JOB (source), result);
  work->then (work, g_steal_pointer (&work->noted_task));
}

void
vireo_qemu_snapshot_note (VireoQemuSnapshotWork *work,
                          const char *stage,
                          VireoQemuSnapshotFunc then,
                          GTask *task)
{
  work->stage = stage;
  if (work->job == NULL)
    {
      then (work, task);
      return;
    }
  work->then = then;
  work->noted_task = task;
  vireo_job_set_resume_async (work->job, VIREO_QEMU_SNAPSHOT_RESUME_KIND, describe (work), on_noted,
                              work);
}

/* ---- the disks ---- */

static void
act_noted (VireoQemuSnapshotWork *work, GTask *task)
{
  vireo_qemu_snapshot_act_async (work->driver, work->domain, work->id, work->action, work->name,
                                 g_steal_pointer (&work->disks), vireo_task_forward, task);
}

void
vireo_qemu_snapshot_act (VireoQemuSnapshotWork *work,
                         VireoQemuSnapshotAction action,
                         const VireoDomainSnapshotDef *def,
                         GTask *task)
{
  gboolean by_us = work->domain->status == NULL;
  GError *error = NULL;

  work->disks = vireo_qemu_snapshot_disks (
      vireo_domain_obj_get_def (VIREO_DOMAIN_OBJ (work->domain)), def, &error);
  if (work->disks == NULL)
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  work->action = action;
  g_free (work->name);
  work->name = g_strdup (def->name);
  g_free (work->id);
  work->id = by_us ? NULL : vireo_qemu_job_new_id ();
  vireo_qemu_snapshot_note (work,
                            by_us && action == VIREO_QEMU_SNAPSHOT_APPLY
                                ? VIREO_QEMU_SNAPSHOT_STAGE_DISKS
                                : VIREO_QEMU_SNAPSHOT_STAGE_ACTING,
                            act_noted, task);
}

void
vireo_qemu_snapshot_acted (VireoQemuSnapshotWork *work)
{
  vireo_qemu_job_forget (work->domain, work->id);
  g_clear_pointer (&work->id, g_free);
}
