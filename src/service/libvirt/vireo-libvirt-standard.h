/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* The interfaces that every D-Bus object has, for objects of org.libvirt. All take the call over;
 * the last three are for when the connection is open, and what the call is was found out. */
void vireo_libvirt_standard_get_machine_id (VireoLibvirtCall *call);
void vireo_libvirt_standard_introspect (VireoLibvirtCall *call);
void vireo_libvirt_standard_get (VireoLibvirtCall *call);
void vireo_libvirt_standard_get_all (VireoLibvirtCall *call);
void vireo_libvirt_standard_set (VireoLibvirtCall *call);

G_END_DECLS
