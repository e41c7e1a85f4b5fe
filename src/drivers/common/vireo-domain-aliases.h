/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/* Gives every device that has none its alias, which is also its name in hypervisors and events
 * ("virtio-disk0", "net0"); those that a person chose ("ua-…") stay. For the live definition. */
void vireo_domain_assign_aliases (VireoDomainDef *def);

G_END_DECLS
