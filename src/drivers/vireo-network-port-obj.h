/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoNetworkPortObj:
 *
 * The place of a guest's interface on a network, whose child it is: a #VireoDefObj of
 * #VireoNetworkPortDef, whose name is its UUID. Properties beside those of #VireoDefObj:
 * `owner-name` s, `owner-uuid` s, `mac` s.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_NETWORK_PORT_OBJ (vireo_network_port_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoNetworkPortObj,
                      vireo_network_port_obj,
                      VIREO,
                      NETWORK_PORT_OBJ,
                      VireoDefObj)

/* (transfer floating): how fast it may be, as a{sv} under libvirt's names. */
GVariant *vireo_bandwidth_def_to_parameters (const VireoBandwidthDef *def);
/* Replaces *@def (nullable), which is %NULL when nothing is limited any more. Errors:
 * InvalidArgument for a name or a type that is not libvirt's. */
gboolean
vireo_bandwidth_def_set_parameters (VireoBandwidthDef **def, GVariant *parameters, GError **error);

G_END_DECLS
