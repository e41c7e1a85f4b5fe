/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"
#include "vireo-obj.h"

G_BEGIN_DECLS

/**
 * VireoNetworkObj:
 *
 * A virtual network. Properties beside those of #VireoObj: `state` s, `state-reason` s,
 * `bridge-name` s, `forward-mode` s. Functions as of #VireoDomainObj.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_NETWORK_OBJ (vireo_network_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoNetworkObj, vireo_network_obj, VIREO, NETWORK_OBJ, VireoObj)

struct _VireoNetworkObjClass
{
  VireoObjClass parent_class;
};

VireoNetworkDef *vireo_network_obj_get_persistent_def (VireoNetworkObj *self);
VireoNetworkDef *vireo_network_obj_get_live_def (VireoNetworkObj *self);
VireoNetworkDef *vireo_network_obj_get_def (VireoNetworkObj *self);
void vireo_network_obj_set_persistent_def (VireoNetworkObj *self, VireoNetworkDef *def);
void vireo_network_obj_set_live_def (VireoNetworkObj *self, VireoNetworkDef *def);

const char *vireo_network_obj_get_raw (VireoNetworkObj *self, const char **ret_message);
void vireo_network_obj_set_raw (VireoNetworkObj *self, const char *text, const char *message);

/* Why the network went down by itself; "" when all is well. */
void vireo_network_obj_set_state_reason (VireoNetworkObj *self, const char *reason);

void vireo_network_obj_emit_lifecycle (VireoNetworkObj *self, const char *event);

char *vireo_network_obj_format (VireoNetworkObj *self, VireoFormatFlags flags, GError **error);

G_END_DECLS
