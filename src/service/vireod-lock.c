/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One daemon a folder. The bus name comes too late to tell two of them apart: it is asked for when
 * the objects are there, and by then the second daemon would have taken over the first one's
 * guests, and cleared away what it was just starting. On another bus it is free, anyway. */

#include "vireod-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/vireo-error.h"

#define LOCK_FILE "vireod.lock"

static GArray *locks; /* of int: descriptors */

/**
 * vireod_lock_folder:
 * @folder: a folder that no other daemon may use meanwhile
 * @error: Busy, or what the system said
 *
 * Locks a folder until the process ends, however it ends. The lock is one of fcntl(2), which
 * children do not inherit: guests outlive the daemon, and must not keep the next one out.
 *
 * Returns: whether the folder is ours
 * Since: 0.1
 */
gboolean
vireod_lock_folder (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, LOCK_FILE, NULL);
  const struct flock wanted = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  struct flock holder = wanted;
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot open %s", path);
      return FALSE;
    }
  /* It stays open: the lock goes with the first close of the file. */
  if (fcntl (fd, F_SETLK, &wanted) == 0)
    {
      if (locks == NULL)
        locks = g_array_new (FALSE, FALSE, sizeof (int));
      g_array_append_val (locks, fd);
      return TRUE;
    }
  if (errno != EAGAIN && errno != EACCES)
    vireo_error_set_errno (error, errno, "cannot lock %s", path);
  else if (fcntl (fd, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "process %d, another vireod, uses %s",
                 (int) holder.l_pid, folder);
  else
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "another vireod uses %s", folder);
  close (fd);
  return FALSE;
}

/**
 * vireod_lock_release:
 *
 * Lets the next daemon have the folders, when this one does nothing any more: it may be that not
 * even the kernel gets rid of its process, as long as a file system does not answer to one of its
 * threads.
 *
 * Since: 0.1
 */
void
vireod_lock_release (void)
{
  for (guint i = 0; locks != NULL && i < locks->len; i++)
    close (g_array_index (locks, int, i));
  g_clear_pointer (&locks, g_array_unref);
}
