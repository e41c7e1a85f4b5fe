/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "vireo-qemu-agent.h"
#include "vireo-qemu-device.h"
#include "vireo-qemu-monitor-command.h"
#include "vireo-qmp-message.h"

/* Events of QEMU (its QMP reference, "Run State Management" and others) and what they mean for a
 * domain. The state is entered before @react is called; a row without a reason leaves it alone. */
typedef struct
{
  const char *event;
  VireoDomainState state;
  const char *reason;
  const char *lifecycle;
  const char *detail;
  void (*react) (VireoQemuDomain *self, JsonObject *data);
} Reaction;

/* A member that may be absent, as all that comes from outside; NULL when it is not a string. */
static const char *
get_string (JsonObject *data, const char *member)
{
  JsonNode *node = data != NULL ? json_object_get_member (data, member) : NULL;

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static gboolean
is_going_down (VireoQemuDomain *self)
{
  VireoDomainState state = vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self));

  return state == VIREO_DOMAIN_STATE_CRASHED || state == VIREO_DOMAIN_STATE_SHUTDOWN
         || self->status->phase == VIREO_QEMU_PHASE_STOPPING;
}

/* A guest that stopped itself (error, watchdog, panic) was announced by an event before. */
static void
react_stop (VireoQemuDomain *self, JsonObject *data)
{
  const char *reason = self->pause_reason != NULL ? self->pause_reason : "user";

  self->pause_reason = NULL;
  if (is_going_down (self) || self->restarting)
    return;
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PAUSED, reason, "suspended",
                           strcmp (reason, "user") == 0 ? "paused" : reason);
}

static void
react_resume (VireoQemuDomain *self, JsonObject *data)
{
  VireoDomainState state = vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self));

  self->restarting = FALSE;
  if (state == VIREO_DOMAIN_STATE_PAUSED)
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_RUNNING, "unpaused", "resumed", "unpaused");
}

static void
react_reset (VireoQemuDomain *self, JsonObject *data)
{
  /* The guest restarted in its own way: what was to become of its power-off is done. */
  if (self->status->rebooting && g_strcmp0 (get_string (data, "reason"), "guest-reset") == 0)
    {
      self->status->rebooting = FALSE;
      vireo_qemu_domain_set_actions (self, FALSE);
      vireo_qemu_domain_save_async (self, NULL, NULL, NULL);
    }
  vireo_obj_emit_event (VIREO_OBJ (self), "Rebooted", NULL);
}

static const struct
{
  const char *reason;
  VireoQemuEnd end;
} shutdown_reasons[] = {
  { "guest-shutdown", VIREO_QEMU_END_SHUTDOWN },
  { "guest-reset", VIREO_QEMU_END_SHUTDOWN },
  { "guest-panic", VIREO_QEMU_END_CRASHED },
  { "host-qmp-quit", VIREO_QEMU_END_DESTROYED },
  { "host-qmp-system-reset", VIREO_QEMU_END_SHUTDOWN },
  { "host-signal", VIREO_QEMU_END_DESTROYED },
  { "host-ui", VIREO_QEMU_END_DESTROYED },
};

static void
react_shutdown (VireoQemuDomain *self, JsonObject *data)
{
  const char *reason = get_string (data, "reason");

  for (gsize i = 0; i < G_N_ELEMENTS (shutdown_reasons); i++)
    if (g_strcmp0 (shutdown_reasons[i].reason, reason) == 0
        && self->end == VIREO_QEMU_END_UNKNOWN)
      self->end = shutdown_reasons[i].end;
  if (self->end == VIREO_QEMU_END_SHUTDOWN)
    vireo_qemu_events_handle_poweroff (self, g_strcmp0 (reason, "guest-reset") == 0);
}

/* QEMU goes on to stop the processors, which is not somebody's wish then. */
static void
react_io_error (VireoQemuDomain *self, JsonObject *data)
{
  if (g_strcmp0 (get_string (data, "action"), "stop") == 0)
    self->pause_reason = "ioerror";
}

static void
react_watchdog (VireoQemuDomain *self, JsonObject *data)
{
  if (g_strcmp0 (get_string (data, "action"), "pause") == 0)
    self->pause_reason = "watchdog";
}

static void
react_panicked (VireoQemuDomain *self, JsonObject *data)
{
  vireo_qemu_events_handle_crash (self);
}

/* What the guest has given back, or taken. */
static void
react_balloon (VireoQemuDomain *self, JsonObject *data)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (obj);
  gint64 actual = data != NULL ? vireo_json_get_int (data, "actual", -1) : -1;
  VireoDomainDef *def;

  if (actual < 0 || live == NULL)
    return;
  def = vireo_domain_def_copy (live);
  def->current_memory = MIN ((guint64) actual / 1024, def->memory);
  def->has_current_memory = TRUE;
  vireo_obj_emit_event (VIREO_OBJ (self), "BalloonChanged",
                        g_variant_new ("(t)", def->current_memory));
  vireo_domain_obj_set_live_def (obj, def);
}

static void
react_device_deleted (VireoQemuDomain *self, JsonObject *data)
{
  const char *alias = get_string (data, "device");

  if (alias != NULL)
    vireo_qemu_device_gone (self, alias);
}

static void
react_device_kept (VireoQemuDomain *self, JsonObject *data)
{
  const char *alias = get_string (data, "device");

  if (alias != NULL)
    vireo_qemu_device_kept (self, alias);
}

static void
react_tray (VireoQemuDomain *self, JsonObject *data)
{
  const char *alias = get_string (data, "id");
  gboolean open = data != NULL && vireo_json_get_boolean (data, "tray-open", FALSE);
  VireoDeviceKind kind;
  guint index;

  if (vireo_qemu_device_find (vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self)), alias,
                              &kind, &index))
    vireo_obj_emit_event (VIREO_OBJ (self), "TrayChanged",
                          g_variant_new ("(ss)", alias, open ? "open" : "close"));
}

static void
react_serial_port (VireoQemuDomain *self, JsonObject *data)
{
  const char *alias = get_string (data, "id");

  if (alias != NULL)
    vireo_qemu_agent_set_open (self, alias, vireo_json_get_boolean (data, "open", FALSE),
                               "channel");
}

static void
react_vnc (VireoQemuDomain *self, JsonObject *data)
{
  g_debug ("a viewer of '%s' came or went", vireo_obj_get_name (VIREO_OBJ (self)));
}

static const Reaction reactions[] = {
  { "STOP", 0, NULL, NULL, NULL, react_stop },
  { "RESUME", 0, NULL, NULL, NULL, react_resume },
  { "RESET", 0, NULL, NULL, NULL, react_reset },
  { "SHUTDOWN", 0, NULL, NULL, NULL, react_shutdown },
  { "SUSPEND", VIREO_DOMAIN_STATE_PMSUSPENDED, "unknown", "pmsuspended", "memory", NULL },
  { "SUSPEND_DISK", VIREO_DOMAIN_STATE_PMSUSPENDED, "unknown", "pmsuspended", "disk", NULL },
  { "WAKEUP", VIREO_DOMAIN_STATE_RUNNING, "wakeup", "started", "wakeup", NULL },
  { "GUEST_PANICKED", VIREO_DOMAIN_STATE_CRASHED, "panicked", "crashed", "panicked",
    react_panicked },
  { "BLOCK_IO_ERROR", 0, NULL, NULL, NULL, react_io_error },
  { "WATCHDOG", 0, NULL, NULL, NULL, react_watchdog },
  { "DEVICE_DELETED", 0, NULL, NULL, NULL, react_device_deleted },
  { "DEVICE_UNPLUG_GUEST_ERROR", 0, NULL, NULL, NULL, react_device_kept },
  { "DEVICE_TRAY_MOVED", 0, NULL, NULL, NULL, react_tray },
  { "BALLOON_CHANGE", 0, NULL, NULL, NULL, react_balloon },
  { "VSERPORT_CHANGE", 0, NULL, NULL, NULL, react_serial_port },
  { "VNC_CONNECTED", 0, NULL, NULL, NULL, react_vnc },
  { "VNC_DISCONNECTED", 0, NULL, NULL, NULL, react_vnc },
};

static void
on_event (VireoQmp *qmp, const char *name, JsonObject *data, gint64 timestamp,
          VireoQemuDomain *self)
{
  g_autoptr (VireoQemuDomain) kept = g_object_ref (self);

  if (self->status != NULL)
    vireo_qemu_tell_monitor_event (self, name, data, timestamp);
  /* Before it runs, it has no state that an event could change. */
  if (self->status == NULL || self->status->phase == VIREO_QEMU_PHASE_STARTING)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (reactions); i++)
    {
      const Reaction *reaction = &reactions[i];

      if (strcmp (reaction->event, name) != 0)
        continue;
      if (reaction->reason != NULL)
        vireo_qemu_domain_enter (self, reaction->state, reaction->reason, reaction->lifecycle,
                                 reaction->detail);
      if (reaction->react != NULL)
        reaction->react (self, data);
      return;
    }
}

void
vireo_qemu_events_connect (VireoQemuDomain *self)
{
  g_signal_connect (self->qmp, "event", G_CALLBACK (on_event), self);
}
