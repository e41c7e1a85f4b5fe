/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* QEMU takes one client at a time. While it hangs, those of daemons that came and went wait. */
#define MONITOR_QUEUE 16

/* Through the folder's descriptor, for an address has room for 107 bytes only. */
static int
fill_address (const char *path, struct sockaddr_un *address, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *file = g_path_get_basename (path);
  int fd = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot open %s", folder);
      return -1;
    }
  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  if (g_snprintf (address->sun_path, sizeof (address->sun_path), "/proc/self/fd/%d/%s", fd, file)
      >= (int) sizeof (address->sun_path))
    {
      vireo_error_set_errno (error, ENAMETOOLONG, "cannot use the socket %s", path);
      close (fd);
      return -1;
    }
  return fd;
}

int
vireo_qemu_monitor_listen (const char *path, GError **error)
{
  struct sockaddr_un address;
  int folder, fd;

  folder = fill_address (path, &address, error);
  if (folder < 0)
    return -1;
  (void) unlink (path);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* Only for us: guests run as one user, and must not get at each other's monitors. The mode is
   * that of the file, which is made with our umask; before listen() nobody can connect. */
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof (address)) != 0
      || fchmodat (folder, strrchr (address.sun_path, '/') + 1, 0600, 0) != 0
      || listen (fd, MONITOR_QUEUE) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot make the socket %s", path);
      if (fd >= 0)
        close (fd);
      fd = -1;
    }
  close (folder);
  return fd;
}

/* The emulator got the socket when it already listened: refused means that it has gone, be it so
 * short a time ago that its process is still there. */
static void
set_connect_error (GError **error, int number, const char *path)
{
  if (number == ECONNREFUSED)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                 "the emulator listens at %s no more", path);
  else
    vireo_error_set_errno (error, number, "cannot connect to %s", path);
}

GSocket *
vireo_qemu_monitor_connect (const char *path, GError **error)
{
  struct sockaddr_un address;
  g_autoptr (GError) cause = NULL;
  GSocket *result = NULL;
  int folder, fd;

  folder = fill_address (path, &address, error);
  if (folder < 0)
    return NULL;
  /* A Unix socket connects at once or says why not. */
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof (address)) != 0)
    set_connect_error (error, errno, path);
  else
    result = g_socket_new_from_fd (fd, &cause);
  if (cause != NULL)
    {
      vireo_error_translate (&cause, "cannot use the monitor's socket");
      g_propagate_error (error, g_steal_pointer (&cause));
    }
  if (result == NULL && fd >= 0)
    close (fd);
  close (folder);
  return result;
}
