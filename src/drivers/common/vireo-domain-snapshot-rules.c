/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is the same for the snapshots of all drivers: what is kept, told again, and gone back to. */

#include "vireo-domain-moments.h"

/* What the domain is at that moment, and where in the tree it is. */
void
vireo_domain_snapshot_keep (VireoDomainObj *obj, VireoDomainSnapshotDef *def)
{
  const VireoDomainDef *persistent = vireo_domain_obj_get_persistent_def (obj);
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (obj);
  VireoObjList *list = vireo_domain_moments_of (obj, VIREO_KIND_SNAPSHOT);
  VireoMomentObj *before = list != NULL ? vireo_moments_get_current (list) : NULL;

  g_clear_pointer (&def->domain, vireo_domain_def_free);
  g_clear_pointer (&def->inactive_domain, vireo_domain_def_free);
  if (live != NULL && persistent != NULL)
    def->inactive_domain = vireo_domain_def_copy (persistent);
  def->domain = vireo_domain_def_copy (live != NULL ? live : persistent);
  g_free (def->parent);
  def->parent = before != NULL ? g_strdup (vireo_obj_get_name (VIREO_OBJ (before))) : NULL;
  def->creation_time = (guint64) (g_get_real_time () / G_USEC_PER_SEC);
  def->has_creation_time = TRUE;
}

/* ---- redefine ---- */

static gboolean
check_redefined (VireoDomainObj *obj,
                 const VireoDomainSnapshotDef *def,
                 VireoMomentObj *old,
                 GError **error)
{
  const VireoDomainSnapshotDef *old_def = old != NULL ? vireo_moment_obj_get_def (old) : NULL;
  const char *uuid = vireo_obj_get_uuid (VIREO_OBJ (obj));

  if (def->name == NULL || def->state == VIREO_SNAPSHOT_STATE_UNSET || !def->has_creation_time)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "what defines a snapshot again has its name, state and creationTime");
      return FALSE;
    }
  if (def->domain != NULL && def->domain->uuid != NULL
      && g_strcmp0 (def->domain->uuid, uuid) != 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the snapshot is of the domain %s, not of %s", def->domain->uuid, uuid);
      return FALSE;
    }
  if (old_def != NULL
      && (old_def->state == VIREO_SNAPSHOT_STATE_DISK_SNAPSHOT)
             != (def->state == VIREO_SNAPSHOT_STATE_DISK_SNAPSHOT))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the snapshot \"%s\" is one of disks only, or it is not: that stays", def->name);
      return FALSE;
    }
  return vireo_domain_moment_check_parent (obj, VIREO_KIND_SNAPSHOT, def->name, def->parent, error);
}

VireoMomentObj *
vireo_domain_snapshot_redefine (VireoDomainObj *obj,
                                const VireoDomainSnapshotDef *def,
                                VireoSnapshotCreateFlags flags,
                                GError **error)
{
  VireoObjList *list = vireo_domain_moments_of (obj, VIREO_KIND_SNAPSHOT);
  VireoMomentObj *moment
      = list != NULL && def->name != NULL
            ? (VireoMomentObj *) vireo_obj_list_find_by_name (list, def->name)
            : NULL;
  const VireoDomainSnapshotDef *old;
  VireoDomainSnapshotDef *copy;

  if (!check_redefined (obj, def, moment, error))
    return NULL;
  copy = vireo_domain_snapshot_def_copy (def);
  if (moment == NULL)
    {
      moment = vireo_snapshot_obj_new (VIREO_OBJ (obj), copy);
      vireo_domain_moment_add (obj, moment, (flags & VIREO_SNAPSHOT_CREATE_CURRENT) != 0);
      return moment;
    }
  /* What is known of the domain is not lost by not being told again. */
  old = vireo_moment_obj_get_def (moment);
  if (copy->domain == NULL && old->domain != NULL)
    copy->domain = vireo_domain_def_copy (old->domain);
  vireo_moment_obj_set_def (moment, copy);
  if ((flags & VIREO_SNAPSHOT_CREATE_CURRENT) != 0)
    vireo_moment_obj_set_current (moment, TRUE);
  return moment;
}

/* ---- revert ---- */

VireoSnapshotTarget
vireo_domain_snapshot_get_target (const VireoDomainSnapshotDef *def,
                                  VireoSnapshotRevertFlags flags)
{
  if ((flags & VIREO_SNAPSHOT_REVERT_RUNNING) != 0)
    return VIREO_SNAPSHOT_TARGET_RUNNING;
  if ((flags & VIREO_SNAPSHOT_REVERT_PAUSED) != 0)
    return VIREO_SNAPSHOT_TARGET_PAUSED;
  if (def->state == VIREO_SNAPSHOT_STATE_RUNNING)
    return VIREO_SNAPSHOT_TARGET_RUNNING;
  return def->state == VIREO_SNAPSHOT_STATE_PAUSED ? VIREO_SNAPSHOT_TARGET_PAUSED
                                                   : VIREO_SNAPSHOT_TARGET_OFF;
}

gboolean
vireo_domain_snapshot_check_revert (VireoDomainObj *obj,
                                    const VireoDomainSnapshotDef *def,
                                    VireoSnapshotRevertFlags flags,
                                    GError **error)
{
  const VireoSnapshotRevertFlags both
      = VIREO_SNAPSHOT_REVERT_RUNNING | VIREO_SNAPSHOT_REVERT_PAUSED;
  gboolean force = (flags & VIREO_SNAPSHOT_REVERT_FORCE) != 0;
  const VireoDomainDef *live = vireo_domain_obj_get_live_def (obj);

  if ((flags & both) == both)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "a domain is either running or paused");
  else if (!vireo_obj_get_persistent (VIREO_OBJ (obj))
           && vireo_domain_snapshot_get_target (def, flags) == VIREO_SNAPSHOT_TARGET_OFF)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "a transient domain that does not run is none: it has to be running or paused");
  else if (def->domain == NULL && !force)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "the snapshot \"%s\" does not say what the domain was; it takes force to go on "
                 "with the present definition",
                 def->name);
  else if (live != NULL && def->domain != NULL && !force)
    return vireo_doc_check_abi (vireo_doc_kind_find ("domain"), def->domain, live, error);
  else
    return TRUE;
  return FALSE;
}
