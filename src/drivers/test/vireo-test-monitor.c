/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A monitor and an agent that take commands as QEMU's do: the few by which a client sees that its
 * own part works. */

#include <string.h>

#include "drivers/common/vireo-monitor-command.h"
#include "vireo-test-operation.h"
#include "vireo-test-domains.h"

#define MAX_FILES 16
#define MAX_FILE_NAME 127

/**
 * Command:
 * @name: of the command
 * @line: (nullable): how people write it
 * @run: does it; returns the value (transfer full), or %NULL with an error
 */
typedef struct
{
  const char *name;
  const char *line;
  JsonNode *(*run) (VireoTestGuest *guest,
                    JsonObject *arguments,
                    GUnixFDList *files,
                    GError **error);
} Command;

static JsonNode *
node_of (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

static JsonNode *
done (void)
{
  return node_of (json_object_new ());
}

static JsonNode *
of_one (const char *member, const char *value)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, member, value);
  return node_of (object);
}

static gboolean
runs (VireoTestGuest *guest)
{
  return vireo_domain_obj_get_state (guest->domain) == VIREO_DOMAIN_STATE_RUNNING;
}

/* Whether anybody listens, on the list of a connection's domains. */
static GQuark
watched_quark (void)
{
  return g_quark_from_static_string ("vireo-test-monitors-watched");
}

void
vireo_test_monitor_tell (VireoDomainObj *domain, const char *event)
{
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (domain));

  if (list == NULL || g_object_get_qdata (G_OBJECT (list), watched_quark ()) == NULL)
    return;
  vireo_obj_emit_event (VIREO_OBJ (domain), "MonitorEvent",
                        g_variant_new ("(sts)", event, (guint64) g_get_real_time (), ""));
}

/* ---- the monitor ---- */

static JsonNode *
query_name (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  return of_one ("name", vireo_obj_get_name (VIREO_OBJ (guest->domain)));
}

static JsonNode *
query_uuid (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  return of_one ("UUID", vireo_obj_get_uuid (VIREO_OBJ (guest->domain)));
}

static JsonNode *
query_status (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "status", runs (guest) ? "running" : "paused");
  json_object_set_boolean_member (object, "running", runs (guest));
  return node_of (object);
}

static JsonNode *
stop (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  if (runs (guest))
    {
      vireo_domain_obj_set_state (guest->domain, VIREO_DOMAIN_STATE_PAUSED, "user");
      vireo_test_monitor_tell (guest->domain, "STOP");
      vireo_domain_obj_emit_lifecycle (guest->domain, "suspended", "paused");
    }
  return done ();
}

static JsonNode *
cont (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  if (!runs (guest))
    {
      vireo_domain_obj_set_state (guest->domain, VIREO_DOMAIN_STATE_RUNNING, "unpaused");
      vireo_test_monitor_tell (guest->domain, "RESUME");
      vireo_domain_obj_emit_lifecycle (guest->domain, "resumed", "unpaused");
    }
  return done ();
}

static JsonNode *
refuse (GError **error, const char *class, const char *what)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR, "%s: %s", class, what);
  return NULL;
}

/* A file that came is kept under a name, as QEMU does. */
static JsonNode *
getfd (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  const char *name = vireo_json_get_string (arguments, "fdname", MAX_FILE_NAME);

  if (name == NULL || g_ascii_isdigit (*name))
    return refuse (error, "GenericError",
                   "Parameter 'fdname' expects a name not starting with a digit");
  if (files == NULL)
    return refuse (error, "GenericError", "No file descriptor supplied via SCM_RIGHTS");
  if (g_hash_table_size (guest->monitor_files) >= MAX_FILES)
    return refuse (error, "GenericError", "Too many files");
  g_hash_table_insert (guest->monitor_files, g_strdup (name), g_object_ref (files));
  return done ();
}

static JsonNode *
closefd (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  const char *name = vireo_json_get_string (arguments, "fdname", MAX_FILE_NAME);

  if (name == NULL || !g_hash_table_remove (guest->monitor_files, name))
    return refuse (error, "GenericError", "File descriptor not found");
  return done ();
}

static const Command monitor_commands[] = {
  { "closefd", NULL, closefd },
  { "cont", "cont", cont },
  { "getfd", NULL, getfd },
  { "query-name", "info name", query_name },
  { "query-status", "info status", query_status },
  { "query-uuid", "info uuid", query_uuid },
  { "stop", "stop", stop },
  { NULL },
};

/* ---- the agent ---- */

static JsonNode *
guest_ping (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  return done ();
}

static JsonNode *
guest_sync (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  JsonNode *node = json_node_new (JSON_NODE_VALUE);

  json_node_set_int (node, vireo_json_get_int (arguments, "id", 0));
  return node;
}

static JsonNode *
guest_get_host_name (VireoTestGuest *guest,
                     JsonObject *arguments,
                     GUnixFDList *files,
                     GError **error)
{
  return of_one ("host-name", vireo_obj_get_name (VIREO_OBJ (guest->domain)));
}

static JsonNode *
guest_get_time (VireoTestGuest *guest, JsonObject *arguments, GUnixFDList *files, GError **error)
{
  JsonNode *node = json_node_new (JSON_NODE_VALUE);

  json_node_set_int (node, (g_get_real_time () + guest->clock_offset) * 1000);
  return node;
}

static const Command agent_commands[] = {
  { "guest-get-host-name", NULL, guest_get_host_name },
  { "guest-get-time", NULL, guest_get_time },
  { "guest-ping", NULL, guest_ping },
  { "guest-sync", NULL, guest_sync },
  { NULL },
};

/* ---- running them ---- */

static const Command *
find_command (const Command *rows, const char *name, gboolean human)
{
  for (; rows->name != NULL; rows++)
    if (g_strcmp0 (human ? rows->line : rows->name, name) == 0)
      return rows;
  return NULL;
}

static void
tell_text (JsonObject *object, const char *member, JsonNode *node, gpointer data)
{
  g_autofree char *value = json_to_string (node, FALSE);

  g_string_append_printf (data, "%s: %s\r\n", member, value);
}

/* What a monitor for people writes. */
static JsonNode *
humanize (JsonNode *node)
{
  g_autoptr (GString) text = g_string_new (NULL);
  JsonNode *result = json_node_new (JSON_NODE_VALUE);

  json_object_foreach_member (json_node_get_object (node), tell_text, text);
  json_node_set_string (result, text->str);
  json_node_unref (node);
  return result;
}

static JsonNode *
run_line (VireoTestGuest *guest, const char *line, GUnixFDList *files, GError **error)
{
  const Command *command = find_command (monitor_commands, line, TRUE);
  g_autofree char *unknown = NULL;
  JsonNode *node;

  if (command != NULL)
    {
      node = command->run (guest, NULL, files, error);
      return node != NULL ? humanize (node) : NULL;
    }
  unknown = g_strdup_printf ("unknown command: '%.100s'\r\n", line);
  node = json_node_new (JSON_NODE_VALUE);
  json_node_set_string (node, unknown);
  return node;
}

static JsonNode *
run_text (VireoTestGuest *guest,
          const Command *rows,
          const char *text,
          GUnixFDList *files,
          GError **error)
{
  g_autoptr (JsonObject) arguments = NULL;
  g_autofree char *name = NULL;
  const Command *command;

  if (!vireo_monitor_command_parse (text, &name, &arguments, error))
    return NULL;
  command = find_command (rows, name, FALSE);
  if (command != NULL)
    return command->run (guest, arguments, files, error);
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR,
               "CommandNotFound: The command %s has not been found", name);
  return NULL;
}

static VireoTestGuest *
get_guest (VireoDomainObj *obj, GTask *task)
{
  VireoTestGuest *guest = vireo_test_domain_get_guest (obj);

  if (guest != NULL)
    return guest;
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           "domain \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (obj)));
  g_object_unref (task);
  return NULL;
}

static void
end (GTask *task, JsonNode *reply, gboolean human, GError *error)
{
  if (reply != NULL)
    {
      vireo_monitor_command_return (task, reply, human);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
run_monitor_command (VireoDomainDriver *driver,
                     VireoDomainObj *obj,
                     const char *text,
                     gboolean human,
                     GUnixFDList *files,
                     GTask *task)
{
  VireoTestGuest *guest = get_guest (obj, task);
  GError *error = NULL;
  JsonNode *reply;

  if (guest == NULL)
    return;
  vireo_domain_obj_set_custom_monitor (obj, TRUE);
  reply = human ? run_line (guest, text, files, &error)
                : run_text (guest, monitor_commands, text, files, &error);
  end (task, reply, human, error);
}

static void
run_agent_command (VireoDomainDriver *driver,
                   VireoDomainObj *obj,
                   const char *text,
                   int timeout,
                   GTask *task)
{
  VireoTestGuest *guest = get_guest (obj, task);
  GError *error = NULL;
  JsonNode *reply = NULL;

  if (guest == NULL)
    return;
  if (vireo_test_guest_need_agent (guest, &error))
    reply = run_text (guest, agent_commands, text, NULL, &error);
  end (task, reply, FALSE, error);
}

static void
watch_monitors (VireoDomainDriver *driver, gboolean watched)
{
  VireoObjList *list = VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->get_domains (driver);

  g_object_set_qdata (G_OBJECT (list), watched_quark (), GINT_TO_POINTER (watched));
}

void
vireo_test_monitor_fill (VireoDomainDriverInterface *iface)
{
  iface->run_monitor_command = run_monitor_command;
  iface->run_agent_command = run_agent_command;
  iface->watch_monitors = watch_monitors;
}
