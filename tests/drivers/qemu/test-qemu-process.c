/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/qemu/vireo-qemu-process.h"

typedef struct
{
  char *folder;
  char *log;
  int log_fd;
  VireoQemuProcess *process;
  GError *error;
  gboolean done;
  int status;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("vireo-process-XXXXXX", NULL);
  f->log = g_build_filename (f->folder, "log", NULL);
  f->log_fd = open (f->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  f->status = -2;
  g_assert_cmpint (f->log_fd, >=, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->process);
  g_clear_error (&f->error);
  close (f->log_fd);
  g_unlink (f->log);
  g_rmdir (f->folder);
  g_free (f->log);
  g_free (f->folder);
}

static void
on_exited (VireoQemuProcess *process, int status, Fixture *f)
{
  f->status = status;
}

static void
spawned (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  f->process = vireo_qemu_process_spawn_finish (result, &f->error);
  f->done = TRUE;
}

static void
released (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  vireo_qemu_process_release_finish (f->process, result, &f->error);
  f->done = TRUE;
}

static void
waited (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  vireo_qemu_process_wait_finish (f->process, result, &f->error);
  f->done = TRUE;
}

static void
until_done (Fixture *f)
{
  while (!f->done)
    g_main_context_iteration (NULL, TRUE);
  f->done = FALSE;
}

static void
spawn (Fixture *f, const char *const *argv, GArray *fds, const VireoQemuIdentity *identity)
{
  static const char *const envp[] = { "PATH=/usr/bin:/bin", "VIREO_TEST=here", NULL };
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (int));
  const VireoQemuSpawn spec = { .argv = argv,
                                .envp = envp,
                                .fds = fds != NULL ? fds : none,
                                .log_fd = f->log_fd,
                                .identity = identity != NULL ? *identity
                                                             : (VireoQemuIdentity){ 0 } };

  vireo_qemu_process_spawn_async (&spec, NULL, spawned, f);
  until_done (f);
  g_assert_no_error (f->error);
  g_signal_connect (f->process, "exited", G_CALLBACK (on_exited), f);
}

static void
run_to_end (Fixture *f)
{
  vireo_qemu_process_release_async (f->process, NULL, released, f);
  until_done (f);
  g_assert_no_error (f->error);
  vireo_qemu_process_wait_async (f->process, 10000, NULL, waited, f);
  until_done (f);
  g_assert_no_error (f->error);
}

static char *
read_log (Fixture *f)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (f->log, &text, NULL, NULL));
  return text;
}

static void
test_output_and_status (Fixture *f, gconstpointer data)
{
  const char *const argv[] = { "/bin/sh", "-c", "echo $VIREO_TEST; pwd; umask; exit 7", NULL };
  g_autofree char *text = NULL, *said = NULL;

  spawn (f, argv, NULL, NULL);
  run_to_end (f);
  text = read_log (f);
  g_assert_cmpstr (text, ==, "here\n/\n0077\n");
  g_assert_true (WIFEXITED (f->status));
  said = vireo_qemu_process_describe_exit (f->status);
  g_assert_cmpstr (said, ==, "exited with status 7");
}

/* What is not listed must not reach the emulator, and what is keeps its number. */
static void
test_descriptors (Fixture *f, gconstpointer data)
{
  const char *const argv[] = { "/bin/sh", "-c", "cd /proc/self/fd && echo *", NULL };
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  int kept = fcntl (f->log_fd, F_DUPFD_CLOEXEC, 50);
  int leaked = fcntl (f->log_fd, F_DUPFD, 60);
  g_autofree char *text = NULL;

  g_array_append_val (fds, kept);
  spawn (f, argv, fds, NULL);
  run_to_end (f);
  close (kept);
  close (leaked);
  text = read_log (f);
  /* 3 is the shell's own, for the folder it lists. */
  g_assert_true (g_str_equal (text, "0 1 2 3 50\n") || g_str_equal (text, "0 1 2 50\n"));
}

static void
test_nothing_before_release (Fixture *f, gconstpointer data)
{
  const char *const argv[] = { "/bin/sh", "-c", "echo ran", NULL };
  g_autofree char *text = NULL;

  spawn (f, argv, NULL, NULL);
  g_assert_cmpint (kill (vireo_qemu_process_get_pid (f->process), 0), ==, 0);
  vireo_qemu_process_wait_async (f->process, 200, NULL, waited, f);
  until_done (f);
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE);
  g_clear_error (&f->error);
  text = read_log (f);
  g_assert_cmpstr (text, ==, "");
  vireo_qemu_process_kill (f->process, SIGKILL);
  vireo_qemu_process_wait_async (f->process, 10000, NULL, waited, f);
  until_done (f);
  g_assert_no_error (f->error);
  g_assert_true (WIFSIGNALED (f->status));
}

/* What the next test starts: a daemon that is killed while its child waits. */
static int
be_daemon (const char *log)
{
  static const char *const argv[] = { "/bin/sh", "-c", "echo ran", NULL };
  Fixture f = { .log_fd = open (log, O_WRONLY | O_APPEND | O_CLOEXEC) };

  spawn (&f, argv, NULL, NULL);
  g_print ("%d %" G_GUINT64_FORMAT "\n", (int) vireo_qemu_process_get_pid (f.process),
           vireo_qemu_process_get_start_time (f.process));
  pause ();
  return 1;
}

/* Whoever forked it is gone: so is it, without having run. */
static void
test_daemon_dies_before_release (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocess) daemon
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &f->error, "/proc/self/exe",
                          "--as-daemon", f->log, NULL);
  g_autoptr (GDataInputStream) output
      = g_data_input_stream_new (g_subprocess_get_stdout_pipe (daemon));
  g_autofree char *line = g_data_input_stream_read_line (output, NULL, NULL, &f->error);
  g_autofree char *text = NULL;
  guint64 start_time;
  int pid;

  g_assert_no_error (f->error);
  g_assert_cmpint (sscanf (line, "%d %" G_GUINT64_FORMAT, &pid, &start_time), ==, 2);
  f->process = vireo_qemu_process_attach (pid, start_time);
  g_assert_nonnull (f->process);
  g_subprocess_force_exit (daemon);
  g_subprocess_wait (daemon, NULL, NULL);
  vireo_qemu_process_wait_async (f->process, 10000, NULL, waited, f);
  until_done (f);
  g_assert_no_error (f->error);
  text = read_log (f);
  g_assert_cmpstr (text, ==, "");
}

static void
test_no_program (Fixture *f, gconstpointer data)
{
  const char *const argv[] = { "/nowhere/qemu", NULL };

  spawn (f, argv, NULL, NULL);
  vireo_qemu_process_release_async (f->process, NULL, released, f);
  until_done (f);
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_assert_nonnull (strstr (f->error->message, "execute the program"));
}

static void
test_identity (Fixture *f, gconstpointer data)
{
  const char *const argv[]
      = { "/bin/sh", "-c", "id -u; id -G; grep -E 'NoNewPrivs|CapEff' /proc/self/status", NULL };
  VireoQemuIdentity identity;
  g_autofree char *text = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can become somebody else");
      return;
    }
  g_assert_true (vireo_qemu_identity_look_up ("nobody", &identity, &f->error));
  identity.kvm_gid = 12345;
  spawn (f, argv, NULL, &identity);
  run_to_end (f);
  text = read_log (f);
  g_assert_cmpstr (text, ==,
                   "65534\n65534 12345\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n");
}

static void
test_identity_unknown (Fixture *f, gconstpointer data)
{
  VireoQemuIdentity identity;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can become somebody else");
      return;
    }
  g_assert_false (vireo_qemu_identity_look_up ("vireo-no-such-user", &identity, &f->error));
  g_assert_error (f->error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
}

/* The number of a process that is gone may be another's by now. */
static void
test_recycled_number (Fixture *f, gconstpointer data)
{
  const char *const argv[] = { "/bin/sleep", "60", NULL };
  g_autoptr (VireoQemuProcess) same = NULL, other = NULL;
  guint64 start;
  pid_t pid;

  spawn (f, argv, NULL, NULL);
  pid = vireo_qemu_process_get_pid (f->process);
  start = vireo_qemu_process_get_start_time (f->process);
  same = vireo_qemu_process_attach (pid, start);
  other = vireo_qemu_process_attach (pid, start + 1);
  g_assert_nonnull (same);
  g_assert_null (other);
  vireo_qemu_process_kill (same, SIGKILL);
  vireo_qemu_process_wait_async (f->process, 10000, NULL, waited, f);
  until_done (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (kill (pid, 0), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  if (argc == 3 && g_str_equal (argv[1], "--as-daemon"))
    return be_daemon (argv[2]);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) \
  g_test_add ("/qemu/process/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("output-and-status", test_output_and_status);
  ADD ("descriptors", test_descriptors);
  ADD ("nothing-before-release", test_nothing_before_release);
  ADD ("daemon-dies-before-release", test_daemon_dies_before_release);
  ADD ("no-program", test_no_program);
  ADD ("identity", test_identity);
  ADD ("identity-unknown", test_identity_unknown);
  ADD ("recycled-number", test_recycled_number);
#undef ADD
  return g_test_run ();
}
