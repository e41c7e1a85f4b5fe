/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains and connections: saved states, core dumps and jobs. */
extern const VireoLibvirtFlag vireo_libvirt_save_flags[];
extern const VireoLibvirtFlag vireo_libvirt_image_flags[];
extern const VireoLibvirtFlag vireo_libvirt_dump_flags[];
extern const VireoLibvirtFlag vireo_libvirt_job_flags[];

GVariant *vireo_libvirt_save_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_dump_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_job_info_out (VireoLibvirtCall *call,
                                      VireoNode *node,
                                      GVariant *values,
                                      GError **error);
GVariant *vireo_libvirt_job_stats_out (VireoLibvirtCall *call,
                                       VireoNode *node,
                                       GVariant *values,
                                       GError **error);

/* The number of what a job does, from vireo_job_describe(); 0 for what is no job there. */
gint vireo_libvirt_job_operation (GVariant *stats);
/* (transfer full): how it is described there, but for the variants in variants. */
GVariant *vireo_libvirt_job_stats (GVariant *stats);

G_END_DECLS
