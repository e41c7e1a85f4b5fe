/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-domain.h"

/* What becomes of a guest that powers off, restarts or crashes.
 *
 * QEMU is told beforehand what to do by itself, so that it is done even while no daemon runs; only
 * what it cannot do alone (start again after a power-off or a crash) it leaves to us, paused. */

typedef enum
{
  BY_QEMU, /* it ends */
  RESTART, /* it waits, and we reset it */
  PRESERVE /* it waits for whoever wants to look */
} Fate;

/* QEMU cannot restart under another name; a core dump is not taken yet, and the guest is treated as
 * the action says otherwise. */
static const Fate fates[] = {
  [VIREO_LIFECYCLE_ACTION_UNSET] = BY_QEMU,
  [VIREO_LIFECYCLE_ACTION_DESTROY] = BY_QEMU,
  [VIREO_LIFECYCLE_ACTION_RESTART] = RESTART,
  [VIREO_LIFECYCLE_ACTION_RENAME_RESTART] = RESTART,
  [VIREO_LIFECYCLE_ACTION_PRESERVE] = PRESERVE,
  [VIREO_LIFECYCLE_ACTION_COREDUMP_DESTROY] = BY_QEMU,
  [VIREO_LIFECYCLE_ACTION_COREDUMP_RESTART] = RESTART,
};

static Fate
get_fate (VireoLifecycleAction action)
{
  return (gsize) action < G_N_ELEMENTS (fates) ? fates[action] : BY_QEMU;
}

static const VireoDomainDef *
get_def (VireoQemuDomain *self)
{
  return vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));
}

/* Somebody who sent a command of which nothing depends on the reply. */
static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *what = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  /* That QEMU ended meanwhile is told by its end. */
  if (error != NULL && !g_error_matches (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED))
    g_warning ("%s: %s", what, error->message);
}

static void
send (VireoQemuDomain *self, const char *command, JsonObject *arguments)
{
  if (self->qmp == NULL)
    {
      g_clear_pointer (&arguments, json_object_unref);
      return;
    }
  vireo_qmp_execute_async (
      self->qmp, command, arguments, NULL, 0, NULL, on_sent,
      g_strdup_printf ("'%s' of '%s'", command, vireo_obj_get_name (VIREO_OBJ (self))));
}

void
vireo_qemu_domain_set_actions (VireoQemuDomain *self, gboolean pause_at_poweroff)
{
  const VireoDomainDef *def = get_def (self);
  JsonObject *arguments = json_object_new ();
  gboolean pause = pause_at_poweroff || get_fate (def->on_poweroff) != BY_QEMU;

  json_object_set_string_member (arguments, "shutdown", pause ? "pause" : "poweroff");
  json_object_set_string_member (
      arguments, "reboot",
      def->on_reboot != VIREO_LIFECYCLE_ACTION_UNSET && get_fate (def->on_reboot) == BY_QEMU
          ? "shutdown"
          : "reset");
  json_object_set_string_member (arguments, "panic",
                                 get_fate (def->on_crash) == BY_QEMU ? "shutdown" : "pause");
  send (self, "set-action", arguments);
}

/* The machine was reset. */
static void
run_again (VireoQemuDomain *self)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);

  self->end = VIREO_QEMU_END_UNKNOWN;
  self->restarting = TRUE;
  send (self, "cont", NULL);
  if (self->status->rebooting)
    {
      self->status->rebooting = FALSE;
      vireo_qemu_domain_set_actions (self, FALSE);
    }
  if (vireo_domain_obj_get_state (obj) == VIREO_DOMAIN_STATE_RUNNING)
    vireo_qemu_domain_save_async (self, NULL, NULL, NULL);
  else
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_RUNNING, "booted", "started", "booted");
}

static void
restart (VireoQemuDomain *self)
{
  send (self, "system_reset", NULL);
  run_again (self);
}

/* Events that come while we reach the monitor are not acted upon: nothing can be sent yet, and the
 * run state, which is asked for next, says it again. */
static gboolean
can_act (VireoQemuDomain *self)
{
  return self->qmp != NULL && vireo_qmp_is_open (self->qmp);
}

void
vireo_qemu_events_handle_poweroff (VireoQemuDomain *self, gboolean by_guest_reset)
{
  const VireoDomainDef *def = get_def (self);
  Fate fate = get_fate (def->on_poweroff);

  if (!can_act (self))
    return;
  if (self->status->rebooting || (!by_guest_reset && fate == RESTART))
    {
      restart (self);
      return;
    }
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_SHUTDOWN, "user", "shutdown", "guest");
  /* QEMU waits for us where it need not: when another daemon told it to, for a restart that was
   * then called off; or when a restart is a power-off and a power-off is not one. */
  if (fate == BY_QEMU || by_guest_reset)
    send (self, "quit", NULL);
}

void
vireo_qemu_events_handle_crash (VireoQemuDomain *self)
{
  Fate fate = get_fate (get_def (self)->on_crash);

  if (!can_act (self))
    return;
  if (fate == RESTART)
    restart (self);
  else if (fate == BY_QEMU)
    self->end = VIREO_QEMU_END_CRASHED;
}

/* That the state was recorded means that a restart had been decided against. Whether it was the
 * power-off or a restart that is to be none is not known any more; what is to be preserved is. */
void
vireo_qemu_events_end_poweroff (VireoQemuDomain *self)
{
  if (get_fate (get_def (self)->on_poweroff) != PRESERVE)
    send (self, "quit", NULL);
}

void
vireo_qemu_events_handle_reset (VireoQemuDomain *self)
{
  VireoDomainState state = vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self));
  gboolean after_crash = state == VIREO_DOMAIN_STATE_CRASHED
                         && get_fate (get_def (self)->on_crash) == RESTART;

  if (state == VIREO_DOMAIN_STATE_PAUSED)
    return;
  /* A restart was cut off between the reset and what follows. */
  if (state == VIREO_DOMAIN_STATE_RUNNING || after_crash)
    run_again (self);
  else
    vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_PAUSED, "user", "suspended", "paused");
}
