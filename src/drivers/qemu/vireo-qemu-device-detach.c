/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unplugging a device: the guest is asked, and lets it go when it likes, which an event tells. What
 * is behind the device goes then, whether or not anybody still waits. */
#include "drivers/common/vireo-domain-edit.h"
#include "vireo-qemu-command.h"
#include "vireo-qemu-commands.h"
#include "vireo-qemu-device.h"
#include "vireo-qmp-message.h"

/* More than any machine has, and the longest name of one. */
#define MAX_DEVICES 4096u
#define MAX_NAME 1024u

gboolean
vireo_qemu_device_find (const VireoDomainDef *def, const char *alias, VireoDeviceKind *ret_kind,
                        guint *ret_index)
{
  return def != NULL && alias != NULL
         && vireo_domain_edit_find_alias (def, alias, ret_kind, ret_index, NULL);
}

/* A device that goes. */
typedef struct
{
  VireoQemuDomain *domain;
  char *alias;
} Gone;

static Gone *
gone_new (VireoQemuDomain *self, const char *alias)
{
  Gone *gone = g_new (Gone, 1);

  gone->domain = g_object_ref (self);
  gone->alias = g_strdup (alias);
  return gone;
}

static void
gone_free (Gone *gone)
{
  g_object_unref (gone->domain);
  g_free (gone->alias);
  g_free (gone);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Gone, gone_free)

/* ---- what is behind a device ---- */

static void
release_disk (VireoQemuDomain *self, const char *alias)
{
  g_autoptr (GArray) fdsets = vireo_qemu_status_get_fdsets (self->status, alias);

  if (self->qmp != NULL && vireo_qmp_is_open (self->qmp))
    vireo_qemu_commands_drop_images (self->qmp, fdsets);
  for (guint i = 0; i < fdsets->len; i++)
    vireo_qemu_domain_disclaim (self, g_array_index (fdsets, guint, i));
}

static void
release_interface (VireoQemuDomain *self, const VireoInterfaceDef *interface)
{
  VireoNetworkDriver *networks = self->driver->networks;
  g_autofree char *id = g_strconcat ("host", interface->alias, NULL);
  const char *tap = interface->target != NULL ? interface->target->dev : NULL;

  if (self->qmp != NULL && vireo_qmp_is_open (self->qmp))
    vireo_qemu_commands_tidy_name (self->qmp, "netdev_del", "id", id);
  if (tap != NULL && vireo_qemu_status_remove_tap (self->status, tap) && networks != NULL)
    VIREO_NETWORK_DRIVER_GET_IFACE (networks)->unplug (networks, tap);
}

static void
release (VireoQemuDomain *self, VireoDeviceKind kind, gconstpointer device, const char *alias)
{
  g_autofree char *object = g_strconcat ("obj", alias, NULL);

  if (kind == VIREO_DEVICE_DISK)
    release_disk (self, alias);
  else if (kind == VIREO_DEVICE_INTERFACE)
    release_interface (self, device);
  else if (kind == VIREO_DEVICE_RNG && self->qmp != NULL && vireo_qmp_is_open (self->qmp))
    vireo_qemu_commands_tidy_name (self->qmp, "object-del", "id", object);
}

/* ---- whoever waits ---- */

static GTask *
steal_waiting (VireoQemuDomain *self)
{
  g_clear_handle_id (&self->unplug_source, g_source_remove);
  if (self->unplug_cancelled != NULL)
    g_source_destroy (self->unplug_cancelled);
  g_clear_pointer (&self->unplug_cancelled, g_source_unref);
  g_clear_pointer (&self->unplug_alias, g_free);
  return g_steal_pointer (&self->unplug_task);
}

void
vireo_qemu_device_stop_waiting (VireoQemuDomain *self, GError *error)
{
  g_autoptr (GTask) task = steal_waiting (self);

  if (task != NULL)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

static gboolean
on_late (gpointer data)
{
  VireoQemuDomain *self = data;

  self->unplug_source = 0;
  vireo_qemu_device_stop_waiting (
      self, g_error_new (VIREO_ERROR, VIREO_ERROR_TIMED_OUT,
                         "the guest was asked to release %s, and has not done so yet",
                         self->unplug_alias));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  vireo_qemu_device_stop_waiting (
      data, g_error_new_literal (VIREO_ERROR, VIREO_ERROR_CANCELLED,
                                 "it was not waited for the guest to release the device"));
  return G_SOURCE_REMOVE;
}

static void
wait_for (VireoQemuDomain *self, char *alias, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->unplug_alias = alias;
  self->unplug_task = task;
  self->unplug_source = g_timeout_add (self->driver->timeouts.unplug, on_late, self);
  if (cancellable == NULL)
    return;
  self->unplug_cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->unplug_cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->unplug_cancelled, NULL);
}

static void
announce (Gone *announced)
{
  g_autoptr (Gone) gone = announced;
  VireoQemuDomain *self = gone->domain;

  vireo_obj_emit_event (VIREO_OBJ (self), "DeviceRemoved", g_variant_new ("(s)", gone->alias));
  if (g_strcmp0 (self->unplug_alias, gone->alias) == 0)
    {
      g_autoptr (GTask) task = steal_waiting (self);

      g_task_return_boolean (task, TRUE);
    }
}

/* Nothing has its files open any more: whoever hears of it can use them. */
static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, NULL);

  announce (user_data);
}

void
vireo_qemu_device_gone (VireoQemuDomain *self, const char *alias)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (self);
  g_autofree char *name = g_strdup (alias);
  VireoDeviceKind kind;
  VireoDomainDef *def;
  gpointer device;
  guint index;
  Gone *gone;

  if (!vireo_qemu_device_find (vireo_domain_obj_get_live_def (obj), name, &kind, &index))
    return;
  def = vireo_domain_def_copy (vireo_domain_obj_get_live_def (obj));
  device = vireo_domain_def_remove_device (def, kind, index);
  release (self, kind, device, name);
  vireo_device_free (kind, device);
  vireo_domain_obj_set_live_def (obj, def);
  vireo_qemu_domain_save_async (self, NULL, NULL, NULL);
  gone = gone_new (self, name);
  if (self->qmp != NULL)
    vireo_qemu_commands_settle (self->qmp, on_settled, gone);
  else
    announce (gone);
}

void
vireo_qemu_device_kept (VireoQemuDomain *self, const char *alias)
{
  VireoDeviceKind kind;
  guint index;

  if (!vireo_qemu_device_find (vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self)), alias,
                               &kind, &index))
    return;
  vireo_obj_emit_event (VIREO_OBJ (self), "DeviceRemovalFailed", g_variant_new ("(s)", alias));
  if (g_strcmp0 (self->unplug_alias, alias) == 0)
    vireo_qemu_device_stop_waiting (self, g_error_new (VIREO_ERROR, VIREO_ERROR_HYPERVISOR,
                                                       "the guest does not release %s", alias));
}

/* ---- asking ---- */

/* The device that @def does not have any more. */
static const char *
find_missing (const VireoDomainDef *live, const VireoDomainDef *def, VireoDeviceKind *ret_kind,
              gconstpointer *ret_device)
{
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, live);
  while (vireo_device_iter_next (&iter))
    {
      const char *alias = vireo_device_get_alias (iter.kind, iter.device);
      VireoDeviceKind kind;
      guint index;

      if (alias == NULL || vireo_qemu_device_find (def, alias, &kind, &index))
        continue;
      *ret_kind = iter.kind;
      *ret_device = iter.device;
      return alias;
    }
  return NULL;
}

/* The alias of the device that is to go; %NULL with @error. */
static char *
find_device (VireoQemuDomain *self, const VireoDomainEdit *change, GError **error)
{
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));
  g_autoptr (VireoDomainDef) def = vireo_domain_def_copy (live);
  VireoDeviceKind kind = VIREO_DEVICE_DISK;
  gconstpointer device = NULL;
  const char *alias;

  if (!vireo_domain_edit_apply (change, def, TRUE, error))
    return NULL;
  alias = find_missing (live, def, &kind, &device);
  if (alias != NULL && vireo_qemu_command_can_plug (kind, device))
    return g_strdup (alias);
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
               "a %s such as this cannot be taken out of a guest that runs",
               vireo_device_kind_to_string (alias != NULL ? kind : VIREO_DEVICE_DISK));
  return NULL;
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Gone) asked = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply != NULL)
    return;
  if (vireo_qmp_error_is (error, "DeviceNotFound"))
    vireo_qemu_device_gone (asked->domain, asked->alias);
  /* Somebody may wait for another device by now. */
  else if (g_strcmp0 (asked->domain->unplug_alias, asked->alias) == 0)
    vireo_qemu_device_stop_waiting (asked->domain, g_steal_pointer (&error));
}

void
vireo_qemu_detach_device (VireoQemuDomain *self, const VireoDomainEdit *change, GTask *task)
{
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self));
  JsonObject *arguments;
  GError *error = NULL;
  char *alias = NULL;

  if (vireo_qemu_domain_check_monitor (self, &error))
    alias = find_device (self, change, &error);
  if (alias == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  arguments = json_object_new ();
  json_object_set_string_member (arguments, "id", alias);
  wait_for (self, alias, task);
  vireo_qmp_execute_async (self->qmp, "device_del", arguments, NULL, 0, NULL, on_asked,
                           gone_new (self, alias));
}

/* ---- what happened meanwhile ---- */

static GHashTable *
collect_names (JsonArray *list)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < json_array_get_length (list) && i < MAX_DEVICES; i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      const char *name = item != NULL ? vireo_json_get_string (item, "name", MAX_NAME) : NULL;

      if (name != NULL)
        g_hash_table_add (names, g_strdup (name));
    }
  return names;
}

static void
on_list (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoQemuDomain) self = user_data;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, NULL);
  JsonArray *list = reply != NULL ? vireo_qmp_node_array (reply) : NULL;
  g_autoptr (GHashTable) names = NULL;
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  VireoDeviceIter iter;

  if (list == NULL || self->status == NULL || VIREO_QMP (source) != self->qmp)
    return;
  names = collect_names (list);
  vireo_device_iter_init (&iter, vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self)));
  while (vireo_device_iter_next (&iter))
    {
      const char *alias = vireo_device_get_alias (iter.kind, iter.device);

      if (alias != NULL && vireo_qemu_command_can_plug (iter.kind, iter.device)
          && !g_hash_table_contains (names, alias))
        g_ptr_array_add (gone, g_strdup (alias));
    }
  for (guint i = 0; i < gone->len; i++)
    vireo_qemu_device_gone (self, gone->pdata[i]);
}

void
vireo_qemu_devices_reconcile (VireoQemuDomain *self)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "path", "/machine/peripheral");
  vireo_qmp_execute_async (self->qmp, "qom-list", arguments, NULL, VIREO_QMP_TIMEOUT_NEVER, NULL,
                           on_list, g_object_ref (self));
}
