/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus, as the command uses it: it has nothing else to do, so its calls wait. */
#include "cli.h"

#include <gio/gunixfdlist.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What ssh (1) ends with when it is not the command there that failed, and a shell when there is
 * no such command. */
#define SSH_FAILED 255
#define SHELL_NOT_FOUND 127

/* @error: (inout): that the other side said nothing is less than what the program's end tells. It
 * has said itself what it had to say. */
static void
explain_ssh (GSubprocess *ssh, GIOStream *stream, GError **error)
{
  int status;

  g_io_stream_close (stream, NULL, NULL);
  if (!g_subprocess_wait (ssh, NULL, NULL) || !g_subprocess_get_if_exited (ssh))
    return;
  status = g_subprocess_get_exit_status (ssh);
  g_clear_error (error);
  if (status == SSH_FAILED)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "ssh could not log in there");
  else if (status == SHELL_NOT_FOUND)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                         "systemd-stdio-bridge is not installed there");
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "systemd-stdio-bridge ended there with status %d, as it does when the bus is not "
                 "there",
                 status);
}

/* GDBus has no transport that runs a program, so the pipes of ssh become the stream. */
static GDBusConnection *
connect_host (const char *host, GError **error)
{
  g_autoptr (GSubprocess) ssh = NULL;
  g_autoptr (GIOStream) stream = NULL;
  GDBusConnection *bus;

  if (host[0] == '-' || host[0] == '\0')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is not a host", host);
      return NULL;
    }
  ssh = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error,
                          "ssh", "-xT", "--", host, "systemd-stdio-bridge", NULL);
  if (ssh == NULL)
    return NULL;
  stream = g_simple_io_stream_new (g_subprocess_get_stdout_pipe (ssh),
                                   g_subprocess_get_stdin_pipe (ssh));
  bus = g_dbus_connection_new_sync (stream, NULL,
                                    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                        | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                    NULL, NULL, error);
  if (bus == NULL)
    explain_ssh (ssh, stream, error);
  else
    g_object_set_data_full (G_OBJECT (stream), "ssh", g_steal_pointer (&ssh), g_object_unref);
  return bus;
}

/* An unprivileged user at a terminal is asked for the password there, as systemctl does it. The
 * agent ends with the command. */
static void
start_tty_agent (void)
{
  int notify[2] = { -1, -1 };
  g_autofree char *fd = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  const char *argv[] = { "pkttyagent", "--notify-fd", NULL, "--process", pid, "--fallback", NULL };
  char byte;

  if (geteuid () == 0 || !isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO))
    return;
  if (!g_unix_open_pipe (notify, FD_CLOEXEC, NULL))
    return;
  fd = g_strdup_printf ("%d", 3);
  argv[2] = fd;
  if (g_spawn_async_with_pipes_and_fds (
          NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, -1, -1,
          -1, &notify[1], (const int[]){ 3 }, 1, NULL, NULL, NULL, NULL, NULL))
    {
      close (notify[1]);
      /* The pipe ends when the agent is ready, or could not be. */
      while (read (notify[0], &byte, 1) > 0)
        ;
    }
  else
    close (notify[1]);
  close (notify[0]);
}

/* @error: (inout): says what it means for somebody who called @method that the bus or the service
 * was not there, or is not any more. */
void
cli_explain (CliContext *context, const char *method, GError **error)
{
  const char *where = context->host != NULL ? context->host : "this host";
  const char *bus = context->session ? "session" : "system";
  GError *explained = NULL;

  if (g_error_matches (*error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    g_set_error (&explained, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 "the service ended before it answered %s: see what there is before you ask again, "
                 "for it may have been done",
                 method);
  else if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    g_set_error (&explained, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 "the %s bus of %s ended before %s was answered: see what there is before you ask "
                 "again, for it may have been done",
                 bus, where, method);
  else if (g_error_matches (*error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
           || g_error_matches (*error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    g_set_error (&explained, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "the service " CLI_BUS_NAME " is not on the %s bus of %s, and the bus does not "
                 "know how to start it",
                 bus, where);
  if (explained == NULL)
    return;
  g_error_free (*error);
  *error = explained;
}

GDBusConnection *
cli_bus (CliContext *context, GError **error)
{
  if (context->bus != NULL)
    return context->bus;
  if (context->host != NULL)
    context->bus = connect_host (context->host, error);
  else
    context->bus
        = g_bus_get_sync (context->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM, NULL, error);
  if (context->bus == NULL)
    g_prefix_error (error, "cannot reach the %s bus%s%s: ",
                    context->session ? "session" : "system",
                    context->host != NULL ? " of " : "",
                    context->host != NULL ? context->host : "");
  else
    /* The command says itself what it was about. */
    g_dbus_connection_set_exit_on_close (context->bus, FALSE);
  if (context->bus != NULL && context->ask_password && !context->session && context->host == NULL)
    start_tty_agent ();
  return context->bus;
}

/* What is asked for over a bus that has no way for files is never answered. */
gboolean
cli_passes_files (CliContext *context, GError **error)
{
  if ((g_dbus_connection_get_capabilities (context->bus)
       & G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING) != 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "consoles, and what is in files, do not travel over ssh: do it on %s",
               context->host != NULL ? context->host : "that host");
  return FALSE;
}

GVariant *
cli_call_with_fds (CliContext *context, const char *path, const char *interface,
                   const char *method, GVariant *args, const char *reply_type,
                   GUnixFDList **ret_fds, GError **error)
{
  g_autoptr (GVariant) held = args != NULL ? g_variant_ref_sink (args) : NULL;
  GDBusConnection *bus = cli_bus (context, error);
  GError *refusal = NULL;
  GVariant *reply;

  if (bus == NULL || (ret_fds != NULL && !cli_passes_files (context, error)))
    return NULL;
  /* A prompt may take as long as a person does. */
  reply = g_dbus_connection_call_with_unix_fd_list_sync (
      bus, CLI_BUS_NAME, path, interface, method, held,
      reply_type != NULL ? G_VARIANT_TYPE (reply_type) : NULL,
      context->ask_password ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                            : G_DBUS_CALL_FLAGS_NONE,
      G_MAXINT, NULL, ret_fds, NULL, &refusal);
  if (reply != NULL)
    return reply;
  cli_explain (context, method, &refusal);
  g_propagate_error (error, refusal);
  return NULL;
}

GVariant *
cli_call (CliContext *context, const char *path, const char *interface, const char *method,
          GVariant *args, const char *reply_type, GError **error)
{
  return cli_call_with_fds (context, path, interface, method, args, reply_type, NULL, error);
}

GVariant *
cli_get_all (CliContext *context, const char *path, const char *interface, GError **error)
{
  g_autoptr (GVariant) reply
      = cli_call (context, path, "org.freedesktop.DBus.Properties", "GetAll",
                  g_variant_new ("(s)", interface), "(a{sv})", error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

gboolean
cli_set (CliContext *context, const char *path, const char *interface, const char *property,
         GVariant *value, GError **error)
{
  g_autoptr (GVariant) reply
      = cli_call (context, path, "org.freedesktop.DBus.Properties", "Set",
                  g_variant_new ("(ssv)", interface, property, value), NULL, error);

  return reply != NULL;
}

char *
cli_connection_path (CliContext *context)
{
  return g_strdup_printf (CLI_ROOT_PATH "/connections/%s",
                          context->connection != NULL ? context->connection : "qemu");
}

/* Prints what went wrong, with the error's name for those who look it up, and gives the exit
 * code. */
int
cli_fail (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autoptr (GError) stripped = g_error_copy (error);

  g_dbus_error_strip_remote_error (stripped);
  error = stripped;
  /* What the command itself refuses is a wrong command line. */
  if (error->domain == G_IO_ERROR && error->code == G_IO_ERROR_INVALID_ARGUMENT && name == NULL)
    {
      g_printerr ("vireoctl: %s\n", error->message);
      return CLI_EXIT_USAGE;
    }
  if (name != NULL && g_str_has_prefix (name, CLI_IFACE ("Error.")))
    g_printerr ("vireoctl: %s: %s\n", name + strlen (CLI_IFACE ("Error.")), error->message);
  else
    g_printerr ("vireoctl: %s\n", error->message);
  return CLI_EXIT_FAILURE;
}
