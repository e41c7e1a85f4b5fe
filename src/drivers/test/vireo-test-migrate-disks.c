/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The disks of a domain that migrates: both sides have them, unless they are copied. */

#include "vireo-test-migrate-disks.h"

#include "drivers/common/vireo-domain-chains.h"
#include "util/vireo-error.h"

/* How large images are taken to be, and what is on top of an image that is over there. */
#define IMAGE_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define INCREMENT_BYTES (IMAGE_BYTES / 16)

#define COPIES (VIREO_MIGRATE_NON_SHARED_DISK | VIREO_MIGRATE_NON_SHARED_INC)

static gboolean
check_options (const VireoMigrateRequest *request, GError **error)
{
  const char *wrong = NULL;

  if ((request->flags & COPIES) == COPIES)
    wrong = "disks are copied whole (`copy-storage`) or what is on top of them is "
            "(`copy-storage-increment`)";
  else if ((request->flags & COPIES) != 0 && (request->flags & VIREO_MIGRATE_OFFLINE) != 0)
    wrong = "of a domain that moves `offline` only the definition does: its disks are not copied";
  if (wrong == NULL)
    return TRUE;
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION, wrong);
  return FALSE;
}

/* What somebody names is there, and is something to copy. */
static gboolean
check_names (const VireoDomainDef *def, const char *const *names, GError **error)
{
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    {
      const VireoDiskDef *disk = vireo_domain_disk_find (def, names[i], error);

      if (disk == NULL)
        return FALSE;
      if (!vireo_domain_disk_is_writable (disk))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "the disk %s is empty or cannot be written: there is nothing to copy",
                       names[i]);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
is_copied (const VireoDiskDef *disk, const VireoMigrateRequest *request)
{
  if ((request->flags & COPIES) == 0 || !vireo_domain_disk_is_writable (disk))
    return FALSE;
  if (request->disks == NULL)
    return !disk->shareable;
  return g_strv_contains (request->disks, disk->target->dev);
}

/* What is written to a disk that is not copied is seen over there. */
static gboolean
check_safe (const VireoDiskDef *disk, GError **error)
{
  VireoDiskCache cache = disk->driver != NULL ? disk->driver->cache : VIREO_DISK_CACHE_UNSET;

  if (cache == VIREO_DISK_CACHE_UNSET || cache == VIREO_DISK_CACHE_DEFAULT
      || cache == VIREO_DISK_CACHE_NONE || cache == VIREO_DISK_CACHE_DIRECTSYNC)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
               "what is written to the disk %s may be in this host's cache only: it takes the "
               "option `unsafe`",
               disk->target->dev);
  return FALSE;
}

gboolean
vireo_test_migrate_check_disks (const VireoDomainDef *def,
                                const VireoMigrateRequest *request,
                                guint64 *ret_bytes,
                                GError **error)
{
  gboolean whole = (request->flags & VIREO_MIGRATE_NON_SHARED_DISK) != 0;
  guint64 bytes = 0;

  if (!check_options (request, error) || !check_names (def, request->disks, error))
    return FALSE;
  for (guint i = 0; i < def->n_disks; i++)
    if (is_copied (def->disks[i], request))
      bytes += whole ? IMAGE_BYTES : INCREMENT_BYTES;
    else if ((request->flags & VIREO_MIGRATE_UNSAFE) == 0 && !check_safe (def->disks[i], error))
      return FALSE;
  *ret_bytes = bytes;
  return TRUE;
}
