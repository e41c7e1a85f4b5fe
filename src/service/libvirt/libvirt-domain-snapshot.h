/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains: snapshots. */
extern const VireoLibvirtFlag vireo_libvirt_snapshot_list_flags[];
extern const VireoLibvirtFilter vireo_libvirt_snapshot_filters[];
extern const VireoLibvirtFlag vireo_libvirt_snapshot_create_flags[];

GVariant *vireo_libvirt_snapshots_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_snapshot_out (VireoLibvirtCall *call,
                                      VireoNode *node,
                                      GVariant *value,
                                      GError **error);

G_END_DECLS
