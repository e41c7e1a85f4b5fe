/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

const VireoService *const vireo_services[] = {
  &vireo_service_manager,
  &vireo_service_connection,
  &vireo_service_domain,
  &vireo_service_network,
  &vireo_service_network_port,
  &vireo_service_network_filter,
  &vireo_service_network_filter_binding,
  &vireo_service_node_device,
  &vireo_service_host_interface,
  &vireo_service_secret,
  &vireo_service_storage_pool,
  &vireo_service_storage_volume,
  &vireo_service_domain_snapshot,
  &vireo_service_domain_checkpoint,
  &vireo_service_job,
  NULL,
};
