/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture of a screen: QEMU draws it into memory of ours, and whoever asked gets a copy, of which
 * an emulator that does what it likes has no part. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vireo-qemu-commands.h"
#include "vireo-qemu-guest.h"

/* More than the largest screen has, with four bytes for a pixel. */
#define MAX_PICTURE (128 * 1024 * 1024)

static const char *const formats[] = { "ppm", "png", NULL };

typedef struct
{
  VireoQemuDomain *domain;
  guint fdset;
  int fd; /* what QEMU draws into */
} Shot;

static void
shot_free (gpointer data)
{
  Shot *shot = data;

  g_object_unref (shot->domain);
  if (shot->fd >= 0)
    close (shot->fd);
  g_free (shot);
}

static int
copy_picture (int fd, GError **error)
{
  struct stat status;
  off_t offset = 0;
  int copy = -1;

  if (fstat (fd, &status) == 0 && status.st_size > 0 && status.st_size <= MAX_PICTURE)
    copy = memfd_create ("screenshot", MFD_CLOEXEC);
  else
    errno = ENODATA;
  while (copy >= 0 && offset < status.st_size)
    if (sendfile (copy, fd, &offset, (size_t) (status.st_size - offset)) <= 0)
      {
        int cause = errno != 0 ? errno : EIO;

        close (copy);
        copy = -1;
        errno = cause;
      }
  if (copy < 0 || lseek (copy, 0, SEEK_SET) != 0)
    vireo_error_set_errno (error, errno, "cannot keep the picture");
  return copy;
}

static void
copy_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  int fd = copy_picture (((Shot *) task_data)->fd, &error);

  if (error == NULL)
    g_task_return_int (task, fd);
  else
    {
      if (fd >= 0)
        close (fd);
      g_task_return_error (task, error);
    }
}

static void
on_drawn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Shot *shot = g_task_get_task_data (task);
  GError *error = NULL;

  if (!vireo_qemu_commands_run_finish (result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (shot->domain->qmp != NULL)
    {
      JsonObject *arguments = json_object_new ();

      json_object_set_int_member (arguments, "fdset-id", shot->fdset);
      vireo_qemu_commands_tidy (shot->domain->qmp, "remove-fd", arguments);
    }
  g_task_run_in_thread (task, copy_thread);
}

/* QEMU opens the set for writing only, and so must what is in it be. */
static int
make_canvas (int *ret_writable, GError **error)
{
  int fd = memfd_create ("screen", MFD_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);

  *ret_writable = fd >= 0 ? open (path, O_WRONLY | O_CLOEXEC) : -1;
  if (*ret_writable >= 0)
    return fd;
  vireo_error_set_errno (error, errno, "cannot make a picture");
  if (fd >= 0)
    close (fd);
  return -1;
}

static GPtrArray *
make_commands (const Shot *shot, int writable, const char *device, const char *format)
{
  GPtrArray *steps = vireo_qemu_qmp_steps_new ();
  g_autofree char *path = g_strdup_printf ("/dev/fdset/%u", shot->fdset);
  JsonObject *passed = json_object_new ();
  JsonObject *arguments = json_object_new ();

  json_object_set_int_member (passed, "fdset-id", shot->fdset);
  g_ptr_array_add (steps, vireo_qemu_qmp_step_new ("add-fd", passed, writable));
  json_object_set_string_member (arguments, "filename", path);
  json_object_set_string_member (arguments, "format", format);
  json_object_set_string_member (arguments, "device", device);
  g_ptr_array_add (steps, vireo_qemu_qmp_step_new ("screendump", arguments, -1));
  return steps;
}

static gboolean
check (VireoQemuDomain *self, guint screen, const char *format, GError **error)
{
  const VireoDomainDef *def;

  if (!vireo_qemu_domain_check_monitor (self, error))
    return FALSE;
  def = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));
  if (screen >= def->n_videos || def->videos[screen]->alias == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the guest has no screen %u", screen);
  else if (!g_strv_contains (formats, format))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                 "this driver draws ppm and png, not \"%.100s\"", format);
  else
    return TRUE;
  return FALSE;
}

void
vireo_qemu_screenshot (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 1);
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  const char *format = "ppm", *device;
  GError *error = NULL;
  int writable = -1;
  guint screen;
  Shot *shot;
  int fd;

  g_variant_get_child (args, 0, "u", &screen);
  g_variant_lookup (options, "format", "&s", &format);
  fd = check (self, screen, format, &error) ? make_canvas (&writable, &error) : -1;
  if (fd < 0)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  shot = g_new0 (Shot, 1);
  shot->domain = g_object_ref (self);
  shot->fdset = self->status->next_fdset++;
  shot->fd = fd;
  device = vireo_domain_obj_get_live_def (obj)->videos[screen]->alias;
  g_task_set_task_data (task, shot, shot_free);
  g_task_set_check_cancellable (task, FALSE);
  vireo_qemu_commands_run_async (self->qmp, make_commands (shot, writable, device, format),
                                 g_task_get_cancellable (task), on_drawn, task);
}
