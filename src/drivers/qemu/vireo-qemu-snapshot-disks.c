/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots in qcow2 images: by QEMU while it has them, else by qemu-img. */
#include "vireo-qemu-snapshot-disks.h"

#include <string.h>

#include "drivers/common/vireo-domain-chains.h"
#include "drivers/common/vireo-qemu-img.h"
#include "vireo-qemu-command.h"
#include "vireo-qemu-job.h"
#include "vireo-qemu-open.h"

/* What is said to either. */
static const struct
{
  const char *command;
  const char *option;
} actions[] = {
  [VIREO_QEMU_SNAPSHOT_CREATE] = { "snapshot-save", "-c" },
  [VIREO_QEMU_SNAPSHOT_APPLY] = { "snapshot-load", "-a" },
  [VIREO_QEMU_SNAPSHOT_DELETE] = { "snapshot-delete", "-d" },
  [VIREO_QEMU_SNAPSHOT_CLEAR] = { "snapshot-delete", "-d" },
};

/* How qemu-img says that an image has no such snapshot. */
#define NOT_THERE "snapshot not found"

/* The image by its descriptor, and nothing below it: no name in it is followed. */
#define IMAGE                                                                                      \
  "json:{\"driver\":\"qcow2\",\"backing\":null,"                                                   \
  "\"file\":{\"driver\":\"file\",\"filename\":\"" VIREO_QEMU_IMG_FILE_0 "\"}}"

GPtrArray *
vireo_qemu_snapshot_disks (const VireoDomainDef *domain,
                           const VireoDomainSnapshotDef *def,
                           GError **error)
{
  g_autoptr (GPtrArray) disks
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_disk_def_free);

  if (domain == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE,
                           "the domain's definition cannot be read");
      return NULL;
    }
  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk;

      if (def->disks[i]->snapshot != VIREO_SNAPSHOT_LOCATION_INTERNAL)
        continue;
      disk = vireo_domain_disk_find (domain, def->disks[i]->name, error);
      if (disk == NULL)
        return NULL;
      if (disk->driver == NULL || disk->driver->type != VIREO_DISK_FORMAT_QCOW2)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                       "the disk %s is not of the format qcow2, and cannot have snapshots in "
                       "itself",
                       disk->target->dev);
          return NULL;
        }
      g_ptr_array_add (disks, vireo_disk_def_copy (disk));
    }
  return g_steal_pointer (&disks);
}

typedef struct
{
  VireoQemuDomains *driver;
  VireoQemuDomain *domain;
  char *id; /* of QEMU's job */
  VireoQemuSnapshotAction action;
  char *name;
  GPtrArray *disks;
  guint next;
  GError *error; /* while what was made is taken back */
} Act;

static void
act_free (gpointer data)
{
  Act *act = data;

  g_object_unref (act->driver);
  g_object_unref (act->domain);
  g_free (act->id);
  g_free (act->name);
  g_ptr_array_unref (act->disks);
  g_clear_error (&act->error);
  g_free (act);
}

/* ---- by QEMU ---- */

static void
on_job (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Act *act = g_task_get_task_data (task);
  GError *error = NULL;

  act->domain->pause_reason = NULL;
  if (vireo_qemu_job_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
stops_guest (const Act *act)
{
  return act->action == VIREO_QEMU_SNAPSHOT_CREATE || act->action == VIREO_QEMU_SNAPSHOT_APPLY;
}

static void
ask_emulator (GTask *task)
{
  Act *act = g_task_get_task_data (task);
  JsonObject *arguments = json_object_new ();
  JsonArray *devices = json_array_new ();

  for (guint i = 0; i < act->disks->len; i++)
    {
      const VireoDiskDef *disk = act->disks->pdata[i];
      g_autoptr (GArray) fdsets = vireo_qemu_status_get_fdsets (act->domain->status, disk->alias);
      g_autofree char *node
          = fdsets->len > 0 ? vireo_qemu_image_node (g_array_index (fdsets, guint, 0)) : NULL;

      if (node == NULL)
        continue;
      json_array_add_string_element (devices, node);
      /* The memory is in the first. */
      if (!json_object_has_member (arguments, "vmstate") && stops_guest (act))
        json_object_set_string_member (arguments, "vmstate", node);
    }
  json_object_set_string_member (arguments, "tag", act->name);
  json_object_set_array_member (arguments, "devices", devices);
  /* QEMU stops the guest for it, and lets it go on. */
  if (stops_guest (act))
    act->domain->pause_reason = "snapshot";
  vireo_qemu_job_run_async (act->domain, act->id, actions[act->action].command, arguments, NULL,
                            on_job, task);
}

/* ---- by qemu-img ---- */

static void run_next (GTask *task);
static void take_back (GTask *task);

static void
on_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Act *act = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gboolean done = vireo_qemu_img_run_finish (result, &error);

  if (!done && act->action == VIREO_QEMU_SNAPSHOT_CLEAR && act->error == NULL
      && strstr (error->message, NOT_THERE) != NULL)
    done = TRUE;

  if (act->error != NULL)
    {
      take_back (task);
      return;
    }
  if (done)
    {
      act->next++;
      run_next (task);
      return;
    }
  act->error = g_steal_pointer (&error);
  take_back (task);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Act *act = g_task_get_task_data (task);
  VireoQemuSnapshotAction action = act->error != NULL ? VIREO_QEMU_SNAPSHOT_DELETE : act->action;
  const char *const args[] = { "snapshot", "-q", actions[action].option, act->name, IMAGE, NULL };
  g_autoptr (GPtrArray) chain = NULL;
  GError *error = NULL;
  int fd;

  if (!vireo_qemu_open_disk_finish (result, &chain, &error) || chain == NULL)
    {
      if (act->error == NULL)
        act->error = error != NULL ? error
                                   : g_error_new (VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                                                  "the image is not there");
      else
        g_clear_error (&error);
      take_back (task);
      return;
    }
  fd = g_steal_fd (&((VireoQemuImage *) chain->pdata[0])->fd);
  vireo_qemu_img_run_async (args, &fd, 1, NULL, on_run, task);
}

/* As the owner may. */
static void
open_disk (GTask *task, guint index)
{
  Act *act = g_task_get_task_data (task);

  vireo_qemu_open_disk_async (act->disks->pdata[index], act->driver->storage,
                              VIREO_DOMAIN_OBJ (act->domain), 1, NULL, on_opened, task);
}

/* A snapshot is in all disks or in none. */
static void
take_back (GTask *task)
{
  Act *act = g_task_get_task_data (task);

  if (act->action == VIREO_QEMU_SNAPSHOT_CREATE && act->next > 0)
    {
      open_disk (task, --act->next);
      return;
    }
  g_task_return_error (task, g_steal_pointer (&act->error));
  g_object_unref (task);
}

static void
run_next (GTask *task)
{
  Act *act = g_task_get_task_data (task);

  if (act->next < act->disks->len)
    {
      open_disk (task, act->next);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
vireo_qemu_snapshot_act_async (VireoQemuDomains *driver,
                               VireoQemuDomain *self,
                               const char *id,
                               VireoQemuSnapshotAction action,
                               const char *name,
                               GPtrArray *disks,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Act *act = g_new0 (Act, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, vireo_qemu_snapshot_act_async);
  act->driver = g_object_ref (driver);
  act->domain = g_object_ref (self);
  act->id = id != NULL ? g_strdup (id) : vireo_qemu_job_new_id ();
  act->action = action;
  act->name = g_strdup (name);
  act->disks = disks;
  g_task_set_task_data (task, act, act_free);
  if (disks->len == 0 || self->status == NULL)
    run_next (task);
  else if (vireo_qemu_domain_check_monitor (self, &error))
    ask_emulator (task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

gboolean
vireo_qemu_snapshot_act_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
