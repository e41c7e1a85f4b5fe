/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Backups. */

#include <string.h>

#include "service-domain-work.h"
#include "vireo-documents.h"
#include "vireo-gate.h"

static VireoDomainDriverInterface *
get_iface (VireoCall *call)
{
  return VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
}

static const char *
get_text (VireoCall *call, gsize argument)
{
  const char *text;

  g_variant_get_child (call->args, argument, "&s", &text);
  return text;
}

/* Where it goes may be anywhere on the host, and where it is pulled from as well. Better one too
 * many than a reading of the text that differs from the parser's. */
void
vireo_domain_prepare_backup (VireoCall *call)
{
  static const char *const telling[] = { "target", "scratch", "server", "&", "<!" };
  const char *text = get_text (call, 0);
  gboolean names_files = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (telling); i++)
    names_files |= strstr (text, telling[i]) != NULL;
  if (names_files)
    vireo_call_require (call, vireo_action_find ("domain", "unrestricted"));
  vireo_call_prepared (call);
}

/* With the backup in call->def; @checkpoint (transfer full) (nullable). */
static void
begin (VireoCall *call, gpointer checkpoint)
{
  static const VireoFlagOption options[] = {
    { "reuse-external", VIREO_BACKUP_BEGIN_REUSE_EXTERNAL },
    { NULL },
  };

  get_iface (call)->begin_backup (call->part, VIREO_DOMAIN_OBJ (call->node->object), call->def,
                                  checkpoint, vireo_call_get_flags (call, options),
                                  vireo_call_task_job (call));
  vireo_domain_checkpoint_def_free (checkpoint);
}

static void
on_backup_parsed (VireoCall *call)
{
  const char *text = get_text (call, 1);

  vireo_call_with_second_document (call, "checkpoint", *text != '\0' ? text : NULL, begin);
}

void
vireo_domain_begin_backup (VireoCall *call)
{
  vireo_call_with_document (call, "backup", get_text (call, 0), on_backup_parsed);
}

void
vireo_domain_get_backup_xml (VireoCall *call)
{
  const VireoDomainBackupDef *def
      = get_iface (call)->get_backup (call->part, VIREO_DOMAIN_OBJ (call->node->object));
  GError *error = NULL;
  g_autofree char *xml = NULL;

  if (def == NULL)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_INVALID_STATE,
                                   "no backup of the domain goes on");
      return;
    }
  xml = vireo_domain_backup_def_format (def, VIREO_FORMAT_NONE, &error);
  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}
