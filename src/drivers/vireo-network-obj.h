/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoNetworkObj:
 *
 * A virtual network: a #VireoDefObj of #VireoNetworkDef. Properties beside those of #VireoObj:
 * `state` s, `state-reason` s, `bridge-name` s, `forward-mode` s.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_NETWORK_OBJ (vireo_network_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoNetworkObj, vireo_network_obj, VIREO, NETWORK_OBJ, VireoDefObj)

struct _VireoNetworkObjClass
{
  VireoDefObjClass parent_class;
};

/* As of #VireoDefObj, with the type. */
static inline const VireoNetworkDef *
vireo_network_obj_get_persistent_def (VireoNetworkObj *self)
{
  return vireo_def_obj_get_persistent (VIREO_DEF_OBJ (self));
}

static inline VireoNetworkDef *
vireo_network_obj_get_live_def (VireoNetworkObj *self)
{
  return vireo_def_obj_get_live (VIREO_DEF_OBJ (self));
}

static inline const VireoNetworkDef *
vireo_network_obj_get_def (VireoNetworkObj *self)
{
  return vireo_def_obj_get (VIREO_DEF_OBJ (self));
}

static inline void
vireo_network_obj_set_persistent_def (VireoNetworkObj *self, VireoNetworkDef *def)
{
  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (self), def);
}

static inline void
vireo_network_obj_set_live_def (VireoNetworkObj *self, VireoNetworkDef *def)
{
  vireo_def_obj_set_live (VIREO_DEF_OBJ (self), def);
}

static inline void
vireo_network_obj_emit_lifecycle (VireoNetworkObj *self, const char *event)
{
  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (self), event, "");
}

/* Why the network went down by itself; "" when all is well. */
static inline void
vireo_network_obj_set_state_reason (VireoNetworkObj *self, const char *reason)
{
  vireo_def_obj_set_state_reason (VIREO_DEF_OBJ (self), reason);
}

G_END_DECLS
