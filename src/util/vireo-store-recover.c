/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a daemon left in its log is done, by the rules in vireo-store-log.h. */

#include "vireo-store-frame.h"
#include "vireo-store-log-private.h"

#include "vireo-error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Far more than what is written; a log of another size is no log of ours. */
#define MAX_LOG_SIZE (64u * 1024 * 1024)

/* Files that are open at a time, and that are synced at a time. */
#define MAX_OPEN 64u
#define SYNC_AT_ONCE 4u

/* A frame that was read. */
typedef struct
{
  guint64 sequence;
  GPtrArray *steps; /* VireoStoreStep */
} Frame;

/* What there is to do about a name. */
typedef enum
{
  VERDICT_DONE,
  VERDICT_BEHIND,
  VERDICT_FOREIGN,
} Verdict;

static void
frame_free (gpointer data)
{
  Frame *frame = data;

  g_ptr_array_unref (frame->steps);
  g_free (frame);
}

static int
compare_frames (gconstpointer a, gconstpointer b)
{
  const Frame *one = *(const Frame *const *) a, *two = *(const Frame *const *) b;

  return one->sequence < two->sequence ? -1 : one->sequence > two->sequence;
}

/* Adds what is in it to @frames; @newest gets the highest number so far. */
static gboolean
read_half (VireoStoreLog *self, int folder_fd, guint i, GPtrArray *frames, guint64 *newest,
           GError **error)
{
  const char *name = self->halves[i].name;
  g_autoptr (GBytes) log = vireo_store_io_read_file (self->io, folder_fd, name, MAX_LOG_SIZE);
  gsize offset = VIREO_STORE_BLOCK;
  guint64 epoch;

  if (log == NULL && errno == ENOENT)
    return TRUE;
  if (log == NULL)
    {
      vireo_error_set_errno (error, errno, "cannot read %s in %s", name, self->folder);
      return FALSE;
    }
  /* One that was being made. */
  if (!vireo_store_frame_read_header (log, &epoch))
    return TRUE;
  for (;;)
    {
      Frame *frame = g_new0 (Frame, 1);

      frame->steps = g_ptr_array_new_with_free_func (vireo_store_step_free);
      if (!vireo_store_frame_read (log, epoch, &offset, &frame->sequence, frame->steps))
        {
          frame_free (frame);
          return TRUE;
        }
      g_ptr_array_add (frames, frame);
      if (frame->sequence > *newest)
        {
          *newest = frame->sequence;
          self->active = i;
        }
    }
}

/* (transfer container): file name -> its steps, in their order; both belong to @frames */
static GHashTable *
sort_steps (GPtrArray *frames)
{
  GHashTable *names
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);

  g_ptr_array_sort (frames, compare_frames);
  for (guint i = 0; i < frames->len; i++)
    {
      const Frame *frame = frames->pdata[i];

      for (guint j = 0; j < frame->steps->len; j++)
        {
          VireoStoreStep *step = frame->steps->pdata[j];
          GPtrArray *steps = g_hash_table_lookup (names, step->name);

          if (steps == NULL)
            {
              steps = g_ptr_array_new ();
              g_hash_table_insert (names, step->name, steps);
            }
          g_ptr_array_add (steps, step);
        }
    }
  return names;
}

/* ---- what is there ---- */

static gboolean
is_beginning_of (GBytes *found, GBytes *whole)
{
  gsize size, whole_size;
  const void *data = g_bytes_get_data (found, &size);
  const void *whole_data = g_bytes_get_data (whole, &whole_size);

  return size < whole_size && memcmp (data, whole_data, size) == 0;
}

/* What was not synced when the power went: some of its blocks came to the disk, or none. */
static gboolean
is_torn (GBytes *found, GPtrArray *steps)
{
  gsize size;
  const void *data = g_bytes_get_data (found, &size);

  if (size == 0 || memchr (data, '\0', size) != NULL)
    return TRUE;
  for (guint i = 0; i < steps->len; i++)
    {
      const VireoStoreStep *step = steps->pdata[i];

      if (step->contents != NULL && is_beginning_of (found, step->contents))
        return TRUE;
    }
  return FALSE;
}

static gboolean
was_before (GBytes *found, GPtrArray *steps)
{
  guint8 digest[VIREO_STORE_DIGEST_SIZE];

  vireo_store_digest (found, digest);
  for (guint i = 0; i < steps->len; i++)
    {
      const VireoStoreStep *step = steps->pdata[i];

      if ((step->before == VIREO_STORE_REGULAR && memcmp (digest, step->digest, sizeof digest) == 0)
          || (step->contents != NULL && g_bytes_equal (step->contents, found)))
        return TRUE;
    }
  return FALSE;
}

/* @found: (nullable): %NULL when it is absent */
static Verdict
judge (GBytes *found, GPtrArray *steps)
{
  const VireoStoreStep *last = steps->pdata[steps->len - 1];

  if (found == NULL)
    return last->contents != NULL ? VERDICT_BEHIND : VERDICT_DONE;
  if (last->contents != NULL && g_bytes_equal (last->contents, found))
    return VERDICT_DONE;
  if (was_before (found, steps) || is_torn (found, steps))
    return VERDICT_BEHIND;
  return VERDICT_FOREIGN;
}

static Verdict
look_at (VireoStoreLog *self, int folder_fd, const char *name, GPtrArray *steps)
{
  g_autoptr (GBytes) found = vireo_store_io_read_file (self->io, folder_fd, name, G_MAXINT32);

  /* A folder, a link, or something that cannot be read: nothing that was ours. */
  if (found == NULL && errno != ENOENT)
    return VERDICT_FOREIGN;
  return judge (found, steps);
}

/* ---- syncing the files ---- */

/* Opens files of @names, as many as may be open, and counts in @taken how many names that was. One
 * that is gone, or is something else by now, is nothing to us: the folder says that. */
static gboolean
open_some (VireoStoreLog *self,
           int folder_fd,
           const char *const *names,
           guint n,
           GArray *files,
           guint *taken,
           GError **error)
{
  for (*taken = 0; *taken < n && files->len < MAX_OPEN; (*taken)++)
    {
      VireoStoreSync file = { self->io->open (folder_fd, names[*taken], O_RDONLY, 0), 0 };

      if (file.fd < 0 && errno != ENOENT && errno != ELOOP && errno != ENXIO)
        {
          vireo_error_set_errno (error, errno, "cannot open %s to sync it", names[*taken]);
          return FALSE;
        }
      if (file.fd >= 0 && self->io->size (file.fd) < 0)
        self->io->close (file.fd);
      else if (file.fd >= 0)
        {
          self->io->start_sync (file.fd);
          g_array_append_val (files, file);
        }
    }
  return TRUE;
}

/* Syncs the files of @names as they are now, and the folder. */
static gboolean
sync_names (VireoStoreLog *self, const char *const *names, guint n, GError **error)
{
  int folder_fd = vireo_store_open_folder (self->io, self->folder, error);
  gboolean ok = folder_fd >= 0;
  guint taken;

  for (guint i = 0; ok && i < n; i += taken)
    {
      g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (VireoStoreSync));
      int failed;

      ok = open_some (self, folder_fd, names + i, n - i, files, &taken, error);
      failed = vireo_store_sync_at_once (self->io, files, SYNC_AT_ONCE);
      if (ok && failed != 0)
        {
          vireo_error_set_errno (error, failed, "cannot sync a file in %s", self->folder);
          ok = FALSE;
        }
      for (guint j = 0; j < files->len; j++)
        self->io->close (g_array_index (files, VireoStoreSync, j).fd);
    }
  if (ok && self->io->sync (folder_fd) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot sync the folder %s", self->folder);
      ok = FALSE;
    }
  if (folder_fd >= 0)
    self->io->close (folder_fd);
  return ok;
}

/* ---- all of it ---- */

static gboolean
restore (VireoStoreLog *self, GHashTable *names, GError **error)
{
  int folder_fd = vireo_store_open_folder (self->io, self->folder, error);
  g_autoptr (GArray) ops = g_array_new (FALSE, TRUE, sizeof (VireoStoreOp));
  GHashTableIter iter;
  gpointer name, steps;

  if (folder_fd < 0)
    return FALSE;
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, &steps))
    {
      const VireoStoreStep *last
          = g_ptr_array_index ((GPtrArray *) steps, ((GPtrArray *) steps)->len - 1);
      Verdict verdict = look_at (self, folder_fd, name, steps);
      VireoStoreOp op = { name, last->contents, last->mode };

      if (verdict == VERDICT_BEHIND)
        g_array_append_val (ops, op);
      else if (verdict == VERDICT_FOREIGN)
        g_message ("%s in %s was changed by somebody else, and stays", last->name, self->folder);
    }
  self->io->close (folder_fd);
  if (ops->len > 0)
    g_message ("%u files in %s are brought up to date from the log", ops->len, self->folder);
  return vireo_store_log_write_all (self, ops, error);
}

/* What a daemon that was killed wrote may still be in memory only. */
static gboolean
sync_all_names (VireoStoreLog *self, GHashTable *names, GError **error)
{
  g_autofree const char **keys = NULL;
  guint n;

  keys = (const char **) g_hash_table_get_keys_as_array (names, &n);
  return n == 0 || sync_names (self, keys, n, error);
}

gboolean
vireo_store_log_recover (VireoStoreLog *self, GError **error)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func (frame_free);
  g_autoptr (GHashTable) names = NULL;
  g_autoptr (GError) cause = NULL;
  int folder_fd = vireo_store_open_folder (self->io, self->folder, error);
  gboolean ok = folder_fd >= 0;
  guint64 newest = 0;

  for (guint i = 0; ok && i < G_N_ELEMENTS (self->halves); i++)
    ok = read_half (self, folder_fd, i, frames, &newest, error);
  if (folder_fd >= 0)
    self->io->close (folder_fd);
  if (!ok)
    return FALSE;

  names = sort_steps (frames);
  if (!restore (self, names, error) || !sync_all_names (self, names, error))
    return FALSE;
  if (vireo_store_log_discard (self, &cause))
    return TRUE;
  /* On a disk that is read-only, what is there can be read, for it is what it is to be. Before the
   * first change this is tried again. */
  g_message ("%s", cause->message);
  return TRUE;
}
