/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/vireo-qemu-monitor.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *folder;
  char *path;
} Fixture;

/* Longer than a socket's address has room for. */
static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (100, 'f');
  g_autofree char *made = g_dir_make_tmp ("vireo-monitor-XXXXXX", NULL);

  fixture->folder = g_build_filename (made, name, NULL);
  fixture->path = g_build_filename (fixture->folder, "1.monitor", NULL);
  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *made = g_path_get_dirname (fixture->folder);

  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_assert_cmpint (g_rmdir (made), ==, 0);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static void
test_connect (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int listening = vireo_qemu_monitor_listen (fixture->path, &error);
  g_autoptr (GSocket) socket = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (listening, >=, 0);
  socket = vireo_qemu_monitor_connect (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (socket);
  close (listening);
}

/* What an emulator leaves that dies at its very begin. */
static void
test_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  close (vireo_qemu_monitor_listen (fixture->path, &error));
  g_assert_no_error (error);
  g_assert_null (vireo_qemu_monitor_connect (fixture->path, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  g_assert_nonnull (strstr (error->message, fixture->path));
}

static void
test_never_there (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (vireo_qemu_monitor_connect (fixture->path, &error));
  g_assert_nonnull (error);
  g_assert_false (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED));
  g_assert_nonnull (strstr (error->message, fixture->path));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/qemu/monitor/connect", test_connect },
    { "/qemu/monitor/gone", test_gone },
    { "/qemu/monitor/never-there", test_never_there },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].run, fixture_tear_down);
  return g_test_run ();
}
