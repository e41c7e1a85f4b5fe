/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli-domain.h"

#define EMPTY g_variant_new ("(a{sv})", NULL)

static gboolean opt_console, opt_wait, opt_reason;

const GOptionEntry cli_start_options[] = {
  { "console", 0, 0, G_OPTION_ARG_NONE, &opt_console, "Open the console then", NULL },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_shutdown_options[] = {
  { "wait", 'w', 0, G_OPTION_ARG_NONE, &opt_wait, "Return when the domain is off", NULL },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_state_options[] = {
  { "reason", 0, 0, G_OPTION_ARG_NONE, &opt_reason, "Print why, too", NULL },
  G_OPTION_ENTRY_NULL,
};

/* ---- waiting until a guest is off ---- */

typedef struct
{
  GMainLoop *loop;
  gboolean is_off;
} Wait;

static void
on_off (Wait *wait)
{
  wait->is_off = TRUE;
  g_main_loop_quit (wait->loop);
}

static gboolean
is_off (const char *state)
{
  static const char *const off[] = { "shutoff", "crashed", NULL };

  return g_strv_contains (off, state);
}

static void
on_properties (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
               const char *signal, GVariant *args, gpointer data)
{
  g_autoptr (GVariant) changed = g_variant_get_child_value (args, 1);
  const char *state = NULL;

  if (g_variant_lookup (changed, "State", "&s", &state) && is_off (state))
    on_off (data);
}

/* A transient domain's object goes when the domain does. */
static void
on_removed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *args, gpointer data)
{
  on_off (data);
}

/* Nobody tells any more what becomes of the guest. */
static void
on_service_gone (GDBusConnection *bus, const char *name, gpointer data)
{
  g_main_loop_quit (((Wait *) data)->loop);
}

/* @meant: of the guest, for the message: what was to become of it */
static int
wait_until_off (CliContext *context, Wait *wait, const char *meant)
{
  guint id = g_bus_watch_name_on_connection (context->bus, CLI_BUS_NAME,
                                             G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_service_gone,
                                             wait, NULL);

  g_main_loop_run (wait->loop);
  g_bus_unwatch_name (id);
  if (wait->is_off)
    return 0;
  g_printerr ("vireoctl: the service ended while the guest was waited for, which %s\n", meant);
  return CLI_EXIT_FAILURE;
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

/* ---- start and create ---- */

static int
open_console (CliCall *call, char *path)
{
  const CliVerb *verb = cli_group_find_verb (&cli_domain_group, "console");
  g_autoptr (CliOptions) options = cli_options_new (verb);
  CliCall console = *call;
  char *words[] = { path, NULL };

  console.verb = verb;
  console.words = words;
  console.n_words = 1;
  console.options = options;
  return cli_run_console (&console);
}

/* A domain that goes with who started it has somebody who stays. */
static int
stay (CliCall *call, const char *path)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Wait wait = { loop, FALSE };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) properties = NULL;
  const char *state = NULL;

  if (!subscribe (call->context, path, &wait, &error))
    return cli_fail (error);
  /* It may have been quick. */
  properties = cli_get_all (call->context, path, CLI_IFACE ("Domain"), NULL);
  if (properties == NULL
      || (g_variant_lookup (properties, "State", "&s", &state) && is_off (state)))
    return 0;
  return wait_until_off (call->context, &wait, "was to be destroyed with this command");
}

int
cli_run_start (CliCall *call)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int status = cli_run_call_for (call, &reply);

  if (status != 0)
    return status;
  if (!opt_console && !cli_options_is_on (call->options, "autodestroy"))
    return 0;
  if (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(o)")))
    g_variant_get (reply, "(o)", &path);
  else
    path = cli_call_path (call, &error);
  if (path == NULL)
    return cli_fail (error);
  return opt_console ? open_console (call, path) : stay (call, path);
}

/* ---- shutdown --wait ---- */

/* Subscribes before it asks, so that a guest that is quick is not missed. */
int
cli_run_shutdown (CliCall *call)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Wait wait = { loop, FALSE };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (path == NULL || (opt_wait && !subscribe (call->context, path, &wait, &error)))
    return cli_fail (error);
  args = cli_call_arguments (call, cli_verb_member (call->verb), NULL, &error);
  if (args != NULL)
    reply = cli_call (call->context, path, CLI_IFACE ("Domain"), "Shutdown", args, NULL, &error);
  if (reply == NULL)
    return cli_fail (error);
  return opt_wait ? wait_until_off (call->context, &wait, "was asked to power off") : 0;
}

/* ---- what a domain is ---- */

static GVariant *
get_properties (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  GVariant *properties
      = path != NULL ? cli_get_all (call->context, path, CLI_IFACE ("Domain"), &error) : NULL;

  if (properties == NULL)
    cli_fail (error);
  return properties;
}

int
cli_run_state (CliCall *call)
{
  g_autoptr (GVariant) properties = get_properties (call);
  const char *state = "";
  const char *reason = "";

  if (properties == NULL)
    return CLI_EXIT_FAILURE;
  g_variant_lookup (properties, "State", "&s", &state);
  g_variant_lookup (properties, "StateReason", "&s", &reason);
  if (call->context->json)
    return cli_print_json (g_variant_new ("(ss)", state, reason));
  if (opt_reason)
    g_print ("%s (%s)\n", state, reason);
  else
    g_print ("%s\n", state);
  return 0;
}

int
cli_run_problems (CliCall *call)
{
  g_autoptr (GVariant) properties = get_properties (call);
  g_autoptr (GVariant) problems = NULL;
  const char *phase, *code, *device, *resource;
  GVariant *details;
  GVariantIter iter;

  if (properties == NULL)
    return CLI_EXIT_FAILURE;
  problems = g_variant_lookup_value (properties, "PostParseProblems", NULL);
  if (problems == NULL)
    return CLI_EXIT_FAILURE;
  if (call->context->json)
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
