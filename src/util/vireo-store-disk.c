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

/* Files that are synced at the same time. */
#define MAX_SYNCING 16

VireoStoreCall *
vireo_store_call_new (const VireoStoreOp *ops, gsize n_ops)
{
  VireoStoreCall *call = g_new0 (VireoStoreCall, 1);

  call->ops = g_new0 (VireoStoreOp, n_ops);
  call->n_ops = n_ops;
  call->temporaries = g_new0 (char *, n_ops);
  call->states = g_new0 (VireoStoreState, n_ops);
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
      g_clear_pointer (&call->states[i].contents, g_bytes_unref);
    }
  g_free (call->states);
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
vireo_store_open_folder (const VireoStoreIo *io, const char *folder, GError **error)
{
  int fd = io->open_folder (folder);

  if (fd < 0)
    vireo_error_set_errno (error, errno, "cannot open the folder %s", folder);
  return fd;
}

static gboolean
sync_folder (const char *folder, GError **error)
{
  int fd = vireo_store_open_folder (&vireo_store_system_io, folder, error);
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

/* Writes the new contents next to the file that they are for. */
int
vireo_store_write_temporary (const VireoStoreIo *io, int folder_fd, VireoStoreCall *call, gsize i)
{
  const VireoStoreOp *op = &call->ops[i];
  g_autofree char *name = temporary_name ();
  int fd = io->open (folder_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  int saved_errno;

  if (fd < 0)
    {
      vireo_error_set_errno (&call->error, errno, "cannot make a file for %s", op->name);
      return -1;
    }
  call->temporaries[i] = g_steal_pointer (&name);
  /* Not the mode of open(): the daemon's umask has no say in it. */
  if (vireo_store_io_write_all (io, fd, op->contents, 0) == 0 && io->set_mode (fd, op->mode) == 0)
    return fd;

  saved_errno = errno;
  io->close (fd);
  vireo_error_set_errno (&call->error, saved_errno, "cannot write %s", op->name);
  return -1;
}

typedef struct
{
  const VireoStoreIo *io;
  GArray *files; /* VireoStoreSync */
  gint next;     /* what the next thread that is free takes */
} SyncWork;

static gpointer
sync_files (gpointer data)
{
  SyncWork *work = data;
  gint i;

  while ((i = g_atomic_int_add (&work->next, 1)) < (gint) work->files->len)
    {
      VireoStoreSync *file = &g_array_index (work->files, VireoStoreSync, i);

      /* A full disk may show only here, where blocks are allocated late. */
      if (work->io->sync (file->fd) != 0)
        file->error = errno;
    }
  return NULL;
}

/* Disks and journals serve all who wait at the same time with one flush, and who comes after it
 * with the next: sixteen files at once take the time of two or three. A thread that cannot be had
 * leaves more to the others. */
int
vireo_store_sync_at_once (const VireoStoreIo *io, GArray *files, guint at_once)
{
  SyncWork work = { io, files, 0 };
  GThread *threads[MAX_SYNCING] = { NULL };
  guint n_threads = MIN (files->len, MIN (at_once, MAX_SYNCING));
  int error = 0;

  for (guint i = 1; i < n_threads; i++)
    threads[i] = g_thread_try_new ("vireo-sync", sync_files, &work, NULL);
  sync_files (&work);
  for (guint i = 1; i < n_threads; i++)
    if (threads[i] != NULL)
      g_thread_join (threads[i]);
  for (guint i = 0; i < files->len && error == 0; i++)
    error = g_array_index (files, VireoStoreSync, i).error;
  return error;
}

/* Where a file that is synced comes from. */
typedef struct
{
  VireoStoreCall *call;
  gsize op;
} Origin;

/* @files: (element-type VireoStoreSync), @origins: (element-type Origin): get those that were
 * written. */
static void
write_temporaries (const VireoStoreIo *io,
                   int folder_fd,
                   VireoStoreCall *call,
                   GArray *files,
                   GArray *origins)
{
  for (gsize i = 0; i < call->n_ops && call->error == NULL; i++)
    {
      VireoStoreSync file = { -1, 0 };
      Origin origin = { call, i };

      if (call->ops[i].contents != NULL)
        file.fd = vireo_store_write_temporary (io, folder_fd, call, i);
      if (file.fd < 0)
        continue;
      /* Only a hint: the files of a batch travel together, and the syncs find most of it done. */
      io->start_sync (file.fd);
      g_array_append_val (files, file);
      g_array_append_val (origins, origin);
    }
}

static void
sync_temporaries (const VireoStoreIo *io, GArray *files, GArray *origins)
{
  vireo_store_sync_at_once (io, files, MAX_SYNCING);
  for (guint i = 0; i < files->len; i++)
    {
      const VireoStoreSync *file = &g_array_index (files, VireoStoreSync, i);
      const Origin *origin = &g_array_index (origins, Origin, i);
      VireoStoreCall *call = origin->call;
      const char *name = call->ops[origin->op].name;

      if (file->error != 0 && call->error == NULL)
        vireo_error_set_errno (&call->error, file->error, "cannot sync %s", name);
      if (io->close (file->fd) != 0 && errno != EINTR && call->error == NULL)
        vireo_error_set_errno (&call->error, errno, "cannot write %s", name);
    }
}

void
vireo_store_apply_in_order (const VireoStoreIo *io, int folder_fd, VireoStoreCall *call)
{
  for (gsize i = 0; i < call->n_ops; i++)
    {
      const char *name = call->ops[i].name;

      if (call->error != NULL)
        return;
      if (call->temporaries[i] == NULL)
        {
          if (io->unlink (folder_fd, name) != 0 && errno != ENOENT)
            vireo_error_set_errno (&call->error, errno, "cannot delete %s", name);
        }
      else if (io->rename (folder_fd, call->temporaries[i], name) != 0)
        vireo_error_set_errno (&call->error, errno, "cannot replace %s", name);
      else
        g_clear_pointer (&call->temporaries[i], g_free);
      if (call->error == NULL)
        call->n_done++;
    }
}

void
vireo_store_remove_temporaries (const VireoStoreIo *io, int folder_fd, VireoStoreCall *call)
{
  for (gsize i = 0; i < call->n_ops; i++)
    if (call->temporaries[i] != NULL)
      io->unlink (folder_fd, call->temporaries[i]);
}

void
vireo_store_fail_all (VireoStoreCall **calls, gsize n_calls, const GError *error)
{
  for (gsize i = 0; i < n_calls; i++)
    if (calls[i]->error == NULL)
      calls[i]->error = g_error_copy (error);
}

/* All files are written before the first is synced: they travel together. Renames come only when
 * all of a call's files are safe, so a full disk changes nothing; they come in order, which the
 * journals of ext4, XFS and btrfs keep. */
void
vireo_store_commit (const VireoStoreIo *io,
                    const char *folder,
                    VireoStoreCall **calls,
                    gsize n_calls)
{
  g_autoptr (GError) error = NULL;
  int folder_fd = vireo_store_open_folder (io, folder, &error);
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (VireoStoreSync));
  g_autoptr (GArray) origins = g_array_new (FALSE, FALSE, sizeof (Origin));

  if (folder_fd < 0)
    {
      vireo_store_fail_all (calls, n_calls, error);
      return;
    }

  for (gsize i = 0; i < n_calls; i++)
    write_temporaries (io, folder_fd, calls[i], files, origins);
  sync_temporaries (io, files, origins);
  for (gsize i = 0; i < n_calls; i++)
    {
      vireo_store_apply_in_order (io, folder_fd, calls[i]);
      vireo_store_remove_temporaries (io, folder_fd, calls[i]);
    }
  if (io->sync (folder_fd) != 0)
    {
      vireo_error_set_errno (&error, errno, "cannot sync the folder %s", folder);
      vireo_store_fail_all (calls, n_calls, error);
    }
  io->close (folder_fd);
}
