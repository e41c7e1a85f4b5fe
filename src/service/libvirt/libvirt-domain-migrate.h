/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains: migrations, which are waited for there. */
extern const VireoLibvirtFlag vireo_libvirt_migrate_flags[];
extern const VireoLibvirtFlag vireo_libvirt_migrate_speed_flags[];

void vireo_libvirt_run_migrate (VireoLibvirtCall *call);

/* Limits, each with a method of its own there. */
GVariant *vireo_libvirt_set_limit_in (VireoLibvirtCall *call, GError **error);
GVariant *
vireo_libvirt_limit_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error);

G_END_DECLS
