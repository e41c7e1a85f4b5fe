/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-domain.h"

#include "util/vireo-task.h"
#include "vireo-qemu-agent.h"
#include "vireo-qemu-console.h"
#include "vireo-qemu-device.h"
#include "vireo-qemu-domains.h"
#include "vireo-qemu-resume.h"
#include "vireo-qemu-snapshot-work.h"

/* After the process is gone, its last events may still be in the socket; so long they may take. */
#define LAST_EVENTS_MS 1000

enum
{
  SIGNAL_ENDED,
  SIGNAL_REACHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VireoQemuDomain, vireo_qemu_domain, VIREO_TYPE_DOMAIN_OBJ)

static const struct
{
  const char *reason; /* of the state shutoff */
  const char *detail; /* of the event stopped */
} ends[] = {
  [VIREO_QEMU_END_UNKNOWN] = { "crashed", "failed" },
  [VIREO_QEMU_END_SHUTDOWN] = { "shutdown", "shutdown" },
  [VIREO_QEMU_END_DESTROYED] = { "destroyed", "destroyed" },
  [VIREO_QEMU_END_CRASHED] = { "crashed", "crashed" },
  [VIREO_QEMU_END_FAILED] = { "failed", "failed" },
  [VIREO_QEMU_END_DAEMON] = { "daemon", "shutdown" },
};

static void
drop_qmp (VireoQemuDomain *self)
{
  if (self->qmp == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->qmp, self);
  vireo_qmp_close (self->qmp);
  g_clear_object (&self->qmp);
  self->reaching = FALSE;
}

static void
drop_process (VireoQemuDomain *self)
{
  if (self->process != NULL)
    g_signal_handlers_disconnect_by_data (self->process, self);
  g_clear_object (&self->process);
}

static void
vireo_qemu_domain_finalize (GObject *object)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (object);

  g_clear_handle_id (&self->reconnect_source, g_source_remove);
  vireo_qemu_agent_drop (self);
  drop_qmp (self);
  drop_process (self);
  g_clear_pointer (&self->status, vireo_qemu_status_free);
  g_hash_table_unref (self->console_holders);
  G_OBJECT_CLASS (vireo_qemu_domain_parent_class)->finalize (object);
}

static const VireoJobResumer resumers[] = {
  { VIREO_QEMU_SNAPSHOT_RESUME_KIND, vireo_qemu_snapshot_resume },
  { "domain-start", vireo_qemu_resume_start },
  { "domain-create", vireo_qemu_resume_start },
  { "domain-destroy", vireo_qemu_resume_stop },
  { NULL },
};

static void
vireo_qemu_domain_class_init (VireoQemuDomainClass *klass)
{
  VIREO_OBJ_CLASS (klass)->resumers = resumers;
  G_OBJECT_CLASS (klass)->finalize = vireo_qemu_domain_finalize;
  signals[SIGNAL_ENDED] = g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_REACHED] = g_signal_new ("reached", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

void
vireo_qemu_domain_emit_reached (VireoQemuDomain *self)
{
  g_signal_emit (self, signals[SIGNAL_REACHED], 0);
}

static void
vireo_qemu_domain_init (VireoQemuDomain *self)
{
  self->console_holders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                 (GDestroyNotify) vireo_qemu_console_free);
}

static void
end_after_last_events (VireoQemuDomain *self)
{
  if (self->process != NULL && vireo_qemu_process_has_exited (self->process))
    vireo_qemu_domain_finish (self, self->end);
}

static void
on_qmp_closed (VireoQmp *qmp, const GError *error, VireoQemuDomain *self)
{
  g_autoptr (VireoQemuDomain) kept = g_object_ref (self);

  /* A start sees it by the command that it waits for, and tells why. */
  if (self->status == NULL || self->status->phase == VIREO_QEMU_PHASE_STARTING)
    return;
  if (self->process != NULL && !vireo_qemu_process_has_exited (self->process))
    {
      vireo_qemu_domain_reconnect (self, error);
      return;
    }
  end_after_last_events (self);
}

static gboolean
on_last_events_late (gpointer data)
{
  VireoQemuDomain *self = data;

  /* It may have ended since, and be about to start again. */
  if (self->status != NULL && self->status->phase != VIREO_QEMU_PHASE_STARTING)
    end_after_last_events (self);
  return G_SOURCE_REMOVE;
}

static void
on_process_exited (VireoQemuProcess *process, int status, VireoQemuDomain *self)
{
  g_autofree char *how = vireo_qemu_process_describe_exit (status);

  g_debug ("the process %d of '%s' %s", (int) vireo_qemu_process_get_pid (process),
           vireo_obj_get_name (VIREO_OBJ (self)), how);
  if (self->status == NULL || self->status->phase == VIREO_QEMU_PHASE_STARTING)
    return;
  /* What it said last, such as why the guest powered off, is read before it is declared dead. */
  if (self->qmp != NULL && vireo_qmp_is_open (self->qmp))
    g_timeout_add_full (G_PRIORITY_DEFAULT, LAST_EVENTS_MS, on_last_events_late,
                        g_object_ref (self), g_object_unref);
  else
    vireo_qemu_domain_finish (self, self->end);
}

void
vireo_qemu_domain_set_process (VireoQemuDomain *self, VireoQemuProcess *process)
{
  drop_process (self);
  self->process = g_object_ref (process);
  g_signal_connect (process, "exited", G_CALLBACK (on_process_exited), self);
}

void
vireo_qemu_domain_set_qmp (VireoQemuDomain *self, VireoQmp *qmp)
{
  drop_qmp (self);
  self->qmp = g_object_ref (qmp);
  g_signal_connect (qmp, "closed", G_CALLBACK (on_qmp_closed), self);
  vireo_qemu_events_connect (self);
}

/* Brings the parts of the record up to date that are kept elsewhere. */
static gboolean
refresh_status (VireoQemuDomain *self, GError **error)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);
  VireoQemuStatus *status = self->status;
  char *xml = vireo_domain_def_format (vireo_domain_obj_get_live_def (obj), VIREO_FORMAT_SECURE,
                                       error);

  if (xml == NULL)
    return FALSE;
  g_free (status->xml);
  status->xml = xml;
  g_free (status->state);
  status->state = g_strdup (vireo_domain_state_to_string (vireo_domain_obj_get_state (obj)));
  g_free (status->state_reason);
  status->state_reason = g_strdup (vireo_domain_obj_get_state_reason (obj));
  status->state_changed_at = vireo_domain_obj_get_state_changed_at (obj);
  return TRUE;
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (!g_error_matches (error, VIREO_ERROR, VIREO_ERROR_CANCELLED))
    g_warning ("cannot write the status of '%s': %s",
               vireo_obj_get_name (VIREO_OBJ (g_task_get_source_object (task))), error->message);
  g_task_return_error (task, g_steal_pointer (&error));
}

void
vireo_qemu_domain_save_async (VireoQemuDomain *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *name
      = g_strconcat (vireo_obj_get_uuid (VIREO_OBJ (self)), VIREO_QEMU_STATUS_SUFFIX, NULL);
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;
  VireoStoreOp op;

  g_task_set_source_tag (task, vireo_qemu_domain_save_async);
  if (!refresh_status (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  bytes = vireo_qemu_status_to_bytes (self->status);
  op = (VireoStoreOp){ name, bytes, 0600 };
  vireo_store_apply_async (self->driver->statuses, &op, 1, cancellable, on_saved,
                           g_steal_pointer (&task));
}

gboolean
vireo_qemu_domain_save_finish (VireoQemuDomain *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
vireo_qemu_domain_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_qemu_domain_save_finish (VIREO_QEMU_DOMAIN (source), result, &error);

  vireo_task_end (user_data, success, error);
}

void
vireo_qemu_domain_enter (VireoQemuDomain *self, VireoDomainState state, const char *reason,
                         const char *lifecycle, const char *detail)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);

  if (vireo_domain_obj_get_state (obj) == state
      && g_strcmp0 (vireo_domain_obj_get_state_reason (obj), reason) == 0)
    return;
  vireo_domain_obj_set_state (obj, state, reason);
  if (self->status != NULL)
    vireo_qemu_domain_save_async (self, NULL, NULL, NULL);
  if (lifecycle != NULL)
    vireo_domain_obj_emit_lifecycle (obj, lifecycle, detail);
}

gboolean
vireo_qemu_domain_claim (VireoQemuDomain *self, const VireoDiskDef *disk, const GPtrArray *chain,
                         GError **error)
{
  for (guint i = 0; i < chain->len; i++)
    {
      const VireoQemuImage *image = chain->pdata[i];
      const VireoQemuImageUse use = { .device = image->device,
                                      .inode = image->inode,
                                      .writes = !image->read_only,
                                      .shared = disk->shareable };

      if (!vireo_qemu_image_registry_claim (self->driver->images, self->status->name, &use,
                                            image->path, error))
        {
          while (i-- > 0)
            vireo_qemu_domain_disclaim (self, ((const VireoQemuImage *) chain->pdata[i])->fdset);
          return FALSE;
        }
      vireo_qemu_status_add_image (self->status, &use, disk->alias, image->fdset);
    }
  return TRUE;
}

void
vireo_qemu_domain_disclaim (VireoQemuDomain *self, guint fdset)
{
  for (guint i = 0; i < self->status->images->len; i++)
    {
      const VireoQemuStatusImage *image = vireo_qemu_status_get_image (self->status, i);

      if (image->fdset != fdset)
        continue;
      vireo_qemu_image_registry_release_use (self->driver->images, self->status->name,
                                             &image->use);
      g_array_remove_index (self->status->images, i);
      return;
    }
}

/* What other parts of the host have for the guest. */
static void
release_resources (VireoQemuDomain *self, const VireoQemuStatus *status)
{
  VireoNetworkDriver *networks = self->driver->networks;
  VireoNetworkDriverInterface *iface
      = networks != NULL ? VIREO_NETWORK_DRIVER_GET_IFACE (networks) : NULL;

  for (guint i = 0; status->taps[i] != NULL; i++)
    if (iface != NULL && iface->unplug != NULL)
      iface->unplug (networks, status->taps[i]);
  vireo_qemu_image_registry_release (self->driver->images, status->name);
  vireo_qemu_remove_runtime (status);
}

static void
on_status_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *uuid = user_data;
  g_autoptr (GError) error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    g_warning ("cannot remove the status of %s: %s", uuid, error->message);
}

void
vireo_qemu_domain_finish (VireoQemuDomain *self, VireoQemuEnd end)
{
  g_autoptr (VireoQemuDomain) kept = g_object_ref (self);
  g_autoptr (VireoQemuStatus) status = g_steal_pointer (&self->status);
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);
  g_autofree char *file = NULL;
  VireoStoreOp op;

  if (status == NULL)
    return;
  file = g_strconcat (status->uuid, VIREO_QEMU_STATUS_SUFFIX, NULL);
  op = (VireoStoreOp){ file, NULL, 0 };
  vireo_qemu_device_stop_waiting (
      self, g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the domain has stopped"));
  g_clear_handle_id (&self->reconnect_source, g_source_remove);
  self->reconnect_delay = 0;
  vireo_qemu_agent_drop (self);
  drop_qmp (self);
  drop_process (self);
  g_hash_table_remove_all (self->console_holders);
  release_resources (self, status);
  vireo_store_apply_async (self->driver->statuses, &op, 1, NULL, on_status_removed,
                           g_strdup (status->uuid));
  self->end = VIREO_QEMU_END_UNKNOWN;
  self->pause_reason = NULL;

  g_object_freeze_notify (G_OBJECT (self));
  vireo_domain_obj_set_id (obj, 0);
  vireo_domain_obj_set_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, ends[end].reason);
  g_object_thaw_notify (G_OBJECT (self));
  vireo_domain_obj_emit_lifecycle (obj, "stopped", ends[end].detail);
  vireo_keeper_stopped (VIREO_KEEPER (self->driver), VIREO_OBJ (self));
  g_signal_emit (self, signals[SIGNAL_ENDED], 0);
}

gboolean
vireo_qemu_domain_check_active (VireoQemuDomain *self, GError **error)
{
  if (vireo_obj_get_active (VIREO_OBJ (self)) && self->status != NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the domain '%s' is not active",
               vireo_obj_get_name (VIREO_OBJ (self)));
  return FALSE;
}

gboolean
vireo_qemu_domain_check_monitor (VireoQemuDomain *self, GError **error)
{
  if (!vireo_qemu_domain_check_active (self, error))
    return FALSE;
  /* What is decided by the run state must not undo what somebody asked for meanwhile. */
  if (self->qmp != NULL && vireo_qmp_is_open (self->qmp) && !self->reaching)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
               self->reaching ? "the emulator of the domain '%s' has yet to say how it is"
                              : "there is no connection to the emulator of the domain '%s'",
               vireo_obj_get_name (VIREO_OBJ (self)));
  return FALSE;
}
