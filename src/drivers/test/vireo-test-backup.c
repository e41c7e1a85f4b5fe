/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-backup.h"

#include "util/vireo-error.h"
#include "vireo-test-block-jobs.h"
#include "drivers/common/vireo-domain-chains.h"
#include "vireo-test-checkpoints.h"
#include "drivers/common/vireo-domain-moments.h"
#include "vireo-test-paths.h"
#include "vireo-test-settings.h"

#define TICK_MSEC 20
/* How large images are taken to be, and what has changed of one since a checkpoint. */
#define IMAGE_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define CHANGED_BYTES (IMAGE_BYTES / 16)

/* A backup of a domain; it has us. */
typedef struct
{
  VireoDomainObj *obj; /* not a reference */
  VireoDomainBackupDef *def;
  VireoJob *job;
  guint64 total;
  guint64 done;
  guint64 rate;
  gint64 ticked_at;
  guint tick_id;
  guint cancel_id;
  gulong cancelled_id;
  char *failure; /* (nullable) */
} Backup;

static GQuark
backup_quark (void)
{
  return g_quark_from_static_string ("vireo-test-backup");
}

static Backup *
get (VireoDomainObj *obj)
{
  return g_object_get_qdata (G_OBJECT (obj), backup_quark ());
}

static void
backup_free (gpointer data)
{
  Backup *self = data;

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_handle_id (&self->cancel_id, g_source_remove);
  g_clear_signal_handler (&self->cancelled_id, vireo_job_get_cancellable (self->job));
  g_object_unref (self->job);
  vireo_domain_backup_def_free (self->def);
  g_free (self->failure);
  g_free (self);
}

static void
emit (Backup *self, const char *status)
{
  for (guint i = 0; i < self->def->n_disks; i++)
    if (self->def->disks[i]->backup == VIREO_TRISTATE_YES)
      vireo_obj_emit_event (VIREO_OBJ (self->obj), "BlockJob",
                            g_variant_new ("(sss)", self->def->disks[i]->name, "backup", status));
}

/* Frees it. @error: (transfer full) (nullable) */
static void
end (Backup *self, const char *status, GError *error)
{
  g_autoptr (VireoJob) job = g_object_ref (self->job);
  g_autoptr (GError) owned = error;

  emit (self, status);
  g_object_set_qdata (G_OBJECT (self->obj), backup_quark (), NULL);
  vireo_job_end (job, owned);
}

static void
give_up (Backup *self)
{
  end (self, "canceled",
       g_error_new (VIREO_ERROR, VIREO_ERROR_CANCELLED, "the backup of domain \"%s\" was cancelled",
                    vireo_obj_get_name (VIREO_OBJ (self->obj))));
}

static gboolean
tick (gpointer data)
{
  Backup *self = data;
  gint64 now = g_get_monotonic_time ();
  double more = (double) self->rate * (double) (now - self->ticked_at) / G_USEC_PER_SEC;

  self->ticked_at = now;
  self->done = more >= (double) (self->total - self->done) ? self->total
                                                           : self->done + (guint64) more;
  vireo_job_set_progress (self->job, (double) self->done / (double) self->total, self->total,
                          self->rate);
  if (self->done < self->total)
    return G_SOURCE_CONTINUE;
  self->tick_id = 0;
  if (self->failure == NULL)
    end (self, "completed", NULL);
  else
    end (self, "failed",
         g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the hypervisor said: %s",
                      self->failure));
  return G_SOURCE_REMOVE;
}

static gboolean
cancel_now (gpointer data)
{
  Backup *self = data;

  self->cancel_id = 0;
  give_up (self);
  return G_SOURCE_REMOVE;
}

/* A cancellable must not be let go of from within its own signal. */
static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Backup *self = user_data;

  if (self->cancel_id == 0)
    self->cancel_id = g_idle_add (cancel_now, self);
}

/* ---- what was left open ---- */

static gboolean
is_pull (const VireoDomainBackupDef *def)
{
  return def->mode == VIREO_BACKUP_MODE_PULL;
}

static VireoBackupDiskDef *
find_entry (const VireoDomainBackupDef *def, const char *target)
{
  for (guint i = 0; i < def->n_disks; i++)
    if (g_strcmp0 (def->disks[i]->name, target) == 0)
      return def->disks[i];
  return NULL;
}

/* A backup that names disks is of those; one that names none is of all that can be written. */
static void
add_others (const VireoDomainDef *domain, VireoDomainBackupDef *def)
{
  gboolean all = def->n_disks == 0;

  for (guint i = 0; i < domain->n_disks; i++)
    {
      const VireoDiskDef *disk = domain->disks[i];
      gboolean wanted = all && vireo_domain_disk_is_writable (disk);
      VireoBackupDiskDef *entry;

      if (find_entry (def, disk->target->dev) != NULL)
        continue;
      entry = vireo_backup_disk_def_new ();
      entry->name = g_strdup (disk->target->dev);
      entry->backup = wanted ? VIREO_TRISTATE_YES : VIREO_TRISTATE_NO;
      vireo_domain_backup_def_add_disk (def, entry);
    }
}

/* Since when changes are copied has to be a checkpoint that tracks the disk. */
static gboolean
check_incremental (VireoDomainObj *obj, const VireoBackupDiskDef *entry, GError **error)
{
  VireoObjList *list = vireo_domain_moments_of (obj, VIREO_KIND_CHECKPOINT);
  VireoObj *moment = list != NULL ? vireo_obj_list_find_by_name (list, entry->incremental) : NULL;
  const VireoDomainCheckpointDef *def
      = moment != NULL ? vireo_moment_obj_get_def (VIREO_MOMENT_OBJ (moment)) : NULL;

  for (guint i = 0; def != NULL && i < def->n_disks; i++)
    if (g_strcmp0 (def->disks[i]->name, entry->name) == 0
        && def->disks[i]->checkpoint == VIREO_CHECKPOINT_TYPE_BITMAP)
      return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
               "no checkpoint \"%s\" tracks the disk %s", entry->incremental, entry->name);
  return FALSE;
}

static void
complete_push (const VireoDiskDef *disk, const char *suffix, VireoBackupDiskDef *entry)
{
  const char *path = vireo_domain_chain_get_path (disk, 0);

  if (entry->type == VIREO_DISK_TYPE_UNSET)
    entry->type = VIREO_DISK_TYPE_FILE;
  if (entry->driver == NULL)
    {
      entry->driver = vireo_storage_format_def_new ();
      entry->driver->type = VIREO_DISK_FORMAT_QCOW2;
    }
  if (entry->target == NULL)
    {
      entry->target = vireo_backup_store_def_new ();
      entry->target->file = g_strdup_printf ("%s.%s", path, suffix);
    }
}

static void
complete_pull (const VireoDiskDef *disk, VireoBackupDiskDef *entry)
{
  if (entry->type == VIREO_DISK_TYPE_UNSET)
    entry->type = VIREO_DISK_TYPE_FILE;
  if (entry->exportname == NULL)
    entry->exportname = g_strdup (entry->name);
  if (entry->incremental != NULL && entry->exportbitmap == NULL)
    entry->exportbitmap = g_strdup_printf ("backup-%s", entry->name);
  if (entry->scratch == NULL)
    {
      entry->scratch = vireo_backup_store_def_new ();
      entry->scratch->file
          = g_strdup_printf ("%s.scratch", vireo_domain_chain_get_path (disk, 0));
    }
}

static gboolean
complete_entry (VireoDomainObj *obj,
                VireoDomainBackupDef *def,
                VireoBackupDiskDef *entry,
                const char *suffix,
                GError **error)
{
  const VireoDiskDef *disk
      = vireo_domain_disk_find (vireo_domain_obj_get_live_def (obj), entry->name, error);

  if (disk == NULL)
    return FALSE;
  if (!vireo_domain_disk_is_writable (disk) || vireo_domain_chain_get_path (disk, 0) == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the disk %s is empty or cannot be written", disk->target->dev);
      return FALSE;
    }
  if (is_pull (def) ? entry->target != NULL : entry->scratch != NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "the disk %s has a %s, which is of the other mode", entry->name,
                   is_pull (def) ? "target" : "scratch");
      return FALSE;
    }
  if (entry->incremental == NULL && entry->backupmode != VIREO_BACKUP_DISK_MODE_FULL)
    entry->incremental = g_strdup (def->incremental);
  if (entry->backupmode == VIREO_BACKUP_DISK_MODE_INCREMENTAL && entry->incremental == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "the disk %s does not say since when", entry->name);
      return FALSE;
    }
  entry->backup = VIREO_TRISTATE_YES;
  entry->backupmode = entry->incremental != NULL ? VIREO_BACKUP_DISK_MODE_INCREMENTAL
                                                 : VIREO_BACKUP_DISK_MODE_FULL;
  if (is_pull (def))
    complete_pull (disk, entry);
  else
    complete_push (disk, suffix, entry);
  return entry->incremental == NULL || check_incremental (obj, entry, error);
}

static gboolean
complete_server (VireoDomainBackupDef *def, GError **error)
{
  const VireoBackupServerDef *server = def->server;

  if (def->mode == VIREO_BACKUP_MODE_UNSET)
    def->mode = VIREO_BACKUP_MODE_PUSH;
  if (!is_pull (def) && server == NULL)
    return TRUE;
  if (!is_pull (def))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                 "a backup that is pushed has no server");
  else if (server == NULL || (server->socket == NULL && server->name == NULL
                              && server->fdgroup == NULL))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                 "a backup that is pulled has a server with a name or a socket");
  else
    return TRUE;
  return FALSE;
}

static gboolean
complete (VireoDomainObj *obj, VireoDomainBackupDef *def, const char *suffix, GError **error)
{
  gboolean any = FALSE;

  if (!complete_server (def, error))
    return FALSE;
  for (guint i = 0; i < def->n_disks; i++)
    if (find_entry (def, def->disks[i]->name) != def->disks[i])
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                     "the disk %s is named twice", def->disks[i]->name);
        return FALSE;
      }
  add_others (vireo_domain_obj_get_live_def (obj), def);
  for (guint i = 0; i < def->n_disks; i++)
    {
      if (def->disks[i]->backup == VIREO_TRISTATE_NO)
        continue;
      if (!complete_entry (obj, def, def->disks[i], suffix, error))
        return FALSE;
      any = TRUE;
    }
  if (!any)
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                         "the backup is of no disk at all");
  return any;
}

/* ---- operations ---- */

static guint64
count_bytes (const VireoDomainBackupDef *def)
{
  guint64 bytes = 0;

  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->backup == VIREO_TRISTATE_YES)
      bytes += def->disks[i]->incremental != NULL ? CHANGED_BYTES : IMAGE_BYTES;
  return bytes;
}

/* @def: (transfer full): whole */
static Backup *
begin (VireoDomainObj *obj, VireoDomainBackupDef *def)
{
  VireoJob *slot = vireo_obj_get_current_job (VIREO_OBJ (obj));
  g_auto (VireoTestSettings) settings = { 0 };
  Backup *self = g_new0 (Backup, 1);

  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (obj));
  self->obj = obj;
  self->def = def;
  self->total = count_bytes (def);
  self->rate = IMAGE_BYTES * 1000 / MAX (settings.block_job_delay, 1);
  self->failure = g_steal_pointer (&settings.block_job_failure);
  self->ticked_at = g_get_monotonic_time ();
  self->job = vireo_job_new_background (VIREO_OBJ (obj), "domain-backup",
                                        slot != NULL ? vireo_job_get_started_by_uid (slot) : 0);
  vireo_job_set_cancelable (self->job, TRUE);
  vireo_job_set_progress (self->job, 0, self->total, 0);
  self->cancelled_id = g_signal_connect (vireo_job_get_cancellable (self->job), "cancelled",
                                         G_CALLBACK (on_cancelled), self);
  if (is_pull (def))
    vireo_job_set_ready (self->job, TRUE);
  else
    self->tick_id = g_timeout_add (TICK_MSEC, tick, self);
  g_object_set_qdata_full (G_OBJECT (obj), backup_quark (), self, backup_free);
  return self;
}

static gboolean
check_begin (VireoDomainObj *obj, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (obj));

  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" is not active",
                 name);
  else
    return vireo_test_block_jobs_check_none (obj, error);
  return FALSE;
}

/* What it writes to: files that it makes, or that are there. */
static gboolean
check_files (VireoDomainDriver *driver,
             VireoDomainObj *obj,
             const VireoDomainBackupDef *def,
             VireoBackupBeginFlags flags,
             GError **error)
{
  gboolean reuse = (flags & VIREO_BACKUP_BEGIN_REUSE_EXTERNAL) != 0;

  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoBackupDiskDef *entry = def->disks[i];
      const VireoBackupStoreDef *store = entry->target != NULL ? entry->target : entry->scratch;

      if (entry->backup != VIREO_TRISTATE_NO && store != NULL
          && !vireo_test_path_check (driver, obj, store->file, reuse, error))
        return FALSE;
    }
  return TRUE;
}

static void
begin_backup (VireoDomainDriver *driver,
              VireoDomainObj *obj,
              const VireoDomainBackupDef *def,
              const VireoDomainCheckpointDef *checkpoint,
              VireoBackupBeginFlags flags,
              GTask *task)
{
  g_autoptr (VireoDomainBackupDef) copy = vireo_domain_backup_def_copy (def);
  g_autoptr (VireoDomainCheckpointDef) moment = vireo_domain_checkpoint_def_copy (checkpoint);
  g_autofree char *when
      = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);
  GError *error = NULL;

  if (check_begin (obj, &error)
      && (moment == NULL || vireo_test_checkpoint_complete (obj, moment, &error))
      && complete (obj, copy, moment != NULL ? moment->name : when, &error)
      && check_files (driver, obj, copy, flags, &error))
    {
      Backup *backup = begin (obj, g_steal_pointer (&copy));

      if (moment != NULL)
        vireo_test_checkpoint_take (obj, g_steal_pointer (&moment));
      g_task_return_pointer (task, g_object_ref (backup->job), g_object_unref);
    }
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static const VireoDomainBackupDef *
get_backup (VireoDomainDriver *driver, VireoDomainObj *obj)
{
  const Backup *backup = get (obj);

  return backup != NULL ? backup->def : NULL;
}

static void
end_backup (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  Backup *backup = get (obj);

  if (backup == NULL)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "no backup of domain \"%s\" goes on",
                             vireo_obj_get_name (VIREO_OBJ (obj)));
  else
    {
      if (is_pull (backup->def))
        end (backup, "completed", NULL);
      else
        give_up (backup);
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

void
vireo_test_backup_stopped (VireoDomainObj *obj)
{
  Backup *backup = get (obj);

  if (backup != NULL)
    end (backup, "failed",
         g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" stopped",
                      vireo_obj_get_name (VIREO_OBJ (obj))));
}

gboolean
vireo_test_backup_goes_on (VireoDomainObj *obj)
{
  return get (obj) != NULL;
}

gboolean
vireo_test_backup_find (VireoDomainObj *obj, const char *target, VireoBlockJobInfo *ret_info)
{
  const Backup *backup = get (obj);
  const VireoBackupDiskDef *entry = backup != NULL ? find_entry (backup->def, target) : NULL;

  if (entry == NULL || entry->backup != VIREO_TRISTATE_YES)
    return FALSE;
  *ret_info = (VireoBlockJobInfo){ .type = "backup",
                                   .current = backup->done,
                                   .end = backup->total,
                                   .job = backup->job };
  return TRUE;
}

void
vireo_test_backup_init (VireoDomainDriverInterface *iface)
{
  iface->begin_backup = begin_backup;
  iface->get_backup = get_backup;
  iface->end_backup = end_backup;
}
