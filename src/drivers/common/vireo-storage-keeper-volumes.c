/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done with volumes. */

#include "conf/vireo-postparse.h"
#include "util/vireo-alone.h"
#include "vireo-storage-copy.h"
#include "vireo-storage-keeper-private.h"

#include <unistd.h>

static VireoStorageKeeperClass *
get_class (gpointer self)
{
  return VIREO_STORAGE_KEEPER_GET_CLASS (self);
}

static const char *
name_of (VireoStorageVolumeObj *volume)
{
  return vireo_obj_get_name (VIREO_OBJ (volume));
}

static gboolean
is_raw (VireoStorageVolumeObj *volume)
{
  const VireoVolumeTargetDef *target = vireo_storage_volume_obj_get_def (volume)->target;

  return target == NULL || target->format == NULL || g_str_equal (target->format, "raw");
}

/* ---- who reads a volume without having its slot ---- */

static GQuark
readers_quark (void)
{
  return g_quark_from_static_string ("vireo-storage-readers");
}

static guint
count_readers (VireoStorageVolumeObj *volume)
{
  return GPOINTER_TO_UINT (g_object_get_qdata (G_OBJECT (volume), readers_quark ()));
}

static void
add_reader (VireoStorageVolumeObj *volume, int change)
{
  g_object_set_qdata (G_OBJECT (volume), readers_quark (),
                      GUINT_TO_POINTER (count_readers (volume) + (guint) change));
}

/**
 * vireo_storage_keeper_is_in_use:
 * @volume: a volume
 *
 * Returns: whether somebody changes, reads or makes it just now
 * Since: 0.1
 */
gboolean
vireo_storage_keeper_is_in_use (VireoStorageVolumeObj *volume)
{
  return vireo_obj_get_current_job (VIREO_OBJ (volume)) != NULL || count_readers (volume) > 0;
}

/* ---- work on a volume ---- */

/* One operation on its way. */
typedef struct
{
  VireoStorageKeeper *keeper;
  VireoStoragePoolObj *pool;
  VireoStorageVolumeObj *volume;
  VireoStorageVolumeObj *source; /* (nullable): what is copied */
  VireoStorageVolumeDef *wanted; /* (nullable) */
  VireoStorageVolumeFlags flags;
  VireoJob *job;      /* (nullable): when the operation took the slot itself */
  const char *format; /* (nullable): what it is when it is done */
  VireoStorageCopy copy;
  guint uid;
  gboolean writes;
  GError *error; /* (nullable): it failed, and what it left is looked at */
  void (*then) (GTask *task);
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  if (work->source != NULL)
    add_reader (work->source, -1);
  g_clear_pointer (&work->wanted, vireo_storage_volume_def_free);
  g_clear_object (&work->source);
  g_clear_object (&work->volume);
  g_clear_object (&work->job);
  g_clear_error (&work->error);
  g_object_unref (work->pool);
  g_object_unref (work->keeper);
  g_free (work);
}

/* @task is the caller's: its data is ours from here on. */
static Work *
work_new (gpointer keeper,
          VireoStoragePoolObj *pool,
          VireoStorageVolumeObj *volume,
          VireoStorageVolumeFlags flags,
          GTask *task)
{
  Work *work = g_new0 (Work, 1);

  work->keeper = g_object_ref (keeper);
  work->pool = g_object_ref (pool);
  work->volume = volume != NULL ? g_object_ref (volume) : NULL;
  work->flags = flags;
  g_task_set_task_data (task, work, work_free);
  /* What was done is told, even when the caller gave up just now. */
  g_task_set_check_cancellable (task, FALSE);
  return work;
}

/* What the disk's work is cancelled by: the job, which outlives a caller who leaves. */
static GTask *
inner_task (GTask *task, GAsyncReadyCallback done)
{
  Work *work = g_task_get_task_data (task);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (work->volume));
  GTask *inner
      = g_task_new (work->keeper, job != NULL ? vireo_job_get_cancellable (job) : NULL, done, task);

  g_task_set_check_cancellable (inner, FALSE);
  return inner;
}

static void
set_cancelable (Work *work, gboolean cancelable)
{
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (work->volume));

  if (job != NULL)
    vireo_job_set_cancelable (job, cancelable);
}

static void
work_failed (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
work_done (GTask *task)
{
  Work *work = g_task_get_task_data (task);

  if (vireo_obj_get_active (VIREO_OBJ (work->pool)))
    get_class (work->keeper)->changed (work->keeper, work->pool);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* Returns whether @volume may be changed, and answers @task otherwise. */
static gboolean
check_idle (VireoStorageVolumeObj *volume, GTask *task)
{
  if (vireo_storage_volume_obj_get_pool (volume) == NULL)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT,
                             "the volume is not there any more");
  else if (count_readers (volume) > 0)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_BUSY,
                             "volume \"%s\" is being copied to another one", name_of (volume));
  else
    return TRUE;
  g_object_unref (task);
  return FALSE;
}

/* ---- what is there now ---- */

static void
probed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;
  VireoStorageVolumeDef *def = g_task_propagate_pointer (G_TASK (result), &error);

  if (def != NULL)
    vireo_storage_volume_obj_set_def (work->volume, def);
  /* What went wrong first is what is told. */
  if (work->error != NULL)
    {
      g_clear_error (&error);
      work_failed (task, g_steal_pointer (&work->error));
    }
  else if (def == NULL)
    work_failed (task, error);
  else
    work_done (task);
}

static void
probe (GTask *task)
{
  Work *work = g_task_get_task_data (task);
  GTask *inner = g_task_new (work->keeper, NULL, probed, task);

  set_cancelable (work, FALSE);
  get_class (work->keeper)->probe (work->keeper, work->volume, work->format, inner);
}

/* ---- copying ---- */

static void
copied (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;

  vireo_storage_copy_finish (result, &error);
  if (!work->writes)
    {
      if (error != NULL)
        work_failed (task, error);
      else
        work_done (task);
      return;
    }
  work->error = error;
  if (error == NULL && work->then != NULL)
    work->then (task);
  else
    probe (task);
}

static void
opened (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (work->volume));
  GError *error = NULL;
  int fd = (int) g_task_propagate_int (G_TASK (result), &error);

  if (error != NULL)
    {
      work_failed (task, error);
      return;
    }
  if (work->writes)
    work->copy.to.fd = fd;
  else
    work->copy.from.fd = fd;
  set_cancelable (work, TRUE);
  vireo_storage_copy_async (&work->copy, job, job != NULL ? vireo_job_get_cancellable (job) : NULL,
                            copied, task);
  vireo_alone_close (&fd);
}

static void
open_and_copy (GTask *task, gboolean writes)
{
  Work *work = g_task_get_task_data (task);

  work->writes = writes;
  get_class (work->keeper)->open (work->keeper, work->volume, writes, inner_task (task, opened));
}

/* ---- create ---- */

static void
create_failed (GTask *task, GError *error)
{
  Work *work = g_task_get_task_data (task);
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (work->volume));

  vireo_job_end (work->job, error);
  if (list != NULL)
    vireo_obj_list_remove (list, VIREO_OBJ (work->volume));
  work_failed (task, error);
}

static void
made (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);
  GError *error = NULL;
  VireoStorageVolumeDef *def = g_task_propagate_pointer (G_TASK (result), &error);

  if (def == NULL)
    {
      create_failed (task, error);
      return;
    }
  vireo_storage_volume_obj_set_def (work->volume, def);
  if (vireo_obj_get_active (VIREO_OBJ (work->pool)))
    get_class (work->keeper)->changed (work->keeper, work->pool);
  vireo_job_end (work->job, NULL);
  g_task_return_pointer (task, g_object_ref (work->volume), g_object_unref);
  g_object_unref (task);
}

/* Reading is what many may do at once, so it takes no slot; who has it may be writing. */
static gboolean
begin_reading (Work *work, VireoStorageVolumeObj *source, GError **error)
{
  if (source == NULL)
    return TRUE;
  if (vireo_storage_volume_obj_get_pool (source) == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                 "the volume that is to be copied is not there any more");
  else if (vireo_obj_get_current_job (VIREO_OBJ (source)) != NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "volume \"%s\" is being worked on",
                 name_of (source));
  else
    {
      work->source = g_object_ref (source);
      add_reader (source, 1);
      return TRUE;
    }
  return FALSE;
}

static void
create_begun (GObject *object, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);
  VireoStorageVolumeObj *source = g_object_get_data (G_OBJECT (task), "source");
  GError *error = NULL;

  work->job = vireo_obj_begin_job_finish (VIREO_OBJ (object), result, &error);
  if (work->job == NULL)
    {
      work_failed (task, error);
      return;
    }
  if (!vireo_obj_get_active (VIREO_OBJ (work->pool)))
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "storage-pool \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (work->pool)));
  if (error != NULL || !begin_reading (work, source, &error)
      || !vireo_obj_list_add (vireo_storage_pool_obj_get_volumes (work->pool),
                              VIREO_OBJ (work->volume), &error))
    {
      create_failed (task, error);
      return;
    }
  set_cancelable (work, TRUE);
  get_class (work->keeper)
      ->make (work->keeper, work->volume, work->wanted, work->source, work->flags,
              inner_task (task, made));
}

/* What is shown while it is being made: there is nothing on the disk yet. */
static VireoStorageVolumeObj *
new_volume (const VireoStorageVolumeDef *wanted, VireoStoragePoolObj *pool)
{
  VireoStorageVolumeDef *def = vireo_storage_volume_def_copy (wanted);

  def->allocation = def->physical = 0;
  def->has_allocation = def->has_physical = TRUE;
  return vireo_storage_volume_obj_new (def, vireo_obj_get_owner (VIREO_OBJ (pool)));
}

/* Which formats there are depends on what the pool is; where there is none, none is kept. */
static gboolean
complete_format (VireoStoragePoolObj *pool, VireoStorageVolumeDef *wanted, GError **error)
{
  VireoPoolType type = vireo_storage_pool_obj_get_def (pool)->type;
  const char *const *formats = vireo_volume_formats (type);

  if (wanted->target == NULL)
    wanted->target = vireo_volume_target_def_new ();
  if (formats == NULL)
    g_clear_pointer (&wanted->target->format, g_free);
  else if (wanted->target->format == NULL)
    wanted->target->format = g_strdup (formats[0]);
  else if (!g_strv_contains (formats, wanted->target->format))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "/volume/target/format/@type no volume of a pool of the type %s can be in the "
                   "format \"%s\"",
                   vireo_pool_type_to_string (type), wanted->target->format);
      return FALSE;
    }
  return TRUE;
}

/* Completes and checks what is wanted. */
static gboolean
complete (VireoStorageKeeper *self,
          VireoStoragePoolObj *pool,
          VireoStorageVolumeDef *wanted,
          VireoStorageVolumeObj *source,
          VireoStorageVolumeFlags flags,
          GError **error)
{
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  guint64 least = source != NULL ? vireo_storage_volume_obj_get_def (source)->capacity : 0;

  vireo_storage_volume_def_validate (wanted, problems);
  if (problems->len > 0)
    {
      g_propagate_error (error, vireo_problems_to_error (problems, VIREO_ERROR_XML_INVALID));
      return FALSE;
    }
  if (!complete_format (pool, wanted, error))
    return FALSE;
  if (!wanted->has_capacity && source == NULL && wanted->backing_store == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "/volume/capacity the volume has no size");
      return FALSE;
    }
  wanted->capacity = MAX (wanted->capacity, least);
  wanted->has_capacity = TRUE;
  if (!wanted->has_allocation)
    wanted->allocation = wanted->capacity;
  wanted->has_allocation = TRUE;
  return get_class (self)->complete (self, pool, wanted, source, flags, error);
}

static void
create_volume (VireoStorageDriver *driver,
               VireoStoragePoolObj *pool,
               const VireoStorageVolumeDef *def,
               VireoStorageVolumeObj *source,
               guint uid,
               VireoStorageVolumeFlags flags,
               GTask *task)
{
  Work *work = work_new (driver, pool, NULL, flags, task);
  GError *error = NULL;

  work->wanted = vireo_storage_volume_def_copy (def);
  if (!vireo_obj_get_active (VIREO_OBJ (pool)))
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "storage-pool \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (pool)));
  else if (complete (work->keeper, pool, work->wanted, source, flags, &error)
           && vireo_storage_pool_obj_find_volume (pool, work->wanted->name) != NULL)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE,
                 "another storage-vol has the name \"%s\"", work->wanted->name);
  if (error != NULL)
    {
      work_failed (task, error);
      return;
    }
  if (source != NULL)
    g_object_set_data_full (G_OBJECT (task), "source", g_object_ref (source), g_object_unref);
  work->volume = new_volume (work->wanted, pool);
  /* Before it is in the list, so that nobody else has its slot first. */
  vireo_obj_begin_job_async (VIREO_OBJ (work->volume), "storage-vol-create", VIREO_JOB_CHANGE, uid,
                             NULL, create_begun, task);
}

/* ---- delete ---- */

static void
unmade (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (work->volume));
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      work_failed (task, error);
      return;
    }
  if (list != NULL)
    vireo_obj_list_remove (list, VIREO_OBJ (work->volume));
  work_done (task);
}

static void
unmake (GTask *task)
{
  Work *work = g_task_get_task_data (task);

  set_cancelable (work, FALSE);
  get_class (work->keeper)
      ->unmake (work->keeper, work->volume, work->flags,
                g_task_new (work->keeper, NULL, unmade, task));
}

static void
delete_volume (VireoStorageDriver *driver,
               VireoStorageVolumeObj *volume,
               VireoStorageVolumeFlags flags,
               GTask *task)
{
  Work *work;

  if (!check_idle (volume, task))
    return;
  work = work_new (driver, vireo_storage_volume_obj_get_pool (volume), volume, flags, task);
  if ((flags & VIREO_STORAGE_VOLUME_ZEROED) == 0)
    {
      unmake (task);
      return;
    }
  work->copy.from.kind = VIREO_STORAGE_END_ZEROS;
  work->copy.to.kind = VIREO_STORAGE_END_AT;
  work->copy.length = vireo_storage_volume_obj_get_def (volume)->physical;
  work->copy.limit = work->copy.length;
  work->then = unmake;
  if (work->copy.length > 0)
    open_and_copy (task, TRUE);
  else
    unmake (task);
}

/* ---- wipe ---- */

/* The names are those of libvirt's algorithms. Most of them overwrite many times, which on today's
 * disks is no better than once, and which nobody here does. */
static const struct
{
  const char *name;
  gboolean supported;
  VireoStorageEndKind kind;
  gboolean sparse;
} algorithms[] = {
  { "zero", TRUE, VIREO_STORAGE_END_ZEROS, FALSE },
  { "random", TRUE, VIREO_STORAGE_END_RANDOM, FALSE },
  { "trim", TRUE, VIREO_STORAGE_END_ZEROS, TRUE },
  { "nnsa", FALSE, 0, FALSE },
  { "dod", FALSE, 0, FALSE },
  { "bsi", FALSE, 0, FALSE },
  { "gutmann", FALSE, 0, FALSE },
  { "schneier", FALSE, 0, FALSE },
  { "pfitzner7", FALSE, 0, FALSE },
  { "pfitzner33", FALSE, 0, FALSE },
};

static gboolean
find_algorithm (const char *name, gsize *ret_index, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (g_str_equal (algorithms[i].name, name))
      {
        *ret_index = i;
        if (algorithms[i].supported)
          return TRUE;
        g_set_error (
            error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
            "volumes are not wiped by \"%s\" here; zero, random and trim are what there is", name);
        return FALSE;
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
               "there is no algorithm \"%.64s\"; zero, random and trim are what there is", name);
  return FALSE;
}

static void
wipe_volume (VireoStorageDriver *driver,
             VireoStorageVolumeObj *volume,
             const char *algorithm,
             GTask *task)
{
  GError *error = NULL;
  gsize index;
  Work *work;

  if (!check_idle (volume, task))
    return;
  if (!find_algorithm (algorithm != NULL ? algorithm : "zero", &index, &error))
    {
      work_failed (task, error);
      return;
    }
  work = work_new (driver, vireo_storage_volume_obj_get_pool (volume), volume,
                   VIREO_STORAGE_VOLUME_NONE, task);
  work->copy.from.kind = algorithms[index].kind;
  work->copy.sparse = algorithms[index].sparse;
  work->copy.to.kind = VIREO_STORAGE_END_AT;
  work->copy.length = vireo_storage_volume_obj_get_def (volume)->physical;
  work->copy.limit = work->copy.length;
  work->format = "raw";
  if (work->copy.length > 0)
    open_and_copy (task, TRUE);
  else
    probe (task);
}

/* ---- resize ---- */

static gboolean
find_capacity (VireoStorageVolumeObj *volume,
               guint64 *capacity,
               VireoStorageVolumeFlags flags,
               GError **error)
{
  guint64 now = vireo_storage_volume_obj_get_def (volume)->capacity;
  gboolean shrink = (flags & VIREO_STORAGE_VOLUME_SHRINK) != 0;
  guint64 wanted = *capacity;

  if ((flags & VIREO_STORAGE_VOLUME_DELTA) != 0)
    {
      if (shrink ? wanted > now : wanted > G_MAXINT64 - now)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "a volume of %" G_GUINT64_FORMAT " bytes cannot become %" G_GUINT64_FORMAT
                       " bytes %s",
                       now, wanted, shrink ? "smaller" : "larger");
          return FALSE;
        }
      wanted = shrink ? now - wanted : now + wanted;
    }
  if (wanted > G_MAXINT64 || (wanted < now && !shrink))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   wanted < now ? "%" G_GUINT64_FORMAT " bytes are less than the volume has; only "
                                  "with the option \"shrink\" it becomes smaller"
                                : "%" G_GUINT64_FORMAT " bytes are more than there can be",
                   wanted);
      return FALSE;
    }
  *capacity = wanted;
  return TRUE;
}

static void
resized (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Work *work = g_task_get_task_data (task);

  g_task_propagate_boolean (G_TASK (result), &work->error);
  probe (task);
}

static void
resize_volume (VireoStorageDriver *driver,
               VireoStorageVolumeObj *volume,
               guint64 capacity,
               VireoStorageVolumeFlags flags,
               GTask *task)
{
  const VireoVolumeTargetDef *target;
  GError *error = NULL;
  Work *work;

  if (!check_idle (volume, task))
    return;
  if (!find_capacity (volume, &capacity, flags, &error))
    {
      work_failed (task, error);
      return;
    }
  work = work_new (driver, vireo_storage_volume_obj_get_pool (volume), volume, flags, task);
  target = vireo_storage_volume_obj_get_def (volume)->target;
  work->format = target != NULL ? g_intern_string (target->format) : NULL;
  get_class (driver)->resize (work->keeper, volume, capacity, flags, inner_task (task, resized));
}

/* ---- upload and download ---- */

/* Whether the transfer begins inside of the volume; answers @task otherwise. */
static gboolean
check_transfer (VireoStorageVolumeObj *volume, const VireoStorageTransfer *transfer, GTask *task)
{
  guint64 physical = vireo_storage_volume_obj_get_def (volume)->physical;

  if (transfer->offset <= physical && transfer->length <= (guint64) G_MAXINT64 - transfer->offset)
    return TRUE;
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "the volume has %" G_GUINT64_FORMAT " bytes", physical);
  g_object_unref (task);
  return FALSE;
}

static void
upload (VireoStorageDriver *driver,
        VireoStorageVolumeObj *volume,
        const VireoStorageTransfer *transfer,
        GTask *task)
{
  Work *work;

  if (!check_idle (volume, task) || !check_transfer (volume, transfer, task))
    return;
  work = work_new (driver, vireo_storage_volume_obj_get_pool (volume), volume,
                   VIREO_STORAGE_VOLUME_NONE, task);
  work->copy.from = (VireoStorageEnd){ VIREO_STORAGE_END_STREAM, transfer->fd, 0 };
  work->copy.to = (VireoStorageEnd){ VIREO_STORAGE_END_AT, -1, transfer->offset };
  work->copy.length = transfer->length;
  work->copy.sparse = transfer->sparse;
  /* What a guest sees of a raw volume is all there is; an image has a size of its own. */
  work->copy.limit = is_raw (volume)
                         ? vireo_storage_volume_obj_get_def (volume)->physical - transfer->offset
                         : (guint64) G_MAXINT64 - transfer->offset;
  open_and_copy (task, TRUE);
}

static void
download (VireoStorageDriver *driver,
          VireoStorageVolumeObj *volume,
          const VireoStorageTransfer *transfer,
          GTask *task)
{
  Work *work;

  if (vireo_storage_volume_obj_get_pool (volume) == NULL)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT,
                               "the volume is not there any more");
      g_object_unref (task);
      return;
    }
  if (!check_transfer (volume, transfer, task))
    return;
  work = work_new (driver, vireo_storage_volume_obj_get_pool (volume), volume,
                   VIREO_STORAGE_VOLUME_NONE, task);
  work->copy.from = (VireoStorageEnd){ VIREO_STORAGE_END_AT, -1, transfer->offset };
  work->copy.to = (VireoStorageEnd){ VIREO_STORAGE_END_STREAM, transfer->fd, 0 };
  work->copy.length = transfer->length;
  work->copy.limit = G_MAXINT64;
  work->copy.sparse = transfer->sparse;
  open_and_copy (task, FALSE);
}

void
_vireo_storage_keeper_init_volumes (VireoStorageDriverInterface *iface)
{
  iface->create_volume = create_volume;
  iface->delete_volume = delete_volume;
  iface->wipe_volume = wipe_volume;
  iface->resize_volume = resize_volume;
  iface->upload = upload;
  iface->download = download;
}
