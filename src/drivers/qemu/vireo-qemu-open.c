/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-open.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/common/vireo-domain-files.h"
#include "util/vireo-alone.h"
#include "util/vireo-credentials.h"
#include "vireo-qemu-log.h"
#include "vireo-qemu-monitor.h"
#include "vireo-qemu-nvram.h"
#include "vireo-qemu-volumes.h"

/* All that the thread needs, copied: the definition belongs to the main context. */
typedef struct
{
  char *name;
  GPtrArray *disks; /* of VireoQemuImageSpec, or NULL for an empty drive */
  GArray *optional; /* of gboolean, for each disk: one that is not there is an empty drive */
  VireoQemuImageSpec *loader;
  VireoQemuImageSpec *nvram;
  char *nvram_template;
  gboolean reset_nvram;
  char *kernel;
  char *initrd;
  char *dtb;
  guint owner;
  guint first_fdset; /* of one disk */
  VireoQemuIdentity identity;
  char *runtime_dir;
  char *monitor;
  char *log_dir;
  VireoStorageDriver *storage; /* (nullable): only while it is made, as the next */
  VireoDomainObj *domain;
} Plan;

static void
free_spec (gpointer spec)
{
  vireo_qemu_image_spec_free (spec);
}

/* @domain: (nullable): there is none, and nothing is opened */
static Plan *
plan_new (VireoStorageDriver *storage, VireoDomainObj *domain, guint owner)
{
  Plan *plan = g_new0 (Plan, 1);

  plan->disks = g_ptr_array_new_with_free_func (free_spec);
  plan->optional = g_array_new (FALSE, FALSE, sizeof (gboolean));
  plan->storage = storage;
  plan->domain = domain;
  plan->owner = owner;
  return plan;
}

static void
plan_free (gpointer data)
{
  Plan *plan = data;

  g_ptr_array_unref (plan->disks);
  g_array_unref (plan->optional);
  vireo_qemu_image_spec_free (plan->loader);
  vireo_qemu_image_spec_free (plan->nvram);
  g_free (plan->nvram_template);
  g_free (plan->name);
  g_free (plan->kernel);
  g_free (plan->initrd);
  g_free (plan->dtb);
  g_free (plan->runtime_dir);
  g_free (plan->monitor);
  g_free (plan->log_dir);
  g_free (plan);
}

void
vireo_qemu_opened_free (VireoQemuOpened *opened)
{
  if (opened == NULL)
    return;
  vireo_qemu_resources_free (opened->resources);
  if (opened->log_fd >= 0)
    close (opened->log_fd);
  g_free (opened->log_path);
  g_free (opened);
}

/* ---- from the definition, on the main context ---- */

static const char *
source_path (VireoDiskType type, const VireoDiskSourceDef *source)
{
  if (source == NULL)
    return NULL;
  return type == VIREO_DISK_TYPE_BLOCK ? source->dev : source->file;
}

static GPtrArray *
plan_lower (const VireoBackingStoreDef *store)
{
  GPtrArray *lower = g_ptr_array_new_with_free_func (free_spec);

  for (; store != NULL; store = store->backing_store)
    {
      const char *path = source_path (store->type, store->source);

      if (path != NULL)
        g_ptr_array_add (
            lower,
            vireo_qemu_image_spec_new (
                path,
                store->format != NULL ? vireo_disk_format_to_string (store->format->type) : NULL,
                TRUE));
    }
  return lower;
}

/* Without @error and a path there is no source. */
static char *
find_path (const Plan *plan, const VireoDiskDef *disk, GError **error)
{
  if (disk->type == VIREO_DISK_TYPE_VOLUME && disk->source != NULL)
    return vireo_qemu_volume_find (plan->storage, disk->source, plan->owner, error);
  if (disk->type > VIREO_DISK_TYPE_BLOCK)
    return NULL;
  return g_strdup (source_path (disk->type, disk->source));
}

static gboolean
plan_disk (Plan *plan, const VireoDiskDef *disk, GError **error)
{
  gboolean removable
      = disk->device == VIREO_DISK_DEVICE_CDROM || disk->device == VIREO_DISK_DEVICE_FLOPPY;
  gboolean optional = disk->source != NULL && removable
                      && disk->source->startup_policy == VIREO_STARTUP_POLICY_OPTIONAL;
  VireoDiskFormat format = disk->driver != NULL ? disk->driver->type : VIREO_DISK_FORMAT_UNSET;
  g_autoptr (GError) cause = NULL;
  g_autofree char *path = find_path (plan, disk, &cause);
  VireoQemuImageSpec *spec;

  g_array_append_val (plan->optional, optional);
  if (path == NULL
      && ((removable && cause == NULL)
          || (optional && g_error_matches (cause, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE))))
    {
      g_ptr_array_add (plan->disks, NULL);
      return TRUE;
    }
  if (cause != NULL)
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&cause), "the disk '%s': ",
                                  disk->target->dev);
      return FALSE;
    }
  if (path == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "the disk '%s' has no source that is a file, a block device or a volume",
                   disk->target->dev);
      return FALSE;
    }
  spec = vireo_qemu_image_spec_new (path, vireo_disk_format_to_string (format),
                                    disk->readonly || disk->device == VIREO_DISK_DEVICE_CDROM);
  if (disk->backing_store != NULL)
    spec->lower = plan_lower (disk->backing_store);
  g_ptr_array_add (plan->disks, spec);
  if (plan->domain == NULL)
    return TRUE;
  spec->fd = vireo_domain_files_open (plan->domain, disk, spec->read_only, &cause);
  if (cause != NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  return spec->fd >= 0 || disk->source->fdgroup == NULL;
}

static void
plan_firmware (Plan *plan, const VireoOsDef *os)
{
  if (os->loader != NULL && os->loader->path != NULL)
    plan->loader = vireo_qemu_image_spec_new (os->loader->path,
                                              vireo_disk_format_to_string (os->loader->format),
                                              os->loader->readonly != VIREO_TRISTATE_NO);
  if (os->nvram != NULL && os->nvram->path != NULL)
    {
      plan->nvram = vireo_qemu_image_spec_new (
          os->nvram->path, vireo_disk_format_to_string (os->nvram->format), FALSE);
      plan->nvram_template = g_strdup (os->nvram->template);
    }
  plan->kernel = g_strdup (os->kernel);
  plan->initrd = g_strdup (os->initrd);
  plan->dtb = g_strdup (os->dtb);
}

static gboolean
plan_fill (Plan *plan, const VireoDomainDef *def, GError **error)
{
  plan->name = g_strdup (def->name);
  if (def->os != NULL)
    plan_firmware (plan, def->os);
  for (guint i = 0; i < def->n_disks; i++)
    if (!plan_disk (plan, def->disks[i], error))
      return FALSE;
  return TRUE;
}

/* ---- in the thread ---- */

static gboolean
open_disks (const Plan *plan, VireoQemuResources *resources, guint *next_fdset, GError **error)
{
  for (guint i = 0; i < plan->disks->len; i++)
    {
      const VireoQemuImageSpec *spec = plan->disks->pdata[i];
      g_autoptr (GError) cause = NULL;
      GPtrArray *chain = spec != NULL ? vireo_qemu_images_open (spec, next_fdset, &cause) : NULL;

      if (cause != NULL
          && !(g_array_index (plan->optional, gboolean, i)
               && g_error_matches (cause, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE)))
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
      g_ptr_array_add (resources->disks, chain);
    }
  return TRUE;
}

static VireoQemuImage *
open_flash (const VireoQemuImageSpec *spec, guint *next_fdset, GError **error)
{
  g_autoptr (GPtrArray) chain = vireo_qemu_images_open (spec, next_fdset, error);

  if (chain == NULL)
    return NULL;
  if (chain->len != 1)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "%s: firmware with a backing image is not supported", spec->path);
      return NULL;
    }
  return g_ptr_array_steal_index (chain, 0);
}

/* With the firmware's variables that the guest begins with, if it has any of its own. */
static gboolean
make_nvram (const Plan *plan, GError **error)
{
  if (plan->nvram_template != NULL)
    return vireo_qemu_nvram_make (plan->nvram->path, plan->nvram_template, plan->reset_nvram,
                                  error);
  if (plan->reset_nvram)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                 "the definition names no template that %s could be made of again",
                 plan->nvram->path);
  return !plan->reset_nvram;
}

static gboolean
open_firmware (const Plan *plan, VireoQemuResources *resources, guint *next_fdset, GError **error)
{
  const struct
  {
    const char *path;
    VireoQemuFile **file;
  } files[] = {
    { plan->kernel, &resources->kernel },
    { plan->initrd, &resources->initrd },
    { plan->dtb, &resources->dtb },
  };

  if (plan->loader != NULL
      && (resources->loader = open_flash (plan->loader, next_fdset, error)) == NULL)
    return FALSE;
  if (plan->nvram != NULL
      && (!make_nvram (plan, error)
          || (resources->nvram = open_flash (plan->nvram, next_fdset, error)) == NULL))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    if (files[i].path != NULL
        && (*files[i].file = vireo_qemu_file_open (files[i].path, plan->identity.change, error))
               == NULL)
      return FALSE;
  return TRUE;
}

/* The folder is the guest's user's: the emulator makes its sockets in it. */
static gboolean
make_runtime (const Plan *plan, VireoQemuResources *resources, GError **error)
{
  if (mkdir (plan->runtime_dir, 0700) != 0 && errno != EEXIST)
    {
      vireo_error_set_errno (error, errno, "cannot make the folder %s", plan->runtime_dir);
      return FALSE;
    }
  if (plan->identity.change
      && lchown (plan->runtime_dir, plan->identity.uid, plan->identity.gid) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot give the folder %s away", plan->runtime_dir);
      return FALSE;
    }
  resources->runtime_dir = g_strdup (plan->runtime_dir);
  resources->monitor_fd = vireo_qemu_monitor_listen (plan->monitor, error);
  return resources->monitor_fd >= 0;
}

/* What the definition names is opened as its owner would: that it is the daemon who opens it gives
 * nobody a file that is not theirs. */
static gboolean
open_named (const Plan *plan, VireoQemuResources *resources, guint *next_fdset, GError **error)
{
  g_autoptr (VireoCredentials) owner = vireo_credentials_new (plan->owner, error);
  gboolean opened;

  if (owner == NULL || !vireo_credentials_assume (owner, error))
    return FALSE;
  opened = open_disks (plan, resources, next_fdset, error)
           && open_firmware (plan, resources, next_fdset, error);
  vireo_credentials_restore (owner);
  return opened;
}

static void
open_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Plan *plan = task_data;
  g_autoptr (VireoQemuOpened) opened = g_new0 (VireoQemuOpened, 1);
  GError *error = NULL;
  struct stat status;

  opened->resources = vireo_qemu_resources_new ();
  opened->next_fdset = 1;
  opened->log_fd = -1;
  if (!open_named (plan, opened->resources, &opened->next_fdset, &error)
      || !make_runtime (plan, opened->resources, &error)
      || (opened->log_fd
          = vireo_qemu_log_open (plan->log_dir, plan->name, &opened->log_path, &error))
             < 0)
    {
      g_task_return_error (task, error);
      return;
    }
  opened->log_start = fstat (opened->log_fd, &status) == 0 ? status.st_size : 0;
  g_task_return_pointer (task, g_steal_pointer (&opened), (GDestroyNotify) vireo_qemu_opened_free);
}

static void
free_opened (gpointer opened)
{
  vireo_qemu_opened_free (opened);
}

void
vireo_qemu_open_async (const VireoDomainDef *def,
                       VireoStorageDriver *storage,
                       VireoDomainObj *domain,
                       const VireoQemuIdentity *identity,
                       const char *runtime_dir,
                       const char *monitor,
                       const char *log_dir,
                       gboolean reset_nvram,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Plan *plan = plan_new (storage, domain, vireo_obj_get_owner (VIREO_OBJ (domain)));
  GError *error = NULL;

  g_task_set_source_tag (task, vireo_qemu_open_async);
  plan->identity = *identity;
  plan->runtime_dir = g_strdup (runtime_dir);
  plan->monitor = g_strdup (monitor);
  plan->log_dir = g_strdup (log_dir);
  plan->reset_nvram = reset_nvram;
  if (plan_fill (plan, def, &error))
    {
      vireo_alone_run_pointer (task, plan->owner, open_thread, plan, plan_free, free_opened);
      return;
    }
  plan_free (plan);
  g_task_return_error (task, error);
}

VireoQemuOpened *
vireo_qemu_open_finish (GAsyncResult *result, GError **error)
{
  VireoQemuOpened *opened = g_task_propagate_pointer (G_TASK (result), error);

  return opened;
}

/* ---- one disk ---- */

static void
free_chain (gpointer chain)
{
  if (chain != NULL)
    g_ptr_array_unref (chain);
}

static void
open_disk_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Plan *plan = task_data;
  g_autoptr (VireoQemuResources) resources = vireo_qemu_resources_new ();
  guint next_fdset = plan->first_fdset;
  GError *error = NULL;

  if (open_named (plan, resources, &next_fdset, &error))
    g_task_return_pointer (task, g_ptr_array_steal_index (resources->disks, 0), free_chain);
  else
    g_task_return_error (task, error);
}

void
vireo_qemu_open_disk_async (const VireoDiskDef *disk,
                            VireoStorageDriver *storage,
                            VireoDomainObj *domain,
                            guint first_fdset,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Plan *plan = plan_new (storage, domain, vireo_obj_get_owner (VIREO_OBJ (domain)));
  GError *error = NULL;

  g_task_set_source_tag (task, vireo_qemu_open_disk_async);
  plan->first_fdset = first_fdset;
  if (plan_disk (plan, disk, &error))
    {
      vireo_alone_run_pointer (task, plan->owner, open_disk_thread, plan, plan_free, free_chain);
      return;
    }
  plan_free (plan);
  g_task_return_error (task, error);
}

gboolean
vireo_qemu_open_disk_finish (GAsyncResult *result, GPtrArray **ret_chain, GError **error)
{
  g_autoptr (GError) cause = NULL;
  GPtrArray *chain = g_task_propagate_pointer (G_TASK (result), &cause);

  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  *ret_chain = chain;
  return TRUE;
}

/* ---- only the names ---- */

static VireoQemuImage *
name_image (const VireoQemuImageSpec *spec, guint *next_fdset)
{
  VireoQemuImage *image = g_new0 (VireoQemuImage, 1);

  image->path = g_strdup (spec->path);
  image->format = g_strdup (spec->format);
  image->fd = -1;
  image->fdset = (*next_fdset)++;
  image->read_only = spec->read_only;
  return image;
}

static GPtrArray *
name_layers (const VireoQemuImageSpec *spec, guint *next_fdset)
{
  GPtrArray *chain
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_qemu_image_free);

  g_ptr_array_add (chain, name_image (spec, next_fdset));
  for (guint i = 0; spec->lower != NULL && i < spec->lower->len; i++)
    g_ptr_array_add (chain, name_image (spec->lower->pdata[i], next_fdset));
  return chain;
}

static VireoQemuFile *
name_file (const char *path)
{
  VireoQemuFile *file = path != NULL ? g_new0 (VireoQemuFile, 1) : NULL;

  if (file == NULL)
    return NULL;
  file->path = g_strdup (path);
  file->fd = -1;
  return file;
}

VireoQemuResources *
vireo_qemu_open_names (const VireoDomainDef *def,
                       VireoStorageDriver *storage,
                       guint owner,
                       const char *runtime_dir,
                       GError **error)
{
  g_autoptr (VireoQemuResources) resources = vireo_qemu_resources_new ();
  Plan *plan = plan_new (storage, NULL, owner);
  gboolean success = plan_fill (plan, def, error);
  guint next_fdset = 1;

  for (guint i = 0; success && i < plan->disks->len; i++)
    g_ptr_array_add (resources->disks, plan->disks->pdata[i] != NULL
                                           ? name_layers (plan->disks->pdata[i], &next_fdset)
                                           : NULL);
  if (plan->loader != NULL)
    resources->loader = name_image (plan->loader, &next_fdset);
  if (plan->nvram != NULL)
    resources->nvram = name_image (plan->nvram, &next_fdset);
  resources->kernel = name_file (plan->kernel);
  resources->initrd = name_file (plan->initrd);
  resources->dtb = name_file (plan->dtb);
  resources->runtime_dir = g_strdup (runtime_dir);
  plan_free (plan);
  return success ? g_steal_pointer (&resources) : NULL;
}

/* ---- afterwards ---- */

static VireoBackingStoreDef *
describe_layers (const GPtrArray *chain, guint from)
{
  VireoBackingStoreDef *store = vireo_backing_store_def_new ();
  const VireoQemuImage *image;

  /* An element without a source says that nothing is below. */
  if (from >= chain->len)
    return store;
  image = chain->pdata[from];
  store->source = vireo_disk_source_def_new ();
  store->format = vireo_storage_format_def_new ();
  store->format->type = vireo_disk_format_from_string (image->format);
  if (image->device == 0)
    {
      store->type = VIREO_DISK_TYPE_BLOCK;
      store->source->dev = g_strdup (image->path);
    }
  else
    {
      store->type = VIREO_DISK_TYPE_FILE;
      store->source->file = g_strdup (image->path);
    }
  store->backing_store = describe_layers (chain, from + 1);
  return store;
}

void
vireo_qemu_open_describe_disk (VireoDiskDef *disk, const GPtrArray *chain)
{
  if (chain == NULL)
    g_clear_pointer (&disk->source, vireo_disk_source_def_free);
  else if (disk->backing_store == NULL)
    disk->backing_store = describe_layers (chain, 1);
}

void
vireo_qemu_open_describe (VireoDomainDef *def, const VireoQemuResources *resources)
{
  for (guint i = 0; i < def->n_disks && i < resources->disks->len; i++)
    vireo_qemu_open_describe_disk (def->disks[i], resources->disks->pdata[i]);
}
