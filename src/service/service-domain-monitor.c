/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Commands that go to a hypervisor's monitor or to a guest's agent as they are, and what the
 * monitor says. */

#include <string.h>

#include "service-domain.h"

#define MAX_DOMAINS 1024
#define MAX_EVENTS 256
#define MAX_PATTERN 127

static VireoDomainDriverInterface *
get_iface (VireoCall *call)
{
  return VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autofree char *reply = g_task_propagate_pointer (G_TASK (result), &error);

  if (reply != NULL)
    vireo_call_return (call, g_variant_new ("(s)", reply));
  else
    vireo_call_return_error (call, error);
}

static void
handle_run_monitor_command (VireoCall *call)
{
  g_autoptr (GUnixFDList) files = vireo_call_get_fds (call, 1);
  const char *command;

  if (files == NULL)
    return;
  g_variant_get_child (call->args, 0, "&s", &command);
  get_iface (call)->run_monitor_command (
      call->part, VIREO_DOMAIN_OBJ (call->node->object), command,
      vireo_call_get_boolean (call, "human"),
      g_unix_fd_list_get_length (files) > 0 ? files : NULL, vireo_call_task (call, on_reply));
}

static void
handle_run_agent_command (VireoCall *call)
{
  int timeout = vireo_call_get_int (call, "timeout", -1);
  const char *command;

  g_variant_get_child (call->args, 0, "&s", &command);
  if (timeout < -2)
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "%d is neither a time nor -1 or -2", timeout);
  else
    get_iface (call)->run_agent_command (call->part, VIREO_DOMAIN_OBJ (call->node->object),
                                         command, timeout, vireo_call_task (call, on_reply));
}

/* ---- events ---- */

/* An option that is a list of at most @max; FALSE when the call was answered. */
static gboolean
get_list (VireoCall *call, const char *option, const char *type, gsize max, char ***ret_list)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (call->args, 0);
  g_autoptr (GVariant) value = g_variant_lookup_value (options, option, G_VARIANT_TYPE (type));

  *ret_list = NULL;
  if (value == NULL)
    return TRUE;
  if (g_variant_n_children (value) > max)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_LIMIT_EXCEEDED,
                                   "\"%s\" has more than %" G_GSIZE_FORMAT, option, max);
      return FALSE;
    }
  *ret_list = g_str_equal (type, "ao") ? g_variant_dup_objv (value, NULL)
                                       : g_variant_dup_strv (value, NULL);
  return TRUE;
}

void
vireo_connection_subscribe_monitor_events (VireoCall *call)
{
  g_auto (GStrv) domains = NULL;
  g_auto (GStrv) events = NULL;
  GError *error = NULL;

  if (!get_list (call, "domains", "ao", MAX_DOMAINS, &domains)
      || !get_list (call, "events", "as", MAX_EVENTS, &events))
    return;
  for (gsize i = 0; events != NULL && events[i] != NULL; i++)
    if (strlen (events[i]) > MAX_PATTERN)
      {
        vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                     "no event has a name of more than %d letters", MAX_PATTERN);
        return;
      }
  if (vireo_server_watch_monitors (call->server, call->caller, call->node,
                                   (const char *const *) domains, (const char *const *) events,
                                   &error))
    vireo_call_return (call, NULL);
  else
    vireo_call_return_error (call, error);
}

void
vireo_connection_unsubscribe_monitor_events (VireoCall *call)
{
  vireo_server_unwatch_monitors (call->server, call->caller, call->node);
  vireo_call_return (call, NULL);
}

const VireoHandler vireo_domain_monitor_methods[] = {
  { "RunMonitorCommand", handle_run_monitor_command, VIREO_JOB_CHANGE, "domain-monitor-command",
    .op = VIREO_DOMAIN_OP (run_monitor_command) },
  { "RunAgentCommand", handle_run_agent_command, VIREO_JOB_CHANGE, "domain-agent-command",
    .op = VIREO_DOMAIN_OP (run_agent_command) },
  { NULL },
};
