/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to a display of the guest, over a socket that was never on a network. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vireo-qemu-commands.h"
#include "vireo-qemu-guest.h"

/* What the emulator can take a client for: values of add_client's `protocol`. */
static const struct
{
  VireoGraphicsType type;
  const char *protocol;
} protocols[] = {
  { VIREO_GRAPHICS_TYPE_VNC, "vnc" },
  { VIREO_GRAPHICS_TYPE_SPICE, "spice" },
};

static const char *
find_protocol (VireoQemuDomain *self, guint index, GError **error)
{
  const VireoDomainDef *def;
  VireoGraphicsType type;

  if (!vireo_qemu_domain_check_monitor (self, error))
    return NULL;
  def = vireo_domain_obj_get_live_def (VIREO_DOMAIN_OBJ (self));
  if (index >= def->n_graphics)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no display %u",
                   index);
      return NULL;
    }
  type = def->graphics[index]->type;
  for (gsize i = 0; i < G_N_ELEMENTS (protocols); i++)
    if (protocols[i].type == type)
      return protocols[i].protocol;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
               "a display of the type '%s' takes no connections",
               vireo_graphics_type_to_string (type));
  return NULL;
}

static GPtrArray *
make_commands (VireoQemuDomain *self, const char *protocol, gboolean skip_auth, int theirs)
{
  GPtrArray *steps = vireo_qemu_qmp_steps_new ();
  /* A number that nothing else of this guest has. */
  g_autofree char *name = g_strdup_printf ("display%u", self->status->next_fdset++);
  JsonObject *passed = json_object_new (), *client = json_object_new ();

  json_object_set_string_member (passed, "fdname", name);
  g_ptr_array_add (steps, vireo_qemu_qmp_step_new ("getfd", passed, theirs));
  json_object_set_string_member (client, "protocol", protocol);
  json_object_set_string_member (client, "fdname", name);
  json_object_set_boolean_member (client, "skipauth", skip_auth);
  g_ptr_array_add (steps, vireo_qemu_qmp_step_new ("add_client", client, -1));
  return steps;
}

static void
on_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  int *ours = g_task_get_task_data (task);
  GError *error = NULL;

  if (vireo_qemu_commands_run_finish (result, &error))
    g_task_return_int (task, g_steal_fd (ours));
  else
    g_task_return_error (task, error);
}

static void
close_fd (gpointer data)
{
  int *fd = data;

  if (*fd >= 0)
    close (*fd);
  g_free (fd);
}

void
vireo_qemu_open_graphics (VireoDomainDriver *driver,
                          VireoDomainObj *obj,
                          GVariant *args,
                          GTask *task)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 1);
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  gboolean skip_auth = FALSE;
  const char *protocol;
  GError *error = NULL;
  int *ours, fds[2];
  guint index;

  g_variant_get_child (args, 0, "u", &index);
  g_variant_lookup (options, "skip-auth", "b", &skip_auth);
  protocol = find_protocol (self, index, &error);
  if (protocol != NULL && socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    vireo_error_set_errno (&error, errno, "cannot make a connection");
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  ours = g_new (int, 1);
  *ours = fds[0];
  g_task_set_task_data (task, ours, close_fd);
  g_task_set_check_cancellable (task, FALSE);
  vireo_qemu_commands_run_async (self->qmp, make_commands (self, protocol, skip_auth, fds[1]),
                                 g_task_get_cancellable (task), on_taken, task);
}
