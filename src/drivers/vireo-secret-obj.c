/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-secret-obj.h"

struct _VireoSecretObj
{
  VireoDefObj parent_instance;
  gboolean has_value;
};

enum
{
  PROP_0,
  PROP_USAGE_TYPE,
  PROP_USAGE_ID,
  PROP_EPHEMERAL,
  PROP_PRIVATE,
  PROP_DESCRIPTION,
  PROP_HAS_VALUE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* Where a usage says what the secret is for, and how libvirt's rules call that. */
static const struct
{
  gsize offset;
  const char *variable;
} usages[VIREO_SECRET_USAGE_TYPE_N_VALUES] = {
  [VIREO_SECRET_USAGE_TYPE_VOLUME]
  = { G_STRUCT_OFFSET (VireoSecretUsageDef, volume), "secret_usage_volume" },
  [VIREO_SECRET_USAGE_TYPE_CEPH]
  = { G_STRUCT_OFFSET (VireoSecretUsageDef, name), "secret_usage_ceph" },
  [VIREO_SECRET_USAGE_TYPE_ISCSI]
  = { G_STRUCT_OFFSET (VireoSecretUsageDef, target), "secret_usage_target" },
  [VIREO_SECRET_USAGE_TYPE_TLS]
  = { G_STRUCT_OFFSET (VireoSecretUsageDef, name), "secret_usage_name" },
  [VIREO_SECRET_USAGE_TYPE_VTPM]
  = { G_STRUCT_OFFSET (VireoSecretUsageDef, name), "secret_usage_name" },
};

G_DEFINE_FINAL_TYPE (VireoSecretObj, vireo_secret_obj, VIREO_TYPE_DEF_OBJ)

/**
 * vireo_secret_def_get_usage_id:
 * @def: a definition
 *
 * Returns: (transfer none) (nullable): what the secret is for: a volume, a target or a name
 * Since: 0.1
 */
const char *
vireo_secret_def_get_usage_id (const VireoSecretDef *def)
{
  if (def->usage == NULL || usages[def->usage->type].variable == NULL)
    return NULL;
  return G_STRUCT_MEMBER (const char *, def->usage, usages[def->usage->type].offset);
}

/**
 * vireo_secret_def_get_usage_type:
 * @def: a definition
 *
 * Returns: (transfer none): what kind of thing the secret is for; "none" when nothing is said
 * Since: 0.1
 */
const char *
vireo_secret_def_get_usage_type (const VireoSecretDef *def)
{
  if (def->usage == NULL || def->usage->type == VIREO_SECRET_USAGE_TYPE_UNSET)
    return vireo_secret_usage_type_to_string (VIREO_SECRET_USAGE_TYPE_NONE);
  return vireo_secret_usage_type_to_string (def->usage->type);
}

/**
 * vireo_secret_def_describe:
 * @def: a #VireoSecretDef
 * @func: called with the variable that says what it is for, if there is one
 * @user_data: for @func
 *
 * Since: 0.1
 */
void
vireo_secret_def_describe (gconstpointer def, VireoDescribeFunc func, gpointer user_data)
{
  const VireoSecretDef *secret = def;
  const char *id = vireo_secret_def_get_usage_id (secret);

  if (id != NULL)
    func (usages[secret->usage->type].variable, id, user_data);
}

static void
describe (VireoObj *obj, VireoDescribeFunc func, gpointer user_data)
{
  gconstpointer def = vireo_def_obj_glance (VIREO_DEF_OBJ (obj));

  if (def != NULL)
    vireo_secret_def_describe (def, func, user_data);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoSecretObj *self = VIREO_SECRET_OBJ (object);
  const VireoSecretDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (self));
  const char *text;

  switch (id)
    {
    case PROP_USAGE_TYPE:
      g_value_set_static_string (value, def != NULL ? vireo_secret_def_get_usage_type (def) : "");
      break;
    case PROP_USAGE_ID:
      text = def != NULL ? vireo_secret_def_get_usage_id (def) : NULL;
      g_value_set_string (value, text != NULL ? text : "");
      break;
    case PROP_EPHEMERAL:
      g_value_set_boolean (value, vireo_secret_obj_is_ephemeral (self));
      break;
    case PROP_PRIVATE:
      g_value_set_boolean (value, vireo_secret_obj_is_private (self));
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, def != NULL && def->description != NULL ? def->description : "");
      break;
    case PROP_HAS_VALUE:
      g_value_set_boolean (value, self->has_value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
vireo_secret_obj_class_init (VireoSecretObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  VireoDefObjClass *def_class = VIREO_DEF_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "secret";
  VIREO_OBJ_CLASS (klass)->describe = describe;
  def_class->doc = vireo_doc_kind_find ("secret");
  def_class->def_props = &props[PROP_USAGE_TYPE];
  def_class->n_def_props = PROP_HAS_VALUE - PROP_USAGE_TYPE;
  object_class->get_property = get_property;

  props[PROP_USAGE_TYPE] = g_param_spec_string ("usage-type", NULL, NULL, NULL, r);
  props[PROP_USAGE_ID] = g_param_spec_string ("usage-id", NULL, NULL, NULL, r);
  props[PROP_EPHEMERAL] = g_param_spec_boolean ("ephemeral", NULL, NULL, FALSE, r);
  props[PROP_PRIVATE] = g_param_spec_boolean ("private", NULL, NULL, FALSE, r);
  props[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, r);
  props[PROP_HAS_VALUE] = g_param_spec_boolean ("has-value", NULL, NULL, FALSE, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_secret_obj_init (VireoSecretObj *self)
{
}

/**
 * vireo_secret_obj_is_private:
 * @self: a secret
 *
 * Returns: whether its value is for hypervisors alone; of one whose definition cannot be parsed,
 *   nobody knows, so it is
 * Since: 0.1
 */
gboolean
vireo_secret_obj_is_private (VireoSecretObj *self)
{
  const VireoSecretDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (self));

  return def == NULL || def->is_private == VIREO_TRISTATE_YES;
}

/**
 * vireo_secret_obj_is_ephemeral:
 * @self: a secret
 *
 * Returns: whether neither it nor its value may be written to a disk
 * Since: 0.1
 */
gboolean
vireo_secret_obj_is_ephemeral (VireoSecretObj *self)
{
  const VireoSecretDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (self));

  return def != NULL && def->ephemeral == VIREO_TRISTATE_YES;
}

gboolean
vireo_secret_obj_get_has_value (VireoSecretObj *self)
{
  return self->has_value;
}

/**
 * vireo_secret_obj_set_has_value:
 * @self: a secret
 * @has_value: whether its value was set
 *
 * Since: 0.1
 */
void
vireo_secret_obj_set_has_value (VireoSecretObj *self, gboolean has_value)
{
  if (self->has_value == has_value)
    return;
  self->has_value = has_value;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HAS_VALUE]);
}
