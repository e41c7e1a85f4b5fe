/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Saving and restoring domains, core dumps, and what is known of jobs. */

#include "service-domain-work.h"

#include "vireo-define.h"
#include "vireo-documents.h"
#include "vireo-gate.h"

static const VireoFlagOption save_options[] = {
  { "bypass-cache", VIREO_DOMAIN_SAVE_BYPASS_CACHE },
  { "running", VIREO_DOMAIN_SAVE_RUNNING },
  { "paused", VIREO_DOMAIN_SAVE_PAUSED },
  { "reset-nvram", VIREO_DOMAIN_SAVE_RESET_NVRAM },
  { NULL },
};

static const VireoDomainDriverInterface *
get_iface (VireoCall *call)
{
  return VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
}

static VireoDomainObj *
get_domain (VireoCall *call)
{
  return VIREO_DOMAIN_OBJ (call->node->object);
}

static const char *
get_text (VireoCall *call, gsize index)
{
  const char *text;

  g_variant_get_child (call->args, index, "&s", &text);
  return text;
}

/* A path that is opened for a caller may be any of the host's, and so may those in a definition
 * that takes the place of one that was checked: that is more than the owner of a domain has. */
static void
require_unrestricted (VireoCall *call)
{
  vireo_call_require (call, vireo_action_find ("domain", "unrestricted"));
}

void
vireo_domain_prepare_path (VireoCall *call)
{
  require_unrestricted (call);
  vireo_call_prepared (call);
}

/* ---- of a domain ---- */

static void
save (VireoCall *call)
{
  get_iface (call)->save (call->part, get_domain (call), get_text (call, 0), call->def,
                          vireo_call_get_flags (call, save_options),
                          vireo_call_task_boolean (call));
}

void
vireo_domain_save (VireoCall *call)
{
  vireo_call_with_document (call, "domain", vireo_call_get_string (call, "xml"), save);
}

void
vireo_domain_managed_save (VireoCall *call)
{
  get_iface (call)->managed_save (call->part, get_domain (call),
                                  vireo_call_get_flags (call, save_options),
                                  vireo_call_task_boolean (call));
}

void
vireo_domain_get_managed_save_xml (VireoCall *call)
{
  get_iface (call)->read_managed_save (call->part, get_domain (call),
                                       vireo_call_task (call, vireo_call_return_domain_def));
}

static void
set_managed_save_xml (VireoCall *call)
{
  get_iface (call)->write_managed_save (call->part, get_domain (call), call->def,
                                        vireo_call_get_flags (call, save_options),
                                        vireo_call_task_boolean (call));
}

void
vireo_domain_set_managed_save_xml (VireoCall *call)
{
  vireo_call_with_document (call, "domain", get_text (call, 0), set_managed_save_xml);
}

void
vireo_domain_core_dump (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "crash", VIREO_DOMAIN_DUMP_CRASH },
    { "live", VIREO_DOMAIN_DUMP_LIVE },
    { "bypass-cache", VIREO_DOMAIN_DUMP_BYPASS_CACHE },
    { "reset", VIREO_DOMAIN_DUMP_RESET },
    { "memory-only", VIREO_DOMAIN_DUMP_MEMORY_ONLY },
    { NULL },
  };
  const char *name = vireo_call_get_string (call, "format");
  VireoDomainDumpFormat format = VIREO_DOMAIN_DUMP_FORMAT_RAW;

  if (name != NULL && !vireo_domain_dump_format_from_string (name, &format))
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "there is no format \"%s\" of core dumps", name);
  else
    get_iface (call)->core_dump (call->part, get_domain (call), get_text (call, 0), format,
                                 vireo_call_get_flags (call, options),
                                 vireo_call_task_boolean (call));
}

/* ---- what is in a file ---- */

static void
on_image_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autoptr (VireoDomainDef) def = g_task_propagate_pointer (G_TASK (result), &error);

  if (def == NULL)
    {
      vireo_call_hold_error (call, error);
      vireo_define_add_subjects (call, "", "");
    }
  else
    vireo_define_add_subjects (call, def->name, def->uuid);
  /* The call is one of the connection, the secrets are a domain's. */
  if (vireo_call_get_boolean (call, "secure"))
    vireo_call_require (call, vireo_action_find ("domain", "read-secure"));
  vireo_call_prepared (call);
}

void
vireo_connection_prepare_save_image (VireoCall *call)
{
  VireoConnectionObj *connection = VIREO_CONNECTION_OBJ (call->node->object);
  VireoDomainDriver *driver = vireo_connection_obj_get_domain_driver (connection);
  VireoVerdict settled;
  gboolean readable
      = driver != NULL && VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->read_save_image != NULL;

  require_unrestricted (call);
  /* The superuser is not asked, and the file not read for it. */
  if (vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    vireo_call_prepared (call);
  else if (call->held != NULL || !readable)
    {
      vireo_define_add_subjects (call, "", "");
      vireo_call_prepared (call);
    }
  else
    VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->read_save_image (
        driver, get_text (call, 0), g_task_new (NULL, NULL, on_image_read, call));
}

static void
on_restore_document (gpointer def, GError *error, gpointer user_data)
{
  VireoCall *call = user_data;

  if (def == NULL)
    vireo_call_hold_error (call, error);
  else
    {
      const VireoDomainDef *domain = call->def = def;

      vireo_define_add_subjects (call, domain->name, domain->uuid);
    }
  vireo_connection_prepare_save_image (call);
}

void
vireo_connection_prepare_restore (VireoCall *call)
{
  const char *text = call->held == NULL ? vireo_call_get_string (call, "xml") : NULL;

  if (text == NULL)
    {
      vireo_connection_prepare_save_image (call);
      return;
    }
  call->def_doc = vireo_doc_kind_find ("domain");
  vireo_document_parse (call->def_doc, text, vireo_call_get_parse_flags (call), on_restore_document,
                        call);
}

void
vireo_connection_restore_domain (VireoCall *call)
{
  get_iface (call)->restore (
      call->part, get_text (call, 0), call->def, vireo_caller_get_uid (call->caller),
      vireo_call_get_flags (call, save_options), vireo_call_task_object (call));
}

void
vireo_connection_get_save_image_xml (VireoCall *call)
{
  get_iface (call)->read_save_image (call->part, get_text (call, 0),
                                     vireo_call_task (call, vireo_call_return_domain_def));
}

static void
set_save_image_xml (VireoCall *call)
{
  get_iface (call)->write_save_image (call->part, get_text (call, 0), call->def,
                                      vireo_call_get_flags (call, save_options),
                                      vireo_call_task_boolean (call));
}

void
vireo_connection_set_save_image_xml (VireoCall *call)
{
  vireo_call_with_document (call, "domain", get_text (call, 1), set_save_image_xml);
}

/* ---- jobs ---- */

/* The job that libvirt would call the domain's: what has the slot, else what goes on beside. */
static VireoJob *
find_job (VireoObj *domain)
{
  VireoJob *job = vireo_obj_get_current_job (domain);
  GPtrArray *background = vireo_job_get_background (domain);

  if (job != NULL || background == NULL)
    return job;
  for (guint i = 0; i < background->len; i++)
    if (g_str_equal (vireo_job_get_operation (background->pdata[i]), "domain-backup"))
      return background->pdata[i];
  return NULL;
}

void
vireo_domain_get_job_stats (VireoCall *call)
{
  VireoObj *domain = vireo_call_get_object (call);
  VireoJob *job = find_job (domain);
  g_autoptr (GVariant) stats = NULL;

  if (vireo_call_get_boolean (call, "completed"))
    {
      stats = vireo_job_get_last_description (domain);
      if (stats != NULL)
        g_variant_ref (stats);
      if (!vireo_call_get_boolean (call, "keep-completed"))
        vireo_job_forget_last_description (domain);
    }
  else if (job != NULL)
    stats = g_variant_ref_sink (vireo_job_describe (job));
  if (stats == NULL)
    stats = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  vireo_call_return (call, g_variant_new ("(@a{sv})", stats));
}

void
vireo_domain_abort_job (VireoCall *call)
{
  VireoJob *job = find_job (vireo_call_get_object (call));
  GError *error = NULL;

  if (job == NULL)
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_STATE, "no job works on the domain");
  else if (vireo_job_cancel (job, &error))
    vireo_call_return (call, NULL);
  else
    vireo_call_return_error (call, error);
}
