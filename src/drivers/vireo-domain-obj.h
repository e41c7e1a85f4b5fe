/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-def-obj.h"

G_BEGIN_DECLS

/**
 * VireoDomainState:
 *
 * The states of a domain, numbered as in libvirt's public interface; UNPARSABLE is ours.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_DOMAIN_STATE_NOSTATE = 0,
  VIREO_DOMAIN_STATE_RUNNING = 1,
  VIREO_DOMAIN_STATE_BLOCKED = 2,
  VIREO_DOMAIN_STATE_PAUSED = 3,
  VIREO_DOMAIN_STATE_SHUTDOWN = 4,
  VIREO_DOMAIN_STATE_SHUTOFF = 5,
  VIREO_DOMAIN_STATE_CRASHED = 6,
  VIREO_DOMAIN_STATE_PMSUSPENDED = 7,
  VIREO_DOMAIN_STATE_UNPARSABLE = 8,
} VireoDomainState;

const char *vireo_domain_state_to_string (VireoDomainState state);
gboolean vireo_domain_state_from_string (const char *string, VireoDomainState *ret_state);

/**
 * VireoDomainObj:
 *
 * A domain: a #VireoDefObj of #VireoDomainDef, and what is known of its state. Drivers derive from
 * it to hang their own runtime data on it. Properties beside those of #VireoObj: `id` u, `state` s,
 * `state-reason` s, `state-changed-at` t, `domain-type` s, `os-type` s, `title` s, `description` s,
 * `max-memory` t, `memory` t, `vcpus` u, `tags` as, `post-parse-failed` b,
 * `post-parse-problems` a(ssssa{sv}), `has-managed-save` b, `current-snapshot` (a #VireoMomentObj,
 * or %NULL); those that come from a definition come from the live one while there is one.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_DOMAIN_OBJ (vireo_domain_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoDomainObj, vireo_domain_obj, VIREO, DOMAIN_OBJ, VireoDefObj)

struct _VireoDomainObjClass
{
  VireoDefObjClass parent_class;
};

/* As of #VireoDefObj, with the type. */
static inline const VireoDomainDef *
vireo_domain_obj_get_persistent_def (VireoDomainObj *self)
{
  return vireo_def_obj_get_persistent (VIREO_DEF_OBJ (self));
}

static inline VireoDomainDef *
vireo_domain_obj_get_live_def (VireoDomainObj *self)
{
  return vireo_def_obj_get_live (VIREO_DEF_OBJ (self));
}

static inline const VireoDomainDef *
vireo_domain_obj_get_def (VireoDomainObj *self)
{
  return vireo_def_obj_get (VIREO_DEF_OBJ (self));
}

static inline void
vireo_domain_obj_set_persistent_def (VireoDomainObj *self, VireoDomainDef *def)
{
  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (self), def);
}

static inline void
vireo_domain_obj_set_live_def (VireoDomainObj *self, VireoDomainDef *def)
{
  vireo_def_obj_set_live (VIREO_DEF_OBJ (self), def);
}

static inline void
vireo_domain_obj_emit_lifecycle (VireoDomainObj *self, const char *event, const char *detail)
{
  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (self), event, detail);
}

/* What polkit's rules get to see of a definition, beside its name and UUID: `domain_tags`. */
void vireo_domain_def_describe (gconstpointer def, VireoDescribeFunc func, gpointer user_data);

VireoDomainState vireo_domain_obj_get_state (VireoDomainObj *self);
const char *vireo_domain_obj_get_state_reason (VireoDomainObj *self);
/* Active and `state-changed-at` follow from it. Notifies; emits no Lifecycle. */
void vireo_domain_obj_set_state (VireoDomainObj *self, VireoDomainState state, const char *reason);
/* Of a state that it was in before this daemon knew it. Notifies. */
void vireo_domain_obj_set_state_changed_at (VireoDomainObj *self, guint64 when);
guint64 vireo_domain_obj_get_state_changed_at (VireoDomainObj *self);
/* Whether somebody gave commands to its hypervisor by hand since it started; over when it stops. */
void vireo_domain_obj_set_custom_monitor (VireoDomainObj *self, gboolean custom_monitor);
gboolean vireo_domain_obj_get_custom_monitor (VireoDomainObj *self);
void vireo_domain_obj_set_id (VireoDomainObj *self, guint id);
guint vireo_domain_obj_get_id (VireoDomainObj *self);
/* Whether the driver keeps a state from which the next start goes on. Notifies. */
void vireo_domain_obj_set_has_managed_save (VireoDomainObj *self, gboolean has_managed_save);
gboolean vireo_domain_obj_get_has_managed_save (VireoDomainObj *self);

/* @problems: (nullable) (element-type VireoProblem): %NULL when post-parse succeeded. */
void vireo_domain_obj_set_post_parse_problems (VireoDomainObj *self, GPtrArray *problems);
GPtrArray *vireo_domain_obj_get_post_parse_problems (VireoDomainObj *self);

G_END_DECLS
