/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-block-jobs.h"

#include "vireo-test-backup.h"
#include "drivers/common/vireo-domain-chains.h"
#include "vireo-test-paths.h"
#include "vireo-test-settings.h"

#define TICK_MSEC 20
/* How large images are taken to be. */
#define IMAGE_BYTES (G_GUINT64_CONSTANT (1) << 30)

typedef enum
{
  PULL,
  COMMIT,
  ACTIVE_COMMIT,
  COPY,
} Type;

/* How each kind is called: as a job, and in events. */
static const struct
{
  const char *operation;
  const char *name;
} types[] = {
  [PULL] = { "domain-block-pull", "pull" },
  [COMMIT] = { "domain-block-commit", "commit" },
  [ACTIVE_COMMIT] = { "domain-block-commit", "active-commit" },
  [COPY] = { "domain-block-copy", "copy" },
};

/* A block job; there is at most one a disk. */
typedef struct
{
  VireoDomainObj *obj; /* not a reference: it has us */
  char *disk;
  Type type;
  VireoJob *job;
  guint first; /* images that go: from this one */
  guint last;  /* to before this one */
  VireoDiskDef *destination; /* (nullable) */
  gboolean deletes;          /* the images that go */
  gpointer domains;          /* whose they are; not a reference */
  guint64 bandwidth;
  guint64 usual_rate;
  guint64 done;
  gint64 ticked_at;
  guint tick_id;
  guint cancel_id;
  gulong cancelled_id;
  char *failure; /* (nullable) */
} BlockJob;

static void
block_job_free (gpointer data)
{
  BlockJob *self = data;

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_handle_id (&self->cancel_id, g_source_remove);
  g_clear_signal_handler (&self->cancelled_id, vireo_job_get_cancellable (self->job));
  g_clear_pointer (&self->destination, vireo_disk_def_free);
  g_object_unref (self->job);
  g_free (self->failure);
  g_free (self->disk);
  g_free (self);
}

/* Those of a domain, by target of the disk. */
static GHashTable *
get_jobs (VireoDomainObj *obj)
{
  GQuark quark = g_quark_from_static_string ("vireo-test-block-jobs");
  GHashTable *jobs = g_object_get_qdata (G_OBJECT (obj), quark);

  if (jobs == NULL)
    {
      jobs = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, block_job_free);
      g_object_set_qdata_full (G_OBJECT (obj), quark, jobs, (GDestroyNotify) g_hash_table_unref);
    }
  return jobs;
}

static void
emit (BlockJob *self, const char *status)
{
  vireo_obj_emit_event (VIREO_OBJ (self->obj), "BlockJob",
                        g_variant_new ("(sss)", self->disk, types[self->type].name, status));
}

/* @error: (transfer full) (nullable). Frees the job. */
static void
end (BlockJob *self, const char *status, GError *error)
{
  g_autoptr (VireoJob) job = g_object_ref (self->job);
  g_autoptr (GError) owned = error;

  emit (self, status);
  g_hash_table_remove (get_jobs (self->obj), self->disk);
  vireo_job_end (job, owned);
}

/* ---- what it does to the definition ---- */

static void
cut_chain (VireoDiskDef *disk, gpointer user_data)
{
  const BlockJob *self = user_data;

  vireo_domain_chain_cut (disk, self->first, self->last);
}

/* (transfer full) (element-type filename): the images that are to be deleted. */
static GPtrArray *
list_committed (const BlockJob *self)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const VireoDiskDef *disk
      = self->deletes ? vireo_domain_disk_find (vireo_domain_obj_get_live_def (self->obj),
                                                self->disk, NULL)
                      : NULL;

  for (guint i = self->first; disk != NULL && i < self->last; i++)
    g_ptr_array_add (paths, g_strdup (vireo_domain_chain_get_path (disk, i)));
  return paths;
}

static void
use_copy (VireoDiskDef *disk, gpointer user_data)
{
  const BlockJob *self = user_data;
  const VireoDiskDef *to = self->destination;

  g_clear_pointer (&disk->source, vireo_disk_source_def_free);
  g_clear_pointer (&disk->backing_store, vireo_backing_store_def_free);
  disk->type = vireo_disk_def_get_type (to);
  disk->source = vireo_disk_source_def_copy (to->source);
  if (to->driver != NULL && to->driver->type != VIREO_DISK_FORMAT_UNSET && disk->driver != NULL)
    disk->driver->type = to->driver->type;
}

static void
show_mirror (VireoDiskDef *disk, gpointer user_data)
{
  const BlockJob *self = user_data;
  VireoDiskMirrorDef *mirror = vireo_disk_mirror_def_new ();

  g_clear_pointer (&disk->mirror, vireo_disk_mirror_def_free);
  mirror->job
      = self->type == COPY ? VIREO_DISK_MIRROR_JOB_COPY : VIREO_DISK_MIRROR_JOB_ACTIVE_COMMIT;
  if (vireo_job_get_state (self->job) == VIREO_JOB_READY)
    mirror->ready = VIREO_DISK_MIRROR_READY_YES;
  mirror->type = VIREO_DISK_TYPE_FILE;
  if (self->type == COPY)
    {
      mirror->type = vireo_disk_def_get_type (self->destination);
      mirror->source = vireo_disk_source_def_copy (self->destination->source);
    }
  else
    {
      mirror->source = vireo_disk_source_def_new ();
      mirror->source->file = g_strdup (vireo_domain_chain_get_path (disk, self->last));
    }
  disk->mirror = mirror;
}

static void
hide_mirror (VireoDiskDef *disk, gpointer user_data)
{
  g_clear_pointer (&disk->mirror, vireo_disk_mirror_def_free);
}

static gboolean
is_mirror (const BlockJob *self)
{
  return self->type == COPY || self->type == ACTIVE_COMMIT;
}

/* ---- how it goes on ---- */

static void
finish (BlockJob *self)
{
  g_autoptr (GPtrArray) unused = list_committed (self);

  if (is_mirror (self))
    vireo_domain_disk_change_live (self->obj, self->disk, hide_mirror, NULL);
  vireo_domain_disk_change (self->obj, self->disk, self->type == COPY ? use_copy : cut_chain, self);
  for (guint i = 0; i < unused->len; i++)
    vireo_test_path_delete (self->domains, unused->pdata[i]);
  end (self, "completed", NULL);
}

static void
give_up (BlockJob *self, const char *status, GError *error)
{
  if (is_mirror (self))
    vireo_domain_disk_change_live (self->obj, self->disk, hide_mirror, NULL);
  end (self, status, error);
}

static void
give_up_cancelled (BlockJob *self)
{
  give_up (self, "canceled",
           g_error_new (VIREO_ERROR, VIREO_ERROR_CANCELLED,
                        "the block job of the disk %s was cancelled", self->disk));
}

static guint64
get_rate (const BlockJob *self)
{
  return self->bandwidth > 0 ? MIN (self->bandwidth, self->usual_rate) : self->usual_rate;
}

/* All is copied: a mirror keeps up until somebody decides which one stays. */
static void
arrive (BlockJob *self)
{
  if (self->failure != NULL)
    give_up (self, "failed",
             g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the hypervisor said: %s",
                          self->failure));
  else if (!is_mirror (self))
    finish (self);
  else
    {
      vireo_job_set_ready (self->job, TRUE);
      vireo_domain_disk_change_live (self->obj, self->disk, show_mirror, self);
      emit (self, "ready");
    }
}

static gboolean
tick (gpointer data)
{
  BlockJob *self = data;
  gint64 now = g_get_monotonic_time ();
  double more = (double) get_rate (self) * (double) (now - self->ticked_at) / G_USEC_PER_SEC;

  self->ticked_at = now;
  self->done = more >= (double) (IMAGE_BYTES - self->done) ? IMAGE_BYTES
                                                           : self->done + (guint64) more;
  vireo_job_set_progress (self->job, (double) self->done / (double) IMAGE_BYTES, IMAGE_BYTES,
                          get_rate (self));
  if (self->done < IMAGE_BYTES)
    return G_SOURCE_CONTINUE;
  self->tick_id = 0;
  arrive (self);
  return G_SOURCE_REMOVE;
}

static gboolean
cancel_now (gpointer data)
{
  BlockJob *self = data;

  self->cancel_id = 0;
  give_up_cancelled (self);
  return G_SOURCE_REMOVE;
}

/* A cancellable must not be let go of from within its own signal. */
static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  BlockJob *self = user_data;

  if (self->cancel_id == 0)
    self->cancel_id = g_idle_add (cancel_now, self);
}

/* ---- beginning ---- */

static gboolean
check_disk (VireoDomainObj *obj, const char *name, const VireoDiskDef **ret_disk, GError **error)
{
  const VireoDiskDef *disk;

  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" is not active",
                   vireo_obj_get_name (VIREO_OBJ (obj)));
      return FALSE;
    }
  disk = vireo_domain_disk_find (vireo_domain_obj_get_live_def (obj), name, error);
  if (disk != NULL)
    *ret_disk = disk;
  return disk != NULL;
}

/* Images are known here by where they are, not by what is written in the images above. */
static gboolean
check_not_relative (const VireoBlockJobRequest *request, GError **error)
{
  if ((request->flags & VIREO_BLOCK_JOB_RELATIVE) == 0)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
               "the images of the disk %s are known by absolute paths: the option `relative` has "
               "nothing to keep",
               request->disk);
  return FALSE;
}

static gboolean
check_free (VireoDomainObj *obj, const VireoDiskDef *disk, GError **error)
{
  VireoBlockJobInfo info;

  if (!vireo_domain_disk_is_writable (disk))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the disk %s is empty or cannot be written", disk->target->dev);
  else if (g_hash_table_contains (get_jobs (obj), disk->target->dev)
           || vireo_test_backup_find (obj, disk->target->dev, &info))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "the disk %s has a block job already",
                 disk->target->dev);
  else
    return TRUE;
  return FALSE;
}

static BlockJob *
begin (VireoDomainObj *obj, const VireoDiskDef *disk, Type type, guint64 bandwidth)
{
  VireoJob *slot = vireo_obj_get_current_job (VIREO_OBJ (obj));
  BlockJob *self = g_new0 (BlockJob, 1);
  g_auto (VireoTestSettings) settings = { 0 };

  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (obj));
  self->obj = obj;
  self->disk = g_strdup (disk->target->dev);
  self->type = type;
  self->bandwidth = bandwidth;
  self->usual_rate = IMAGE_BYTES * 1000 / MAX (settings.block_job_delay, 1);
  self->failure = g_steal_pointer (&settings.block_job_failure);
  self->ticked_at = g_get_monotonic_time ();
  self->job = vireo_job_new_background (VIREO_OBJ (obj), types[type].operation,
                                        slot != NULL ? vireo_job_get_started_by_uid (slot) : 0);
  vireo_job_set_cancelable (self->job, TRUE);
  self->cancelled_id = g_signal_connect (vireo_job_get_cancellable (self->job), "cancelled",
                                         G_CALLBACK (on_cancelled), self);
  self->tick_id = g_timeout_add (TICK_MSEC, tick, self);
  g_hash_table_insert (get_jobs (obj), self->disk, self);
  return self;
}

static void
return_job (GTask *task, BlockJob *job, GError *error)
{
  if (job == NULL)
    g_task_return_error (task, error);
  else
    {
      if (is_mirror (job))
        vireo_domain_disk_change_live (job->obj, job->disk, show_mirror, job);
      g_task_return_pointer (task, g_object_ref (job->job), g_object_unref);
    }
  g_object_unref (task);
}

static void
block_pull (VireoDomainDriver *driver,
            VireoDomainObj *obj,
            const VireoBlockJobRequest *request,
            GTask *task)
{
  const VireoDiskDef *disk = NULL;
  BlockJob *job = NULL;
  GError *error = NULL;
  guint base = 0;

  if (check_not_relative (request, &error) && check_disk (obj, request->disk, &disk, &error)
      && check_free (obj, disk, &error))
    {
      base = vireo_domain_chain_get_length (disk);
      if (request->base == NULL || vireo_domain_chain_find (disk, request->base, &base, &error))
        {
          if (base == 0)
            g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                         "the active image is not below itself");
          else
            {
              job = begin (obj, disk, PULL, request->bandwidth);
              job->first = 1;
              job->last = base;
            }
        }
    }
  return_job (task, job, error);
}

/* Which images go: from the top to above the base. */
static gboolean
find_range (const VireoDiskDef *disk,
            const VireoBlockJobRequest *request,
            guint *ret_top,
            guint *ret_base,
            GError **error)
{
  guint top = 0;
  guint base = vireo_domain_chain_get_length (disk) - 1;

  if (request->top != NULL && !vireo_domain_chain_find (disk, request->top, &top, error))
    return FALSE;
  if (request->base != NULL && !vireo_domain_chain_find (disk, request->base, &base, error))
    return FALSE;
  if (request->base == NULL && (request->flags & VIREO_BLOCK_JOB_SHALLOW) != 0)
    base = top + 1;
  if (base <= top || base >= vireo_domain_chain_get_length (disk))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "there is nothing of the disk %s between the top and the base",
                 disk->target->dev);
  else if (top == 0 && (request->flags & VIREO_BLOCK_JOB_ACTIVE) == 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the image on top is what the guest writes to: it takes the option `active`");
  else
    {
      *ret_top = top;
      *ret_base = base;
      return TRUE;
    }
  return FALSE;
}

static void
block_commit (VireoDomainDriver *driver,
              VireoDomainObj *obj,
              const VireoBlockJobRequest *request,
              GTask *task)
{
  const VireoDiskDef *disk = NULL;
  BlockJob *job = NULL;
  GError *error = NULL;
  guint top = 0, base = 0;

  if (check_not_relative (request, &error) && check_disk (obj, request->disk, &disk, &error)
      && check_free (obj, disk, &error)
      && find_range (disk, request, &top, &base, &error))
    {
      job = begin (obj, disk, top == 0 ? ACTIVE_COMMIT : COMMIT, request->bandwidth);
      job->first = top;
      job->last = base;
      job->deletes = (request->flags & VIREO_BLOCK_JOB_DELETE) != 0;
      job->domains = driver;
    }
  return_job (task, job, error);
}

static void
block_copy (VireoDomainDriver *driver,
            VireoDomainObj *obj,
            const VireoBlockJobRequest *request,
            GTask *task)
{
  const VireoDiskDef *to = request->destination;
  const VireoDiskDef *disk = NULL;
  BlockJob *job = NULL;
  GError *error = NULL;
  gboolean reuse = (request->flags & VIREO_BLOCK_JOB_REUSE_EXTERNAL) != 0;
  gboolean power_of_two = (request->granularity & (request->granularity - 1)) == 0;

  if (to->source == NULL)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                 "the disk to copy to has no source");
  else if (!power_of_two)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the granularity is a power of two");
  else if (check_disk (obj, request->disk, &disk, &error) && check_free (obj, disk, &error)
           && vireo_test_path_check (driver, obj, to->source->file, reuse, &error))
    {
      job = begin (obj, disk, COPY, request->bandwidth);
      job->destination = vireo_disk_def_copy (to);
    }
  return_job (task, job, error);
}

/* ---- those that go on ---- */

static BlockJob *
find_job (VireoDomainObj *obj, const char *name, GError **error)
{
  const VireoDiskDef *disk = NULL;
  BlockJob *job;

  if (!check_disk (obj, name, &disk, error))
    return NULL;
  job = g_hash_table_lookup (get_jobs (obj), disk->target->dev);
  if (job == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the disk %s has no block job",
                 disk->target->dev);
  return job;
}

static gboolean
get_block_job (VireoDomainDriver *driver,
               VireoDomainObj *obj,
               const char *name,
               VireoBlockJobInfo *ret_info,
               GError **error)
{
  const VireoDiskDef *disk = NULL;
  const BlockJob *job;

  if (!check_disk (obj, name, &disk, error))
    return FALSE;
  *ret_info = (VireoBlockJobInfo){ NULL };
  job = g_hash_table_lookup (get_jobs (obj), disk->target->dev);
  if (job != NULL)
    *ret_info = (VireoBlockJobInfo){ .type = types[job->type].name,
                                     .bandwidth = job->bandwidth,
                                     .current = job->done,
                                     .end = IMAGE_BYTES,
                                     .job = job->job };
  else
    vireo_test_backup_find (obj, disk->target->dev, ret_info);
  return TRUE;
}

static void
set_block_job_speed (VireoDomainDriver *driver,
                     VireoDomainObj *obj,
                     const char *disk,
                     guint64 bandwidth,
                     GTask *task)
{
  GError *error = NULL;
  BlockJob *job = find_job (obj, disk, &error);

  if (job == NULL)
    g_task_return_error (task, error);
  else
    {
      job->bandwidth = bandwidth;
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

static void
abort_block_job (VireoDomainDriver *driver,
                 VireoDomainObj *obj,
                 const char *disk,
                 gboolean pivot,
                 GTask *task)
{
  GError *error = NULL;
  BlockJob *job = find_job (obj, disk, &error);

  if (job != NULL && pivot && vireo_job_get_state (job->job) != VIREO_JOB_READY)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "the block job of the disk %s is not ready to go on with the copy", job->disk);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    {
      if (pivot)
        finish (job);
      else
        give_up_cancelled (job);
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

void
vireo_test_block_jobs_stopped (VireoDomainObj *obj)
{
  GHashTableIter iter;
  BlockJob *job;

  for (;;)
    {
      g_hash_table_iter_init (&iter, get_jobs (obj));
      if (!g_hash_table_iter_next (&iter, NULL, (gpointer *) &job))
        return;
      give_up (job, "failed",
               g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" stopped",
                            vireo_obj_get_name (VIREO_OBJ (obj))));
    }
}

gboolean
vireo_test_block_jobs_check_none (VireoDomainObj *obj, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (obj));

  if (g_hash_table_size (get_jobs (obj)) > 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY,
                 "domain \"%s\" has a disk with a block job", name);
  else if (vireo_test_backup_goes_on (obj))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "a backup of domain \"%s\" goes on", name);
  else
    return TRUE;
  return FALSE;
}

void
vireo_test_block_jobs_init (VireoDomainDriverInterface *iface)
{
  iface->block_pull = block_pull;
  iface->block_commit = block_commit;
  iface->block_copy = block_copy;
  iface->get_block_job = get_block_job;
  iface->set_block_job_speed = set_block_job_speed;
  iface->abort_block_job = abort_block_job;
}
