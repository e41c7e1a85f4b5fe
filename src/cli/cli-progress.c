/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that take their time: a bar on a terminal shows how far the work is, and Ctrl+C asks the
 * service to end it. */
#include "cli-help.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define MIN_BAR_WIDTH 4
#define PERCENT_WIDTH 6 /* " 100 %" */
#define DEFAULT_COLUMNS 80
#define CLEAR_TO_END "\033[K"
/* What is quick is done before anybody could read a bar. */
#define DELAY_MS 500

typedef struct
{
  CliContext *context;
  char *path;       /* (nullable): what the job works on */
  char *job;        /* (nullable): the job's path */
  GMainLoop *loop;
  guint subscription;
  guint signal_id;
  guint delay_id;
  gboolean shown; /* whether bars are to be drawn */
  gboolean drawn; /* whether there is one on the terminal */
  double progress;
  char *operation;
  char *state;
  GVariant *reply;
  GUnixFDList *fds;
  GError *error;
} Watch;

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  g_free (watch->path);
  g_free (watch->job);
  g_free (watch->operation);
  g_free (watch->state);
  g_clear_pointer (&watch->reply, g_variant_unref);
  g_clear_object (&watch->fds);
  g_clear_error (&watch->error);
}

/* Replies may come when nobody waits any more; each that is under way holds the watch. */
static void
watch_release (Watch *watch)
{
  g_rc_box_release_full (watch, watch_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Watch, watch_release)

static void
watch_quit (Watch *watch)
{
  if (watch->loop != NULL)
    g_main_loop_quit (watch->loop);
}

/* ---- the bar ---- */

/* A line that is longer than the terminal would go on in the next one, and stay there. What is less
 * needed is left out: the bar, then the end of what is done. */
static void
draw (Watch *watch)
{
  const char *operation = watch->operation != NULL ? watch->operation : "working";
  g_autoptr (GString) line = g_string_new (operation);
  int columns = cli_columns (STDERR_FILENO);
  int room = (columns > 0 ? columns : DEFAULT_COLUMNS) - 1 - PERCENT_WIDTH;
  int width = MIN (BAR_WIDTH, room - (int) strlen (operation) - 3);
  int full = (int) (CLAMP (watch->progress, 0, 1) * width);

  if (!watch->shown || watch->job == NULL)
    return;
  if (width < MIN_BAR_WIDTH)
    g_string_truncate (line, (gsize) CLAMP (room, 0, (int) line->len));
  else
    {
      g_string_append (line, " [");
      for (int i = 0; i < width; i++)
        g_string_append_c (line, i < full ? '#' : '.');
      g_string_append_c (line, ']');
    }
  g_printerr ("\r%s %3d %%" CLEAR_TO_END, line->str,
              (int) (CLAMP (watch->progress, 0, 1) * 100));
  watch->drawn = TRUE;
}

static gboolean
on_delay (gpointer data)
{
  Watch *watch = data;

  watch->delay_id = 0;
  watch->shown = TRUE;
  draw (watch);
  return G_SOURCE_REMOVE;
}

/* ---- the job ---- */

static void
take_properties (Watch *watch, GVariant *properties)
{
  const char *text = NULL;

  g_variant_lookup (properties, "Progress", "d", &watch->progress);
  if (g_variant_lookup (properties, "Operation", "&s", &text))
    {
      g_free (watch->operation);
      watch->operation = g_strdup (text);
    }
  if (g_variant_lookup (properties, "State", "&s", &text))
    {
      g_free (watch->state);
      watch->state = g_strdup (text);
    }
  draw (watch);
}

static void
on_job_properties (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (Watch) watch = data;

  if (reply == NULL || watch->loop == NULL)
    return;
  properties = g_variant_get_child_value (reply, 0);
  take_properties (watch, properties);
  if (g_strcmp0 (watch->state, "ready") == 0)
    watch_quit (watch);
}

static void
ask_job (Watch *watch)
{
  g_dbus_connection_call (watch->context->bus, CLI_BUS_NAME, watch->job,
                          "org.freedesktop.DBus.Properties", "GetAll",
                          g_variant_new ("(s)", CLI_IFACE ("Job")), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_job_properties,
                          g_rc_box_acquire (watch));
}

/* A change of what is worked on may name its job; one of the job tells how far it is. */
static void
on_properties (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
               const char *signal, GVariant *args, gpointer data)
{
  g_autoptr (GVariant) changed = g_variant_get_child_value (args, 1);
  Watch *watch = data;
  const char *job = NULL;

  if (watch->job != NULL && g_str_equal (path, watch->job))
    {
      take_properties (watch, changed);
      if (g_strcmp0 (watch->state, "ready") == 0)
        watch_quit (watch);
    }
  else if (watch->path != NULL && g_str_equal (path, watch->path) && watch->job == NULL
           && g_variant_lookup (changed, "CurrentJob", "&o", &job) && !g_str_equal (job, "/"))
    {
      watch->job = g_strdup (job);
      ask_job (watch);
    }
}

/* The second time it ends the command, whatever the service does. */
static gboolean
on_interrupt (gpointer data)
{
  Watch *watch = data;

  watch->signal_id = 0;
  if (watch->job == NULL)
    {
      watch->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
      watch_quit (watch);
      return G_SOURCE_REMOVE;
    }
  g_printerr ("\nasking the service to end it\n");
  g_dbus_connection_call (watch->context->bus, CLI_BUS_NAME, watch->job, CLI_IFACE ("Job"),
                          "Cancel", g_variant_new ("(a{sv})", NULL), NULL, G_DBUS_CALL_FLAGS_NONE,
                          -1, NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Watch) watch = data;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &fds, result, &error);

  if (watch->loop == NULL)
    return;
  watch->reply = g_steal_pointer (&reply);
  watch->fds = g_steal_pointer (&fds);
  watch->error = g_steal_pointer (&error);
  watch_quit (watch);
}

/* ---- waiting ---- */

static Watch *
watch_start (CliContext *context, const char *path, const char *job)
{
  Watch *watch = g_rc_box_new0 (Watch);

  watch->context = context;
  watch->path = g_strdup (path);
  watch->job = g_strdup (job);
  watch->loop = g_main_loop_new (NULL, FALSE);
  watch->subscription = g_dbus_connection_signal_subscribe (
      context->bus, CLI_BUS_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", NULL,
      NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_properties, watch, NULL);
  watch->signal_id = g_unix_signal_add (SIGINT, on_interrupt, watch);
  if (isatty (STDERR_FILENO))
    watch->delay_id = g_timeout_add (DELAY_MS, on_delay, watch);
  return watch;
}

static void
watch_run (Watch *watch)
{
  g_main_loop_run (watch->loop);
  if (watch->drawn)
    g_printerr ("\r" CLEAR_TO_END);
  g_dbus_connection_signal_unsubscribe (watch->context->bus, watch->subscription);
  g_clear_handle_id (&watch->signal_id, g_source_remove);
  g_clear_handle_id (&watch->delay_id, g_source_remove);
  g_clear_pointer (&watch->loop, g_main_loop_unref);
}

static void
call (Watch *watch, const char *path, const char *interface, const char *method, GVariant *args,
      GUnixFDList *fds)
{
  g_dbus_connection_call_with_unix_fd_list (
      watch->context->bus, CLI_BUS_NAME, path, interface, method, args, NULL,
      watch->context->ask_password ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                                   : G_DBUS_CALL_FLAGS_NONE,
      G_MAXINT, fds, NULL, on_reply, g_rc_box_acquire (watch));
}

/* Asks to be told of objects that not everybody may read. What follows is answered behind it. */
static void
subscribe (CliContext *context)
{
  g_dbus_connection_call (context->bus, CLI_BUS_NAME, CLI_ROOT_PATH, CLI_IFACE ("Manager"),
                          "Subscribe", g_variant_new ("(a{sv})", NULL), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

/* Calls a method that may take long. Its signals are wanted only when there is a terminal to
 * show something on. */
GVariant *
cli_call_watched (CliContext *context, const char *path, const char *interface, const char *method,
                  GVariant *args, GUnixFDList *fds, GUnixFDList **ret_fds, GError **error)
{
  g_autoptr (GVariant) held = args != NULL ? g_variant_ref_sink (args) : NULL;
  gboolean has_files = fds != NULL && g_unix_fd_list_get_length (fds) > 0;
  g_autoptr (Watch) watch = NULL;

  if (cli_bus (context, error) == NULL
      || ((has_files || ret_fds != NULL) && !cli_passes_files (context, error)))
    return NULL;
  watch = watch_start (context, path, NULL);
  if (isatty (STDERR_FILENO))
    subscribe (context);
  call (watch, path, interface, method, held,
        has_files ? fds : NULL);
  watch_run (watch);
  if (watch->error != NULL)
    {
      cli_explain (context, method, &watch->error);
      g_propagate_error (error, g_steal_pointer (&watch->error));
    }
  if (ret_fds != NULL)
    *ret_fds = g_steal_pointer (&watch->fds);
  return g_steal_pointer (&watch->reply);
}

/* ---- over a restart of the service ---- */

/* A service that is restarted is back in seconds; one that is not by then, is not restarted. */
#define COME_BACK_SECONDS 300

typedef struct
{
  GMainLoop *loop;
  gboolean is_back;
} Return;

static void
on_back (GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
  Return *awaited = data;

  awaited->is_back = TRUE;
  g_main_loop_quit (awaited->loop);
}

static void
on_bus_gone (GDBusConnection *bus, const char *name, gpointer data)
{
  Return *awaited = data;

  if (bus == NULL)
    g_main_loop_quit (awaited->loop);
}

static gboolean
on_too_late (gpointer data)
{
  g_main_loop_quit (((Return *) data)->loop);
  return G_SOURCE_CONTINUE;
}

/* Ctrl+C ends the command meanwhile, as it does when nothing is waited for. */
static gboolean
wait_for_service (CliContext *context)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Return awaited = { loop, FALSE };
  guint late_id = g_timeout_add_seconds (COME_BACK_SECONDS, on_too_late, &awaited);
  guint watch_id = g_bus_watch_name_on_connection (
      context->bus, CLI_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, on_back, on_bus_gone,
      &awaited, NULL);

  g_printerr ("%s\n", "the service has gone; waiting for it to come back");
  g_main_loop_run (loop);
  g_bus_unwatch_name (watch_id);
  g_source_remove (late_id);
  return awaited.is_back;
}

static gboolean
service_has_gone (const Watch *watch)
{
  static const GDBusError codes[]
      = { G_DBUS_ERROR_NO_REPLY, G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (watch->error, G_DBUS_ERROR, (gint) codes[i]))
      return !g_dbus_connection_is_closed (watch->context->bus);
  return FALSE;
}

static Watch *
follow_once (CliContext *context, const char *job)
{
  Watch *watch = watch_start (context, NULL, job);

  subscribe (context);
  ask_job (watch);
  call (watch, job, CLI_IFACE ("Job"), "Wait", g_variant_new ("(a{sv})", NULL), NULL);
  watch_run (watch);
  return watch;
}

/* Returns when @job has ended, or is ready: it keeps up then until somebody finishes it. A service
 * that ends meanwhile has the job at the same path when it is back. */
CliJobEnd
cli_job_follow (CliContext *context, const char *job, GError **error)
{
  g_autoptr (Watch) watch = NULL;

  if (cli_bus (context, error) == NULL)
    return CLI_JOB_FAILED;
  watch = follow_once (context, job);
  while (service_has_gone (watch) && wait_for_service (context))
    {
      watch_release (watch);
      watch = follow_once (context, job);
    }
  if (watch->reply != NULL)
    return CLI_JOB_DONE;
  if (watch->error == NULL)
    return CLI_JOB_READY;
  cli_explain (context, "Wait", &watch->error);
  g_propagate_error (error, g_steal_pointer (&watch->error));
  return CLI_JOB_FAILED;
}
