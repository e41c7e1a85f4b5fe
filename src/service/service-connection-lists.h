/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* Handlers of the Connection interface that look for objects. What the caller does not see is not
 * found. */
void vireo_connection_list_domains (VireoCall *call);
void vireo_connection_get_domains (VireoCall *call);
void vireo_connection_lookup_domain_by_name (VireoCall *call);
void vireo_connection_lookup_domain_by_uuid (VireoCall *call);
void vireo_connection_lookup_domain_by_id (VireoCall *call);
void vireo_connection_list_networks (VireoCall *call);
void vireo_connection_get_networks (VireoCall *call);
void vireo_connection_lookup_network_by_name (VireoCall *call);
void vireo_connection_lookup_network_by_uuid (VireoCall *call);

G_END_DECLS
