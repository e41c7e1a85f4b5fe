/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/vireo-error.h"
#include "util/vireo-store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *folder;
  VireoStore *store;
} Fixture;

/* What a fixture's data is: whether the store has a log. */
#define LOGGED GINT_TO_POINTER (TRUE)

static VireoStore *
new_store (const char *folder, gconstpointer logged)
{
  return logged != NULL ? vireo_store_new_logged (folder) : vireo_store_new (folder);
}

typedef struct
{
  gboolean called;
  gboolean ok;
  GError *error;
  GMainContext *context;
} Outcome;

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_remove (path);
    }
  g_rmdir (folder);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("vireo-store-XXXXXX", &error);
  g_assert_no_error (error);
  f->store = new_store (f->folder, data);
  g_assert_true (vireo_store_prepare (f->store, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->store);
  remove_folder (f->folder);
  g_free (f->folder);
}

static void
applied (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  g_assert_false (outcome->called);
  outcome->called = TRUE;
  outcome->ok = vireo_store_apply_finish (VIREO_STORE (source), result, &outcome->error);
}

static void
wait_for (Outcome *outcome)
{
  while (!outcome->called)
    g_main_context_iteration (outcome->context, TRUE);
}

/* And waits until the folder has it. */
static gboolean
apply (VireoStore *store, const VireoStoreOp *ops, gsize n_ops, GError **error)
{
  Outcome outcome = { 0 };

  vireo_store_apply_async (store, ops, n_ops, NULL, applied, &outcome);
  wait_for (&outcome);
  g_assert_true (outcome.ok == (outcome.error == NULL));
  if (outcome.error != NULL)
    g_propagate_error (error, outcome.error);
  else
    g_assert_true (vireo_store_settle (store, NULL));
  return outcome.ok;
}

static GBytes *
text (const char *string)
{
  return g_bytes_new (string, strlen (string));
}

static gboolean
write_text (VireoStore *store, const char *name, const char *contents, GError **error)
{
  g_autoptr (GBytes) bytes = text (contents);
  VireoStoreOp op = { name, bytes, 0600 };

  return apply (store, &op, 1, error);
}

static char *
read_text (VireoStore *store, const char *name)
{
  g_autoptr (GBytes) bytes = NULL;

  vireo_store_settle (store, NULL);
  bytes = vireo_store_read (store, name, 1 << 20, NULL);
  if (bytes == NULL)
    return NULL;
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
assert_text (VireoStore *store, const char *name, const char *expected)
{
  g_autofree char *found = read_text (store, name);

  g_assert_cmpstr (found, ==, expected);
}

/* Everything in the folder, hidden files too, but for the log. */
static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    n += !g_str_has_prefix (name, ".vireo-log-");
  return n;
}

static void
test_write (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) a = text ("one");
  g_autoptr (GBytes) b = text ("two");
  g_autoptr (GError) error = NULL;
  VireoStoreOp ops[] = { { "a.xml", a, 0640 }, { "b.xml", b, 0600 }, { "absent", NULL, 0 } };
  VireoStoreOp more[] = { { "a.xml", b, 0644 }, { "b.xml", NULL, 0 } };
  g_autofree char *path = g_build_filename (f->folder, "a.xml", NULL);
  struct stat st;

  umask (0077);
  g_assert_true (apply (f->store, ops, G_N_ELEMENTS (ops), &error));
  assert_text (f->store, "a.xml", "one");
  assert_text (f->store, "b.xml", "two");
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0640);

  g_assert_true (apply (f->store, more, G_N_ELEMENTS (more), &error));
  assert_text (f->store, "a.xml", "two");
  assert_text (f->store, "b.xml", NULL);
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0644);
  g_assert_cmpuint (count_files (f->folder), ==, 1);
}

static void
test_large (Fixture *f, gconstpointer data)
{
  gsize size = 3 * 1024 * 1024 + 7;
  g_autoptr (GBytes) big = g_bytes_new_take (g_malloc0 (size), size);
  g_autoptr (GBytes) found = NULL;
  g_autoptr (GError) error = NULL;
  VireoStoreOp op = { "big", big, 0600 };

  g_assert_true (apply (f->store, &op, 1, &error));
  found = vireo_store_read (f->store, "big", size, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (found, big));
  g_assert_null (vireo_store_read (f->store, "big", size - 1, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED);
}

static void
test_prepare (Fixture *f, gconstpointer data)
{
  g_autofree char *outer = g_build_filename (f->folder, "outer", NULL);
  g_autofree char *inner = g_build_filename (outer, "inner", NULL);
  g_autofree char *left = g_build_filename (inner, ".tmp-1-1", NULL);
  g_autofree char *other = g_build_filename (inner, ".keep", NULL);
  g_autoptr (VireoStore) store = new_store (inner, data);
  g_autoptr (GError) error = NULL;
  struct stat st;

  g_assert_true (vireo_store_prepare (store, &error));
  g_assert_cmpint (g_stat (outer, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
  g_assert_cmpint (g_stat (inner, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);

  g_assert_true (g_file_set_contents (left, "x", -1, NULL));
  g_assert_true (g_file_set_contents (other, "x", -1, NULL));
  g_assert_true (vireo_store_prepare (store, &error));
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (other, G_FILE_TEST_EXISTS));
  remove_folder (inner);
  remove_folder (outer);
}

static void
test_prepare_in_the_way (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "file", NULL);
  g_autofree char *below = g_build_filename (path, "folder", NULL);
  g_autoptr (VireoStore) at = new_store (path, data);
  g_autoptr (VireoStore) under = new_store (below, data);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "x", -1, NULL));
  g_assert_false (vireo_store_prepare (at, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_IO);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);
  g_assert_false (vireo_store_prepare (under, &error));
  g_assert_nonnull (error);
}

static void
test_list (Fixture *f, gconstpointer data)
{
  g_autofree char *hidden = g_build_filename (f->folder, ".h.xml", NULL);
  g_autofree char *folder = g_build_filename (f->folder, "d.xml", NULL);
  g_autofree char *link = g_build_filename (f->folder, "l.xml", NULL);
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GError) error = NULL;

  write_text (f->store, "b.xml", "", NULL);
  write_text (f->store, "a.xml", "", NULL);
  write_text (f->store, "a.flag", "", NULL);
  g_assert_true (g_file_set_contents (hidden, "x", -1, NULL));
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);

  names = vireo_store_list (f->store, ".xml", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (names->len, ==, 2);
  g_assert_cmpstr (names->pdata[0], ==, "a.xml");
  g_assert_cmpstr (names->pdata[1], ==, "b.xml");
  g_assert_null (vireo_store_read (f->store, "l.xml", 100000, &error));
  g_assert_nonnull (error);
}

static void
test_bad_names (Fixture *f, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (255, 'x');
  g_autofree char *too_long = g_strnfill (256, 'x');
  const char *bad[] = { "", ".", "..", ".hidden", "a/b", "/etc/passwd", "../up", too_long };
  g_autoptr (GBytes) bytes = text ("x");
  g_autoptr (GError) error = NULL;
  VireoStoreOp setuid = { "tool", bytes, 04755 };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      VireoStoreOp ops[] = { { "good", bytes, 0600 }, { bad[i], NULL, 0 } };

      g_assert_false (apply (f->store, ops, G_N_ELEMENTS (ops), &error));
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
      g_assert_null (vireo_store_read (f->store, bad[i], 10, &error));
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_false (apply (f->store, &setuid, 1, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (count_files (f->folder), ==, 0);
  g_clear_error (&error);
  g_assert_true (write_text (f->store, longest, "x", &error));
}

static void
test_read_odd (Fixture *f, gconstpointer data)
{
  g_autofree char *fifo = g_build_filename (f->folder, "fifo", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (vireo_store_read (f->store, "absent", 10, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_clear_error (&error);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_null (vireo_store_read (f->store, "fifo", 10, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_IO);
}

/* A folder stands where the second file is to go: that call fails, its neighbours do not. */
static void
test_failure_is_ones_own (Fixture *f, gconstpointer data)
{
  g_autofree char *in_the_way = g_build_filename (f->folder, "taken", NULL);
  g_autofree char *inside = g_build_filename (in_the_way, "x", NULL);
  g_autoptr (GBytes) bytes = text ("x");
  VireoStoreOp ops[3][3] = {
    { { "a1", bytes, 0600 }, { "a2", bytes, 0600 }, { "a3", bytes, 0600 } },
    { { "b1", bytes, 0600 }, { "taken", bytes, 0600 }, { "b3", bytes, 0600 } },
    { { "c1", bytes, 0600 }, { "c2", bytes, 0600 }, { "c3", bytes, 0600 } },
  };
  Outcome outcomes[3] = { { 0 } };

  g_assert_cmpint (g_mkdir (in_the_way, 0700), ==, 0);
  g_assert_true (g_file_set_contents (inside, "x", -1, NULL));
  for (gsize i = 0; i < 3; i++)
    vireo_store_apply_async (f->store, ops[i], 3, NULL, applied, &outcomes[i]);
  for (gsize i = 0; i < 3; i++)
    wait_for (&outcomes[i]);

  g_assert_true (outcomes[0].ok);
  g_assert_false (outcomes[1].ok);
  g_assert_nonnull (strstr (outcomes[1].error->message, "taken"));
  g_assert_true (outcomes[2].ok);
  assert_text (f->store, "c3", "x");
  /* A prefix of the call: what came before the failure, nothing after it, and no temporary. With a
   * log it is looked at before anything is changed. */
  assert_text (f->store, "b1", data == LOGGED ? NULL : "x");
  assert_text (f->store, "b3", NULL);
  g_assert_cmpuint (count_files (f->folder), ==, data == LOGGED ? 7 : 8);
  g_clear_error (&outcomes[1].error);
  g_remove (inside);
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->folder, "none", NULL);
  g_autoptr (VireoStore) store = new_store (folder, data);
  g_autoptr (GError) error = NULL;

  g_assert_false (write_text (store, "a", "x", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_clear_error (&error);
  g_assert_null (vireo_store_list (store, NULL, &error));
  g_assert_nonnull (error);
  /* Not a broken store for ever: it goes on when the folder is there. */
  g_assert_true (vireo_store_prepare (store, NULL));
  g_assert_true (write_text (store, "a", "x", NULL));
  /* It syncs what it wrote, and would say that the folder is gone. */
  g_clear_object (&store);
  remove_folder (folder);
}

static void
test_order (Fixture *f, gconstpointer data)
{
  Outcome outcomes[200] = { { 0 } };

  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);
      g_autoptr (GBytes) bytes = text (number);
      VireoStoreOp op = { "counter", i == 150 ? NULL : bytes, 0600 };

      vireo_store_apply_async (f->store, &op, 1, NULL, applied, &outcomes[i]);
    }
  vireo_store_flush (f->store);
  g_assert_false (outcomes[0].called);
  assert_text (f->store, "counter", "199");
  for (guint i = 0; i < 200; i++)
    {
      wait_for (&outcomes[i]);
      g_assert_true (outcomes[i].ok);
    }
}

/* A call that is cancelled says so only when it changed nothing. */
static void
test_cancel (Fixture *f, gconstpointer data)
{
  Outcome outcomes[100] = { { 0 } };
  GCancellable *cancellables[100];
  guint n_cancelled = 0;

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);
      g_autoptr (GBytes) bytes = text ("x");
      VireoStoreOp op = { name, bytes, 0600 };

      cancellables[i] = g_cancellable_new ();
      vireo_store_apply_async (f->store, &op, 1, cancellables[i], applied, &outcomes[i]);
    }
  for (guint i = 0; i < 100; i++)
    g_cancellable_cancel (cancellables[i]);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);

      wait_for (&outcomes[i]);
      assert_text (f->store, name, outcomes[i].ok ? "x" : NULL);
      if (!outcomes[i].ok)
        {
          g_assert_error (outcomes[i].error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
          n_cancelled++;
        }
      g_clear_error (&outcomes[i].error);
      g_object_unref (cancellables[i]);
    }
  g_test_message ("%u of 100 were cancelled in time", n_cancelled);
}

/* The last reference goes with a call that is still queued; its callback comes all the same. */
static void
test_dropped (Fixture *f, gconstpointer data)
{
  VireoStore *store = new_store (f->folder, data);
  g_autoptr (GBytes) bytes = text ("x");
  VireoStoreOp op = { "late", bytes, 0600 };
  Outcome outcome = { 0 };

  g_object_add_weak_pointer (G_OBJECT (store), (gpointer *) &store);
  vireo_store_apply_async (store, &op, 1, NULL, applied, &outcome);
  g_object_unref (store);
  wait_for (&outcome);
  g_assert_true (outcome.ok);
  assert_text (f->store, "late", "x");
  while (g_atomic_pointer_get (&store) != NULL)
    g_thread_yield ();
}

static void
test_context (Fixture *f, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GBytes) bytes = text ("x");
  VireoStoreOp op = { "a", bytes, 0600 };
  Outcome outcome = { .context = context };

  g_main_context_push_thread_default (context);
  vireo_store_apply_async (f->store, &op, 1, NULL, applied, &outcome);
  g_main_context_pop_thread_default (context);
  vireo_store_flush (f->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (outcome.called);
  wait_for (&outcome);
  g_assert_true (outcome.ok);
}

/* After the end in order, hands have the last word: nothing is left that would contradict them. */
static void
test_settle (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "a.xml", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (write_text (f->store, "a.xml", "one", &error));
  vireo_stores_settle ();
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_true (vireo_store_prepare (f->store, &error));
  assert_text (f->store, "a.xml", NULL);
  /* A store goes on after that. */
  g_assert_true (write_text (f->store, "a.xml", "two", &error));
  vireo_stores_settle ();
  assert_text (f->store, "a.xml", "two");
}

/* As a driver notes what it need not wait for; a daemon that ends is not faster than that. */
static void
test_settle_unawaited (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->folder, "plain", NULL);
  g_autoptr (VireoStore) store = vireo_store_new (folder);
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_store_prepare (store, &error));
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.xml", i);
      g_autoptr (GBytes) bytes = text (name);
      const VireoStoreOp op = { name, bytes, 0600 };

      vireo_store_apply_async (store, &op, 1, NULL, NULL, NULL);
    }
  vireo_stores_settle ();
  assert_text (store, "199.xml", "199.xml");
}

/* Mounts a tiny file system in a mount namespace of this process alone. */
static void
mount_tiny (const char *folder)
{
  g_assert_cmpint (unshare (CLONE_NEWNS), ==, 0);
  g_assert_cmpint (mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
  g_assert_cmpint (mount ("tiny", folder, "tmpfs", 0, "size=64k,mode=0700"), ==, 0);
}

static void
full_disk_subprocess (Fixture *f, gconstpointer data)
{
  g_autofree char *big = g_strnfill (100000, 'x');
  g_autoptr (GBytes) big_bytes = text (big);
  g_autoptr (GBytes) bytes = text ("x");
  g_autoptr (GError) error = NULL;
  VireoStoreOp ops[] = { { "kept", NULL, 0 }, { "new", bytes, 0600 }, { "big", big_bytes, 0600 } };

  /* So small that there is no place for a log: without one it works as well. */
  mount_tiny (f->folder);
  g_assert_true (write_text (f->store, "kept", "old", &error));
  g_assert_false (apply (f->store, ops, G_N_ELEMENTS (ops), &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "big"));
  g_clear_error (&error);
  assert_text (f->store, "kept", "old");
  g_assert_cmpuint (count_files (f->folder), ==, 1);
  /* The space that the attempt took is free again. */
  g_assert_true (write_text (f->store, "kept", "new", &error));

  g_assert_cmpint (mount ("tiny", f->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
  g_assert_false (write_text (f->store, "kept", "newer", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_ACCESS);
  g_clear_error (&error);
  assert_text (f->store, "kept", "new");
  g_assert_cmpint (umount2 (f->folder, MNT_DETACH), ==, 0);
}

static void
test_full_disk (gconstpointer data)
{
  const char *path
      = data == LOGGED ? "/store-with-log/full-disk/subprocess" : "/store/full-disk/subprocess";

  if (geteuid () != 0)
    {
      g_test_skip ("mounting a small file system needs root");
      return;
    }
  g_test_trap_subprocess (path, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

/* What the victim of test_kill() does for ever: each call writes a file, writes its number to
 * "last", and deletes an older file; 8 calls are in flight; what succeeded is said on stdout. */
typedef struct
{
  VireoStore *store;
  guint number;
} Turn;

static guint next_turn = 1;
static void take_turn (VireoStore *store);

static void
turn_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Turn *turn = data;

  g_assert_true (vireo_store_apply_finish (turn->store, result, NULL));
  printf ("%u\n", turn->number);
  fflush (stdout);
  take_turn (turn->store);
}

static void
take_turn (VireoStore *store)
{
  Turn *turn = g_new0 (Turn, 1);
  guint number = next_turn++;
  g_autofree char *digits = g_strdup_printf ("%u", number);
  g_autofree char *name = g_strdup_printf ("f%u", number);
  g_autofree char *old = g_strdup_printf ("f%u", number > 20 ? number - 20 : 0);
  g_autoptr (GBytes) bytes = text (digits);
  VireoStoreOp ops[] = { { name, bytes, 0600 }, { "last", bytes, 0600 }, { old, NULL, 0 } };

  turn->store = store;
  turn->number = number;
  vireo_store_apply_async (store, ops, G_N_ELEMENTS (ops), NULL, turn_done, turn);
}

G_NORETURN static void
be_victim (const char *folder, gboolean logged)
{
  VireoStore *store = new_store (folder, GINT_TO_POINTER (logged));

  for (guint i = 0; i < 8; i++)
    take_turn (store);
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

static guint
read_acknowledged (GInputStream *stream, gint64 kill_at, GSubprocess *victim)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (stream);
  guint last = 0;
  char *line;

  while ((line = g_data_input_stream_read_line (lines, NULL, NULL, NULL)) != NULL)
    {
      last = (guint) g_ascii_strtoull (line, NULL, 10);
      g_free (line);
      if (g_get_monotonic_time () > kill_at)
        g_subprocess_force_exit (victim);
    }
  return last;
}

static void
check_after_kill (VireoStore *store, guint acknowledged)
{
  g_autofree char *last = read_text (store, "last");
  guint reached = last != NULL ? (guint) g_ascii_strtoull (last, NULL, 10) : 0;

  g_assert_cmpuint (reached, >=, acknowledged);
  g_assert_cmpuint (acknowledged, >, 0);
  for (guint i = reached > 15 ? reached - 15 : 1; i < reached + 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);
      g_autofree char *digits = g_strdup_printf ("%u", i);
      g_autofree char *found = read_text (store, name);

      if (i <= reached)
        g_assert_cmpstr (found, ==, digits);
      else if (i > reached + 1)
        g_assert_null (found);
    }
}

static void
test_kill (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (guint round = 0; round < 10; round++)
    {
      g_autoptr (GSubprocess) victim
          = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/proc/self/exe",
                              data == LOGGED ? "--logged-victim" : "--victim", f->folder, NULL);
      gint64 kill_at = g_get_monotonic_time () + g_test_rand_int_range (1000, 80000);
      guint acknowledged;

      g_assert_no_error (error);
      acknowledged = read_acknowledged (g_subprocess_get_stdout_pipe (victim), kill_at, victim);
      g_assert_true (g_subprocess_wait (victim, NULL, &error));
      if (data != LOGGED)
        check_after_kill (f->store, acknowledged);
      g_assert_true (vireo_store_prepare (f->store, &error));
      check_after_kill (f->store, acknowledged);
      g_test_message ("killed after %u; %u files", acknowledged, count_files (f->folder));
      remove_folder (f->folder);
      g_assert_false (g_file_test (f->folder, G_FILE_TEST_EXISTS));
      g_assert_true (vireo_store_prepare (f->store, &error));
    }
}

static guint n_left;
static guint n_running;

static void
measured (GObject *source, GAsyncResult *result, gpointer data)
{
  g_assert_true (vireo_store_apply_finish (VIREO_STORE (source), result, NULL));
  n_running--;
}

static void
measure (VireoStore *store, guint in_flight, guint n)
{
  g_autofree char *filler = g_strnfill (3000, 'x');
  g_autoptr (GBytes) bytes = text (filler);
  gint64 started = g_get_monotonic_time ();
  double seconds;

  n_left = n;
  while (n_left > 0 || n_running > 0)
    {
      while (n_left > 0 && n_running < in_flight)
        {
          g_autofree char *name = g_strdup_printf ("f%u-%u.xml", in_flight, n_left--);
          VireoStoreOp op = { name, bytes, 0600 };

          n_running++;
          vireo_store_apply_async (store, &op, 1, NULL, measured, NULL);
        }
      g_main_context_iteration (NULL, TRUE);
    }
  seconds = (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC;
  g_test_maximized_result (n / seconds, "%.0f files/s with %u in flight", n / seconds, in_flight);
  g_print ("# %.0f files/s with %u in flight\n", n / seconds, in_flight);
}

static void
test_speed (Fixture *f, gconstpointer data)
{
  measure (f->store, 1, 500);
  measure (f->store, 16, 2000);
  measure (f->store, 64, 4000);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "write", test_write },
    { "large", test_large },
    { "prepare", test_prepare },
    { "prepare-in-the-way", test_prepare_in_the_way },
    { "list", test_list },
    { "bad-names", test_bad_names },
    { "read-odd", test_read_odd },
    { "failure-is-ones-own", test_failure_is_ones_own },
    { "no-folder", test_no_folder },
    { "order", test_order },
    { "cancel", test_cancel },
    { "dropped", test_dropped },
    { "context", test_context },
    { "settle", test_settle },
    { "settle-unawaited", test_settle_unawaited },
    { "kill", test_kill },
    { "full-disk/subprocess", full_disk_subprocess },
  };

  if (argc == 3)
    be_victim (argv[2], g_str_equal (argv[1], "--logged-victim"));

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/store/", tests[i].path, NULL);
      g_autofree char *logged = g_strconcat ("/store-with-log/", tests[i].path, NULL);

      g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
      g_test_add (logged, Fixture, LOGGED, set_up, tests[i].test, tear_down);
    }
  g_test_add_data_func ("/store/full-disk", NULL, test_full_disk);
  g_test_add_data_func ("/store-with-log/full-disk", LOGGED, test_full_disk);
  if (g_test_perf ())
    {
      g_test_add ("/store/speed", Fixture, NULL, set_up, test_speed, tear_down);
      g_test_add ("/store-with-log/speed", Fixture, LOGGED, set_up, test_speed, tear_down);
    }
  return g_test_run ();
}
