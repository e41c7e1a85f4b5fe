/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "vireo-qemu-domains.h"
#include "vireo-qemu-monitor.h"

/* A status file holds a definition. */
#define MAX_STATUS (2u * VIREO_DOC_MAX_SIZE)

/* ---- what became of a guest while no daemon looked ---- */

static void
keep_state (VireoQemuDomain *self)
{
}

/* Of a guest whose start was under way, until the emulator says how far it came. */
#define STARTING_UP "starting-up"

static gboolean
is_starting_up (VireoQemuDomain *self)
{
  return g_strcmp0 (vireo_domain_obj_get_state_reason (VIREO_DOMAIN_OBJ (self)), STARTING_UP) == 0;
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
  if (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self)) == VIREO_DOMAIN_STATE_CRASHED)
    return;
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_CRASHED, "panicked", "crashed", "panicked");
  vireo_qemu_events_handle_crash (self);
}

static void
now_shut_down (VireoQemuDomain *self)
{
  if (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self)) == VIREO_DOMAIN_STATE_SHUTDOWN)
    return;
  self->end = VIREO_QEMU_END_SHUTDOWN;
  vireo_qemu_events_handle_poweroff (self, FALSE);
}

/* A guest that never ran: of one that was to be started paused this is right, another's start was
 * cut short, and nobody was told that it had been done. */
static void
not_yet_run (VireoQemuDomain *self)
{
  if (vireo_domain_obj_get_state (VIREO_DOMAIN_OBJ (self)) == VIREO_DOMAIN_STATE_PAUSED
      && !is_starting_up (self))
    return;
  self->end = VIREO_QEMU_END_FAILED;
  self->status->phase = VIREO_QEMU_PHASE_STOPPING;
  vireo_qemu_domain_enter (self, VIREO_DOMAIN_STATE_SHUTDOWN, "daemon", NULL, NULL);
  vireo_qemu_process_kill (self->process, SIGKILL);
}

/* Whether anybody still expects an answer of the emulator. */
static gboolean
is_wanted (VireoQemuDomain *self)
{
  return self->status != NULL && self->status->phase == VIREO_QEMU_PHASE_RUNNING;
}

/* Run states of QEMU, as its QMP reference has them. */
static const struct
{
  const char *status;
  void (*reconcile) (VireoQemuDomain *self);
} run_states[] = {
  { "running", now_running },       { "paused", now_paused },
  { "prelaunch", not_yet_run },     { "io-error", now_io_error },
  { "watchdog", now_watchdog },     { "suspended", now_suspended },
  { "guest-panicked", now_panicked }, { "shutdown", now_shut_down },
  { "internal-error", now_paused }, { "debug", keep_state },
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

static void
on_status (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoQemuDomain) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);
  JsonNode *status = NULL;

  if (!is_wanted (self))
    return;
  if (reply == NULL)
    {
      g_warning ("'%s' does not say how it is: %s", vireo_obj_get_name (VIREO_OBJ (self)),
                 error->message);
      return;
    }
  if (JSON_NODE_HOLDS_OBJECT (reply))
    status = json_object_get_member (json_node_get_object (reply), "status");
  reconcile (self, status != NULL && json_node_get_value_type (status) == G_TYPE_STRING
                       ? json_node_get_string (status)
                       : NULL);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoQemuDomain) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!vireo_qmp_open_finish (VIREO_QMP (source), result, &error))
    {
      if (!is_wanted (self))
        return;
      g_warning ("cannot reach the emulator of '%s': %s", vireo_obj_get_name (VIREO_OBJ (self)),
                 error->message);
      return;
    }
  vireo_qmp_execute_async (VIREO_QMP (source), "query-status", NULL, NULL,
                           VIREO_QMP_TIMEOUT_NEVER, NULL, on_status, g_object_ref (self));
}

/* Waits as long as it takes: an emulator that hangs now may go on later. Meanwhile its domain is
 * there, and can be destroyed. */
static void
connect_monitor (VireoQemuDomain *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = vireo_qemu_monitor_connect (self->status->monitor, &error);
  g_autoptr (VireoQmp) qmp = NULL;

  if (socket == NULL)
    {
      g_warning ("cannot reach the emulator of '%s': %s", vireo_obj_get_name (VIREO_OBJ (self)),
                 error->message);
      return;
    }
  qmp = vireo_qmp_new (socket);
  vireo_qemu_domain_set_qmp (self, qmp);
  vireo_qmp_open_async (qmp, VIREO_QMP_TIMEOUT_NEVER, NULL, on_opened, g_object_ref (self));
}

/* ---- taking over ---- */

/* The domain that @status is about, with its live definition. */
static VireoQemuDomain *
find_domain (VireoQemuDomains *driver, const VireoQemuStatus *status, GError **error)
{
  VireoKeeper *keeper = VIREO_KEEPER (driver);
  VireoDomainDef *def = vireo_domain_def_parse (status->xml, -1, VIREO_PARSE_NONE, error);
  VireoObj *obj;

  if (def == NULL)
    return NULL;
  obj = vireo_obj_list_find_by_uuid (vireo_keeper_get_list (keeper), status->uuid);
  if (obj == NULL)
    return (VireoQemuDomain *) vireo_keeper_adopt (keeper, def, status->owner, error);
  vireo_domain_obj_set_live_def (VIREO_DOMAIN_OBJ (obj), def);
  return VIREO_QEMU_DOMAIN (obj);
}

static void
claim_images (VireoQemuDomains *driver, const VireoQemuStatus *status)
{
  for (guint i = 0; i < status->uses->len; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!vireo_qemu_image_registry_claim (driver->images, status->name,
                                            &g_array_index (status->uses, VireoQemuImageUse, i),
                                            "an image", &error))
        g_warning ("'%s' runs with what it should not: %s", status->name, error->message);
    }
}

static const struct
{
  VireoQemuEnd end;
  gboolean kill;
} fates[] = {
  [VIREO_QEMU_PHASE_STARTING] = { VIREO_QEMU_END_FAILED, TRUE },
  [VIREO_QEMU_PHASE_RUNNING] = { VIREO_QEMU_END_UNKNOWN, FALSE },
  [VIREO_QEMU_PHASE_STOPPING] = { VIREO_QEMU_END_DESTROYED, TRUE },
};

static void
restore_state (VireoQemuDomain *self)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);
  VireoDomainState state = VIREO_DOMAIN_STATE_SHUTOFF;
  const char *reason = self->status->state_reason;
  guint64 since = self->status->state_changed_at;

  /* The record of a start is written before the guest runs, and says nothing of its state. */
  if (self->status->state == NULL
      || !vireo_domain_state_from_string (self->status->state, &state)
      || state == VIREO_DOMAIN_STATE_SHUTOFF)
    {
      state = VIREO_DOMAIN_STATE_PAUSED;
      reason = STARTING_UP;
      since = 0;
    }
  g_object_freeze_notify (G_OBJECT (obj));
  vireo_domain_obj_set_id (obj, self->status->id);
  vireo_domain_obj_set_state (obj, state, reason != NULL ? reason : "unknown");
  vireo_domain_obj_set_state_changed_at (obj, since);
  g_object_thaw_notify (G_OBJECT (obj));
}

/* Takes @status over. */
static void
attach (VireoQemuDomains *driver, VireoQemuDomain *self, VireoQemuStatus *status)
{
  gboolean this_boot = strcmp (status->boot_id, vireo_qemu_boot_id ()) == 0;
  g_autoptr (VireoQemuProcess) process
      = this_boot ? vireo_qemu_process_attach ((pid_t) status->pid, status->start_time) : NULL;
  gboolean kill = fates[status->phase].kill;

  self->driver = driver;
  self->status = status;
  self->end = fates[status->phase].end;
  claim_images (driver, status);
  if (process == NULL)
    {
      vireo_qemu_domain_finish (
          self, self->end != VIREO_QEMU_END_UNKNOWN ? self->end : VIREO_QEMU_END_DAEMON);
      return;
    }
  if (kill)
    status->phase = VIREO_QEMU_PHASE_STOPPING;
  restore_state (self);
  vireo_qemu_domain_set_process (self, process);
  if (kill)
    {
      /* Its end takes a moment, and nobody should count on it meanwhile. */
      vireo_domain_obj_set_state (VIREO_DOMAIN_OBJ (self), VIREO_DOMAIN_STATE_SHUTDOWN, "daemon");
      vireo_qemu_process_kill (process, SIGKILL);
    }
  else
    connect_monitor (self);
}

static void
attach_file (VireoQemuDomains *driver, const char *name, GHashTable *known)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = vireo_store_read (driver->statuses, name, MAX_STATUS, &error);
  g_autoptr (VireoQemuStatus) status
      = bytes != NULL ? vireo_qemu_status_parse (bytes, &error) : NULL;
  VireoQemuDomain *domain = NULL;

  if (status != NULL)
    {
      g_hash_table_add (known, g_path_get_basename (status->runtime_dir));
      g_hash_table_add (known, g_path_get_basename (status->monitor));
      driver->next_id = MAX (driver->next_id, status->id + 1);
      domain = find_domain (driver, status, &error);
    }
  if (domain == NULL)
    {
      /* It stays: somebody who can read it may still get at the guest. */
      g_warning ("cannot take over what %s/%s tells of: %s",
                 vireo_store_get_folder (driver->statuses), name, error->message);
      return;
    }
  attach (driver, domain, g_steal_pointer (&status));
}

/* Folders and sockets of starts that did not come to a record. */
static void
sweep (VireoQemuDomains *driver, GHashTable *known)
{
  g_autoptr (GDir) dir = g_dir_open (driver->run_dir, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autoptr (VireoQemuStatus) leftover = NULL;

      /* Ours begin with the id. */
      if (!g_ascii_isdigit (*name) || g_hash_table_contains (known, name))
        continue;
      leftover = vireo_qemu_status_new ();
      leftover->runtime_dir = g_strdup_printf ("%s/%u", driver->run_dir, (guint) atoi (name));
      leftover->monitor = g_strconcat (leftover->runtime_dir, ".monitor", NULL);
      vireo_qemu_remove_runtime (leftover);
      driver->next_id = MAX (driver->next_id, (guint) atoi (name) + 1);
    }
}

void
vireo_qemu_attach_all (VireoQemuDomains *self, GTask *task)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GError *error = NULL;
  g_autoptr (GPtrArray) names
      = vireo_store_list (self->statuses, VIREO_QEMU_STATUS_SUFFIX, &error);

  if (names == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  for (guint i = 0; i < names->len; i++)
    attach_file (self, names->pdata[i], known);
  sweep (self, known);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}
