/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include <string.h>

#include "service-network-port.h"
#include "util/vireo-slices.h"
#include "vireo-define.h"
#include "vireo-gate.h"
#include "vireo-handlers.h"
#include "vireo-visibility.h"

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

/* What waits until it is known which of the guests with leases the caller sees. */
typedef struct
{
  VireoCall *call;
  GPtrArray *leases;
  GHashTable *leased; /* their MACs, in lower case */
  GPtrArray *domains; /* of all drivers */
  GPtrArray *guests;    /* (element-type VireoNode) */
  GPtrArray *addresses; /* of those with the same index, in lower case */
} Leases;

static void
leases_free (Leases *self)
{
  g_ptr_array_unref (self->leases);
  g_hash_table_unref (self->leased);
  g_ptr_array_unref (self->domains);
  g_ptr_array_unref (self->guests);
  g_ptr_array_unref (self->addresses);
  g_free (self);
}

static void
add_guest (Leases *self, const VireoDomainDef *def, VireoNode *node)
{
  for (guint i = 0; def != NULL && i < def->n_interfaces; i++)
    {
      const VireoInterfaceMacDef *mac = def->interfaces[i]->mac;
      g_autofree char *address
          = mac != NULL && mac->address != NULL ? g_ascii_strdown (mac->address, -1) : NULL;

      if (address == NULL || !g_hash_table_contains (self->leased, address))
        continue;
      g_ptr_array_add (self->guests, vireo_node_ref (node));
      g_ptr_array_add (self->addresses, g_steal_pointer (&address));
    }
}

static void
list_domains (Leases *self)
{
  GPtrArray *connections = vireo_tree_get_connections (vireo_server_get_tree (self->call->server));

  for (guint i = 0; i < connections->len; i++)
    {
      VireoObjList *list = vireo_node_get_list (connections->pdata[i], VIREO_PATH_DOMAIN);

      if (list != NULL)
        g_ptr_array_extend_and_steal (self->domains, vireo_obj_list_snapshot (list));
    }
}

/* Definitions are kept packed, and thousands of them take a while. */
static void
find_guest (guint index, gpointer user_data)
{
  Leases *self = user_data;
  VireoDomainObj *domain = VIREO_DOMAIN_OBJ (self->domains->pdata[index]);
  VireoNode *node = vireo_node_of (domain);

  if (node == NULL)
    return;
  add_guest (self, vireo_domain_obj_get_live_def (domain), node);
  add_guest (self, vireo_domain_obj_get_persistent_def (domain), node);
}

/* A lease has the name and the address of its guest: who may not read that learns of neither. */
static void
on_visible (GPtrArray *visible, gpointer user_data)
{
  Leases *self = user_data;
  const char *wanted = vireo_call_get_string (self->call, "mac");
  g_autoptr (GHashTable) hidden = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantBuilder builder;

  for (guint i = 0; i < self->guests->len; i++)
    if (!g_ptr_array_find (visible, self->guests->pdata[i], NULL))
      g_hash_table_add (hidden, self->addresses->pdata[i]);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->leases->len; i++)
    {
      const VireoNetworkLease *lease = g_ptr_array_index (self->leases, i);
      g_autofree char *mac = g_ascii_strdown (lease->mac != NULL ? lease->mac : "", -1);

      if (!g_hash_table_contains (hidden, mac)
          && (wanted == NULL || g_ascii_strcasecmp (wanted, mac) == 0))
        add_lease (&builder, lease);
    }
  vireo_call_return (self->call, g_variant_new ("(aa{sv})", &builder));
  leases_free (self);
}

static void
ask_about_guests (gpointer user_data)
{
  Leases *self = user_data;

  vireo_visibility_filter (vireo_server_get_authority (self->call->server), self->call->caller,
                           self->guests, on_visible, self);
}

/* @leases: (transfer full) */
static Leases *
leases_new (VireoCall *call, GPtrArray *leases)
{
  Leases *self = g_new0 (Leases, 1);

  self->call = call;
  self->leases = leases;
  self->leased = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < leases->len; i++)
    {
      const VireoNetworkLease *lease = g_ptr_array_index (leases, i);

      if (lease->mac != NULL)
        g_hash_table_add (self->leased, g_ascii_strdown (lease->mac, -1));
    }
  self->domains = g_ptr_array_new_with_free_func (g_object_unref);
  self->guests = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  self->addresses = g_ptr_array_new_with_free_func (g_free);
  return self;
}

static void
on_leases (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  GPtrArray *leases = g_task_propagate_pointer (G_TASK (result), &error);
  VireoVerdict settled;
  Leases *self;

  if (leases == NULL)
    {
      vireo_call_return_error (call, error);
      return;
    }
  self = leases_new (call, leases);
  /* Who sees everything, as root does, is not kept waiting; and nothing is anybody's. */
  if (leases->len > 0
      && !vireo_authority_settles (vireo_server_get_authority (call->server), call->caller,
                                   &settled))
    list_domains (self);
  vireo_slices_run (self->domains->len, find_guest, ask_about_guests, self);
}

static void
handle_get_leases (VireoCall *call)
{
  VIREO_NETWORK_DRIVER_GET_IFACE (call->part)
      ->get_leases (call->part, VIREO_NETWORK_OBJ (call->node->object),
                    vireo_call_task (call, on_leases));
}

/* ---- Update ---- */

static const VireoAction *
save_action (void)
{
  return vireo_action_find ("network", "save");
}

static gboolean
means_config (VireoCall *call)
{
  return vireo_call_get_boolean (call, "config")
         || (!vireo_call_get_boolean (call, "live")
             && !vireo_obj_get_active (VIREO_OBJ (call->node->object)));
}

static void
prepare_update (VireoCall *call)
{
  if (means_config (call))
    vireo_call_require (call, save_action ());
  vireo_call_prepared (call);
}

static void
handle_update (VireoCall *call)
{
  VireoNetworkUpdate update = { .parent = vireo_call_get_int (call, "parent-index", -1),
                                .live = vireo_call_get_boolean (call, "live"),
                                .config = vireo_call_get_boolean (call, "config") };
  const char *command, *section;

  g_variant_get_child (call->args, 0, "&s", &command);
  g_variant_get_child (call->args, 1, "&s", &section);
  g_variant_get_child (call->args, 2, "&s", &update.xml);
  if (!vireo_network_update_command_from_string (command, &update.command))
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "there is no command \"%s\"", command);
  else if (!vireo_network_update_section_from_string (section, &update.section))
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "there is no section \"%s\"", section);
  /* The network may have gone down while polkit was asked. */
  else if (means_config (call) && !vireo_call_has_required (call, save_action ()))
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_STATE,
                                 "the network has just been stopped");
  else
    VIREO_NETWORK_DRIVER_GET_IFACE (call->part)
        ->update (call->part, VIREO_NETWORK_OBJ (call->node->object), &update,
                  vireo_call_task_boolean (call));
}

static const VireoHandler methods[] = {
  { "Start", vireo_handle_plain, VIREO_JOB_CHANGE, "network-start", .show_job = TRUE,
    .op = VIREO_NETWORK_OP (start) },
  { "Destroy", vireo_handle_plain, VIREO_JOB_STOP, "network-destroy", .show_job = TRUE,
    .op = VIREO_NETWORK_OP (destroy) },
  { "Undefine", vireo_handle_plain, VIREO_JOB_CHANGE, "network-undefine",
    .op = VIREO_NETWORK_OP (undefine) },
  { "GetXml", vireo_handle_get_xml, .op = VIREO_NETWORK_OP (get_networks),
    .prepare = vireo_prepare_get_xml },
  { "SetXml", vireo_handle_set_xml, VIREO_JOB_CHANGE, "network-set-xml",
    .op = VIREO_NETWORK_OP (replace), .prepare = vireo_define_prepare },
  { "Update", handle_update, VIREO_JOB_CHANGE, "network-update", .op = VIREO_NETWORK_OP (update),
    .prepare = prepare_update },
  { "CreatePort", vireo_network_create_port, VIREO_JOB_CHANGE, "network-create-port",
    .of = VIREO_PATH_NETWORK_PORT, .op = VIREO_NETWORK_OP (create_port),
    .prepare = vireo_define_prepare },
  { "ListPorts", vireo_handle_list, .of = VIREO_PATH_NETWORK_PORT,
    .op = VIREO_NETWORK_OP (create_port) },
  { "GetPorts", vireo_handle_get_objects, .of = VIREO_PATH_NETWORK_PORT,
    .op = VIREO_NETWORK_OP (create_port) },
  { "LookupPortByUuid", vireo_handle_lookup_by_uuid, .of = VIREO_PATH_NETWORK_PORT,
    .op = VIREO_NETWORK_OP (create_port) },
  { "GetLeases", handle_get_leases, .op = VIREO_NETWORK_OP (get_leases) },
  { NULL },
};

static const VireoHandler writers[] = {
  { "Autostart", vireo_handle_set_boolean, VIREO_JOB_CHANGE, "network-set-autostart",
    .op = VIREO_NETWORK_OP (set_autostart) },
  { NULL },
};

static const VireoGetter getters[] = {
  { "CurrentJob", vireo_get_current_job },
  { NULL },
};

/* Networks have no passwords, but nobody knows what is in a text that cannot be parsed: who may
 * replace it may look at it. */
const VireoService vireo_service_network = {
  .interface = "org.vireo.Vireo1.Network",
  .path_kind = VIREO_PATH_NETWORK,
  .kind = "network",
  .secure = "write",
  .part = VIREO_PART_REF (VIREO_PART_NETWORKS),
  .get_type = vireo_network_obj_get_type,
  .methods = methods,
  .writers = writers,
  .getters = getters,
};
