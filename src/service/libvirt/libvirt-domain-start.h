/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains and connections: starts, and what a domain has then. */

void vireo_libvirt_run_create_with_files (VireoLibvirtCall *call);
void vireo_libvirt_run_start_with_files (VireoLibvirtCall *call);

extern const VireoLibvirtFlag vireo_libvirt_shutdown_flags[];
GVariant *vireo_libvirt_shutdown_in (VireoLibvirtCall *call, GError **error);

extern const VireoLibvirtFlag vireo_libvirt_vcpus_flags[];
void vireo_libvirt_run_vcpus (VireoLibvirtCall *call);

G_END_DECLS
