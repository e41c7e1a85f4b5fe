/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-exports.h"

G_BEGIN_DECLS

/* How each interface is served: a table a file. */
extern const VireoService vireo_service_manager;
extern const VireoService vireo_service_connection;
extern const VireoService vireo_service_domain;
extern const VireoService vireo_service_domain_checkpoint;
extern const VireoService vireo_service_domain_snapshot;
extern const VireoService vireo_service_network;
extern const VireoService vireo_service_secret;
extern const VireoService vireo_service_network_port;
extern const VireoService vireo_service_network_filter;
extern const VireoService vireo_service_network_filter_binding;
extern const VireoService vireo_service_node_device;
extern const VireoService vireo_service_host_interface;
extern const VireoService vireo_service_storage_pool;
extern const VireoService vireo_service_storage_volume;
extern const VireoService vireo_service_job;

/* All of them, ending with %NULL. */
extern const VireoService *const vireo_services[];

G_END_DECLS
