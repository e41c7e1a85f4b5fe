/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-store-log.h"

#include "vireo-error.h"
#include "vireo-store-frame.h"
#include "vireo-store-log-private.h"

#include <errno.h>
#include <fcntl.h>

/* Files that are written at a time. */
#define MAX_OPEN 64u

static const char *const half_names[] = { ".vireo-log-0", ".vireo-log-1" };
static const char reserve_name[] = ".vireo-log-reserve";

static void
pending_free (gpointer data)
{
  VireoStorePending *pending = data;

  g_clear_pointer (&pending->contents, g_bytes_unref);
  g_free (pending);
}

/**
 * vireo_store_log_new:
 * @folder: (type filename): where the files, and the log, are
 * @io: the system calls
 *
 * Returns: (transfer full): a log, of which nothing is on the disk yet
 */
VireoStoreLog *
vireo_store_log_new (const char *folder, const VireoStoreIo *io)
{
  VireoStoreLog *self = g_new0 (VireoStoreLog, 1);

  self->folder = g_strdup (folder);
  self->io = io;
  self->size = VIREO_STORE_LOG_SIZE;
  self->reserve_size = VIREO_STORE_RESERVE_SIZE;
  self->stale = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (self->halves); i++)
    {
      self->halves[i].name = half_names[i];
      self->halves[i].fd = -1;
      self->halves[i].pending
          = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, pending_free);
    }
  return self;
}

/* All that it has is in its place. */
static void
half_forget (VireoStoreHalf *half)
{
  g_hash_table_remove_all (half->pending);
  half->space = 0;
}

static void
half_close (VireoStoreLog *self, VireoStoreHalf *half)
{
  if (half->fd >= 0)
    self->io->close (half->fd);
  half->fd = -1;
}

void
vireo_store_log_free (VireoStoreLog *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->halves); i++)
    {
      half_close (self, &self->halves[i]);
      g_hash_table_unref (self->halves[i].pending);
    }
  g_free (self->folder);
  g_free (self);
}

static VireoStoreHalf *
get_active (VireoStoreLog *self)
{
  return &self->halves[self->active];
}

static VireoStoreHalf *
get_other (VireoStoreLog *self)
{
  return &self->halves[1 - self->active];
}

gboolean
vireo_store_log_can_take (VireoStoreLog *self, gsize size)
{
  return size + vireo_store_frame_empty_size () <= self->size - VIREO_STORE_BLOCK;
}

/* What files take on the disk, at most, when they are written: each its blocks, and a bit of the
 * folder. */
static gsize
space_for (gsize size, gsize n_files)
{
  return size + n_files * VIREO_STORE_BLOCK;
}

gboolean
vireo_store_log_has_room (VireoStoreLog *self, gsize size, gsize n_ops)
{
  const VireoStoreHalf *half = get_active (self);
  gint64 begin = half->fd >= 0 ? half->end : VIREO_STORE_BLOCK;

  return size + vireo_store_frame_empty_size () <= self->size - (gsize) begin
         && half->space + space_for (size, n_ops) <= self->reserve_size / 2;
}

gboolean
vireo_store_log_is_used (VireoStoreLog *self)
{
  return g_hash_table_size (get_active (self)->pending) > 0;
}

gboolean
vireo_store_log_is_checkpointing (VireoStoreLog *self)
{
  return self->checkpointing;
}

gboolean
vireo_store_log_is_broken (VireoStoreLog *self)
{
  return self->broken;
}

void
vireo_store_log_turn (VireoStoreLog *self)
{
  g_assert (!self->checkpointing && !self->broken);
  self->active = 1 - self->active;
  self->checkpointing = TRUE;
}

/* ---- the files of the log ---- */

static guint64
draw_epoch (void)
{
  return (guint64) g_random_int () << 32 | g_random_int ();
}

/* Writes the first block, which makes everything behind it void. Its sync is the caller's. */
static int
half_begin (VireoStoreLog *self, VireoStoreHalf *half)
{
  g_autoptr (GBytes) header = NULL;

  half->epoch = draw_epoch ();
  half->end = VIREO_STORE_BLOCK;
  header = vireo_store_frame_new_header (half->epoch);
  return vireo_store_io_write_all (self->io, half->fd, header, 0);
}

/* All of its blocks are written once: later the file system has nothing to note down but what is in
 * them, and a disk that is full is full now, not in the middle. */
static gboolean
half_fill (VireoStoreLog *self, VireoStoreHalf *half, int folder_fd)
{
  gsize size = self->size - VIREO_STORE_BLOCK;
  g_autoptr (GBytes) zeros = g_bytes_new_take (g_malloc0 (size), size);

  return half_begin (self, half) == 0
         && vireo_store_io_write_all (self->io, half->fd, zeros, VIREO_STORE_BLOCK) == 0
         && self->io->sync (half->fd) == 0 && self->io->sync (folder_fd) == 0;
}

/* FALSE with @error when an old log is in the way, which must not be left where it would be taken
 * for news; without one when there is no place for a log. */
static gboolean
half_ensure (VireoStoreLog *self, VireoStoreHalf *half, int folder_fd, GError **error)
{
  /* Somebody may have deleted it. */
  if (half->fd >= 0 && self->io->size (half->fd) == (gint64) self->size)
    return TRUE;
  if (half->fd >= 0 && g_hash_table_size (half->pending) > 0)
    {
      self->broken = TRUE;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_IO, "the log of %s was deleted", self->folder);
      return FALSE;
    }
  half_close (self, half);
  if (self->io->unlink (folder_fd, half->name) != 0 && errno != ENOENT)
    {
      vireo_error_set_errno (error, errno, "cannot delete the old log of %s", self->folder);
      return FALSE;
    }
  half->fd = self->io->open (folder_fd, half->name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (half->fd >= 0 && half_fill (self, half, folder_fd))
    {
      self->io->set_blockwise (half->fd);
      return TRUE;
    }
  half_close (self, half);
  self->io->unlink (folder_fd, half->name);
  return FALSE;
}

/* ---- room for the files ---- */

/* FALSE, with nothing left of it, when the disk has no room. A checkpoint that took it needs it. */
static gboolean
make_reserve (VireoStoreLog *self, int folder_fd)
{
  gboolean made;
  int fd;

  if (self->checkpointing || g_atomic_int_get (&self->reserved))
    return TRUE;
  if (self->io->unlink (folder_fd, reserve_name) != 0 && errno != ENOENT)
    return FALSE;
  fd = self->io->open (folder_fd, reserve_name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0)
    return FALSE;
  made = self->io->allocate (fd, (gint64) self->reserve_size) == 0 && self->io->sync (fd) == 0;
  self->io->close (fd);
  if (!made)
    self->io->unlink (folder_fd, reserve_name);
  g_atomic_int_set (&self->reserved, made);
  return made;
}

/* Whether there was one. */
static gboolean
drop_reserve (VireoStoreLog *self)
{
  int folder_fd = vireo_store_open_folder (self->io, self->folder, NULL);
  gboolean dropped;

  if (folder_fd < 0)
    return FALSE;
  g_atomic_int_set (&self->reserved, FALSE);
  /* The space is free when that is on the disk. */
  dropped = self->io->unlink (folder_fd, reserve_name) == 0 && self->io->sync (folder_fd) == 0;
  self->io->close (folder_fd);
  return dropped;
}

/* As half_ensure(). */
static gboolean
ensure_place (VireoStoreLog *self, int folder_fd, GError **error)
{
  if (!half_ensure (self, get_active (self), folder_fd, error))
    return FALSE;
  if (make_reserve (self, folder_fd))
    return TRUE;
  if (vireo_store_log_is_used (self))
    {
      self->broken = TRUE;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NO_SPACE,
                   "there is no room in %s for what was changed before", self->folder);
    }
  return FALSE;
}

/* ---- changes ---- */

/* What the name will be when those changes are made that come first. */
static VireoStoreState
look_up (VireoStoreLog *self, GHashTable *changed, int folder_fd, const char *name)
{
  const VireoStoreOp *op = g_hash_table_lookup (changed, name);
  const VireoStorePending *pending = NULL;
  VireoStoreState state = { VIREO_STORE_ABSENT, NULL };

  if (op == NULL)
    pending = g_hash_table_lookup (get_active (self)->pending, name);
  if (op == NULL && pending == NULL)
    pending = g_hash_table_lookup (get_other (self)->pending, name);
  if (op != NULL && op->contents != NULL)
    state.contents = g_bytes_ref (op->contents);
  else if (pending != NULL && pending->contents != NULL)
    state.contents = g_bytes_ref (pending->contents);
  else if (op == NULL && pending == NULL)
    state.contents = vireo_store_io_read_file (self->io, folder_fd, name, G_MAXINT32);
  if (state.contents != NULL)
    state.kind = VIREO_STORE_REGULAR;
  else if (op == NULL && pending == NULL && errno == EISDIR)
    /* It cannot be replaced or deleted; better said now than when it is logged. */
    state.kind = VIREO_STORE_OTHER;
  return state;
}

static void
prepare_call (VireoStoreLog *self, GHashTable *changed, int folder_fd, VireoStoreCall *call)
{
  for (gsize i = 0; i < call->n_ops && call->error == NULL; i++)
    {
      VireoStoreOp *op = &call->ops[i];

      call->states[i] = look_up (self, changed, folder_fd, op->name);
      if (call->states[i].kind == VIREO_STORE_OTHER)
        vireo_error_set_errno (&call->error, EISDIR, "cannot %s %s",
                               op->contents != NULL ? "replace" : "delete", op->name);
    }
  /* What does not take place is nothing that later changes find. */
  for (gsize i = 0; i < call->n_ops && call->error == NULL; i++)
    g_hash_table_insert (changed, (char *) call->ops[i].name, &call->ops[i]);
}

static gboolean
append (VireoStoreLog *self, VireoStoreCall **calls, gsize n_calls, GError **error)
{
  VireoStoreHalf *half = get_active (self);
  g_autoptr (GBytes) frame = vireo_store_frame_new (half->epoch, ++self->sequence, calls, n_calls);

  g_assert (half->end + (gint64) g_bytes_get_size (frame) <= (gint64) self->size);
  if (vireo_store_io_write_all (self->io, half->fd, frame, half->end) == 0
      && self->io->sync_data (half->fd) == 0)
    {
      half->end += (gint64) g_bytes_get_size (frame);
      return TRUE;
    }
  vireo_error_set_errno (error, errno, "cannot write the log of %s", self->folder);
  self->broken = TRUE;
  return FALSE;
}

static void
note_pending (VireoStoreHalf *half, VireoStoreCall *call)
{
  if (call->error != NULL)
    return;
  for (gsize i = 0; i < call->n_ops; i++)
    {
      const VireoStoreOp *op = &call->ops[i];
      VireoStorePending *pending = g_new0 (VireoStorePending, 1);

      pending->contents = op->contents != NULL ? g_bytes_ref (op->contents) : NULL;
      pending->mode = op->mode;
      g_hash_table_replace (half->pending, g_strdup (op->name), pending);
    }
  half->space += space_for (vireo_store_frame_call_size (call), call->n_ops);
  call->n_done = call->n_ops;
}

static gboolean
any_left (VireoStoreCall **calls, gsize n_calls)
{
  for (gsize i = 0; i < n_calls; i++)
    if (calls[i]->error == NULL && calls[i]->n_ops > 0)
      return TRUE;
  return FALSE;
}

static void
commit_in (VireoStoreLog *self, int folder_fd, VireoStoreCall **calls, gsize n_calls)
{
  g_autoptr (GHashTable) changed = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < n_calls; i++)
    prepare_call (self, changed, folder_fd, calls[i]);
  if (any_left (calls, n_calls) && !append (self, calls, n_calls, &error))
    vireo_store_fail_all (calls, n_calls, error);
  for (gsize i = 0; i < n_calls; i++)
    note_pending (get_active (self), calls[i]);
}

void
vireo_store_log_commit (VireoStoreLog *self, VireoStoreCall **calls, gsize n_calls)
{
  g_autoptr (GError) error = NULL;
  int folder_fd = vireo_store_open_folder (self->io, self->folder, &error);

  if (folder_fd >= 0 && self->stale && vireo_store_log_recover (self, &error) && self->stale)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_ACCESS, "cannot delete the old log in %s",
                 self->folder);
  if (error != NULL)
    vireo_store_fail_all (calls, n_calls, error);
  else if (ensure_place (self, folder_fd, &error))
    commit_in (self, folder_fd, calls, n_calls);
  else if (error == NULL && !self->checkpointing)
    /* No place for a log, and nothing in one: what is deleted now may make place. */
    vireo_store_commit (self->io, self->folder, calls, n_calls);
  else if (error == NULL)
    {
      self->broken = TRUE;
      g_set_error (&error, VIREO_ERROR, VIREO_ERROR_IO, "cannot make a log in %s", self->folder);
    }
  if (error != NULL && folder_fd >= 0)
    vireo_store_fail_all (calls, n_calls, error);
  if (folder_fd >= 0)
    self->io->close (folder_fd);
}

/* ---- writing the files ---- */

/* What @pendings have, which own it all. */
static GArray *
pending_ops (GHashTable *pendings)
{
  GArray *ops = g_array_sized_new (FALSE, TRUE, sizeof (VireoStoreOp),
                                   g_hash_table_size (pendings));
  GHashTableIter iter;
  gpointer name, pending;

  g_hash_table_iter_init (&iter, pendings);
  while (g_hash_table_iter_next (&iter, &name, &pending))
    {
      const VireoStorePending *what = pending;
      VireoStoreOp op = { name, what->contents, what->mode };

      g_array_append_val (ops, op);
    }
  return ops;
}

static gboolean
write_some (VireoStoreLog *self, const VireoStoreOp *ops, gsize n, GError **error)
{
  VireoStoreCall *call = vireo_store_call_new (ops, n);
  gboolean ok;

  vireo_store_commit (self->io, self->folder, &call, 1);
  ok = call->error == NULL;
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&call->error));
  vireo_store_call_free (call);
  return ok;
}

/* Writes files so that they are safe, each whole at any instant. */
gboolean
vireo_store_log_write_all (VireoStoreLog *self, const GArray *ops, GError **error)
{
  for (guint i = 0; i < ops->len; i += MAX_OPEN)
    {
      const VireoStoreOp *some = &g_array_index (ops, VireoStoreOp, i);
      gsize n = MIN (MAX_OPEN, ops->len - i);
      g_autoptr (GError) cause = NULL;
      gboolean written = write_some (self, some, n, &cause);

      /* The reserve was kept for this. */
      if (!written && g_error_matches (cause, VIREO_ERROR, VIREO_ERROR_NO_SPACE)
          && drop_reserve (self))
        {
          g_clear_error (&cause);
          written = write_some (self, some, n, &cause);
        }
      if (!written)
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
vireo_store_log_checkpoint (VireoStoreLog *self, GError **error)
{
  VireoStoreHalf *half = get_other (self);
  g_autoptr (GArray) ops = pending_ops (half->pending);
  g_autoptr (GError) cause = NULL;

  if (!vireo_store_log_write_all (self, ops, &cause))
    {
      gboolean gone = g_error_matches (cause, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);

      /* The folder is gone, and with it all that there was to write. */
      if (gone)
        half_close (self, half);
      g_propagate_error (gone ? NULL : error, g_steal_pointer (&cause));
      return gone;
    }
  if (half->fd >= 0 && (half_begin (self, half) != 0 || self->io->sync_data (half->fd) != 0))
    {
      vireo_error_set_errno (error, errno, "cannot empty the log of %s", self->folder);
      return FALSE;
    }
  return TRUE;
}

void
vireo_store_log_checkpointed (VireoStoreLog *self, gboolean done)
{
  self->checkpointing = FALSE;
  if (done)
    half_forget (get_other (self));
  else
    self->broken = TRUE;
}

/* ---- when something failed ---- */

static void
add_pending (VireoStoreHalf *half, GHashTable *all)
{
  GHashTableIter iter;
  gpointer name, pending;

  g_hash_table_iter_init (&iter, half->pending);
  while (g_hash_table_iter_next (&iter, &name, &pending))
    g_hash_table_replace (all, name, pending);
}

static gboolean
sync_log_folder (VireoStoreLog *self, int folder_fd, GError **error)
{
  if (self->io->sync (folder_fd) == 0)
    return TRUE;
  vireo_error_set_errno (error, errno, "cannot sync the folder %s", self->folder);
  return FALSE;
}

static gboolean
half_delete (VireoStoreLog *self, VireoStoreHalf *half, int folder_fd, GError **error)
{
  half_close (self, half);
  if (self->io->unlink (folder_fd, half->name) == 0)
    return sync_log_folder (self, folder_fd, error);
  if (errno == ENOENT)
    return TRUE;
  vireo_error_set_errno (error, errno, "cannot delete the log of %s", self->folder);
  return FALSE;
}

/* Deletes both logs, so that nothing of them is ever done again. The older one has to be gone
 * first: alone, it would say what the newer one has changed since. */
gboolean
vireo_store_log_discard (VireoStoreLog *self, GError **error)
{
  int folder_fd = vireo_store_open_folder (self->io, self->folder, error);
  gboolean ok = folder_fd >= 0 && half_delete (self, get_other (self), folder_fd, error)
                && half_delete (self, get_active (self), folder_fd, error);

  /* Nothing needs it now, and the next change makes it anew. */
  g_atomic_int_set (&self->reserved, FALSE);
  if (ok)
    self->io->unlink (folder_fd, reserve_name);
  if (folder_fd >= 0)
    self->io->close (folder_fd);
  for (guint i = 0; ok && i < G_N_ELEMENTS (self->halves); i++)
    half_forget (&self->halves[i]);
  self->broken &= !ok;
  self->stale = !ok;
  return ok;
}

gboolean
vireo_store_log_repair (VireoStoreLog *self, GError **error)
{
  g_autoptr (GHashTable) all = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GArray) ops = NULL;

  add_pending (get_other (self), all);
  add_pending (get_active (self), all);
  ops = pending_ops (all);
  return vireo_store_log_write_all (self, ops, error) && vireo_store_log_discard (self, error);
}
