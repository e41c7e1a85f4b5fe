/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-save.h"

#include "vireo-test-settings.h"
#include "vireo-test-work.h"

/* A connection has so many at most: they are in memory. */
#define MAX_IMAGES 256

/* What a file has. */
typedef struct
{
  VireoDomainDef *def; /* (nullable): %NULL for a core dump */
  gboolean running;
} Image;

static void
image_free (gpointer data)
{
  Image *image = data;

  g_clear_pointer (&image->def, vireo_domain_def_free);
  g_free (image);
}

static Image *
image_new (const VireoDomainDef *def, gboolean running)
{
  Image *image = g_new0 (Image, 1);

  image->def = def != NULL ? vireo_domain_def_copy (def) : NULL;
  image->running = running;
  return image;
}

/* The files of a connection: path -> Image */
static GHashTable *
get_images (gpointer domains)
{
  GQuark quark = g_quark_from_static_string ("vireo-test-images");
  GHashTable *images = g_object_get_qdata (domains, quark);

  if (images == NULL)
    {
      images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, image_free);
      g_object_set_qdata_full (domains, quark, images, (GDestroyNotify) g_hash_table_unref);
    }
  return images;
}

static GQuark
managed_quark (void)
{
  return g_quark_from_static_string ("vireo-test-managed-save");
}

static Image *
get_managed (VireoDomainObj *obj)
{
  return g_object_get_qdata (G_OBJECT (obj), managed_quark ());
}

static void
set_managed (VireoDomainObj *obj, Image *image)
{
  g_object_set_qdata_full (G_OBJECT (obj), managed_quark (), image, image_free);
  vireo_domain_obj_set_has_managed_save (obj, image != NULL);
}

const VireoDomainDef *
vireo_test_save_peek (VireoDomainObj *obj)
{
  const Image *image = get_managed (obj);

  return image != NULL ? image->def : NULL;
}

gboolean
vireo_test_save_was_running (VireoDomainObj *obj)
{
  return get_managed (obj)->running;
}

void
vireo_test_save_forget (VireoDomainObj *obj)
{
  if (get_managed (obj) != NULL)
    set_managed (obj, NULL);
}

/* ---- what callers ask for ---- */

static gboolean
check_path (gpointer domains, const char *path, gboolean is_new, GError **error)
{
  GHashTable *images = get_images (domains);

  if (!g_path_is_absolute (path))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "\"%s\" is no absolute path",
                 path);
  else if (is_new && !g_hash_table_contains (images, path)
           && g_hash_table_size (images) >= MAX_IMAGES)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NO_SPACE,
                 "this connection keeps at most %d files, for it has them in memory", MAX_IMAGES);
  else
    return TRUE;
  return FALSE;
}

static Image *
find_image (gpointer domains, const char *path, GError **error)
{
  Image *image;

  if (!check_path (domains, path, FALSE, error))
    return NULL;
  image = g_hash_table_lookup (get_images (domains), path);
  if (image == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "there is no file %s", path);
  else if (image->def == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%s is a core dump, not the saved state of a domain", path);
      return NULL;
    }
  return image;
}

/* Whether @def may take the place of @old: what the guest sees stays. */
static gboolean
check_replacement (const VireoDomainDef *old, const VireoDomainDef *def, GError **error)
{
  if (def == NULL)
    return TRUE;
  if (g_strcmp0 (old->uuid, def->uuid) != 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_ABI_MISMATCH,
                   "the definition has the UUID %s, and the saved domain %s", def->uuid, old->uuid);
      return FALSE;
    }
  return vireo_doc_check_abi (vireo_doc_kind_find ("domain"), old, def, error);
}

static gboolean
check_flags (VireoDomainSaveFlags flags, GError **error)
{
  const VireoDomainSaveFlags both = VIREO_DOMAIN_SAVE_RUNNING | VIREO_DOMAIN_SAVE_PAUSED;

  if ((flags & both) != both)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "a domain is either running or paused");
  return FALSE;
}

/* A definition that was given with a call, and what the call is about. */
typedef struct _Given Given;

struct _Given
{
  VireoDomainDriver *driver;
  VireoDomainObj *obj; /* (nullable) */
  char *path;          /* (nullable) */
  guint owner;
  VireoDomainSaveFlags flags;
  void (*go_on) (const Given *given, const VireoDomainDef *def, GTask *task);
  GTask *task;
};

static void
given_completed (GObject *source, GAsyncResult *result, gpointer data)
{
  Given *given = data;
  GError *error = NULL;
  g_autoptr (VireoDomainDef) def
      = vireo_keeper_complete_finish (VIREO_KEEPER (source), result, &error);

  if (def != NULL)
    given->go_on (given, def, given->task);
  else
    {
      g_task_return_error (given->task, error);
      g_object_unref (given->task);
    }
  g_object_unref (given->driver);
  g_clear_object (&given->obj);
  g_free (given->path);
  g_free (given);
}

/* What is compared with a definition that is complete is complete, too. */
static void
complete_given (Given given, const VireoDomainDef *def, GTask *task)
{
  Given *copy;

  if (def == NULL)
    {
      given.go_on (&given, NULL, task);
      return;
    }
  copy = g_memdup2 (&given, sizeof given);
  g_object_ref (copy->driver);
  if (copy->obj != NULL)
    g_object_ref (copy->obj);
  copy->path = g_strdup (given.path);
  copy->task = task;
  vireo_keeper_complete_async (VIREO_KEEPER (given.driver), def, g_task_get_cancellable (task),
                               given_completed, copy);
}

/* Whether it will run, when it @did. */
static gboolean
will_run (VireoDomainSaveFlags flags, gboolean did)
{
  if ((flags & VIREO_DOMAIN_SAVE_RUNNING) != 0)
    return TRUE;
  return (flags & VIREO_DOMAIN_SAVE_PAUSED) == 0 && did;
}

static gboolean
check_active (VireoDomainObj *obj, GError **error)
{
  if (vireo_obj_get_active (VIREO_OBJ (obj)))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" is not active",
               vireo_obj_get_name (VIREO_OBJ (obj)));
  return FALSE;
}

static guint64
get_memory (VireoDomainObj *obj)
{
  return vireo_domain_obj_get_def (obj)->memory * 1024;
}

/* ---- saving and dumping: the guest waits meanwhile ---- */

typedef struct
{
  VireoTestDomains *domains;
  VireoDomainObj *obj;
  char *path; /* (nullable): of a managed save, there is none */
  VireoDomainDef *def;
  VireoDomainSaveFlags flags;
  VireoDomainDumpFlags dump_flags;
  gboolean was_running;
  const char *reason; /* of being paused */
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_object_unref (work->domains);
  g_object_unref (work->obj);
  g_clear_pointer (&work->def, vireo_domain_def_free);
  g_free (work->path);
  g_free (work);
}

static Work *
work_new (VireoDomainDriver *driver, VireoDomainObj *obj, const char *path, GTask *task)
{
  Work *work = g_new0 (Work, 1);

  work->domains = g_object_ref (VIREO_TEST_DOMAINS (driver));
  work->obj = g_object_ref (obj);
  work->path = g_strdup (path);
  work->was_running = vireo_domain_obj_get_state (obj) == VIREO_DOMAIN_STATE_RUNNING;
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, work, work_free);
  return work;
}

static void
pause_guest (Work *work, const char *reason)
{
  work->reason = reason;
  if (!work->was_running)
    return;
  vireo_domain_obj_set_state (work->obj, VIREO_DOMAIN_STATE_PAUSED, reason);
  vireo_domain_obj_emit_lifecycle (work->obj, "suspended", "paused");
}

/* Unless somebody else changed its state meanwhile. */
static void
resume_guest (Work *work, const char *reason)
{
  if (!work->was_running || vireo_domain_obj_get_state (work->obj) != VIREO_DOMAIN_STATE_PAUSED)
    return;
  vireo_domain_obj_set_state (work->obj, VIREO_DOMAIN_STATE_RUNNING, reason);
  vireo_domain_obj_emit_lifecycle (work->obj, "resumed", "unpaused");
}

static void
saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Work *work = g_task_get_task_data (task);
  g_auto (VireoTestSettings) settings = { 0 };
  g_autoptr (GError) error = NULL;
  Image *image;

  if (vireo_test_work_finish (VIREO_OBJ (source), result, &error)
      && check_active (work->obj, &error))
    {
      vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (work->obj));
      if (settings.save_failure != NULL)
        g_set_error (&error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the hypervisor said: %s",
                     settings.save_failure);
    }
  if (error != NULL)
    {
      resume_guest (work, "save-canceled");
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  image = image_new (work->def, will_run (work->flags, work->was_running));
  if (work->path == NULL)
    set_managed (work->obj, image);
  else
    g_hash_table_replace (get_images (work->domains), g_strdup (work->path), image);
  vireo_test_domains_stop (work->domains, work->obj, "saved");
  g_task_return_boolean (task, TRUE);
}

static void
save_work (VireoDomainDriver *driver,
           VireoDomainObj *obj,
           const char *path,
           const VireoDomainDef *def,
           VireoDomainSaveFlags flags,
           GTask *task)
{
  Work *work = work_new (driver, obj, path, task);
  g_auto (VireoTestSettings) settings = { 0 };

  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (obj));
  work->flags = flags;
  work->def = vireo_domain_def_copy (def != NULL ? def : vireo_domain_obj_get_live_def (obj));
  pause_guest (work, "save");
  vireo_test_copy_async (VIREO_OBJ (obj), settings.save_delay, get_memory (obj),
                         g_task_get_cancellable (task), saved, task);
}

static void
save_given (const Given *given, const VireoDomainDef *def, GTask *task)
{
  GError *error = NULL;

  if (check_flags (given->flags, &error) && check_path (given->driver, given->path, TRUE, &error)
      && check_active (given->obj, &error)
      && check_replacement (vireo_domain_obj_get_live_def (given->obj), def, &error))
    {
      save_work (given->driver, given->obj, given->path, def, given->flags, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
save (VireoDomainDriver *driver,
      VireoDomainObj *obj,
      const char *path,
      const VireoDomainDef *def,
      VireoDomainSaveFlags flags,
      GTask *task)
{
  complete_given ((Given){ driver, obj, (char *) path, 0, flags, save_given, NULL }, def, task);
}

static void
managed_save (VireoDomainDriver *driver,
              VireoDomainObj *obj,
              VireoDomainSaveFlags flags,
              GTask *task)
{
  g_autoptr (GError) error = NULL;

  if (check_flags (flags, &error) && check_active (obj, &error))
    {
      if (vireo_obj_get_persistent (VIREO_OBJ (obj)))
        {
          save_work (driver, obj, NULL, NULL, flags, task);
          return;
        }
      g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "domain \"%s\" is transient: nothing would be left that could be started",
                   vireo_obj_get_name (VIREO_OBJ (obj)));
    }
  g_task_return_error (task, g_steal_pointer (&error));
  g_object_unref (task);
}

static void
dumped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Work *work = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!vireo_test_work_finish (VIREO_OBJ (source), result, &error)
      || !check_active (work->obj, &error))
    {
      resume_guest (work, "unpaused");
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_hash_table_replace (get_images (work->domains), g_strdup (work->path), image_new (NULL, FALSE));
  if ((work->dump_flags & VIREO_DOMAIN_DUMP_CRASH) != 0)
    vireo_test_domains_stop (work->domains, work->obj, "crashed");
  else
    resume_guest (work, "unpaused");
  if ((work->dump_flags & VIREO_DOMAIN_DUMP_RESET) != 0)
    vireo_obj_emit_event (VIREO_OBJ (work->obj), "Rebooted", NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
check_dump (VireoDomainDumpFormat format, VireoDomainDumpFlags flags, GError **error)
{
  const guint what = VIREO_DOMAIN_DUMP_CRASH | VIREO_DOMAIN_DUMP_LIVE | VIREO_DOMAIN_DUMP_RESET;
  guint wanted = flags & what;

  if ((wanted & (wanted - 1)) != 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "only one of crash, live and reset can be wanted");
  else if (format != VIREO_DOMAIN_DUMP_FORMAT_RAW && (flags & VIREO_DOMAIN_DUMP_MEMORY_ONLY) == 0)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the format %s is for the memory only",
                 vireo_domain_dump_format_to_string (format));
  else
    return TRUE;
  return FALSE;
}

static void
core_dump (VireoDomainDriver *driver,
           VireoDomainObj *obj,
           const char *path,
           VireoDomainDumpFormat format,
           VireoDomainDumpFlags flags,
           GTask *task)
{
  g_auto (VireoTestSettings) settings = { 0 };
  g_autoptr (GError) error = NULL;
  Work *work;

  if (!check_dump (format, flags, &error) || !check_path (driver, path, TRUE, &error)
      || !check_active (obj, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }
  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (obj));
  work = work_new (driver, obj, path, task);
  work->dump_flags = flags;
  if ((flags & VIREO_DOMAIN_DUMP_LIVE) == 0)
    pause_guest (work, "dump");
  vireo_test_copy_async (VIREO_OBJ (obj), settings.dump_delay, get_memory (obj),
                         g_task_get_cancellable (task), dumped, task);
}

/* ---- restoring ---- */

typedef struct
{
  VireoTestDomains *domains;
  gboolean paused;
  VireoJob *job;
} Restore;

static void
restore_free (gpointer data)
{
  Restore *restore = data;

  g_object_unref (restore->domains);
  g_clear_object (&restore->job);
  g_free (restore);
}

static void
restored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Restore *restore = g_task_get_task_data (task);
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (source);
  g_autoptr (GError) error = NULL;

  if (!vireo_test_work_finish (VIREO_OBJ (source), result, &error))
    vireo_keeper_stopped (VIREO_KEEPER (restore->domains), VIREO_OBJ (obj));
  else
    vireo_test_domains_begin (restore->domains, obj, restore->paused, "restored", "restored");
  vireo_job_end (restore->job, error);
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, g_object_ref (obj), g_object_unref);
}

static void
restore_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Restore *restore = g_task_get_task_data (task);
  g_auto (VireoTestSettings) settings = { 0 };
  g_autoptr (GError) error = NULL;
  VireoDomainObj *obj;

  restore->job = vireo_keeper_create_finish (VIREO_KEEPER (source), result, &error);
  if (restore->job == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  obj = VIREO_DOMAIN_OBJ (vireo_job_get_object (restore->job));
  vireo_test_settings_init (&settings, vireo_domain_obj_get_live_def (obj));
  vireo_test_copy_async (VIREO_OBJ (obj), settings.save_delay, get_memory (obj),
                         g_task_get_cancellable (task), restored, g_object_ref (task));
}

static void
restore_given (const Given *given, const VireoDomainDef *def, GTask *task)
{
  VireoDomainDriver *driver = given->driver;
  g_autoptr (GError) error = NULL;
  Image *image = find_image (driver, given->path, &error);
  Restore *state;

  if (image == NULL || !check_flags (given->flags, &error)
      || !check_replacement (image->def, def, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }
  state = g_new0 (Restore, 1);
  state->domains = g_object_ref (VIREO_TEST_DOMAINS (driver));
  state->paused = !will_run (given->flags, image->running);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, state, restore_free);
  vireo_keeper_create_async (VIREO_KEEPER (driver), def != NULL ? def : image->def, given->owner,
                             g_task_get_cancellable (task), restore_created, task);
}

static void
restore (VireoDomainDriver *driver,
         const char *path,
         const VireoDomainDef *def,
         guint owner,
         VireoDomainSaveFlags flags,
         GTask *task)
{
  complete_given ((Given){ driver, NULL, (char *) path, owner, flags, restore_given, NULL }, def,
                  task);
}

/* ---- looking at files, and changing them ---- */

/* @image is %NULL with @error (transfer full). */
static void
return_definition (GTask *task, const Image *image, GError *error)
{
  if (image == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, vireo_domain_def_copy (image->def),
                           (GDestroyNotify) vireo_domain_def_free);
  g_object_unref (task);
}

static void
replace_definition (GTask *task,
                    Image *image,
                    const VireoDomainDef *def,
                    VireoDomainSaveFlags flags,
                    GError *error)
{
  if (image == NULL || !check_flags (flags, &error) || !check_replacement (image->def, def, &error))
    g_task_return_error (task, error);
  else
    {
      vireo_domain_def_free (image->def);
      image->def = vireo_domain_def_copy (def);
      image->running = will_run (flags, image->running);
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

static Image *
find_managed (VireoDomainObj *obj, GError **error)
{
  Image *image = get_managed (obj);

  if (image == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                 "domain \"%s\" has no managed save image", vireo_obj_get_name (VIREO_OBJ (obj)));
  return image;
}

static void
read_save_image (VireoDomainDriver *driver, const char *path, GTask *task)
{
  GError *error = NULL;
  const Image *image = find_image (driver, path, &error);

  return_definition (task, image, error);
}

static void
write_given (const Given *given, const VireoDomainDef *def, GTask *task)
{
  GError *error = NULL;
  Image *image = given->obj != NULL ? find_managed (given->obj, &error)
                                    : find_image (given->driver, given->path, &error);

  replace_definition (task, image, def, given->flags, error);
}

static void
write_save_image (VireoDomainDriver *driver,
                  const char *path,
                  const VireoDomainDef *def,
                  VireoDomainSaveFlags flags,
                  GTask *task)
{
  complete_given ((Given){ driver, NULL, (char *) path, 0, flags, write_given, NULL }, def, task);
}

static void
read_managed_save (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  GError *error = NULL;
  const Image *image = find_managed (obj, &error);

  return_definition (task, image, error);
}

static void
write_managed_save (VireoDomainDriver *driver,
                    VireoDomainObj *obj,
                    const VireoDomainDef *def,
                    VireoDomainSaveFlags flags,
                    GTask *task)
{
  complete_given ((Given){ driver, obj, NULL, 0, flags, write_given, NULL }, def, task);
}

static void
remove_managed_save (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task)
{
  GError *error = NULL;

  if (find_managed (obj, &error) == NULL)
    g_task_return_error (task, error);
  else
    {
      set_managed (obj, NULL);
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

void
vireo_test_save_init (VireoDomainDriverInterface *iface)
{
  iface->save = save;
  iface->restore = restore;
  iface->read_save_image = read_save_image;
  iface->write_save_image = write_save_image;
  iface->managed_save = managed_save;
  iface->remove_managed_save = remove_managed_save;
  iface->read_managed_save = read_managed_save;
  iface->write_managed_save = write_managed_save;
  iface->core_dump = core_dump;
}
