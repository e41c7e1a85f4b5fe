/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".log"
#define OLD_SUFFIX ".old"
/* Of what the emulator said, this much is worth an error message. */
#define TAIL_SIZE 2048u
/* How often a growing log is looked at, in milliseconds. */
#define LOOK_INTERVAL 1000

struct _VireoQemuLogGuard
{
  GFileMonitor *monitor;
};

/* The last part of a file, of at most @size bytes; NULL when it cannot be read. */
static char *
read_end (const char *path, goffset from, gsize size, gsize *ret_length)
{
  g_autofree char *text = g_malloc (size + 1);
  struct stat status;
  ssize_t n = -1;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

  if (fd >= 0 && fstat (fd, &status) == 0)
    {
      /* It was cut meanwhile when it is shorter than it was. */
      goffset start = status.st_size < from ? 0 : from;

      n = pread (fd, text, size, MAX (start, status.st_size - (goffset) size));
    }
  if (fd >= 0)
    close (fd);
  if (n <= 0)
    return NULL;
  text[n] = '\0';
  *ret_length = (gsize) n;
  return g_steal_pointer (&text);
}

/* Moves the contents aside. O_APPEND makes the writer go on at the new end, which is the start.
 * What it writes between the two steps is lost; the alternative is a process that must not die. */
static void
cut (const char *path)
{
  g_autofree char *old = g_strconcat (path, OLD_SUFFIX, NULL);
  gsize length = 0;
  g_autofree char *text = read_end (path, 0, VIREO_QEMU_LOG_MAX, &length);

  if (text != NULL)
    g_file_set_contents_full (old, text, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
  if (truncate (path, 0) != 0)
    g_warning ("cannot cut the log %s: %s", path, g_strerror (errno));
}

static void
cut_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const char *path = task_data;
  struct stat status;

  if (lstat (path, &status) == 0 && S_ISREG (status.st_mode)
      && status.st_size > (off_t) VIREO_QEMU_LOG_MAX)
    cut (path);
  g_task_return_boolean (task, TRUE);
}

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  if (event != G_FILE_MONITOR_EVENT_CHANGED)
    return;
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_source_tag (task, on_changed);
  g_task_set_task_data (task, g_file_get_path (file), g_free);
  g_task_run_in_thread (task, cut_thread);
}

VireoQemuLogGuard *
vireo_qemu_log_guard_new (const char *folder, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (GFileMonitor) monitor = NULL;
  VireoQemuLogGuard *self;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot make the folder %s", folder);
      return NULL;
    }
  monitor = g_file_monitor_directory (file, G_FILE_MONITOR_NONE, NULL, error);
  if (monitor == NULL)
    {
      vireo_error_translate (error, "cannot watch %s", folder);
      return NULL;
    }
  g_file_monitor_set_rate_limit (monitor, LOOK_INTERVAL);
  g_signal_connect (monitor, "changed", G_CALLBACK (on_changed), NULL);
  self = g_new0 (VireoQemuLogGuard, 1);
  self->monitor = g_steal_pointer (&monitor);
  return self;
}

void
vireo_qemu_log_guard_free (VireoQemuLogGuard *self)
{
  if (self == NULL)
    return;
  g_file_monitor_cancel (self->monitor);
  g_object_unref (self->monitor);
  g_free (self);
}

/* Names of domains have no slash, but may be "..", or too long for a file with a suffix. */
static char *
log_path (const char *folder, const char *name)
{
  g_autofree char *file = g_strdup_printf ("%.200s" SUFFIX, name);

  return g_build_filename (folder, file, NULL);
}

int
vireo_qemu_log_open (const char *folder, const char *name, char **ret_path, GError **error)
{
  g_autofree char *path = log_path (folder, name);
  struct stat status;
  int fd;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot make the folder %s", folder);
      return -1;
    }
  if (lstat (path, &status) == 0 && S_ISREG (status.st_mode)
      && status.st_size > (off_t) VIREO_QEMU_LOG_MAX)
    cut (path);
  fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      vireo_error_set_errno (error, errno, "cannot open the log %s", path);
      return -1;
    }
  *ret_path = g_steal_pointer (&path);
  return fd;
}

static void
remove_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const char *path = task_data;
  g_autofree char *old = g_strconcat (path, OLD_SUFFIX, NULL);
  GError *error = NULL;

  if (unlink (path) != 0 && errno != ENOENT)
    vireo_error_set_errno (&error, errno, "cannot delete the log %s", path);
  (void) unlink (old);
  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
vireo_qemu_log_remove_async (const char *path, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, vireo_qemu_log_remove_async);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, remove_thread);
}

void
vireo_qemu_log_write (int fd, const char *text)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  g_autofree char *line = g_strdup_printf ("%s: %s\n", time, text);
  ssize_t n = write (fd, line, strlen (line));

  if (n < 0)
    g_warning ("cannot write to a guest's log: %s", g_strerror (errno));
}

char *
vireo_qemu_log_tail (const char *path, goffset offset)
{
  gsize length = 0;
  g_autofree char *text = read_end (path, offset, TAIL_SIZE, &length);

  if (text == NULL)
    return NULL;
  g_strdelimit (g_strstrip (text), "\r\n", ' ');
  return text[0] != '\0' ? g_utf8_make_valid (text, -1) : NULL;
}
