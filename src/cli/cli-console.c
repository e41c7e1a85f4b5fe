/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins a guest's console and the terminal. */
#include "cli.h"

#include "util/vireo-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Ctrl+], as in virsh and telnet. */
#define ESCAPE 0x1d

static gboolean
write_all (int fd, const char *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize n = write (fd, data, length);

      if (n < 0 && errno == EAGAIN)
        {
          poll (&(struct pollfd){ fd, POLLOUT, 0 }, 1, -1);
          continue;
        }
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          vireo_error_set_errno (error, errno, "cannot write to the console");
          return FALSE;
        }
      data += n;
      length -= (gsize) n;
    }
  return TRUE;
}

typedef enum
{
  COPY_MORE,
  COPY_END,
  COPY_ERROR,
} Copy;

/* Copies what is there now. @escape, when it is not negative, ends it. */
static Copy
copy_some (int from, int to, int escape, GError **error)
{
  char buffer[4096];
  gssize n = read (from, buffer, sizeof buffer);
  gssize end = n;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return COPY_MORE;
  /* A reset is how a socket says that the guest is gone; EIO is how a pty says it. */
  if (n == 0 || (n < 0 && (errno == ECONNRESET || errno == EIO)))
    return COPY_END;
  if (n < 0)
    {
      vireo_error_set_errno (error, errno, "cannot read from the console");
      return COPY_ERROR;
    }
  for (gssize i = 0; escape >= 0 && i < n; i++)
    if (buffer[i] == escape)
      {
        end = i;
        break;
      }
  if (!write_all (to, buffer, (gsize) end, error))
    return COPY_ERROR;
  return end < n ? COPY_END : COPY_MORE;
}

/* Who ends the command is not to be left with a terminal that shows nothing of what is typed. */
static const int ends[] = { SIGTERM, SIGHUP };
static int end_pipe[2];

static void
on_end (int number)
{
  unsigned char byte = (unsigned char) number;
  int saved = errno;

  if (write (end_pipe[1], &byte, 1) < 0)
    _exit (1);
  errno = saved;
}

static gboolean
catch_ends (GError **error)
{
  struct sigaction action = { .sa_handler = on_end };

  if (!g_unix_open_pipe (end_pipe, FD_CLOEXEC, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    sigaction (ends[i], &action, NULL);
  return TRUE;
}

/* Ends the command the way it was to end, if it was. */
static void
release_ends (void)
{
  struct pollfd ready = { end_pipe[0], POLLIN, 0 };
  unsigned char number = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    signal (ends[i], SIG_DFL);
  if (poll (&ready, 1, 0) == 1 && read (end_pipe[0], &number, 1) == 1)
    raise (number);
  close (end_pipe[0]);
  close (end_pipe[1]);
}

/* @ret_closed: whether the other side ended it. */
static gboolean
relay (int fd, gboolean is_tty, gboolean *ret_closed, GError **error)
{
  struct pollfd fds[3] = { { STDIN_FILENO, POLLIN, 0 },
                           { fd, POLLIN, 0 },
                           { is_tty ? end_pipe[0] : -1, POLLIN, 0 } };
  Copy copy = COPY_MORE;

  while (copy == COPY_MORE)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
        {
          if (errno == EINTR)
            continue;
          vireo_error_set_errno (error, errno, "cannot wait for the console");
          return FALSE;
        }
      if (fds[2].revents != 0)
        return TRUE;
      if (fds[1].revents != 0)
        copy = copy_some (fd, STDOUT_FILENO, -1, error);
      *ret_closed = copy == COPY_END;
      if (copy == COPY_MORE && fds[0].revents != 0)
        {
          copy = copy_some (STDIN_FILENO, fd, is_tty ? ESCAPE : -1, error);
          /* The end of a pipe ends the typing, not the reading. */
          if (copy == COPY_END && !is_tty)
            {
              fds[0].fd = -1;
              copy = COPY_MORE;
            }
        }
    }
  return copy == COPY_END;
}

/* @is_text: whether a person may talk over it, and leave with Ctrl+]. */
gboolean
cli_console_run (int fd, gboolean is_text, GError **error)
{
  struct termios saved;
  gboolean is_tty = is_text && isatty (STDIN_FILENO) && tcgetattr (STDIN_FILENO, &saved) == 0;
  gboolean closed = FALSE;
  gboolean done;

  if (is_tty && !catch_ends (error))
    return FALSE;
  if (is_tty)
    {
      struct termios raw = saved;

      g_printerr ("Connected; Ctrl+] leaves.\n");
      cfmakeraw (&raw);
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &raw);
    }
  done = relay (fd, is_tty, &closed, error);
  if (is_tty)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &saved);
      g_printerr (closed ? "\nThe console was closed.\n" : "\n");
      release_ends ();
    }
  close (fd);
  return done;
}

/* The verb's member gives a socket. */
int
cli_run_console (CliCall *call)
{
  const CliMember *member = cli_verb_member (call->verb);
  const char *name = strchr (member->name, '.') + 1;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  int fd = -1;

  if (path != NULL)
    args = cli_call_arguments (call, member, NULL, &error);
  if (args != NULL)
    reply = cli_call_with_fds (call->context, path, CLI_IFACE ("Domain"), name, args, "(h)", &fds,
                               &error);
  if (reply != NULL && fds != NULL)
    fd = g_unix_fd_list_get (fds, 0, &error);
  if (fd < 0)
    {
      if (error == NULL)
        g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED,
                             "no file descriptor came with the reply; over ssh it cannot");
      return cli_fail (error);
    }
  if (!cli_console_run (fd, !g_str_equal (name, "OpenGraphics"), &error))
    return cli_fail (error);
  return 0;
}
