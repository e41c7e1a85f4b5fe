/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-ports.h"

#define KIND "network-port"

static gboolean
check_port (VireoNetworkObj *network, const VireoNetworkPortDef *def, GError **error)
{
  const char *name = vireo_obj_get_name (VIREO_OBJ (network));

  if (!vireo_obj_get_active (VIREO_OBJ (network)))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "network \"%s\" is not active",
                 name);
  else if (def->mac == NULL || def->owner == NULL || def->owner->uuid == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                 "a port says whose it is and for which hardware address, in "
                 "/networkport/owner/uuid and /networkport/mac/@address");
  else
    return TRUE;
  return FALSE;
}

/* (transfer full): @wanted, with what the network gives it. */
static VireoNetworkPortDef *
complete_port (VireoNetworkObj *network, const VireoNetworkPortDef *wanted)
{
  const VireoNetworkDef *network_def = vireo_network_obj_get_def (network);
  VireoNetworkPortDef *def = vireo_network_port_def_copy (wanted);
  g_autofree char *uuid = def->uuid != NULL ? g_ascii_strdown (def->uuid, -1) : NULL;

  g_free (def->uuid);
  def->uuid = uuid != NULL ? g_steal_pointer (&uuid) : g_uuid_string_random ();
  if (def->plug == NULL && network_def->bridge != NULL && network_def->bridge->name != NULL)
    {
      def->plug = vireo_port_plug_def_new ();
      def->plug->type = VIREO_PLUG_TYPE_NETWORK;
      def->plug->bridge = g_strdup (network_def->bridge->name);
    }
  return def;
}

void
vireo_test_create_port (VireoNetworkDriver *driver,
                        VireoNetworkObj *network,
                        const VireoNetworkPortDef *wanted,
                        guint owner,
                        GTask *task)
{
  g_autoptr (VireoObj) obj = NULL;
  GError *error = NULL;

  if (check_port (network, wanted, &error))
    {
      VireoObjList *ports = vireo_obj_ensure_children (VIREO_OBJ (network), KIND);
      VireoNetworkPortDef *def = complete_port (network, wanted);

      obj = g_object_new (VIREO_TYPE_NETWORK_PORT_OBJ, "name", def->uuid, "uuid", def->uuid,
                          "owner", owner, "active", TRUE, NULL);
      vireo_def_obj_set_live (VIREO_DEF_OBJ (obj), def);
      vireo_obj_list_add (ports, obj, &error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&obj), g_object_unref);
  g_object_unref (task);
}

void
vireo_test_delete_port (VireoNetworkDriver *driver, VireoNetworkPortObj *port, GTask *task)
{
  vireo_obj_list_remove (vireo_obj_get_list (VIREO_OBJ (port)), VIREO_OBJ (port));
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
vireo_test_set_port_parameters (VireoNetworkDriver *driver,
                                VireoNetworkPortObj *port,
                                GVariant *parameters,
                                GTask *task)
{
  VireoNetworkPortDef *def = vireo_def_obj_get_live (VIREO_DEF_OBJ (port));
  GError *error = NULL;

  if (vireo_bandwidth_def_set_parameters (&def->bandwidth, parameters, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

void
vireo_test_remove_ports (VireoNetworkObj *network)
{
  VireoObjList *ports = vireo_obj_get_children (VIREO_OBJ (network), KIND);
  g_autoptr (GPtrArray) objects = ports != NULL ? vireo_obj_list_snapshot (ports) : NULL;

  for (guint i = 0; objects != NULL && i < objects->len; i++)
    vireo_obj_list_remove (ports, objects->pdata[i]);
}
