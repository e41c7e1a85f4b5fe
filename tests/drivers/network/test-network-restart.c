/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Networks, and daemons that end and are killed. */

#include "daemon.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"
#include "util/vireo-error.h"

static gboolean
on_timeout (gpointer data)
{
  g_error ("waited in vain");
  return G_SOURCE_REMOVE;
}

/* Until it is dead, it has its addresses. */
static void
kill_and_wait (int pid)
{
  struct pollfd process = { .fd = (int) syscall (SYS_pidfd_open, pid, 0), .events = POLLIN };

  g_assert_cmpint (process.fd, >=, 0);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (poll (&process, 1, 10000), ==, 1);
  close (process.fd);
}

static void
test_restart (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VireoNetworkObj *network = net_define (f, NAT_XML, &error);
  g_autofree char *rules = NULL;
  g_autofree char *repaired = NULL;
  g_autofree char *reason = NULL;
  int pid;

  g_assert_true (net_start (f, network, &error));
  g_object_unref (network);
  pid = net_dnsmasq_pid (f);
  rules = sandbox_run ("nft list ruleset");
  g_assert_cmpint (pid, >, 0);

  /* All of it goes on. */
  net_daemon_restart (f);
  network = net_find (f, "nat");
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (network)));
  g_assert_cmpint (net_dnsmasq_pid (f), ==, pid);

  /* What broke meanwhile is repaired. */
  net_daemon_end (f);
  sandbox_do ("nft delete table inet vireo");
  kill_and_wait (pid);
  net_daemon_start (f);
  network = net_find (f, "nat");
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (network)));
  g_assert_cmpint (net_dnsmasq_pid (f), >, 0);
  g_assert_cmpint (net_dnsmasq_pid (f), !=, pid);
  repaired = sandbox_run ("nft list ruleset");
  g_assert_cmpstr (repaired, ==, rules);

  /* Without its bridge it is no network any more. */
  net_daemon_end (f);
  sandbox_do ("ip link del vireobr0");
  net_daemon_start (f);
  network = net_find (f, "nat");
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (network)));
  g_object_get (network, "state-reason", &reason, NULL);
  g_assert_nonnull (strstr (reason, "vireobr0"));
  net_assert_nothing_left (f);
  net_undefine (f, network);
}

/* A transient network comes back from its status alone, and is gone when it ends. */
static void
test_transient (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkDef) def
      = vireo_network_def_parse (NAT_XML, -1, VIREO_PARSE_NONE, &error);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (VireoNetworkObj) network = NULL;

  net_iface (f)->create (f->driver, def, 1000, g_task_new (f->driver, NULL, net_take_result,
             &result));
  net_wait_for (&result);
  network = g_task_propagate_pointer (G_TASK (result), &error);
  g_assert_no_error (error);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (network)));
  g_assert_false (vireo_obj_get_persistent (VIREO_OBJ (network)));
  /* Nothing of the first daemon may go on living in this process. */
  g_clear_object (&network);
  g_clear_object (&result);

  net_daemon_restart (f);
  network = g_object_ref (net_find (f, "nat"));
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (network)));
  g_assert_cmpuint (vireo_obj_get_owner (VIREO_OBJ (network)), ==, 1000);
  g_assert_true (net_destroy (f, network, &error));
  g_assert_no_error (error);
  g_assert_null (net_find (f, "nat"));
}

/* dnsmasq that ends is started again, but not for ever. */
static void
test_dnsmasq_dies (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) network = net_define (f, NAT_XML, &error);
  g_autofree char *reason = NULL;
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  guint n_kills = 0;
  int last = 0;

  g_assert_true (net_start (f, network, &error));
  for (;;)
    {
      int pid = net_dnsmasq_pid (f);

      g_free (reason);
      g_object_get (network, "state-reason", &reason, NULL);
      if (reason[0] != '\0')
        break;
      if (pid != 0 && pid != last && kill (pid, SIGKILL) == 0)
        {
          last = pid;
          n_kills++;
        }
      g_main_context_iteration (NULL, FALSE);
    }
  g_log_set_always_fatal (fatal);
  /* A kill in the middle of a start may count twice. */
  g_assert_cmpuint (n_kills, >=, 3);
  g_assert_cmpuint (n_kills, <=, 6);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (network)));
  g_assert_true (net_destroy (f, network, &error));
  net_undefine (f, network);
}

static void
test_autostart (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  VireoNetworkObj *network = net_define (f, NAT_XML, &error);
  g_autofree char *mark = g_build_filename (f->env.run_dir, "network", "status", "autostarted",
                                            NULL);
  VireoJob *job = net_begin (network);

  net_iface (f)->set_autostart (f->driver, network, TRUE,
                            g_task_new (f->driver, NULL, net_take_result, &result));
  g_assert_true (net_finish (&result, &error));
  vireo_job_end (job, NULL);
  g_object_unref (job);
  g_object_unref (network);
  g_clear_object (&result);

  /* Not when the daemon starts again in the same boot. */
  net_daemon_restart (f);
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (net_find (f, "nat"))));
  net_daemon_end (f);
  g_assert_cmpint (g_unlink (mark), ==, 0);
  net_daemon_start (f);
  network = net_find (f, "nat");
  while (!vireo_obj_get_active (VIREO_OBJ (network)))
    g_main_context_iteration (NULL, TRUE);
  job = net_begin (network);
  vireo_job_end (job, NULL);
  g_object_unref (job);
  g_assert_true (net_destroy (f, network, &error));
  net_undefine (f, network);
}

/* A daemon that is killed at any instant of starting and stopping: the next one either goes on with
 * a whole network, or nothing is left. */
static void
killed_daemon (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  net_daemon_start (f);
  for (;;)
    {
      VireoNetworkObj *network = net_find (f, "nat");

      if (!net_start (f, network, &error) || !net_destroy (f, network, &error))
        g_error ("%s", error->message);
    }
}

static void
test_kills (Fixture *f, gconstpointer data)
{
  const guint n_rounds = g_test_thorough () ? 300 : 30;
  g_autoptr (GError) error = NULL;
  guint n_up = 0;

  g_object_unref (net_define (f, NAT_XML, &error));
  for (guint i = 0; i < n_rounds; i++)
    {
      VireoNetworkObj *network;
      pid_t child;

      net_daemon_end (f);
      child = fork ();
      if (child == 0)
        {
          execl ("/proc/self/exe", "test-network-restart", "--daemon", f->folder, NULL);
          _exit (1);
        }
      g_usleep ((gulong) g_test_rand_int_range (5000, 150000));
      kill (child, SIGKILL);
      waitpid (child, NULL, 0);
      net_daemon_start (f);
      network = net_find (f, "nat");
      if (vireo_obj_get_active (VIREO_OBJ (network)))
        {
          n_up++;
          g_assert_cmpint (net_dnsmasq_pid (f), >, 0);
          g_assert_true (net_destroy (f, network, &error));
          g_assert_no_error (error);
        }
      net_assert_nothing_left (f);
    }
  g_test_message ("up after %u of %u kills", n_up, n_rounds);
  net_undefine (f, net_find (f, "nat"));
}

static const struct
{
  const char *name;
  void (*func) (Fixture *f, gconstpointer data);
} tests[] = {
  { "/network/restart/restart", test_restart },
  { "/network/restart/transient", test_transient },
  { "/network/restart/dnsmasq-dies", test_dnsmasq_dies },
  { "/network/restart/autostart", test_autostart },
  { "/network/restart/kills", test_kills },
};

int
main (int argc, char **argv)
{
  const char *reason;

  if (argc == 3 && g_str_equal (argv[1], "--daemon"))
    {
      Fixture f = { .folder = argv[2], .events = g_string_new (NULL) };

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      f.env.state_dir = g_build_filename (f.folder, "state", NULL);
      f.env.run_dir = g_build_filename (f.folder, "run", NULL);
      killed_daemon (&f);
    }
  g_test_init (&argc, &argv, NULL);
  reason = sandbox_enter ();
  if (reason != NULL)
    {
      g_print ("1..0 # SKIP %s\n", reason);
      return 0;
    }
  g_timeout_add_seconds (150, on_timeout, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, net_set_up, tests[i].func, net_tear_down);
  return g_test_run ();
}
