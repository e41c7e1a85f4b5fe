/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service-secret.h"

#include <string.h>

#include "vireo-define.h"
#include "vireo-handlers.h"
#include "vireo-services.h"

static VireoSecretDriverInterface *
get_driver (VireoCall *call)
{
  return VIREO_SECRET_DRIVER_GET_IFACE (call->part);
}

static VireoSecretObj *
get_secret (VireoCall *call)
{
  return VIREO_SECRET_OBJ (call->node->object);
}

/* ---- values ---- */

static void
on_value (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) value = g_task_propagate_pointer (G_TASK (result), &error);
  GVariant *bytes;

  if (value == NULL)
    {
      vireo_call_return_error (call, error);
      return;
    }
  /* No copy of ours; that of the message is GDBus's. */
  bytes = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, value, TRUE);
  vireo_call_return (call, g_variant_new_tuple (&bytes, 1));
}

static void
handle_get_value (VireoCall *call)
{
  if (vireo_secret_obj_is_private (get_secret (call)))
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_AUTHORIZED,
                                 "secret %s is private: its value is for hypervisors alone",
                                 vireo_obj_get_uuid (vireo_call_get_object (call)));
  else
    get_driver (call)->get_value (call->part, get_secret (call), vireo_call_task (call, on_value));
}

/* Takes the value out of the message: what is left in that is zeros. */
static GBytes *
take_value (VireoCall *call)
{
  g_autoptr (GVariant) argument = g_variant_get_child_value (call->args, 0);
  gsize size;
  gconstpointer data = g_variant_get_fixed_array (argument, &size, 1);
  GBytes *value = vireo_secret_bytes_new (data, size);

  /* Nobody reads the arguments again, and nobody else has them. */
  if (size > 0)
    explicit_bzero ((gpointer) data, size);
  return value;
}

static void
handle_set_value (VireoCall *call)
{
  g_autoptr (GBytes) value = take_value (call);

  if (g_bytes_get_size (value) > VIREO_SECRET_VALUE_MAX)
    vireo_call_return_new_error (call, VIREO_ERROR_LIMIT_EXCEEDED,
                                 "a value has at most %d bytes, and this one %" G_GSIZE_FORMAT,
                                 VIREO_SECRET_VALUE_MAX, g_bytes_get_size (value));
  else
    get_driver (call)->set_value (call->part, get_secret (call), value,
                                  vireo_call_task_boolean (call));
}

/* ---- of connections ---- */

void
vireo_handle_lookup_secret_by_usage (VireoCall *call)
{
  g_autoptr (GPtrArray) objects
      = vireo_obj_list_snapshot (vireo_node_get_list (call->node, call->handler->of));
  VireoObj *found = NULL;
  const char *type, *id;

  g_variant_get (call->args, "(&s&s)", &type, &id);
  if (vireo_secret_usage_type_from_string (type) == VIREO_SECRET_USAGE_TYPE_UNSET)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                   "there is no usage type \"%.64s\"", type);
      return;
    }
  for (guint i = 0; i < objects->len && found == NULL; i++)
    {
      const VireoSecretDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (objects->pdata[i]));

      if (def != NULL && g_str_equal (vireo_secret_def_get_usage_type (def), type)
          && g_strcmp0 (vireo_secret_def_get_usage_id (def), id) == 0)
        found = objects->pdata[i];
    }
  vireo_call_return_found (call, found);
}

static const VireoHandler methods[] = {
  { "Undefine", vireo_handle_plain, VIREO_JOB_CHANGE, "secret-undefine",
    .op = VIREO_SECRET_OP (undefine) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_SECRET_OP (get_secrets),
    .prepare = vireo_prepare_get_xml },
  { "SetXml", vireo_handle_set_xml, VIREO_JOB_CHANGE, "secret-set-xml",
    .op = VIREO_SECRET_OP (replace), .prepare = vireo_define_prepare },
  { "GetValue", handle_get_value, .op = VIREO_SECRET_OP (get_value) },
  { "SetValue", handle_set_value, VIREO_JOB_CHANGE, "secret-set-value",
    .op = VIREO_SECRET_OP (set_value) },
  { NULL },
};

const VireoService vireo_service_secret = {
  .interface = "org.vireo.Vireo1.Secret",
  .path_kind = VIREO_PATH_SECRET,
  .kind = "secret",
  .secure = "write",
  .part = VIREO_PART_REF (VIREO_PART_SECRETS),
  .get_type = vireo_secret_obj_get_type,
  .methods = methods,
};
