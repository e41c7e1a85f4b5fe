/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* What is behind the gate for the interfaces that every D-Bus object has. */

void vireo_standard_ping (VireoCall *call);
void vireo_standard_get_machine_id (VireoCall *call);
void vireo_standard_introspect (VireoCall *call);
void vireo_standard_get (VireoCall *call);
void vireo_standard_get_all (VireoCall *call);
void vireo_standard_get_managed_objects (VireoCall *call);

GString *vireo_standard_begin_xml (const VireoInterfaceInfo *info);

G_END_DECLS
