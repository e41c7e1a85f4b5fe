/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-monitor-command.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_NAME 127

static gboolean
check_members (JsonObject *command, GError **error)
{
  static const char *const known[] = { "execute", "arguments", "id", NULL };
  g_autoptr (GList) members = json_object_get_members (command);

  for (GList *link = members; link != NULL; link = link->next)
    if (!g_strv_contains (known, link->data))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                     "a command has \"execute\" and \"arguments\", and nothing like \"%.100s\"",
                     (const char *) link->data);
        return FALSE;
      }
  return TRUE;
}

/**
 * vireo_monitor_command_parse:
 * @text: what a caller wrote
 * @ret_name: (out) (transfer full): the command's name
 * @ret_arguments: (out) (transfer full) (nullable): its arguments, %NULL when it has none
 * @error: InvalidArgument, LimitExceeded
 *
 * Reads a command. Its id, if it has one, is no matter: there is one reply to a call.
 *
 * Returns: whether it is one
 * Since: 0.1
 */
gboolean
vireo_monitor_command_parse (const char *text,
                             char **ret_name,
                             JsonObject **ret_arguments,
                             GError **error)
{
  gsize length = strlen (text);
  g_autoptr (JsonObject) command = NULL;
  JsonObject *arguments;
  const char *name;

  if (length > VIREO_MONITOR_MAX_COMMAND)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                   "the command is longer than %u bytes", VIREO_MONITOR_MAX_COMMAND);
      return FALSE;
    }
  command = vireo_json_parse_object (text, length, VIREO_MONITOR_MAX_DEPTH, error);
  if (command == NULL)
    {
      g_prefix_error (error, "the command is ");
      return FALSE;
    }
  if (!check_members (command, error))
    return FALSE;
  name = vireo_json_get_string (command, "execute", MAX_NAME);
  arguments = vireo_json_get_object (command, "arguments");
  if (name == NULL || *name == '\0'
      || (arguments == NULL && json_object_has_member (command, "arguments")))
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "a command has a name in \"execute\", and an object as \"arguments\"");
      return FALSE;
    }
  *ret_name = g_strdup (name);
  *ret_arguments = arguments != NULL ? json_object_ref (arguments) : NULL;
  return TRUE;
}

static void
write_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  JsonNode *reply = data;

  g_task_return_pointer (task, json_to_string (reply, FALSE), g_free);
}

static void
return_text (GTask *task, char *text)
{
  /* Escapes can spell what is no character. */
  if (text != NULL && !g_utf8_validate (text, -1, NULL))
    g_clear_pointer (&text, g_free);
  if (text != NULL && strlen (text) <= VIREO_MONITOR_MAX_REPLY)
    {
      g_task_return_pointer (task, text, g_free);
      return;
    }
  if (text != NULL)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                             "the reply is longer than %u bytes", VIREO_MONITOR_MAX_REPLY);
  else
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "the reply is no text");
  g_free (text);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  return_text (task, g_task_propagate_pointer (G_TASK (result), NULL));
}

/**
 * vireo_monitor_command_return:
 * @task: (transfer full): returns the text, a char *
 * @reply: (transfer full): what the command returned
 * @human: whether that is a text for people
 *
 * Since: 0.1
 */
void
vireo_monitor_command_return (GTask *task, JsonNode *reply, gboolean human)
{
  g_autoptr (GTask) writer = NULL;

  if (human)
    {
      const char *text = JSON_NODE_HOLDS_VALUE (reply) ? json_node_get_string (reply) : NULL;

      return_text (task, g_strdup (text));
      json_node_unref (reply);
      g_object_unref (task);
      return;
    }
  writer = g_task_new (NULL, NULL, on_written, task);
  g_task_set_task_data (writer, reply, (GDestroyNotify) json_node_unref);
  g_task_run_in_thread (writer, write_thread);
}
