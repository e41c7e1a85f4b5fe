/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Changes of a domain that runs, and what is told of them. */

#include "vireo-test-edit.h"

#include <string.h>

#include "drivers/common/vireo-domain-aliases.h"
#include "drivers/common/vireo-domain-edit.h"
#include "vireo-test-domains.h"
#include "vireo-test-settings.h"

static GHashTable *
collect_aliases (const VireoDomainDef *def)
{
  GHashTable *aliases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    if (vireo_device_get_alias (iter.kind, iter.device) != NULL)
      g_hash_table_add (aliases, g_strdup (vireo_device_get_alias (iter.kind, iter.device)));
  return aliases;
}

/* Says @signal for each alias in @set that is not in @other. */
static void
emit_difference (VireoDomainObj *obj, const char *signal, GHashTable *set, GHashTable *other)
{
  GHashTableIter iter;
  gpointer alias;

  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &alias, NULL))
    if (!g_hash_table_contains (other, alias))
      vireo_obj_emit_event (VIREO_OBJ (obj), signal, g_variant_new ("(s)", alias));
}

/* A disk whose medium was changed: the tray went out and in again. */
static void
emit_trays (VireoDomainObj *obj, const VireoDomainDef *before, const VireoDomainDef *after)
{
  for (guint i = 0; i < before->n_disks && before->n_disks == after->n_disks; i++)
    {
      const VireoDiskDef *old = before->disks[i], *now = after->disks[i];

      if (old->device != VIREO_DISK_DEVICE_CDROM || vireo_disk_def_equal (old, now))
        continue;
      vireo_obj_emit_event (VIREO_OBJ (obj), "TrayChanged",
                            g_variant_new ("(ss)", now->alias, "open"));
      vireo_obj_emit_event (VIREO_OBJ (obj), "TrayChanged",
                            g_variant_new ("(ss)", now->alias, "close"));
    }
}

/* What was set, with the names that libvirt's event has. */
static void
emit_tunables (VireoDomainObj *obj, const VireoDomainEdit *edit)
{
  gboolean is_disk = edit->kind == VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE;
  g_autoptr (GVariant) parameters = g_variant_get_child_value (edit->args, is_disk ? 1 : 0);
  const char *prefix = is_disk ? "blkdeviotune." : "cputune.";
  GVariantBuilder values;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  if (is_disk)
    {
      g_variant_get_child (edit->args, 0, "&s", &name);
      g_variant_builder_add (&values, "{sv}", "blkdeviotune.disk", g_variant_new_string (name));
    }
  g_variant_iter_init (&iter, parameters);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autofree char *full = g_strconcat (prefix, name, NULL);

      g_variant_builder_add (&values, "{sv}", full, value);
    }
  vireo_obj_emit_event (VIREO_OBJ (obj), "TunableChanged", g_variant_new ("(a{sv})", &values));
}

static void
emit_pin (VireoDomainObj *obj, const VireoDomainEdit *edit)
{
  gboolean is_emulator = edit->kind == VIREO_DOMAIN_EDIT_PIN_EMULATOR;
  g_autofree char *name = NULL;
  const char *cpuset;
  GVariantBuilder values;
  guint number = 0;

  g_variant_get_child (edit->args, is_emulator ? 0 : 1, "&s", &cpuset);
  if (!is_emulator)
    g_variant_get_child (edit->args, 0, "u", &number);
  if (is_emulator)
    name = g_strdup ("cputune.emulatorpin");
  else if (edit->kind == VIREO_DOMAIN_EDIT_PIN_VCPU)
    name = g_strdup_printf ("cputune.vcpupin%u", number);
  else
    name = g_strdup_printf ("cputune.iothreadpin%u", number);
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&values, "{sv}", name, g_variant_new_string (cpuset));
  vireo_obj_emit_event (VIREO_OBJ (obj), "TunableChanged", g_variant_new ("(a{sv})", &values));
}

static void
emit_balloon (VireoDomainObj *obj, const VireoDomainEdit *edit)
{
  guint64 kib;

  g_variant_get_child (edit->args, 0, "t", &kib);
  vireo_obj_emit_event (VIREO_OBJ (obj), "BalloonChanged", g_variant_new ("(t)", kib));
}

static void
remember_polling (VireoDomainObj *obj, const VireoDomainEdit *edit)
{
  g_autoptr (GVariant) parameters = g_variant_get_child_value (edit->args, 1);
  GVariantIter iter;
  const char *name;
  GVariant *value;
  guint id;

  g_variant_get_child (edit->args, 0, "u", &id);
  g_variant_iter_init (&iter, parameters);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    g_hash_table_insert (vireo_test_domain_get_guest (obj)->iothreads,
                         g_strdup_printf ("%u.%s", id, name), value);
}

static void (*const emitters[VIREO_DOMAIN_N_EDITS]) (VireoDomainObj *, const VireoDomainEdit *) = {
  [VIREO_DOMAIN_EDIT_MEMORY] = emit_balloon,
  [VIREO_DOMAIN_EDIT_SCHEDULER] = emit_tunables,
  [VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE] = emit_tunables,
  [VIREO_DOMAIN_EDIT_PIN_VCPU] = emit_pin,
  [VIREO_DOMAIN_EDIT_PIN_EMULATOR] = emit_pin,
  [VIREO_DOMAIN_EDIT_PIN_IOTHREAD] = emit_pin,
  [VIREO_DOMAIN_EDIT_SET_IOTHREAD] = remember_polling,
};

/* A guest that was told to keep a drive has locked its tray. */
static gboolean
check_trays (const VireoDomainEdit *edit,
             const VireoDomainDef *before,
             const VireoDomainDef *after,
             GError **error)
{
  g_auto (VireoTestSettings) settings = { 0 };

  vireo_test_settings_init (&settings, before);
  if (settings.kept_device == NULL || vireo_domain_edit_get_option (edit, "force"))
    return TRUE;
  for (guint i = 0; i < before->n_disks && before->n_disks == after->n_disks; i++)
    {
      const VireoDiskDef *old = before->disks[i], *now = after->disks[i];

      if (old->device != VIREO_DISK_DEVICE_CDROM || vireo_disk_def_equal (old, now)
          || g_strcmp0 (old->alias, settings.kept_device) != 0)
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR,
                   "the guest has locked the tray of %s: to open it takes the option `force`",
                   old->alias);
      return FALSE;
    }
  return TRUE;
}

/* A guest that was told to keep a device does not let it go. */
static gboolean
check_released (VireoDomainObj *obj,
                const VireoDomainDef *before,
                GHashTable *after,
                GError **error)
{
  g_auto (VireoTestSettings) settings = { 0 };
  g_autoptr (GHashTable) aliases = NULL;

  vireo_test_settings_init (&settings, before);
  if (settings.kept_device == NULL)
    return TRUE;
  aliases = collect_aliases (before);
  if (!g_hash_table_contains (aliases, settings.kept_device)
      || g_hash_table_contains (after, settings.kept_device))
    return TRUE;
  vireo_obj_emit_event (VIREO_OBJ (obj), "DeviceRemovalFailed",
                        g_variant_new ("(s)", settings.kept_device));
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the guest does not release %s",
               settings.kept_device);
  return FALSE;
}

/* The live definition as it will be; %NULL with @error. */
static VireoDomainDef *
make_def (VireoDomainKeeper *keeper,
          VireoDomainObj *obj,
          const VireoDomainEdit *edit,
          GError **error)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_copy (vireo_domain_obj_get_live_def (obj));
  g_autoptr (GPtrArray) problems = NULL;
  gpointer completed;

  if (!vireo_domain_edit_apply (edit, def, TRUE, error))
    return NULL;
  if (edit->kind == VIREO_DOMAIN_EDIT_ATTACH_DEVICE)
    {
      completed = def;
      if (!VIREO_KEEPER_GET_CLASS (keeper)->complete (VIREO_KEEPER (keeper), &completed, TRUE,
                                                      VIREO_PARSE_NONE, &problems, error))
        return NULL;
      def = completed;
      g_clear_pointer (&problems, g_ptr_array_unref);
      vireo_domain_assign_aliases (def);
    }
  problems = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  vireo_domain_def_validate (def, problems);
  if (problems->len == 0)
    return g_steal_pointer (&def);
  g_propagate_error (error, vireo_problems_to_error (problems, VIREO_ERROR_XML_INVALID));
  return NULL;
}

static gboolean
edit_now (VireoDomainKeeper *keeper,
          VireoDomainObj *obj,
          const VireoDomainEdit *edit,
          GError **error)
{
  g_autoptr (VireoDomainDef) before = vireo_domain_def_copy (vireo_domain_obj_get_live_def (obj));
  g_autoptr (GHashTable) old = collect_aliases (before);
  g_autoptr (GHashTable) now = NULL;
  VireoDomainDef *def = make_def (keeper, obj, edit, error);

  if (def == NULL)
    return FALSE;
  now = collect_aliases (def);
  if (!check_released (obj, before, now, error)
      || (edit->kind == VIREO_DOMAIN_EDIT_UPDATE_DEVICE
          && !check_trays (edit, before, def, error)))
    {
      vireo_domain_def_free (def);
      return FALSE;
    }
  vireo_domain_obj_set_live_def (obj, def);
  emit_difference (obj, "DeviceAdded", now, old);
  emit_difference (obj, "DeviceRemoved", old, now);
  if (edit->kind == VIREO_DOMAIN_EDIT_UPDATE_DEVICE)
    emit_trays (obj, before, def);
  if (emitters[edit->kind] != NULL)
    emitters[edit->kind](obj, edit);
  return TRUE;
}

/**
 * vireo_test_edit_live:
 * @keeper: the domains
 * @obj: one that runs
 * @edit: what is to be changed
 * @task: (transfer full): returns a boolean
 *
 * Changes the guest at once.
 *
 * Since: 0.1
 */
void
vireo_test_edit_live (VireoDomainKeeper *keeper,
                      VireoDomainObj *obj,
                      const VireoDomainEdit *edit,
                      GTask *task)
{
  GError *error = NULL;

  if (edit_now (keeper, obj, edit, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}
