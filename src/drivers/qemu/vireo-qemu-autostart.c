/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "vireo-qemu-domains.h"

/* In the folder of the status files, which a reboot clears; should it not, the boot's id tells. */
#define MARKER "autostarted"
#define MAX_MARKER 128u
/* So many guests start at once. */
#define MAX_AT_ONCE 4u

typedef struct
{
  VireoQemuDomains *driver;
  GQueue waiting; /* of VireoObj */
  guint running;
} Autostart;

typedef struct
{
  Autostart *autostart;
  VireoJob *job;
} One;

static void start_some (Autostart *self);

static void
on_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    g_warning ("cannot note that guests were started: %s", error->message);
}

static void
mark (VireoQemuDomains *driver)
{
  const char *boot_id = vireo_qemu_boot_id ();
  g_autoptr (GBytes) bytes = g_bytes_new (boot_id, strlen (boot_id));
  const VireoStoreOp op = { MARKER, bytes, 0600 };

  vireo_store_apply_async (driver->statuses, &op, 1, NULL, on_marked, NULL);
}

static gboolean
is_marked (VireoQemuDomains *driver)
{
  g_autoptr (GBytes) bytes = vireo_store_read (driver->statuses, MARKER, MAX_MARKER, NULL);
  const char *boot_id = vireo_qemu_boot_id ();

  return bytes != NULL && g_bytes_get_size (bytes) == strlen (boot_id)
         && memcmp (g_bytes_get_data (bytes, NULL), boot_id, strlen (boot_id)) == 0;
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  One *one = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error)
      && !g_error_matches (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE))
    g_warning ("cannot start '%s': %s", vireo_obj_get_name (VIREO_OBJ (source)), error->message);
  vireo_job_end (one->job, error);
  one->autostart->running--;
  start_some (one->autostart);
  g_object_unref (one->job);
  g_free (one);
}

static void
on_slot (GObject *source, GAsyncResult *result, gpointer user_data)
{
  One *one = user_data;
  VireoQemuDomains *driver = one->autostart->driver;
  g_autoptr (GError) error = NULL;
  GTask *task;

  one->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
  if (one->job == NULL)
    {
      g_warning ("cannot start '%s': %s", vireo_obj_get_name (VIREO_OBJ (source)),
                 error->message);
      one->autostart->running--;
      start_some (one->autostart);
      g_free (one);
      return;
    }
  task = g_task_new (source, vireo_job_get_cancellable (one->job), on_started, one);
  g_task_set_check_cancellable (task, FALSE);
  vireo_qemu_start (VIREO_DOMAIN_DRIVER (driver), VIREO_DOMAIN_OBJ (source),
                    VIREO_DOMAIN_START_NONE, task);
}

static void
start_some (Autostart *self)
{
  while (self->running < MAX_AT_ONCE && !g_queue_is_empty (&self->waiting))
    {
      g_autoptr (VireoObj) obj = g_queue_pop_head (&self->waiting);
      One *one = g_new0 (One, 1);

      one->autostart = self;
      self->running++;
      vireo_obj_begin_job_async (obj, "domain-start", VIREO_JOB_CHANGE, 0, NULL, on_slot, one);
    }
  if (self->running > 0)
    return;
  /* Only now: a daemon that is killed on the way begins again, and skips those that run. */
  mark (self->driver);
  g_object_unref (self->driver);
  g_free (self);
}

void
vireo_qemu_autostart (VireoQemuDomains *driver)
{
  g_autoptr (GPtrArray) objects = NULL;
  Autostart *self;

  if (is_marked (driver))
    return;
  self = g_new0 (Autostart, 1);
  self->driver = g_object_ref (driver);
  g_queue_init (&self->waiting);
  objects = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (driver)));
  for (guint i = 0; i < objects->len; i++)
    if (vireo_obj_get_autostart (objects->pdata[i]) && !vireo_obj_get_active (objects->pdata[i]))
      g_queue_push_tail (&self->waiting, g_object_ref (objects->pdata[i]));
  start_some (self);
}
