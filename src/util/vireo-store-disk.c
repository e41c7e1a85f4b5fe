/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-store-disk.h"

#include "vireo-error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of a store never begin with a dot, so what begins so is a leftover of ours. */
#define TEMPORARY_PREFIX ".tmp-"

VireoStoreCall *
vireo_store_call_new (const VireoStoreOp *ops, gsize n_ops)
{
  VireoStoreCall *call = g_new0 (VireoStoreCall, 1);

  call->ops = g_new0 (VireoStoreOp, n_ops);
  call->n_ops = n_ops;
  call->temporaries = g_new0 (char *, n_ops);
  for (gsize i = 0; i < n_ops; i++)
    {
      call->ops[i].name = g_strdup (ops[i].name);
      call->ops[i].contents = ops[i].contents != NULL ? g_bytes_ref (ops[i].contents) : NULL;
      call->ops[i].mode = ops[i].mode;
    }
  return call;
}

void
vireo_store_call_free (VireoStoreCall *call)
{
  for (gsize i = 0; i < call->n_ops; i++)
    {
      g_free ((char *) call->ops[i].name);
      g_clear_pointer (&call->ops[i].contents, g_bytes_unref);
      g_free (call->temporaries[i]);
    }
  g_free (call->ops);
  g_free (call->temporaries);
  g_clear_error (&call->error);
  g_free (call);
}

gboolean
vireo_store_check_name (const char *name, GError **error)
{
  g_autofree char *shown = NULL;

  if (name != NULL && *name != '\0' && *name != '.' && strchr (name, '/') == NULL
      && strlen (name) <= NAME_MAX)
    return TRUE;

  shown = name != NULL ? g_utf8_make_valid (name, strnlen (name, 64)) : g_strdup ("");
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "\"%s\" cannot be the name of a file here: 1 to %d bytes, without \"/\", not "
               "beginning with \".\"",
               shown, NAME_MAX);
  return FALSE;
}

int
vireo_store_open_folder (const char *folder, GError **error)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    vireo_error_set_errno (error, errno, "cannot open the folder %s", folder);
  return fd;
}

static gboolean
sync_folder (const char *folder, GError **error)
{
  int fd = vireo_store_open_folder (folder, error);
  int saved_errno;
  gboolean ok;

  if (fd < 0)
    return FALSE;
  ok = fsync (fd) == 0;
  saved_errno = errno;
  close (fd);
  if (!ok)
    vireo_error_set_errno (error, saved_errno, "cannot sync the folder %s", folder);
  return ok;
}

/* Makes @folder and the folders above it that are missing, each so that it survives a power cut. */
gboolean
vireo_store_make_folder (const char *folder, GError **error)
{
  g_autofree char *parent = NULL;

  if (g_file_test (folder, G_FILE_TEST_IS_DIR))
    return TRUE;

  parent = g_path_get_dirname (folder);
  if (!g_str_equal (parent, folder) && !vireo_store_make_folder (parent, error))
    return FALSE;
  if (mkdir (folder, 0700) != 0 && (errno != EEXIST || !g_file_test (folder, G_FILE_TEST_IS_DIR)))
    {
      vireo_error_set_errno (error, errno, "cannot make the folder %s", folder);
      return FALSE;
    }
  return sync_folder (parent, error);
}

/* Removes what a daemon that died in the middle of a write left behind. */
gboolean
vireo_store_sweep (const char *folder, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &cause);
  const char *name;

  if (dir == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_IO, "cannot read the folder %s: %s", folder,
                   cause->message);
      return FALSE;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = NULL;

      if (!g_str_has_prefix (name, TEMPORARY_PREFIX))
        continue;
      path = g_build_filename (folder, name, NULL);
      if (g_unlink (path) != 0 && errno != ENOENT)
        {
          vireo_error_set_errno (error, errno, "cannot remove %s", path);
          return FALSE;
        }
    }
  return TRUE;
}

static char *
temporary_name (void)
{
  static guint counter = 0;

  return g_strdup_printf (TEMPORARY_PREFIX "%d-%u", (int) getpid (),
                          (guint) g_atomic_int_add (&counter, 1));
}

static gboolean
write_all (int fd, GBytes *contents)
{
  gsize size;
  const char *data = g_bytes_get_data (contents, &size);

  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

/* Writes the new contents next to the file that they are for, and starts their way to the disk. */
static int
write_temporary (int folder_fd, VireoStoreCall *call, gsize i)
{
  const VireoStoreOp *op = &call->ops[i];
  g_autofree char *name = temporary_name ();
  int fd = openat (folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int saved_errno;

  if (fd < 0)
    {
      vireo_error_set_errno (&call->error, errno, "cannot make a file for %s", op->name);
      return -1;
    }
  call->temporaries[i] = g_steal_pointer (&name);
  /* Not the mode of open(): the daemon's umask has no say in it. */
  if (write_all (fd, op->contents) && fchmod (fd, op->mode) == 0)
    {
      /* Only a hint: the files of a batch travel together, and the syncs find most of it done. */
      sync_file_range (fd, 0, 0, SYNC_FILE_RANGE_WRITE);
      return fd;
    }

  saved_errno = errno;
  close (fd);
  vireo_error_set_errno (&call->error, saved_errno, "cannot write %s", op->name);
  return -1;
}

static void
write_temporaries (int folder_fd, VireoStoreCall *call, GArray *fds)
{
  for (gsize i = 0; i < call->n_ops && call->error == NULL; i++)
    {
      int fd = -1;

      if (call->ops[i].contents != NULL)
        fd = write_temporary (folder_fd, call, i);
      g_array_append_val (fds, fd);
    }
}

static void
sync_temporaries (VireoStoreCall *call, GArray *fds)
{
  for (gsize i = 0; i < fds->len; i++)
    {
      int fd = g_array_index (fds, int, i);

      if (fd < 0)
        continue;
      /* A full disk may show only here, where blocks are allocated late. */
      if (call->error == NULL && fsync (fd) != 0)
        vireo_error_set_errno (&call->error, errno, "cannot sync %s", call->ops[i].name);
      if (close (fd) != 0 && errno != EINTR && call->error == NULL)
        vireo_error_set_errno (&call->error, errno, "cannot write %s", call->ops[i].name);
    }
}

static void
apply_in_order (int folder_fd, VireoStoreCall *call)
{
  for (gsize i = 0; i < call->n_ops && call->error == NULL; i++)
    {
      const char *name = call->ops[i].name;

      if (call->temporaries[i] == NULL)
        {
          if (unlinkat (folder_fd, name, 0) != 0 && errno != ENOENT)
            vireo_error_set_errno (&call->error, errno, "cannot delete %s", name);
        }
      else if (renameat (folder_fd, call->temporaries[i], folder_fd, name) != 0)
        vireo_error_set_errno (&call->error, errno, "cannot replace %s", name);
      else
        g_clear_pointer (&call->temporaries[i], g_free);
    }
}

static void
remove_temporaries (int folder_fd, VireoStoreCall *call)
{
  for (gsize i = 0; i < call->n_ops; i++)
    if (call->temporaries[i] != NULL)
      unlinkat (folder_fd, call->temporaries[i], 0);
}

static void
fail_all (VireoStoreCall **calls, gsize n_calls, const GError *error)
{
  for (gsize i = 0; i < n_calls; i++)
    if (calls[i]->error == NULL)
      calls[i]->error = g_error_copy (error);
}

/* All files are written before the first is synced: the journal's commit for the first takes the
 * others along, which then cost little. Renames come only when all of a call's files are safe, so a
 * full disk changes nothing; they come in order, which the journals of ext4, XFS and btrfs keep. */
void
vireo_store_commit (const char *folder, VireoStoreCall **calls, gsize n_calls)
{
  g_autoptr (GError) error = NULL;
  int folder_fd = vireo_store_open_folder (folder, &error);
  g_autoptr (GPtrArray) fds = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);

  if (folder_fd < 0)
    {
      fail_all (calls, n_calls, error);
      return;
    }

  for (gsize i = 0; i < n_calls; i++)
    {
      g_ptr_array_add (fds, g_array_new (FALSE, FALSE, sizeof (int)));
      write_temporaries (folder_fd, calls[i], g_ptr_array_index (fds, i));
    }
  for (gsize i = 0; i < n_calls; i++)
    sync_temporaries (calls[i], g_ptr_array_index (fds, i));
  for (gsize i = 0; i < n_calls; i++)
    {
      apply_in_order (folder_fd, calls[i]);
      remove_temporaries (folder_fd, calls[i]);
    }
  if (fsync (folder_fd) != 0)
    {
      vireo_error_set_errno (&error, errno, "cannot sync the folder %s", folder);
      fail_all (calls, n_calls, error);
    }
  close (folder_fd);
}
