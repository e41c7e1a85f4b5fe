/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include "service-domain-moments.h"
#include "vireo-documents.h"
#include "vireo-handlers.h"

static void
return_text (VireoCall *call, const VireoDomainCheckpointDef *def)
{
  VireoFormatFlags flags
      = vireo_call_get_boolean (call, "secure") ? VIREO_FORMAT_SECURE : VIREO_FORMAT_NONE;
  g_autoptr (VireoDomainCheckpointDef) copy = vireo_domain_checkpoint_def_copy (def);
  GError *error = NULL;
  g_autofree char *xml = NULL;

  if (vireo_call_get_boolean (call, "no-domain"))
    g_clear_pointer (&copy->domain, vireo_domain_def_free);
  xml = vireo_doc_format (vireo_doc_kind_find ("checkpoint"), copy, flags, &error);
  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

static void
on_sizes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autoptr (VireoDomainCheckpointDef) def = g_task_propagate_pointer (G_TASK (result), &error);

  if (def == NULL)
    vireo_call_return_error (call, error);
  else
    return_text (call, def);
}

static void
handle_get_xml (VireoCall *call)
{
  VireoMomentObj *checkpoint = VIREO_MOMENT_OBJ (call->node->object);
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);

  if (!vireo_call_get_boolean (call, "size"))
    return_text (call, vireo_moment_obj_get_def (checkpoint));
  else if (iface->get_checkpoint_sizes != NULL)
    iface->get_checkpoint_sizes (call->part, checkpoint, vireo_call_task (call, on_sizes));
  else
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED,
                                 "the driver does not say how much has changed");
}

static const VireoHandler methods[] = {
  { "GetXml", handle_get_xml, .op = VIREO_DOMAIN_OP (create_checkpoint),
    .prepare = vireo_prepare_secure },
  { "Delete", vireo_moment_handle_delete, VIREO_JOB_CHANGE, "domain-delete-checkpoint",
    .show_job = TRUE, .op = VIREO_DOMAIN_OP (delete_checkpoint) },
  { "ListChildren", vireo_moment_handle_list, .of = VIREO_PATH_DOMAIN_CHECKPOINT,
    .op = VIREO_DOMAIN_OP (create_checkpoint) },
  { "GetChildren", vireo_moment_handle_get_objects, .of = VIREO_PATH_DOMAIN_CHECKPOINT,
    .op = VIREO_DOMAIN_OP (create_checkpoint) },
  { NULL },
};

const VireoService vireo_service_domain_checkpoint = {
  .interface = "org.vireo.Vireo1.DomainCheckpoint",
  .path_kind = VIREO_PATH_DOMAIN_CHECKPOINT,
  .kind = "domain",
  .secure = "read-secure",
  .part = VIREO_PART_REF (VIREO_PART_DOMAINS),
  .parent_slot = TRUE,
  .get_type = vireo_checkpoint_obj_get_type,
  .methods = methods,
  .getters = vireo_moment_getters,
};
