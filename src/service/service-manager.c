/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include <string.h>

#include "config.h"
#include "vireo-gate.h"
#include "vireo-hypervisors.h"
#include "vireo-visibility.h"

static VireoHypervisors *
get_hypervisors (VireoCall *call)
{
  return vireo_hypervisors_of (vireo_server_get_tree (call->server));
}

/* ---- OpenConnection ---- */

static void
prepare_open (VireoCall *call)
{
  const char *uri;
  VireoDriver *driver;
  VireoSubject about = { NULL };

  g_variant_get_child (call->args, 0, "&s", &uri);
  driver = vireo_hypervisors_find (get_hypervisors (call), uri);
  about.driver = driver != NULL ? vireo_driver_get_name (driver) : NULL;
  about.uri = uri;
  vireo_call_add_subject (call, vireo_details_new (&about));
  vireo_call_prepared (call);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autoptr (VireoNode) node
      = vireo_hypervisors_open_finish (VIREO_HYPERVISORS (source), result, &error);

  if (node == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(o)", node->path));
}

static void
handle_open_connection (VireoCall *call)
{
  const char *uri;

  g_variant_get_child (call->args, 0, "&s", &uri);
  vireo_hypervisors_open_async (get_hypervisors (call), uri, on_opened, call);
}

/* ---- CheckAuthorization ---- */

typedef struct
{
  VireoCall *call;
  VireoNode *node;
  const VireoAction *action;
} Question;

static void
question_return (Question *question, VireoVerdict verdict)
{
  vireo_call_return (question->call, g_variant_new ("(bb)", verdict == VIREO_VERDICT_YES,
                                                    verdict == VIREO_VERDICT_CHALLENGE));
  vireo_node_unref (question->node);
  g_free (question);
}

static void
on_verdict (VireoVerdict verdict, gpointer user_data)
{
  question_return (user_data, verdict);
}

static void
return_absent (VireoCall *call, const char *path)
{
  vireo_call_return_new_error (call, VIREO_ERROR_UNKNOWN_OBJECT, "there is no object at %s", path);
}

static void
on_visible (GPtrArray *nodes, gpointer user_data)
{
  Question *question = user_data;
  VireoAuthority *authority = vireo_server_get_authority (question->call->server);
  VireoCaller *caller = question->call->caller;
  VireoDetails *details;
  VireoVerdict verdict;

  if (nodes->len == 0 || question->node->gone)
    {
      return_absent (question->call, question->node->path);
      vireo_node_unref (question->node);
      g_free (question);
      return;
    }
  if (vireo_authority_settles (authority, caller, &verdict))
    {
      question_return (question, verdict);
      return;
    }
  details = vireo_node_get_details (question->node);
  if (vireo_authority_peek (authority, caller, question->action, details, &verdict))
    question_return (question, verdict);
  else
    vireo_authority_ask (authority, caller, question->action, details, on_verdict, question);
}

static const VireoAction *
find_action (const char *name)
{
  static const char prefix[] = "org.vireo.vireo1.";

  if (g_str_has_prefix (name, prefix))
    name += strlen (prefix);
  for (const VireoAction *action = vireo_actions; action->name != NULL; action++)
    if (action->kind[0] != '$' && g_str_equal (action->name + strlen (prefix), name))
      return action;
  return NULL;
}

static void
handle_check_authorization (VireoCall *call)
{
  const char *name, *path;
  const VireoAction *action;
  VireoNode *node;
  Question *question;
  g_autoptr (GPtrArray) nodes = NULL;

  g_variant_get_child (call->args, 0, "&s", &name);
  g_variant_get_child (call->args, 1, "&o", &path);
  action = find_action (name);
  if (action == NULL)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                   "there is no permission \"%.100s\": they are like "
                                   "\"domain.start\"",
                                   name);
      return;
    }
  node = vireo_tree_find (vireo_server_get_tree (call->server), path);
  if (node == NULL)
    {
      return_absent (call, path);
      return;
    }
  question = g_new (Question, 1);
  question->call = call;
  question->node = vireo_node_ref (node);
  question->action = action;
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  g_ptr_array_add (nodes, vireo_node_ref (node));
  /* That there is a service is no secret. */
  if (node->path_kind == VIREO_PATH_MANAGER)
    on_visible (nodes, question);
  else
    vireo_visibility_filter (vireo_server_get_authority (call->server), call->caller, nodes,
                             on_visible, question);
}

/* ---- the others ---- */

static void
handle_subscribe (VireoCall *call)
{
  GError *error = NULL;

  if (vireo_server_subscribe (call->server, call->caller, &error))
    vireo_call_return (call, NULL);
  else
    vireo_call_return_error (call, error);
}

static void
handle_unsubscribe (VireoCall *call)
{
  vireo_server_unsubscribe (call->server, call->caller);
  vireo_call_return (call, NULL);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;

  if (vireo_hypervisors_reload_finish (VIREO_HYPERVISORS (source), result, &error))
    vireo_call_return (call, NULL);
  else
    vireo_call_return_error (call, error);
}

static void
handle_reload (VireoCall *call)
{
  vireo_hypervisors_reload_async (get_hypervisors (call), NULL, on_reloaded, call);
}

static GVariant *
get_version (VireoNode *node, const VireoReading *reading)
{
  return g_variant_new_string (VIREO_VERSION);
}

static GVariant *
get_drivers (VireoNode *node, const VireoReading *reading)
{
  g_auto (GStrv) names = vireo_hypervisors_get_names (vireo_hypervisors_of (reading->tree));

  return g_variant_new_strv ((const char *const *) names, -1);
}

static GVariant *
get_connections (VireoNode *node, const VireoReading *reading)
{
  GPtrArray *connections = vireo_tree_get_connections (reading->tree);
  GVariantBuilder paths;

  g_variant_builder_init (&paths, G_VARIANT_TYPE ("ao"));
  for (guint i = 0; i < connections->len; i++)
    {
      const VireoNode *connection = g_ptr_array_index (connections, i);

      if (reading->visible == NULL || g_hash_table_contains (reading->visible, connection))
        g_variant_builder_add (&paths, "o", connection->path);
    }
  return g_variant_builder_end (&paths);
}

static const VireoHandler methods[] = {
  { "OpenConnection", handle_open_connection, .prepare = prepare_open },
  { "CheckAuthorization", handle_check_authorization },
  { "Subscribe", handle_subscribe },
  { "Unsubscribe", handle_unsubscribe },
  { "Reload", handle_reload },
  { NULL },
};

static const VireoGetter getters[] = {
  { "Version", get_version },
  { "Drivers", get_drivers },
  { "Connections", get_connections },
  { NULL },
};

const VireoService vireo_service_manager = {
  .interface = "org.vireo.Vireo1.Manager",
  .path_kind = VIREO_PATH_MANAGER,
  .kind = "manager",
  .methods = methods,
  .getters = getters,
};
