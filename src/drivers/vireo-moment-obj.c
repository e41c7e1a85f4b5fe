/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-moment-obj.h"

#include <string.h>

typedef struct
{
  gpointer def;
  gboolean current;
} VireoMomentObjPrivate;

enum
{
  PROP_0,
  PROP_DESCRIPTION,
  PROP_CREATION_TIME,
  PROP_PARENT_NAME,
  PROP_CURRENT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (VireoMomentObj, vireo_moment_obj, VIREO_TYPE_OBJ)

static VireoMomentObjPrivate *
get_private (VireoMomentObj *self)
{
  return vireo_moment_obj_get_instance_private (self);
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoMomentObj *self = VIREO_MOMENT_OBJ (object);
  VireoMomentObjClass *klass = VIREO_MOMENT_OBJ_GET_CLASS (self);
  VireoMomentObjPrivate *priv = get_private (self);

  switch (id)
    {
    case PROP_DESCRIPTION:
      g_value_set_string (value, or_empty (*klass->description (priv->def)));
      break;
    case PROP_CREATION_TIME:
      g_value_set_uint64 (value, klass->creation_time (priv->def) * G_USEC_PER_SEC);
      break;
    case PROP_PARENT_NAME:
      g_value_set_string (value, or_empty (vireo_moment_obj_get_parent_name (self)));
      break;
    case PROP_CURRENT:
      g_value_set_boolean (value, priv->current);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
finalize (GObject *object)
{
  VireoMomentObj *self = VIREO_MOMENT_OBJ (object);
  VireoMomentObjPrivate *priv = get_private (self);

  if (priv->def != NULL)
    vireo_doc_free (vireo_doc_kind_find (VIREO_MOMENT_OBJ_GET_CLASS (self)->doc), priv->def);
  G_OBJECT_CLASS (vireo_moment_obj_parent_class)->finalize (object);
}

static void
vireo_moment_obj_class_init (VireoMomentObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = get_property;
  object_class->finalize = finalize;

  props[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, r);
  props[PROP_CREATION_TIME]
      = g_param_spec_uint64 ("creation-time", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_PARENT_NAME] = g_param_spec_string ("parent-name", NULL, NULL, NULL, r);
  props[PROP_CURRENT] = g_param_spec_boolean ("current", NULL, NULL, FALSE, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_moment_obj_init (VireoMomentObj *self)
{
}

/**
 * vireo_moment_obj_get_def:
 * @self: a moment
 *
 * Returns: (transfer none): its definition
 * Since: 0.1
 */
gpointer
vireo_moment_obj_get_def (VireoMomentObj *self)
{
  return get_private (self)->def;
}

/**
 * vireo_moment_obj_set_def:
 * @self: a moment
 * @def: (transfer full): a definition with the same name
 *
 * Replaces the definition.
 *
 * Since: 0.1
 */
void
vireo_moment_obj_set_def (VireoMomentObj *self, gpointer def)
{
  VireoMomentObjPrivate *priv = get_private (self);

  if (priv->def != NULL)
    vireo_doc_free (vireo_doc_kind_find (VIREO_MOMENT_OBJ_GET_CLASS (self)->doc), priv->def);
  priv->def = def;
  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = PROP_DESCRIPTION; i < PROP_CURRENT; i++)
    g_object_notify_by_pspec (G_OBJECT (self), props[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * vireo_moment_obj_get_parent_name:
 * @self: a moment
 *
 * Returns: (transfer none) (nullable): the name of the moment that it follows
 * Since: 0.1
 */
const char *
vireo_moment_obj_get_parent_name (VireoMomentObj *self)
{
  return *VIREO_MOMENT_OBJ_GET_CLASS (self)->parent_name (get_private (self)->def);
}

/**
 * vireo_moment_obj_set_parent_name:
 * @self: a moment
 * @name: (nullable): the name of the moment that it follows; %NULL for none
 *
 * Since: 0.1
 */
void
vireo_moment_obj_set_parent_name (VireoMomentObj *self, const char *name)
{
  char **slot = VIREO_MOMENT_OBJ_GET_CLASS (self)->parent_name (get_private (self)->def);

  if (g_strcmp0 (*slot, name) == 0)
    return;
  g_free (*slot);
  *slot = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PARENT_NAME]);
}

/**
 * vireo_moment_obj_get_current:
 * @self: a moment
 *
 * Returns: whether what the domain does now follows it
 * Since: 0.1
 */
gboolean
vireo_moment_obj_get_current (VireoMomentObj *self)
{
  return get_private (self)->current;
}

/**
 * vireo_moment_obj_set_current:
 * @self: a moment
 * @current: whether what the domain does now follows it
 *
 * Sets the mark, and takes it from the moment of the list that had it.
 *
 * Since: 0.1
 */
void
vireo_moment_obj_set_current (VireoMomentObj *self, gboolean current)
{
  VireoMomentObjPrivate *priv = get_private (self);
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (self));
  VireoMomentObj *before = current && list != NULL ? vireo_moments_get_current (list) : NULL;

  if (before != NULL && before != self)
    vireo_moment_obj_set_current (before, FALSE);
  if (priv->current == !!current)
    return;
  priv->current = !!current;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CURRENT]);
  if (VIREO_IS_SNAPSHOT_OBJ (self) && vireo_moment_obj_get_domain (self) != NULL)
    g_object_notify (G_OBJECT (vireo_moment_obj_get_domain (self)), "current-snapshot");
}

/**
 * vireo_moment_obj_format:
 * @self: a moment
 * @flags: what is in it
 * @error: return location
 *
 * Returns: (transfer full): its document; %NULL with @error
 * Since: 0.1
 */
char *
vireo_moment_obj_format (VireoMomentObj *self, VireoFormatFlags flags, GError **error)
{
  return vireo_doc_format (vireo_doc_kind_find (VIREO_MOMENT_OBJ_GET_CLASS (self)->doc),
                           get_private (self)->def, flags, error);
}

/**
 * vireo_moment_obj_get_domain:
 * @self: a moment
 *
 * Returns: (transfer none) (nullable): the domain; %NULL when the moment was removed
 * Since: 0.1
 */
VireoObj *
vireo_moment_obj_get_domain (VireoMomentObj *self)
{
  return vireo_obj_get_parent (VIREO_OBJ (self));
}

/* ---- in the tree ---- */

/**
 * vireo_moments_get_current:
 * @moments: the moments of one kind of a domain
 *
 * Returns: (transfer none) (nullable): the current one
 * Since: 0.1
 */
VireoMomentObj *
vireo_moments_get_current (VireoObjList *moments)
{
  g_autoptr (GPtrArray) all = vireo_obj_list_snapshot (moments);

  for (guint i = 0; i < all->len; i++)
    if (vireo_moment_obj_get_current (all->pdata[i]))
      return all->pdata[i];
  return NULL;
}

/**
 * vireo_moment_obj_get_parent:
 * @self: a moment
 *
 * Returns: (transfer none) (nullable): the moment that it follows
 * Since: 0.1
 */
VireoMomentObj *
vireo_moment_obj_get_parent (VireoMomentObj *self)
{
  const char *name = vireo_moment_obj_get_parent_name (self);
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (self));

  if (name == NULL || list == NULL)
    return NULL;
  return (VireoMomentObj *) vireo_obj_list_find_by_name (list, name);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  VireoMomentObj *one = *(VireoMomentObj *const *) a;
  VireoMomentObj *other = *(VireoMomentObj *const *) b;
  guint64 one_time = VIREO_MOMENT_OBJ_GET_CLASS (one)->creation_time (get_private (one)->def);
  guint64 other_time = VIREO_MOMENT_OBJ_GET_CLASS (other)->creation_time (get_private (other)->def);

  if (one_time != other_time)
    return one_time < other_time ? -1 : 1;
  return strcmp (vireo_obj_get_name (VIREO_OBJ (one)), vireo_obj_get_name (VIREO_OBJ (other)));
}

/* (transfer full): from a moment to those right below it, the oldest first; those whose parent is
 * not there are below NULL. */
static GHashTable *
sort_by_parent (VireoObjList *moments)
{
  GHashTable *by_parent
      = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) all = vireo_obj_list_snapshot (moments);

  g_ptr_array_sort (all, compare_times);
  for (guint i = 0; i < all->len; i++)
    {
      VireoMomentObj *parent = vireo_moment_obj_get_parent (all->pdata[i]);
      GPtrArray *children = g_hash_table_lookup (by_parent, parent);

      if (children == NULL)
        {
          children = g_ptr_array_new_with_free_func (g_object_unref);
          g_hash_table_insert (by_parent, parent, children);
        }
      g_ptr_array_add (children, g_object_ref (all->pdata[i]));
    }
  return by_parent;
}

static void
add_children (GHashTable *by_parent, VireoMomentObj *moment, GPtrArray *into)
{
  GPtrArray *children = g_hash_table_lookup (by_parent, moment);

  for (guint i = 0; children != NULL && i < children->len; i++)
    g_ptr_array_add (into, g_object_ref (children->pdata[i]));
}

/**
 * vireo_moments_get_below:
 * @moments: the moments of one kind of a domain
 * @moment: (nullable): one of them; %NULL for the roots
 * @descendants: whether what is below those is wanted, too
 *
 * Returns: (transfer full) (element-type VireoMomentObj): what is below @moment, parents before
 *   their children
 * Since: 0.1
 */
GPtrArray *
vireo_moments_get_below (VireoObjList *moments, VireoMomentObj *moment, gboolean descendants)
{
  g_autoptr (GHashTable) by_parent = sort_by_parent (moments);
  GPtrArray *below = g_ptr_array_new_with_free_func (g_object_unref);

  add_children (by_parent, moment, below);
  /* The array grows while it is walked: it is its own queue. There are no circles. */
  for (guint i = 0; descendants && i < below->len; i++)
    add_children (by_parent, below->pdata[i], below);
  return below;
}

/**
 * vireo_moment_obj_has_children:
 * @self: a moment
 *
 * Returns: whether others follow it
 * Since: 0.1
 */
gboolean
vireo_moment_obj_has_children (VireoMomentObj *self)
{
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (self));
  g_autoptr (GPtrArray) below = NULL;

  if (list == NULL)
    return FALSE;
  below = vireo_moments_get_below (list, self, FALSE);
  return below->len > 0;
}

static VireoMomentObj *
new_moment (GType type, VireoObj *domain, const char *name, gpointer def)
{
  VireoMomentObj *self = g_object_new (type, "name", name, "owner", vireo_obj_get_owner (domain),
                                       "persistent", TRUE, NULL);

  get_private (self)->def = def;
  return self;
}

/* ---- snapshots ---- */

struct _VireoSnapshotObj
{
  VireoMomentObj parent_instance;
};

enum
{
  PROP_SNAPSHOT_0,
  PROP_SNAPSHOT_STATE,
  PROP_SNAPSHOT_LOCATION,
  N_SNAPSHOT_PROPS
};

G_DEFINE_FINAL_TYPE (VireoSnapshotObj, vireo_snapshot_obj, VIREO_TYPE_MOMENT_OBJ)

static char **
snapshot_description (gpointer def)
{
  return &((VireoDomainSnapshotDef *) def)->description;
}

static char **
snapshot_parent_name (gpointer def)
{
  return &((VireoDomainSnapshotDef *) def)->parent;
}

static guint64
snapshot_creation_time (gconstpointer def)
{
  return ((const VireoDomainSnapshotDef *) def)->creation_time;
}

static VireoDomainDef *
snapshot_domain (gpointer def, guint index)
{
  VireoDomainSnapshotDef *snapshot = def;

  if (index > 1)
    return NULL;
  return index == 0 ? snapshot->domain : snapshot->inactive_domain;
}

/**
 * vireo_snapshot_def_is_external:
 * @def: a snapshot
 *
 * Returns: whether a file other than the disks' own has part of it
 * Since: 0.1
 */
gboolean
vireo_snapshot_def_is_external (const VireoDomainSnapshotDef *def)
{
  if (def->memory_snapshot == VIREO_SNAPSHOT_LOCATION_EXTERNAL)
    return TRUE;
  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->snapshot == VIREO_SNAPSHOT_LOCATION_EXTERNAL)
      return TRUE;
  return FALSE;
}

static void
snapshot_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const VireoDomainSnapshotDef *def = vireo_moment_obj_get_def (VIREO_MOMENT_OBJ (object));

  switch (id)
    {
    case PROP_SNAPSHOT_STATE:
      g_value_set_string (value, or_empty (vireo_snapshot_state_to_string (def->state)));
      break;
    case PROP_SNAPSHOT_LOCATION:
      g_value_set_string (value, vireo_snapshot_def_is_external (def) ? "external" : "internal");
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
vireo_snapshot_obj_class_init (VireoSnapshotObjClass *klass)
{
  VireoMomentObjClass *moment_class = VIREO_MOMENT_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  G_OBJECT_CLASS (klass)->get_property = snapshot_get_property;
  VIREO_OBJ_CLASS (klass)->kind = VIREO_KIND_SNAPSHOT;
  moment_class->doc = "snapshot";
  moment_class->description = snapshot_description;
  moment_class->parent_name = snapshot_parent_name;
  moment_class->creation_time = snapshot_creation_time;
  moment_class->domain = snapshot_domain;
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_SNAPSHOT_STATE,
                                   g_param_spec_string ("state", NULL, NULL, NULL, r));
  g_object_class_install_property (G_OBJECT_CLASS (klass), PROP_SNAPSHOT_LOCATION,
                                   g_param_spec_string ("location", NULL, NULL, NULL, r));
}

static void
vireo_snapshot_obj_init (VireoSnapshotObj *self)
{
}

/**
 * vireo_snapshot_obj_new:
 * @domain: whose snapshot it is
 * @def: (transfer full): what is kept, with a name
 *
 * Returns: (transfer full): a snapshot, which is in no list yet
 * Since: 0.1
 */
VireoMomentObj *
vireo_snapshot_obj_new (VireoObj *domain, VireoDomainSnapshotDef *def)
{
  return new_moment (VIREO_TYPE_SNAPSHOT_OBJ, domain, def->name, def);
}

/* ---- checkpoints ---- */

struct _VireoCheckpointObj
{
  VireoMomentObj parent_instance;
};

G_DEFINE_FINAL_TYPE (VireoCheckpointObj, vireo_checkpoint_obj, VIREO_TYPE_MOMENT_OBJ)

static char **
checkpoint_description (gpointer def)
{
  return &((VireoDomainCheckpointDef *) def)->description;
}

static char **
checkpoint_parent_name (gpointer def)
{
  return &((VireoDomainCheckpointDef *) def)->parent;
}

static guint64
checkpoint_creation_time (gconstpointer def)
{
  return ((const VireoDomainCheckpointDef *) def)->creation_time;
}

static VireoDomainDef *
checkpoint_domain (gpointer def, guint index)
{
  return index == 0 ? ((VireoDomainCheckpointDef *) def)->domain : NULL;
}

static void
vireo_checkpoint_obj_class_init (VireoCheckpointObjClass *klass)
{
  VireoMomentObjClass *moment_class = VIREO_MOMENT_OBJ_CLASS (klass);

  VIREO_OBJ_CLASS (klass)->kind = VIREO_KIND_CHECKPOINT;
  moment_class->doc = "checkpoint";
  moment_class->description = checkpoint_description;
  moment_class->parent_name = checkpoint_parent_name;
  moment_class->creation_time = checkpoint_creation_time;
  moment_class->domain = checkpoint_domain;
}

static void
vireo_checkpoint_obj_init (VireoCheckpointObj *self)
{
}

/**
 * vireo_checkpoint_obj_new:
 * @domain: whose checkpoint it is
 * @def: (transfer full): what is kept, with a name
 *
 * Returns: (transfer full): a checkpoint, which is in no list yet
 * Since: 0.1
 */
VireoMomentObj *
vireo_checkpoint_obj_new (VireoObj *domain, VireoDomainCheckpointDef *def)
{
  return new_moment (VIREO_TYPE_CHECKPOINT_OBJ, domain, def->name, def);
}
