/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where QEMU's machines have places for devices. */
#include "conf/vireo-address.h"
#include "vireo-qemu-postparse-private.h"

#define SLOT(number) (1u << (number))

/* What the chipsets have built in, and where ("Standard PC (i440FX + PIIX)", "ICH9"). */
static const VireoAddressBuiltIn i440fx_built_in[] = {
  { VIREO_CONTROLLER_TYPE_IDE, VIREO_CONTROLLER_MODEL_UNSET, 0x01, 1 },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_PIIX3_UHCI, 0x01, 2 },
};

static const VireoAddressBuiltIn q35_built_in[] = {
  { VIREO_CONTROLLER_TYPE_SATA, VIREO_CONTROLLER_MODEL_UNSET, 0x1f, 2 },
};

/* Slot 0 is the host bridge, and slots 1 and 31 are the chipsets' own. */
static const VireoAddressPci i440fx = {
  .built_in = i440fx_built_in,
  .n_built_in = G_N_ELEMENTS (i440fx_built_in),
  .reserved = SLOT (0) | SLOT (1),
  .video_slot = 2,
  .first_slot = 2,
};

static const VireoAddressPci q35 = {
  .express = TRUE,
  .built_in = q35_built_in,
  .n_built_in = G_N_ELEMENTS (q35_built_in),
  .reserved = SLOT (0) | SLOT (31),
  .video_slot = 1,
  .first_slot = 3,
  .first_port_slot = 2,
  .spare_ports = 1,
};

static const VireoAddressPci arm_virt = {
  .express = TRUE,
  .reserved = SLOT (0),
  .video_slot = 1,
  .first_slot = 3,
  .first_port_slot = 2,
  .spare_ports = 1,
};

/* Of every machine; what it has no controllers for, its devices cannot be on. */
static const VireoAddressBuses common_buses
    = VIREO_ADDRESS_BUS_SCSI | VIREO_ADDRESS_BUS_USB | VIREO_ADDRESS_BUS_VIRTIO_SERIAL
      | VIREO_ADDRESS_BUS_CCID | VIREO_ADDRESS_BUS_DIMM;

static VireoAddressBuses
find_buses (const char *arch)
{
  static const struct
  {
    const char *arch;
    VireoAddressBuses buses;
  } own[] = {
    { "i686", VIREO_ADDRESS_BUS_ISA },         { "x86_64", VIREO_ADDRESS_BUS_ISA },
    { "s390x", VIREO_ADDRESS_BUS_CCW },        { "ppc64", VIREO_ADDRESS_BUS_SPAPR_VIO },
    { "ppc64le", VIREO_ADDRESS_BUS_SPAPR_VIO },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (g_strcmp0 (arch, own[i].arch) == 0)
      return common_buses | own[i].buses;
  return common_buses;
}

static VireoAddressMachine
find_machine (const VireoDomainDef *def)
{
  VireoAddressMachine machine = { find_buses (def->os != NULL ? def->os->arch : NULL), NULL };

  if (vireo_qemu_def_is_i440fx (def))
    machine.pci = &i440fx;
  else if (vireo_qemu_def_is_q35 (def))
    machine.pci = &q35;
  else if (vireo_qemu_def_is_pcie (def))
    machine.pci = &arm_virt;
  return machine;
}

VireoPostParseOutcome
vireo_qemu_post_parse_addresses (VireoPostParseContext *context)
{
  VireoAddressMachine machine = find_machine (context->def);

  if (context->environment == NULL)
    return VIREO_POST_PARSE_DONE;
  return vireo_post_parse_assign_addresses (context, &machine);
}

gboolean
vireo_qemu_assign_addresses (VireoDomainDef *def, GError **error)
{
  VireoAddressMachine machine = find_machine (def);

  return vireo_address_assign (def, &machine, error);
}
