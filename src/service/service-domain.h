/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* The methods of a domain, by topic; see #VireoService.more_methods. */
extern const VireoHandler vireo_domain_edit_methods[];
extern const VireoHandler vireo_domain_guest_methods[];
extern const VireoHandler vireo_domain_monitor_methods[];

/* ---- service-domain-monitor.c ---- */

void vireo_connection_subscribe_monitor_events (VireoCall *call);
void vireo_connection_unsubscribe_monitor_events (VireoCall *call);

/* ---- service-domain-stats.c ---- */

void vireo_domain_get_stats (VireoCall *call);
void vireo_connection_get_domain_stats (VireoCall *call);

/* The definition that the options `live` and `config` ask for; %NULL when the call was answered. */
const VireoDomainDef *vireo_domain_call_get_def (VireoCall *call);

G_END_DECLS
