/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals as lines. */
#include "cli.h"

#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *opt_signal;
static char **opt_event;
static int opt_count, opt_timeout;
static gboolean opt_all, opt_loop;

const GOptionEntry cli_watch_options[] = {
  { "signal", 0, 0, G_OPTION_ARG_STRING, &opt_signal, "Only signals of this name", "NAME" },
  { "count", 0, 0, G_OPTION_ARG_INT, &opt_count, "End after so many signals", "NUMBER" },
  { "timeout", 0, 0, G_OPTION_ARG_INT, &opt_timeout, "End after so long, and fail", "SECONDS" },
  { "all", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_all, NULL, NULL },
  { "loop", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_loop, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_monitor_options[] = {
  { "event", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_event,
    "Only events that match: * stands for any letters, ? for one", "PATTERN" },
  { "count", 0, 0, G_OPTION_ARG_INT, &opt_count, "End after so many events", "NUMBER" },
  { "timeout", 0, 0, G_OPTION_ARG_INT, &opt_timeout, "End after so long, and fail", "SECONDS" },
  { "loop", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_loop, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

typedef struct
{
  CliContext *context;
  GMainLoop *loop;
  GPtrArray *paths; /* of objects; empty for all */
  int seen;
  int status;
} Watcher;

static const char *
last_part (const char *interface)
{
  const char *dot = strrchr (interface, '.');

  return dot != NULL ? dot + 1 : interface;
}

/* Whether @path is one of those that were asked for, or below it, as a domain's snapshots are. */
static gboolean
is_wanted (const Watcher *watcher, const char *path)
{
  for (guint i = 0; i < watcher->paths->len; i++)
    {
      const char *wanted = watcher->paths->pdata[i];
      gsize length = strlen (wanted);

      if (strncmp (path, wanted, length) == 0 && (path[length] == '\0' || path[length] == '/'))
        return TRUE;
    }
  return watcher->paths->len == 0;
}

/* An object that comes or goes is told by the manager of all. */
static char *
object_of (const char *path, const char *interface, GVariant *args)
{
  char *object = NULL;

  if (g_str_equal (interface, "org.freedesktop.DBus.ObjectManager"))
    g_variant_get_child (args, 0, "o", &object);
  return object != NULL ? object : g_strdup (path);
}

/* The arguments by their names, as far as they are known. */
static GVariant *
arguments_of (const char *interface, const char *signal, GVariant *args)
{
  const CliField *fields = cli_signal_find (last_part (interface), signal);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < g_variant_n_children (args); i++)
    {
      g_autoptr (GVariant) value = g_variant_get_child_value (args, i);
      g_autofree char *number = g_strdup_printf ("%" G_GSIZE_FORMAT, i);

      g_variant_dict_insert_value (
          &dict, i < cli_fields_count (fields) ? fields[i].name : number, value);
    }
  return g_variant_dict_end (&dict);
}

static void
print_as_json (const char *time, const char *path, const char *interface, const char *signal,
               GVariant *args)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "time", "s", time);
  g_variant_dict_insert (&dict, "path", "o", path);
  g_variant_dict_insert (&dict, "interface", "s", interface);
  g_variant_dict_insert (&dict, "signal", "s", signal);
  g_variant_dict_insert_value (&dict, "arguments", arguments_of (interface, signal, args));
  cli_print_json_line (g_variant_dict_end (&dict));
}

/* virsh's "block-job" is "BlockJob". */
static gboolean
is_name_of (const char *name, const char *wanted)
{
  g_auto (GStrv) parts = g_strsplit (wanted, "-", -1);
  g_autofree char *plain = g_strjoinv ("", parts);

  return g_ascii_strcasecmp (name, plain) == 0;
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *args, gpointer data)
{
  Watcher *watcher = data;
  g_autofree char *object = object_of (path, interface, args);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = NULL;
  g_autofree char *text = NULL;

  /* What goes to libvirt's clients, too, says the same once more. */
  if (!g_str_has_prefix (path, CLI_ROOT_PATH) || !is_wanted (watcher, object)
      || (opt_signal != NULL && !is_name_of (signal, opt_signal)))
    return;
  if (watcher->context->json)
    {
      time = g_date_time_format_iso8601 (now);
      print_as_json (time, path, interface, signal, args);
    }
  else
    {
      time = g_date_time_format (now, "%T.%f");
      text = g_variant_print (args, FALSE);
      g_print ("%s %s %s.%s %s\n", time, path, last_part (interface), signal, text);
    }
  /* Who reads a pipe wants each line when it comes. */
  fflush (stdout);
  if (++watcher->seen == opt_count)
    g_main_loop_quit (watcher->loop);
}

static void
on_gone (GDBusConnection *bus, const char *name, gpointer data)
{
  Watcher *watcher = data;

  g_printerr ("vireoctl: the service left the bus\n");
  watcher->status = CLI_EXIT_FAILURE;
  g_main_loop_quit (watcher->loop);
}

static gboolean
on_interrupt (gpointer data)
{
  Watcher *watcher = data;

  g_main_loop_quit (watcher->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_timeout (gpointer data)
{
  Watcher *watcher = data;

  watcher->status = CLI_EXIT_FAILURE;
  g_main_loop_quit (watcher->loop);
  return G_SOURCE_CONTINUE;
}

/* Nobody reads any more what is printed, such as "head" that has its lines. */
static gboolean
on_output_gone (int fd, GIOCondition condition, gpointer data)
{
  g_main_loop_quit (((Watcher *) data)->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
find_paths (CliCall *call, GPtrArray *paths, GError **error)
{
  for (int i = 0; i < call->n_words; i++)
    {
      const char *word = call->words[i];
      char *path = cli_kind_find_object (call->context, cli_kind_find ("Domain"),
                                         (const char *const[]){ word, NULL }, error);

      if (path == NULL)
        return FALSE;
      g_ptr_array_add (paths, path);
    }
  return TRUE;
}

static void
add_sources (Watcher *watcher, GArray *ids)
{
  guint id = g_unix_signal_add (SIGINT, on_interrupt, watcher);

  g_array_append_val (ids, id);
  id = g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, on_output_gone, watcher);
  g_array_append_val (ids, id);
  if (opt_timeout > 0)
    {
      id = g_timeout_add_seconds ((guint) opt_timeout, on_timeout, watcher);
      g_array_append_val (ids, id);
    }
}

/* What monitors say is only for those who ask for it, by domain and by event. */
static GVariant *
monitor_options (GPtrArray *paths)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (paths->len > 0)
    g_variant_dict_insert_value (&dict, "domains",
                                 g_variant_new_objv ((const char *const *) paths->pdata,
                                                     (gssize) paths->len));
  if (opt_event != NULL)
    g_variant_dict_insert (&dict, "events", "^as", opt_event);
  return g_variant_dict_end (&dict);
}

static GVariant *
subscribe (CliCall *call, GPtrArray *paths, GError **error)
{
  const char *member = call->verb->member;
  g_autofree char *connection = NULL;

  if (!g_str_has_prefix (member, "Connection."))
    return cli_call (call->context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "Subscribe",
                     g_variant_new ("(a{sv})", NULL), NULL, error);
  connection = cli_connection_path (call->context);
  return cli_call (call->context, connection, CLI_IFACE ("Connection"), strchr (member, '.') + 1,
                   g_variant_new ("(@a{sv})", monitor_options (paths)), NULL, error);
}

int
cli_run_watch (CliCall *call)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GError) error = NULL;
  GDBusConnection *bus = cli_bus (call->context, &error);
  g_autoptr (GVariant) reply = NULL;
  Watcher watcher = { call->context, loop, paths, 0, 0 };
  guint signals, name;

  if (bus == NULL || !find_paths (call, paths, &error))
    return cli_fail (error);
  signals = g_dbus_connection_signal_subscribe (bus, CLI_BUS_NAME, NULL, NULL, NULL, NULL,
                                                G_DBUS_SIGNAL_FLAGS_NONE, on_signal, &watcher,
                                                NULL);
  reply = subscribe (call, paths, &error);
  if (reply == NULL)
    return cli_fail (error);
  name = g_bus_watch_name_on_connection (bus, CLI_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                         on_gone, &watcher, NULL);
  add_sources (&watcher, ids);
  g_main_loop_run (loop);
  for (guint i = 0; i < ids->len; i++)
    g_source_remove (g_array_index (ids, guint, i));
  g_bus_unwatch_name (name);
  g_dbus_connection_signal_unsubscribe (bus, signals);
  return watcher.status;
}
