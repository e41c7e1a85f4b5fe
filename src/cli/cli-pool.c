/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl pool … */
#include "cli.h"

#define KIND "StoragePool"
#define EMPTY g_variant_new ("(a{sv})", NULL)

static gboolean opt_all, opt_inactive, opt_active, opt_name, opt_disable, opt_validate;
static gboolean opt_build, opt_overwrite, opt_no_overwrite;
static char *opt_type;

static const GOptionEntry list_options[] = {
  { "all", 'a', 0, G_OPTION_ARG_NONE, &opt_all, "Active and inactive ones (the default)", NULL },
  { "active", 0, 0, G_OPTION_ARG_NONE, &opt_active, "Only active ones", NULL },
  { "inactive", 0, 0, G_OPTION_ARG_NONE, &opt_inactive, "Only inactive ones", NULL },
  { "type", 0, 0, G_OPTION_ARG_STRING, &opt_type, "Only those of this type", "TYPE" },
  { "name", 0, 0, G_OPTION_ARG_NONE, &opt_name, "Print names only", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry define_options[] = {
  { "validate", 0, 0, G_OPTION_ARG_NONE, &opt_validate, "Refuse what is not known", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry create_options[] = {
  { "validate", 0, 0, G_OPTION_ARG_NONE, &opt_validate, "Refuse what is not known", NULL },
  { "build", 0, 0, G_OPTION_ARG_NONE, &opt_build, "Make what it needs first", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry start_options[] = {
  { "build", 0, 0, G_OPTION_ARG_NONE, &opt_build, "Make what it needs first", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry build_options[] = {
  { "overwrite", 0, 0, G_OPTION_ARG_NONE, &opt_overwrite, "Even over what is there", NULL },
  { "no-overwrite", 0, 0, G_OPTION_ARG_NONE, &opt_no_overwrite, "Fail when something is there",
    NULL },
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

static const CliColumn list_columns[] = {
  { "NAME", "Name" },           { "STATE", "State" },
  { "AUTOSTART", "Autostart" }, { "PERSISTENT", "Persistent" },
  { "CAPACITY", "Capacity" },   { "AVAILABLE", "Available" },
  { "TARGET", "TargetPath" },
};

static int
run_list (CliContext *context, int argc, char **argv)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (opt_active != opt_inactive)
    g_variant_dict_insert (&options, "active", "b", opt_active);
  if (opt_type != NULL)
    g_variant_dict_insert (&options, "type", "s", opt_type);
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
  const CliFlag flags[] = { { "build", &opt_build } };

  return cli_object_call (context, KIND, argv[0], "Start",
                          g_variant_new ("(@a{sv})", cli_options (flags, 1)));
}

static int
run_build (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[]
      = { { "overwrite", &opt_overwrite }, { "no-overwrite", &opt_no_overwrite } };

  return cli_object_call (context, KIND, argv[0], "Build",
                          g_variant_new ("(@a{sv})", cli_options (flags, 2)));
}

static int
run_destroy (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Destroy", EMPTY);
}

static int
run_delete (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Delete", EMPTY);
}

static int
run_undefine (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Undefine", EMPTY);
}

static int
run_refresh (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Refresh", EMPTY);
}

static int
run_define (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "validate", &opt_validate } };

  return cli_object_define (context, "DefineStoragePool", argv[0], cli_options (flags, 1));
}

static int
run_create (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "validate", &opt_validate }, { "build", &opt_build } };

  return cli_object_define (context, "CreateStoragePool", argv[0], cli_options (flags, 2));
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

static const CliVerb verbs[] = {
  { "list", "ls", "", CLI_ARG_NONE, 0, 0, list_options, run_list, "List storage pools" },
  { "info", "show", "POOL", CLI_ARG_POOL, 1, 1, NULL, run_info, "Show all properties" },
  { "start", NULL, "POOL", CLI_ARG_POOL, 1, 1, start_options, run_start, "Start an inactive pool" },
  { "destroy", "stop", "POOL", CLI_ARG_POOL, 1, 1, NULL, run_destroy,
    "Stop the pool; what is in it stays" },
  { "build", NULL, "POOL", CLI_ARG_POOL, 1, 1, build_options, run_build,
    "Make what the pool needs, such as its folder" },
  { "delete", NULL, "POOL", CLI_ARG_POOL, 1, 1, NULL, run_delete, "Remove what build made" },
  { "refresh", NULL, "POOL", CLI_ARG_POOL, 1, 1, NULL, run_refresh, "Look for its volumes anew" },
  { "define", NULL, "FILE", CLI_ARG_FILE, 1, 1, define_options, run_define,
    "Define a pool, or replace its definition" },
  { "create", NULL, "FILE", CLI_ARG_FILE, 1, 1, create_options, run_create,
    "Start a transient pool" },
  { "undefine", NULL, "POOL", CLI_ARG_POOL, 1, 1, NULL, run_undefine, "Remove the definition" },
  { "autostart", NULL, "POOL", CLI_ARG_POOL, 1, 1, autostart_options, run_autostart,
    "Start the pool with the host" },
  { "xml", "dumpxml", "POOL", CLI_ARG_POOL, 1, 1, xml_options, run_xml, "Print the definition" },
  { "edit", NULL, "POOL", CLI_ARG_POOL, 1, 1, NULL, run_edit, "Edit the definition" },
};

const CliGroup cli_pool_group
    = { "pool", "storage-pool", "pool-", verbs, G_N_ELEMENTS (verbs), "storage pools" };
