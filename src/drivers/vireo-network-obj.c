/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-obj.h"

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

G_DEFINE_TYPE (VireoNetworkObj, vireo_network_obj, VIREO_TYPE_DEF_OBJ)

static const char *
get_state (VireoNetworkObj *self)
{
  if (vireo_def_obj_get_raw (VIREO_DEF_OBJ (self), NULL) != NULL)
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
      g_value_set_string (value, vireo_def_obj_get_state_reason (VIREO_DEF_OBJ (self)));
      break;
    case PROP_BRIDGE_NAME:
      g_value_set_string (value, bridge_name (vireo_def_obj_glance (VIREO_DEF_OBJ (self))));
      break;
    case PROP_FORWARD_MODE:
      g_value_set_string (value, forward_mode (vireo_def_obj_glance (VIREO_DEF_OBJ (self))));
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
vireo_network_obj_class_init (VireoNetworkObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  VireoDefObjClass *def_class = VIREO_DEF_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "network";
  def_class->doc = vireo_doc_kind_find ("network");
  def_class->def_props = &props[PROP_BRIDGE_NAME];
  def_class->n_def_props = N_PROPS - PROP_BRIDGE_NAME;
  def_class->state_props = &props[PROP_STATE];
  object_class->get_property = get_property;
  object_class->dispatch_properties_changed = dispatch_properties_changed;

  props[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, NULL, r);
  props[PROP_STATE_REASON] = g_param_spec_string ("state-reason", NULL, NULL, NULL, r);
  props[PROP_BRIDGE_NAME] = g_param_spec_string ("bridge-name", NULL, NULL, NULL, r);
  props[PROP_FORWARD_MODE] = g_param_spec_string ("forward-mode", NULL, NULL, NULL, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_network_obj_init (VireoNetworkObj *self)
{
}
