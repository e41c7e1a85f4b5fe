/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains and connections: starts, and what a domain has then. */

GVariant *vireo_libvirt_create_with_files_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_start_with_files_in (VireoLibvirtCall *call, GError **error);

extern const VireoLibvirtFlag vireo_libvirt_vcpus_flags[];
void vireo_libvirt_run_vcpus (VireoLibvirtCall *call);

G_END_DECLS
