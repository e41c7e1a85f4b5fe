/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host is made of, as the kernel tells it in /sys and /proc. */
#include "vireo-qemu-capsxml-private.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* More than any host has. */
#define MAX_CPUS 8192
#define MAX_NODES 1024

static char *
read_text (const char *root, const char *path)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  char *text = NULL;

  if (!g_file_get_contents (full, &text, NULL, NULL))
    return NULL;
  return g_strstrip (text);
}

static gint64
read_number (const char *root, gint64 fallback, const char *path)
{
  g_autofree char *text = read_text (root, path);
  gint64 value = 0;

  return text != NULL && g_ascii_string_to_signed (text, 10, G_MININT32, G_MAXINT32, &value, NULL)
             ? value
             : fallback;
}

GArray *
vireo_qemu_parse_cpu_list (const char *text)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_auto (GStrv) ends = g_strsplit (parts[i], "-", 2);
      guint64 first = 0;
      guint64 last = 0;

      if (ends[0] == NULL || !g_ascii_string_to_unsigned (ends[0], 10, 0, MAX_CPUS, &first, NULL))
        continue;
      last = first;
      if (ends[1] != NULL
          && !g_ascii_string_to_unsigned (ends[1], 10, first, MAX_CPUS, &last, NULL))
        continue;
      for (guint n = (guint) first; n <= last && numbers->len < MAX_CPUS; n++)
        g_array_append_val (numbers, n);
    }
  return numbers;
}

/* The value of a "name : value" line. */
static char *
find_line (const char *text, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", 200);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *colon = strchr (lines[i], ':');

      if (colon == NULL || !g_str_has_prefix (lines[i], name))
        continue;
      if (strspn (lines[i] + strlen (name), " \t") == (gsize) (colon - lines[i]) - strlen (name))
        return g_strstrip (g_strdup (colon + 1));
    }
  return NULL;
}

static const char *
vendor_name (const char *id)
{
  static const char *const names[][2]
      = { { "GenuineIntel", "Intel" }, { "AuthenticAMD", "AMD" }, { "HygonGenuine", "Hygon" } };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (id, names[i][0]) == 0)
      return names[i][1];
  return NULL;
}

static void
add_unique (GHashTable *set, gint64 package, gint64 die, gint64 core)
{
  g_hash_table_add (set, g_strdup_printf ("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT
                                          "/%" G_GINT64_FORMAT, package, die, core));
}

static gint64
read_topology (const char *root, guint cpu, const char *name, gint64 fallback)
{
  g_autofree char *path
      = g_strdup_printf ("/sys/devices/system/cpu/cpu%u/topology/%s", cpu, name);

  return MAX (read_number (root, fallback, path), 0);
}

/* Sockets, dies a socket, cores a die, threads a core, as if all were alike. */
static void
append_cpu_topology (GString *xml, const char *root, GArray *cpus)
{
  g_autoptr (GHashTable) sockets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) dies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n_sockets, n_dies, n_cores;

  for (guint i = 0; i < cpus->len; i++)
    {
      guint cpu = g_array_index (cpus, guint, i);
      gint64 package = read_topology (root, cpu, "physical_package_id", 0);
      gint64 die = read_topology (root, cpu, "die_id", 0);

      add_unique (sockets, package, 0, 0);
      add_unique (dies, package, die, 0);
      add_unique (cores, package, die, read_topology (root, cpu, "core_id", cpu));
    }
  n_sockets = MAX (g_hash_table_size (sockets), 1);
  n_dies = MAX (g_hash_table_size (dies), 1);
  n_cores = MAX (g_hash_table_size (cores), 1);
  g_string_append_printf (
      xml, "      <topology sockets='%u' dies='%u' cores='%u' threads='%u'/>\n", n_sockets,
      MAX (n_dies / n_sockets, 1), MAX (n_cores / n_dies, 1), MAX (cpus->len / n_cores, 1));
}

static void
append_cpu (GString *xml, const char *root, GArray *cpus)
{
  g_autofree char *info = read_text (root, "/proc/cpuinfo");
  g_autofree char *vendor = find_line (info, "vendor_id");
  g_autofree char *microcode = find_line (info, "microcode");
  struct utsname name;

  g_string_append (xml, "    <cpu>\n");
  if (uname (&name) == 0)
    g_string_append_printf (xml, "      <arch>%s</arch>\n", name.machine);
  if (vendor_name (vendor) != NULL)
    g_string_append_printf (xml, "      <vendor>%s</vendor>\n", vendor_name (vendor));
  if (microcode != NULL && g_ascii_strtoull (microcode, NULL, 0) != 0)
    g_string_append_printf (xml, "      <microcode version='%" G_GUINT64_FORMAT "'/>\n",
                            g_ascii_strtoull (microcode, NULL, 0));
  append_cpu_topology (xml, root, cpus);
  g_string_append_printf (xml, "      <pages unit='KiB' size='%ld'/>\n    </cpu>\n",
                          sysconf (_SC_PAGESIZE) / 1024);
}

static void
append_power (GString *xml, const char *root)
{
  static const char *const states[][2] = { { "mem", "suspend_mem" }, { "disk", "suspend_disk" } };
  g_autofree char *text = read_text (root, "/sys/power/state");
  g_auto (GStrv) have = g_strsplit (text != NULL ? text : "", " ", -1);

  g_string_append (xml, "    <power_management>\n");
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_strv_contains ((const char *const *) have, states[i][0]))
      g_string_append_printf (xml, "      <%s/>\n", states[i][1]);
  g_string_append (xml, "    </power_management>\n");
}

static gboolean
has_iommu (const char *root)
{
  g_autofree char *path = g_strconcat (root, "/sys/kernel/iommu_groups", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  return dir != NULL && g_dir_read_name (dir) != NULL;
}

static void
append_cell_cpus (GString *xml, const char *root, GArray *cpus)
{
  g_string_append_printf (xml, "          <cpus num='%u'>\n", cpus->len);
  for (guint i = 0; i < cpus->len; i++)
    {
      guint cpu = g_array_index (cpus, guint, i);
      g_autofree char *path
          = g_strdup_printf ("/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
      g_autofree char *siblings = read_text (root, path);
      g_autofree char *line = g_markup_printf_escaped (
          "            <cpu id='%u' socket_id='%" G_GINT64_FORMAT "' die_id='%" G_GINT64_FORMAT
          "' core_id='%" G_GINT64_FORMAT "' siblings='%s'/>\n",
          cpu, read_topology (root, cpu, "physical_package_id", 0),
          read_topology (root, cpu, "die_id", 0), read_topology (root, cpu, "core_id", cpu),
          siblings != NULL ? siblings : "");

      g_string_append (xml, line);
    }
  g_string_append (xml, "          </cpus>\n");
}

static void
append_distances (GString *xml, const char *root, guint node)
{
  g_autofree char *path = g_strdup_printf ("/sys/devices/system/node/node%u/distance", node);
  g_autofree char *text = read_text (root, path);
  g_auto (GStrv) values = g_strsplit (text != NULL ? text : "10", " ", MAX_NODES);

  g_string_append (xml, "          <distances>\n");
  for (guint i = 0; values[i] != NULL; i++)
    g_string_append_printf (xml, "            <sibling id='%u' value='%u'/>\n", i,
                            (guint) g_ascii_strtoull (values[i], NULL, 10));
  g_string_append (xml, "          </distances>\n");
}

/* "Node 0 MemTotal:  1234 kB", or without the node. */
static guint64
read_memory (const char *root, const char *path)
{
  g_autofree char *text = read_text (root, path);
  const char *found = text != NULL ? strstr (text, "MemTotal:") : NULL;

  return found != NULL ? g_ascii_strtoull (found + strlen ("MemTotal:"), NULL, 10) : 0;
}

static void
append_cell (GString *xml, const char *root, guint node, guint64 memory, GArray *cpus)
{
  g_string_append_printf (xml,
                          "        <cell id='%u'>\n"
                          "          <memory unit='KiB'>%" G_GUINT64_FORMAT "</memory>\n"
                          "          <pages unit='KiB' size='%ld'>%" G_GUINT64_FORMAT "</pages>\n",
                          node, memory, sysconf (_SC_PAGESIZE) / 1024,
                          memory / (guint64) (sysconf (_SC_PAGESIZE) / 1024));
  append_distances (xml, root, node);
  append_cell_cpus (xml, root, cpus);
  g_string_append (xml, "        </cell>\n");
}

static void
append_cells (GString *xml, const char *root, GArray *online)
{
  g_autofree char *list = read_text (root, "/sys/devices/system/node/online");
  g_autoptr (GArray) nodes = vireo_qemu_parse_cpu_list (list);

  g_string_append_printf (xml, "    <topology>\n      <cells num='%u'>\n", MAX (nodes->len, 1));
  for (guint i = 0; i < MIN (nodes->len, MAX_NODES); i++)
    {
      guint node = g_array_index (nodes, guint, i);
      g_autofree char *memory = g_strdup_printf ("/sys/devices/system/node/node%u/meminfo", node);
      g_autofree char *path = g_strdup_printf ("/sys/devices/system/node/node%u/cpulist", node);
      g_autofree char *text = read_text (root, path);
      g_autoptr (GArray) cpus = vireo_qemu_parse_cpu_list (text);

      append_cell (xml, root, node, read_memory (root, memory), cpus);
    }
  if (nodes->len == 0)
    append_cell (xml, root, 0, read_memory (root, "/proc/meminfo"), online);
  g_string_append (xml, "      </cells>\n    </topology>\n");
}

/* The firmware's, or the installation's. */
static void
append_uuid (GString *xml, const char *root)
{
  g_autofree char *uuid = read_text (root, "/sys/class/dmi/id/product_uuid");
  g_autofree char *machine = NULL;

  if (uuid == NULL || !g_uuid_string_is_valid (uuid))
    {
      machine = read_text (root, "/etc/machine-id");
      g_clear_pointer (&uuid, g_free);
      if (machine != NULL && strlen (machine) == 32)
        uuid = g_strdup_printf ("%.8s-%.4s-%.4s-%.4s-%.12s", machine, machine + 8, machine + 12,
                                machine + 16, machine + 20);
    }
  if (uuid != NULL && g_uuid_string_is_valid (uuid))
    {
      g_autofree char *lower = g_ascii_strdown (uuid, -1);

      g_string_append_printf (xml, "    <uuid>%s</uuid>\n", lower);
    }
}

static void
append_secmodel (GString *xml, const VireoQemuIdentity *identity)
{
  guint uid = identity->change ? identity->uid : getuid ();
  guint gid = identity->change ? identity->gid : getgid ();

  g_string_append_printf (xml,
                          "    <secmodel>\n      <model>dac</model>\n      <doi>0</doi>\n"
                          "      <baselabel type='kvm'>+%u:+%u</baselabel>\n"
                          "      <baselabel type='qemu'>+%u:+%u</baselabel>\n    </secmodel>\n",
                          uid, gid, uid, gid);
}

void
vireo_qemu_capsxml_append_host (GString *xml, const char *root, const VireoQemuIdentity *identity)
{
  g_autofree char *list = read_text (root, "/sys/devices/system/cpu/online");
  g_autoptr (GArray) cpus = vireo_qemu_parse_cpu_list (list);

  g_string_append (xml, "  <host>\n");
  append_uuid (xml, root);
  append_cpu (xml, root, cpus);
  append_power (xml, root);
  g_string_append_printf (xml, "    <iommu support='%s'/>\n", has_iommu (root) ? "yes" : "no");
  append_cells (xml, root, cpus);
  append_secmodel (xml, identity);
  g_string_append (xml, "  </host>\n");
}
