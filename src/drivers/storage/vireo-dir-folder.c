/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-dir-folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "conf/vireo-postparse.h"
#include "drivers/common/vireo-qcow2.h"
#include "util/vireo-error.h"

/* Where a file's format is remembered: a guest that writes another format's header into a raw
 * volume does not make it one, for what is in a file is not what says how to read it. */
#define FORMAT_ATTRIBUTE "user.vireo.format"

/* QEMU's locks on an image that it has open are on some of these bytes (docs/devel of QEMU, "image
 * locking": 100 and on, 200 and on). */
#define LOCK_START 100
#define LOCK_LENGTH 200

#define MAX_FILES 100000u
#define MAX_DEPTH 16u

const char *const vireo_dir_formats[] = { "raw", "qcow2", NULL };

static VireoError
code_of (int saved_errno)
{
  switch (saved_errno)
    {
    case ENOENT:
    case ENOTDIR:
      return VIREO_ERROR_MISSING_RESOURCE;
    case EACCES:
    case EPERM:
    case EROFS:
      return VIREO_ERROR_ACCESS;
    case ENOSPC:
    case EDQUOT:
      return VIREO_ERROR_NO_SPACE;
    case EEXIST:
      return VIREO_ERROR_NAME_IN_USE;
    default:
      return VIREO_ERROR_IO;
    }
}

static int
fail (GError **error, const char *what)
{
  int saved_errno = errno;

  g_set_error (error, VIREO_ERROR, code_of (saved_errno), "%s: %s", what, g_strerror (saved_errno));
  return -1;
}

/* ---- opening ---- */

int
vireo_dir_folder_open (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return fd >= 0 ? fd : fail (error, path);
}

/* Does not wait for whoever has the other end of a pipe, and follows no link. */
static int
open_beneath (int folder, const char *name, int flags)
{
  struct open_how how = {
    .flags = (guint64) (flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY),
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
  };

  return (int) syscall (SYS_openat2, folder, name, &how, sizeof how);
}

static gboolean
is_locked (int fd)
{
  struct flock lock
      = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_START, .l_len = LOCK_LENGTH };

  return fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int
vireo_dir_file_open (int folder, const char *name, gboolean write, GError **error)
{
  int fd = vireo_volume_name_is_valid (name)
               ? open_beneath (folder, name, write ? O_RDWR : O_RDONLY)
               : -1;
  struct stat status;

  if (fd < 0 || fstat (fd, &status) < 0)
    fail (error, name);
  else if (!S_ISREG (status.st_mode))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED, "%s: it is no regular file",
                 name);
  else if (write && is_locked (fd))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "%s: a program has it open as an image",
                 name);
  else
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* ---- making ---- */

int
vireo_dir_file_new (int folder, char **ret_temporary, GError **error)
{
  int fd = openat (folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  *ret_temporary = NULL;
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
    {
      g_autofree char *random = g_uuid_string_random ();
      g_autofree char *name = g_strconcat (VIREO_VOLUME_HIDDEN, random, NULL);

      fd = openat (folder, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0600);
      if (fd >= 0)
        *ret_temporary = g_steal_pointer (&name);
    }
  return fd >= 0 ? fd : fail (error, "a new file");
}

static void
remember_format (int fd, const char *format)
{
  /* Where the file system has no attributes it is found out from the file. */
  if (fsetxattr (fd, FORMAT_ATTRIBUTE, format, strlen (format), 0) < 0 && errno != EOPNOTSUPP)
    g_debug ("a format is not remembered: %s", g_strerror (errno));
}

static gboolean
set_permissions (int fd, const VireoPermissionsDef *permissions)
{
  uid_t owner = (uid_t) -1;
  gid_t group = (gid_t) -1;

  if (permissions == NULL)
    return TRUE;
  if (permissions->has_owner && permissions->owner >= 0)
    owner = (uid_t) permissions->owner;
  if (permissions->has_group && permissions->group >= 0)
    group = (gid_t) permissions->group;
  if ((owner != (uid_t) -1 || group != (gid_t) -1) && fchown (fd, owner, group) < 0)
    return FALSE;
  return !permissions->has_mode || fchmod (fd, permissions->mode & 0777) == 0;
}

static int
give_name (int folder, int fd, const char *temporary, const char *name)
{
  char path[64];

  if (temporary != NULL)
    return renameat2 (folder, temporary, folder, name, RENAME_NOREPLACE);
  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  return linkat (AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW);
}

gboolean
vireo_dir_file_publish (int folder,
                        int fd,
                        const char *temporary,
                        const VireoStorageVolumeDef *wanted,
                        GError **error)
{
  remember_format (fd, wanted->target->format);
  if (!set_permissions (fd, wanted->target->permissions) || fsync (fd) < 0
      || give_name (folder, fd, temporary, wanted->name) < 0 || fsync (folder) < 0)
    {
      fail (error, wanted->name);
      return FALSE;
    }
  return TRUE;
}

gboolean
vireo_dir_remove (int folder, const char *name, GError **error)
{
  if (unlinkat (folder, name, 0) == 0 || errno == ENOENT)
    {
      fsync (folder);
      return TRUE;
    }
  fail (error, name);
  return FALSE;
}

/* ---- looking ---- */

static char *
time_text (const struct timespec *time)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT ".%09ld", (gint64) time->tv_sec, time->tv_nsec);
}

static void
add_status (VireoStorageVolumeDef *def, const struct stat *status)
{
  VireoPermissionsDef *permissions = vireo_permissions_def_new ();
  VireoVolumeTimestampsDef *times = vireo_volume_timestamps_def_new ();

  permissions->mode = status->st_mode & 0777;
  permissions->owner = status->st_uid;
  permissions->group = status->st_gid;
  permissions->has_mode = permissions->has_owner = permissions->has_group = TRUE;
  def->target->permissions = permissions;
  times->atime = time_text (&status->st_atim);
  times->mtime = time_text (&status->st_mtim);
  times->ctime = time_text (&status->st_ctim);
  def->target->timestamps = times;
  def->capacity = def->physical = (guint64) status->st_size;
  def->allocation = (guint64) status->st_blocks * 512;
  def->has_capacity = def->has_physical = def->has_allocation = TRUE;
}

/* (transfer full) (nullable) */
static char *
remembered_format (int fd)
{
  char value[16];
  ssize_t size = fgetxattr (fd, FORMAT_ATTRIBUTE, value, sizeof value - 1);

  if (size <= 0)
    return NULL;
  value[size] = '\0';
  return g_strv_contains (vireo_dir_formats, value) ? g_strdup (value) : NULL;
}

/* Adds what the header of an image says. One that is broken is shown as a file is. */
static void
add_header (VireoStorageVolumeDef *def, const VireoQcow2 *header)
{
  def->capacity = header->capacity;
  if (header->version >= 3)
    def->target->compat = g_strdup ("1.1");
  if (header->backing == NULL)
    return;
  def->backing_store = vireo_volume_backing_store_def_new ();
  def->backing_store->path = g_strdup (header->backing);
  def->backing_store->format = g_strdup (header->backing_format);
}

VireoStorageVolumeDef *
vireo_dir_file_describe (int fd,
                         const char *folder_path,
                         const char *name,
                         const char *format,
                         GError **error)
{
  g_autoptr (VireoStorageVolumeDef) def = vireo_storage_volume_def_new ();
  g_autofree char *known = format != NULL ? g_strdup (format) : remembered_format (fd);
  g_auto (VireoQcow2) header = { FALSE };
  struct stat status;

  if (fstat (fd, &status) < 0)
    {
      fail (error, name);
      return NULL;
    }
  if (format != NULL)
    remember_format (fd, format);
  def->name = g_strdup (name);
  def->type = VIREO_VOLUME_TYPE_FILE;
  def->target = vireo_volume_target_def_new ();
  def->target->path = g_build_filename (folder_path, name, NULL);
  def->key = g_strdup (def->target->path);
  add_status (def, &status);
  if ((known == NULL || g_str_equal (known, "qcow2")) && vireo_qcow2_read (fd, name, &header, NULL)
      && header.is_qcow2)
    add_header (def, &header);
  def->target->format
      = known != NULL ? g_steal_pointer (&known) : g_strdup (header.is_qcow2 ? "qcow2" : "raw");
  return g_steal_pointer (&def);
}

static VireoStorageVolumeDef *
describe_entry (int folder, const char *path, const char *name)
{
  int fd = open_beneath (folder, name, O_RDONLY);
  VireoStorageVolumeDef *def = NULL;
  struct stat status;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    def = vireo_dir_file_describe (fd, path, name, NULL, NULL);
  close (fd);
  return def;
}

GPtrArray *
vireo_dir_folder_scan (const char *path, GError **error)
{
  g_autoptr (GPtrArray) found
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_storage_volume_def_free);
  int folder = vireo_dir_folder_open (path, error);
  const struct dirent *entry;
  DIR *dir;

  if (folder < 0)
    return NULL;
  dir = fdopendir (folder);
  if (dir == NULL)
    {
      fail (error, path);
      close (folder);
      return NULL;
    }
  while ((entry = readdir (dir)) != NULL && found->len < MAX_FILES)
    {
      VireoStorageVolumeDef *def = NULL;

      if ((entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
          && vireo_volume_name_is_valid (entry->d_name))
        def = describe_entry (folder, path, entry->d_name);
      if (def != NULL)
        g_ptr_array_add (found, def);
    }
  if (found->len == MAX_FILES)
    g_warning ("%s has more than %u files; the others are left out", path, MAX_FILES);
  closedir (dir);
  return g_steal_pointer (&found);
}

/* ---- the rest ---- */

void
vireo_dir_folder_sweep (int folder)
{
  int again = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = again >= 0 ? fdopendir (again) : NULL;
  const struct dirent *entry;

  if (dir == NULL)
    {
      if (again >= 0)
        close (again);
      return;
    }
  while ((entry = readdir (dir)) != NULL)
    if (g_str_has_prefix (entry->d_name, VIREO_VOLUME_HIDDEN)
        && g_uuid_string_is_valid (entry->d_name + strlen (VIREO_VOLUME_HIDDEN)))
      unlinkat (folder, entry->d_name, 0);
  closedir (dir);
}

/* The name in the folder of what is below an image; %NULL when it is elsewhere. */
static const char *
name_below (const char *folder_path, const char *backing)
{
  gsize length = strlen (folder_path);
  const char *name;

  if (!g_str_has_prefix (backing, folder_path) || backing[length] != '/')
    return NULL;
  name = backing + length + 1;
  return vireo_volume_name_is_valid (name) ? name : NULL;
}

/* Reads what is below one image of a chain into *@ret_below, which is %NULL at the end of it. */
static gboolean
check_link (int folder,
            const char *folder_path,
            const char *name,
            gboolean raw,
            char **ret_below,
            gboolean *ret_raw,
            GError **error)
{
  g_auto (VireoQcow2) header = { FALSE };
  int fd = vireo_dir_file_open (folder, name, FALSE, error);
  gboolean ok = fd >= 0 && (raw || vireo_qcow2_read (fd, name, &header, error));
  const char *below = NULL;

  if (fd >= 0)
    close (fd);
  if (!ok)
    return FALSE;
  *ret_below = NULL;
  if (header.backing == NULL && !header.external_data)
    return TRUE;
  if (!header.external_data && header.backing_format != NULL
      && g_strv_contains (vireo_dir_formats, header.backing_format))
    below = name_below (folder_path, header.backing);
  if (below == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "%s: what is below it is not in the same pool, or has no format that is known",
                   name);
      return FALSE;
    }
  *ret_below = g_strdup (below);
  *ret_raw = g_str_equal (header.backing_format, "raw");
  return TRUE;
}

gboolean
vireo_dir_file_check_chain (int folder, const char *folder_path, const char *name, GError **error)
{
  g_autofree char *current = g_strdup (name);
  gboolean raw = FALSE;

  for (guint depth = 0; depth < MAX_DEPTH; depth++)
    {
      char *below;

      if (!check_link (folder, folder_path, current, raw, &below, &raw, error))
        return FALSE;
      if (below == NULL)
        return TRUE;
      g_free (current);
      current = below;
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
               "%s: there are more than %u images below it", name, MAX_DEPTH);
  return FALSE;
}

gboolean
vireo_dir_folder_get_space (const char *path, VireoDirSpace *ret_space, GError **error)
{
  struct statvfs space;

  if (statvfs (path, &space) < 0)
    {
      fail (error, path);
      return FALSE;
    }
  ret_space->capacity = (guint64) space.f_frsize * space.f_blocks;
  ret_space->available = (guint64) space.f_frsize * space.f_bavail;
  return TRUE;
}
