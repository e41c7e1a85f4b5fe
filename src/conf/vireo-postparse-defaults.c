/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain gets whatever the hypervisor, outside its devices. */
#include "vireo-postparse-private.h"

/* --- memory and processors --- */

static guint64
add_saturated (guint64 a, guint64 b)
{
  return b > G_MAXUINT64 - a ? G_MAXUINT64 : a + b;
}

/* The whole is what the NUMA cells have, if there are any, and the memory devices. */
static guint64
sum_of_parts (const VireoDomainDef *def)
{
  guint64 sum = 0;

  if (def->cpu == NULL || def->cpu->n_numa_cells == 0)
    return 0;
  for (guint i = 0; i < def->cpu->n_numa_cells; i++)
    if (def->cpu->numa_cells[i]->has_memory)
      sum = add_saturated (sum, def->cpu->numa_cells[i]->memory);
  for (guint i = 0; sum > 0 && i < def->n_memory_devices; i++)
    if (def->memory_devices[i]->target != NULL && def->memory_devices[i]->target->has_size)
      sum = add_saturated (sum, def->memory_devices[i]->target->size);
  return sum;
}

static void
complete_memory (VireoDomainDef *def, gboolean existing)
{
  guint64 parts = sum_of_parts (def);

  if (parts > 0 && (!def->has_memory || !existing))
    {
      def->memory = parts;
      def->has_memory = TRUE;
    }
  if (def->has_memory
      && (!def->has_current_memory || def->current_memory == 0
          || (def->current_memory > def->memory && !existing)))
    {
      def->current_memory = def->memory;
      def->has_current_memory = TRUE;
    }
}

static gboolean
has_auto_memory (const VireoDomainDef *def)
{
  return def->numatune != NULL && def->numatune->memory != NULL
         && def->numatune->memory->placement == VIREO_NUMATUNE_PLACEMENT_AUTO;
}

/* Memory and processors that numad places are placed together unless it is said otherwise. */
static void
complete_placement (VireoDomainDef *def, gboolean existing)
{
  VireoNumatuneMemoryDef *memory = def->numatune != NULL ? def->numatune->memory : NULL;

  if (def->vcpu_placement == VIREO_VCPU_PLACEMENT_UNSET
      || (def->vcpu_placement == VIREO_VCPU_PLACEMENT_STATIC && !existing))
    def->vcpu_placement = has_auto_memory (def) && def->vcpu_cpuset == NULL
                              ? VIREO_VCPU_PLACEMENT_AUTO
                              : VIREO_VCPU_PLACEMENT_STATIC;
  if (memory != NULL && memory->nodeset == NULL
      && memory->placement == VIREO_NUMATUNE_PLACEMENT_UNSET)
    memory->placement = def->vcpu_placement == VIREO_VCPU_PLACEMENT_AUTO
                            ? VIREO_NUMATUNE_PLACEMENT_AUTO
                            : VIREO_NUMATUNE_PLACEMENT_UNSET;
  if (def->vcpu_placement != VIREO_VCPU_PLACEMENT_AUTO || memory != NULL)
    return;
  if (def->numatune == NULL)
    def->numatune = vireo_numatune_def_new ();
  memory = vireo_numatune_memory_def_new ();
  memory->mode = VIREO_NUMATUNE_MODE_STRICT;
  memory->placement = VIREO_NUMATUNE_PLACEMENT_AUTO;
  def->numatune->memory = memory;
}

static void
complete_vcpus (VireoDomainDef *def, gboolean existing)
{
  if (!def->has_vcpus)
    {
      def->vcpus = 1;
      def->has_vcpus = TRUE;
    }
  complete_placement (def, existing);
  if (!def->has_iothreads && def->n_iothreadids > 0)
    {
      def->iothreads = def->n_iothreadids;
      def->has_iothreads = TRUE;
    }
}

static void
complete_numa_cells (VireoCpuDef *cpu)
{
  for (guint i = 0; i < cpu->n_numa_cells; i++)
    if (!cpu->numa_cells[i]->has_id)
      {
        cpu->numa_cells[i]->id = i;
        cpu->numa_cells[i]->has_id = TRUE;
      }
}

static void
complete_cpu (VireoCpuDef *cpu)
{
  if (cpu == NULL)
    return;
  complete_numa_cells (cpu);
  if (cpu->mode == VIREO_CPU_MODE_UNSET && cpu->model != NULL && cpu->model->name != NULL)
    cpu->mode = VIREO_CPU_MODE_CUSTOM;
  if (cpu->mode == VIREO_CPU_MODE_CUSTOM && cpu->match == VIREO_CPU_MATCH_UNSET)
    cpu->match = VIREO_CPU_MATCH_EXACT;
  if (cpu->model != NULL && cpu->model->name != NULL
      && cpu->model->fallback == VIREO_CPU_FALLBACK_UNSET)
    cpu->model->fallback = VIREO_CPU_FALLBACK_ALLOW;
}

/* --- features --- */

/* <hap/> and the like mean "on". */
static void
switch_on (VireoFeatureStateDef *feature)
{
  if (feature != NULL && feature->state == VIREO_TRISTATE_UNSET)
    feature->state = VIREO_TRISTATE_YES;
}

static void
complete_features (VireoFeaturesDef *features)
{
  if (features == NULL)
    return;
  switch_on (features->hap);
  switch_on (features->pvspinlock);
  switch_on (features->pmu);
  switch_on (features->vmport);
  switch_on (features->vmcoreinfo);
  switch_on (features->htm);
  switch_on (features->nested_hv);
  switch_on (features->ccf_assist);
  if (features->smm != NULL && features->smm->state == VIREO_TRISTATE_UNSET)
    features->smm->state = VIREO_TRISTATE_YES;
  if (features->hyperv != NULL && features->hyperv->mode == VIREO_HYPERV_MODE_UNSET)
    features->hyperv->mode = VIREO_HYPERV_MODE_CUSTOM;
}

/* --- what happens when --- */

static void
complete_lifecycle (VireoDomainDef *def)
{
  if (def->clock == NULL)
    def->clock = vireo_clock_def_new ();
  if (def->clock->offset == VIREO_CLOCK_OFFSET_UNSET)
    def->clock->offset = VIREO_CLOCK_OFFSET_UTC;
  if (def->on_poweroff == VIREO_LIFECYCLE_ACTION_UNSET)
    def->on_poweroff = VIREO_LIFECYCLE_ACTION_DESTROY;
  if (def->on_reboot == VIREO_LIFECYCLE_ACTION_UNSET)
    def->on_reboot = VIREO_LIFECYCLE_ACTION_RESTART;
  if (def->on_crash == VIREO_LIFECYCLE_ACTION_UNSET)
    def->on_crash = VIREO_LIFECYCLE_ACTION_DESTROY;
}

/* --- boot --- */

static gboolean
has_device_boot_order (const VireoDomainDef *def)
{
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    if (vireo_device_get_boot_order (iter.kind, iter.device) > 0)
      return TRUE;
  return FALSE;
}

static void
complete_boot (VireoDomainDef *def)
{
  VireoOsDef *os = def->os;
  VireoOsBootDef *boot;

  if (os == NULL)
    return;
  if (os->loader != NULL && os->loader->path != NULL && os->firmware == VIREO_OS_FIRMWARE_UNSET
      && os->loader->type == VIREO_LOADER_TYPE_UNSET)
    os->loader->type = VIREO_LOADER_TYPE_ROM;
  if (!vireo_domain_def_is_hvm (def) || def->bootloader != NULL || os->n_boots > 0
      || has_device_boot_order (def))
    return;
  boot = vireo_os_boot_def_new ();
  boot->dev = VIREO_OS_BOOT_DEVICE_HD;
  vireo_os_def_add_boot (os, boot);
}

void
vireo_post_parse_domain_defaults (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;

  if (def->uuid == NULL)
    def->uuid = g_uuid_string_random ();
  complete_cpu (def->cpu);
  complete_memory (def, context->existing);
  complete_vcpus (def, context->existing);
  complete_features (def->features);
  complete_lifecycle (def);
  complete_boot (def);
}
