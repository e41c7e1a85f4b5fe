/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-host-interface-obj.h"

struct _VireoHostInterfaceObj
{
  VireoDefObj parent_instance;
};

enum
{
  PROP_0,
  PROP_MAC,
  PROP_INTERFACE_TYPE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VireoHostInterfaceObj, vireo_host_interface_obj, VIREO_TYPE_DEF_OBJ)

/**
 * vireo_host_interface_def_describe:
 * @def: a #VireoHostInterfaceDef
 * @func: called with each variable
 * @user_data: for @func
 *
 * Since: 0.1
 */
void
vireo_host_interface_def_describe (gconstpointer def, VireoDescribeFunc func, gpointer user_data)
{
  const VireoHostInterfaceDef *interface = def;

  func ("interface_macaddr", interface->mac, user_data);
}

static void
describe (VireoObj *obj, VireoDescribeFunc func, gpointer user_data)
{
  gconstpointer def = vireo_def_obj_glance (VIREO_DEF_OBJ (obj));

  if (def != NULL)
    vireo_host_interface_def_describe (def, func, user_data);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const VireoHostInterfaceDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (object));

  switch (id)
    {
    case PROP_MAC:
      g_value_set_string (value, def != NULL && def->mac != NULL ? def->mac : "");
      break;
    case PROP_INTERFACE_TYPE:
      g_value_set_static_string (
          value, def != NULL ? vireo_host_interface_type_to_string (def->type) : "");
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
vireo_host_interface_obj_class_init (VireoHostInterfaceObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  VireoDefObjClass *def_class = VIREO_DEF_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "interface";
  VIREO_OBJ_CLASS (klass)->describe = describe;
  def_class->doc = vireo_doc_kind_find ("interface");
  def_class->def_props = &props[PROP_MAC];
  def_class->n_def_props = N_PROPS - PROP_MAC;
  object_class->get_property = get_property;

  props[PROP_MAC] = g_param_spec_string ("mac", NULL, NULL, NULL, r);
  props[PROP_INTERFACE_TYPE]
      = g_param_spec_string ("interface-type", NULL, NULL, NULL, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_host_interface_obj_init (VireoHostInterfaceObj *self)
{
}
