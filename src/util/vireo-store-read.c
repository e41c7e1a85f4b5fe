/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the files of a store, for the start and for reloading. */
#include "vireo-store.h"

#include "vireo-error.h"
#include "vireo-store-disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Most file systems say in the folder what an entry is. */
static gboolean
is_regular (DIR *dir, const struct dirent *entry)
{
  struct stat st;

  if (entry->d_type != DT_UNKNOWN)
    return entry->d_type == DT_REG;
  return fstatat (dirfd (dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
         && S_ISREG (st.st_mode);
}

/**
 * vireo_store_list:
 * @self: a store
 * @suffix: (nullable): what the names end in, such as ".xml"; %NULL for all
 * @error: what the operating system said
 *
 * Lists the regular files that are in the folder, which may be behind what was acknowledged: see
 * vireo_store_settle(). Blocks: for the start and for reloading.
 *
 * Returns: (transfer full) (element-type filename): the names, sorted; %NULL with @error
 * Since: 0.1
 */
GPtrArray *
vireo_store_list (VireoStore *self, const char *suffix, GError **error)
{
  const char *folder = vireo_store_get_folder (self);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  DIR *dir = opendir (folder);
  struct dirent *entry;

  if (dir == NULL)
    {
      vireo_error_set_errno (error, errno, "cannot read the folder %s", folder);
      return NULL;
    }
  while ((entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.'
        && (suffix == NULL || g_str_has_suffix (entry->d_name, suffix))
        && is_regular (dir, entry))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  closedir (dir);
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

/* What is left of a file behind what was read of it; the file may have grown since its size was
 * asked, so one byte more than allowed is read to see. */
static GBytes *
read_rest (int fd, GByteArray *bytes, gsize max_size, const char *name, GError **error)
{
  guint8 buffer[16384];

  while (bytes->len <= max_size)
    {
      gssize n = read (fd, buffer, MIN (sizeof buffer, max_size + 1 - bytes->len));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          vireo_error_set_errno (error, errno, "cannot read %s", name);
          return NULL;
        }
      if (n == 0)
        return g_bytes_new (bytes->data, bytes->len);
      g_byte_array_append (bytes, buffer, (guint) n);
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
               "%s is larger than %" G_GSIZE_FORMAT " bytes", name, max_size);
  return NULL;
}

/* A file of @size bytes, which one read gives, and another that finds no more. */
static GBytes *
read_all (int fd, gsize size, gsize max_size, const char *name, GError **error)
{
  gsize wanted = MIN (size, max_size) + 1;
  g_autofree guint8 *data = g_malloc (wanted);
  g_autoptr (GByteArray) bytes = NULL;
  gssize n;

  do
    n = read (fd, data, wanted);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    {
      vireo_error_set_errno (error, errno, "cannot read %s", name);
      return NULL;
    }
  if (n > 0 && (gsize) n == size && size <= max_size)
    return g_bytes_new_take (g_steal_pointer (&data), (gsize) n);
  bytes = g_byte_array_sized_new ((guint) wanted + 1);
  g_byte_array_append (bytes, data, (guint) n);
  return read_rest (fd, bytes, max_size, name, error);
}

/**
 * vireo_store_read:
 * @self: a store
 * @name: name of a file in the folder
 * @max_size: the most that is read, in bytes; at most 2 GiB
 * @error: MissingResource when there is no such file, LimitExceeded when it is larger, Io when it
 *   is no regular file, or what the operating system said
 *
 * Reads a file as it is in the folder, which may be behind what was acknowledged: see
 * vireo_store_settle(). Blocks: for the start and for reloading.
 *
 * Returns: (transfer full): the contents; %NULL with @error
 * Since: 0.1
 */
GBytes *
vireo_store_read (VireoStore *self, const char *name, gsize max_size, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GBytes) contents = NULL;
  struct stat st;
  int fd;

  if (!vireo_store_check_name (name, error))
    return NULL;

  path = g_build_filename (vireo_store_get_folder (self), name, NULL);
  /* O_NONBLOCK: a fifo that somebody put there must not hang the start. */
  fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot open %s", path);
      return NULL;
    }
  if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_IO, "%s is not a regular file", path);
  else
    contents = read_all (fd, (gsize) st.st_size, MIN (max_size, (gsize) G_MAXINT32), path, error);
  close (fd);
  return g_steal_pointer (&contents);
}
