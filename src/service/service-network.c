/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include <string.h>

#include "drivers/vireo-driver.h"
#include "vireo-define.h"
#include "vireo-gate.h"

static VireoNetworkDriver *
get_driver (VireoCall *call)
{
  return vireo_connection_obj_get_network_driver (
      VIREO_CONNECTION_OBJ (call->node->parent->object));
}

static VireoNetworkObj *
get_network (VireoCall *call)
{
  return VIREO_NETWORK_OBJ (call->node->object);
}

/* Whether the driver has an operation; the call is answered when it has not. */
static gboolean
supports (VireoCall *call, gboolean has_function)
{
  if (!has_function)
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED,
                                 "the driver of this network has no %s", call->handler->name);
  return has_function;
}

static void
handle_start (VireoCall *call)
{
  VireoNetworkDriver *driver = get_driver (call);
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->start != NULL))
    iface->start (driver, get_network (call), vireo_call_task_boolean (call));
}

static void
handle_destroy (VireoCall *call)
{
  VireoNetworkDriver *driver = get_driver (call);
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->destroy != NULL))
    iface->destroy (driver, get_network (call), vireo_call_task_boolean (call));
}

static void
handle_undefine (VireoCall *call)
{
  VireoNetworkDriver *driver = get_driver (call);
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->undefine != NULL))
    iface->undefine (driver, get_network (call), vireo_call_task_boolean (call));
}

static void
handle_set_xml (VireoCall *call)
{
  VireoNetworkDriver *driver = get_driver (call);
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->replace != NULL))
    iface->replace (driver, get_network (call), call->def, vireo_call_task_boolean (call));
}

/* Networks have no passwords, but nobody knows what is in a text that cannot be parsed: who may
 * replace it may look at it. */
static void
prepare_get_xml (VireoCall *call)
{
  if (vireo_network_obj_get_raw (get_network (call), NULL) != NULL)
    vireo_call_require (call, vireo_action_find ("network", "write"));
  vireo_call_prepared (call);
}

static void
handle_get_xml (VireoCall *call)
{
  VireoFormatFlags flags
      = vireo_call_get_boolean (call, "inactive") ? VIREO_FORMAT_INACTIVE : VIREO_FORMAT_NONE;
  GError *error = NULL;
  g_autofree char *xml = NULL;

  /* The definition may have become unparsable while polkit was asked. */
  if (vireo_network_obj_get_raw (get_network (call), NULL) != NULL
      && !vireo_call_has_required (call, vireo_action_find ("network", "write")))
    {
      vireo_call_return_new_error (call, VIREO_ERROR_UNPARSABLE,
                                   "the definition can no longer be parsed");
      return;
    }
  xml = vireo_network_obj_format (get_network (call), flags, &error);
  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

/* ---- GetLeases ---- */

static void
add_text (GVariantBuilder *builder, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (value));
}

static void
add_lease (GVariantBuilder *leases, const VireoNetworkLease *lease)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sv}"));
  add_text (&builder, "mac", lease->mac != NULL ? lease->mac : "");
  add_text (&builder, "address", lease->address);
  g_variant_builder_add (&builder, "{sv}", "prefix", g_variant_new_uint32 (lease->prefix));
  add_text (&builder, "family", strchr (lease->address, ':') != NULL ? "ipv6" : "ipv4");
  g_variant_builder_add (&builder, "{sv}", "expires", g_variant_new_int64 (lease->expires));
  add_text (&builder, "hostname", lease->hostname);
  add_text (&builder, "client-id", lease->client_id);
  add_text (&builder, "iaid", lease->iaid);
  g_variant_builder_add_value (leases, g_variant_builder_end (&builder));
}

static void
on_leases (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  const char *mac = vireo_call_get_string (call, "mac");
  GError *error = NULL;
  g_autoptr (GPtrArray) leases = g_task_propagate_pointer (G_TASK (result), &error);
  GVariantBuilder builder;

  if (leases == NULL)
    {
      vireo_call_return_error (call, error);
      return;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < leases->len; i++)
    {
      const VireoNetworkLease *lease = g_ptr_array_index (leases, i);

      if (mac == NULL || (lease->mac != NULL && g_ascii_strcasecmp (mac, lease->mac) == 0))
        add_lease (&builder, lease);
    }
  vireo_call_return (call, g_variant_new ("(aa{sv})", &builder));
}

static void
handle_get_leases (VireoCall *call)
{
  VireoNetworkDriver *driver = get_driver (call);
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->get_leases != NULL))
    iface->get_leases (driver, get_network (call), vireo_call_task (call, on_leases));
}

/* ---- properties ---- */

static void
write_autostart (VireoCall *call)
{
  VireoNetworkDriver *driver = get_driver (call);
  VireoNetworkDriverInterface *iface = VIREO_NETWORK_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->set_autostart != NULL))
    iface->set_autostart (driver, get_network (call), g_variant_get_boolean (call->value),
                          vireo_call_task_boolean (call));
}

static GVariant *
get_current_job (VireoNode *node, const VireoReading *reading)
{
  return g_variant_new_object_path (vireo_node_get_job_path (node));
}

static const VireoHandler methods[] = {
  { "Start", handle_start, VIREO_JOB_CHANGE, "network-start", .show_job = TRUE },
  { "Destroy", handle_destroy, VIREO_JOB_STOP, "network-destroy", .show_job = TRUE },
  { "Undefine", handle_undefine, VIREO_JOB_CHANGE, "network-undefine" },
  { "GetXml", handle_get_xml, .prepare = prepare_get_xml },
  { "SetXml", handle_set_xml, VIREO_JOB_CHANGE, "network-set-xml",
    .prepare = vireo_define_prepare_network },
  { "GetLeases", handle_get_leases },
  { NULL },
};

static const VireoHandler writers[] = {
  { "Autostart", write_autostart, VIREO_JOB_CHANGE, "network-set-autostart" },
  { NULL },
};

static const VireoGetter getters[] = {
  { "CurrentJob", get_current_job },
  { NULL },
};

const VireoService vireo_service_network = {
  .interface = "org.vireo.Vireo1.Network",
  .path_kind = VIREO_PATH_NETWORK,
  .kind = "network",
  .get_type = vireo_network_obj_get_type,
  .methods = methods,
  .writers = writers,
  .getters = getters,
};
