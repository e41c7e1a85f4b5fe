/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-call.h"

G_BEGIN_DECLS

/* @message: (transfer full): any call. Finds out what it is, and sends it to the gate. */
void vireo_dispatch (VireoServer *server, VireoCaller *caller, GDBusMessage *message);

/* For calls inside of others, from vireo_call_new_inner(), of which is known what they are: sent to
 * the gate, as those from the bus are. All take @call over, and copy @node_path, which is the
 * object that is called. */

/* @info: of the object's interface; @args: (transfer none): what it takes, of the right types */
void vireo_dispatch_method (VireoCall *call,
                            const char *node_path,
                            const VireoMethodInfo *info,
                            GVariant *args);
/* @run: what to do when the caller has @actions (which may be %NULL) and may read the object */
void vireo_dispatch_read (VireoCall *call,
                          const char *node_path,
                          const VireoAction *const *actions,
                          void (*run) (VireoCall *call));
/* @value: (transfer none): of the type of the property */
void vireo_dispatch_set (VireoCall *call,
                         const char *node_path,
                         const VireoPropertyInfo *info,
                         GVariant *value);

G_END_DECLS
