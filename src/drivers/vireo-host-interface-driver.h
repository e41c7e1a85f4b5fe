/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-host-interface-obj.h"

G_BEGIN_DECLS

#define VIREO_TYPE_HOST_INTERFACE_DRIVER (vireo_host_interface_driver_get_type ())
G_DECLARE_INTERFACE (VireoHostInterfaceDriver,
                     vireo_host_interface_driver,
                     VIREO,
                     HOST_INTERFACE_DRIVER,
                     GObject)

/**
 * VireoHostInterfaceDriverInterface:
 * @get_interfaces: (transfer none): the interfaces
 * @define: as for domains
 * @undefine: as for domains; an active one goes, too
 * @start: brings it up
 * @destroy: takes it down
 * @begin_change: remembers how everything is
 * @commit_change: keeps what was changed since then
 * @rollback_change: makes it as it was
 * @reload: as for domains
 *
 * What can be done with network interfaces of the host. See the folder's README for the rules.
 *
 * Since: 0.1
 */
struct _VireoHostInterfaceDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_interfaces) (VireoHostInterfaceDriver *self);

  void (*define) (VireoHostInterfaceDriver *self,
                  const VireoHostInterfaceDef *def,
                  guint owner,
                  GTask *task);
  void (*undefine) (VireoHostInterfaceDriver *self, VireoHostInterfaceObj *obj, GTask *task);
  void (*start) (VireoHostInterfaceDriver *self, VireoHostInterfaceObj *obj, GTask *task);
  void (*destroy) (VireoHostInterfaceDriver *self, VireoHostInterfaceObj *obj, GTask *task);
  void (*begin_change) (VireoHostInterfaceDriver *self, GTask *task);
  void (*commit_change) (VireoHostInterfaceDriver *self, GTask *task);
  void (*rollback_change) (VireoHostInterfaceDriver *self, GTask *task);
  void (*reload) (VireoHostInterfaceDriver *self, GTask *task);
};

G_END_DECLS
