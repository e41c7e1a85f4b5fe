/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-undefine.h"

#include "drivers/common/vireo-domain-files.h"
#include "util/vireo-alone.h"
#include "util/vireo-credentials.h"
#include "util/vireo-task.h"
#include "vireo-qemu-moments.h"
#include "vireo-qemu-nvram.h"
#include "vireo-qemu-snapshot-work.h"

/* What goes with a domain: first it is looked whether all of it can go, then the snapshots go, the
 * definition, and last the firmware's variables, which nothing names any more by then. */
typedef struct
{
  VireoDomainObj *obj;
  VireoDomainUndefineFlags flags;
  guint owner;
  char *nvram; /* (nullable): what the definition names */
} Undefine;

static void
undefine_free (gpointer data)
{
  Undefine *undefine = data;

  g_object_unref (undefine->obj);
  g_free (undefine->nvram);
  g_free (undefine);
}

static VireoDomainDriverInterface *
parent_iface (void)
{
  return g_type_interface_peek (
      g_type_class_peek_parent (g_type_class_peek (VIREO_TYPE_QEMU_DOMAINS)),
      VIREO_TYPE_DOMAIN_DRIVER);
}

/* ---- the firmware's variables ---- */

/* Runs @step with the rights of the domain's owner. */
static void
as_owner (GTask *task, gboolean (*step) (const Undefine *undefine, GError **error))
{
  GTask *outer = g_task_get_source_object (task);
  const Undefine *undefine = g_task_get_task_data (outer);
  g_autoptr (VireoCredentials) owner = NULL;
  GError *error = NULL;
  gboolean done;

  owner = vireo_credentials_new (undefine->owner, &error);
  if (owner == NULL || !vireo_credentials_assume (owner, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  done = step (undefine, &error);
  vireo_credentials_restore (owner);
  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
look_at_nvram (const Undefine *undefine, GError **error)
{
  gboolean exists;

  if (undefine->flags & VIREO_DOMAIN_UNDEFINE_NVRAM)
    return vireo_qemu_nvram_check_removal (undefine->nvram, error);
  if (!vireo_qemu_nvram_exists (undefine->nvram, &exists, error))
    return FALSE;
  if (exists)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "domain \"%s\" keeps the variables of its firmware in %s: undefining it needs the "
                 "option \"nvram\", which removes them, or \"keep-nvram\"",
                 vireo_obj_get_name (VIREO_OBJ (undefine->obj)), undefine->nvram);
  return !exists;
}

static gboolean
remove_nvram (const Undefine *undefine, GError **error)
{
  return vireo_qemu_nvram_remove (undefine->nvram, error);
}

static void
look_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  as_owner (task, look_at_nvram);
}

static void
remove_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  as_owner (task, remove_nvram);
}

/* ---- the steps ---- */

static void
on_undefined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *outer = user_data;
  const Undefine *undefine = g_task_get_task_data (outer);
  g_autoptr (GTask) removal = NULL;
  GError *error = NULL;
  gboolean undefined = g_task_propagate_boolean (G_TASK (result), &error);

  if (undefined)
    vireo_domain_files_forget (undefine->obj);
  if (!undefined || !(undefine->flags & VIREO_DOMAIN_UNDEFINE_NVRAM) || undefine->nvram == NULL)
    {
      vireo_task_end (outer, error == NULL, error);
      return;
    }
  removal = g_task_new (outer, NULL, vireo_task_forward, outer);
  vireo_alone_run (removal, undefine->owner, remove_thread);
}

static void
undefine_it (GTask *outer)
{
  const Undefine *undefine = g_task_get_task_data (outer);

  parent_iface ()->undefine (
      g_task_get_source_object (outer), undefine->obj,
      undefine->flags & ~(VireoDomainUndefineFlags) VIREO_DOMAIN_UNDEFINE_NVRAM,
      g_task_new (NULL, g_task_get_cancellable (outer), on_undefined, outer));
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *outer = user_data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    undefine_it (outer);
  else
    vireo_task_end (outer, FALSE, error);
}

static void
forget_snapshots (GTask *outer)
{
  Undefine *undefine = g_task_get_task_data (outer);
  VireoObjList *list = vireo_domain_moments_of (undefine->obj, VIREO_KIND_SNAPSHOT);
  g_autoptr (GPtrArray) all = NULL;

  if (list == NULL || vireo_obj_list_get_size (list) == 0)
    {
      undefine_it (outer);
      return;
    }
  all = vireo_obj_list_snapshot (list);
  vireo_qemu_moments_remove (g_task_get_source_object (outer), undefine->obj, all,
                             g_task_new (NULL, NULL, on_forgotten, outer));
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *outer = user_data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    forget_snapshots (outer);
  else
    vireo_task_end (outer, FALSE, error);
}

static gboolean
check_flags (const Undefine *undefine, GError **error)
{
  VireoObj *obj = VIREO_OBJ (undefine->obj);

  if (vireo_domain_moments_count (undefine->obj, VIREO_KIND_SNAPSHOT) > 0
      && !(undefine->flags & VIREO_DOMAIN_UNDEFINE_SNAPSHOTS))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "domain \"%s\" has snapshots, of which nothing would be known any more",
                   vireo_obj_get_name (obj));
      return FALSE;
    }
  if (undefine->flags & VIREO_DOMAIN_UNDEFINE_NVRAM && undefine->nvram != NULL
      && vireo_obj_get_active (obj))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "domain \"%s\" is active and uses %s, which the option \"nvram\" would remove",
                   vireo_obj_get_name (obj), undefine->nvram);
      return FALSE;
    }
  return TRUE;
}

static void
undefine (VireoDomainDriver *driver,
          VireoDomainObj *obj,
          VireoDomainUndefineFlags flags,
          GTask *task)
{
  const VireoDomainDef *def = vireo_domain_obj_get_persistent_def (obj);
  GTask *outer = g_task_new (driver, g_task_get_cancellable (task), vireo_task_forward, task);
  Undefine *undefine = g_new0 (Undefine, 1);
  g_autoptr (GTask) look = NULL;
  GError *error = NULL;

  *undefine
      = (Undefine){ g_object_ref (obj), flags, vireo_obj_get_owner (VIREO_OBJ (obj)), NULL };
  if (def != NULL && def->os != NULL && def->os->nvram != NULL)
    undefine->nvram = g_strdup (def->os->nvram->path);
  g_task_set_task_data (outer, undefine, undefine_free);
  if (!check_flags (undefine, &error))
    {
      vireo_task_end (outer, FALSE, error);
      return;
    }
  if (undefine->nvram == NULL || flags & VIREO_DOMAIN_UNDEFINE_KEEP_NVRAM)
    {
      forget_snapshots (outer);
      return;
    }
  look = g_task_new (outer, NULL, on_looked, outer);
  vireo_alone_run (look, undefine->owner, look_thread);
}

void
vireo_qemu_undefine_fill (VireoDomainDriverInterface *iface)
{
  iface->undefine = undefine;
}
