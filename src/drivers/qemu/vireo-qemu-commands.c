/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that belong together: all of them are done, or none. */
#include "vireo-qemu-commands.h"

#include "util/vireo-alone.h"
#include "vireo-qemu-nodes.h"

typedef struct
{
  VireoQmp *qmp;
  GPtrArray *steps;
  guint next;
  GError *error; /* while what was done is taken back */
} Run;

static void
run_free (gpointer data)
{
  Run *run = data;

  g_object_unref (run->qmp);
  g_ptr_array_unref (run->steps);
  g_clear_error (&run->error);
  g_free (run);
}

/* ---- taking back ---- */

/* What unmakes what a command made, and what both call it. */
static const struct
{
  const char *command;
  const char *undo;
  const char *member;
} undos[] = {
  { "add-fd", "remove-fd", "fdset-id" },      { "getfd", "closefd", "fdname" },
  { "blockdev-add", "blockdev-del", "node-name" }, { "netdev_add", "netdev_del", "id" },
  { "object-add", "object-del", "id" },       { "device_add", "device_del", "id" },
};

static void
on_tidied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply == NULL)
    g_debug ("%s was not needed: %s", (const char *) user_data, error->message);
}

void
vireo_qemu_commands_tidy (VireoQmp *qmp, const char *command, JsonObject *arguments)
{
  vireo_qmp_execute_async (qmp, command, arguments, NULL, VIREO_QMP_TIMEOUT_NEVER, NULL, on_tidied,
                           (gpointer) g_intern_string (command));
}

void
vireo_qemu_commands_tidy_name (VireoQmp *qmp, const char *command, const char *member,
                               const char *argument)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, member, argument);
  vireo_qemu_commands_tidy (qmp, command, arguments);
}

void
vireo_qemu_commands_drop_images (VireoQmp *qmp, const GArray *fdsets)
{
  for (guint i = 0; i < fdsets->len; i++)
    {
      guint fdset = g_array_index (fdsets, guint, i);
      g_autofree char *image = vireo_qemu_image_node (fdset);
      g_autofree char *file = vireo_qemu_file_node (fdset);
      JsonObject *arguments = json_object_new ();

      json_object_set_int_member (arguments, "fdset-id", fdset);
      vireo_qemu_commands_tidy_name (qmp, "blockdev-del", "node-name", image);
      vireo_qemu_commands_tidy_name (qmp, "blockdev-del", "node-name", file);
      vireo_qemu_commands_tidy (qmp, "remove-fd", arguments);
    }
}

/* The reply to what asks for next to nothing comes behind all others. */
void
vireo_qemu_commands_settle (VireoQmp *qmp, GAsyncReadyCallback callback, gpointer user_data)
{
  vireo_qmp_execute_async (qmp, "query-name", NULL, NULL, 0, NULL, callback, user_data);
}

static void
take_back (VireoQmp *qmp, const VireoQemuQmpStep *step)
{
  for (gsize i = 0; i < G_N_ELEMENTS (undos); i++)
    if (g_str_equal (undos[i].command, step->command))
      {
        JsonNode *name = json_object_get_member (step->arguments, undos[i].member);
        JsonObject *arguments = json_object_new ();

        json_object_set_member (arguments, undos[i].member, json_node_copy (name));
        vireo_qemu_commands_tidy (qmp, undos[i].undo, arguments);
      }
}

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, NULL);

  g_task_return_error (task, g_steal_pointer (&((Run *) g_task_get_task_data (task))->error));
}

/* The one that failed as well: when nobody waited for its reply, it may have been done. */
static void
fail (GTask *task, GError *error)
{
  Run *run = g_task_get_task_data (task);

  if (vireo_qmp_is_open (run->qmp))
    for (guint i = run->next + 1; i > 0; i--)
      take_back (run->qmp, run->steps->pdata[i - 1]);
  run->error = error;
  vireo_qemu_commands_settle (run->qmp, on_taken_back, task);
}

/* ---- going on ---- */

static void run_next (GTask *task);

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Run *run = g_task_get_task_data (task);
  GError *error = NULL;

  if (!vireo_qemu_nodes_check_finish (VIREO_QMP (source), result, &error))
    {
      fail (task, error);
      return;
    }
  run->next++;
  run_next (task);
}

/* Whether what was added names files, if it was not what it was found to be. */
static gboolean
has_to_be_checked (const VireoQemuQmpStep *step)
{
  return g_str_equal (step->command, "blockdev-add")
         && g_str_equal (json_object_get_string_member (step->arguments, "driver"), "qcow2");
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Run *run = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply == NULL)
    {
      fail (task, error);
      return;
    }
  if (has_to_be_checked (run->steps->pdata[run->next]))
    {
      vireo_qemu_nodes_check_async (run->qmp, 0, g_task_get_cancellable (task), on_checked, task);
      return;
    }
  run->next++;
  run_next (task);
}

static void
run_next (GTask *task)
{
  Run *run = g_task_get_task_data (task);
  g_autoptr (GUnixFDList) fds = NULL;
  const VireoQemuQmpStep *step;
  GError *error = NULL;

  if (run->next == run->steps->len)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  step = run->steps->pdata[run->next];
  if (step->fd >= 0)
    {
      fds = g_unix_fd_list_new ();
      if (g_unix_fd_list_append (fds, step->fd, &error) < 0)
        {
          fail (task, error);
          return;
        }
    }
  vireo_qmp_execute_async (run->qmp, step->command,
                           step->arguments != NULL ? json_object_ref (step->arguments) : NULL, fds,
                           0, g_task_get_cancellable (task), on_done, task);
  vireo_alone_close_list (&fds);
}

void
vireo_qemu_commands_run_async (VireoQmp *qmp, GPtrArray *steps, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Run *run = g_new0 (Run, 1);

  g_task_set_source_tag (task, vireo_qemu_commands_run_async);
  g_task_set_check_cancellable (task, FALSE);
  run->qmp = g_object_ref (qmp);
  run->steps = steps;
  g_task_set_task_data (task, run, run_free);
  run_next (task);
}

gboolean
vireo_qemu_commands_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
vireo_qemu_commands_pass_images (GPtrArray *steps, GPtrArray *chain)
{
  for (guint i = 0; i < chain->len; i++)
    {
      VireoQemuImage *image = chain->pdata[i];
      JsonObject *arguments = json_object_new ();

      json_object_set_int_member (arguments, "fdset-id", image->fdset);
      json_object_set_string_member (arguments, "opaque", image->path);
      g_ptr_array_insert (steps, (gint) i,
                          vireo_qemu_qmp_step_new ("add-fd", arguments,
                                                   g_steal_fd (&image->fd)));
    }
}
