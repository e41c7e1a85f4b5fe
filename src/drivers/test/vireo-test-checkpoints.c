/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-checkpoints.h"

#include "drivers/common/vireo-domain-chains.h"
#include "drivers/common/vireo-domain-moments.h"
#include "vireo-test-domains.h"

/* A guest is taken to write so much to each disk. */
#define BYTES_PER_SECOND (1024u * 1024)
#define MAX_CHANGED (1024u * 1024 * 1024)

static VireoCheckpointDiskDef *
find_entry (VireoDomainCheckpointDef *def, const char *target)
{
  for (guint i = 0; i < def->n_disks; i++)
    if (g_strcmp0 (def->disks[i]->name, target) == 0)
      return def->disks[i];
  return NULL;
}

static gboolean
check_entry (const VireoDomainDef *domain,
             VireoCheckpointDiskDef *entry,
             GHashTable *seen,
             GError **error)
{
  const VireoDiskDef *disk = vireo_domain_disk_find (domain, entry->name, error);

  if (disk == NULL)
    return FALSE;
  if (!g_hash_table_add (seen, disk->target->dev))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "the disk %s is named twice",
                 disk->target->dev);
  else if (entry->checkpoint != VIREO_CHECKPOINT_TYPE_NO && !vireo_domain_disk_is_writable (disk))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the disk %s is empty or cannot be written", disk->target->dev);
  else
    {
      g_free (entry->name);
      entry->name = g_strdup (disk->target->dev);
      return TRUE;
    }
  return FALSE;
}

/* A checkpoint that names disks is of those; one that names none is of all. */
static void
add_others (const VireoDomainDef *domain, VireoDomainCheckpointDef *def)
{
  gboolean all = def->n_disks == 0;

  for (guint i = 0; i < domain->n_disks; i++)
    {
      const VireoDiskDef *disk = domain->disks[i];
      VireoCheckpointDiskDef *entry;

      if (find_entry (def, disk->target->dev) != NULL)
        continue;
      entry = vireo_checkpoint_disk_def_new ();
      entry->name = g_strdup (disk->target->dev);
      entry->checkpoint = all && vireo_domain_disk_is_writable (disk) ? VIREO_CHECKPOINT_TYPE_BITMAP
                                                                    : VIREO_CHECKPOINT_TYPE_NO;
      vireo_domain_checkpoint_def_add_disk (def, entry);
    }
}

static gboolean
align_disks (const VireoDomainDef *domain, VireoDomainCheckpointDef *def, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean any = FALSE;

  for (guint i = 0; i < def->n_disks; i++)
    if (!check_entry (domain, def->disks[i], seen, error))
      return FALSE;
  add_others (domain, def);
  for (guint i = 0; i < def->n_disks; i++)
    {
      VireoCheckpointDiskDef *entry = def->disks[i];

      if (entry->checkpoint == VIREO_CHECKPOINT_TYPE_NO)
        continue;
      any = TRUE;
      entry->checkpoint = VIREO_CHECKPOINT_TYPE_BITMAP;
      if (entry->bitmap == NULL)
        entry->bitmap = g_strdup (def->name);
    }
  if (!any)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "the checkpoint is of no disk at all");
  return any;
}

gboolean
vireo_test_checkpoint_complete (VireoDomainObj *obj, VireoDomainCheckpointDef *def, GError **error)
{
  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "changes of the disks of domain \"%s\" are tracked while it is active",
                   vireo_obj_get_name (VIREO_OBJ (obj)));
      return FALSE;
    }
  return vireo_domain_moment_check_name (obj, VIREO_KIND_CHECKPOINT, &def->name, error)
         && align_disks (vireo_domain_obj_get_live_def (obj), def, error);
}

VireoMomentObj *
vireo_test_checkpoint_take (VireoDomainObj *obj, VireoDomainCheckpointDef *def)
{
  VireoObjList *list = vireo_domain_moments_of (obj, VIREO_KIND_CHECKPOINT);
  VireoMomentObj *before = list != NULL ? vireo_moments_get_current (list) : NULL;
  VireoMomentObj *moment;

  g_free (def->parent);
  def->parent = before != NULL ? g_strdup (vireo_obj_get_name (VIREO_OBJ (before))) : NULL;
  def->creation_time = (guint64) (g_get_real_time () / G_USEC_PER_SEC);
  def->has_creation_time = TRUE;
  g_clear_pointer (&def->domain, vireo_domain_def_free);
  def->domain = vireo_domain_def_copy (vireo_domain_obj_get_live_def (obj));
  moment = vireo_checkpoint_obj_new (VIREO_OBJ (obj), def);
  vireo_domain_moment_add (obj, moment, TRUE);
  return moment;
}

/* ---- operations ---- */

static VireoMomentObj *
redefine (VireoDomainObj *obj, const VireoDomainCheckpointDef *def, gboolean check, GError **error)
{
  g_autoptr (VireoDomainCheckpointDef) copy = vireo_domain_checkpoint_def_copy (def);
  VireoObjList *list = vireo_obj_ensure_children (VIREO_OBJ (obj), VIREO_KIND_CHECKPOINT);
  VireoMomentObj *moment;

  if (def->name == NULL || !def->has_creation_time)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "what defines a checkpoint again has its name and creationTime");
      return NULL;
    }
  if (!vireo_domain_moment_check_parent (obj, VIREO_KIND_CHECKPOINT, def->name, def->parent, error)
      || (check && !align_disks (vireo_domain_obj_get_def (obj), copy, error)))
    return NULL;
  moment = (VireoMomentObj *) vireo_obj_list_find_by_name (list, def->name);
  if (moment != NULL)
    vireo_moment_obj_set_def (moment, g_steal_pointer (&copy));
  else
    {
      moment = vireo_checkpoint_obj_new (VIREO_OBJ (obj), g_steal_pointer (&copy));
      /* The newest is where the next one follows. */
      vireo_domain_moment_add (obj, moment, TRUE);
    }
  return moment;
}

/* A moment at which all that programs have written is on the disks takes somebody in the guest. */
static gboolean
check_quiesce (VireoDomainObj *obj, VireoCheckpointCreateFlags flags, GError **error)
{
  if ((flags & VIREO_CHECKPOINT_CREATE_QUIESCE) == 0)
    return TRUE;
  if ((flags & VIREO_CHECKPOINT_CREATE_REDEFINE) == 0)
    return vireo_test_guest_need_agent (vireo_test_domain_get_guest (obj), error);
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "what is defined again has happened: there is nothing to quiesce");
  return FALSE;
}

static void
create_checkpoint (VireoDomainDriver *driver,
                   VireoDomainObj *obj,
                   const VireoDomainCheckpointDef *def,
                   VireoCheckpointCreateFlags flags,
                   GTask *task)
{
  g_autoptr (VireoDomainCheckpointDef) copy = NULL;
  VireoMomentObj *moment = NULL;
  GError *error = NULL;
  gboolean check = (flags & VIREO_CHECKPOINT_CREATE_REDEFINE_VALIDATE) != 0;

  if (check && (flags & VIREO_CHECKPOINT_CREATE_REDEFINE) == 0)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "redefine-validate is of what redefine does");
  else if ((flags & VIREO_CHECKPOINT_CREATE_REDEFINE) != 0)
    moment = check_quiesce (obj, flags, &error) ? redefine (obj, def, check, &error) : NULL;
  else
    {
      copy = vireo_domain_checkpoint_def_copy (def);
      if (vireo_test_checkpoint_complete (obj, copy, &error) && check_quiesce (obj, flags, &error))
        moment = vireo_test_checkpoint_take (obj, g_steal_pointer (&copy));
    }
  if (moment != NULL)
    g_task_return_pointer (task, g_object_ref (moment), g_object_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
delete_checkpoint (VireoDomainDriver *driver,
                   VireoMomentObj *checkpoint,
                   VireoMomentDeleteFlags flags,
                   GTask *task)
{
  g_autoptr (GPtrArray) all = vireo_domain_moment_collect (checkpoint, flags);

  for (guint i = 0; i < all->len; i++)
    vireo_domain_moment_remove (all->pdata[i]);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* What a guest has written since: the longer ago, the more. */
static void
get_checkpoint_sizes (VireoDomainDriver *driver, VireoMomentObj *checkpoint, GTask *task)
{
  VireoDomainCheckpointDef *def
      = vireo_domain_checkpoint_def_copy (vireo_moment_obj_get_def (checkpoint));
  guint64 now = (guint64) (g_get_real_time () / G_USEC_PER_SEC);
  guint64 seconds = now > def->creation_time ? now - def->creation_time : 0;

  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->checkpoint == VIREO_CHECKPOINT_TYPE_BITMAP)
      {
        def->disks[i]->size = MIN (seconds, MAX_CHANGED / BYTES_PER_SECOND) * BYTES_PER_SECOND;
        def->disks[i]->has_size = TRUE;
      }
  g_task_return_pointer (task, def, (GDestroyNotify) vireo_domain_checkpoint_def_free);
  g_object_unref (task);
}

void
vireo_test_checkpoints_init (VireoDomainDriverInterface *iface)
{
  iface->create_checkpoint = create_checkpoint;
  iface->delete_checkpoint = delete_checkpoint;
  iface->get_checkpoint_sizes = get_checkpoint_sizes;
}
