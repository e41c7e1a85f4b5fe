/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic rules across the fields of a secret. */
#include "vireo-validate.h"

/* The element that says what the secret is for, by the kind of usage; none for `none`. */
static const struct
{
  gsize offset;
  const char *element;
} usages[VIREO_SECRET_USAGE_TYPE_N_VALUES] = {
  [VIREO_SECRET_USAGE_TYPE_VOLUME] = { G_STRUCT_OFFSET (VireoSecretUsageDef, volume), "volume" },
  [VIREO_SECRET_USAGE_TYPE_CEPH] = { G_STRUCT_OFFSET (VireoSecretUsageDef, name), "name" },
  [VIREO_SECRET_USAGE_TYPE_ISCSI] = { G_STRUCT_OFFSET (VireoSecretUsageDef, target), "target" },
  [VIREO_SECRET_USAGE_TYPE_TLS] = { G_STRUCT_OFFSET (VireoSecretUsageDef, name), "name" },
  [VIREO_SECRET_USAGE_TYPE_VTPM] = { G_STRUCT_OFFSET (VireoSecretUsageDef, name), "name" },
};

/**
 * vireo_secret_def_validate:
 * @def: a secret
 * @problems: (element-type VireoProblem): what breaks a rule is added to it
 *
 * Since: 0.1
 */
void
vireo_secret_def_validate (const VireoSecretDef *def, GPtrArray *problems)
{
  const VireoSecretUsageDef *usage = def->usage;
  const char *text;

  if (usage == NULL || usages[usage->type].element == NULL)
    return;
  text = G_STRUCT_MEMBER (const char *, usage, usages[usage->type].offset);
  if (text == NULL || *text == '\0')
    vireo_validate_add (problems, "missing-usage",
                        "/secret/usage a secret for %s says which in <%s>",
                        vireo_secret_usage_type_to_string (usage->type),
                        usages[usage->type].element);
}
