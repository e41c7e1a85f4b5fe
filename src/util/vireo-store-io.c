/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-store-io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
system_open_folder (const char *path)
{
  return open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* O_NONBLOCK: a fifo that somebody put there must not hang anybody. */
static int
system_open (int folder_fd, const char *name, int flags, mode_t mode)
{
  return openat (folder_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
}

static gint64
system_size (int fd)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return -1;
  /* A file that was deleted under us: what is written to it is gone with the descriptor. */
  if (st.st_nlink == 0)
    {
      errno = ENOENT;
      return -1;
    }
  if (S_ISREG (st.st_mode))
    return st.st_size;
  errno = S_ISDIR (st.st_mode) ? EISDIR : ENOTSUP;
  return -1;
}

static gssize
system_read (int fd, void *buffer, gsize size, gint64 offset)
{
  return pread (fd, buffer, size, offset);
}

/* Adds or removes a flag of an open file; whether that could be done. */
static gboolean
change_flag (int fd, int flag, gboolean on)
{
  int flags = fcntl (fd, F_GETFL);

  return flags >= 0 && fcntl (fd, F_SETFL, on ? flags | flag : flags & ~flag) == 0;
}

static gssize
system_write (int fd, const void *data, gsize size, gint64 offset)
{
  gssize n = pwrite (fd, data, size, offset);

  /* A disk with larger blocks than ours. */
  if (n < 0 && errno == EINVAL && change_flag (fd, O_DIRECT, FALSE))
    n = pwrite (fd, data, size, offset);
  return n;
}

/* Not every file system can. */
static void
system_set_blockwise (int fd)
{
  change_flag (fd, O_DIRECT, TRUE);
}

static int
system_allocate (int fd, gint64 size)
{
  errno = posix_fallocate (fd, 0, size);
  return errno == 0 ? 0 : -1;
}

static int
system_set_mode (int fd, mode_t mode)
{
  struct stat st;

  if (fstat (fd, &st) == 0 && (st.st_mode & 07777) == mode)
    return 0;
  return fchmod (fd, mode);
}

static void
system_start_sync (int fd)
{
  sync_file_range (fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static int
system_rename (int folder_fd, const char *from, const char *to)
{
  return renameat (folder_fd, from, folder_fd, to);
}

static int
system_unlink (int folder_fd, const char *name)
{
  return unlinkat (folder_fd, name, 0);
}

const VireoStoreIo vireo_store_system_io = {
  .open_folder = system_open_folder,
  .open = system_open,
  .size = system_size,
  .read = system_read,
  .write = system_write,
  .set_blockwise = system_set_blockwise,
  .allocate = system_allocate,
  .set_mode = system_set_mode,
  .start_sync = system_start_sync,
  .sync = fsync,
  .sync_data = fdatasync,
  .close = close,
  .rename = system_rename,
  .unlink = system_unlink,
};

int
vireo_store_io_write_all (const VireoStoreIo *io, int fd, GBytes *contents, gint64 offset)
{
  gsize size;
  const char *data = g_bytes_get_data (contents, &size);

  while (size > 0)
    {
      gssize n = io->write (fd, data, size, offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -1;
      data += n;
      offset += n;
      size -= (gsize) n;
    }
  return 0;
}

GBytes *
vireo_store_io_read_all (const VireoStoreIo *io, int fd, gsize max_size)
{
  gint64 size = io->size (fd);
  g_autofree char *buffer = NULL;
  gsize length = 0;

  if (size < 0)
    return NULL;
  if ((guint64) size > max_size)
    {
      errno = EFBIG;
      return NULL;
    }
  buffer = g_malloc ((gsize) size + 1);
  while (length < (gsize) size)
    {
      gssize n = io->read (fd, buffer + length, (gsize) size - length, (gint64) length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return NULL;
      if (n == 0)
        break;
      length += (gsize) n;
    }
  return g_bytes_new_take (g_steal_pointer (&buffer), length);
}

GBytes *
vireo_store_io_read_file (const VireoStoreIo *io, int folder_fd, const char *name, gsize max_size)
{
  int fd = io->open (folder_fd, name, O_RDONLY, 0);
  GBytes *contents;
  int saved_errno;

  if (fd < 0)
    return NULL;
  contents = vireo_store_io_read_all (io, fd, max_size);
  saved_errno = errno;
  io->close (fd);
  errno = saved_errno;
  return contents;
}
