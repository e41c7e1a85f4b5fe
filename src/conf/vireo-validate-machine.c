/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for what the machine is: memory, processors, NUMA, boot. */
#include "vireo-validate.h"

static gboolean
has_numa_memory (const VireoDomainDef *def)
{
  for (guint i = 0; def->cpu != NULL && i < def->cpu->n_numa_cells; i++)
    if (def->cpu->numa_cells[i]->has_memory && def->cpu->numa_cells[i]->memory > 0)
      return TRUE;
  return FALSE;
}

static void
check_memory (const VireoDomainDef *def, GPtrArray *problems)
{
  if ((!def->has_memory || def->memory == 0) && !has_numa_memory (def))
    vireo_validate_add (problems, "missing-memory",
                        "/domain/memory the memory has to be given here or in <numa>");
  if (def->has_max_memory && def->has_memory && def->max_memory < def->memory)
    vireo_validate_add (problems, "max-memory-too-small",
                        "/domain/maxMemory %" G_GUINT64_FORMAT " KiB are less than the memory, %"
                        G_GUINT64_FORMAT " KiB",
                        def->max_memory, def->memory);
}

const VireoValidateRule vireo_validate_machine_rules[] = {
  check_memory,
  NULL,
};
