/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large a disk is: of a guest that runs its emulator says so, of another the image's header.
 * And how large it is to be. */
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "drivers/common/vireo-qcow2.h"
#include "util/vireo-alone.h"
#include "vireo-qemu-commands.h"
#include "vireo-qemu-open.h"
#include "vireo-qemu-stats.h"

typedef struct
{
  guint64 capacity;
  guint64 allocation;
  guint64 physical;
} Info;

static void
return_info (GTask *task, const Info *info)
{
  g_task_return_pointer (
      task,
      g_variant_ref_sink (
          g_variant_new ("(ttt)", info->capacity, info->allocation, info->physical)),
      (GDestroyNotify) g_variant_unref);
}

static const VireoDiskDef *
find_disk (const VireoDomainDef *def, const char *name, guint *ret_index, GError **error)
{
  for (guint i = 0; def != NULL && i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];
      const VireoDiskSourceDef *source = disk->source;

      if (g_strcmp0 (disk->target->dev, name) != 0
          && (source == NULL
              || (g_strcmp0 (source->file, name) != 0 && g_strcmp0 (source->dev, name) != 0)))
        continue;
      if (source == NULL)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the drive %s is empty",
                       disk->target->dev);
          return NULL;
        }
      *ret_index = i;
      return disk;
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no disk \"%.100s\"",
               name);
  return NULL;
}

/* ---- one that runs ---- */

static guint64
get_figure (GVariant *stats, const char *disk, const char *key)
{
  g_autofree char *name = g_strdup_printf ("block.%s.%s", disk, key);
  guint64 value = 0;

  g_variant_lookup (stats, name, "t", &value);
  return value;
}

static void
on_stats (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) reply = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autoptr (GVariant) stats = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
  const char *disk = g_task_get_task_data (task);
  Info info = { 0 };

  if (stats != NULL)
    info = (Info){ get_figure (stats, disk, "capacity"), get_figure (stats, disk, "allocation"),
                   get_figure (stats, disk, "physical") };
  if (info.capacity > 0 || info.physical > 0)
    return_info (task, &info);
  else
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                             "the emulator does not say how large the disk is");
}

static void
ask_emulator (VireoDomainDriver *driver, VireoDomainObj *obj, guint disk, GTask *task)
{
  static const char *const groups[] = { "block", NULL };
  g_autoptr (GVariant) args = g_variant_ref_sink (
      g_variant_new ("(^as@a{sv})", groups, g_variant_new ("a{sv}", NULL)));

  g_task_set_task_data (task, g_strdup_printf ("%u", disk), g_free);
  vireo_qemu_get_stats (driver, obj, args,
                        g_task_new (NULL, g_task_get_cancellable (task), on_stats, task));
}

/* ---- one that does not ---- */

static void
read_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const VireoQemuImage *image = g_ptr_array_index ((GPtrArray *) task_data, 0);
  /* What looks like an image in a raw one, a guest may have written. */
  gboolean is_qcow2 = g_strcmp0 (image->format, "qcow2") == 0;
  g_auto (VireoQcow2) header = { FALSE };
  GError *error = NULL;
  struct stat status;
  Info info;

  if (fstat (image->fd, &status) != 0
      || (is_qcow2 && !vireo_qcow2_read (image->fd, image->path, &header, &error)))
    {
      if (error == NULL)
        vireo_error_set_errno (&error, errno, "cannot examine %s", image->path);
      g_task_return_error (task, error);
      return;
    }
  info.physical = (guint64) status.st_size;
  info.allocation = (guint64) status.st_blocks * 512;
  if (S_ISBLK (status.st_mode) && ioctl (image->fd, BLKGETSIZE64, &info.physical) == 0)
    info.allocation = info.physical;
  info.capacity = header.is_qcow2 ? header.capacity : info.physical;
  return_info (task, &info);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  guint owner = GPOINTER_TO_UINT (g_task_get_task_data (task));
  GPtrArray *chain = NULL;
  GError *error = NULL;

  if (!vireo_qemu_open_disk_finish (result, &chain, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (chain == NULL)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                               "the medium is not there");
      return;
    }
  g_task_set_task_data (task, chain, (GDestroyNotify) g_ptr_array_unref);
  vireo_alone_run (task, owner, read_thread);
}

/* With the owner's rights, and only to read. */
static void
read_image (VireoDomainDriver *driver,
            VireoDomainObj *obj,
            const VireoDiskDef *disk,
            GTask *task)
{
  g_autoptr (VireoDiskDef) copy = vireo_disk_def_copy (disk);

  copy->readonly = TRUE;
  g_task_set_source_tag (task, read_image);
  g_task_set_task_data (task, GUINT_TO_POINTER (vireo_obj_get_owner (VIREO_OBJ (obj))), NULL);
  vireo_qemu_open_disk_async (copy, VIREO_QEMU_DOMAINS (driver)->storage, obj, 1,
                              g_task_get_cancellable (task), on_opened, task);
}

void
vireo_qemu_get_block_info (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                           GTask *task)
{
  const VireoDiskDef *disk;
  GError *error = NULL;
  const char *name;
  guint index = 0;

  g_variant_get_child (args, 0, "&s", &name);
  disk = find_disk (vireo_domain_obj_get_def (obj), name, &index, &error);
  if (disk == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
  else if (vireo_domain_obj_get_live_def (obj) != NULL)
    ask_emulator (driver, obj, index, task);
  else
    read_image (driver, obj, disk, task);
}

/* ---- another size ---- */

static void
on_resized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (vireo_qemu_commands_run_finish (result, &error))
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_tuple (NULL, 0)),
                           (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

static gboolean
check_resize (VireoQemuDomain *self, const VireoDiskDef *disk, GVariant *args, GError **error)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 2);
  gboolean whole = FALSE;
  guint64 size;

  g_variant_get_child (args, 1, "t", &size);
  g_variant_lookup (options, "capacity", "b", &whole);
  if (disk->readonly || disk->device == VIREO_DISK_DEVICE_CDROM)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the disk %s is read-only",
                 disk->target->dev);
  else if (whole)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                 "this driver does not look how large the device under the disk %s is: say a size",
                 disk->target->dev);
  else if (size == 0 || size % 512 != 0 || size > G_MAXINT64)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "%" G_GUINT64_FORMAT " bytes are no size of a disk: it has sectors of 512", size);
  else
    return vireo_qemu_domain_check_monitor (self, error);
  return FALSE;
}

static GPtrArray *
make_resize (VireoQemuDomain *self, const VireoDiskDef *disk, guint64 size, GError **error)
{
  g_autoptr (GArray) fdsets = vireo_qemu_status_get_fdsets (self->status, disk->alias);
  g_autofree char *node = NULL;
  JsonObject *arguments;
  GPtrArray *steps;

  if (fdsets->len == 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the drive %s is empty",
                   disk->target->dev);
      return NULL;
    }
  node = vireo_qemu_image_node (g_array_index (fdsets, guint, 0));
  arguments = json_object_new ();
  json_object_set_string_member (arguments, "node-name", node);
  json_object_set_int_member (arguments, "size", (gint64) size);
  steps = vireo_qemu_qmp_steps_new ();
  g_ptr_array_add (steps, vireo_qemu_qmp_step_new ("block_resize", arguments, -1));
  return steps;
}

void
vireo_qemu_block_resize (VireoDomainDriver *driver,
                         VireoDomainObj *obj,
                         GVariant *args,
                         GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  const VireoDiskDef *disk = NULL;
  GPtrArray *steps = NULL;
  GError *error = NULL;
  const char *name;
  guint index = 0;
  guint64 size;

  g_variant_get_child (args, 0, "&s", &name);
  g_variant_get_child (args, 1, "t", &size);
  if (vireo_qemu_domain_check_active (self, &error))
    disk = find_disk (vireo_domain_obj_get_live_def (obj), name, &index, &error);
  if (disk != NULL && check_resize (self, disk, args, &error))
    steps = make_resize (self, disk, size, &error);
  if (steps == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_qemu_commands_run_async (self->qmp, steps, g_task_get_cancellable (task), on_resized,
                                 task);
}
