/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-client-private.h"

/**
 * VireoClient:
 *
 * The service, as an application sees it: its objects, which are read in one call and kept current
 * by signals from then on.
 *
 * The client follows the service through restarts. While it is away
 * [property@Vireo.Client:available] is %FALSE, the objects stay as they were last known, and calls
 * fail; when it is back, what changed meanwhile is told as if it happened then. When the bus itself
 * goes away, [signal@Vireo.Client::closed] is emitted, and a new client has to be made.
 *
 * Use a client and its objects in the thread whose thread-default main context it was made in.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (VireoClient, vireo_client, G_TYPE_OBJECT)

enum
{
  PROP_AVAILABLE = 1,
  PROP_INTERACTIVE,
  PROP_DBUS_CONNECTION,
  PROP_MANAGER,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

/**
 * vireo_client_get_dbus_connection:
 * @self: a client
 *
 * Gets the connection to the bus.
 *
 * Returns: (transfer none): the connection
 * Since: 0.1
 */
GDBusConnection *
vireo_client_get_dbus_connection (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  return self->bus;
}

/**
 * vireo_client_get_available:
 * @self: a client
 *
 * Gets whether the service is there and its objects have been read.
 *
 * Returns: whether the service is there
 * Since: 0.1
 */
gboolean
vireo_client_get_available (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), FALSE);
  return self->is_available;
}

/**
 * vireo_client_get_interactive:
 * @self: a client
 *
 * Gets whether the user may be asked for a password when a call needs it. It is so unless
 * [method@Vireo.Client.set_interactive] changed it.
 *
 * Returns: whether the user may be asked
 * Since: 0.1
 */
gboolean
vireo_client_get_interactive (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), FALSE);
  return self->is_interactive;
}

/**
 * vireo_client_set_interactive:
 * @self: a client
 * @interactive: whether the user may be asked
 *
 * Sets whether the user may be asked for a password when a call needs it. Otherwise such a call
 * fails with %VIREO_ERROR_NOT_AUTHORIZED at once.
 *
 * Since: 0.1
 */
void
vireo_client_set_interactive (VireoClient *self, gboolean interactive)
{
  g_return_if_fail (VIREO_IS_CLIENT (self));
  interactive = !!interactive;
  if (self->is_interactive == interactive)
    return;
  self->is_interactive = interactive;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_INTERACTIVE]);
}

/**
 * vireo_client_get_manager:
 * @self: a client
 *
 * Gets the service as a whole.
 *
 * Returns: (transfer none) (nullable): the manager; %NULL when the service was not there yet
 * Since: 0.1
 */
VireoManager *
vireo_client_get_manager (VireoClient *self)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  return self->manager;
}

/**
 * vireo_client_lookup_object:
 * @self: a client
 * @path: the path of an object, such as that in [property@Vireo.Domain:current-job]
 *
 * Gives the object at a path, without asking the service.
 *
 * Returns: (transfer none) (nullable): the object; %NULL when there is none or it is not known yet
 * Since: 0.1
 */
VireoObject *
vireo_client_lookup_object (VireoClient *self, const char *path)
{
  g_return_val_if_fail (VIREO_IS_CLIENT (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);
  if (g_str_equal (path, VIREO_ROOT_PATH))
    return (VireoObject *) self->manager;
  return g_hash_table_lookup (self->objects, path);
}

static void
vireo_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoClient *self = VIREO_CLIENT (object);

  switch (id)
    {
    case PROP_AVAILABLE:
      g_value_set_boolean (value, self->is_available);
      break;
    case PROP_INTERACTIVE:
      g_value_set_boolean (value, self->is_interactive);
      break;
    case PROP_DBUS_CONNECTION:
      g_value_set_object (value, self->bus);
      break;
    case PROP_MANAGER:
      g_value_set_object (value, self->manager);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
vireo_client_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_INTERACTIVE)
    vireo_client_set_interactive (VIREO_CLIENT (object), g_value_get_boolean (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
vireo_client_dispose (GObject *object)
{
  VireoClient *self = VIREO_CLIENT (object);

  vireo_client_stop (self);
  vireo_client_forget_all (self);
  G_OBJECT_CLASS (vireo_client_parent_class)->dispose (object);
}

static void
vireo_client_finalize (GObject *object)
{
  VireoClient *self = VIREO_CLIENT (object);

  g_hash_table_unref (self->objects);
  g_hash_table_unref (self->gone);
  g_hash_table_unref (self->lists);
  g_free (self->owner);
  G_OBJECT_CLASS (vireo_client_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags readable
      = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * VireoClient:available:
   *
   * Whether the service is there and its objects have been read.
   *
   * Since: 0.1
   */
  props[PROP_AVAILABLE] = g_param_spec_boolean ("available", NULL, NULL, FALSE, readable);
  /**
   * VireoClient:interactive:
   *
   * Whether the user may be asked for a password when a call needs it.
   *
   * Since: 0.1
   */
  props[PROP_INTERACTIVE] = g_param_spec_boolean ("interactive", NULL, NULL, TRUE,
                                                  readable | G_PARAM_WRITABLE);
  /**
   * VireoClient:dbus-connection:
   *
   * The connection to the bus.
   *
   * Since: 0.1
   */
  props[PROP_DBUS_CONNECTION] = g_param_spec_object ("dbus-connection", NULL, NULL,
                                                     G_TYPE_DBUS_CONNECTION, readable);
  /**
   * VireoClient:manager:
   *
   * The service as a whole; %NULL when it was not there yet.
   *
   * Since: 0.1
   */
  props[PROP_MANAGER]
      = g_param_spec_object ("manager", NULL, NULL, VIREO_TYPE_MANAGER, readable);
  g_object_class_install_properties (klass, N_PROPS, props);
}

static void
vireo_client_class_init (VireoClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_OBJECT_CLASS_TYPE (klass);

  /* So that replies come with codes that callers can compare. */
  vireo_error_quark ();

  object_class->get_property = vireo_client_get_property;
  object_class->set_property = vireo_client_set_property;
  object_class->dispose = vireo_client_dispose;
  object_class->finalize = vireo_client_finalize;
  install_properties (object_class);

  /**
   * VireoClient::object-added:
   * @self: the client
   * @object: what is new
   *
   * The service has an object more.
   *
   * Since: 0.1
   */
  g_signal_new ("object-added", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                VIREO_TYPE_OBJECT);
  /**
   * VireoClient::object-removed:
   * @self: the client
   * @object: what is gone
   *
   * An object is gone from the service, or cannot be read any longer.
   *
   * Since: 0.1
   */
  g_signal_new ("object-removed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                VIREO_TYPE_OBJECT);
  /**
   * VireoClient::closed:
   * @self: the client
   * @reason: what happened; empty when it is not known
   *
   * The connection to the bus ended. The client does not come back; make a new one.
   *
   * Since: 0.1
   */
  g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                G_TYPE_STRING);
}

static void
vireo_client_init (VireoClient *self)
{
  self->is_interactive = TRUE;
  self->objects = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->gone = g_hash_table_new (g_str_hash, g_str_equal);
  self->lists = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}
