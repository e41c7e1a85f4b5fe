/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-node-device-obj.h"

G_BEGIN_DECLS

#define VIREO_TYPE_NODE_DEVICE_DRIVER (vireo_node_device_driver_get_type ())
G_DECLARE_INTERFACE (VireoNodeDeviceDriver,
                     vireo_node_device_driver,
                     VIREO,
                     NODE_DEVICE_DRIVER,
                     GObject)

/**
 * VireoNodeDeviceDriverInterface:
 * @get_devices: (transfer none): the devices
 * @create: makes a device, such as a virtual host adapter or a mediated device, that is gone when
 *   it is destroyed; returns it
 * @define: makes the definition of a mediated device persistent; returns it
 * @undefine: forgets the definition
 * @start: makes the device of a definition
 * @destroy: removes a device that was made
 * @set_autostart: whether it is made when its parent appears
 * @detach: takes a PCI device from the host's driver and gives it to @driver; (nullable): %NULL for
 *   what the hypervisor uses
 * @reattach: gives it back to the host
 * @reset: resets a PCI device
 * @reload: as for domains
 *
 * What can be done with devices of the host. See the folder's README for the rules.
 *
 * Since: 0.1
 */
struct _VireoNodeDeviceDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_devices) (VireoNodeDeviceDriver *self);

  void (*create) (VireoNodeDeviceDriver *self,
                  const VireoNodeDeviceDef *def,
                  guint owner,
                  GTask *task);
  void (*define) (VireoNodeDeviceDriver *self,
                  const VireoNodeDeviceDef *def,
                  guint owner,
                  GTask *task);
  void (*undefine) (VireoNodeDeviceDriver *self, VireoNodeDeviceObj *obj, GTask *task);
  void (*start) (VireoNodeDeviceDriver *self, VireoNodeDeviceObj *obj, GTask *task);
  void (*destroy) (VireoNodeDeviceDriver *self, VireoNodeDeviceObj *obj, GTask *task);
  void (*set_autostart) (VireoNodeDeviceDriver *self,
                         VireoNodeDeviceObj *obj,
                         gboolean autostart,
                         GTask *task);
  void (*detach) (VireoNodeDeviceDriver *self,
                  VireoNodeDeviceObj *obj,
                  const char *driver,
                  GTask *task);
  void (*reattach) (VireoNodeDeviceDriver *self, VireoNodeDeviceObj *obj, GTask *task);
  void (*reset) (VireoNodeDeviceDriver *self, VireoNodeDeviceObj *obj, GTask *task);
  void (*reload) (VireoNodeDeviceDriver *self, GTask *task);
};

G_END_DECLS
