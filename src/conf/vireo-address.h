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
 *
 * Buses whose addresses are given out in the same way for all hypervisors. What is there never
 * moves, and the same definition gets the same addresses every time: each device the first place
 * that is free, in the order of the definition.
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
} VireoAddressBuses;

VireoPostParseOutcome vireo_post_parse_assign_addresses (VireoPostParseContext *context,
                                                         VireoAddressBuses buses);

gboolean vireo_address_assign (VireoDomainDef *def, VireoAddressBuses buses, GError **error);

G_END_DECLS
