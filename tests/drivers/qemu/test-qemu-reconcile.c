/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/qemu/vireo-qemu-monitor.h"
#include "guest-fixture.h"

/* Guests of which a daemon that was killed left something half done, and how the next one goes on.
 * What the killed one did is done here over the monitor, by hand. */

#define QUERY_STATUS "{\"execute\": \"query-status\", \"id\": \"status\"}\n"

static VireoDomainObj *
find (Fixture *f, const char *name)
{
  VireoObjList *list = vireo_keeper_get_list (VIREO_KEEPER (f->domains));

  return (VireoDomainObj *) vireo_obj_list_find_by_name (list, name);
}

static gboolean
is_connected (gpointer data)
{
  VireoQemuDomain *self = data;

  return vireo_qemu_domain_check_monitor (self, NULL);
}

/* A guest that runs and that no daemon has. */
typedef struct
{
  pid_t pid;
  char *monitor;
  char *uuid;
} Left;

static void
left_clear (Left *left)
{
  g_free (left->monitor);
  g_free (left->uuid);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Left, left_clear)

static gboolean
is_null (gpointer data)
{
  return *(gpointer *) data == NULL;
}

static Left
leave_running (Fixture *f, const char *name)
{
  VireoDomainObj *obj = fixture_define (f, name, NULL, "");
  gpointer weak = obj;
  g_autoptr (GError) error = NULL;
  Left left;

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  left.pid = fixture_pid (obj);
  left.monitor = g_strdup (VIREO_QEMU_DOMAIN (obj)->status->monitor);
  left.uuid = g_strdup (vireo_obj_get_uuid (VIREO_OBJ (obj)));
  g_object_add_weak_pointer (weak, &weak);
  fixture_close (f);
  fixture_wait_for (is_null, &weak);
  return left;
}

static void
say (GSocket *monitor, const char *text)
{
  g_autoptr (GError) error = NULL;
  gssize n = g_socket_send (monitor, text, strlen (text), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, strlen (text));
}

static void
hear (GSocket *monitor, const char *wanted)
{
  g_autoptr (GString) heard = g_string_new (NULL);

  while (strstr (heard->str, wanted) == NULL)
    {
      g_autoptr (GError) error = NULL;
      char buffer[4096];
      gssize n = g_socket_receive (monitor, buffer, sizeof (buffer), NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      g_string_append_len (heard, buffer, n);
    }
}

static GSocket *
take_monitor (const char *path)
{
  g_autoptr (GError) error = NULL;
  GSocket *monitor = vireo_qemu_monitor_connect (path, &error);

  g_assert_no_error (error);
  g_socket_set_blocking (monitor, TRUE);
  g_socket_set_timeout (monitor, 10);
  say (monitor, "{\"execute\": \"qmp_capabilities\", \"id\": \"negotiated\"}\n");
  hear (monitor, "negotiated");
  return monitor;
}

static void
wait_for_status (GSocket *monitor, const char *status)
{
  g_autofree char *wanted = g_strdup_printf ("\"status\": \"%s\"", status);

  for (guint i = 0; i < 200; i++)
    {
      char buffer[4096] = "";

      say (monitor, QUERY_STATUS);
      g_assert_cmpint (g_socket_receive (monitor, buffer, sizeof (buffer) - 1, NULL, NULL), >, 0);
      if (strstr (buffer, wanted) != NULL)
        return;
      g_usleep (20000);
    }
  g_error ("QEMU does not come to be %s", status);
}

/* What QEMU says of itself. */
static void
assert_runs (Fixture *f, VireoDomainObj *obj, pid_t pid)
{
  g_autoptr (GError) error = NULL;

  fixture_wait_for (is_connected, obj);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  g_assert_cmpint (fixture_pid (obj), ==, pid);
  fixture_call (f, obj, vireo_qemu_suspend, &error);
  g_assert_no_error (error);
  fixture_call (f, obj, vireo_qemu_resume, &error);
  g_assert_no_error (error);
}

#define SAVED (8 * 1024 * 1024)

static gpointer
read_saved (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  gsize n_read = 0;

  while (n_read < SAVED)
    {
      char buffer[65536];
      struct pollfd readable = { .fd = fd, .events = POLLIN };
      ssize_t n;

      g_assert_cmpint (poll (&readable, 1, 10000), ==, 1);
      n = read (fd, buffer, sizeof (buffer));
      g_assert_cmpint (n, >, 0);
      n_read += (gsize) n;
    }
  return NULL;
}

/* QEMU was at a command when its client went away: the next one gets the reply, with a number that
 * it may have given to a command of its own. */
static void
test_reply_of_others (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("vireo-reconcile-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL), *command = NULL;
  g_autoptr (GSocket) monitor = NULL;
  struct pollfd reader = { .events = POLLIN };
  g_auto (Left) left = leave_running (f, "others");
  GThread *thread;

  g_assert_cmpint (chmod (folder, 0711), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (chmod (fifo, 0666), ==, 0);
  reader.fd = open (fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (reader.fd, >=, 0);
  monitor = take_monitor (left.monitor);
  command = g_strdup_printf ("{\"execute\": \"pmemsave\", \"id\": 2, \"arguments\": {\"val\": 0, "
                             "\"size\": %d, \"filename\": \"%s\"}}\n",
                             SAVED, fifo);
  say (monitor, command);
  g_assert_cmpint (poll (&reader, 1, 10000), ==, 1);
  g_clear_object (&monitor);
  fixture_open (f);
  thread = g_thread_new ("reader", read_saved, GINT_TO_POINTER (reader.fd));
  assert_runs (f, find (f, "others"), left.pid);
  g_thread_join (thread);
  close (reader.fd);
  g_unlink (fifo);
  g_rmdir (folder);
}

/* A restart of the guest is a reset, and going on: the daemon was killed between the two. */
static void
test_restart_cut_off (Fixture *f, gconstpointer data)
{
  g_auto (Left) left = leave_running (f, "restart");
  g_autoptr (GSocket) monitor = take_monitor (left.monitor);

  say (monitor, "{\"execute\": \"stop\"}\n{\"execute\": \"system_reset\"}\n");
  wait_for_status (monitor, "prelaunch");
  g_clear_object (&monitor);
  fixture_open (f);
  assert_runs (f, find (f, "restart"), left.pid);
}

static void
write_state (Fixture *f, const char *uuid, const char *state, const char *reason)
{
  g_autofree char *name = g_strconcat (uuid, VIREO_QEMU_STATUS_SUFFIX, NULL);
  g_autofree char *folder = fixture_path (f, "run/qemu/status");
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_assert_true (g_key_file_load_from_file (file, path, 0, NULL));
  g_key_file_set_string (file, "domain", "state", state);
  g_key_file_set_string (file, "domain", "state-reason", reason);
  g_assert_true (g_key_file_save_to_file (file, path, NULL));
}

/* The guest powered off, which was recorded, and the daemon was killed before it told QEMU. */
static void
test_poweroff_cut_off (Fixture *f, gconstpointer data)
{
  g_auto (Left) left = leave_running (f, "poweroff");
  g_autoptr (GSocket) monitor = take_monitor (left.monitor);

  say (monitor, "{\"execute\": \"set-action\", \"arguments\": {\"shutdown\": \"pause\", "
                "\"reboot\": \"shutdown\"}}\n"
                "{\"execute\": \"system_reset\"}\n");
  wait_for_status (monitor, "shutdown");
  g_clear_object (&monitor);
  write_state (f, left.uuid, "shutdown", "user");
  fixture_open (f);
  fixture_wait_state (f, find (f, "poweroff"), VIREO_DOMAIN_STATE_SHUTOFF, "shutdown");
  g_assert_true (fixture_pid_is_gone (left.pid));
  fixture_assert_clean (f);
}

/* While QEMU hung, one daemon after another tried to reach it: their connections are in its queue,
 * and there is no room for ours. */
static void
test_full_queue (Fixture *f, gconstpointer data)
{
  g_auto (Left) left = leave_running (f, "queue");

  kill (left.pid, SIGSTOP);
  for (guint i = 0; i < 30; i++)
    {
      fixture_open (f);
      fixture_close (f);
    }
  fixture_open (f);
  kill (left.pid, SIGCONT);
  assert_runs (f, find (f, "queue"), left.pid);
}

static void
test_monitor_lost (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = fixture_define (f, "lost", NULL, "");
  g_autoptr (GError) error = NULL;
  pid_t pid;

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  pid = fixture_pid (obj);
  vireo_qmp_close (VIREO_QEMU_DOMAIN (obj)->qmp);
  g_assert_false (is_connected (obj));
  assert_runs (f, obj, pid);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/qemu/reconcile/reply-of-others", test_reply_of_others },
    { "/qemu/reconcile/restart-cut-off", test_restart_cut_off },
    { "/qemu/reconcile/poweroff-cut-off", test_poweroff_cut_off },
    { "/qemu/reconcile/full-queue", test_full_queue },
    { "/qemu/reconcile/monitor-lost", test_monitor_lost },
  };

  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  if (!fixture_can_run ())
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].run, fixture_tear_down);
  return g_test_run ();
}
