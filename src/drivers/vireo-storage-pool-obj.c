/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-storage-pool-obj.h"

typedef struct
{
  VireoStoragePoolState state;
} VireoStoragePoolObjPrivate;

enum
{
  PROP_0,
  PROP_STATE,
  PROP_STATE_REASON,
  PROP_POOL_TYPE,
  PROP_TARGET_PATH,
  PROP_CAPACITY,
  PROP_ALLOCATION,
  PROP_AVAILABLE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_TYPE_WITH_PRIVATE (VireoStoragePoolObj, vireo_storage_pool_obj, VIREO_TYPE_DEF_OBJ)

static VireoStoragePoolObjPrivate *
get_private (VireoStoragePoolObj *self)
{
  return vireo_storage_pool_obj_get_instance_private (self);
}

static const char *
state_name (VireoStoragePoolObj *self)
{
  static const char *const names[] = {
    [VIREO_STORAGE_POOL_INACTIVE] = "inactive",         [VIREO_STORAGE_POOL_BUILDING] = "building",
    [VIREO_STORAGE_POOL_RUNNING] = "running",           [VIREO_STORAGE_POOL_DEGRADED] = "degraded",
    [VIREO_STORAGE_POOL_INACCESSIBLE] = "inaccessible",
  };

  if (vireo_def_obj_get_raw (VIREO_DEF_OBJ (self), NULL) != NULL)
    return "unparsable";
  return names[get_private (self)->state];
}

/* What the definition says; nothing while there is none. */
static void
get_from_def (VireoStoragePoolObj *self, guint id, GValue *value)
{
  const VireoStoragePoolDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (self));
  const VireoStoragePoolDef *live = vireo_storage_pool_obj_get_live_def (self);
  const char *path = def != NULL && def->target != NULL ? def->target->path : NULL;

  switch (id)
    {
    case PROP_POOL_TYPE:
      g_value_set_string (value, def != NULL ? vireo_pool_type_to_string (def->type) : "");
      break;
    case PROP_TARGET_PATH:
      g_value_set_string (value, path != NULL ? path : "");
      break;
    case PROP_CAPACITY:
      g_value_set_uint64 (value, live != NULL ? live->capacity : 0);
      break;
    case PROP_ALLOCATION:
      g_value_set_uint64 (value, live != NULL ? live->allocation : 0);
      break;
    default:
      g_value_set_uint64 (value, live != NULL ? live->available : 0);
      break;
    }
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoStoragePoolObj *self = VIREO_STORAGE_POOL_OBJ (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_static_string (value, state_name (self));
      break;
    case PROP_STATE_REASON:
      g_value_set_string (value, vireo_def_obj_get_state_reason (VIREO_DEF_OBJ (self)));
      break;
    case PROP_POOL_TYPE:
    case PROP_TARGET_PATH:
    case PROP_CAPACITY:
    case PROP_ALLOCATION:
    case PROP_AVAILABLE:
      get_from_def (self, id, value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
vireo_storage_pool_obj_class_init (VireoStoragePoolObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  VireoDefObjClass *def_class = VIREO_DEF_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "storage-pool";
  def_class->doc = vireo_doc_kind_find ("storagepool");
  def_class->def_props = &props[PROP_POOL_TYPE];
  def_class->n_def_props = N_PROPS - PROP_POOL_TYPE;
  def_class->state_props = &props[PROP_STATE];
  object_class->get_property = get_property;

  props[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, NULL, r);
  props[PROP_STATE_REASON] = g_param_spec_string ("state-reason", NULL, NULL, NULL, r);
  props[PROP_POOL_TYPE] = g_param_spec_string ("pool-type", NULL, NULL, NULL, r);
  props[PROP_TARGET_PATH] = g_param_spec_string ("target-path", NULL, NULL, NULL, r);
  props[PROP_CAPACITY] = g_param_spec_uint64 ("capacity", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_ALLOCATION] = g_param_spec_uint64 ("allocation", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_AVAILABLE] = g_param_spec_uint64 ("available", NULL, NULL, 0, G_MAXUINT64, 0, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_storage_pool_obj_init (VireoStoragePoolObj *self)
{
}

/**
 * vireo_storage_pool_obj_find_volume:
 * @self: a pool
 * @name: the name of a volume
 *
 * Returns: (transfer none) (nullable): the volume
 * Since: 0.1
 */
VireoStorageVolumeObj *
vireo_storage_pool_obj_find_volume (VireoStoragePoolObj *self, const char *name)
{
  VireoObjList *list = vireo_storage_pool_obj_get_volumes (self);
  VireoObj *obj = vireo_obj_list_find_by_name (list, name);

  return obj != NULL ? VIREO_STORAGE_VOLUME_OBJ (obj) : NULL;
}

/**
 * vireo_storage_pool_obj_get_state:
 * @self: a pool
 *
 * Returns: its state; of a pool whose definition cannot be parsed, inactive
 * Since: 0.1
 */
VireoStoragePoolState
vireo_storage_pool_obj_get_state (VireoStoragePoolObj *self)
{
  return get_private (self)->state;
}

/**
 * vireo_storage_pool_obj_set_state:
 * @self: a pool
 * @state: its state, from which it follows whether it is active
 * @reason: why it is not all right; "" when it is
 *
 * Since: 0.1
 */
void
vireo_storage_pool_obj_set_state (VireoStoragePoolObj *self,
                                  VireoStoragePoolState state,
                                  const char *reason)
{
  VireoStoragePoolObjPrivate *priv = get_private (self);

  g_object_freeze_notify (G_OBJECT (self));
  if (priv->state != state)
    {
      priv->state = state;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
    }
  vireo_def_obj_set_state_reason (VIREO_DEF_OBJ (self), reason);
  vireo_obj_set_active (VIREO_OBJ (self), state >= VIREO_STORAGE_POOL_RUNNING);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * vireo_storage_pool_obj_set_space:
 * @self: an active pool
 * @capacity: bytes that there is room for
 * @allocation: bytes of it that are taken
 * @available: bytes of it that can still be used
 *
 * Since: 0.1
 */
void
vireo_storage_pool_obj_set_space (VireoStoragePoolObj *self,
                                  guint64 capacity,
                                  guint64 allocation,
                                  guint64 available)
{
  const VireoStoragePoolDef *live = vireo_storage_pool_obj_get_live_def (self);
  VireoStoragePoolDef *def;

  g_return_if_fail (live != NULL);
  if (live->capacity == capacity && live->allocation == allocation && live->available == available)
    return;
  def = vireo_storage_pool_def_copy (live);
  def->capacity = capacity;
  def->allocation = allocation;
  def->available = available;
  def->has_capacity = def->has_allocation = def->has_available = TRUE;
  vireo_def_obj_set_live (VIREO_DEF_OBJ (self), def);
}

/**
 * vireo_storage_pool_obj_get_target_path:
 * @self: a pool
 *
 * Returns: (transfer none) (nullable): where its volumes are
 * Since: 0.1
 */
const char *
vireo_storage_pool_obj_get_target_path (VireoStoragePoolObj *self)
{
  const VireoStoragePoolDef *def = vireo_storage_pool_obj_get_def (self);

  return def != NULL && def->target != NULL ? def->target->path : NULL;
}

/**
 * vireo_storage_volume_obj_get_pool:
 * @volume: a volume
 *
 * Returns: (transfer none) (nullable): what it is in
 * Since: 0.1
 */
VireoStoragePoolObj *
vireo_storage_volume_obj_get_pool (VireoStorageVolumeObj *volume)
{
  VireoObj *parent = vireo_obj_get_parent (VIREO_OBJ (volume));

  return parent != NULL ? VIREO_STORAGE_POOL_OBJ (parent) : NULL;
}
