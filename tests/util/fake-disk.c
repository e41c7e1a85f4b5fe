/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SECTOR 512u
#define FOLDER_FD 1000000

typedef struct
{
  gint n_refs;
  GByteArray *seen;    /* what the page cache says */
  GByteArray *durable; /* what the disk has */
  gboolean lost;       /* whether a sync failed */
} Inode;

/* A change of the folder that was not synced: @inode is %NULL when the name is taken away. */
typedef struct
{
  char *name;
  Inode *inode;
} Change;

static struct
{
  GMutex lock;
  GRand *rand;
  GHashTable *seen;    /* name -> Inode */
  GHashTable *durable; /* name -> Inode */
  GPtrArray *changes;  /* Change */
  GPtrArray *open;     /* Inode */
  guint n_calls;
  guint stop_at;
  guint fail_at;
  int fail_with;
  gboolean read_only;
} disk;

static Inode *
inode_ref (Inode *inode)
{
  inode->n_refs++;
  return inode;
}

static void
inode_unref (gpointer data)
{
  Inode *inode = data;

  if (inode == NULL || --inode->n_refs > 0)
    return;
  g_byte_array_unref (inode->seen);
  g_byte_array_unref (inode->durable);
  g_free (inode);
}

static Inode *
inode_new (void)
{
  Inode *inode = g_new0 (Inode, 1);

  inode->n_refs = 1;
  inode->seen = g_byte_array_new ();
  inode->durable = g_byte_array_new ();
  return inode;
}

static void
change_free (gpointer data)
{
  Change *change = data;

  g_free (change->name);
  inode_unref (change->inode);
  g_free (change);
}

static void
set_entry (GHashTable *entries, const char *name, Inode *inode)
{
  if (inode != NULL)
    g_hash_table_replace (entries, g_strdup (name), inode_ref (inode));
  else
    g_hash_table_remove (entries, name);
}

static void
change_folder (const char *name, Inode *inode)
{
  Change *change = g_new0 (Change, 1);

  change->name = g_strdup (name);
  change->inode = inode != NULL ? inode_ref (inode) : NULL;
  g_ptr_array_add (disk.changes, change);
  set_entry (disk.seen, name, inode);
}

static void
copy_bytes (GByteArray *to, GByteArray *from)
{
  g_byte_array_set_size (to, 0);
  g_byte_array_append (to, from->data, from->len);
}

static GHashTable *
new_entries (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, inode_unref);
}

/* Whether the call that begins goes through; otherwise with errno. */
static gboolean
call (gboolean writes)
{
  disk.n_calls++;
  errno = EIO;
  if (disk.stop_at != 0 && disk.n_calls >= disk.stop_at)
    return FALSE;
  if (disk.n_calls == disk.fail_at)
    {
      errno = disk.fail_with;
      return FALSE;
    }
  errno = EROFS;
  return !writes || !disk.read_only;
}

/* ---- the calls ---- */

static int
fake_open_folder (const char *path)
{
  return FOLDER_FD;
}

static int
fake_open (int folder_fd, const char *name, int flags, mode_t mode)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);
  Inode *inode = g_hash_table_lookup (disk.seen, name);

  if (flags & O_CREAT)
    {
      if (!call (TRUE))
        return -1;
      g_assert_null (inode);
      inode = inode_new ();
      change_folder (name, inode);
      inode_unref (inode);
    }
  else if (inode == NULL)
    {
      errno = ENOENT;
      return -1;
    }
  g_ptr_array_add (disk.open, inode_ref (inode));
  return (int) disk.open->len - 1;
}

static gint64
fake_size (int fd)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);
  const Inode *inode = disk.open->pdata[fd];

  return inode->seen->len;
}

static gssize
fake_read (int fd, void *buffer, gsize size, gint64 offset)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);
  const Inode *inode = disk.open->pdata[fd];
  gsize n = MIN (size, inode->seen->len - MIN (inode->seen->len, (gsize) offset));

  memcpy (buffer, inode->seen->data + offset, n);
  return (gssize) n;
}

static gssize
fake_write (int fd, const void *data, gsize size, gint64 offset)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);
  Inode *inode = disk.open->pdata[fd];
  gsize before = inode->seen->len;

  if (!call (TRUE))
    return -1;
  if (before < offset + size)
    {
      g_byte_array_set_size (inode->seen, (guint) (offset + size));
      memset (inode->seen->data + before, 0, offset + size - before);
    }
  memcpy (inode->seen->data + offset, data, size);
  return (gssize) size;
}

static int
fake_allocate (int fd, gint64 size)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);
  Inode *inode = disk.open->pdata[fd];
  guint before = inode->seen->len;

  if (!call (TRUE))
    return -1;
  g_byte_array_set_size (inode->seen, (guint) size);
  memset (inode->seen->data + before, 0, (gsize) size - before);
  return 0;
}

static int
fake_set_mode (int fd, mode_t mode)
{
  return 0;
}

static void
fake_set_blockwise (int fd)
{
}

static void
fake_start_sync (int fd)
{
}

static int
fake_sync (int fd)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);
  Inode *inode = fd != FOLDER_FD ? disk.open->pdata[fd] : NULL;

  if (!call (FALSE))
    {
      if (inode != NULL && disk.n_calls == disk.fail_at)
        inode->lost = TRUE;
      return -1;
    }
  if (inode != NULL)
    {
      if (!inode->lost)
        copy_bytes (inode->durable, inode->seen);
      return 0;
    }
  for (guint i = 0; i < disk.changes->len; i++)
    {
      const Change *change = disk.changes->pdata[i];

      set_entry (disk.durable, change->name, change->inode);
    }
  g_ptr_array_set_size (disk.changes, 0);
  return 0;
}

static int
fake_close (int fd)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);

  if (fd != FOLDER_FD)
    g_clear_pointer (&disk.open->pdata[fd], inode_unref);
  return 0;
}

static int
fake_rename (int folder_fd, const char *from, const char *to)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);
  Inode *inode = g_hash_table_lookup (disk.seen, from);

  if (!call (TRUE))
    return -1;
  g_assert_nonnull (inode);
  change_folder (to, inode);
  change_folder (from, NULL);
  return 0;
}

static int
fake_unlink (int folder_fd, const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&disk.lock);

  if (g_hash_table_lookup (disk.seen, name) == NULL)
    {
      errno = ENOENT;
      return -1;
    }
  if (!call (TRUE))
    return -1;
  change_folder (name, NULL);
  return 0;
}

const VireoStoreIo fake_disk_io = {
  .open_folder = fake_open_folder,
  .open = fake_open,
  .size = fake_size,
  .read = fake_read,
  .write = fake_write,
  .allocate = fake_allocate,
  .set_mode = fake_set_mode,
  .set_blockwise = fake_set_blockwise,
  .start_sync = fake_start_sync,
  .sync = fake_sync,
  .sync_data = fake_sync,
  .close = fake_close,
  .rename = fake_rename,
  .unlink = fake_unlink,
};

/* ---- what a test does to it ---- */

void
fake_disk_begin (guint32 seed)
{
  disk.rand = g_rand_new_with_seed (seed);
  disk.seen = new_entries ();
  disk.durable = new_entries ();
  disk.changes = g_ptr_array_new_with_free_func (change_free);
  disk.open = g_ptr_array_new_with_free_func (inode_unref);
  disk.n_calls = disk.stop_at = disk.fail_at = 0;
  disk.read_only = FALSE;
}

void
fake_disk_end (void)
{
  g_rand_free (disk.rand);
  g_hash_table_unref (disk.seen);
  g_hash_table_unref (disk.durable);
  g_ptr_array_unref (disk.changes);
  g_ptr_array_unref (disk.open);
}

void
fake_disk_stop_at (guint number)
{
  disk.stop_at = number != 0 ? disk.n_calls + number : 0;
}

void
fake_disk_fail_at (guint number, int error)
{
  disk.fail_at = disk.n_calls + number;
  disk.fail_with = error;
}

guint
fake_disk_count (void)
{
  return disk.n_calls;
}

gboolean
fake_disk_is_stopped (void)
{
  return disk.stop_at != 0 && disk.n_calls >= disk.stop_at;
}

/* Each sector is the one before or the one after; the end is somewhere between. */
static void
tear (Inode *inode)
{
  guint before = inode->durable->len, after = inode->seen->len;
  guint length = after;

  if (before == after
      && (after == 0 || memcmp (inode->seen->data, inode->durable->data, after) == 0))
    return;
  if (g_rand_boolean (disk.rand))
    length = (guint) g_rand_int_range (disk.rand, (gint32) MIN (before, after),
                                       (gint32) MAX (before, after) + 1);
  g_byte_array_set_size (inode->durable, MAX (before, length));
  if (length > before)
    memset (inode->durable->data + before, 0, length - before);
  for (guint at = 0; at < MIN (length, after); at += SECTOR)
    if (g_rand_boolean (disk.rand))
      memcpy (inode->durable->data + at, inode->seen->data + at,
              MIN (SECTOR, MIN (length, after) - at));
  g_byte_array_set_size (inode->durable, length);
}

static void
start_again (void)
{
  GHashTableIter iter;
  gpointer inode;

  g_ptr_array_set_size (disk.changes, 0);
  g_hash_table_iter_init (&iter, disk.durable);
  while (g_hash_table_iter_next (&iter, NULL, &inode))
    ((Inode *) inode)->lost = FALSE;
  disk.stop_at = disk.fail_at = 0;
}

static void
copy_entries (GHashTable *to, GHashTable *from)
{
  GHashTableIter iter;
  gpointer name, inode;

  g_hash_table_remove_all (to);
  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &name, &inode))
    set_entry (to, name, inode);
}

void
fake_disk_lose_power (void)
{
  guint n = (guint) g_rand_int_range (disk.rand, 0, (gint32) disk.changes->len + 1);
  GHashTableIter iter;
  gpointer inode;

  /* Changes of a folder come to the disk in their order, to some point; often none of them did. */
  if (g_rand_boolean (disk.rand))
    n = 0;
  for (guint i = 0; i < n; i++)
    {
      const Change *change = disk.changes->pdata[i];

      set_entry (disk.durable, change->name, change->inode);
    }
  g_hash_table_iter_init (&iter, disk.durable);
  while (g_hash_table_iter_next (&iter, NULL, &inode))
    {
      tear (inode);
      copy_bytes (((Inode *) inode)->seen, ((Inode *) inode)->durable);
    }
  copy_entries (disk.seen, disk.durable);
  start_again ();
}

void
fake_disk_kill (void)
{
  disk.stop_at = disk.fail_at = 0;
}

char *
fake_disk_read (const char *name)
{
  const Inode *inode = g_hash_table_lookup (disk.seen, name);

  return inode != NULL ? g_strndup ((const char *) inode->seen->data, inode->seen->len) : NULL;
}

void
fake_disk_write (const char *name, const char *contents, gssize size)
{
  Inode *inode = inode_new ();

  g_byte_array_append (inode->seen, (const guint8 *) contents,
                       size >= 0 ? (guint) size : (guint) strlen (contents));
  copy_bytes (inode->durable, inode->seen);
  set_entry (disk.seen, name, inode);
  set_entry (disk.durable, name, inode);
  inode_unref (inode);
}

void
fake_disk_delete (const char *name)
{
  set_entry (disk.seen, name, NULL);
  set_entry (disk.durable, name, NULL);
}

void
fake_disk_set_read_only (gboolean read_only)
{
  disk.read_only = read_only;
}
