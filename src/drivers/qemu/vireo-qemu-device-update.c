/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a device can change while the guest runs: the medium of a drive, the state of a link. */
#include <string.h>

#include "drivers/common/vireo-domain-edit.h"
#include "util/vireo-steps.h"
#include "util/vireo-task.h"
#include "vireo-qemu-backend.h"
#include "vireo-qemu-commands.h"
#include "vireo-qemu-device.h"
#include "vireo-qemu-open.h"

typedef struct
{
  VireoQemuDomain *domain;
  VireoDomainEdit change;
  VireoDomainDef *def; /* as it is to be */
  VireoDeviceKind kind;
  guint index;
  VireoQemuCaps *caps;
  GPtrArray *chain;    /* of a new medium; NULL for none */
  GArray *old_fdsets;  /* of the medium that goes */
  GPtrArray *commands; /* that bring the new medium in */
} Update;

static void
update_free (gpointer data)
{
  Update *update = data;

  g_object_unref (update->domain);
  g_variant_unref (update->change.args);
  g_clear_pointer (&update->def, vireo_domain_def_free);
  g_clear_pointer (&update->caps, vireo_qemu_caps_unref);
  g_clear_pointer (&update->chain, g_ptr_array_unref);
  g_clear_pointer (&update->old_fdsets, g_array_unref);
  g_clear_pointer (&update->commands, g_ptr_array_unref);
  g_free (update);
}

static gpointer
get_device (const Update *update)
{
  return vireo_domain_def_get_device (update->def, update->kind, update->index);
}

static const VireoDomainDef *
get_live (const Update *update)
{
  return vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (update->domain));
}

/* All but the device stays as it is now. */
static gboolean
publish (Update *update, GError **error)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (update->domain);
  const char *alias = vireo_device_get_alias (update->kind, get_device (update));
  g_autoptr (VireoDomainDef) def = NULL;
  VireoDeviceKind kind;
  guint index;

  if (!vireo_qemu_domain_check_active (update->domain, error))
    return FALSE;
  def = vireo_domain_def_copy (get_live (update));
  if (!vireo_qemu_device_find (def, alias, &kind, &index))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "%s has gone meanwhile", alias);
      return FALSE;
    }
  vireo_domain_def_replace_device (def, kind, index,
                                   vireo_device_copy (kind, get_device (update)));
  vireo_domain_obj_set_live_def (obj, g_steal_pointer (&def));
  return TRUE;
}

static void
save (gpointer context, GTask *task)
{
  Update *update = context;
  GError *error = NULL;

  if (publish (update, &error))
    vireo_qemu_domain_save_async (update->domain, NULL, vireo_qemu_domain_saved, task);
  else
    vireo_task_end (task, FALSE, error);
}

/* ---- a medium ---- */

static void
find_caps (gpointer context, GTask *task)
{
  Update *update = context;

  vireo_qemu_backend_find_caps (update->domain, update->def, &update->caps, task);
}

static void
open_medium (gpointer context, GTask *task)
{
  Update *update = context;
  const VireoDiskDef *disk = get_device (update);
  GError *error = NULL;

  if (!vireo_qemu_domain_check_active (update->domain, &error))
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  update->old_fdsets = vireo_qemu_status_get_fdsets (update->domain->status, disk->alias);
  vireo_qemu_backend_open_disk (update->domain, disk, &update->chain, task);
}

static void
close_medium (gpointer context)
{
  Update *update = context;

  vireo_qemu_backend_close_disk (update->domain, update->chain);
}

static void
add_command (Update *update, const char *command, const char *node, gboolean force)
{
  const VireoDiskDef *disk = get_device (update);
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "id", disk->alias);
  if (node != NULL)
    json_object_set_string_member (arguments, "node-name", node);
  if (force)
    json_object_set_boolean_member (arguments, "force", TRUE);
  g_ptr_array_add (update->commands, vireo_qemu_qmp_step_new (command, arguments, -1));
}

static void
build (gpointer context, GTask *task)
{
  Update *update = context;
  g_autofree char *node = NULL;
  GError *error = NULL;

  update->commands
      = vireo_qemu_backend_build_plug (update->def, update->caps, update->kind, update->index,
                                       update->chain, -1, VIREO_QEMU_PLUG_MEDIUM, &error);
  if (update->commands == NULL)
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  if (update->chain != NULL)
    node = vireo_qemu_image_node (((const VireoQemuImage *) update->chain->pdata[0])->fdset);
  vireo_qemu_open_describe_disk (get_device (update), update->chain);
  add_command (update, "blockdev-open-tray", NULL,
               vireo_domain_edit_get_option (&update->change, "force"));
  add_command (update, "blockdev-remove-medium", NULL, FALSE);
  if (node != NULL)
    add_command (update, "blockdev-insert-medium", node, FALSE);
  add_command (update, "blockdev-close-tray", NULL, FALSE);
  vireo_task_end (task, TRUE, NULL);
}

/* The medium may have been out already. When it is still in, QEMU refuses to put it in. */
static void
put_back (Update *update)
{
  const VireoDiskDef *disk = get_device (update);
  VireoQmp *qmp = update->domain->qmp;
  JsonObject *arguments = json_object_new ();
  g_autofree char *node = NULL;

  json_object_set_string_member (arguments, "id", disk->alias);
  if (update->old_fdsets->len > 0)
    {
      node = vireo_qemu_image_node (g_array_index (update->old_fdsets, guint, 0));
      json_object_set_string_member (arguments, "node-name", node);
      vireo_qemu_commands_tidy (qmp, "blockdev-insert-medium", json_object_ref (arguments));
      json_object_remove_member (arguments, "node-name");
    }
  vireo_qemu_commands_tidy (qmp, "blockdev-close-tray", arguments);
}

/* A guest that has locked its tray is asked to open it, and may take its time or not do so: QEMU
 * says that it is not open. */
static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Update *update = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (vireo_qemu_commands_run_finish (result, &error))
    {
      vireo_task_end (task, TRUE, NULL);
      return;
    }
  if (vireo_qemu_domain_check_monitor (update->domain, NULL))
    put_back (update);
  if (strstr (error->message, "is not open") != NULL)
    vireo_task_end (task, FALSE,
                    g_error_new (VIREO_ERROR, VIREO_ERROR_BUSY,
                                 "the guest has locked the tray; the option \"force\" opens it: %s",
                                 error->message));
  else
    vireo_task_end (task, FALSE, g_steal_pointer (&error));
}

static void
change_medium (gpointer context, GTask *task)
{
  Update *update = context;
  GError *error = NULL;

  g_task_set_task_data (task, update, NULL);
  if (vireo_qemu_domain_check_monitor (update->domain, &error))
    vireo_qemu_commands_run_async (update->domain->qmp, g_steal_pointer (&update->commands),
                                   g_task_get_cancellable (task), on_changed, task);
  else
    vireo_task_end (task, FALSE, error);
}

/* Whatever becomes of us, nobody else gets either image before the guest is known to have let go of
 * it. */
static void
record_claims (gpointer context, GTask *task)
{
  Update *update = context;
  GError *error = NULL;

  if (vireo_qemu_domain_check_active (update->domain, &error))
    vireo_qemu_domain_save_async (update->domain, NULL, vireo_qemu_domain_saved, task);
  else
    vireo_task_end (task, FALSE, error);
}

static void
drop_old (gpointer context, GTask *task)
{
  Update *update = context;
  VireoQemuDomain *self = update->domain;
  GError *error = NULL;

  if (!vireo_qemu_domain_check_monitor (self, &error))
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  vireo_qemu_commands_drop_images (self->qmp, update->old_fdsets);
  for (guint i = 0; i < update->old_fdsets->len; i++)
    vireo_qemu_domain_disclaim (self, g_array_index (update->old_fdsets, guint, i));
  save (context, task);
}

static const VireoStep medium_steps[] = {
  { "find out what the emulator can do", find_caps, NULL },
  { "open the medium", open_medium, close_medium },
  { "find out how the medium is changed", build, NULL },
  { "record the medium", record_claims, NULL },
  { "change the medium", change_medium, NULL },
  { "let the old medium go", drop_old, NULL },
};

/* ---- a link ---- */

static void
on_link_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  vireo_task_end (user_data, reply != NULL, error);
}

static void
set_link (gpointer context, GTask *task)
{
  Update *update = context;
  const VireoInterfaceDef *interface = get_device (update);
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "name", interface->alias);
  json_object_set_boolean_member (arguments, "up",
                                  interface->link_state != VIREO_INTERFACE_LINK_STATE_DOWN);
  vireo_qmp_execute_async (update->domain->qmp, "set_link", arguments, NULL, 0,
                           g_task_get_cancellable (task), on_link_set, task);
}

static const VireoStep link_steps[] = {
  { "set the link", set_link, NULL },
  { "record the link", save, NULL },
};

/* ---- which it is ---- */

/* Whether the image, and how it is read, is all that differs. */
static gboolean
is_medium (const Update *update, gpointer old, gpointer new)
{
  const VireoDiskDef *before = old, *after = new;
  g_autoptr (VireoDiskDef) disk = NULL;

  if (before->device != VIREO_DISK_DEVICE_CDROM && before->device != VIREO_DISK_DEVICE_FLOPPY)
    return FALSE;
  disk = vireo_disk_def_copy (before);
  g_clear_pointer (&disk->source, vireo_disk_source_def_free);
  g_clear_pointer (&disk->driver, vireo_disk_driver_def_free);
  g_clear_pointer (&disk->backing_store, vireo_backing_store_def_free);
  disk->type = after->type;
  disk->source = after->source != NULL ? vireo_disk_source_def_copy (after->source) : NULL;
  disk->driver = after->driver != NULL ? vireo_disk_driver_def_copy (after->driver) : NULL;
  disk->backing_store
      = after->backing_store != NULL ? vireo_backing_store_def_copy (after->backing_store) : NULL;
  return vireo_disk_def_equal (disk, after);
}

/* @new is given the link of @old for as long as they are compared. What QEMU and the network driver
 * found out of @old need not be said again. */
static gboolean
is_link (const Update *update, gpointer old, gpointer new)
{
  VireoInterfaceDef *before = old, *after = new;
  VireoInterfaceLinkState state = after->link_state;
  gboolean same;

  if (after->source != NULL && before->source != NULL && after->source->bridge == NULL)
    after->source->bridge = g_strdup (before->source->bridge);
  after->link_state = before->link_state;
  same = vireo_interface_def_equal (before, after);
  after->link_state = state;
  return same;
}

static const struct
{
  VireoDeviceKind kind;
  gboolean (*is_it) (const Update *update, gpointer old, gpointer new);
  const VireoStep *steps;
  gsize n_steps;
} changes[] = {
  { VIREO_DEVICE_DISK, is_medium, medium_steps, G_N_ELEMENTS (medium_steps) },
  { VIREO_DEVICE_INTERFACE, is_link, link_steps, G_N_ELEMENTS (link_steps) },
};

gboolean
vireo_qemu_device_apply (VireoQemuDomain *self, const VireoDomainEdit *change,
                         VireoDomainDef **ret_def, VireoDeviceKind *ret_kind, guint *ret_index,
                         GError **error)
{
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));
  g_autoptr (VireoDomainDef) def = vireo_domain_def_copy (live);
  VireoDeviceIter iter;

  if (!vireo_domain_edit_apply (change, def, TRUE, error))
    return FALSE;
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      if (iter.index < vireo_domain_def_n_devices (live, iter.kind)
          && vireo_device_equal (iter.kind, iter.device,
                                 vireo_domain_def_get_device (live, iter.kind, iter.index)))
        continue;
      *ret_kind = iter.kind;
      *ret_index = iter.index;
      *ret_def = g_steal_pointer (&def);
      return TRUE;
    }
  return FALSE;
}

static gboolean
complete (Update *update, GError **error)
{
  VireoKeeper *keeper = VIREO_KEEPER (update->domain->driver);
  g_autoptr (GPtrArray) problems = NULL;
  gpointer completed = update->def;
  gboolean done = VIREO_KEEPER_GET_CLASS (keeper)->complete (keeper, &completed, TRUE,
                                                             VIREO_PARSE_NONE, &problems, error);

  update->def = completed;
  if (!done)
    return FALSE;
  g_clear_pointer (&problems, g_ptr_array_unref);
  problems = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  vireo_domain_def_validate (update->def, problems);
  if (problems->len == 0)
    return TRUE;
  g_propagate_error (error, vireo_problems_to_error (problems, VIREO_ERROR_XML_INVALID));
  return FALSE;
}

static void
on_updated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Update *update = g_task_get_task_data (task);
  GError *error = NULL;

  if (vireo_steps_run_finish (result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  /* What is recorded is what it was. */
  if (update->domain->status != NULL)
    vireo_qemu_domain_save_async (update->domain, NULL, NULL, NULL);
  g_task_return_error (task, error);
}

static gboolean
run (Update *update, GTask *task, GError **error)
{
  gpointer old = vireo_domain_def_get_device (get_live (update), update->kind, update->index);
  const char *name = vireo_device_kind_to_string (update->kind);

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    if (changes[i].kind == update->kind && changes[i].is_it (update, old, get_device (update)))
      {
        vireo_steps_run_async (changes[i].steps, changes[i].n_steps, update,
                               g_task_get_cancellable (task), on_updated, task);
        return TRUE;
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
               "what is to change of the %s can only be changed for the next start: option "
               "\"config\"",
               name);
  return FALSE;
}

void
vireo_qemu_update_device (VireoQemuDomain *self, const VireoDomainEdit *change, GTask *task)
{
  Update *update = g_new0 (Update, 1);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self));
  GError *error = NULL;

  update->domain = g_object_ref (self);
  update->change = *change;
  g_variant_ref (update->change.args);
  g_task_set_task_data (task, update, update_free);
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  if (vireo_qemu_domain_check_monitor (self, &error)
      && vireo_qemu_device_apply (self, change, &update->def, &update->kind, &update->index, &error)
      && complete (update, &error) && run (update, task, &error))
    return;
  /* Nothing has changed: all is as it is to be. */
  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}
