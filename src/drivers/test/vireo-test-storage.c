/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-storage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/vireo-xml.h"
#include "drivers/common/vireo-storage-caps.h"
#include "drivers/common/vireo-storage-copy.h"
#include "util/vireo-error.h"
#include "util/vireo-task.h"

#define POOL_CAPACITY (G_GUINT64_CONSTANT (100) << 30)

/* A file of a folder. What is written to it is in memory; formats are but names here, so that a
 * file has the bytes that a guest would see. */
typedef struct
{
  int fd;
  VireoStorageVolumeDef *def;
  guint64 reserved; /* set aside when it was made */
} File;

struct _VireoTestStorage
{
  VireoStorageKeeper parent_instance;
  GHashTable *folders; /* where a pool is -> (name -> File), which outlives the pool */
};

static void storage_driver_init (VireoStorageDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoTestStorage,
                               vireo_test_storage,
                               VIREO_TYPE_STORAGE_KEEPER,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_STORAGE_DRIVER,
                                                      storage_driver_init))

static void
file_free (gpointer data)
{
  File *file = data;

  close (file->fd);
  vireo_storage_volume_def_free (file->def);
  g_free (file);
}

/* Two pools with nothing else to tell them apart are not in one place. */
static char *
place_of (VireoStoragePoolObj *pool)
{
  const char *path = vireo_storage_pool_obj_get_target_path (pool);

  return g_strdup (path != NULL ? path : vireo_obj_get_uuid (VIREO_OBJ (pool)));
}

static GHashTable *
find_folder (VireoTestStorage *self, VireoStoragePoolObj *pool)
{
  g_autofree char *place = place_of (pool);

  return g_hash_table_lookup (self->folders, place);
}

static GHashTable *
ensure_folder (VireoTestStorage *self, VireoStoragePoolObj *pool)
{
  GHashTable *folder = find_folder (self, pool);

  if (folder != NULL)
    return folder;
  folder = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_free);
  g_hash_table_insert (self->folders, place_of (pool), folder);
  return folder;
}

static File *
find_file (VireoTestStorage *self, VireoStorageVolumeObj *volume)
{
  VireoStoragePoolObj *pool = vireo_storage_volume_obj_get_pool (volume);

  return pool != NULL ? g_hash_table_lookup (ensure_folder (self, pool),
                                             vireo_obj_get_name (VIREO_OBJ (volume)))
                      : NULL;
}

/* ---- sizes ---- */

/* What a file is now. */
static VireoStorageVolumeDef *
describe (const File *file)
{
  VireoStorageVolumeDef *def = vireo_storage_volume_def_copy (file->def);
  struct stat status;

  if (fstat (file->fd, &status) == 0)
    {
      def->capacity = def->physical = (guint64) status.st_size;
      def->allocation = MAX (file->reserved, (guint64) status.st_blocks * 512);
    }
  def->has_capacity = def->has_physical = def->has_allocation = TRUE;
  return def;
}

static guint64
sum_allocations (GHashTable *folder)
{
  GHashTableIter iter;
  guint64 sum = 0;
  File *file;

  g_hash_table_iter_init (&iter, folder);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &file))
    {
      g_autoptr (VireoStorageVolumeDef) def = describe (file);

      sum += def->allocation;
    }
  return MIN (sum, POOL_CAPACITY);
}

static void
changed (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool)
{
  guint64 taken = sum_allocations (ensure_folder (VIREO_TEST_STORAGE (keeper), pool));

  vireo_storage_pool_obj_set_space (pool, POOL_CAPACITY, taken, POOL_CAPACITY - taken);
}

static gboolean
check_room (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool, guint64 bytes, GError **error)
{
  guint64 taken = sum_allocations (ensure_folder (VIREO_TEST_STORAGE (keeper), pool));

  if (bytes <= POOL_CAPACITY - taken)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NO_SPACE,
               "storage-pool \"%s\" has room for %" G_GUINT64_FORMAT
               " bytes, not for %" G_GUINT64_FORMAT,
               vireo_obj_get_name (VIREO_OBJ (pool)), POOL_CAPACITY - taken, bytes);
  return FALSE;
}

/* ---- pools ---- */

static void
build (VireoStorageKeeper *keeper,
       VireoStoragePoolObj *pool,
       VireoStorageBuildFlags flags,
       GTask *task)
{
  GHashTable *folder = ensure_folder (VIREO_TEST_STORAGE (keeper), pool);
  GError *error = NULL;

  if ((flags & (VIREO_STORAGE_BUILD_REPAIR | VIREO_STORAGE_BUILD_RESIZE)) != 0)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                 "a pool that is in memory does not break, and has room for all: there is nothing "
                 "for the option `%s` to do",
                 (flags & VIREO_STORAGE_BUILD_REPAIR) != 0 ? "repair" : "resize");
  else if ((flags & VIREO_STORAGE_BUILD_OVERWRITE) != 0)
    g_hash_table_remove_all (folder);
  else if ((flags & VIREO_STORAGE_BUILD_NO_OVERWRITE) != 0 && g_hash_table_size (folder) > 0)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "storage-pool \"%s\" has volumes already", vireo_obj_get_name (VIREO_OBJ (pool)));
  vireo_task_end (task, error == NULL, error);
}

static void
unbuild (VireoStorageKeeper *keeper,
         VireoStoragePoolObj *pool,
         VireoStorageVolumeFlags flags,
         GTask *task)
{
  VireoTestStorage *self = VIREO_TEST_STORAGE (keeper);
  GHashTable *folder = find_folder (self, pool);
  g_autofree char *place = place_of (pool);
  GError *error = NULL;

  if (folder != NULL && g_hash_table_size (folder) > 0)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_IO, "%s: %s", place, g_strerror (ENOTEMPTY));
  else
    g_hash_table_remove (self->folders, place);
  vireo_task_end (task, error == NULL, error);
}

static void
scan (VireoStorageKeeper *keeper, VireoStoragePoolObj *pool, GTask *task)
{
  VireoObjList *volumes = vireo_storage_pool_obj_get_volumes (pool);
  GHashTableIter iter;
  const char *name;
  File *file;

  g_hash_table_iter_init (&iter, ensure_folder (VIREO_TEST_STORAGE (keeper), pool));
  while (g_hash_table_iter_next (&iter, (gpointer *) &name, (gpointer *) &file))
    {
      VireoStorageVolumeObj *volume = vireo_storage_pool_obj_find_volume (pool, name);
      VireoStorageVolumeDef *def = describe (file);

      if (volume != NULL)
        vireo_storage_volume_obj_set_def (volume, def);
      else
        {
          g_autoptr (VireoStorageVolumeObj) made
              = vireo_storage_volume_obj_new (def, vireo_obj_get_owner (VIREO_OBJ (pool)));

          vireo_obj_list_add (volumes, VIREO_OBJ (made), NULL);
        }
    }
  changed (keeper, pool);
  vireo_task_end (task, TRUE, NULL);
}

/* ---- volumes ---- */

static gboolean
complete (VireoStorageKeeper *keeper,
          VireoStoragePoolObj *pool,
          VireoStorageVolumeDef *wanted,
          VireoStorageVolumeObj *source,
          VireoStorageVolumeFlags flags,
          GError **error)
{
  const VireoStoragePoolDef *def = vireo_storage_pool_obj_get_def (pool);
  g_autofree char *place = place_of (pool);

  g_free (wanted->target->path);
  g_free (wanted->key);
  wanted->target->path = g_build_filename (place, wanted->name, NULL);
  wanted->key = g_strdup (wanted->target->path);
  if (wanted->type == VIREO_VOLUME_TYPE_UNSET)
    wanted->type = def->type == VIREO_POOL_TYPE_DIR || def->type == VIREO_POOL_TYPE_FS
                           || def->type == VIREO_POOL_TYPE_NETFS
                       ? VIREO_VOLUME_TYPE_FILE
                       : VIREO_VOLUME_TYPE_BLOCK;
  wanted->allocation = MIN (wanted->allocation, wanted->capacity);
  if ((flags & VIREO_STORAGE_VOLUME_REFLINK) != 0)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                           "volumes that are in memory do not share blocks: the option `reflink` "
                           "cannot be had");
      return FALSE;
    }
  return check_room (keeper, pool, wanted->allocation, error);
}

static void
insert_file (VireoTestStorage *self, VireoStorageVolumeObj *volume, File *file)
{
  GHashTable *folder = ensure_folder (self, vireo_storage_volume_obj_get_pool (volume));

  g_hash_table_insert (folder, g_strdup (vireo_obj_get_name (VIREO_OBJ (volume))), file);
}

static void
copied (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VireoTestStorage *self = g_task_get_source_object (task);
  VireoStorageVolumeObj *volume = g_task_get_task_data (task);
  File *file = g_object_steal_data (G_OBJECT (task), "file");
  GError *error = NULL;

  if (!vireo_storage_copy_finish (result, &error))
    {
      file_free (file);
      vireo_task_end (task, error == NULL, error);
      return;
    }
  insert_file (self, volume, file);
  g_task_return_pointer (task, describe (file), (GDestroyNotify) vireo_storage_volume_def_free);
  g_object_unref (task);
}

static File *
file_new (const VireoStorageVolumeDef *wanted, GError **error)
{
  int fd = memfd_create (wanted->name, MFD_CLOEXEC);
  File *file;

  if (fd < 0 || ftruncate (fd, (off_t) wanted->capacity) < 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_IO, "%s: %s", wanted->name, g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  file = g_new0 (File, 1);
  file->fd = fd;
  file->def = vireo_storage_volume_def_copy (wanted);
  file->reserved = wanted->allocation;
  return file;
}

static void
make (VireoStorageKeeper *keeper,
      VireoStorageVolumeObj *volume,
      const VireoStorageVolumeDef *wanted,
      VireoStorageVolumeObj *source,
      VireoStorageVolumeFlags flags,
      GTask *task)
{
  GError *error = NULL;
  File *file = file_new (wanted, &error);
  const File *from = source != NULL ? find_file (VIREO_TEST_STORAGE (keeper), source) : NULL;
  VireoStorageCopy copy = { .limit = G_MAXINT64, .sparse = TRUE };

  if (file == NULL)
    {
      vireo_task_end (task, error == NULL, error);
      return;
    }
  if (from == NULL)
    {
      insert_file (VIREO_TEST_STORAGE (keeper), volume, file);
      g_task_return_pointer (task, describe (file), (GDestroyNotify) vireo_storage_volume_def_free);
      g_object_unref (task);
      return;
    }
  g_object_set_data_full (G_OBJECT (task), "file", file, file_free);
  g_task_set_task_data (task, g_object_ref (volume), g_object_unref);
  copy.from = (VireoStorageEnd){ VIREO_STORAGE_END_AT, from->fd, 0 };
  copy.to = (VireoStorageEnd){ VIREO_STORAGE_END_AT, file->fd, 0 };
  vireo_storage_copy_async (&copy, vireo_obj_get_current_job (VIREO_OBJ (volume)),
                            g_task_get_cancellable (task), copied, task);
}

/* Returns whether the volume has a file still, and answers @task otherwise. */
static gboolean
get_file (VireoStorageKeeper *keeper, VireoStorageVolumeObj *volume, File **ret_file, GTask *task)
{
  *ret_file = find_file (VIREO_TEST_STORAGE (keeper), volume);
  if (*ret_file != NULL)
    return TRUE;
  vireo_task_end (task, FALSE,
                  g_error_new (VIREO_ERROR, VIREO_ERROR_IO, "%s: %s",
                               vireo_obj_get_name (VIREO_OBJ (volume)), g_strerror (ENOENT)));
  return FALSE;
}

static void
unmake (VireoStorageKeeper *keeper,
        VireoStorageVolumeObj *volume,
        VireoStorageVolumeFlags flags,
        GTask *task)
{
  VireoStoragePoolObj *pool = vireo_storage_volume_obj_get_pool (volume);

  if (pool != NULL)
    g_hash_table_remove (ensure_folder (VIREO_TEST_STORAGE (keeper), pool),
                         vireo_obj_get_name (VIREO_OBJ (volume)));
  vireo_task_end (task, TRUE, NULL);
}

static void
resize (VireoStorageKeeper *keeper,
        VireoStorageVolumeObj *volume,
        guint64 capacity,
        VireoStorageVolumeFlags flags,
        GTask *task)
{
  VireoStoragePoolObj *pool = vireo_storage_volume_obj_get_pool (volume);
  guint64 reserved;
  GError *error = NULL;
  File *file;

  if (!get_file (keeper, volume, &file, task))
    return;
  reserved = MIN (file->reserved, capacity);
  if ((flags & VIREO_STORAGE_VOLUME_ALLOCATE) != 0 && capacity > reserved)
    {
      if (!check_room (keeper, pool, capacity - reserved, &error))
        {
          vireo_task_end (task, error == NULL, error);
          return;
        }
      reserved = capacity;
    }
  if (ftruncate (file->fd, (off_t) capacity) < 0)
    error
        = g_error_new (VIREO_ERROR, VIREO_ERROR_IO, "%s: %s", file->def->name, g_strerror (errno));
  else
    file->reserved = reserved;
  vireo_task_end (task, error == NULL, error);
}

static void
open_file (VireoStorageKeeper *keeper, VireoStorageVolumeObj *volume, gboolean write, GTask *task)
{
  File *file;
  int fd;

  if (!get_file (keeper, volume, &file, task))
    return;
  fd = fcntl (file->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_IO, "%s: %s", file->def->name,
                             g_strerror (errno));
  else
    g_task_return_int (task, fd);
  g_object_unref (task);
}

static void
probe (VireoStorageKeeper *keeper, VireoStorageVolumeObj *volume, const char *format, GTask *task)
{
  File *file;

  if (!get_file (keeper, volume, &file, task))
    return;
  if (format != NULL && file->def->target != NULL)
    {
      g_free (file->def->target->format);
      file->def->target->format = g_strdup (format);
    }
  g_task_return_pointer (task, describe (file), (GDestroyNotify) vireo_storage_volume_def_free);
  g_object_unref (task);
}

/* ---- the connection's ---- */

/* Adds the source of a pool, as its definition has it. */
static void
add_source (GString *xml, VireoDefObj *pool)
{
  g_autofree char *text = vireo_def_obj_format (pool, VIREO_FORMAT_INACTIVE, NULL);
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  g_autoptr (xmlDoc) doc = text != NULL ? vireo_xml_read (text, -1, problems) : NULL;
  const xmlNode *node = doc != NULL ? vireo_xml_find (doc, "/pool/source") : NULL;
  g_autofree char *source = node != NULL ? vireo_xml_to_text (node) : NULL;

  if (source != NULL)
    g_string_append_printf (xml, "  %s\n", source);
}

/* On this host there is what somebody has made pools of. */
static void
find_sources (VireoStorageDriver *driver, const char *type, const char *source, GTask *task)
{
  g_autoptr (GPtrArray) pools
      = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (driver)));
  g_autoptr (GString) xml = g_string_new ("<sources>\n");
  VireoPoolType wanted = vireo_pool_type_from_string (type);

  if (wanted == VIREO_POOL_TYPE_UNSET || wanted == VIREO_POOL_TYPE_DIR)
    {
      vireo_task_end (task, FALSE,
                      g_error_new (VIREO_ERROR,
                                   wanted == VIREO_POOL_TYPE_DIR ? VIREO_ERROR_CONFIG_UNSUPPORTED
                                                                 : VIREO_ERROR_INVALID_ARGUMENT,
                                   wanted == VIREO_POOL_TYPE_DIR
                                       ? "nothing is looked for to make pools of the type %.64s of"
                                       : "there is no type of pool \"%.64s\"",
                                   type));
      return;
    }
  for (guint i = 0; i < pools->len; i++)
    {
      const VireoStoragePoolDef *def = vireo_storage_pool_obj_get_def (pools->pdata[i]);

      if (def != NULL && def->type == wanted)
        add_source (xml, pools->pdata[i]);
    }
  g_string_append (xml, "</sources>\n");
  g_task_return_pointer (task, g_string_free (g_steal_pointer (&xml), FALSE), g_free);
  g_object_unref (task);
}

static void
get_capabilities (VireoStorageDriver *driver, GTask *task)
{
  static const char *const formats[] = { "raw", "qcow2", "qed", "vmdk", "vdi", "dir", "iso", NULL };
  VireoPoolType types[VIREO_POOL_TYPE_N_VALUES + 1] = { VIREO_POOL_TYPE_UNSET };

  for (guint i = 1; i < VIREO_POOL_TYPE_N_VALUES; i++)
    types[i - 1] = (VireoPoolType) i;
  g_task_return_pointer (task, vireo_storage_capabilities_format (types, formats), g_free);
  g_object_unref (task);
}

/* (transfer none) (nullable) */
static VireoStorageVolumeObj *
find_by_path (VireoTestStorage *self, const char *path)
{
  g_autoptr (GPtrArray) pools
      = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (self)));

  for (guint i = 0; i < pools->len; i++)
    {
      g_autoptr (GPtrArray) volumes
          = vireo_obj_list_snapshot (vireo_storage_pool_obj_get_volumes (pools->pdata[i]));

      for (guint j = 0; j < volumes->len; j++)
        {
          const VireoStorageVolumeDef *def = vireo_storage_volume_obj_get_def (volumes->pdata[j]);

          if (def->target != NULL && g_strcmp0 (def->target->path, path) == 0)
            return volumes->pdata[j];
        }
    }
  return NULL;
}

gboolean
vireo_test_storage_has_path (VireoTestStorage *self, const char *path)
{
  return find_by_path (self, path) != NULL;
}

void
vireo_test_storage_delete_path (VireoTestStorage *self, const char *path)
{
  VireoStorageVolumeObj *volume = find_by_path (self, path);
  VireoStoragePoolObj *pool
      = volume != NULL ? vireo_storage_volume_obj_get_pool (volume) : NULL;

  if (pool == NULL || vireo_storage_keeper_is_in_use (volume))
    return;
  g_hash_table_remove (ensure_folder (self, pool), vireo_obj_get_name (VIREO_OBJ (volume)));
  vireo_obj_list_remove (vireo_storage_pool_obj_get_volumes (pool), VIREO_OBJ (volume));
  changed (VIREO_STORAGE_KEEPER (self), pool);
}

static void
storage_driver_init (VireoStorageDriverInterface *iface)
{
  iface->find_sources = find_sources;
  iface->get_capabilities = get_capabilities;
}

static void
finalize (GObject *object)
{
  g_hash_table_unref (VIREO_TEST_STORAGE (object)->folders);
  G_OBJECT_CLASS (vireo_test_storage_parent_class)->finalize (object);
}

static void
vireo_test_storage_class_init (VireoTestStorageClass *klass)
{
  VireoStorageKeeperClass *storage_class = VIREO_STORAGE_KEEPER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  storage_class->build = build;
  storage_class->unbuild = unbuild;
  storage_class->begin = scan;
  storage_class->scan = scan;
  storage_class->complete = complete;
  storage_class->make = make;
  storage_class->unmake = unmake;
  storage_class->resize = resize;
  storage_class->open = open_file;
  storage_class->probe = probe;
  storage_class->changed = changed;
}

static void
vireo_test_storage_init (VireoTestStorage *self)
{
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_hash_table_unref);
}

/**
 * vireo_test_storage_new:
 * @state_dir: (nullable): where definitions are kept; %NULL for memory only
 *
 * Returns: (transfer full): the pools
 * Since: 0.1
 */
VireoTestStorage *
vireo_test_storage_new (const char *state_dir)
{
  return g_object_new (VIREO_TYPE_TEST_STORAGE, "state-dir", state_dir, NULL);
}
