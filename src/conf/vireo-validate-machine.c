/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for what the machine is: memory, processors, NUMA, boot. */
#include "vireo-cpuset.h"
#include "vireo-validate.h"

#include <stdio.h>
#include <string.h>

/* --- memory and processors --- */

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
}

static void
check_vcpus (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_vcpu_states; i++)
    if (def->vcpu_states[i]->enabled != VIREO_TRISTATE_NO)
      return;
  if (def->n_vcpu_states > 0)
    vireo_validate_add (problems, "no-vcpu-enabled", "/domain/vcpus no processor is switched on");
}

/* --- NUMA --- */

static void
check_cell_numbers (const VireoCpuDef *cpu, GPtrArray *problems)
{
  g_autofree gboolean *seen = g_new0 (gboolean, cpu->n_numa_cells);

  for (guint i = 0; i < cpu->n_numa_cells; i++)
    {
      const VireoNumaCellDef *cell = cpu->numa_cells[i];
      guint id = cell->has_id ? cell->id : i;

      if (id >= cpu->n_numa_cells || seen[id])
        vireo_validate_add (problems, "bad-numa-cell",
                            "/domain/cpu/numa/cell[%u]/@id the cells are numbered from 0 on, "
                            "without gaps and each once; not so %u",
                            i + 1, id);
      else
        seen[id] = TRUE;
    }
}

static void
check_cell_processors (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoCpuDef *cpu = def->cpu;
  g_autofree VireoCpuset *taken = g_new0 (VireoCpuset, 1);

  for (guint i = 0; i < cpu->n_numa_cells; i++)
    {
      g_autofree VireoCpuset *own = vireo_cpuset_parse (cpu->numa_cells[i]->cpus);

      if (cpu->numa_cells[i]->cpus == NULL)
        continue;
      if (own == NULL)
        {
          vireo_validate_add (problems, "bad-set",
                              "/domain/cpu/numa/cell[%u]/@cpus \"%s\" is not a set of processors",
                              i + 1, cpu->numa_cells[i]->cpus);
          continue;
        }
      if (vireo_cpuset_intersects (own, taken))
        vireo_validate_add (problems, "overlapping-cells",
                            "/domain/cpu/numa/cell[%u]/@cpus a processor of \"%s\" is in another "
                            "cell already",
                            i + 1, cpu->numa_cells[i]->cpus);
      vireo_cpuset_add (taken, own);
    }
  if (def->has_vcpus && !vireo_cpuset_is_empty (taken) && vireo_cpuset_last (taken) >= def->vcpus)
    vireo_validate_add (problems, "no-such-vcpu",
                        "/domain/cpu/numa there is no processor %u: <vcpu> has %u",
                        vireo_cpuset_last (taken), def->vcpus);
}

static gboolean
has_cache (const VireoNumaCellDef *cell, guint level)
{
  for (guint i = 0; i < cell->n_caches; i++)
    if (cell->caches[i]->has_level && cell->caches[i]->level == level)
      return TRUE;
  return FALSE;
}

static void
check_interconnect (const VireoCpuDef *cpu, const char *kind, guint number, guint target,
                    guint cache, GPtrArray *problems)
{
  if (target < cpu->n_numa_cells && cache > 0 && !has_cache (cpu->numa_cells[target], cache))
    vireo_validate_add (problems, "no-such-cache",
                        "/domain/cpu/numa/interconnects/%s[%u]/@cache cell %u has no cache of the "
                        "level %u",
                        kind, number, target, cache);
}

static void
check_interconnects (const VireoCpuDef *cpu, GPtrArray *problems)
{
  for (guint i = 0; i < cpu->n_latencies; i++)
    check_interconnect (cpu, "latency", i + 1, cpu->latencies[i]->target,
                        cpu->latencies[i]->cache, problems);
  for (guint i = 0; i < cpu->n_bandwidths; i++)
    check_interconnect (cpu, "bandwidth", i + 1, cpu->bandwidths[i]->target,
                        cpu->bandwidths[i]->cache, problems);
}

static void
check_numa (const VireoDomainDef *def, GPtrArray *problems)
{
  if (def->cpu == NULL || def->cpu->n_numa_cells == 0)
    return;
  check_cell_numbers (def->cpu, problems);
  check_cell_processors (def, problems);
  check_interconnects (def->cpu, problems);
}

/* --- boot --- */

static void
check_boot_order (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      guint order = vireo_device_get_boot_order (iter.kind, iter.device);

      if (order == 0)
        continue;
      if (def->os != NULL && def->os->n_boots > 0)
        vireo_validate_add_device (problems, iter.kind, iter.index, iter.device, "boot/@order",
                                   "boot-conflict",
                                   "boot orders of devices and <boot> in <os> exclude each other");
      if (!g_hash_table_add (seen, GUINT_TO_POINTER (order)))
        vireo_validate_add_device (problems, iter.kind, iter.index, iter.device, "boot/@order",
                                   "duplicate-boot-order",
                                   "another device has the boot order %u already", order);
    }
}

/* --- who it is --- */

static gboolean
same_uuid (const char *a, const char *b)
{
  for (;;)
    {
      while (*a == '-')
        a++;
      while (*b == '-')
        b++;
      if (g_ascii_tolower (*a) != g_ascii_tolower (*b))
        return FALSE;
      if (*a == '\0')
        return TRUE;
      a++;
      b++;
    }
}

/* What SMBIOS tells the guest must be what we call it. */
static void
check_sysinfo (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; def->uuid != NULL && i < def->n_sysinfos; i++)
    {
      const VireoSysinfoBlockDef *system = def->sysinfos[i]->system;

      for (guint e = 0; system != NULL && e < system->n_entries; e++)
        {
          const VireoSysinfoEntryDef *entry = system->entries[e];

          if (g_strcmp0 (entry->name, "uuid") == 0 && entry->value != NULL
              && !same_uuid (entry->value, def->uuid))
            vireo_validate_add (problems, "uuid-mismatch",
                                "/domain/sysinfo[%u]/system/entry[%u] the UUID is %s here, and %s "
                                "in <uuid>",
                                i + 1, e + 1, entry->value, def->uuid);
        }
    }
}

/* Month, day and year, of two digits or from 1900 on (SMBIOS 3.4, 7.1). */
static gboolean
is_bios_date (const char *text)
{
  guint month, day, year;
  int end = 0;

  return text[strspn (text, "0123456789/")] == '\0'
         && sscanf (text, "%2u/%2u/%4u%n", &month, &day, &year, &end) == 3 && text[end] == '\0'
         && month >= 1 && month <= 12 && day >= 1 && day <= 31
         && (year < 100 || (year >= 1900 && year <= 9999));
}

static void
check_bios (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_sysinfos; i++)
    {
      const VireoSysinfoBlockDef *bios = def->sysinfos[i]->bios;

      for (guint e = 0; bios != NULL && e < bios->n_entries; e++)
        if (g_strcmp0 (bios->entries[e]->name, "date") == 0 && bios->entries[e]->value != NULL
            && !is_bios_date (bios->entries[e]->value))
          vireo_validate_add (problems, "bad-date",
                              "/domain/sysinfo[%u]/bios/entry[%u] \"%s\" is not a date such as "
                              "12/31/2020",
                              i + 1, e + 1, bios->entries[e]->value);
    }
}

/* --- users of a container --- */

static gboolean
maps_root (VireoIdMapDef *const *maps, guint n)
{
  for (guint i = 0; i < n; i++)
    if (maps[i]->start == 0)
      return TRUE;
  return FALSE;
}

static void
check_idmap (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoIdmapDef *map = def->idmap;

  if (map == NULL)
    return;
  if (map->n_uids > 0 && map->n_gids > 0
      && !(maps_root (map->uids, map->n_uids) && maps_root (map->gids, map->n_gids)))
    vireo_validate_add (problems, "root-not-mapped",
                        "/domain/idmap the container's user and group 0 have to be mapped");
}

const VireoValidateRule vireo_validate_machine_rules[] = {
  check_memory, check_vcpus, check_numa, check_boot_order, check_sysinfo, check_bios,
  check_idmap, NULL,
};
