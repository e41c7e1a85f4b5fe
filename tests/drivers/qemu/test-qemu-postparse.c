/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "conf/vireo-device.h"
#include "drivers/qemu/vireo-qemu-postparse.h"

static VireoQemuCapsCache *cache;

static void
on_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VireoQemuCaps) caps
      = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, NULL);

  *(gboolean *) data = TRUE;
}

/* Asks the emulators that the tests use, so that the cache knows them. */
static void
learn (const char *path)
{
  gboolean done = FALSE;

  vireo_qemu_caps_cache_get_async (cache, path, NULL, on_known, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
has_emulators (void)
{
  if (g_file_test ("/usr/bin/qemu-system-x86_64", G_FILE_TEST_IS_EXECUTABLE)
      && g_file_test ("/usr/bin/qemu-system-aarch64", G_FILE_TEST_IS_EXECUTABLE))
    return TRUE;
  g_test_skip ("qemu-system-x86_64 or qemu-system-aarch64 is not installed");
  return FALSE;
}

static VireoDomainDef *
parse (const char *type, const char *body)
{
  g_autofree char *xml = g_strdup_printf (
      "<domain type='%s'><name>x</name><memory unit='MiB'>64</memory>%s</domain>", type, body);
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_STRICT, &error);

  g_assert_no_error (error);
  return def;
}

static VireoDomainDef *
complete (const char *body)
{
  VireoDomainDef *def = parse ("qemu", body);
  g_autoptr (GError) error = NULL;

  vireo_post_parse_run (&def, &vireo_qemu_post_parse_ops, cache, FALSE, VIREO_PARSE_NONE, NULL,
                        &error);
  g_assert_no_error (error);
  return def;
}

static const VireoControllerDef *
find (const VireoDomainDef *def, VireoControllerType type, guint index)
{
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == type && def->controllers[i]->index == index)
      return def->controllers[i];
  return NULL;
}

#define X86(machine) "<os><type arch='x86_64' machine='" machine "'>hvm</type></os>"

static void
test_defaults (void)
{
  g_autoptr (VireoDomainDef) def = NULL;

  if (!has_emulators ())
    return;
  def = complete ("<os><type arch='x86_64'>hvm</type></os>");
  g_assert_cmpstr (def->emulator, ==, "/usr/bin/qemu-system-x86_64");
  g_assert_true (g_str_has_prefix (def->os->machine, "pc-i440fx-"));
  g_assert_cmpstr (def->cpu->model->name, ==, "qemu64");
  g_assert_cmpint (find (def, VIREO_CONTROLLER_TYPE_PCI, 0)->model, ==,
                   VIREO_CONTROLLER_MODEL_PCI_ROOT);
  g_assert_cmpint (find (def, VIREO_CONTROLLER_TYPE_USB, 0)->model, ==,
                   VIREO_CONTROLLER_MODEL_PIIX3_UHCI);
  g_assert_cmpint (find (def, VIREO_CONTROLLER_TYPE_USB, 0)->address->slot, ==, 1);
  g_assert_cmpint (find (def, VIREO_CONTROLLER_TYPE_USB, 0)->address->function, ==, 2);
  g_assert_cmpint (def->memballoon->model, ==, VIREO_MEMBALLOON_MODEL_VIRTIO);
}

static void
test_q35 (void)
{
  g_autoptr (VireoDomainDef) def = NULL;
  const VireoControllerDef *port;

  if (!has_emulators ())
    return;
  def = complete (X86 ("q35") "<devices>"
                  "<disk type='file'><source file='/a'/><target dev='vda'/></disk>"
                  "<interface type='user'/><serial type='pty'/><graphics type='vnc'/></devices>");
  g_assert_true (g_str_has_prefix (def->os->machine, "pc-q35-"));
  g_assert_cmpint (find (def, VIREO_CONTROLLER_TYPE_PCI, 0)->model, ==,
                   VIREO_CONTROLLER_MODEL_PCIE_ROOT);
  g_assert_cmpint (find (def, VIREO_CONTROLLER_TYPE_SATA, 0)->address->slot, ==, 0x1f);
  g_assert_cmpstr (def->disks[0]->driver->name, ==, "qemu");
  g_assert_cmpint (def->disks[0]->driver->type, ==, VIREO_DISK_FORMAT_RAW);
  port = find (def, VIREO_CONTROLLER_TYPE_PCI, def->disks[0]->address->bus);
  g_assert_cmpint (port->model, ==, VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT);
  g_assert_cmpint (port->address->multifunction, ==, VIREO_TRISTATE_YES);
  g_assert_cmpstr (def->interfaces[0]->model, ==, "rtl8139");
  g_assert_cmpuint (def->interfaces[0]->address->bus, ==, 0);
  g_assert_nonnull (def->interfaces[0]->mac->address);
  g_assert_cmpint (def->serials[0]->target->model, ==, VIREO_SERIAL_TARGET_MODEL_ISA_SERIAL);
  g_assert_cmpint (def->videos[0]->model->type, ==, VIREO_VIDEO_MODEL_TYPE_VGA);
  g_assert_cmpuint (def->videos[0]->address->slot, ==, 1);
  g_assert_cmpuint (def->n_inputs, ==, 2);
}

static void
test_arm (void)
{
  g_autoptr (VireoDomainDef) def = NULL;

  if (!has_emulators ())
    return;
  def = complete ("<os><type arch='aarch64'>hvm</type></os><devices>"
                  "<interface type='user'/><serial type='pty'/></devices>");
  g_assert_true (g_str_has_prefix (def->os->machine, "virt-"));
  g_assert_cmpstr (def->cpu->model->name, ==, "cortex-a57");
  g_assert_cmpint (def->features->gic->version, ==, VIREO_GIC_VERSION_2);
  g_assert_cmpstr (def->interfaces[0]->model, ==, "virtio");
  g_assert_cmpint (def->serials[0]->target->model, ==, VIREO_SERIAL_TARGET_MODEL_PL011);
}

/* No two devices get one place, and completing a second time changes nothing. */
static void
test_stable (void)
{
  g_autoptr (VireoDomainDef) def = NULL;
  g_autoptr (VireoDomainDef) before = NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) devices = g_string_new ("<devices>");
  VireoDeviceIter iter;
  guint n = 0;

  if (!has_emulators ())
    return;
  for (guint i = 0; i < 20; i++)
    g_string_append_printf (devices, "<disk type='file'><source file='/%u'/><target dev='vd%c'/>"
                                     "</disk><interface type='user'/>", i, 'a' + i);
  g_string_append (devices, "<rng model='virtio'><backend model='random'/></rng></devices>");
  g_string_prepend (devices, X86 ("q35"));
  def = complete (devices->str);
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);

      if (address == NULL || address->type != VIREO_ADDRESS_TYPE_PCI)
        continue;
      g_assert_true (g_hash_table_add (seen, g_strdup_printf ("%x:%x.%x", address->bus,
                                                              address->slot, address->function)));
      n++;
    }
  g_assert_cmpuint (n, >, 60);
  before = vireo_domain_def_copy (def);
  g_assert_true (vireo_post_parse_run (&def, &vireo_qemu_post_parse_ops, cache, TRUE,
                                       VIREO_PARSE_NONE, NULL, NULL));
  g_assert_true (vireo_domain_def_equal (def, before));
}

/* What the host lacks: the code, and the resource that is to be watched. */
static void
check_missing (const char *type, const char *body, const char *code, const char *resource)
{
  g_autoptr (VireoDomainDef) def = parse (type, body);
  g_autoptr (VireoDomainDef) before = vireo_domain_def_copy (def);
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  gboolean found = FALSE;

  g_assert_false (vireo_post_parse_run (&def, &vireo_qemu_post_parse_ops, cache, FALSE,
                                        VIREO_PARSE_NONE, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_true (vireo_domain_def_equal (def, before));

  g_clear_error (&error);
  g_assert_true (vireo_post_parse_run (&def, &vireo_qemu_post_parse_ops, cache, TRUE,
                                       VIREO_PARSE_ALLOW_POST_PARSE_FAIL, &problems, &error));
  g_assert_no_error (error);
  g_assert_true (vireo_domain_def_equal (def, before));
  g_assert_nonnull (problems);
  for (guint i = 0; i < problems->len; i++)
    {
      const VireoProblem *problem = problems->pdata[i];

      if (g_str_equal (problem->code, code))
        {
          g_assert_cmpstr (problem->resource, ==, resource);
          found = TRUE;
        }
    }
  g_assert_true (found);
}

static void
test_missing (void)
{
  if (!has_emulators ())
    return;
  check_missing ("qemu", X86 ("q35") "<devices><emulator>/nonexistent/qemu</emulator></devices>",
                 "missing-emulator", "/nonexistent/qemu");
  check_missing ("qemu", X86 ("q35") "<devices><emulator>/etc/passwd</emulator></devices>",
                 "unusable-emulator", "/etc/passwd");
  check_missing ("qemu", X86 ("q35") "<devices><emulator>/bin/true</emulator></devices>",
                 "unusable-emulator", "/bin/true");
  check_missing ("qemu", X86 ("pc-q35-99.9"), "missing-machine", "/usr/bin/qemu-system-x86_64");
  check_missing ("qemu", "<os><type arch='aarch64'>hvm</type></os><devices><emulator>"
                         "/usr/bin/qemu-system-x86_64</emulator></devices>",
                 "wrong-emulator", "/usr/bin/qemu-system-x86_64");
  check_missing ("qemu", X86 ("q35") "<vcpu>99999</vcpu>", "too-many-processors",
                 "/usr/bin/qemu-system-x86_64");
  check_missing ("qemu", "<os><type arch='x86_64'>hvm</type></os><vcpu>99999</vcpu>",
                 "too-many-processors", "/usr/bin/qemu-system-x86_64");
  check_missing ("kvm", "<os><type arch='aarch64'>hvm</type></os>", "missing-kvm", "/dev/kvm");
  check_missing ("qemu", X86 ("q35") "<devices><interface type='user'><model type='igb99'/>"
                                     "</interface></devices>",
                 "missing-device", "/usr/bin/qemu-system-x86_64");
}

/* What is wrong on every host. */
static void
test_invalid (void)
{
  static const struct
  {
    const char *type;
    const char *body;
    const char *named;
  } cases[] = {
    { "xen", X86 ("q35"), "xen" },
    { "qemu", "<os><type>exe</type></os>", "exe" },
    { "qemu", "<os><type arch='z80'>hvm</type></os>", "z80" },
    { "qemu", X86 ("q35") "<devices><disk type='file'><driver name='tap'/><source file='/a'/>"
                          "<target dev='vda'/></disk></devices>", "tap" },
    { "qemu", X86 ("q35") "<devices><disk type='file'><source file='/a'/><target dev='hda'/></disk>"
                          "</devices>", "IDE" },
    { "qemu", X86 ("q35") "<devices><controller type='usb' model='qemu-xhci'><address type='pci' "
                          "slot='5'/></controller><interface type='user'><address type='pci' "
                          "slot='5'/></interface></devices>", "05.0" },
    { "qemu", X86 ("q35") "<devices><interface type='user'><address type='pci' bus='0xff' "
                          "slot='0x20'/></interface></devices>", "slot" },
    { "qemu", X86 ("q35") "<devices><emulator>relative</emulator></devices>", "relative" },
  };

  if (!has_emulators ())
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VireoDomainDef) def = parse (cases[i].type, cases[i].body);
      g_autoptr (GPtrArray) problems = NULL;
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", cases[i].body);
      g_assert_false (vireo_post_parse_run (&def, &vireo_qemu_post_parse_ops, cache, FALSE,
                                            VIREO_PARSE_NONE, NULL, &error));
      g_assert_nonnull (error);
      g_test_message ("%s", error->message);
      g_assert_cmpint (error->code, !=, VIREO_ERROR_MISSING_RESOURCE);
      g_assert_nonnull (strstr (error->message, cases[i].named));
    }
}

int
main (int argc, char **argv)
{
  const VireoQemuIdentity identity = { FALSE, 0, 0, 0 };
  int status;

  g_test_init (&argc, &argv, NULL);
  cache = vireo_qemu_caps_cache_new (NULL, &identity);
  learn ("/usr/bin/qemu-system-x86_64");
  learn ("/usr/bin/qemu-system-aarch64");
  learn ("/bin/true");
  g_test_add_func ("/qemu/postparse/defaults", test_defaults);
  g_test_add_func ("/qemu/postparse/q35", test_q35);
  g_test_add_func ("/qemu/postparse/arm", test_arm);
  g_test_add_func ("/qemu/postparse/stable", test_stable);
  g_test_add_func ("/qemu/postparse/missing", test_missing);
  g_test_add_func ("/qemu/postparse/invalid", test_invalid);
  status = g_test_run ();
  g_object_unref (cache);
  return status;
}
