/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-fixture.h"

/* Daemons that are killed, and what the next one makes of it. The first runs in a process of its
 * own, which is this program again. */

#define SERIAL "<serial type='pty'><target port='0'/></serial>"

static VireoDomainObj *
find (Fixture *f, const char *name)
{
  VireoObjList *list = vireo_keeper_get_list (VIREO_KEEPER (f->domains));

  return (VireoDomainObj *) vireo_obj_list_find_by_name (list, name);
}

/* --daemon ROOT NAME PAUSED */
G_NORETURN static void
be_daemon (char **argv)
{
  Fixture f = { .events = g_ptr_array_new () };
  g_autoptr (GError) error = NULL;

  fixture_make_env (&f, argv[2]);
  fixture_open (&f);
  g_print ("open\n");
  fixture_start (&f, find (&f, argv[3]),
                 g_str_equal (argv[4], "paused") ? VIREO_DOMAIN_START_PAUSED
                                                 : VIREO_DOMAIN_START_NONE,
                 &error);
  g_assert_no_error (error);
  g_print ("started\n");
  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}

typedef struct
{
  GSubprocess *process;
  GDataInputStream *output;
} Daemon;

static void
daemon_expect (Daemon *daemon, const char *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line (daemon->output, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, wanted);
}

static void
daemon_start (Daemon *daemon, Fixture *f, const char *name, const char *how)
{
  g_autoptr (GError) error = NULL;

  daemon->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/proc/self/exe",
                                      "--daemon", f->root, name, how, NULL);
  g_assert_no_error (error);
  daemon->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (daemon->process));
  daemon_expect (daemon, "open");
}

static void
daemon_kill (Daemon *daemon)
{
  g_subprocess_force_exit (daemon->process);
  g_subprocess_wait (daemon->process, NULL, NULL);
  g_clear_object (&daemon->output);
  g_clear_object (&daemon->process);
}

/* Defines a domain, has another daemon start it, and kills that. */
static void
start_elsewhere (Fixture *f, const char *name, const char *how)
{
  Daemon daemon;

  fixture_define (f, name, NULL, SERIAL);
  fixture_close (f);
  daemon_start (&daemon, f, name, how);
  daemon_expect (&daemon, "started");
  daemon_kill (&daemon);
}

static gboolean
is_connected (gpointer data)
{
  VireoQemuDomain *self = data;

  return vireo_qemu_domain_check_monitor (self, NULL);
}

static void
assert_state (VireoDomainObj *obj, VireoDomainState state, const char *reason)
{
  g_assert_cmpint (vireo_domain_obj_get_state (obj), ==, state);
  g_assert_cmpstr (vireo_domain_obj_get_state_reason (obj), ==, reason);
}

static void
test_taken_over (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VireoDomainObj *obj;
  int console;
  pid_t pid;

  start_elsewhere (f, "over", "running");
  fixture_open (f);
  obj = find (f, "over");
  pid = fixture_pid (obj);
  g_assert_false (fixture_pid_is_gone (pid));
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_cmpuint (vireo_domain_obj_get_id (obj), >, 0);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  fixture_wait_for (is_connected, obj);
  console = fixture_open_console (f, obj, NULL, FALSE, &error);
  g_assert_no_error (error);
  close (console);
  fixture_call (f, obj, vireo_qemu_suspend, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");

  /* Once more, paused now. */
  fixture_close (f);
  fixture_open (f);
  obj = find (f, "over");
  g_assert_cmpint (fixture_pid (obj), ==, pid);
  assert_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");
  fixture_wait_for (is_connected, obj);
  fixture_call (f, obj, vireo_qemu_resume, &error);
  g_assert_no_error (error);
  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (fixture_pid_is_gone (pid));
  fixture_assert_clean (f);
}

static void
test_started_paused (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VireoDomainObj *obj;

  start_elsewhere (f, "paused", "paused");
  fixture_open (f);
  obj = find (f, "paused");
  fixture_wait_for (is_connected, obj);
  assert_state (obj, VIREO_DOMAIN_STATE_PAUSED, "user");
  fixture_call (f, obj, vireo_qemu_resume, &error);
  g_assert_no_error (error);
  assert_state (obj, VIREO_DOMAIN_STATE_RUNNING, "unpaused");
}

static pid_t
pid_on_disk (Fixture *f, guint64 *ret_start_time)
{
  g_autofree char *folder = fixture_path (f, "run/qemu/status");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, VIREO_QEMU_STATUS_SUFFIX))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);
        g_autoptr (GKeyFile) file = g_key_file_new ();

        g_assert_true (g_key_file_load_from_file (file, path, 0, NULL));
        if (ret_start_time != NULL)
          *ret_start_time = g_key_file_get_uint64 (file, "process", "start-time", NULL);
        return (pid_t) g_key_file_get_int64 (file, "process", "pid", NULL);
      }
  return 0;
}

static gboolean
is_gone (gpointer data)
{
  return fixture_pid_is_gone (GPOINTER_TO_INT (data));
}

static void
test_died_meanwhile (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj;
  pid_t pid;

  start_elsewhere (f, "died", "running");
  pid = pid_on_disk (f, NULL);
  kill (pid, SIGKILL);
  fixture_wait_for (is_gone, GINT_TO_POINTER (pid));
  fixture_open (f);
  obj = find (f, "died");
  assert_state (obj, VIREO_DOMAIN_STATE_SHUTOFF, "daemon");
  fixture_assert_event (f, "died stopped shutdown");
  fixture_assert_clean (f);
}

/* One that hangs holds nobody up, can be got rid of, and is reached when it goes on. */
static void
test_hung_meanwhile (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VireoDomainObj *obj;
  gint64 begun;
  pid_t pid;

  start_elsewhere (f, "hung", "running");
  pid = pid_on_disk (f, NULL);
  kill (pid, SIGSTOP);
  begun = g_get_monotonic_time ();
  fixture_open (f);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 2 * G_USEC_PER_SEC);
  obj = find (f, "hung");
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (obj)));
  fixture_call (f, obj, vireo_qemu_suspend, &error);
  g_assert_nonnull (error);
  g_clear_error (&error);
  kill (pid, SIGCONT);
  fixture_wait_for (is_connected, obj);
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  fixture_call (f, obj, vireo_qemu_suspend, &error);
  g_assert_no_error (error);
}

/* The process that has the number now is not ours: it is neither taken over nor killed. */
static void
test_recycled_number (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = fixture_path (f, "run/qemu/status");
  const char *const argv[] = { "sleep", "60", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *name;
  GPid stranger;
  pid_t pid;

  start_elsewhere (f, "recycled", "running");
  pid = pid_on_disk (f, NULL);
  g_spawn_async (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &stranger, &error);
  g_assert_no_error (error);
  dir = g_dir_open (folder, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, VIREO_QEMU_STATUS_SUFFIX))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);
        g_autoptr (GKeyFile) file = g_key_file_new ();

        g_assert_true (g_key_file_load_from_file (file, path, 0, NULL));
        g_key_file_set_int64 (file, "process", "pid", stranger);
        g_key_file_set_string (file, "domain", "phase", "stopping");
        g_assert_true (g_key_file_save_to_file (file, path, NULL));
      }
  fixture_open (f);
  assert_state (find (f, "recycled"), VIREO_DOMAIN_STATE_SHUTOFF, "destroyed");
  g_assert_false (fixture_pid_is_gone (stranger));
  kill (stranger, SIGKILL);
  kill (pid, SIGKILL);
}

/* How many processes have @name in their arguments. */
static guint
count_processes (const char *name)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *entry;
  guint n = 0;

  while ((entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", entry, "cmdline", NULL);
      g_autofree char *line = NULL;
      gsize length = 0;

      if (!g_ascii_isdigit (*entry) || !g_file_get_contents (path, &line, &length, NULL))
        continue;
      if (g_strstr_len (line, -1, "qemu") != NULL && memmem (line, length, name, strlen (name)))
        n++;
    }
  return n;
}

typedef struct
{
  Fixture *fixture;
  VireoDomainObj *obj;
  const char *name;
  gboolean asked;
  gboolean answered;
} Instant;

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, NULL);

  *(gboolean *) data = reply != NULL;
}

/* Of a guest that runs: that QEMU answered us means that it answered the driver before. Of one that
 * does not: that nothing of it is left. */
static gboolean
is_settled (gpointer data)
{
  Instant *instant = data;
  VireoDomainState state = vireo_domain_obj_get_state (instant->obj);

  if (state == VIREO_DOMAIN_STATE_RUNNING && is_connected (instant->obj) && !instant->asked)
    {
      instant->asked = TRUE;
      vireo_qmp_execute_async (VIREO_QEMU_DOMAIN (instant->obj)->qmp, "query-status", NULL, NULL, 0,
                               NULL, on_asked, &instant->answered);
    }
  if (state == VIREO_DOMAIN_STATE_RUNNING)
    return instant->answered
           && VIREO_QEMU_DOMAIN (instant->obj)->status->phase == VIREO_QEMU_PHASE_RUNNING;
  return state == VIREO_DOMAIN_STATE_SHUTOFF && fixture_is_clean (instant->fixture)
         && count_processes (instant->name) == 0;
}

/* Whatever the start had come to: the next daemon has the guest, or there is nothing of it. */
static void
test_killed_at_any_instant (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_strdup_printf ("instant-%d", (int) getpid ());
  guint n_running = 0, n_off = 0;

  fixture_define (f, name, NULL, SERIAL);
  for (guint ms = 0; ms < 150 || (n_running < 3 && ms < 4000); ms += ms < 150 ? 5 : 100)
    {
      Instant instant = { .fixture = f, .name = name };
      Daemon daemon;

      fixture_close (f);
      daemon_start (&daemon, f, name, "running");
      g_usleep (ms * 1000);
      daemon_kill (&daemon);
      fixture_open (f);
      instant.obj = find (f, name);
      fixture_wait_for (is_settled, &instant);
      if (vireo_domain_obj_get_state (instant.obj) == VIREO_DOMAIN_STATE_RUNNING)
        {
          g_assert_cmpuint (count_processes (name), ==, 1);
          g_assert_true (fixture_destroy (f, instant.obj, VIREO_DOMAIN_DESTROY_NONE, NULL));
          n_running++;
        }
      else
        n_off++;
      g_assert_cmpuint (count_processes (name), ==, 0);
      fixture_assert_clean (f);
    }
  g_test_message ("%u running, %u off", n_running, n_off);
  g_assert_cmpuint (n_running, >, 0);
  g_assert_cmpuint (n_off, >, 0);
}

static void
test_leftovers_are_swept (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = fixture_path (f, "run/qemu/17"), *file = NULL;
  g_autofree char *monitor = fixture_path (f, "run/qemu/17.monitor");

  fixture_close (f);
  file = g_build_filename (folder, "vnc.sock", NULL);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_true (g_file_set_contents (monitor, "x", 1, NULL));
  fixture_open (f);
  fixture_assert_clean (f);
}

static void
got_it (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static gboolean
is_free (gpointer data)
{
  return vireo_obj_get_current_job (data) == NULL;
}

static void
test_autostart (Fixture *f, gconstpointer data)
{
  VireoDomainObj *obj = fixture_define (f, "auto", NULL, "");
  VireoDomainDriver *driver = VIREO_DOMAIN_DRIVER (f->domains);
  g_autofree char *marker = fixture_path (f, "run/qemu/status/autostarted");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fixture_define (f, "manual", NULL, "");
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->set_autostart (
      driver, obj, TRUE, g_task_new (driver, NULL, got_it, &result));
  fixture_wait (&result);
  g_task_propagate_boolean (G_TASK (result), &error);
  g_assert_no_error (error);

  /* As after the host's boot. */
  fixture_close (f);
  g_unlink (marker);
  fixture_open (f);
  obj = find (f, "auto");
  fixture_wait_state (f, obj, VIREO_DOMAIN_STATE_RUNNING, "booted");
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (find (f, "manual"))));
  fixture_wait_for (is_free, obj);
  fixture_destroy (f, obj, VIREO_DOMAIN_DESTROY_NONE, &error);
  g_assert_no_error (error);

  /* A restart of the daemon alone starts nothing that somebody stopped. */
  fixture_close (f);
  fixture_open (f);
  obj = find (f, "auto");
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (obj)));
  g_assert_null (vireo_obj_get_current_job (VIREO_OBJ (obj)));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/qemu/attach/taken-over", test_taken_over },
    { "/qemu/attach/started-paused", test_started_paused },
    { "/qemu/attach/died-meanwhile", test_died_meanwhile },
    { "/qemu/attach/hung-meanwhile", test_hung_meanwhile },
    { "/qemu/attach/recycled-number", test_recycled_number },
    { "/qemu/attach/killed-at-any-instant", test_killed_at_any_instant },
    { "/qemu/attach/leftovers-are-swept", test_leftovers_are_swept },
    { "/qemu/attach/autostart", test_autostart },
  };

  signal (SIGPIPE, SIG_IGN);
  if (argc == 5 && g_str_equal (argv[1], "--daemon"))
    be_daemon (argv);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, fixture_set_up, tests[i].run, fixture_tear_down);
  return g_test_run ();
}
