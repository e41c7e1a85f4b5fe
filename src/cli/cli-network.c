/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl network … */
#include "cli.h"

#define KIND "Network"
#define EMPTY g_variant_new ("(a{sv})", NULL)

static gboolean opt_all, opt_inactive, opt_active, opt_name, opt_disable, opt_validate;
static char *opt_mac;

static const GOptionEntry list_options[] = {
  { "all", 'a', 0, G_OPTION_ARG_NONE, &opt_all, "Active and inactive ones (the default)", NULL },
  { "active", 0, 0, G_OPTION_ARG_NONE, &opt_active, "Only active ones", NULL },
  { "inactive", 0, 0, G_OPTION_ARG_NONE, &opt_inactive, "Only inactive ones", NULL },
  { "name", 0, 0, G_OPTION_ARG_NONE, &opt_name, "Print names only", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry define_options[] = {
  { "validate", 0, 0, G_OPTION_ARG_NONE, &opt_validate, "Refuse what is not known", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry autostart_options[] = {
  { "disable", 0, 0, G_OPTION_ARG_NONE, &opt_disable, "Do not start with the host", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry xml_options[] = {
  { "inactive", 0, 0, G_OPTION_ARG_NONE, &opt_inactive, "What the next start will use", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry leases_options[] = {
  { "mac", 0, 0, G_OPTION_ARG_STRING, &opt_mac, "Only those of this address", "MAC" },
  G_OPTION_ENTRY_NULL,
};

static const CliColumn list_columns[] = {
  { "NAME", "Name" },
  { "STATE", "State" },
  { "AUTOSTART", "Autostart" },
  { "PERSISTENT", "Persistent" },
  { "BRIDGE", "BridgeName" },
  { "FORWARD", "ForwardMode" },
};

static int
run_list (CliContext *context, int argc, char **argv)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (opt_active != opt_inactive)
    g_variant_dict_insert (&options, "active", "b", opt_active);
  return cli_object_list (context, KIND, g_variant_dict_end (&options), list_columns,
                          G_N_ELEMENTS (list_columns), opt_name);
}

static int
run_info (CliContext *context, int argc, char **argv)
{
  return cli_object_info (context, KIND, argv[0]);
}

static int
run_start (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Start", EMPTY);
}

static int
run_destroy (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Destroy", EMPTY);
}

static int
run_undefine (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Undefine", EMPTY);
}

static int
run_define (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "validate", &opt_validate } };

  return cli_object_define (context, "DefineNetwork", argv[0], cli_options (flags, 1));
}

static int
run_create (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "validate", &opt_validate } };

  return cli_object_define (context, "CreateNetwork", argv[0], cli_options (flags, 1));
}

static int
run_autostart (CliContext *context, int argc, char **argv)
{
  return cli_object_autostart (context, KIND, argv[0], !opt_disable);
}

static int
run_xml (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "inactive", &opt_inactive } };

  return cli_object_print_xml (context, KIND, argv[0], cli_options (flags, 1));
}

static int
run_edit (CliContext *context, int argc, char **argv)
{
  return cli_object_edit (context, KIND, argv[0]);
}

static void
print_lease (GVariant *lease)
{
  const char *mac = "-", *address = "-", *hostname = "-";
  g_autofree char *when = g_strdup ("never");
  gint64 expires = 0;
  guint32 prefix = 0;

  g_variant_lookup (lease, "mac", "&s", &mac);
  g_variant_lookup (lease, "address", "&s", &address);
  g_variant_lookup (lease, "hostname", "&s", &hostname);
  g_variant_lookup (lease, "prefix", "u", &prefix);
  g_variant_lookup (lease, "expires", "x", &expires);
  if (expires != 0)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (expires);

      g_free (when);
      when = time != NULL ? g_date_time_format (time, "%F %T") : g_strdup ("-");
    }
  g_print ("%-19s  %-17s  %s/%u  %s\n", when, mac, address, prefix, hostname);
}

static int
run_leases (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, KIND, argv[0], &error);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) leases = NULL;
  GVariantDict options;

  if (path == NULL)
    return cli_fail (error);
  g_variant_dict_init (&options, NULL);
  if (opt_mac != NULL)
    g_variant_dict_insert (&options, "mac", "s", opt_mac);
  reply = cli_call (context, path, CLI_IFACE (KIND), "GetLeases",
                    g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), "(aa{sv})", &error);
  if (reply == NULL)
    return cli_fail (error);
  leases = g_variant_get_child_value (reply, 0);
  if (context->json)
    return cli_print_json (leases);
  g_print ("%-19s  %-17s  %s  %s\n", "EXPIRES", "MAC", "ADDRESS", "HOSTNAME");
  for (gsize i = 0; i < g_variant_n_children (leases); i++)
    {
      g_autoptr (GVariant) lease = g_variant_get_child_value (leases, i);

      print_lease (lease);
    }
  return 0;
}

static const CliVerb verbs[] = {
  { "list", "ls", "", CLI_ARG_NONE, 0, 0, list_options, run_list, "List networks" },
  { "info", "show", "NETWORK", CLI_ARG_NETWORK, 1, 1, NULL, run_info, "Show all properties" },
  { "start", NULL, "NETWORK", CLI_ARG_NETWORK, 1, 1, NULL, run_start,
    "Start an inactive network" },
  { "destroy", "stop", "NETWORK", CLI_ARG_NETWORK, 1, 1, NULL, run_destroy, "Stop the network" },
  { "define", NULL, "FILE", CLI_ARG_FILE, 1, 1, define_options, run_define,
    "Define a network, or replace its definition" },
  { "create", NULL, "FILE", CLI_ARG_FILE, 1, 1, define_options, run_create,
    "Start a transient network" },
  { "undefine", NULL, "NETWORK", CLI_ARG_NETWORK, 1, 1, NULL, run_undefine,
    "Remove the definition" },
  { "autostart", NULL, "NETWORK", CLI_ARG_NETWORK, 1, 1, autostart_options, run_autostart,
    "Start the network with the host" },
  { "xml", "dumpxml", "NETWORK", CLI_ARG_NETWORK, 1, 1, xml_options, run_xml,
    "Print the definition" },
  { "edit", NULL, "NETWORK", CLI_ARG_NETWORK, 1, 1, NULL, run_edit, "Edit the definition" },
  { "leases", "dhcp-leases", "NETWORK", CLI_ARG_NETWORK, 1, 1, leases_options, run_leases,
    "List the addresses that were given out" },
};

const CliGroup cli_network_group = { "network", "net", "net-", verbs, G_N_ELEMENTS (verbs),
                                     "virtual networks" };
