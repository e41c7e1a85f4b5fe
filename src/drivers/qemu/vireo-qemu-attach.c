/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "vireo-qemu-domains.h"

/* A status file holds a definition. */
#define MAX_STATUS (2u * VIREO_DOC_MAX_SIZE)

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
  for (guint i = 0; i < status->images->len; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!vireo_qemu_image_registry_claim (driver->images, status->name,
                                            &vireo_qemu_status_get_image (status, i)->use,
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
      reason = VIREO_QEMU_REASON_STARTING_UP;
      since = 0;
    }
  g_object_freeze_notify (G_OBJECT (obj));
  vireo_domain_obj_set_id (obj, self->status->id);
  vireo_domain_obj_set_state (obj, state, reason != NULL ? reason : "unknown");
  vireo_domain_obj_set_state_changed_at (obj, since);
  vireo_domain_obj_set_custom_monitor (obj, self->status->custom_monitor);
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
    vireo_qemu_domain_connect (self);
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
