/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a network comes up, goes down, and is taken over from a daemon before us: tables of steps.
 *
 * The steps up have no undo of their own. There is one way down, which removes whatever part of a
 * network is there: it ends a network that is up, one that failed half-way, and one that a daemon
 * left behind that was killed half-way. So it cannot lack anything for one of them, and it is
 * waited for: an undo that went on by itself could meet the next start. */

#include "util/vireo-error.h"
#include "util/vireo-steps.h"
#include "util/vireo-task.h"
#include "vireo-bridge-network-private.h"
#include "vireo-bridge-network-work.h"

/* ---- steps that both ways have ---- */

void
_vireo_bridge_network_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success
      = vireo_bridge_network_save_finish (VIREO_BRIDGE_NETWORK (source), result, &error);

  vireo_task_end (user_data, success, error);
}

static void
save_phase (VireoBridgeNetwork *self, VireoNetworkPhase phase, GTask *task)
{
  self->phase = phase;
  vireo_bridge_network_save_async (self, NULL, _vireo_bridge_network_saved, task);
}

/* ---- up ---- */

static void
run_plan (gpointer context, GTask *task)
{
  VireoBridgeNetwork *self = context;
  g_autoptr (GTask) owned = task;
  g_autoptr (GError) error = NULL;

  if (!_vireo_bridge_network_plan (self, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
run_write_starting (gpointer context, GTask *task)
{
  save_phase (context, VIREO_NETWORK_PHASE_STARTING, task);
}

static void
run_check_free (gpointer context, GTask *task)
{
  _vireo_network_work (context, _vireo_network_work_check_free, task);
}

static void
run_create_bridge (gpointer context, GTask *task)
{
  _vireo_network_work (context, _vireo_network_work_create_bridge, task);
}

static void
run_set_addresses (gpointer context, GTask *task)
{
  _vireo_network_work (context, _vireo_network_work_set_addresses, task);
}

static void
run_install_rules (gpointer context, GTask *task)
{
  _vireo_network_work (context, _vireo_network_work_install_rules, task);
}

static void
run_take_guests_back (gpointer context, GTask *task)
{
  _vireo_network_work (context, _vireo_network_work_take_guests_back, task);
}

static void
run_write_files (gpointer context, GTask *task)
{
  _vireo_network_work (context, _vireo_network_work_write_files, task);
}

void
_vireo_bridge_network_dnsmasq_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_dnsmasq_start_finish (VIREO_DNSMASQ (source), result, &error);

  vireo_task_end (user_data, success, error);
}

static void
run_start_dnsmasq (gpointer context, GTask *task)
{
  VireoBridgeNetwork *self = context;
  g_autoptr (GTask) owned = task;

  if (!vireo_network_plan_needs_dnsmasq (self->plan))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (self->dnsmasq == NULL)
    self->dnsmasq = vireo_dnsmasq_new (self->paths);
  if (!vireo_dnsmasq_is_running (self->dnsmasq))
    {
      vireo_dnsmasq_start_async (self->dnsmasq, NULL, _vireo_bridge_network_dnsmasq_started,
                                 g_steal_pointer (&owned));
      return;
    }
  /* Taken over; its files were written again. */
  vireo_dnsmasq_reload (self->dnsmasq);
  g_task_return_boolean (task, TRUE);
}

static void
run_write_active (gpointer context, GTask *task)
{
  save_phase (context, VIREO_NETWORK_PHASE_ACTIVE, task);
}

static const VireoStep up_steps[] = {
  { "use the definition", run_plan, NULL },
  { "write down what is about to be made", run_write_starting, NULL },
  { "use the network's addresses", run_check_free, NULL },
  { "create the bridge", run_create_bridge, NULL },
  { "set the addresses up", run_set_addresses, NULL },
  { "install the firewall's rules", run_install_rules, NULL },
  { "plug guests in again", run_take_guests_back, NULL },
  { "write dnsmasq's files", run_write_files, NULL },
  { "start dnsmasq", run_start_dnsmasq, NULL },
  { "write down that the network is up", run_write_active, NULL },
};

static void
is_up (VireoBridgeNetwork *self)
{
  _vireo_bridge_network_count_taps (self);
  if (self->dnsmasq != NULL)
    _vireo_bridge_network_watch_dnsmasq (self);
  if (vireo_network_plan_has_dhcp (self->plan))
    _vireo_bridge_network_watch_leases (self);
}

/* The way up failed, and the way down has come to its end. */
static void
taken_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  GError *cause = g_task_get_task_data (task);

  if (!vireo_bridge_network_take_down_finish (VIREO_BRIDGE_NETWORK (source), result, &error))
    g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (source)), error->message);
  g_task_return_error (task, g_error_copy (cause));
}

static void
up_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoBridgeNetwork *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (vireo_steps_run_finish (result, &error))
    {
      is_up (self);
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_task_set_task_data (task, g_steal_pointer (&error), (GDestroyNotify) g_error_free);
  vireo_bridge_network_take_down_async (self, NULL, taken_back, g_steal_pointer (&task));
}

/**
 * vireo_bridge_network_bring_up_async:
 * @self: a network that is not up, with its live definition set
 * @cancellable: (nullable): a cancellable
 * @callback: called when all of it is up, or nothing
 * @user_data: for @callback
 *
 * Since: 0.1
 */
void
vireo_bridge_network_bring_up_async (VireoBridgeNetwork *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_check_cancellable (task, FALSE);
  vireo_steps_run_async (up_steps, G_N_ELEMENTS (up_steps), self, cancellable, up_done, task);
}

/**
 * vireo_bridge_network_bring_up_finish:
 * @self: a network
 * @result: what the callback got
 * @error: Busy when its addresses or its bridge's name are in use; Network; ConfigUnsupported
 *
 * Returns: whether it is up
 * Since: 0.1
 */
gboolean
vireo_bridge_network_bring_up_finish (VireoBridgeNetwork *self, GAsyncResult *result,
                                      GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- down ---- */

/* No step down fails: those behind it have their own to remove. The first error is kept. */
static void
keep_error (VireoBridgeNetwork *self, GError *error)
{
  if (error == NULL || self->down_error != NULL)
    g_clear_error (&error);
  else
    self->down_error = error;
}

static void
down_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  vireo_bridge_network_save_finish (VIREO_BRIDGE_NETWORK (source), result, &error);
  keep_error (VIREO_BRIDGE_NETWORK (source), error);
  g_task_return_boolean (task, TRUE);
}

static void
run_write_stopping (gpointer context, GTask *task)
{
  VireoBridgeNetwork *self = context;
  gboolean was_up = self->phase == VIREO_NETWORK_PHASE_ACTIVE && self->plan != NULL;

  self->phase = VIREO_NETWORK_PHASE_STOPPING;
  if (was_up)
    {
      vireo_bridge_network_save_async (self, NULL, down_saved, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
dnsmasq_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  vireo_dnsmasq_stop_finish (VIREO_DNSMASQ (source), result, NULL);
  g_task_return_boolean (task, TRUE);
}

static void
run_stop_dnsmasq (gpointer context, GTask *task)
{
  VireoBridgeNetwork *self = context;

  if (self->dnsmasq != NULL)
    {
      vireo_dnsmasq_stop_async (self->dnsmasq, NULL, dnsmasq_stopped, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  keep_error (VIREO_BRIDGE_NETWORK (source), error);
  g_task_return_boolean (task, TRUE);
}

static void
run_remove_all (gpointer context, GTask *task)
{
  VireoBridgeNetwork *self = context;

  if (self->bridge == NULL)
    {
      /* It never got as far as a plan. */
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  _vireo_network_work (self, _vireo_network_work_remove_all,
                       g_task_new (self, NULL, removed, task));
}

static void
status_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoBridgeNetwork *self = g_task_get_task_data (task);
  GError *error = NULL;

  vireo_store_apply_finish (VIREO_STORE (source), result, &error);
  keep_error (self, error);
  g_task_return_boolean (task, TRUE);
}

/* What could not be removed stays written down, for the next daemon to try again. */
static void
run_delete_status (gpointer context, GTask *task)
{
  VireoBridgeNetwork *self = context;
  g_autofree char *name = g_strconcat (vireo_obj_get_uuid (VIREO_OBJ (self)),
                                       VIREO_NETWORK_STATUS_SUFFIX, NULL);
  const VireoStoreOp op = { name, NULL, 0 };

  if (self->down_error != NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, g_object_ref (self), g_object_unref);
  vireo_store_apply_async (self->folders->status, &op, 1, NULL, status_deleted, task);
}

static const VireoStep down_steps[] = {
  { "write down that the network stops", run_write_stopping, NULL },
  { "stop dnsmasq", run_stop_dnsmasq, NULL },
  { "remove rules and bridge", run_remove_all, NULL },
  { "forget the network", run_delete_status, NULL },
};

static void
down_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoBridgeNetwork *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  vireo_steps_run_finish (result, &error);
  if (error == NULL)
    error = g_steal_pointer (&self->down_error);
  _vireo_bridge_network_clear (self);
  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * vireo_bridge_network_take_down_async:
 * @self: a network of which anything may be there
 * @cancellable: (nullable): ignored: half a network is of no use to anybody
 * @callback: called when nothing of it is there
 * @user_data: for @callback
 *
 * Since: 0.1
 */
void
vireo_bridge_network_take_down_async (VireoBridgeNetwork *self, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_clear_error (&self->down_error);
  vireo_steps_run_async (down_steps, G_N_ELEMENTS (down_steps), self, NULL, down_done, task);
}

/**
 * vireo_bridge_network_take_down_finish:
 * @self: a network
 * @result: what the callback got
 * @error: what could not be removed; the rest was
 *
 * Returns: whether nothing is left
 * Since: 0.1
 */
gboolean
vireo_bridge_network_take_down_finish (VireoBridgeNetwork *self, GAsyncResult *result,
                                       GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- taken over ---- */

static void
run_check_bridge (gpointer context, GTask *task)
{
  _vireo_network_work (context, _vireo_network_work_check_bridge, task);
}

static void
run_end_strays (gpointer context, GTask *task)
{
  VireoBridgeNetwork *self = context;

  if (self->dnsmasq != NULL && vireo_dnsmasq_is_running (self->dnsmasq))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  _vireo_network_work (self, _vireo_network_work_end_strays, task);
}

static const VireoStep attach_steps[] = {
  { "use the definition", run_plan, NULL },
  { "find the bridge", run_check_bridge, NULL },
  { "repair the firewall's rules", run_install_rules, NULL },
  { "end what is left of dnsmasq", run_end_strays, NULL },
  { "write dnsmasq's files", run_write_files, NULL },
  { "start dnsmasq", run_start_dnsmasq, NULL },
  { "write down that the network is up", run_write_active, NULL },
};

static void
attach_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoBridgeNetwork *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!vireo_steps_run_finish (result, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  is_up (self);
  g_task_return_boolean (task, TRUE);
}

/**
 * vireo_bridge_network_attach_async:
 * @self: a network with its live definition set
 * @status: what was written down of it; its devices are those that are still in the bridge
 * @cancellable: (nullable): a cancellable
 * @callback: called when the network is in order again, or cannot be
 * @user_data: for @callback
 *
 * Goes on with a network that a daemon before us brought up: its rules are repaired, and its
 * dnsmasq is started again when it has ended. When this fails, take it down.
 *
 * Since: 0.1
 */
void
vireo_bridge_network_attach_async (VireoBridgeNetwork *self, const VireoNetworkStatus *status,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_free (self->bridge);
  self->bridge = g_strdup (status->bridge);
  g_free (self->mac);
  self->mac = g_strdup (status->mac);
  self->phase = VIREO_NETWORK_PHASE_STARTING;
  for (guint i = 0; i < status->taps->len; i++)
    {
      const VireoNetworkTap *tap = g_ptr_array_index (status->taps, i);

      vireo_bridge_network_add_tap (
          self, vireo_network_tap_new (tap->device, tap->index, tap->owner));
    }
  if (status->phase != VIREO_NETWORK_PHASE_ACTIVE)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                               "the daemon ended while the network was being %s",
                               status->phase == VIREO_NETWORK_PHASE_STARTING ? "started"
                                                                             : "stopped");
      g_object_unref (task);
      return;
    }
  if (status->dnsmasq_pid != 0)
    {
      self->dnsmasq = vireo_dnsmasq_new (self->paths);
      vireo_dnsmasq_attach (self->dnsmasq, status->dnsmasq_pid, status->dnsmasq_start_time);
    }
  vireo_steps_run_async (attach_steps, G_N_ELEMENTS (attach_steps), self, cancellable, attach_done,
                         task);
}

/**
 * vireo_bridge_network_attach_finish:
 * @self: a network
 * @result: what the callback got
 * @error: MissingResource when its bridge is gone
 *
 * Returns: whether it is up
 * Since: 0.1
 */
gboolean
vireo_bridge_network_attach_finish (VireoBridgeNetwork *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
repaired (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoJob) job = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (source)), error->message);
  vireo_job_end (job, error);
}

static void
repair_begun (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoBridgeNetwork *self = VIREO_BRIDGE_NETWORK (source);
  g_autoptr (VireoJob) job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, NULL);

  /* It was removed meanwhile, or has been busy for long. */
  if (job == NULL)
    return;
  if (!vireo_bridge_network_is_up (self))
    {
      vireo_job_end (job, NULL);
      return;
    }
  _vireo_network_work (self, _vireo_network_work_install_rules,
                       g_task_new (self, NULL, repaired, g_steal_pointer (&job)));
}

/**
 * vireo_bridge_network_repair_rules:
 * @self: a network
 *
 * Installs the rules again that somebody may have flushed, if the network is up. Waits for the
 * network's slot, so that it does not meet its end.
 *
 * Since: 0.1
 */
void
vireo_bridge_network_repair_rules (VireoBridgeNetwork *self)
{
  if (vireo_bridge_network_is_up (self))
    vireo_obj_begin_job_async (VIREO_OBJ (self), "repair", VIREO_JOB_CHANGE, 0, NULL, repair_begun,
                               NULL);
}
