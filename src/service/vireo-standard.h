/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-bulk.h"
#include "vireo-call.h"

G_BEGIN_DECLS

/* What is behind the gate for the interfaces that every D-Bus object has. */

void vireo_standard_ping (VireoCall *call);
void vireo_standard_get_machine_id (VireoCall *call);
void vireo_standard_introspect (VireoCall *call);
void vireo_standard_get (VireoCall *call);
void vireo_standard_get_all (VireoCall *call);
void vireo_standard_get_managed_objects (VireoCall *call);

/* What Introspect() returns is begun, gets children that are always there, and is returned with
 * those that come and go: @name gives the name of each of @nodes as a string. */
GString *vireo_standard_begin_xml (const VireoInterfaceInfo *info);
void vireo_standard_add_child (GString *xml, const char *name);
void vireo_standard_return_xml (VireoCall *call,
                                GString *xml,
                                GPtrArray *nodes,
                                VireoBulkFunc name);

G_END_DECLS
