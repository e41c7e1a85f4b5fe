/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-snapshots.h"

#include "drivers/common/vireo-domain-chains.h"
#include "vireo-test-block-jobs.h"
#include "drivers/common/vireo-domain-moments.h"
#include "vireo-test-paths.h"
#include "vireo-test-settings.h"
#include "vireo-test-work.h"

/* Something that is done with a snapshot. */
typedef struct
{
  VireoTestDomains *domains;
  VireoDomainObj *obj;
  VireoDomainSnapshotDef *def; /* (nullable): of one that is made */
  VireoMomentObj *moment;      /* (nullable): one that is there */
  guint flags;
  gboolean was_running;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_object_unref (work->domains);
  g_object_unref (work->obj);
  g_clear_object (&work->moment);
  g_clear_pointer (&work->def, vireo_domain_snapshot_def_free);
  g_free (work);
}

static Work *
work_new (VireoDomainDriver *driver, VireoDomainObj *obj, guint flags, GTask *task)
{
  Work *work = g_new0 (Work, 1);

  work->domains = g_object_ref (VIREO_TEST_DOMAINS (driver));
  work->obj = g_object_ref (obj);
  work->flags = flags;
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, work, work_free);
  return work;
}

static void
fail (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* ---- create ---- */

static gboolean
check_flags (VireoDomainObj *obj, VireoSnapshotCreateFlags flags, GError **error)
{
  gboolean active = vireo_obj_get_active (VIREO_OBJ (obj));
  const char *wrong = NULL;

  if ((flags & VIREO_SNAPSHOT_CREATE_HALT) != 0 && !vireo_obj_get_persistent (VIREO_OBJ (obj)))
    wrong = "halt: a transient domain would be gone, and its snapshot with it";
  else if ((flags & VIREO_SNAPSHOT_CREATE_QUIESCE) != 0
           && ((flags & VIREO_SNAPSHOT_CREATE_DISK_ONLY) == 0 || !active))
    wrong = "quiesce: only for the disks of an active domain";
  else if ((flags & VIREO_SNAPSHOT_CREATE_LIVE) != 0 && !active)
    wrong = "live: the domain is not active";
  else if ((flags & VIREO_SNAPSHOT_CREATE_LIVE) != 0 && (flags & VIREO_SNAPSHOT_CREATE_HALT) != 0)
    wrong = "live and halt contradict each other";
  if (wrong == NULL)
    return TRUE;
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, wrong);
  return FALSE;
}

static gboolean
check_agent (VireoDomainObj *obj, VireoSnapshotCreateFlags flags, GError **error)
{
  return (flags & VIREO_SNAPSHOT_CREATE_QUIESCE) == 0
         || vireo_test_guest_need_agent (vireo_test_domain_get_guest (obj), error);
}

/* The overlays: files that it makes, or that are there. */
static gboolean
check_overlays (VireoDomainDriver *driver,
                VireoDomainObj *obj,
                const VireoDomainSnapshotDef *def,
                VireoSnapshotCreateFlags flags,
                GError **error)
{
  gboolean reuse = (flags & VIREO_SNAPSHOT_CREATE_REUSE_EXTERNAL) != 0;

  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->snapshot == VIREO_SNAPSHOT_LOCATION_EXTERNAL && def->disks[i]->source != NULL
        && !vireo_test_path_check (driver, obj, def->disks[i]->source->file, reuse, error))
      return FALSE;
  return TRUE;
}

static void
push_overlay (VireoDiskDef *disk, gpointer user_data)
{
  const VireoSnapshotDiskDef *entry = user_data;

  vireo_domain_chain_push (disk, entry->type, entry->driver->type, entry->source);
}

static void
resume_guest (Work *work)
{
  if (work->was_running && vireo_domain_obj_get_state (work->obj) == VIREO_DOMAIN_STATE_PAUSED)
    vireo_domain_obj_set_state (work->obj, VIREO_DOMAIN_STATE_RUNNING, "unpaused");
}

/* (transfer full) (nullable): the snapshot; %NULL without metadata */
static VireoMomentObj *
take (Work *work)
{
  VireoMomentObj *moment = NULL;

  vireo_domain_snapshot_keep (work->obj, work->def);
  for (guint i = 0; i < work->def->n_disks; i++)
    if (work->def->disks[i]->snapshot == VIREO_SNAPSHOT_LOCATION_EXTERNAL)
      vireo_domain_disk_change (work->obj, work->def->disks[i]->name, push_overlay,
                              work->def->disks[i]);
  if ((work->flags & VIREO_SNAPSHOT_CREATE_NO_METADATA) == 0)
    {
      moment = vireo_snapshot_obj_new (VIREO_OBJ (work->obj), g_steal_pointer (&work->def));
      vireo_domain_moment_add (work->obj, g_object_ref (moment), TRUE);
    }
  resume_guest (work);
  if ((work->flags & VIREO_SNAPSHOT_CREATE_HALT) != 0
      && vireo_obj_get_active (VIREO_OBJ (work->obj)))
    vireo_test_domains_stop (work->domains, work->obj, "from-snapshot");
  return moment;
}

static void
created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Work *work = g_task_get_task_data (task);
  g_auto (VireoTestSettings) settings = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean was_active = work->def->state != VIREO_SNAPSHOT_STATE_SHUTOFF;

  vireo_test_settings_init (&settings, vireo_domain_obj_get_def (work->obj));
  if (vireo_test_work_finish (VIREO_OBJ (source), result, &error)
      && was_active != vireo_obj_get_active (VIREO_OBJ (work->obj)))
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" stopped meanwhile", vireo_obj_get_name (VIREO_OBJ (work->obj)));
  if (error == NULL && settings.snapshot_failure != NULL)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the hypervisor said: %s",
                 settings.snapshot_failure);
  if (error != NULL)
    {
      resume_guest (work);
      g_task_return_error (task, g_steal_pointer (&error));
    }
  else
    g_task_return_pointer (task, take (work), g_object_unref);
}

static void
begin_taking (Work *work, GTask *task)
{
  g_auto (VireoTestSettings) settings = { 0 };
  gboolean has_memory = work->def->memory_snapshot != VIREO_SNAPSHOT_LOCATION_NO;
  const VireoDomainDef *def = vireo_domain_obj_get_def (work->obj);

  vireo_test_settings_init (&settings, def);
  work->was_running = vireo_domain_obj_get_state (work->obj) == VIREO_DOMAIN_STATE_RUNNING
                      && has_memory && (work->flags & VIREO_SNAPSHOT_CREATE_LIVE) == 0;
  if (work->was_running)
    vireo_domain_obj_set_state (work->obj, VIREO_DOMAIN_STATE_PAUSED, "snapshot");
  vireo_test_copy_async (VIREO_OBJ (work->obj), settings.snapshot_delay,
                         has_memory ? def->memory * 1024 : 0, g_task_get_cancellable (task),
                         created, task);
}

/* ---- redefine ---- */

static void
redefine (VireoDomainObj *obj,
          const VireoDomainSnapshotDef *def,
          VireoSnapshotCreateFlags flags,
          GTask *task)
{
  GError *error = NULL;
  VireoMomentObj *moment = vireo_domain_snapshot_redefine (obj, def, flags, &error);

  if (moment == NULL)
    {
      fail (task, error);
      return;
    }
  g_task_return_pointer (task, g_object_ref (moment), g_object_unref);
  g_object_unref (task);
}

static void
create_snapshot (VireoDomainDriver *driver,
                 VireoDomainObj *obj,
                 const VireoDomainSnapshotDef *def,
                 VireoSnapshotCreateFlags flags,
                 GTask *task)
{
  const guint both = VIREO_SNAPSHOT_CREATE_REDEFINE | VIREO_SNAPSHOT_CREATE_NO_METADATA;
  g_autoptr (VireoDomainSnapshotDef) copy = NULL;
  GError *error = NULL;

  if ((flags & both) == both)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "metadata is what is defined again");
  else if ((flags & VIREO_SNAPSHOT_CREATE_REDEFINE) != 0)
    {
      redefine (obj, def, flags, task);
      return;
    }
  else if (check_flags (obj, flags, &error) && check_agent (obj, flags, &error)
           && vireo_test_block_jobs_check_none (obj, &error))
    {
      copy = vireo_domain_snapshot_def_copy (def);
      if (vireo_domain_snapshot_complete (obj, copy, flags, &error)
          && check_overlays (driver, obj, copy, flags, &error))
        {
          Work *work = work_new (driver, obj, flags, task);

          work->def = g_steal_pointer (&copy);
          begin_taking (work, task);
          return;
        }
    }
  fail (task, error);
}

/* ---- revert ---- */

static void
go_back (Work *work)
{
  const VireoDomainSnapshotDef *def = vireo_moment_obj_get_def (work->moment);
  VireoSnapshotTarget target = vireo_domain_snapshot_get_target (def, work->flags);
  gboolean active = vireo_obj_get_active (VIREO_OBJ (work->obj));
  gboolean paused = target == VIREO_SNAPSHOT_TARGET_PAUSED;

  vireo_moment_obj_set_current (work->moment, TRUE);
  if (target == VIREO_SNAPSHOT_TARGET_OFF)
    {
      if (active)
        vireo_test_domains_stop (work->domains, work->obj, "from-snapshot");
      return;
    }
  if (def->domain != NULL)
    vireo_domain_obj_set_live_def (work->obj, vireo_domain_def_copy (def->domain));
  else if (!active)
    vireo_domain_obj_set_live_def (
        work->obj, vireo_domain_def_copy (vireo_domain_obj_get_persistent_def (work->obj)));
  if (!active)
    {
      vireo_test_domains_begin (work->domains, work->obj, paused, "from-snapshot",
                                "from-snapshot");
      return;
    }
  vireo_domain_obj_set_state (
      work->obj, paused ? VIREO_DOMAIN_STATE_PAUSED : VIREO_DOMAIN_STATE_RUNNING,
      "from-snapshot");
  vireo_domain_obj_emit_lifecycle (work->obj, paused ? "suspended" : "resumed", "from-snapshot");
}

static void
replaced (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  go_back (g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

static void
reverted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Work *work = g_task_get_task_data (task);
  const VireoDomainSnapshotDef *def = vireo_moment_obj_get_def (work->moment);
  const VireoDomainDef *persistent = def->inactive_domain != NULL ? def->inactive_domain
                                                                  : def->domain;
  g_autoptr (GError) error = NULL;

  if (!vireo_test_work_finish (VIREO_OBJ (source), result, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (persistent == NULL || !vireo_obj_get_persistent (VIREO_OBJ (work->obj)))
    {
      go_back (work);
      g_task_return_boolean (task, TRUE);
      return;
    }
  vireo_keeper_replace (VIREO_KEEPER (work->domains), VIREO_OBJ (work->obj), persistent,
                        g_task_new (work->domains, NULL, replaced, g_object_ref (task)));
}

static void
revert_snapshot (VireoDomainDriver *driver,
                 VireoMomentObj *snapshot,
                 VireoSnapshotRevertFlags flags,
                 GTask *task)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (vireo_moment_obj_get_domain (snapshot));
  g_auto (VireoTestSettings) settings = { 0 };
  GError *error = NULL;
  Work *work;

  if (!vireo_test_block_jobs_check_none (obj, &error)
      || !vireo_domain_snapshot_check_revert (obj, vireo_moment_obj_get_def (snapshot), flags,
                                              &error))
    {
      fail (task, error);
      return;
    }
  vireo_test_settings_init (&settings, vireo_domain_obj_get_def (obj));
  work = work_new (driver, obj, flags, task);
  work->moment = g_object_ref (snapshot);
  vireo_test_work_async (VIREO_OBJ (obj), settings.snapshot_delay, g_task_get_cancellable (task),
                         reverted, task);
}

/* ---- delete ---- */

/* What was written to the overlay goes to the image below, if the overlay is what the domain uses.
 * */
static void
merge_overlay (VireoDiskDef *disk, gpointer user_data)
{
  const VireoSnapshotDiskDef *entry = user_data;
  const char *path = vireo_domain_source_get_path (entry->source);

  if (g_strcmp0 (vireo_domain_chain_get_path (disk, 0), path) == 0
      && vireo_domain_chain_get_length (disk) > 1)
    vireo_domain_chain_cut (disk, 0, 1);
}

static void
merge (VireoDomainObj *obj, const VireoDomainSnapshotDef *def)
{
  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->snapshot == VIREO_SNAPSHOT_LOCATION_EXTERNAL)
      vireo_domain_disk_change (obj, def->disks[i]->name, merge_overlay, def->disks[i]);
}

static void
deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Work *work = g_task_get_task_data (task);
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GError) error = NULL;

  if (!vireo_test_work_finish (VIREO_OBJ (source), result, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  all = vireo_domain_moment_collect (work->moment, work->flags);
  for (guint i = 0; i < all->len; i++)
    {
      if ((work->flags & VIREO_MOMENT_DELETE_METADATA_ONLY) == 0)
        merge (work->obj, vireo_moment_obj_get_def (all->pdata[i]));
      vireo_domain_moment_remove (all->pdata[i]);
    }
  g_task_return_boolean (task, TRUE);
}

static void
delete_snapshot (VireoDomainDriver *driver,
                 VireoMomentObj *snapshot,
                 VireoMomentDeleteFlags flags,
                 GTask *task)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (vireo_moment_obj_get_domain (snapshot));
  g_auto (VireoTestSettings) settings = { 0 };
  Work *work = work_new (driver, obj, flags, task);

  work->moment = g_object_ref (snapshot);
  vireo_test_settings_init (&settings, vireo_domain_obj_get_def (obj));
  vireo_test_work_async (VIREO_OBJ (obj), settings.snapshot_delay, g_task_get_cancellable (task),
                         deleted, task);
}

void
vireo_test_snapshots_init (VireoDomainDriverInterface *iface)
{
  iface->create_snapshot = create_snapshot;
  iface->revert_snapshot = revert_snapshot;
  iface->delete_snapshot = delete_snapshot;
}
