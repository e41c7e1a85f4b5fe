/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugging a device in: a table of steps. The record has the device before QEMU does, and another
 * daemon that finds it only there takes it out: so nothing is left of an attempt that was cut
 * off. */
#include "drivers/common/vireo-domain-aliases.h"
#include "drivers/common/vireo-domain-edit.h"
#include "util/vireo-steps.h"
#include "util/vireo-task.h"
#include "vireo-qemu-backend.h"
#include "vireo-qemu-commands.h"
#include "vireo-qemu-device.h"
#include "vireo-qemu-open.h"
#include "vireo-qemu-postparse.h"
#include "vireo-qemu-start.h"

typedef struct
{
  VireoQemuDomain *domain;
  VireoDomainEdit change;
  VireoDomainDef *def; /* with the device */
  VireoDeviceKind kind;
  guint index;
  char *alias;
  VireoQemuCaps *caps;
  GPtrArray *chain; /* of a disk; NULL for an empty drive */
  VireoNetworkSocket *socket;
  GPtrArray *commands;
} Attach;

static void
attach_free (gpointer data)
{
  Attach *attach = data;

  g_object_unref (attach->domain);
  g_variant_unref (attach->change.args);
  g_clear_pointer (&attach->def, vireo_domain_def_free);
  g_free (attach->alias);
  g_clear_pointer (&attach->caps, vireo_qemu_caps_unref);
  g_clear_pointer (&attach->chain, g_ptr_array_unref);
  g_clear_pointer (&attach->socket, vireo_network_socket_free);
  g_clear_pointer (&attach->commands, g_ptr_array_unref);
  g_free (attach);
}

/* The guest may have ended while something was waited for. */
static gboolean
is_there (const Attach *attach)
{
  return attach->domain->status != NULL
         && vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (attach->domain)) != NULL;
}

static gpointer
get_device (const Attach *attach)
{
  return vireo_domain_def_get_device (attach->def, attach->kind, attach->index);
}

/* ---- the definition ---- */

/* What is completed as for a definition may have been given a bus that would have to be made for
 * it: of that only the device is taken, and a place is found for it in the machine as it is. */
static gboolean
complete (Attach *attach, const VireoDomainDef *live, gpointer *completed, gboolean placed,
          GError **error)
{
  VireoKeeper *keeper = VIREO_KEEPER (attach->domain->driver);
  g_autoptr (GPtrArray) problems = NULL;
  VireoAddressDef **place;
  gpointer device;

  if (!VIREO_KEEPER_GET_CLASS (keeper)->complete (keeper, completed, TRUE, VIREO_PARSE_NONE,
                                                  &problems, error))
    return FALSE;
  device = vireo_device_copy (attach->kind, vireo_domain_def_get_device (*completed, attach->kind,
                                                                         attach->index));
  place = vireo_device_get_address_place (attach->kind, device);
  /* Where a drive is, its name says. */
  if (!placed && place != NULL && *place != NULL && (*place)->type != VIREO_ADDRESS_TYPE_DRIVE)
    g_clear_pointer (place, vireo_address_def_free);
  attach->def = vireo_domain_def_copy (live);
  vireo_domain_def_add_device (attach->def, attach->kind, device);
  if (!vireo_qemu_assign_addresses (attach->def, error))
    return FALSE;
  vireo_domain_assign_aliases (attach->def);
  attach->alias = g_strdup (vireo_device_get_alias (attach->kind, device));
  return TRUE;
}

/* What the driver builds is looked at in a definition that has nothing else. */
static gboolean
check_device (const Attach *attach, GError **error)
{
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  g_autoptr (VireoDomainDef) alone = vireo_domain_def_new ();

  if (!vireo_qemu_command_can_plug (attach->kind, get_device (attach)))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "a %s such as this cannot be plugged into a guest that runs",
                   vireo_device_kind_to_string (attach->kind));
      return FALSE;
    }
  vireo_domain_def_validate (attach->def, problems);
  if (problems->len > 0)
    {
      g_propagate_error (error, vireo_problems_to_error (problems, VIREO_ERROR_XML_INVALID));
      return FALSE;
    }
  vireo_domain_def_add_device (alone, attach->kind,
                               vireo_device_copy (attach->kind, get_device (attach)));
  vireo_qemu_validate (alone, problems);
  if (problems->len == 0)
    return TRUE;
  g_propagate_error (error, vireo_problems_to_error (problems, VIREO_ERROR_CONFIG_UNSUPPORTED));
  return FALSE;
}

static gboolean
make_def (Attach *attach, GError **error)
{
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (attach->domain));
  VireoDomainDef *def = NULL;
  const VireoAddressDef *address;
  gpointer completed;
  gboolean done, placed;

  if (!vireo_qemu_device_apply (attach->domain, &attach->change, &def, &attach->kind,
                                &attach->index, error))
    return FALSE;
  address = vireo_device_get_address (
      attach->kind, vireo_domain_def_get_device (def, attach->kind, attach->index));
  placed = address != NULL && address->type != VIREO_ADDRESS_TYPE_UNSET;
  completed = def;
  done = complete (attach, live, &completed, placed, error);
  vireo_domain_def_free (completed);
  return done && check_device (attach, error);
}

static void
find_caps (gpointer context, GTask *task)
{
  Attach *attach = context;

  vireo_qemu_backend_find_caps (attach->domain,
                                vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (attach->domain)),
                                &attach->caps, task);
}

static void
prepare (gpointer context, GTask *task)
{
  Attach *attach = context;
  GError *error = NULL;
  gboolean success
      = vireo_qemu_domain_check_monitor (attach->domain, &error) && make_def (attach, &error);

  vireo_task_end (task, success, error);
}

/* ---- what is behind it ---- */

static void
on_plugged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Attach *attach = g_task_get_task_data (task);
  GError *error = NULL;

  attach->socket = g_task_propagate_pointer (G_TASK (result), &error);
  if (attach->socket != NULL && vireo_qemu_domain_check_active (attach->domain, &error))
    {
      vireo_qemu_status_add_tap (attach->domain->status, attach->socket->device);
      vireo_qemu_describe_tap (get_device (attach), attach->socket);
      vireo_task_end (task, TRUE, NULL);
      return;
    }
  if (attach->socket != NULL)
    VIREO_NETWORK_DRIVER_GET_IFACE (attach->domain->driver->networks)
        ->unplug (attach->domain->driver->networks, attach->socket->device);
  vireo_task_end (task, FALSE, error);
}

static void
open_backend (gpointer context, GTask *task)
{
  Attach *attach = context;
  VireoQemuDomain *self = attach->domain;

  if (attach->kind == VIREO_DEVICE_DISK)
    {
      vireo_qemu_backend_open_disk (self, get_device (attach), &attach->chain, task);
      return;
    }
  g_task_set_task_data (task, attach, NULL);
  if (attach->kind == VIREO_DEVICE_INTERFACE && vireo_qemu_needs_tap (get_device (attach)))
    vireo_qemu_plug (self->driver->networks, attach->def, get_device (attach),
                     g_task_new (NULL, g_task_get_cancellable (task), on_plugged, task));
  else
    vireo_task_end (task, TRUE, NULL);
}

static void
close_backend (gpointer context)
{
  Attach *attach = context;
  VireoNetworkDriver *networks = attach->domain->driver->networks;

  vireo_qemu_backend_close_disk (attach->domain, attach->chain);
  if (attach->socket != NULL && attach->domain->status != NULL
      && vireo_qemu_status_remove_tap (attach->domain->status, attach->socket->device))
    VIREO_NETWORK_DRIVER_GET_IFACE (networks)->unplug (networks, attach->socket->device);
}

/* ---- the commands ---- */

static void
pass_tap (Attach *attach)
{
  JsonObject *arguments = json_object_new ();
  g_autofree char *name = g_strconcat ("fd", attach->alias, NULL);

  json_object_set_string_member (arguments, "fdname", name);
  g_ptr_array_insert (attach->commands, 0,
                      vireo_qemu_qmp_step_new ("getfd", arguments,
                                               g_steal_fd (&attach->socket->fd)));
}

static void
build (gpointer context, GTask *task)
{
  Attach *attach = context;
  GError *error = NULL;

  attach->commands = vireo_qemu_backend_build_plug (
      attach->def, attach->caps, attach->kind, attach->index, attach->chain,
      attach->socket != NULL ? attach->socket->fd : -1, VIREO_QEMU_PLUG_DEVICE, &error);
  if (attach->commands != NULL && attach->socket != NULL)
    pass_tap (attach);
  if (attach->commands != NULL && attach->kind == VIREO_DEVICE_DISK)
    vireo_qemu_open_describe_disk (get_device (attach), attach->chain);
  vireo_task_end (task, attach->commands != NULL, error);
}

static void
unrecord (gpointer context)
{
  Attach *attach = context;
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (attach->domain);
  VireoDeviceKind kind;
  VireoDomainDef *def;
  guint index;

  if (!is_there (attach))
    return;
  def = vireo_domain_def_copy (vireo_domain_obj_get_live_def (obj));
  if (vireo_qemu_device_find (def, attach->alias, &kind, &index))
    vireo_device_free (kind, vireo_domain_def_remove_device (def, kind, index));
  vireo_domain_obj_set_live_def (obj, def);
  vireo_qemu_domain_save_async (attach->domain, NULL, NULL, NULL);
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  gboolean success = vireo_qemu_domain_save_finish (VIREO_QEMU_DOMAIN (source), result, &error);

  if (!success)
    unrecord (g_task_get_task_data (task));
  vireo_task_end (task, success, error);
}

/* Something else may have gone since the definition was made: only the device is taken of it. */
static void
record (gpointer context, GTask *task)
{
  Attach *attach = context;
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (attach->domain);
  VireoDomainDef *def;
  GError *error = NULL;

  g_task_set_task_data (task, attach, NULL);
  if (!vireo_qemu_domain_check_monitor (attach->domain, &error))
    {
      vireo_task_end (task, FALSE, error);
      return;
    }
  def = vireo_domain_def_copy (vireo_domain_obj_get_live_def (obj));
  vireo_domain_def_add_device (def, attach->kind,
                               vireo_device_copy (attach->kind, get_device (attach)));
  vireo_domain_obj_set_live_def (obj, def);
  vireo_qemu_domain_save_async (attach->domain, g_task_get_cancellable (task), on_recorded, task);
}

static void
on_handed_over (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean success = vireo_qemu_commands_run_finish (result, &error);

  vireo_task_end (user_data, success, error);
}

static void
hand_over (gpointer context, GTask *task)
{
  Attach *attach = context;
  GError *error = NULL;

  if (vireo_qemu_domain_check_monitor (attach->domain, &error))
    vireo_qemu_commands_run_async (attach->domain->qmp, g_steal_pointer (&attach->commands),
                                   g_task_get_cancellable (task), on_handed_over, task);
  else
    vireo_task_end (task, FALSE, error);
}

static const VireoStep steps[] = {
  { "find out what the emulator can do", find_caps, NULL },
  { "complete the device", prepare, NULL },
  { "open what is behind the device", open_backend, close_backend },
  { "find out how the device is plugged in", build, NULL },
  { "record the device", record, unrecord },
  { "plug the device in", hand_over, NULL },
};

static void
on_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Attach *attach = g_task_get_task_data (task);
  GError *error = NULL;

  if (!vireo_steps_run_finish (result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  vireo_obj_emit_event (VIREO_OBJ (attach->domain), "DeviceAdded",
                        g_variant_new ("(s)", attach->alias));
  g_task_return_boolean (task, TRUE);
}

void
vireo_qemu_attach_device (VireoQemuDomain *self, const VireoDomainEdit *change, GTask *task)
{
  Attach *attach = g_new0 (Attach, 1);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self));

  attach->domain = g_object_ref (self);
  attach->change = *change;
  g_variant_ref (attach->change.args);
  g_task_set_task_data (task, attach, attach_free);
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  vireo_steps_run_async (steps, G_N_ELEMENTS (steps), attach, g_task_get_cancellable (task),
                         on_attached, task);
}
