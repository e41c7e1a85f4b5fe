/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service-host-devices.h"
#include "vireo-define.h"
#include "vireo-handlers.h"
#include "vireo-services.h"

static void
handle_detach (VireoCall *call)
{
  VIREO_NODE_DEVICE_DRIVER_GET_IFACE (call->part)
      ->detach (call->part, VIREO_NODE_DEVICE_OBJ (call->node->object),
                vireo_call_get_string (call, "driver"), vireo_call_task_boolean (call));
}

/* ---- of connections ---- */

void
vireo_handle_lookup_scsi_host_by_wwn (VireoCall *call)
{
  g_autoptr (GPtrArray) objects
      = vireo_obj_list_snapshot (vireo_node_get_list (call->node, call->handler->of));
  const char *wwnn, *wwpn;
  VireoObj *found = NULL;

  g_variant_get (call->args, "(&s&s)", &wwnn, &wwpn);
  for (guint i = 0; i < objects->len && found == NULL; i++)
    {
      const VireoNodeDeviceDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (objects->pdata[i]));
      const VireoNodeDeviceCapabilityDef *fc
          = def != NULL ? vireo_node_device_def_find_capability (def, VIREO_CAPABILITY_TYPE_FC_HOST)
                        : NULL;

      if (fc != NULL && fc->wwnn != NULL && fc->wwpn != NULL
          && g_ascii_strcasecmp (fc->wwnn, wwnn) == 0 && g_ascii_strcasecmp (fc->wwpn, wwpn) == 0)
        found = objects->pdata[i];
    }
  vireo_call_return_found (call, found);
}

static const VireoHandler methods[] = {
  { "Start", vireo_handle_plain, VIREO_JOB_CHANGE, "node-device-start",
    .op = VIREO_NODE_DEVICE_OP (start) },
  { "Destroy", vireo_handle_plain, VIREO_JOB_STOP, "node-device-destroy",
    .op = VIREO_NODE_DEVICE_OP (destroy) },
  { "Undefine", vireo_handle_plain, VIREO_JOB_CHANGE, "node-device-undefine",
    .op = VIREO_NODE_DEVICE_OP (undefine) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_NODE_DEVICE_OP (get_devices),
    .prepare = vireo_prepare_get_xml },
  { "Detach", handle_detach, VIREO_JOB_CHANGE, "node-device-detach",
    .op = VIREO_NODE_DEVICE_OP (detach) },
  { "Reattach", vireo_handle_plain, VIREO_JOB_CHANGE, "node-device-reattach",
    .op = VIREO_NODE_DEVICE_OP (reattach) },
  { "Reset", vireo_handle_plain, VIREO_JOB_CHANGE, "node-device-reset",
    .op = VIREO_NODE_DEVICE_OP (reset) },
  { NULL },
};

static const VireoHandler writers[] = {
  { "Autostart", vireo_handle_set_boolean, VIREO_JOB_CHANGE, "node-device-set-autostart",
    .op = VIREO_NODE_DEVICE_OP (set_autostart) },
  { NULL },
};

const VireoService vireo_service_node_device = {
  .interface = "org.vireo.Vireo1.NodeDevice",
  .path_kind = VIREO_PATH_NODE_DEVICE,
  .kind = "node-device",
  .secure = "write",
  .part = VIREO_PART_REF (VIREO_PART_NODE_DEVICES),
  .get_type = vireo_node_device_obj_get_type,
  .methods = methods,
  .writers = writers,
};
