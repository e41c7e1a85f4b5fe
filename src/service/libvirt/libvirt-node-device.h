/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the row of the connection that lists node devices. */
extern const VireoLibvirtFlag vireo_libvirt_node_device_list_flags[];
GVariant *vireo_libvirt_node_devices_in (VireoLibvirtCall *call, GError **error);

G_END_DECLS
