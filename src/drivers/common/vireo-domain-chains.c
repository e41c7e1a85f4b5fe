/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-chains.h"

#include <string.h>

const char *
vireo_domain_source_get_path (const VireoDiskSourceDef *source)
{
  if (source == NULL)
    return NULL;
  return source->file != NULL ? source->file : source->dev;
}

static gboolean
is_called (const VireoDiskDef *disk, const char *name)
{
  return g_strcmp0 (disk->target->dev, name) == 0
         || g_strcmp0 (vireo_domain_source_get_path (disk->source), name) == 0;
}

const VireoDiskDef *
vireo_domain_disk_find (const VireoDomainDef *def, const char *name, GError **error)
{
  for (guint i = 0; i < def->n_disks; i++)
    if (is_called (def->disks[i], name))
      return def->disks[i];
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "domain \"%s\" has no disk \"%s\"",
               def->name, name);
  return NULL;
}

gboolean
vireo_domain_disk_is_writable (const VireoDiskDef *disk)
{
  return vireo_disk_def_get_device (disk) == VIREO_DISK_DEVICE_DISK && !disk->readonly
         && disk->source != NULL;
}

/* ---- chains ---- */

guint
vireo_domain_chain_get_length (const VireoDiskDef *disk)
{
  guint length = 1;

  for (const VireoBackingStoreDef *store = disk->backing_store;
       store != NULL && store->source != NULL; store = store->backing_store)
    length++;
  return length;
}

const char *
vireo_domain_chain_get_path (const VireoDiskDef *disk, guint index)
{
  const VireoBackingStoreDef *store = disk->backing_store;

  if (index == 0)
    return vireo_domain_source_get_path (disk->source);
  while (store != NULL && --index > 0)
    store = store->backing_store;
  return store != NULL ? vireo_domain_source_get_path (store->source) : NULL;
}

gboolean
vireo_domain_chain_find (const VireoDiskDef *disk,
                       const char *name,
                       guint *ret_index,
                       GError **error)
{
  guint length = vireo_domain_chain_get_length (disk);

  for (guint i = 0; i < length; i++)
    {
      g_autofree char *indexed = g_strdup_printf ("%s[%u]", disk->target->dev, i);

      if (g_strcmp0 (vireo_domain_chain_get_path (disk, i), name) == 0
          || g_str_equal (indexed, name))
        {
          *ret_index = i;
          return TRUE;
        }
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
               "there is no image \"%s\" in the chain of the disk %s", name, disk->target->dev);
  return FALSE;
}

/* Gives up the first image: the next one is the active one then. */
static void
drop_active (VireoDiskDef *disk)
{
  VireoBackingStoreDef *next = disk->backing_store;

  g_clear_pointer (&disk->source, vireo_disk_source_def_free);
  disk->source = g_steal_pointer (&next->source);
  disk->type = next->type;
  if (disk->driver != NULL)
    disk->driver->type = next->format != NULL ? next->format->type : VIREO_DISK_FORMAT_RAW;
  disk->backing_store = g_steal_pointer (&next->backing_store);
  vireo_backing_store_def_free (next);
}

void
vireo_domain_chain_cut (VireoDiskDef *disk, guint first, guint last)
{
  VireoBackingStoreDef **slot = &disk->backing_store;

  for (; first == 0 && last > 0 && disk->backing_store != NULL; last--)
    drop_active (disk);
  for (guint i = 1; i < first && *slot != NULL; i++)
    slot = &(*slot)->backing_store;
  for (guint i = first; i < last && first > 0 && *slot != NULL; i++)
    {
      VireoBackingStoreDef *gone = *slot;

      *slot = g_steal_pointer (&gone->backing_store);
      vireo_backing_store_def_free (gone);
    }
}

void
vireo_domain_chain_push (VireoDiskDef *disk,
                       VireoDiskType type,
                       VireoDiskFormat format,
                       const VireoDiskSourceDef *source)
{
  VireoBackingStoreDef *below = vireo_backing_store_def_new ();

  if (disk->driver == NULL)
    disk->driver = vireo_disk_driver_def_new ();
  below->type = vireo_disk_def_get_type (disk);
  below->format = vireo_storage_format_def_new ();
  below->format->type
      = disk->driver->type != VIREO_DISK_FORMAT_UNSET ? disk->driver->type : VIREO_DISK_FORMAT_RAW;
  below->source = g_steal_pointer (&disk->source);
  below->backing_store = g_steal_pointer (&disk->backing_store);
  disk->type = type;
  disk->driver->type = format;
  disk->source = vireo_disk_source_def_copy (source);
  disk->backing_store = below;
}

/* ---- changing definitions ---- */

static gboolean
change (VireoDomainDef *def, const char *target, VireoDomainDiskFunc func, gpointer user_data)
{
  for (guint i = 0; def != NULL && i < def->n_disks; i++)
    if (g_strcmp0 (def->disks[i]->target->dev, target) == 0)
      {
        func (def->disks[i], user_data);
        return TRUE;
      }
  return FALSE;
}

void
vireo_domain_disk_change_live (VireoDomainObj *obj,
                             const char *target,
                             VireoDomainDiskFunc func,
                             gpointer user_data)
{
  if (change (vireo_domain_obj_get_live_def (obj), target, func, user_data))
    vireo_def_obj_changed (VIREO_DEF_OBJ (obj));
}

void
vireo_domain_disk_change (VireoDomainObj *obj,
                        const char *target,
                        VireoDomainDiskFunc func,
                        gpointer user_data)
{
  const VireoDomainDef *persistent = vireo_domain_obj_get_persistent_def (obj);
  g_autoptr (VireoDomainDef) copy = persistent != NULL ? vireo_domain_def_copy (persistent) : NULL;

  vireo_domain_disk_change_live (obj, target, func, user_data);
  if (change (copy, target, func, user_data))
    vireo_domain_obj_set_persistent_def (obj, g_steal_pointer (&copy));
}
