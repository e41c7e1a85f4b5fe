/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-domain-work.h"

G_BEGIN_DECLS

/* What snapshots and checkpoints have in common. */

/* The moments of a kind that a domain has; NULL for none. */
VireoObjList *vireo_domain_moments_of (VireoDomainObj *obj, const char *kind);
guint vireo_domain_moments_count (VireoDomainObj *obj, const char *kind);

/* Gives a new moment a name if it has none, and says whether it is free. */
gboolean vireo_domain_moment_check_name (VireoDomainObj *obj,
                                       const char *kind,
                                       char **name,
                                       GError **error);
/* Of a moment that is defined again: its parent is there, and is not below it. */
gboolean vireo_domain_moment_check_parent (VireoDomainObj *obj,
                                         const char *kind,
                                         const char *name,
                                         const char *parent,
                                         GError **error);
/* Takes @moment over into the list of its domain. */
void vireo_domain_moment_add (VireoDomainObj *obj, VireoMomentObj *moment, gboolean current);

/* Those that go, children first, with @moment itself unless only its children go.
 * (transfer full) (element-type VireoMomentObj) */
GPtrArray *vireo_domain_moment_collect (VireoMomentObj *moment, VireoMomentDeleteFlags flags);
/* Removes it: its children follow its parent then, which is current if it was. */
void vireo_domain_moment_remove (VireoMomentObj *moment);
/* Forgets all of a kind. */
void vireo_domain_moments_forget (VireoDomainObj *obj, const char *kind);

/* Makes of what a caller wants the snapshot that it will be: disks aligned with those of the
 * domain, all that was left open decided. */
gboolean vireo_domain_snapshot_complete (VireoDomainObj *obj,
                                         VireoDomainSnapshotDef *def,
                                         VireoSnapshotCreateFlags flags,
                                         GError **error);

/* Puts into a snapshot what the domain is now, and what it follows. */
void vireo_domain_snapshot_keep (VireoDomainObj *obj, VireoDomainSnapshotDef *def);

/* Tells of a snapshot that is on the disks, or tells it again. (transfer none) */
VireoMomentObj *vireo_domain_snapshot_redefine (VireoDomainObj *obj,
                                                const VireoDomainSnapshotDef *def,
                                                VireoSnapshotCreateFlags flags,
                                                GError **error);

/* How the domain is to be after it went back. */
typedef enum
{
  VIREO_SNAPSHOT_TARGET_OFF,
  VIREO_SNAPSHOT_TARGET_PAUSED,
  VIREO_SNAPSHOT_TARGET_RUNNING,
} VireoSnapshotTarget;

VireoSnapshotTarget vireo_domain_snapshot_get_target (const VireoDomainSnapshotDef *def,
                                                      VireoSnapshotRevertFlags flags);
gboolean vireo_domain_snapshot_check_revert (VireoDomainObj *obj,
                                             const VireoDomainSnapshotDef *def,
                                             VireoSnapshotRevertFlags flags,
                                             GError **error);

G_END_DECLS
