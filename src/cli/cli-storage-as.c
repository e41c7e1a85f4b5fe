/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli-storage-as.h"

#include "cli-document.h"

#include <string.h>

/* Calls the verb's member with @words in place of those that were given. */
static int
call_with (CliCall *call, char **words, int n_words)
{
  CliCall whole = *call;

  whole.words = words;
  whole.n_words = n_words;
  return cli_run_call (&whole);
}

static gboolean opt_print_xml;

#define PRINT_OPTION \
  { "print-xml", 0, 0, G_OPTION_ARG_NONE, &opt_print_xml, "Only print the definition", NULL }

/* ---- pools ---- */

/* In the order in which virsh takes them as words, as far as it does. */
enum
{
  SOURCE_HOST,
  SOURCE_PATH,
  SOURCE_DEV,
  SOURCE_NAME,
  TARGET,
  SOURCE_FORMAT,
  AUTH_TYPE,
  AUTH_USERNAME,
  SECRET_USAGE,
  SECRET_UUID,
  ADAPTER_NAME,
  ADAPTER_WWNN,
  ADAPTER_WWPN,
  ADAPTER_PARENT,
  ADAPTER_PARENT_WWNN,
  ADAPTER_PARENT_WWPN,
  ADAPTER_PARENT_FABRIC_WWN,
  SOURCE_PROTOCOL_VER,
  SOURCE_INITIATOR,
  SOURCE_PORT,
  N_POOL_PARTS,
};

#define N_POOL_WORDS (SOURCE_FORMAT + 1)

static char *pool_values[N_POOL_PARTS];

static const char *const pool_paths[N_POOL_PARTS] = {
  [SOURCE_HOST] = "source/host/@name",
  [SOURCE_PATH] = "source/dir/@path",
  [SOURCE_DEV] = "source/device/@path",
  [SOURCE_NAME] = "source/name",
  [TARGET] = "target/path",
  [SOURCE_FORMAT] = "source/format/@type",
  [AUTH_TYPE] = "source/auth/@type",
  [AUTH_USERNAME] = "source/auth/@username",
  [SECRET_USAGE] = "source/auth/secret/@usage",
  [SECRET_UUID] = "source/auth/secret/@uuid",
  [ADAPTER_NAME] = "source/adapter/@name",
  [ADAPTER_WWNN] = "source/adapter/@wwnn",
  [ADAPTER_WWPN] = "source/adapter/@wwpn",
  [ADAPTER_PARENT] = "source/adapter/@parent",
  [ADAPTER_PARENT_WWNN] = "source/adapter/@parent_wwnn",
  [ADAPTER_PARENT_WWPN] = "source/adapter/@parent_wwpn",
  [ADAPTER_PARENT_FABRIC_WWN] = "source/adapter/@parent_fabric_wwn",
  [SOURCE_PROTOCOL_VER] = "source/protocol/@ver",
  [SOURCE_INITIATOR] = "source/initiator/iqn/@name",
  [SOURCE_PORT] = "source/host/@port",
};

#define POOL_OPTION(option, part, text, argument) \
  { option, 0, 0, G_OPTION_ARG_STRING, &pool_values[part], text, argument }

const GOptionEntry cli_pool_as_options[] = {
  POOL_OPTION ("target", TARGET, "Where its volumes are on the host", "DIR"),
  POOL_OPTION ("source-host", SOURCE_HOST, "The server that has the storage", "HOST"),
  POOL_OPTION ("source-path", SOURCE_PATH, "A folder of the server or the host", "DIR"),
  POOL_OPTION ("source-dev", SOURCE_DEV, "A disk, or what an iSCSI server calls it", "DEVICE"),
  POOL_OPTION ("source-name", SOURCE_NAME, "A volume group, an RBD pool, a Gluster volume", "NAME"),
  POOL_OPTION ("source-format", SOURCE_FORMAT, "The format, such as ext4, nfs or lvm2", "FORMAT"),
  POOL_OPTION ("source-protocol-ver", SOURCE_PROTOCOL_VER, "The version of NFS", "VERSION"),
  POOL_OPTION ("source-initiator", SOURCE_INITIATOR, "The name of the iSCSI initiator", "IQN"),
  POOL_OPTION ("auth-type", AUTH_TYPE, "How to log in: chap or ceph", "TYPE"),
  POOL_OPTION ("auth-username", AUTH_USERNAME, "Who logs in", "USER"),
  POOL_OPTION ("secret-usage", SECRET_USAGE, "What the secret to log in with is for", "USAGE"),
  POOL_OPTION ("secret-uuid", SECRET_UUID, "The secret to log in with", "UUID"),
  POOL_OPTION ("adapter-name", ADAPTER_NAME, "A SCSI adapter, such as scsi_host2", "NAME"),
  POOL_OPTION ("adapter-wwnn", ADAPTER_WWNN, "The node name of a virtual adapter", "WWN"),
  POOL_OPTION ("adapter-wwpn", ADAPTER_WWPN, "The port name of a virtual adapter", "WWN"),
  POOL_OPTION ("adapter-parent", ADAPTER_PARENT, "The adapter to make it on", "NAME"),
  POOL_OPTION ("adapter-parent-wwnn", ADAPTER_PARENT_WWNN, "That one's node name", "WWN"),
  POOL_OPTION ("adapter-parent-wwpn", ADAPTER_PARENT_WWPN, "That one's port name", "WWN"),
  POOL_OPTION ("adapter-parent-fabric-wwn", ADAPTER_PARENT_FABRIC_WWN, "That one's fabric", "WWN"),
  PRINT_OPTION,
  G_OPTION_ENTRY_NULL,
};

static void
set_pool_parts (xmlNode *pool)
{
  for (gsize i = 0; i < N_POOL_PARTS; i++)
    cli_document_set (pool, pool_paths[i], pool_values[i]);
  if (pool_values[ADAPTER_NAME] != NULL || pool_values[ADAPTER_WWNN] != NULL)
    cli_document_set (pool, "source/adapter/@type",
                      pool_values[ADAPTER_NAME] != NULL ? "scsi_host" : "fc_host");
}

/* NAME TYPE, and as virsh takes them: [SOURCE-HOST] [SOURCE-PATH] … with “-” for none. */
int
cli_run_pool_as (CliCall *call)
{
  g_autoptr (xmlDoc) document = cli_document_new ("pool");
  xmlNode *pool = xmlDocGetRootElement (document);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  char *words[] = { NULL, NULL };

  if (call->n_words < 2 || call->n_words > 2 + N_POOL_WORDS)
    {
      g_printerr ("Usage: vireoctl pool %s %s\n", call->verb->name, call->verb->usage);
      return CLI_EXIT_USAGE;
    }
  cli_document_set (pool, "@type", call->words[1]);
  cli_document_set (pool, "name", call->words[0]);
  for (int i = 2; i < call->n_words; i++)
    if (!g_str_equal (call->words[i], "-"))
      cli_document_set (pool, pool_paths[i - 2], call->words[i]);
  set_pool_parts (pool);
  xml = cli_document_finish (document, "storagepool", &error);
  if (xml == NULL)
    return cli_fail (error);
  if (opt_print_xml)
    return cli_print_text (call->context, xml);
  words[0] = xml;
  return call_with (call, words, 1);
}

const GOptionEntry cli_find_sources_as_options[] = {
  POOL_OPTION ("initiator", SOURCE_INITIATOR, "The name of the iSCSI initiator", "IQN"),
  G_OPTION_ENTRY_NULL,
};

/* TYPE [HOST] [PORT] */
int
cli_run_find_sources_as (CliCall *call)
{
  g_autoptr (xmlDoc) document = cli_document_new ("source");
  xmlNode *source = xmlDocGetRootElement (document);
  g_autofree char *xml = NULL;
  char *words[] = { NULL, NULL, NULL };

  if (call->n_words < 1 || call->n_words > 3)
    {
      g_printerr ("Usage: vireoctl pool %s %s\n", call->verb->name, call->verb->usage);
      return CLI_EXIT_USAGE;
    }
  words[0] = call->words[0];
  if (call->n_words > 1)
    cli_document_set (source, "host/@name", call->words[1]);
  if (call->n_words > 2)
    cli_document_set (source, "host/@port", call->words[2]);
  cli_document_set (source, "initiator/iqn/@name", pool_values[SOURCE_INITIATOR]);
  xml = cli_document_print (document);
  words[1] = xml;
  return call_with (call, words, call->n_words > 1 || pool_values[SOURCE_INITIATOR] ? 2 : 1);
}

/* ---- volumes ---- */

static char *opt_allocation, *opt_format, *opt_backing, *opt_backing_format;

const GOptionEntry cli_volume_as_options[] = {
  { "allocation", 0, 0, G_OPTION_ARG_STRING, &opt_allocation, "How much it takes at first",
    "SIZE" },
  { "format", 0, 0, G_OPTION_ARG_STRING, &opt_format, "raw, qcow2, …", "FORMAT" },
  { "backing-vol", 0, 0, G_OPTION_ARG_STRING, &opt_backing,
    "The volume of the pool, or the path, that it is an overlay of", "VOLUME" },
  { "backing-vol-format", 0, 0, G_OPTION_ARG_STRING, &opt_backing_format, "That one's format",
    "FORMAT" },
  PRINT_OPTION,
  G_OPTION_ENTRY_NULL,
};

/* @word in bytes. */
static gboolean
set_size (xmlNode *volume, const char *element, const char *word, GError **error)
{
  const CliField field = { .name = element, .type = "t", .unit = "bytes" };
  g_autofree char *unit_path = g_strconcat (element, "/@unit", NULL);
  g_autoptr (GVariant) size = NULL;
  g_autofree char *bytes = NULL;

  if (word == NULL)
    return TRUE;
  size = cli_words_parse (&field, word, error);
  if (size == NULL)
    return FALSE;
  g_variant_ref_sink (size);
  bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, g_variant_get_uint64 (size));
  cli_document_set (volume, element, bytes);
  cli_document_set (volume, unit_path, "bytes");
  return TRUE;
}

/* Of what the new volume is an overlay: "" of nothing. */
static char *
backing_path (CliCall *call, GError **error)
{
  const char *words[] = { call->words[0], opt_backing, NULL };
  g_autofree char *object = NULL;
  g_autoptr (GVariant) properties = NULL;
  char *path = NULL;

  if (opt_backing == NULL || g_path_is_absolute (opt_backing))
    return g_strdup (opt_backing != NULL ? opt_backing : "");
  object = cli_kind_find_object (call->context, cli_kind_find ("StorageVolume"), words, error);
  if (object == NULL)
    return NULL;
  properties = cli_get_all (call->context, object, CLI_IFACE ("StorageVolume"), error);
  if (properties == NULL)
    return NULL;
  g_variant_lookup (properties, "Path", "s", &path);
  return path != NULL ? path : g_strdup ("");
}

static char *
volume_document (CliCall *call, GError **error)
{
  g_autoptr (xmlDoc) document = cli_document_new ("volume");
  xmlNode *volume = xmlDocGetRootElement (document);
  g_autofree char *backing = backing_path (call, error);

  if (backing == NULL)
    return NULL;
  cli_document_set (volume, "name", call->words[1]);
  if (!set_size (volume, "capacity", call->words[2], error)
      || !set_size (volume, "allocation", opt_allocation, error))
    return NULL;
  cli_document_set (volume, "target/format/@type", opt_format);
  if (*backing != '\0')
    cli_document_set (volume, "backingStore/path", backing);
  cli_document_set (volume, "backingStore/format/@type", opt_backing_format);
  return cli_document_finish (document, "storagevol", error);
}

/* POOL NAME CAPACITY */
int
cli_run_volume_as (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  char *words[] = { NULL, NULL, NULL };

  if (call->n_words != 3)
    {
      g_printerr ("Usage: vireoctl volume %s %s\n", call->verb->name, call->verb->usage);
      return CLI_EXIT_USAGE;
    }
  xml = volume_document (call, &error);
  if (xml == NULL)
    return cli_fail (error);
  if (opt_print_xml)
    return cli_print_text (call->context, xml);
  words[0] = call->words[0];
  words[1] = xml;
  return call_with (call, words, 2);
}

/* The document of a volume that is called @name and is like the one with @properties. */
static char *
clone_document (GVariant *properties, const char *name, GError **error)
{
  g_autoptr (xmlDoc) document = cli_document_new ("volume");
  xmlNode *volume = xmlDocGetRootElement (document);
  g_autofree char *capacity = NULL;
  const char *format = NULL;
  guint64 bytes = 0;

  g_variant_lookup (properties, "Capacity", "t", &bytes);
  g_variant_lookup (properties, "Format", "&s", &format);
  capacity = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
  cli_document_set (volume, "name", name);
  cli_document_set (volume, "capacity", capacity);
  cli_document_set (volume, "capacity/@unit", "bytes");
  if (format != NULL && *format != '\0')
    cli_document_set (volume, "target/format/@type", format);
  return cli_document_finish (document, "storagevol", error);
}

/* POOL VOLUME NAME */
int
cli_run_volume_clone (CliCall *call)
{
  const CliMember *member = cli_verb_member (call->verb);
  g_autoptr (GError) error = NULL;
  g_autofree char *source = cli_kind_find_object (call->context, cli_kind_find ("StorageVolume"),
                                                  (const char *const *) call->words, &error);
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariant) options = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *pool = NULL;

  if (source != NULL)
    properties = cli_get_all (call->context, source, CLI_IFACE ("StorageVolume"), &error);
  if (properties != NULL)
    xml = clone_document (properties, call->words[2], &error);
  if (xml == NULL || !cli_options_take (call, member, &options, &error))
    return cli_fail (error);
  pool = g_strndup (source, (gsize) (strstr (source, "/volumes/") - source));
  return cli_call_member (call, member->name, pool,
                          g_variant_new ("(so@a{sv})", xml, source, options));
}

/* KEY|PATH: prints the name of the volume, or of the pool, which is what is above it. */
int
cli_run_volume_at (CliCall *call)
{
  gboolean is_pool = g_str_equal (call->verb->name, "pool");
  const char *interface = is_pool ? CLI_IFACE ("StoragePool") : CLI_IFACE ("StorageVolume");
  g_autofree char *connection = cli_connection_path (call->context);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autofree char *path = NULL;
  char *end;
  const char *name = "";

  if (call->n_words != 1)
    {
      g_printerr ("Usage: vireoctl volume %s %s\n", call->verb->name, call->verb->usage);
      return CLI_EXIT_USAGE;
    }
  reply = cli_call (call->context, connection, CLI_IFACE ("Connection"),
                    g_path_is_absolute (call->words[0]) ? "LookupStorageVolumeByPath"
                                                        : "LookupStorageVolumeByKey",
                    g_variant_new ("(s)", call->words[0]), "(o)", &error);
  if (reply == NULL)
    return cli_fail (error);
  g_variant_get (reply, "(o)", &path);
  end = is_pool ? strstr (path, "/volumes/") : NULL;
  if (end != NULL)
    *end = '\0';
  properties = cli_get_all (call->context, path, interface, &error);
  if (properties == NULL)
    return cli_fail (error);
  g_variant_lookup (properties, "Name", "&s", &name);
  return cli_print_text (call->context, name);
}
