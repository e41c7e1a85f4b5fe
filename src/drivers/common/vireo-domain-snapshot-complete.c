/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From what a caller wants a snapshot to be, to what it will be. */

#include <string.h>

#include "drivers/common/vireo-domain-chains.h"
#include "drivers/common/vireo-domain-moments.h"

static const char *
location_name (VireoSnapshotLocation location)
{
  return location == VIREO_SNAPSHOT_LOCATION_EXTERNAL ? "external" : "internal";
}

/* Of the attribute of a disk in the domain's definition. */
static VireoSnapshotLocation
location_of_disk (const VireoDiskDef *disk, VireoSnapshotLocation otherwise)
{
  static const VireoSnapshotLocation locations[] = {
    [VIREO_DISK_SNAPSHOT_NO] = VIREO_SNAPSHOT_LOCATION_NO,
    [VIREO_DISK_SNAPSHOT_INTERNAL] = VIREO_SNAPSHOT_LOCATION_INTERNAL,
    [VIREO_DISK_SNAPSHOT_EXTERNAL] = VIREO_SNAPSHOT_LOCATION_EXTERNAL,
    [VIREO_DISK_SNAPSHOT_MANUAL] = VIREO_SNAPSHOT_LOCATION_MANUAL,
  };

  if (!vireo_domain_disk_is_writable (disk))
    return VIREO_SNAPSHOT_LOCATION_NO;
  return disk->snapshot == VIREO_DISK_SNAPSHOT_UNSET ? otherwise : locations[disk->snapshot];
}

/* "disk.qcow2" and the snapshot "s1" give "disk.s1". */
static char *
overlay_path (const char *path, const char *snapshot)
{
  const char *base = strrchr (path, '/');
  const char *dot = strrchr (base != NULL ? base : path, '.');
  g_autofree char *stem = dot != NULL ? g_strndup (path, (gsize) (dot - path)) : g_strdup (path);

  return g_strconcat (stem, ".", snapshot, NULL);
}

static gboolean
complete_external (VireoSnapshotDiskDef *entry,
                   const VireoDiskDef *disk,
                   const char *name,
                   GError **error)
{
  const char *path = vireo_domain_source_get_path (disk->source);
  const char *chosen = vireo_domain_source_get_path (entry->source);

  if (entry->driver == NULL)
    entry->driver = vireo_disk_driver_def_new ();
  if (entry->driver->type == VIREO_DISK_FORMAT_UNSET)
    entry->driver->type = VIREO_DISK_FORMAT_QCOW2;
  if (chosen == NULL && (entry->source == NULL || entry->source->name == NULL))
    {
      if (disk->source->file == NULL)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "the disk %s is no file, so a name for its overlay has to be given",
                       disk->target->dev);
          return FALSE;
        }
      if (entry->source == NULL)
        entry->source = vireo_disk_source_def_new ();
      entry->type = VIREO_DISK_TYPE_FILE;
      entry->source->file = overlay_path (path, name);
      chosen = entry->source->file;
    }
  if (entry->type == VIREO_DISK_TYPE_UNSET)
    entry->type = entry->source->dev != NULL ? VIREO_DISK_TYPE_BLOCK : VIREO_DISK_TYPE_FILE;
  for (guint i = 0; chosen != NULL && i < vireo_domain_chain_get_length (disk); i++)
    if (g_strcmp0 (chosen, vireo_domain_chain_get_path (disk, i)) == 0)
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                     "%s is in the chain of the disk %s already", chosen, disk->target->dev);
        return FALSE;
      }
  return TRUE;
}

/* Each disk that the caller names is one of the domain's, and none is named twice. */
static gboolean
check_entries (const VireoDomainDef *domain, VireoDomainSnapshotDef *def, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < def->n_disks; i++)
    {
      VireoSnapshotDiskDef *entry = def->disks[i];
      const VireoDiskDef *disk = vireo_domain_disk_find (domain, entry->name, error);

      if (disk == NULL)
        return FALSE;
      if (!g_hash_table_add (seen, disk->target->dev))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "the disk %s is named twice", disk->target->dev);
          return FALSE;
        }
      if (g_strcmp0 (entry->name, disk->target->dev) != 0)
        {
          g_free (entry->name);
          entry->name = g_strdup (disk->target->dev);
        }
    }
  return TRUE;
}

static VireoSnapshotDiskDef *
find_entry (VireoDomainSnapshotDef *def, const char *target)
{
  VireoSnapshotDiskDef *entry;

  for (guint i = 0; i < def->n_disks; i++)
    if (g_strcmp0 (def->disks[i]->name, target) == 0)
      return def->disks[i];
  entry = vireo_snapshot_disk_def_new ();
  entry->name = g_strdup (target);
  vireo_domain_snapshot_def_add_disk (def, entry);
  return entry;
}

static gboolean
align_disk (VireoDomainSnapshotDef *def,
            const VireoDiskDef *disk,
            VireoSnapshotLocation usual,
            GError **error)
{
  VireoSnapshotDiskDef *entry = find_entry (def, disk->target->dev);

  if (entry->snapshot == VIREO_SNAPSHOT_LOCATION_UNSET
      || entry->snapshot == VIREO_SNAPSHOT_LOCATION_DEFAULT)
    entry->snapshot = entry->source != NULL ? VIREO_SNAPSHOT_LOCATION_EXTERNAL
                                            : location_of_disk (disk, usual);
  if (entry->snapshot == VIREO_SNAPSHOT_LOCATION_NO
      || entry->snapshot == VIREO_SNAPSHOT_LOCATION_MANUAL)
    return TRUE;
  if (!vireo_domain_disk_is_writable (disk))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the disk %s is empty or cannot be written", disk->target->dev);
      return FALSE;
    }
  if (entry->snapshot != usual
      && (usual == VIREO_SNAPSHOT_LOCATION_EXTERNAL
          || def->memory_snapshot == VIREO_SNAPSHOT_LOCATION_INTERNAL))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "the disk %s cannot be %s in a snapshot whose other parts are %s",
                   disk->target->dev, location_name (entry->snapshot), location_name (usual));
      return FALSE;
    }
  return entry->snapshot != VIREO_SNAPSHOT_LOCATION_EXTERNAL
         || complete_external (entry, disk, def->name, error);
}

static int
compare_entries (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const VireoSnapshotDiskDef *one = *(VireoSnapshotDiskDef *const *) a;
  const VireoSnapshotDiskDef *other = *(VireoSnapshotDiskDef *const *) b;
  const VireoDomainDef *domain = user_data;
  guint i = 0;

  while (i < domain->n_disks && g_strcmp0 (domain->disks[i]->target->dev, one->name) != 0
         && g_strcmp0 (domain->disks[i]->target->dev, other->name) != 0)
    i++;
  return i < domain->n_disks && g_strcmp0 (domain->disks[i]->target->dev, one->name) == 0 ? -1 : 1;
}

/* Where the memory of a running guest goes. */
static gboolean
complete_memory (VireoDomainSnapshotDef *def,
                 gboolean active,
                 VireoSnapshotCreateFlags flags,
                 GError **error)
{
  gboolean wanted = active && (flags & VIREO_SNAPSHOT_CREATE_DISK_ONLY) == 0;
  gboolean is_file;

  if (def->memory_snapshot == VIREO_SNAPSHOT_LOCATION_UNSET
      || def->memory_snapshot == VIREO_SNAPSHOT_LOCATION_DEFAULT)
    {
      if (wanted && def->memory_file != NULL)
        def->memory_snapshot = VIREO_SNAPSHOT_LOCATION_EXTERNAL;
      else
        def->memory_snapshot
            = wanted ? VIREO_SNAPSHOT_LOCATION_INTERNAL : VIREO_SNAPSHOT_LOCATION_NO;
    }
  is_file = def->memory_snapshot == VIREO_SNAPSHOT_LOCATION_EXTERNAL;
  if (!wanted && def->memory_snapshot != VIREO_SNAPSHOT_LOCATION_NO)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 active ? "a snapshot of the disks only has no memory"
                        : "a domain that is not active has no memory to keep");
  else if (is_file != (def->memory_file != NULL)
           || (is_file && !g_path_is_absolute (def->memory_file)))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "external memory, and no other, takes the absolute path of a file");
  else if ((flags & VIREO_SNAPSHOT_CREATE_LIVE) != 0 && !is_file)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "only external memory can be kept while the guest runs");
  else
    return TRUE;
  return FALSE;
}

static VireoSnapshotState
get_state (VireoDomainObj *obj, const VireoDomainSnapshotDef *def)
{
  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    return VIREO_SNAPSHOT_STATE_SHUTOFF;
  if (def->memory_snapshot == VIREO_SNAPSHOT_LOCATION_NO)
    return VIREO_SNAPSHOT_STATE_DISK_SNAPSHOT;
  return vireo_domain_obj_get_state (obj) == VIREO_DOMAIN_STATE_RUNNING
             ? VIREO_SNAPSHOT_STATE_RUNNING
             : VIREO_SNAPSHOT_STATE_PAUSED;
}

gboolean
vireo_domain_snapshot_complete (VireoDomainObj *obj,
                              VireoDomainSnapshotDef *def,
                              VireoSnapshotCreateFlags flags,
                              GError **error)
{
  gboolean active = vireo_obj_get_active (VIREO_OBJ (obj));
  const VireoDomainDef *domain = vireo_domain_obj_get_def (obj);
  VireoSnapshotLocation usual;

  if (domain == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE,
                           "the domain's definition cannot be read");
      return FALSE;
    }
  if (!vireo_domain_moment_check_name (obj, VIREO_KIND_SNAPSHOT, &def->name, error)
      || !complete_memory (def, active, flags, error) || !check_entries (domain, def, error))
    return FALSE;
  def->state = get_state (obj, def);
  usual = (flags & VIREO_SNAPSHOT_CREATE_DISK_ONLY) != 0
                  || def->state == VIREO_SNAPSHOT_STATE_DISK_SNAPSHOT
                  || def->memory_snapshot == VIREO_SNAPSHOT_LOCATION_EXTERNAL
              ? VIREO_SNAPSHOT_LOCATION_EXTERNAL
              : VIREO_SNAPSHOT_LOCATION_INTERNAL;
  for (guint i = 0; i < domain->n_disks; i++)
    if (!align_disk (def, domain->disks[i], usual, error))
      return FALSE;
  if (def->n_disks > 1)
    g_qsort_with_data (def->disks, (int) def->n_disks, sizeof *def->disks, compare_entries,
                       (gpointer) domain);
  return TRUE;
}
