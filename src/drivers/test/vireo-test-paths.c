/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-paths.h"

#include "drivers/common/vireo-domain-chains.h"
#include "util/vireo-error.h"

static GQuark
storage_quark (void)
{
  return g_quark_from_static_string ("vireo-test-storage");
}

void
vireo_test_paths_register (VireoTestDomains *domains, VireoTestStorage *storage)
{
  g_object_set_qdata_full (G_OBJECT (domains), storage_quark (), g_object_ref (storage),
                           g_object_unref);
}

static gboolean
is_in_chain (const VireoDomainDef *def, const char *path)
{
  for (guint i = 0; def != NULL && i < def->n_disks; i++)
    for (guint image = 0; image < vireo_domain_chain_get_length (def->disks[i]); image++)
      if (g_strcmp0 (vireo_domain_chain_get_path (def->disks[i], image), path) == 0)
        return TRUE;
  return FALSE;
}

/* Of other domains only those that run are asked: thousands that do not would have to be read. */
static gboolean
is_used (VireoDomainDriver *driver, VireoDomainObj *obj, const char *path)
{
  g_autoptr (GPtrArray) others
      = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (driver)));

  if (is_in_chain (vireo_domain_obj_get_persistent_def (obj), path))
    return TRUE;
  for (guint i = 0; i < others->len; i++)
    if (is_in_chain (vireo_domain_obj_get_live_def (others->pdata[i]), path))
      return TRUE;
  return FALSE;
}

gboolean
vireo_test_path_check (VireoDomainDriver *driver,
                       VireoDomainObj *obj,
                       const char *path,
                       gboolean reuse,
                       GError **error)
{
  VireoTestStorage *storage = g_object_get_qdata (G_OBJECT (driver), storage_quark ());
  gboolean exists;

  if (path == NULL)
    return TRUE;
  exists = is_used (driver, obj, path) || vireo_test_storage_has_path (storage, path);
  if (exists == reuse)
    return TRUE;
  if (reuse)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                 "there is no image %s that could be reused: no volume is there, and no domain "
                 "uses it",
                 path);
  else
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "there is an image %s already: to use it takes the option `reuse-external`", path);
  return FALSE;
}

void
vireo_test_path_delete (gpointer domains, const char *path)
{
  VireoTestStorage *storage = g_object_get_qdata (domains, storage_quark ());

  if (path != NULL)
    vireo_test_storage_delete_path (storage, path);
}
