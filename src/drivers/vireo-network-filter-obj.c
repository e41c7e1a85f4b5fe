/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-filter-obj.h"

/* ---- filters ---- */

struct _VireoNetworkFilterObj
{
  VireoDefObj parent_instance;
};

G_DEFINE_FINAL_TYPE (VireoNetworkFilterObj, vireo_network_filter_obj, VIREO_TYPE_DEF_OBJ)

static void
vireo_network_filter_obj_class_init (VireoNetworkFilterObjClass *klass)
{
  VIREO_OBJ_CLASS (klass)->kind = "nwfilter";
  VIREO_DEF_OBJ_CLASS (klass)->doc = vireo_doc_kind_find ("nwfilter");
}

static void
vireo_network_filter_obj_init (VireoNetworkFilterObj *self)
{
}

/* ---- bindings ---- */

struct _VireoFilterBindingObj
{
  VireoDefObj parent_instance;
};

enum
{
  PROP_0,
  PROP_PORT_DEV,
  PROP_FILTER_NAME,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VireoFilterBindingObj, vireo_filter_binding_obj, VIREO_TYPE_DEF_OBJ)

/**
 * vireo_filter_binding_def_describe:
 * @def: a #VireoFilterBindingDef
 * @func: called with each variable
 * @user_data: for @func
 *
 * Since: 0.1
 */
void
vireo_filter_binding_def_describe (gconstpointer def, VireoDescribeFunc func, gpointer user_data)
{
  const VireoFilterBindingDef *binding = def;

  func ("nwfilter_binding_portdev", binding->portdev, user_data);
  func ("nwfilter_binding_linkdev", binding->linkdev, user_data);
}

static void
describe (VireoObj *obj, VireoDescribeFunc func, gpointer user_data)
{
  vireo_filter_binding_def_describe (vireo_def_obj_get_live (VIREO_DEF_OBJ (obj)), func, user_data);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const VireoFilterBindingDef *def = vireo_def_obj_get_live (VIREO_DEF_OBJ (object));

  switch (id)
    {
    case PROP_PORT_DEV:
      g_value_set_string (value, vireo_obj_get_name (VIREO_OBJ (object)));
      break;
    case PROP_FILTER_NAME:
      g_value_set_string (value, def != NULL ? def->filterref->filter : "");
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static const char *
get_guest (VireoObj *obj)
{
  const VireoFilterBindingDef *def = vireo_def_obj_get_live (VIREO_DEF_OBJ (obj));

  return def != NULL && def->owner != NULL ? def->owner->uuid : NULL;
}

static void
vireo_filter_binding_obj_class_init (VireoFilterBindingObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "nwfilter-binding";
  VIREO_OBJ_CLASS (klass)->describe = describe;
  VIREO_OBJ_CLASS (klass)->get_guest = get_guest;
  VIREO_DEF_OBJ_CLASS (klass)->doc = vireo_doc_kind_find ("nwfilterbinding");
  object_class->get_property = get_property;

  props[PROP_PORT_DEV] = g_param_spec_string ("port-dev", NULL, NULL, NULL, r);
  props[PROP_FILTER_NAME] = g_param_spec_string ("filter-name", NULL, NULL, NULL, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_filter_binding_obj_init (VireoFilterBindingObj *self)
{
}
