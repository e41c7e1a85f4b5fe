/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic rules across the fields of a network. */
#include "vireo-validate.h"

/**
 * vireo_network_def_validate:
 * @def: a network, as it was written or completed
 * @problems: (element-type VireoProblem): what breaks a rule is added to it
 *
 * Applies the rules across fields of a network. Changes nothing.
 *
 * Since: 0.1
 */
void
vireo_network_def_validate (const VireoNetworkDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < def->n_portgroups; i++)
    if (def->portgroups[i]->name != NULL && !g_hash_table_add (seen, def->portgroups[i]->name))
      vireo_validate_add (problems, "duplicate-portgroup",
                          "/network/portgroup[%u]/@name another port group has the name \"%s\"",
                          i + 1, def->portgroups[i]->name);
}
