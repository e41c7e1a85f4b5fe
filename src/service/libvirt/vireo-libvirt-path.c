/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-path.h"

#include <string.h>

#include "drivers/vireo-driver.h"

/* Connection objects have always been those of the drivers that libvirt can have on the bus. */
static const VireoLibvirtDriver session_drivers[] = {
  { "QEMU", "qemu:///session" },
  { "Test", "test:///default" },
  { "UML", "uml:///session" },
  { "VBox", "vbox:///session" },
  { "VMwareFusion", "vmwarefusion:///session" },
  { "VMwarePlayer", "vmwareplayer:///session" },
  { "VMwareWS", "vmwarews:///session" },
  { NULL },
};

static const VireoLibvirtDriver system_drivers[] = {
  { "BHyve", "bhyve:///system" },   { "LXC", "lxc:///system" },
  { "OpenVZ", "openvz:///system" }, { "QEMU", "qemu:///system" },
  { "Test", "test:///default" },    { "UML", "uml:///system" },
  { "VBox", "vbox:///system" },     { "VZ", "vz:///system" },
  { "Xen", "xen:///system" },       { NULL },
};

const VireoLibvirtFolder vireo_libvirt_folders[] = {
  { "domain", VIREO_PATH_DOMAIN },
  { "domainsnapshot", VIREO_PATH_DOMAIN_SNAPSHOT },
  { "interface", VIREO_PATH_HOST_INTERFACE },
  { "network", VIREO_PATH_NETWORK },
  { "nodedev", VIREO_PATH_NODE_DEVICE },
  { "nwfilter", VIREO_PATH_NETWORK_FILTER },
  { "secret", VIREO_PATH_SECRET },
  { "storagepool", VIREO_PATH_STORAGE_POOL },
  { "storagevol", VIREO_PATH_STORAGE_VOLUME },
  { NULL },
};

/* Kinds that are found by a property rather than by what is in our path. */
static const struct
{
  VireoPathKind path_kind;
  const char *property;
} by_property[] = {
  { VIREO_PATH_HOST_INTERFACE, "mac" },
  { VIREO_PATH_STORAGE_VOLUME, "key" },
};

/* Length of "_" and a UUID. */
#define UUID_ELEMENT 37

const VireoLibvirtDriver *
vireo_libvirt_get_drivers (gboolean session)
{
  return session ? session_drivers : system_drivers;
}

static const VireoLibvirtDriver *
find_driver (const char *name, gsize length, gboolean session)
{
  for (const VireoLibvirtDriver *driver = vireo_libvirt_get_drivers (session); driver->name != NULL;
       driver++)
    if (strlen (driver->name) == length && memcmp (driver->name, name, length) == 0)
      return driver;
  return NULL;
}

static VireoPathKind
find_folder (const char *folder, gsize length)
{
  for (const VireoLibvirtFolder *row = vireo_libvirt_folders; row->folder != NULL; row++)
    if (strlen (row->folder) == length && memcmp (row->folder, folder, length) == 0)
      return row->path_kind;
  return VIREO_PATH_NONE;
}

/**
 * vireo_libvirt_path_parse:
 * @path: an object path, which @ret_path refers to
 * @session: whether it is on a session bus
 * @ret_path: (out): what it says
 *
 * Returns: whether an object can be at @path
 */
gboolean
vireo_libvirt_path_parse (const char *path, gboolean session, VireoLibvirtPath *ret_path)
{
  VireoLibvirtPath parsed = { .path_kind = VIREO_PATH_MANAGER };
  const char *name = path + strlen (VIREO_LIBVIRT_ROOT);
  const char *folder, *element;

  if (*name == '/')
    {
      name++;
      folder = strchrnul (name, '/');
      parsed.path_kind = VIREO_PATH_CONNECTION;
      parsed.driver = find_driver (name, (gsize) (folder - name), session);
      if (parsed.driver == NULL)
        return FALSE;
      if (*folder == '/')
        {
          folder++;
          element = strchrnul (folder, '/');
          parsed.path_kind = VIREO_PATH_FOLDER;
          parsed.of = find_folder (folder, (gsize) (element - folder));
          if (parsed.of == VIREO_PATH_NONE)
            return FALSE;
          if (*element == '/')
            {
              parsed.path_kind = parsed.of;
              parsed.element = element + 1;
            }
        }
    }
  if (parsed.element != NULL && strchr (parsed.element, '/') != NULL)
    return FALSE;
  *ret_path = parsed;
  return TRUE;
}

/* (transfer none) (nullable): of the connection, when it is open */
VireoNode *
vireo_libvirt_find_connection (VireoTree *tree, const VireoLibvirtDriver *driver)
{
  GPtrArray *connections = vireo_tree_get_connections (tree);

  for (guint i = 0; i < connections->len; i++)
    {
      VireoNode *node = g_ptr_array_index (connections, i);
      VireoConnectionObj *connection = VIREO_CONNECTION_OBJ (node->object);

      if (g_str_equal (vireo_connection_obj_get_uri (connection), driver->uri))
        return node;
    }
  return NULL;
}

/* ---- from theirs to ours ---- */

GPtrArray *
vireo_libvirt_list_nodes (VireoNode *connection, VireoPathKind path_kind)
{
  VireoPathKind parent_kind = vireo_path_kind_parent (path_kind);
  g_autoptr (GPtrArray) parents = NULL;
  GPtrArray *nodes;

  if (parent_kind == VIREO_PATH_CONNECTION)
    return vireo_node_get_children (connection, path_kind);
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  parents = vireo_libvirt_list_nodes (connection, parent_kind);
  for (guint i = 0; i < parents->len; i++)
    g_ptr_array_extend_and_steal (nodes, vireo_node_get_children (parents->pdata[i], path_kind));
  return nodes;
}

static const char *
identifying_property (VireoPathKind path_kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (by_property); i++)
    if (by_property[i].path_kind == path_kind)
      return by_property[i].property;
  return NULL;
}

char *
vireo_libvirt_path_get_identity (const VireoLibvirtPath *self)
{
  const char *element = self->element;

  if (element == NULL)
    return NULL;
  if (self->path_kind == VIREO_PATH_NODE_DEVICE || identifying_property (self->path_kind) != NULL)
    return vireo_path_unescape (element);
  return *element == '_' ? g_strdelimit (g_strdup (element + 1), "_", '-') : NULL;
}

static char *
find_by_property (VireoNode *connection,
                  VireoPathKind path_kind,
                  const char *property,
                  const char *element)
{
  g_autoptr (GPtrArray) nodes = vireo_libvirt_list_nodes (connection, path_kind);
  g_autofree char *wanted = vireo_path_unescape (element);

  for (guint i = 0; wanted != NULL && i < nodes->len; i++)
    {
      const VireoNode *node = g_ptr_array_index (nodes, i);
      g_autofree char *value = NULL;

      g_object_get (node->object, property, &value, NULL);
      if (g_strcmp0 (value, wanted) == 0)
        return g_strdup (node->path);
    }
  return NULL;
}

/* "_UUID_NAME", both escaped, is ".../domains/_UUID/snapshots/NAME". */
static char *
find_snapshot (VireoNode *connection, const char *element)
{
  g_autofree char *domain = NULL;

  if (strlen (element) < UUID_ELEMENT + 2 || element[UUID_ELEMENT] != '_')
    return NULL;
  domain = g_strndup (element, UUID_ELEMENT);
  return g_strdup_printf (
      "%s/%s/%s/%s/%s", connection->path, vireo_path_kind_folder (VIREO_PATH_DOMAIN), domain,
      vireo_path_kind_folder (VIREO_PATH_DOMAIN_SNAPSHOT), element + UUID_ELEMENT + 1);
}

char *
vireo_libvirt_path_to_node_path (const VireoLibvirtPath *self, VireoNode *connection)
{
  const char *property = identifying_property (self->path_kind);

  if (self->path_kind == VIREO_PATH_CONNECTION)
    return g_strdup (connection->path);
  if (property != NULL)
    return find_by_property (connection, self->path_kind, property, self->element);
  if (self->path_kind == VIREO_PATH_DOMAIN_SNAPSHOT)
    return find_snapshot (connection, self->element);
  /* Both spell UUIDs, and names, alike. */
  return g_strdup_printf ("%s/%s/%s", connection->path, vireo_path_kind_folder (self->path_kind),
                          self->element);
}

/* ---- from ours to theirs ---- */

const VireoLibvirtDriver *
vireo_libvirt_driver_of_node (VireoNode *node, gboolean session)
{
  VireoNode *connection = vireo_node_get_connection (node);
  const char *uri;

  if (connection == NULL)
    return NULL;
  uri = vireo_connection_obj_get_uri (VIREO_CONNECTION_OBJ (connection->object));
  for (const VireoLibvirtDriver *driver = vireo_libvirt_get_drivers (session); driver->name != NULL;
       driver++)
    if (g_str_equal (driver->uri, uri))
      return driver;
  return NULL;
}

static const char *
folder_of (VireoPathKind path_kind)
{
  for (const VireoLibvirtFolder *row = vireo_libvirt_folders; row->folder != NULL; row++)
    if (row->path_kind == path_kind)
      return row->folder;
  return NULL;
}

static char *
element_of (VireoNode *node)
{
  const char *property = identifying_property (node->path_kind);
  const char *last = strrchr (node->path, '/') + 1;

  if (property != NULL)
    {
      g_autofree char *value = NULL;

      g_object_get (node->object, property, &value, NULL);
      return vireo_path_escape (value != NULL ? value : "");
    }
  if (node->path_kind == VIREO_PATH_DOMAIN_SNAPSHOT)
    return g_strdup_printf ("%s_%s", strrchr (node->parent->path, '/') + 1, last);
  return g_strdup (last);
}

char *
vireo_libvirt_path_of_node (VireoNode *node, gboolean session)
{
  const VireoLibvirtDriver *driver = vireo_libvirt_driver_of_node (node, session);
  const char *folder = folder_of (node->path_kind);
  g_autofree char *element = NULL;

  if (driver == NULL)
    return NULL;
  if (node->path_kind == VIREO_PATH_CONNECTION)
    return g_strconcat (VIREO_LIBVIRT_ROOT "/", driver->name, NULL);
  if (folder == NULL)
    return NULL;
  element = element_of (node);
  return g_strconcat (VIREO_LIBVIRT_ROOT "/", driver->name, "/", folder, "/", element, NULL);
}
