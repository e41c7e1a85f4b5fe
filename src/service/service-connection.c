/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include "service-connection-lists.h"
#include "vireo-define.h"
#include "vireo-hypervisors.h"

static VireoConnectionObj *
get_connection (VireoCall *call)
{
  return VIREO_CONNECTION_OBJ (call->node->object);
}

/* Whether the driver has an operation; the call is answered when it has not. */
static gboolean
supports (VireoCall *call, gboolean has_function)
{
  if (!has_function)
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED,
                                 "the driver of this connection has no %s", call->handler->name);
  return has_function;
}

/* ---- domains ---- */

static void
handle_define_domain (VireoCall *call)
{
  VireoDomainDriver *driver = vireo_connection_obj_get_domain_driver (get_connection (call));

  if (supports (call, driver != NULL && VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->define != NULL))
    VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->define (
        driver, call->def, vireo_caller_get_uid (call->caller), vireo_call_task_object (call));
}

static void
handle_create_domain (VireoCall *call)
{
  VireoDomainDriver *driver = vireo_connection_obj_get_domain_driver (get_connection (call));
  VireoDomainStartFlags flags = vireo_call_get_boolean (call, "paused") ? VIREO_DOMAIN_START_PAUSED
                                                                        : VIREO_DOMAIN_START_NONE;

  if (supports (call, driver != NULL && VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->create != NULL))
    VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->create (driver, call->def,
                                                    vireo_caller_get_uid (call->caller), flags,
                                                    vireo_call_task_object (call));
}

/* ---- networks ---- */

static void
handle_define_network (VireoCall *call)
{
  VireoNetworkDriver *driver = vireo_connection_obj_get_network_driver (get_connection (call));

  if (supports (call, driver != NULL && VIREO_NETWORK_DRIVER_GET_IFACE (driver)->define != NULL))
    VIREO_NETWORK_DRIVER_GET_IFACE (driver)->define (
        driver, call->def, vireo_caller_get_uid (call->caller), vireo_call_task_object (call));
}

static void
handle_create_network (VireoCall *call)
{
  VireoNetworkDriver *driver = vireo_connection_obj_get_network_driver (get_connection (call));

  if (supports (call, driver != NULL && VIREO_NETWORK_DRIVER_GET_IFACE (driver)->create != NULL))
    VIREO_NETWORK_DRIVER_GET_IFACE (driver)->create (
        driver, call->def, vireo_caller_get_uid (call->caller), vireo_call_task_object (call));
}

/* ---- the connection itself ---- */

static void
on_capabilities (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autofree char *xml = g_task_propagate_pointer (G_TASK (result), &error);

  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

static void
handle_get_capabilities (VireoCall *call)
{
  VireoConnectionObj *connection = get_connection (call);
  VireoConnectionObjClass *klass = VIREO_CONNECTION_OBJ_GET_CLASS (connection);

  if (supports (call, klass->get_capabilities != NULL))
    klass->get_capabilities (connection, vireo_call_task (call, on_capabilities));
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;

  if (vireo_hypervisors_reload_finish (VIREO_HYPERVISORS (source), result, &error))
    vireo_call_return (call, NULL);
  else
    vireo_call_return_error (call, error);
}

static void
handle_reload (VireoCall *call)
{
  vireo_hypervisors_reload_async (vireo_hypervisors_of (vireo_server_get_tree (call->server)),
                                  call->node, on_reloaded, call);
}

static const VireoHandler methods[] = {
  { "DefineDomain", handle_define_domain, .prepare = vireo_define_prepare_domain },
  { "CreateDomain", handle_create_domain, .operation = "domain-create", .show_job = TRUE,
    .prepare = vireo_define_prepare_domain },
  { "ListDomains", vireo_connection_list_domains },
  { "GetDomains", vireo_connection_get_domains },
  { "LookupDomainByName", vireo_connection_lookup_domain_by_name },
  { "LookupDomainByUuid", vireo_connection_lookup_domain_by_uuid },
  { "LookupDomainById", vireo_connection_lookup_domain_by_id },
  { "DefineNetwork", handle_define_network, .prepare = vireo_define_prepare_network },
  { "CreateNetwork", handle_create_network, .operation = "network-create", .show_job = TRUE,
    .prepare = vireo_define_prepare_network },
  { "ListNetworks", vireo_connection_list_networks },
  { "GetNetworks", vireo_connection_get_networks },
  { "LookupNetworkByName", vireo_connection_lookup_network_by_name },
  { "LookupNetworkByUuid", vireo_connection_lookup_network_by_uuid },
  { "GetCapabilities", handle_get_capabilities },
  { "Reload", handle_reload },
  { NULL },
};

static const VireoHandler writers[] = {
  { NULL },
};

const VireoService vireo_service_connection = {
  .interface = "org.vireo.Vireo1.Connection",
  .path_kind = VIREO_PATH_CONNECTION,
  .kind = "connect",
  .get_type = vireo_connection_obj_get_type,
  .methods = methods,
  .writers = writers,
};
