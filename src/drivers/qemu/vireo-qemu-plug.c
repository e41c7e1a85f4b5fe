/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-start.h"

#include <string.h>

/* Plugging a guest's interfaces into networks and bridges, one after the other. */

static void plug_next (GTask *task);

static void
add_tap (VireoQemuStart *start, int fd)
{
  g_array_append_val (start->opened->resources->taps, fd);
}

/* For the live definition. */
void
vireo_qemu_describe_tap (VireoInterfaceDef *interface, const VireoNetworkSocket *socket)
{
  if (interface->target == NULL)
    interface->target = vireo_interface_target_def_new ();
  g_free (interface->target->dev);
  interface->target->dev = g_strdup (socket->device);
  if (interface->type == VIREO_INTERFACE_TYPE_NETWORK)
    {
      g_free (interface->source->bridge);
      interface->source->bridge = g_strdup (socket->bridge);
    }
}

static void
on_plugged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);
  VireoDomainDef *def = vireo_qemu_start_get_def (start);
  GError *error = NULL;
  g_autoptr (VireoNetworkSocket) socket = g_task_propagate_pointer (G_TASK (result), &error);

  if (socket == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  add_tap (start, g_steal_fd (&socket->fd));
  vireo_qemu_status_add_tap (start->domain->status, socket->device);
  vireo_qemu_describe_tap (def->interfaces[start->next_interface++], socket);
  plug_next (task);
}

static gboolean
fill_plug (const VireoDomainDef *def, const VireoInterfaceDef *interface, VireoNetworkPlug *plug,
           GError **error)
{
  *plug = (VireoNetworkPlug){
    .network = interface->type == VIREO_INTERFACE_TYPE_NETWORK ? interface->source->network : NULL,
    .bridge = interface->type == VIREO_INTERFACE_TYPE_BRIDGE ? interface->source->bridge : NULL,
    .target = interface->target != NULL ? interface->target->dev : NULL,
    .mac = interface->mac != NULL ? interface->mac->address : NULL,
    .mtu = interface->has_mtu ? interface->mtu : 0,
    .vnet_header = interface->model == NULL || g_str_has_prefix (interface->model, "virtio"),
    .owner_uuid = def->uuid,
  };
  if (plug->network != NULL || plug->bridge != NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
               "an interface of '%s' names neither a network nor a bridge", def->name);
  return FALSE;
}

/* Takes @task over, which returns a #VireoNetworkSocket. */
void
vireo_qemu_plug (VireoNetworkDriver *networks, const VireoDomainDef *def,
                 const VireoInterfaceDef *interface, GTask *task)
{
  VireoNetworkPlug plug;
  GError *error = NULL;

  if (networks == NULL || VIREO_NETWORK_DRIVER_GET_IFACE (networks)->plug == NULL)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                 "there are no networks of the host here: only interfaces of the type 'user'");
  if (error != NULL || !fill_plug (def, interface, &plug, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  VIREO_NETWORK_DRIVER_GET_IFACE (networks)->plug (networks, &plug, task);
}

static void
plug_next (GTask *task)
{
  VireoQemuStart *start = g_task_get_task_data (task);
  const VireoDomainDef *def = vireo_qemu_start_get_def (start);

  for (; start->next_interface < def->n_interfaces; start->next_interface++)
    {
      const VireoInterfaceDef *interface = def->interfaces[start->next_interface];

      if (vireo_qemu_needs_tap (interface))
        {
          VireoNetworkDriver *networks = start->driver->networks;

          vireo_qemu_plug (networks, def, interface,
                           g_task_new (networks, g_task_get_cancellable (task), on_plugged, task));
          return;
        }
      add_tap (start, -1);
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
vireo_qemu_start_plug (gpointer context, GTask *task)
{
  g_task_set_task_data (task, context, NULL);
  plug_next (task);
}
