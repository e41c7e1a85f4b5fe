/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt.h"

#include "vireo-libvirt-call.h"
#include "vireo-libvirt-signals.h"
#include "vireo-libvirt-standard.h"

#define PEER "org.freedesktop.DBus.Peer"
#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct _VireoLibvirt
{
  GObject parent;

  VireoServer *server;
  gboolean session;
  VireoLibvirtExport *exports[VIREO_PATH_N_KINDS];
  VireoLibvirtSignals *signals;
};

G_DEFINE_TYPE (VireoLibvirt, vireo_libvirt, G_TYPE_OBJECT)

static const VireoLibvirtService *const services[] = {
  &vireo_libvirt_connect,     &vireo_libvirt_domain,  &vireo_libvirt_domain_snapshot,
  &vireo_libvirt_interface,   &vireo_libvirt_network, &vireo_libvirt_node_device,
  &vireo_libvirt_nwfilter,    &vireo_libvirt_secret,  &vireo_libvirt_storage_pool,
  &vireo_libvirt_storage_vol,
};

/* ---- methods ---- */

/* What a call is can be said from the call alone, here as in vireo-dispatch.c. */
static gboolean
check_type (VireoLibvirtCall *call, const char *wanted)
{
  const char *type = call->args != NULL ? g_variant_get_type_string (call->args) : "()";

  if (g_str_equal (type, wanted))
    return TRUE;
  vireo_libvirt_call_return_bus_error (call, G_DBUS_ERROR_INVALID_ARGS,
                                       "%s takes arguments of the types %s, not %s",
                                       g_dbus_message_get_member (call->message), wanted, type);
  return FALSE;
}

/* Flags that a method does not know are refused, so that nobody relies on what is not done. */
static gboolean
check_flags (VireoLibvirtCall *call)
{
  guint32 unknown;

  if (call->method->options_index < 0)
    return TRUE;
  g_variant_get_child (call->args, (gsize) call->method->options_index, "u", &call->flags);
  unknown = call->flags;
  for (const VireoLibvirtFlag *flag = call->row->flags; flag != NULL && flag->bit != 0; flag++)
    unknown &= ~flag->bit;
  if (unknown == 0 || (call->row->native == NULL && call->row->run == NULL))
    return TRUE;
  vireo_libvirt_call_return_error (call, g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                                                      "unsupported flags (0x%x) in function %s",
                                                      unknown, call->method->name));
  return FALSE;
}

static void
return_missing (VireoLibvirtCall *call)
{
  vireo_libvirt_call_return_error (
      call, g_error_new (VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT, "there is no such object"));
}

static void
run_method (VireoLibvirtCall *call)
{
  call->node_path = vireo_libvirt_path_to_node_path (&call->path, call->connection);
  if (call->node_path == NULL)
    return_missing (call);
  else
    vireo_libvirt_call_run (call);
}

static void
route_method (VireoLibvirtCall *call)
{
  const VireoInterfaceInfo *info = call->export->info;
  const char *member = g_dbus_message_get_member (call->message);
  gsize index;

  call->method = vireo_method_find (info, member);
  if (call->method == NULL)
    {
      vireo_libvirt_call_return_bus_error (call, G_DBUS_ERROR_UNKNOWN_METHOD, "No such method “%s”",
                                           member);
      return;
    }
  index = (gsize) (call->method - info->methods);
  call->row = call->export->methods[index];
  call->target = &call->export->method_targets[index];
  if (check_type (call, call->method->in_type) && check_flags (call))
    vireo_libvirt_call_open (call, run_method);
}

/* ---- properties ---- */

/* Of the interface that a call of Properties names. */
static gboolean
check_interface (VireoLibvirtCall *call)
{
  const char *interface;

  g_variant_get_child (call->args, 0, "&s", &interface);
  if (*interface == '\0' || g_str_equal (interface, call->export->info->name))
    return TRUE;
  vireo_libvirt_call_return_bus_error (call, G_DBUS_ERROR_INVALID_ARGS, "No such interface “%s”",
                                       interface);
  return FALSE;
}

static gboolean
find_property (VireoLibvirtCall *call)
{
  const VireoPropertyInfo *property;
  const char *name;

  if (!check_interface (call))
    return FALSE;
  g_variant_get_child (call->args, 1, "&s", &name);
  property = vireo_property_find (call->export->info, name);
  if (property == NULL)
    {
      vireo_libvirt_call_return_bus_error (call, G_DBUS_ERROR_INVALID_ARGS, "No such property “%s”",
                                           name);
      return FALSE;
    }
  call->property = (guint) (property - call->export->info->properties);
  return TRUE;
}

static void
run_get (VireoLibvirtCall *call)
{
  call->node_path = vireo_libvirt_path_to_node_path (&call->path, call->connection);
  if (call->node_path == NULL)
    return_missing (call);
  else
    vireo_libvirt_standard_get (call);
}

static void
run_get_all (VireoLibvirtCall *call)
{
  call->node_path = vireo_libvirt_path_to_node_path (&call->path, call->connection);
  if (call->node_path == NULL)
    return_missing (call);
  else
    vireo_libvirt_standard_get_all (call);
}

static void
run_set (VireoLibvirtCall *call)
{
  call->node_path = vireo_libvirt_path_to_node_path (&call->path, call->connection);
  if (call->node_path == NULL)
    return_missing (call);
  else
    vireo_libvirt_standard_set (call);
}

static void
route_get (VireoLibvirtCall *call)
{
  if (find_property (call))
    vireo_libvirt_call_open (call, run_get);
}

static void
route_get_all (VireoLibvirtCall *call)
{
  if (check_interface (call))
    vireo_libvirt_call_open (call, run_get_all);
}

static void
route_set (VireoLibvirtCall *call)
{
  const VireoPropertyInfo *property;
  g_autoptr (GVariant) value = NULL;

  if (!find_property (call))
    return;
  property = &call->export->info->properties[call->property];
  g_variant_get_child (call->args, 2, "v", &value);
  if (property->write_actions == NULL)
    vireo_libvirt_call_return_bus_error (call, G_DBUS_ERROR_INVALID_ARGS,
                                         "Property “%s” is not writable", property->name);
  else if (!g_variant_is_of_type (value, G_VARIANT_TYPE (property->type)))
    vireo_libvirt_call_return_bus_error (
        call, G_DBUS_ERROR_INVALID_ARGS,
        "Error setting property “%s”: Expected type “%s” but got “%s”", property->name,
        property->type, g_variant_get_type_string (value));
  else
    vireo_libvirt_call_open (call, run_set);
}

/* ---- what is called ---- */

static void
route_ping (VireoLibvirtCall *call)
{
  vireo_libvirt_call_return (call, NULL, NULL);
}

/* @everywhere: on paths of which there is no object, too. */
static const struct
{
  const char *interface;
  const char *member;
  const char *type;
  gboolean everywhere;
  void (*route) (VireoLibvirtCall *call);
} standard[] = {
  { PEER, "Ping", "()", TRUE, route_ping },
  { PEER, "GetMachineId", "()", TRUE, vireo_libvirt_standard_get_machine_id },
  { INTROSPECTABLE, "Introspect", "()", TRUE, vireo_libvirt_standard_introspect },
  { PROPERTIES, "Get", "(ss)", FALSE, route_get },
  { PROPERTIES, "GetAll", "(s)", FALSE, route_get_all },
  { PROPERTIES, "Set", "(ssv)", FALSE, route_set },
};

static gboolean
route_standard (VireoLibvirtCall *call)
{
  const char *interface = g_dbus_message_get_interface (call->message);
  const char *member = g_dbus_message_get_member (call->message);

  for (gsize i = 0; i < G_N_ELEMENTS (standard); i++)
    {
      if (!g_str_equal (standard[i].member, member)
          || (interface != NULL && !g_str_equal (standard[i].interface, interface))
          || (!standard[i].everywhere && call->export == NULL))
        continue;
      if (check_type (call, standard[i].type))
        standard[i].route (call);
      return TRUE;
    }
  return FALSE;
}

static void
serve (VireoCaller *caller, GDBusMessage *message, gpointer user_data)
{
  VireoLibvirt *self = user_data;
  VireoLibvirtCall *call = vireo_libvirt_call_new (self->server, self->session, caller, message);
  const char *path = g_dbus_message_get_path (message);
  const char *interface = g_dbus_message_get_interface (message);

  /* Clients of org.libvirt do not subscribe: who calls wants to hear. */
  vireo_libvirt_signals_subscribe (self->signals, caller);
  if (!vireo_libvirt_path_parse (path, self->session, &call->path))
    {
      vireo_libvirt_call_return_bus_error (call, G_DBUS_ERROR_UNKNOWN_METHOD,
                                           "Object does not exist at path “%s”", path);
      return;
    }
  call->export = self->exports[call->path.path_kind];
  if (route_standard (call))
    return;
  if (call->export == NULL
      || (interface != NULL && !g_str_equal (interface, call->export->info->name)))
    vireo_libvirt_call_return_bus_error (call, G_DBUS_ERROR_UNKNOWN_METHOD,
                                         "No such interface “%s” on object at path %s",
                                         interface != NULL ? interface : "(none)", path);
  else
    route_method (call);
}

/* ---- its life ---- */

static void
libvirt_dispose (GObject *object)
{
  VireoLibvirt *self = VIREO_LIBVIRT (object);

  g_clear_pointer (&self->signals, vireo_libvirt_signals_free);
  G_OBJECT_CLASS (vireo_libvirt_parent_class)->dispose (object);
}

static void
libvirt_finalize (GObject *object)
{
  VireoLibvirt *self = VIREO_LIBVIRT (object);

  for (gsize i = 0; i < VIREO_PATH_N_KINDS; i++)
    g_clear_pointer (&self->exports[i], vireo_libvirt_export_free);
  G_OBJECT_CLASS (vireo_libvirt_parent_class)->finalize (object);
}

static void
vireo_libvirt_class_init (VireoLibvirtClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = libvirt_dispose;
  G_OBJECT_CLASS (klass)->finalize = libvirt_finalize;
}

static void
vireo_libvirt_init (VireoLibvirt *self)
{
}

/**
 * vireo_libvirt_new:
 * @server: what serves the bus
 * @session: whether it is a session bus
 * @error: says which row of which table is wrong
 *
 * Returns: (transfer full): what serves org.libvirt's objects on @server's bus
 */
VireoLibvirt *
vireo_libvirt_new (VireoServer *server, gboolean session, GError **error)
{
  g_autoptr (VireoLibvirt) self = g_object_new (VIREO_TYPE_LIBVIRT, NULL);

  self->server = server;
  self->session = session;
  for (gsize i = 0; i < G_N_ELEMENTS (services); i++)
    {
      VireoLibvirtExport *export
          = vireo_libvirt_export_new (services[i], vireo_server_get_tree (server), error);

      if (export == NULL)
        return NULL;
      self->exports[services[i]->path_kind] = export;
    }
  self->signals = vireo_libvirt_signals_new (server, session, services, G_N_ELEMENTS (services));
  vireo_server_set_other (server, VIREO_LIBVIRT_ROOT, serve, self);
  return g_steal_pointer (&self);
}
