/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "drivers/qemu/vireo-qemu-native.h"
#include "drivers/qemu/vireo-qemu-open.h"
#include "drivers/qemu/vireo-qemu-supported.h"
#include "qemu-case.h"

/* Descriptors that are only numbers. */
static int
next_fd (int *next)
{
  return (*next)++;
}

static int
fake_image (gpointer data, const char *path, const char *format, gboolean read_only)
{
  return next_fd (data);
}

static int
fake_file (gpointer data, const char *path)
{
  return next_fd (data);
}

static int
fake_tap (gpointer data)
{
  return next_fd (data);
}

static VireoQemuResources *
fake_resources (QemuCase *qemu, int *next)
{
  const QemuCaseOpener opener = { fake_image, fake_file, fake_tap, next };

  return qemu_case_open (qemu, &opener, 100, "/run/guest");
}

/* Numbers that are nobody's must not be closed. */
static void
forget_fds (VireoQemuResources *resources)
{
  resources->monitor_fd = -1;
  for (guint i = 0; i < resources->disks->len; i++)
    {
      GPtrArray *layers = resources->disks->pdata[i];

      for (guint j = 0; layers != NULL && j < layers->len; j++)
        ((VireoQemuImage *) layers->pdata[j])->fd = -1;
    }
  for (guint i = 0; i < resources->taps->len; i++)
    g_array_index (resources->taps, int, i) = -1;
  if (resources->loader != NULL)
    resources->loader->fd = -1;
  if (resources->nvram != NULL)
    resources->nvram->fd = -1;
  if (resources->kernel != NULL)
    resources->kernel->fd = -1;
  if (resources->initrd != NULL)
    resources->initrd->fd = -1;
  vireo_qemu_resources_free (resources);
}

/* As a shell would take it, then what follows over QMP. */
static char *
format_command (const VireoQemuCommand *command)
{
  g_autofree char *line = vireo_qemu_command_to_text (command);
  GString *text = g_string_new (line);

  for (guint i = 0; i < command->steps->len; i++)
    {
      const VireoQemuQmpStep *step = command->steps->pdata[i];
      g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
      g_autofree char *arguments = NULL;

      json_node_set_object (node, step->arguments);
      arguments = json_to_string (node, FALSE);
      g_string_append_printf (text, "# %s %s\n", step->command, arguments);
    }
  return g_string_free (text, FALSE);
}

static void
compare_with (const char *path, const char *got)
{
  g_autofree char *expected = NULL;

  if (g_getenv ("VIREO_TEST_REGENERATE") != NULL)
    g_assert_true (g_file_set_contents (path, got, -1, NULL));
  g_assert_true (g_file_get_contents (path, &expected, NULL, NULL));
  if (!g_str_equal (got, expected))
    {
      g_test_message ("The command line of %s changed. If that is meant: "
                      "VIREO_TEST_REGENERATE=1 meson test -C build test-qemu-command", path);
      g_assert_cmpstr (got, ==, expected);
    }
}

static void
test_golden (gconstpointer data)
{
  g_autoptr (QemuCase) qemu = qemu_case_load (data);
  g_autofree char *path = qemu_case_path (data, ".args");
  g_autoptr (VireoQemuCommand) command = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *got = NULL;
  int next = 101;
  VireoQemuResources *resources = fake_resources (qemu, &next);

  command = qemu_case_build (qemu, resources, VIREO_QEMU_COMMAND_PASSTHROUGH, &error);
  forget_fds (resources);
  g_assert_no_error (error);
  got = format_command (command);
  compare_with (path, got);
}

/* The same machine, with files and sockets by their names. */
static void
test_by_name (gconstpointer data)
{
  g_autoptr (QemuCase) qemu = qemu_case_load (data);
  g_autofree char *path = qemu_case_path (data, ".native");
  g_autoptr (VireoQemuResources) resources = NULL;
  g_autoptr (VireoQemuCommand) command = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *got = NULL;

  resources = vireo_qemu_open_names (qemu->def, NULL, 0, "/run/guest", &error);
  g_assert_no_error (error);
  command = qemu_case_build (qemu, resources,
                             VIREO_QEMU_COMMAND_PASSTHROUGH | VIREO_QEMU_COMMAND_BY_NAME, &error);
  g_assert_no_error (error);
  got = vireo_qemu_command_to_text (command);
  g_assert_null (strstr (got, "/dev/fdset/"));
  g_assert_null (strstr (got, "/proc/self/fd/"));
  compare_with (path, got);
}

static void
test_text (void)
{
  const char *const argv[] = { "/usr/bin/qemu", "-name", "it's", "-append", "a b", "", "$(x)",
                               "-S", "plain,id=1", NULL };
  const char *const envp[] = { "A=", "B=two words", "C=/usr/bin:/bin", NULL };
  const VireoQemuCommand command = { (char **) argv, (char **) envp, NULL };
  g_autofree char *text = vireo_qemu_command_to_text (&command);

  g_assert_cmpstr (text, ==,
                   "A= \\\nB='two words' \\\nC=/usr/bin:/bin \\\n"
                   "/usr/bin/qemu \\\n-name 'it'\\''s' \\\n-append 'a b' '' '$(x)' \\\n"
                   "-S plain,id=1\n");
}

/* @devices goes into a small definition. */
static char *
wrap (const char *head, const char *devices)
{
  return g_strdup_printf (
      "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
      "<name>x</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1899</uuid>"
      "<memory unit='MiB'>64</memory>%s<devices>%s</devices></domain>",
      head, devices);
}

#define OS "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"

/* What is valid but not built, and what the refusal must name. */
static const struct
{
  const char *head;
  const char *devices;
  const char *named;
} refused[] = {
  { OS "<blkiotune><weight>500</weight></blkiotune>", "", "/domain/blkiotune" },
  { OS "<cputune><shares>2048</shares></cputune>", "", "/domain/cputune" },
  { OS "<numatune><memory mode='strict' nodeset='0'/></numatune>", "", "/domain/numatune" },
  { OS "<memtune><hard_limit>1000000</hard_limit></memtune>", "", "/domain/memtune" },
  { OS "<genid>e9392370-2917-565e-692b-d057f46512d6</genid>", "", "/domain/genid" },
  { OS "<cpu><numa><cell id='0' cpus='0' memory='65536'/></numa></cpu>", "", "/domain/cpu/numa" },
  { OS "<memoryBacking><hugepages/></memoryBacking>", "", "/domain/memoryBacking/hugepages" },
  { OS "<memoryBacking><locked/></memoryBacking>", "", "/domain/memoryBacking/locked" },
  { OS, "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/>"
        "</source></hostdev>", "/domain/devices/hostdev" },
  { OS, "<filesystem type='mount'><source dir='/a'/><target dir='b'/></filesystem>",
    "/domain/devices/filesystem" },
  { OS, "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>",
    "/domain/devices/tpm" },
  { OS, "<disk type='file'><source file='/a'/><target dev='vda'/><iotune><read_iops_sec>5"
        "</read_iops_sec></iotune></disk>", "/domain/devices/disk/iotune" },
  { OS, "<disk type='file'><source file='/a'/><target dev='vda'/><transient/></disk>",
    "/domain/devices/disk/transient" },
  { OS, "<disk type='network'><source protocol='nbd' name='x'><host name='h' port='1'/></source>"
        "<target dev='vda'/></disk>", "/domain/devices/disk/source/@protocol" },
  { OS, "<disk type='file'><driver name='qemu' type='vmdk'/><source file='/a'/><target dev='vda'/>"
        "</disk>", "vmdk" },
  { OS, "<disk type='file'><driver name='qemu' type='raw' copy_on_read='on'/><source file='/a'/>"
        "<target dev='vda'/></disk>", "/domain/devices/disk/driver/@copy_on_read" },
  { OS, "<disk type='file'><target dev='vda'/></disk>", "vda" },
  { OS, "<disk type='file' device='lun'><source file='/a'/><target dev='sda' bus='scsi'/></disk>",
    "lun" },
  { OS, "<interface type='user'><bandwidth><inbound average='1'/></bandwidth></interface>",
    "/domain/devices/interface/bandwidth" },
  { OS, "<interface type='direct'><source dev='eth0' mode='bridge'/></interface>",
    "/domain/devices/interface/source/@dev" },
  { OS, "<interface type='user'><model type='virtio'/><driver queues='4'/></interface>", "queues" },
  { OS, "<interface type='user'><model type='virtio'/><backend type='passt'/></interface>",
    "passt" },
  { OS, "<serial type='stdio'/>", "stdio" },
  { OS, "<serial type='spicevmc'><source tls='yes'/></serial>", "spicevmc" },
  { OS, "<graphics type='sdl'/>", "sdl" },
  { OS, "<graphics type='vnc' port='80' autoport='no'/>", "port" },
  { OS, "<graphics type='vnc' keymap='../../../etc/passwd'/>", "keymap" },
  { OS, "<sound model='virtio'/>", "virtio" },
  { OS, "<video><model type='cirrus'/></video><video><model type='cirrus'/></video>", "cirrus" },
  { OS "<cpu mode='host-passthrough'/>", "", "host-passthrough" },
  { OS "<cpu mode='custom' match='exact'><model>No-Such</model></cpu>", "", "No-Such" },
  { OS "<cpu mode='custom' match='exact'><model>qemu64,enforce=on</model></cpu>", "", "qemu64," },
  { OS "<cpu mode='maximum'><feature policy='require' name='aes,-smep'/></cpu>", "", "aes," },
  { OS "<qemu:commandline><qemu:arg value='-S'/></qemu:commandline>", "", "qemu:commandline" },
};

static gboolean
mentions_all_user_interfaces (const VireoDomainDef *def)
{
  for (guint i = 0; i < def->n_interfaces; i++)
    if (def->interfaces[i]->type != VIREO_INTERFACE_TYPE_USER)
      return FALSE;
  return TRUE;
}

static void
test_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *xml = wrap (refused[i].head, refused[i].devices);
      g_autoptr (GError) error = NULL;
      g_autoptr (QemuCase) qemu = qemu_case_new (xml, &error);
      g_autoptr (VireoQemuCommand) command = NULL;
      int next = 101;

      g_test_message ("%s %s", refused[i].head, refused[i].devices);
      if (qemu != NULL)
        {
          VireoQemuResources *resources = fake_resources (qemu, &next);

          g_assert_true (mentions_all_user_interfaces (qemu->def)
                         || resources->taps->len == qemu->def->n_interfaces);
          command = qemu_case_build (qemu, resources, VIREO_QEMU_COMMAND_NONE, &error);
          forget_fds (resources);
        }
      g_assert_null (command);
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, refused[i].named));
    }
}

/* All that is not built is found, not only the first. */
static void
test_validate_all (void)
{
  g_autofree char *xml = wrap (OS "<genid>e9392370-2917-565e-692b-d057f46512d6</genid>"
                                  "<cputune><shares>2048</shares></cputune>",
                               "<vsock model='virtio'><cid auto='yes'/></vsock>");
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_STRICT, NULL);
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);

  vireo_qemu_validate (def, problems);
  g_assert_cmpuint (problems->len, ==, 3);
  for (guint i = 0; i < problems->len; i++)
    g_assert_nonnull (((VireoProblem *) problems->pdata[i])->path);
}

/* VNC would cut a longer one in silence. SPICE has no such limit. The password is not told. */
static void
test_vnc_password (void)
{
  g_autofree char *xml = wrap (OS, "<graphics type='spice' passwd='123456789'/>"
                                   "<graphics type='vnc' passwd='12345678'/>"
                                   "<graphics type='vnc' passwd='1234567\u00e4'/>");
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, NULL);
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  const VireoProblem *problem;

  vireo_qemu_validate (def, problems);
  g_assert_cmpuint (problems->len, ==, 1);
  problem = problems->pdata[0];
  g_assert_cmpstr (problem->path, ==, "/domain/devices/graphics[3]/@passwd");
  g_assert_cmpstr (problem->message, ==,
                   "a VNC password has at most 8 bytes, and this one has 9");
}

static void
test_table_is_sorted (void)
{
  for (gsize i = 1; i < vireo_qemu_n_supported; i++)
    g_assert_cmpint (strcmp (vireo_qemu_supported[i - 1], vireo_qemu_supported[i]), <, 0);
  for (gsize i = 1; i < vireo_qemu_n_opaque; i++)
    g_assert_cmpint (strcmp (vireo_qemu_opaque[i - 1], vireo_qemu_opaque[i]), <, 0);
}

static void
test_aliases (void)
{
  g_autofree char *xml = wrap (
      OS, "<disk type='file'><source file='/a'/><target dev='vda'/><alias name='ua-mine'/></disk>"
          "<disk type='file'><source file='/b'/><target dev='vdb'/></disk>"
          "<interface type='user'/><interface type='user'><alias name='net0'/></interface>");
  g_autoptr (QemuCase) qemu = qemu_case_new (xml, NULL);

  g_assert_nonnull (qemu);
  g_assert_cmpstr (qemu->def->disks[0]->alias, ==, "ua-mine");
  g_assert_cmpstr (qemu->def->disks[1]->alias, ==, "virtio-disk0");
  g_assert_cmpstr (qemu->def->interfaces[1]->alias, ==, "net0");
  g_assert_cmpstr (qemu->def->interfaces[0]->alias, ==, "net1");
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) names = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  names = qemu_case_names ();
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_strconcat ("/qemu/command/golden/", names->pdata[i], NULL);
      g_autofree char *by_name = g_strconcat ("/qemu/command/by-name/", names->pdata[i], NULL);

      g_test_add_data_func (path, names->pdata[i], test_golden);
      g_test_add_data_func (by_name, names->pdata[i], test_by_name);
    }
  g_test_add_func ("/qemu/command/text", test_text);
  g_test_add_func ("/qemu/command/refused", test_refused);
  g_test_add_func ("/qemu/command/validate-all", test_validate_all);
  g_test_add_func ("/qemu/command/vnc-password", test_vnc_password);
  g_test_add_func ("/qemu/command/table-is-sorted", test_table_is_sorted);
  g_test_add_func ("/qemu/command/aliases", test_aliases);
  status = g_test_run ();
  return status;
}
