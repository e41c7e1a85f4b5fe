/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-address.h"
#include "vireo-postparse-private.h"

G_BEGIN_DECLS

/* Gives a place to each device on the bus that has none; FALSE when there is not room for all. */
gboolean vireo_address_place_scsi (VireoDomainDef *def);
gboolean vireo_address_place_usb (VireoDomainDef *def);
gboolean vireo_address_place_virtio_serial (VireoDomainDef *def);
gboolean vireo_address_place_ccid (VireoDomainDef *def);
gboolean vireo_address_place_dimm (VireoDomainDef *def);

/* Whether one more hub would have a port. */
gboolean vireo_address_has_free_usb_port (const VireoDomainDef *def);

/* Whether a device still wants a place. */
gboolean vireo_address_is_open (const VireoAddressDef *address, VireoAddressType type);

G_END_DECLS
