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

/* The properties of a node as a{sv}; those named in @names only, unless it is %NULL. */
GVariant *
vireo_standard_properties (VireoNode *node, const VireoReading *reading, const char *const *names);

G_END_DECLS
