/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-address.h"
#include "vireo-postparse-private.h"

G_BEGIN_DECLS

/* What a device wants to be put on. Where that is, is a matter of the machine: a virtio device goes
 * onto PCI Express, PCI, channel I/O or into memory. */
typedef enum
{
  VIREO_WANT_NOTHING,
  VIREO_WANT_VIRTIO,
  VIREO_WANT_EXPRESS,      /* PCI Express, or PCI where there is no other */
  VIREO_WANT_CONVENTIONAL, /* PCI */
  VIREO_WANT_CCW,
  VIREO_WANT_SPAPR,
  VIREO_WANT_ISA,
} VireoAddressWant;

VireoAddressWant vireo_address_want (VireoDeviceKind kind, gconstpointer device);

/* Gives a place to each device on the bus that has none; FALSE when there is not room for all. */
gboolean vireo_address_place_scsi (VireoDomainDef *def);
gboolean vireo_address_place_usb (VireoDomainDef *def);
gboolean vireo_address_place_virtio_serial (VireoDomainDef *def);
gboolean vireo_address_place_ccid (VireoDomainDef *def);
gboolean vireo_address_place_dimm (VireoDomainDef *def);
gboolean vireo_address_place_ccw (VireoDomainDef *def);
gboolean vireo_address_place_virtio_mmio (VireoDomainDef *def);
gboolean vireo_address_place_spapr_vio (VireoDomainDef *def);
gboolean vireo_address_place_isa (VireoDomainDef *def);

typedef enum
{
  VIREO_ADDRESS_NEW,      /* a new definition */
  VIREO_ADDRESS_EXISTING, /* of a domain that exists: gets what its devices need, and no more */
  VIREO_ADDRESS_PLUGGED,  /* of a machine that runs: no controller can be added, nor can everything
                           * be plugged */
} VireoAddressOccasion;

/* The same for PCI. @ret_message: (transfer full): what is wrong, with @ret_code. */
gboolean vireo_address_place_pci (VireoDomainDef *def, const VireoAddressPci *pci,
                                  VireoAddressOccasion when, const char **ret_code,
                                  char **ret_message);

/* Whether one more hub would have a port. */
gboolean vireo_address_has_free_usb_port (const VireoDomainDef *def);

/* Whether a device still wants a place. */
gboolean vireo_address_is_open (const VireoAddressDef *address, VireoAddressType type);

/* The address of a device, of that type; made when there is none. */
VireoAddressDef *vireo_address_open (VireoAddressDef **place, VireoAddressType type);

G_END_DECLS
