/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-guest.h"

#include <string.h>

#include "drivers/common/vireo-domain-edit.h"
#include "util/vireo-task.h"
#include "vireo-qemu-device.h"

#define MAX_KEYS 16

/* ---- edits ---- */

/* An edit on its way. */
typedef struct
{
  VireoQemuDomain *domain;
  VireoDomainEdit change;
} Edit;

static void
edit_free (gpointer data)
{
  Edit *edit = data;

  g_object_unref (edit->domain);
  g_variant_unref (edit->change.args);
  g_free (edit);
}

/* The live definition as it will be, from what it is now: a device may have gone meanwhile. */
static VireoDomainDef *
apply (const Edit *edit, GError **error)
{
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (edit->domain));
  g_autoptr (VireoDomainDef) def = NULL;

  if (live == NULL || edit->domain->status == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           "the domain has stopped meanwhile");
      return NULL;
    }
  def = vireo_domain_def_copy (live);
  return vireo_domain_edit_apply (&edit->change, def, TRUE, error) ? g_steal_pointer (&def) : NULL;
}

/* QEMU has done its part, or had none: what runs is recorded, for the daemon after us too. */
static void
publish (GTask *task)
{
  Edit *edit = g_task_get_task_data (task);
  GError *error = NULL;
  VireoDomainDef *def = apply (edit, &error);

  if (def == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_domain_obj_set_live_def (VIREO_DOMAIN_OBJ (edit->domain), def);
  vireo_qemu_domain_save_async (edit->domain, NULL, vireo_qemu_domain_saved, task);
}

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply != NULL)
    {
      publish (task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* What QEMU is told of an edit; it publishes it, or @task takes it to its end. */
static void
set_balloon (VireoQemuDomain *self, const VireoDomainDef *def, GTask *task)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_int_member (arguments, "value", (gint64) (def->current_memory * 1024));
  vireo_qmp_execute_async (self->qmp, "balloon", arguments, NULL, 0, g_task_get_cancellable (task),
                           on_executed, task);
}

static void
set_stats_period (VireoQemuDomain *self, const VireoDomainDef *def, GTask *task)
{
  const VireoMemballoonDef *balloon = def->memballoon;
  JsonObject *arguments = json_object_new ();
  g_autofree char *path = g_strdup_printf ("/machine/peripheral/%s", balloon->alias);

  json_object_set_string_member (arguments, "path", path);
  json_object_set_string_member (arguments, "property", "guest-stats-polling-interval");
  json_object_set_int_member (arguments, "value",
                              balloon->has_stats_period ? balloon->stats_period : 0);
  vireo_qmp_execute_async (self->qmp, "qom-set", arguments, NULL, 0, g_task_get_cancellable (task),
                           on_executed, task);
}

/* Of notes it need not know. */
static void
tell_nothing (VireoQemuDomain *self, const VireoDomainDef *def, GTask *task)
{
  publish (task);
}

static void (*const tell[VIREO_DOMAIN_N_EDITS]) (VireoQemuDomain *self, const VireoDomainDef *def,
                                                 GTask *task)
    = {
        [VIREO_DOMAIN_EDIT_MEMORY] = set_balloon,
        [VIREO_DOMAIN_EDIT_MEMORY_STATS_PERIOD] = set_stats_period,
        [VIREO_DOMAIN_EDIT_METADATA] = tell_nothing,
      };

/* Edits that are more than that. */
static void (*const device_edits[VIREO_DOMAIN_N_EDITS]) (VireoQemuDomain *self,
                                                         const VireoDomainEdit *change, GTask *task)
    = {
        [VIREO_DOMAIN_EDIT_ATTACH_DEVICE] = vireo_qemu_attach_device,
        [VIREO_DOMAIN_EDIT_DETACH_DEVICE] = vireo_qemu_detach_device,
        [VIREO_DOMAIN_EDIT_DETACH_ALIAS] = vireo_qemu_detach_device,
        [VIREO_DOMAIN_EDIT_UPDATE_DEVICE] = vireo_qemu_update_device,
      };

/**
 * vireo_qemu_edit_live:
 * @keeper: the domains
 * @obj: one that runs
 * @change: what is to be changed
 * @task: (transfer full): returns a boolean
 *
 * Changes a running guest. What this cannot change is NotSupported.
 *
 * Since: 0.1
 */
void
vireo_qemu_edit_live (VireoDomainKeeper *keeper, VireoDomainObj *obj,
                      const VireoDomainEdit *change, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  g_autoptr (VireoDomainDef) def = NULL;
  GError *error = NULL;
  Edit *edit;

  if (device_edits[change->kind] != NULL)
    {
      device_edits[change->kind](self, change, task);
      return;
    }
  edit = g_new0 (Edit, 1);
  edit->domain = g_object_ref (self);
  edit->change = *change;
  g_variant_ref (edit->change.args);
  g_task_set_task_data (task, edit, edit_free);
  if (tell[change->kind] == NULL)
    g_set_error_literal (&error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                         "this can only be changed for the next start: option \"config\"");
  else if (vireo_qemu_domain_check_monitor (self, &error))
    def = apply (edit, &error);
  if (def != NULL)
    {
      tell[change->kind](self, def, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* ---- one command ---- */

static void
free_variant (gpointer data)
{
  g_variant_unref (data);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply != NULL)
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_tuple (NULL, 0)), free_variant);
  else
    g_task_return_error (task, error);
}

/* Takes @task, and @arguments, over. */
static void
execute (VireoDomainObj *obj, const char *command, JsonObject *arguments, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  GError *error = NULL;

  if (vireo_qemu_domain_check_monitor (self, &error))
    {
      vireo_qmp_execute_async (self->qmp, command, arguments, NULL, 0,
                               g_task_get_cancellable (task), on_done, task);
      return;
    }
  g_clear_pointer (&arguments, json_object_unref);
  g_task_return_error (task, error);
  g_object_unref (task);
}

void
vireo_qemu_inject_nmi (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  execute (obj, "inject-nmi", NULL, task);
}

/* ---- keys ---- */

/* QEMU numbers keys as an XT keyboard does, with 0x80 for the second set; up to 0x58 Linux has the
 * same (linux/input-event-codes.h). */
#define LAST_COMMON_KEY 0x58

static const struct
{
  guint linux_code;
  guint qnum;
} more_keys[] = {
  { 96, 0x9c },  { 97, 0x9d },  { 98, 0xb5 },  { 99, 0x54 },  { 100, 0xb8 },
  { 102, 0xc7 }, { 103, 0xc8 }, { 104, 0xc9 }, { 105, 0xcb }, { 106, 0xcd },
  { 107, 0xcf }, { 108, 0xd0 }, { 109, 0xd1 }, { 110, 0xd2 }, { 111, 0xd3 },
  { 119, 0xc6 }, { 125, 0xdb }, { 126, 0xdc }, { 127, 0xdd },
};

/* 0 for a key that has none. */
static guint
to_qnum (const char *set, guint code)
{
  gboolean is_linux = g_str_equal (set, "linux");

  if (g_str_equal (set, "qnum"))
    return code <= 0xff ? code : 0;
  if (code <= LAST_COMMON_KEY && (is_linux || g_str_equal (set, "xt")))
    return code;
  for (gsize i = 0; is_linux && i < G_N_ELEMENTS (more_keys); i++)
    if (more_keys[i].linux_code == code)
      return more_keys[i].qnum;
  return 0;
}

static JsonArray *
make_keys (const char *set, const guint32 *codes, gsize n, GError **error)
{
  g_autoptr (JsonArray) keys = json_array_new ();

  if (n == 0 || n > MAX_KEYS)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%" G_GSIZE_FORMAT " keys are not 1 to %d", n, MAX_KEYS);
      return NULL;
    }
  for (gsize i = 0; i < n; i++)
    {
      guint number = to_qnum (set, codes[i]);
      JsonObject *key;

      if (number == 0)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "this driver knows no key %u of \"%.100s\"; it knows linux, xt and qnum",
                       codes[i], set);
          return NULL;
        }
      key = json_object_new ();
      json_object_set_string_member (key, "type", "number");
      json_object_set_int_member (key, "data", number);
      json_array_add_object_element (keys, key);
    }
  return g_steal_pointer (&keys);
}

void
vireo_qemu_send_key (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  g_autoptr (GVariant) list = g_variant_get_child_value (args, 2);
  gsize n;
  const guint32 *codes = g_variant_get_fixed_array (list, &n, sizeof *codes);
  JsonObject *arguments;
  GError *error = NULL;
  JsonArray *keys;
  const char *set;
  guint hold_time;

  g_variant_get_child (args, 0, "&s", &set);
  g_variant_get_child (args, 1, "u", &hold_time);
  keys = make_keys (set, codes, n, &error);
  if (keys == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  arguments = json_object_new ();
  json_object_set_array_member (arguments, "keys", keys);
  if (hold_time > 0)
    json_object_set_int_member (arguments, "hold-time", hold_time);
  execute (obj, "send-key", arguments, task);
}
