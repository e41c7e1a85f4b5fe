/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* For the rows of domains: what is limited, where it runs, and what is noted down. */

/* What runs, what the next start uses. The second has the flag that says that texts among the
 * parameters are understood, which they always are. */
extern const VireoLibvirtFlag vireo_libvirt_affect_flags[];
extern const VireoLibvirtFlag vireo_libvirt_parameter_flags[];

/* Processors as a list rather than a map. */
GVariant *vireo_libvirt_pin_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_pin_emulator_in (VireoLibvirtCall *call, GError **error);
void vireo_libvirt_run_emulator_pin (VireoLibvirtCall *call);
void vireo_libvirt_run_io_threads (VireoLibvirtCall *call);
void vireo_libvirt_run_vcpu_pins (VireoLibvirtCall *call);

/* Dictionaries of parameters, which come last before the flags. */
GVariant *vireo_libvirt_parameters_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_parameters_out (VireoLibvirtCall *call,
                                        VireoNode *node,
                                        GVariant *values,
                                        GError **error);

GVariant *vireo_libvirt_get_metadata_in (VireoLibvirtCall *call, GError **error);
GVariant *vireo_libvirt_set_metadata_in (VireoLibvirtCall *call, GError **error);
extern const char *const vireo_libvirt_metadata_types[];

GVariant *vireo_libvirt_control_info_out (VireoLibvirtCall *call,
                                          VireoNode *node,
                                          GVariant *values,
                                          GError **error);
GVariant *vireo_libvirt_stats_period_in (VireoLibvirtCall *call, GError **error);
void vireo_libvirt_run_set_memory (VireoLibvirtCall *call);

G_END_DECLS
