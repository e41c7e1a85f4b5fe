/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-def-obj.h"

#include "vireo-def-slot.h"

typedef struct
{
  VireoDefSlot persistent;
  gpointer live;
  char *raw;
  char *raw_message;
  char *state_reason; /* NULL is "" */
  gboolean updated;
} VireoDefObjPrivate;

enum
{
  PROP_0,
  PROP_PARSE_ERROR,
  PROP_UPDATED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (VireoDefObj, vireo_def_obj, VIREO_TYPE_OBJ)

static VireoDefObjPrivate *
get_private (VireoDefObj *self)
{
  return vireo_def_obj_get_instance_private (self);
}

static void
emit_lifecycle (VireoDefObj *self, const char *event, const char *detail)
{
  vireo_obj_emit_event (VIREO_OBJ (self), "Lifecycle", g_variant_new ("(s)", event));
}

static void
raw_changed (VireoDefObj *self, gboolean came_or_went)
{
  GParamSpec *const *state_props = VIREO_DEF_OBJ_GET_CLASS (self)->state_props;
  const char *message = get_private (self)->raw_message;

  if (state_props == NULL)
    return;
  g_object_freeze_notify (G_OBJECT (self));
  if (came_or_went)
    g_object_notify_by_pspec (G_OBJECT (self), state_props[0]);
  vireo_def_obj_set_state_reason (self, message != NULL ? message : "");
  g_object_thaw_notify (G_OBJECT (self));
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const char *message = get_private (VIREO_DEF_OBJ (object))->raw_message;

  if (id == PROP_PARSE_ERROR)
    g_value_set_string (value, message != NULL ? message : "");
  else if (id == PROP_UPDATED)
    g_value_set_boolean (value, get_private (VIREO_DEF_OBJ (object))->updated);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
finalize (GObject *object)
{
  VireoDefObj *self = VIREO_DEF_OBJ (object);
  VireoDefObjPrivate *priv = get_private (self);

  vireo_def_slot_clear (&priv->persistent);
  vireo_doc_free (VIREO_DEF_OBJ_GET_CLASS (self)->doc, priv->live);
  g_free (priv->raw);
  g_free (priv->raw_message);
  g_free (priv->state_reason);
  G_OBJECT_CLASS (vireo_def_obj_parent_class)->finalize (object);
}

static void
vireo_def_obj_class_init (VireoDefObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = finalize;
  klass->raw_changed = raw_changed;
  klass->emit_lifecycle = emit_lifecycle;

  props[PROP_PARSE_ERROR] = g_param_spec_string (
      "parse-error", NULL, NULL, NULL,
      G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  props[PROP_UPDATED] = g_param_spec_boolean (
      "updated", NULL, NULL, FALSE,
      G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_def_obj_init (VireoDefObj *self)
{
}

/**
 * vireo_def_obj_get_persistent:
 * @self: an object
 *
 * Returns: (transfer none) (nullable): the definition that the next start uses. It is there until
 *   it is replaced or control returns to the main loop: who needs it for longer copies it
 * Since: 0.1
 */
gconstpointer
vireo_def_obj_get_persistent (VireoDefObj *self)
{
  return vireo_def_slot_get (&get_private (self)->persistent, VIREO_DEF_OBJ_GET_CLASS (self)->doc);
}

/**
 * vireo_def_obj_get_live:
 * @self: an object
 *
 * Returns: (transfer none) (nullable): the definition that is running
 * Since: 0.1
 */
gpointer
vireo_def_obj_get_live (VireoDefObj *self)
{
  return get_private (self)->live;
}

/**
 * vireo_def_obj_get:
 * @self: an object
 *
 * Returns: (transfer none) (nullable): the live definition if there is one, else the persistent, as
 *   vireo_def_obj_get_persistent() returns it
 * Since: 0.1
 */
gconstpointer
vireo_def_obj_get (VireoDefObj *self)
{
  VireoDefObjPrivate *priv = get_private (self);

  return priv->live != NULL ? priv->live : vireo_def_obj_get_persistent (self);
}

/**
 * vireo_def_obj_glance:
 * @self: an object
 *
 * For the getters of properties, which whoever lists thousands of objects calls.
 *
 * Returns: (transfer none) (nullable): as vireo_def_obj_get(), but only until the next glance at
 *   any object
 * Since: 0.1
 */
gconstpointer
vireo_def_obj_glance (VireoDefObj *self)
{
  VireoDefObjPrivate *priv = get_private (self);

  return priv->live != NULL
             ? priv->live
             : vireo_def_slot_glance (&priv->persistent, VIREO_DEF_OBJ_GET_CLASS (self)->doc);
}

static void
read_properties (VireoDefObj *self, GValue *values)
{
  VireoDefObjClass *klass = VIREO_DEF_OBJ_GET_CLASS (self);

  for (guint i = 0; i < klass->n_def_props; i++)
    {
      g_value_init (&values[i], klass->def_props[i]->value_type);
      g_object_get_property (G_OBJECT (self), klass->def_props[i]->name, &values[i]);
    }
}

static gboolean
is_equal (GParamSpec *pspec, const GValue *a, const GValue *b)
{
  if (G_VALUE_HOLDS (a, G_TYPE_STRV))
    return g_strv_equal (g_value_get_boxed (a), g_value_get_boxed (b));
  return g_param_values_cmp (pspec, a, b) == 0;
}

static void
notify_changed_values (VireoDefObj *self, const GValue *before)
{
  VireoDefObjClass *klass = VIREO_DEF_OBJ_GET_CLASS (self);
  GValue after[VIREO_DEF_OBJ_MAX_PROPERTIES] = { G_VALUE_INIT };

  read_properties (self, after);
  for (guint i = 0; i < klass->n_def_props; i++)
    {
      if (!is_equal (klass->def_props[i], &before[i], &after[i]))
        g_object_notify_by_pspec (G_OBJECT (self), klass->def_props[i]);
      g_value_unset (&after[i]);
    }
}

static void
set_updated (VireoDefObj *self, gboolean updated)
{
  VireoDefObjPrivate *priv = get_private (self);

  if (priv->updated == updated)
    return;
  priv->updated = updated;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_UPDATED]);
}

static void
set_persistent (VireoDefObj *self, gpointer def)
{
  VireoDefObjClass *klass = VIREO_DEF_OBJ_GET_CLASS (self);

  if (get_private (self)->live != NULL
      && !vireo_doc_equal (klass->doc, vireo_def_obj_get_persistent (self), def))
    set_updated (self, TRUE);
  vireo_def_slot_set (&get_private (self)->persistent, VIREO_DEF_OBJ_GET_CLASS (self)->doc, def);
}

static void
set_live (VireoDefObj *self, gpointer def)
{
  VireoDefObjPrivate *priv = get_private (self);
  gpointer old = priv->live;

  if (old == NULL || def == NULL)
    set_updated (self, FALSE);
  priv->live = def;
  if (old != def)
    vireo_doc_free (VIREO_DEF_OBJ_GET_CLASS (self)->doc, old);
}

/* Calls @set, and notifies those properties that @def changes. */
static void
replace (VireoDefObj *self, void (*set) (VireoDefObj *, gpointer), gpointer def)
{
  VireoDefObjClass *klass = VIREO_DEF_OBJ_GET_CLASS (self);
  GValue before[VIREO_DEF_OBJ_MAX_PROPERTIES] = { G_VALUE_INIT };

  /* Nobody hears of one that is still being made; there are thousands of them at start. */
  if (vireo_obj_get_list (VIREO_OBJ (self)) == NULL)
    {
      set (self, def);
      return;
    }
  read_properties (self, before);
  set (self, def);
  g_object_freeze_notify (G_OBJECT (self));
  notify_changed_values (self, before);
  for (guint i = 0; i < klass->n_def_props; i++)
    g_value_unset (&before[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * vireo_def_obj_set_persistent:
 * @self: an object
 * @def: (nullable) (transfer full): what the next start is to use
 *
 * Since: 0.1
 */
void
vireo_def_obj_set_persistent (VireoDefObj *self, gpointer def)
{
  replace (self, set_persistent, def);
}

/**
 * vireo_def_obj_set_live:
 * @self: an object
 * @def: (nullable) (transfer full): what is running; it does not make the object active by itself
 *
 * Since: 0.1
 */
void
vireo_def_obj_set_live (VireoDefObj *self, gpointer def)
{
  replace (self, set_live, def);
}

/**
 * vireo_def_obj_changed:
 * @self: an object
 *
 * To be called when a definition was changed in place.
 *
 * Since: 0.1
 */
void
vireo_def_obj_changed (VireoDefObj *self)
{
  VireoDefObjClass *klass = VIREO_DEF_OBJ_GET_CLASS (self);

  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < klass->n_def_props; i++)
    g_object_notify_by_pspec (G_OBJECT (self), klass->def_props[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * vireo_def_obj_get_raw:
 * @self: an object
 * @ret_message: (out) (optional) (nullable) (transfer none): what the parser said
 *
 * Returns: (transfer none) (nullable): the text of a definition that cannot be parsed
 * Since: 0.1
 */
const char *
vireo_def_obj_get_raw (VireoDefObj *self, const char **ret_message)
{
  VireoDefObjPrivate *priv = get_private (self);

  if (ret_message != NULL)
    *ret_message = priv->raw_message;
  return priv->raw;
}

/**
 * vireo_def_obj_set_raw:
 * @self: an inactive object
 * @text: (nullable): text that cannot be parsed; %NULL when the definition can be parsed now
 * @message: (nullable): what the parser said
 *
 * Since: 0.1
 */
void
vireo_def_obj_set_raw (VireoDefObj *self, const char *text, const char *message)
{
  VireoDefObjPrivate *priv = get_private (self);
  g_autofree char *old_raw = priv->raw;
  g_autofree char *old_message = priv->raw_message;

  priv->raw = g_strdup (text);
  priv->raw_message = text != NULL ? g_strdup (message != NULL ? message : "") : NULL;
  if (g_strcmp0 (old_message, priv->raw_message) != 0)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PARSE_ERROR]);
  if (old_raw != NULL || text != NULL)
    VIREO_DEF_OBJ_GET_CLASS (self)->raw_changed (self, (old_raw != NULL) != (text != NULL));
}

/**
 * vireo_def_obj_get_state_reason:
 * @self: an object of a kind that has a reason of its state here
 *
 * Returns: (transfer none): the reason; "" when all is well
 * Since: 0.1
 */
const char *
vireo_def_obj_get_state_reason (VireoDefObj *self)
{
  const char *reason = get_private (self)->state_reason;

  return reason != NULL ? reason : "";
}

/**
 * vireo_def_obj_set_state_reason:
 * @self: an object of a kind that has a reason of its state here
 * @reason: why it is not all right; "" when it is
 *
 * Since: 0.1
 */
void
vireo_def_obj_set_state_reason (VireoDefObj *self, const char *reason)
{
  VireoDefObjPrivate *priv = get_private (self);
  g_autofree char *old_reason = NULL;

  if (g_str_equal (vireo_def_obj_get_state_reason (self), reason))
    return;
  /* It may be a part of the old one. */
  old_reason = priv->state_reason;
  priv->state_reason = *reason != '\0' ? g_strdup (reason) : NULL;
  g_object_notify_by_pspec (G_OBJECT (self), VIREO_DEF_OBJ_GET_CLASS (self)->state_props[1]);
}

/**
 * vireo_def_obj_emit_lifecycle:
 * @self: an object
 * @event: what happened, such as "started"
 * @detail: why, such as "booted"; not all kinds tell it
 *
 * Emits the event `Lifecycle`.
 *
 * Since: 0.1
 */
void
vireo_def_obj_emit_lifecycle (VireoDefObj *self, const char *event, const char *detail)
{
  VIREO_DEF_OBJ_GET_CLASS (self)->emit_lifecycle (self, event, detail);
}

/**
 * vireo_def_obj_choose:
 * @self: an object whose definition can be parsed
 * @flags: (inout): how it is to be formatted; with %VIREO_FORMAT_INACTIVE the persistent definition
 *   rather than the live one
 * @error: InvalidState for a definition that the object does not have
 *
 * Returns: (transfer none) (nullable): the definition that is formatted so
 * Since: 0.1
 */
gconstpointer
vireo_def_obj_choose (VireoDefObj *self, VireoFormatFlags *flags, GError **error)
{
  VireoDefObjPrivate *priv = get_private (self);
  gconstpointer def = priv->live;

  /* Of a transient object it is the live one: it has no other. */
  if (def == NULL
      || ((*flags & VIREO_FORMAT_INACTIVE) != 0 && vireo_def_slot_is_set (&priv->persistent)))
    def = vireo_def_obj_get_persistent (self);
  if (def == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "%s \"%s\" has no definition any more", vireo_obj_get_kind (VIREO_OBJ (self)),
                 vireo_obj_get_name (VIREO_OBJ (self)));
  if (def != priv->live)
    *flags |= VIREO_FORMAT_INACTIVE;
  return def;
}

/**
 * vireo_def_obj_format:
 * @self: an object
 * @flags: how; see vireo_def_obj_choose()
 * @error: InvalidState for a definition that the object does not have
 *
 * Returns: (transfer full) (nullable): the document; the raw text of one that cannot be parsed
 * Since: 0.1
 */
char *
vireo_def_obj_format (VireoDefObj *self, VireoFormatFlags flags, GError **error)
{
  VireoDefObjPrivate *priv = get_private (self);
  VireoDefObjClass *klass = VIREO_DEF_OBJ_GET_CLASS (self);
  gconstpointer def;

  if (priv->raw != NULL)
    return g_strdup (priv->raw);
  def = vireo_def_obj_choose (self, &flags, error);
  if (def == NULL)
    return NULL;
  if (def == priv->live && klass->format_live != NULL)
    return klass->format_live (self, def, flags, error);
  return vireo_doc_format (klass->doc, def, flags, error);
}
