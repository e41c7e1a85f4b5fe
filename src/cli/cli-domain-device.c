/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices by what people know of them rather than as documents; and what a definition says of
 * them. */
#include "cli-domain.h"

#include "conf/vireo-conf.h"

#include <string.h>

static gboolean opt_live, opt_config, opt_readonly, opt_shareable, opt_eject, opt_insert;
static char *opt_type, *opt_driver, *opt_format, *opt_bus, *opt_serial, *opt_mac, *opt_model,
    *opt_target;

#define AFFECT_OPTIONS \
  { "live", 0, 0, G_OPTION_ARG_NONE, &opt_live, "What runs", NULL }, \
  { "config", 0, 0, G_OPTION_ARG_NONE, &opt_config, "What the next start uses", NULL }

const GOptionEntry cli_affect_options[] = { AFFECT_OPTIONS, G_OPTION_ENTRY_NULL };

const GOptionEntry cli_attach_disk_options[] = {
  AFFECT_OPTIONS,
  { "type", 0, 0, G_OPTION_ARG_STRING, &opt_type, "disk (the default), cdrom, floppy or lun",
    "TYPE" },
  { "format", 0, 0, G_OPTION_ARG_STRING, &opt_format, "raw (the default), qcow2, …", "FORMAT" },
  { "subdriver", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt_format, NULL, NULL },
  { "driver", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt_driver, NULL, NULL },
  { "bus", 0, 0, G_OPTION_ARG_STRING, &opt_bus, "virtio, scsi, sata, …; as the target's name says",
    "BUS" },
  { "targetbus", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt_bus, NULL, NULL },
  { "serial", 0, 0, G_OPTION_ARG_STRING, &opt_serial, "The serial number that the guest reads",
    "TEXT" },
  { "readonly", 0, 0, G_OPTION_ARG_NONE, &opt_readonly, "The guest cannot write to it", NULL },
  { "shareable", 0, 0, G_OPTION_ARG_NONE, &opt_shareable, "Other guests may use it, too", NULL },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_attach_interface_options[] = {
  AFFECT_OPTIONS,
  { "mac", 0, 0, G_OPTION_ARG_STRING, &opt_mac, "Its address", "MAC" },
  { "model", 0, 0, G_OPTION_ARG_STRING, &opt_model, "virtio, e1000e, …", "MODEL" },
  { "target", 0, 0, G_OPTION_ARG_STRING, &opt_target, "The name of the host's end", "NAME" },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_detach_interface_options[] = {
  AFFECT_OPTIONS,
  { "mac", 0, 0, G_OPTION_ARG_STRING, &opt_mac, "The one with this address", "MAC" },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_media_options[] = {
  AFFECT_OPTIONS,
  { "eject", 0, 0, G_OPTION_ARG_NONE, &opt_eject, "Take the medium out", NULL },
  { "insert", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_insert, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

/* With --live and --config as they were given. */
int
cli_call_device (CliCall *call, const char *member, const char *xml)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  GVariantDict options;

  if (path == NULL)
    return cli_fail (error);
  g_variant_dict_init (&options, NULL);
  if (opt_live)
    g_variant_dict_insert (&options, "live", "b", TRUE);
  if (opt_config)
    g_variant_dict_insert (&options, "config", "b", TRUE);
  return cli_call_member (call, member, path,
                          g_variant_new ("(s@a{sv})", xml, g_variant_dict_end (&options)));
}

static void
append (GString *xml, const char *before, const char *value, const char *after)
{
  g_autofree char *escaped = value != NULL ? g_markup_escape_text (value, -1) : NULL;

  if (escaped != NULL)
    g_string_append_printf (xml, "%s%s%s", before, escaped, after);
}

/* A block device of the host is known by its path. */
static void
append_source (GString *xml, CliContext *context, const char *word)
{
  g_autofree char *path = context->host == NULL ? g_canonicalize_filename (word, NULL)
                                                : g_strdup (word);

  append (xml, g_str_has_prefix (path, "/dev/") ? "<source dev='" : "<source file='", path,
          "'/>");
}

static const char *
source_type (const char *word)
{
  return g_str_has_prefix (word, "/dev/") ? "block" : "file";
}

/* DOMAIN SOURCE TARGET */
int
cli_run_attach_disk (CliCall *call)
{
  g_autoptr (GString) xml = g_string_new (NULL);

  g_string_append_printf (xml, "<disk type='%s'", source_type (call->words[1]));
  append (xml, " device='", opt_type != NULL ? opt_type : "disk", "'>");
  append (xml, "<driver name='", opt_driver != NULL ? opt_driver : "qemu", "'");
  append (xml, " type='", opt_format != NULL ? opt_format : "raw", "'/>");
  append_source (xml, call->context, call->words[1]);
  append (xml, "<target dev='", call->words[2], "'");
  append (xml, " bus='", opt_bus, "'");
  g_string_append (xml, "/>");
  append (xml, "<serial>", opt_serial, "</serial>");
  g_string_append_printf (xml, "%s%s</disk>", opt_readonly ? "<readonly/>" : "",
                          opt_shareable ? "<shareable/>" : "");
  return cli_call_device (call, "Domain.AttachDevice", xml->str);
}

/* DOMAIN TYPE SOURCE */
int
cli_run_attach_interface (CliCall *call)
{
  static const struct
  {
    const char *type;
    const char *source;
  } sources[] = {
    { "network", "<source network='" },
    { "bridge", "<source bridge='" },
    { "direct", "<source dev='" },
    { "user", "" },
  };
  g_autoptr (GString) xml = g_string_new (NULL);
  gsize row = 0;

  while (row < G_N_ELEMENTS (sources) && !g_str_equal (sources[row].type, call->words[1]))
    row++;
  if (row == G_N_ELEMENTS (sources) || (call->n_words < 3) != (*sources[row].source == '\0'))
    {
      g_printerr ("vireoctl: an interface is “network NAME”, “bridge NAME”, “direct DEVICE” or "
                  "“user”\n");
      return CLI_EXIT_USAGE;
    }
  g_string_append_printf (xml, "<interface type='%s'>", sources[row].type);
  if (*sources[row].source != '\0')
    append (xml, sources[row].source, call->words[2], "'/>");
  append (xml, "<mac address='", opt_mac, "'/>");
  append (xml, "<model type='", opt_model, "'/>");
  append (xml, "<target dev='", opt_target, "'/>");
  g_string_append (xml, "</interface>");
  return cli_call_device (call, "Domain.AttachDevice", xml->str);
}

/* ---- what is there ---- */

/* The definition, or with --config that of the next start. */
char *
cli_domain_xml (CliCall *call, GError **error)
{
  g_autofree char *path = cli_call_path (call, error);
  g_autoptr (GVariant) reply = NULL;
  char *xml;
  GVariantDict options;

  if (path == NULL)
    return NULL;
  g_variant_dict_init (&options, NULL);
  if (opt_config)
    g_variant_dict_insert (&options, "inactive", "b", TRUE);
  reply = cli_call (call->context, path, CLI_IFACE ("Domain"), "GetXml",
                    g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), "(s)", error);
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(s)", &xml);
  return xml;
}

static VireoDomainDef *
get_domain (CliCall *call, GError **error)
{
  g_autofree char *xml = cli_domain_xml (call, error);

  return xml != NULL ? vireo_doc_parse (vireo_doc_kind_find ("domain"), xml, -1, VIREO_PARSE_NONE,
                                        error)
                     : NULL;
}

static const VireoDiskDef *
find_disk (const VireoDomainDef *def, const char *name)
{
  for (guint i = 0; i < def->n_disks; i++)
    if (g_strcmp0 (def->disks[i]->target->dev, name) == 0
        || (def->disks[i]->source != NULL
            && (g_strcmp0 (def->disks[i]->source->file, name) == 0
                || g_strcmp0 (def->disks[i]->source->dev, name) == 0)))
      return def->disks[i];
  return NULL;
}

/* DOMAIN TARGET */
int
cli_run_detach_disk (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = get_domain (call, &error);
  const VireoDiskDef *disk;
  g_autoptr (GString) xml = NULL;

  if (def == NULL)
    return cli_fail (error);
  disk = find_disk (def, call->words[1]);
  if (disk == NULL)
    {
      g_printerr ("vireoctl: the domain has no disk “%s”\n", call->words[1]);
      return CLI_EXIT_FAILURE;
    }
  xml = g_string_new ("<disk");
  append (xml, " type='", vireo_disk_type_to_string (disk->type), "'");
  append (xml, " device='", vireo_disk_device_to_string (disk->device), "'");
  append (xml, "><target dev='", disk->target->dev, "'/></disk>");
  return cli_call_device (call, "Domain.DetachDevice", xml->str);
}

/* DOMAIN TYPE */
int
cli_run_detach_interface (CliCall *call)
{
  g_autoptr (GString) xml = g_string_new ("<interface");
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = get_domain (call, &error);
  const char *mac = NULL;
  guint n = 0;

  if (def == NULL)
    return cli_fail (error);
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const VireoInterfaceDef *interface = def->interfaces[i];
      const char *own = interface->mac != NULL ? interface->mac->address : NULL;

      if (g_strcmp0 (vireo_interface_type_to_string (interface->type), call->words[1]) != 0
          || own == NULL || (opt_mac != NULL && g_ascii_strcasecmp (own, opt_mac) != 0))
        continue;
      mac = own;
      n++;
    }
  if (n != 1)
    {
      g_printerr ("vireoctl: the domain has %s such interface%s\n", n == 0 ? "no" : "more than one",
                  n == 0 ? "" : "; --mac says which");
      return CLI_EXIT_FAILURE;
    }
  append (xml, " type='", call->words[1], "'>");
  append (xml, "<mac address='", mac, "'/></interface>");
  return cli_call_device (call, "Domain.DetachDevice", xml->str);
}

/* DOMAIN TARGET [SOURCE] */
int
cli_run_change_media (CliCall *call)
{
  g_autoptr (GString) xml = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = NULL;
  const VireoDiskDef *disk;

  if (opt_eject == (call->n_words == 3))
    {
      g_printerr ("vireoctl: a source goes in; --eject takes one out\n");
      return CLI_EXIT_USAGE;
    }
  def = get_domain (call, &error);
  if (def == NULL)
    return cli_fail (error);
  disk = find_disk (def, call->words[1]);
  if (disk == NULL)
    {
      g_printerr ("vireoctl: the domain has no disk “%s”\n", call->words[1]);
      return CLI_EXIT_FAILURE;
    }
  xml = g_string_new (NULL);
  g_string_append_printf (xml, "<disk type='%s'",
                          call->n_words == 3 ? source_type (call->words[2]) : "file");
  append (xml, " device='", vireo_disk_device_to_string (disk->device), "'>");
  if (call->n_words == 3)
    append_source (xml, call->context, call->words[2]);
  append (xml, "<target dev='", disk->target->dev, "'/>");
  g_string_append (xml, "<readonly/></disk>");
  return cli_call_device (call, "Domain.UpdateDevice", xml->str);
}

static const char *
or_dash (const char *text)
{
  return text != NULL && *text != '\0' ? text : "-";
}

static const char *
disk_source (const VireoDiskDef *disk)
{
  const VireoDiskSourceDef *source = disk->source;
  const char *texts[5];

  if (source == NULL)
    return NULL;
  texts[0] = source->file;
  texts[1] = source->dev;
  texts[2] = source->dir;
  texts[3] = source->name;
  texts[4] = source->volume;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] != NULL)
      return texts[i];
  return NULL;
}

static void
add_row (GVariantBuilder *rows, const char *const *names, const char *const *values)
{
  GVariantDict row;

  g_variant_dict_init (&row, NULL);
  for (gsize i = 0; names[i] != NULL; i++)
    g_variant_dict_insert (&row, names[i], "s", or_dash (values[i]));
  g_variant_builder_add_value (rows, g_variant_dict_end (&row));
}

int
cli_run_disks (CliCall *call)
{
  static const char *const names[] = { "type", "device", "target", "source", NULL };
  g_auto (GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = get_domain (call, &error);

  if (def == NULL)
    return cli_fail (error);
  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];
      const char *values[] = { vireo_disk_type_to_string (disk->type),
                               vireo_disk_device_to_string (disk->device), disk->target->dev,
                               disk_source (disk) };

      add_row (&rows, names, values);
    }
  return cli_print_dictionaries (call->context, g_variant_builder_end (&rows), names);
}

int
cli_run_interfaces (CliCall *call)
{
  static const char *const names[] = { "interface", "type", "source", "model", "mac", NULL };
  g_auto (GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = get_domain (call, &error);

  if (def == NULL)
    return cli_fail (error);
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const VireoInterfaceDef *interface = def->interfaces[i];
      const VireoInterfaceSourceDef *source = interface->source;
      const char *name = source == NULL            ? NULL
                         : source->network != NULL ? source->network
                         : source->bridge != NULL  ? source->bridge
                                                   : source->dev;
      const char *values[] = { interface->target != NULL ? interface->target->dev : NULL,
                               vireo_interface_type_to_string (interface->type), name,
                               interface->model,
                               interface->mac != NULL ? interface->mac->address : NULL };

      add_row (&rows, names, values);
    }
  return cli_print_dictionaries (call->context, g_variant_builder_end (&rows), names);
}

static char *
display_uri (const VireoGraphicsDef *graphics)
{
  const char *type = vireo_graphics_type_to_string (graphics->type);
  const VireoGraphicsListenDef *listen = graphics->n_listens > 0 ? graphics->listens[0] : NULL;
  const char *host = listen != NULL && listen->address != NULL ? listen->address : "127.0.0.1";
  const char *socket = listen != NULL && listen->socket != NULL ? listen->socket
                                                                : graphics->socket;

  if (socket != NULL)
    return g_strdup_printf ("%s+unix://%s", type, socket);
  if (!graphics->has_port || graphics->port <= 0)
    return NULL;
  /* A VNC viewer counts its ports from 5900. */
  if (graphics->type == VIREO_GRAPHICS_TYPE_VNC)
    return g_strdup_printf ("vnc://%s:%d", host, graphics->port - 5900);
  return g_strdup_printf ("%s://%s:%d", type, host, graphics->port);
}

int
cli_run_display (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = get_domain (call, &error);
  guint shown = 0;

  if (def == NULL)
    return cli_fail (error);
  for (guint i = 0; i < def->n_graphics; i++)
    {
      g_autofree char *uri = display_uri (def->graphics[i]);

      if (uri != NULL)
        {
          g_print ("%s\n", uri);
          shown++;
        }
    }
  if (shown > 0)
    return 0;
  g_printerr ("vireoctl: no display of the domain listens for clients now\n");
  return CLI_EXIT_FAILURE;
}
