/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <string.h>

#include "drivers/qemu/vireo-qemu-capsxml-private.h"
#include "drivers/qemu/vireo-qemu-capsxml.h"

static const VireoQemuIdentity identity = { TRUE, 64055, 108, 108 };

typedef struct
{
  xmlDoc *document;
  xmlXPathContext *context;
} Xml;

static void
xml_clear (Xml *xml)
{
  xmlXPathFreeContext (xml->context);
  xmlFreeDoc (xml->document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Xml, xml_clear)

static Xml
read_xml (const char *text)
{
  Xml xml = { xmlReadMemory (text, (int) strlen (text), NULL, NULL, XML_PARSE_NONET), NULL };

  g_assert_nonnull (xml.document);
  xml.context = xmlXPathNewContext (xml.document);
  return xml;
}

/* What an expression of the kind string(…) gives. */
static void
check (Xml *xml, const char *expression, const char *expected)
{
  g_autofree char *full = g_strdup_printf ("string(%s)", expression);
  xmlXPathObject *result = xmlXPathEvalExpression (BAD_CAST full, xml->context);

  g_assert_nonnull (result);
  g_assert_cmpstr ((const char *) result->stringval, ==, expected);
  xmlXPathFreeObject (result);
}

static void
write_file (const char *root, const char *path, const char *text)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (full, text, -1, NULL));
}

static void
write_cpu (const char *root, guint cpu, guint socket, guint core, const char *siblings)
{
  g_autofree char *folder = g_strdup_printf ("sys/devices/system/cpu/cpu%u/topology", cpu);
  g_autofree char *socket_file = g_build_filename (folder, "physical_package_id", NULL);
  g_autofree char *core_file = g_build_filename (folder, "core_id", NULL);
  g_autofree char *siblings_file = g_build_filename (folder, "thread_siblings_list", NULL);
  g_autofree char *socket_text = g_strdup_printf ("%u\n", socket);
  g_autofree char *core_text = g_strdup_printf ("%u\n", core);

  write_file (root, socket_file, socket_text);
  write_file (root, core_file, core_text);
  write_file (root, siblings_file, siblings);
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

static char *
host_of (const char *root)
{
  GString *text = g_string_new (NULL);

  vireo_qemu_capsxml_append_host (text, root, &identity);
  return g_string_free (text, FALSE);
}

/* Two sockets, two threads a core, two NUMA nodes. */
static void
test_host (void)
{
  g_autofree char *root = g_dir_make_tmp ("vireo-capsxml-XXXXXX", NULL);
  g_autofree char *text = NULL;
  g_auto (Xml) xml = { NULL, NULL };

  write_file (root, "sys/devices/system/cpu/online", "0-3\n");
  write_cpu (root, 0, 0, 0, "0-1\n");
  write_cpu (root, 1, 0, 0, "0-1\n");
  write_cpu (root, 2, 1, 0, "2-3\n");
  write_cpu (root, 3, 1, 0, "2-3\n");
  write_file (root, "sys/devices/system/node/online", "0-1\n");
  write_file (root, "sys/devices/system/node/node0/cpulist", "0-1\n");
  write_file (root, "sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:  4096 kB\n");
  write_file (root, "sys/devices/system/node/node0/distance", "10 21\n");
  write_file (root, "sys/devices/system/node/node1/cpulist", "2-3\n");
  write_file (root, "sys/devices/system/node/node1/meminfo", "Node 1 MemTotal:  8192 kB\n");
  write_file (root, "sys/devices/system/node/node1/distance", "21 10\n");
  write_file (root, "sys/power/state", "freeze mem\n");
  write_file (root, "sys/kernel/iommu_groups/0", "");
  write_file (root, "sys/class/dmi/id/product_uuid", "C7A5FDBD-EDAF-9455-926A-D65C16DB1809\n");
  write_file (root, "proc/cpuinfo",
              "processor\t: 0\nvendor_id\t: AuthenticAMD\nmicrocode\t: 0x10\n");
  text = host_of (root);
  remove_tree (root);
  xml = read_xml (text);
  check (&xml, "/host/uuid", "c7a5fdbd-edaf-9455-926a-d65c16db1809");
  check (&xml, "/host/cpu/vendor", "AMD");
  check (&xml, "/host/cpu/microcode/@version", "16");
  check (&xml, "/host/cpu/topology/@sockets", "2");
  check (&xml, "/host/cpu/topology/@cores", "1");
  check (&xml, "/host/cpu/topology/@threads", "2");
  check (&xml, "count(/host/power_management/*)", "1");
  check (&xml, "count(/host/power_management/suspend_mem)", "1");
  check (&xml, "/host/iommu/@support", "yes");
  check (&xml, "/host/topology/cells/@num", "2");
  check (&xml, "/host/topology/cells/cell[2]/memory", "8192");
  check (&xml, "/host/topology/cells/cell[2]/distances/sibling[1]/@value", "21");
  check (&xml, "/host/topology/cells/cell[2]/cpus/cpu[1]/@id", "2");
  check (&xml, "/host/topology/cells/cell[2]/cpus/cpu[1]/@socket_id", "1");
  check (&xml, "/host/topology/cells/cell[2]/cpus/cpu[1]/@siblings", "2-3");
  check (&xml, "/host/secmodel/baselabel[@type='kvm']", "+64055:+108");
}

/* A host that tells nothing gives a document all the same. */
static void
test_bare_host (void)
{
  g_autofree char *text = host_of ("/nonexistent");
  g_auto (Xml) xml = read_xml (text);

  check (&xml, "/host/topology/cells/@num", "1");
  check (&xml, "/host/iommu/@support", "no");
  check (&xml, "count(/host/uuid)", "0");
}

static void
test_cpu_lists (void)
{
  static const struct
  {
    const char *text;
    guint n;
  } lists[] = { { "0-3,7", 5 }, { "0", 1 }, { "", 0 }, { NULL, 0 }, { "3-1", 0 }, { "a-b", 0 },
                { "0-99999999999", 0 }, { "1,,2", 2 }, { "-", 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GArray) numbers = vireo_qemu_parse_cpu_list (lists[i].text);

      g_assert_cmpuint (numbers->len, ==, lists[i].n);
    }
}

typedef struct
{
  gboolean done;
  char *text;
} Document;

static void
on_document (GObject *source, GAsyncResult *result, gpointer data)
{
  Document *document = data;
  g_autoptr (GError) error = NULL;

  document->text = vireo_qemu_capabilities_finish (result, &error);
  g_assert_no_error (error);
  document->done = TRUE;
}

static void
test_document (void)
{
  const VireoQemuIdentity self = { FALSE, 0, 0, 0 };
  g_autoptr (VireoQemuCapsCache) cache = vireo_qemu_caps_cache_new (NULL, &self);
  Document document = { FALSE, NULL };
  g_auto (Xml) xml = { NULL, NULL };

  vireo_qemu_capabilities_async (cache, NULL, on_document, &document);
  while (!document.done)
    g_main_context_iteration (NULL, TRUE);
  xml = read_xml (document.text);
  g_free (document.text);
  check (&xml, "count(/capabilities/host)", "1");
  if (!g_file_test ("/usr/bin/qemu-system-x86_64", G_FILE_TEST_IS_EXECUTABLE))
    {
      g_test_skip ("qemu-system-x86_64 is not installed");
      return;
    }
  check (&xml, "/capabilities/guest[arch/@name='x86_64']/os_type", "hvm");
  check (&xml, "/capabilities/guest/arch[@name='x86_64']/emulator", "/usr/bin/qemu-system-x86_64");
  check (&xml, "/capabilities/guest/arch[@name='x86_64']/wordsize", "64");
  check (&xml, "starts-with(/capabilities/guest/arch[@name='x86_64']/machine[.='q35']/@canonical, "
               "'pc-q35-')", "true");
  check (&xml, "count(/capabilities/guest/arch[@name='x86_64']/domain[@type='qemu'])", "1");
  check (&xml, "/capabilities/guest/arch[@name='i686']/wordsize", "32");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qemu/capsxml/host", test_host);
  g_test_add_func ("/qemu/capsxml/bare-host", test_bare_host);
  g_test_add_func ("/qemu/capsxml/cpu-lists", test_cpu_lists);
  g_test_add_func ("/qemu/capsxml/document", test_document);
  return g_test_run ();
}
