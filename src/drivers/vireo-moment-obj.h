/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"
#include "vireo-obj.h"

G_BEGIN_DECLS

/**
 * VireoMomentObj:
 *
 * A moment of a domain's life that was kept: a snapshot or a checkpoint. It is a child of its
 * domain, known by its name, and stands in a tree: each but the first has a parent of the same
 * kind. Properties beside those of #VireoObj: `description` s, `creation-time` t (µs since the
 * epoch), `parent-name` s ("" for a root), `current` b. Snapshots have `state` s and `location` s,
 * too.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_MOMENT_OBJ (vireo_moment_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoMomentObj, vireo_moment_obj, VIREO, MOMENT_OBJ, VireoObj)

/**
 * VireoMomentObjClass:
 * @doc: name of the kind of document that a definition is
 * @description: where a definition has its description
 * @parent_name: where it has the name of its parent
 * @creation_time: gives the seconds since the epoch; 0 when there are none
 * @domain: (nullable): gives a domain that is in a definition, from 0; %NULL when there are no more
 *
 * Since: 0.1
 */
struct _VireoMomentObjClass
{
  VireoObjClass parent_class;

  const char *doc;
  char **(*description) (gpointer def);
  char **(*parent_name) (gpointer def);
  guint64 (*creation_time) (gconstpointer def);
  VireoDomainDef *(*domain) (gpointer def, guint index);
};

gpointer vireo_moment_obj_get_def (VireoMomentObj *self);
/* Takes the definition over, which has the same name. */
void vireo_moment_obj_set_def (VireoMomentObj *self, gpointer def);
const char *vireo_moment_obj_get_parent_name (VireoMomentObj *self);
void vireo_moment_obj_set_parent_name (VireoMomentObj *self, const char *name);
gboolean vireo_moment_obj_get_current (VireoMomentObj *self);
/* What a domain does next begins at its current moment: there is at most one of a kind. */
void vireo_moment_obj_set_current (VireoMomentObj *self, gboolean current);
char *vireo_moment_obj_format (VireoMomentObj *self, VireoFormatFlags flags, GError **error);

/* The domain whose moment it is; %NULL when the moment was removed. */
VireoObj *vireo_moment_obj_get_domain (VireoMomentObj *self);

/* ---- in the tree ---- */

VireoMomentObj *vireo_moments_get_current (VireoObjList *moments);
/* (nullable): its parent, as far as that is there. */
VireoMomentObj *vireo_moment_obj_get_parent (VireoMomentObj *self);
/* (transfer full) (element-type VireoMomentObj): those right below @moment, or all below it,
 * parents before their children; below the whole list when it is %NULL. */
GPtrArray *
vireo_moments_get_below (VireoObjList *moments, VireoMomentObj *moment, gboolean descendants);
gboolean vireo_moment_obj_has_children (VireoMomentObj *self);

/* ---- the two kinds ---- */

#define VIREO_KIND_SNAPSHOT "domain-snapshot"
#define VIREO_KIND_CHECKPOINT "domain-checkpoint"

#define VIREO_TYPE_SNAPSHOT_OBJ (vireo_snapshot_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoSnapshotObj, vireo_snapshot_obj, VIREO, SNAPSHOT_OBJ, VireoMomentObj)

/* @def is taken over. @domain says whose the snapshot is. */
VireoMomentObj *vireo_snapshot_obj_new (VireoObj *domain, VireoDomainSnapshotDef *def);
/* Whether a file other than the disks' own has part of it. */
gboolean vireo_snapshot_def_is_external (const VireoDomainSnapshotDef *def);

#define VIREO_TYPE_CHECKPOINT_OBJ (vireo_checkpoint_obj_get_type ())
G_DECLARE_FINAL_TYPE (VireoCheckpointObj,
                      vireo_checkpoint_obj,
                      VIREO,
                      CHECKPOINT_OBJ,
                      VireoMomentObj)

VireoMomentObj *vireo_checkpoint_obj_new (VireoObj *domain, VireoDomainCheckpointDef *def);

G_END_DECLS
