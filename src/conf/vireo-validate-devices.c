/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices. */
#include "vireo-validate.h"

#include <string.h>

/* --- disks --- */

static void
check_disk_targets (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];

      if (disk->target == NULL || disk->target->dev == NULL)
        continue;
      if (!g_hash_table_add (seen, disk->target->dev))
        vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@dev",
                                   "duplicate-target", "another disk has the target \"%s\" already",
                                   disk->target->dev);
    }
}

const VireoValidateRule vireo_validate_device_rules[] = {
  check_disk_targets,
  NULL,
};
