/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-process-child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* This file runs between fork() and execve() in a process that was multi-threaded: only what is
 * async-signal-safe may be called. glibc's setuid() and friends signal all threads, of which the
 * child has none but still a list, so those are asked of the kernel directly. */

static gboolean
child_session (const VireoQemuChild *child)
{
  struct sigaction action = { .sa_handler = SIG_DFL };
  sigset_t none;

  /* Signals that we ignore or block would stay so across exec. */
  for (int i = 1; i < NSIG; i++)
    sigaction (i, &action, NULL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  umask (0077);
  return setsid () >= 0 && chdir ("/") == 0;
}

static gboolean
child_stdio (const VireoQemuChild *child)
{
  return dup2 (child->null_fd, STDIN_FILENO) >= 0
         && dup2 (child->spawn->log_fd, STDOUT_FILENO) >= 0
         && dup2 (child->spawn->log_fd, STDERR_FILENO) >= 0;
}

static gboolean
keep_fd (const VireoQemuChild *child, int fd)
{
  int flags = fcntl (fd, F_GETFD);

  if (fd == child->go_fd || fd == child->error_fd)
    return flags >= 0;
  return flags >= 0 && fcntl (fd, F_SETFD, flags & ~FD_CLOEXEC) == 0;
}

/* Closes at once rather than at exec: while it waits, the child must hold neither the other end of
 * its own pipe nor anything of its siblings'. */
static gboolean
child_fds (const VireoQemuChild *child)
{
  unsigned int next = STDERR_FILENO + 1;

  for (gsize i = 0; i < child->n_keep; i++)
    {
      unsigned int fd = (unsigned int) child->keep[i];

      if (fd > next && syscall (SYS_close_range, next, fd - 1, 0) != 0)
        return FALSE;
      if (!keep_fd (child, child->keep[i]))
        return FALSE;
      next = fd + 1;
    }
  return syscall (SYS_close_range, next, ~0u, 0) == 0;
}

static gboolean
child_limits (const VireoQemuChild *child)
{
  static const char zero[] = "0";
  const struct rlimit no_core = { 0, 0 };
  struct rlimit files;
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  /* The daemon may be protected from the OOM killer; guests are what it may take. Without the right
   * to change it, it is what the session has anyway. */
  if (fd >= 0)
    {
      ssize_t ignored = write (fd, zero, sizeof (zero) - 1);

      (void) ignored;
      close (fd);
    }
  /* A core would hold the guest's memory. */
  if (setrlimit (RLIMIT_CORE, &no_core) != 0 || getrlimit (RLIMIT_NOFILE, &files) != 0)
    return FALSE;
  files.rlim_cur = files.rlim_max;
  return setrlimit (RLIMIT_NOFILE, &files) == 0;
}

static gboolean
child_identity (const VireoQemuChild *child)
{
  const VireoQemuIdentity *identity = &child->spawn->identity;

  if (identity->change)
    {
      gid_t groups[] = { identity->gid, identity->kvm_gid };
      gsize n_groups = identity->kvm_gid != identity->gid ? 2 : 1;

      if (syscall (SYS_setgroups, n_groups, groups) != 0
          || syscall (SYS_setresgid, identity->gid, identity->gid, identity->gid) != 0
          || syscall (SYS_setresuid, identity->uid, identity->uid, identity->uid) != 0)
        return FALSE;
    }
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* Not to be let go is no failure to report: nobody is there to read it. */
static gboolean
child_wait (const VireoQemuChild *child)
{
  ssize_t n;
  char byte;

  do
    n = read (child->go_fd, &byte, 1);
  while (n < 0 && errno == EINTR);
  if (n != 1)
    _exit (127);
  return TRUE;
}

static gboolean
child_exec (const VireoQemuChild *child)
{
  execve (child->spawn->argv[0], (char *const *) child->spawn->argv,
          (char *const *) child->spawn->envp);
  return FALSE;
}

static const struct
{
  const char *text;
  gboolean (*run) (const VireoQemuChild *child);
} stages[] = {
  { "start a session", child_session }, { "redirect output to the log", child_stdio },
  { "close descriptors", child_fds },   { "set limits", child_limits },
  { "become the guests' user", child_identity }, { "wait", child_wait },
  { "execute the program", child_exec },
};

const char *
vireo_qemu_child_stage_text (guint32 stage)
{
  return stage < G_N_ELEMENTS (stages) ? stages[stage].text : "start";
}

G_NORETURN void
vireo_qemu_child_run (const VireoQemuChild *child)
{
  VireoQemuChildFailure failure = { 0, 0 };
  ssize_t ignored;

  while (failure.stage < G_N_ELEMENTS (stages) && stages[failure.stage].run (child))
    failure.stage++;
  failure.saved_errno = errno;
  ignored = write (child->error_fd, &failure, sizeof (failure));
  (void) ignored;
  _exit (127);
}
