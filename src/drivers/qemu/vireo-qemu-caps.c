/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-caps.h"

#include <string.h>

#include "vireo-qemu-arch.h"
#include "vireo-qemu-caps-private.h"
#include "vireo-qmp-message.h"

/* More than any QEMU has; what a binary says beyond is not taken. */
#define MAX_NAME 127
#define MAX_MACHINES 4096
#define MAX_NAMES 65536

struct _VireoQemuCaps
{
  gatomicrefcount refs;
  char *path;
  char *arch;
  guint version;
  char *package;
  gboolean kvm;
  GPtrArray *machines;
  GPtrArray *cpu_models;
  GHashTable *types;
  GHashTable *commands;
  GHashTable *tpms;
  GHashTable *options;    /* name -> set */
  GHashTable *properties; /* type -> set */
};

static void
machine_free (VireoQemuMachine *machine)
{
  g_free (machine->name);
  g_free (machine->alias);
  g_free (machine->default_cpu);
  g_free (machine->default_ram_id);
  g_free (machine);
}

static GHashTable *
set_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
set_fill (GHashTable *set, JsonArray *names)
{
  guint n = names != NULL ? MIN (json_array_get_length (names), MAX_NAMES) : 0;

  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (names, i);

      if (json_node_get_value_type (node) == G_TYPE_STRING
          && strlen (json_node_get_string (node)) <= MAX_NAME)
        g_hash_table_add (set, json_node_dup_string (node));
    }
}

static void
sets_fill (GHashTable *sets, JsonObject *lists)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (lists == NULL || json_object_get_size (lists) > MAX_NAMES)
    return;
  json_object_iter_init_ordered (&iter, lists);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      GHashTable *set = set_new ();

      set_fill (set, vireo_qmp_node_array (node));
      g_hash_table_insert (sets, g_strdup (name), set);
    }
}

static VireoQemuCaps *
caps_new (const char *path)
{
  VireoQemuCaps *self = g_new0 (VireoQemuCaps, 1);

  g_atomic_ref_count_init (&self->refs);
  self->path = g_strdup (path);
  self->machines = g_ptr_array_new_with_free_func ((GDestroyNotify) machine_free);
  self->cpu_models = g_ptr_array_new_with_free_func (g_free);
  self->types = set_new ();
  self->commands = set_new ();
  self->tpms = set_new ();
  self->options = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_hash_table_unref);
  self->properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) g_hash_table_unref);
  return self;
}

VireoQemuCaps *
vireo_qemu_caps_ref (VireoQemuCaps *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
vireo_qemu_caps_unref (VireoQemuCaps *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->path);
  g_free (self->arch);
  g_free (self->package);
  g_ptr_array_unref (self->machines);
  g_ptr_array_unref (self->cpu_models);
  g_hash_table_unref (self->types);
  g_hash_table_unref (self->commands);
  g_hash_table_unref (self->tpms);
  g_hash_table_unref (self->options);
  g_hash_table_unref (self->properties);
  g_free (self);
}

static void
add_machine (VireoQemuCaps *self, JsonObject *facts)
{
  const char *name = vireo_json_get_string (facts, "name", MAX_NAME);
  VireoQemuMachine *machine;

  if (name == NULL)
    return;
  machine = g_new0 (VireoQemuMachine, 1);
  machine->name = g_strdup (name);
  machine->alias = g_strdup (vireo_json_get_string (facts, "alias", MAX_NAME));
  machine->cpu_max = (guint) CLAMP (vireo_json_get_int (facts, "cpu-max", 1), 1, 65536);
  machine->is_default = vireo_json_get_boolean (facts, "default", FALSE);
  machine->deprecated = vireo_json_get_boolean (facts, "deprecated", FALSE);
  machine->hotpluggable_cpus = vireo_json_get_boolean (facts, "hotplug", FALSE);
  machine->default_cpu = g_strdup (vireo_json_get_string (facts, "cpu", MAX_NAME));
  machine->default_ram_id = g_strdup (vireo_json_get_string (facts, "ram", MAX_NAME));
  g_ptr_array_add (self->machines, machine);
}

/* Numbers in names count as such: pc-q35-2.12 comes behind pc-q35-2.9. */
static int
compare_natural (const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0')
    {
      if (g_ascii_isdigit (*a) && g_ascii_isdigit (*b))
        {
          guint64 x = g_ascii_strtoull (a, (char **) &a, 10);
          guint64 y = g_ascii_strtoull (b, (char **) &b, 10);

          if (x != y)
            return x < y ? -1 : 1;
        }
      else if (*a != *b)
        return *a < *b ? -1 : 1;
      else
        {
          a++;
          b++;
        }
    }
  return *a == *b ? 0 : *a == '\0' ? -1 : 1;
}

static int
compare_machines (gconstpointer a, gconstpointer b)
{
  const VireoQemuMachine *const *x = a;
  const VireoQemuMachine *const *y = b;

  return compare_natural ((*x)->name, (*y)->name);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return compare_natural (*(const char *const *) a, *(const char *const *) b);
}

static void
fill_machines (VireoQemuCaps *self, JsonArray *machines)
{
  guint n = machines != NULL ? MIN (json_array_get_length (machines), MAX_MACHINES) : 0;

  for (guint i = 0; i < n; i++)
    add_machine (self, vireo_qmp_element_object (machines, i));
  g_ptr_array_sort (self->machines, compare_machines);
}

static void
fill_cpu_models (VireoQemuCaps *self, JsonArray *names)
{
  g_autoptr (GHashTable) set = set_new ();
  GHashTableIter iter;
  gpointer name;

  set_fill (set, names);
  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (self->cpu_models, g_strdup (name));
  g_ptr_array_sort (self->cpu_models, compare_names);
}

/**
 * vireo_qemu_caps_new_from_facts:
 * @path: path of the binary
 * @facts: what a probe found out
 * @error: Hypervisor when the facts make no emulator
 *
 * Returns: (transfer full): the capabilities
 * Since: 0.1
 */
VireoQemuCaps *
vireo_qemu_caps_new_from_facts (const char *path, JsonObject *facts, GError **error)
{
  g_autoptr (VireoQemuCaps) self = caps_new (path);
  const char *target = vireo_json_get_string (facts, "arch", MAX_NAME);
  const VireoQemuArch *arch = vireo_qemu_arch_find_target (target);

  self->arch = g_strdup (arch != NULL ? arch->name : target);
  self->version = (guint) CLAMP (vireo_json_get_int (facts, "version", 0), 0, G_MAXINT);
  self->package = g_strdup (vireo_json_get_string (facts, "package", 255));
  self->kvm = vireo_json_get_boolean (facts, "kvm", FALSE);
  fill_machines (self, vireo_json_get_array (facts, "machines"));
  fill_cpu_models (self, vireo_json_get_array (facts, "cpus"));
  set_fill (self->types, vireo_json_get_array (facts, "types"));
  set_fill (self->commands, vireo_json_get_array (facts, "commands"));
  set_fill (self->tpms, vireo_json_get_array (facts, "tpms"));
  sets_fill (self->options, vireo_json_get_object (facts, "options"));
  sets_fill (self->properties, vireo_json_get_object (facts, "properties"));
  if (self->arch == NULL || self->version == 0 || self->machines->len == 0
      || g_hash_table_size (self->types) == 0 || g_hash_table_size (self->commands) == 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR,
                   "%s does not tell its architecture, version, machines, types and commands",
                   path);
      return NULL;
    }
  return g_steal_pointer (&self);
}

const char *
vireo_qemu_caps_get_path (const VireoQemuCaps *self)
{
  return self->path;
}

const char *
vireo_qemu_caps_get_arch (const VireoQemuCaps *self)
{
  return self->arch;
}

guint
vireo_qemu_caps_get_version (const VireoQemuCaps *self)
{
  return self->version;
}

const char *
vireo_qemu_caps_get_package (const VireoQemuCaps *self)
{
  return self->package != NULL ? self->package : "";
}

gboolean
vireo_qemu_caps_has_kvm (const VireoQemuCaps *self)
{
  return self->kvm;
}

GPtrArray *
vireo_qemu_caps_get_machines (const VireoQemuCaps *self)
{
  return self->machines;
}

const VireoQemuMachine *
vireo_qemu_caps_find_machine (const VireoQemuCaps *self, const char *name)
{
  for (guint i = 0; i < self->machines->len; i++)
    {
      const VireoQemuMachine *machine = self->machines->pdata[i];

      if (g_str_equal (machine->name, name) || g_strcmp0 (machine->alias, name) == 0)
        return machine;
    }
  return NULL;
}

const VireoQemuMachine *
vireo_qemu_caps_get_default_machine (const VireoQemuCaps *self)
{
  for (guint i = 0; i < self->machines->len; i++)
    {
      const VireoQemuMachine *machine = self->machines->pdata[i];

      if (machine->is_default)
        return machine;
    }
  return NULL;
}

gboolean
vireo_qemu_caps_has_type (const VireoQemuCaps *self, const char *type)
{
  return g_hash_table_contains (self->types, type);
}

static gboolean
sets_contain (GHashTable *sets, const char *name, const char *member)
{
  GHashTable *set = g_hash_table_lookup (sets, name);

  return set != NULL && (member == NULL || g_hash_table_contains (set, member));
}

gboolean
vireo_qemu_caps_has_property (const VireoQemuCaps *self, const char *type, const char *property)
{
  return sets_contain (self->properties, type, property);
}

gboolean
vireo_qemu_caps_has_command (const VireoQemuCaps *self, const char *command)
{
  return g_hash_table_contains (self->commands, command);
}

gboolean
vireo_qemu_caps_has_option (const VireoQemuCaps *self, const char *option, const char *parameter)
{
  return sets_contain (self->options, option, parameter);
}

gboolean
vireo_qemu_caps_has_cpu_model (const VireoQemuCaps *self, const char *model)
{
  for (guint i = 0; i < self->cpu_models->len; i++)
    if (g_str_equal (self->cpu_models->pdata[i], model))
      return TRUE;
  return FALSE;
}

GPtrArray *
vireo_qemu_caps_get_cpu_models (const VireoQemuCaps *self)
{
  return self->cpu_models;
}

gboolean
vireo_qemu_caps_has_tpm_backend (const VireoQemuCaps *self, const char *backend)
{
  return g_hash_table_contains (self->tpms, backend);
}
