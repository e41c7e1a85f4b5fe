/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine: its type and features, memory, processors' number, boot and power. */
#include "vireo-qemu-build.h"

#include "vireo-qemu-arch.h"

static gboolean
is_on (const VireoFeatureStateDef *feature)
{
  return feature != NULL && feature->state != VIREO_TRISTATE_NO;
}

static VireoTristate
feature_state (const VireoFeatureStateDef *feature)
{
  if (feature == NULL)
    return VIREO_TRISTATE_UNSET;
  return is_on (feature) ? VIREO_TRISTATE_YES : VIREO_TRISTATE_NO;
}

static const VireoTimerDef *
find_timer (const VireoDomainDef *def, VireoTimerName name)
{
  for (guint i = 0; def->clock != NULL && i < def->clock->n_timers; i++)
    if (def->clock->timers[i]->name == name)
      return def->clock->timers[i];
  return NULL;
}

static void
add_gic (VireoQemuBuild *build, const VireoFeaturesDef *features, GString *options)
{
  if (!vireo_qemu_build_is_arm_virt (build))
    return;
  if (features != NULL && features->gic != NULL
      && features->gic->version != VIREO_GIC_VERSION_UNSET
      && features->gic->version != VIREO_GIC_VERSION_NONE)
    vireo_qemu_opt_add (options, "gic-version",
                        vireo_gic_version_to_string (features->gic->version));
}

/* Features of the x86 chipsets. */
static void
add_x86_features (VireoQemuBuild *build, const VireoFeaturesDef *features, GString *options)
{
  const VireoTimerDef *hpet = find_timer (build->def, VIREO_TIMER_NAME_HPET);

  if (!vireo_qemu_build_is_x86 (build))
    return;
  if (features != NULL)
    {
      vireo_qemu_opt_add_switch (options, "vmport", feature_state (features->vmport));
      if (features->smm != NULL)
        vireo_qemu_opt_add (options, "smm",
                            features->smm->state != VIREO_TRISTATE_NO ? "on" : "off");
    }
  if (hpet != NULL && hpet->present != VIREO_TRISTATE_UNSET)
    vireo_qemu_opt_add_switch (options, "hpet", hpet->present);
}

static gboolean
has_acpi_switch (VireoQemuBuild *build)
{
  return vireo_qemu_build_is_q35 (build) || vireo_qemu_build_is_i440fx (build)
         || vireo_qemu_build_is_arm_virt (build);
}

static gboolean
add_accelerator (VireoQemuBuild *build, GError **error)
{
  const VireoFeaturesDef *features = build->def->features;
  g_autoptr (GString) options = NULL;

  if (build->def->type == VIREO_DOMAIN_TYPE_KVM)
    {
      options = g_string_new ("kvm");
      if (features != NULL && features->ioapic != VIREO_IOAPIC_DRIVER_UNSET)
        vireo_qemu_opt_add (options, "kernel-irqchip",
                            features->ioapic == VIREO_IOAPIC_DRIVER_QEMU ? "split" : "on");
    }
  else if (build->def->type == VIREO_DOMAIN_TYPE_QEMU)
    {
      options = g_string_new ("tcg");
      if (features != NULL && features->has_tb_cache)
        vireo_qemu_opt_add_uint (options, "tb-size", features->tb_cache / 1024);
    }
  else
    return vireo_qemu_unsupported (error, "<domain type='%s'> is not one of QEMU's",
                                   vireo_domain_type_to_string (build->def->type));
  vireo_qemu_build_arg (build, "-accel", options->str);
  return TRUE;
}

static void
add_pcspk (VireoQemuBuild *build, GString *options)
{
  for (guint i = 0; i < build->def->n_sounds; i++)
    if (build->def->sounds[i]->model == VIREO_SOUND_MODEL_PCSPK)
      {
        g_autofree char *id
            = g_strdup_printf ("audio%u", MAX (build->def->sounds[i]->audio_id, 1u));

        vireo_qemu_opt_add (options, "pcspk-audiodev", id);
        return;
      }
}

gboolean
vireo_qemu_build_machine (VireoQemuBuild *build, GError **error)
{
  const VireoDomainDef *def = build->def;
  g_autoptr (GString) options = g_string_new (NULL);

  vireo_qemu_opt_add (options, NULL, build->machine->name);
  vireo_qemu_opt_add (options, "usb", "off");
  vireo_qemu_opt_add (options, "dump-guest-core",
                      def->memory_dump_core == VIREO_TRISTATE_YES ? "on" : "off");
  if (def->memory_backing != NULL && def->memory_backing->nosharepages)
    vireo_qemu_opt_add (options, "mem-merge", "off");
  add_x86_features (build, def->features, options);
  add_gic (build, def->features, options);
  if (has_acpi_switch (build) && (def->features == NULL || !def->features->acpi))
    vireo_qemu_opt_add (options, "acpi", "off");
  if (build->machine->default_ram_id != NULL)
    vireo_qemu_opt_add (options, "memory-backend", build->machine->default_ram_id);
  vireo_qemu_build_firmware_machine (build, options);
  add_pcspk (build, options);
  vireo_qemu_build_arg (build, "-machine", options->str);
  return add_accelerator (build, error);
}

/* The main memory as an object of its own, so that it can be shared with other processes. */
static void
add_memory_backend (VireoQemuBuild *build)
{
  const VireoMemoryBackingDef *backing = build->def->memory_backing;
  gboolean shared = backing != NULL && backing->access == VIREO_NUMA_MEM_ACCESS_SHARED;
  gboolean memfd = shared || (backing != NULL && backing->source == VIREO_MEMORY_SOURCE_MEMFD);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "qom-type",
                                 memfd ? "memory-backend-memfd" : "memory-backend-ram");
  json_object_set_string_member (object, "id", build->machine->default_ram_id);
  json_object_set_int_member (object, "size", (gint64) build->def->memory * 1024);
  if (memfd)
    json_object_set_boolean_member (object, "share", shared);
  if (backing != NULL && backing->allocation == VIREO_MEMORY_ALLOCATION_IMMEDIATE)
    {
      json_object_set_boolean_member (object, "prealloc", TRUE);
      if (backing->has_allocation_threads)
        json_object_set_int_member (object, "prealloc-threads", backing->allocation_threads);
    }
  vireo_qemu_build_json (build, "-object", object);
}

gboolean
vireo_qemu_build_memory (VireoQemuBuild *build, GError **error)
{
  g_autofree char *size = NULL;

  if (build->def->memory == 0 || build->def->memory > G_MAXINT64 / 1024)
    return vireo_qemu_unsupported (error, "<memory>: %" G_GUINT64_FORMAT " KiB is out of range",
                                   build->def->memory);
  size = g_strdup_printf ("size=%" G_GUINT64_FORMAT "k", build->def->memory);
  vireo_qemu_build_arg (build, "-m", size);
  if (build->machine->default_ram_id != NULL)
    add_memory_backend (build);
  else if (build->def->memory_backing != NULL)
    return vireo_qemu_unsupported (error, "<memoryBacking>: the machine type %s has none",
                                   build->machine->name);
  return TRUE;
}

gboolean
vireo_qemu_build_smp (VireoQemuBuild *build, GError **error)
{
  const VireoDomainDef *def = build->def;
  const VireoCpuTopologyDef *topology = def->cpu != NULL ? def->cpu->topology : NULL;
  guint max = def->has_vcpus ? def->vcpus : 1;
  guint current = def->has_vcpu_current ? def->vcpu_current : max;
  g_autoptr (GString) options = g_string_new (NULL);

  if (max > build->machine->cpu_max)
    return vireo_qemu_unsupported (error, "<vcpu>: %u processors; machine type %s takes %u", max,
                                   build->machine->name, build->machine->cpu_max);
  if (current < 1 || current > max)
    return vireo_qemu_unsupported (error, "<vcpu current='%u'>: must be between 1 and %u", current,
                                   max);
  vireo_qemu_opt_add_uint (options, NULL, current);
  if (current != max)
    vireo_qemu_opt_add_uint (options, "maxcpus", max);
  vireo_qemu_opt_add_uint (options, "sockets", topology != NULL ? topology->sockets : max);
  if (topology != NULL && topology->has_dies && topology->dies > 1)
    vireo_qemu_opt_add_uint (options, "dies", topology->dies);
  if (topology != NULL && topology->has_clusters && topology->clusters > 1)
    vireo_qemu_opt_add_uint (options, "clusters", topology->clusters);
  vireo_qemu_opt_add_uint (options, "cores", topology != NULL ? topology->cores : 1);
  vireo_qemu_opt_add_uint (options, "threads", topology != NULL ? topology->threads : 1);
  vireo_qemu_build_arg (build, "-smp", options->str);
  return TRUE;
}

static void
add_iothread (VireoQemuBuild *build, guint id)
{
  g_autofree char *name = g_strdup_printf ("iothread%u", id);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "qom-type", "iothread");
  json_object_set_string_member (object, "id", name);
  vireo_qemu_build_json (build, "-object", object);
}

static gboolean
has_iothread_id (const VireoDomainDef *def, guint id)
{
  for (guint i = 0; i < def->n_iothreadids; i++)
    if (def->iothreadids[i]->id == id)
      return TRUE;
  return FALSE;
}

/* Those that have numbers, and as many more as are wanted with the numbers that are left. */
gboolean
vireo_qemu_build_iothreads (VireoQemuBuild *build, GError **error)
{
  const VireoDomainDef *def = build->def;
  guint n = def->n_iothreadids;

  if (def->iothreads > 1024)
    return vireo_qemu_unsupported (error, "<iothreads>: %u is more than 1024", def->iothreads);
  for (guint i = 0; i < n; i++)
    add_iothread (build, def->iothreadids[i]->id);
  for (guint id = 1; n < def->iothreads; id++)
    if (!has_iothread_id (def, id))
      {
        add_iothread (build, id);
        n++;
      }
  return TRUE;
}

/* Sleep states are the chipset's to offer. */
static void
add_sleep (VireoQemuBuild *build, const char *property, VireoTristate enabled)
{
  g_autofree char *value = NULL;

  if (enabled == VIREO_TRISTATE_UNSET)
    return;
  value = g_strdup_printf ("%s.%s=%d",
                           vireo_qemu_build_is_q35 (build) ? "ICH9-LPC" : "PIIX4_PM", property,
                           enabled == VIREO_TRISTATE_NO);
  vireo_qemu_build_arg (build, "-global", value);
}

gboolean
vireo_qemu_build_power (VireoQemuBuild *build, GError **error)
{
  const VireoPmDef *pm = build->def->pm;
  gboolean chipset = vireo_qemu_build_is_q35 (build) || vireo_qemu_build_is_i440fx (build);

  if (pm != NULL && chipset)
    {
      add_sleep (build, "disable_s3", pm->suspend_to_mem);
      add_sleep (build, "disable_s4", pm->suspend_to_disk);
    }
  else if (pm != NULL
           && (pm->suspend_to_mem == VIREO_TRISTATE_YES
               || pm->suspend_to_disk == VIREO_TRISTATE_YES))
    return vireo_qemu_unsupported (error, "<pm>: machine type %s has no sleep states",
                                   build->machine->name);
  if (build->def->on_reboot == VIREO_LIFECYCLE_ACTION_DESTROY)
    vireo_qemu_build_arg (build, "-action", "reboot=shutdown");
  return TRUE;
}

static void
add_kernel (VireoQemuBuild *build)
{
  static const struct
  {
    const char *option;
    gsize offset;
  } files[] = {
    { "-kernel", G_STRUCT_OFFSET (VireoQemuResources, kernel) },
    { "-initrd", G_STRUCT_OFFSET (VireoQemuResources, initrd) },
    { "-dtb", G_STRUCT_OFFSET (VireoQemuResources, dtb) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      const VireoQemuFile *file
          = G_STRUCT_MEMBER (VireoQemuFile *, build->resources, files[i].offset);
      g_autofree char *path = NULL;

      if (file == NULL)
        continue;
      path = vireo_qemu_build_file_name (build, file->fd, file->path);
      vireo_qemu_build_arg (build, files[i].option, path);
    }
  if (build->resources->kernel != NULL && build->def->os->cmdline != NULL)
    vireo_qemu_build_arg (build, "-append", build->def->os->cmdline);
}

gboolean
vireo_qemu_build_boot (VireoQemuBuild *build, GError **error)
{
  const VireoOsDef *os = build->def->os;
  g_autoptr (GString) options = g_string_new (NULL);

  vireo_qemu_opt_add_switch (options, "menu", os->bootmenu);
  if (os->has_bootmenu_timeout)
    vireo_qemu_opt_add_uint (options, "splash-time", os->bootmenu_timeout);
  if (os->has_bios_reboot_timeout)
    {
      g_autofree char *timeout = g_strdup_printf ("%d", os->bios_reboot_timeout);

      vireo_qemu_opt_add (options, "reboot-timeout", timeout);
    }
  vireo_qemu_opt_add (options, "strict", "on");
  vireo_qemu_build_arg (build, "-display", "none");
  vireo_qemu_build_arg (build, "-boot", options->str);
  add_kernel (build);
  return TRUE;
}
