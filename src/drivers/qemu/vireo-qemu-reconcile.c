/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "vireo-qemu-agent.h"
#include "vireo-qemu-device.h"
#include "vireo-qemu-monitor.h"

/* Reaching a guest that runs already, and finding out what became of it while nobody looked. */

/* How long is waited before another attempt to reach the monitor: twice as long each time. */
#define RECONNECT_MIN_MS 100u
#define RECONNECT_MAX_MS 10000u

/* ---- what became of it ---- */

static void
keep_state (VireoQemuDomain *self)
{
}

static gboolean
is_starting_up (VireoQemuDomain *self)
{
  return g_strcmp0 (vireo_domain_obj_get_state_reason (VIREO_DOMAIN_OBJ (self)),
                    VIREO_QEMU_REASON_STARTING_UP)
         == 0;
}

static void
now_running (VireoQemuDomain *self)
{
  VireoDomainState state = vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self));

  if (state == VIREO_DOMAIN_STATE_PAUSED && !is_starting_up (self))
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_RUNNING, "unpaused", "resumed", "unpaused");
  else if (state != VIREO_DOMAIN_STATE_RUNNING)
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_RUNNING, "booted", NULL, NULL);
}

static void
now_paused (VireoQemuDomain *self)
{
  if (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self)) != VIREO_DOMAIN_STATE_PAUSED
      || is_starting_up (self))
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PAUSED, "unknown", "suspended", "paused");
}

static void
now_io_error (VireoQemuDomain *self)
{
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PAUSED, "ioerror", "suspended", "ioerror");
}

static void
now_watchdog (VireoQemuDomain *self)
{
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PAUSED, "watchdog", "suspended", "watchdog");
}

static void
now_suspended (VireoQemuDomain *self)
{
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PMSUSPENDED, "unknown", "pmsuspended",
                           "memory");
}

static void
now_panicked (VireoQemuDomain *self)
{
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_CRASHED, "panicked", "crashed", "panicked");
  vireo_qemu_events_handle_crash (self);
}

static void
now_shut_down (VireoQemuDomain *self)
{
  self->end = VIREO_QEMU_END_SHUTDOWN;
  if (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self)) == VIREO_DOMAIN_STATE_SHUTDOWN)
    vireo_qemu_events_end_poweroff (self);
  else
    vireo_qemu_events_handle_poweroff (self, FALSE);
}

/* The processors have not run since the start or the last reset. A start that was cut short is
 * ended, for nobody was told that it had been done; to be paused is as it should be. */
static void
now_prelaunch (VireoQemuDomain *self)
{
  if (!is_starting_up (self))
    {
      vireo_qemu_events_handle_reset (self);
      return;
    }
  self->end = VIREO_QEMU_END_FAILED;
  self->status->phase = VIREO_QEMU_PHASE_STOPPING;
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_SHUTDOWN, "daemon", NULL, NULL);
  vireo_qemu_process_kill (self->process, SIGKILL);
}

/* Run states of QEMU, as its QMP reference has them. */
static const struct
{
  const char *status;
  void (*reconcile) (VireoQemuDomain *self);
} run_states[] = {
  { "running", now_running },         { "paused", now_paused },
  { "prelaunch", now_prelaunch },     { "io-error", now_io_error },
  { "watchdog", now_watchdog },       { "suspended", now_suspended },
  { "guest-panicked", now_panicked }, { "shutdown", now_shut_down },
  { "internal-error", now_paused },   { "debug", keep_state },
  { "save-vm", keep_state },          { "restore-vm", keep_state },
};

static void
reconcile (VireoQemuDomain *self, const char *status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (run_states); i++)
    if (g_strcmp0 (run_states[i].status, status) == 0)
      {
        run_states[i].reconcile (self);
        return;
      }
  g_message ("the emulator of '%s' is in the state '%s', which says nothing to us",
             vireo_obj_get_name (VIREO_OBJ (self)), status != NULL ? status : "");
}

/* ---- reaching it ---- */

/* Whether anybody still expects an answer of the emulator. */
static gboolean
is_wanted (VireoQemuDomain *self)
{
  return self->status != NULL && self->status->phase == VIREO_QEMU_PHASE_RUNNING
         && self->process != NULL && !vireo_qemu_process_has_exited (self->process);
}

static gboolean
on_reconnect (gpointer data)
{
  VireoQemuDomain *self = data;

  self->reconnect_source = 0;
  vireo_qemu_domain_connect (self);
  return G_SOURCE_REMOVE;
}

void
vireo_qemu_domain_reconnect (VireoQemuDomain *self, const GError *error)
{
  /* As a rule its process ends a moment later. */
  if (!is_wanted (self) || self->reconnect_source != 0)
    return;
  if (self->reconnect_delay == RECONNECT_MIN_MS)
    g_message ("the monitor of '%s' cannot be reached, which is tried again: %s",
               vireo_obj_get_name (VIREO_OBJ (self)), error != NULL ? error->message : "closed");
  self->reconnect_delay = CLAMP (self->reconnect_delay * 2, RECONNECT_MIN_MS, RECONNECT_MAX_MS);
  self->reconnect_source = g_timeout_add (self->reconnect_delay, on_reconnect, self);
}

static void
on_status (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoQemuDomain) self = user_data;
  VireoQmp *qmp = VIREO_QMP (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (qmp, result, &error);
  JsonNode *status = NULL;

  if (!is_wanted (self) || qmp != self->qmp)
    return;
  if (reply == NULL)
    {
      g_warning ("'%s' does not say how it is: %s", vireo_obj_get_name (VIREO_OBJ (self)),
                 error->message);
      /* Which has it asked again later. */
      vireo_qmp_close (qmp);
      return;
    }
  self->reconnect_delay = 0;
  self->reaching = FALSE;
  if (JSON_NODE_HOLDS_OBJECT (reply))
    status = json_object_get_member (json_node_get_object (reply), "status");
  reconcile (self, status != NULL && json_node_get_value_type (status) == G_TYPE_STRING
                       ? json_node_get_string (status)
                       : NULL);
  if (self->qmp == qmp && vireo_qmp_is_open (qmp))
    vireo_qemu_domain_emit_reached (self);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoQemuDomain) self = user_data;
  VireoQmp *qmp = VIREO_QMP (source);

  /* A client that could not be opened is closed, and who hears that tries again. */
  if (!vireo_qmp_open_finish (qmp, result, NULL) || !is_wanted (self) || qmp != self->qmp)
    return;
  /* QEMU answers in order: nobody else gets at the domain before its devices are known. */
  vireo_qemu_devices_reconcile (self);
  vireo_qemu_agent_reconcile (self);
  vireo_qmp_execute_async (qmp, "query-status", NULL, NULL, VIREO_QMP_TIMEOUT_NEVER, NULL,
                           on_status, g_object_ref (self));
}

/* Waits as long as it takes: an emulator that hangs now may go on later. Meanwhile its domain is
 * there, and can be destroyed. */
void
vireo_qemu_domain_connect (VireoQemuDomain *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (VireoQmp) qmp = NULL;

  if (!is_wanted (self))
    return;
  socket = vireo_qemu_monitor_connect (self->status->monitor, &error);
  if (socket == NULL)
    {
      /* Where daemons came and went while QEMU hung, their connections fill its queue. */
      vireo_qemu_domain_reconnect (self, error);
      return;
    }
  qmp = vireo_qmp_new (socket);
  vireo_qemu_domain_set_qmp (self, qmp);
  self->reaching = TRUE;
  vireo_qmp_open_async (qmp, VIREO_QMP_TIMEOUT_NEVER, NULL, on_opened, g_object_ref (self));
}
