/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-files.h"

#include "util/vireo-error.h"

#define MAX_GROUPS 64

/* Name of a group -> GUnixFDList; on the domain, as long as it is defined. */
static GQuark
groups_quark (void)
{
  return g_quark_from_static_string ("vireo-test-fd-groups");
}

static GHashTable *
get_groups (VireoDomainObj *obj)
{
  return g_object_get_qdata (G_OBJECT (obj), groups_quark ());
}

static void
associate_fds (VireoDomainDriver *driver,
               VireoDomainObj *obj,
               const char *name,
               GUnixFDList *fds,
               GTask *task)
{
  GHashTable *groups = get_groups (obj);

  if (groups == NULL)
    {
      groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
      g_object_set_qdata_full (G_OBJECT (obj), groups_quark (), groups,
                               (GDestroyNotify) g_hash_table_unref);
    }
  if (g_unix_fd_list_get_length (fds) == 0)
    g_hash_table_remove (groups, name);
  else if (g_hash_table_size (groups) < MAX_GROUPS || g_hash_table_contains (groups, name))
    g_hash_table_insert (groups, g_strdup (name), g_object_ref (fds));
  else
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                               "domain \"%s\" has %d groups of files already",
                               vireo_obj_get_name (VIREO_OBJ (obj)), MAX_GROUPS);
      g_object_unref (task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
check_source (VireoDomainObj *obj, const VireoDiskDef *disk, GError **error)
{
  const char *group = disk->source != NULL ? disk->source->fdgroup : NULL;
  GHashTable *groups = get_groups (obj);

  if (group == NULL || (groups != NULL && g_hash_table_contains (groups, group)))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
               "nobody has handed over the files \"%s\" of the disk %s", group,
               disk->target->dev);
  return FALSE;
}

gboolean
vireo_test_files_check (VireoDomainObj *obj,
                        const VireoDomainDef *def,
                        GUnixFDList *files,
                        GError **error)
{
  if (files != NULL && g_strcmp0 (def->os->type, "exe") != 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "domain \"%s\" is no container, and has no use for files",
                   vireo_obj_get_name (VIREO_OBJ (obj)));
      return FALSE;
    }
  for (guint i = 0; i < def->n_disks; i++)
    if (!check_source (obj, def->disks[i], error))
      return FALSE;
  return TRUE;
}

void
vireo_test_files_forget (VireoDomainObj *obj)
{
  g_object_set_qdata (G_OBJECT (obj), groups_quark (), NULL);
}

void
vireo_test_files_fill (VireoDomainDriverInterface *iface)
{
  iface->associate_fds = associate_fds;
}
