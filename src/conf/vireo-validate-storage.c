/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic rules across the fields of storage pools and volumes. */
#include "vireo-validate.h"

#include <string.h>

/* What a pool of a type cannot be without. */
enum
{
  NEEDS_TARGET = 1 << 1,
  NEEDS_HOST = 1 << 2,
  NEEDS_DEVICE = 1 << 3,
  NEEDS_DIR = 1 << 4,
  NEEDS_SOURCE_NAME = 1 << 5,
};

static guint
needs_of (VireoPoolType type)
{
  static const struct
  {
    VireoPoolType type;
    guint needs;
  } rows[] = {
    { VIREO_POOL_TYPE_DIR, NEEDS_TARGET },
    { VIREO_POOL_TYPE_FS, NEEDS_TARGET | NEEDS_DEVICE },
    { VIREO_POOL_TYPE_NETFS, NEEDS_TARGET | NEEDS_HOST | NEEDS_DIR },
    { VIREO_POOL_TYPE_DISK, NEEDS_DEVICE },
    { VIREO_POOL_TYPE_ISCSI, NEEDS_TARGET | NEEDS_HOST | NEEDS_DEVICE },
    { VIREO_POOL_TYPE_ISCSI_DIRECT, NEEDS_HOST | NEEDS_DEVICE },
    { VIREO_POOL_TYPE_RBD, NEEDS_SOURCE_NAME },
    { VIREO_POOL_TYPE_GLUSTER, NEEDS_HOST | NEEDS_SOURCE_NAME },
    { VIREO_POOL_TYPE_VSTORAGE, NEEDS_TARGET },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].type == type)
      return rows[i].needs;
  return 0;
}

static void
check_source (const VireoStoragePoolDef *def, guint needs, GPtrArray *problems)
{
  const VireoPoolSourceDef *source = def->source;
  const char *type = vireo_pool_type_to_string (def->type);

  if ((needs & NEEDS_HOST) != 0 && (source == NULL || source->n_hosts == 0))
    vireo_validate_add (problems, "missing-host", "/pool/source a pool of the type %s needs a host",
                        type);
  if ((needs & NEEDS_DEVICE) != 0 && (source == NULL || source->n_devices == 0))
    vireo_validate_add (problems, "missing-device",
                        "/pool/source a pool of the type %s needs a device", type);
  if ((needs & NEEDS_DIR) != 0 && (source == NULL || source->dir == NULL))
    vireo_validate_add (problems, "missing-dir",
                        "/pool/source a pool of the type %s needs a dir on its host", type);
  if ((needs & NEEDS_SOURCE_NAME) != 0 && (source == NULL || source->name == NULL))
    vireo_validate_add (problems, "missing-name",
                        "/pool/source a pool of the type %s needs the name of its source", type);
}

/**
 * vireo_storage_pool_def_validate:
 * @def: a pool
 * @problems: (element-type VireoProblem): what is wrong is added
 *
 * Applies the generic rules.
 *
 * Since: 0.1
 */
void
vireo_storage_pool_def_validate (const VireoStoragePoolDef *def, GPtrArray *problems)
{
  guint needs = needs_of (def->type);
  const char *path = def->target != NULL ? def->target->path : NULL;

  if (def->name == NULL)
    vireo_validate_add (problems, "missing-name", "/pool there is no name");
  if ((needs & NEEDS_TARGET) != 0 && path == NULL)
    vireo_validate_add (problems, "missing-target",
                        "/pool/target a pool of the type %s needs the path of a folder",
                        vireo_pool_type_to_string (def->type));
  else if (path != NULL && !g_path_is_absolute (path))
    vireo_validate_add (problems, "bad-path", "/pool/target/path \"%s\" is no absolute path", path);
  check_source (def, needs, problems);
}

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

/**
 * vireo_storage_volume_def_validate:
 * @def: a volume
 * @problems: (element-type VireoProblem): what is wrong is added
 *
 * Applies the generic rules.
 *
 * Since: 0.1
 */
void
vireo_storage_volume_def_validate (const VireoStorageVolumeDef *def, GPtrArray *problems)
{
  const VireoVolumeBackingStoreDef *backing = def->backing_store;

  if (!vireo_volume_name_is_valid (def->name))
    vireo_validate_add (problems, "bad-name",
                        "/volume/name a name is one element of a path, at most 255 bytes without "
                        "control characters, and does not begin with \"%s\"",
                        VIREO_VOLUME_HIDDEN);
  /* More would not fit into a file offset. */
  if (def->capacity > G_MAXINT64)
    vireo_validate_add (problems, "too-large",
                        "/volume/capacity %" G_GUINT64_FORMAT " bytes are more than there can be",
                        def->capacity);
  if (def->has_allocation && def->allocation > G_MAXINT64)
    vireo_validate_add (problems, "too-large",
                        "/volume/allocation %" G_GUINT64_FORMAT " bytes are more than there can be",
                        def->allocation);
  if (backing != NULL && backing->path != NULL && !g_path_is_absolute (backing->path))
    vireo_validate_add (problems, "bad-path",
                        "/volume/backingStore/path \"%s\" is no absolute path", backing->path);
}
