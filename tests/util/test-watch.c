/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/vireo-watch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than the quarter of a second in which changes gather. */
#define QUIET_MS 450u
#define LIMIT_MS 5000u

typedef struct
{
  char *root;
  VireoWatch *watch;
  GPtrArray *told;
} Fixture;

static void
changed (VireoWatch *watch, const char *path, gpointer data)
{
  Fixture *f = data;

  g_ptr_array_add (f->told, g_strdup (path + strlen (f->root) + 1));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *made = g_dir_make_tmp ("vireo-watch-XXXXXX", &error);

  g_assert_no_error (error);
  f->root = g_canonicalize_filename (made, NULL);
  f->watch = vireo_watch_new (&error);
  g_assert_no_error (error);
  f->told = g_ptr_array_new_with_free_func (g_free);
  g_signal_connect (f->watch, "changed", G_CALLBACK (changed), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", f->root, NULL };

  g_object_unref (f->watch);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  g_ptr_array_unref (f->told);
  g_free (f->root);
}

static char *
at (Fixture *f, const char *name)
{
  return g_build_filename (f->root, name, NULL);
}

static void
add (Fixture *f, const char *name)
{
  g_autofree char *path = at (f, name);
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_watch_add (f->watch, path, &error));
  g_assert_no_error (error);
}

static void
make_folder (Fixture *f, const char *name)
{
  g_autofree char *path = at (f, name);

  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
}

/* Writes in place, as neither an installer nor an editor would. */
static void
write_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = at (f, name);
  FILE *file = fopen (path, "w");

  g_assert_nonnull (file);
  g_assert_cmpint (fputs (text, file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
rename_to (Fixture *f, const char *from, const char *to)
{
  g_autofree char *old = at (f, from);
  g_autofree char *new = at (f, to);

  g_assert_cmpint (rename (old, new), ==, 0);
}

static void
remove_one (Fixture *f, const char *name)
{
  g_autofree char *path = at (f, name);

  g_assert_cmpint (g_remove (path), ==, 0);
}

static gboolean
set_flag (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
expect_told (Fixture *f, const char *name)
{
  gboolean late = FALSE;
  guint timer = g_timeout_add (LIMIT_MS, set_flag, &late);

  while (f->told->len == 0 && !late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (late);
  g_source_remove (timer);
  g_assert_cmpuint (f->told->len, ==, 1);
  g_assert_cmpstr (f->told->pdata[0], ==, name);
  g_ptr_array_set_size (f->told, 0);
}

static void
expect_quiet (Fixture *f)
{
  gboolean over = FALSE;

  g_timeout_add (QUIET_MS, set_flag, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->told->len, ==, 0);
}

static void
test_file (Fixture *f, gconstpointer data)
{
  g_autofree char *path = at (f, "qemu");

  add (f, "qemu");
  expect_quiet (f);
  write_file (f, "qemu", "1");
  expect_told (f, "qemu");
  write_file (f, "other", "1");
  expect_quiet (f);
  write_file (f, "qemu", "22");
  expect_told (f, "qemu");
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  expect_told (f, "qemu");
  write_file (f, "qemu.new", "333");
  rename_to (f, "qemu.new", "qemu");
  expect_told (f, "qemu");
  rename_to (f, "qemu", "qemu.old");
  expect_told (f, "qemu");
  rename_to (f, "qemu.old", "qemu");
  expect_told (f, "qemu");
  remove_one (f, "qemu");
  expect_told (f, "qemu");
  expect_quiet (f);
}

/* A hundred writes are one change; a file that came and went is none. */
static void
test_gathered (Fixture *f, gconstpointer data)
{
  add (f, "qemu");
  for (guint i = 0; i < 100; i++)
    write_file (f, "qemu", "x");
  expect_told (f, "qemu");
  expect_quiet (f);
  remove_one (f, "qemu");
  expect_told (f, "qemu");
  write_file (f, "qemu", "x");
  remove_one (f, "qemu");
  expect_quiet (f);
}

static void
test_never_at_rest (Fixture *f, gconstpointer data)
{
  gint64 limit = g_get_monotonic_time () + LIMIT_MS * 1000;

  add (f, "qemu");
  while (f->told->len == 0 && g_get_monotonic_time () < limit)
    {
      write_file (f, "qemu", "x");
      g_main_context_iteration (NULL, FALSE);
      g_usleep (2000);
    }
  g_assert_cmpuint (f->told->len, ==, 1);
}

static void
test_parents_later (Fixture *f, gconstpointer data)
{
  add (f, "usr/lib/qemu/ui-gtk.so");
  expect_quiet (f);
  make_folder (f, "usr");
  expect_quiet (f);
  make_folder (f, "usr/lib/qemu");
  expect_quiet (f);
  write_file (f, "usr/lib/qemu/ui-gtk.so", "x");
  expect_told (f, "usr/lib/qemu/ui-gtk.so");

  /* A folder above goes, and another comes. */
  rename_to (f, "usr/lib", "usr/lib.old");
  expect_told (f, "usr/lib/qemu/ui-gtk.so");
  make_folder (f, "usr/lib");
  expect_quiet (f);
  rename_to (f, "usr/lib.old/qemu", "usr/lib/qemu");
  expect_told (f, "usr/lib/qemu/ui-gtk.so");
}

/* All at once, between two looks. */
static void
test_parents_at_once (Fixture *f, gconstpointer data)
{
  add (f, "a/b/c");
  make_folder (f, "a/b");
  write_file (f, "a/b/c", "x");
  expect_told (f, "a/b/c");
}

static void
test_folder (Fixture *f, gconstpointer data)
{
  add (f, "firmware");
  make_folder (f, "firmware");
  expect_told (f, "firmware");
  write_file (f, "firmware/60.json", "{}");
  expect_told (f, "firmware");
  write_file (f, "firmware/60.json", "{ }");
  expect_told (f, "firmware");
  remove_one (f, "firmware/60.json");
  expect_told (f, "firmware");
  write_file (f, "beside", "x");
  expect_quiet (f);
  remove_one (f, "firmware");
  expect_told (f, "firmware");
}

static void
test_links (Fixture *f, gconstpointer data)
{
  g_autofree char *link = at (f, "bin");
  g_autofree char *absolute = at (f, "alt/qemu");
  g_autofree char *alternative = at (f, "v1/qemu");
  g_autofree char *loop = at (f, "loop");
  g_autofree char *new_link = at (f, "bin.new");

  make_folder (f, "v1");
  make_folder (f, "alt");
  g_assert_cmpint (symlink ("v1/../v1", link), ==, 0);
  g_assert_cmpint (symlink (absolute, alternative), ==, 0);
  g_assert_cmpint (symlink ("loop", loop), ==, 0);
  add (f, "bin/qemu");
  add (f, "loop/x");
  write_file (f, "alt/qemu", "x");
  expect_told (f, "bin/qemu");
  write_file (f, "alt/qemu", "xx");
  expect_told (f, "bin/qemu");

  make_folder (f, "v2");
  write_file (f, "v2/qemu", "xx");
  expect_quiet (f);
  g_assert_cmpint (symlink ("v2", new_link), ==, 0);
  rename_to (f, "bin.new", "bin");
  expect_told (f, "bin/qemu");
  write_file (f, "alt/qemu", "not it any more");
  expect_quiet (f);
  write_file (f, "v2/qemu", "it");
  expect_told (f, "bin/qemu");
}

static void
test_counted (Fixture *f, gconstpointer data)
{
  g_autofree char *path = at (f, "qemu");

  add (f, "qemu");
  add (f, "qemu");
  vireo_watch_remove (f->watch, path);
  write_file (f, "qemu", "x");
  expect_told (f, "qemu");
  /* Removed between the event and the telling. */
  write_file (f, "qemu", "xx");
  vireo_watch_remove (f->watch, path);
  expect_quiet (f);
  add (f, "qemu");
  write_file (f, "qemu", "xxx");
  expect_told (f, "qemu");
}

/* A write to a device in the same folder wakes nobody, as each to /dev/null would. */
static void
test_device (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *fifo = at (f, "kvm");
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  g_object_unref (f->watch);
  f->watch = vireo_watch_new (&error);
  g_main_context_pop_thread_default (context);
  add (f, "kvm");
  write_file (f, "null", "x");
  while (g_main_context_iteration (context, FALSE))
    ;
  write_file (f, "null", "y");
  g_assert_false (g_main_context_pending (context));
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_true (g_main_context_pending (context));
}

/* A handler that takes back what it is told of, and drops the watch. */
static void
drop (VireoWatch *watch, const char *path, gpointer data)
{
  Fixture *f = data;

  g_clear_object (&f->watch);
}

static void
test_dropped_inside (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add (f, "a");
  add (f, "b");
  g_signal_connect (f->watch, "changed", G_CALLBACK (drop), f);
  write_file (f, "a", "x");
  write_file (f, "b", "x");
  while (f->watch != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->told->len, >=, 1);
  f->watch = vireo_watch_new (&error);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/watch/file", test_file },
    { "/watch/gathered", test_gathered },
    { "/watch/never-at-rest", test_never_at_rest },
    { "/watch/parents-later", test_parents_later },
    { "/watch/parents-at-once", test_parents_at_once },
    { "/watch/folder", test_folder },
    { "/watch/links", test_links },
    { "/watch/counted", test_counted },
    { "/watch/device", test_device },
    { "/watch/dropped-inside", test_dropped_inside },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
