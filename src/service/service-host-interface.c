/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service-host-devices.h"
#include "vireo-define.h"
#include "vireo-handlers.h"
#include "vireo-services.h"

/* ---- of connections ---- */

void
vireo_handle_lookup_interface_by_mac (VireoCall *call)
{
  g_autoptr (GPtrArray) objects
      = vireo_obj_list_snapshot (vireo_node_get_list (call->node, call->handler->of));
  VireoObj *found = NULL;
  const char *mac;

  g_variant_get_child (call->args, 0, "&s", &mac);
  for (guint i = 0; i < objects->len && found == NULL; i++)
    {
      const VireoHostInterfaceDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (objects->pdata[i]));

      if (def != NULL && def->mac != NULL && g_ascii_strcasecmp (def->mac, mac) == 0)
        found = objects->pdata[i];
    }
  vireo_call_return_found (call, found);
}

void
vireo_handle_interface_change (VireoCall *call)
{
  void (*function) (gpointer part, GTask * task) = (void (*) (gpointer, GTask *)) call->op;

  function (call->part, vireo_call_task_boolean (call));
}

static const VireoHandler methods[] = {
  { "Start", vireo_handle_plain, VIREO_JOB_CHANGE, "interface-start",
    .op = VIREO_HOST_INTERFACE_OP (start) },
  { "Destroy", vireo_handle_plain, VIREO_JOB_STOP, "interface-destroy",
    .op = VIREO_HOST_INTERFACE_OP (destroy) },
  { "Undefine", vireo_handle_plain, VIREO_JOB_CHANGE, "interface-undefine",
    .op = VIREO_HOST_INTERFACE_OP (undefine) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_HOST_INTERFACE_OP (get_interfaces),
    .prepare = vireo_prepare_get_xml },
  { NULL },
};

const VireoService vireo_service_host_interface = {
  .interface = "org.vireo.Vireo1.HostInterface",
  .path_kind = VIREO_PATH_HOST_INTERFACE,
  .kind = "interface",
  .secure = "write",
  .part = VIREO_PART_REF (VIREO_PART_HOST_INTERFACES),
  .get_type = vireo_host_interface_obj_get_type,
  .methods = methods,
};
