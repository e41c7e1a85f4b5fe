/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoNodeDeviceObj:
 *
 * A device of the host: a #VireoDefObj of #VireoNodeDeviceDef, known by its name. Properties beside
 * those of #VireoDefObj: `parent` s, `dev-path` s, `driver-name` s, `capabilities` as.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_NODE_DEVICE_OBJ (vireo_node_device_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoNodeDeviceObj,
                      vireo_node_device_obj,
                      VIREO,
                      NODE_DEVICE_OBJ,
                      VireoDefObj)

/* (nullable): the capability of that type, or below one, of a definition. */
const VireoNodeDeviceCapabilityDef *
vireo_node_device_def_find_capability (const VireoNodeDeviceDef *def, VireoCapabilityType type);
/* (transfer full): their names, as libvirt lists them. */
char **vireo_node_device_def_list_capabilities (const VireoNodeDeviceDef *def);

G_END_DECLS
