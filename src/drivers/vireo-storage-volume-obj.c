/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-storage-volume-obj.h"

enum
{
  PROP_0,
  PROP_KEY,
  PROP_PATH,
  PROP_VOLUME_TYPE,
  PROP_FORMAT,
  PROP_CAPACITY,
  PROP_ALLOCATION,
  PROP_PHYSICAL,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_TYPE (VireoStorageVolumeObj, vireo_storage_volume_obj, VIREO_TYPE_DEF_OBJ)

static const char *
get_format (const VireoStorageVolumeDef *def)
{
  return def->target != NULL && def->target->format != NULL ? def->target->format : "";
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoStorageVolumeObj *self = VIREO_STORAGE_VOLUME_OBJ (object);
  const VireoStorageVolumeDef *def = vireo_storage_volume_obj_get_def (self);

  switch (id)
    {
    case PROP_KEY:
      g_value_set_string (value, vireo_storage_volume_obj_get_key (self));
      break;
    case PROP_PATH:
      g_value_set_string (value, vireo_storage_volume_obj_get_path (self));
      break;
    case PROP_VOLUME_TYPE:
      g_value_set_string (value, vireo_volume_type_to_string (def->type));
      break;
    case PROP_FORMAT:
      g_value_set_string (value, get_format (def));
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, def->capacity);
      break;
    case PROP_ALLOCATION:
      g_value_set_uint64 (value, def->allocation);
      break;
    case PROP_PHYSICAL:
      g_value_set_uint64 (value, def->physical);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
describe (VireoObj *obj, VireoDescribeFunc func, gpointer user_data)
{
  func ("vol_key", vireo_storage_volume_obj_get_key (VIREO_STORAGE_VOLUME_OBJ (obj)), user_data);
}

static void
vireo_storage_volume_obj_class_init (VireoStorageVolumeObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  VireoDefObjClass *def_class = VIREO_DEF_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "storage-vol";
  VIREO_OBJ_CLASS (klass)->describe = describe;
  def_class->doc = vireo_doc_kind_find ("storagevol");
  def_class->def_props = &props[PROP_KEY];
  def_class->n_def_props = N_PROPS - PROP_KEY;
  object_class->get_property = get_property;

  props[PROP_KEY] = g_param_spec_string ("key", NULL, NULL, NULL, r);
  props[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, r);
  props[PROP_VOLUME_TYPE] = g_param_spec_string ("volume-type", NULL, NULL, NULL, r);
  props[PROP_FORMAT] = g_param_spec_string ("format", NULL, NULL, NULL, r);
  props[PROP_CAPACITY] = g_param_spec_uint64 ("capacity", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_ALLOCATION] = g_param_spec_uint64 ("allocation", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_PHYSICAL] = g_param_spec_uint64 ("physical", NULL, NULL, 0, G_MAXUINT64, 0, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_storage_volume_obj_init (VireoStorageVolumeObj *self)
{
}

/**
 * vireo_storage_volume_obj_new:
 * @def: (transfer full): what it is
 * @owner: user id of whose it is
 *
 * Returns: (transfer full): a volume, for the list of its pool
 * Since: 0.1
 */
VireoStorageVolumeObj *
vireo_storage_volume_obj_new (VireoStorageVolumeDef *def, guint owner)
{
  VireoStorageVolumeObj *self = g_object_new (VIREO_TYPE_STORAGE_VOLUME_OBJ, "name", def->name,
                                              "owner", owner, "active", TRUE, NULL);

  vireo_def_obj_set_live (VIREO_DEF_OBJ (self), def);
  return self;
}

/**
 * vireo_storage_volume_obj_set_def:
 * @self: a volume
 * @def: (transfer full): what it is now
 *
 * Since: 0.1
 */
void
vireo_storage_volume_obj_set_def (VireoStorageVolumeObj *self, VireoStorageVolumeDef *def)
{
  vireo_def_obj_set_live (VIREO_DEF_OBJ (self), def);
}

/**
 * vireo_storage_volume_obj_get_path:
 * @self: a volume
 *
 * Returns: (transfer none): where it is on this host
 * Since: 0.1
 */
const char *
vireo_storage_volume_obj_get_path (VireoStorageVolumeObj *self)
{
  const VireoStorageVolumeDef *def = vireo_storage_volume_obj_get_def (self);

  return def->target != NULL && def->target->path != NULL ? def->target->path : "";
}

/**
 * vireo_storage_volume_obj_get_key:
 * @self: a volume
 *
 * Returns: (transfer none): what it is known by in all pools
 * Since: 0.1
 */
const char *
vireo_storage_volume_obj_get_key (VireoStorageVolumeObj *self)
{
  const VireoStorageVolumeDef *def = vireo_storage_volume_obj_get_def (self);

  return def->key != NULL ? def->key : "";
}
