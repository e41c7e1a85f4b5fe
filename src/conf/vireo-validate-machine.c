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
  if (def->has_max_memory && def->has_memory && def->max_memory < def->memory)
    vireo_validate_add (problems, "max-memory-too-small",
                        "/domain/maxMemory %" G_GUINT64_FORMAT
                        " KiB are less than the memory, %" G_GUINT64_FORMAT " KiB",
                        def->max_memory, def->memory);
  if (def->has_max_memory_slots && !def->has_max_memory)
    vireo_validate_add (problems, "missing-max-memory",
                        "/domain/maxMemory there are slots, but no size");
}

static void
check_vcpus (const VireoDomainDef *def, GPtrArray *problems)
{
  guint vcpus = def->has_vcpus ? def->vcpus : 1;
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);
  gboolean any_enabled = def->n_vcpu_states == 0;

  if (def->has_vcpu_current && def->vcpu_current > vcpus)
    vireo_validate_add (problems, "too-many-vcpus",
                        "/domain/vcpu/@current %u processors are more than there can be, %u",
                        def->vcpu_current, vcpus);
  for (guint i = 0; i < def->n_vcpu_states; i++)
    {
      const VireoVcpuStateDef *state = def->vcpu_states[i];

      if (state->id >= vcpus)
        vireo_validate_add (problems, "no-such-vcpu",
                            "/domain/vcpus/vcpu[%u]/@id there is no processor %u", i + 1,
                            state->id);
      if (!g_hash_table_add (ids, GUINT_TO_POINTER (state->id)))
        vireo_validate_add (problems, "duplicate-vcpu",
                            "/domain/vcpus/vcpu[%u]/@id processor %u stands here twice", i + 1,
                            state->id);
      if (state->enabled == VIREO_TRISTATE_NO && state->hotpluggable == VIREO_TRISTATE_NO)
        vireo_validate_add (problems, "vcpu-not-hotpluggable",
                            "/domain/vcpus/vcpu[%u] processor %u is switched off, and can never be "
                            "switched on",
                            i + 1, state->id);
      any_enabled |= state->enabled != VIREO_TRISTATE_NO;
    }
  if (!any_enabled)
    vireo_validate_add (problems, "no-vcpu-enabled", "/domain/vcpus no processor is switched on");
}

static void
check_cpu (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoCpuDef *cpu = def->cpu;
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  if (cpu == NULL)
    return;
  for (guint i = 0; i < cpu->n_features; i++)
    if (cpu->features[i]->name != NULL && !g_hash_table_add (names, cpu->features[i]->name))
      vireo_validate_add (problems, "duplicate-cpu-feature",
                          "/domain/cpu/feature[%u]/@name \"%s\" stands here twice", i + 1,
                          cpu->features[i]->name);
  if (cpu->cache == NULL)
    return;
  if (cpu->cache->mode == VIREO_CPU_CACHE_MODE_EMULATE && cpu->cache->has_level
      && cpu->cache->level != 3)
    vireo_validate_add (problems, "bad-cache-level",
                        "/domain/cpu/cache/@level a cache can be emulated on level 3 only");
  if (cpu->cache->mode == VIREO_CPU_CACHE_MODE_PASSTHROUGH && cpu->cache->has_level)
    vireo_validate_add (problems, "bad-cache-level",
                        "/domain/cpu/cache/@level the host's caches are passed on as a whole, "
                        "without a level");
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
      for (guint d = 0; d < cell->n_distances; d++)
        if (cell->distances[d]->id >= cpu->n_numa_cells || cell->distances[d]->value < 10
            || cell->distances[d]->value > 255)
          vireo_validate_add (problems, "bad-numa-distance",
                              "/domain/cpu/numa/cell[%u]/distances/sibling[%u] a distance is from "
                              "10 to 255, and to a cell that is there",
                              i + 1, d + 1);
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

/* ACPI's table of memory attributes (HMAT, ACPI 6.4, 5.2.27.5) is filled up to level 3. */
static void
check_cell_caches (const VireoCpuDef *cpu, GPtrArray *problems)
{
  for (guint i = 0; i < cpu->n_numa_cells; i++)
    {
      const VireoNumaCellDef *cell = cpu->numa_cells[i];
      guint seen = 0;

      for (guint c = 0; c < cell->n_caches; c++)
        {
          guint level = cell->caches[c]->level;

          if (level < 1 || level > 3 || (seen & (1u << level)) != 0)
            vireo_validate_add (problems, "bad-cache-level",
                                "/domain/cpu/numa/cell[%u]/cache[%u]/@level the levels are from 1 "
                                "to 3, each once; not so %u",
                                i + 1, c + 1, level);
          else
            seen |= 1u << level;
        }
    }
}

static void
check_interconnect (const VireoCpuDef *cpu, const char *kind, guint number, guint initiator,
                    guint target, guint cache, GPtrArray *problems)
{
  guint n = cpu->n_numa_cells;

  if (initiator >= n || target >= n)
    vireo_validate_add (problems, "no-such-cell",
                        "/domain/cpu/numa/interconnects/%s[%u]/@%s the guest has no NUMA cell %u",
                        kind, number, initiator >= n ? "initiator" : "target",
                        initiator >= n ? initiator : target);
  else if (cache > 0 && !has_cache (cpu->numa_cells[target], cache))
    vireo_validate_add (problems, "no-such-cache",
                        "/domain/cpu/numa/interconnects/%s[%u]/@cache cell %u has no cache of the "
                        "level %u",
                        kind, number, target, cache);
}

static void
check_interconnects (const VireoCpuDef *cpu, GPtrArray *problems)
{
  for (guint i = 0; i < cpu->n_latencies; i++)
    check_interconnect (cpu, "latency", i + 1, cpu->latencies[i]->initiator,
                        cpu->latencies[i]->target, cpu->latencies[i]->cache, problems);
  for (guint i = 0; i < cpu->n_bandwidths; i++)
    check_interconnect (cpu, "bandwidth", i + 1, cpu->bandwidths[i]->initiator,
                        cpu->bandwidths[i]->target, cpu->bandwidths[i]->cache, problems);
}

static void
check_numa (const VireoDomainDef *def, GPtrArray *problems)
{
  if (def->cpu == NULL || def->cpu->n_numa_cells == 0)
    return;
  check_cell_numbers (def->cpu, problems);
  check_cell_processors (def, problems);
  check_cell_caches (def->cpu, problems);
  check_interconnects (def->cpu, problems);
}

static void
check_memnodes (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoNumatuneDef *tune = def->numatune;
  guint n_cells = def->cpu != NULL ? def->cpu->n_numa_cells : 0;
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  if (tune == NULL)
    return;
  for (guint i = 0; i < tune->n_memnodes; i++)
    {
      const VireoMemnodeDef *node = tune->memnodes[i];

      if (n_cells == 0 || node->cellid >= n_cells)
        vireo_validate_add (problems, "no-such-cell",
                            "/domain/numatune/memnode[%u]/@cellid the guest has no NUMA cell %u",
                            i + 1, node->cellid);
      if (!g_hash_table_add (seen, GUINT_TO_POINTER (node->cellid)))
        vireo_validate_add (problems, "duplicate-memnode",
                            "/domain/numatune/memnode[%u]/@cellid cell %u stands here twice", i + 1,
                            node->cellid);
      if (tune->memory != NULL && tune->memory->mode == VIREO_NUMATUNE_MODE_RESTRICTIVE
          && node->mode != VIREO_NUMATUNE_MODE_RESTRICTIVE)
        vireo_validate_add (problems, "mode-mismatch",
                            "/domain/numatune/memnode[%u]/@mode it has to be \"restrictive\", as "
                            "it is in <memory>",
                            i + 1);
    }
}

/* --- boot --- */

/* Who lets the firmware be chosen cannot say which it is as well. */
static void
check_firmware (const VireoOsDef *os, GPtrArray *problems)
{
  const VireoLoaderDef *loader = os->loader;

  if (os->firmware == VIREO_OS_FIRMWARE_UNSET && os->n_features > 0)
    vireo_validate_add (problems, "firmware-features-alone",
                        "/domain/os/firmware features of the firmware need it to be chosen by "
                        "itself, with <os firmware=…>");
  if (os->firmware == VIREO_OS_FIRMWARE_UNSET || loader == NULL)
    return;
  if (loader->path != NULL || loader->type != VIREO_LOADER_TYPE_UNSET)
    vireo_validate_add (problems, "loader-conflict",
                        "/domain/os/loader neither path nor type can be given when the firmware is "
                        "chosen by itself");
  if (loader->secure == VIREO_TRISTATE_NO)
    vireo_validate_add (problems, "loader-conflict",
                        "/domain/os/loader/@secure it cannot be refused when the firmware is "
                        "chosen by itself; the feature secure-boot can");
}

static void
check_nvram (const VireoOsDef *os, GPtrArray *problems)
{
  const VireoLoaderDef *loader = os->loader;
  gboolean pflash = loader != NULL && loader->type == VIREO_LOADER_TYPE_PFLASH;
  gboolean wanted = os->nvram != NULL
                    || (loader != NULL && loader->stateless == VIREO_TRISTATE_NO);

  if (os->firmware != VIREO_OS_FIRMWARE_UNSET || !wanted)
    return;
  if (!pflash || loader->stateless == VIREO_TRISTATE_YES)
    vireo_validate_add (problems, "nvram-without-pflash",
                        "/domain/os/nvram only a loader of the type pflash, not stateless, has "
                        "variables to keep");
}

static void
check_os (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoOsDef *os = def->os;

  if (os == NULL)
    return;
  check_firmware (os, problems);
  check_nvram (os, problems);
  if (os->loader != NULL && os->loader->path == NULL && os->firmware == VIREO_OS_FIRMWARE_UNSET)
    vireo_validate_add (problems, "missing-loader",
                        "/domain/os/loader a path is needed when the firmware is not chosen by "
                        "itself");
  if ((os->initrd != NULL || os->cmdline != NULL) && os->kernel == NULL
      && (def->type == VIREO_DOMAIN_TYPE_QEMU || def->type == VIREO_DOMAIN_TYPE_KVM))
    vireo_validate_add (problems, "missing-kernel",
                        "/domain/os/kernel an initrd or a command line needs a kernel");
}

static void
check_gic (const VireoDomainDef *def, GPtrArray *problems)
{
  if (def->features != NULL && def->features->gic != NULL
      && def->features->gic->version == VIREO_GIC_VERSION_NONE)
    vireo_validate_add (problems, "bad-gic-version",
                        "/domain/features/gic/@version a machine without a GIC has no <gic>");
}

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

static void
check_text (const VireoDomainDef *def, GPtrArray *problems)
{
  if (def->title != NULL && strchr (def->title, '\n') != NULL)
    vireo_validate_add (problems, "newline-in-title", "/domain/title it cannot have more than one "
                                                      "line");
}

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

static void
check_seclabels (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; def->n_seclabels > 1 && i < def->n_seclabels; i++)
    if (def->seclabels[i]->model == NULL)
      vireo_validate_add (problems, "missing-model",
                          "/domain/seclabel[%u]/@model of several labels each needs its model",
                          i + 1);
}

const VireoValidateRule vireo_validate_machine_rules[] = {
  check_memory, check_vcpus,      check_cpu,  check_numa,    check_memnodes,  check_os,
  check_gic,    check_boot_order, check_text, check_sysinfo, check_bios,      check_seclabels,
  NULL,
};
