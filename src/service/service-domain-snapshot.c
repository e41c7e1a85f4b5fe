/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include "service-domain-moments.h"
#include "vireo-documents.h"
#include "vireo-handlers.h"

static void
handle_get_xml (VireoCall *call)
{
  VireoFormatFlags flags
      = vireo_call_get_boolean (call, "secure") ? VIREO_FORMAT_SECURE : VIREO_FORMAT_NONE;
  GError *error = NULL;
  g_autofree char *xml
      = vireo_moment_obj_format (VIREO_MOMENT_OBJ (call->node->object), flags, &error);

  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

static void
handle_revert (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "running", VIREO_SNAPSHOT_REVERT_RUNNING },
    { "paused", VIREO_SNAPSHOT_REVERT_PAUSED },
    { "force", VIREO_SNAPSHOT_REVERT_FORCE },
    { "reset-nvram", VIREO_SNAPSHOT_REVERT_RESET_NVRAM },
    { NULL },
  };

  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->revert_snapshot (call->part, VIREO_MOMENT_OBJ (call->node->object),
                         vireo_call_get_flags (call, options), vireo_call_task_boolean (call));
}

static const VireoHandler methods[] = {
  { "GetXml", handle_get_xml, .op = VIREO_DOMAIN_OP (create_snapshot),
    .prepare = vireo_prepare_secure },
  { "Revert", handle_revert, VIREO_JOB_CHANGE, "domain-revert-snapshot", .show_job = TRUE,
    .op = VIREO_DOMAIN_OP (revert_snapshot) },
  { "Delete", vireo_moment_handle_delete, VIREO_JOB_CHANGE, "domain-delete-snapshot",
    .show_job = TRUE, .op = VIREO_DOMAIN_OP (delete_snapshot) },
  { "ListChildren", vireo_moment_handle_list, .of = VIREO_PATH_DOMAIN_SNAPSHOT,
    .op = VIREO_DOMAIN_OP (create_snapshot) },
  { "GetChildren", vireo_moment_handle_get_objects, .of = VIREO_PATH_DOMAIN_SNAPSHOT,
    .op = VIREO_DOMAIN_OP (create_snapshot) },
  { NULL },
};

const VireoService vireo_service_domain_snapshot = {
  .interface = "org.vireo.Vireo1.DomainSnapshot",
  .path_kind = VIREO_PATH_DOMAIN_SNAPSHOT,
  .kind = "domain",
  .secure = "read-secure",
  .part = VIREO_PART_REF (VIREO_PART_DOMAINS),
  .parent_slot = TRUE,
  .get_type = vireo_snapshot_obj_get_type,
  .methods = methods,
  .getters = vireo_moment_getters,
};
