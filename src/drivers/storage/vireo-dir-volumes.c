/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done with volumes that are there, and what may be made. */

#include "vireo-dir-volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "drivers/common/vireo-qemu-img.h"
#include "util/vireo-alone.h"
#include "util/vireo-task.h"

/* ---- what may be made ---- */

static gboolean
refuse (GError **error, VireoError code, const char *message)
{
  g_set_error_literal (error, VIREO_ERROR, code, message);
  return FALSE;
}

static gboolean
check_backing (const VireoStorageVolumeDef *wanted, gboolean is_copy, GError **error)
{
  const VireoVolumeBackingStoreDef *backing = wanted->backing_store;

  if (backing == NULL || backing->path == NULL)
    return TRUE;
  if (!g_str_equal (wanted->target->format, "qcow2") || is_copy)
    return refuse (error, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "/volume/backingStore only a new qcow2 image has another one below it");
  if (backing->format == NULL || !g_strv_contains (vireo_dir_formats, backing->format))
    return refuse (error, VIREO_ERROR_XML_INVALID,
                   "/volume/backingStore/format the image below is raw or qcow2, and which it is "
                   "is not guessed");
  if (wanted->capacity == 0)
    return refuse (error, VIREO_ERROR_XML_INVALID, "/volume/capacity the volume has no size");
  return TRUE;
}

static gboolean
check_target (const VireoStorageVolumeDef *wanted, GError **error)
{
  const VireoVolumeTargetDef *target = wanted->target;

  if (wanted->type != VIREO_VOLUME_TYPE_UNSET && wanted->type != VIREO_VOLUME_TYPE_FILE)
    return refuse (error, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "/volume/@type volumes of a folder are files");
  if (!g_strv_contains (vireo_dir_formats, target->format))
    return refuse (error, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "/volume/target/format/@type volumes are raw or qcow2 here");
  if (target->encryption != NULL)
    return refuse (error, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "/volume/target/encryption volumes are not encrypted here");
  if (target->compat != NULL && !g_str_equal (target->compat, "1.1")
      && !g_str_equal (target->compat, "0.10"))
    return refuse (error, VIREO_ERROR_XML_INVALID, "/volume/target/compat it is 0.10 or 1.1");
  return TRUE;
}

static gboolean
complete (VireoStorageKeeper *keeper,
          VireoStoragePoolObj *pool,
          VireoStorageVolumeDef *wanted,
          VireoStorageVolumeObj *source,
          VireoStorageVolumeFlags flags,
          GError **error)
{
  VireoVolumeTargetDef *target;

  if (wanted->target == NULL)
    wanted->target = vireo_volume_target_def_new ();
  target = wanted->target;
  if (target->format == NULL)
    target->format = g_strdup ("raw");
  if (!check_target (wanted, error) || !check_backing (wanted, source != NULL, error))
    return FALSE;
  g_free (target->path);
  g_free (wanted->key);
  target->path
      = g_build_filename (vireo_storage_pool_obj_get_target_path (pool), wanted->name, NULL);
  wanted->key = g_strdup (target->path);
  wanted->type = VIREO_VOLUME_TYPE_FILE;
  wanted->allocation = MIN (wanted->allocation, wanted->capacity);
  return TRUE;
}

/* ---- work on one that is there ---- */

typedef struct
{
  char *folder_path;
  char *name;
  char *format; /* (nullable) */
  guint64 capacity;
  VireoStorageVolumeFlags flags;
  gboolean write;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_free (work->folder_path);
  g_free (work->name);
  g_free (work->format);
  g_free (work);
}

/* Runs @func in a thread, for @task (transfer full). */
static Work *
work_new (VireoStorageVolumeObj *volume, GTask *task)
{
  const VireoStorageVolumeDef *def = vireo_storage_volume_obj_get_def (volume);
  VireoStoragePoolObj *pool = vireo_storage_volume_obj_get_pool (volume);
  Work *work = g_new0 (Work, 1);

  work->folder_path = g_strdup (vireo_storage_pool_obj_get_target_path (pool));
  work->name = g_strdup (def->name);
  work->format = g_strdup (def->target->format);
  g_task_set_task_data (task, work, work_free);
  return work;
}

static int
open_work (const Work *work, gboolean write, GError **error)
{
  int folder = vireo_dir_folder_open (work->folder_path, error);
  int fd;

  if (folder < 0)
    return -1;
  fd = vireo_dir_file_open (folder, work->name, write, error);
  close (folder);
  return fd;
}

static void
open_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  GError *error = NULL;
  int fd = open_work (work, work->write, &error);

  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, error);
}

static void
open_volume (VireoStorageKeeper *keeper, VireoStorageVolumeObj *volume, gboolean write, GTask *task)
{
  work_new (volume, task)->write = write;
  vireo_alone_run (task, vireo_obj_get_owner (VIREO_OBJ (volume)), open_thread);
  g_object_unref (task);
}

static void
probe_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  VireoStorageVolumeDef *def = NULL;
  GError *error = NULL;
  int fd = open_work (work, FALSE, &error);

  if (fd >= 0)
    {
      def = vireo_dir_file_describe (fd, work->folder_path, work->name, work->format, &error);
      close (fd);
    }
  if (def != NULL)
    g_task_return_pointer (task, def, (GDestroyNotify) vireo_storage_volume_def_free);
  else
    g_task_return_error (task, error);
}

static void
probe (VireoStorageKeeper *keeper, VireoStorageVolumeObj *volume, const char *format, GTask *task)
{
  Work *work = work_new (volume, task);

  g_free (work->format);
  work->format = g_strdup (format);
  vireo_alone_run (task, vireo_obj_get_owner (VIREO_OBJ (volume)), probe_thread);
  g_object_unref (task);
}

static void
unmake_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  GError *error = NULL;
  int folder = vireo_dir_folder_open (work->folder_path, &error);
  gboolean ok = folder >= 0 && vireo_dir_remove (folder, work->name, &error);

  if (folder >= 0)
    close (folder);
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
unmake (VireoStorageKeeper *keeper,
        VireoStorageVolumeObj *volume,
        VireoStorageVolumeFlags flags,
        GTask *task)
{
  work_new (volume, task);
  vireo_alone_run (task, vireo_obj_get_owner (VIREO_OBJ (volume)), unmake_thread);
  g_object_unref (task);
}

/* ---- resize ---- */

static gboolean
resize_raw (const Work *work, int fd, GCancellable *cancellable, GError **error)
{
  off_t before = lseek (fd, 0, SEEK_END);

  if ((work->flags & VIREO_STORAGE_VOLUME_ALLOCATE) != 0 && before >= 0
      && !vireo_dir_allocate (fd, (guint64) before, work->capacity, work->name, cancellable, error))
    return FALSE;
  if (before < 0 || ftruncate (fd, (off_t) work->capacity) < 0 || fsync (fd) < 0)
    {
      vireo_error_set_errno (error, errno, "%s", work->name);
      return FALSE;
    }
  return TRUE;
}

/* Returns a file descriptor for what is left to do, or -1. */
static int
begin_resize (const Work *work, GCancellable *cancellable, GError **error)
{
  int folder = vireo_dir_folder_open (work->folder_path, error);
  int fd = folder >= 0 ? vireo_dir_file_open (folder, work->name, TRUE, error) : -1;
  gboolean raw = g_str_equal (work->format, "raw");
  gboolean ok
      = fd >= 0
        && (raw ? resize_raw (work, fd, cancellable, error)
                : vireo_dir_file_check_chain (folder, work->folder_path, work->name, error));

  if (folder >= 0)
    close (folder);
  if (fd >= 0 && (raw || !ok))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

static void
resize_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  int fd = begin_resize (data, cancellable, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

static void
image_resized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_qemu_img_run_finish (result, &error);

  vireo_task_end (user_data, success, error);
}

static void
resize_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  const Work *work = g_task_get_task_data (G_TASK (result));
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, work->capacity);
  const char *args[9] = { "resize", "-q", "-f", work->format };
  guint n = 4;
  GError *error = NULL;
  int fd = (int) g_task_propagate_int (G_TASK (result), &error);

  if (error != NULL || fd < 0)
    {
      if (error != NULL)
        g_task_return_error (task, error);
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if ((work->flags & VIREO_STORAGE_VOLUME_ALLOCATE) != 0)
    args[n++] = "--preallocation=falloc";
  if ((work->flags & VIREO_STORAGE_VOLUME_SHRINK) != 0)
    args[n++] = "--shrink";
  args[n++] = VIREO_QEMU_IMG_FILE_0;
  args[n++] = size;
  args[n] = NULL;
  vireo_qemu_img_run_async (args, &fd, 1, NULL, image_resized, task);
}

static void
resize (VireoStorageKeeper *keeper,
        VireoStorageVolumeObj *volume,
        guint64 capacity,
        VireoStorageVolumeFlags flags,
        GTask *task)
{
  g_autoptr (GTask) inner = g_task_new (NULL, g_task_get_cancellable (task), resize_begun, task);
  Work *work = work_new (volume, inner);

  g_task_set_check_cancellable (inner, FALSE);
  work->capacity = capacity;
  work->flags = flags;
  vireo_alone_run (inner, vireo_obj_get_owner (VIREO_OBJ (volume)), resize_thread);
}

void
_vireo_dir_storage_init_volumes (VireoStorageKeeperClass *klass)
{
  klass->complete = complete;
  klass->make = vireo_dir_volume_make;
  klass->unmake = unmake;
  klass->resize = resize;
  klass->open = open_volume;
  klass->probe = probe;
}
