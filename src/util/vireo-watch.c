/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-watch.h"

#include "vireo-error.h"

#include <errno.h>
#include <glib-unix.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* inotify itself rather than GFileMonitor, which cannot leave out writes: next to /dev/kvm stands
 * /dev/null, and each write to it by anybody would wake the daemon. */

/* How long changes gather before they are told; a package manager makes many in a row. */
#define SETTLE_MS 250u

/* As the kernel's own limit on links in one path (path_resolution(7)). */
#define MAX_LINKS 40u

/* What changes where a path leads. */
#define STRUCTURE_EVENTS                                                                           \
  (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_EXCL_UNLINK | IN_ONLYDIR)
/* Besides, in a folder where a regular file is that is watched, or that is watched itself. */
#define CONTENT_EVENTS IN_CLOSE_WRITE

/* A folder that the kernel watches; there as long as a path depends on it. */
typedef struct
{
  int wd; /* -1: the kernel has dropped it */
  GPtrArray *dependencies;
} Folder;

typedef struct
{
  struct _Entry *entry;
  Folder *folder;
  char *name; /* NULL for everything in the folder */
} Dependency;

/* A path that is watched. */
typedef struct _Entry
{
  VireoWatch *watch;
  char *path;
  guint n_users;
  GPtrArray *dependencies;
  struct stat st; /* all zero while it is not there */
  gboolean dirty;
  gboolean touched;
} Entry;

/* The walk from "/" to where a path leads. */
typedef struct
{
  Entry *entry;
  GString *real;    /* folder reached so far, free of links; "" is the root */
  GQueue ahead;     /* names still to go, owned */
  guint n_links;
  GError *error;
} Walk;

struct _VireoWatch
{
  GObject parent_instance;

  int fd;
  GSource *source;
  GSource *timer;
  GMainContext *context;
  GHashTable *folders; /* wd to Folder */
  GHashTable *entries; /* path to Entry */
};

G_DEFINE_FINAL_TYPE (VireoWatch, vireo_watch, G_TYPE_OBJECT)

static guint changed_signal;

static void
dependency_free (gpointer data)
{
  Dependency *dependency = data;
  Folder *folder = dependency->folder;
  VireoWatch *watch = dependency->entry->watch;

  g_ptr_array_remove_fast (folder->dependencies, dependency);
  if (folder->dependencies->len == 0)
    {
      if (folder->wd >= 0)
        {
          inotify_rm_watch (watch->fd, folder->wd);
          g_hash_table_remove (watch->folders, GINT_TO_POINTER (folder->wd));
        }
      g_ptr_array_unref (folder->dependencies);
      g_free (folder);
    }
  g_free (dependency->name);
  g_free (dependency);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_ptr_array_unref (entry->dependencies);
  g_free (entry->path);
  g_free (entry);
}

/* Puts the names of @path before those that are still to go. */
static void
push_names (Walk *walk, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);

  if (*path == '/')
    g_string_truncate (walk->real, 0);
  for (guint i = g_strv_length (names); i > 0; i--)
    if (*names[i - 1] != '\0' && !g_str_equal (names[i - 1], "."))
      g_queue_push_head (&walk->ahead, g_strdup (names[i - 1]));
}

/* The kernel gives a folder that is watched already its old number, and adds to its events. Returns
 * whether the walk can go on. */
static gboolean
depend_on (Walk *walk, const char *path, const char *name, guint32 events)
{
  VireoWatch *watch = walk->entry->watch;
  int wd = inotify_add_watch (watch->fd, *path != '\0' ? path : "/", events | IN_MASK_ADD);
  Dependency *dependency;
  Folder *folder;

  /* May be passed but not read, as others' folders for the session daemon: what is below is watched
   * all the same. */
  if (wd < 0 && errno == EACCES)
    return TRUE;
  if (wd < 0)
    {
      /* Gone, or no longer a folder, since it was looked at: the folder above tells. */
      if (errno != ENOENT && errno != ENOTDIR)
        vireo_error_set_errno (&walk->error, errno, "cannot watch %s", path);
      return FALSE;
    }
  folder = g_hash_table_lookup (watch->folders, GINT_TO_POINTER (wd));
  if (folder == NULL)
    {
      folder = g_new0 (Folder, 1);
      folder->wd = wd;
      folder->dependencies = g_ptr_array_new ();
      g_hash_table_insert (watch->folders, GINT_TO_POINTER (wd), folder);
    }
  dependency = g_new0 (Dependency, 1);
  dependency->entry = walk->entry;
  dependency->folder = folder;
  dependency->name = g_strdup (name);
  g_ptr_array_add (folder->dependencies, dependency);
  g_ptr_array_add (walk->entry->dependencies, dependency);
  return TRUE;
}

static gboolean
follow_link (Walk *walk, const char *path)
{
  char target[PATH_MAX];
  gssize length = readlink (path, target, sizeof target - 1);

  if (length < 0 || ++walk->n_links > MAX_LINKS)
    return FALSE;
  target[length] = '\0';
  push_names (walk, target);
  return TRUE;
}

/* Takes the next name of the way. Each folder is watched before it is looked into, so nothing that
 * happens in between is missed. Returns whether the way goes on. */
static gboolean
walk_on (Walk *walk)
{
  g_autofree char *name = g_queue_pop_head (&walk->ahead);
  g_autofree char *folder = g_strdup (walk->real->str);
  g_autofree char *path = g_strdup_printf ("%s/%s", folder, name);
  struct stat st;

  if (g_str_equal (name, ".."))
    {
      const char *slash = strrchr (walk->real->str, '/');

      g_string_truncate (walk->real, slash != NULL ? (gsize) (slash - walk->real->str) : 0);
      return TRUE;
    }
  if (!depend_on (walk, folder, name, STRUCTURE_EVENTS) || lstat (path, &st) != 0)
    return FALSE;
  if (S_ISLNK (st.st_mode))
    return follow_link (walk, path);
  if (S_ISDIR (st.st_mode))
    {
      g_string_assign (walk->real, path);
      return TRUE;
    }
  if (!g_queue_is_empty (&walk->ahead))
    return FALSE;
  if (S_ISREG (st.st_mode) && (!depend_on (walk, folder, name, STRUCTURE_EVENTS | CONTENT_EVENTS)
                               || lstat (path, &st) != 0))
    return FALSE;
  walk->entry->st = st;
  return FALSE;
}

/* The way ended at a folder. */
static void
arrive_at_folder (Walk *walk)
{
  const char *path = walk->real->len > 0 ? walk->real->str : "/";

  if (!depend_on (walk, path, NULL, STRUCTURE_EVENTS | CONTENT_EVENTS))
    return;
  if (lstat (path, &walk->entry->st) != 0)
    memset (&walk->entry->st, 0, sizeof walk->entry->st);
}

/* Finds out anew where the path leads and what it depends on. */
static gboolean
entry_resolve (Entry *entry, GError **error)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&entry->dependencies);
  Walk walk = { .entry = entry, .real = g_string_new (NULL) };
  gboolean on = TRUE;

  entry->dependencies = g_ptr_array_new_with_free_func (dependency_free);
  memset (&entry->st, 0, sizeof entry->st);
  g_queue_init (&walk.ahead);
  push_names (&walk, entry->path);

  while (on && !g_queue_is_empty (&walk.ahead))
    on = walk_on (&walk);
  if (on)
    arrive_at_folder (&walk);

  g_queue_clear_full (&walk.ahead, g_free);
  g_string_free (walk.real, TRUE);
  if (walk.error == NULL)
    return TRUE;
  g_propagate_error (error, walk.error);
  return FALSE;
}

static gboolean
same_file (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode
         && a->st_uid == b->st_uid && a->st_gid == b->st_gid && a->st_rdev == b->st_rdev
         && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec
         && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec
         && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Returns whether what the path leads to is not what it was. */
static gboolean
entry_look_again (Entry *entry)
{
  g_autoptr (GError) error = NULL;
  struct stat before = entry->st;
  gboolean touched = entry->touched;

  entry->dirty = FALSE;
  entry->touched = FALSE;
  if (!entry_resolve (entry, &error))
    g_warning ("changes of %s may go unnoticed: %s", entry->path, error->message);
  /* A folder's own times and size follow from what is in it, which has its own event. */
  if (S_ISDIR (before.st_mode) && S_ISDIR (entry->st.st_mode))
    return touched || before.st_ino != entry->st.st_ino || before.st_dev != entry->st.st_dev
           || before.st_mode != entry->st.st_mode;
  return !same_file (&before, &entry->st);
}

static gboolean
tell (gpointer data)
{
  g_autoptr (VireoWatch) self = g_object_ref (VIREO_WATCH (data));
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  Entry *entry;

  g_clear_pointer (&self->timer, g_source_unref);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (entry->dirty && entry_look_again (entry))
      g_ptr_array_add (changed, g_strdup (entry->path));
  for (guint i = 0; i < changed->len; i++)
    if (g_hash_table_contains (self->entries, changed->pdata[i]))
      g_signal_emit (self, changed_signal, 0, changed->pdata[i]);
  return G_SOURCE_REMOVE;
}

static void
entry_mark (Entry *entry, gboolean touched)
{
  VireoWatch *self = entry->watch;

  entry->dirty = TRUE;
  entry->touched |= touched;
  if (self->timer != NULL)
    return;
  /* Not started again by what follows: a folder that never rests is told of all the same. */
  self->timer = g_timeout_source_new (SETTLE_MS);
  g_source_set_callback (self->timer, tell, self, NULL);
  g_source_attach (self->timer, self->context);
}

static void
mark_all (VireoWatch *self)
{
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    entry_mark (entry, TRUE);
}

static void
handle_event (VireoWatch *self, const struct inotify_event *event)
{
  Folder *folder;

  if ((event->mask & IN_Q_OVERFLOW) != 0)
    {
      mark_all (self);
      return;
    }
  folder = g_hash_table_lookup (self->folders, GINT_TO_POINTER (event->wd));
  if (folder == NULL)
    return;

  for (guint i = 0; i < folder->dependencies->len; i++)
    {
      Dependency *dependency = g_ptr_array_index (folder->dependencies, i);
      gboolean own = event->len == 0;

      if (own || dependency->name == NULL || g_str_equal (dependency->name, event->name))
        entry_mark (dependency->entry, !own && dependency->name == NULL);
    }
  if ((event->mask & IN_IGNORED) != 0)
    {
      g_hash_table_remove (self->folders, GINT_TO_POINTER (folder->wd));
      folder->wd = -1;
    }
}

static gboolean
read_events (int fd, GIOCondition condition, gpointer data)
{
  VireoWatch *self = data;
  union
  {
    struct inotify_event event;
    char bytes[16384];
  } buffer;
  gssize n = read (fd, &buffer, sizeof buffer);
  gssize at = 0;

  while (at < n)
    {
      const struct inotify_event *event = (const void *) (buffer.bytes + at);

      handle_event (self, event);
      at += (gssize) (sizeof *event + event->len);
    }
  return G_SOURCE_CONTINUE;
}

static void
vireo_watch_finalize (GObject *object)
{
  VireoWatch *self = VIREO_WATCH (object);

  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->folders);
  g_clear_pointer (&self->context, g_main_context_unref);
  if (self->fd >= 0)
    close (self->fd);
  G_OBJECT_CLASS (vireo_watch_parent_class)->finalize (object);
}

static void
vireo_watch_class_init (VireoWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_watch_finalize;

  changed_signal = g_signal_new ("changed", VIREO_TYPE_WATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
vireo_watch_init (VireoWatch *self)
{
  self->fd = -1;
  self->folders = g_hash_table_new (NULL, NULL);
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
}

/**
 * vireo_watch_new:
 * @error: what the operating system said: it has a limit per user (inotify(7))
 *
 * Returns: (transfer full): a watch over nothing yet; %NULL with @error
 * Since: 0.1
 */
VireoWatch *
vireo_watch_new (GError **error)
{
  g_autoptr (VireoWatch) self = g_object_new (VIREO_TYPE_WATCH, NULL);

  self->fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot watch files");
      return NULL;
    }
  self->context = g_main_context_ref_thread_default ();
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (read_events), self, NULL);
  g_source_attach (self->source, self->context);
  return g_steal_pointer (&self);
}

/**
 * vireo_watch_add:
 * @self: a watch
 * @path: (type filename): an absolute path, of something that is there or not
 * @error: what the operating system said, such as a limit that was reached
 *
 * Begins to watch @path. What is there now is what later states are compared with. Each call wants
 * one of vireo_watch_remove().
 *
 * Returns: %FALSE with @error when it cannot be watched; then it is not
 * Since: 0.1
 */
gboolean
vireo_watch_add (VireoWatch *self, const char *path, GError **error)
{
  Entry *entry;

  g_return_val_if_fail (g_path_is_absolute (path), FALSE);

  entry = g_hash_table_lookup (self->entries, path);
  if (entry != NULL)
    {
      entry->n_users++;
      return TRUE;
    }
  entry = g_new0 (Entry, 1);
  entry->watch = self;
  entry->path = g_strdup (path);
  entry->n_users = 1;
  entry->dependencies = g_ptr_array_new ();
  if (!entry_resolve (entry, error))
    {
      entry_free (entry);
      return FALSE;
    }
  g_hash_table_insert (self->entries, entry->path, entry);
  return TRUE;
}

/**
 * vireo_watch_remove:
 * @self: a watch
 * @path: (type filename): a path that was given to vireo_watch_add()
 *
 * Takes one vireo_watch_add() back.
 *
 * Since: 0.1
 */
void
vireo_watch_remove (VireoWatch *self, const char *path)
{
  Entry *entry = g_hash_table_lookup (self->entries, path);

  g_return_if_fail (entry != NULL);

  if (--entry->n_users == 0)
    g_hash_table_remove (self->entries, path);
}
