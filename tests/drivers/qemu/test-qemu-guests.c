/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-fixture.h"

#define SERIAL "<serial type='pty'><target port='0'/></serial>"

/* Devices of a guest that boots the disk @name. */
static char *
devices_with_disk (Fixture *f, const char *name, const char *format)
{
  return g_strdup_printf ("<disk type='file' device='disk'><driver name='qemu' type='%s'/>"
                          "<source file='%s/%s'/><target dev='hda' bus='ide'/></disk>" SERIAL,
                          format, f->root, name);
}

static VireoDomainObj *
define_bootable (Fixture *f, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".img", NULL);
  g_autofree char *devices = devices_with_disk (f, file, "raw");

  fixture_make_disk (f, file);
  return fixture_define (f, name, NULL, devices);
}

static void
assert_state (VireoDomainObj *obj, VireoDomainState state, const char *reason)
{
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, state);
  g_assert_cmpstr (vireo_domain_obj_get_state_reason (obj), ==, reason);
}

static void
test_start_and_destroy (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = fixture_define (f, "plain", NULL, SERIAL);
  g_autoptr (GError) error = NULL;
  g_autofree char *proc = NULL, *xml = NULL;
  struct stat status;
  pid_t pid;

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_cmpuint (vireo_domain_obj_get_id (obj), >, 0);
  fixture_assert_event (f, "plain started booted");
  pid = fixture_pid (obj);
  proc = g_strdup_printf ("/proc/%d", (int) pid);
  g_assert_cmpint (stat (proc, &status), ==, 0);
  if (geteuid () == 0)
    g_assert_cmpuint (status.st_uid, ==, 65534);
  xml = vireo_def_obj_format (VIREO_DEF_OBJ (obj), VIREO_FORMAT_NONE, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "/dev/pts/"));

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);
  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "destroyed");
  g_assert_true (fixture_pid_is_gone (pid));
  g_assert_cmpuint (vireo_domain_obj_get_id (obj), ==, 0);
  g_assert_null (vireo_domain_obj_get_live_def (obj));
  fixture_assert_event (f, "plain stopped destroyed");
  fixture_assert_clean (f);

  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
}

static void
test_paused (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = fixture_define (f, "paused", NULL, "");
  g_autoptr (GError) error = NULL;

  fixture_start (f, obj, VIREO_DOMAIN_START_PAUSED, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");
  fixture_call (f, obj, vireo_qemu_suspend, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);
  fixture_call (f, obj, vireo_qemu_resume, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "unpaused");
  fixture_call (f, obj, vireo_qemu_suspend, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");
  fixture_assert_event (f, "paused resumed unpaused");
  fixture_assert_event (f, "paused suspended paused");
}

/* Reads from a console until @wanted came. */
static void
expect (int fd, const char *wanted)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (strstr (text->str, wanted) == NULL)
    {
      struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
      char buffer[256];
      ssize_t n;

      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (NULL, FALSE);
      if (poll (&poll_fd, 1, 5) <= 0)
        continue;
      n = read (fd, buffer, sizeof (buffer));
      g_assert_cmpint (n, >, 0);
      g_string_append_len (text, buffer, n);
    }
}

static gboolean
is_closed (gpointer data)
{
  char byte;

  return recv (GPOINTER_TO_INT (data), &byte, 1, MSG_DONTWAIT) == 0;
}

static void
test_console (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = define_bootable (f, "console");
  g_autoptr (GError) error = NULL;
  int first, second;

  fixture_start (f, obj, VIREO_DOMAIN_START_PAUSED, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixture_open_console (f, obj, "serial7", FALSE, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  first = fixture_open_console (f, obj, NULL, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixture_open_console (f, obj, "serial0", FALSE, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_clear_error (&error);
  fixture_call (f, obj, vireo_qemu_resume, &error);
  g_assert_no_error (error);
  expect (first, "R");
  g_assert_cmpint (write (first, "echo me", 7), ==, 7);
  expect (first, "echo me");

  second = fixture_open_console (f, obj, "serial0", TRUE, &error);
  g_assert_no_error (error);
  fixture_wait_for (is_closed, GINT_TO_POINTER (first));
  g_assert_cmpint (write (second, "again", 5), ==, 5);
  expect (second, "again");
  close (first);
  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);
  fixture_wait_for (is_closed, GINT_TO_POINTER (second));
  close (second);
}

/* Starts a bootable guest, and waits until its boot sector runs. */
static void
boot (Fixture *f, VireoDomainObj *obj)
{
  g_autoptr (GError) error = NULL;
  int console;

  fixture_start (f, obj, VIREO_DOMAIN_START_PAUSED, &error);
  g_assert_no_error (error);
  console = fixture_open_console (f, obj, NULL, FALSE, &error);
  g_assert_no_error (error);
  fixture_call (f, obj, vireo_qemu_resume, &error);
  g_assert_no_error (error);
  expect (console, "R");
  close (console);
}

static void
test_shutdown (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = define_bootable (f, "shutdown");
  g_autoptr (GError) error = NULL;
  pid_t pid;

  boot (f, obj);
  pid = fixture_pid (obj);
  fixture_call (f, obj, vireo_qemu_shutdown, &error);
  g_assert_no_error (error);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_SHUTOFF, "shutdown");
  fixture_assert_event (f, "shutdown stopped shutdown");
  g_assert_true (fixture_pid_is_gone (pid));
  fixture_assert_clean (f);
}

static gboolean
was_rebooted (gpointer data)
{
  Fixture *f = data;

  return g_ptr_array_find_with_equal_func (f->events, "reboot Rebooted", g_str_equal, NULL);
}

static gboolean
console_is_free (gpointer data)
{
  return g_hash_table_size (VIREO_QEMU_DOMAIN (data)->console_holders) == 0;
}

static void
test_reboot (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = define_bootable (f, "reboot");
  g_autoptr (GError) error = NULL;
  int console;
  pid_t pid;

  boot (f, obj);
  pid = fixture_pid (obj);
  fixture_wait_for (console_is_free, obj);
  console = fixture_open_console (f, obj, NULL, FALSE, &error);
  g_assert_no_error (error);
  fixture_call (f, obj, vireo_qemu_reboot, &error);
  g_assert_no_error (error);
  fixture_wait_for (was_rebooted, f);
  expect (console, "R");
  close (console);
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "unpaused");
  g_assert_cmpint (fixture_pid (obj), ==, pid);
  /* And now for good: the restart was for once. */
  fixture_call (f, obj, vireo_qemu_shutdown, &error);
  g_assert_no_error (error);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_SHUTOFF, "shutdown");
}

/* A chain of images in a folder that only root may enter, and the lock on it. */
static void
test_images (Fixture *f, gconstpointer data)
{
  g_autofree char *base = fixture_path (f, "base.img"), *top = fixture_path (f, "top.qcow2");
  g_autofree char *devices = NULL, *xml = NULL;
  const char *const argv[]
      = { "qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top, NULL };
  g_autoptr (GError) error = NULL;
  VireoDomainObj *first, *second;
  int status;

  fixture_make_disk (f, "base.img");
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  devices = devices_with_disk (f, "top.qcow2", "qcow2");
  first = fixture_define (f, "first", NULL, devices);
  second = fixture_define (f, "second", NULL, devices);
  boot (f, first);
  xml = vireo_def_obj_format (VIREO_DEF_OBJ (first), VIREO_FORMAT_NONE, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "base.img"));
  fixture_start (f, second, VIREO_DOMAIN_START_NONE, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_assert_null (strstr (error->message, "'first'"));
  g_clear_error (&error);
  assert_state (second, VIREO_DOMAIN_STATE_SHUTOFF, "failed");
  fixture_destroy (f, first, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);
  boot (f, second);
}

static void
test_killed_from_outside (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = fixture_define (f, "killed", NULL, "");
  g_autoptr (GError) error = NULL;

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  kill (fixture_pid (obj), SIGKILL);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_SHUTOFF, "crashed");
  fixture_assert_event (f, "killed stopped failed");
  fixture_assert_clean (f);
  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  kill (fixture_pid (obj), SIGTERM);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_SHUTOFF, "destroyed");
}

/* A hypervisor that hangs must be got rid of, and nobody else may feel it. */
static void
test_hung (Fixture *f, gconstpointer data)
{
  VireoDomainObj *hung = fixture_define (f, "hung", NULL, "");
  VireoDomainObj *other = fixture_define (f, "other", NULL, "");
  g_autoptr (GError) error = NULL;
  GAsyncResult *suspended = NULL;
  gint64 begun;
  pid_t pid;

  f->domains->timeouts.quit = 300;
  f->domains->timeouts.terminate = 300;
  f->domains->timeouts.graceful = 300;
  fixture_start (f, hung, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  fixture_start (f, other, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  pid = fixture_pid (hung);
  kill (pid, SIGSTOP);
  fixture_destroy (f, hung, VIREO_DOMAIN_DESTROY_GRACEFUL, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE);
  g_clear_error (&error);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (hung)));

  vireo_qemu_reset (VIREO_DOMAIN_DRIVER (f->domains), hung,
                    g_task_new (NULL, NULL, NULL, &suspended));
  begun = g_get_monotonic_time ();
  fixture_call (f, other, vireo_qemu_suspend, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, G_USEC_PER_SEC);

  fixture_destroy (f, hung, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);
  assert_state (hung, VIREO_DOMAIN_STATE_SHUTOFF, "destroyed");
  g_assert_true (fixture_pid_is_gone (pid));
}

/* Asking nicely has a limit, and is remembered by nobody: neither a daemon that comes next nor the
 * end of the guest takes it for an order. Who wants it stopped at once does not wait for that. */
static void
test_graceful (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = fixture_define (f, "graceful", NULL, "");
  g_autoptr (GError) error = NULL;
  GAsyncResult *graceful = NULL;
  gint64 begun = g_get_monotonic_time ();

  g_assert_cmpuint (f->domains->timeouts.graceful, <=, 5000);
  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  f->domains->timeouts.graceful = 300;
  kill (fixture_pid (obj), SIGSTOP);
  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_GRACEFUL, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE);
  g_assert_nonnull (strstr (error->message, "within 0.3 s"));
  g_clear_error (&error);
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  g_assert_cmpint (VIREO_QEMU_DOMAIN (obj)->status->phase, ==, VIREO_QEMU_PHASE_RUNNING);
  /* It comes to it at last. */
  kill (fixture_pid (obj), SIGCONT);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_SHUTOFF, "destroyed");

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  f->domains->timeouts.graceful = 60000;
  f->domains->timeouts.quit = 100;
  f->domains->timeouts.terminate = 100;
  kill (fixture_pid (obj), SIGSTOP);
  fixture_begin_destroy (f, obj, VIREO_DOMAIN_DESTROY_GRACEFUL, &graceful);
  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "destroyed");
  fixture_wait (&graceful);
  g_assert_false (g_task_propagate_boolean (G_TASK (graceful), &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_object_unref (graceful);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 20 * G_USEC_PER_SEC);
}

/* An emulator that answers when it is asked what it can do, and misbehaves otherwise. */
static char *
make_emulator (Fixture *f, const char *misdeed)
{
  g_autofree char *script
      = g_strdup_printf ("#!/bin/sh\ncase \"$*\" in *none,*|*\"-machine none\"*|*\"-M none\"*)\n"
                         "  exec /usr/bin/qemu-system-x86_64 \"$@\";;\nesac\n%s\n",
                         misdeed);
  char *path = fixture_path (f, "emulator");

  g_assert_cmpint (chmod (f->root, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, script, -1, NULL));
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  return path;
}

static void
test_dies_at_once (Fixture *f, gconstpointer data)
{
  g_autofree char *emulator = make_emulator (f, "echo the board is on fire >&2; exit 3");
  VireoDomainObj *obj = fixture_define (f, "dies", emulator, "");
  g_autoptr (GError) error = NULL;

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "the board is on fire"));
  g_assert_nonnull (strstr (error->message, "status 3"));
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "failed");
  fixture_assert_clean (f);
}

static void
test_never_greets (Fixture *f, gconstpointer data)
{
  g_autofree char *emulator = make_emulator (f, "exec sleep 600");
  VireoDomainObj *obj = fixture_define (f, "silent", emulator, "");
  g_autoptr (GError) error = NULL;

  f->domains->timeouts.start = 400;
  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE);
  fixture_assert_clean (f);
}

static gboolean
has_process (gpointer data)
{
  return VIREO_QEMU_DOMAIN (data)->process != NULL;
}

static void
test_destroy_while_start_hangs (Fixture *f, gconstpointer data)
{
  g_autofree char *emulator = make_emulator (f, "exec sleep 600");
  VireoDomainObj *obj = fixture_define (f, "hangs", emulator, "");
  GAsyncResult *started = NULL;
  g_autoptr (GError) error = NULL;
  pid_t pid;

  fixture_begin_start (f, obj, &started);
  fixture_wait_for (has_process, obj);
  pid = fixture_pid (obj);
  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);
  fixture_wait (&started);
  g_assert_false (g_task_propagate_boolean (G_TASK (started), &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  g_object_unref (started);
  g_assert_true (fixture_pid_is_gone (pid));
  fixture_assert_clean (f);
}

static void
test_images_missing (Fixture *f, gconstpointer data)
{
  g_autofree char *devices = devices_with_disk (f, "nothing.img", "raw");
  VireoDomainObj *obj = fixture_define (f, "missing", NULL, devices);
  g_autoptr (GError) error = NULL;

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_nonnull (strstr (error->message, "nothing.img"));
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "failed");
  fixture_assert_clean (f);
}

static void
test_no_user (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj;
  g_autoptr (GError) error = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("only root's guests run as somebody else");
      return;
    }
  g_clear_error (&f->domains->identity_error);
  vireo_qemu_identity_look_up ("vireo-no-such-user", &f->domains->identity,
                               &f->domains->identity_error);
  obj = fixture_define (f, "nouser", NULL, "");
  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_nonnull (strstr (error->message, "vireo-no-such-user"));
}

static gboolean
log_is_short (gpointer data)
{
  struct stat status;

  return stat (data, &status) == 0 && status.st_size < (off_t) VIREO_QEMU_LOG_MAX;
}

static void
test_log_is_bounded (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = fixture_define (f, "logs", NULL, "");
  g_autofree char *path = fixture_path (f, "log/qemu/logs.log");
  g_autofree char *old = g_strconcat (path, ".old", NULL), *text = NULL;
  g_autofree char *noise = g_strnfill (VIREO_QEMU_LOG_MAX + 100, 'x');
  g_autoptr (GError) error = NULL;
  struct stat status;
  int fd;

  fixture_start (f, obj, VIREO_DOMAIN_START_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "qemu-system-x86_64"));
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  fd = open (path, O_WRONLY | O_APPEND);
  g_assert_cmpint (write (fd, noise, VIREO_QEMU_LOG_MAX + 100), ==, VIREO_QEMU_LOG_MAX + 100);
  close (fd);
  fixture_wait_for (log_is_short, path);
  g_assert_cmpint (stat (old, &status), ==, 0);
  g_assert_cmpint (status.st_size, ==, VIREO_QEMU_LOG_MAX);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/qemu/guests/start-and-destroy", test_start_and_destroy },
    { "/qemu/guests/paused", test_paused },
    { "/qemu/guests/console", test_console },
    { "/qemu/guests/shutdown", test_shutdown },
    { "/qemu/guests/reboot", test_reboot },
    { "/qemu/guests/images", test_images },
    { "/qemu/guests/killed-from-outside", test_killed_from_outside },
    { "/qemu/guests/hung", test_hung },
    { "/qemu/guests/graceful", test_graceful },
    { "/qemu/guests/dies-at-once", test_dies_at_once },
    { "/qemu/guests/never-greets", test_never_greets },
    { "/qemu/guests/destroy-while-start-hangs", test_destroy_while_start_hangs },
    { "/qemu/guests/images-missing", test_images_missing },
    { "/qemu/guests/no-user", test_no_user },
    { "/qemu/guests/log-is-bounded", test_log_is_bounded },
  };

  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  /* Warnings are part of what the unhappy tests bring about. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].run, fixture_tear_down);
  return g_test_run ();
}
