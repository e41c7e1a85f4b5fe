/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of the connection: what is asked of the host. */
GVariant *vireo_libvirt_domain_capabilities_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_host_cpu_map_out (VireoLibvirtCall *call,
                                          VireoNode *node,
                                          GVariant *values,
                                          GError **error);
GVariant *vireo_libvirt_free_memory_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_free_memory_out (VireoLibvirtCall *call,
                                         VireoNode *node,
                                         GVariant *values,
                                         GError **error);
GVariant *vireo_libvirt_security_model_out (VireoLibvirtCall *call,
                                            VireoNode *node,
                                            GVariant *values,
                                            GError **error);

G_END_DECLS
