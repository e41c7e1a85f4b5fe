/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains and connections: figures, and what is asked of guests. */
GVariant *vireo_libvirt_stats_in (VireoLibvirtCall *call, GError **error);
GVariant *
vireo_libvirt_stats_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error);
GVariant *vireo_libvirt_all_stats_in (VireoLibvirtCall *call, GError **error);
GVariant *
vireo_libvirt_all_stats_entry (VireoLibvirtCall *call, VireoNode *node, GVariant *entry);

extern const VireoLibvirtFlag vireo_libvirt_stats_flags[];
extern const VireoLibvirtFlag vireo_libvirt_all_stats_flags[];

GVariant *vireo_libvirt_addresses_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_addresses_out (VireoLibvirtCall *call,
                                       VireoNode *node,
                                       GVariant *values,
                                       GError **error);
GVariant *
vireo_libvirt_time_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error);
GVariant *vireo_libvirt_send_key_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_fs_info_out (VireoLibvirtCall *call,
                                     VireoNode *node,
                                     GVariant *values,
                                     GError **error);
GVariant *vireo_libvirt_disk_errors_out (VireoLibvirtCall *call,
                                         VireoNode *node,
                                         GVariant *values,
                                         GError **error);

extern const VireoLibvirtFlag vireo_libvirt_time_flags[];
extern const VireoLibvirtFlag vireo_libvirt_memory_peek_flags[];
GVariant *vireo_libvirt_set_time_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_process_signal_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_set_guest_vcpus_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_memory_peek_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_memory_stats_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_memory_stats_out (VireoLibvirtCall *call,
                                          VireoNode *node,
                                          GVariant *values,
                                          GError **error);

G_END_DECLS
