/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-nvram.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vireo-qemu-images.h"

/* Variables of firmware have some 100 KiB to a few MiB. */
#define MAX_NVRAM (64u * 1024 * 1024)

/* What it was when it was looked at, it may be no more: it is the owner's, who may change it. */
static GByteArray *
read_template (const char *template, GError **error)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  guint8 buffer[64 * 1024];
  gssize n;
  int fd = vireo_qemu_plain_open (template, O_RDONLY, error);

  if (fd < 0)
    return NULL;
  while ((n = read (fd, buffer, sizeof buffer)) > 0 && contents->len <= MAX_NVRAM)
    g_byte_array_append (contents, buffer, (guint) n);
  if (n < 0)
    vireo_error_set_errno (error, errno, "cannot read %s", template);
  close (fd);
  if (n < 0)
    return NULL;
  if (contents->len <= MAX_NVRAM)
    return g_steal_pointer (&contents);
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
               "%s has more than the %u bytes that firmware's variables may have", template,
               MAX_NVRAM);
  return NULL;
}

static gboolean
write_all (int fd, const GByteArray *contents)
{
  for (gsize at = 0; at < contents->len;)
    {
      gssize n = write (fd, contents->data + at, contents->len - at);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      at += (gsize) n;
    }
  return fsync (fd) == 0;
}

/* In a folder that is open: a new file that has its name when it is complete, and takes nobody's
 * unless it is to replace it. */
static gboolean
write_file (int folder, const char *name, const GByteArray *contents, gboolean replace)
{
  g_autofree char *temporary = g_strdup_printf (".%.200s.%08x", name, g_random_int ());
  int fd = openat (folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  gboolean written;
  int saved;

  if (fd < 0)
    return FALSE;
  written = write_all (fd, contents)
            && renameat2 (folder, temporary, folder, name, replace ? 0 : RENAME_NOREPLACE) == 0;
  saved = errno;
  close (fd);
  if (!written)
    (void) unlinkat (folder, temporary, 0);
  else
    (void) fsync (folder);
  errno = saved;
  return written;
}

/* Returns -1 with @error when it cannot be made or opened. */
static int
open_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot make the folder %s", folder);
      return -1;
    }
  fd = vireo_qemu_folder_open (folder);
  if (fd < 0)
    vireo_error_set_errno (error, errno, "cannot open the folder %s", folder);
  return fd;
}

gboolean
vireo_qemu_nvram_make (const char *path, const char *template, gboolean anew, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GByteArray) contents = NULL;
  struct stat status;
  gboolean found, written;
  int folder;

  /* stat() looks with the thread's rights, where access() would with the process'. What it is that
   * is there is for who opens it. */
  found = stat (path, &status) == 0;
  if ((found && !anew) || (!found && errno != ENOENT))
    return TRUE;
  if (found && !vireo_qemu_nvram_check_removal (path, error))
    return FALSE;
  contents = read_template (template, error);
  if (contents == NULL)
    return FALSE;
  folder = open_folder (path, error);
  if (folder < 0)
    return FALSE;
  written = write_file (folder, name, contents, found);
  if (!written)
    vireo_error_set_errno (error, errno, "cannot make the firmware's variables %s", path);
  close (folder);
  return written;
}

gboolean
vireo_qemu_nvram_exists (const char *path, gboolean *exists, GError **error)
{
  struct stat status;

  *exists = lstat (path, &status) == 0;
  if (*exists || errno == ENOENT || errno == ENOTDIR)
    return TRUE;
  vireo_error_set_errno (error, errno, "cannot look at %s", path);
  return FALSE;
}

/* The folder of a plain file; -1 without @error when there is none, and with it when it is not to
 * be deleted. */
static int
open_for_removal (const char *path, const char *name, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  int folder = vireo_qemu_folder_open (parent);
  struct stat status = { 0 };
  gboolean found;

  if (folder < 0 && errno != ENOENT && errno != ENOTDIR)
    vireo_error_set_errno (error, errno, "cannot open the folder %s", parent);
  if (folder < 0)
    return -1;
  found = fstatat (folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!found && errno != ENOENT)
    vireo_error_set_errno (error, errno, "cannot look at %s", path);
  else if (found && !S_ISREG (status.st_mode))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "%s is not a regular file, and is not deleted", path);
  /* Of the thread's rights, not the process'. */
  else if (found && faccessat (folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
    vireo_error_set_errno (error, errno, "cannot delete %s", path);
  else if (found)
    return folder;
  close (folder);
  return -1;
}

gboolean
vireo_qemu_nvram_check_removal (const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GError) cause = NULL;
  int folder = open_for_removal (path, name, &cause);

  if (folder >= 0)
    close (folder);
  if (cause == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

gboolean
vireo_qemu_nvram_remove (const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GError) cause = NULL;
  int folder = open_for_removal (path, name, &cause);

  if (folder >= 0)
    {
      if (unlinkat (folder, name, 0) != 0)
        vireo_error_set_errno (&cause, errno, "the domain is undefined, but %s cannot be deleted",
                               path);
      (void) fsync (folder);
      close (folder);
    }
  if (cause == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}
