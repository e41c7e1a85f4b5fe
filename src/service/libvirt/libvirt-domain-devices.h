/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains: devices that go. */

extern const VireoLibvirtFlag vireo_libvirt_detach_flags[];
void vireo_libvirt_run_detach (VireoLibvirtCall *call);

G_END_DECLS
