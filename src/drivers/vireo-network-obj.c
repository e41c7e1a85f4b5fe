/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-obj.h"

typedef struct
{
  VireoNetworkDef *persistent_def;
  VireoNetworkDef *live_def;
  char *raw;
  char *raw_message;
  char *state_reason;
} VireoNetworkObjPrivate;

enum
{
  PROP_0,
  PROP_STATE,
  PROP_STATE_REASON,
  PROP_BRIDGE_NAME,
  PROP_FORWARD_MODE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_TYPE_WITH_PRIVATE (VireoNetworkObj, vireo_network_obj, VIREO_TYPE_OBJ)

static VireoNetworkObjPrivate *
get_private (VireoNetworkObj *self)
{
  return vireo_network_obj_get_instance_private (self);
}

static const char *
get_state (VireoNetworkObj *self)
{
  if (get_private (self)->raw != NULL)
    return "unparsable";
  return vireo_obj_get_active (VIREO_OBJ (self)) ? "active" : "inactive";
}

static const char *
bridge_name (const VireoNetworkDef *def)
{
  if (def == NULL || def->bridge == NULL || def->bridge->name == NULL)
    return "";
  return def->bridge->name;
}

static const char *
forward_mode (const VireoNetworkDef *def)
{
  if (def == NULL || def->forward == NULL)
    return "none";
  return vireo_forward_mode_to_string (vireo_forward_def_get_mode (def->forward));
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoNetworkObj *self = VIREO_NETWORK_OBJ (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_static_string (value, get_state (self));
      break;
    case PROP_STATE_REASON:
      g_value_set_string (value, get_private (self)->state_reason);
      break;
    case PROP_BRIDGE_NAME:
      g_value_set_string (value, bridge_name (vireo_network_obj_get_def (self)));
      break;
    case PROP_FORWARD_MODE:
      g_value_set_string (value, forward_mode (vireo_network_obj_get_def (self)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* `state` says what `active` says, in a word. */
static void
dispatch_properties_changed (GObject *object, guint n, GParamSpec **pspecs)
{
  GParamSpec *more[N_PROPS + 16];

  if (n < G_N_ELEMENTS (more))
    for (guint i = 0; i < n; i++)
      if (g_str_equal (pspecs[i]->name, "active"))
        {
          memcpy (more, pspecs, n * sizeof *more);
          more[n++] = props[PROP_STATE];
          pspecs = more;
          break;
        }
  G_OBJECT_CLASS (vireo_network_obj_parent_class)->dispatch_properties_changed (object, n, pspecs);
}

static void
finalize (GObject *object)
{
  VireoNetworkObjPrivate *priv = get_private (VIREO_NETWORK_OBJ (object));

  g_clear_pointer (&priv->persistent_def, vireo_network_def_free);
  g_clear_pointer (&priv->live_def, vireo_network_def_free);
  g_free (priv->raw);
  g_free (priv->raw_message);
  g_free (priv->state_reason);
  G_OBJECT_CLASS (vireo_network_obj_parent_class)->finalize (object);
}

static void
vireo_network_obj_class_init (VireoNetworkObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "network";
  object_class->get_property = get_property;
  object_class->dispatch_properties_changed = dispatch_properties_changed;
  object_class->finalize = finalize;

  props[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, NULL, r);
  props[PROP_STATE_REASON] = g_param_spec_string ("state-reason", NULL, NULL, NULL, r);
  props[PROP_BRIDGE_NAME] = g_param_spec_string ("bridge-name", NULL, NULL, NULL, r);
  props[PROP_FORWARD_MODE] = g_param_spec_string ("forward-mode", NULL, NULL, NULL, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_network_obj_init (VireoNetworkObj *self)
{
  get_private (self)->state_reason = g_strdup ("");
}

/**
 * vireo_network_obj_get_persistent_def:
 * @self: a network
 *
 * Returns: (transfer none) (nullable): the definition that the next start uses
 * Since: 0.1
 */
VireoNetworkDef *
vireo_network_obj_get_persistent_def (VireoNetworkObj *self)
{
  return get_private (self)->persistent_def;
}

/**
 * vireo_network_obj_get_live_def:
 * @self: a network
 *
 * Returns: (transfer none) (nullable): the definition that is up
 * Since: 0.1
 */
VireoNetworkDef *
vireo_network_obj_get_live_def (VireoNetworkObj *self)
{
  return get_private (self)->live_def;
}

/**
 * vireo_network_obj_get_def:
 * @self: a network
 *
 * Returns: (transfer none) (nullable): the live definition if there is one, else the persistent
 * Since: 0.1
 */
VireoNetworkDef *
vireo_network_obj_get_def (VireoNetworkObj *self)
{
  VireoNetworkObjPrivate *priv = get_private (self);

  return priv->live_def != NULL ? priv->live_def : priv->persistent_def;
}

static void
replace_def (VireoNetworkObj *self, VireoNetworkDef **slot, VireoNetworkDef *def)
{
  g_autofree char *old_bridge = g_strdup (bridge_name (vireo_network_obj_get_def (self)));
  g_autofree char *old_mode = g_strdup (forward_mode (vireo_network_obj_get_def (self)));
  VireoNetworkDef *old = *slot;

  if (old == def)
    return;
  *slot = def;
  if (old != NULL)
    vireo_network_def_free (old);
  g_object_freeze_notify (G_OBJECT (self));
  if (!g_str_equal (old_bridge, bridge_name (vireo_network_obj_get_def (self))))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BRIDGE_NAME]);
  if (!g_str_equal (old_mode, forward_mode (vireo_network_obj_get_def (self))))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FORWARD_MODE]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * vireo_network_obj_set_persistent_def:
 * @self: a network
 * @def: (nullable) (transfer full): what the next start is to use
 *
 * Since: 0.1
 */
void
vireo_network_obj_set_persistent_def (VireoNetworkObj *self, VireoNetworkDef *def)
{
  replace_def (self, &get_private (self)->persistent_def, def);
}

/**
 * vireo_network_obj_set_live_def:
 * @self: a network
 * @def: (nullable) (transfer full): what is up; it does not make the network active by itself
 *
 * Since: 0.1
 */
void
vireo_network_obj_set_live_def (VireoNetworkObj *self, VireoNetworkDef *def)
{
  replace_def (self, &get_private (self)->live_def, def);
}

/**
 * vireo_network_obj_get_raw:
 * @self: a network
 * @ret_message: (out) (optional) (nullable) (transfer none): what the parser said
 *
 * Returns: (transfer none) (nullable): the text of a definition that cannot be parsed
 * Since: 0.1
 */
const char *
vireo_network_obj_get_raw (VireoNetworkObj *self, const char **ret_message)
{
  VireoNetworkObjPrivate *priv = get_private (self);

  if (ret_message != NULL)
    *ret_message = priv->raw_message;
  return priv->raw;
}

/**
 * vireo_network_obj_set_raw:
 * @self: an inactive network
 * @text: (nullable): text that cannot be parsed; %NULL when the definition can be parsed now
 * @message: (nullable): what the parser said; it becomes the state's reason
 *
 * Since: 0.1
 */
void
vireo_network_obj_set_raw (VireoNetworkObj *self, const char *text, const char *message)
{
  VireoNetworkObjPrivate *priv = get_private (self);
  g_autofree char *old_raw = priv->raw;
  g_autofree char *old_message = priv->raw_message;
  gboolean changed = (old_raw != NULL) != (text != NULL);

  priv->raw = g_strdup (text);
  priv->raw_message = text != NULL ? g_strdup (message != NULL ? message : "") : NULL;
  g_object_freeze_notify (G_OBJECT (self));
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  if (changed || text != NULL)
    vireo_network_obj_set_state_reason (self, text != NULL ? priv->raw_message : "");
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * vireo_network_obj_set_state_reason:
 * @self: a network
 * @reason: why it went down by itself; "" when all is well
 *
 * Since: 0.1
 */
void
vireo_network_obj_set_state_reason (VireoNetworkObj *self, const char *reason)
{
  VireoNetworkObjPrivate *priv = get_private (self);
  g_autofree char *old_reason = NULL;

  if (g_str_equal (priv->state_reason, reason))
    return;
  old_reason = priv->state_reason;
  priv->state_reason = g_strdup (reason);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE_REASON]);
}

/**
 * vireo_network_obj_emit_lifecycle:
 * @self: a network
 * @event: what happened, such as "started"
 *
 * Emits the event `Lifecycle`.
 *
 * Since: 0.1
 */
void
vireo_network_obj_emit_lifecycle (VireoNetworkObj *self, const char *event)
{
  vireo_obj_emit_event (VIREO_OBJ (self), "Lifecycle", g_variant_new ("(s)", event));
}

/**
 * vireo_network_obj_format:
 * @self: a network
 * @flags: how; with %VIREO_FORMAT_INACTIVE the persistent definition rather than the live one
 * @error: InvalidState for a definition that the network does not have
 *
 * Returns: (transfer full) (nullable): the document; the raw text of one that cannot be parsed
 * Since: 0.1
 */
char *
vireo_network_obj_format (VireoNetworkObj *self, VireoFormatFlags flags, GError **error)
{
  VireoNetworkObjPrivate *priv = get_private (self);
  const VireoNetworkDef *def = vireo_network_obj_get_def (self);

  if (priv->raw != NULL)
    return g_strdup (priv->raw);
  if ((flags & VIREO_FORMAT_INACTIVE) != 0 && priv->persistent_def != NULL)
    def = priv->persistent_def;
  if (def == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "network \"%s\" has no definition any more",
                   vireo_obj_get_name (VIREO_OBJ (self)));
      return NULL;
    }
  if (def == priv->persistent_def)
    flags |= VIREO_FORMAT_INACTIVE;
  return vireo_network_def_format (def, flags, error);
}
