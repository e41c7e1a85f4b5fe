/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-node-device-obj.h"

/* Capabilities are nested by two in all devices that there are. */
#define MAX_DEPTH 4

struct _VireoNodeDeviceObj
{
  VireoDefObj parent_instance;
};

enum
{
  PROP_0,
  PROP_PARENT,
  PROP_DEV_PATH,
  PROP_DRIVER_NAME,
  PROP_CAPABILITIES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VireoNodeDeviceObj, vireo_node_device_obj, VIREO_TYPE_DEF_OBJ)

static const VireoNodeDeviceCapabilityDef *
find_below (VireoNodeDeviceCapabilityDef *const *capabilities,
            guint n,
            VireoCapabilityType type,
            guint depth)
{
  const VireoNodeDeviceCapabilityDef *found = NULL;

  for (guint i = 0; i < n && found == NULL; i++)
    {
      if (capabilities[i]->type == type)
        found = capabilities[i];
      else if (depth < MAX_DEPTH)
        found = find_below (capabilities[i]->capabilities, capabilities[i]->n_capabilities, type,
                            depth + 1);
    }
  return found;
}

/**
 * vireo_node_device_def_find_capability:
 * @def: a definition
 * @type: what to look for
 *
 * Returns: (transfer none) (nullable): the first capability of that type
 * Since: 0.1
 */
const VireoNodeDeviceCapabilityDef *
vireo_node_device_def_find_capability (const VireoNodeDeviceDef *def, VireoCapabilityType type)
{
  return find_below (def->capabilities, def->n_capabilities, type, 0);
}

static void
list_below (VireoNodeDeviceCapabilityDef *const *capabilities,
            guint n,
            guint depth,
            GPtrArray *names)
{
  for (guint i = 0; i < n; i++)
    {
      /* libvirt writes the one and lists the other. */
      const char *name = capabilities[i]->type == VIREO_CAPABILITY_TYPE_VPORT_OPS
                             ? vireo_capability_type_to_string (VIREO_CAPABILITY_TYPE_VPORTS)
                             : vireo_capability_type_to_string (capabilities[i]->type);

      if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (name));
      if (depth < MAX_DEPTH)
        list_below (capabilities[i]->capabilities, capabilities[i]->n_capabilities, depth + 1,
                    names);
    }
}

/**
 * vireo_node_device_def_list_capabilities:
 * @def: a definition
 *
 * Returns: (transfer full): the names of its capabilities, as libvirt lists them
 * Since: 0.1
 */
char **
vireo_node_device_def_list_capabilities (const VireoNodeDeviceDef *def)
{
  GPtrArray *names = g_ptr_array_new ();

  list_below (def->capabilities, def->n_capabilities, 0, names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const VireoNodeDeviceDef *def = vireo_def_obj_glance (VIREO_DEF_OBJ (object));

  switch (id)
    {
    case PROP_PARENT:
      g_value_set_string (value, def != NULL ? or_empty (def->parent) : "");
      break;
    case PROP_DEV_PATH:
      g_value_set_string (value, def != NULL ? or_empty (def->path) : "");
      break;
    case PROP_DRIVER_NAME:
      g_value_set_string (value, def != NULL ? or_empty (def->driver) : "");
      break;
    case PROP_CAPABILITIES:
      g_value_take_boxed (value, def != NULL ? vireo_node_device_def_list_capabilities (def)
                                             : g_new0 (char *, 1));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
vireo_node_device_obj_class_init (VireoNodeDeviceObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  VireoDefObjClass *def_class = VIREO_DEF_OBJ_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "node-device";
  def_class->doc = vireo_doc_kind_find ("nodedev");
  def_class->def_props = &props[PROP_PARENT];
  def_class->n_def_props = N_PROPS - PROP_PARENT;
  object_class->get_property = get_property;

  props[PROP_PARENT] = g_param_spec_string ("parent", NULL, NULL, NULL, r);
  props[PROP_DEV_PATH] = g_param_spec_string ("dev-path", NULL, NULL, NULL, r);
  props[PROP_DRIVER_NAME] = g_param_spec_string ("driver-name", NULL, NULL, NULL, r);
  props[PROP_CAPABILITIES] = g_param_spec_boxed ("capabilities", NULL, NULL, G_TYPE_STRV, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_node_device_obj_init (VireoNodeDeviceObj *self)
{
}
