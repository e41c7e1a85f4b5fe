/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-postparse.h"

#include "vireo-qemu-arch.h"
#include "vireo-qemu-postparse-private.h"

static gboolean
machine_has_prefix (const VireoDomainDef *def, const char *alias, const char *prefix)
{
  const char *machine = def->os != NULL ? def->os->machine : NULL;

  return machine != NULL && (g_str_equal (machine, alias) || g_str_has_prefix (machine, prefix));
}

gboolean
vireo_qemu_def_is_q35 (const VireoDomainDef *def)
{
  return machine_has_prefix (def, "q35", "pc-q35-");
}

gboolean
vireo_qemu_def_is_i440fx (const VireoDomainDef *def)
{
  return machine_has_prefix (def, "pc", "pc-i440fx-");
}

gboolean
vireo_qemu_def_is_arm_virt (const VireoDomainDef *def)
{
  return def->os != NULL && vireo_qemu_arch_is_arm (def->os->arch)
         && machine_has_prefix (def, "virt", "virt-");
}

gboolean
vireo_qemu_def_is_pcie (const VireoDomainDef *def)
{
  return vireo_qemu_def_is_q35 (def) || machine_has_prefix (def, "virt", "virt-");
}

VireoControllerDef *
vireo_qemu_def_find_controller (const VireoDomainDef *def, VireoControllerType type, guint index)
{
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == type && def->controllers[i]->index == index)
      return def->controllers[i];
  return NULL;
}

/* --- basic --- */

static VireoPostParseOutcome
run_basic (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;
  const VireoQemuArch *host = vireo_qemu_arch_host ();

  if (def->type != VIREO_DOMAIN_TYPE_QEMU && def->type != VIREO_DOMAIN_TYPE_KVM)
    return vireo_post_parse_invalid (context, "unsupported-domain-type",
                                     "<domain type='%s'> is not one of QEMU's: 'kvm' or 'qemu'",
                                     vireo_domain_type_to_string (def->type));
  if (def->os == NULL)
    def->os = vireo_os_def_new ();
  if (def->os->type == NULL)
    def->os->type = g_strdup ("hvm");
  if (!g_str_equal (def->os->type, "hvm"))
    return vireo_post_parse_invalid (context, "unsupported-os-type",
                                     "<os><type>%s is not supported: 'hvm' is", def->os->type);
  if (def->os->arch == NULL && host != NULL)
    def->os->arch = g_strdup (host->name);
  if (vireo_qemu_arch_find (def->os->arch) == NULL)
    return vireo_post_parse_invalid (context, "unsupported-arch",
                                     "<os><type arch='%s'>: QEMU knows no such architecture",
                                     def->os->arch != NULL ? def->os->arch : "");
  if (def->emulator == NULL)
    def->emulator = vireo_qemu_post_parse_emulator (def);
  return VIREO_POST_PARSE_DONE;
}

/* --- environment --- */

static VireoPostParseOutcome
say_why (VireoPostParseContext *context, const char *emulator, const GError *error)
{
  if (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE))
    return vireo_post_parse_missing (context, "missing-emulator", emulator, "%s", error->message);
  if (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT))
    return vireo_post_parse_invalid (context, "invalid-emulator", "%s", error->message);
  return vireo_post_parse_missing (context, "unusable-emulator", emulator, "%s", error->message);
}

/* An emulator runs its own architecture, and some run an older one. */
static gboolean
runs (const VireoQemuCaps *caps, const char *arch)
{
  const char *own = vireo_qemu_caps_get_arch (caps);
  const VireoQemuArch *known = vireo_qemu_arch_find (arch);
  const VireoQemuArch *emulated = vireo_qemu_arch_find (own);

  if (known == NULL || emulated == NULL)
    return FALSE;
  return g_str_equal (known->target, emulated->target) || g_strcmp0 (known->runs_on, own) == 0;
}

static VireoPostParseOutcome
run_environment (VireoPostParseContext *context)
{
  VireoQemuCapsCache *cache = context->driver_data;
  const char *emulator = context->def->emulator;
  const char *arch = context->def->os != NULL ? context->def->os->arch : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoQemuCaps) caps = NULL;

  if (emulator == NULL || arch == NULL)
    return VIREO_POST_PARSE_DONE;
  caps = vireo_qemu_caps_cache_peek (cache, emulator, &error);
  if (caps == NULL)
    return say_why (context, emulator, error);
  if (!runs (caps, arch))
    return vireo_post_parse_missing (context, "wrong-emulator", emulator,
                                     "%s emulates %s, not %s", emulator,
                                     vireo_qemu_caps_get_arch (caps), arch);
  if (context->def->type == VIREO_DOMAIN_TYPE_KVM && !vireo_qemu_caps_has_kvm (caps))
    return vireo_post_parse_missing (
        context, "missing-kvm", "/dev/kvm",
        "<domain type='kvm'>: %s cannot use KVM on this host; /dev/kvm is absent, or guests may "
        "not use it, or the architecture is another", emulator);
  context->environment = g_steal_pointer (&caps);
  context->environment_free = (GDestroyNotify) vireo_qemu_caps_unref;
  return VIREO_POST_PARSE_DONE;
}

/* --- domain --- */

/* For emulators that have no machine of their own choice. */
static const char *const default_machines[][2] = {
  { "aarch64", "virt" },          { "armv7l", "virt" },  { "riscv64", "virt" },
  { "riscv32", "virt" },          { "ppc64", "pseries" }, { "ppc64le", "pseries" },
  { "s390x", "s390-ccw-virtio" }, { "loongarch64", "virt" },
};

static const VireoQemuMachine *
find_default_machine (const VireoQemuCaps *caps, const char *arch)
{
  for (gsize i = 0; i < G_N_ELEMENTS (default_machines); i++)
    if (g_str_equal (default_machines[i][0], arch))
      return vireo_qemu_caps_find_machine (caps, default_machines[i][1]);
  return vireo_qemu_caps_get_default_machine (caps);
}

/* Said when it is defined, not only when it is started. Another QEMU may take more. */
static VireoPostParseOutcome
check_processors (VireoPostParseContext *context, const VireoQemuMachine *machine)
{
  const VireoDomainDef *def = context->def;

  if (!def->has_vcpus || def->vcpus <= machine->cpu_max)
    return VIREO_POST_PARSE_DONE;
  return vireo_post_parse_missing (context, "too-many-processors", def->emulator,
                                   "<vcpu>: %u processors; machine type %s takes %u", def->vcpus,
                                   machine->name, machine->cpu_max);
}

static VireoPostParseOutcome
complete_machine (VireoPostParseContext *context, const VireoQemuCaps *caps)
{
  VireoOsDef *os = context->def->os;
  const VireoQemuMachine *machine;

  if (os->machine == NULL)
    {
      machine = find_default_machine (caps, os->arch);
      if (machine == NULL)
        return vireo_post_parse_invalid (context, "missing-machine-type",
                                         "<os><type>: the architecture %s has no default machine "
                                         "type; machine= must name one",
                                         os->arch);
      os->machine = g_strdup (machine->name);
      return check_processors (context, machine);
    }
  machine = vireo_qemu_caps_find_machine (caps, os->machine);
  if (machine == NULL)
    return vireo_post_parse_missing (context, "missing-machine", context->def->emulator,
                                     "%s has no machine type '%s'", context->def->emulator,
                                     os->machine);
  /* What "q35" means changes with every QEMU; a guest's machine must not. */
  if (!context->existing && !g_str_equal (machine->name, os->machine))
    {
      g_free (os->machine);
      os->machine = g_strdup (machine->name);
    }
  return check_processors (context, machine);
}

static void
set_cpu_model (VireoCpuDef *cpu, const char *model)
{
  cpu->mode = VIREO_CPU_MODE_CUSTOM;
  cpu->match = VIREO_CPU_MATCH_EXACT;
  cpu->check = VIREO_CPU_CHECK_NONE;
  if (cpu->model == NULL)
    cpu->model = vireo_cpu_model_def_new ();
  cpu->model->name = g_strdup (model);
  cpu->model->fallback = VIREO_CPU_FALLBACK_FORBID;
}

/* The processor that a guest has is written down, for the default may change. The default of ARM's
 * `virt` is a 32-bit one, whatever the emulator. */
static void
complete_cpu (VireoDomainDef *def, const VireoQemuCaps *caps)
{
  const VireoQemuMachine *machine = vireo_qemu_caps_find_machine (caps, def->os->machine);
  gboolean kvm = def->type == VIREO_DOMAIN_TYPE_KVM;
  gboolean aarch64 = g_strcmp0 (def->os->arch, "aarch64") == 0;

  if (def->cpu != NULL
      && (def->cpu->mode != VIREO_CPU_MODE_UNSET
          || (def->cpu->model != NULL && def->cpu->model->name != NULL)))
    return;
  if (machine == NULL || (!aarch64 && !vireo_qemu_arch_is_x86 (def->os->arch)))
    return;
  if (def->cpu == NULL)
    def->cpu = vireo_cpu_def_new ();
  if (aarch64 && kvm)
    def->cpu->mode = VIREO_CPU_MODE_HOST_PASSTHROUGH;
  else if (aarch64)
    set_cpu_model (def->cpu, "cortex-a57");
  else if (machine->default_cpu != NULL)
    set_cpu_model (def->cpu, machine->default_cpu);
}

static void
complete_gic (VireoDomainDef *def)
{
  if (!vireo_qemu_def_is_arm_virt (def) || def->type == VIREO_DOMAIN_TYPE_KVM)
    return;
  if (def->features == NULL)
    def->features = vireo_features_def_new ();
  if (def->features->gic == NULL)
    def->features->gic = vireo_gic_def_new ();
  if (def->features->gic->version == VIREO_GIC_VERSION_UNSET)
    def->features->gic->version = VIREO_GIC_VERSION_2;
}

static void
ensure_controller (VireoDomainDef *def, VireoControllerType type, VireoControllerModel model)
{
  VireoControllerDef *controller;

  if (vireo_qemu_def_find_controller (def, type, 0) != NULL)
    return;
  controller = vireo_controller_def_new ();
  controller->type = type;
  controller->model = model;
  controller->has_index = TRUE;
  vireo_domain_def_add_controller (def, controller);
}

static void
ensure_input (VireoDomainDef *def, VireoInputType type)
{
  VireoInputDef *input;

  for (guint i = 0; i < def->n_inputs; i++)
    if (def->inputs[i]->type == type
        && (def->inputs[i]->bus == VIREO_INPUT_BUS_PS2
            || def->inputs[i]->bus == VIREO_INPUT_BUS_UNSET))
      return;
  input = vireo_input_def_new ();
  input->type = type;
  input->bus = VIREO_INPUT_BUS_PS2;
  vireo_domain_def_add_input (def, input);
}

/* What a machine has whether it is written or not. */
static void
add_built_in (VireoDomainDef *def)
{
  gboolean pcie = vireo_qemu_def_is_pcie (def);
  gboolean i440fx = vireo_qemu_def_is_i440fx (def);

  if (!pcie && !i440fx)
    return;
  ensure_controller (def, VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_UNSET);
  ensure_controller (def, VIREO_CONTROLLER_TYPE_PCI,
                     pcie ? VIREO_CONTROLLER_MODEL_PCIE_ROOT : VIREO_CONTROLLER_MODEL_PCI_ROOT);
  if (vireo_qemu_def_is_q35 (def))
    ensure_controller (def, VIREO_CONTROLLER_TYPE_SATA, VIREO_CONTROLLER_MODEL_UNSET);
  if (vireo_qemu_arch_is_x86 (def->os->arch) && def->n_graphics > 0)
    {
      ensure_input (def, VIREO_INPUT_TYPE_MOUSE);
      ensure_input (def, VIREO_INPUT_TYPE_KEYBOARD);
    }
  if (def->memballoon == NULL)
    {
      def->memballoon = vireo_memballoon_def_new ();
      def->memballoon->model = VIREO_MEMBALLOON_MODEL_VIRTIO;
    }
}

static VireoPostParseOutcome
run_domain (VireoPostParseContext *context)
{
  const VireoQemuCaps *caps = context->environment;
  VireoPostParseOutcome outcome;

  if (caps == NULL)
    return VIREO_POST_PARSE_DONE;
  outcome = complete_machine (context, caps);
  if (outcome != VIREO_POST_PARSE_DONE)
    return outcome;
  complete_cpu (context->def, caps);
  complete_gic (context->def);
  add_built_in (context->def);
  return VIREO_POST_PARSE_DONE;
}

/**
 * vireo_qemu_post_parse_emulator:
 * @def: a definition
 *
 * Returns: (transfer full) (nullable): path of the emulator that it means
 * Since: 0.1
 */
char *
vireo_qemu_post_parse_emulator (const VireoDomainDef *def)
{
  const VireoQemuArch *host = vireo_qemu_arch_host ();
  const char *arch = def->os != NULL ? def->os->arch : NULL;

  if (def->emulator != NULL)
    return g_strdup (def->emulator);
  if (arch == NULL && host != NULL)
    arch = host->name;
  return vireo_qemu_default_emulator (arch);
}

const VireoPostParseOps vireo_qemu_post_parse_ops = {
  .basic = run_basic,
  .environment = run_environment,
  .domain = run_domain,
  .device = vireo_qemu_post_parse_device,
  .addresses = vireo_qemu_post_parse_addresses,
  .features = VIREO_POST_PARSE_AUDIO,
};
