/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-dnsmasq.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/vireo-error.h"
#include "util/vireo-process.h"

#define PROGRAM "dnsmasq"
/* How long a process may take to end by itself, and after it was killed. */
#define STOP_SECONDS 5
#define KILL_MILLISECONDS 2000

struct _VireoDnsmasq
{
  GObject parent_instance;

  char *config;
  char *pid_path;
  int pid;
  guint64 start_time;
  int pidfd;
  GSource *watch;
  GSource *kill_timer;
  /* The tasks of stop. */
  GPtrArray *stopping;
};

enum
{
  EXITED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_TYPE (VireoDnsmasq, vireo_dnsmasq, G_TYPE_OBJECT)

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
forget_process (VireoDnsmasq *self)
{
  clear_source (&self->watch);
  clear_source (&self->kill_timer);
  if (self->pidfd >= 0)
    close (self->pidfd);
  self->pidfd = -1;
  self->pid = 0;
  self->start_time = 0;
}

static void
vireo_dnsmasq_finalize (GObject *object)
{
  VireoDnsmasq *self = VIREO_DNSMASQ (object);

  forget_process (self);
  g_free (self->config);
  g_free (self->pid_path);
  g_ptr_array_unref (self->stopping);
  G_OBJECT_CLASS (vireo_dnsmasq_parent_class)->finalize (object);
}

static void
vireo_dnsmasq_class_init (VireoDnsmasqClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_dnsmasq_finalize;
  /**
   * VireoDnsmasq::exited:
   *
   * The process ended, and nobody had asked it to.
   *
   * Since: 0.1
   */
  signals[EXITED] = g_signal_new ("exited", VIREO_TYPE_DNSMASQ, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
vireo_dnsmasq_init (VireoDnsmasq *self)
{
  self->pidfd = -1;
  self->stopping = g_ptr_array_new ();
}

/**
 * vireo_dnsmasq_new:
 * @paths: where the network's files are
 *
 * Returns: (transfer full): a dnsmasq that does not run
 * Since: 0.1
 */
VireoDnsmasq *
vireo_dnsmasq_new (const VireoDnsmasqPaths *paths)
{
  VireoDnsmasq *self = g_object_new (VIREO_TYPE_DNSMASQ, NULL);

  self->config = g_strdup (paths->config);
  self->pid_path = g_strdup (paths->pid);
  return self;
}

/* ---- who a process is ---- */

/* Whether process @pid was started with @argument. */
static gboolean
process_has_argument (int pid, const char *argument)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", pid);
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    return FALSE;
  for (const char *p = text; p < text + length; p += strlen (p) + 1)
    if (g_str_equal (p, argument))
      return TRUE;
  return FALSE;
}

static char *
config_argument (const char *config)
{
  return g_strconcat ("--conf-file=", config, NULL);
}

/* The C library of older systems lacks the function. */
static int
pidfd_open_cloexec (int pid)
{
  return (int) syscall (SYS_pidfd_open, pid, 0);
}

static gboolean
pidfd_kill (int pidfd, int signal_number)
{
  return syscall (SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0) == 0;
}

/* ---- watching ---- */

static gboolean
process_ended (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (VireoDnsmasq) self = g_object_ref (VIREO_DNSMASQ (data));
  g_autoptr (GPtrArray) stopping = g_steal_pointer (&self->stopping);

  self->stopping = g_ptr_array_new ();
  forget_process (self);
  for (guint i = 0; i < stopping->len; i++)
    {
      g_autoptr (GTask) task = g_ptr_array_index (stopping, i);

      g_task_return_boolean (task, TRUE);
    }
  if (stopping->len == 0)
    g_signal_emit (self, signals[EXITED], 0);
  return G_SOURCE_REMOVE;
}

/**
 * vireo_dnsmasq_attach:
 * @self: one that does not run
 * @pid: number of a process
 * @start_time: when it started, in clock ticks since boot; 0 when that is not known
 *
 * Takes over a process that an earlier daemon started. Reads /proc, so it does not wait.
 *
 * Returns: whether the process is there and is this network's dnsmasq
 * Since: 0.1
 */
gboolean
vireo_dnsmasq_attach (VireoDnsmasq *self, int pid, guint64 start_time)
{
  g_autofree char *argument = config_argument (self->config);
  int pidfd;
  guint64 found;

  g_return_val_if_fail (self->pidfd < 0, FALSE);
  pidfd = pid > 0 ? pidfd_open_cloexec (pid) : -1;
  if (pidfd < 0)
    return FALSE;
  /* Looked at after the descriptor is open: should the number belong to somebody else by now, this
   * is that somebody, and not whom the descriptor stands for. */
  if (!vireo_process_get_start_time (pid, &found) || (start_time != 0 && found != start_time)
      || !process_has_argument (pid, argument))
    {
      close (pidfd);
      return FALSE;
    }
  self->pid = pid;
  self->pidfd = pidfd;
  self->start_time = found;
  self->watch = g_unix_fd_source_new (pidfd, G_IO_IN);
  g_source_set_callback (self->watch, G_SOURCE_FUNC (process_ended), self, NULL);
  g_source_attach (self->watch, g_main_context_get_thread_default ());
  return TRUE;
}

/* ---- starting ---- */

static int
read_pid (const char *path)
{
  g_autofree char *text = NULL;
  guint64 pid;

  if (!g_file_get_contents (path, &text, NULL, NULL)
      || !g_ascii_string_to_unsigned (g_strstrip (text), 10, 1, G_MAXINT, &pid, NULL))
    return 0;
  return (int) pid;
}

static void
start_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GSubprocess *process = G_SUBPROCESS (source);
  g_autoptr (GTask) task = user_data;
  VireoDnsmasq *self = g_task_get_source_object (task);
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_subprocess_communicate_utf8_finish (process, result, NULL, &said, &error))
    {
      vireo_error_translate (&error, "cannot wait for " PROGRAM);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (!g_subprocess_get_successful (process))
    {
      g_strstrip (said);
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NETWORK, PROGRAM " refused: %s",
                               said[0] != '\0' ? said : "no reason given");
      return;
    }
  if (!vireo_dnsmasq_attach (self, read_pid (self->pid_path), 0))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NETWORK,
                               PROGRAM " ended right after it was started");
      return;
    }
  g_task_return_boolean (task, TRUE);
}

/**
 * vireo_dnsmasq_start_async:
 * @self: one that does not run, and whose files are written
 * @cancellable: (nullable): ignored once the process is started
 * @callback: called when it answers requests, or has refused to
 * @user_data: for @callback
 *
 * Starts dnsmasq. It goes to the background when its sockets are open, and not before: that its
 * first process ends is how we know.
 *
 * Since: 0.1
 */
void
vireo_dnsmasq_start_async (VireoDnsmasq *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *argument = config_argument (self->config);
  g_autoptr (GError) error = NULL;

  g_return_if_fail (self->pidfd < 0);
  g_task_set_source_tag (task, vireo_dnsmasq_start_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, PROGRAM, argument, NULL);
  if (process == NULL)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                               "cannot start " PROGRAM ": %s", error->message);
      return;
    }
  g_subprocess_communicate_utf8_async (process, NULL, NULL, start_done, g_steal_pointer (&task));
}

/**
 * vireo_dnsmasq_start_finish:
 * @self: what was started
 * @result: what the callback got
 * @error: Network, with what dnsmasq said; MissingResource when it is not installed
 *
 * Returns: whether it runs
 * Since: 0.1
 */
gboolean
vireo_dnsmasq_start_finish (VireoDnsmasq *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- stopping ---- */

static gboolean
kill_it (gpointer data)
{
  VireoDnsmasq *self = VIREO_DNSMASQ (data);

  pidfd_kill (self->pidfd, SIGKILL);
  clear_source (&self->kill_timer);
  return G_SOURCE_REMOVE;
}

/**
 * vireo_dnsmasq_stop_async:
 * @self: one that may run
 * @cancellable: (nullable): ignored: what was asked to end ends
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Asks dnsmasq to end, and kills it when it does not.
 *
 * Since: 0.1
 */
void
vireo_dnsmasq_stop_async (VireoDnsmasq *self, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, vireo_dnsmasq_stop_async);
  if (self->pidfd < 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_ptr_array_add (self->stopping, g_steal_pointer (&task));
  pidfd_kill (self->pidfd, SIGTERM);
  if (self->kill_timer != NULL)
    return;
  self->kill_timer = g_timeout_source_new_seconds (STOP_SECONDS);
  g_source_set_callback (self->kill_timer, kill_it, self, NULL);
  g_source_attach (self->kill_timer, g_main_context_get_thread_default ());
}

/**
 * vireo_dnsmasq_stop_finish:
 * @self: what was stopped
 * @result: what the callback got
 * @error: none yet
 *
 * Returns: whether it has ended
 * Since: 0.1
 */
gboolean
vireo_dnsmasq_stop_finish (VireoDnsmasq *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * vireo_dnsmasq_reload:
 * @self: one that may run
 *
 * Makes dnsmasq read the files of hosts and names again.
 *
 * Since: 0.1
 */
void
vireo_dnsmasq_reload (VireoDnsmasq *self)
{
  if (self->pidfd >= 0)
    pidfd_kill (self->pidfd, SIGHUP);
}

/**
 * vireo_dnsmasq_is_running:
 * @self: a dnsmasq
 *
 * Returns: whether it runs
 * Since: 0.1
 */
gboolean
vireo_dnsmasq_is_running (VireoDnsmasq *self)
{
  return self->pidfd >= 0;
}

/**
 * vireo_dnsmasq_get_pid:
 * @self: a dnsmasq
 *
 * Returns: its process number, or 0
 * Since: 0.1
 */
int
vireo_dnsmasq_get_pid (VireoDnsmasq *self)
{
  return self->pid;
}

/**
 * vireo_dnsmasq_get_start_time:
 * @self: a dnsmasq
 *
 * Returns: when it started, in clock ticks since boot, or 0
 * Since: 0.1
 */
guint64
vireo_dnsmasq_get_start_time (VireoDnsmasq *self)
{
  return self->start_time;
}

/* Kills process @pid if it still has @argument, and waits until it is gone. */
static gboolean
kill_stray (int pid, const char *argument, GError **error)
{
  struct pollfd poll_fd = { .fd = pidfd_open_cloexec (pid), .events = POLLIN };
  gboolean gone = TRUE;

  if (poll_fd.fd < 0)
    return TRUE;
  if (process_has_argument (pid, argument))
    {
      pidfd_kill (poll_fd.fd, SIGKILL);
      gone = poll (&poll_fd, 1, KILL_MILLISECONDS) == 1;
    }
  close (poll_fd.fd);
  if (!gone)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_TIMED_OUT,
                 "the process %d (" PROGRAM ") does not end although it was killed", pid);
  return gone;
}

static gboolean
kill_all_strays (const char *argument, guint *n_found, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      int pid = g_ascii_isdigit (name[0]) ? atoi (name) : 0;

      if (pid <= 0 || !process_has_argument (pid, argument))
        continue;
      (*n_found)++;
      if (!kill_stray (pid, argument, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * vireo_dnsmasq_kill_strays:
 * @paths: where a network's files are
 * @error: TimedOut
 *
 * Ends every dnsmasq that was started with the network's configuration, however far it got: for
 * what a daemon left behind that died before it could write down whom it had started. For worker
 * threads.
 *
 * Returns: whether none is left
 * Since: 0.1
 */
gboolean
vireo_dnsmasq_kill_strays (const VireoDnsmasqPaths *paths, GError **error)
{
  g_autofree char *argument = config_argument (paths->config);
  guint n_found;

  /* Again until a look finds none: one that is just starting may have a child behind our back. */
  do
    {
      n_found = 0;
      if (!kill_all_strays (argument, &n_found, error))
        return FALSE;
    }
  while (n_found > 0);
  return TRUE;
}
