/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-network-filter-obj.h"

G_BEGIN_DECLS

#define VIREO_TYPE_NETWORK_FILTER_DRIVER (vireo_network_filter_driver_get_type ())
G_DECLARE_INTERFACE (VireoNetworkFilterDriver,
                     vireo_network_filter_driver,
                     VIREO,
                     NETWORK_FILTER_DRIVER,
                     GObject)

/**
 * VireoNetworkFilterDriverInterface:
 * @get_filters: (transfer none): the filters
 * @define: as for domains
 * @replace: as for domains
 * @undefine: as for domains; Busy while a binding uses the filter, by itself or by way of another
 * @get_bindings: (transfer none): the filters that are at work
 * @create_binding: sets a filter to work on a device; returns a #VireoFilterBindingObj
 * @delete_binding: takes its rules away
 * @reload: as for domains
 *
 * What can be done with network filters. See the folder's README for the rules.
 *
 * Since: 0.1
 */
struct _VireoNetworkFilterDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_filters) (VireoNetworkFilterDriver *self);

  void (*define) (VireoNetworkFilterDriver *self,
                  const VireoNetworkFilterDef *def,
                  guint owner,
                  GTask *task);
  void (*replace) (VireoNetworkFilterDriver *self,
                   VireoNetworkFilterObj *obj,
                   const VireoNetworkFilterDef *def,
                   GTask *task);
  void (*undefine) (VireoNetworkFilterDriver *self, VireoNetworkFilterObj *obj, GTask *task);

  VireoObjList *(*get_bindings) (VireoNetworkFilterDriver *self);

  void (*create_binding) (VireoNetworkFilterDriver *self,
                          const VireoFilterBindingDef *def,
                          guint owner,
                          GTask *task);
  void (*delete_binding) (VireoNetworkFilterDriver *self, VireoFilterBindingObj *obj, GTask *task);
  void (*reload) (VireoNetworkFilterDriver *self, GTask *task);
};

G_END_DECLS
