/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoHostInterfaceObj:
 *
 * A network interface of the host: a #VireoDefObj of #VireoHostInterfaceDef, known by its name.
 * Properties beside those of #VireoDefObj: `mac` s, `interface-type` s.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_HOST_INTERFACE_OBJ (vireo_host_interface_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoHostInterfaceObj,
                      vireo_host_interface_obj,
                      VIREO,
                      HOST_INTERFACE_OBJ,
                      VireoDefObj)

/* Tells libvirt's variable `interface_macaddr`. */
void vireo_host_interface_def_describe (gconstpointer def,
                                        VireoDescribeFunc func,
                                        gpointer user_data);

G_END_DECLS
