/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-driver.h"
#include "vireo-tree.h"

G_BEGIN_DECLS

/**
 * VireoHypervisors:
 *
 * The drivers, and the connections that they opened and that are in the tree.
 */
#define VIREO_TYPE_HYPERVISORS (vireo_hypervisors_get_type ())
G_DECLARE_FINAL_TYPE (VireoHypervisors, vireo_hypervisors, VIREO, HYPERVISORS, GObject)

VireoHypervisors *vireo_hypervisors_new (VireoTree *tree,
                                         const VireoEnv *env,
                                         const char *const *only,
                                         GError **error);
VireoHypervisors *vireo_hypervisors_of (VireoTree *tree);

char **vireo_hypervisors_get_names (VireoHypervisors *self);
VireoDriver *vireo_hypervisors_find (VireoHypervisors *self, const char *uri);

void vireo_hypervisors_open_async (VireoHypervisors *self,
                                   const char *uri,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
VireoNode *
vireo_hypervisors_open_finish (VireoHypervisors *self, GAsyncResult *result, GError **error);

void vireo_hypervisors_open_all_async (VireoHypervisors *self,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
void vireo_hypervisors_open_all_finish (VireoHypervisors *self, GAsyncResult *result);

void vireo_hypervisors_reload_async (VireoHypervisors *self,
                                     VireoNode *connection,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean
vireo_hypervisors_reload_finish (VireoHypervisors *self, GAsyncResult *result, GError **error);

G_END_DECLS
