/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-driver.h"

#include "util/vireo-task.h"

typedef struct
{
  char *driver;
  char *uri;
  char *hostname;
  char *hypervisor_version;
  GObject *parts[VIREO_N_PARTS];
} VireoConnectionObjPrivate;

enum
{
  PROP_0,
  PROP_ID,
  PROP_DRIVER,
  PROP_URI,
  PROP_HOSTNAME,
  PROP_HYPERVISOR_VERSION,
  FIRST_PART_PROP,
  N_PROPS = FIRST_PART_PROP + VIREO_N_PARTS
};

static GParamSpec *props[N_PROPS];

/* What a connection is made of. */
static const struct
{
  const char *property;
  GType (*get_type) (void);
  gsize reload; /* where its function for it is; 0 for none */
} parts[VIREO_N_PARTS] = {
  [VIREO_PART_DOMAINS] = { "domain-driver", vireo_domain_driver_get_type,
                           G_STRUCT_OFFSET (VireoDomainDriverInterface, reload) },
  [VIREO_PART_NETWORKS] = { "network-driver", vireo_network_driver_get_type,
                            G_STRUCT_OFFSET (VireoNetworkDriverInterface, reload) },
  [VIREO_PART_NETWORK_FILTERS]
  = { "network-filter-driver", vireo_network_filter_driver_get_type,
      G_STRUCT_OFFSET (VireoNetworkFilterDriverInterface, reload) },
  [VIREO_PART_NODE_DEVICES] = { "node-device-driver", vireo_node_device_driver_get_type,
                                G_STRUCT_OFFSET (VireoNodeDeviceDriverInterface, reload) },
  [VIREO_PART_HOST_INTERFACES]
  = { "host-interface-driver", vireo_host_interface_driver_get_type,
      G_STRUCT_OFFSET (VireoHostInterfaceDriverInterface, reload) },
  [VIREO_PART_SECRETS] = { "secret-driver", vireo_secret_driver_get_type,
                           G_STRUCT_OFFSET (VireoSecretDriverInterface, reload) },
  [VIREO_PART_HOST] = { "host-driver", vireo_host_driver_get_type, 0 },
  [VIREO_PART_STORAGE] = { "storage-driver", vireo_storage_driver_get_type,
                           G_STRUCT_OFFSET (VireoStorageDriverInterface, reload) },
};

/* The lists that the parts have: a kind, and the function that gives its list. */
static const struct
{
  const char *kind;
  VireoPart part;
  gsize get_list;
} lists[] = {
  { "domain", VIREO_PART_DOMAINS, G_STRUCT_OFFSET (VireoDomainDriverInterface, get_domains) },
  { "network", VIREO_PART_NETWORKS, G_STRUCT_OFFSET (VireoNetworkDriverInterface, get_networks) },
  { "nwfilter", VIREO_PART_NETWORK_FILTERS,
    G_STRUCT_OFFSET (VireoNetworkFilterDriverInterface, get_filters) },
  { "nwfilter-binding", VIREO_PART_NETWORK_FILTERS,
    G_STRUCT_OFFSET (VireoNetworkFilterDriverInterface, get_bindings) },
  { "node-device", VIREO_PART_NODE_DEVICES,
    G_STRUCT_OFFSET (VireoNodeDeviceDriverInterface, get_devices) },
  { "interface", VIREO_PART_HOST_INTERFACES,
    G_STRUCT_OFFSET (VireoHostInterfaceDriverInterface, get_interfaces) },
  { "secret", VIREO_PART_SECRETS, G_STRUCT_OFFSET (VireoSecretDriverInterface, get_secrets) },
  { "storage-pool", VIREO_PART_STORAGE, G_STRUCT_OFFSET (VireoStorageDriverInterface, get_pools) },
};

G_DEFINE_TYPE_WITH_PRIVATE (VireoConnectionObj, vireo_connection_obj, VIREO_TYPE_OBJ)

static VireoConnectionObjPrivate *
get_private (VireoConnectionObj *self)
{
  return vireo_connection_obj_get_instance_private (self);
}

static void
constructed (GObject *object)
{
  VireoConnectionObj *self = VIREO_CONNECTION_OBJ (object);
  VireoConnectionObjPrivate *priv = get_private (self);

  G_OBJECT_CLASS (vireo_connection_obj_parent_class)->constructed (object);

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      GObject *part = priv->parts[lists[i].part];
      VireoObjList *(*get_list) (gpointer part) = (VireoObjList * (*) (gpointer))
          vireo_connection_obj_get_function (self, lists[i].part, lists[i].get_list);

      if (get_list != NULL)
        vireo_obj_set_children (VIREO_OBJ (self), lists[i].kind, get_list (part));
    }
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
    default:
      if (id >= FIRST_PART_PROP && id < N_PROPS)
        priv->parts[id - FIRST_PART_PROP] = g_value_dup_object (value);
      else
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
    default:
      if (id >= FIRST_PART_PROP && id < N_PROPS)
        g_value_set_object (value, priv->parts[id - FIRST_PART_PROP]);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
finalize (GObject *object)
{
  VireoConnectionObjPrivate *priv = get_private (VIREO_CONNECTION_OBJ (object));

  for (guint i = 0; i < VIREO_N_PARTS; i++)
    g_clear_object (&priv->parts[i]);
  g_free (priv->driver);
  g_free (priv->uri);
  g_free (priv->hostname);
  g_free (priv->hypervisor_version);
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
  for (guint i = 0; i < VIREO_N_PARTS; i++)
    props[FIRST_PART_PROP + i]
        = g_param_spec_object (parts[i].property, NULL, NULL, parts[i].get_type (), once);
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
  return (VireoDomainDriver *) get_private (self)->parts[VIREO_PART_DOMAINS];
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
  return (VireoNetworkDriver *) get_private (self)->parts[VIREO_PART_NETWORKS];
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
 * vireo_connection_obj_get_part:
 * @self: a connection
 * @part: which part; %VIREO_PART_CONNECTION for the connection itself
 *
 * Returns: (transfer none) (nullable): it; %NULL when the connection has no such part
 * Since: 0.1
 */
gpointer
vireo_connection_obj_get_part (VireoConnectionObj *self, VireoPart part)
{
  return part == VIREO_PART_CONNECTION ? G_OBJECT (self) : get_private (self)->parts[part];
}

/**
 * vireo_connection_obj_get_function:
 * @self: a connection
 * @part: which part
 * @offset: where the function is in the part's interface; in the class of the connection for
 *   %VIREO_PART_CONNECTION
 *
 * Returns: (nullable): the function; %NULL when the driver lacks it
 * Since: 0.1
 */
VireoDriverFunc
vireo_connection_obj_get_function (VireoConnectionObj *self, VireoPart part, gsize offset)
{
  gpointer object = vireo_connection_obj_get_part (self, part);
  gpointer table;

  if (object == NULL)
    return NULL;
  if (part == VIREO_PART_CONNECTION)
    table = G_OBJECT_GET_CLASS (object);
  else
    table = g_type_interface_peek (G_OBJECT_GET_CLASS (object), parts[part].get_type ());
  return G_STRUCT_MEMBER (VireoDriverFunc, table, offset);
}

static void
part_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  vireo_task_several_end (user_data, error);
}

/**
 * vireo_connection_obj_reload_async:
 * @self: a connection
 * @callback: called when all parts have read their definitions again
 * @user_data: for @callback
 *
 * Since: 0.1
 */
void
vireo_connection_obj_reload_async (VireoConnectionObj *self,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task = vireo_task_several_new (self, callback, user_data);

  for (guint i = 0; i < VIREO_N_PARTS; i++)
    {
      gpointer part = vireo_connection_obj_get_part (self, i);
      void (*function) (gpointer part, GTask * task)
          = parts[i].reload != 0
                ? (void (*) (gpointer, GTask *)) vireo_connection_obj_get_function (self, i,
                                                                                    parts[i].reload)
                : NULL;

      if (function != NULL)
        function (part, g_task_new (part, NULL, part_reloaded, vireo_task_several_begin (task)));
    }
  vireo_task_several_end (task, NULL);
}

/**
 * vireo_connection_obj_reload_finish:
 * @self: a connection
 * @result: what the callback got
 * @error: the first that went wrong
 *
 * Returns: whether all went well
 * Since: 0.1
 */
gboolean
vireo_connection_obj_reload_finish (VireoConnectionObj *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
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
