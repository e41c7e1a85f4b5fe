/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains: disks, and the jobs on them. Jobs are known there by their disk, so the
 * object that ours returns is left out. */

extern const VireoLibvirtFlag vireo_libvirt_pull_flags[];
extern const VireoLibvirtFlag vireo_libvirt_commit_flags[];
extern const VireoLibvirtFlag vireo_libvirt_copy_flags[];
extern const VireoLibvirtFlag vireo_libvirt_rebase_flags[];
extern const VireoLibvirtFlag vireo_libvirt_abort_flags[];
extern const VireoLibvirtFlag vireo_libvirt_job_speed_flags[];
extern const VireoLibvirtFlag vireo_libvirt_resize_flags[];

/* By number, with an empty one for what is none of ours. */
extern const char *const vireo_libvirt_block_job_types[];

GVariant *vireo_libvirt_pull_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_commit_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_copy_in (VireoLibvirtCall *call, GError **error);
void vireo_libvirt_run_rebase (VireoLibvirtCall *call);
GVariant *vireo_libvirt_job_speed_in (VireoLibvirtCall *call, GError **error);
GVariant *
vireo_libvirt_job_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error);
GVariant *vireo_libvirt_block_job_out (VireoLibvirtCall *call,
                                       VireoNode *node,
                                       GVariant *values,
                                       GError **error);
GVariant *vireo_libvirt_resize_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_block_peek_in (VireoLibvirtCall *call, GError **error);

G_END_DECLS
