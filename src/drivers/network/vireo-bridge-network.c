/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-bridge-network-private.h"

#include "util/vireo-error.h"
#include "util/vireo-task.h"

G_DEFINE_TYPE (VireoBridgeNetwork, vireo_bridge_network, VIREO_TYPE_NETWORK_OBJ)

static void
vireo_bridge_network_finalize (GObject *object)
{
  VireoBridgeNetwork *self = VIREO_BRIDGE_NETWORK (object);

  _vireo_bridge_network_clear (self);
  g_hash_table_unref (self->taps);
  g_clear_pointer (&self->paths, vireo_dnsmasq_paths_free);
  G_OBJECT_CLASS (vireo_bridge_network_parent_class)->finalize (object);
}

static void
vireo_bridge_network_class_init (VireoBridgeNetworkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_bridge_network_finalize;
}

static void
vireo_bridge_network_init (VireoBridgeNetwork *self)
{
  self->taps = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                      (GDestroyNotify) vireo_network_tap_free);
}

/**
 * vireo_bridge_network_set_folders:
 * @self: a network
 * @folders: where the driver keeps its things; lives longer than @self
 *
 * To be called before anything else.
 *
 * Since: 0.1
 */
void
vireo_bridge_network_set_folders (VireoBridgeNetwork *self, const VireoNetworkFolders *folders)
{
  if (self->folders != NULL)
    return;
  self->folders = folders;
  self->paths = vireo_dnsmasq_paths_new (folders->run, folders->leases,
                                         vireo_obj_get_uuid (VIREO_OBJ (self)));
}

/**
 * vireo_bridge_network_get_plan:
 * @self: a network
 *
 * Returns: (transfer none) (nullable): what it was made after; %NULL when it is not up
 * Since: 0.1
 */
const VireoNetworkPlan *
vireo_bridge_network_get_plan (VireoBridgeNetwork *self)
{
  return self->plan;
}

/**
 * vireo_bridge_network_is_up:
 * @self: a network
 *
 * Returns: whether all of it is there, and it is not on its way down
 * Since: 0.1
 */
gboolean
vireo_bridge_network_is_up (VireoBridgeNetwork *self)
{
  return self->plan != NULL && self->phase == VIREO_NETWORK_PHASE_ACTIVE;
}

/* Turns the live definition into the plan by which the network is made. */
gboolean
_vireo_bridge_network_plan (VireoBridgeNetwork *self, GError **error)
{
  const VireoNetworkDef *def = vireo_network_obj_get_live_def (VIREO_NETWORK_OBJ (self));
  g_autoptr (VireoNetworkPlan) plan = vireo_network_plan_new_checked (def, error);

  if (plan == NULL)
    return FALSE;
  if (plan->bridge == NULL || (vireo_network_plan_owns_bridge (plan) && plan->mac == NULL))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED,
                   "network \"%s\" has no name or no MAC address for its bridge",
                   vireo_obj_get_name (VIREO_OBJ (self)));
      return FALSE;
    }
  g_free (self->bridge);
  self->bridge = g_strdup (plan->bridge);
  g_free (self->mac);
  self->mac = g_strdup (vireo_network_plan_owns_bridge (plan) ? plan->mac : NULL);
  g_clear_pointer (&self->plan, vireo_network_plan_unref);
  self->plan = g_steal_pointer (&plan);
  return TRUE;
}

/* Forgets all that it had while it was up. */
void
_vireo_bridge_network_clear (VireoBridgeNetwork *self)
{
  _vireo_bridge_network_drop_dnsmasq (self);
  if (self->monitor != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->monitor, self);
      g_file_monitor_cancel (self->monitor);
    }
  g_clear_object (&self->monitor);
  g_clear_pointer (&self->leases_seen, g_free);
  g_clear_pointer (&self->plan, vireo_network_plan_unref);
  g_clear_pointer (&self->bridge, g_free);
  g_clear_pointer (&self->mac, g_free);
  g_clear_error (&self->down_error);
  /* The guests' devices stay: they wait for the network to come back. */
  self->n_restarts = 0;
}

/* ---- the guests' devices ---- */

/* `connections` of the live definition says how many there are. */
void
_vireo_bridge_network_count_taps (VireoBridgeNetwork *self)
{
  VireoNetworkDef *def = vireo_network_obj_get_live_def (VIREO_NETWORK_OBJ (self));
  guint n = g_hash_table_size (self->taps);

  if (def == NULL)
    return;
  def->connections = n;
  def->has_connections = n > 0;
}

/**
 * vireo_bridge_network_add_tap:
 * @self: a network that is up
 * @tap: (transfer full): a guest's device in its bridge
 *
 * Since: 0.1
 */
void
vireo_bridge_network_add_tap (VireoBridgeNetwork *self, VireoNetworkTap *tap)
{
  g_hash_table_replace (self->taps, tap->device, tap);
  _vireo_bridge_network_count_taps (self);
}

/**
 * vireo_bridge_network_steal_tap:
 * @self: a network
 * @device: name of a guest's device
 *
 * Returns: (transfer full) (nullable): what was known of it, which the network knows no more
 * Since: 0.1
 */
VireoNetworkTap *
vireo_bridge_network_steal_tap (VireoBridgeNetwork *self, const char *device)
{
  gpointer tap = NULL;

  g_hash_table_steal_extended (self->taps, device, NULL, &tap);
  _vireo_bridge_network_count_taps (self);
  return tap;
}

/**
 * vireo_bridge_network_has_tap:
 * @self: a network
 * @device: name of a device
 *
 * Returns: whether it is a guest's on this network
 * Since: 0.1
 */
gboolean
vireo_bridge_network_has_tap (VireoBridgeNetwork *self, const char *device)
{
  return g_hash_table_contains (self->taps, device);
}

/* ---- status ---- */

static GBytes *
format_status (VireoBridgeNetwork *self, GError **error)
{
  g_autoptr (VireoNetworkStatus) status
      = vireo_network_status_new (vireo_obj_get_uuid (VIREO_OBJ (self)));
  GHashTableIter iter;
  gpointer value;

  status->phase = self->phase;
  status->owner = vireo_obj_get_owner (VIREO_OBJ (self));
  status->bridge = g_strdup (self->bridge);
  status->mac = g_strdup (self->mac);
  if (self->dnsmasq != NULL)
    {
      status->dnsmasq_pid = vireo_dnsmasq_get_pid (self->dnsmasq);
      status->dnsmasq_start_time = vireo_dnsmasq_get_start_time (self->dnsmasq);
    }
  g_hash_table_iter_init (&iter, self->taps);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const VireoNetworkTap *tap = value;

      g_ptr_array_add (status->taps, vireo_network_tap_new (tap->device, tap->index, tap->owner));
    }
  status->xml
      = vireo_network_def_format (vireo_network_obj_get_live_def (VIREO_NETWORK_OBJ (self)),
                                  VIREO_FORMAT_SECURE, error);
  return status->xml != NULL ? vireo_network_status_format (status) : NULL;
}

static void
save_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_store_apply_finish (VIREO_STORE (source), result, &error);

  vireo_task_end (user_data, success, error);
}

/**
 * vireo_bridge_network_save_async:
 * @self: a network with a live definition
 * @cancellable: (nullable): a cancellable
 * @callback: called when its status is on the disk
 * @user_data: for @callback
 *
 * Writes down how far the network is and what it has. The writes of one driver are made in their
 * order.
 *
 * Since: 0.1
 */
void
vireo_bridge_network_save_async (VireoBridgeNetwork *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *name = g_strconcat (vireo_obj_get_uuid (VIREO_OBJ (self)),
                                       VIREO_NETWORK_STATUS_SUFFIX, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = format_status (self, &error);
  const VireoStoreOp op = { name, bytes, 0600 };

  if (bytes == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    vireo_store_apply_async (self->folders->status, &op, 1, cancellable, save_done,
                             g_steal_pointer (&task));
}

/**
 * vireo_bridge_network_save_finish:
 * @self: a network
 * @result: what the callback got
 * @error: what the store said
 *
 * Returns: whether it is on the disk
 * Since: 0.1
 */
gboolean
vireo_bridge_network_save_finish (VireoBridgeNetwork *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
