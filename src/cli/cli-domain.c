/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl domain … */
#include "cli.h"

#include <gio/gunixfdlist.h>
#include <stdlib.h>
#include <unistd.h>

#define KIND "Domain"
#define EMPTY g_variant_new ("(a{sv})", NULL)

static gboolean opt_all, opt_inactive, opt_active, opt_name, opt_failed, opt_autostart;
static gboolean opt_paused, opt_console, opt_wait, opt_graceful, opt_force, opt_disable;
static gboolean opt_secure, opt_migratable, opt_validate, opt_reason;
static char *opt_state;

static const GOptionEntry list_options[] = {
  { "all", 'a', 0, G_OPTION_ARG_NONE, &opt_all, "Active and inactive ones (the default)", NULL },
  { "active", 0, 0, G_OPTION_ARG_NONE, &opt_active, "Only active ones", NULL },
  { "inactive", 0, 0, G_OPTION_ARG_NONE, &opt_inactive, "Only inactive ones", NULL },
  { "state", 0, 0, G_OPTION_ARG_STRING, &opt_state, "Only those in this state", "STATE" },
  { "autostart", 0, 0, G_OPTION_ARG_NONE, &opt_autostart, "Only those that start with the host",
    NULL },
  { "post-parse-failed", 0, 0, G_OPTION_ARG_NONE, &opt_failed,
    "Only those whose definition waits for something that the host lacks", NULL },
  { "name", 0, 0, G_OPTION_ARG_NONE, &opt_name, "Print names only", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry start_options[] = {
  { "paused", 'p', 0, G_OPTION_ARG_NONE, &opt_paused, "Do not let the guest run yet", NULL },
  { "console", 0, 0, G_OPTION_ARG_NONE, &opt_console, "Open the console then", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry create_options[] = {
  { "paused", 'p', 0, G_OPTION_ARG_NONE, &opt_paused, "Do not let the guest run yet", NULL },
  { "validate", 0, 0, G_OPTION_ARG_NONE, &opt_validate, "Refuse what is not known", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry define_options[] = {
  { "validate", 0, 0, G_OPTION_ARG_NONE, &opt_validate, "Refuse what is not known", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry shutdown_options[] = {
  { "wait", 'w', 0, G_OPTION_ARG_NONE, &opt_wait, "Return when the domain is off", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry destroy_options[] = {
  { "graceful", 0, 0, G_OPTION_ARG_NONE, &opt_graceful,
    "Fail rather than kill a hypervisor that does not stop", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry autostart_options[] = {
  { "disable", 0, 0, G_OPTION_ARG_NONE, &opt_disable, "Do not start with the host", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry xml_options[] = {
  { "secure", 0, 0, G_OPTION_ARG_NONE, &opt_secure, "With passwords", NULL },
  { "security-info", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_secure, NULL, NULL },
  { "inactive", 0, 0, G_OPTION_ARG_NONE, &opt_inactive, "What the next start will use", NULL },
  { "migratable", 0, 0, G_OPTION_ARG_NONE, &opt_migratable, "Fit for another host", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry console_options[] = {
  { "force", 0, 0, G_OPTION_ARG_NONE, &opt_force, "Take it over from whoever has it open", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry state_options[] = {
  { "reason", 0, 0, G_OPTION_ARG_NONE, &opt_reason, "Print why, too", NULL },
  G_OPTION_ENTRY_NULL,
};

static const CliColumn list_columns[] = {
  { "NAME", "Name" },
  { "STATE", "State" },
  { "AUTOSTART", "Autostart" },
  { "PERSISTENT", "Persistent" },
  { "UUID", "Uuid" },
};

static int
run_list (CliContext *context, int argc, char **argv)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (opt_active != opt_inactive)
    g_variant_dict_insert (&options, "active", "b", opt_active);
  if (opt_autostart)
    g_variant_dict_insert (&options, "autostart", "b", TRUE);
  if (opt_failed)
    g_variant_dict_insert (&options, "post-parse-failed", "b", TRUE);
  if (opt_state != NULL)
    g_variant_dict_insert (&options, "state", "s", opt_state);
  return cli_object_list (context, KIND, g_variant_dict_end (&options), list_columns,
                          G_N_ELEMENTS (list_columns), opt_name);
}

static int
run_info (CliContext *context, int argc, char **argv)
{
  return cli_object_info (context, KIND, argv[0]);
}

static int
run_console (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "force", &opt_force } };
  g_autoptr (GVariant) options = g_variant_ref_sink (cli_options (flags, 1));
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, KIND, argv[0], &error);
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  int fd = -1;

  if (path != NULL)
    reply = cli_call_with_fds (context, path, CLI_IFACE (KIND), "OpenConsole",
                               g_variant_new ("(s@a{sv})", argc > 1 ? argv[1] : "", options),
                               "(h)", &fds, &error);
  if (reply != NULL && fds != NULL)
    fd = g_unix_fd_list_get (fds, 0, &error);
  if (fd < 0)
    {
      if (error == NULL)
        g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED,
                             "the console did not come with the reply; over ssh it cannot");
      return cli_fail (error);
    }
  if (!cli_console_run (fd, &error))
    return cli_fail (error);
  return 0;
}

static int
run_start (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "paused", &opt_paused } };
  int status = cli_object_call (context, KIND, argv[0], "Start",
                                g_variant_new ("(@a{sv})", cli_options (flags, 1)));

  return status == 0 && opt_console ? run_console (context, 1, argv) : status;
}

typedef struct
{
  GMainLoop *loop;
} Wait;

static gboolean
is_off (const char *state)
{
  return g_str_equal (state, "shutoff") || g_str_equal (state, "crashed");
}

static void
on_properties (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
               const char *signal, GVariant *args, gpointer data)
{
  g_autoptr (GVariant) changed = g_variant_get_child_value (args, 1);
  const char *state = NULL;
  Wait *wait = data;

  if (g_variant_lookup (changed, "State", "&s", &state) && is_off (state))
    g_main_loop_quit (wait->loop);
}

/* A transient domain's object goes when the domain does. */
static void
on_removed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *args, gpointer data)
{
  Wait *wait = data;

  g_main_loop_quit (wait->loop);
}

static gboolean
subscribe (CliContext *context, const char *path, Wait *wait, GError **error)
{
  GDBusConnection *bus = cli_bus (context, error);
  g_autoptr (GVariant) reply = NULL;

  if (bus == NULL)
    return FALSE;
  g_dbus_connection_signal_subscribe (bus, CLI_BUS_NAME, "org.freedesktop.DBus.Properties",
                                      "PropertiesChanged", path, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                      on_properties, wait, NULL);
  g_dbus_connection_signal_subscribe (bus, CLI_BUS_NAME, "org.freedesktop.DBus.ObjectManager",
                                      "InterfacesRemoved", CLI_ROOT_PATH, path,
                                      G_DBUS_SIGNAL_FLAGS_MATCH_ARG0_PATH, on_removed, wait, NULL);
  reply = cli_call (context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "Subscribe", EMPTY, NULL, error);
  return reply != NULL;
}

/* Subscribes before it asks, so that a guest that is quick is not missed. */
static int
run_shutdown (CliContext *context, int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, KIND, argv[0], &error);
  g_autoptr (GVariant) reply = NULL;
  Wait wait = { loop };

  if (path == NULL || (opt_wait && !subscribe (context, path, &wait, &error)))
    return cli_fail (error);
  reply = cli_call (context, path, CLI_IFACE (KIND), "Shutdown", EMPTY, NULL, &error);
  if (reply == NULL)
    return cli_fail (error);
  if (opt_wait)
    g_main_loop_run (loop);
  return 0;
}

static int
run_destroy (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "graceful", &opt_graceful } };

  return cli_object_call (context, KIND, argv[0], "Destroy",
                          g_variant_new ("(@a{sv})", cli_options (flags, 1)));
}

static int
run_reboot (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Reboot", EMPTY);
}

static int
run_reset (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Reset", EMPTY);
}

static int
run_suspend (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Suspend", EMPTY);
}

static int
run_resume (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Resume", EMPTY);
}

static int
run_undefine (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Undefine", EMPTY);
}

static int
run_rerun (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "RerunPostParse", EMPTY);
}

static int
run_rename (CliContext *context, int argc, char **argv)
{
  return cli_object_call (context, KIND, argv[0], "Rename",
                          g_variant_new ("(sa{sv})", argv[1], NULL));
}

static int
run_define (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "validate", &opt_validate } };

  return cli_object_define (context, "DefineDomain", argv[0], cli_options (flags, 1));
}

static int
run_create (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "validate", &opt_validate }, { "paused", &opt_paused } };

  return cli_object_define (context, "CreateDomain", argv[0], cli_options (flags, 2));
}

static int
run_autostart (CliContext *context, int argc, char **argv)
{
  return cli_object_autostart (context, KIND, argv[0], !opt_disable);
}

static int
run_xml (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[]
      = { { "secure", &opt_secure }, { "inactive", &opt_inactive },
          { "migratable", &opt_migratable } };

  return cli_object_print_xml (context, KIND, argv[0],
                               cli_options (flags, G_N_ELEMENTS (flags)));
}

static int
run_edit (CliContext *context, int argc, char **argv)
{
  return cli_object_edit (context, KIND, argv[0]);
}

static GVariant *
get_properties (CliContext *context, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, KIND, word, &error);
  GVariant *properties
      = path != NULL ? cli_get_all (context, path, CLI_IFACE (KIND), &error) : NULL;

  if (properties == NULL)
    cli_fail (error);
  return properties;
}

static int
run_state (CliContext *context, int argc, char **argv)
{
  g_autoptr (GVariant) properties = get_properties (context, argv[0]);
  const char *state = "";
  const char *reason = "";

  if (properties == NULL)
    return CLI_EXIT_FAILURE;
  g_variant_lookup (properties, "State", "&s", &state);
  g_variant_lookup (properties, "StateReason", "&s", &reason);
  if (opt_reason)
    g_print ("%s (%s)\n", state, reason);
  else
    g_print ("%s\n", state);
  return 0;
}

static int
print_property (CliContext *context, const char *word, const char *name)
{
  g_autoptr (GVariant) properties = get_properties (context, word);
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  if (properties == NULL)
    return CLI_EXIT_FAILURE;
  value = g_variant_lookup_value (properties, name, NULL);
  if (value == NULL)
    return CLI_EXIT_FAILURE;
  text = g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32)
             ? g_strdup_printf ("%u", g_variant_get_uint32 (value))
             : cli_value_to_string (value);
  g_print ("%s\n", text);
  return 0;
}

static int
run_uuid (CliContext *context, int argc, char **argv)
{
  return print_property (context, argv[0], "Uuid");
}

static int
run_id (CliContext *context, int argc, char **argv)
{
  return print_property (context, argv[0], "Id");
}

static int
run_name (CliContext *context, int argc, char **argv)
{
  return print_property (context, argv[0], "Name");
}

static int
run_problems (CliContext *context, int argc, char **argv)
{
  g_autoptr (GVariant) properties = get_properties (context, argv[0]);
  g_autoptr (GVariant) problems = NULL;
  const char *phase, *code, *device, *resource;
  GVariant *details;
  GVariantIter iter;

  if (properties == NULL)
    return CLI_EXIT_FAILURE;
  problems = g_variant_lookup_value (properties, "PostParseProblems", NULL);
  if (problems == NULL)
    return CLI_EXIT_FAILURE;
  if (context->json)
    return cli_print_json (problems);
  g_variant_iter_init (&iter, problems);
  while (g_variant_iter_loop (&iter, "(&s&s&s&s@a{sv})", &phase, &code, &device, &resource,
                              &details))
    {
      const char *message = "";

      g_variant_lookup (details, "message", "&s", &message);
      g_print ("%s: %s%s%s: %s (missing: %s)\n", phase, code, *device != '\0' ? " of " : "", device,
               message, *resource != '\0' ? resource : "-");
    }
  return 0;
}

static const CliVerb verbs[] = {
  { "list", "ls", "", CLI_ARG_NONE, 0, 0, list_options, run_list, "List domains" },
  { "info", "show dominfo", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_info,
    "Show all properties" },
  { "start", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, start_options, run_start,
    "Start an inactive domain" },
  { "shutdown", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, shutdown_options, run_shutdown,
    "Ask the guest to power off" },
  { "reboot", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_reboot,
    "Ask the guest to restart" },
  { "reset", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_reset, "Reset the machine at once" },
  { "destroy", "stop", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, destroy_options, run_destroy,
    "Stop the domain at once" },
  { "suspend", "pause", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_suspend,
    "Stop the guest's processors" },
  { "resume", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_resume,
    "Let a suspended guest run" },
  { "console", NULL, "DOMAIN [DEVICE]", CLI_ARG_DOMAIN, 1, 2, console_options, run_console,
    "Open the text console; Ctrl+] leaves it" },
  { "define", NULL, "FILE", CLI_ARG_FILE, 1, 1, define_options, run_define,
    "Define a domain, or replace its definition" },
  { "create", NULL, "FILE", CLI_ARG_FILE, 1, 1, create_options, run_create,
    "Start a transient domain" },
  { "undefine", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_undefine,
    "Remove the definition" },
  { "rename", "domrename", "DOMAIN NAME", CLI_ARG_DOMAIN, 2, 2, NULL, run_rename,
    "Give an inactive domain a new name" },
  { "autostart", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, autostart_options, run_autostart,
    "Start the domain with the host" },
  { "xml", "dumpxml", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, xml_options, run_xml,
    "Print the definition" },
  { "edit", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_edit, "Edit the definition" },
  { "state", "domstate", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, state_options, run_state,
    "Print the state" },
  { "uuid", "domuuid", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_uuid, "Print the UUID" },
  { "id", "domid", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_id, "Print the id; 0 if inactive" },
  { "name", "domname", "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_name, "Print the name" },
  { "problems", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_problems,
    "Say what the definition waits for" },
  { "rerun-post-parse", NULL, "DOMAIN", CLI_ARG_DOMAIN, 1, 1, NULL, run_rerun,
    "Complete the definition again" },
};

const CliGroup cli_domain_group = { "domain", "dom", "dom-", verbs, G_N_ELEMENTS (verbs),
                                    "virtual machines and containers" };
