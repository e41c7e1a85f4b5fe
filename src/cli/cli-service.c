/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl connection …, job …, service …: what is not about one kind of guest object. */
#include "cli.h"

#include <string.h>

#define EMPTY g_variant_new ("(a{sv})", NULL)

/* GetManagedObjects, cut to those that have @interface: an a{oa{sv}}. */
static GVariant *
get_objects (CliContext *context, const char *interface, GError **error)
{
  g_autoptr (GVariant) reply
      = cli_call (context, CLI_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                  "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", error);
  g_autoptr (GVariant) all = NULL;
  GVariantBuilder builder;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  if (reply == NULL)
    return NULL;
  all = g_variant_get_child_value (reply, 0);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sv}}"));
  g_variant_iter_init (&iter, all);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      g_autoptr (GVariant) properties
          = g_variant_lookup_value (interfaces, interface, G_VARIANT_TYPE_VARDICT);

      if (properties != NULL)
        g_variant_builder_add (&builder, "{o@a{sv}}", path, properties);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static int
list_objects (CliContext *context, const char *interface, const CliColumn *columns,
              gsize n_columns)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) objects = get_objects (context, interface, &error);

  if (objects == NULL)
    return cli_fail (error);
  if (context->json)
    return cli_print_json (objects);
  cli_print_table (objects, columns, n_columns);
  return 0;
}

static int
run_connection_list (CliContext *context, int argc, char **argv)
{
  static const CliColumn columns[] = {
    { "ID", "Id" }, { "DRIVER", "Driver" }, { "VERSION", "HypervisorVersion" }, { "URI", "Uri" },
  };

  return list_objects (context, CLI_IFACE ("Connection"), columns, G_N_ELEMENTS (columns));
}

static int
run_connection_info (CliContext *context, int argc, char **argv)
{
  g_autofree char *path = argc > 0 ? g_strdup_printf (CLI_ROOT_PATH "/connections/%s", argv[0])
                                   : cli_connection_path (context);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) properties = NULL;

  if (!g_variant_is_object_path (path))
    {
      g_printerr ("vireoctl: “%s” is not the id of a connection\n", argv[0]);
      return CLI_EXIT_USAGE;
    }
  properties = cli_get_all (context, path, CLI_IFACE ("Connection"), &error);
  if (properties == NULL)
    return cli_fail (error);
  if (context->json)
    return cli_print_json (properties);
  cli_print_properties (properties);
  return 0;
}

static int
run_connection_open (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = cli_call (context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "OpenConnection",
                  g_variant_new ("(sa{sv})", argv[0], NULL), "(o)", &error);
  const char *path;

  if (reply == NULL)
    return cli_fail (error);
  g_variant_get (reply, "(&o)", &path);
  g_print ("%s\n", path);
  return 0;
}

static int
run_capabilities (CliContext *context, int argc, char **argv)
{
  g_autofree char *path = cli_connection_path (context);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = cli_call (context, path, CLI_IFACE ("Connection"),
                                         "GetCapabilities", EMPTY, "(s)", &error);
  const char *text;

  if (reply == NULL)
    return cli_fail (error);
  g_variant_get (reply, "(&s)", &text);
  g_print ("%s", text);
  return 0;
}

static int
run_connection_reload (CliContext *context, int argc, char **argv)
{
  g_autofree char *path = cli_connection_path (context);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = cli_call (context, path, CLI_IFACE ("Connection"), "Reload", EMPTY, NULL, &error);

  return reply != NULL ? 0 : cli_fail (error);
}

static int
run_job_list (CliContext *context, int argc, char **argv)
{
  static const CliColumn columns[] = {
    { "OPERATION", "Operation" },
    { "PROGRESS", "Progress" },
    { "UID", "StartedByUid" },
    { "OBJECTS", "Objects" },
  };

  return list_objects (context, CLI_IFACE ("Job"), columns, G_N_ELEMENTS (columns));
}

/* A job by its own path or number, or that of the domain that is named. */
static char *
find_job (CliContext *context, const char *word, GError **error)
{
  g_autofree char *domain = NULL;
  g_autoptr (GVariant) properties = NULL;
  char *path = NULL;

  if (word[0] == '/' && g_variant_is_object_path (word))
    return g_strdup (word);
  if (word[0] != '\0' && strspn (word, "0123456789") == strlen (word))
    return g_strconcat (CLI_ROOT_PATH "/jobs/", word, NULL);
  domain = cli_find_object (context, "Domain", word, error);
  if (domain == NULL)
    return NULL;
  properties = cli_get_all (context, domain, CLI_IFACE ("Domain"), error);
  if (properties == NULL)
    return NULL;
  if (!g_variant_lookup (properties, "CurrentJob", "o", &path) || g_str_equal (path, "/"))
    {
      g_free (path);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no job works on “%s”", word);
      return NULL;
    }
  return path;
}

static int
run_job_cancel (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find_job (context, argv[0], &error);
  g_autoptr (GVariant) reply = NULL;

  if (path != NULL)
    reply = cli_call (context, path, CLI_IFACE ("Job"), "Cancel", EMPTY, NULL, &error);
  return reply != NULL ? 0 : cli_fail (error);
}

static int
run_job_info (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find_job (context, argv[0], &error);
  g_autoptr (GVariant) properties
      = path != NULL ? cli_get_all (context, path, CLI_IFACE ("Job"), &error) : NULL;

  if (properties == NULL)
    return cli_fail (error);
  if (context->json)
    return cli_print_json (properties);
  cli_print_properties (properties);
  return 0;
}

static int
run_reload (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = cli_call (context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "Reload", EMPTY, NULL, &error);

  return reply != NULL ? 0 : cli_fail (error);
}

static int
run_check (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GVariant) reply = NULL;
  gboolean authorized = FALSE;
  gboolean challenge = FALSE;

  if (argc < 2)
    path = cli_connection_path (context);
  else
    path = cli_find_object (context, g_str_has_prefix (argv[0], "network.") ? "Network" : "Domain",
                            argv[1], &error);
  if (path != NULL)
    reply = cli_call (context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "CheckAuthorization",
                      g_variant_new ("(soa{sv})", argv[0], path, NULL), "(bb)", &error);
  if (reply == NULL)
    return cli_fail (error);
  g_variant_get (reply, "(bb)", &authorized, &challenge);
  g_print ("%s\n", authorized ? "yes" : challenge ? "after authentication" : "no");
  return authorized ? 0 : CLI_EXIT_FAILURE;
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *args, gpointer data)
{
  const CliContext *context = data;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%T.%f");
  g_autofree char *text = NULL;
  const char *name = strrchr (interface, '.');

  if (context->json)
    {
      cli_print_json (g_variant_new ("(ssss@*)", time, path, interface, signal, args));
      return;
    }
  text = g_variant_print (args, FALSE);
  g_print ("%s %s %s.%s %s\n", time, path, name != NULL ? name + 1 : interface, signal, text);
}

static void
on_gone (GDBusConnection *bus, const char *name, gpointer loop)
{
  g_printerr ("vireoctl: the service left the bus\n");
  g_main_loop_quit (loop);
}

static int
run_watch (CliContext *context, int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  GDBusConnection *bus = cli_bus (context, &error);
  g_autoptr (GVariant) reply = NULL;

  if (bus == NULL)
    return cli_fail (error);
  g_dbus_connection_signal_subscribe (bus, CLI_BUS_NAME, NULL, NULL, NULL, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, context, NULL);
  reply = cli_call (context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "Subscribe", EMPTY, NULL,
                    &error);
  if (reply == NULL)
    return cli_fail (error);
  g_bus_watch_name_on_connection (bus, CLI_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_gone,
                                  loop, NULL);
  g_main_loop_run (loop);
  return CLI_EXIT_FAILURE;
}

static const CliVerb connection_verbs[] = {
  { "list", "ls", "", CLI_ARG_NONE, 0, 0, NULL, run_connection_list, "List open connections" },
  { "info", "show", "[ID]", CLI_ARG_CONNECTION, 0, 1, NULL, run_connection_info,
    "Show all properties" },
  { "open", NULL, "URI", CLI_ARG_NONE, 1, 1, NULL, run_connection_open, "Open a connection" },
  { "capabilities", NULL, "", CLI_ARG_NONE, 0, 0, NULL, run_capabilities,
    "Print what the host can run" },
  { "reload", NULL, "", CLI_ARG_NONE, 0, 0, NULL, run_connection_reload,
    "Read this connection's definitions again" },
};

static const CliVerb job_verbs[] = {
  { "list", "ls", "", CLI_ARG_NONE, 0, 0, NULL, run_job_list, "List the work that goes on" },
  { "info", "show", "JOB|DOMAIN", CLI_ARG_JOB, 1, 1, NULL, run_job_info, "Show all properties" },
  { "cancel", "abort", "JOB|DOMAIN", CLI_ARG_JOB, 1, 1, NULL, run_job_cancel, "Cancel a job" },
};

static const CliVerb manager_verbs[] = {
  { "watch", "event", "", CLI_ARG_NONE, 0, 0, NULL, run_watch, "Print signals as they come" },
  { "check", NULL, "PERMISSION [OBJECT]", CLI_ARG_NONE, 1, 2, NULL, run_check,
    "Say whether you may, such as: check domain.start vm1" },
  { "reload", NULL, "", CLI_ARG_NONE, 0, 0, NULL, run_reload, "Read all definitions again" },
};

const CliGroup cli_connection_group
    = { "connection", "conn", NULL, connection_verbs, G_N_ELEMENTS (connection_verbs),
        "hypervisors" };
const CliGroup cli_job_group
    = { "job", NULL, NULL, job_verbs, G_N_ELEMENTS (job_verbs), "work that goes on" };
const CliGroup cli_manager_group = { "service", "manager", NULL, manager_verbs,
                                     G_N_ELEMENTS (manager_verbs), "the service as a whole" };
