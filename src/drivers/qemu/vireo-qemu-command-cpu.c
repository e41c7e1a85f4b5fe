/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processor's model and features. */
#include "vireo-qemu-build.h"

#include <string.h>

/* What QEMU calls Hyper-V's enlightenments ("Hyper-V Enlightenments" in its documentation). */
static const struct
{
  gsize offset;
  const char *property;
} hyperv_features[] = {
  { G_STRUCT_OFFSET (VireoHypervDef, relaxed), "hv-relaxed" },
  { G_STRUCT_OFFSET (VireoHypervDef, vapic), "hv-vapic" },
  { G_STRUCT_OFFSET (VireoHypervDef, vpindex), "hv-vpindex" },
  { G_STRUCT_OFFSET (VireoHypervDef, runtime), "hv-runtime" },
  { G_STRUCT_OFFSET (VireoHypervDef, synic), "hv-synic" },
  { G_STRUCT_OFFSET (VireoHypervDef, reset), "hv-reset" },
  { G_STRUCT_OFFSET (VireoHypervDef, frequencies), "hv-frequencies" },
  { G_STRUCT_OFFSET (VireoHypervDef, reenlightenment), "hv-reenlightenment" },
  { G_STRUCT_OFFSET (VireoHypervDef, tlbflush), "hv-tlbflush" },
  { G_STRUCT_OFFSET (VireoHypervDef, ipi), "hv-ipi" },
  { G_STRUCT_OFFSET (VireoHypervDef, evmcs), "hv-evmcs" },
  { G_STRUCT_OFFSET (VireoHypervDef, avic), "hv-avic" },
  { G_STRUCT_OFFSET (VireoHypervDef, emsr_bitmap), "hv-emsr-bitmap" },
  { G_STRUCT_OFFSET (VireoHypervDef, xmm_input), "hv-xmm-input" },
};

static const struct
{
  gsize offset;
  const char *property;
  gboolean inverted;
} kvm_features[] = {
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, hidden), "kvm", TRUE },
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, hint_dedicated), "kvm-hint-dedicated", FALSE },
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, poll_control), "kvm-poll-control", FALSE },
  { G_STRUCT_OFFSET (VireoKvmFeaturesDef, pv_ipi), "kvm-pv-ipi", FALSE },
};

/* -cpu has no way to escape anything, so nothing that would need it gets there. */
static gboolean
is_plain (const char *name)
{
  return *name != '\0'
         && strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
                == strlen (name);
}

static void
add_property (GString *options, const char *name, gboolean on)
{
  g_string_append_printf (options, ",%s=%s", name, on ? "on" : "off");
}

static gboolean
add_features (const VireoCpuDef *cpu, GString *options, GError **error)
{
  for (guint i = 0; i < cpu->n_features; i++)
    {
      const VireoCpuFeatureDef *feature = cpu->features[i];

      if (!is_plain (feature->name))
        return vireo_qemu_unsupported (error, "<cpu><feature name='%s'>: not a feature's name",
                                       feature->name);
      add_property (options, feature->name,
                    feature->policy != VIREO_CPU_FEATURE_POLICY_DISABLE
                        && feature->policy != VIREO_CPU_FEATURE_POLICY_FORBID);
    }
  return TRUE;
}

static gboolean
add_hyperv (const VireoHypervDef *hyperv, GString *options, GError **error)
{
  if (hyperv->mode == VIREO_HYPERV_MODE_PASSTHROUGH)
    add_property (options, "hv-passthrough", TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (hyperv_features); i++)
    {
      const VireoFeatureStateDef *feature
          = G_STRUCT_MEMBER (VireoFeatureStateDef *, hyperv, hyperv_features[i].offset);

      if (feature != NULL && feature->state != VIREO_TRISTATE_NO)
        add_property (options, hyperv_features[i].property, TRUE);
    }
  if (hyperv->spinlocks != NULL && hyperv->spinlocks->state != VIREO_TRISTATE_NO)
    g_string_append_printf (options, ",hv-spinlocks=0x%x",
                            hyperv->spinlocks->has_retries ? hyperv->spinlocks->retries : 0x1fff);
  if (hyperv->stimer != NULL && hyperv->stimer->state != VIREO_TRISTATE_NO)
    {
      add_property (options, "hv-stimer", TRUE);
      if (hyperv->stimer->direct != NULL
          && hyperv->stimer->direct->state != VIREO_TRISTATE_NO)
        add_property (options, "hv-stimer-direct", TRUE);
    }
  if (hyperv->vendor_id == NULL || hyperv->vendor_id->state == VIREO_TRISTATE_NO)
    return TRUE;
  if (hyperv->vendor_id->value == NULL || strpbrk (hyperv->vendor_id->value, ",=") != NULL)
    return vireo_qemu_unsupported (error, "<hyperv><vendor_id>: needs a value without ',' and '='");
  g_string_append_printf (options, ",hv-vendor-id=%s", hyperv->vendor_id->value);
  return TRUE;
}

static void
add_kvm (const VireoKvmFeaturesDef *kvm, GString *options)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kvm_features); i++)
    {
      const VireoFeatureStateDef *feature
          = G_STRUCT_MEMBER (VireoFeatureStateDef *, kvm, kvm_features[i].offset);

      if (feature != NULL && feature->state != VIREO_TRISTATE_UNSET)
        add_property (options, kvm_features[i].property,
                      (feature->state == VIREO_TRISTATE_YES) != kvm_features[i].inverted);
    }
}

static gboolean
add_machine_features (VireoQemuBuild *build, GString *options, GError **error)
{
  const VireoFeaturesDef *features = build->def->features;

  if (features == NULL)
    return TRUE;
  if (features->hyperv != NULL && !add_hyperv (features->hyperv, options, error))
    return FALSE;
  if (features->kvm != NULL)
    add_kvm (features->kvm, options);
  if (features->pmu != NULL && features->pmu->state != VIREO_TRISTATE_UNSET)
    add_property (options, "pmu", features->pmu->state == VIREO_TRISTATE_YES);
  if (features->pvspinlock != NULL && features->pvspinlock->state != VIREO_TRISTATE_UNSET)
    add_property (options, "kvm-pv-unhalt", features->pvspinlock->state == VIREO_TRISTATE_YES);
  if (features->apic != NULL && features->apic->eoi != VIREO_TRISTATE_UNSET)
    add_property (options, "kvm-pv-eoi", features->apic->eoi == VIREO_TRISTATE_YES);
  return TRUE;
}

/* Timers that are features of the processor. */
static void
add_timers (VireoQemuBuild *build, GString *options)
{
  const VireoClockDef *clock = build->def->clock;

  for (guint i = 0; clock != NULL && i < clock->n_timers; i++)
    {
      const VireoTimerDef *timer = clock->timers[i];

      if (timer->name == VIREO_TIMER_NAME_KVMCLOCK && timer->present != VIREO_TRISTATE_UNSET)
        add_property (options, "kvmclock", timer->present == VIREO_TRISTATE_YES);
      if (timer->name == VIREO_TIMER_NAME_HYPERVCLOCK && timer->present == VIREO_TRISTATE_YES)
        add_property (options, "hv-time", TRUE);
      if (timer->name == VIREO_TIMER_NAME_TSC && timer->has_frequency)
        g_string_append_printf (options, ",tsc-frequency=%" G_GUINT64_FORMAT, timer->frequency);
    }
}

static gboolean
add_cache (const VireoCpuCacheDef *cache, GString *options, GError **error)
{
  if (cache->mode == VIREO_CPU_CACHE_MODE_PASSTHROUGH && !cache->has_level)
    add_property (options, "host-cache-info", TRUE);
  else if (cache->mode == VIREO_CPU_CACHE_MODE_EMULATE && cache->has_level && cache->level == 3)
    add_property (options, "l3-cache", TRUE);
  else if (cache->mode == VIREO_CPU_CACHE_MODE_DISABLE && !cache->has_level)
    {
      add_property (options, "host-cache-info", FALSE);
      add_property (options, "l3-cache", FALSE);
    }
  else
    return vireo_qemu_unsupported (error, "<cpu><cache>: this mode at this level is not supported");
  return TRUE;
}

static gboolean
add_address_width (const VireoCpuMaxphysaddrDef *width, GString *options, GError **error)
{
  if (width->mode == VIREO_CPU_MAXPHYSADDR_MODE_PASSTHROUGH)
    {
      add_property (options, "host-phys-bits", TRUE);
      if (width->has_limit)
        g_string_append_printf (options, ",host-phys-bits-limit=%u", width->limit);
      return TRUE;
    }
  if (!width->has_bits)
    return vireo_qemu_unsupported (error, "<cpu><maxphysaddr>: needs bits");
  g_string_append_printf (options, ",phys-bits=%u", width->bits);
  return TRUE;
}

static gboolean
check_kvm (VireoQemuBuild *build, const char *mode, GError **error)
{
  if (build->def->type == VIREO_DOMAIN_TYPE_KVM)
    return TRUE;
  return vireo_qemu_unsupported (error, "<cpu mode='%s'> needs <domain type='kvm'>", mode);
}

/* The model's name. host-model under KVM is the host's processor with what can be migrated; without
 * KVM it is the best that QEMU emulates. */
static const char *
choose_model (VireoQemuBuild *build, const VireoCpuDef *cpu, GError **error)
{
  gboolean kvm = build->def->type == VIREO_DOMAIN_TYPE_KVM;

  if (cpu->mode == VIREO_CPU_MODE_HOST_PASSTHROUGH)
    return check_kvm (build, "host-passthrough", error) ? "host" : NULL;
  if (cpu->mode == VIREO_CPU_MODE_HOST_MODEL)
    return kvm ? "host" : "max";
  if (cpu->mode == VIREO_CPU_MODE_MAXIMUM)
    return "max";
  if (cpu->match == VIREO_CPU_MATCH_STRICT || cpu->match == VIREO_CPU_MATCH_MINIMUM)
    {
      vireo_qemu_unsupported (error, "<cpu match='%s'> is not supported",
                              vireo_cpu_match_to_string (cpu->match));
      return NULL;
    }
  if (cpu->model == NULL || cpu->model->name == NULL)
    return build->machine->default_cpu;
  if (!is_plain (cpu->model->name)
      || !vireo_qemu_caps_has_cpu_model (build->caps, cpu->model->name))
    {
      vireo_qemu_unsupported (error, "<cpu><model>: %s has no processor model '%s'",
                              vireo_qemu_caps_get_path (build->caps), cpu->model->name);
      return NULL;
    }
  return cpu->model->name;
}

static gboolean
add_written (const VireoCpuDef *cpu, GString *options, GError **error)
{
  const VireoCpuModelDef *model = cpu->model;

  if (cpu->mode == VIREO_CPU_MODE_HOST_MODEL || cpu->migratable == VIREO_TRISTATE_YES)
    {
      if (g_str_equal (options->str, "host"))
        add_property (options, "migratable", TRUE);
    }
  else if (cpu->migratable == VIREO_TRISTATE_NO)
    add_property (options, "migratable", FALSE);
  if (model != NULL && model->vendor_id != NULL)
    {
      if (strpbrk (model->vendor_id, ",=") != NULL)
        return vireo_qemu_unsupported (error, "<cpu><model vendor_id='%s'>: must not have ','",
                                       model->vendor_id);
      g_string_append_printf (options, ",vendor=%s", model->vendor_id);
    }
  if (cpu->check == VIREO_CPU_CHECK_FULL)
    add_property (options, "enforce", TRUE);
  return add_features (cpu, options, error)
         && (cpu->cache == NULL || add_cache (cpu->cache, options, error))
         && (cpu->maxphysaddr == NULL || add_address_width (cpu->maxphysaddr, options, error));
}

gboolean
vireo_qemu_build_cpu (VireoQemuBuild *build, GError **error)
{
  const VireoCpuDef *cpu = build->def->cpu;
  const char *model = build->machine->default_cpu;
  g_autoptr (GString) options = NULL;

  if (cpu != NULL)
    {
      g_autoptr (GError) cause = NULL;

      model = choose_model (build, cpu, &cause);
      if (cause != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
    }
  options = g_string_new (model);
  if (cpu != NULL && !add_written (cpu, options, error))
    return FALSE;
  if (!add_machine_features (build, options, error))
    return FALSE;
  add_timers (build, options);
  if (model == NULL && options->len > 0)
    return vireo_qemu_unsupported (error, "<cpu>: machine type %s has no processor to change",
                                   build->machine->name);
  if (options->len > 0)
    vireo_qemu_build_arg (build, "-cpu", options->str);
  return TRUE;
}
