/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places on the buses that are a machine's own: PCI, PCI Express, channel I/O and the like. */
#include "conf/vireo-address.h"
#include "conf/vireo-device.h"

#include <string.h>

#define ROOT "<controller type='pci' index='0' model='pci-root'/>"
#define EXPRESS_ROOT "<controller type='pci' index='0' model='pcie-root'/>"
#define PORT "<controller type='pci' model='pcie-root-port'/>"

static const VireoAddressPci conventional = {
  .bridges = TRUE, .reserved = 3, .video_slot = 2, .first_slot = 2,
};
static const VireoAddressPci closed = { .reserved = 3, .video_slot = 2, .first_slot = 2 };
static const VireoAddressPci express = {
  .express = TRUE, .bridges = TRUE, .reserved = 1, .video_slot = 1, .first_slot = 3,
  .first_port_slot = 2,
};

/* A machine, what it has, and a device of each kind that can be put there. */
static const struct
{
  const char *name;
  VireoAddressMachine machine;
  const char *fixed;
} machines[] = {
  { "pci", { .pci = &conventional }, ROOT },
  { "pcie", { .pci = &express }, EXPRESS_ROOT },
  { "ccw", { .buses = VIREO_ADDRESS_BUS_CCW }, "" },
  { "spapr", { .buses = VIREO_ADDRESS_BUS_SPAPR_VIO | VIREO_ADDRESS_BUS_ISA }, "" },
};

static const char *const kinds[] = {
  "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>",
  "<interface type='user'><model type='virtio'/></interface>",
  "<interface type='user'><model type='e1000'/></interface>",
  "<interface type='user'><model type='spapr-vlan'/></interface>",
  "<controller type='scsi' model='virtio-scsi'/>",
  "<controller type='scsi' model='ibmvscsi'/>",
  "<controller type='usb' model='qemu-xhci'/>",
  "<controller type='virtio-serial'/>",
  "<sound model='ich6'/>",
  "<video><model type='vga'/></video>",
  "<watchdog model='i6300esb'/>",
  "<input type='tablet' bus='virtio'/>",
  "<crypto model='virtio' type='qemu'><backend model='builtin'/></crypto>",
  "<filesystem type='mount'><source dir='/a'/><target dir='a'/></filesystem>",
  "<hostdev mode='subsystem' type='pci'><source><address bus='1' slot='2'/></source></hostdev>",
  "<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.1'/></hostdev>",
  "<shmem name='s'><model type='ivshmem-plain'/></shmem>",
  "<serial type='pty'><target type='pci-serial'/></serial>",
};

static const VireoAddressMachine *current;

static VireoPostParseOutcome
assign (VireoPostParseContext *context)
{
  return vireo_post_parse_assign_addresses (context, current);
}

static const VireoPostParseOps ops = { .addresses = assign };

static VireoDomainDef *
parse (const char *devices)
{
  g_autofree char *text = g_strdup_printf ("<domain type='test'><name>x</name><memory>2048</memory>"
                                           "<os><type>hvm</type></os><devices>%s</devices>"
                                           "</domain>",
                                           devices);
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (text, -1, VIREO_PARSE_STRICT, &error);

  g_assert_no_error (error);
  return def;
}

static gboolean
run (VireoDomainDef **def, gboolean existing, GError **error)
{
  return vireo_post_parse_run (def, &ops, NULL, existing, VIREO_PARSE_NONE, NULL, error);
}

static VireoDomainDef *
complete (const char *devices)
{
  VireoDomainDef *def = parse (devices);
  g_autoptr (GError) error = NULL;

  run (&def, FALSE, &error);
  g_assert_no_error (error);
  return def;
}

static char *
place_of (const VireoAddressDef *address)
{
  if (address == NULL)
    return g_strdup ("-");
  if (address->type == VIREO_ADDRESS_TYPE_PCI)
    return g_strdup_printf ("pci %x:%x.%x", address->bus, address->slot, address->function);
  if (address->type == VIREO_ADDRESS_TYPE_CCW)
    return g_strdup_printf ("ccw %x.%x.%x", address->cssid, address->ssid, address->devno);
  if (address->type == VIREO_ADDRESS_TYPE_SPAPR_VIO)
    return g_strdup_printf ("reg %" G_GINT64_MODIFIER "x", address->reg);
  return g_strdup (vireo_address_type_to_string (address->type));
}

static char *
format (const VireoDomainDef *def)
{
  return vireo_domain_def_format (def, VIREO_FORMAT_NONE, NULL);
}

/* --- random definitions --- */

/* No two devices are in one place. */
static void
check_unique (const VireoDomainDef *def)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);

      if (address != NULL && (address->type == VIREO_ADDRESS_TYPE_PCI
                              || address->type == VIREO_ADDRESS_TYPE_CCW
                              || address->type == VIREO_ADDRESS_TYPE_SPAPR_VIO))
        g_assert_true (g_hash_table_add (seen, place_of (address)));
    }
}

static char *
random_devices (const char *fixed, guint n)
{
  GString *text = g_string_new (fixed);

  for (guint i = 0; i < n; i++)
    g_string_append (text, kinds[g_test_rand_int_range (0, G_N_ELEMENTS (kinds))]);
  return g_string_free (text, FALSE);
}

/* What every device of @before has, by kind and number, it has in @after too. */
static void
check_kept (const VireoDomainDef *before, const VireoDomainDef *after)
{
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, before);
  while (vireo_device_iter_next (&iter))
    {
      gpointer device = vireo_domain_def_get_device (after, iter.kind, iter.index);
      g_autofree char *was = place_of (vireo_device_get_address (iter.kind, iter.device));
      g_autofree char *is = place_of (vireo_device_get_address (iter.kind, device));

      g_assert_cmpstr (was, ==, is);
    }
}

/* The same text gives the same addresses, a second run changes nothing, and who comes later moves
 * nobody. */
static void
test_random (gconstpointer data)
{
  const char *fixed = machines[GPOINTER_TO_UINT (data)].fixed;

  current = &machines[GPOINTER_TO_UINT (data)].machine;
  for (guint round = 0; round < 40; round++)
    {
      g_autofree char *devices = random_devices (fixed, (guint) g_test_rand_int_range (0, 40));
      g_autoptr (VireoDomainDef) first = complete (devices);
      g_autoptr (VireoDomainDef) second = complete (devices);
      g_autoptr (VireoDomainDef) more = vireo_domain_def_copy (first);
      g_autofree char *text = format (second);
      g_autofree char *rerun = NULL;
      g_autoptr (GError) error = NULL;
      VireoRngDef *rng = vireo_rng_def_new ();

      check_unique (first);
      g_assert_cmpuint (first->n_controllers, ==, second->n_controllers);
      check_kept (first, second);
      g_assert_true (run (&second, TRUE, &error));
      g_assert_no_error (error);
      rerun = format (second);
      g_assert_cmpstr (text, ==, rerun);
      rng->model = VIREO_RNG_MODEL_VIRTIO;
      rng->backend = vireo_rng_backend_def_new ();
      rng->backend->model = VIREO_RNG_BACKEND_MODEL_BUILTIN;
      vireo_domain_def_add_rng (more, rng);
      g_assert_true (run (&more, FALSE, &error));
      g_assert_no_error (error);
      check_kept (first, more);
      check_unique (more);
    }
}

/* --- plugging in --- */

/* Puts one device of each kind into @def, and says where it came to sit. */
static void
check_plug (const VireoAddressMachine *machine, const VireoDomainDef *def, const char *text,
            const char *expected)
{
  g_autoptr (VireoDomainDef) live = vireo_domain_def_copy (def);
  g_autoptr (GError) error = NULL;
  VireoDeviceKind kind;
  gpointer device = vireo_device_parse (text, VIREO_PARSE_STRICT, &kind, &error);
  g_autofree char *found = NULL;

  g_assert_no_error (error);
  vireo_domain_def_add_device (live, kind, device);
  if (!vireo_address_assign (live, machine, &error))
    {
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
      g_assert_null (expected);
      g_assert_nonnull (strstr (error->message, "PCI"));
      return;
    }
  found = place_of (vireo_device_get_address (kind, device));
  g_assert_cmpstr (found, ==, expected);
  check_kept (def, live);
}

/* On PCI any free slot will do; PCI Express needs a port that is free, and has none for PCI. */
static void
test_plug (void)
{
  static const VireoAddressMachine ccw = { .buses = VIREO_ADDRESS_BUS_CCW };
  static const VireoAddressMachine pci = { .pci = &conventional };
  static const VireoAddressMachine pcie = { .pci = &express };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (VireoDomainDef) old = NULL;
      g_autoptr (VireoDomainDef) new = NULL;
      g_autoptr (VireoDomainDef) full = NULL;
      g_autoptr (VireoDomainDef) mainframe = NULL;
      gboolean spapr = strstr (kinds[i], "spapr") != NULL || strstr (kinds[i], "ibmv") != NULL;
      gboolean plain = strstr (kinds[i], "e1000") != NULL || strstr (kinds[i], "ich6") != NULL
                       || strstr (kinds[i], "i6300") != NULL || strstr (kinds[i], "shmem") != NULL
                       || strstr (kinds[i], "pci-serial") != NULL;
      gboolean video = strstr (kinds[i], "video") != NULL;
      gboolean virtio = !spapr && !plain && !video && strstr (kinds[i], "xhci") == NULL
                        && strstr (kinds[i], "type='pci'") == NULL;

      current = &pci;
      old = complete (ROOT);
      check_plug (&pci, old, kinds[i], spapr ? "-" : video ? "pci 0:2.0" : "pci 0:3.0");
      current = &pcie;
      new = complete (EXPRESS_ROOT PORT PORT);
      check_plug (&pcie, new, kinds[i],
                  spapr   ? "-"
                  : plain ? NULL
                  : video ? "pci 0:1.0"
                          : "pci 1:0.0");
      full = complete (EXPRESS_ROOT);
      check_plug (&pcie, full, kinds[i], spapr ? "-" : video ? "pci 0:1.0" : NULL);
      current = &ccw;
      mainframe = complete ("");
      check_plug (&ccw, mainframe, kinds[i], virtio ? "ccw fe.0.0" : "-");
    }
}

/* --- no room --- */

static void
check_full (const VireoAddressMachine *machine, const char *devices, const char *bus)
{
  g_autoptr (VireoDomainDef) def = parse (devices);
  g_autoptr (GError) error = NULL;

  current = machine;
  g_assert_false (run (&def, FALSE, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, bus));
}

static char *
repeat (const char *before, const char *text, guint n)
{
  GString *all = g_string_new (before);

  for (guint i = 0; i < n; i++)
    g_string_append (all, text);
  return g_string_free (all, FALSE);
}

static void
test_full (void)
{
  static const VireoAddressMachine pci = { .pci = &closed };
  static const VireoAddressMachine mmio = { .buses = VIREO_ADDRESS_BUS_VIRTIO_MMIO };
  static const VireoAddressMachine isa = { .buses = VIREO_ADDRESS_BUS_ISA };
  g_autofree char *sounds = repeat (ROOT, kinds[8], 30);
  g_autofree char *rngs = repeat ("", kinds[0], 33);

  check_full (&pci, sounds, "PCI slot left on the root bus");
  check_full (&mmio, rngs, "virtio-mmio");
  check_full (&isa, "<panic model='isa'/><panic model='isa'/>", "ISA");
  check_full (&pci, ROOT "<sound model='ich6'><address type='pci' slot='0x5'/></sound>"
                         "<sound model='ich9'><address type='pci' slot='0x5'/></sound>",
              "The PCI address 00:05.0 is given to two devices");
}

/* Where bridges can be added, they are, each in a slot that was kept for it. */
static void
test_bridges (void)
{
  static const VireoAddressMachine pci = { .pci = &conventional };
  static const VireoAddressMachine pcie = { .pci = &express };
  g_autofree char *sounds = repeat (ROOT, kinds[8], 70);
  g_autofree char *express_sounds = repeat (EXPRESS_ROOT, kinds[8], 40);
  g_autoptr (VireoDomainDef) old = NULL;
  g_autoptr (VireoDomainDef) new = NULL;
  g_autofree char *last = NULL;
  g_autofree char *bridge = NULL;
  g_autofree char *second = NULL;

  current = &pci;
  old = complete (sounds);
  check_unique (old);
  g_assert_cmpuint (old->n_controllers, ==, 3);
  g_assert_cmpint (old->controllers[1]->model, ==, VIREO_CONTROLLER_MODEL_PCI_BRIDGE);
  bridge = place_of (old->controllers[1]->address);
  g_assert_cmpstr (bridge, ==, "pci 0:1f.0");
  second = place_of (old->controllers[2]->address);
  g_assert_cmpstr (second, ==, "pci 1:1f.0");
  current = &pcie;
  new = complete (express_sounds);
  check_unique (new);
  g_assert_cmpint (new->controllers[2]->model, ==, VIREO_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE);
  g_assert_cmpuint (new->controllers[2]->address->bus, ==, 1);
  last = place_of (new->sounds[39]->address);
  g_assert_true (g_str_has_prefix (last, "pci 2:"));
}

/* The root ports share slots, and what a user wrote of an address stays. */
static void
test_ports (void)
{
  static const VireoAddressMachine pcie = { .pci = &express };
  g_autofree char *rngs = repeat (EXPRESS_ROOT, kinds[0], 10);
  g_autoptr (VireoDomainDef) def = NULL;
  g_autoptr (VireoDomainDef) zpci = NULL;

  current = &pcie;
  def = complete (rngs);
  g_assert_cmpuint (def->n_controllers, ==, 11);
  g_assert_cmpint (def->controllers[1]->address->multifunction, ==, VIREO_TRISTATE_YES);
  g_assert_cmpuint (def->controllers[8]->address->slot, ==, 2);
  g_assert_cmpuint (def->controllers[8]->address->function, ==, 7);
  g_assert_cmpuint (def->controllers[9]->address->slot, ==, 3);
  g_assert_cmpuint (def->rngs[9]->address->bus, ==, 10);
  zpci = complete (EXPRESS_ROOT "<rng model='virtio'><backend model='builtin'/>"
                                "<address type='pci'><zpci uid='0x7' fid='0x9'/></address></rng>");
  g_assert_cmpuint (zpci->rngs[0]->address->bus, ==, 1);
  g_assert_cmpuint (zpci->rngs[0]->address->zpci_uid, ==, 7);
}

static guint
count_ports (const VireoDomainDef *def)
{
  guint n = 0;

  for (guint i = 0; i < def->n_controllers; i++)
    n += def->controllers[i]->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT;
  return n;
}

/* A new definition has ports for what may come, as many each time; one of a domain that exists gets
 * none, for a guest would find another port. */
static void
test_spare_ports (void)
{
  static VireoAddressPci spare;
  static const VireoAddressMachine pcie = { .pci = &spare };
  static const char *const shut = EXPRESS_ROOT
      "<controller type='pci' model='pcie-root-port'><target hotplug='off'/></controller>";
  g_autoptr (VireoDomainDef) old = parse (EXPRESS_ROOT);
  g_autoptr (VireoDomainDef) new = NULL;
  g_autoptr (VireoDomainDef) closed_port = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *once = NULL;
  g_autofree char *twice = NULL;

  spare = express;
  spare.spare_ports = 2;
  current = &pcie;
  vireo_domain_def_add_rng (old, vireo_rng_def_new ());
  old->rngs[0]->model = VIREO_RNG_MODEL_VIRTIO;
  g_assert_true (run (&old, TRUE, &error));
  g_assert_cmpuint (count_ports (old), ==, 1);
  new = complete (EXPRESS_ROOT PORT);
  g_assert_cmpuint (count_ports (new), ==, 2);
  once = format (new);
  g_assert_true (run (&new, FALSE, &error));
  twice = format (new);
  g_assert_cmpstr (once, ==, twice);
  closed_port = complete (shut);
  g_assert_cmpuint (count_ports (closed_port), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      vireo_domain_def_add_rng (new, vireo_rng_def_new ());
      new->rngs[i]->model = VIREO_RNG_MODEL_VIRTIO;
      g_assert_true (vireo_address_assign (new, &pcie, &error) == (i < 2));
    }
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
}

/* Each kind has its own registers, and subchannels are counted. */
static void
test_fixed (void)
{
  static const VireoAddressMachine ccw = { .buses = VIREO_ADDRESS_BUS_CCW };
  static const VireoAddressMachine mmio = { .buses = VIREO_ADDRESS_BUS_VIRTIO_MMIO };
  g_autofree char *devices = NULL;
  g_autoptr (VireoDomainDef) power = NULL;
  g_autoptr (VireoDomainDef) mainframe = NULL;
  g_autoptr (VireoDomainDef) arm = NULL;

  current = &machines[3].machine;
  devices = g_strconcat (kinds[3], kinds[3], kinds[5], "<nvram/><panic model='isa'/>", NULL);
  power = complete (devices);
  g_assert_cmpuint (power->interfaces[0]->address->reg, ==, 0x1000);
  g_assert_cmpuint (power->interfaces[1]->address->reg, ==, 0x3000 - 0x1000);
  g_assert_cmpuint (power->controllers[0]->address->reg, ==, 0x3000);
  g_assert_cmpuint (power->nvram->address->reg, ==, 0x4000);
  g_assert_cmpuint (power->panics[0]->address->iobase, ==, 0x505);
  current = &ccw;
  mainframe = complete ("<rng model='virtio'><backend model='builtin'/>"
                        "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0000'/></rng>"
                        "<rng model='virtio'><backend model='builtin'/></rng>");
  g_assert_cmpuint (mainframe->rngs[0]->address->devno, ==, 0);
  g_assert_cmpuint (mainframe->rngs[1]->address->devno, ==, 1);
  current = &mmio;
  arm = complete (kinds[0]);
  g_assert_cmpint (arm->rngs[0]->address->type, ==, VIREO_ADDRESS_TYPE_VIRTIO_MMIO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (machines); i++)
    {
      g_autofree char *name = g_strconcat ("/address/random/", machines[i].name, NULL);

      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_random);
    }
  g_test_add_func ("/address/plug-in", test_plug);
  g_test_add_func ("/address/full", test_full);
  g_test_add_func ("/address/bridges", test_bridges);
  g_test_add_func ("/address/ports", test_ports);
  g_test_add_func ("/address/spare-ports", test_spare_ports);
  g_test_add_func ("/address/fixed", test_fixed);
  return g_test_run ();
}
