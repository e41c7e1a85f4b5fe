/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-obj.h"

#include "conf/vireo-metadata.h"
#include "vireo-moment-obj.h"

typedef struct
{
  GPtrArray *problems; /* VireoProblem */
  VireoDomainState state;
  char *state_reason;
  guint64 state_changed_at;
  guint id;
  gboolean has_managed_save;
  gboolean custom_monitor;
} VireoDomainObjPrivate;

enum
{
  PROP_0,
  PROP_ID,
  PROP_STATE,
  PROP_STATE_REASON,
  PROP_STATE_CHANGED_AT,
  PROP_DOMAIN_TYPE,
  PROP_OS_TYPE,
  PROP_TITLE,
  PROP_DESCRIPTION,
  PROP_MAX_MEMORY,
  PROP_MEMORY,
  PROP_VCPUS,
  PROP_TAGS,
  PROP_POST_PARSE_FAILED,
  PROP_POST_PARSE_PROBLEMS,
  PROP_HAS_MANAGED_SAVE,
  PROP_CURRENT_SNAPSHOT,
  N_PROPS
};

#define FIRST_DEF_PROP PROP_DOMAIN_TYPE
#define LAST_DEF_PROP PROP_TAGS

static GParamSpec *props[N_PROPS];

static const char *const state_names[] = {
  [VIREO_DOMAIN_STATE_NOSTATE] = "nostate",       [VIREO_DOMAIN_STATE_RUNNING] = "running",
  [VIREO_DOMAIN_STATE_BLOCKED] = "blocked",       [VIREO_DOMAIN_STATE_PAUSED] = "paused",
  [VIREO_DOMAIN_STATE_SHUTDOWN] = "shutdown",     [VIREO_DOMAIN_STATE_SHUTOFF] = "shutoff",
  [VIREO_DOMAIN_STATE_CRASHED] = "crashed",       [VIREO_DOMAIN_STATE_PMSUSPENDED] = "pmsuspended",
  [VIREO_DOMAIN_STATE_UNPARSABLE] = "unparsable",
};

static const gboolean state_active[] = {
  [VIREO_DOMAIN_STATE_RUNNING] = TRUE,     [VIREO_DOMAIN_STATE_BLOCKED] = TRUE,
  [VIREO_DOMAIN_STATE_PAUSED] = TRUE,      [VIREO_DOMAIN_STATE_SHUTDOWN] = TRUE,
  [VIREO_DOMAIN_STATE_PMSUSPENDED] = TRUE, [VIREO_DOMAIN_STATE_UNPARSABLE] = FALSE,
};

G_STATIC_ASSERT (G_N_ELEMENTS (state_names) == VIREO_DOMAIN_STATE_UNPARSABLE + 1);
G_STATIC_ASSERT (G_N_ELEMENTS (state_active) == G_N_ELEMENTS (state_names));

G_DEFINE_TYPE_WITH_PRIVATE (VireoDomainObj, vireo_domain_obj, VIREO_TYPE_DEF_OBJ)

static VireoDomainObjPrivate *
get_private (VireoDomainObj *self)
{
  return vireo_domain_obj_get_instance_private (self);
}

/**
 * vireo_domain_state_to_string:
 * @state: a state
 *
 * Returns: (transfer none): its name on the bus
 * Since: 0.1
 */
const char *
vireo_domain_state_to_string (VireoDomainState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (state_names), "nostate");
  return state_names[state];
}

/**
 * vireo_domain_state_from_string:
 * @string: a name
 * @ret_state: (out): the state
 *
 * Returns: whether there is a state with that name
 * Since: 0.1
 */
gboolean
vireo_domain_state_from_string (const char *string, VireoDomainState *ret_state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (g_strcmp0 (string, state_names[i]) == 0)
      {
        *ret_state = (VireoDomainState) i;
        return TRUE;
      }
  return FALSE;
}

/* ---- what a definition says that is a property ---- */

static const char *
os_type (const VireoDomainDef *def)
{
  return def != NULL && def->os != NULL ? def->os->type : NULL;
}

static guint64
current_memory (const VireoDomainDef *def)
{
  if (def == NULL)
    return 0;
  return def->has_current_memory ? def->current_memory : def->memory;
}

static guint
current_vcpus (const VireoDomainDef *def)
{
  if (def == NULL)
    return 0;
  if (def->has_vcpu_current)
    return def->vcpu_current;
  return def->has_vcpus ? def->vcpus : 1;
}

static void
get_def_property (const VireoDomainDef *def, guint id, GValue *value)
{
  switch (id)
    {
    case PROP_DOMAIN_TYPE:
      g_value_set_string (value, def != NULL ? vireo_domain_type_to_string (def->type) : NULL);
      break;
    case PROP_OS_TYPE:
      g_value_set_string (value, os_type (def));
      break;
    case PROP_TITLE:
      g_value_set_string (value, def != NULL ? def->title : NULL);
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, def != NULL ? def->description : NULL);
      break;
    case PROP_TAGS:
      g_value_take_boxed (value, vireo_metadata_get_tags (def != NULL ? def->metadata : NULL));
      break;
    case PROP_MAX_MEMORY:
      g_value_set_uint64 (value, def != NULL ? def->memory : 0);
      break;
    case PROP_MEMORY:
      g_value_set_uint64 (value, current_memory (def));
      break;
    default:
      g_value_set_uint (value, current_vcpus (def));
    }
  if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value) == NULL)
    g_value_set_static_string (value, "");
}

/* ---- problems ---- */

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

/* As a property or argument: a(ssssa{sv}). */
static GVariant *
problems_to_variant (GPtrArray *problems)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ssssa{sv})"));
  for (guint i = 0; problems != NULL && i < problems->len; i++)
    {
      const VireoProblem *problem = problems->pdata[i];
      GVariantBuilder more;

      g_variant_builder_init (&more, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&more, "{sv}", "message",
                             g_variant_new_string (or_empty (problem->message)));
      if (problem->path != NULL)
        g_variant_builder_add (&more, "{sv}", "path", g_variant_new_string (problem->path));
      if (problem->line > 0)
        g_variant_builder_add (&more, "{sv}", "line", g_variant_new_uint32 (problem->line));
      g_variant_builder_add (&builder, "(ssssa{sv})", or_empty (problem->phase),
                             or_empty (problem->code), or_empty (problem->device),
                             or_empty (problem->resource), &more);
    }
  return g_variant_builder_end (&builder);
}

/* ---- what rules look at ---- */

static void
describe_tags (const char *metadata, VireoDescribeFunc func, gpointer user_data)
{
  g_auto (GStrv) tags = vireo_metadata_get_tags (metadata);
  g_autofree char *joined = g_strjoinv (" ", tags);

  func ("domain_tags", *joined != '\0' ? joined : NULL, user_data);
}

/**
 * vireo_domain_def_describe:
 * @def: a #VireoDomainDef
 * @func: called with each variable
 * @user_data: for @func
 *
 * Since: 0.1
 */
void
vireo_domain_def_describe (gconstpointer def, VireoDescribeFunc func, gpointer user_data)
{
  describe_tags (((const VireoDomainDef *) def)->metadata, func, user_data);
}

static void
describe (VireoObj *obj, VireoDescribeFunc func, gpointer user_data)
{
  const VireoDomainDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (obj));

  if (def != NULL)
    vireo_domain_def_describe (def, func, user_data);
}

/* ---- GObject ---- */

static VireoMomentObj *
get_current_snapshot (VireoDomainObj *self)
{
  VireoObjList *list = vireo_obj_get_children (VIREO_OBJ (self), VIREO_KIND_SNAPSHOT);

  return list != NULL ? vireo_moments_get_current (list) : NULL;
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoDomainObj *self = VIREO_DOMAIN_OBJ (object);
  VireoDomainObjPrivate *priv = get_private (self);

  switch (id)
    {
    case PROP_ID:
      g_value_set_uint (value, priv->id);
      break;
    case PROP_STATE:
      g_value_set_static_string (value, state_names[priv->state]);
      break;
    case PROP_STATE_REASON:
      g_value_set_string (value, priv->state_reason);
      break;
    case PROP_STATE_CHANGED_AT:
      g_value_set_uint64 (value, priv->state_changed_at);
      break;
    case PROP_POST_PARSE_FAILED:
      g_value_set_boolean (value, priv->problems != NULL);
      break;
    case PROP_POST_PARSE_PROBLEMS:
      g_value_set_variant (value, problems_to_variant (priv->problems));
      break;
    case PROP_HAS_MANAGED_SAVE:
      g_value_set_boolean (value, priv->has_managed_save);
      break;
    case PROP_CURRENT_SNAPSHOT:
      g_value_set_object (value, get_current_snapshot (self));
      break;
    default:
      if (id >= FIRST_DEF_PROP && id <= LAST_DEF_PROP)
        get_def_property (vireo_def_obj_glance (VIREO_DEF_OBJ (self)), id, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
raw_changed (VireoDefObj *def_obj, gboolean came_or_went)
{
  VireoDomainObj *self = VIREO_DOMAIN_OBJ (def_obj);
  const char *message;

  if (vireo_def_obj_get_raw (def_obj, &message) != NULL)
    vireo_domain_obj_set_state (self, VIREO_DOMAIN_STATE_UNPARSABLE, message);
  else if (get_private (self)->state == VIREO_DOMAIN_STATE_UNPARSABLE)
    vireo_domain_obj_set_state (self, VIREO_DOMAIN_STATE_SHUTOFF, "unknown");
}

static void
emit_lifecycle (VireoDefObj *self, const char *event, const char *detail)
{
  vireo_obj_emit_event (VIREO_OBJ (self), "Lifecycle", g_variant_new ("(ss)", event, detail));
}

static void
finalize (GObject *object)
{
  VireoDomainObjPrivate *priv = get_private (VIREO_DOMAIN_OBJ (object));

  g_clear_pointer (&priv->problems, g_ptr_array_unref);
  g_free (priv->state_reason);
  G_OBJECT_CLASS (vireo_domain_obj_parent_class)->finalize (object);
}

/* The number is the object's: a definition outlives the guest that it was made for. */
static char *
format_live (VireoDefObj *obj, gconstpointer live, VireoFormatFlags flags, GError **error)
{
  guint id = get_private (VIREO_DOMAIN_OBJ (obj))->id;
  VireoDomainDef def = *(const VireoDomainDef *) live;

  def.has_id = id != 0;
  def.id = (gint) id;
  return vireo_doc_format (VIREO_DEF_OBJ_GET_CLASS (obj)->doc, &def, flags, error);
}

static void
vireo_domain_obj_class_init (VireoDomainObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  VireoDefObjClass *def_class = VIREO_DEF_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "domain";
  VIREO_OBJ_CLASS (klass)->describe = describe;
  def_class->doc = vireo_doc_kind_find ("domain");
  def_class->def_props = &props[FIRST_DEF_PROP];
  def_class->n_def_props = LAST_DEF_PROP - FIRST_DEF_PROP + 1;
  def_class->raw_changed = raw_changed;
  def_class->emit_lifecycle = emit_lifecycle;
  def_class->format_live = format_live;
  object_class->get_property = get_property;
  object_class->finalize = finalize;

  props[PROP_ID] = g_param_spec_uint ("id", NULL, NULL, 0, G_MAXUINT, 0, r);
  props[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, NULL, r);
  props[PROP_STATE_REASON] = g_param_spec_string ("state-reason", NULL, NULL, NULL, r);
  props[PROP_STATE_CHANGED_AT]
      = g_param_spec_uint64 ("state-changed-at", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_DOMAIN_TYPE] = g_param_spec_string ("domain-type", NULL, NULL, NULL, r);
  props[PROP_OS_TYPE] = g_param_spec_string ("os-type", NULL, NULL, NULL, r);
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, r);
  props[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, r);
  props[PROP_MAX_MEMORY] = g_param_spec_uint64 ("max-memory", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_MEMORY] = g_param_spec_uint64 ("memory", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_VCPUS] = g_param_spec_uint ("vcpus", NULL, NULL, 0, G_MAXUINT, 0, r);
  props[PROP_TAGS] = g_param_spec_boxed ("tags", NULL, NULL, G_TYPE_STRV, r);
  props[PROP_POST_PARSE_FAILED] = g_param_spec_boolean ("post-parse-failed", NULL, NULL, FALSE, r);
  props[PROP_POST_PARSE_PROBLEMS] = g_param_spec_variant ("post-parse-problems", NULL, NULL,
                                                          G_VARIANT_TYPE ("a(ssssa{sv})"), NULL, r);
  props[PROP_HAS_MANAGED_SAVE]
      = g_param_spec_boolean ("has-managed-save", NULL, NULL, FALSE, r);
  props[PROP_CURRENT_SNAPSHOT]
      = g_param_spec_object ("current-snapshot", NULL, NULL, VIREO_TYPE_MOMENT_OBJ, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_domain_obj_init (VireoDomainObj *self)
{
  VireoDomainObjPrivate *priv = get_private (self);

  priv->state = VIREO_DOMAIN_STATE_SHUTOFF;
  priv->state_reason = g_strdup ("unknown");
}

/* ---- state ---- */

/**
 * vireo_domain_obj_get_state:
 * @self: a domain
 *
 * Returns: its state
 * Since: 0.1
 */
VireoDomainState
vireo_domain_obj_get_state (VireoDomainObj *self)
{
  return get_private (self)->state;
}

/**
 * vireo_domain_obj_get_state_reason:
 * @self: a domain
 *
 * Returns: (transfer none): how it came to be in its state
 * Since: 0.1
 */
const char *
vireo_domain_obj_get_state_reason (VireoDomainObj *self)
{
  return get_private (self)->state_reason;
}

/**
 * vireo_domain_obj_set_state:
 * @self: a domain
 * @state: the state that it is in now
 * @reason: how it came to be in it, such as "booted"
 *
 * Since: 0.1
 */
void
vireo_domain_obj_set_state (VireoDomainObj *self, VireoDomainState state, const char *reason)
{
  VireoDomainObjPrivate *priv = get_private (self);
  GObject *object = G_OBJECT (self);
  gboolean same_state = priv->state == state;
  gboolean same_reason = g_strcmp0 (priv->state_reason, reason) == 0;

  if (same_state && same_reason)
    return;
  g_object_freeze_notify (object);
  priv->state = state;
  priv->state_changed_at = (guint64) g_get_real_time ();
  if (state == VIREO_DOMAIN_STATE_SHUTOFF)
    priv->custom_monitor = FALSE;
  if (!same_reason)
    {
      g_autofree char *old_reason = priv->state_reason;

      priv->state_reason = g_strdup (reason);
      g_object_notify_by_pspec (object, props[PROP_STATE_REASON]);
    }
  if (!same_state)
    g_object_notify_by_pspec (object, props[PROP_STATE]);
  g_object_notify_by_pspec (object, props[PROP_STATE_CHANGED_AT]);
  vireo_obj_set_active (VIREO_OBJ (self), state_active[state]);
  g_object_thaw_notify (object);
}

/**
 * vireo_domain_obj_set_state_changed_at:
 * @self: a domain
 * @when: since when it is in its state, in microseconds since 1970-01-01 UTC; 0 when that is not
 *   known
 *
 * For a domain whose state is older than the daemon.
 *
 * Since: 0.1
 */
void
vireo_domain_obj_set_state_changed_at (VireoDomainObj *self, guint64 when)
{
  VireoDomainObjPrivate *priv = get_private (self);

  if (priv->state_changed_at == when)
    return;
  priv->state_changed_at = when;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE_CHANGED_AT]);
}

/**
 * vireo_domain_obj_get_state_changed_at:
 * @self: a domain
 *
 * Returns: since when it is in its state, in microseconds since 1970-01-01 UTC; 0 when that is not
 *   known
 * Since: 0.1
 */
guint64
vireo_domain_obj_get_state_changed_at (VireoDomainObj *self)
{
  return get_private (self)->state_changed_at;
}

/**
 * vireo_domain_obj_set_id:
 * @self: a domain
 * @id: the number that it has while it is active; 0 when it is not
 *
 * Since: 0.1
 */
void
vireo_domain_obj_set_id (VireoDomainObj *self, guint id)
{
  VireoDomainObjPrivate *priv = get_private (self);

  if (priv->id == id)
    return;
  priv->id = id;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ID]);
}

/**
 * vireo_domain_obj_get_id:
 * @self: a domain
 *
 * Returns: the number that it has while it is active; 0 when it is not
 * Since: 0.1
 */
guint
vireo_domain_obj_get_id (VireoDomainObj *self)
{
  return get_private (self)->id;
}

/* ---- post-parse ---- */

/**
 * vireo_domain_obj_set_post_parse_problems:
 * @self: a domain
 * @problems: (nullable) (element-type VireoProblem): why post-parse failed for now; %NULL when it
 *   succeeded. A reference is taken
 *
 * Since: 0.1
 */
void
vireo_domain_obj_set_post_parse_problems (VireoDomainObj *self, GPtrArray *problems)
{
  VireoDomainObjPrivate *priv = get_private (self);
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;
  gboolean failed = priv->problems != NULL;

  if (problems == priv->problems)
    return;
  before = g_variant_ref_sink (problems_to_variant (priv->problems));
  after = g_variant_ref_sink (problems_to_variant (problems));
  g_clear_pointer (&priv->problems, g_ptr_array_unref);
  priv->problems = problems != NULL ? g_ptr_array_ref (problems) : NULL;

  g_object_freeze_notify (G_OBJECT (self));
  if (failed != (problems != NULL))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_POST_PARSE_FAILED]);
  if (!g_variant_equal (before, after))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_POST_PARSE_PROBLEMS]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * vireo_domain_obj_get_post_parse_problems:
 * @self: a domain
 *
 * Returns: (transfer none) (nullable) (element-type VireoProblem): why post-parse failed for now
 * Since: 0.1
 */
GPtrArray *
vireo_domain_obj_get_post_parse_problems (VireoDomainObj *self)
{
  return get_private (self)->problems;
}

/**
 * vireo_domain_obj_set_has_managed_save:
 * @self: a domain
 * @has_managed_save: whether its next start goes on from where it was saved
 *
 * Since: 0.1
 */
void
vireo_domain_obj_set_has_managed_save (VireoDomainObj *self, gboolean has_managed_save)
{
  VireoDomainObjPrivate *priv = get_private (self);

  if (priv->has_managed_save == !!has_managed_save)
    return;
  priv->has_managed_save = !!has_managed_save;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HAS_MANAGED_SAVE]);
}

/**
 * vireo_domain_obj_get_has_managed_save:
 * @self: a domain
 *
 * Returns: whether its next start goes on from where it was saved
 * Since: 0.1
 */
gboolean
vireo_domain_obj_get_has_managed_save (VireoDomainObj *self)
{
  return get_private (self)->has_managed_save;
}

/**
 * vireo_domain_obj_set_custom_monitor:
 * @self: a domain
 * @custom_monitor: whether somebody gave commands to its hypervisor by hand
 *
 * Over when the domain stops.
 *
 * Since: 0.1
 */
void
vireo_domain_obj_set_custom_monitor (VireoDomainObj *self, gboolean custom_monitor)
{
  get_private (self)->custom_monitor = custom_monitor;
}

/**
 * vireo_domain_obj_get_custom_monitor:
 * @self: a domain
 *
 * Returns: whether somebody gave commands to its hypervisor by hand since it started
 * Since: 0.1
 */
gboolean
vireo_domain_obj_get_custom_monitor (VireoDomainObj *self)
{
  return get_private (self)->custom_monitor;
}
