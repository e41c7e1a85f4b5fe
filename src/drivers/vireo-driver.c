/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-driver.h"

#include "vireo-drivers-built.h"

G_DEFINE_INTERFACE (VireoDriver, vireo_driver, G_TYPE_OBJECT)

static void
vireo_driver_default_init (VireoDriverInterface *iface)
{
  /* A driver fills in all of it. */
}

/**
 * vireo_driver_get_name:
 * @self: a driver
 *
 * Returns: (transfer none): what `Driver` and polkit's connect_driver say, such as "QEMU"
 * Since: 0.1
 */
const char *
vireo_driver_get_name (VireoDriver *self)
{
  return VIREO_DRIVER_GET_IFACE (self)->name;
}

/**
 * vireo_driver_get_id:
 * @self: a driver
 *
 * Returns: (transfer none): last part of the connection's path, such as "qemu"
 * Since: 0.1
 */
const char *
vireo_driver_get_id (VireoDriver *self)
{
  return VIREO_DRIVER_GET_IFACE (self)->id;
}

/**
 * vireo_driver_probe:
 * @self: a driver
 * @error: why it cannot be used
 *
 * Returns: whether the driver can be used on this host at all
 * Since: 0.1
 */
gboolean
vireo_driver_probe (VireoDriver *self, GError **error)
{
  VireoDriverInterface *iface = VIREO_DRIVER_GET_IFACE (self);

  return iface->probe == NULL || iface->probe (self, error);
}

/**
 * vireo_driver_accepts_uri:
 * @self: a driver
 * @uri: a URI that a caller gave
 *
 * Returns: whether @uri is one of this driver's
 * Since: 0.1
 */
gboolean
vireo_driver_accepts_uri (VireoDriver *self, const char *uri)
{
  return VIREO_DRIVER_GET_IFACE (self)->accepts_uri (self, uri);
}

/**
 * vireo_driver_open_async:
 * @self: a driver
 * @uri: one of its URIs
 * @cancellable: (nullable): to give up
 * @callback: called when the connection is open, or could not be opened
 * @user_data: for @callback
 *
 * Opens the connection and loads what it has.
 *
 * Since: 0.1
 */
void
vireo_driver_open_async (VireoDriver *self,
                         const char *uri,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, vireo_driver_open_async);
  if (!vireo_driver_accepts_uri (self, uri))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                               "the driver %s does not open \"%s\"", vireo_driver_get_name (self),
                               uri);
      return;
    }
  VIREO_DRIVER_GET_IFACE (self)->open (self, uri, g_steal_pointer (&task));
}

/**
 * vireo_driver_open_finish:
 * @self: a driver
 * @result: what the callback got
 * @error: why it could not be opened
 *
 * Returns: (transfer full) (nullable): the connection
 * Since: 0.1
 */
VireoConnectionObj *
vireo_driver_open_finish (VireoDriver *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Those that this build has; callers see them in this order. */
static VireoDriver *(*const makers[]) (const VireoEnv *env) = {
  vireo_qemu_driver_new,
  vireo_test_driver_new,
};

/**
 * vireo_drivers_new:
 * @env: where the daemon keeps its things; it must outlive the drivers
 *
 * Makes the drivers. None of them is opened yet.
 *
 * Returns: (transfer full) (element-type VireoDriver): all drivers that this build has
 * Since: 0.1
 */
GPtrArray *
vireo_drivers_new (const VireoEnv *env)
{
  GPtrArray *drivers = g_ptr_array_new_with_free_func (g_object_unref);

  for (gsize i = 0; i < G_N_ELEMENTS (makers); i++)
    g_ptr_array_add (drivers, makers[i](env));
  return drivers;
}
