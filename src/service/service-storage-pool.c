/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service-storage.h"
#include "vireo-define.h"
#include "vireo-gate.h"
#include "vireo-handlers.h"
#include "vireo-services.h"

/* ---- options ---- */

guint
vireo_storage_build_flags (VireoCall *call)
{
  static const VireoFlagOption rows[] = {
    { "build", VIREO_STORAGE_BUILD_NEW },
    { "overwrite", VIREO_STORAGE_BUILD_OVERWRITE },
    { "no-overwrite", VIREO_STORAGE_BUILD_NO_OVERWRITE },
    { "repair", VIREO_STORAGE_BUILD_REPAIR },
    { "resize", VIREO_STORAGE_BUILD_RESIZE },
    { NULL },
  };

  return vireo_call_get_flags (call, rows);
}

guint
vireo_storage_volume_flags (VireoCall *call)
{
  static const VireoFlagOption rows[] = {
    { "prealloc-metadata", VIREO_STORAGE_VOLUME_PREALLOC_METADATA },
    { "reflink", VIREO_STORAGE_VOLUME_REFLINK },
    { "zeroed", VIREO_STORAGE_VOLUME_ZEROED },
    { "with-snapshots", VIREO_STORAGE_VOLUME_WITH_SNAPSHOTS },
    { "delta", VIREO_STORAGE_VOLUME_DELTA },
    { "allocate", VIREO_STORAGE_VOLUME_ALLOCATE },
    { "shrink", VIREO_STORAGE_VOLUME_SHRINK },
    { NULL },
  };

  return vireo_call_get_flags (call, rows);
}

static VireoStorageDriverInterface *
get_driver (VireoCall *call)
{
  return VIREO_STORAGE_DRIVER_GET_IFACE (call->part);
}

static VireoStoragePoolObj *
get_pool (VireoCall *call)
{
  return VIREO_STORAGE_POOL_OBJ (call->node->object);
}

/* ---- of connections ---- */

/* What makes or destroys what is on a disk takes more than what only looks at it. */
static void
require_format (VireoCall *call)
{
  if (vireo_storage_build_flags (call) != 0)
    vireo_call_require_too (call, vireo_action_find ("storage-pool", "format"));
}

void
vireo_prepare_create_storage_pool (VireoCall *call)
{
  require_format (call);
  vireo_define_prepare (call);
}

void
vireo_handle_create_storage_pool (VireoCall *call)
{
  get_driver (call)->create (call->part, call->def, vireo_caller_get_uid (call->caller),
                             vireo_storage_build_flags (call), vireo_call_task_object (call));
}

/* (transfer full) (element-type VireoObj): active ones first */
static GPtrArray *
list_pools (VireoCall *call)
{
  g_autoptr (GPtrArray) all
      = vireo_obj_list_snapshot (vireo_node_get_list (call->node, VIREO_PATH_STORAGE_POOL));
  GPtrArray *pools = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint active = 2; active-- > 0;)
    for (guint i = 0; i < all->len; i++)
      if (vireo_obj_get_active (all->pdata[i]) == (gboolean) active)
        g_ptr_array_add (pools, g_object_ref (all->pdata[i]));
  return pools;
}

void
vireo_handle_lookup_pool_by_target (VireoCall *call)
{
  g_autoptr (GPtrArray) pools = list_pools (call);
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_autofree char *wanted = NULL;
  const char *path;

  g_variant_get_child (call->args, 0, "&s", &path);
  wanted = g_canonicalize_filename (path, "/");
  for (guint i = 0; i < pools->len; i++)
    if (g_strcmp0 (vireo_storage_pool_obj_get_target_path (pools->pdata[i]), wanted) == 0)
      g_ptr_array_add (found, pools->pdata[i]);
  vireo_call_return_first (call, found);
}

static void
lookup_volume (VireoCall *call, const char *(*get) (VireoStorageVolumeObj *), const char *wanted)
{
  g_autoptr (GPtrArray) pools = list_pools (call);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < pools->len; i++)
    {
      g_autoptr (GPtrArray) volumes
          = vireo_obj_list_snapshot (vireo_storage_pool_obj_get_volumes (pools->pdata[i]));

      for (guint j = 0; j < volumes->len; j++)
        if (*wanted != '\0' && g_str_equal (get (volumes->pdata[j]), wanted))
          g_ptr_array_add (found, g_object_ref (volumes->pdata[j]));
    }
  vireo_call_return_first (call, found);
}

void
vireo_handle_lookup_volume_by_key (VireoCall *call)
{
  const char *key;

  g_variant_get_child (call->args, 0, "&s", &key);
  lookup_volume (call, vireo_storage_volume_obj_get_key, key);
}

void
vireo_handle_lookup_volume_by_path (VireoCall *call)
{
  g_autofree char *wanted = NULL;
  const char *path;

  g_variant_get_child (call->args, 0, "&s", &path);
  wanted = g_canonicalize_filename (path, "/");
  lookup_volume (call, vireo_storage_volume_obj_get_path, wanted);
}

static void
on_text (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autofree char *xml = g_task_propagate_pointer (G_TASK (result), &error);

  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

void
vireo_handle_find_pool_sources (VireoCall *call)
{
  const char *type;
  const char *source;

  g_variant_get_child (call->args, 0, "&s", &type);
  g_variant_get_child (call->args, 1, "&s", &source);
  get_driver (call)->find_sources (call->part, type, source, vireo_call_task (call, on_text));
}

void
vireo_handle_get_pool_capabilities (VireoCall *call)
{
  get_driver (call)->get_capabilities (call->part, vireo_call_task (call, on_text));
}

/* ---- of pools ---- */

static void
prepare_start (VireoCall *call)
{
  require_format (call);
  vireo_call_prepared (call);
}

static void
handle_start (VireoCall *call)
{
  get_driver (call)->start (call->part, get_pool (call), vireo_storage_build_flags (call),
                            vireo_call_task_boolean (call));
}

static void
handle_build (VireoCall *call)
{
  get_driver (call)->build (call->part, get_pool (call), vireo_storage_build_flags (call),
                            vireo_call_task_boolean (call));
}

static void
handle_delete (VireoCall *call)
{
  get_driver (call)->remove (call->part, get_pool (call), vireo_storage_volume_flags (call),
                             vireo_call_task_boolean (call));
}

static void
handle_create_volume (VireoCall *call)
{
  VireoStorageVolumeObj *source
      = call->also != NULL ? VIREO_STORAGE_VOLUME_OBJ (call->also->object) : NULL;

  get_driver (call)->create_volume (
      call->part, get_pool (call), call->def, source, vireo_caller_get_uid (call->caller),
      vireo_storage_volume_flags (call), vireo_call_task_object (call));
}

static void
prepare_create_from (VireoCall *call)
{
  const char *path;

  g_variant_get_child (call->args, 1, "&o", &path);
  vireo_call_require_object (call, path, VIREO_PATH_STORAGE_VOLUME,
                             vireo_action_find ("storage-vol", "data-read"));
  vireo_define_prepare (call);
}

static const VireoHandler methods[] = {
  { "Start", handle_start, VIREO_JOB_CHANGE, "storage-pool-start", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (start), .prepare = prepare_start },
  { "Destroy", vireo_handle_plain, VIREO_JOB_STOP, "storage-pool-destroy", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (destroy) },
  { "Build", handle_build, VIREO_JOB_CHANGE, "storage-pool-build", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (build) },
  { "Delete", handle_delete, VIREO_JOB_CHANGE, "storage-pool-delete", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (remove) },
  { "Undefine", vireo_handle_plain, VIREO_JOB_CHANGE, "storage-pool-undefine",
    .op = VIREO_STORAGE_OP (undefine) },
  { "Refresh", vireo_handle_plain, VIREO_JOB_CHANGE, "storage-pool-refresh", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (refresh) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_STORAGE_OP (get_pools),
    .prepare = vireo_prepare_get_xml },
  { "SetXml", vireo_handle_set_xml, VIREO_JOB_CHANGE, "storage-pool-set-xml",
    .op = VIREO_STORAGE_OP (replace), .prepare = vireo_define_prepare },
  { "CreateVolume", handle_create_volume, .operation = "storage-vol-create", .show_job = TRUE,
    .of = VIREO_PATH_STORAGE_VOLUME, .op = VIREO_STORAGE_OP (create_volume),
    .prepare = vireo_define_prepare },
  { "CreateVolumeFrom", handle_create_volume, .operation = "storage-vol-create", .show_job = TRUE,
    .of = VIREO_PATH_STORAGE_VOLUME, .op = VIREO_STORAGE_OP (create_volume),
    .prepare = prepare_create_from },
  { "ListVolumes", vireo_handle_list, .of = VIREO_PATH_STORAGE_VOLUME,
    .op = VIREO_STORAGE_OP (get_pools) },
  { "GetVolumes", vireo_handle_get_objects, .of = VIREO_PATH_STORAGE_VOLUME,
    .op = VIREO_STORAGE_OP (get_pools) },
  { "LookupVolumeByName", vireo_handle_lookup_by_name, .of = VIREO_PATH_STORAGE_VOLUME,
    .op = VIREO_STORAGE_OP (get_pools) },
  { NULL },
};

static const VireoHandler writers[] = {
  { "Autostart", vireo_handle_set_boolean, VIREO_JOB_CHANGE, "storage-pool-set-autostart",
    .op = VIREO_STORAGE_OP (set_autostart) },
  { NULL },
};

static const VireoGetter getters[] = {
  { "CurrentJob", vireo_get_current_job },
  { NULL },
};

/* Passwords are secrets of their own, but nobody knows what is in a text that cannot be parsed: who
 * may replace it may look at it. */
const VireoService vireo_service_storage_pool = {
  .interface = "org.vireo.Vireo1.StoragePool",
  .path_kind = VIREO_PATH_STORAGE_POOL,
  .kind = "storage-pool",
  .secure = "write",
  .part = VIREO_PART_REF (VIREO_PART_STORAGE),
  .get_type = vireo_storage_pool_obj_get_type,
  .methods = methods,
  .writers = writers,
  .getters = getters,
};
