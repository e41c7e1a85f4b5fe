/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-bridge-network-driver-private.h"

#include "drivers/common/vireo-network-update.h"
#include "util/vireo-error.h"
#include "util/vireo-task.h"

static void network_driver_init (VireoNetworkDriverInterface *iface);

G_DEFINE_TYPE_WITH_CODE (VireoBridgeNetworkDriver, vireo_bridge_network_driver,
                         VIREO_TYPE_NETWORK_KEEPER,
                         G_IMPLEMENT_INTERFACE (VIREO_TYPE_NETWORK_DRIVER, network_driver_init))

/* ---- starting ---- */

static void
up_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoBridgeNetwork *network = VIREO_BRIDGE_NETWORK (source);
  g_autoptr (GTask) task = user_data;
  VireoKeeper *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!vireo_bridge_network_bring_up_finish (network, result, &error))
    {
      vireo_error_translate (&error, "cannot start network \"%s\"",
                             vireo_obj_get_name (VIREO_OBJ (network)));
      vireo_keeper_stopped (self, VIREO_OBJ (network));
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_object_freeze_notify (G_OBJECT (network));
  vireo_network_obj_set_state_reason (VIREO_NETWORK_OBJ (network), "");
  vireo_obj_set_active (VIREO_OBJ (network), TRUE);
  g_object_thaw_notify (G_OBJECT (network));
  vireo_network_obj_emit_lifecycle (VIREO_NETWORK_OBJ (network), "started");
  g_task_return_boolean (task, TRUE);
}

void
_vireo_bridge_networks_start_live_async (VireoBridgeNetworkDriver *self,
                                         VireoBridgeNetwork *network, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  VireoNetworkDef *live = vireo_network_obj_get_live_def (VIREO_NETWORK_OBJ (network));
  g_autoptr (GError) error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  vireo_bridge_network_set_folders (network, &self->folders);
  /* A definition that was put on the disk by hand may lack what is chosen at define. */
  if (!_vireo_bridge_networks_choose (VIREO_KEEPER (self), VIREO_OBJ (network), live, &error))
    {
      vireo_keeper_stopped (VIREO_KEEPER (self), VIREO_OBJ (network));
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  vireo_bridge_network_bring_up_async (network, cancellable, up_done, g_steal_pointer (&task));
}

static void
made_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoBridgeNetworkDriver *self = VIREO_BRIDGE_NETWORK_DRIVER (source);
  g_autoptr (GTask) task = user_data;
  VireoNetworkObj *network = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!vireo_keeper_make_ready_finish (VIREO_KEEPER (self), result, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  vireo_network_obj_set_live_def (
      network, vireo_network_def_copy (vireo_network_obj_get_persistent_def (network)));
  _vireo_bridge_networks_start_live_async (self, VIREO_BRIDGE_NETWORK (network),
                                           g_task_get_cancellable (task), vireo_task_forward, task);
  g_steal_pointer (&task);
}

void
_vireo_bridge_networks_start_async (VireoBridgeNetworkDriver *self, VireoBridgeNetwork *network,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_object_ref (network), g_object_unref);
  if (vireo_obj_get_active (VIREO_OBJ (network)))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                               "network \"%s\" is active already",
                               vireo_obj_get_name (VIREO_OBJ (network)));
      return;
    }
  vireo_keeper_make_ready_async (VIREO_KEEPER (self), VIREO_OBJ (network), cancellable, made_ready,
                                 g_steal_pointer (&task));
}

gboolean
_vireo_bridge_networks_start_finish (VireoBridgeNetworkDriver *self, GAsyncResult *result,
                                     GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
start (VireoNetworkDriver *driver, VireoNetworkObj *obj, GTask *task)
{
  _vireo_bridge_networks_start_async (VIREO_BRIDGE_NETWORK_DRIVER (driver),
                                      VIREO_BRIDGE_NETWORK (obj), g_task_get_cancellable (task),
                                      vireo_task_forward, task);
}

/* ---- create ---- */

static void
created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoJob *job = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoObj) obj = g_object_ref (vireo_job_get_object (job));

  if (_vireo_bridge_networks_start_finish (VIREO_BRIDGE_NETWORK_DRIVER (source), result, &error))
    {
      vireo_job_end (job, NULL);
      g_task_return_pointer (task, g_steal_pointer (&obj), g_object_unref);
      return;
    }
  vireo_job_end (job, error);
  g_task_return_error (task, g_steal_pointer (&error));
}

static void
create_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  VireoJob *job = vireo_keeper_create_finish (VIREO_KEEPER (source), result, &error);

  if (job == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_task_set_task_data (task, job, g_object_unref);
  _vireo_bridge_networks_start_live_async (
      VIREO_BRIDGE_NETWORK_DRIVER (source), VIREO_BRIDGE_NETWORK (vireo_job_get_object (job)),
      vireo_job_get_cancellable (job), created, g_steal_pointer (&task));
}

static void
create (VireoNetworkDriver *driver, const VireoNetworkDef *def, guint owner, GTask *task)
{
  vireo_keeper_create_async (VIREO_KEEPER (driver), def, owner, g_task_get_cancellable (task),
                             create_ready, task);
}

/* ---- destroy ---- */

void
_vireo_bridge_networks_is_down (VireoBridgeNetworkDriver *self, VireoBridgeNetwork *network,
                                const char *reason)
{
  gboolean was_active = vireo_obj_get_active (VIREO_OBJ (network));

  g_object_freeze_notify (G_OBJECT (network));
  vireo_network_obj_set_state_reason (VIREO_NETWORK_OBJ (network), reason);
  vireo_obj_set_active (VIREO_OBJ (network), FALSE);
  g_object_thaw_notify (G_OBJECT (network));
  if (was_active)
    vireo_network_obj_emit_lifecycle (VIREO_NETWORK_OBJ (network), "stopped");
  vireo_keeper_stopped (VIREO_KEEPER (self), VIREO_OBJ (network));
}

static void
down_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoBridgeNetwork *network = VIREO_BRIDGE_NETWORK (source);
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  gboolean clean = vireo_bridge_network_take_down_finish (network, result, &error);

  /* Whatever is left, it is no network any more. */
  _vireo_bridge_networks_is_down (g_task_get_task_data (task), network,
                                  clean ? "" : error->message);
  if (clean)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
destroy (VireoNetworkDriver *driver, VireoNetworkObj *obj, GTask *task)
{
  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                               "network \"%s\" is not active",
                               vireo_obj_get_name (VIREO_OBJ (obj)));
      g_object_unref (task);
      return;
    }
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_object_ref (driver), g_object_unref);
  vireo_bridge_network_take_down_async (VIREO_BRIDGE_NETWORK (obj), NULL, down_done, task);
}

/* ---- update ---- */

static void
update_live (VireoNetworkKeeper *keeper, VireoNetworkObj *obj, const VireoNetworkDef *def,
             GTask *task)
{
  vireo_bridge_network_update (VIREO_BRIDGE_NETWORK (obj), def, task);
}

static void
update (VireoNetworkDriver *driver, VireoNetworkObj *obj, const VireoNetworkUpdate *change,
        GTask *task)
{
  vireo_network_update_run (VIREO_NETWORK_KEEPER (driver), obj, change, task);
}

/* ---- the rest ---- */

static void
get_leases (VireoNetworkDriver *driver, VireoNetworkObj *obj, GTask *task)
{
  vireo_bridge_network_get_leases (VIREO_BRIDGE_NETWORK (obj), task);
}

/* Rules that somebody flushed come back, too. */
static void
reload (VireoNetworkDriver *driver, GTask *task)
{
  VireoKeeper *self = VIREO_KEEPER (driver);
  g_autoptr (GPtrArray) networks = vireo_obj_list_snapshot (vireo_keeper_get_list (self));

  for (guint i = 0; i < networks->len; i++)
    vireo_bridge_network_repair_rules (networks->pdata[i]);
  vireo_keeper_reload (self, task);
}

static void
network_driver_init (VireoNetworkDriverInterface *iface)
{
  iface->create = create;
  iface->start = start;
  iface->destroy = destroy;
  iface->update = update;
  iface->get_leases = get_leases;
  iface->reload = reload;
  iface->plug = _vireo_bridge_networks_plug;
  iface->unplug = _vireo_bridge_networks_unplug;
}

/* What cannot be made is not defined either. Here rather than in `validate`, which has one code for
 * all that it finds. */
static gboolean
check (VireoKeeper *keeper, VireoObj *obj, gpointer def, GError **error)
{
  g_autoptr (VireoNetworkPlan) plan = vireo_network_plan_new_checked (def, error);

  return plan != NULL && _vireo_bridge_networks_choose (keeper, obj, def, error);
}

static void
vireo_bridge_network_driver_finalize (GObject *object)
{
  VireoBridgeNetworkDriver *self = VIREO_BRIDGE_NETWORK_DRIVER (object);

  g_clear_object (&self->folders.status);
  g_free (self->folders.run);
  g_free (self->folders.leases);
  g_hash_table_unref (self->bridge_taps);
  G_OBJECT_CLASS (vireo_bridge_network_driver_parent_class)->finalize (object);
}

static void
vireo_bridge_network_driver_class_init (VireoBridgeNetworkDriverClass *klass)
{
  VireoKeeperClass *keeper_class = VIREO_KEEPER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vireo_bridge_network_driver_finalize;
  keeper_class->obj_type = VIREO_TYPE_BRIDGE_NETWORK;
  keeper_class->check = check;
  VIREO_NETWORK_KEEPER_CLASS (klass)->update_live = update_live;
}

static void
forget_leases_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_delete_finish (G_FILE (source), result, &error)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_warning ("%s", error->message);
}

/* Nobody will ask for its guests' addresses again. */
static void
network_removed (VireoObjList *list, VireoObj *obj, VireoBridgeNetworkDriver *self)
{
  g_autoptr (VireoDnsmasqPaths) paths = vireo_dnsmasq_paths_new (
      self->folders.run, self->folders.leases, vireo_obj_get_uuid (obj));
  g_autoptr (GFile) file = g_file_new_for_path (paths->leases);

  g_file_delete_async (file, G_PRIORITY_DEFAULT, NULL, forget_leases_done, NULL);
}

static void
vireo_bridge_network_driver_init (VireoBridgeNetworkDriver *self)
{
  self->bridge_taps = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                             (GDestroyNotify) vireo_network_tap_free);
}

/**
 * vireo_bridge_network_driver_new:
 * @env: where the daemon keeps its things
 *
 * Call vireo_bridge_network_driver_load_async() before anything else.
 *
 * Returns: (transfer full) (nullable): the driver; %NULL for a session's daemon, which may not make
 *   bridges
 * Since: 0.1
 */
VireoNetworkDriver *
vireo_bridge_network_driver_new (const VireoEnv *env)
{
  g_autofree char *state = g_build_filename (env->state_dir, "network", NULL);
  g_autofree char *status = g_build_filename (env->run_dir, "network", "status", NULL);
  VireoBridgeNetworkDriver *self;

  if (env->session)
    return NULL;
  self = g_object_new (VIREO_TYPE_BRIDGE_NETWORK_DRIVER, "state-dir", state, NULL);
  self->folders.run = g_build_filename (env->run_dir, "network", NULL);
  self->folders.leases = g_build_filename (state, "leases", NULL);
  self->folders.status = vireo_store_new (status);
  g_signal_connect_object (vireo_keeper_get_list (VIREO_KEEPER (self)), "removed",
                           G_CALLBACK (network_removed), self, 0);
  return VIREO_NETWORK_DRIVER (self);
}
