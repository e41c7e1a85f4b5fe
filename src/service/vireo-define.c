/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-define.h"

#include <string.h>

#include "conf/vireo-unprivileged.h"
#include "drivers/vireo-driver.h"
#include "vireo-documents.h"
#include "vireo-gate.h"

/* Longer ones are no names; polkit is not bothered with them. */
#define MAX_NAME 255

/* What documents define, and where they say what it is called. */
typedef struct
{
  VireoPathKind path_kind;
  const char *doc;
  gsize name;
  gsize uuid; /* 0 for a kind that has none */
  void (*describe) (gconstpointer def, VireoDescribeFunc func, gpointer user_data);
} Document;

static const Document documents[] = {
  { VIREO_PATH_DOMAIN, "domain", G_STRUCT_OFFSET (VireoDomainDef, name),
    G_STRUCT_OFFSET (VireoDomainDef, uuid), vireo_domain_def_describe },
  { VIREO_PATH_NETWORK, "network", G_STRUCT_OFFSET (VireoNetworkDef, name),
    G_STRUCT_OFFSET (VireoNetworkDef, uuid) },
  { VIREO_PATH_NETWORK_PORT, "networkport", G_STRUCT_OFFSET (VireoNetworkPortDef, uuid),
    G_STRUCT_OFFSET (VireoNetworkPortDef, uuid) },
  { VIREO_PATH_NETWORK_FILTER, "nwfilter", G_STRUCT_OFFSET (VireoNetworkFilterDef, name),
    G_STRUCT_OFFSET (VireoNetworkFilterDef, uuid) },
  { VIREO_PATH_NETWORK_FILTER_BINDING, "nwfilterbinding",
    G_STRUCT_OFFSET (VireoFilterBindingDef, portdev), 0, vireo_filter_binding_def_describe },
  { VIREO_PATH_NODE_DEVICE, "nodedev", G_STRUCT_OFFSET (VireoNodeDeviceDef, name), 0 },
  { VIREO_PATH_HOST_INTERFACE, "interface", G_STRUCT_OFFSET (VireoHostInterfaceDef, name), 0,
    vireo_host_interface_def_describe },
  { VIREO_PATH_SECRET, "secret", G_STRUCT_OFFSET (VireoSecretDef, uuid),
    G_STRUCT_OFFSET (VireoSecretDef, uuid), vireo_secret_def_describe },
  { VIREO_PATH_STORAGE_POOL, "storagepool", G_STRUCT_OFFSET (VireoStoragePoolDef, name),
    G_STRUCT_OFFSET (VireoStoragePoolDef, uuid) },
  { VIREO_PATH_STORAGE_VOLUME, "storagevol", G_STRUCT_OFFSET (VireoStorageVolumeDef, name), 0 },
};

/* Of what a call defines: what its row says, or what it was called on. */
static VireoPathKind
get_path_kind (VireoCall *call)
{
  return call->handler->of != VIREO_PATH_NONE ? call->handler->of : call->path_kind;
}

static const Document *
find_document (VireoCall *call)
{
  VireoPathKind path_kind = get_path_kind (call);

  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    if (documents[i].path_kind == path_kind)
      return &documents[i];
  g_return_val_if_reached (NULL);
}

static const char *
get_text (gconstpointer def, gsize offset)
{
  return offset != 0 ? G_STRUCT_MEMBER (char *, def, offset) : NULL;
}

/* What the new object is, or the old one is, in. */
static VireoNode *
get_parent (VireoCall *call)
{
  return call->handler->of != VIREO_PATH_NONE ? call->node : call->node->parent;
}

static void
add_existing (VireoCall *call, VireoObj *obj, const VireoNode *counted)
{
  VireoNode *node = vireo_node_of (obj);

  if (node != NULL && node != counted)
    vireo_call_add_subject (call, vireo_details_ref (vireo_node_get_details (node)));
}

/* Whether rules cannot tell @target from what it will be. */
static gboolean
is_already (VireoObj *target, VireoDetails *details)
{
  VireoNode *node = vireo_node_of (target);

  return node != NULL
         && g_variant_equal (vireo_details_get_dictionary (vireo_node_get_details (node)),
                             vireo_details_get_dictionary (details));
}

/* Of what is replaced, it stays; what is in another object is its owner's; what is new is whose who
 * asks. */
static guint
find_owner (VireoCall *call, const VireoNode *parent, VireoObj *target)
{
  if (target != NULL)
    return vireo_obj_get_owner (target);
  if (parent->path_kind != VIREO_PATH_CONNECTION)
    return vireo_obj_get_owner (VIREO_OBJ (parent->object));
  return vireo_caller_get_uid (call->caller);
}

/* polkit is asked about the definition as it will be, and about every object whose name or UUID it
 * takes: who may write one machine cannot write another by naming it. */
static void
add_subjects (VireoCall *call, const char *name, const char *uuid)
{
  VireoNode *parent = get_parent (call);
  VireoNode *connection = vireo_node_get_connection (parent);
  VireoConnectionObj *connection_obj = VIREO_CONNECTION_OBJ (connection->object);
  VireoPathKind path_kind = get_path_kind (call);
  VireoObjList *list = vireo_node_get_list (parent, path_kind);
  VireoObj *target = call->node != parent ? vireo_call_get_object (call) : NULL;
  VireoObj *by_name = NULL, *by_uuid = NULL;
  VireoSubject about = { NULL };
  g_autoptr (VireoDetails) details = NULL;

  if (list != NULL && name != NULL)
    by_name = vireo_obj_list_find_by_name (list, name);
  if (list != NULL && uuid != NULL)
    by_uuid = vireo_obj_list_find_by_uuid (list, uuid);
  if (target == NULL)
    target = by_uuid != NULL ? by_uuid : by_name;

  about.driver = vireo_connection_obj_get_driver_name (connection_obj);
  about.uri = vireo_connection_obj_get_uri (connection_obj);
  about.kind = vireo_path_kind_name (path_kind);
  about.parent = parent != connection ? VIREO_OBJ (parent->object) : NULL;
  about.name = name;
  about.uuid = uuid != NULL || target == NULL ? uuid : vireo_obj_get_uuid (target);
  about.has_owner = TRUE;
  if (call->def != NULL)
    {
      about.describe = find_document (call)->describe;
      about.def = call->def;
    }
  about.owner = find_owner (call, parent, target);

  call->owner = about.owner;
  call->makes = target == NULL && call->def != NULL;
  if (target != NULL)
    add_existing (call, target, NULL);
  if (by_name != target && by_name != NULL)
    add_existing (call, by_name, NULL);
  if (by_uuid != target && by_uuid != NULL)
    add_existing (call, by_uuid, NULL);
  details = vireo_details_new (&about);
  if (target == NULL || !is_already (target, details))
    vireo_call_add_subject (call, g_steal_pointer (&details));
}

/* Of a text that says nothing, it is asked as of a machine without a name that the caller makes:
 * who may define their own is told what is wrong with it, and dialogs have no holes. */
static void
go_on_without (VireoCall *call)
{
  VireoVerdict settled;

  if (call->node == get_parent (call)
      && !vireo_authority_settles (vireo_server_get_authority (call->server), call->caller,
                                   &settled))
    add_subjects (call, "", "");
  vireo_call_prepared (call);
}

/* ---- what takes more than to be allowed to have machines ---- */

/* A definition that reaches beyond what its owner could do without us, and one of somebody else's
 * machine, whose files are opened with that owner's rights: both take domain.unrestricted. Who has
 * that anyway makes machines of root. */
void
vireo_define_require_for_domain (VireoCall *call,
                                 const VireoDomainDef *def,
                                 guint owner,
                                 VireoDetails *details)
{
  const VireoAction *unrestricted = vireo_action_find ("domain", "unrestricted");
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  VireoNode *connection = vireo_node_get_connection (call->node);
  VireoObjList *networks = vireo_node_get_list (connection, VIREO_PATH_NETWORK);

  vireo_domain_def_check_unprivileged (def, problems);
  if (owner != vireo_caller_get_uid (call->caller))
    vireo_call_require_of (call, unrestricted, details, NULL, g_strdup ("another user's domain"));
  else if (problems->len > 0)
    vireo_call_require_of (call, unrestricted, details, NULL,
                           g_strdup (((VireoProblem *) problems->pdata[0])->path));
  else
    vireo_call_wish (call, unrestricted, details);
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const VireoInterfaceSourceDef *source = def->interfaces[i]->source;
      VireoObj *network = source != NULL && source->network != NULL && networks != NULL
                              ? vireo_obj_list_find_by_name (networks, source->network)
                              : NULL;

      /* One that does not exist is the driver's to complain about, and one that does may be hidden:
       * both are refused in the same words. */
      if (source != NULL && source->network != NULL)
        vireo_call_require_of (call, vireo_action_find ("network", "use"),
                               network != NULL ? vireo_node_get_details (vireo_node_of (network))
                                               : vireo_node_get_details (connection),
                               unrestricted, g_strdup_printf ("\"%s\"", source->network));
    }
}

static void
require_for_domain (VireoCall *call)
{
  vireo_define_require_for_domain (call, call->def, call->owner,
                                   g_ptr_array_index (call->subjects, 0));
}

static void
on_parsed (VireoCall *call, const Document *document, gpointer def, GError *error)
{
  VireoVerdict settled;

  if (def == NULL)
    {
      vireo_call_hold_error (call, error);
      go_on_without (call);
      return;
    }
  call->def = def;
  call->def_doc = vireo_doc_kind_find (document->doc);
  if (document->name != document->uuid)
    call->about = g_strdup (get_text (def, document->name));
  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    {
      add_subjects (call, get_text (def, document->name), get_text (def, document->uuid));
      if (document->path_kind == VIREO_PATH_DOMAIN)
        call->late = require_for_domain;
    }
  vireo_call_prepared (call);
}

static void
on_document (gpointer def, GError *error, gpointer user_data)
{
  VireoCall *call = user_data;

  on_parsed (call, find_document (call), def, error);
}

void
vireo_define_prepare (VireoCall *call)
{
  const char *text;

  /* Options that are wrong: there is nothing to look at. */
  if (call->held != NULL)
    {
      go_on_without (call);
      return;
    }
  /* What a definition is about is in its text: it is parsed before polkit can be asked. */
  g_variant_get_child (call->args, 0, "&s", &text);
  vireo_document_parse (vireo_doc_kind_find (find_document (call)->doc), text,
                        vireo_call_get_parse_flags (call), on_document, call);
}

void
vireo_define_add_subjects (VireoCall *call, const char *name, const char *uuid)
{
  VireoVerdict settled;

  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    add_subjects (call, name, uuid);
}

guint
vireo_define_get_owner (VireoCall *call)
{
  VireoVerdict settled;

  if (call->late == require_for_domain
      && !vireo_authority_settles (vireo_server_get_authority (call->server), call->caller,
                                   &settled)
      && vireo_call_has_required (call, vireo_action_find ("domain", "unrestricted")))
    return VIREO_OWNER_ROOT;
  return vireo_caller_get_uid (call->caller);
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
    add_subjects (call, name, vireo_obj_get_uuid (vireo_call_get_object (call)));
  vireo_call_prepared (call);
}
