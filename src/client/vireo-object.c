/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The base of all classes: properties that are kept from the bus, and signals, by the tables that
 * the generator wrote. */
#include "vireo-object-private.h"

#include <string.h>

/**
 * VireoObject:
 *
 * An object of the service: what [class@Vireo.Domain], [class@Vireo.Network] and the others have
 * in common.
 *
 * Objects are made by a [class@Vireo.Client], which keeps their properties current; there is one
 * for each path, for as long as the client lives, also when the service restarts meanwhile. All of
 * them belong to the thread-default main context that the client was made in. Properties are read
 * from what is known, and never block. They change, with `notify`, when the service says so, which
 * may be shortly after a call that changed them returned.
 *
 * Since: 0.1
 */
G_DEFINE_ABSTRACT_TYPE (VireoObject, vireo_object, G_TYPE_OBJECT)

enum
{
  PROP_PATH = 1,
  PROP_REMOVED,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

static void vireo_object_get_property (GObject *object, guint id, GValue *value,
                                       GParamSpec *pspec);

/* How a D-Bus type looks to GObject; types that are not here stay variants. */
static const struct
{
  const char *type;
  GType gtype;
} plain_types[] = {
  { "s", G_TYPE_STRING },  { "o", G_TYPE_STRING }, { "b", G_TYPE_BOOLEAN }, { "u", G_TYPE_UINT },
  { "i", G_TYPE_INT },     { "t", G_TYPE_UINT64 }, { "x", G_TYPE_INT64 },   { "d", G_TYPE_DOUBLE },
};

static GType
plain_type (const char *type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (plain_types); i++)
    if (g_str_equal (plain_types[i].type, type))
      return plain_types[i].gtype;
  if (g_str_equal (type, "as") || g_str_equal (type, "ao"))
    return G_TYPE_STRV;
  return G_TYPE_VARIANT;
}

static GParamSpec *
make_pspec (const VireoMemberInfo *info)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GType type = plain_type (info->type);

  switch (type)
    {
    case G_TYPE_STRING:
      return g_param_spec_string (info->nick, NULL, NULL, NULL, flags);
    case G_TYPE_BOOLEAN:
      return g_param_spec_boolean (info->nick, NULL, NULL, FALSE, flags);
    case G_TYPE_UINT:
      return g_param_spec_uint (info->nick, NULL, NULL, 0, G_MAXUINT, 0, flags);
    case G_TYPE_INT:
      return g_param_spec_int (info->nick, NULL, NULL, G_MININT, G_MAXINT, 0, flags);
    case G_TYPE_UINT64:
      return g_param_spec_uint64 (info->nick, NULL, NULL, 0, G_MAXUINT64, 0, flags);
    case G_TYPE_INT64:
      return g_param_spec_int64 (info->nick, NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
    case G_TYPE_DOUBLE:
      return g_param_spec_double (info->nick, NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
    default:
      break;
    }
  if (type == G_TYPE_STRV)
    return g_param_spec_boxed (info->nick, NULL, NULL, G_TYPE_STRV, flags);
  return g_param_spec_variant (info->nick, NULL, NULL, G_VARIANT_TYPE (info->type), NULL, flags);
}

static void
value_from_variant (GValue *value, GVariant *variant)
{
  if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    {
      gboolean is_paths = g_variant_is_of_type (variant, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);

      g_value_take_boxed (value, is_paths ? g_variant_dup_objv (variant, NULL)
                                          : g_variant_dup_strv (variant, NULL));
    }
  else if (G_VALUE_HOLDS_VARIANT (value))
    g_value_set_variant (value, variant);
  else
    {
      g_auto (GValue) found = G_VALUE_INIT;

      g_dbus_gvariant_to_gvalue (variant, &found);
      g_value_copy (&found, value);
    }
}

static guint
make_signal (VireoObjectClass *klass, const VireoMemberInfo *info)
{
  g_autoptr (GArray) types = g_array_new (FALSE, FALSE, sizeof (GType));
  const GVariantType *item = g_variant_type_first (G_VARIANT_TYPE (info->type));

  for (; item != NULL; item = g_variant_type_next (item))
    {
      g_autofree char *text = g_variant_type_dup_string (item);
      GType type = plain_type (text);

      g_array_append_val (types, type);
    }
  return g_signal_newv (info->nick, G_OBJECT_CLASS_TYPE (klass), G_SIGNAL_RUN_LAST, NULL, NULL,
                        NULL, NULL, G_TYPE_NONE, types->len, (GType *) (gpointer) types->data);
}

/* Called once by the class_init of each generated class. */
void
vireo_object_class_install (VireoObjectClass *klass, const VireoInterfaceInfo *info)
{
  /* Each class has to say so anew. */
  G_OBJECT_CLASS (klass)->get_property = vireo_object_get_property;
  klass->info = info;
  klass->pspecs = g_new0 (GParamSpec *, info->n_properties + 1);
  klass->signal_ids = g_new0 (guint, info->n_signals + 1);
  klass->name_index = -1;
  for (guint i = 0; i < info->n_properties; i++)
    {
      klass->pspecs[i] = make_pspec (&info->properties[i]);
      g_object_class_install_property (G_OBJECT_CLASS (klass), N_PROPS + i, klass->pspecs[i]);
      if (g_str_equal (info->properties[i].name, "Name"))
        klass->name_index = (int) i;
    }
  for (guint i = 0; i < info->n_signals; i++)
    klass->signal_ids[i] = make_signal (klass, &info->signals[i]);
}

const VireoInterfaceInfo *
vireo_object_get_info (VireoObject *self)
{
  return G_TYPE_INSTANCE_GET_CLASS (self, VIREO_TYPE_OBJECT, VireoObjectClass)->info;
}

VireoObject *
vireo_object_new (GType type, VireoClient *client, const char *path)
{
  VireoObject *self = g_object_new (type, NULL);

  self->client = client;
  self->path = g_strdup (path);
  self->values = g_new0 (GVariant *, vireo_object_get_info (self)->n_properties + 1);
  return self;
}

/* Takes a value over when it is new; whether it was. */
static gboolean
set_value (VireoObject *self, guint index, GVariant *value)
{
  GVariant **slot = &self->values[index];

  if (*slot == value || (*slot != NULL && value != NULL && g_variant_equal (*slot, value)))
    return FALSE;
  g_clear_pointer (slot, g_variant_unref);
  *slot = value != NULL ? g_variant_ref (value) : NULL;
  return TRUE;
}

/* Takes over @properties, a{sv}: what changed, or everything when @is_all, in which case what is
 * absent is not known any longer. Notifies when all values are in place. Whether the name by which
 * objects are sorted changed. */
gboolean
vireo_object_apply (VireoObject *self, GVariant *properties, gboolean is_all)
{
  VireoObjectClass *klass = G_TYPE_INSTANCE_GET_CLASS (self, VIREO_TYPE_OBJECT, VireoObjectClass);
  const VireoInterfaceInfo *info = klass->info;
  gboolean is_renamed = FALSE;

  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < info->n_properties; i++)
    {
      const VireoMemberInfo *member = &info->properties[i];
      g_autoptr (GVariant) value
          = g_variant_lookup_value (properties, member->name, G_VARIANT_TYPE (member->type));

      if ((value == NULL && !is_all) || !set_value (self, i, value))
        continue;
      is_renamed |= (int) i == klass->name_index;
      g_object_notify_by_pspec (G_OBJECT (self), klass->pspecs[i]);
    }
  g_object_thaw_notify (G_OBJECT (self));
  return is_renamed;
}

/* Emits the GObject signal of a signal from the bus. One that has other arguments than it should is
 * dropped: the service may be newer or worse than we know. */
void
vireo_object_handle_signal (VireoObject *self, const char *member, GVariant *args)
{
  VireoObjectClass *klass = G_TYPE_INSTANCE_GET_CLASS (self, VIREO_TYPE_OBJECT, VireoObjectClass);
  gsize n_args = g_variant_n_children (args);
  g_autoptr (GArray) values = NULL;
  guint i = 0;

  while (i < klass->info->n_signals && !g_str_equal (klass->info->signals[i].name, member))
    i++;
  if (i == klass->info->n_signals
      || !g_variant_is_of_type (args, G_VARIANT_TYPE (klass->info->signals[i].type)))
    return;

  values = g_array_sized_new (FALSE, TRUE, sizeof (GValue), (guint) n_args + 1);
  g_array_set_clear_func (values, (GDestroyNotify) g_value_unset);
  g_array_set_size (values, (guint) n_args + 1);
  g_value_init (&g_array_index (values, GValue, 0), VIREO_TYPE_OBJECT);
  g_value_set_object (&g_array_index (values, GValue, 0), self);
  for (gsize n = 0; n < n_args; n++)
    {
      g_autoptr (GVariant) arg = g_variant_get_child_value (args, n);
      GValue *value = &g_array_index (values, GValue, n + 1);

      g_value_init (value, plain_type (g_variant_get_type_string (arg)));
      value_from_variant (value, arg);
    }
  g_signal_emitv ((GValue *) (gpointer) values->data, klass->signal_ids[i], 0, NULL);
}

void
vireo_object_set_removed (VireoObject *self, gboolean removed)
{
  if (self->removed == removed)
    return;
  self->removed = removed;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REMOVED]);
}

/* The client is going away. */
void
vireo_object_detach (VireoObject *self)
{
  self->client = NULL;
}

const char *
vireo_object_get_sort_name (VireoObject *self)
{
  int index = G_TYPE_INSTANCE_GET_CLASS (self, VIREO_TYPE_OBJECT, VireoObjectClass)->name_index;
  const char *name = index >= 0 ? vireo_object_get_string_value (self, (guint) index) : NULL;

  return name != NULL ? name : self->path;
}

const char *
vireo_object_get_string_value (VireoObject *self, guint index)
{
  return self->values[index] != NULL ? g_variant_get_string (self->values[index], NULL) : NULL;
}

gboolean
vireo_object_get_boolean_value (VireoObject *self, guint index)
{
  return self->values[index] != NULL && g_variant_get_boolean (self->values[index]);
}

guint
vireo_object_get_uint_value (VireoObject *self, guint index)
{
  return self->values[index] != NULL ? g_variant_get_uint32 (self->values[index]) : 0;
}

gint
vireo_object_get_int_value (VireoObject *self, guint index)
{
  return self->values[index] != NULL ? g_variant_get_int32 (self->values[index]) : 0;
}

guint64
vireo_object_get_uint64_value (VireoObject *self, guint index)
{
  return self->values[index] != NULL ? g_variant_get_uint64 (self->values[index]) : 0;
}

gint64
vireo_object_get_int64_value (VireoObject *self, guint index)
{
  return self->values[index] != NULL ? g_variant_get_int64 (self->values[index]) : 0;
}

double
vireo_object_get_double_value (VireoObject *self, guint index)
{
  return self->values[index] != NULL ? g_variant_get_double (self->values[index]) : 0;
}

char **
vireo_object_get_strv_value (VireoObject *self, guint index)
{
  GVariant *value = self->values[index];

  if (value == NULL)
    return NULL;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH_ARRAY))
    return g_variant_dup_objv (value, NULL);
  return g_variant_dup_strv (value, NULL);
}

GVariant *
vireo_object_get_variant_value (VireoObject *self, guint index)
{
  return self->values[index];
}

/**
 * vireo_object_get_path:
 * @self: an object
 *
 * Gets the object's path on the bus, which says the same for as long as the object exists.
 *
 * Returns: (transfer none): the path
 * Since: 0.1
 */
const char *
vireo_object_get_path (VireoObject *self)
{
  g_return_val_if_fail (VIREO_IS_OBJECT (self), NULL);
  return self->path;
}

/**
 * vireo_object_get_removed:
 * @self: an object
 *
 * Gets whether the object is gone from the service, or cannot be read any longer. Its properties
 * keep the values that they had, until there is one at its path again: that is this object, then.
 *
 * Returns: whether the object is gone
 * Since: 0.1
 */
gboolean
vireo_object_get_removed (VireoObject *self)
{
  g_return_val_if_fail (VIREO_IS_OBJECT (self), TRUE);
  return self->removed;
}

/**
 * vireo_object_dup_client:
 * @self: an object
 *
 * Gets the client that the object belongs to. Objects do not keep their client alive.
 *
 * Returns: (transfer full) (nullable): the client; %NULL when it is gone
 * Since: 0.1
 */
VireoClient *
vireo_object_dup_client (VireoObject *self)
{
  g_return_val_if_fail (VIREO_IS_OBJECT (self), NULL);
  return self->client != NULL ? g_object_ref (self->client) : NULL;
}

static void
vireo_object_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoObject *self = VIREO_OBJECT (object);

  if (id == PROP_PATH)
    g_value_set_string (value, self->path);
  else if (id == PROP_REMOVED)
    g_value_set_boolean (value, self->removed);
  else if (id >= N_PROPS && id - N_PROPS < vireo_object_get_info (self)->n_properties)
    {
      if (self->values[id - N_PROPS] != NULL)
        value_from_variant (value, self->values[id - N_PROPS]);
    }
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
vireo_object_finalize (GObject *object)
{
  VireoObject *self = VIREO_OBJECT (object);

  if (self->client != NULL)
    vireo_client_forget_gone (self->client, self);
  for (guint i = 0; self->values != NULL && i < vireo_object_get_info (self)->n_properties; i++)
    g_clear_pointer (&self->values[i], g_variant_unref);
  g_free (self->values);
  g_free (self->path);
  G_OBJECT_CLASS (vireo_object_parent_class)->finalize (object);
}

static void
vireo_object_class_init (VireoObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  G_OBJECT_CLASS (klass)->get_property = vireo_object_get_property;
  G_OBJECT_CLASS (klass)->finalize = vireo_object_finalize;

  /**
   * VireoObject:path:
   *
   * The object's path on the bus.
   *
   * Since: 0.1
   */
  props[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, flags);
  /**
   * VireoObject:removed:
   *
   * Whether the object is gone from the service, or cannot be read any longer. It can come back.
   *
   * Since: 0.1
   */
  props[PROP_REMOVED] = g_param_spec_boolean ("removed", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, props);
}

static void
vireo_object_init (VireoObject *self)
{
}
