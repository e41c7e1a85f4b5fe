/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-caller.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/* Domains that are destroyed when those who started them leave the bus. Which ones is written down,
 * in a folder that a reboot clears: a daemon that comes after this one goes on with it, for callers
 * who are still there and for those who have left meanwhile. */
typedef struct _VireoAutodestroy VireoAutodestroy;

/* @run_dir: where the folder is. Reads it. */
VireoAutodestroy *vireo_autodestroy_new (VireoTree *tree, const char *run_dir);
void vireo_autodestroy_free (VireoAutodestroy *self);

/* @connection: (nullable): the bus that callers are on; whoever called on another is gone. Nothing
 * is destroyed while there is no bus, for then nobody knows who is on it. */
void vireo_autodestroy_set_connection (VireoAutodestroy *self, GDBusConnection *connection);
/* The domains that there are have been found: goes on with those that another daemon wrote down. */
void vireo_autodestroy_begin (VireoAutodestroy *self);

/* From now on, until it stops, @domain is there for as long as @caller is. The callback comes when
 * that is on disk. Errors: those of writing it; the domain goes with the caller also then. */
void vireo_autodestroy_bind_async (VireoAutodestroy *self,
                                   VireoNode *domain,
                                   VireoCaller *caller,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean vireo_autodestroy_bind_finish (VireoAutodestroy *self,
                                        GAsyncResult *result,
                                        GError **error);

G_END_DECLS
