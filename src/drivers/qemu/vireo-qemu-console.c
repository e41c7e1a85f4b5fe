/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-console.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* A guest may write faster than the other side reads, and must not fill our memory: what is read
 * from one end waits in one buffer until the other takes it, and nothing is read meanwhile. */
#define BUFFER_SIZE 4096u

typedef struct
{
  VireoQemuConsole *console;
  int from;
  int to;
  guint source;
  gsize start;
  gsize end;
  char buffer[BUFFER_SIZE];
} Lane;

struct _VireoQemuConsole
{
  char *name;
  int terminal;
  int socket;
  Lane lanes[2];
  VireoQemuConsoleClosed closed;
  gpointer user_data;
};

static void lane_wait (Lane *lane);

/* What a console does when one of its ends is gone. The owner frees it. */
static gboolean
lane_broken (Lane *lane)
{
  VireoQemuConsole *self = lane->console;

  lane->source = 0;
  self->closed (self, self->name, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Would block, or was interrupted: not the end. */
static gboolean
is_temporary (ssize_t n)
{
  return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static gboolean
lane_ready (gint fd, GIOCondition condition, gpointer user_data)
{
  Lane *lane = user_data;
  ssize_t n;

  if (lane->start == lane->end)
    {
      n = read (lane->from, lane->buffer, BUFFER_SIZE);
      if (is_temporary (n))
        return G_SOURCE_CONTINUE;
      if (n <= 0)
        return lane_broken (lane);
      lane->start = 0;
      lane->end = (gsize) n;
    }
  n = write (lane->to, lane->buffer + lane->start, lane->end - lane->start);
  if (n <= 0 && !is_temporary (n))
    return lane_broken (lane);
  lane->start += n > 0 ? (gsize) n : 0;
  lane_wait (lane);
  return G_SOURCE_REMOVE;
}

static void
lane_wait (Lane *lane)
{
  if (lane->start == lane->end)
    lane->source = g_unix_fd_add (lane->from, G_IO_IN | G_IO_HUP | G_IO_ERR, lane_ready, lane);
  else
    lane->source = g_unix_fd_add (lane->to, G_IO_OUT | G_IO_HUP | G_IO_ERR, lane_ready, lane);
}

/* Opens a terminal that a guest's emulator named: nothing else, and not as our own. */
static int
open_terminal (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  struct termios settings;

  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot open the console %s", path);
      return -1;
    }
  if (!isatty (fd) || tcgetattr (fd, &settings) != 0)
    {
      close (fd);
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "%s is not a terminal", path);
      return -1;
    }
  cfmakeraw (&settings);
  tcsetattr (fd, TCSANOW, &settings);
  return fd;
}

VireoQemuConsole *
vireo_qemu_console_new (const char *name, const char *path, VireoQemuConsoleClosed closed,
                        gpointer user_data, int *ret_fd, GError **error)
{
  int ends[2], terminal = open_terminal (path, error);
  VireoQemuConsole *self;

  if (terminal < 0)
    return NULL;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot make a socket for the console");
      close (terminal);
      return NULL;
    }
  /* Only our end: the caller's is as callers expect a socket to be. */
  (void) fcntl (ends[0], F_SETFL, fcntl (ends[0], F_GETFL) | O_NONBLOCK);
  self = g_new0 (VireoQemuConsole, 1);
  self->name = g_strdup (name);
  self->terminal = terminal;
  self->socket = ends[0];
  self->closed = closed;
  self->user_data = user_data;
  self->lanes[0] = (Lane){ .console = self, .from = terminal, .to = ends[0] };
  self->lanes[1] = (Lane){ .console = self, .from = ends[0], .to = terminal };
  lane_wait (&self->lanes[0]);
  lane_wait (&self->lanes[1]);
  *ret_fd = ends[1];
  return self;
}

gboolean
vireo_qemu_console_is_left (VireoQemuConsole *self)
{
  struct pollfd end = { .fd = self->socket };
  Lane *lane = &self->lanes[1];
  ssize_t n;

  if (poll (&end, 1, 0) <= 0 || (end.revents & (POLLHUP | POLLERR)) == 0)
    return FALSE;
  for (;;)
    {
      if (lane->start == lane->end)
        {
          n = read (lane->from, lane->buffer, BUFFER_SIZE);
          if (n <= 0)
            return !is_temporary (n);
          lane->start = 0;
          lane->end = (gsize) n;
        }
      n = write (lane->to, lane->buffer + lane->start, lane->end - lane->start);
      if (n <= 0)
        return !is_temporary (n);
      lane->start += (gsize) n;
    }
}

void
vireo_qemu_console_free (VireoQemuConsole *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->lanes); i++)
    g_clear_handle_id (&self->lanes[i].source, g_source_remove);
  close (self->terminal);
  close (self->socket);
  g_free (self->name);
  g_free (self);
}
