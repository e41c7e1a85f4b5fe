/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a domain has and how it is treated: changed by the driver, read from the definitions. */

#include "conf/vireo-metadata.h"
#include "drivers/common/vireo-domain-edit.h"

#include "service-domain.h"
#include "vireo-define.h"
#include "vireo-gate.h"

static VireoDomainObj *
get_domain (VireoCall *call)
{
  return VIREO_DOMAIN_OBJ (call->node->object);
}

static VireoDomainScope
get_scope (VireoCall *call)
{
  VireoDomainScope scope = VIREO_DOMAIN_SCOPE_CURRENT;

  if (vireo_call_get_boolean (call, "live"))
    scope |= VIREO_DOMAIN_SCOPE_LIVE;
  if (vireo_call_get_boolean (call, "config"))
    scope |= VIREO_DOMAIN_SCOPE_CONFIG;
  return scope;
}

/* ---- changing ---- */

static const VireoAction *
save_action (void)
{
  return vireo_action_find ("domain", "save");
}

static gboolean
means_config (VireoCall *call)
{
  VireoDomainScope scope = get_scope (call);

  return scope & VIREO_DOMAIN_SCOPE_CONFIG
         || (scope == VIREO_DOMAIN_SCOPE_CURRENT
             && !vireo_obj_get_active (VIREO_OBJ (call->node->object)));
}

/* Edits that give a domain more of the host than its owner may have, and than they could define
 * (conf/vireo-unprivileged). */
static const gboolean takes_resources[VIREO_DOMAIN_N_EDITS] = {
  [VIREO_DOMAIN_EDIT_PIN_VCPU] = TRUE,          [VIREO_DOMAIN_EDIT_PIN_EMULATOR] = TRUE,
  [VIREO_DOMAIN_EDIT_PIN_IOTHREAD] = TRUE,      [VIREO_DOMAIN_EDIT_BLKIO] = TRUE,
  [VIREO_DOMAIN_EDIT_MEMORY_PARAMETERS] = TRUE, [VIREO_DOMAIN_EDIT_NUMA] = TRUE,
  [VIREO_DOMAIN_EDIT_SCHEDULER] = TRUE,         [VIREO_DOMAIN_EDIT_INTERFACE] = TRUE,
  [VIREO_DOMAIN_EDIT_PERF] = TRUE,
};

/* A core dump is a file as large as the guest, in the host's folder for them. */
static gboolean
asks_for_dump (VireoCall *call)
{
  const char *action;

  g_variant_get_child (call->args, 1, "&s", &action);
  return vireo_lifecycle_action_from_string (action) >= VIREO_LIFECYCLE_ACTION_COREDUMP_DESTROY;
}

static void
require_for_device (VireoCall *call)
{
  g_autoptr (VireoDomainDef) def = vireo_domain_def_new ();
  VireoDeviceKind kind;
  const char *text;
  gpointer device;

  g_variant_get_child (call->args, 0, "&s", &text);
  device = vireo_device_parse (text, VIREO_PARSE_NONE, &kind, NULL);
  /* What is wrong with it is told to who may do the rest. */
  if (device != NULL)
    vireo_domain_def_add_device (def, kind, device);
  vireo_define_require_for_domain (call, def, vireo_obj_get_owner (VIREO_OBJ (call->node->object)),
                                   vireo_node_get_details (call->node));
}

/* What @metadata would be after the edit; what is wrong with that is the driver's to tell. */
static char *
edit_metadata (VireoCall *call, const char *metadata)
{
  g_autofree char *result = g_strdup (metadata);
  const char *type, *text, *key, *uri;

  g_variant_get (call->args, "(&s&s&s&s@a{sv})", &type, &text, &key, &uri, NULL);
  if (g_str_equal (type, "element"))
    vireo_metadata_set (&result, uri, key, *text != '\0' ? text : NULL, NULL);
  return g_steal_pointer (&result);
}

/* Nobody is asked twice about what rules cannot tell apart. */
static gboolean
are_alike (VireoDetails *a, VireoDetails *b)
{
  return g_variant_equal (vireo_details_get_dictionary (a), vireo_details_get_dictionary (b));
}

/* @metadata: (nullable): what it would be
 * Returns: (transfer full): what rules would see */
static VireoDetails *
describe_with (VireoCall *call, char *metadata)
{
  VireoObj *obj = VIREO_OBJ (call->node->object);
  VireoConnectionObj *connection
      = VIREO_CONNECTION_OBJ (vireo_node_get_connection (call->node)->object);
  VireoDomainDef after = { .metadata = metadata };
  VireoSubject about = { .driver = vireo_connection_obj_get_driver_name (connection),
                         .uri = vireo_connection_obj_get_uri (connection),
                         .kind = "domain",
                         .name = vireo_obj_get_name (obj),
                         .uuid = vireo_obj_get_uuid (obj),
                         .has_owner = TRUE,
                         .owner = vireo_obj_get_owner (obj),
                         .describe = vireo_domain_def_describe,
                         .def = &after };

  return vireo_details_new (&about);
}

static void
require_with_tags (VireoCall *call, VireoDetails *details)
{
  vireo_call_require_of (call, vireo_action_find ("domain", "write"), details, NULL,
                         g_strdup ("its new tags"));
  if (means_config (call))
    vireo_call_require_of (call, save_action (), details, NULL, g_strdup ("its new tags"));
}

/* Rules look at tags: who may write the domain as it is may not make it one that others may. */
static void
require_for_metadata (VireoCall *call)
{
  VireoDomainObj *domain = get_domain (call);
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (domain);
  const VireoDomainDef *persistent = vireo_domain_obj_get_persistent_def (domain);
  const VireoDomainDef *defs[] = { live, persistent };
  g_autoptr (VireoDetails) last = vireo_details_ref (vireo_node_get_details (call->node));

  for (gsize i = 0; i < G_N_ELEMENTS (defs); i++)
    {
      g_autofree char *metadata = NULL;
      g_autoptr (VireoDetails) details = NULL;

      if (defs[i] == NULL)
        continue;
      metadata = edit_metadata (call, defs[i]->metadata);
      details = describe_with (call, metadata);
      if (are_alike (details, last)
          || are_alike (details, vireo_node_get_details (call->node)))
        continue;
      require_with_tags (call, details);
      vireo_details_unref (last);
      last = g_steal_pointer (&details);
    }
}

static void
require_resources (VireoCall *call)
{
  vireo_call_require_of (call, vireo_action_find ("domain", "unrestricted"),
                         vireo_node_get_details (call->node), NULL,
                         g_strdup ("the host's resources"));
}

static void
prepare_edit (VireoCall *call)
{
  VireoDomainEditKind kind = call->handler->detail;
  VireoVerdict settled;

  if (means_config (call))
    vireo_call_require (call, save_action ());
  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    {
      if (kind == VIREO_DOMAIN_EDIT_ATTACH_DEVICE || kind == VIREO_DOMAIN_EDIT_UPDATE_DEVICE)
        call->late = require_for_device;
      else if (kind == VIREO_DOMAIN_EDIT_METADATA)
        call->late = require_for_metadata;
      else if (takes_resources[kind]
               || (kind == VIREO_DOMAIN_EDIT_LIFECYCLE_ACTION && asks_for_dump (call)))
        call->late = require_resources;
    }
  vireo_call_prepared (call);
}

static void
handle_edit (VireoCall *call)
{
  VireoDomainEdit edit = { call->handler->detail, get_scope (call), call->args };

  /* The guest may have stopped while polkit was asked. */
  if (means_config (call) && !vireo_call_has_required (call, save_action ()))
    {
      vireo_call_return_new_error (call, VIREO_ERROR_INVALID_STATE, "the domain has just stopped");
      return;
    }
  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->edit (call->part, get_domain (call), &edit, vireo_call_task_boolean (call));
}

/* ---- reading ---- */

const VireoDomainDef *
vireo_domain_call_get_def (VireoCall *call)
{
  VireoDomainScope scope = get_scope (call);
  GError *error = NULL;

  if (scope == (VIREO_DOMAIN_SCOPE_LIVE | VIREO_DOMAIN_SCOPE_CONFIG))
    g_set_error_literal (&error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                         "live and config are two answers: ask for one");
  else if (vireo_domain_scope_resolve (get_domain (call), &scope, &error))
    return scope == VIREO_DOMAIN_SCOPE_LIVE
               ? vireo_domain_obj_get_live_def (get_domain (call))
               : vireo_domain_obj_get_persistent_def (get_domain (call));
  vireo_call_return_error (call, error);
  return NULL;
}

static void
handle_get_parameters (VireoCall *call)
{
  const VireoDomainDef *def = vireo_domain_call_get_def (call);
  const char *device = NULL;
  GError *error = NULL;
  GVariant *values;

  if (def == NULL)
    return;
  if (g_variant_n_children (call->args) > 1)
    g_variant_get_child (call->args, 0, "&s", &device);
  values = vireo_domain_view_parameters (def, call->handler->detail, device, &error);
  if (values == NULL)
    vireo_call_return_error (call, error);
  else if (call->handler->detail == VIREO_DOMAIN_EDIT_SCHEDULER)
    vireo_call_return (call, g_variant_new ("(s@a{sv})", "posix", values));
  else
    vireo_call_return (call, g_variant_new_tuple (&values, 1));
}

static void
handle_get_iothreads (VireoCall *call)
{
  const VireoDomainDef *def = vireo_domain_call_get_def (call);

  if (def != NULL)
    vireo_call_return (call, g_variant_new ("(@aa{sv})", vireo_domain_view_iothreads (def)));
}

static void
handle_get_emulator_pin (VireoCall *call)
{
  const VireoDomainDef *def = vireo_domain_call_get_def (call);
  const char *cpuset;

  if (def == NULL)
    return;
  cpuset = def->cputune != NULL && def->cputune->emulatorpin != NULL ? def->cputune->emulatorpin
                                                                     : def->vcpu_cpuset;
  vireo_call_return (call, g_variant_new ("(s)", cpuset != NULL ? cpuset : ""));
}

static void
handle_get_metadata (VireoCall *call)
{
  const VireoDomainDef *def = vireo_domain_call_get_def (call);
  g_autofree char *text = NULL;
  const char *type, *uri;
  GError *error = NULL;

  if (def == NULL)
    return;
  g_variant_get_child (call->args, 0, "&s", &type);
  g_variant_get_child (call->args, 1, "&s", &uri);
  text = vireo_domain_view_metadata (def, type, uri, &error);
  if (text == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", text));
}

static void
handle_get_security_labels (VireoCall *call)
{
  const VireoDomainDef *def = vireo_domain_call_get_def (call);
  GVariantBuilder labels;

  if (def == NULL)
    return;
  g_variant_builder_init (&labels, G_VARIANT_TYPE ("a(sb)"));
  for (guint i = 0; i < def->n_seclabels; i++)
    if (def->seclabels[i]->type != VIREO_SECLABEL_TYPE_NONE && def->seclabels[i]->label != NULL)
      g_variant_builder_add (&labels, "(sb)", def->seclabels[i]->label, TRUE);
  vireo_call_return (call, g_variant_new ("(a(sb))", &labels));
}

static void
handle_get_messages (VireoCall *call)
{
  const VireoDomainDef *def = vireo_domain_obj_get_def (get_domain (call));
  gboolean deprecation = vireo_call_get_boolean (call, "deprecation");
  gboolean tainting = vireo_call_get_boolean (call, "tainting");
  GVariantBuilder messages;

  g_variant_builder_init (&messages, G_VARIANT_TYPE ("as"));
  if (def != NULL && (tainting || !deprecation))
    vireo_domain_view_taints (def, &messages);
  if (vireo_domain_obj_get_custom_monitor (get_domain (call)) && (tainting || !deprecation))
    g_variant_builder_add (&messages, "s",
                           "tainted: commands were given to the hypervisor by hand");
  vireo_call_return (call, g_variant_new ("(as)", &messages));
}

static void
handle_get_control_info (VireoCall *call)
{
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (call->node->object));
  guint64 since = 0;

  if (job != NULL)
    g_object_get (job, "started-at", &since, NULL);
  vireo_call_return (call, g_variant_new ("(st)", job != NULL ? "job" : "ok", since));
}

#define EDIT(name_, operation_, detail_)                                                           \
  {                                                                                                \
    name_, handle_edit, VIREO_JOB_CHANGE, operation_, .op = VIREO_DOMAIN_OP (edit),                \
                                                      .prepare = prepare_edit,                     \
                                                      .detail = VIREO_DOMAIN_EDIT_##detail_        \
  }
#define VIEW(name_, handle_, detail_)                                                              \
  {                                                                                                \
    name_, handle_, .op = VIREO_DOMAIN_OP (get_domains), .detail = detail_                         \
  }
#define VIEW_PARAMETERS(name_, detail_)                                                            \
  VIEW (name_, handle_get_parameters, VIREO_DOMAIN_EDIT_##detail_)

const VireoHandler vireo_domain_edit_methods[] = {
  EDIT ("AttachDevice", "domain-attach-device", ATTACH_DEVICE),
  EDIT ("DetachDevice", "domain-detach-device", DETACH_DEVICE),
  EDIT ("DetachDeviceByAlias", "domain-detach-device", DETACH_ALIAS),
  EDIT ("UpdateDevice", "domain-update-device", UPDATE_DEVICE),
  EDIT ("SetMemory", "domain-set-memory", MEMORY),
  EDIT ("SetMaxMemory", "domain-set-memory", MAX_MEMORY),
  EDIT ("SetMemoryStatsPeriod", "domain-set-memory", MEMORY_STATS_PERIOD),
  EDIT ("SetVcpus", "domain-set-vcpus", VCPUS),
  EDIT ("SetVcpuState", "domain-set-vcpus", VCPU_STATE),
  EDIT ("PinVcpu", "domain-pin", PIN_VCPU),
  EDIT ("PinEmulator", "domain-pin", PIN_EMULATOR),
  EDIT ("PinIoThread", "domain-pin", PIN_IOTHREAD),
  EDIT ("AddIoThread", "domain-set-iothreads", ADD_IOTHREAD),
  EDIT ("DeleteIoThread", "domain-set-iothreads", DELETE_IOTHREAD),
  EDIT ("SetIoThread", "domain-set-iothreads", SET_IOTHREAD),
  EDIT ("SetBlkioParameters", "domain-tune", BLKIO),
  EDIT ("SetMemoryParameters", "domain-tune", MEMORY_PARAMETERS),
  EDIT ("SetNumaParameters", "domain-tune", NUMA),
  EDIT ("SetSchedulerParameters", "domain-tune", SCHEDULER),
  EDIT ("SetBlockIoTune", "domain-tune", BLOCK_IO_TUNE),
  EDIT ("SetInterfaceParameters", "domain-tune", INTERFACE),
  EDIT ("SetPerfEvents", "domain-tune", PERF),
  EDIT ("SetMetadata", "domain-set-metadata", METADATA),
  EDIT ("SetLifecycleAction", "domain-set-lifecycle-action", LIFECYCLE_ACTION),
  VIEW ("GetIoThreads", handle_get_iothreads, 0),
  VIEW ("GetEmulatorPin", handle_get_emulator_pin, 0),
  VIEW ("GetMetadata", handle_get_metadata, 0),
  VIEW ("GetSecurityLabels", handle_get_security_labels, 0),
  VIEW ("GetMessages", handle_get_messages, 0),
  VIEW ("GetControlInfo", handle_get_control_info, 0),
  VIEW_PARAMETERS ("GetBlkioParameters", BLKIO),
  VIEW_PARAMETERS ("GetMemoryParameters", MEMORY_PARAMETERS),
  VIEW_PARAMETERS ("GetNumaParameters", NUMA),
  VIEW_PARAMETERS ("GetSchedulerParameters", SCHEDULER),
  VIEW_PARAMETERS ("GetBlockIoTune", BLOCK_IO_TUNE),
  VIEW_PARAMETERS ("GetInterfaceParameters", INTERFACE),
  VIEW_PARAMETERS ("GetPerfEvents", PERF),
  { NULL },
};
