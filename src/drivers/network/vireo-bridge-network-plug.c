/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Guests' devices: made for a domain driver, which hands them to its hypervisor.
 *
 * A tap device lives as long as somebody has it open, so none is ever left behind. Its name is not
 * used a second time as long as the daemon runs: a domain driver that has not yet heard of its
 * guest's end could remove another's. */

#include <glib-unix.h>
#include <unistd.h>

#include "util/vireo-error.h"
#include "vireo-bridge-network-driver-private.h"
#include "vireo-netlink.h"

#define TAP_PREFIX "vireotap"
#define TAP_NAME TAP_PREFIX "%u"
#define MAX_TAP_NUMBER 9999999

typedef struct
{
  VireoBridgeNetworkDriver *driver;
  VireoBridgeNetwork *network; /* NULL for a bridge that is nobody's network */
  VireoJob *job;
  char *bridge;
  char *target;
  char *owner;
  char *mac;
  guint mtu;
  gboolean vnet_header;
  /* What came out. */
  VireoNetworkSocket *socket;
  int index;
} Plug;

static void
plug_free (gpointer data)
{
  Plug *plug = data;

  g_object_unref (plug->driver);
  g_clear_object (&plug->network);
  g_clear_object (&plug->job);
  g_free (plug->bridge);
  g_free (plug->target);
  g_free (plug->owner);
  g_free (plug->mac);
  vireo_network_socket_free (plug->socket);
  g_free (plug);
}

/* Takes @task over; @error as well, NULL on success. */
static void
plug_done (GTask *task, GError *error)
{
  g_autoptr (GTask) owned = task;
  Plug *plug = g_task_get_task_data (task);

  if (plug->job != NULL)
    vireo_job_end (plug->job, error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&plug->socket),
                           (GDestroyNotify) vireo_network_socket_free);
}

static gboolean
name_is_used (VireoBridgeNetworkDriver *self, const char *device)
{
  g_autoptr (GPtrArray) networks
      = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (self)));

  for (guint i = 0; i < networks->len; i++)
    if (vireo_bridge_network_has_tap (networks->pdata[i], device))
      return TRUE;
  return g_hash_table_contains (self->bridge_taps, device);
}

/* ---- writing down ---- */

static void
plug_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GTask *task = user_data;
  Plug *plug = g_task_get_task_data (task);

  if (!vireo_bridge_network_save_finish (plug->network, result, &error))
    vireo_network_tap_free (
        vireo_bridge_network_steal_tap (plug->network, plug->socket->device));
  plug_done (task, g_steal_pointer (&error));
}

static void
plug_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Plug *plug = g_task_get_task_data (task);
  VireoNetworkTap *tap;
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      plug_done (task, error);
      return;
    }
  tap = vireo_network_tap_new (plug->socket->device, plug->index, plug->owner);
  if (plug->network == NULL)
    {
      g_hash_table_replace (plug->driver->bridge_taps, tap->device, tap);
      plug_done (task, NULL);
      return;
    }
  vireo_bridge_network_add_tap (plug->network, tap);
  vireo_bridge_network_save_async (plug->network, NULL, plug_saved, task);
}

/* ---- making ---- */

/* A guest's address, made one that is higher than any other port's, so that the bridge never takes
 * it for its own. */
static char *
port_mac (const char *guest_mac)
{
  guint8 mac[6];

  if (!vireo_netlink_parse_mac (guest_mac, mac))
    return NULL;
  return g_strdup_printf ("fe:%02x:%02x:%02x:%02x:%02x", mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void
make_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Plug *plug = data;
  g_autofree char *mac = port_mac (plug->mac);
  g_autoptr (VireoNetworkSocket) made = g_new0 (VireoNetworkSocket, 1);
  g_autoptr (GError) error = NULL;
  VireoLink link;

  made->bridge = g_strdup (plug->bridge);
  made->fd = vireo_tap_open (plug->target, plug->vnet_header, &made->device, &error);
  if (made->fd < 0
      || !vireo_netlink_set_port (made->device, plug->bridge, mac, plug->mtu, &error)
      || !vireo_netlink_get_link (made->device, &link, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  plug->index = link.index;
  plug->socket = g_steal_pointer (&made);
  g_task_return_boolean (task, TRUE);
}

static void
make (GTask *task)
{
  Plug *plug = g_task_get_task_data (task);
  g_autoptr (GTask) work = NULL;

  if (plug->target == NULL)
    {
      plug->target = g_strdup_printf (TAP_NAME, plug->driver->next_tap);
      plug->driver->next_tap = (plug->driver->next_tap + 1) % MAX_TAP_NUMBER;
    }
  else if (name_is_used (plug->driver, plug->target))
    {
      plug_done (task, g_error_new (VIREO_ERROR, VIREO_ERROR_BUSY,
                                    "the device %s is another guest's", plug->target));
      return;
    }
  work = g_task_new (plug->driver, NULL, plug_made, task);
  g_task_set_task_data (work, plug, NULL);
  g_task_run_in_thread (work, make_thread);
}

/* ---- the network ---- */

static void
make_in_network (GTask *task)
{
  Plug *plug = g_task_get_task_data (task);
  const VireoNetworkPlan *plan = vireo_bridge_network_get_plan (plug->network);

  plug->bridge = g_strdup (plan->bridge);
  make (task);
}

static void
network_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  if (_vireo_bridge_networks_start_finish (VIREO_BRIDGE_NETWORK_DRIVER (source), result, &error))
    make_in_network (task);
  else
    plug_done (task, error);
}

static void
network_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Plug *plug = g_task_get_task_data (task);
  GError *error = NULL;

  plug->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
  if (plug->job == NULL)
    plug_done (task, error);
  else if (vireo_obj_get_active (VIREO_OBJ (source)))
    make_in_network (task);
  else
    _vireo_bridge_networks_start_async (plug->driver, plug->network, g_task_get_cancellable (task),
                                        network_started, task);
}

static Plug *
plug_new (VireoBridgeNetworkDriver *self, const VireoNetworkPlug *wanted)
{
  Plug *plug = g_new0 (Plug, 1);

  plug->driver = g_object_ref (self);
  plug->bridge = g_strdup (wanted->network == NULL ? wanted->bridge : NULL);
  /* A name of ours comes from a live definition that was defined again, and is another's by now. */
  if (wanted->target != NULL && !g_str_has_prefix (wanted->target, TAP_PREFIX))
    plug->target = g_strdup (wanted->target);
  plug->owner = g_strdup (wanted->owner_uuid);
  plug->mac = g_strdup (wanted->mac);
  plug->mtu = wanted->mtu;
  plug->vnet_header = wanted->vnet_header;
  return plug;
}

void
_vireo_bridge_networks_plug (VireoNetworkDriver *driver, const VireoNetworkPlug *wanted,
                             GTask *task)
{
  VireoBridgeNetworkDriver *self = VIREO_BRIDGE_NETWORK_DRIVER (driver);
  Plug *plug = plug_new (self, wanted);
  VireoObj *network;

  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, plug, plug_free);
  if (wanted->network == NULL)
    {
      if (vireo_netlink_is_device_name (plug->bridge))
        make (task);
      else
        plug_done (task, g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                                      "\"%s\" cannot name a bridge",
                                      plug->bridge != NULL ? plug->bridge : ""));
      return;
    }
  network = vireo_obj_list_find_by_name (vireo_keeper_get_list (VIREO_KEEPER (self)),
                                         wanted->network);
  if (network == NULL)
    {
      plug_done (task, g_error_new (VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                                    "there is no network \"%s\"", wanted->network));
      return;
    }
  plug->network = VIREO_BRIDGE_NETWORK (g_object_ref (network));
  vireo_obj_begin_job_async (network, "plug", VIREO_JOB_CHANGE, 0, g_task_get_cancellable (task),
                             network_begun, task);
}

/* ---- unplugging ---- */

static void
unplug_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_bridge_network_save_finish (VIREO_BRIDGE_NETWORK (source), result, &error))
    g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (source)), error->message);
}

/* Deletes the device unless it is gone, and another has its name by now. */
static void
delete_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const VireoNetworkTap *tap = data;
  g_autoptr (GError) error = NULL;
  VireoLink link;

  if (vireo_netlink_get_link (tap->device, &link, NULL) && link.index == tap->index
      && !vireo_netlink_delete_link (tap->device, "tun", NULL, &error))
    g_warning ("%s", error->message);
  g_task_return_boolean (task, TRUE);
}

static VireoNetworkTap *
forget_tap (VireoBridgeNetworkDriver *self, const char *device)
{
  g_autoptr (GPtrArray) networks
      = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (self)));
  gpointer tap = NULL;

  for (guint i = 0; i < networks->len; i++)
    {
      VireoBridgeNetwork *network = networks->pdata[i];

      if (!vireo_bridge_network_has_tap (network, device))
        continue;
      tap = vireo_bridge_network_steal_tap (network, device);
      if (vireo_bridge_network_is_up (network))
        vireo_bridge_network_save_async (network, NULL, unplug_saved, NULL);
      return tap;
    }
  g_hash_table_steal_extended (self->bridge_taps, device, NULL, &tap);
  return tap;
}

void
_vireo_bridge_networks_unplug (VireoNetworkDriver *driver, const char *device)
{
  VireoNetworkTap *tap = forget_tap (VIREO_BRIDGE_NETWORK_DRIVER (driver), device);
  g_autoptr (GTask) task = NULL;

  /* One that is not known was in a network that is not up any more, or its guest ended while no
   * daemon looked: it went with the guest. */
  if (tap == NULL)
    return;
  task = g_task_new (driver, NULL, NULL, NULL);
  g_task_set_task_data (task, tap, (GDestroyNotify) vireo_network_tap_free);
  g_task_run_in_thread (task, delete_thread);
}
