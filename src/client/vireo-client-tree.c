/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects that the service has, as far as we may read them, kept current by its signals. */
#include "vireo-client-private.h"

#include <string.h>

GType
vireo_client_type_for (const char *interface)
{
  for (gsize i = 0; vireo_known_interfaces[i].interface != NULL; i++)
    if (g_str_equal (vireo_known_interfaces[i].interface, interface))
      return vireo_known_interfaces[i].get_type ();
  return G_TYPE_INVALID;
}

/* The path of what holds the object at @path: .../ID for .../ID/domains/X. */
static char *
parent_of (const char *path)
{
  const char *end = strrchr (path, '/');

  while (end != NULL && end > path && end[-1] != '/')
    end--;
  if (end == NULL || end <= path + 1)
    return g_strdup ("/");
  return g_strndup (path, (gsize) (end - 1 - path));
}

static char *
list_key (GType type, const char *parent)
{
  return g_strdup_printf ("%s %s", g_type_name (type), parent);
}

typedef void (*ListFunc) (VireoObjectList *list, VireoObject *object);

/* The lists that @object is in: that of all of its kind, and that of what holds it. */
static void
in_lists (VireoClient *self, VireoObject *object, ListFunc func)
{
  g_autofree char *parent = parent_of (object->path);
  const char *parents[] = { "", parent };

  for (gsize i = 0; i < G_N_ELEMENTS (parents); i++)
    {
      g_autofree char *key = list_key (G_OBJECT_TYPE (object), parents[i]);
      VireoObjectList *list = g_hash_table_lookup (self->lists, key);

      if (list != NULL)
        func (list, object);
    }
}

/* A list that nobody asked for is not kept. Those that were stay with the client. */
GListModel *
vireo_client_get_list (VireoClient *self, GType type, const char *parent)
{
  g_autofree char *key = list_key (type, parent);
  VireoObjectList *list = g_hash_table_lookup (self->lists, key);
  GHashTableIter iter;
  gpointer value;

  if (list != NULL)
    return G_LIST_MODEL (list);
  list = vireo_object_list_new (type);
  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      VireoObject *object = value;
      g_autofree char *found = parent_of (object->path);

      if (G_OBJECT_TYPE (object) == type && (parent[0] == '\0' || g_str_equal (found, parent)))
        vireo_object_list_add (list, object);
    }
  g_hash_table_insert (self->lists, g_steal_pointer (&key), list);
  return G_LIST_MODEL (list);
}

/* Objects that are gone are remembered for as long as others hold them: there is one for each path,
 * and none of them outlives the client without knowing it. */
static void
remember_gone (VireoClient *self, VireoObject *object)
{
  VireoObject *other = g_hash_table_lookup (self->gone, object->path);

  if (other != NULL)
    vireo_object_detach (other);
  g_hash_table_replace (self->gone, object->path, object);
}

/* Of an object that ends. */
void
vireo_client_forget_gone (VireoClient *self, VireoObject *object)
{
  if (g_hash_table_lookup (self->gone, object->path) == object)
    g_hash_table_remove (self->gone, object->path);
}

/* (transfer full) (nullable): the object that was at @path before. */
static VireoObject *
take_back (VireoClient *self, GType type, const char *path)
{
  VireoObject *object = g_hash_table_lookup (self->gone, path);

  if (object == NULL || G_OBJECT_TYPE (object) != type)
    return NULL;
  g_hash_table_remove (self->gone, path);
  return g_object_ref (object);
}

static void
remove_object (VireoClient *self, const char *path)
{
  VireoObject *found = g_hash_table_lookup (self->objects, path);
  g_autoptr (VireoObject) object = found != NULL ? g_object_ref (found) : NULL;

  if (object == NULL)
    return;
  g_hash_table_remove (self->objects, path);
  in_lists (self, object, vireo_object_list_remove);
  remember_gone (self, object);
  vireo_object_set_removed (object, TRUE);
  g_signal_emit_by_name (self, "object-removed", object);
}

/* Takes over all properties of an object, which may be new. NULL when it is of a kind that we do
 * not know; the tree owns what is returned. */
VireoObject *
vireo_client_add_object (VireoClient *self, const char *path, const char *interface,
                         GVariant *properties)
{
  GType type = vireo_client_type_for (interface);
  VireoObject *object = g_hash_table_lookup (self->objects, path);

  if (type == G_TYPE_INVALID || g_str_equal (interface, VIREO_MANAGER_INTERFACE))
    return NULL;
  if (object != NULL && G_OBJECT_TYPE (object) == type)
    {
      if (vireo_object_apply (object, properties, TRUE))
        in_lists (self, object, vireo_object_list_resort);
      return g_hash_table_lookup (self->objects, path);
    }
  remove_object (self, path);
  object = take_back (self, type, path);
  if (object == NULL)
    object = vireo_object_new (type, self, path);
  g_hash_table_insert (self->objects, object->path, object);
  vireo_object_apply (object, properties, TRUE);
  vireo_object_set_removed (object, FALSE);
  in_lists (self, object, vireo_object_list_add);
  g_signal_emit_by_name (self, "object-added", object);
  return g_hash_table_lookup (self->objects, path);
}

/* @interfaces is a{sa{sv}}; the first that we know says what the object is. */
static void
add_by_interfaces (VireoClient *self, const char *path, GVariant *interfaces)
{
  GVariantIter iter;
  const char *interface;
  GVariant *properties;

  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_next (&iter, "{&s@a{sv}}", &interface, &properties))
    {
      VireoObject *object = vireo_client_add_object (self, path, interface, properties);

      g_variant_unref (properties);
      if (object != NULL)
        return;
    }
}

static void
for_each_list (VireoClient *self, void (*func) (VireoObjectList *list))
{
  g_autoptr (GPtrArray) lists = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->lists);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (lists, g_object_ref (value));
  g_ptr_array_foreach (lists, (GFunc) G_CALLBACK (func), NULL);
}

static void
remove_absent (VireoClient *self, GVariant *objects)
{
  g_autoptr (GHashTable) present = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter known;
  GVariantIter iter;
  gpointer path;
  GVariant *interfaces;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      g_hash_table_add (present, path);
      g_variant_unref (interfaces);
    }
  g_hash_table_iter_init (&known, self->objects);
  while (g_hash_table_iter_next (&known, &path, NULL))
    if (!g_hash_table_contains (present, path))
      g_ptr_array_add (gone, g_strdup (path));
  for (guint i = 0; i < gone->len; i++)
    remove_object (self, g_ptr_array_index (gone, i));
}

/* @objects is the a{oa{sa{sv}}} of all objects, @manager the a{sv} of the manager's properties.
 * What stayed the same is left alone, so that a restart of the service disturbs no list. */
void
vireo_client_take_snapshot (VireoClient *self, GVariant *objects, GVariant *manager)
{
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  if (self->manager == NULL)
    {
      self->manager = VIREO_MANAGER (vireo_object_new (VIREO_TYPE_MANAGER, self, VIREO_ROOT_PATH));
      g_object_notify (G_OBJECT (self), "manager");
    }
  vireo_object_apply (VIREO_OBJECT (self->manager), manager, TRUE);

  for_each_list (self, vireo_object_list_freeze);
  remove_absent (self, objects);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      add_by_interfaces (self, path, interfaces);
      g_variant_unref (interfaces);
    }
  for_each_list (self, vireo_object_list_thaw);
}

/* For the end of the client: objects that others hold stay, but can do nothing any longer. */
void
vireo_client_forget_all (VireoClient *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    vireo_object_detach (value);
  g_hash_table_iter_init (&iter, self->gone);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    vireo_object_detach (value);
  g_hash_table_remove_all (self->gone);
  if (self->manager != NULL)
    vireo_object_detach (VIREO_OBJECT (self->manager));
  g_hash_table_remove_all (self->objects);
  g_hash_table_remove_all (self->lists);
  g_clear_object (&self->manager);
}

static VireoObject *
find_object (VireoClient *self, const char *path)
{
  if (g_str_equal (path, VIREO_ROOT_PATH))
    return (VireoObject *) self->manager;
  return g_hash_table_lookup (self->objects, path);
}

static void
refreshed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VireoObject) object = data;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  /* An object that cannot be read any longer is removed by a signal. */
  if (reply == NULL || object->client == NULL || object->removed)
    return;
  properties = g_variant_get_child_value (reply, 0);
  if (vireo_object_apply (object, properties, TRUE) && object->client->manager != (gpointer) object)
    in_lists (object->client, object, vireo_object_list_resort);
}

static void
properties_changed (VireoClient *self, const char *path, GVariant *args)
{
  VireoObject *found = find_object (self, path);
  g_autoptr (VireoObject) object = found != NULL ? g_object_ref (found) : NULL;
  g_autoptr (GVariant) changed = NULL;
  g_autofree const char **invalidated = NULL;
  const char *interface;

  g_variant_get (args, "(&s@a{sv}^a&s)", &interface, &changed, &invalidated);
  if (object == NULL || !g_str_equal (interface, vireo_object_get_info (object)->interface))
    return;
  if (vireo_object_apply (object, changed, FALSE) && object != (gpointer) self->manager)
    in_lists (self, object, vireo_object_list_resort);
  if (invalidated[0] != NULL && self->bus != NULL)
    g_dbus_connection_call (self->bus, VIREO_BUS_NAME, object->path, VIREO_PROPERTIES_INTERFACE,
                            "GetAll", g_variant_new ("(s)", interface), G_VARIANT_TYPE ("(a{sv})"),
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, VIREO_NO_TIMEOUT, NULL, refreshed,
                            g_object_ref (object));
}

static void
interfaces_added (VireoClient *self, const char *root, GVariant *args)
{
  const char *path;
  g_autoptr (GVariant) interfaces = NULL;

  g_variant_get (args, "(&o@a{sa{sv}})", &path, &interfaces);
  add_by_interfaces (self, path, interfaces);
}

static void
interfaces_removed (VireoClient *self, const char *root, GVariant *args)
{
  const char *path;
  g_autofree const char **names = NULL;
  VireoObject *object;

  g_variant_get (args, "(&o^a&s)", &path, &names);
  object = g_hash_table_lookup (self->objects, path);
  if (object != NULL
      && g_strv_contains ((const char *const *) names, vireo_object_get_info (object)->interface))
    remove_object (self, path);
}

static const struct
{
  const char *interface;
  const char *member;
  const char *type;
  void (*handle) (VireoClient *self, const char *path, GVariant *args);
} standard_signals[] = {
  { VIREO_OBJECT_MANAGER_INTERFACE, "InterfacesAdded", "(oa{sa{sv}})", interfaces_added },
  { VIREO_OBJECT_MANAGER_INTERFACE, "InterfacesRemoved", "(oas)", interfaces_removed },
  { VIREO_PROPERTIES_INTERFACE, "PropertiesChanged", "(sa{sv}as)", properties_changed },
};

/* One signal of the service. One that has other arguments than it should is dropped. */
void
vireo_client_dispatch (VireoClient *self, const char *path, const char *interface,
                       const char *member, GVariant *args)
{
  VireoObject *object = find_object (self, path);
  g_autoptr (VireoObject) held = object != NULL ? g_object_ref (object) : NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (standard_signals); i++)
    if (g_str_equal (interface, standard_signals[i].interface)
        && g_str_equal (member, standard_signals[i].member)
        && g_variant_is_of_type (args, G_VARIANT_TYPE (standard_signals[i].type)))
      standard_signals[i].handle (self, path, args);
  if (held != NULL && g_str_equal (interface, vireo_object_get_info (held)->interface))
    vireo_object_handle_signal (held, member, args);
}
