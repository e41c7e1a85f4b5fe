/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-driver.h"

typedef struct
{
  char *driver;
  char *uri;
  char *hostname;
  char *hypervisor_version;
  VireoDomainDriver *domain_driver;
  VireoNetworkDriver *network_driver;
  GStrv features;
} VireoConnectionObjPrivate;

enum
{
  PROP_0,
  PROP_ID,
  PROP_DRIVER,
  PROP_URI,
  PROP_HOSTNAME,
  PROP_HYPERVISOR_VERSION,
  PROP_FEATURES,
  PROP_DOMAIN_DRIVER,
  PROP_NETWORK_DRIVER,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* A member of a D-Bus interface, and the function that a part needs to have for it. */
typedef struct
{
  const char *member;
  gsize offset;
} Feature;

static const Feature domain_features[] = {
  { "Connection.ListDomains", G_STRUCT_OFFSET (VireoDomainDriverInterface, get_domains) },
  { "Connection.GetDomains", G_STRUCT_OFFSET (VireoDomainDriverInterface, get_domains) },
  { "Connection.LookupDomainById", G_STRUCT_OFFSET (VireoDomainDriverInterface, get_domains) },
  { "Connection.LookupDomainByName", G_STRUCT_OFFSET (VireoDomainDriverInterface, get_domains) },
  { "Connection.LookupDomainByUuid", G_STRUCT_OFFSET (VireoDomainDriverInterface, get_domains) },
  { "Connection.DefineDomain", G_STRUCT_OFFSET (VireoDomainDriverInterface, define) },
  { "Connection.CreateDomain", G_STRUCT_OFFSET (VireoDomainDriverInterface, create) },
  { "Domain.GetXml", G_STRUCT_OFFSET (VireoDomainDriverInterface, get_domains) },
  { "Domain.SetXml", G_STRUCT_OFFSET (VireoDomainDriverInterface, replace) },
  { "Domain.Undefine", G_STRUCT_OFFSET (VireoDomainDriverInterface, undefine) },
  { "Domain.Rename", G_STRUCT_OFFSET (VireoDomainDriverInterface, rename) },
  { "Domain.Autostart", G_STRUCT_OFFSET (VireoDomainDriverInterface, set_autostart) },
  { "Domain.RerunPostParse", G_STRUCT_OFFSET (VireoDomainDriverInterface, rerun_post_parse) },
  { "Domain.Start", G_STRUCT_OFFSET (VireoDomainDriverInterface, start) },
  { "Domain.Shutdown", G_STRUCT_OFFSET (VireoDomainDriverInterface, shutdown) },
  { "Domain.Reboot", G_STRUCT_OFFSET (VireoDomainDriverInterface, reboot) },
  { "Domain.Reset", G_STRUCT_OFFSET (VireoDomainDriverInterface, reset) },
  { "Domain.Destroy", G_STRUCT_OFFSET (VireoDomainDriverInterface, destroy) },
  { "Domain.Suspend", G_STRUCT_OFFSET (VireoDomainDriverInterface, suspend) },
  { "Domain.Resume", G_STRUCT_OFFSET (VireoDomainDriverInterface, resume) },
  { "Domain.OpenConsole", G_STRUCT_OFFSET (VireoDomainDriverInterface, open_console) },
  { "Connection.Reload", G_STRUCT_OFFSET (VireoDomainDriverInterface, reload) },
};

static const Feature network_features[] = {
  { "Connection.ListNetworks", G_STRUCT_OFFSET (VireoNetworkDriverInterface, get_networks) },
  { "Connection.GetNetworks", G_STRUCT_OFFSET (VireoNetworkDriverInterface, get_networks) },
  { "Connection.LookupNetworkByName", G_STRUCT_OFFSET (VireoNetworkDriverInterface, get_networks) },
  { "Connection.LookupNetworkByUuid", G_STRUCT_OFFSET (VireoNetworkDriverInterface, get_networks) },
  { "Connection.DefineNetwork", G_STRUCT_OFFSET (VireoNetworkDriverInterface, define) },
  { "Connection.CreateNetwork", G_STRUCT_OFFSET (VireoNetworkDriverInterface, create) },
  { "Network.GetXml", G_STRUCT_OFFSET (VireoNetworkDriverInterface, get_networks) },
  { "Network.SetXml", G_STRUCT_OFFSET (VireoNetworkDriverInterface, replace) },
  { "Network.Undefine", G_STRUCT_OFFSET (VireoNetworkDriverInterface, undefine) },
  { "Network.Autostart", G_STRUCT_OFFSET (VireoNetworkDriverInterface, set_autostart) },
  { "Network.Start", G_STRUCT_OFFSET (VireoNetworkDriverInterface, start) },
  { "Network.Destroy", G_STRUCT_OFFSET (VireoNetworkDriverInterface, destroy) },
  { "Network.GetLeases", G_STRUCT_OFFSET (VireoNetworkDriverInterface, get_leases) },
  { "Connection.Reload", G_STRUCT_OFFSET (VireoNetworkDriverInterface, reload) },
};

static const Feature connection_features[] = {
  { "Connection.GetCapabilities", G_STRUCT_OFFSET (VireoConnectionObjClass, get_capabilities) },
};

G_DEFINE_TYPE_WITH_PRIVATE (VireoConnectionObj, vireo_connection_obj, VIREO_TYPE_OBJ)

static VireoConnectionObjPrivate *
get_private (VireoConnectionObj *self)
{
  return vireo_connection_obj_get_instance_private (self);
}

static void
collect_features (GPtrArray *names, gpointer vtable, const Feature *features, gsize n_features)
{
  for (gsize i = 0; i < n_features; i++)
    {
      gpointer function = G_STRUCT_MEMBER (gpointer, vtable, features[i].offset);

      if (function != NULL
          && !g_ptr_array_find_with_equal_func (names, features[i].member, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (features[i].member));
    }
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
constructed (GObject *object)
{
  VireoConnectionObj *self = VIREO_CONNECTION_OBJ (object);
  VireoConnectionObjPrivate *priv = get_private (self);
  GPtrArray *names = g_ptr_array_new ();

  G_OBJECT_CLASS (vireo_connection_obj_parent_class)->constructed (object);

  collect_features (names, G_OBJECT_GET_CLASS (self), connection_features,
                    G_N_ELEMENTS (connection_features));
  if (priv->domain_driver != NULL)
    collect_features (names, VIREO_DOMAIN_DRIVER_GET_IFACE (priv->domain_driver), domain_features,
                      G_N_ELEMENTS (domain_features));
  if (priv->network_driver != NULL)
    collect_features (names, VIREO_NETWORK_DRIVER_GET_IFACE (priv->network_driver),
                      network_features, G_N_ELEMENTS (network_features));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  priv->features = (GStrv) g_ptr_array_free (names, FALSE);

  if (priv->hostname == NULL)
    priv->hostname = g_strdup (g_get_host_name ());
  vireo_obj_set_active (VIREO_OBJ (self), TRUE);
  vireo_obj_set_persistent (VIREO_OBJ (self), TRUE);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VireoConnectionObj *self = VIREO_CONNECTION_OBJ (object);
  VireoConnectionObjPrivate *priv = get_private (self);

  switch (id)
    {
    case PROP_DRIVER:
      priv->driver = g_value_dup_string (value);
      break;
    case PROP_URI:
      priv->uri = g_value_dup_string (value);
      break;
    case PROP_HOSTNAME:
      priv->hostname = g_value_dup_string (value);
      break;
    case PROP_HYPERVISOR_VERSION:
      vireo_connection_obj_set_hypervisor_version (self, g_value_get_string (value));
      break;
    case PROP_DOMAIN_DRIVER:
      priv->domain_driver = g_value_dup_object (value);
      break;
    case PROP_NETWORK_DRIVER:
      priv->network_driver = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoConnectionObjPrivate *priv = get_private (VIREO_CONNECTION_OBJ (object));

  switch (id)
    {
    case PROP_ID:
      g_value_set_string (value, vireo_obj_get_name (VIREO_OBJ (object)));
      break;
    case PROP_DRIVER:
      g_value_set_string (value, priv->driver);
      break;
    case PROP_URI:
      g_value_set_string (value, priv->uri);
      break;
    case PROP_HOSTNAME:
      g_value_set_string (value, priv->hostname);
      break;
    case PROP_HYPERVISOR_VERSION:
      g_value_set_string (value, priv->hypervisor_version != NULL ? priv->hypervisor_version : "");
      break;
    case PROP_FEATURES:
      g_value_set_boxed (value, priv->features);
      break;
    case PROP_DOMAIN_DRIVER:
      g_value_set_object (value, priv->domain_driver);
      break;
    case PROP_NETWORK_DRIVER:
      g_value_set_object (value, priv->network_driver);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
finalize (GObject *object)
{
  VireoConnectionObjPrivate *priv = get_private (VIREO_CONNECTION_OBJ (object));

  g_clear_object (&priv->domain_driver);
  g_clear_object (&priv->network_driver);
  g_free (priv->driver);
  g_free (priv->uri);
  g_free (priv->hostname);
  g_free (priv->hypervisor_version);
  g_strfreev (priv->features);
  G_OBJECT_CLASS (vireo_connection_obj_parent_class)->finalize (object);
}

static void
vireo_connection_obj_class_init (VireoConnectionObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  VIREO_OBJ_CLASS (klass)->kind = "connect";
  object_class->constructed = constructed;
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;

  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, r);
  props[PROP_DRIVER] = g_param_spec_string ("driver", NULL, NULL, NULL, once);
  props[PROP_URI] = g_param_spec_string ("uri", NULL, NULL, NULL, once);
  props[PROP_HOSTNAME] = g_param_spec_string ("hostname", NULL, NULL, NULL, once);
  props[PROP_HYPERVISOR_VERSION]
      = g_param_spec_string ("hypervisor-version", NULL, NULL, NULL, r | G_PARAM_WRITABLE);
  props[PROP_FEATURES] = g_param_spec_boxed ("features", NULL, NULL, G_TYPE_STRV, r);
  props[PROP_DOMAIN_DRIVER]
      = g_param_spec_object ("domain-driver", NULL, NULL, VIREO_TYPE_DOMAIN_DRIVER, once);
  props[PROP_NETWORK_DRIVER]
      = g_param_spec_object ("network-driver", NULL, NULL, VIREO_TYPE_NETWORK_DRIVER, once);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_connection_obj_init (VireoConnectionObj *self)
{
}

/**
 * vireo_connection_obj_get_domain_driver:
 * @self: a connection
 *
 * Returns: (transfer none) (nullable): its part for domains
 * Since: 0.1
 */
VireoDomainDriver *
vireo_connection_obj_get_domain_driver (VireoConnectionObj *self)
{
  return get_private (self)->domain_driver;
}

/**
 * vireo_connection_obj_get_network_driver:
 * @self: a connection
 *
 * Returns: (transfer none) (nullable): its part for networks
 * Since: 0.1
 */
VireoNetworkDriver *
vireo_connection_obj_get_network_driver (VireoConnectionObj *self)
{
  return get_private (self)->network_driver;
}

/**
 * vireo_connection_obj_get_uri:
 * @self: a connection
 *
 * Returns: (transfer none): the URI that opened it
 * Since: 0.1
 */
const char *
vireo_connection_obj_get_uri (VireoConnectionObj *self)
{
  return get_private (self)->uri;
}

/**
 * vireo_connection_obj_get_driver_name:
 * @self: a connection
 *
 * Returns: (transfer none): its driver's name, such as "QEMU"
 * Since: 0.1
 */
const char *
vireo_connection_obj_get_driver_name (VireoConnectionObj *self)
{
  return get_private (self)->driver;
}

/**
 * vireo_connection_obj_get_features:
 * @self: a connection
 *
 * Returns: (transfer none): the members that its driver has, as `Interface.Member`, sorted
 * Since: 0.1
 */
const char *const *
vireo_connection_obj_get_features (VireoConnectionObj *self)
{
  return (const char *const *) get_private (self)->features;
}

/**
 * vireo_connection_obj_has_feature:
 * @self: a connection
 * @feature: such as "Domain.Start"
 *
 * Returns: whether its driver has it
 * Since: 0.1
 */
gboolean
vireo_connection_obj_has_feature (VireoConnectionObj *self, const char *feature)
{
  return g_strv_contains ((const char *const *) get_private (self)->features, feature);
}

/**
 * vireo_connection_obj_set_hypervisor_version:
 * @self: a connection
 * @version: (nullable): the hypervisor's version; %NULL when there is none now
 *
 * Since: 0.1
 */
void
vireo_connection_obj_set_hypervisor_version (VireoConnectionObj *self, const char *version)
{
  VireoConnectionObjPrivate *priv = get_private (self);

  if (g_strcmp0 (priv->hypervisor_version, version) == 0)
    return;
  g_free (priv->hypervisor_version);
  priv->hypervisor_version = g_strdup (version);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HYPERVISOR_VERSION]);
}
