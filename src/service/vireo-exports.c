/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-exports.h"

#include "util/vireo-error.h"
#include "vireo-tree.h"

/* The GType that a GObject property must have for its D-Bus type, so that both ends agree at start
 * rather than at the first read. Containers are variants. */
static GType
type_of_attribute (const char *dbus_type)
{
  static const struct
  {
    char dbus;
    GType type;
  } types[] = {
    { 's', G_TYPE_STRING }, { 'b', G_TYPE_BOOLEAN }, { 'u', G_TYPE_UINT },   { 'i', G_TYPE_INT },
    { 't', G_TYPE_UINT64 }, { 'x', G_TYPE_INT64 },   { 'd', G_TYPE_DOUBLE },
  };

  for (gsize i = 0; dbus_type[1] == '\0' && i < G_N_ELEMENTS (types); i++)
    if (types[i].dbus == dbus_type[0])
      return types[i].type;
  return g_str_equal (dbus_type, "as") ? G_TYPE_STRV : G_TYPE_VARIANT;
}

static const VireoHandler *
find_handler (const VireoHandler *rows, const char *name)
{
  for (; rows != NULL && rows->name != NULL; rows++)
    if (g_str_equal (rows->name, name))
      return rows;
  return NULL;
}

static const VireoHandler *
find_method (const VireoService *service, const char *name)
{
  const VireoHandler *rows, *found = NULL;

  for (guint n = 0; found == NULL && (rows = vireo_service_get_methods (service, n)) != NULL; n++)
    found = find_handler (rows, name);
  return found;
}

static const VireoGetter *
find_getter (const VireoGetter *rows, const char *name)
{
  for (; rows != NULL && rows->name != NULL; rows++)
    if (g_str_equal (rows->name, name))
      return rows;
  return NULL;
}

static gboolean
incomplete (GError **error, const VireoService *service, const char *member, const char *what)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "%s.%s %s", service->interface, member,
               what);
  return FALSE;
}

static gboolean
check_rows (VireoExport *self, const VireoHandler *rows, GError **error)
{
  for (; rows->name != NULL; rows++)
    if (vireo_method_find (self->info, rows->name) == NULL)
      return incomplete (error, self->service, rows->name, "has a handler but is no method");
  return TRUE;
}

static gboolean
join_methods (VireoExport *self, GError **error)
{
  const VireoMethodInfo *methods = self->info->methods;
  const VireoHandler *rows;
  gboolean good = TRUE;
  guint n = 0;

  while (methods[n].name != NULL)
    n++;
  self->methods = g_new0 (const VireoHandler *, n + 1);
  for (guint i = 0; i < n; i++)
    {
      if (methods[i].actions == NULL || methods[i].actions[0] == NULL)
        return incomplete (error, self->service, methods[i].name, "has no action");
      self->methods[i] = find_method (self->service, methods[i].name);
      if (self->methods[i] == NULL || self->methods[i]->handle == NULL)
        return incomplete (error, self->service, methods[i].name, "has no handler");
    }
  for (n = 0; good && (rows = vireo_service_get_methods (self->service, n)) != NULL; n++)
    good = check_rows (self, rows, error);
  return good;
}

static gboolean
join_property (VireoExport *self, guint i, GObjectClass *klass, GError **error)
{
  const VireoPropertyInfo *property = &self->info->properties[i];

  if (property->actions == NULL || property->actions[0] == NULL)
    return incomplete (error, self->service, property->name, "has no action");
  if (property->actions[0] != self->getattr || property->actions[1] != NULL)
    return incomplete (error, self->service, property->name,
                       "takes more than getattr; lists and signals show it to all who have that");
  self->writers[i] = find_handler (self->service->writers, property->name);
  if (property->write_actions != NULL && self->writers[i] == NULL)
    return incomplete (error, self->service, property->name, "can be written and has no handler");
  if (property->write_actions == NULL && self->writers[i] != NULL)
    return incomplete (error, self->service, property->name, "has a handler and is read-only");

  g_hash_table_insert (self->by_attribute, (gpointer) property->attribute, GUINT_TO_POINTER (i));
  self->getters[i] = find_getter (self->service->getters, property->name);
  if (self->getters[i] != NULL)
    return TRUE;
  if (klass != NULL)
    self->pspecs[i] = g_object_class_find_property (klass, property->attribute);
  if (self->pspecs[i] == NULL)
    return incomplete (error, self->service, property->name, "cannot be read");
  if (!g_type_is_a (self->pspecs[i]->value_type, type_of_attribute (property->type)))
    return incomplete (error, self->service, property->name, "has another type in its class");
  return TRUE;
}

static gboolean
join_properties (VireoExport *self, GError **error)
{
  const VireoService *service = self->service;
  GObjectClass *klass = NULL;
  gboolean ok = TRUE;

  while (self->info->properties[self->n_properties].name != NULL)
    self->n_properties++;
  if (self->n_properties > VIREO_MAX_PROPERTIES)
    return incomplete (error, service, "*", "has too many properties");
  self->keys = g_new0 (GVariant *, self->n_properties + 1);
  for (guint i = 0; i < self->n_properties; i++)
    self->keys[i] = g_variant_ref_sink (g_variant_new_string (self->info->properties[i].name));
  self->writers = g_new0 (const VireoHandler *, self->n_properties + 1);
  self->getters = g_new0 (const VireoGetter *, self->n_properties + 1);
  self->pspecs = g_new0 (GParamSpec *, self->n_properties + 1);
  self->by_attribute = g_hash_table_new (g_str_hash, g_str_equal);
  if (service->get_type != NULL)
    klass = g_type_class_ref (service->get_type ());
  for (guint i = 0; ok && i < self->n_properties; i++)
    ok = join_property (self, i, klass, error);
  g_clear_pointer (&klass, g_type_class_unref);
  if (!ok)
    return FALSE;

  for (const VireoHandler *row = service->writers; row != NULL && row->name != NULL; row++)
    if (vireo_property_find (self->info, row->name) == NULL)
      return incomplete (error, service, row->name, "has a handler but is no property");
  for (const VireoGetter *row = service->getters; row != NULL && row->name != NULL; row++)
    if (vireo_property_find (self->info, row->name) == NULL)
      return incomplete (error, service, row->name, "has a getter but is no property");
  return TRUE;
}

/**
 * vireo_export_new:
 * @service: how an interface is served
 * @error: says which member is incomplete
 *
 * Joins an interface with how it is served. A member that lacks a handler or an action, and a
 * handler without a member, is an error: the daemon does not start with one.
 *
 * Returns: (transfer full): the joined tables, or %NULL with @error
 */
VireoExport *
vireo_export_new (const VireoService *service, GError **error)
{
  g_autoptr (VireoExport) self = g_new0 (VireoExport, 1);

  self->service = service;
  self->info = vireo_interface_find (service->interface);
  if (self->info == NULL)
    {
      incomplete (error, service, "*", "is no interface");
      return NULL;
    }
  self->getattr = vireo_action_find (service->kind, "getattr");
  if (self->getattr == NULL)
    {
      incomplete (error, service, "*", "has no permission getattr");
      return NULL;
    }
  if (!join_methods (self, error) || !join_properties (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
vireo_export_free (VireoExport *self)
{
  for (guint i = 0; self->keys != NULL && i < self->n_properties; i++)
    g_variant_unref (self->keys[i]);
  g_free (self->keys);
  g_free (self->methods);
  g_free (self->writers);
  g_free (self->getters);
  g_free (self->pspecs);
  g_clear_pointer (&self->by_attribute, g_hash_table_unref);
  g_free (self);
}

/**
 * vireo_export_get:
 * @index: which property
 * @node: of what
 * @reading: what else it may depend on
 *
 * Returns: (transfer full): the value, never %NULL
 */
GVariant *
vireo_export_get (const VireoExport *self,
                  guint index,
                  VireoNode *node,
                  const VireoReading *reading)
{
  g_auto (GValue) value = G_VALUE_INIT;
  const char *type = self->info->properties[index].type;
  const char *text;

  if (self->getters[index] != NULL)
    return g_variant_take_ref (self->getters[index]->get (node, reading));

  g_value_init (&value, self->pspecs[index]->value_type);
  g_object_get_property (node->object, self->pspecs[index]->name, &value);
  if (type[0] == 's')
    {
      text = g_value_get_string (&value);
      return g_variant_ref_sink (g_variant_new_string (text != NULL ? text : ""));
    }
  if (type[0] == 'b')
    return g_variant_ref_sink (g_variant_new_boolean (g_value_get_boolean (&value)));
  return g_dbus_gvalue_to_gvariant (&value, G_VARIANT_TYPE (type));
}

/* Lists of thousands of objects are made of this: entries are put together from the parts, with the
 * names made once, as format strings cost more than the values. */
GVariant *
vireo_export_get_many (VireoNode *node, const VireoReading *reading, guint64 mask)
{
  const VireoExport *export = node->export;
  GVariant *entries[VIREO_MAX_PROPERTIES];
  gsize n = 0;

  for (guint i = 0; i < export->n_properties; i++)
    if ((mask & (G_GUINT64_CONSTANT (1) << i)) != 0)
      {
        g_autoptr (GVariant) value = vireo_export_get (export, i, node, reading);

        entries[n++] = g_variant_new_dict_entry (export->keys[i], g_variant_new_variant (value));
      }
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), entries, n);
}

/**
 * vireo_export_find_attribute:
 * @attribute: name of a GObject property
 * @ret_index: (out): index of the D-Bus property
 *
 * Returns: whether the interface has it
 */
gboolean
vireo_export_find_attribute (const VireoExport *self, const char *attribute, guint *ret_index)
{
  gpointer index;

  if (!g_hash_table_lookup_extended (self->by_attribute, attribute, NULL, &index))
    return FALSE;
  *ret_index = GPOINTER_TO_UINT (index);
  return TRUE;
}
