/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts the emulator with the command line of every case, as the user nobody where the test may,
 * and asks it over QMP whether all is there. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "qemu-case.h"
#include "qmp-peer.h"

typedef struct
{
  char *folder;
  guint n_files;
  gboolean no_tap;
} Files;

static char *
next_path (Files *files)
{
  g_autofree char *name = g_strdup_printf ("file-%u", files->n_files++);

  return g_build_filename (files->folder, name, NULL);
}

/* The emulator inherits it under the same number. */
static int
open_inherited (const char *path, int flags)
{
  int fd = open (path, flags);

  g_assert_cmpint (fd, >=, 0);
  g_unlink (path);
  return fd;
}

static void
make_image (const char *path, const char *format)
{
  const char *argv[] = { "qemu-img", "create", "-q", "-f", format, path, "1M", NULL };
  g_autoptr (GError) error = NULL;
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, &status, &error));
  g_assert_cmpint (status, ==, 0);
}

static int
open_image (gpointer data, const char *name, const char *format, gboolean read_only)
{
  g_autofree char *path = next_path (data);

  make_image (path, format);
  return open_inherited (path, read_only ? O_RDONLY : O_RDWR);
}

/* The smallest kernel that QEMU takes: a Multiboot header that says where it is to be loaded
 * (Multiboot Specification 0.6.96, section 3.1). It is never run. */
static int
open_file (gpointer data, const char *name)
{
  g_autofree char *path = next_path (data);
  guint32 kernel[1024] = { 0x1badb002, 0x00010003, 0, 0x100000, 0x100000, 0x101000, 0x101000,
                           0x100020 };

  kernel[2] = 0u - kernel[0] - kernel[1];
  g_assert_true (g_file_set_contents (path, (const char *) kernel, sizeof kernel, NULL));
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  return open_inherited (path, O_RDONLY);
}

/* In a network namespace of its own, which lives as long as the descriptor. */
static int
open_tap (gpointer data)
{
  Files *files = data;
  struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
  int home = open ("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  int fd = -1;

  if (unshare (CLONE_NEWNET) == 0)
    {
      fd = open ("/dev/net/tun", O_RDWR);
      if (fd >= 0 && ioctl (fd, TUNSETIFF, &request) < 0)
        {
          close (fd);
          fd = -1;
        }
      g_assert_cmpint (setns (home, CLONE_NEWNET), ==, 0);
    }
  close (home);
  files->no_tap = files->no_tap || fd < 0;
  return fd;
}

static int
listen_monitor (const char *folder)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/monitor", folder);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);
  return fd;
}

static VireoQmp *
connect_monitor (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "monitor", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GError) error = NULL;

  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  return vireo_qmp_new (socket);
}

static void
become_nobody (gpointer data)
{
  const struct passwd *nobody = data;

  if (nobody != NULL
      && (setresgid (nobody->pw_gid, nobody->pw_gid, nobody->pw_gid) < 0
          || setresuid (nobody->pw_uid, nobody->pw_uid, nobody->pw_uid) < 0))
    _exit (126);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *
spawn (const VireoQemuCommand *command, gboolean as_nobody)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (
          G_SUBPROCESS_FLAGS_INHERIT_FDS | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_set_environ (launcher, command->envp);
  g_subprocess_launcher_set_child_setup (launcher, become_nobody,
                                         as_nobody ? getpwnam ("nobody") : NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) command->argv, &error);
  g_assert_no_error (error);
  return process;
}

static JsonNode *
ask (VireoQmp *qmp, const char *command, JsonObject *arguments)
{
  QmpResult result = { 0 };

  vireo_qmp_execute_async (qmp, command, arguments, NULL, 8000, NULL, qmp_result_executed,
                           &result);
  qmp_peer_run_until (&result.done);
  g_assert_no_error (result.error);
  return result.node;
}

static void
check (VireoQmp *qmp, const QemuCase *qemu, const VireoQemuCommand *command)
{
  g_autoptr (JsonNode) status = ask (qmp, "query-status", NULL);
  g_autoptr (JsonNode) name = ask (qmp, "query-name", NULL);
  g_autoptr (JsonNode) blocks = ask (qmp, "query-block", NULL);
  guint n_blocks = json_array_get_length (json_node_get_array (blocks));

  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (status), "status"), ==,
                   "prelaunch");
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (name), "name"), ==,
                   qemu->def->name);
  g_assert_cmpuint (n_blocks, >=, qemu->def->n_disks);
  for (guint i = 0; i < command->steps->len; i++)
    {
      const VireoQemuQmpStep *step = command->steps->pdata[i];
      g_autoptr (JsonNode) reply
          = ask (qmp, step->command,
                 step->arguments != NULL ? json_object_ref (step->arguments) : NULL);

      g_assert_nonnull (reply);
    }
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
run (QemuCase *qemu, VireoQemuResources *resources, const char *folder)
{
  gboolean kvm = qemu->def->type == VIREO_DOMAIN_TYPE_KVM;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoQemuCommand) command
      = qemu_case_build (qemu, resources, VIREO_QEMU_COMMAND_PASSTHROUGH, &error);
  g_autoptr (VireoQmp) qmp = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_auto (QmpResult) opened = { 0 };

  g_assert_no_error (error);
  process = spawn (command, geteuid () == 0 && !kvm);
  qmp = connect_monitor (folder);
  vireo_qmp_open_async (qmp, 9000, NULL, qmp_result_opened, &opened);
  qmp_peer_run_until (&opened.done);
  g_assert_no_error (opened.error);
  check (qmp, qemu, command);
  g_subprocess_force_exit (process);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
}

static void
test_start (gconstpointer data)
{
  g_autoptr (QemuCase) qemu = qemu_case_load (data);
  Files files = { g_dir_make_tmp ("vireo-start-XXXXXX", NULL), 0, FALSE };
  g_autofree char *folder = files.folder;
  const QemuCaseOpener opener = { open_image, open_file, open_tap, &files };
  VireoQemuResources *resources;

  g_assert_cmpint (g_chmod (folder, 0777), ==, 0);
  resources = qemu_case_open (qemu, &opener, listen_monitor (folder), folder);
  if (!g_file_test (vireo_qemu_caps_get_path (qemu->caps), G_FILE_TEST_IS_EXECUTABLE))
    g_test_skip ("the emulator is not installed");
  else if (files.no_tap)
    g_test_skip ("tap devices need root and /dev/net/tun");
  else if (qemu->def->type == VIREO_DOMAIN_TYPE_KVM && g_access ("/dev/kvm", R_OK | W_OK) != 0)
    g_test_skip ("/dev/kvm is not accessible");
  else
    run (qemu, resources, folder);
  vireo_qemu_resources_free (resources);
  remove_tree (folder);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = qemu_case_names ();
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_strconcat ("/qemu/start/", names->pdata[i], NULL);

      g_test_add_data_func (path, names->pdata[i], test_start);
    }
  return g_test_run ();
}
