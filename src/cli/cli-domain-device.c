/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices by what people know of them rather than as documents; and what a definition says of
 * them. */
#include "cli-document.h"
#include "cli-domain.h"

#include "conf/vireo-conf.h"

#include <string.h>

CliAffect cli_affect;

static gboolean opt_eject, opt_insert, opt_update, opt_block, opt_force;
static char *opt_mac;

const GOptionEntry cli_affect_options[] = { CLI_AFFECT_OPTIONS, G_OPTION_ENTRY_NULL };

const GOptionEntry cli_detach_interface_options[] = {
  CLI_AFFECT_OPTIONS,
  { "mac", 0, 0, G_OPTION_ARG_STRING, &opt_mac, "The one with this address", "MAC" },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_media_options[] = {
  CLI_AFFECT_OPTIONS,
  { "eject", 0, 0, G_OPTION_ARG_NONE, &opt_eject, "Take the medium out", NULL },
  { "insert", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_insert, NULL, NULL },
  { "update", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_update, NULL, NULL },
  { "block", 0, 0, G_OPTION_ARG_NONE, &opt_block, "The source is a block device", NULL },
  { "force", 0, 0, G_OPTION_ARG_NONE, &opt_force, "Open a tray that the guest has locked", NULL },
  G_OPTION_ENTRY_NULL,
};

/* --persistent is of what runs, too, when something does. */
static gboolean
resolve_affect (CliCall *call, const char *path, GError **error)
{
  g_autoptr (GVariant) properties = NULL;

  if (!cli_affect.persistent)
    return TRUE;
  properties = cli_get_all (call->context, path, CLI_IFACE ("Domain"), error);
  if (properties == NULL)
    return FALSE;
  g_variant_lookup (properties, "Active", "b", &cli_affect.live);
  cli_affect.config = TRUE;
  return TRUE;
}

/* With --live, --config and --force as they were given. */
int
cli_call_device (CliCall *call, const char *member, const char *xml)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  GVariantDict options;

  if (path == NULL || !resolve_affect (call, path, &error))
    return cli_fail (error);
  g_variant_dict_init (&options, NULL);
  if (cli_affect.live)
    g_variant_dict_insert (&options, "live", "b", TRUE);
  if (cli_affect.config)
    g_variant_dict_insert (&options, "config", "b", TRUE);
  if (opt_force)
    g_variant_dict_insert (&options, "force", "b", TRUE);
  return cli_call_member (call, member, path,
                          g_variant_new ("(s@a{sv})", xml, g_variant_dict_end (&options)));
}

/* What is on this host is found from where the command is; nobody knows that of another one. */
char *
cli_source_path (CliContext *context, const char *word)
{
  return context->host == NULL ? g_canonicalize_filename (word, NULL) : g_strdup (word);
}

static int
call_with (CliCall *call, const char *member, xmlDoc *device)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = cli_document_finish_device (device, &error);

  return xml != NULL ? cli_call_device (call, member, xml) : cli_fail (error);
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
  if (cli_affect.config)
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
  g_autoptr (xmlDoc) document = cli_document_new ("disk");
  const VireoDiskDef *disk;

  if (def == NULL)
    return cli_fail (error);
  disk = find_disk (def, call->words[1]);
  if (disk == NULL)
    {
      g_printerr ("vireoctl: the domain has no disk “%s”\n", call->words[1]);
      return CLI_EXIT_FAILURE;
    }
  cli_document_set_parts (xmlDocGetRootElement (document),
                          (const CliPart[]){
                              { "@type", vireo_disk_type_to_string (disk->type) },
                              { "@device", vireo_disk_device_to_string (disk->device) },
                              { "target/@dev", disk->target->dev },
                          },
                          3);
  return call_with (call, "Domain.DetachDevice", document);
}

/* DOMAIN TYPE */
int
cli_run_detach_interface (CliCall *call)
{
  g_autoptr (xmlDoc) document = cli_document_new ("interface");
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
  cli_document_set (xmlDocGetRootElement (document), "@type", call->words[1]);
  cli_document_set (xmlDocGetRootElement (document), "mac/@address", mac);
  return call_with (call, "Domain.DetachDevice", document);
}

/* The drive @disk with what is to be in it. */
static xmlDoc *
make_drive (CliCall *call, const VireoDiskDef *disk)
{
  xmlDoc *document = cli_document_new ("disk");
  xmlNode *root = xmlDocGetRootElement (document);
  g_autofree char *path
      = call->n_words == 3 ? cli_source_path (call->context, call->words[2]) : NULL;
  gboolean is_block = opt_block || (path != NULL && g_str_has_prefix (path, "/dev/"));

  cli_document_set (root, "@type", is_block ? "block" : "file");
  cli_document_set (root, "@device", vireo_disk_device_to_string (disk->device));
  cli_document_set (root, is_block ? "source/@dev" : "source/@file", path);
  cli_document_set (root, "target/@dev", disk->target->dev);
  cli_document_set (root, "readonly", "");
  return document;
}

/* DOMAIN TARGET [SOURCE] */
int
cli_run_change_media (CliCall *call)
{
  g_autoptr (xmlDoc) document = NULL;
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
  document = make_drive (call, disk);
  return call_with (call, "Domain.UpdateDevice", document);
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
  g_autoptr (GPtrArray) uris = g_ptr_array_new_with_free_func (g_free);

  if (def == NULL)
    return cli_fail (error);
  for (guint i = 0; i < def->n_graphics; i++)
    {
      char *uri = display_uri (def->graphics[i]);

      if (uri != NULL)
        g_ptr_array_add (uris, uri);
    }
  if (call->context->json)
    return cli_print_json (
        g_variant_new_strv ((const char *const *) uris->pdata, (gssize) uris->len));
  for (guint i = 0; i < uris->len; i++)
    g_print ("%s\n", (const char *) uris->pdata[i]);
  if (uris->len > 0)
    return 0;
  g_printerr ("vireoctl: no display of the domain listens for clients now\n");
  return CLI_EXIT_FAILURE;
}
