/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-process.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/vireo-alone.h"
#include "util/vireo-process.h"
#include "vireo-qemu-process-child.h"

struct _VireoQemuProcess
{
  GObject parent_instance;

  pid_t pid;
  guint64 start_time;
  int pidfd;
  int go_fd;
  int error_fd;
  guint exit_source;
  gboolean exited;
};

enum
{
  SIGNAL_EXITED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VireoQemuProcess, vireo_qemu_process, G_TYPE_OBJECT)

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
vireo_qemu_process_finalize (GObject *object)
{
  VireoQemuProcess *self = VIREO_QEMU_PROCESS (object);

  g_clear_handle_id (&self->exit_source, g_source_remove);
  close_fd (&self->pidfd);
  close_fd (&self->go_fd);
  close_fd (&self->error_fd);
  G_OBJECT_CLASS (vireo_qemu_process_parent_class)->finalize (object);
}

static void
vireo_qemu_process_class_init (VireoQemuProcessClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_qemu_process_finalize;
  signals[SIGNAL_EXITED] = g_signal_new ("exited", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
vireo_qemu_process_init (VireoQemuProcess *self)
{
  self->pidfd = self->go_fd = self->error_fd = -1;
}

/**
 * vireo_qemu_identity_look_up:
 * @user: (nullable): name of a user, or %NULL to stay who we are
 * @ret_identity: (out): who guests run as
 * @error: MissingResource when there is no such user
 *
 * Since: 0.1
 */
gboolean
vireo_qemu_identity_look_up (const char *user, VireoQemuIdentity *ret_identity, GError **error)
{
  VireoQemuIdentity identity = { FALSE, 0, 0, 0 };
  const struct passwd *entry;
  struct stat kvm;

  if (user != NULL && geteuid () == 0)
    {
      entry = getpwnam (user);
      if (entry == NULL)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                       "the user '%s', which guests run as, does not exist on this host", user);
          return FALSE;
        }
      identity = (VireoQemuIdentity){ TRUE, entry->pw_uid, entry->pw_gid, entry->pw_gid };
      /* A group that may use KVM lets the guests' user in; root's own group never does. */
      if (stat ("/dev/kvm", &kvm) == 0 && kvm.st_gid != 0 && (kvm.st_mode & 0060) == 0060)
        identity.kvm_gid = kvm.st_gid;
    }
  *ret_identity = identity;
  return TRUE;
}

static gboolean
on_exited (gint fd, GIOCondition condition, gpointer user_data)
{
  VireoQemuProcess *self = user_data;
  siginfo_t info = { 0 };
  int status = -1;

  self->exit_source = 0;
  self->exited = TRUE;
  /* A process that an earlier daemon started is not our child: its status is init's to know. */
  if (waitid (P_PIDFD, (id_t) self->pidfd, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0)
    status = info.si_code == CLD_EXITED ? W_EXITCODE (info.si_status, 0)
                                        : W_EXITCODE (0, info.si_status);
  g_object_ref (self);
  g_signal_emit (self, signals[SIGNAL_EXITED], 0, status);
  g_object_unref (self);
  return G_SOURCE_REMOVE;
}

static VireoQemuProcess *
process_new (pid_t pid, int pidfd, guint64 start_time)
{
  VireoQemuProcess *self = g_object_new (VIREO_TYPE_QEMU_PROCESS, NULL);

  self->pid = pid;
  self->pidfd = pidfd;
  self->start_time = start_time;
  return self;
}

/* Only ever from the thread of the main context. */
static void
process_watch (VireoQemuProcess *self)
{
  self->exit_source = g_unix_fd_add (self->pidfd, G_IO_IN, on_exited, self);
}

static gboolean
has_ended (int pidfd)
{
  struct pollfd ended = { .fd = pidfd, .events = POLLIN };

  return poll (&ended, 1, 0) > 0;
}

VireoQemuProcess *
vireo_qemu_process_attach (pid_t pid, guint64 start_time)
{
  VireoQemuProcess *self;
  guint64 now_running;
  int pidfd = pid > 0 ? pidfd_open (pid, 0) : -1;

  if (pidfd < 0)
    return NULL;
  /* Read after the pidfd was opened: what it says is about the process that the pidfd holds, which
   * may have ended already and wait for its parent. */
  if (!vireo_process_get_start_time (pid, &now_running) || now_running != start_time
      || has_ended (pidfd))
    {
      close (pidfd);
      return NULL;
    }
  self = process_new (pid, pidfd, start_time);
  process_watch (self);
  return self;
}

/* What a spawn needs while it is on its way; the strings are copies, for the thread. */
typedef struct
{
  VireoQemuSpawn spawn;
  char **argv;
  char **envp;
} SpawnData;

static void
spawn_data_free (gpointer data)
{
  SpawnData *self = data;

  g_strfreev (self->argv);
  g_strfreev (self->envp);
  g_array_unref (self->spawn.fds);
  g_free (self);
}

static int
compare_ints (gconstpointer a, gconstpointer b)
{
  const int left = *(const int *) a, right = *(const int *) b;

  return (left > right) - (left < right);
}

/* The descriptors that the child keeps: sorted and without duplicates. */
static GArray *
keep_list (GArray *fds, int go_fd, int error_fd)
{
  GArray *keep = g_array_copy (fds);

  g_array_append_val (keep, go_fd);
  g_array_append_val (keep, error_fd);
  g_array_sort (keep, compare_ints);
  for (guint i = keep->len - 1; i > 0; i--)
    if (g_array_index (keep, int, i) == g_array_index (keep, int, i - 1))
      g_array_remove_index (keep, i);
  return keep;
}

static pid_t
fork_child (const SpawnData *data, const int go[2], const int report[2], GError **error)
{
  g_autoptr (GArray) keep = keep_list (data->spawn.fds, go[0], report[1]);
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  const VireoQemuChild child = { .spawn = &data->spawn,
                                 .null_fd = null_fd,
                                 .go_fd = go[0],
                                 .error_fd = report[1],
                                 .keep = (int *) (gpointer) keep->data,
                                 .n_keep = keep->len };
  pid_t pid = null_fd < 0 ? -1 : fork ();

  if (pid == 0)
    vireo_qemu_child_run (&child);
  if (pid < 0)
    vireo_error_set_errno (error, errno, "cannot make a process for %s", data->argv[0]);
  close_fd (&null_fd);
  return pid;
}

static VireoQemuProcess *
make_process (const SpawnData *data, int go[2], int report[2], GError **error)
{
  guint64 start_time = 0;
  VireoQemuProcess *self;
  pid_t pid = fork_child (data, go, report, error);
  int pidfd;

  if (pid < 0)
    return NULL;
  /* Nobody but us reaps it, so the number is its own until then. Left alone, it ends itself. */
  pidfd = pidfd_open (pid, 0);
  if (pidfd < 0 || !vireo_process_get_start_time (pid, &start_time))
    {
      vireo_error_set_errno (error, errno, "cannot watch the process of %s", data->argv[0]);
      close_fd (&pidfd);
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
      return NULL;
    }
  self = process_new (pid, pidfd, start_time);
  self->go_fd = go[1];
  self->error_fd = report[0];
  go[1] = report[0] = -1;
  return self;
}

static void
spawn_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (VireoQemuProcess) process = NULL;
  int go[2] = { -1, -1 }, report[2] = { -1, -1 };
  GError *error = NULL;

  if (pipe2 (go, O_CLOEXEC) != 0 || pipe2 (report, O_CLOEXEC) != 0)
    vireo_error_set_errno (&error, errno, "cannot make a pipe");
  else
    process = make_process (task_data, go, report, &error);
  for (gsize i = 0; i < 2; i++)
    {
      close_fd (&go[i]);
      close_fd (&report[i]);
    }
  if (process == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&process), g_object_unref);
}

void
vireo_qemu_process_spawn_async (const VireoQemuSpawn *spawn, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  SpawnData *data = g_new0 (SpawnData, 1);

  data->argv = g_strdupv ((char **) spawn->argv);
  data->envp = g_strdupv ((char **) spawn->envp);
  data->spawn = *spawn;
  data->spawn.argv = (const char *const *) data->argv;
  data->spawn.envp = (const char *const *) data->envp;
  data->spawn.fds = g_array_copy (spawn->fds);
  g_task_set_source_tag (task, vireo_qemu_process_spawn_async);
  g_task_set_task_data (task, data, spawn_data_free);
  /* The process must not get lost when the caller cancels: it gets what was made, and decides. */
  g_task_set_check_cancellable (task, FALSE);
  /* The child closes what it does not need, which a file system may not answer to. */
  vireo_alone_run (task, spawn->owner, spawn_thread);
}

VireoQemuProcess *
vireo_qemu_process_spawn_finish (GAsyncResult *result, GError **error)
{
  VireoQemuProcess *self = g_task_propagate_pointer (G_TASK (result), error);

  if (self != NULL)
    process_watch (self);
  return self;
}

static gboolean
on_report (gint fd, GIOCondition condition, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuProcess *self = g_task_get_source_object (task);
  VireoQemuChildFailure failure;
  ssize_t n;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  n = read (fd, &failure, sizeof (failure));
  close_fd (&self->error_fd);
  if (n == sizeof (failure))
    g_task_return_new_error (task, VIREO_ERROR, vireo_error_from_errno (failure.saved_errno),
                             "the emulator's process could not %s: %s",
                             vireo_qemu_child_stage_text (failure.stage),
                             g_strerror (failure.saved_errno));
  else
    g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

void
vireo_qemu_process_release_async (VireoQemuProcess *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GSource) source = NULL;
  /* A child that is gone must not become a SIGPIPE: its report tells, or its end. The daemon
   * ignores that signal as GLib programs do; MSG_NOSIGNAL has no match for pipes. */
  ssize_t n = self->go_fd >= 0 ? write (self->go_fd, "", 1) : -1;

  g_task_set_source_tag (task, vireo_qemu_process_release_async);
  close_fd (&self->go_fd);
  if (n != 1 || self->error_fd < 0)
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_DIED,
                               "the emulator's process ended before it could start");
      g_object_unref (task);
      return;
    }
  source = g_unix_fd_source_new (self->error_fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  if (cancellable != NULL)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
    }
  g_task_attach_source (task, source, G_SOURCE_FUNC (on_report));
  g_object_unref (task);
}

gboolean
vireo_qemu_process_release_finish (VireoQemuProcess *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

pid_t
vireo_qemu_process_get_pid (VireoQemuProcess *self)
{
  return self->pid;
}

guint64
vireo_qemu_process_get_start_time (VireoQemuProcess *self)
{
  return self->start_time;
}

gboolean
vireo_qemu_process_has_exited (VireoQemuProcess *self)
{
  return self->exited;
}

/**
 * vireo_qemu_process_kill:
 * @self: a process
 * @signal_number: what to send it
 *
 * Sends a signal to this very process, never to another that got its number. One that has exited
 * already is no error.
 *
 * Since: 0.1
 */
void
vireo_qemu_process_kill (VireoQemuProcess *self, int signal_number)
{
  if (!self->exited && pidfd_send_signal (self->pidfd, signal_number, NULL, 0) != 0
      && errno != ESRCH)
    g_warning ("cannot send signal %d to process %d: %s", signal_number, (int) self->pid,
               g_strerror (errno));
}

typedef struct
{
  gulong handler;
  GSource *timeout;
} WaitData;

/* Takes all watches of the wait away; whoever calls it then returns with the task. */
static void
wait_stop (GTask *task)
{
  WaitData *data = g_task_get_task_data (task);

  g_clear_signal_handler (&data->handler, g_task_get_source_object (task));
  if (data->timeout != NULL)
    {
      g_source_destroy (data->timeout);
      g_clear_pointer (&data->timeout, g_source_unref);
    }
}

static void
on_wait_exited (VireoQemuProcess *self, int status, GTask *task)
{
  g_object_ref (task);
  wait_stop (task);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
on_wait_over (gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuProcess *self = g_task_get_source_object (task);

  g_object_ref (task);
  wait_stop (task);
  if (!g_task_return_error_if_cancelled (task))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR_UNRESPONSIVE,
                             "process %d does not end", (int) self->pid);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

void
vireo_qemu_process_wait_async (VireoQemuProcess *self, guint timeout_ms, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  WaitData *data;

  g_task_set_source_tag (task, vireo_qemu_process_wait_async);
  if (self->exited)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  data = g_new0 (WaitData, 1);
  g_task_set_task_data (task, data, g_free);
  data->handler
      = g_signal_connect_data (self, "exited", G_CALLBACK (on_wait_exited), g_object_ref (task),
                               (GClosureNotify) (void (*) (void)) g_object_unref, 0);
  data->timeout = g_timeout_source_new (timeout_ms);
  if (cancellable != NULL)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (data->timeout, cancelled);
    }
  g_source_set_callback (data->timeout, on_wait_over, g_object_ref (task), g_object_unref);
  g_source_attach (data->timeout, g_task_get_context (task));
}

gboolean
vireo_qemu_process_wait_finish (VireoQemuProcess *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

char *
vireo_qemu_process_describe_exit (int status)
{
  if (status >= 0 && WIFEXITED (status))
    return g_strdup_printf ("exited with status %d", WEXITSTATUS (status));
  if (status >= 0 && WIFSIGNALED (status))
    return g_strdup_printf ("was killed by signal %d (%s)", WTERMSIG (status),
                            g_strsignal (WTERMSIG (status)));
  return g_strdup ("ended");
}
