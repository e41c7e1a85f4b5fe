/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for what the processor and the firmware can do, for the clock, for containers' users, and
 * for large pages. */
#include "vireo-cpuset.h"
#include "vireo-validate.h"

/* --- the processor --- */

/* What describes a model needs one. */
static void
check_cpu_model (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoCpuDef *cpu = def->cpu;
  gboolean custom;

  if (cpu == NULL)
    return;
  custom = cpu->mode == VIREO_CPU_MODE_UNSET || cpu->mode == VIREO_CPU_MODE_CUSTOM;
  if (cpu->migratable != VIREO_TRISTATE_UNSET && cpu->mode != VIREO_CPU_MODE_HOST_PASSTHROUGH
      && cpu->mode != VIREO_CPU_MODE_MAXIMUM)
    vireo_validate_add (problems, "bad-migratable",
                        "/domain/cpu/@migratable only the modes host-passthrough and maximum leave "
                        "open what can migrate");
  if (cpu->model != NULL && cpu->model->name != NULL)
    return;
  if (cpu->vendor != NULL)
    vireo_validate_add (problems, "missing-cpu-model",
                        "/domain/cpu/vendor a vendor goes with a model, which is missing");
  if (!custom)
    return;
  if (cpu->n_features > 0)
    vireo_validate_add (problems, "missing-cpu-model",
                        "/domain/cpu/feature[1] features are added to a model, which is missing");
  if (cpu->check != VIREO_CPU_CHECK_UNSET)
    vireo_validate_add (problems, "missing-cpu-model",
                        "/domain/cpu/@check there is no model that could be checked");
}

/* --- features of hypervisors: each says whether it is on --- */

typedef struct
{
  gsize offset;
  const char *name;
} Feature;

static const Feature hyperv_features[] = {
  { G_STRUCT_OFFSET (VireoHypervDef, relaxed), "relaxed" },
  { G_STRUCT_OFFSET (VireoHypervDef, vapic), "vapic" },
  { G_STRUCT_OFFSET (VireoHypervDef, vpindex), "vpindex" },
  { G_STRUCT_OFFSET (VireoHypervDef, runtime), "runtime" },
  { G_STRUCT_OFFSET (VireoHypervDef, synic), "synic" },
  { G_STRUCT_OFFSET (VireoHypervDef, reset), "reset" },
  { G_STRUCT_OFFSET (VireoHypervDef, frequencies), "frequencies" },
  { G_STRUCT_OFFSET (VireoHypervDef, reenlightenment), "reenlightenment" },
  { G_STRUCT_OFFSET (VireoHypervDef, tlbflush), "tlbflush" },
  { G_STRUCT_OFFSET (VireoHypervDef, ipi), "ipi" },
  { G_STRUCT_OFFSET (VireoHypervDef, evmcs), "evmcs" },
  { G_STRUCT_OFFSET (VireoHypervDef, avic), "avic" },
  { G_STRUCT_OFFSET (VireoHypervDef, emsr_bitmap), "emsr_bitmap" },
  { G_STRUCT_OFFSET (VireoHypervDef, xmm_input), "xmm_input" },
};

static const Feature kvm_features[] = {
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, hidden), "hidden" },
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, hint_dedicated), "hint-dedicated" },
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, poll_control), "poll-control" },
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, pv_ipi), "pv-ipi" },
};

static void
check_state (gboolean missing, const char *name, GPtrArray *problems)
{
  if (missing)
    vireo_validate_add (problems, "missing-state",
                        "/domain/features/%s/@state on or off has to be said", name);
}

static void
check_states (gconstpointer def, const Feature *rows, gsize n, const char *parent,
              GPtrArray *problems)
{
  for (gsize i = 0; i < n; i++)
    {
      const VireoFeatureStateDef *feature
          = G_STRUCT_MEMBER (const VireoFeatureStateDef *, def, rows[i].offset);

      g_autofree char *name = g_strconcat (parent, "/", rows[i].name, NULL);

      check_state (feature != NULL && feature->state == VIREO_TRISTATE_UNSET, name, problems);
    }
}

/* The smallest number of tries, and the longest name ("Hypervisor Top-Level Functional
 * Specification": 0xFFF, 12 bytes). */
#define MIN_SPINLOCK_RETRIES 4095u

static void
check_hyperv (const VireoHypervDef *hyperv, GPtrArray *problems)
{
  check_states (hyperv, hyperv_features, G_N_ELEMENTS (hyperv_features), "hyperv", problems);
  check_state (hyperv->spinlocks != NULL && hyperv->spinlocks->state == VIREO_TRISTATE_UNSET,
               "hyperv/spinlocks", problems);
  check_state (hyperv->stimer != NULL && hyperv->stimer->state == VIREO_TRISTATE_UNSET,
               "hyperv/stimer", problems);
  check_state (hyperv->vendor_id != NULL && hyperv->vendor_id->state == VIREO_TRISTATE_UNSET,
               "hyperv/vendor_id", problems);
  if (hyperv->spinlocks != NULL && hyperv->spinlocks->state == VIREO_TRISTATE_YES
      && (!hyperv->spinlocks->has_retries || hyperv->spinlocks->retries < MIN_SPINLOCK_RETRIES))
    vireo_validate_add (problems, "out-of-range",
                        "/domain/features/hyperv/spinlocks/@retries it takes a number from %u on",
                        MIN_SPINLOCK_RETRIES);
  if (hyperv->vendor_id != NULL && hyperv->vendor_id->state == VIREO_TRISTATE_YES
      && hyperv->vendor_id->value == NULL)
    vireo_validate_add (problems, "missing-value",
                        "/domain/features/hyperv/vendor_id/@value it is the name that the guest "
                        "sees, and missing");
}

static void
check_kvm (const VireoKvmFeaturesDef *kvm, GPtrArray *problems)
{
  const VireoKvmDirtyRingDef *ring = kvm->dirty_ring;

  check_state (ring != NULL && ring->state == VIREO_TRISTATE_UNSET, "kvm/dirty-ring", problems);
  check_states (kvm, kvm_features, G_N_ELEMENTS (kvm_features), "kvm", problems);
  /* Entries of the ring (Linux, Documentation/virt/kvm/api.rst). */
  if (ring != NULL && ring->state == VIREO_TRISTATE_YES
      && (ring->size < 1024 || ring->size > 65536 || (ring->size & (ring->size - 1)) != 0))
    vireo_validate_add (problems, "out-of-range",
                        "/domain/features/kvm/dirty-ring/@size it is a power of two from 1024 to "
                        "65536");
}

static void
check_features (const VireoDomainDef *def, GPtrArray *problems)
{
  if (def->features == NULL)
    return;
  if (def->features->hyperv != NULL)
    check_hyperv (def->features->hyperv, problems);
  if (def->features->kvm != NULL)
    check_kvm (def->features->kvm, problems);
  if (def->features->smm != NULL && def->features->smm->has_tseg
      && def->features->smm->tseg % (1024 * 1024) != 0)
    vireo_validate_add (problems, "bad-size",
                        "/domain/features/smm/tseg it is a whole number of MiB");
}

/* --- clock --- */

static void
check_clock (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoClockDef *clock = def->clock;

  if (clock == NULL)
    return;
  if (clock->offset == VIREO_CLOCK_OFFSET_TIMEZONE && clock->timezone == NULL)
    vireo_validate_add (problems, "missing-timezone",
                        "/domain/clock/@timezone this offset needs the name of a time zone");
  if (clock->offset == VIREO_CLOCK_OFFSET_ABSOLUTE && !clock->has_start)
    vireo_validate_add (problems, "missing-start",
                        "/domain/clock/@start this offset needs the seconds since 1970 at which "
                        "the clock starts");
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
  if ((map->n_uids == 0) != (map->n_gids == 0))
    vireo_validate_add (problems, "half-idmap",
                        "/domain/idmap users and groups are mapped together or not at all");
  else if (map->n_uids > 0
           && !(maps_root (map->uids, map->n_uids) && maps_root (map->gids, map->n_gids)))
    vireo_validate_add (problems, "root-not-mapped",
                        "/domain/idmap the container's user and group 0 have to be mapped");
}

/* --- pages --- */

static void
check_hugepages (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoHugepagesDef *pages
      = def->memory_backing != NULL ? def->memory_backing->hugepages : NULL;
  guint n_cells = def->cpu != NULL ? MAX (def->cpu->n_numa_cells, 1u) : 1;
  guint n_general = 0;

  for (guint i = 0; pages != NULL && i < pages->n_pages; i++)
    {
      g_autofree VireoCpuset *cells = vireo_cpuset_parse (pages->pages[i]->nodeset);

      if (pages->pages[i]->has_size && pages->pages[i]->size == 0)
        vireo_validate_add (problems, "bad-size",
                            "/domain/memoryBacking/hugepages/page[%u]/@size a page has a size",
                            i + 1);
      if (pages->pages[i]->nodeset == NULL && n_general++ > 0)
        vireo_validate_add (problems, "two-page-sizes",
                            "/domain/memoryBacking/hugepages/page[%u] another page is for all "
                            "cells that have none too",
                            i + 1);
      if (cells != NULL && !vireo_cpuset_is_empty (cells) && vireo_cpuset_last (cells) >= n_cells)
        vireo_validate_add (problems, "no-such-cell",
                            "/domain/memoryBacking/hugepages/page[%u]/@nodeset the guest has no "
                            "NUMA cell %u",
                            i + 1, vireo_cpuset_last (cells));
    }
}

static void
check_numatune (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoNumatuneMemoryDef *memory = def->numatune != NULL ? def->numatune->memory : NULL;

  if (memory != NULL && memory->placement == VIREO_NUMATUNE_PLACEMENT_STATIC
      && memory->nodeset == NULL)
    vireo_validate_add (problems, "missing-nodeset",
                        "/domain/numatune/memory/@nodeset the static placement needs it");
}

/* --- once only --- */

static void
check_keywrap (const VireoDomainDef *def, GPtrArray *problems)
{
  guint seen = 0;

  for (guint i = 0; i < def->n_keywrap; i++)
    {
      guint bit = 1u << def->keywrap[i]->name;

      if (seen & bit)
        vireo_validate_add (problems, "duplicate-cipher",
                            "/domain/keywrap/cipher[%u]/@name \"%s\" stands here twice", i + 1,
                            vireo_keywrap_cipher_name_to_string (def->keywrap[i]->name));
      seen |= bit;
    }
  if (def->os != NULL && def->os->n_acpi_tables > 1)
    vireo_validate_add (problems, "too-many-tables",
                        "/domain/os/acpi/table[2] there can be one table");
}

const VireoValidateRule vireo_validate_feature_rules[] = {
  check_cpu_model, check_features, check_clock,   check_idmap,
  check_hugepages, check_numatune, check_keywrap, NULL,
};
