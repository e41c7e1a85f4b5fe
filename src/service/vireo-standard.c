/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-standard.h"

#include <string.h>

#include "vireo-visibility.h"

void
vireo_standard_ping (VireoCall *call)
{
  vireo_call_return (call, NULL);
}

void
vireo_standard_get_machine_id (VireoCall *call)
{
  static char *id = NULL;
  g_autoptr (GError) error = NULL;

  if (id == NULL && !g_file_get_contents ("/etc/machine-id", &id, NULL, &error)
      && !g_file_get_contents ("/var/lib/dbus/machine-id", &id, NULL, NULL))
    {
      vireo_call_return_new_error (call, VIREO_ERROR_MISSING_RESOURCE, "%s", error->message);
      return;
    }
  vireo_call_return (call, g_variant_new ("(s)", g_strchomp (id)));
}

/* ---- properties ---- */

typedef void (*ReadFunc) (VireoCall *call, const VireoReading *reading);

typedef struct
{
  VireoCall *call;
  ReadFunc func;
} Read;

static void
on_readable (GPtrArray *nodes, gpointer user_data)
{
  g_autofree Read *read = user_data;
  g_autoptr (GHashTable) visible = g_hash_table_new (NULL, NULL);
  VireoReading reading = { vireo_server_get_tree (read->call->server), visible };

  for (guint i = 0; i < nodes->len; i++)
    g_hash_table_add (visible, g_ptr_array_index (nodes, i));
  read->func (read->call, &reading);
}

/* The manager's properties name connections, of which a caller is told those that it sees. What the
 * others say depends on nobody. */
static void
with_reading (VireoCall *call, ReadFunc func)
{
  VireoTree *tree = vireo_server_get_tree (call->server);
  VireoReading everything = { tree, NULL };
  Read *read;

  if (call->path_kind != VIREO_PATH_MANAGER)
    {
      func (call, &everything);
      return;
    }
  read = g_new (Read, 1);
  read->call = call;
  read->func = func;
  vireo_visibility_filter (vireo_server_get_authority (call->server), call->caller,
                           vireo_tree_get_connections (tree), on_readable, read);
}

static void
return_property (VireoCall *call, const VireoReading *reading)
{
  g_autoptr (GVariant) value = vireo_export_get (call->export, call->property, call->node, reading);

  vireo_call_return (call, g_variant_new ("(v)", value));
}

void
vireo_standard_get (VireoCall *call)
{
  with_reading (call, return_property);
}

static void
return_properties (VireoCall *call, const VireoReading *reading)
{
  vireo_call_return (
      call, g_variant_new ("(@a{sv})",
                           vireo_export_get_many (call->node, reading, VIREO_ALL_PROPERTIES)));
}

void
vireo_standard_get_all (VireoCall *call)
{
  with_reading (call, return_properties);
}

/* ---- objects ---- */

static GVariant *
describe (VireoNode *node, VireoCall *call, gpointer user_data)
{
  VireoReading reading = { vireo_server_get_tree (call->server), NULL };
  GVariant *properties = vireo_export_get_many (node, &reading, VIREO_ALL_PROPERTIES);
  GVariant *interface = g_variant_new_dict_entry (g_variant_new_string (node->export->info->name),
                                                  properties);

  return g_variant_new_dict_entry (
      g_variant_new_object_path (node->path),
      g_variant_new_array (G_VARIANT_TYPE ("{sa{sv}}"), &interface, 1));
}

static void
on_managed (GPtrArray *nodes, gpointer user_data)
{
  VireoCall *call = user_data;

  /* What changed before the list is told before it. */
  vireo_server_flush_signals (call->server);
  vireo_bulk_return (call, nodes, G_VARIANT_TYPE ("{oa{sa{sv}}}"), describe, NULL, NULL);
}

void
vireo_standard_get_managed_objects (VireoCall *call)
{
  g_autoptr (GPtrArray) nodes = NULL;
  GError *error = NULL;

  /* Before, so that nothing is missed that comes while polkit is asked. */
  if (!vireo_server_subscribe (call->server, call->caller, &error))
    {
      vireo_call_return_error (call, error);
      return;
    }
  nodes = vireo_tree_snapshot (vireo_server_get_tree (call->server));
  vireo_visibility_filter (vireo_server_get_authority (call->server), call->caller, nodes,
                           on_managed, call);
}

/* ---- introspection ---- */

static const char head[]
    = "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
      "  \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
      "<node>\n"
      "  <interface name=\"org.freedesktop.DBus.Peer\">\n"
      "    <method name=\"Ping\"/>\n"
      "    <method name=\"GetMachineId\"><arg name=\"machine_uuid\" type=\"s\" direction=\"out\"/>"
      "</method>\n"
      "  </interface>\n"
      "  <interface name=\"org.freedesktop.DBus.Introspectable\">\n"
      "    <method name=\"Introspect\"><arg name=\"xml_data\" type=\"s\" direction=\"out\"/>"
      "</method>\n"
      "  </interface>\n";

static const char properties[]
    = "  <interface name=\"org.freedesktop.DBus.Properties\">\n"
      "    <method name=\"Get\">\n"
      "      <arg name=\"interface_name\" type=\"s\" direction=\"in\"/>\n"
      "      <arg name=\"property_name\" type=\"s\" direction=\"in\"/>\n"
      "      <arg name=\"value\" type=\"v\" direction=\"out\"/>\n"
      "    </method>\n"
      "    <method name=\"GetAll\">\n"
      "      <arg name=\"interface_name\" type=\"s\" direction=\"in\"/>\n"
      "      <arg name=\"properties\" type=\"a{sv}\" direction=\"out\"/>\n"
      "    </method>\n"
      "    <method name=\"Set\">\n"
      "      <arg name=\"interface_name\" type=\"s\" direction=\"in\"/>\n"
      "      <arg name=\"property_name\" type=\"s\" direction=\"in\"/>\n"
      "      <arg name=\"value\" type=\"v\" direction=\"in\"/>\n"
      "    </method>\n"
      "    <signal name=\"PropertiesChanged\">\n"
      "      <arg name=\"interface_name\" type=\"s\"/>\n"
      "      <arg name=\"changed_properties\" type=\"a{sv}\"/>\n"
      "      <arg name=\"invalidated_properties\" type=\"as\"/>\n"
      "    </signal>\n"
      "  </interface>\n";

static const char object_manager[]
    = "  <interface name=\"org.freedesktop.DBus.ObjectManager\">\n"
      "    <method name=\"GetManagedObjects\">\n"
      "      <arg name=\"objects\" type=\"a{oa{sa{sv}}}\" direction=\"out\"/>\n"
      "    </method>\n"
      "    <signal name=\"InterfacesAdded\">\n"
      "      <arg name=\"object\" type=\"o\"/>\n"
      "      <arg name=\"interfaces\" type=\"a{sa{sv}}\"/>\n"
      "    </signal>\n"
      "    <signal name=\"InterfacesRemoved\">\n"
      "      <arg name=\"object\" type=\"o\"/>\n"
      "      <arg name=\"interfaces\" type=\"as\"/>\n"
      "    </signal>\n"
      "  </interface>\n";

/* What is there whatever exists. */
static const struct
{
  const char *path;
  VireoPathKind path_kind;
  const char *child;
} fixed_children[] = {
  { "/", VIREO_PATH_ABOVE, "org" },
  { "/org", VIREO_PATH_ABOVE, "vireo" },
  { "/org/vireo", VIREO_PATH_ABOVE, "Vireo1" },
  { NULL, VIREO_PATH_MANAGER, "connections" },
  { NULL, VIREO_PATH_MANAGER, "jobs" },
};

/**
 * vireo_standard_add_child:
 * @xml: what vireo_standard_begin_xml() began
 * @name: last element of the child's path
 */
void
vireo_standard_add_child (GString *xml, const char *name)
{
  g_string_append (xml, "  <node name=\"");
  g_string_append (xml, name);
  g_string_append (xml, "\"/>\n");
}

/* The folders below an object like the one that was called. */
static void
add_folders (GString *xml, VireoCall *call)
{
  VireoTree *tree = vireo_server_get_tree (call->server);

  for (guint i = 0; i < VIREO_PATH_N_KINDS; i++)
    if (vireo_path_kind_name (i) != NULL && vireo_path_kind_parent (i) == call->path_kind
        && vireo_tree_get_export (tree, i) != NULL)
      vireo_standard_add_child (xml, vireo_path_kind_folder (i));
}

/* What else is served, when that is below the path that was called. */
static void
add_other (GString *xml, VireoCall *call)
{
  const char *other = vireo_server_get_other (call->server);
  const char *path = g_dbus_message_get_path (call->message);
  gsize length = strlen (path);

  if (other != NULL && strncmp (other, path, length) == 0 && other[length] == '/'
      && strchr (other + length + 1, '/') == NULL)
    vireo_standard_add_child (xml, other + length + 1);
}

/**
 * vireo_standard_begin_xml:
 * @info: (nullable): the interface that objects at the path have
 *
 * Begins what Introspect() returns; children and the end of the document follow.
 *
 * Returns: (transfer full): the text until then
 */
GString *
vireo_standard_begin_xml (const VireoInterfaceInfo *info)
{
  GString *xml = g_string_new (head);

  if (info != NULL)
    {
      g_string_append (xml, properties);
      g_string_append (xml, info->xml);
    }
  return xml;
}

/* The name of a child, which is the end of its path. */
static GVariant *
name_child (VireoNode *node, VireoCall *call, gpointer user_data)
{
  return g_variant_new_string (strrchr (node->path, '/') + 1);
}

/* @user_data: the document as far as it is known without them */
static GVariant *
join_children (GPtrArray *entries, gpointer user_data)
{
  g_autoptr (GString) xml = g_string_new (user_data);

  for (guint i = 0; i < entries->len; i++)
    vireo_standard_add_child (xml, g_variant_get_string (entries->pdata[i], NULL));
  g_string_append (xml, "</node>\n");
  return g_variant_new ("(s)", xml->str);
}

/**
 * vireo_standard_return_xml:
 * @call: (transfer full): the call
 * @xml: (transfer full): the document until here
 * @nodes: (element-type VireoNode): children that the caller may see
 * @name: returns the last element of a child's path as a string
 *
 * Ends the document and returns it.
 */
void
vireo_standard_return_xml (VireoCall *call,
                           GString *xml,
                           GPtrArray *nodes,
                           VireoBulkFunc name)
{
  vireo_bulk_return_joined (call, nodes, name, join_children, g_string_free (xml, FALSE),
                            g_free);
}

static void
on_children (GPtrArray *nodes, gpointer user_data)
{
  VireoCall *call = user_data;
  const char *path = g_dbus_message_get_path (call->message);
  GString *xml = vireo_standard_begin_xml (call->export != NULL ? call->export->info : NULL);

  if (call->path_kind == VIREO_PATH_MANAGER)
    g_string_append (xml, object_manager);
  for (gsize i = 0; i < G_N_ELEMENTS (fixed_children); i++)
    if (fixed_children[i].path_kind == call->path_kind
        && (fixed_children[i].path == NULL || g_str_equal (fixed_children[i].path, path)))
      vireo_standard_add_child (xml, fixed_children[i].child);
  add_folders (xml, call);
  add_other (xml, call);
  vireo_standard_return_xml (call, xml, nodes, name_child);
}

/* What is right below @path. */
static GPtrArray *
list_below (VireoTree *tree, const char *path)
{
  g_autoptr (GPtrArray) all = vireo_tree_snapshot (tree);
  GPtrArray *children = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  gsize length = strlen (path);

  for (guint i = 0; i < all->len; i++)
    {
      VireoNode *node = g_ptr_array_index (all, i);

      if (strncmp (node->path, path, length) == 0 && node->path[length] == '/'
          && strchr (node->path + length + 1, '/') == NULL)
        g_ptr_array_add (children, vireo_node_ref (node));
    }
  return children;
}

/* Only folders have children that come and go. Those of an object have one kind; the others, of
 * connections and jobs, are looked for. */
static GPtrArray *
list_children (VireoCall *call)
{
  VireoTree *tree = vireo_server_get_tree (call->server);
  const char *path = g_dbus_message_get_path (call->message);
  const char *folder = strrchr (path, '/') + 1;
  g_autofree char *parent_path = g_strndup (path, (gsize) (folder - path - 1));
  VireoNode *parent = vireo_tree_find (tree, parent_path);

  if (call->path_kind != VIREO_PATH_FOLDER)
    return g_ptr_array_new ();
  for (guint i = 0; parent != NULL && i < VIREO_PATH_N_KINDS; i++)
    if (vireo_path_kind_name (i) != NULL && vireo_path_kind_parent (i) == parent->path_kind
        && g_str_equal (vireo_path_kind_folder (i), folder))
      return vireo_node_get_children (parent, i);
  return list_below (tree, path);
}

void
vireo_standard_introspect (VireoCall *call)
{
  g_autoptr (GPtrArray) children = list_children (call);

  vireo_visibility_filter (vireo_server_get_authority (call->server), call->caller, children,
                           on_children, call);
}
