/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-linux-host.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util/vireo-error.h"

/* proc(5); Documentation/admin-guide/cputopology.rst and Documentation/ABI in the kernel's source.
 */

struct _VireoLinuxHost
{
  GObject parent_instance;

  char *root;
  char *security_model;
  char *security_doi;
};

static void host_init (VireoHostDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoLinuxHost,
                               vireo_linux_host,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_HOST_DRIVER, host_init))

#define MAX_CPUS 8192u
#define MAX_NODES 1024u

static char *
read_file (VireoLinuxHost *self, const char *path, GError **error)
{
  g_autofree char *full = g_strconcat (self->root, path, NULL);
  char *text = NULL;

  if (!g_file_get_contents (full, &text, NULL, error))
    return NULL;
  return text;
}

static char *G_GNUC_PRINTF (2, 3) read_formatted (VireoLinuxHost *self, const char *format, ...)
{
  g_autofree char *path = NULL;
  va_list args;
  char *text;

  va_start (args, format);
  path = g_strdup_vprintf (format, args);
  va_end (args);
  text = read_file (self, path, NULL);
  return text != NULL ? g_strstrip (text) : NULL;
}

/* ---- processors ---- */

/* Whether @cpu is in @list, such as "0-3,7" (cpulist format). */
static gboolean
is_in_list (const char *list, guint cpu)
{
  while (g_ascii_isdigit (*list))
    {
      char *end;
      guint64 first = g_ascii_strtoull (list, &end, 10);
      guint64 last = *end == '-' ? g_ascii_strtoull (end + 1, &end, 10) : first;

      if (cpu >= first && cpu <= last)
        return TRUE;
      list = *end == ',' ? end + 1 : end;
    }
  return FALSE;
}

/* One more than the highest number in a list. */
static guint
list_end (const char *list)
{
  guint64 end = 0;

  for (const char *c = list; *c != '\0'; c++)
    if (g_ascii_isdigit (*c) && (c == list || !g_ascii_isdigit (c[-1])))
      end = MAX (end, g_ascii_strtoull (c, NULL, 10) + 1);
  return (guint) MIN (end, MAX_CPUS);
}

static char *
read_cpu_list (VireoLinuxHost *self, const char *which, GError **error)
{
  g_autofree char *path = g_strconcat ("/sys/devices/system/cpu/", which, NULL);
  char *list = read_file (self, path, error);

  return list != NULL ? g_strstrip (list) : NULL;
}

static GVariant *
get_cpus (VireoLinuxHost *self, GVariant *args, GError **error)
{
  g_autofree char *present = read_cpu_list (self, "present", error);
  g_autofree char *online = present != NULL ? read_cpu_list (self, "online", error) : NULL;

  if (online == NULL)
    return NULL;
  return g_variant_new ("(us)", list_end (present), online);
}

typedef struct
{
  guint n_online;
  guint n_sockets;
  guint n_cores;   /* of a socket */
  guint n_threads; /* of a core */
} Topology;

static void
read_topology (VireoLinuxHost *self, const char *online, Topology *topology)
{
  g_autoptr (GHashTable) sockets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint end = list_end (online);

  memset (topology, 0, sizeof *topology);
  for (guint cpu = 0; cpu < end; cpu++)
    {
      g_autofree char *socket = NULL;
      g_autofree char *core = NULL;

      if (!is_in_list (online, cpu))
        continue;
      socket = read_formatted (self, "/sys/devices/system/cpu/cpu%u/topology/physical_package_id",
                               cpu);
      core = read_formatted (self, "/sys/devices/system/cpu/cpu%u/topology/core_id", cpu);
      topology->n_online++;
      g_hash_table_add (cores, g_strdup_printf ("%s:%s", socket != NULL ? socket : "0",
                                                core != NULL ? core : "0"));
      g_hash_table_add (sockets, g_strdup (socket != NULL ? socket : "0"));
    }
  topology->n_sockets = MAX (g_hash_table_size (sockets), 1);
  topology->n_cores = MAX (g_hash_table_size (cores) / topology->n_sockets, 1);
  topology->n_threads = MAX (topology->n_online / (topology->n_sockets * topology->n_cores), 1);
}

/* The value of the first line of /proc/cpuinfo or the like that begins with @name. */
static char *
find_value (const char *text, const char *name)
{
  gsize length = strlen (name);

  for (const char *line = text; line != NULL && *line != '\0';
       line = (line = strchr (line, '\n')) != NULL ? line + 1 : NULL)
    {
      const char *value;

      if (strncmp (line, name, length) != 0)
        continue;
      value = line + length + strspn (line + length, " \t:");
      return g_strndup (value, strcspn (value, "\n"));
    }
  return NULL;
}

static guint64
find_number (const char *text, const char *name)
{
  g_autofree char *value = find_value (text, name);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) : 0;
}

static void
add_uint (GVariantBuilder *builder, const char *key, guint value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint32 (value));
}

static GVariant *
get_info (VireoLinuxHost *self, GVariant *args, GError **error)
{
  g_autofree char *online = read_cpu_list (self, "online", error);
  g_autofree char *meminfo = online != NULL ? read_file (self, "/proc/meminfo", error) : NULL;
  g_autofree char *cpuinfo = read_file (self, "/proc/cpuinfo", NULL);
  g_autofree char *nodes = read_formatted (self, "/sys/devices/system/node/online");
  g_autofree char *model = cpuinfo != NULL ? find_value (cpuinfo, "model name") : NULL;
  struct utsname name;
  GVariantBuilder info;
  Topology topology;

  if (meminfo == NULL)
    return NULL;
  read_topology (self, online, &topology);
  uname (&name);
  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "arch", g_variant_new_string (name.machine));
  if (model != NULL && g_utf8_validate (model, -1, NULL))
    g_variant_builder_add (&info, "{sv}", "cpu-model", g_variant_new_string (model));
  g_variant_builder_add (&info, "{sv}", "memory",
                         g_variant_new_uint64 (find_number (meminfo, "MemTotal")));
  add_uint (&info, "cpus", topology.n_online);
  add_uint (&info, "mhz", cpuinfo != NULL ? (guint) find_number (cpuinfo, "cpu MHz") : 0);
  add_uint (&info, "nodes", nodes != NULL ? MIN (list_end (nodes), MAX_NODES) : 1);
  add_uint (&info, "sockets", topology.n_sockets);
  add_uint (&info, "cores", topology.n_cores);
  add_uint (&info, "threads", topology.n_threads);
  return g_variant_new ("(a{sv})", &info);
}

/* ---- what they did ---- */

/* proc(5), /proc/stat: in clock ticks. */
enum
{
  STAT_USER,
  STAT_NICE,
  STAT_SYSTEM,
  STAT_IDLE,
  STAT_IOWAIT,
  STAT_IRQ,
  STAT_SOFTIRQ,
  N_STATS
};

static GVariant *
get_cpu_stats (VireoLinuxHost *self, GVariant *args, GError **error)
{
  g_autofree char *stat = read_file (self, "/proc/stat", error);
  g_autofree char *name = NULL;
  g_autofree char *line = NULL;
  const guint64 tick = G_GUINT64_CONSTANT (1000000000) / (guint64) sysconf (_SC_CLK_TCK);
  guint64 ticks[N_STATS] = { 0 };
  GVariantBuilder stats;
  char *next;
  gint cpu;

  if (stat == NULL)
    return NULL;
  g_variant_get_child (args, 0, "i", &cpu);
  name = cpu == -1 ? g_strdup ("cpu ") : g_strdup_printf ("cpu%d ", cpu);
  line = cpu >= -1 ? find_value (stat, name) : NULL;
  if (line == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the host has no processor %d that is online", cpu);
      return NULL;
    }
  next = line;
  for (guint i = 0; i < N_STATS; i++)
    ticks[i] = g_ascii_strtoull (next, &next, 10) * tick;

  g_variant_builder_init (&stats, G_VARIANT_TYPE ("a{st}"));
  g_variant_builder_add (&stats, "{st}", "user", ticks[STAT_USER] + ticks[STAT_NICE]);
  g_variant_builder_add (&stats, "{st}", "kernel",
                         ticks[STAT_SYSTEM] + ticks[STAT_IRQ] + ticks[STAT_SOFTIRQ]);
  g_variant_builder_add (&stats, "{st}", "idle", ticks[STAT_IDLE]);
  g_variant_builder_add (&stats, "{st}", "iowait", ticks[STAT_IOWAIT]);
  return g_variant_new ("(a{st})", &stats);
}

static const struct
{
  const char *key;
  const char *line;
} memory_lines[] = {
  { "total", "MemTotal" },
  { "free", "MemFree" },
  { "buffers", "Buffers" },
  { "cached", "Cached" },
};

static GVariant *
get_memory_stats (VireoLinuxHost *self, GVariant *args, GError **error)
{
  g_autofree char *text = NULL;
  GVariantBuilder stats;
  gint node;

  g_variant_get_child (args, 0, "i", &node);
  if (node == -1)
    text = read_file (self, "/proc/meminfo", error);
  else if (node >= 0)
    text = read_formatted (self, "/sys/devices/system/node/node%d/meminfo", node);
  if (text == NULL)
    {
      if (node != -1)
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                     "the host has no NUMA node %d", node);
      return NULL;
    }

  g_variant_builder_init (&stats, G_VARIANT_TYPE ("a{st}"));
  for (gsize i = 0; i < G_N_ELEMENTS (memory_lines); i++)
    {
      g_autofree char *name = node == -1
                                  ? g_strconcat (memory_lines[i].line, ":", NULL)
                                  : g_strdup_printf ("Node %d %s:", node, memory_lines[i].line);
      g_autofree char *value = find_value (text, name);

      if (value != NULL)
        g_variant_builder_add (&stats, "{st}", memory_lines[i].key,
                               g_ascii_strtoull (value, NULL, 10));
    }
  return g_variant_new ("(a{st})", &stats);
}

/* ---- the system ---- */

/* Entries of the sysinfo document, and where SMBIOS' values are in /sys/class/dmi/id. */
static const struct
{
  const char *section;
  const char *entry;
  const char *file;
} sysinfo_entries[] = {
  { "bios", "vendor", "bios_vendor" },
  { "bios", "version", "bios_version" },
  { "bios", "date", "bios_date" },
  { "bios", "release", "bios_release" },
  { "system", "manufacturer", "sys_vendor" },
  { "system", "product", "product_name" },
  { "system", "version", "product_version" },
  { "system", "serial", "product_serial" },
  { "system", "uuid", "product_uuid" },
  { "system", "sku", "product_sku" },
  { "system", "family", "product_family" },
  { "baseBoard", "manufacturer", "board_vendor" },
  { "baseBoard", "product", "board_name" },
  { "baseBoard", "version", "board_version" },
  { "baseBoard", "serial", "board_serial" },
  { "baseBoard", "asset", "board_asset_tag" },
  { "chassis", "manufacturer", "chassis_vendor" },
  { "chassis", "version", "chassis_version" },
  { "chassis", "serial", "chassis_serial" },
  { "chassis", "asset", "chassis_asset_tag" },
};

/* What the system tells root alone (serial numbers) is not told on the bus, where reading is open.
 */
static char *
read_open_file (VireoLinuxHost *self, const char *name)
{
  g_autofree char *path = g_strconcat (self->root, "/sys/class/dmi/id/", name, NULL);
  struct stat status;
  char *text = NULL;

  if (stat (path, &status) != 0 || (status.st_mode & S_IROTH) == 0)
    return NULL;
  text = read_formatted (self, "/sys/class/dmi/id/%s", name);
  if (text != NULL && (*text == '\0' || !g_utf8_validate (text, -1, NULL)))
    g_clear_pointer (&text, g_free);
  return text;
}

static GVariant *
get_sysinfo (VireoLinuxHost *self, GVariant *args, GError **error)
{
  g_autoptr (GString) xml = g_string_new ("<sysinfo type='smbios'>\n");
  const char *open = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (sysinfo_entries); i++)
    {
      g_autofree char *value = read_open_file (self, sysinfo_entries[i].file);
      g_autofree char *line = NULL;

      if (value == NULL)
        continue;
      if (g_strcmp0 (open, sysinfo_entries[i].section) != 0)
        {
          if (open != NULL)
            g_string_append_printf (xml, "  </%s>\n", open);
          open = sysinfo_entries[i].section;
          g_string_append_printf (xml, "  <%s>\n", open);
        }
      line = g_markup_printf_escaped ("    <entry name='%s'>%s</entry>\n", sysinfo_entries[i].entry,
                                      value);
      g_string_append (xml, line);
    }
  if (open == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                   "the host's firmware says nothing about the system");
      return NULL;
    }
  g_string_append_printf (xml, "  </%s>\n</sysinfo>\n", open);
  return g_variant_new ("(s)", xml->str);
}

static GVariant *
get_security_model (VireoLinuxHost *self, GVariant *args, GError **error)
{
  return g_variant_new ("(ss)", self->security_model, self->security_doi);
}

/* ---- the interface: files of the kernel may take a while, so all is done in a thread ---- */

typedef GVariant *(*QueryFunc) (VireoLinuxHost *self, GVariant *args, GError **error);

typedef struct
{
  QueryFunc func;
  VireoLinuxHost *host;
  GVariant *args;
} Query;

static void
query_free (gpointer data)
{
  Query *query = data;

  g_object_unref (query->host);
  g_variant_unref (query->args);
  g_free (query);
}

static void
query_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Query *query = task_data;
  GError *error = NULL;
  GVariant *values = query->func (query->host, query->args, &error);

  if (values != NULL)
    g_task_return_pointer (task, g_variant_ref_sink (values), (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

static void
run_query (VireoHostDriver *driver, GVariant *args, GTask *task, QueryFunc func)
{
  Query *query = g_new (Query, 1);

  query->func = func;
  query->host = g_object_ref (VIREO_LINUX_HOST (driver));
  query->args = g_variant_ref (args);
  g_task_set_task_data (task, query, query_free);
  g_task_run_in_thread (task, query_thread);
  g_object_unref (task);
}

static void
query_info (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  run_query (driver, args, task, get_info);
}

static void
query_cpus (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  run_query (driver, args, task, get_cpus);
}

static void
query_cpu_stats (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  run_query (driver, args, task, get_cpu_stats);
}

static void
query_memory_stats (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  run_query (driver, args, task, get_memory_stats);
}

static void
query_sysinfo (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  run_query (driver, args, task, get_sysinfo);
}

static void
query_security_model (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  run_query (driver, args, task, get_security_model);
}

static void
host_init (VireoHostDriverInterface *iface)
{
  iface->get_info = query_info;
  iface->get_cpus = query_cpus;
  iface->get_cpu_stats = query_cpu_stats;
  iface->get_memory_stats = query_memory_stats;
  iface->get_sysinfo = query_sysinfo;
  iface->get_security_model = query_security_model;
}

static void
finalize (GObject *object)
{
  VireoLinuxHost *self = VIREO_LINUX_HOST (object);

  g_free (self->root);
  g_free (self->security_model);
  g_free (self->security_doi);
  G_OBJECT_CLASS (vireo_linux_host_parent_class)->finalize (object);
}

static void
vireo_linux_host_class_init (VireoLinuxHostClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
vireo_linux_host_init (VireoLinuxHost *self)
{
}

/**
 * vireo_linux_host_new:
 * @root: "" but in tests: a folder that has `proc` and `sys`
 * @security_model: what keeps guests apart, such as "dac"
 * @security_doi: its domain of interpretation
 *
 * Returns: (transfer full): this machine
 * Since: 0.1
 */
VireoHostDriver *
vireo_linux_host_new (const char *root, const char *security_model, const char *security_doi)
{
  VireoLinuxHost *self = g_object_new (VIREO_TYPE_LINUX_HOST, NULL);

  self->root = g_strdup (root);
  self->security_model = g_strdup (security_model);
  self->security_doi = g_strdup (security_doi);
  return VIREO_HOST_DRIVER (self);
}
