/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-postparse.h"

G_BEGIN_DECLS

/**
 * VireoAddressBuses:
 * @VIREO_ADDRESS_BUS_SCSI: host devices on SCSI controllers
 * @VIREO_ADDRESS_BUS_USB: devices on USB controllers and hubs
 * @VIREO_ADDRESS_BUS_VIRTIO_SERIAL: channels and consoles on virtio-serial controllers
 * @VIREO_ADDRESS_BUS_CCID: smart cards
 * @VIREO_ADDRESS_BUS_DIMM: memory modules in the slots of <maxMemory>
 * @VIREO_ADDRESS_BUS_CCW: virtio devices on the channel subsystem of an s390 machine
 * @VIREO_ADDRESS_BUS_VIRTIO_MMIO: virtio devices of a machine without PCI
 * @VIREO_ADDRESS_BUS_SPAPR_VIO: the paravirtual devices of a POWER machine
 * @VIREO_ADDRESS_BUS_ISA: devices at a well-known I/O port
 *
 * What is there never moves, and the same definition gets the same addresses every time: each
 * device the first place that is free, in the order of the definition.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_ADDRESS_BUS_SCSI = 1 << 0,
  VIREO_ADDRESS_BUS_USB = 1 << 1,
  VIREO_ADDRESS_BUS_VIRTIO_SERIAL = 1 << 2,
  VIREO_ADDRESS_BUS_CCID = 1 << 3,
  VIREO_ADDRESS_BUS_DIMM = 1 << 4,
  VIREO_ADDRESS_BUS_CCW = 1 << 5,
  VIREO_ADDRESS_BUS_VIRTIO_MMIO = 1 << 6,
  VIREO_ADDRESS_BUS_SPAPR_VIO = 1 << 7,
  VIREO_ADDRESS_BUS_ISA = 1 << 8,
} VireoAddressBuses;

/**
 * VireoAddressBuiltIn:
 *
 * A controller, the first of its type, that a chipset has at a fixed place on the root bus if it is
 * of that model.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoControllerType type;
  VireoControllerModel model;
  guint8 slot;
  guint8 function;
} VireoAddressBuiltIn;

/**
 * VireoAddressPci:
 * @express: whether the root is PCI Express. Then what knows it gets a root port of its own, from
 *   which it can be unplugged; ports are added as they are needed
 * @bridges: whether bridges can be added when a bus for PCI devices is full
 * @built_in: (array length=n_built_in): what the chipset has, and where
 * @reserved: slots of the root bus that are never given out, as bits
 * @video_slot: where firmware and guests expect the first video device; kept for it
 * @first_slot: the first slot of the root bus for anything else
 * @first_port_slot: the first slot for root ports
 * @spare_ports: root ports that a new definition has free in the end, into which devices can be
 *   plugged while it runs; an existing one gets none, for its guest would see them
 *
 * A machine's PCI.
 *
 * Since: 0.1
 */
typedef struct
{
  gboolean express;
  gboolean bridges;
  const VireoAddressBuiltIn *built_in;
  guint n_built_in;
  guint32 reserved;
  guint8 video_slot;
  guint8 first_slot;
  guint8 first_port_slot;
  guint8 spare_ports;
} VireoAddressPci;

/**
 * VireoAddressMachine:
 * @buses: which buses it has besides PCI
 * @pci: (nullable): its PCI
 *
 * Where a machine has places for devices.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoAddressBuses buses;
  const VireoAddressPci *pci;
} VireoAddressMachine;

VireoPostParseOutcome vireo_post_parse_assign_addresses (VireoPostParseContext *context,
                                                         const VireoAddressMachine *machine);

gboolean vireo_address_assign (VireoDomainDef *def, const VireoAddressMachine *machine,
                               GError **error);

G_END_DECLS
