/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-start.h"

#include <string.h>

#include "vireo-qemu-nodes.h"

/* What is said to QEMU and asked of it before the guest runs: all commands are sent at once, and
 * the step is over with the last reply. */

static void
reply_done (GTask *task, GError *error)
{
  VireoQemuStart *start = g_task_get_task_data (task);

  if (error != NULL && start->error == NULL)
    start->error = error;
  else
    g_clear_error (&error);
  if (--start->replies > 0)
    return;
  if (start->error != NULL)
    g_task_return_error (task, g_steal_pointer (&start->error));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_command (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  reply_done (user_data, error);
}

/* A string member of what may be anything. */
static const char *
get_string (JsonNode *node, const char *member)
{
  JsonNode *value = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node))
    value = json_object_get_member (json_node_get_object (node), member);
  return value != NULL && json_node_get_value_type (value) == G_TYPE_STRING
             ? json_node_get_string (value)
             : NULL;
}

static void
set_source_path (VireoChardevSourceDef **source, const char *path)
{
  if (*source == NULL)
    *source = vireo_chardev_source_def_new ();
  g_free ((*source)->path);
  (*source)->path = g_strdup (path);
}

/* Says in the live definition which terminal a device has. */
static void
describe_terminal (VireoDomainDef *def, const char *alias, const char *path)
{
  for (guint i = 0; i < def->n_serials; i++)
    if (g_strcmp0 (def->serials[i]->alias, alias) == 0)
      {
        if (def->serials[i]->n_sources == 0)
          vireo_serial_def_add_source (def->serials[i], vireo_chardev_source_def_new ());
        set_source_path (&def->serials[i]->sources[0], path);
      }
  for (guint i = 0; i < def->n_consoles; i++)
    {
      VireoConsoleDef *console = def->consoles[i];
      /* The first console is the first serial port under its other name. */
      gboolean same
          = i == 0 && def->n_serials > 0 && g_strcmp0 (def->serials[0]->alias, alias) == 0
            && (console->target == NULL || console->target->type == VIREO_CONSOLE_TARGET_TYPE_SERIAL
                || console->target->type == VIREO_CONSOLE_TARGET_TYPE_UNSET);

      if (!same && g_strcmp0 (console->alias, alias) != 0)
        continue;
      if (console->n_sources == 0)
        vireo_console_def_add_source (console, vireo_chardev_source_def_new ());
      set_source_path (&console->sources[0], path);
      g_free (console->tty);
      console->tty = g_strdup (path);
    }
}

static void
on_chardevs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);
  JsonArray *list
      = reply != NULL && JSON_NODE_HOLDS_ARRAY (reply) ? json_node_get_array (reply) : NULL;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonNode *chardev = json_array_get_element (list, i);
      const char *label = get_string (chardev, "label");
      const char *name = get_string (chardev, "filename");

      if (label == NULL || name == NULL || !g_str_has_prefix (name, "pty:/dev/pts/"))
        continue;
      label += g_str_has_prefix (label, "char") ? strlen ("char") : 0;
      g_hash_table_insert (start->domain->status->consoles, g_strdup (label),
                           g_strdup (name + strlen ("pty:")));
      describe_terminal (vireo_qemu_start_get_def (start), label, name + strlen ("pty:"));
    }
  reply_done (task, error);
}

/* Where QEMU listens, when the definition leaves that to us: clients that are given the definition
 * of what runs connect to what it says. */
static void
describe_listen (VireoGraphicsDef *graphics, const char *host)
{
  VireoGraphicsListenDef *listen = graphics->n_listens > 0 ? graphics->listens[0] : NULL;

  if (listen != NULL && listen->type == VIREO_GRAPHICS_LISTEN_TYPE_ADDRESS
      && listen->address == NULL)
    listen->address = g_strdup (graphics->listen != NULL ? graphics->listen : host);
  if (graphics->listen == NULL)
    graphics->listen
        = g_strdup (listen != NULL && listen->address != NULL ? listen->address : host);
}

/* The port that QEMU chose. */
static void
on_vnc (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuStart *start = g_task_get_task_data (task);
  VireoDomainDef *def = vireo_qemu_start_get_def (start);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);
  const char *service = reply != NULL ? get_string (reply, "service") : NULL;
  const char *host = reply != NULL ? get_string (reply, "host") : NULL;
  guint64 port;

  for (guint i = 0; i < def->n_graphics; i++)
    if (def->graphics[i]->type == VIREO_GRAPHICS_TYPE_VNC && service != NULL
        && g_ascii_string_to_unsigned (service, 10, 1, 65535, &port, NULL))
      {
        def->graphics[i]->port = (int) port;
        def->graphics[i]->has_port = TRUE;
        if (host != NULL)
          describe_listen (def->graphics[i], host);
      }
  reply_done (task, error);
}

static void
on_nodes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  vireo_qemu_nodes_check_finish (VIREO_QMP (source), result, &error);
  reply_done (user_data, error);
}

static gboolean
has_vnc (const VireoDomainDef *def)
{
  for (guint i = 0; i < def->n_graphics; i++)
    if (def->graphics[i]->type == VIREO_GRAPHICS_TYPE_VNC)
      return TRUE;
  return FALSE;
}

static void
ask (VireoQemuStart *start,
     GTask *task,
     const char *command,
     JsonObject *arguments,
     GAsyncReadyCallback callback)
{
  start->replies++;
  vireo_qmp_execute_async (start->domain->qmp, command, arguments, NULL,
                           start->driver->timeouts.start, g_task_get_cancellable (task), callback,
                           task);
}

void
vireo_qemu_start_set_up (gpointer context, GTask *task)
{
  VireoQemuStart *start = context;
  const GPtrArray *said = start->command->steps;

  g_task_set_task_data (task, start, NULL);
  vireo_qemu_domain_set_actions (start->domain, FALSE);
  /* One more than there are, so that the last reply cannot come before the last command. */
  start->replies = 1;
  for (guint i = 0; said != NULL && i < said->len; i++)
    {
      VireoQemuQmpStep *step = said->pdata[i];

      ask (start, task, step->command, g_steal_pointer (&step->arguments), on_command);
    }
  if (has_vnc (vireo_qemu_start_get_def (start)))
    ask (start, task, "query-vnc", NULL, on_vnc);
  ask (start, task, "query-chardev", NULL, on_chardevs);
  start->replies++;
  vireo_qemu_nodes_check_async (start->domain->qmp, start->driver->timeouts.start,
                                g_task_get_cancellable (task), on_nodes, task);
  reply_done (task, NULL);
}
