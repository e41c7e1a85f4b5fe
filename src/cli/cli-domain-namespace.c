/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands in the namespaces of containers. */
#include "cli-domain.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static int
open_namespace (CliCall *call, GError **error)
{
  g_autofree char *path = cli_call_path (call, error);
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (path == NULL)
    return -1;
  reply = cli_call_with_fds (call->context, path, CLI_IFACE ("Domain"), "OpenNamespace",
                             g_variant_new ("(sa{sv})", call->words[1], NULL), "(h)", &fds, error);
  if (reply == NULL)
    return -1;
  if (fds == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "no namespace came with the reply; over ssh it cannot");
      return -1;
    }
  return g_unix_fd_list_get (fds, 0, error);
}

static gboolean
enter (int fd, GError **error)
{
  int result = setns (fd, 0), code = errno;

  close (fd);
  if (result != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                 "cannot enter the namespace: %s", g_strerror (code));
  return result == 0;
}

/* DOMAIN TYPE COMMAND… The command is a child, for a process namespace is its children's. */
int
cli_run_namespace (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  int fd = open_namespace (call, &error);
  int status = 0;

  if (fd < 0 || !enter (fd, &error)
      || !g_spawn_sync (NULL, call->words + 2, NULL,
                        G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
                        &status, &error))
    return cli_fail (error);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}
