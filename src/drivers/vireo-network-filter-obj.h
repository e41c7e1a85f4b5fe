/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoNetworkFilterObj:
 *
 * A network filter: a #VireoDefObj of #VireoNetworkFilterDef, with no more properties.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_NETWORK_FILTER_OBJ (vireo_network_filter_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoNetworkFilterObj,
                      vireo_network_filter_obj,
                      VIREO,
                      NETWORK_FILTER_OBJ,
                      VireoDefObj)

/**
 * VireoFilterBindingObj:
 *
 * A filter at work on a guest's interface: a #VireoDefObj of #VireoFilterBindingDef, whose name is
 * that of the host's device. Properties: `port-dev` s, `filter-name` s.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_FILTER_BINDING_OBJ (vireo_filter_binding_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoFilterBindingObj,
                      vireo_filter_binding_obj,
                      VIREO,
                      FILTER_BINDING_OBJ,
                      VireoDefObj)

/* Tells libvirt's variables: `nwfilter_binding_portdev`, … */
void vireo_filter_binding_def_describe (gconstpointer def,
                                        VireoDescribeFunc func,
                                        gpointer user_data);

G_END_DECLS
