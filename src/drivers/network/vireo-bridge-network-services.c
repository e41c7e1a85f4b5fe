/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes on while a network is up: its dnsmasq and the leases that this gives out. */

#include "util/vireo-error.h"
#include "vireo-bridge-network-private.h"
#include "vireo-dhcp-leases.h"

/* A dnsmasq that ends by itself is started again this often within this time; one that ends all the
 * time has a reason that starting it again does not cure. */
#define MAX_RESTARTS 5
#define RESTART_WINDOW (60 * G_USEC_PER_SEC)

/* ---- dnsmasq ---- */

static void
give_up (VireoBridgeNetwork *self, const char *why)
{
  g_autofree char *reason = g_strdup_printf ("its dnsmasq does not run: %s", why);

  g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (self)), reason);
  vireo_network_obj_set_state_reason (VIREO_NETWORK_OBJ (self), reason);
}

static void
restart_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_bridge_network_save_finish (VIREO_BRIDGE_NETWORK (source), result, &error))
    g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (source)), error->message);
}

static void restart (VireoBridgeNetwork *self, const char *why);

static void
restart_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoBridgeNetwork) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean started = vireo_dnsmasq_start_finish (VIREO_DNSMASQ (source), result, &error);

  /* It may have been taken down meanwhile, and with it what was being started. */
  if (self->dnsmasq != VIREO_DNSMASQ (source) || !vireo_bridge_network_is_up (self))
    return;
  if (started)
    vireo_bridge_network_save_async (self, NULL, restart_saved, NULL);
  else
    restart (self, error->message);
}

static void
restart (VireoBridgeNetwork *self, const char *why)
{
  gint64 now = g_get_monotonic_time ();

  if (now - self->restarts_since > RESTART_WINDOW)
    {
      self->restarts_since = now;
      self->n_restarts = 0;
    }
  if (self->n_restarts++ == MAX_RESTARTS)
    {
      give_up (self, why);
      return;
    }
  g_message ("network \"%s\": %s; starting dnsmasq again",
             vireo_obj_get_name (VIREO_OBJ (self)), why);
  vireo_dnsmasq_start_async (self->dnsmasq, NULL, restart_done, g_object_ref (self));
}

static void
dnsmasq_exited (VireoDnsmasq *dnsmasq, VireoBridgeNetwork *self)
{
  if (vireo_bridge_network_is_up (self))
    restart (self, "dnsmasq ended by itself");
}

/* Has the network's dnsmasq started again when it ends. */
void
_vireo_bridge_network_watch_dnsmasq (VireoBridgeNetwork *self)
{
  self->restarts_since = g_get_monotonic_time ();
  g_signal_connect (self->dnsmasq, "exited", G_CALLBACK (dnsmasq_exited), self);
}

/* Takes no more interest in it. */
void
_vireo_bridge_network_drop_dnsmasq (VireoBridgeNetwork *self)
{
  if (self->dnsmasq != NULL)
    g_signal_handlers_disconnect_by_data (self->dnsmasq, self);
  g_clear_object (&self->dnsmasq);
}

/* ---- leases ---- */

typedef struct
{
  char *path;
  VireoNetworkPlan *plan;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  g_free (reading->path);
  vireo_network_plan_unref (reading->plan);
  g_free (reading);
}

static void
read_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Reading *reading = data;
  g_autoptr (GError) error = NULL;
  GPtrArray *leases = vireo_dhcp_leases_read (reading->path, reading->plan, &error);

  if (leases != NULL)
    g_task_return_pointer (task, leases, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * vireo_bridge_network_get_leases:
 * @self: a network
 * @task: (transfer full): returns a #GPtrArray of #VireoNetworkLease; InvalidState when the network
 *   is not up
 *
 * Reads the leases that its dnsmasq has given out.
 *
 * Since: 0.1
 */
void
vireo_bridge_network_get_leases (VireoBridgeNetwork *self, GTask *task)
{
  g_autoptr (GTask) owned = task;
  Reading *reading;

  if (self->plan == NULL)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                               "network \"%s\" is not active",
                               vireo_obj_get_name (VIREO_OBJ (self)));
      return;
    }
  reading = g_new0 (Reading, 1);
  reading->path = g_strdup (self->paths->leases);
  reading->plan = vireo_network_plan_ref (self->plan);
  g_task_set_task_data (task, reading, reading_free);
  g_task_run_in_thread (task, read_thread);
}

/* All that a lease says, for comparing. */
static char *
leases_to_text (GPtrArray *leases)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < leases->len; i++)
    {
      const VireoNetworkLease *lease = g_ptr_array_index (leases, i);

      g_string_append_printf (text, "%s %s %" G_GINT64_FORMAT " %s %s\n", lease->address,
                              lease->mac, lease->expires,
                              lease->hostname != NULL ? lease->hostname : "*",
                              lease->client_id != NULL ? lease->client_id : "*");
    }
  return g_string_free (text, FALSE);
}

static void look_at_leases (VireoBridgeNetwork *self);

static void
leases_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoBridgeNetwork *self = VIREO_BRIDGE_NETWORK (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) leases = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *text = leases != NULL ? leases_to_text (leases) : NULL;

  self->reading_leases = FALSE;
  if (error != NULL && self->plan != NULL)
    g_warning ("network \"%s\": %s", vireo_obj_get_name (VIREO_OBJ (self)), error->message);
  if (text != NULL && self->monitor != NULL && g_strcmp0 (text, self->leases_seen) != 0)
    {
      gboolean first = self->leases_seen == NULL;

      g_free (self->leases_seen);
      self->leases_seen = g_steal_pointer (&text);
      if (!first)
        vireo_obj_emit_event (VIREO_OBJ (self), "LeasesChanged", NULL);
    }
  if (self->leases_changed && self->monitor != NULL)
    look_at_leases (self);
}

/* Reads the leases and tells when they are others than before. */
static void
look_at_leases (VireoBridgeNetwork *self)
{
  self->leases_changed = self->reading_leases;
  if (self->reading_leases)
    return;
  self->reading_leases = TRUE;
  vireo_bridge_network_get_leases (self, g_task_new (self, NULL, leases_read, NULL));
}

static void
leases_file_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                     VireoBridgeNetwork *self)
{
  look_at_leases (self);
}

/* Tells LeasesChanged from now on. */
void
_vireo_bridge_network_watch_leases (VireoBridgeNetwork *self)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->paths->leases);
  g_autoptr (GError) error = NULL;

  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, &error);
  if (self->monitor == NULL)
    {
      g_warning ("network \"%s\": cannot watch %s: %s", vireo_obj_get_name (VIREO_OBJ (self)),
                 self->paths->leases, error->message);
      return;
    }
  g_signal_connect (self->monitor, "changed", G_CALLBACK (leases_file_changed), self);
  look_at_leases (self);
}
