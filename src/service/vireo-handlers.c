/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-handlers.h"

#include "drivers/vireo-def-obj.h"
#include "vireo-define.h"
#include "vireo-gate.h"

void
vireo_handle_plain (VireoCall *call)
{
  void (*function) (gpointer part, gpointer object, GTask * task)
      = (void (*) (gpointer, gpointer, GTask *)) call->op;

  function (call->part, call->node->object, vireo_call_task_boolean (call));
}

static void
call_with_args (VireoCall *call, GTask *task)
{
  void (*function) (gpointer part, gpointer object, GVariant * args, GTask * task)
      = (void (*) (gpointer, gpointer, GVariant *, GTask *)) call->op;

  function (call->part, call->node->object, call->args, task);
}

void
vireo_handle_args (VireoCall *call)
{
  call_with_args (call, vireo_call_task_variant (call));
}

void
vireo_handle_args_fd (VireoCall *call)
{
  call_with_args (call, vireo_call_task_fd (call));
}

void
vireo_handle_define (VireoCall *call)
{
  void (*function) (gpointer part, gconstpointer def, guint owner, GTask * task)
      = (void (*) (gpointer, gconstpointer, guint, GTask *)) call->op;

  function (call->part, call->def, vireo_define_get_owner (call), vireo_call_task_object (call));
}

void
vireo_handle_set_xml (VireoCall *call)
{
  void (*function) (gpointer part, gpointer object, gconstpointer def, GTask * task)
      = (void (*) (gpointer, gpointer, gconstpointer, GTask *)) call->op;

  function (call->part, call->node->object, call->def, vireo_call_task_boolean (call));
}

void
vireo_handle_set_boolean (VireoCall *call)
{
  void (*function) (gpointer part, gpointer object, gboolean value, GTask * task)
      = (void (*) (gpointer, gpointer, gboolean, GTask *)) call->op;

  function (call->part, call->node->object, g_variant_get_boolean (call->value),
            vireo_call_task_boolean (call));
}

/* ---- what is asked ---- */

static void
on_query (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) values = g_task_propagate_pointer (G_TASK (result), &error);

  if (values != NULL)
    vireo_call_return (call, values);
  else
    vireo_call_return_error (call, error);
}

void
vireo_handle_query (VireoCall *call)
{
  void (*function) (gpointer part, GVariant * args, GTask * task)
      = (void (*) (gpointer, GVariant *, GTask *)) call->op;

  function (call->part, call->args, vireo_call_task (call, on_query));
}

/* ---- GetXml ---- */

static const VireoAction *
secure_action (VireoCall *call)
{
  const VireoService *service = call->export->service;

  return vireo_action_find (service->kind, service->secure);
}

void
vireo_prepare_get_xml (VireoCall *call)
{
  if (vireo_call_get_boolean (call, "secure")
      || vireo_def_obj_get_raw (VIREO_DEF_OBJ (call->node->object), NULL) != NULL)
    vireo_call_require (call, secure_action (call));
  vireo_call_prepared (call);
}

VireoFormatFlags
vireo_call_get_format_flags (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "secure", VIREO_FORMAT_SECURE },
    { "inactive", VIREO_FORMAT_INACTIVE },
    { "migratable", VIREO_FORMAT_MIGRATABLE },
    { NULL },
  };

  return vireo_call_get_flags (call, options);
}

void
vireo_handle_get_xml (VireoCall *call)
{
  VireoDefObj *obj = VIREO_DEF_OBJ (call->node->object);
  GError *error = NULL;
  g_autofree char *xml = NULL;

  /* The definition may have become unparsable while polkit was asked. */
  if (vireo_def_obj_get_raw (obj, NULL) != NULL
      && !vireo_call_has_required (call, secure_action (call)))
    {
      vireo_call_return_new_error (call, VIREO_ERROR_UNPARSABLE,
                                   "the definition can no longer be parsed");
      return;
    }
  xml = vireo_def_obj_format (obj, vireo_call_get_format_flags (call), &error);
  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

/* ---- properties ---- */

GVariant *
vireo_get_current_job (VireoNode *node, const VireoReading *reading)
{
  return g_variant_new_object_path (vireo_node_get_job_path (node));
}

GVariant *
vireo_get_jobs (VireoNode *node, const VireoReading *reading)
{
  return vireo_node_get_job_paths (node);
}
