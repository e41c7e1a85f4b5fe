/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-caps-cache.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "vireo-qemu-arch.h"
#include "vireo-qemu-caps-private.h"
#include "vireo-qmp-message.h"

/* Changes when what a probe asks for changes. */
#define FORMAT 1
#define MAX_FILE (8 * 1024 * 1024)
#define MAX_DEPTH 16

/* An emulator that failed is not asked again before this. */
#define RETRY_AFTER (5 * G_USEC_PER_SEC)

/* Who asked for it, and was answered, a moment ago looks at the answer: what it is about is not
 * looked at once more. */
#define FRESH_TIME (5 * G_TIME_SPAN_MILLISECOND)

/* Binaries that are remembered. Definitions name them, so that callers could make us remember any
 * number. */
#define MAX_ENTRIES 64

/* KVM, and where an emulator finds its modules: one that comes or goes changes what it can do. */
static const char *const surroundings[]
    = { "/dev/kvm", "/usr/lib/" VIREO_MULTIARCH "/qemu", "/usr/lib64/qemu", "/usr/lib/qemu" };

static const char *const emulator_folders[] = { "/usr/local/bin", "/usr/bin" };

typedef struct
{
  GTask *task;
  GSource *cancelled;
} Waiter;

/* What tells a file from another one in its place. */
typedef struct
{
  guint64 device;
  guint64 inode;
  gint64 size;
  gint64 modified;
  gint64 changed;
  glong modified_nsec;
  glong changed_nsec;
  guint mode;
  guint uid;
  guint gid;
  gboolean present;
} FileState;

/* An emulator, and what is around it. */
typedef struct
{
  FileState states[1 + G_N_ELEMENTS (surroundings)];
} Identity;

typedef struct
{
  VireoQemuCapsCache *cache; /* not owned: it owns this */
  char *path;
  Identity identity;
  VireoQemuCaps *caps;
  GError *error;
  gint64 failed_at;
  gint64 looked_at; /* when it was as @identity says; 0 when that is not known */
  gboolean busy;
  GPtrArray *waiters;
} Entry;

struct _VireoQemuCapsCache
{
  GObject parent;

  char *folder;
  VireoQemuIdentity identity;
  GHashTable *entries;
};

G_DEFINE_FINAL_TYPE (VireoQemuCapsCache, vireo_qemu_caps_cache, G_TYPE_OBJECT)

static void
waiter_free (Waiter *waiter)
{
  if (waiter->cancelled != NULL)
    {
      g_source_destroy (waiter->cancelled);
      g_source_unref (waiter->cancelled);
    }
  g_clear_object (&waiter->task);
  g_free (waiter);
}

static void
entry_free (Entry *entry)
{
  g_clear_pointer (&entry->caps, vireo_qemu_caps_unref);
  g_clear_error (&entry->error);
  g_ptr_array_unref (entry->waiters);
  g_free (entry->path);
  g_free (entry);
}

/* Looked at again for each definition that is used, so only compared; its text is for the file. */
static void
look_at (const char *path, FileState *ret_state)
{
  struct stat st;

  memset (ret_state, 0, sizeof *ret_state);
  ret_state->present = stat (path, &st) == 0;
  if (!ret_state->present)
    return;
  ret_state->device = st.st_dev;
  ret_state->inode = st.st_ino;
  ret_state->mode = st.st_mode;
  ret_state->uid = st.st_uid;
  ret_state->gid = st.st_gid;
  /* Using a device changes its times; what it is does not change by them. */
  if (S_ISCHR (st.st_mode))
    return;
  ret_state->size = st.st_size;
  ret_state->modified = (gint64) st.st_mtim.tv_sec;
  ret_state->modified_nsec = st.st_mtim.tv_nsec;
  ret_state->changed = (gint64) st.st_ctim.tv_sec;
  ret_state->changed_nsec = st.st_ctim.tv_nsec;
}

static void
append_state (GString *string, const char *path, const FileState *state)
{
  if (!state->present)
    {
      g_string_append_printf (string, "|%s:-", path);
      return;
    }
  g_string_append_printf (string, "|%s:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%o:%u:%u", path,
                          state->device, state->inode, state->mode, state->uid, state->gid);
  if (!S_ISCHR (state->mode))
    g_string_append_printf (
        string, ":%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT ".%09ld:%" G_GINT64_FORMAT ".%09ld",
        state->size, state->modified, state->modified_nsec, state->changed, state->changed_nsec);
}

/* All that the answers depend on; %FALSE with @error when there is no such program. */
static gboolean
identify (const char *path, Identity *ret_identity, GError **error)
{
  FileState *states = ret_identity->states;

  if (!g_path_is_absolute (path))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "The emulator '%s' is not an absolute path", path);
      return FALSE;
    }
  look_at (path, &states[0]);
  if (!states[0].present)
    {
      vireo_error_set_errno (error, errno, "The emulator %s", path);
      return FALSE;
    }
  if (!S_ISREG (states[0].mode) || (states[0].mode & 0111) == 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_ACCESS,
                   "The emulator %s is not a file that can be executed", path);
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (surroundings); i++)
    look_at (surroundings[i], &states[i + 1]);
  return TRUE;
}

static gboolean
is_as_it_was (const Entry *entry, const Identity *identity)
{
  return !entry->busy && memcmp (&entry->identity, identity, sizeof *identity) == 0;
}

static gboolean
is_fresh (const Entry *entry)
{
  return entry != NULL && !entry->busy
         && g_get_monotonic_time () - entry->looked_at < FRESH_TIME;
}

static void
return_caps (GTask *task, const Entry *entry)
{
  g_task_return_pointer (task, vireo_qemu_caps_ref (entry->caps),
                         (GDestroyNotify) vireo_qemu_caps_unref);
}

/* (transfer full) */
static char *
identity_text (VireoQemuCapsCache *self, const Entry *entry)
{
  g_autoptr (GString) string = g_string_new (NULL);

  g_string_append_printf (string, "%s:%d:%d:%u", VIREO_VERSION, FORMAT, self->identity.change,
                          self->identity.change ? (guint) self->identity.uid : 0);
  append_state (string, entry->path, &entry->identity.states[0]);
  for (gsize i = 0; i < G_N_ELEMENTS (surroundings); i++)
    append_state (string, surroundings[i], &entry->identity.states[i + 1]);
  return g_string_free (g_steal_pointer (&string), FALSE);
}

static char *
file_name (VireoQemuCapsCache *self, const char *path)
{
  g_autofree char *hash = NULL;
  g_autofree char *name = NULL;

  if (self->folder == NULL)
    return NULL;
  hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, path, -1);
  name = g_strdup_printf ("qemu-%.32s.json", hash);
  return g_build_filename (self->folder, name, NULL);
}

/* Work of a thread: what it needs, and nothing of the cache's. */
typedef struct
{
  char *path;
  char *identity;
  char *file;
  JsonObject *facts;
} FileWork;

static void
file_work_free (FileWork *work)
{
  g_free (work->path);
  g_free (work->identity);
  g_free (work->file);
  g_clear_pointer (&work->facts, json_object_unref);
  g_free (work);
}

static JsonObject *
read_file (const char *file)
{
  g_autofree char *text = NULL;
  g_autoptr (GBytes) bytes = NULL;
  struct stat st;
  gsize length = 0;

  if (stat (file, &st) < 0 || st.st_size > MAX_FILE
      || !g_file_get_contents (file, &text, &length, NULL))
    return NULL;
  bytes = g_bytes_new_take (g_steal_pointer (&text), length);
  return vireo_qmp_message_parse (bytes, MAX_DEPTH, NULL);
}

static void
load_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  FileWork *work = data;
  g_autoptr (JsonObject) document = work->file != NULL ? read_file (work->file) : NULL;
  JsonObject *facts = vireo_json_get_object (document, "facts");
  VireoQemuCaps *caps = NULL;

  if (facts != NULL
      && g_strcmp0 (vireo_json_get_string (document, "identity", 65536), work->identity) == 0)
    caps = vireo_qemu_caps_new_from_facts (work->path, facts, NULL);
  g_task_return_pointer (task, caps, (GDestroyNotify) vireo_qemu_caps_unref);
}

/* A cache that cannot be written only costs a probe more after the next start. */
static void
write_file (const FileWork *work)
{
  g_autoptr (JsonObject) document = json_object_new ();
  g_autofree char *folder = g_path_get_dirname (work->file);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  json_object_set_string_member (document, "identity", work->identity);
  json_object_set_string_member (document, "path", work->path);
  json_object_set_object_member (document, "facts", json_object_ref (work->facts));
  text = vireo_json_object_to_text (document);
  if (g_mkdir_with_parents (folder, 0700) < 0
      || !g_file_set_contents_full (work->file, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                    &error))
    g_info ("What %s can do is not remembered: %s", work->path,
            error != NULL ? error->message : g_strerror (errno));
}

static void
digest_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  FileWork *work = data;
  GError *error = NULL;
  VireoQemuCaps *caps = vireo_qemu_caps_new_from_facts (work->path, work->facts, &error);

  if (caps == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (work->file != NULL)
    write_file (work);
  g_task_return_pointer (task, caps, (GDestroyNotify) vireo_qemu_caps_unref);
}

/* @data of the steps below: the cache may have forgotten the entry meanwhile only if it is gone
 * itself, for entries that are busy stay. */
static void
run_file_work (Entry *entry, JsonObject *facts, GTaskThreadFunc thread,
               GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = g_task_new (entry->cache, NULL, callback, entry);
  FileWork *work = g_new0 (FileWork, 1);

  work->path = g_strdup (entry->path);
  work->identity = identity_text (entry->cache, entry);
  work->file = file_name (entry->cache, entry->path);
  work->facts = facts != NULL ? json_object_ref (facts) : NULL;
  g_task_set_task_data (task, work, (GDestroyNotify) file_work_free);
  g_task_run_in_thread (task, thread);
}

/* Takes @caps or @error over, and tells all who wait. */
static void
settle (Entry *entry, VireoQemuCaps *caps, GError *error)
{
  g_autoptr (GPtrArray) waiters = g_steal_pointer (&entry->waiters);

  entry->waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) waiter_free);
  entry->busy = FALSE;
  g_clear_pointer (&entry->caps, vireo_qemu_caps_unref);
  g_clear_error (&entry->error);
  entry->caps = caps;
  entry->error = error;
  entry->failed_at = error != NULL ? g_get_monotonic_time () : 0;
  for (guint i = 0; i < waiters->len; i++)
    {
      Waiter *waiter = waiters->pdata[i];
      g_autoptr (GTask) task = g_steal_pointer (&waiter->task);

      if (caps != NULL)
        return_caps (task, entry);
      else
        g_task_return_error (task, g_error_copy (error));
    }
}

static void
digested (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  VireoQemuCaps *caps = g_task_propagate_pointer (G_TASK (result), &error);

  settle (data, caps, error);
}

typedef struct
{
  VireoQemuCapsCache *cache;
  Entry *entry;
  gboolean with_kvm;
} Asking;

static void start_probe (VireoQemuCapsCache *self, Entry *entry, gboolean with_kvm);

static void
probed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Asking *asking = data;
  g_autoptr (VireoQemuCapsCache) self = asking->cache;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) facts = vireo_qemu_caps_probe_finish (result, &error);

  if (facts != NULL)
    run_file_work (asking->entry, facts, digest_thread, digested);
  else if (asking->with_kvm)
    {
      /* A KVM that is broken is no reason not to emulate. */
      g_info ("%s; trying without KVM", error->message);
      start_probe (self, asking->entry, FALSE);
    }
  else
    settle (asking->entry, NULL, g_steal_pointer (&error));
}

static void
start_probe (VireoQemuCapsCache *self, Entry *entry, gboolean with_kvm)
{
  Asking *asking = g_new0 (Asking, 1);

  asking->cache = g_object_ref (self);
  asking->entry = entry;
  asking->with_kvm = with_kvm;
  vireo_qemu_caps_probe_async (entry->path, &self->identity, with_kvm, NULL, probed, asking);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  VireoQemuCapsCache *self = VIREO_QEMU_CAPS_CACHE (source);
  Entry *entry = data;
  VireoQemuCaps *caps = g_task_propagate_pointer (G_TASK (result), NULL);

  if (caps != NULL)
    settle (entry, caps, NULL);
  else
    start_probe (self, entry, g_file_test ("/dev/kvm", G_FILE_TEST_EXISTS));
}

static gboolean
is_forgettable (gpointer key, gpointer value, gpointer data)
{
  return !((Entry *) value)->busy;
}

static Entry *
ensure_entry (VireoQemuCapsCache *self, const char *path)
{
  Entry *entry = g_hash_table_lookup (self->entries, path);

  if (entry != NULL)
    return entry;
  if (g_hash_table_size (self->entries) >= MAX_ENTRIES)
    g_hash_table_foreach_remove (self->entries, is_forgettable, NULL);
  entry = g_new0 (Entry, 1);
  entry->cache = self;
  entry->path = g_strdup (path);
  entry->waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) waiter_free);
  g_hash_table_insert (self->entries, entry->path, entry);
  return entry;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  GTask *task = data;
  Entry *entry = g_task_get_task_data (task);

  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED,
                           "Waiting for what %s can do was cancelled", entry->path);
  for (guint i = 0; i < entry->waiters->len; i++)
    if (((Waiter *) entry->waiters->pdata[i])->task == task)
      {
        g_ptr_array_remove_index (entry->waiters, i);
        break;
      }
  return G_SOURCE_REMOVE;
}

static void
wait_for (Entry *entry, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->task = g_object_ref (task);
  g_task_set_task_data (task, entry, NULL);
  g_ptr_array_add (entry->waiters, waiter);
  if (cancellable == NULL)
    return;
  waiter->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_cancelled), g_object_ref (task),
                         g_object_unref);
  g_source_attach (waiter->cancelled, g_task_get_context (task));
}

/**
 * vireo_qemu_caps_cache_get_async:
 * @self: a cache
 * @path: absolute path of an emulator
 * @cancellable: (nullable): stops the wait; others who wait for the same go on
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Finds out what an emulator can do.
 *
 * Since: 0.1
 */
void
vireo_qemu_caps_cache_get_async (VireoQemuCapsCache *self, const char *path,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  Entry *entry = g_hash_table_lookup (self->entries, path);
  Identity identity;

  g_task_set_source_tag (task, vireo_qemu_caps_cache_get_async);
  if (is_fresh (entry) && entry->caps != NULL)
    {
      return_caps (task, entry);
      return;
    }
  if (entry != NULL)
    entry->looked_at = 0;
  if (!identify (path, &identity, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  entry = ensure_entry (self, path);
  if (is_as_it_was (entry, &identity))
    {
      entry->looked_at = g_get_monotonic_time ();
      if (entry->caps != NULL)
        {
          return_caps (task, entry);
          return;
        }
      if (entry->error != NULL && g_get_monotonic_time () - entry->failed_at < RETRY_AFTER)
        {
          g_task_return_error (task, g_error_copy (entry->error));
          return;
        }
    }
  wait_for (entry, task);
  if (entry->busy)
    return;
  entry->busy = TRUE;
  entry->identity = identity;
  run_file_work (entry, NULL, load_thread, loaded);
}

VireoQemuCaps *
vireo_qemu_caps_cache_get_finish (VireoQemuCapsCache *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * vireo_qemu_caps_cache_peek:
 * @self: a cache
 * @path: absolute path of an emulator
 * @error: MissingResource, Access, Busy when it was not asked for yet, or why the probe failed
 *
 * Returns: (transfer full) (nullable): what is known of the emulator as it is on disk now
 * Since: 0.1
 */
VireoQemuCaps *
vireo_qemu_caps_cache_peek (VireoQemuCapsCache *self, const char *path, GError **error)
{
  Entry *entry = g_hash_table_lookup (self->entries, path);
  Identity identity;

  if (is_fresh (entry))
    identity = entry->identity;
  else if (!identify (path, &identity, error))
    return NULL;
  if (entry != NULL && is_as_it_was (entry, &identity))
    {
      if (entry->caps != NULL)
        return vireo_qemu_caps_ref (entry->caps);
      if (entry->error != NULL)
        {
          g_propagate_error (error, g_error_copy (entry->error));
          return NULL;
        }
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "%s was not asked yet what it can do", path);
  return NULL;
}

const VireoQemuIdentity *
vireo_qemu_caps_cache_get_identity (VireoQemuCapsCache *self)
{
  return &self->identity;
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * vireo_qemu_find_emulators:
 *
 * Returns: (transfer full) (element-type filename): paths of the emulators that are installed, one
 *   an architecture
 * Since: 0.1
 */
GPtrArray *
vireo_qemu_find_emulators (void)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  gsize n = 0;
  const VireoQemuArch *archs = vireo_qemu_archs (&n);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *path = NULL;

      if (!g_hash_table_add (seen, (gpointer) archs[i].target))
        continue;
      path = vireo_qemu_default_emulator (archs[i].name);
      if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        g_ptr_array_add (found, g_steal_pointer (&path));
    }
  g_ptr_array_sort (found, compare_strings);
  return g_steal_pointer (&found);
}

/**
 * vireo_qemu_default_emulator:
 * @arch: an architecture, as definitions name it
 *
 * Returns: (transfer full) (nullable): path of its emulator; where it would be when it is not
 *   there; %NULL for an architecture that QEMU does not know
 * Since: 0.1
 */
char *
vireo_qemu_default_emulator (const char *arch)
{
  const VireoQemuArch *known = vireo_qemu_arch_find (arch);
  char *path = NULL;

  if (known == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (emulator_folders); i++)
    {
      g_free (path);
      path = g_strdup_printf ("%s/qemu-system-%s", emulator_folders[i], known->target);
      if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        break;
    }
  return path;
}

static void
vireo_qemu_caps_cache_finalize (GObject *object)
{
  VireoQemuCapsCache *self = VIREO_QEMU_CAPS_CACHE (object);

  g_hash_table_unref (self->entries);
  g_free (self->folder);
  G_OBJECT_CLASS (vireo_qemu_caps_cache_parent_class)->finalize (object);
}

static void
vireo_qemu_caps_cache_class_init (VireoQemuCapsCacheClass *class)
{
  G_OBJECT_CLASS (class)->finalize = vireo_qemu_caps_cache_finalize;
}

static void
vireo_qemu_caps_cache_init (VireoQemuCapsCache *self)
{
  self->entries
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) entry_free);
}

/**
 * vireo_qemu_caps_cache_new:
 * @cache_dir: (nullable): folder to remember in
 * @identity: who emulators run as
 *
 * Returns: (transfer full): a cache that knows nothing yet
 * Since: 0.1
 */
VireoQemuCapsCache *
vireo_qemu_caps_cache_new (const char *cache_dir, const VireoQemuIdentity *identity)
{
  VireoQemuCapsCache *self = g_object_new (VIREO_TYPE_QEMU_CAPS_CACHE, NULL);

  self->folder = g_strdup (cache_dir);
  self->identity = *identity;
  return self;
}
