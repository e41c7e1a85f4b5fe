/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/vireo-process.h"

static guint64
start_time (pid_t pid)
{
  guint64 time = 0;

  g_assert_true (vireo_process_get_start_time (pid, &time));
  return time;
}

/* As the kernel says it elsewhere: this process began after its parent, and before now. */
static void
test_own (void)
{
  g_autofree char *uptime = NULL;
  guint64 now;

  g_assert_true (g_file_get_contents ("/proc/uptime", &uptime, NULL, NULL));
  now = (guint64) (g_ascii_strtod (uptime, NULL) * (double) sysconf (_SC_CLK_TCK));
  g_assert_cmpuint (start_time (getpid ()), >, 0);
  g_assert_cmpuint (start_time (getpid ()), <=, now + 1);
  g_assert_cmpuint (start_time (getppid ()), <=, start_time (getpid ()));
}

static pid_t
make_child (const char *name)
{
  int ready[2];
  pid_t pid;
  char byte;

  g_assert_cmpint (pipe (ready), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      prctl (PR_SET_NAME, name);
      if (write (ready[1], "", 1) == 1)
        pause ();
      _exit (1);
    }
  g_assert_cmpint (pid, >, 0);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  close (ready[1]);
  return pid;
}

/* Its name may look like the fields behind it. */
static void
test_names (void)
{
  static const char *const names[] = { "a b", ") S 1 2 3", "))", "(", "\n) 1" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      pid_t pid = make_child (names[i]);

      g_assert_cmpuint (start_time (pid), >=, start_time (getpid ()));
      kill (pid, SIGKILL);
      g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
    }
}

static void
test_gone (void)
{
  pid_t pid = make_child ("gone");
  siginfo_t info;
  guint64 time = 7;

  kill (pid, SIGKILL);
  g_assert_cmpint (waitid (P_PID, (id_t) pid, &info, WEXITED | WNOWAIT), ==, 0);
  g_assert_cmpuint (start_time (pid), >, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  g_assert_false (vireo_process_get_start_time (pid, &time));
  g_assert_false (vireo_process_get_start_time (0, &time));
  g_assert_false (vireo_process_get_start_time (-1, &time));
  g_assert_cmpuint (time, ==, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/process/own", test_own);
  g_test_add_func ("/process/names", test_names);
  g_test_add_func ("/process/gone", test_gone);
  return g_test_run ();
}
