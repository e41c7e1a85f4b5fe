/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-img.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/vireo-alone.h"
#include "util/vireo-error.h"

#define PROGRAM "qemu-img"
#define FIRST_FD 3

/* An image is somebody's text: what reads it has no use for more than this (in bytes, prlimit (1)).
 */
#define MAX_MEMORY "--as=2147483648"
#define MAX_FILES "--nofile=256"
#define MAX_MESSAGE 500

typedef struct
{
  GSubprocess *process;
  GCancellable *cancellable;
  gulong cancelled_id;
} Run;

static void
run_free (gpointer data)
{
  Run *run = data;

  if (run->cancelled_id != 0)
    g_cancellable_disconnect (run->cancellable, run->cancelled_id);
  g_clear_object (&run->cancellable);
  g_clear_object (&run->process);
  g_free (run);
}

/* What it said, without its name, and not more than is worth reading. */
static char *
message_of (const char *text)
{
  g_autofree char *line = g_strstrip (g_utf8_make_valid (text != NULL ? text : "", -1));
  const char *rest = g_str_has_prefix (line, PROGRAM ": ") ? line + strlen (PROGRAM ": ") : line;

  return *rest != '\0' ? g_strdup_printf ("%.*s", MAX_MESSAGE, rest)
                       : g_strdup ("it ended without a word");
}

static void
communicated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Run *run = g_task_get_task_data (task);
  g_autofree char *text = NULL;
  g_autofree char *message = NULL;
  GError *error = NULL;
  gboolean ok = g_subprocess_communicate_utf8_finish (run->process, result, NULL, &text, &error);

  if (g_cancellable_is_cancelled (run->cancellable))
    {
      g_clear_error (&error);
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED, "it was cancelled");
    }
  else if (!ok)
    {
      g_prefix_error (&error, PROGRAM ": ");
      g_task_return_error (task, error);
    }
  else if (g_subprocess_get_successful (run->process))
    g_task_return_boolean (task, TRUE);
  else
    {
      message = message_of (text);
      g_task_return_new_error (task, VIREO_ERROR,
                               strstr (message, g_strerror (ENOSPC)) != NULL
                                   ? VIREO_ERROR_NO_SPACE
                                   : VIREO_ERROR_HYPERVISOR,
                               PROGRAM ": %s", message);
    }
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_subprocess_force_exit (user_data);
}

/* Without capabilities, it can open what the owner of the first file can, and nothing else. It ends
 * with the daemon, for nobody would know what it did: the next one finds nothing of it at work.
 * (setpriv (1) sees to that last, as the kernel forgets it when the user changes.) */
static void
add_confinement (GPtrArray *argv, int fd)
{
  static const char *const limits[] = { "prlimit", "--core=0",       MAX_MEMORY,    MAX_FILES,
                                        "setpriv", "--no-new-privs", "--pdeathsig", "KILL" };
  static const char *const privileges[]
      = { "--inh-caps=-all", "--bounding-set=-all", "--ambient-caps=-all" };

  struct stat status;

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    g_ptr_array_add (argv, g_strdup (limits[i]));
  if (geteuid () != 0)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (privileges); i++)
    g_ptr_array_add (argv, g_strdup (privileges[i]));
  if (fstat (fd, &status) < 0)
    return;
  g_ptr_array_add (argv, g_strdup_printf ("--reuid=%u", status.st_uid));
  g_ptr_array_add (argv, g_strdup_printf ("--regid=%u", status.st_gid));
  g_ptr_array_add (argv, g_strdup ("--clear-groups"));
}

static GSubprocess *
spawn (const char *program, const char *const *args, const int *fds, guint n_fds, GError **error)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE
                                                             | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  GSubprocess *process;

  add_confinement (argv, fds[0]);
  g_ptr_array_add (argv, g_strdup (program));
  for (; *args != NULL; args++)
    g_ptr_array_add (argv, g_strdup (*args));
  g_ptr_array_add (argv, NULL);
  for (guint i = 0; i < n_fds; i++)
    g_subprocess_launcher_take_fd (launcher, fds[i], (gint) (FIRST_FD + i));
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, error);
  /* It has the files. */
  vireo_alone_drop (launcher, g_object_unref);
  return process;
}

void
vireo_qemu_img_run_async (const char *const *args,
                          const int *fds,
                          guint n_fds,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree char *program = g_find_program_in_path (PROGRAM);
  GError *error = NULL;
  Run *run;

  if (program == NULL)
    {
      for (guint i = 0; i < n_fds; i++)
        close (fds[i]);
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                               "images with a format take the program " PROGRAM
                               ", which is not installed");
      return;
    }
  run = g_new0 (Run, 1);
  g_task_set_task_data (task, run, run_free);
  run->process = spawn (program, args, fds, n_fds, &error);
  if (run->process == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (cancellable != NULL)
    {
      run->cancellable = g_object_ref (cancellable);
      run->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                                 g_object_ref (run->process), g_object_unref);
    }
  g_subprocess_communicate_utf8_async (run->process, NULL, NULL, communicated, g_object_ref (task));
}

gboolean
vireo_qemu_img_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
