/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-define.h"

#include <string.h>

#include "drivers/vireo-driver.h"
#include "vireo-gate.h"

/* What a definition is about is in its text, so that has to be parsed before polkit can be asked;
 * whoever calls can make us do that, so it is bounded, and done in a thread when it takes long. */
#define LONG_TEXT (32u * 1024)

/* Longer ones are no names; polkit is not bothered with them. */
#define MAX_NAME 255

/* One kind of document. */
typedef struct
{
  const char *kind;
  VireoPathKind path_kind;
  gpointer (*parse) (const char *text, gssize length, VireoParseFlags flags, GError **error);
  void (*free) (gpointer def);
  void (*identify) (gpointer def, const char **ret_name, const char **ret_uuid);
} Document;

static gpointer
parse_domain (const char *text, gssize length, VireoParseFlags flags, GError **error)
{
  return vireo_domain_def_parse (text, length, flags, error);
}

static void
free_domain (gpointer def)
{
  vireo_domain_def_free (def);
}

static void
identify_domain (gpointer def, const char **ret_name, const char **ret_uuid)
{
  const VireoDomainDef *domain = def;

  *ret_name = domain->name;
  *ret_uuid = domain->uuid;
}

static gpointer
parse_network (const char *text, gssize length, VireoParseFlags flags, GError **error)
{
  return vireo_network_def_parse (text, length, flags, error);
}

static void
free_network (gpointer def)
{
  vireo_network_def_free (def);
}

static void
identify_network (gpointer def, const char **ret_name, const char **ret_uuid)
{
  const VireoNetworkDef *network = def;

  *ret_name = network->name;
  *ret_uuid = network->uuid;
}

static const Document domain_document = {
  "domain", VIREO_PATH_DOMAIN, parse_domain, free_domain, identify_domain,
};

static const Document network_document = {
  "network", VIREO_PATH_NETWORK, parse_network, free_network, identify_network,
};

static VireoNode *
get_connection (VireoCall *call)
{
  return call->node->parent != NULL ? call->node->parent : call->node;
}

static void
add_existing (VireoCall *call, VireoObj *obj, const VireoNode *counted)
{
  VireoNode *node = vireo_node_of (obj);

  if (node != NULL && node != counted)
    vireo_call_add_subject (call, vireo_details_ref (vireo_node_get_details (node)));
}

/* polkit is asked about the definition as it will be, and about every object whose name or UUID it
 * takes: who may write one machine cannot write another by naming it. The owner of what is new is
 * who asks; that of what is replaced stays. */
static void
add_subjects (VireoCall *call,
              const char *kind,
              VireoPathKind path_kind,
              const char *name,
              const char *uuid)
{
  VireoNode *connection = get_connection (call);
  VireoConnectionObj *connection_obj = VIREO_CONNECTION_OBJ (connection->object);
  VireoObjList *list
      = vireo_tree_get_list (vireo_server_get_tree (call->server), connection, path_kind);
  VireoObj *target = call->node != connection ? vireo_call_get_object (call) : NULL;
  VireoObj *by_name = NULL, *by_uuid = NULL;
  VireoSubject about = { NULL };

  if (list != NULL && name != NULL)
    by_name = vireo_obj_list_find_by_name (list, name);
  if (list != NULL && uuid != NULL)
    by_uuid = vireo_obj_list_find_by_uuid (list, uuid);
  if (target == NULL)
    target = by_uuid != NULL ? by_uuid : by_name;

  about.driver = vireo_connection_obj_get_driver_name (connection_obj);
  about.uri = vireo_connection_obj_get_uri (connection_obj);
  about.kind = kind;
  about.name = name;
  about.uuid = uuid != NULL || target == NULL ? uuid : vireo_obj_get_uuid (target);
  about.has_owner = TRUE;
  about.owner = target != NULL ? vireo_obj_get_owner (target) : vireo_caller_get_uid (call->caller);

  if (target != NULL)
    add_existing (call, target, NULL);
  if (by_name != target && by_name != NULL)
    add_existing (call, by_name, NULL);
  if (by_uuid != target && by_uuid != NULL)
    add_existing (call, by_uuid, NULL);
  if (target == NULL || g_strcmp0 (vireo_obj_get_name (target), name) != 0
      || g_strcmp0 (vireo_obj_get_uuid (target), about.uuid) != 0)
    vireo_call_add_subject (call, vireo_details_new (&about));
}

/* Of a text that says nothing, it is asked as of a machine without a name that the caller makes:
 * who may define their own is told what is wrong with it, and dialogs have no holes. */
static void
go_on_without (VireoCall *call, const Document *document)
{
  VireoVerdict settled;

  if (call->node->path_kind == VIREO_PATH_CONNECTION
      && !vireo_authority_settles (vireo_server_get_authority (call->server), call->caller,
                                   &settled))
    add_subjects (call, document->kind, document->path_kind, "", "");
  vireo_call_prepared (call);
}

static void
on_parsed (VireoCall *call, const Document *document, gpointer def, GError *error)
{
  VireoVerdict settled;
  const char *name, *uuid;

  if (def == NULL)
    {
      vireo_call_hold_error (call, error);
      go_on_without (call, document);
      return;
    }
  call->def = def;
  call->def_free = document->free;
  document->identify (def, &name, &uuid);
  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    add_subjects (call, document->kind, document->path_kind, name, uuid);
  vireo_call_prepared (call);
}

/* ---- in a thread ---- */

typedef struct
{
  const Document *document;
  const char *text; /* in the call's message, which stays */
  VireoParseFlags flags;
  VireoCall *call;
} Parse;

static void
parse_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Parse *parse = task_data;
  GError *error = NULL;
  gpointer def = parse->document->parse (parse->text, -1, parse->flags, &error);

  if (def != NULL)
    g_task_return_pointer (task, def, parse->document->free);
  else
    g_task_return_error (task, error);
}

static void
on_thread_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  const Parse *parse = user_data;
  GError *error = NULL;
  gpointer def = g_task_propagate_pointer (G_TASK (result), &error);

  on_parsed (parse->call, parse->document, def, error);
}

static void
prepare (VireoCall *call, const Document *document)
{
  VireoParseFlags flags
      = vireo_call_get_boolean (call, "validate") ? VIREO_PARSE_STRICT : VIREO_PARSE_NONE;
  GError *error = NULL;
  const char *text;
  gsize length;

  g_variant_get_child (call->args, 0, "&s", &text);
  length = strlen (text);
  /* Options that are wrong, or a text that is too long: there is nothing to look at. */
  if (call->held == NULL && length > VIREO_DOC_MAX_SIZE)
    vireo_call_hold_error (call, g_error_new (VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                                              "the document has %" G_GSIZE_FORMAT
                                              " bytes; %u are the most that is read",
                                              length, VIREO_DOC_MAX_SIZE));
  if (call->held != NULL)
    go_on_without (call, document);
  else if (length > LONG_TEXT)
    {
      Parse *parse = g_new (Parse, 1);
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_thread_done, parse);

      parse->document = document;
      parse->text = text;
      parse->flags = flags;
      parse->call = call;
      g_task_set_task_data (task, parse, g_free);
      g_task_run_in_thread (task, parse_in_thread);
    }
  else
    {
      gpointer def = document->parse (text, (gssize) length, flags, &error);

      on_parsed (call, document, def, error);
    }
}

void
vireo_define_prepare_domain (VireoCall *call)
{
  prepare (call, &domain_document);
}

void
vireo_define_prepare_network (VireoCall *call)
{
  prepare (call, &network_document);
}

void
vireo_define_prepare_name (VireoCall *call)
{
  VireoVerdict settled;
  const char *name;

  g_variant_get_child (call->args, 0, "&s", &name);
  if (strlen (name) > MAX_NAME)
    vireo_call_hold_error (call, g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                                              "a name has at most %d bytes", MAX_NAME));
  else if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller,
                                     &settled))
    add_subjects (call, call->export->service->kind, call->path_kind, name,
                  vireo_obj_get_uuid (vireo_call_get_object (call)));
  vireo_call_prepared (call);
}
