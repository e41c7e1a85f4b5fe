/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-port-obj.h"

struct _VireoNetworkPortObj
{
  VireoDefObj parent_instance;
};

enum
{
  PROP_0,
  PROP_OWNER_NAME,
  PROP_OWNER_UUID,
  PROP_MAC,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (VireoNetworkPortObj, vireo_network_port_obj, VIREO_TYPE_DEF_OBJ)

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const VireoNetworkPortDef *def = vireo_def_obj_get_live (VIREO_DEF_OBJ (object));
  const VireoPortOwnerDef *owner = def != NULL ? def->owner : NULL;

  switch (id)
    {
    case PROP_OWNER_NAME:
      g_value_set_string (value, owner != NULL ? or_empty (owner->name) : "");
      break;
    case PROP_OWNER_UUID:
      g_value_set_string (value, owner != NULL ? or_empty (owner->uuid) : "");
      break;
    case PROP_MAC:
      g_value_set_string (value, def != NULL ? or_empty (def->mac) : "");
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static const char *
get_guest (VireoObj *obj)
{
  const VireoNetworkPortDef *def = vireo_def_obj_get_live (VIREO_DEF_OBJ (obj));

  return def != NULL && def->owner != NULL ? def->owner->uuid : NULL;
}

static void
vireo_network_port_obj_class_init (VireoNetworkPortObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "network-port";
  VIREO_OBJ_CLASS (klass)->get_guest = get_guest;
  VIREO_DEF_OBJ_CLASS (klass)->doc = vireo_doc_kind_find ("networkport");
  object_class->get_property = get_property;

  props[PROP_OWNER_NAME] = g_param_spec_string ("owner-name", NULL, NULL, NULL, r);
  props[PROP_OWNER_UUID] = g_param_spec_string ("owner-uuid", NULL, NULL, NULL, r);
  props[PROP_MAC] = g_param_spec_string ("mac", NULL, NULL, NULL, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_network_port_obj_init (VireoNetworkPortObj *self)
{
}

/* ---- bandwidth as parameters ---- */

/* One direction's numbers; 0 is no limit, as in libvirt. */
typedef struct
{
  guint32 average;
  guint32 peak;
  guint32 burst;
  guint32 floor;
} Rates;

/* libvirt has no floor for what goes out. */
static const struct
{
  const char *name;
  gsize offset;
  gboolean inbound;
} parameters_table[] = {
  { "inbound.average", G_STRUCT_OFFSET (Rates, average), TRUE },
  { "inbound.peak", G_STRUCT_OFFSET (Rates, peak), TRUE },
  { "inbound.burst", G_STRUCT_OFFSET (Rates, burst), TRUE },
  { "inbound.floor", G_STRUCT_OFFSET (Rates, floor), TRUE },
  { "outbound.average", G_STRUCT_OFFSET (Rates, average), FALSE },
  { "outbound.peak", G_STRUCT_OFFSET (Rates, peak), FALSE },
  { "outbound.burst", G_STRUCT_OFFSET (Rates, burst), FALSE },
};

static Rates
read_rates (const VireoBandwidthRateDef *def)
{
  Rates rates = { 0 };

  if (def != NULL)
    {
      rates.average = (guint32) MIN (def->average, G_MAXUINT32);
      rates.peak = (guint32) MIN (def->peak, G_MAXUINT32);
      rates.burst = (guint32) MIN (def->burst, G_MAXUINT32);
      rates.floor = (guint32) MIN (def->floor, G_MAXUINT32);
    }
  return rates;
}

/* (transfer full) (nullable) */
static VireoBandwidthRateDef *
make_rates (const Rates *rates)
{
  VireoBandwidthRateDef *def;

  if (rates->average == 0 && rates->floor == 0)
    return NULL;
  def = vireo_bandwidth_rate_def_new ();
  def->average = rates->average;
  def->peak = rates->peak;
  def->burst = rates->burst;
  def->floor = rates->floor;
  def->has_average = rates->average != 0;
  def->has_peak = rates->peak != 0;
  def->has_burst = rates->burst != 0;
  def->has_floor = rates->floor != 0;
  return def;
}

/**
 * vireo_bandwidth_def_to_parameters:
 * @def: (nullable): limits; %NULL for none
 *
 * Returns: (transfer floating): them as a{sv}, in KiB a second and KiB, 0 for no limit
 * Since: 0.1
 */
GVariant *
vireo_bandwidth_def_to_parameters (const VireoBandwidthDef *def)
{
  Rates inbound = read_rates (def != NULL ? def->inbound : NULL);
  Rates outbound = read_rates (def != NULL ? def->outbound : NULL);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < G_N_ELEMENTS (parameters_table); i++)
    {
      const Rates *rates = parameters_table[i].inbound ? &inbound : &outbound;

      g_variant_builder_add (
          &builder, "{sv}", parameters_table[i].name,
          g_variant_new_uint32 (G_STRUCT_MEMBER (guint32, rates, parameters_table[i].offset)));
    }
  return g_variant_builder_end (&builder);
}

static gboolean
set_parameter (Rates *inbound, Rates *outbound, const char *name, GVariant *value)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parameters_table); i++)
    {
      Rates *rates = parameters_table[i].inbound ? inbound : outbound;

      if (!g_str_equal (parameters_table[i].name, name)
          || !g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
        continue;
      G_STRUCT_MEMBER (guint32, rates, parameters_table[i].offset) = g_variant_get_uint32 (value);
      return TRUE;
    }
  return FALSE;
}

static gboolean
check_rates (const Rates *rates, const char *direction, GError **error)
{
  if (rates->average != 0 || (rates->peak == 0 && rates->burst == 0))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "%s.peak and %s.burst need %s.average", direction, direction, direction);
  return FALSE;
}

/**
 * vireo_bandwidth_def_set_parameters:
 * @def: (inout): limits; %NULL for none
 * @parameters: a{sv} of some of those that vireo_bandwidth_def_to_parameters() gives
 * @error: InvalidArgument; then @def is as it was
 *
 * Returns: whether @def has them
 * Since: 0.1
 */
gboolean
vireo_bandwidth_def_set_parameters (VireoBandwidthDef **def, GVariant *parameters, GError **error)
{
  Rates inbound = read_rates (*def != NULL ? (*def)->inbound : NULL);
  Rates outbound = read_rates (*def != NULL ? (*def)->outbound : NULL);
  GVariantIter iter;
  GVariant *value;
  const char *name;

  g_variant_iter_init (&iter, parameters);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      gboolean known = set_parameter (&inbound, &outbound, name, value);

      g_variant_unref (value);
      if (known)
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "there is no parameter \"%.64s\" of that type", name);
      return FALSE;
    }
  if (!check_rates (&inbound, "inbound", error) || !check_rates (&outbound, "outbound", error))
    return FALSE;
  vireo_bandwidth_def_free (*def);
  *def = vireo_bandwidth_def_new ();
  (*def)->inbound = make_rates (&inbound);
  (*def)->outbound = make_rates (&outbound);
  if ((*def)->inbound == NULL && (*def)->outbound == NULL)
    g_clear_pointer (def, vireo_bandwidth_def_free);
  return TRUE;
}
