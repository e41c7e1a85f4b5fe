/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-dispatch.h"

#include <string.h>

#include "vireo-gate.h"
#include "vireo-standard.h"

/* What a call is can be said from the call alone: whether there is such a member, and whether its
 * arguments have the right types, does not depend on what exists. So these errors tell nothing, and
 * come first. */

#define PEER "org.freedesktop.DBus.Peer"
#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

static void route_get (VireoCall *call);
static void route_get_all (VireoCall *call);
static void route_set (VireoCall *call);
static void route_managed_objects (VireoCall *call);

/* @everywhere: on paths of which there is no object, too. */
static const struct
{
  const char *interface;
  const char *member;
  const char *type;
  gboolean everywhere;
  void (*route) (VireoCall *call);
} standard[] = {
  { PEER, "Ping", "()", TRUE, vireo_standard_ping },
  { PEER, "GetMachineId", "()", TRUE, vireo_standard_get_machine_id },
  { INTROSPECTABLE, "Introspect", "()", TRUE, NULL },
  { PROPERTIES, "Get", "(ss)", FALSE, route_get },
  { PROPERTIES, "GetAll", "(s)", FALSE, route_get_all },
  { PROPERTIES, "Set", "(ssv)", FALSE, route_set },
  { OBJECT_MANAGER, "GetManagedObjects", "()", FALSE, route_managed_objects },
};

static void G_GNUC_PRINTF (3, 4)
    return_bus_error (VireoCall *call, GDBusError code, const char *format, ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (G_DBUS_ERROR, (int) code, format, args);
  va_end (args);
  vireo_call_return_error (call, error);
}

/* The type of the arguments of @call, of which "()" is also what has no body. */
static const char *
args_type (VireoCall *call)
{
  return call->args != NULL ? g_variant_get_type_string (call->args) : "()";
}

static gboolean
check_type (VireoCall *call, const char *wanted)
{
  if (g_str_equal (args_type (call), wanted))
    return TRUE;
  return_bus_error (call, G_DBUS_ERROR_INVALID_ARGS, "%s takes arguments of the types %s, not %s",
                    call->member, wanted, args_type (call));
  return FALSE;
}

/* Of the property that a call of Get or Set names; FALSE when it was answered. */
static gboolean
find_property (VireoCall *call)
{
  const char *interface, *name;
  const VireoPropertyInfo *property;

  g_variant_get_child (call->args, 0, "&s", &interface);
  g_variant_get_child (call->args, 1, "&s", &name);
  if (*interface != '\0' && !g_str_equal (interface, call->export->info->name))
    {
      return_bus_error (call, G_DBUS_ERROR_UNKNOWN_INTERFACE,
                        "objects like %s do not have the interface %s",
                        g_dbus_message_get_path (call->message), interface);
      return FALSE;
    }
  property = vireo_property_find (call->export->info, name);
  if (property == NULL)
    {
      return_bus_error (call, G_DBUS_ERROR_UNKNOWN_PROPERTY, "%s has no property %s",
                        call->export->info->name, name);
      return FALSE;
    }
  call->property = (guint) (property - call->export->info->properties);
  return TRUE;
}

static void
route_get (VireoCall *call)
{
  if (!find_property (call))
    return;
  call->actions = call->export->info->properties[call->property].actions;
  call->run = vireo_standard_get;
  vireo_gate_pass (call);
}

static void
route_get_all (VireoCall *call)
{
  static const VireoAction *manager[] = { NULL, NULL };
  const char *interface;

  g_variant_get_child (call->args, 0, "&s", &interface);
  if (*interface != '\0' && !g_str_equal (interface, call->export->info->name))
    {
      return_bus_error (call, G_DBUS_ERROR_UNKNOWN_INTERFACE,
                        "objects like %s do not have the interface %s",
                        g_dbus_message_get_path (call->message), interface);
      return;
    }
  if (call->path_kind == VIREO_PATH_MANAGER)
    {
      manager[0] = call->export->getattr;
      call->actions = manager;
    }
  call->run = vireo_standard_get_all;
  vireo_gate_pass (call);
}

static void
run_writer (VireoCall *call)
{
  call->handler->handle (call);
}

static void
send_set (VireoCall *call, const VireoPropertyInfo *property)
{
  call->actions = property->write_actions;
  call->handler = call->export->writers[call->property];
  call->run = run_writer;
  call->changes = TRUE;
  vireo_gate_pass (call);
}

static void
route_set (VireoCall *call)
{
  const VireoPropertyInfo *property;

  if (!find_property (call))
    return;
  property = &call->export->info->properties[call->property];
  if (property->write_actions == NULL)
    {
      return_bus_error (call, G_DBUS_ERROR_PROPERTY_READ_ONLY, "%s.%s cannot be written",
                        call->export->info->name, property->name);
      return;
    }
  g_variant_get_child (call->args, 2, "v", &call->value);
  if (!g_variant_is_of_type (call->value, G_VARIANT_TYPE (property->type)))
    {
      return_bus_error (call, G_DBUS_ERROR_INVALID_ARGS, "%s.%s has the type %s, not %s",
                        call->export->info->name, property->name, property->type,
                        g_variant_get_type_string (call->value));
      return;
    }
  send_set (call, property);
}

static void
route_managed_objects (VireoCall *call)
{
  static const VireoAction *manager[] = { NULL, NULL };

  if (call->path_kind != VIREO_PATH_MANAGER)
    {
      return_bus_error (call, G_DBUS_ERROR_UNKNOWN_INTERFACE, "%s is at %s only", OBJECT_MANAGER,
                        VIREO_PATH_ROOT);
      return;
    }
  manager[0] = call->export->getattr;
  call->actions = manager;
  call->run = vireo_standard_get_managed_objects;
  vireo_gate_pass (call);
}

static void
run_method (VireoCall *call)
{
  call->handler->handle (call);
}

static void
send_method (VireoCall *call, const VireoMethodInfo *method)
{
  call->method = method;
  call->actions = method->actions;
  call->handler = call->export->methods[method - call->export->info->methods];
  call->run = run_method;
  call->changes = !vireo_actions_are_reading (call->actions);
  vireo_gate_pass (call);
}

static void
route_method (VireoCall *call)
{
  const VireoInterfaceInfo *info = call->export->info;

  call->method = vireo_method_find (info, call->member);
  if (call->method == NULL)
    {
      return_bus_error (call, G_DBUS_ERROR_UNKNOWN_METHOD, "%s has no method %s", info->name,
                        call->member);
      return;
    }
  if (!check_type (call, call->method->in_type))
    return;
  send_method (call, call->method);
}

/* The objects that have to exist for a call on @path. A folder is there when what it is in is. */
static void
set_node_path (VireoCall *call, const char *path)
{
  static const char connections[] = VIREO_PATH_ROOT "/connections/";

  if (call->path_kind >= VIREO_PATH_CONNECTION || call->path_kind == VIREO_PATH_MANAGER)
    call->node_path = path;
  else if (call->path_kind == VIREO_PATH_FOLDER && g_str_has_prefix (path, connections))
    call->node_path = call->own_node_path = g_strndup (path, strrchr (path, '/') - path);
}

/* Returns whether @call was one of a standard interface, and was sent on. */
static gboolean
route_standard (VireoCall *call)
{
  for (gsize i = 0; i < G_N_ELEMENTS (standard); i++)
    {
      if (!g_str_equal (standard[i].member, call->member)
          || (call->interface != NULL && !g_str_equal (standard[i].interface, call->interface))
          || (!standard[i].everywhere && call->export == NULL))
        continue;
      if (!check_type (call, standard[i].type))
        return TRUE;
      if (standard[i].route != NULL)
        standard[i].route (call);
      else
        {
          call->run = vireo_standard_introspect;
          vireo_gate_pass (call);
        }
      return TRUE;
    }
  return FALSE;
}

static gboolean
is_standard (const char *interface)
{
  for (gsize i = 0; interface != NULL && i < G_N_ELEMENTS (standard); i++)
    if (g_str_equal (standard[i].interface, interface))
      return TRUE;
  return FALSE;
}

void
vireo_dispatch (VireoServer *server, VireoCaller *caller, GDBusMessage *message)
{
  VireoCall *call = vireo_call_new (server, caller, message);
  const char *path = g_dbus_message_get_path (message);

  call->path_kind = vireo_path_classify (path);
  call->export = vireo_tree_get_export (vireo_server_get_tree (server), call->path_kind);
  set_node_path (call, path);
  if (call->path_kind == VIREO_PATH_NONE && g_strcmp0 (call->interface, PEER) != 0)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_UNKNOWN_OBJECT, "there is no object at %s",
                                   path);
      return;
    }
  if (route_standard (call))
    return;

  if (is_standard (call->interface)
      && (call->export != NULL || !g_str_equal (call->interface, PROPERTIES)))
    return_bus_error (call, G_DBUS_ERROR_UNKNOWN_METHOD, "%s has no method %s", call->interface,
                      call->member);
  else if (call->export == NULL
           || (call->interface != NULL && !g_str_equal (call->interface, call->export->info->name)))
    return_bus_error (call, G_DBUS_ERROR_UNKNOWN_INTERFACE,
                      "objects like %s do not have the interface %s", path,
                      call->interface != NULL ? call->interface : "that has this method");
  else
    route_method (call);
}

/* ---- calls inside of others ---- */

static void
set_target (VireoCall *call, const char *node_path)
{
  call->node_path = call->own_node_path = g_strdup (node_path);
  call->path_kind = vireo_path_classify (node_path);
  call->export = vireo_tree_get_export (vireo_server_get_tree (call->server), call->path_kind);
}

void
vireo_dispatch_method (VireoCall *call,
                       const char *node_path,
                       const VireoMethodInfo *info,
                       GVariant *args)
{
  set_target (call, node_path);
  call->member = info->name;
  call->args = call->own_args = g_variant_ref_sink (args);
  send_method (call, info);
}

void
vireo_dispatch_read (VireoCall *call,
                     const char *node_path,
                     const VireoAction *const *actions,
                     void (*run) (VireoCall *call))
{
  set_target (call, node_path);
  call->actions = actions;
  call->run = run;
  vireo_gate_pass (call);
}

void
vireo_dispatch_set (VireoCall *call,
                    const char *node_path,
                    const VireoPropertyInfo *info,
                    GVariant *value)
{
  set_target (call, node_path);
  call->member = "Set";
  call->property = (guint) (info - call->export->info->properties);
  call->value = g_variant_ref_sink (value);
  send_set (call, info);
}
