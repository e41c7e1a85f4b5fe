/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-console.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/vireo-error.h"

/* What a caller does not read is lost beyond this, as on a line that nobody listens to. */
#define MAX_PENDING 65536

/* RFC 6143, 7.1.1 and 7.1.2 */
#define VNC_VERSION "RFB 003.008\n"
#define VNC_SECURITY_NONE 1
#define VNC_SECURITY_PASSWORD 2

struct _VireoTestConsole
{
  int fd;     /* our end; -1 when the other one was closed */
  char *name; /* %NULL for a display */
  char security; /* of a display: the one way to be let in */
  gsize awaited; /* of a display: bytes of the client's version that did not come yet */
  GByteArray *pending;
  guint read_id;
  guint write_id;
};

static void
hang_up (VireoTestConsole *self)
{
  g_clear_handle_id (&self->read_id, g_source_remove);
  g_clear_handle_id (&self->write_id, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static gboolean
write_pending (int fd, GIOCondition condition, gpointer data)
{
  VireoTestConsole *self = data;
  gssize n = send (fd, self->pending->data, self->pending->len, MSG_NOSIGNAL);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n < 0)
    {
      self->write_id = 0;
      hang_up (self);
      return G_SOURCE_REMOVE;
    }
  g_byte_array_remove_range (self->pending, 0, (guint) n);
  if (self->pending->len > 0)
    return G_SOURCE_CONTINUE;
  self->write_id = 0;
  return G_SOURCE_REMOVE;
}

static void
say (VireoTestConsole *self, const char *text, gsize length)
{
  if (self->pending->len + length > MAX_PENDING)
    return;
  g_byte_array_append (self->pending, (const guint8 *) text, (guint) length);
  if (self->write_id == 0)
    self->write_id = g_unix_fd_add (self->fd, G_IO_OUT, write_pending, self);
}

static void
say_prompt (VireoTestConsole *self)
{
  g_autofree char *prompt = g_strdup_printf ("\r\n%s login: ", self->name);

  say (self, prompt, strlen (prompt));
}

/* A display that knows the client's version says how to be let in. */
static void
hear_version (VireoTestConsole *self, gsize n)
{
  const char security[] = { 1, self->security };

  if (self->awaited == 0)
    return;
  self->awaited -= MIN (n, self->awaited);
  if (self->awaited == 0)
    say (self, security, sizeof security);
}

static gboolean
read_typed (int fd, GIOCondition condition, gpointer data)
{
  VireoTestConsole *self = data;
  char typed[1024];
  gssize n = recv (fd, typed, sizeof typed, 0);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      self->read_id = 0;
      hang_up (self);
      return G_SOURCE_REMOVE;
    }
  if (self->name == NULL)
    hear_version (self, (gsize) n);
  for (gssize i = 0; self->name != NULL && i < n; i++)
    if (typed[i] == '\r' || typed[i] == '\n')
      say_prompt (self);
    else
      say (self, &typed[i], 1);
  return G_SOURCE_CONTINUE;
}

/* Says @greeting. */
static VireoTestConsole *
make (const char *name, const char *greeting, int *ret_fd, GError **error)
{
  VireoTestConsole *self;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    {
      vireo_error_set_errno (error, errno, "cannot make a console");
      return NULL;
    }
  self = g_new0 (VireoTestConsole, 1);
  self->fd = fds[0];
  self->name = g_strdup (name);
  self->pending = g_byte_array_new ();
  g_unix_set_fd_nonblocking (self->fd, TRUE, NULL);
  self->read_id = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, read_typed, self);
  say (self, greeting, strlen (greeting));
  *ret_fd = fds[1];
  return self;
}

/**
 * vireo_test_console_new:
 * @name: the guest's name
 * @ret_fd: (out): the caller's end, which it owns
 * @error: what the operating system said
 *
 * Opens a console: what is typed comes back, and each line is answered by a login prompt.
 *
 * Returns: (transfer full) (nullable): our end
 * Since: 0.1
 */
VireoTestConsole *
vireo_test_console_new (const char *name, int *ret_fd, GError **error)
{
  g_autofree char *banner = g_strdup_printf ("\r\nVireo test guest %s ttyS0\r\n", name);
  VireoTestConsole *self = make (name, banner, ret_fd, error);

  if (self != NULL)
    say_prompt (self);
  return self;
}

/**
 * vireo_test_console_new_display:
 * @password: whether it asks for one
 * @ret_fd: (out): the caller's end, which it owns
 * @error: what the operating system said
 *
 * Opens a display, which greets as a VNC server does (RFC 6143, 7.1.1), says what a client has to
 * do to be let in (7.1.2), and no more.
 *
 * Returns: (transfer full) (nullable): our end
 * Since: 0.1
 */
VireoTestConsole *
vireo_test_console_new_display (gboolean password, int *ret_fd, GError **error)
{
  VireoTestConsole *self = make (NULL, VNC_VERSION, ret_fd, error);

  if (self != NULL)
    {
      self->security = password ? VNC_SECURITY_PASSWORD : VNC_SECURITY_NONE;
      self->awaited = strlen (VNC_VERSION);
    }
  return self;
}

/**
 * vireo_test_console_is_open:
 * @self: a console
 *
 * Returns: whether the other end is still open
 * Since: 0.1
 */
gboolean
vireo_test_console_is_open (VireoTestConsole *self)
{
  struct pollfd end = { .fd = self->fd };

  /* It may be closed, and the main loop not have come to that yet. */
  return self->fd >= 0
         && (poll (&end, 1, 0) <= 0 || (end.revents & (POLLHUP | POLLERR)) == 0);
}

/**
 * vireo_test_console_free:
 * @self: (nullable): a console
 *
 * Closes it.
 *
 * Since: 0.1
 */
void
vireo_test_console_free (VireoTestConsole *self)
{
  if (self == NULL)
    return;
  hang_up (self);
  g_byte_array_unref (self->pending);
  g_free (self->name);
  g_free (self);
}
