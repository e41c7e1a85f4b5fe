/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A network namespace and a mount namespace of the test's own, and programs run in them. */

#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a program; its standard output, or NULL when it failed. */
static inline char *
sandbox_try (const char *command)
{
  g_auto (GStrv) argv = NULL;
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (g_shell_parse_argv (command, NULL, &argv, NULL));
  if (!g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status,
                     &error)
      || !g_spawn_check_wait_status (status, &error))
    {
      g_test_message ("%s: %s: %s", command, error->message, err != NULL ? err : "");
      return NULL;
    }
  return g_steal_pointer (&out);
}

static inline char *
sandbox_run (const char *command)
{
  char *out = sandbox_try (command);

  if (out == NULL)
    g_error ("failed: %s", command);
  return out;
}

static inline void
sandbox_do (const char *command)
{
  g_free (sandbox_run (command));
}

/* Goes on in a child, in a process namespace whose first process only waits: when the test ends,
 * however it does, so do the programs that it started. */
static inline void
sandbox_enter_processes (void)
{
  pid_t first = fork (), test, ended;
  int status = 0;

  if (first > 0)
    {
      waitpid (first, &status, 0);
      _exit (WIFEXITED (status) ? WEXITSTATUS (status) : 1);
    }
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  test = fork ();
  if (test == 0)
    return;
  do
    ended = wait (&status);
  while (ended != test);
  _exit (WIFEXITED (status) ? WEXITSTATUS (status) : 1);
}

/* Enters the namespaces; says why not when the test has to be skipped. Before any thread. */
static inline const char *
sandbox_enter (void)
{
  static const char *const programs[] = { "ip", "nft", "dnsmasq", "busybox" };

  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_find_program_in_path (programs[i]);

      if (path == NULL)
        return "ip, nft, dnsmasq or busybox is missing";
    }
  if (geteuid () != 0)
    return "needs root";
  if (access ("/dev/net/tun", R_OK | W_OK) != 0)
    return "needs /dev/net/tun";
  if (unshare (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) != 0
      || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || mount ("sandbox", "/run", "tmpfs", 0, NULL) != 0)
    return "cannot make namespaces";
  sandbox_enter_processes ();
  if (mount ("proc", "/proc", "proc", 0, NULL) != 0)
    return "cannot mount the namespace's processes";
  sandbox_do ("ip link set lo up");
  return NULL;
}

/* A folder for the test's files; dnsmasq's own user can pass through it. */
static inline char *
sandbox_folder (void)
{
  char *folder = g_dir_make_tmp ("vireo-network-XXXXXX", NULL);

  g_assert_nonnull (folder);
  g_chmod (folder, 0755);
  return folder;
}

/* A guest on @bridge: a network namespace "guestN" whose eth0 is the other end of "portN". */
static inline void
sandbox_add_guest (guint n, const char *bridge)
{
  const char *const commands[] = {
    "ip netns add guest%u",
    "ip link add port%u type veth peer name eth0 netns guest%u",
    "ip -n guest%u link set eth0 up",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_auto (GStrv) parts = g_strsplit (commands[i], "%u", 0);
      g_autofree char *number = g_strdup_printf ("%u", n);
      g_autofree char *command = g_strjoinv (number, parts);

      sandbox_do (command);
    }
  if (bridge != NULL)
    {
      g_autofree char *command = g_strdup_printf ("ip link set port%u master %s up", n, bridge);

      sandbox_do (command);
    }
}

/* The device goes first: a namespace goes in its own time. */
static inline void
sandbox_remove_guest (guint n)
{
  g_autofree char *port = g_strdup_printf ("ip link del port%u", n);
  g_autofree char *guest = g_strdup_printf ("ip netns del guest%u", n);

  sandbox_do (port);
  sandbox_do (guest);
}

/* Gets a lease for guest @n; FALSE when there is none to be had. */
static inline gboolean
sandbox_dhcp (guint n, const char *folder)
{
  static const char script[] = "#!/bin/sh\n"
                               "[ \"$1\" = bound ] || exit 0\n"
                               "ip addr add \"$ip/$mask\" dev \"$interface\"\n"
                               "[ -z \"$router\" ] || ip route add default via \"$router\"\n";
  g_autofree char *path = g_build_filename (folder, "udhcpc-script", NULL);
  g_autofree char *command
      = g_strdup_printf ("ip netns exec guest%u busybox udhcpc -i eth0 -n -q -f -t 8 -T 1 -s %s", n,
                         path);
  g_autofree char *out = NULL;

  g_assert_true (g_file_set_contents_full (path, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  out = sandbox_try (command);
  return out != NULL;
}
