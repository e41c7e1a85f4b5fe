/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vireo-qemu-domains.h"

typedef struct
{
  char *folder;
  char *monitor;
} Leftovers;

static void
leftovers_free (gpointer data)
{
  Leftovers *leftovers = data;

  g_free (leftovers->folder);
  g_free (leftovers->monitor);
  g_free (leftovers);
}

/* Guests can make entries in their folder. Nothing is followed out of it, and it is one level deep:
 * what has a folder in it stays, and is reported. */
static void
remove_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  g_autoptr (GDir) dir = fd >= 0 ? g_dir_open (path, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    (void) unlinkat (fd, name, 0);
  if (fd >= 0)
    close (fd);
  if (rmdir (path) != 0 && errno != ENOENT)
    g_warning ("cannot remove the folder %s: %s", path, g_strerror (errno));
}

static void
remove_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Leftovers *leftovers = task_data;

  (void) unlink (leftovers->monitor);
  remove_folder (leftovers->folder);
  g_task_return_boolean (task, TRUE);
}

void
vireo_qemu_remove_runtime (const VireoQemuStatus *status)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  Leftovers *leftovers = g_new0 (Leftovers, 1);

  leftovers->folder = g_strdup (status->runtime_dir);
  leftovers->monitor = g_strdup (status->monitor);
  g_task_set_source_tag (task, vireo_qemu_remove_runtime);
  g_task_set_task_data (task, leftovers, leftovers_free);
  g_task_run_in_thread (task, remove_thread);
}
