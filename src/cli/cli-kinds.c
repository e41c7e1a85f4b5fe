/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli-kinds.h"

#include <string.h>

#include "cli.h"

/* ---- what a word may be ---- */

static GVariant *
as_number (const char *word)
{
  guint64 number = 0;

  if (!g_ascii_string_to_unsigned (word, 10, 0, G_MAXUINT32, &number, NULL))
    return NULL;
  return g_variant_new ("(u)", (guint32) number);
}

static GVariant *
as_uuid (const char *word)
{
  return g_uuid_string_is_valid (word) ? g_variant_new ("(s)", word) : NULL;
}

static GVariant *
as_mac (const char *word)
{
  return strlen (word) == 17 && word[2] == ':' ? g_variant_new ("(s)", word) : NULL;
}

/* A secret by what it is for: "ceph:backup". */
static GVariant *
as_usage (const char *word)
{
  const char *colon = strchr (word, ':');
  g_autofree char *type = colon != NULL ? g_strndup (word, (gsize) (colon - word)) : NULL;

  return type != NULL ? g_variant_new ("(ss)", type, colon + 1) : NULL;
}

static GVariant *
as_name (const char *word)
{
  return g_variant_new ("(s)", word);
}

/* Like virsh: a number is an id first, what looks like a UUID is one, all else is a name. */
static const CliLookup domain_lookups[] = {
  { "LookupDomainById", as_number },
  { "LookupDomainByUuid", as_uuid },
  { "LookupDomainByName", as_name },
  { NULL },
};
static const CliLookup snapshot_lookups[] = { { "LookupSnapshotByName", as_name }, { NULL } };
static const CliLookup checkpoint_lookups[] = { { "LookupCheckpointByName", as_name }, { NULL } };
static const CliLookup network_lookups[] = {
  { "LookupNetworkByUuid", as_uuid },
  { "LookupNetworkByName", as_name },
  { NULL },
};
static const CliLookup port_lookups[] = { { "LookupPortByUuid", as_name }, { NULL } };
static const CliLookup filter_lookups[] = {
  { "LookupNetworkFilterByUuid", as_uuid },
  { "LookupNetworkFilterByName", as_name },
  { NULL },
};
static const CliLookup binding_lookups[]
    = { { "LookupNetworkFilterBindingByPortDev", as_name }, { NULL } };
static const CliLookup pool_lookups[] = {
  { "LookupStoragePoolByUuid", as_uuid },
  { "LookupStoragePoolByName", as_name },
  { NULL },
};
static const CliLookup volume_lookups[] = { { "LookupVolumeByName", as_name }, { NULL } };
static const CliLookup secret_lookups[] = {
  { "LookupSecretByUsage", as_usage },
  { "LookupSecretByUuid", as_name },
  { NULL },
};
static const CliLookup device_lookups[] = { { "LookupNodeDeviceByName", as_name }, { NULL } };
static const CliLookup interface_lookups[] = {
  { "LookupHostInterfaceByMac", as_mac },
  { "LookupHostInterfaceByName", as_name },
  { NULL },
};

/* ---- what lists show of them ---- */

static const CliColumn domain_columns[] = {
  { "NAME", "Name" }, { "STATE", "State" }, { "AUTOSTART", "Autostart" },
  { "PERSISTENT", "Persistent" }, { "UUID", "Uuid" }, { NULL },
};
static const CliColumn snapshot_columns[] = {
  { "NAME", "Name" },         { "CREATED", "CreationTime" }, { "STATE", "State" },
  { "LOCATION", "Location" }, { "CURRENT", "Current" },      { "DESCRIPTION", "Description" },
  { NULL },
};
static const CliColumn checkpoint_columns[] = {
  { "NAME", "Name" }, { "CREATED", "CreationTime" }, { "DESCRIPTION", "Description" }, { NULL },
};
static const CliColumn network_columns[] = {
  { "NAME", "Name" },         { "STATE", "State" },       { "AUTOSTART", "Autostart" },
  { "PERSISTENT", "Persistent" }, { "BRIDGE", "BridgeName" }, { "FORWARD", "ForwardMode" },
  { NULL },
};
static const CliColumn port_columns[] = {
  { "UUID", "Uuid" }, { "OWNER", "OwnerName" }, { "MAC", "Mac" }, { NULL },
};
static const CliColumn filter_columns[] = { { "NAME", "Name" }, { "UUID", "Uuid" }, { NULL } };
static const CliColumn binding_columns[]
    = { { "PORT", "PortDev" }, { "FILTER", "FilterName" }, { NULL } };
static const CliColumn pool_columns[] = {
  { "NAME", "Name" },
  { "STATE", "State" },
  { "AUTOSTART", "Autostart" },
  { "PERSISTENT", "Persistent" },
  { "CAPACITY", "Capacity" },
  { "AVAILABLE", "Available" },
  { "TARGET", "TargetPath" },
  { NULL },
};
static const CliColumn volume_columns[] = {
  { "NAME", "Name" }, { "FORMAT", "Format" }, { "CAPACITY", "Capacity" },
  { "ALLOCATED", "Allocation" }, { "PATH", "Path" }, { NULL },
};
static const CliColumn secret_columns[] = {
  { "UUID", "Uuid" }, { "TYPE", "UsageType" }, { "USAGE", "UsageId" },
  { "VALUE", "HasValue" }, { "DESCRIPTION", "Description" }, { NULL },
};
static const CliColumn device_columns[] = {
  { "NAME", "Name" }, { "ACTIVE", "Active" }, { "DRIVER", "DriverName" },
  { "CAPABILITIES", "Capabilities" }, { NULL },
};
static const CliColumn interface_columns[] = {
  { "NAME", "Name" }, { "ACTIVE", "Active" }, { "TYPE", "InterfaceType" }, { "MAC", "Mac" },
  { NULL },
};
static const CliColumn connection_columns[] = {
  { "ID", "Id" }, { "DRIVER", "Driver" }, { "VERSION", "HypervisorVersion" }, { "URI", "Uri" },
  { NULL },
};
static const CliColumn job_columns[] = {
  { "OPERATION", "Operation" }, { "PROGRESS", "Progress" }, { "UID", "StartedByUid" },
  { "OBJECTS", "Objects" },     { NULL },
};

static const CliKind kinds[] = {
  { "Manager", NULL, NULL, NULL, NULL, NULL, NULL },
  { "Connection", "ID", NULL, NULL, "Id", NULL, connection_columns },
  { "Job", "JOB|DOMAIN", NULL, NULL, "Operation", NULL, job_columns },
  { "Domain", "DOMAIN", NULL, "Connection.GetDomains", "Name", domain_lookups, domain_columns },
  { "DomainSnapshot", "SNAPSHOT", "Domain", "Domain.GetSnapshots", "Name", snapshot_lookups,
    snapshot_columns },
  { "DomainCheckpoint", "CHECKPOINT", "Domain", "Domain.GetCheckpoints", "Name",
    checkpoint_lookups, checkpoint_columns },
  { "Network", "NETWORK", NULL, "Connection.GetNetworks", "Name", network_lookups,
    network_columns },
  { "NetworkPort", "PORT", "Network", "Network.GetPorts", "Uuid", port_lookups, port_columns },
  { "NetworkFilter", "FILTER", NULL, "Connection.GetNetworkFilters", "Name", filter_lookups,
    filter_columns },
  { "NetworkFilterBinding", "PORT-DEVICE", NULL, "Connection.GetNetworkFilterBindings", "PortDev",
    binding_lookups, binding_columns },
  { "StoragePool", "POOL", NULL, "Connection.GetStoragePools", "Name", pool_lookups,
    pool_columns },
  { "StorageVolume", "VOLUME", "StoragePool", "StoragePool.GetVolumes", "Name", volume_lookups,
    volume_columns },
  { "Secret", "SECRET", NULL, "Connection.GetSecrets", "Uuid", secret_lookups, secret_columns },
  { "NodeDevice", "NODE-DEVICE", NULL, "Connection.GetNodeDevices", "Name", device_lookups,
    device_columns },
  { "HostInterface", "INTERFACE", NULL, "Connection.GetHostInterfaces", "Name",
    interface_lookups, interface_columns },
};

const CliKind *
cli_kind_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].name, name))
      return &kinds[i];
  return NULL;
}

const CliKind *
cli_kind_find_word (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_strcmp0 (kinds[i].word, word) == 0)
      return &kinds[i];
  return NULL;
}

const CliKind *
cli_kind_parent (const CliKind *kind)
{
  return kind->parent != NULL ? cli_kind_find (kind->parent) : NULL;
}

/* How many words an object takes. The connection is an option of the command, and there is one
 * manager. */
guint
cli_kind_depth (const CliKind *kind)
{
  const CliKind *parent = cli_kind_parent (kind);

  if (g_str_equal (kind->name, "Connection") || g_str_equal (kind->name, "Manager"))
    return 0;
  return 1 + (parent != NULL ? cli_kind_depth (parent) : 0);
}

/* ---- objects ---- */

/* Whether @error, a reply, means that the look-up found nothing, so that another may. */
static gboolean
is_not_found (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  return g_strcmp0 (name, CLI_IFACE ("Error.NotFound")) == 0;
}

static char *
look_up (CliContext *context,
         const char *parent,
         const char *interface,
         const CliKind *kind,
         const char *word,
         GError **error)
{
  g_autofree char *noun = g_ascii_strdown (kind->word, -1);

  for (const CliLookup *lookups = kind->lookups; lookups->method != NULL; lookups++)
    {
      GVariant *arguments = lookups->arguments (word);
      g_autoptr (GError) local_error = NULL;
      g_autoptr (GVariant) reply = NULL;
      char *path = NULL;

      if (arguments == NULL)
        continue;
      reply = cli_call (context, parent, interface, lookups->method, arguments, "(o)",
                        &local_error);
      if (reply != NULL)
        {
          g_variant_get (reply, "(o)", &path);
          return path;
        }
      if (!is_not_found (local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "NotFound: there is no %s “%s”", noun,
               word);
  return NULL;
}

/* Jobs beside the one that changes a domain: copies of its disks, backups. One that has ended stays
 * for a while. */
static char *
only_job (CliContext *context, GVariant *properties, const char *word, GError **error)
{
  g_autofree const char **jobs = NULL;
  const char *found = NULL;

  g_variant_lookup (properties, "Jobs", "^a&o", &jobs);
  for (gsize i = 0; jobs != NULL && jobs[i] != NULL; i++)
    {
      g_autoptr (GVariant) job = cli_get_all (context, jobs[i], CLI_IFACE ("Job"), NULL);
      guint64 ended = 0;

      if (job == NULL || (g_variant_lookup (job, "EndedAt", "t", &ended) && ended != 0))
        continue;
      if (found != NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "several jobs work on “%s”: say %s or %s", word, found, jobs[i]);
          return NULL;
        }
      found = jobs[i];
    }
  if (found == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no job works on “%s”", word);
  return g_strdup (found);
}

/* A job by its own path or number, or that of the domain that is named. */
static char *
find_job (CliContext *context, const char *word, GError **error)
{
  g_autofree char *domain = NULL;
  g_autoptr (GVariant) properties = NULL;
  char *path = NULL;

  if (word[0] != '\0' && strspn (word, "0123456789") == strlen (word))
    return g_strconcat (CLI_ROOT_PATH "/jobs/", word, NULL);
  domain = cli_kind_find_object (context, cli_kind_find ("Domain"), &word, error);
  if (domain == NULL)
    return NULL;
  properties = cli_get_all (context, domain, CLI_IFACE ("Domain"), error);
  if (properties == NULL)
    return NULL;
  g_variant_lookup (properties, "CurrentJob", "o", &path);
  if (path != NULL && !g_str_equal (path, "/"))
    return path;
  g_free (path);
  return only_job (context, properties, word, error);
}

/* A path on the host says the pool, too. */
static char *
find_volume_at (CliContext *context, const char *file, GError **error)
{
  g_autofree char *connection = cli_connection_path (context);
  g_autoptr (GVariant) reply
      = cli_call (context, connection, CLI_IFACE ("Connection"), "LookupStorageVolumeByPath",
                  g_variant_new ("(s)", file), "(o)", error);
  char *path = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(o)", &path);
  return path;
}

/* virsh's --current is a snapshot without a name. */
static char *
find_current_snapshot (CliContext *context, const char *domain, GError **error)
{
  g_autoptr (GVariant) properties = cli_get_all (context, domain, CLI_IFACE ("Domain"), error);
  const char *path = "/";

  if (properties == NULL)
    return NULL;
  g_variant_lookup (properties, "CurrentSnapshot", "&o", &path);
  if (!g_str_equal (path, "/"))
    return g_strdup (path);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       "what the domain does follows no snapshot");
  return NULL;
}

/* The object that @words, of which there are as many as its depth, say. Any of them may be an
 * object path, which the words before it need not fit then. */
char *
cli_kind_find_object (CliContext *context,
                      const CliKind *kind,
                      const char *const *words,
                      GError **error)
{
  guint depth = cli_kind_depth (kind);
  const char *word = depth > 0 ? words[depth - 1] : NULL;
  g_autofree char *parent = NULL;
  g_autofree char *interface = NULL;

  if (depth == 0)
    return g_str_equal (kind->name, "Manager") ? g_strdup (CLI_ROOT_PATH)
                                               : cli_connection_path (context);
  if (g_str_has_prefix (word, CLI_ROOT_PATH "/") && g_variant_is_object_path (word))
    return g_strdup (word);
  if (g_str_equal (kind->name, "Job"))
    return find_job (context, word, error);
  if (g_str_equal (kind->name, "StorageVolume") && g_path_is_absolute (word))
    return find_volume_at (context, word, error);
  if (kind->parent != NULL)
    parent = cli_kind_find_object (context, cli_kind_parent (kind), words, error);
  else
    parent = cli_connection_path (context);
  if (parent == NULL)
    return NULL;
  if (g_str_equal (kind->name, "DomainSnapshot") && *word == '\0')
    return find_current_snapshot (context, parent, error);
  interface = g_strdup_printf (CLI_BUS_NAME ".%s",
                               kind->parent != NULL ? kind->parent : "Connection");
  return look_up (context, parent, interface, kind, word, error);
}

/* Those of @kind in @parent that the caller may read, as an a{oa{sv}}; the member that lists them
 * is called without filters. */
GVariant *
cli_kind_list (CliContext *context,
               const CliKind *kind,
               const char *parent,
               const char *const *properties,
               GError **error)
{
  g_auto (GStrv) member = g_strsplit (kind->list, ".", 2);
  g_autofree char *interface = g_strdup_printf (CLI_BUS_NAME ".%s", member[0]);
  g_autoptr (GVariant) reply
      = cli_call (context, parent, interface, member[1],
                  g_variant_new ("(^asa{sv})", properties, NULL), "(a{oa{sv}})", error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}
