/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Making volumes: everything happens in a file that has no name yet. */

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/common/vireo-qemu-img.h"
#include "drivers/common/vireo-storage-copy.h"
#include "util/vireo-alone.h"
#include "vireo-dir-volumes.h"

/* Space is set aside in steps of this, between which it can be given up. */
#define ALLOCATION_STEP (G_GUINT64_CONSTANT (256) << 20)
#define TICK_MSEC 300

typedef struct
{
  char *folder_path;
  VireoStorageVolumeDef *wanted;
  VireoStorageVolumeFlags flags;
  guint owner;
  char *source_folder; /* (nullable): what to copy */
  char *source_name;
  char *source_format;
  guint64 source_capacity;
  int folder;
  int file;
  int source;
  char *temporary; /* (nullable) */
  gboolean cloned;
  gboolean lent; /* the file belongs to whom the source does, for now */
  VireoJob *job; /* (nullable) */
  guint tick_id;
  guint next_command;
} Make;

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
make_free (gpointer data)
{
  Make *make = data;

  /* Of what was published the name is another. */
  if (make->temporary != NULL && make->folder >= 0)
    unlinkat (make->folder, make->temporary, 0);
  close_fd (&make->source);
  close_fd (&make->file);
  close_fd (&make->folder);
  g_clear_pointer (&make->wanted, vireo_storage_volume_def_free);
  g_free (make->folder_path);
  g_free (make->source_folder);
  g_free (make->source_name);
  g_free (make->source_format);
  g_free (make->temporary);
  g_free (make);
}

/* What it wrote may be written to the disk as it is closed. */
static void
make_end_with (gpointer data)
{
  Make *make = data;

  g_clear_object (&make->job);
  vireo_alone_drop (make, make_free);
}

static gboolean
wants_raw (const Make *make)
{
  return g_str_equal (make->wanted->target->format, "raw");
}

static gboolean
is_same_format (const Make *make)
{
  return make->source_name != NULL
         && g_str_equal (make->source_format, make->wanted->target->format);
}

/* ---- in threads ---- */

static gboolean
fail (GError **error, int saved_errno, const char *what)
{
  g_set_error (error, VIREO_ERROR,
               saved_errno == ENOSPC || saved_errno == EDQUOT ? VIREO_ERROR_NO_SPACE
                                                              : VIREO_ERROR_IO,
               "%s: %s", what, g_strerror (saved_errno));
  return FALSE;
}

gboolean
vireo_dir_allocate (int fd,
                    guint64 start,
                    guint64 end,
                    const char *name,
                    GCancellable *cancellable,
                    GError **error)
{
  for (guint64 at = start; at < end; at += ALLOCATION_STEP)
    {
      if (g_cancellable_is_cancelled (cancellable))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED, "it was cancelled");
          return FALSE;
        }
      if (fallocate (fd, FALLOC_FL_KEEP_SIZE, (off_t) at, (off_t) MIN (ALLOCATION_STEP, end - at))
          == 0)
        continue;
      /* Where nothing can be set aside, nothing is. */
      if (errno == EOPNOTSUPP)
        return TRUE;
      return fail (error, errno, name);
    }
  return TRUE;
}

static gboolean
make_raw (Make *make, GCancellable *cancellable, GError **error)
{
  const VireoStorageVolumeDef *wanted = make->wanted;

  if (ftruncate (make->file, (off_t) wanted->capacity) < 0)
    return fail (error, errno, wanted->name);
  return make->source_name != NULL
         || vireo_dir_allocate (make->file, 0, wanted->allocation, wanted->name, cancellable,
                                error);
}

/* Opens the source, and shares its blocks where that is wanted or costs nothing. */
static gboolean
open_source (Make *make, GError **error)
{
  int folder = vireo_dir_folder_open (make->source_folder, error);
  gboolean reflink = (make->flags & VIREO_STORAGE_VOLUME_REFLINK) != 0;
  gboolean ok = folder >= 0;

  if (ok)
    make->source = vireo_dir_file_open (folder, make->source_name, FALSE, error);
  ok = make->source >= 0
       && (g_str_equal (make->source_format, "raw")
           || vireo_dir_file_check_chain (folder, make->source_folder, make->source_name, error));
  close_fd (&folder);
  if (!ok)
    return FALSE;
  make->cloned = is_same_format (make) && ioctl (make->file, FICLONE, make->source) == 0;
  if (reflink && !make->cloned)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "the blocks of \"%s\" cannot be shared: %s", make->source_name,
                   is_same_format (make) ? g_strerror (errno) : "the formats differ");
      return FALSE;
    }
  return TRUE;
}

/* What converts has the rights of whose the source is, and no others. */
static gboolean
lend_file (Make *make, GError **error)
{
  struct stat status;

  if (make->source < 0 || geteuid () != 0)
    return TRUE;
  if (fstat (make->source, &status) < 0 || fchown (make->file, status.st_uid, status.st_gid) < 0)
    return fail (error, errno, make->wanted->name);
  make->lent = TRUE;
  return TRUE;
}

static void
prepare_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Make *make = data;
  GError *error = NULL;
  gboolean ok;

  make->folder = vireo_dir_folder_open (make->folder_path, &error);
  if (make->folder >= 0)
    make->file = vireo_dir_file_new (make->folder, &make->temporary, &error);
  ok = make->file >= 0 && (make->source_name == NULL || open_source (make, &error))
       && (!wants_raw (make) || make_raw (make, cancellable, &error)) && lend_file (make, &error);
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
publish_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Make *make = data;
  VireoStorageVolumeDef *def = NULL;
  GError *error = NULL;

  if (make->lent && fchown (make->file, geteuid (), getegid ()) < 0)
    fail (&error, errno, make->wanted->name);
  else if (vireo_dir_file_publish (make->folder, make->file, make->temporary, make->wanted, &error))
    {
      g_clear_pointer (&make->temporary, g_free);
      def = vireo_dir_file_describe (make->file, make->folder_path, make->wanted->name,
                                     make->wanted->target->format, &error);
    }
  if (def != NULL)
    g_task_return_pointer (task, def, (GDestroyNotify) vireo_storage_volume_def_free);
  else
    g_task_return_error (task, error);
}

/* ---- the main context ---- */

/* @error: (transfer full) (nullable): it went wrong */
static void
make_end (GTask *task, VireoStorageVolumeDef *def, GError *error)
{
  Make *make = g_task_get_task_data (task);

  g_clear_handle_id (&make->tick_id, g_source_remove);
  if (def != NULL)
    g_task_return_pointer (task, def, (GDestroyNotify) vireo_storage_volume_def_free);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  VireoStorageVolumeDef *def = g_task_propagate_pointer (G_TASK (result), &error);

  make_end (user_data, def, error);
}

/* From here on it is not given up any more. */
static void
publish (GTask *task)
{
  Make *make = g_task_get_task_data (task);
  g_autoptr (GTask) inner = NULL;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      make_end (task, NULL, g_error_new (VIREO_ERROR, VIREO_ERROR_CANCELLED, "it was cancelled"));
      return;
    }
  if (make->job != NULL)
    vireo_job_set_cancelable (make->job, FALSE);
  inner = g_task_new (NULL, NULL, published, task);
  g_task_set_task_data (inner, make, NULL);
  vireo_alone_run (inner, make->owner, publish_thread);
}

/* ---- with qemu-img ---- */

static gboolean
tick (gpointer data)
{
  Make *make = data;
  struct stat done;
  struct stat all;

  if (fstat (make->file, &done) == 0 && fstat (make->source, &all) == 0 && all.st_blocks > 0)
    vireo_job_set_progress (make->job, MIN ((double) done.st_blocks / (double) all.st_blocks, 0.99),
                            (guint64) all.st_blocks * 512, 0);
  return G_SOURCE_CONTINUE;
}

static char *
image_options (const Make *make)
{
  const VireoVolumeTargetDef *target = make->wanted->target;
  g_autoptr (GString) options = g_string_new ("compat=");

  g_string_append (options, target->compat != NULL ? target->compat : "1.1");
  if (target->has_cluster_size)
    g_string_append_printf (options, ",cluster_size=%" G_GUINT64_FORMAT, target->cluster_size);
  if (target->features != NULL && target->features->lazy_refcounts)
    g_string_append (options, ",lazy_refcounts=on");
  if (target->features != NULL && target->features->extended_l2)
    g_string_append (options, ",extended_l2=on");
  if ((make->flags & VIREO_STORAGE_VOLUME_PREALLOC_METADATA) != 0)
    g_string_append (options, make->wanted->allocation >= make->wanted->capacity
                                  ? ",preallocation=falloc"
                                  : ",preallocation=metadata");
  return g_string_free (g_steal_pointer (&options), FALSE);
}

/* The image below is not looked at: what it is was said. */
static GPtrArray *
create_command (const Make *make)
{
  GPtrArray *args = g_ptr_array_new_with_free_func (g_free);
  const VireoVolumeBackingStoreDef *backing = make->wanted->backing_store;

  for (const char *const *word
       = (const char *const[]){ "create", "-q", "-f", "qcow2", "-u", "-o", NULL };
       *word != NULL; word++)
    g_ptr_array_add (args, g_strdup (*word));
  g_ptr_array_add (args, image_options (make));
  if (backing != NULL && backing->path != NULL)
    {
      g_ptr_array_add (args, g_strdup ("-b"));
      g_ptr_array_add (args, g_strdup (backing->path));
      g_ptr_array_add (args, g_strdup ("-F"));
      g_ptr_array_add (args, g_strdup (backing->format));
    }
  g_ptr_array_add (args, g_strdup (VIREO_QEMU_IMG_FILE_0));
  g_ptr_array_add (args, g_strdup_printf ("%" G_GUINT64_FORMAT, make->wanted->capacity));
  g_ptr_array_add (args, NULL);
  return args;
}

static GPtrArray *
convert_command (const Make *make)
{
  GPtrArray *args = g_ptr_array_new_with_free_func (g_free);
  const char *const words[]
      = { "convert", "-q", "-f", make->source_format, "-O", make->wanted->target->format };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    g_ptr_array_add (args, g_strdup (words[i]));
  if (!wants_raw (make))
    {
      g_ptr_array_add (args, g_strdup ("-o"));
      g_ptr_array_add (args, image_options (make));
    }
  g_ptr_array_add (args, g_strdup (VIREO_QEMU_IMG_FILE_1));
  g_ptr_array_add (args, g_strdup (VIREO_QEMU_IMG_FILE_0));
  g_ptr_array_add (args, NULL);
  return args;
}

static GPtrArray *
resize_command (const Make *make)
{
  GPtrArray *args = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (args, g_strdup ("resize"));
  g_ptr_array_add (args, g_strdup ("-q"));
  g_ptr_array_add (args, g_strdup ("-f"));
  g_ptr_array_add (args, g_strdup (make->wanted->target->format));
  g_ptr_array_add (args, g_strdup (VIREO_QEMU_IMG_FILE_0));
  g_ptr_array_add (args, g_strdup_printf ("%" G_GUINT64_FORMAT, make->wanted->capacity));
  g_ptr_array_add (args, NULL);
  return args;
}

/* What is still to do; %NULL when that is nothing. */
static GPtrArray *
next_command (Make *make)
{
  guint number = make->next_command++;

  if (number == 0 && make->source_name == NULL)
    return create_command (make);
  if (number == 0 && !make->cloned)
    return convert_command (make);
  if (number <= 1 && make->source_name != NULL && make->wanted->capacity > make->source_capacity)
    {
      make->next_command = 2;
      return resize_command (make);
    }
  return NULL;
}

static void run_next (GTask *task);

static void
command_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (vireo_qemu_img_run_finish (result, &error))
    run_next (user_data);
  else
    make_end (user_data, NULL, error);
}

static void
run_next (GTask *task)
{
  Make *make = g_task_get_task_data (task);
  g_autoptr (GPtrArray) args = next_command (make);
  int fds[2];

  if (args == NULL)
    {
      publish (task);
      return;
    }
  fds[0] = fcntl (make->file, F_DUPFD_CLOEXEC, 0);
  if (make->source >= 0)
    fds[1] = fcntl (make->source, F_DUPFD_CLOEXEC, 0);
  vireo_qemu_img_run_async ((const char *const *) args->pdata, fds, make->source >= 0 ? 2 : 1,
                            g_task_get_cancellable (task), command_ended, task);
}

/* ---- the way ---- */

static void
copied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (vireo_storage_copy_finish (result, &error))
    publish (user_data);
  else
    make_end (user_data, NULL, error);
}

static void
prepared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Make *make = g_task_get_task_data (task);
  VireoStorageCopy copy = { .limit = G_MAXINT64, .sparse = TRUE };
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    make_end (task, NULL, error);
  else if (!wants_raw (make) || (make->source_name != NULL && !is_same_format (make)))
    {
      if (make->job != NULL && make->source >= 0)
        make->tick_id = g_timeout_add (TICK_MSEC, tick, make);
      run_next (task);
    }
  else if (make->source_name == NULL || make->cloned)
    publish (task);
  else
    {
      copy.from = (VireoStorageEnd){ VIREO_STORAGE_END_AT, make->source, 0 };
      copy.to = (VireoStorageEnd){ VIREO_STORAGE_END_AT, make->file, 0 };
      vireo_storage_copy_async (&copy, make->job, g_task_get_cancellable (task), copied, task);
    }
}

static void
set_source (Make *make, VireoStorageVolumeObj *source)
{
  const VireoStorageVolumeDef *def = vireo_storage_volume_obj_get_def (source);

  make->source_folder = g_strdup (
      vireo_storage_pool_obj_get_target_path (vireo_storage_volume_obj_get_pool (source)));
  make->source_name = g_strdup (def->name);
  make->source_format = g_strdup (def->target->format);
  make->source_capacity = def->capacity;
}

void
vireo_dir_volume_make (VireoStorageKeeper *keeper,
                       VireoStorageVolumeObj *volume,
                       const VireoStorageVolumeDef *wanted,
                       VireoStorageVolumeObj *source,
                       VireoStorageVolumeFlags flags,
                       GTask *task)
{
  VireoStoragePoolObj *pool = vireo_storage_volume_obj_get_pool (volume);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (volume));
  Make *make = g_new0 (Make, 1);
  g_autoptr (GTask) inner = NULL;

  make->folder = make->file = make->source = -1;
  make->folder_path = g_strdup (vireo_storage_pool_obj_get_target_path (pool));
  make->wanted = vireo_storage_volume_def_copy (wanted);
  make->flags = flags;
  make->owner = vireo_obj_get_owner (VIREO_OBJ (volume));
  make->job = job != NULL ? g_object_ref (job) : NULL;
  if (source != NULL)
    set_source (make, source);
  g_task_set_task_data (task, make, make_end_with);
  inner = g_task_new (NULL, g_task_get_cancellable (task), prepared, task);
  g_task_set_check_cancellable (inner, FALSE);
  g_task_set_task_data (inner, make, NULL);
  vireo_alone_run (inner, make->owner, prepare_thread);
}
