/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks and network interfaces made of words, with virsh's options. */
#include "cli-document.h"
#include "cli-domain.h"

#include <string.h>

static gboolean opt_print_xml;

#define PRINT_OPTION \
  { "print-xml", 0, 0, G_OPTION_ARG_NONE, &opt_print_xml, "Only print the device", NULL }

/* The device is what the schema allows, and is attached or printed. */
static int
attach (CliCall *call, xmlDoc *device)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = cli_document_finish_device (device, &error);

  if (xml == NULL)
    return cli_fail (error);
  if (!opt_print_xml)
    return cli_call_device (call, "Domain.AttachDevice", xml);
  return cli_print_text (call->context, xml);
}

/* ---- disks ---- */

enum
{
  TYPE,
  FORMAT,
  DRIVER,
  BUS,
  SERIAL,
  WWN,
  ALIAS,
  CACHE,
  IO,
  IOTHREAD,
  SOURCE_PROTOCOL,
  SOURCE_HOST_NAME,
  SOURCE_HOST_TRANSPORT,
  SOURCE_HOST_SOCKET,
  N_DISK_PARTS,
};

static char *disk_values[N_DISK_PARTS];
static char *opt_source_type, *opt_mode, *opt_address;
static gboolean opt_readonly, opt_shareable, opt_rawio, opt_multifunction;

/* In the order of the schema. */
static const char *const disk_paths[N_DISK_PARTS] = {
  [TYPE] = "@device",
  [DRIVER] = "driver/@name",
  [FORMAT] = "driver/@type",
  [CACHE] = "driver/@cache",
  [IO] = "driver/@io",
  [IOTHREAD] = "driver/@iothread",
  [SOURCE_PROTOCOL] = "source/@protocol",
  [SOURCE_HOST_NAME] = "source/host/@name",
  [SOURCE_HOST_TRANSPORT] = "source/host/@transport",
  [SOURCE_HOST_SOCKET] = "source/host/@socket",
  [BUS] = "target/@bus",
  [SERIAL] = "serial",
  [WWN] = "wwn",
  [ALIAS] = "alias/@name",
};

#define PART(option, part, text, argument) \
  { option, 0, 0, G_OPTION_ARG_STRING, &disk_values[part], text, argument }
#define HIDDEN_PART(option, part) \
  { option, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &disk_values[part], NULL, NULL }

const GOptionEntry cli_attach_disk_options[] = {
  CLI_AFFECT_OPTIONS,
  PART ("type", TYPE, "disk (the default), cdrom, floppy or lun", "TYPE"),
  PART ("format", FORMAT, "raw (the default), qcow2, …", "FORMAT"),
  HIDDEN_PART ("subdriver", FORMAT),
  HIDDEN_PART ("driver", DRIVER),
  PART ("bus", BUS, "virtio, scsi, sata, …; as the target's name says", "BUS"),
  HIDDEN_PART ("targetbus", BUS),
  PART ("serial", SERIAL, "The serial number that the guest reads", "TEXT"),
  PART ("wwn", WWN, "The world-wide name that the guest reads", "WWN"),
  PART ("alias", ALIAS, "What the device is called: ua-…", "NAME"),
  PART ("cache", CACHE, "none, writeback, writethrough, directsync or unsafe", "MODE"),
  PART ("io", IO, "threads, native or io_uring", "MODE"),
  PART ("iothread", IOTHREAD, "The thread that serves it", "NUMBER"),
  { "readonly", 0, 0, G_OPTION_ARG_NONE, &opt_readonly, "The guest cannot write to it", NULL },
  { "shareable", 0, 0, G_OPTION_ARG_NONE, &opt_shareable, "Other guests may use it, too", NULL },
  { "mode", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt_mode, NULL, NULL },
  { "rawio", 0, 0, G_OPTION_ARG_NONE, &opt_rawio, "The guest may send it any SCSI command", NULL },
  { "sourcetype", 0, 0, G_OPTION_ARG_STRING, &opt_source_type,
    "file, block or network; as the source looks", "TYPE" },
  PART ("source-protocol", SOURCE_PROTOCOL, "How a network disk is reached: rbd, nbd, …",
        "PROTOCOL"),
  PART ("source-host-name", SOURCE_HOST_NAME, "The server of a network disk: HOST or HOST:PORT",
        "HOST"),
  PART ("source-host-transport", SOURCE_HOST_TRANSPORT, "tcp, rdma or unix", "TRANSPORT"),
  PART ("source-host-socket", SOURCE_HOST_SOCKET, "The socket of a network disk", "PATH"),
  { "address", 0, 0, G_OPTION_ARG_STRING, &opt_address,
    "Where the guest sees it: pci:0000.00.07.0, scsi:0.0.1, usb:0.1, ccw:fe.0.0001", "ADDRESS" },
  { "multifunction", 0, 0, G_OPTION_ARG_NONE, &opt_multifunction,
    "Other devices share its PCI slot", NULL },
  PRINT_OPTION,
  G_OPTION_ENTRY_NULL,
};

/* "pci:0000.00.07.0", as virsh takes it. */
static gboolean
set_address (xmlNode *disk, const char *word, GError **error)
{
  static const struct
  {
    const char *prefix;
    const char *type;
    const char *parts[5];
    gboolean is_hex;
  } rows[] = {
    { "pci", "pci", { "domain", "bus", "slot", "function" }, TRUE },
    { "scsi", "drive", { "controller", "bus", "unit" }, FALSE },
    { "ide", "drive", { "controller", "bus", "unit" }, FALSE },
    { "sata", "drive", { "controller", "bus", "unit" }, FALSE },
    { "usb", "usb", { "bus", "port" }, FALSE },
    { "ccw", "ccw", { "cssid", "ssid", "devno" }, TRUE },
  };
  g_auto (GStrv) halves = g_strsplit (word, ":", 2);
  g_auto (GStrv) parts = halves[0] != NULL && halves[1] != NULL ? g_strsplit (halves[1], ".", -1)
                                                                : NULL;

  for (gsize i = 0; parts != NULL && i < G_N_ELEMENTS (rows); i++)
    {
      if (!g_str_equal (rows[i].prefix, halves[0])
          || g_strv_length (parts) != g_strv_length ((char **) rows[i].parts))
        continue;
      cli_document_set (disk, "address/@type", rows[i].type);
      for (gsize part = 0; rows[i].parts[part] != NULL; part++)
        {
          g_autofree char *path = g_strconcat ("address/@", rows[i].parts[part], NULL);
          g_autofree char *value
              = g_strconcat (rows[i].is_hex && !g_str_has_prefix (parts[part], "0x") ? "0x" : "",
                             parts[part], NULL);

          cli_document_set (disk, path, value);
        }
      return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” is no address: it is like pci:0000.00.07.0, scsi:0.0.1, usb:0.1 or "
               "ccw:fe.0.0001",
               word);
  return FALSE;
}

/* An absolute path below /dev is a block device. */
static gboolean
set_source (xmlNode *disk, CliCall *call, GError **error)
{
  static const struct
  {
    const char *type;
    const char *path;
  } rows[] = {
    { "file", "source/@file" },
    { "block", "source/@dev" },
    { "network", "source/@name" },
  };
  g_autofree char *path = cli_source_path (call->context, call->words[1]);
  const char *type = opt_source_type != NULL                  ? opt_source_type
                     : disk_values[SOURCE_PROTOCOL] != NULL   ? "network"
                     : g_str_has_prefix (path, "/dev/")       ? "block"
                                                              : "file";

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].type, type))
      {
        gboolean is_network = g_str_equal (type, "network");

        cli_document_set (disk, "@type", type);
        cli_document_set (disk, rows[i].path, is_network ? call->words[1] : path);
        return TRUE;
      }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "a source is file, block or network, not “%s”", type);
  return FALSE;
}

/* HOST:PORT, of which HOST may be [an IPv6 address]. */
static void
split_port (xmlNode *disk)
{
  char *host = disk_values[SOURCE_HOST_NAME];
  char *colon = host != NULL ? strrchr (host, ':') : NULL;

  if (colon == NULL || strchr (colon, ']') != NULL || (*host != '[' && strchr (host, ':') != colon))
    return;
  cli_document_set (disk, "source/host/@port", colon + 1);
  *colon = '\0';
}

static gboolean
fill_disk (xmlNode *disk, CliCall *call, GError **error)
{
  if (disk_values[TYPE] == NULL)
    disk_values[TYPE] = g_strdup ("disk");
  if (disk_values[DRIVER] == NULL)
    disk_values[DRIVER] = g_strdup ("qemu");
  if (disk_values[FORMAT] == NULL)
    disk_values[FORMAT] = g_strdup ("raw");
  if (!set_source (disk, call, error))
    return FALSE;
  split_port (disk);
  for (gsize i = 0; i < N_DISK_PARTS; i++)
    cli_document_set (disk, disk_paths[i], disk_values[i]);
  cli_document_set (disk, "target/@dev", call->words[2]);
  if (opt_rawio)
    cli_document_set (disk, "@rawio", "yes");
  if (opt_readonly || g_strcmp0 (opt_mode, "readonly") == 0)
    cli_document_set (disk, "readonly", "");
  if (opt_shareable || g_strcmp0 (opt_mode, "shareable") == 0)
    cli_document_set (disk, "shareable", "");
  if (opt_address == NULL)
    return TRUE;
  if (!set_address (disk, opt_address, error))
    return FALSE;
  if (opt_multifunction)
    cli_document_set (disk, "address/@multifunction", "on");
  return TRUE;
}

/* DOMAIN SOURCE TARGET */
int
cli_run_attach_disk (CliCall *call)
{
  g_autoptr (xmlDoc) document = cli_document_new ("disk");
  g_autoptr (GError) error = NULL;

  if (opt_mode != NULL && !g_str_equal (opt_mode, "readonly")
      && !g_str_equal (opt_mode, "shareable"))
    {
      g_printerr ("vireoctl: a mode is readonly or shareable, not “%s”\n", opt_mode);
      return CLI_EXIT_USAGE;
    }
  if (!fill_disk (xmlDocGetRootElement (document), call, &error))
    {
      cli_fail (error);
      return CLI_EXIT_USAGE;
    }
  return attach (call, document);
}

/* ---- network interfaces ---- */

static char *opt_mac, *opt_model, *opt_target, *opt_script, *opt_alias, *opt_inbound,
    *opt_outbound, *opt_source_mode;
static gboolean opt_managed;

const GOptionEntry cli_attach_interface_options[] = {
  CLI_AFFECT_OPTIONS,
  { "mac", 0, 0, G_OPTION_ARG_STRING, &opt_mac, "Its address", "MAC" },
  { "model", 0, 0, G_OPTION_ARG_STRING, &opt_model, "virtio, e1000e, …", "MODEL" },
  { "target", 0, 0, G_OPTION_ARG_STRING, &opt_target, "The name of the host's end", "NAME" },
  { "script", 0, 0, G_OPTION_ARG_STRING, &opt_script, "What the hypervisor runs to bridge it",
    "PATH" },
  { "alias", 0, 0, G_OPTION_ARG_STRING, &opt_alias, "What the device is called: ua-…", "NAME" },
  { "inbound", 0, 0, G_OPTION_ARG_STRING, &opt_inbound,
    "How fast it may receive: AVERAGE,PEAK,BURST,FLOOR in KiB/s and KiB", "RATES" },
  { "outbound", 0, 0, G_OPTION_ARG_STRING, &opt_outbound,
    "How fast it may send: AVERAGE,PEAK,BURST", "RATES" },
  { "managed", 0, 0, G_OPTION_ARG_NONE, &opt_managed,
    "The host lets go of a device, and takes it back", NULL },
  { "source-mode", 0, 0, G_OPTION_ARG_STRING, &opt_source_mode,
    "Of “direct”: vepa, bridge, private or passthrough", "MODE" },
  PRINT_OPTION,
  G_OPTION_ENTRY_NULL,
};

/* "1000,2000,512" for average, peak and burst; what is left empty is not said. */
static gboolean
set_rates (xmlNode *interface, const char *direction, const char *word, GError **error)
{
  static const char *const names[] = { "average", "peak", "burst", "floor" };
  gsize n_names = g_str_equal (direction, "inbound") ? 4 : 3;
  g_auto (GStrv) rates = word != NULL ? g_strsplit (word, ",", -1) : NULL;

  if (rates != NULL && g_strv_length (rates) > n_names)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s” has more than average, peak and burst%s", word,
                   n_names == 4 ? " and floor" : "");
      return FALSE;
    }
  for (gsize i = 0; rates != NULL && rates[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("bandwidth/%s/@%s", direction, names[i]);

      if (*rates[i] != '\0')
        cli_document_set (interface, path, rates[i]);
    }
  return TRUE;
}

/* @word: "0000:00:07.0", or with dots as in virsh */
static gboolean
set_host_device (xmlNode *interface, const char *word, GError **error)
{
  static const char *const names[] = { "domain", "bus", "slot", "function" };
  g_autofree char *colons = g_strdelimit (g_strdup (word), ":.", '.');
  g_auto (GStrv) parts = g_strsplit (colons, ".", -1);

  if (g_strv_length (parts) != G_N_ELEMENTS (names))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s” is no address of a PCI device: it is like 0000:00:07.0", word);
      return FALSE;
    }
  cli_document_set (interface, "source/address/@type", "pci");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat ("source/address/@", names[i], NULL);
      g_autofree char *value = g_strconcat ("0x", parts[i], NULL);

      cli_document_set (interface, path, value);
    }
  if (opt_managed)
    cli_document_set (interface, "@managed", "yes");
  return TRUE;
}

static gboolean
fill_interface (xmlNode *interface, const char *source_path, CliCall *call, GError **error)
{
  const CliPart parts[] = {
    { "mac/@address", opt_mac },    { "model/@type", opt_model },
    { "target/@dev", opt_target },  { "script/@path", opt_script },
    { "alias/@name", opt_alias },   { "source/@mode", opt_source_mode },
  };

  cli_document_set (interface, "@type", call->words[1]);
  if (source_path != NULL)
    cli_document_set (interface, source_path, call->words[2]);
  else if (call->n_words == 3 && !set_host_device (interface, call->words[2], error))
    return FALSE;
  cli_document_set_parts (interface, parts, G_N_ELEMENTS (parts));
  return set_rates (interface, "inbound", opt_inbound, error)
         && set_rates (interface, "outbound", opt_outbound, error);
}

/* DOMAIN TYPE [SOURCE] */
int
cli_run_attach_interface (CliCall *call)
{
  static const struct
  {
    const char *type;
    const char *source; /* (nullable): no attribute */
    int n_words;
  } sources[] = {
    { "network", "source/@network", 3 }, { "bridge", "source/@bridge", 3 },
    { "direct", "source/@dev", 3 },      { "hostdev", NULL, 3 },
    { "user", NULL, 2 },
  };
  g_autoptr (xmlDoc) document = cli_document_new ("interface");
  g_autoptr (GError) error = NULL;
  gsize row = 0;

  while (row < G_N_ELEMENTS (sources) && !g_str_equal (sources[row].type, call->words[1]))
    row++;
  if (row == G_N_ELEMENTS (sources) || call->n_words != sources[row].n_words)
    {
      g_printerr ("vireoctl: an interface is “network NAME”, “bridge NAME”, “direct DEVICE”, "
                  "“hostdev ADDRESS” or “user”\n");
      return CLI_EXIT_USAGE;
    }
  if (!fill_interface (xmlDocGetRootElement (document), sources[row].source, call, &error))
    {
      cli_fail (error);
      return CLI_EXIT_USAGE;
    }
  return attach (call, document);
}
