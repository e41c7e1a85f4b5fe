/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service-network-port.h"

#include "vireo-handlers.h"
#include "vireo-services.h"

static VireoNetworkPortObj *
get_port (VireoCall *call)
{
  return VIREO_NETWORK_PORT_OBJ (call->node->object);
}

static void
handle_get_parameters (VireoCall *call)
{
  const VireoNetworkPortDef *def = vireo_def_obj_get (VIREO_DEF_OBJ (get_port (call)));

  vireo_call_return (call, g_variant_new ("(@a{sv})",
                                          vireo_bandwidth_def_to_parameters (
                                              def != NULL ? def->bandwidth : NULL)));
}

static void
handle_set_parameters (VireoCall *call)
{
  g_autoptr (GVariant) parameters = g_variant_get_child_value (call->args, 0);

  VIREO_NETWORK_DRIVER_GET_IFACE (call->part)
      ->set_port_parameters (call->part, get_port (call), parameters,
                             vireo_call_task_boolean (call));
}

/* ---- of networks ---- */

void
vireo_network_create_port (VireoCall *call)
{
  VIREO_NETWORK_DRIVER_GET_IFACE (call->part)
      ->create_port (call->part, VIREO_NETWORK_OBJ (call->node->object), call->def,
                     vireo_caller_get_uid (call->caller), vireo_call_task_object (call));
}

static const VireoHandler methods[] = {
  { "Delete", vireo_handle_plain, VIREO_JOB_CHANGE, "network-port-delete",
    .op = VIREO_NETWORK_OP (delete_port) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_NETWORK_OP (create_port),
    .prepare = vireo_prepare_get_xml },
  { "GetParameters", handle_get_parameters, .op = VIREO_NETWORK_OP (create_port) },
  { "SetParameters", handle_set_parameters, VIREO_JOB_CHANGE, "network-port-set-parameters",
    .op = VIREO_NETWORK_OP (set_port_parameters) },
  { NULL },
};

const VireoService vireo_service_network_port = {
  .interface = "org.vireo.Vireo1.NetworkPort",
  .path_kind = VIREO_PATH_NETWORK_PORT,
  .kind = "network-port",
  .secure = "write",
  .part = VIREO_PART_REF (VIREO_PART_NETWORKS),
  .get_type = vireo_network_port_obj_get_type,
  .methods = methods,
};
