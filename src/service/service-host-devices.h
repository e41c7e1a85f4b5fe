/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Members of connections that are about devices and interfaces of the host. */
void vireo_handle_lookup_scsi_host_by_wwn (VireoCall *call);
void vireo_handle_lookup_interface_by_mac (VireoCall *call);
/* void (*) (part, GTask *); returns nothing. */
void vireo_handle_interface_change (VireoCall *call);

G_END_DECLS
