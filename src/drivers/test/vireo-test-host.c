/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-host.h"

#include <string.h>

#include "drivers/vireo-domain-obj.h"
#include "util/vireo-error.h"
#include "vireo-test-host-memory.h"

#define DEFAULT_ARCH "x86_64"
#define MAX_MACHINE 255

/* It has two sockets of two cores of two threads, and two NUMA nodes. */
#define N_CPUS 8
#define N_NODES VIREO_TEST_HOST_NODES
#define MEMORY_KIB (16u * 1024 * 1024)

struct _VireoTestHost
{
  GObject parent_instance;

  VireoObjList *domains;
  gint64 booted_at;
};

static void host_init (VireoHostDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoTestHost,
                               vireo_test_host,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_HOST_DRIVER, host_init))

/* Takes @task over; @values is floating. */
static void
return_values (GTask *task, GVariant *values)
{
  g_task_return_pointer (task, g_variant_ref_sink (values), (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

static void
get_info (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  static const struct
  {
    const char *key;
    guint value;
  } counts[] = {
    { "cpus", N_CPUS }, { "mhz", 2400 }, { "nodes", N_NODES },
    { "sockets", 2 },   { "cores", 2 },  { "threads", 2 },
  };
  GVariantBuilder info;

  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "arch", g_variant_new_string ("x86_64"));
  g_variant_builder_add (&info, "{sv}", "memory", g_variant_new_uint64 (MEMORY_KIB));
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    g_variant_builder_add (&info, "{sv}", counts[i].key, g_variant_new_uint32 (counts[i].value));
  return_values (task, g_variant_new ("(a{sv})", &info));
}

static void
get_cpus (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  return_values (task, g_variant_new ("(us)", N_CPUS, "0-7"));
}

/* A tenth of the time since it was started is the guests', a twentieth the kernel's. */
static void
get_cpu_stats (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  VireoTestHost *self = VIREO_TEST_HOST (driver);
  guint64 elapsed = (guint64) (g_get_monotonic_time () - self->booted_at) * 1000;
  GVariantBuilder stats;
  gint cpu;

  g_variant_get_child (args, 0, "i", &cpu);
  if (cpu < -1 || cpu >= N_CPUS)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                               "the host has no processor %d that is online", cpu);
      g_object_unref (task);
      return;
    }
  if (cpu == -1)
    elapsed *= N_CPUS;
  g_variant_builder_init (&stats, G_VARIANT_TYPE ("a{st}"));
  g_variant_builder_add (&stats, "{st}", "user", elapsed / 10);
  g_variant_builder_add (&stats, "{st}", "kernel", elapsed / 20);
  g_variant_builder_add (&stats, "{st}", "idle", elapsed - elapsed / 10 - elapsed / 20);
  g_variant_builder_add (&stats, "{st}", "iowait", G_GUINT64_CONSTANT (0));
  return_values (task, g_variant_new ("(a{st})", &stats));
}

/* What guests that run do not have is free. */
static guint64
free_memory (VireoTestHost *self)
{
  g_autoptr (GPtrArray) domains = vireo_obj_list_snapshot (self->domains);
  guint64 available
      = MEMORY_KIB - vireo_test_host_memory_get_reserved (VIREO_HOST_DRIVER (self));

  for (guint i = 0; i < domains->len; i++)
    {
      guint64 memory = 0;

      if (!vireo_obj_get_active (g_ptr_array_index (domains, i)))
        continue;
      g_object_get (g_ptr_array_index (domains, i), "memory", &memory, NULL);
      available -= MIN (memory, available);
    }
  return available;
}

guint64
vireo_test_host_get_free (VireoHostDriver *host)
{
  return free_memory (VIREO_TEST_HOST (host));
}

static void
get_memory_stats (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  VireoTestHost *self = VIREO_TEST_HOST (driver);
  guint64 parts;
  GVariantBuilder stats;
  gint node;

  g_variant_get_child (args, 0, "i", &node);
  if (node < -1 || node >= N_NODES)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                               "the host has no NUMA node %d", node);
      g_object_unref (task);
      return;
    }
  parts = node == -1 ? 1 : N_NODES;
  g_variant_builder_init (&stats, G_VARIANT_TYPE ("a{st}"));
  g_variant_builder_add (&stats, "{st}", "total", MEMORY_KIB / parts);
  g_variant_builder_add (&stats, "{st}", "free", free_memory (self) / parts);
  if (node == -1)
    {
      g_variant_builder_add (&stats, "{st}", "buffers", G_GUINT64_CONSTANT (0));
      g_variant_builder_add (&stats, "{st}", "cached", G_GUINT64_CONSTANT (0));
    }
  return_values (task, g_variant_new ("(a{st})", &stats));
}

static void
get_sysinfo (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  return_values (task, g_variant_new ("(s)", "<sysinfo type='smbios'>\n"
                                             "  <bios>\n"
                                             "    <entry name='vendor'>Vireo</entry>\n"
                                             "    <entry name='version'>1.0</entry>\n"
                                             "  </bios>\n"
                                             "  <system>\n"
                                             "    <entry name='manufacturer'>Vireo</entry>\n"
                                             "    <entry name='product'>Test host</entry>\n"
                                             "  </system>\n"
                                             "</sysinfo>\n"));
}

static void
get_security_model (VireoHostDriver *driver, GVariant *args, GTask *task)
{
  return_values (task, g_variant_new ("(ss)", "testSecurity", ""));
}

static void
host_init (VireoHostDriverInterface *iface)
{
  iface->get_info = get_info;
  iface->get_cpus = get_cpus;
  iface->get_cpu_stats = get_cpu_stats;
  iface->get_memory_stats = get_memory_stats;
  iface->get_sysinfo = get_sysinfo;
  iface->get_security_model = get_security_model;
  vireo_test_host_memory_fill (iface);
}

static void
finalize (GObject *object)
{
  g_object_unref (VIREO_TEST_HOST (object)->domains);
  G_OBJECT_CLASS (vireo_test_host_parent_class)->finalize (object);
}

static void
vireo_test_host_class_init (VireoTestHostClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
vireo_test_host_init (VireoTestHost *self)
{
  self->booted_at = g_get_monotonic_time ();
}

VireoHostDriver *
vireo_test_host_new (VireoObjList *domains)
{
  VireoTestHost *self = g_object_new (VIREO_TYPE_TEST_HOST, NULL);

  self->domains = g_object_ref (domains);
  return VIREO_HOST_DRIVER (self);
}

/* ---- what guests can have ---- */

static const struct
{
  const char *arch;
  const char *models[6];
} models[] = {
  { "x86_64", { "Haswell", "Skylake-Client", "Skylake-Server", "EPYC", "qemu64", NULL } },
  { "i686", { "pentium3", "coreduo", "qemu32", NULL } },
  { "aarch64", { "cortex-a53", "cortex-a57", NULL } },
};

/* %NULL when there are no machines of @arch. */
static const char *const *
find_models (const char *arch)
{
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (g_str_equal (models[i].arch, arch))
      return models[i].models;
  return NULL;
}

void
vireo_test_host_get_cpu_models (gpointer connection, GVariant *args, GTask *task)
{
  const char *const *found;
  const char *arch;

  g_variant_get_child (args, 0, "&s", &arch);
  found = find_models (arch);
  if (found != NULL)
    {
      return_values (task, g_variant_new ("(^as)", found));
      return;
    }
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "there is no architecture \"%s\"", arch);
  g_object_unref (task);
}

/**
 * vireo_test_host_check_guest:
 * @options: an a{sv} with `arch`, `virt-type`, `emulator` and `machine`, each of which may be
 *   missing
 * @error: InvalidArgument
 *
 * There is one type of guests, without an emulator, and on any machine.
 *
 * Returns: whether such guests can be here
 * Since: 0.1
 */
gboolean
vireo_test_host_check_guest (GVariant *options, GError **error)
{
  const char *arch = DEFAULT_ARCH, *virt_type = "", *emulator = "", *machine = "";

  g_variant_lookup (options, "arch", "&s", &arch);
  g_variant_lookup (options, "virt-type", "&s", &virt_type);
  g_variant_lookup (options, "emulator", "&s", &emulator);
  g_variant_lookup (options, "machine", "&s", &machine);
  if (find_models (arch) == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "there is no architecture \"%.64s\"", arch);
  else if (*virt_type != '\0' && !g_str_equal (virt_type, "test"))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "there are no guests of the type \"%.64s\" here", virt_type);
  else if (*emulator != '\0')
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "no guest has an emulator here, neither \"%.256s\"", emulator);
  else if (strlen (machine) > MAX_MACHINE)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the name of a machine has at most %d bytes", MAX_MACHINE);
  else
    return TRUE;
  return FALSE;
}

void
vireo_test_host_get_domain_capabilities (gpointer connection, GVariant *args, GTask *task)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 0);
  g_autoptr (GString) xml = NULL;
  const char *arch = DEFAULT_ARCH, *machine = "";
  const char *const *found;
  GError *error = NULL;

  g_variant_lookup (options, "arch", "&s", &arch);
  g_variant_lookup (options, "machine", "&s", &machine);
  if (!vireo_test_host_check_guest (options, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  found = find_models (arch);
  xml = g_string_new ("<domainCapabilities>\n  <domain>test</domain>\n");
  if (*machine != '\0')
    {
      g_autofree char *element = g_markup_printf_escaped ("  <machine>%s</machine>\n", machine);

      g_string_append (xml, element);
    }
  g_string_append_printf (xml,
                          "  <arch>%s</arch>\n  <vcpu max='32'/>\n  <iothreads supported='yes'/>\n"
                          "  <cpu>\n    <mode name='custom' supported='yes'>\n",
                          arch);
  for (; *found != NULL; found++)
    g_string_append_printf (xml, "      <model usable='yes'>%s</model>\n", *found);
  g_string_append (xml, "    </mode>\n  </cpu>\n</domainCapabilities>\n");
  return_values (task, g_variant_new ("(s)", xml->str));
}
