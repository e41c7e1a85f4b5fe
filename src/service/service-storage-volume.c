/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service-storage.h"
#include "vireo-handlers.h"
#include "vireo-services.h"

static VireoStorageDriverInterface *
get_driver (VireoCall *call)
{
  return VIREO_STORAGE_DRIVER_GET_IFACE (call->part);
}

static VireoStorageVolumeObj *
get_volume (VireoCall *call)
{
  return VIREO_STORAGE_VOLUME_OBJ (call->node->object);
}

static void
handle_delete (VireoCall *call)
{
  get_driver (call)->delete_volume (call->part, get_volume (call),
                                    vireo_storage_volume_flags (call),
                                    vireo_call_task_boolean (call));
}

static void
handle_wipe (VireoCall *call)
{
  get_driver (call)->wipe_volume (call->part, get_volume (call),
                                  vireo_call_get_string (call, "algorithm"),
                                  vireo_call_task_boolean (call));
}

static void
handle_resize (VireoCall *call)
{
  guint64 capacity;

  g_variant_get_child (call->args, 0, "t", &capacity);
  get_driver (call)->resize_volume (call->part, get_volume (call), capacity,
                                    vireo_storage_volume_flags (call),
                                    vireo_call_task_boolean (call));
}

/* %FALSE when the call was answered. */
static gboolean
read_transfer (VireoCall *call, VireoStorageTransfer *transfer)
{
  transfer->offset = vireo_call_get_uint64 (call, "offset");
  transfer->length = vireo_call_get_uint64 (call, "length");
  transfer->sparse = vireo_call_get_boolean (call, "sparse");
  return vireo_call_get_fd (call, 0, &transfer->fd);
}

static void
handle_upload (VireoCall *call)
{
  VireoStorageTransfer transfer;

  if (read_transfer (call, &transfer))
    get_driver (call)->upload (call->part, get_volume (call), &transfer,
                               vireo_call_task_boolean (call));
}

static void
handle_download (VireoCall *call)
{
  VireoStorageTransfer transfer;

  if (read_transfer (call, &transfer))
    get_driver (call)->download (call->part, get_volume (call), &transfer,
                                 vireo_call_task_boolean (call));
}

static const VireoHandler methods[] = {
  { "Delete", handle_delete, VIREO_JOB_CHANGE, "storage-vol-delete", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (delete_volume) },
  { "Wipe", handle_wipe, VIREO_JOB_CHANGE, "storage-vol-wipe", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (wipe_volume) },
  { "Resize", handle_resize, VIREO_JOB_CHANGE, "storage-vol-resize", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (resize_volume) },
  { "Upload", handle_upload, VIREO_JOB_CHANGE, "storage-vol-upload", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (upload) },
  { "Download", handle_download, VIREO_JOB_CHANGE, "storage-vol-download", .show_job = TRUE,
    .op = VIREO_STORAGE_OP (download) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_STORAGE_OP (get_pools) },
  { NULL },
};

static const VireoGetter getters[] = {
  { "CurrentJob", vireo_get_current_job },
  { NULL },
};

const VireoService vireo_service_storage_volume = {
  .interface = "org.vireo.Vireo1.StorageVolume",
  .path_kind = VIREO_PATH_STORAGE_VOLUME,
  .kind = "storage-vol",
  .part = VIREO_PART_REF (VIREO_PART_STORAGE),
  .get_type = vireo_storage_volume_obj_get_type,
  .methods = methods,
  .getters = getters,
};
