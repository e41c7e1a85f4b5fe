/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/vireo-address.h"
#include "conf/vireo-device.h"

#include <string.h>

#define USB "<controller type='usb' index='0'/>"
#define MOUSE "<input type='mouse' bus='usb'/>"
#define CHANNEL "<channel type='null'><target type='virtio' name='x'/></channel>"
#define CONSOLE "<console type='null'><target type='virtio'/></console>"
#define CARD "<smartcard mode='passthrough' type='spicevmc'/>"
#define UNIT(number)                                                                               \
  "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"                     \
  "<address bus='0' target='0' unit='" number "'/></source></hostdev>"
#define MODULE "<memory model='dimm'><target><size>1024</size></target></memory>"

static const VireoAddressMachine all = {
  .buses = VIREO_ADDRESS_BUS_SCSI | VIREO_ADDRESS_BUS_USB | VIREO_ADDRESS_BUS_VIRTIO_SERIAL
           | VIREO_ADDRESS_BUS_CCID | VIREO_ADDRESS_BUS_DIMM,
};

static VireoPostParseOutcome
assign (VireoPostParseContext *context)
{
  return vireo_post_parse_assign_addresses (context, &all);
}

static const VireoPostParseOps ops
    = { .addresses = assign, .features = VIREO_POST_PARSE_MEMORY_HOTPLUG };

static VireoDomainDef *
parse (const char *devices)
{
  g_autofree char *text
      = g_strdup_printf ("<domain type='test'><name>x</name><memory>2048</memory>"
                         "<maxMemory slots='2'>100000</maxMemory><os><type>hvm</type></os>"
                         "<devices>%s</devices></domain>",
                         devices);
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (text, -1, VIREO_PARSE_STRICT, &error);

  g_assert_no_error (error);
  return def;
}

static VireoDomainDef *
complete (const char *devices)
{
  VireoDomainDef *def = parse (devices);
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_post_parse_run (&def, &ops, NULL, FALSE, VIREO_PARSE_NONE, NULL, &error));
  g_assert_no_error (error);
  return def;
}

/* "hub 1, input 1.1, …" of all that has a USB address. */
static char *
usb_ports (const VireoDomainDef *def)
{
  GString *text = g_string_new (NULL);
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);

      if (address != NULL && address->type == VIREO_ADDRESS_TYPE_USB)
        g_string_append_printf (text, "%s%s%s", text->len > 0 ? " " : "",
                                iter.kind == VIREO_DEVICE_HUB ? "h" : "", address->usb_port);
    }
  return g_string_free (text, FALSE);
}

static void
check_usb (const char *devices, const char *expected)
{
  VireoDomainDef *def = complete (devices);
  g_autofree char *found = usb_ports (def);

  g_assert_cmpstr (found, ==, expected);
  vireo_domain_def_free (def);
}

/* In the order in which libvirt gives them out too: a hub's own ports, then those of its hubs. */
static void
test_usb (void)
{
  static const char at_2[] = "<input type='mouse' bus='usb'>"
                             "<address type='usb' bus='0' port='2'/></input>";
  static const char hub_at_1[] = "<hub type='usb'><address type='usb' bus='0' port='1'/></hub>";
  g_autofree char *mixed = g_strconcat (USB, at_2, MOUSE MOUSE MOUSE, NULL);
  g_autofree char *hubs = g_strconcat (USB, hub_at_1, MOUSE "<hub type='usb'/>" MOUSE MOUSE, NULL);
  g_autoptr (GString) many = g_string_new (USB);

  check_usb (MOUSE, "");
  check_usb (USB MOUSE MOUSE, "1 2");
  check_usb (mixed, "2 1.1 1.2 1.3 h1");
  check_usb (hubs, "1.1 1.2 1.3 h1 h2");
  for (guint i = 0; i < 17; i++)
    g_string_append (many, MOUSE);
  check_usb (many->str, "1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.1.1 1.1.2 1.1.3 1.1.4 1.1.5 1.1.6 1.1.7 "
                        "1.1.8 2.1 2.2 h1 h2 h1.1");
}

/* Companions have no ports of their own. */
static void
test_usb2 (void)
{
  check_usb ("<controller type='usb' index='0' model='ich9-uhci1'/>"
             "<controller type='usb' index='0' model='ich9-ehci1'/>" MOUSE,
             "1");
  check_usb ("<controller type='usb' index='0' model='none'/>", "");
}

static void
test_usb_full (void)
{
  VireoDomainDef *def
      = parse (USB "<input type='mouse' bus='usb'><address type='usb' bus='0' port='1'/></input>"
                   "<input type='mouse' bus='usb'><address type='usb' bus='0' port='2'/></input>"
                   MOUSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (vireo_post_parse_run (&def, &ops, NULL, FALSE, VIREO_PARSE_NONE, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID);
  g_assert_nonnull (strstr (error->message, "USB"));
  vireo_domain_def_free (def);
}

/* Plugging in: what is there stays, nothing is added besides. */
static void
test_plug (void)
{
  VireoDomainDef *def = complete (USB MOUSE);
  VireoInputDef *input = vireo_input_def_new ();
  g_autofree char *two = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  input->type = VIREO_INPUT_TYPE_TABLET;
  input->bus = VIREO_INPUT_BUS_USB;
  vireo_domain_def_add_input (def, vireo_input_def_copy (input));
  g_assert_true (vireo_address_assign (def, &all, &error));
  two = usb_ports (def);
  g_assert_cmpstr (two, ==, "1 2");
  vireo_domain_def_add_input (def, input);
  g_assert_false (vireo_address_assign (def, &all, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
  after = usb_ports (def);
  g_assert_cmpstr (after, ==, "1 2");
  g_assert_cmpuint (def->n_hubs, ==, 0);
  vireo_domain_def_free (def);
}

static void
test_virtio_serial (void)
{
  VireoDomainDef *def
      = complete ("<controller type='virtio-serial' index='0' ports='3'/>" CONSOLE CHANNEL
                  "<channel type='null'><target type='virtio' name='y'/>"
                  "<address type='virtio-serial' controller='0' bus='0' port='1'/></channel>"
                  CHANNEL);

  g_assert_cmpuint (def->consoles[0]->address->port, ==, 0);
  g_assert_cmpuint (def->channels[0]->address->port, ==, 2);
  g_assert_cmpuint (def->channels[1]->address->port, ==, 1);
  g_assert_cmpuint (def->channels[2]->address->controller, ==, 1);
  g_assert_cmpuint (def->channels[2]->address->port, ==, 1);
  g_assert_cmpuint (def->n_controllers, ==, 2);
  vireo_domain_def_free (def);
}

static void
test_scsi (void)
{
  VireoDomainDef *def
      = complete ("<disk><source file='/a'/><target dev='sdb' bus='scsi'/></disk>"
                  "<controller type='scsi' index='0' model='virtio-scsi'/>" UNIT ("0") UNIT ("1")
                      UNIT ("2") UNIT ("3") UNIT ("4") UNIT ("5") UNIT ("6"));
  static const guint units[] = { 0, 2, 3, 4, 5, 6 };

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_assert_cmpuint (def->hostdevs[i]->address->controller, ==, 0);
      g_assert_cmpuint (def->hostdevs[i]->address->unit, ==, units[i]);
    }
  g_assert_cmpuint (def->hostdevs[6]->address->controller, ==, 1);
  g_assert_cmpuint (def->hostdevs[6]->address->unit, ==, 0);
  /* A controller that was added is like those that were there. */
  g_assert_cmpint (def->controllers[1]->model, ==, VIREO_CONTROLLER_MODEL_VIRTIO_SCSI);
  vireo_domain_def_free (def);
}

static void
test_smartcards (void)
{
  VireoDomainDef *def = complete (CARD CARD);

  g_assert_cmpuint (def->smartcards[0]->address->controller, ==, 0);
  g_assert_cmpuint (def->smartcards[1]->address->controller, ==, 1);
  g_assert_cmpuint (def->n_controllers, ==, 2);
  vireo_domain_def_free (def);
}

static void
test_memory (void)
{
  VireoDomainDef *def = complete (MODULE "<memory model='dimm'><target><size>1024</size></target>"
                                         "<address type='dimm' slot='0'/></memory>");
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (def->memory_devices[0]->address->slot, ==, 1);
  vireo_domain_def_free (def);

  def = parse (MODULE MODULE MODULE);
  g_assert_false (vireo_post_parse_run (&def, &ops, NULL, FALSE, VIREO_PARSE_NONE, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID);
  vireo_domain_def_free (def);
}

/* The second run finds all in its place. */
static void
test_stable (void)
{
  VireoDomainDef *def = complete (USB MOUSE MOUSE MOUSE CHANNEL CONSOLE CARD UNIT ("0") MODULE);
  g_autofree char *first = vireo_domain_def_format (def, VIREO_FORMAT_NONE, NULL);
  g_autofree char *second = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_post_parse_run (&def, &ops, NULL, TRUE, VIREO_PARSE_NONE, NULL, &error));
  g_assert_no_error (error);
  second = vireo_domain_def_format (def, VIREO_FORMAT_NONE, NULL);
  g_assert_cmpstr (first, ==, second);
  vireo_domain_def_free (def);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/address/usb", test_usb);
  g_test_add_func ("/address/usb2", test_usb2);
  g_test_add_func ("/address/usb-full", test_usb_full);
  g_test_add_func ("/address/plug", test_plug);
  g_test_add_func ("/address/virtio-serial", test_virtio_serial);
  g_test_add_func ("/address/scsi", test_scsi);
  g_test_add_func ("/address/smartcards", test_smartcards);
  g_test_add_func ("/address/memory", test_memory);
  g_test_add_func ("/address/stable", test_stable);
  return g_test_run ();
}
