/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One element of a network that is up is another one. Only dnsmasq has to know: hosts and names it
 * reads again when it is told to, for all else it is started again, which keeps its leases. */

#include "util/vireo-error.h"
#include "util/vireo-steps.h"
#include "util/vireo-task.h"
#include "vireo-bridge-network-private.h"
#include "vireo-bridge-network-work.h"

/* What is being changed, and what it was before. */
typedef struct
{
  VireoBridgeNetwork *network;
  VireoNetworkPlan *plan_before;
  VireoNetworkDef *def_before;
  GError *cause; /* why it is all being put back */
} Update;

static void
update_free (gpointer data)
{
  Update *update = data;

  g_object_unref (update->network);
  vireo_network_plan_unref (update->plan_before);
  vireo_network_def_free (update->def_before);
  g_clear_error (&update->cause);
  g_free (update);
}

static void
run_write_files (gpointer context, GTask *task)
{
  Update *update = context;

  _vireo_network_work (update->network, _vireo_network_work_write_files, task);
}

/* Whether dnsmasq has to be started again to obey. */
static gboolean
needs_restart (const Update *update)
{
  const VireoBridgeNetwork *network = update->network;
  g_autofree char *before = vireo_dnsmasq_config (update->plan_before, network->paths, NULL);
  g_autofree char *after = vireo_dnsmasq_config (network->plan, network->paths, NULL);

  /* What is put back was not obeyed whole, perhaps. */
  return update->cause != NULL || !g_str_equal (before, after);
}

static void
stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Update *update = g_task_get_task_data (task);
  VireoBridgeNetwork *network = update->network;

  vireo_dnsmasq_stop_finish (VIREO_DNSMASQ (source), result, NULL);
  if (vireo_network_plan_needs_dnsmasq (network->plan))
    {
      vireo_dnsmasq_start_async (network->dnsmasq, NULL, _vireo_bridge_network_dnsmasq_started,
                                 g_steal_pointer (&task));
      return;
    }
  _vireo_bridge_network_drop_dnsmasq (network);
  g_task_return_boolean (task, TRUE);
}

static void
run_tell_dnsmasq (gpointer context, GTask *task)
{
  Update *update = context;
  VireoBridgeNetwork *network = update->network;
  g_autoptr (GTask) owned = task;

  if (network->dnsmasq == NULL && vireo_network_plan_needs_dnsmasq (network->plan))
    {
      network->dnsmasq = vireo_dnsmasq_new (network->paths);
      _vireo_bridge_network_watch_dnsmasq (network);
    }
  if (network->dnsmasq == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (vireo_dnsmasq_is_running (network->dnsmasq) && !needs_restart (update))
    {
      vireo_dnsmasq_reload (network->dnsmasq);
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_task_set_task_data (task, update, NULL);
  vireo_dnsmasq_stop_async (network->dnsmasq, NULL, stopped, g_steal_pointer (&owned));
}

static void
run_save (gpointer context, GTask *task)
{
  Update *update = context;

  vireo_bridge_network_save_async (update->network, NULL, _vireo_bridge_network_saved, task);
}

static const VireoStep steps[] = {
  { "write dnsmasq's files", run_write_files, NULL },
  { "have dnsmasq obey", run_tell_dnsmasq, NULL },
  { "write down what the network is now", run_save, NULL },
};

static void
put_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Update *update = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!vireo_steps_run_finish (result, &error))
    g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (update->network)),
               error->message);
  g_task_return_error (task, g_steal_pointer (&update->cause));
}

static void
updated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Update *update = g_task_get_task_data (task);
  VireoBridgeNetwork *network = update->network;

  if (!vireo_steps_run_finish (result, &update->cause))
    {
      g_clear_pointer (&network->plan, vireo_network_plan_unref);
      network->plan = vireo_network_plan_ref (update->plan_before);
      vireo_network_obj_set_live_def (VIREO_NETWORK_OBJ (network),
                                      g_steal_pointer (&update->def_before));
      vireo_steps_run_async (steps, G_N_ELEMENTS (steps), update, NULL, put_back,
                             g_steal_pointer (&task));
      return;
    }
  if (network->monitor == NULL && vireo_network_plan_has_dhcp (network->plan))
    _vireo_bridge_network_watch_leases (network);
  g_task_return_boolean (task, TRUE);
}

/**
 * vireo_bridge_network_update:
 * @self: a network that is up, with its slot held
 * @def: the definition that is to be live, which differs in what dnsmasq is told only
 * @task: (transfer full): returns a boolean; ConfigUnsupported for what this driver cannot do,
 *   Network with what dnsmasq said
 *
 * Makes the network after another definition without taking it down. When that fails, all is as it
 * was.
 *
 * Since: 0.1
 */
void
vireo_bridge_network_update (VireoBridgeNetwork *self, const VireoNetworkDef *def, GTask *task)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkPlan) plan = vireo_network_plan_new_checked (def, &error);
  Update *update;

  if (plan == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  update = g_new0 (Update, 1);
  update->network = g_object_ref (self);
  update->plan_before = g_steal_pointer (&self->plan);
  update->def_before = vireo_network_def_copy (
      vireo_network_obj_get_live_def (VIREO_NETWORK_OBJ (self)));
  self->plan = g_steal_pointer (&plan);
  vireo_network_obj_set_live_def (VIREO_NETWORK_OBJ (self), vireo_network_def_copy (def));
  g_task_set_task_data (task, update, update_free);
  vireo_steps_run_async (steps, G_N_ELEMENTS (steps), update, NULL, updated,
                         g_steal_pointer (&owned));
}
