/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pools and volumes are called, and in which formats volumes can be. */
#include "vireo-postparse.h"

#include <string.h>

/**
 * vireo_volume_name_is_valid:
 * @name: a name
 *
 * Whether a volume may be called that: it becomes one element of a path.
 *
 * Since: 0.1
 */
gboolean
vireo_volume_name_is_valid (const char *name)
{
  gsize length = strlen (name);

  if (length == 0 || length > 255 || g_str_equal (name, ".") || g_str_equal (name, "..")
      || g_str_has_prefix (name, VIREO_VOLUME_HIDDEN) || !g_utf8_validate (name, -1, NULL))
    return FALSE;
  for (const char *c = name; *c != '\0'; c++)
    if (*c == '/' || g_ascii_iscntrl (*c))
      return FALSE;
  return TRUE;
}

/* By what holds the volumes: image files, or partitions. Those of other pools are as they are. The
 * first is meant where none is written. */
static const char *const image_formats[]
    = { "raw", "qcow2", "qcow",  "qed", "vmdk", "vdi", "vpc", "vhd", "ploop",
        "cow", "bochs", "cloop", "dmg", "iso",  "fat", "dir", NULL };
static const char *const partition_formats[] = { "none",       "linux",      "fat16",
                                                 "fat32",      "linux-swap", "linux-lvm",
                                                 "linux-raid", "extended",   NULL };

static const struct
{
  VireoPoolType type;
  const char *const *formats;
} pools[] = {
  { VIREO_POOL_TYPE_DIR, image_formats },      { VIREO_POOL_TYPE_FS, image_formats },
  { VIREO_POOL_TYPE_NETFS, image_formats },    { VIREO_POOL_TYPE_RBD, image_formats },
  { VIREO_POOL_TYPE_GLUSTER, image_formats },  { VIREO_POOL_TYPE_VSTORAGE, image_formats },
  { VIREO_POOL_TYPE_DISK, partition_formats },
};

/**
 * vireo_volume_formats:
 * @type: the type of a pool
 *
 * Returns: (nullable) (transfer none): the formats that its volumes can be in, the default first;
 *   %NULL when they have none
 * Since: 0.1
 */
const char *const *
vireo_volume_formats (VireoPoolType type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pools); i++)
    if (pools[i].type == type)
      return pools[i].formats;
  return NULL;
}

/**
 * vireo_storage_pool_def_complete_name:
 * @def: a pool
 *
 * Calls a pool without a name like what it is made of, such as its volume group, if it is of a type
 * of which libvirt does that; the schema's rule `missing-name` refuses others.
 *
 * Since: 0.1
 */
void
vireo_storage_pool_def_complete_name (VireoStoragePoolDef *def)
{
  static const VireoPoolType types[]
      = { VIREO_POOL_TYPE_LOGICAL, VIREO_POOL_TYPE_RBD, VIREO_POOL_TYPE_SHEEPDOG,
          VIREO_POOL_TYPE_GLUSTER, VIREO_POOL_TYPE_ZFS, VIREO_POOL_TYPE_VSTORAGE };
  const char *name = def->source != NULL ? def->source->name : NULL;

  if (def->name != NULL || name == NULL || !vireo_volume_name_is_valid (name))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (types[i] == def->type)
      def->name = g_strdup (name);
}
