/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "drivers/common/vireo-linux-host.h"
#include "util/vireo-error.h"

/* A machine of two sockets of two cores, one of its six possible processors off. */
static const struct
{
  const char *path;
  const char *text;
  guint mode;
} files[] = {
  { "proc/meminfo",
    "MemTotal:  1000 kB\nMemFree:  400 kB\nBuffers:  30 kB\nSwapCached: 7 kB\nCached:  20 kB\n",
    0644 },
  { "proc/cpuinfo", "processor\t: 0\nmodel name\t: A processor\ncpu MHz\t\t: 2400.123\n", 0644 },
  { "proc/stat", "cpu  10 20 30 40 50 60 70 80 0 0\ncpu0 1 2 3 4 5 6 7 0 0 0\n", 0644 },
  { "sys/devices/system/cpu/present", "0-5\n", 0644 },
  { "sys/devices/system/cpu/online", "0-2,4\n", 0644 },
  { "sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n", 0644 },
  { "sys/devices/system/cpu/cpu0/topology/core_id", "0\n", 0644 },
  { "sys/devices/system/cpu/cpu1/topology/physical_package_id", "0\n", 0644 },
  { "sys/devices/system/cpu/cpu1/topology/core_id", "1\n", 0644 },
  { "sys/devices/system/cpu/cpu2/topology/physical_package_id", "1\n", 0644 },
  { "sys/devices/system/cpu/cpu2/topology/core_id", "0\n", 0644 },
  { "sys/devices/system/cpu/cpu4/topology/physical_package_id", "1\n", 0644 },
  { "sys/devices/system/cpu/cpu4/topology/core_id", "1\n", 0644 },
  { "sys/devices/system/node/online", "0-1\n", 0644 },
  { "sys/devices/system/node/node1/meminfo", "Node 1 MemTotal:  600 kB\nNode 1 MemFree:  100 kB\n",
    0644 },
  { "sys/class/dmi/id/bios_vendor", "Some & sons\n", 0444 },
  { "sys/class/dmi/id/product_name", "Box\n", 0444 },
  { "sys/class/dmi/id/product_serial", "4711\n", 0400 },
};

typedef struct
{
  char *root;
  VireoHostDriver *host;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->root = g_dir_make_tmp ("linux-host-XXXXXX", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (fixture->root, files[i].path, NULL);
      g_autofree char *folder = g_path_get_dirname (path);

      g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
      g_assert_true (g_file_set_contents (path, files[i].text, -1, NULL));
      g_assert_cmpint (g_chmod (path, (int) files[i].mode), ==, 0);
    }
  fixture->host = vireo_linux_host_new (fixture->root, "dac", "0");
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->host);
  remove_tree (fixture->root);
  g_free (fixture->root);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

typedef void (*QueryFunc) (VireoHostDriver *self, GVariant *args, GTask *task);

/* What a query returns, as text; the message of its error otherwise. @args: floating. */
static char *
ask (Fixture *fixture, QueryFunc func, GVariant *args)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) sunk = g_variant_ref_sink (args);
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GError) error = NULL;

  func (fixture->host, sunk, g_task_new (NULL, NULL, on_done, &result));
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  values = g_task_propagate_pointer (G_TASK (result), &error);
  return values != NULL ? g_variant_print (values, FALSE) : g_strdup (error->message);
}

static void
assert_answer (Fixture *fixture, QueryFunc func, GVariant *args, const char *wanted)
{
  g_autofree char *answer = ask (fixture, func, args);

  g_assert_cmpstr (answer, ==, wanted);
}

static void
test_processors (Fixture *fixture, gconstpointer data)
{
  VireoHostDriverInterface *iface = VIREO_HOST_DRIVER_GET_IFACE (fixture->host);
  g_autofree char *info = ask (fixture, iface->get_info, g_variant_new ("(a{sv})", NULL));

  assert_answer (fixture, iface->get_cpus, g_variant_new ("(a{sv})", NULL), "(6, '0-2,4')");
  g_assert_nonnull (strstr (info, "'cpus': <uint32 4>, 'mhz': <uint32 2400>, 'nodes': <uint32 2>, "
                                  "'sockets': <uint32 2>, 'cores': <uint32 2>, "
                                  "'threads': <uint32 1>"));
  g_assert_nonnull (strstr (info, "'cpu-model': <'A processor'>, 'memory': <uint64 1000>"));
}

static void
test_statistics (Fixture *fixture, gconstpointer data)
{
  VireoHostDriverInterface *iface = VIREO_HOST_DRIVER_GET_IFACE (fixture->host);

  /* A tick is a hundredth of a second. */
  assert_answer (fixture, iface->get_cpu_stats, g_variant_new ("(ia{sv})", -1, NULL),
                 "({'user': 300000000, 'kernel': 1600000000, 'idle': 400000000, "
                 "'iowait': 500000000},)");
  assert_answer (fixture, iface->get_cpu_stats, g_variant_new ("(ia{sv})", 0, NULL),
                 "({'user': 30000000, 'kernel': 160000000, 'idle': 40000000, "
                 "'iowait': 50000000},)");
  assert_answer (fixture, iface->get_cpu_stats, g_variant_new ("(ia{sv})", 3, NULL),
                 "the host has no processor 3 that is online");
  assert_answer (fixture, iface->get_cpu_stats, g_variant_new ("(ia{sv})", -2, NULL),
                 "the host has no processor -2 that is online");
  assert_answer (fixture, iface->get_memory_stats, g_variant_new ("(ia{sv})", -1, NULL),
                 "({'total': 1000, 'free': 400, 'buffers': 30, 'cached': 20},)");
  assert_answer (fixture, iface->get_memory_stats, g_variant_new ("(ia{sv})", 1, NULL),
                 "({'total': 600, 'free': 100},)");
  assert_answer (fixture, iface->get_memory_stats, g_variant_new ("(ia{sv})", 2, NULL),
                 "the host has no NUMA node 2");
}

/* What only root may read stays with root. */
static void
test_sysinfo (Fixture *fixture, gconstpointer data)
{
  VireoHostDriverInterface *iface = VIREO_HOST_DRIVER_GET_IFACE (fixture->host);
  g_autofree char *answer = ask (fixture, iface->get_sysinfo, g_variant_new ("(a{sv})", NULL));

  g_assert_nonnull (strstr (answer, "<entry name='vendor'>Some &amp; sons</entry>"));
  g_assert_nonnull (strstr (answer, "Box"));
  g_assert_null (strstr (answer, "4711"));
}

static void
test_nothing_there (Fixture *fixture, gconstpointer data)
{
  VireoHostDriverInterface *iface = VIREO_HOST_DRIVER_GET_IFACE (fixture->host);
  g_autofree char *answer = NULL;

  remove_tree (fixture->root);
  answer = ask (fixture, iface->get_info, g_variant_new ("(a{sv})", NULL));
  g_assert_nonnull (strstr (answer, "No such file"));
  assert_answer (fixture, iface->get_sysinfo, g_variant_new ("(a{sv})", NULL),
                 "the host's firmware says nothing about the system");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/linux-host/processors", Fixture, NULL, set_up, test_processors, tear_down);
  g_test_add ("/linux-host/statistics", Fixture, NULL, set_up, test_statistics, tear_down);
  g_test_add ("/linux-host/sysinfo", Fixture, NULL, set_up, test_sysinfo, tear_down);
  g_test_add ("/linux-host/nothing-there", Fixture, NULL, set_up, test_nothing_there, tear_down);
  return g_test_run ();
}
