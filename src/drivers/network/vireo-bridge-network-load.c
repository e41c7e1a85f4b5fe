/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a new daemon finds: definitions, networks that are up, and what was left behind. And once a
 * boot, the networks that are to be started by themselves. */

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "util/vireo-error.h"
#include "vireo-bridge-network-driver-private.h"
#include "vireo-netlink.h"

/* In the folder that a reboot clears: the networks of this boot were started. */
#define AUTOSTART_MARK "autostarted"

typedef struct
{
  VireoBridgeNetworkDriver *driver;
  /* VireoNetworkStatus, in the order of their UUIDs. */
  GPtrArray *found;
  gboolean autostart;
  guint next_tap;
  /* How many networks are still being looked after. */
  guint n_pending;
} Loading;

static void
loading_free (gpointer data)
{
  Loading *loading = data;

  g_clear_pointer (&loading->found, g_ptr_array_unref);
  g_free (loading);
}

/* ---- once a boot ---- */

static void
autostart_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoJob) job = user_data;
  g_autoptr (GError) error = NULL;

  if (!_vireo_bridge_networks_start_finish (VIREO_BRIDGE_NETWORK_DRIVER (source), result, &error))
    g_warning ("autostart: %s", error->message);
  vireo_job_end (job, error);
}

static void
autostart_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoBridgeNetworkDriver) self = user_data;
  g_autoptr (GError) error = NULL;
  VireoJob *job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);

  if (job == NULL)
    g_warning ("autostart of network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (source)),
               error->message);
  else
    _vireo_bridge_networks_start_async (self, VIREO_BRIDGE_NETWORK (source), NULL, autostart_done,
                                        job);
}

static void
mark_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    g_warning ("networks may be started again by themselves: %s", error->message);
}

static void
autostart (VireoBridgeNetworkDriver *self)
{
  g_autoptr (GPtrArray) networks
      = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (self)));
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  const VireoStoreOp op = { AUTOSTART_MARK, empty, 0600 };

  for (guint i = 0; i < networks->len; i++)
    {
      VireoObj *network = networks->pdata[i];

      if (vireo_obj_get_autostart (network) && !vireo_obj_get_active (network)
          && vireo_def_obj_get_raw (VIREO_DEF_OBJ (network), NULL) == NULL)
        vireo_obj_begin_job_async (network, "network-start", VIREO_JOB_CHANGE, 0, NULL,
                                   autostart_begun, g_object_ref (self));
    }
  vireo_store_apply_async (self->folders.status, &op, 1, NULL, mark_written, NULL);
}

/* ---- one network ---- */

static void
one_done (GTask *task)
{
  Loading *loading = g_task_get_task_data (task);

  if (--loading->n_pending > 0)
    return;
  if (loading->autostart)
    autostart (loading->driver);
  g_task_return_boolean (task, TRUE);
}

typedef struct
{
  GTask *task;
  VireoBridgeNetwork *network;
  VireoJob *job;
  char *reason;
} Taking;

static void
taking_done (Taking *taking)
{
  if (taking->job != NULL)
    vireo_job_end (taking->job, NULL);
  g_clear_object (&taking->job);
  one_done (taking->task);
  g_object_unref (taking->network);
  g_object_unref (taking->task);
  g_free (taking->reason);
  g_free (taking);
}

static void
swept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Taking *taking = user_data;
  Loading *loading = g_task_get_task_data (taking->task);
  g_autoptr (GError) error = NULL;

  if (!vireo_bridge_network_take_down_finish (taking->network, result, &error))
    g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (taking->network)),
               error->message);
  if (vireo_obj_get_list (VIREO_OBJ (taking->network)) != NULL)
    _vireo_bridge_networks_is_down (loading->driver, taking->network, taking->reason);
  taking_done (taking);
}

static void
attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Taking *taking = user_data;
  g_autoptr (GError) error = NULL;

  if (vireo_bridge_network_attach_finish (taking->network, result, &error))
    {
      vireo_obj_set_active (VIREO_OBJ (taking->network), TRUE);
      taking_done (taking);
      return;
    }
  g_message ("network \"%s\" is not up any more: %s",
             vireo_obj_get_name (VIREO_OBJ (taking->network)), error->message);
  taking->reason = g_strdup (error->message);
  vireo_bridge_network_take_down_async (taking->network, NULL, swept, taking);
}

/* The object of a network that is written down: the one with its definition; of a transient
 * network, a new one; and when that cannot be, one that nobody sees, only to clean up after it. */
static VireoBridgeNetwork *
find_network (VireoBridgeNetworkDriver *self, const VireoNetworkStatus *status)
{
  VireoObjList *list = vireo_keeper_get_list (VIREO_KEEPER (self));
  VireoObj *obj = vireo_obj_list_find_by_uuid (list, status->uuid);
  g_autoptr (GError) error = NULL;
  VireoNetworkDef *def = vireo_network_def_parse (status->xml, -1, VIREO_PARSE_NONE, &error);

  if (obj != NULL && def != NULL)
    vireo_network_obj_set_live_def (VIREO_NETWORK_OBJ (obj), g_steal_pointer (&def));
  else if (def != NULL)
    obj = vireo_keeper_adopt (VIREO_KEEPER (self), g_steal_pointer (&def), status->owner, &error);
  if (obj != NULL)
    return VIREO_BRIDGE_NETWORK (g_object_ref (obj));
  g_warning ("the network %s that was up cannot be used: %s", status->uuid, error->message);
  return g_object_new (VIREO_TYPE_BRIDGE_NETWORK, "name", status->uuid, "uuid", status->uuid, NULL);
}

static void
take_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Taking *taking = user_data;
  Loading *loading = g_task_get_task_data (taking->task);
  const VireoNetworkStatus *status = NULL;
  g_autoptr (GError) error = NULL;

  taking->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
  for (guint i = 0; i < loading->found->len; i++)
    {
      const VireoNetworkStatus *other = g_ptr_array_index (loading->found, i);

      if (g_str_equal (other->uuid, vireo_obj_get_uuid (VIREO_OBJ (source))))
        status = other;
    }
  vireo_bridge_network_attach_async (taking->network, status, NULL, attached, taking);
}

static void
take_over (GTask *task, const VireoNetworkStatus *status)
{
  Loading *loading = g_task_get_task_data (task);
  Taking *taking = g_new0 (Taking, 1);

  taking->task = g_object_ref (task);
  taking->network = find_network (loading->driver, status);
  vireo_bridge_network_set_folders (taking->network, &loading->driver->folders);
  vireo_obj_begin_job_async (VIREO_OBJ (taking->network), "load", VIREO_JOB_CHANGE, 0, NULL,
                             take_begun, taking);
}

/* ---- what is on the disk ---- */

static guint
tap_number (const char *device)
{
  guint64 number;

  if (!g_str_has_prefix (device, "vireotap")
      || !g_ascii_string_to_unsigned (device + strlen ("vireotap"), 10, 0, 9999999, &number, NULL))
    return 0;
  return (guint) number + 1;
}

/* Forgets the devices that are not in the bridge any more: their guests ended. */
static void
sweep_taps (VireoNetworkStatus *status, guint *next_tap)
{
  VireoLink bridge = { 0 };

  vireo_netlink_get_link (status->bridge, &bridge, NULL);
  for (guint i = status->taps->len; i-- > 0;)
    {
      const VireoNetworkTap *tap = g_ptr_array_index (status->taps, i);
      VireoLink link;

      *next_tap = MAX (*next_tap, tap_number (tap->device));
      if (!vireo_netlink_get_link (tap->device, &link, NULL) || link.index != tap->index
          || link.master != bridge.index)
        g_ptr_array_remove_index_fast (status->taps, i);
    }
}

static void
read_status (Loading *loading, const char *name)
{
  VireoStore *store = loading->driver->folders.status;
  g_autofree char *uuid = g_strndup (name, strlen (name) - strlen (VIREO_NETWORK_STATUS_SUFFIX));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  VireoNetworkStatus *status = NULL;

  if (!g_uuid_string_is_valid (uuid))
    return;
  bytes = vireo_store_read (store, name, VIREO_NETWORK_STATUS_MAX_SIZE, &error);
  if (bytes != NULL)
    status = vireo_network_status_parse (uuid, bytes, &error);
  if (status == NULL)
    {
      g_warning ("what is left of a network is not cleaned up: %s", error->message);
      return;
    }
  sweep_taps (status, &loading->next_tap);
  g_ptr_array_add (loading->found, status);
}

static void
scan_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Loading *loading = data;
  VireoNetworkFolders *folders = &loading->driver->folders;
  g_autofree char *mark
      = g_build_filename (vireo_store_get_folder (folders->status), AUTOSTART_MARK, NULL);
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GError) error = NULL;

  /* dnsmasq passes through as its own user, whatever our umask. */
  if (g_mkdir_with_parents (folders->run, 0711) < 0 || g_chmod (folders->run, 0711) < 0)
    {
      vireo_error_set_errno (&error, errno, "cannot make the folder %s", folders->run);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (vireo_store_prepare (folders->status, &error))
    names = vireo_store_list (folders->status, VIREO_NETWORK_STATUS_SUFFIX, &error);
  if (names == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  for (guint i = 0; i < names->len; i++)
    read_status (loading, g_ptr_array_index (names, i));
  loading->autostart = !g_file_test (mark, G_FILE_TEST_EXISTS);
  g_task_return_boolean (task, TRUE);
}

static void
scanned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Loading *loading = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  loading->driver->next_tap = loading->next_tap;
  loading->n_pending = loading->found->len + 1;
  for (guint i = 0; i < loading->found->len; i++)
    take_over (task, g_ptr_array_index (loading->found, i));
  one_done (task);
}

static void
definitions_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GTask) scan = NULL;
  g_autoptr (GError) error = NULL;

  if (!vireo_keeper_load_finish (VIREO_KEEPER (source), result, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  scan = g_task_new (source, NULL, scanned, task);
  g_task_set_task_data (scan, g_task_get_task_data (task), NULL);
  g_steal_pointer (&task);
  g_task_run_in_thread (scan, scan_thread);
}

/**
 * vireo_bridge_network_driver_load_async:
 * @driver: the driver
 * @cancellable: (nullable): a cancellable
 * @callback: called when all networks are known, and those that were up are in order
 * @user_data: for @callback
 *
 * Loads definitions, goes on with the networks that are up, and cleans up what a daemon left that
 * was killed half-way. Networks that start by themselves are being started when it is done.
 *
 * Since: 0.1
 */
void
vireo_bridge_network_driver_load_async (VireoNetworkDriver *driver,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GTask *task = g_task_new (driver, cancellable, callback, user_data);
  Loading *loading = g_new0 (Loading, 1);

  loading->driver = VIREO_BRIDGE_NETWORK_DRIVER (driver);
  loading->found = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_network_status_free);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, loading, loading_free);
  vireo_keeper_load_async (VIREO_KEEPER (driver), cancellable, definitions_loaded, task);
}

/**
 * vireo_bridge_network_driver_load_finish:
 * @driver: the driver
 * @result: what the callback got
 * @error: a folder that cannot be used
 *
 * Returns: whether the driver can be used
 * Since: 0.1
 */
gboolean
vireo_bridge_network_driver_load_finish (VireoNetworkDriver *driver,
                                         GAsyncResult *result,
                                         GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
