/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-connection.h"
#include "vireo-domain-checkpoint.h"
#include "vireo-domain-snapshot.h"
#include "vireo-domain.h"
#include "vireo-error-codes.h"
#include "vireo-host-interface.h"
#include "vireo-job.h"
#include "vireo-manager.h"
#include "vireo-network-filter-binding.h"
#include "vireo-network-filter.h"
#include "vireo-network-port.h"
#include "vireo-network.h"
#include "vireo-node-device.h"
#include "vireo-object.h"
#include "vireo-secret.h"
#include "vireo-storage-pool.h"
#include "vireo-storage-volume.h"

G_BEGIN_DECLS

#define VIREO_TYPE_CLIENT (vireo_client_get_type ())
G_DECLARE_FINAL_TYPE (VireoClient, vireo_client, VIREO, CLIENT, GObject)

void vireo_client_new_for_bus_async (GBusType bus_type, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
VireoClient *vireo_client_new_for_bus_finish (GAsyncResult *result, GError **error);
VireoClient *vireo_client_new_for_bus_sync (GBusType bus_type, GCancellable *cancellable,
                                            GError **error);

void vireo_client_new_for_address_async (const char *address, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
VireoClient *vireo_client_new_for_address_finish (GAsyncResult *result, GError **error);
VireoClient *vireo_client_new_for_address_sync (const char *address, GCancellable *cancellable,
                                                GError **error);

void vireo_client_new_for_host_async (const char *host, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
VireoClient *vireo_client_new_for_host_finish (GAsyncResult *result, GError **error);
VireoClient *vireo_client_new_for_host_sync (const char *host, GCancellable *cancellable,
                                             GError **error);

void vireo_client_new_for_dbus_connection_async (GDBusConnection *bus, GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data);
VireoClient *vireo_client_new_for_dbus_connection_finish (GAsyncResult *result, GError **error);
VireoClient *vireo_client_new_for_dbus_connection_sync (GDBusConnection *bus,
                                                        GCancellable *cancellable,
                                                        GError **error);

GDBusConnection *vireo_client_get_dbus_connection (VireoClient *self);
gboolean vireo_client_get_available (VireoClient *self);
gboolean vireo_client_get_interactive (VireoClient *self);
void vireo_client_set_interactive (VireoClient *self, gboolean interactive);

VireoManager *vireo_client_get_manager (VireoClient *self);
VireoObject *vireo_client_lookup_object (VireoClient *self, const char *path);
GListModel *vireo_client_get_connection_model (VireoClient *self);
GListModel *vireo_client_get_domain_model (VireoClient *self);
GListModel *vireo_client_get_network_model (VireoClient *self);
GListModel *vireo_client_get_storage_pool_model (VireoClient *self);
GListModel *vireo_client_get_job_model (VireoClient *self);
GListModel *vireo_client_get_model (VireoClient *self, GType type);

void vireo_client_wait_for_job_async (VireoClient *self, const char *path,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean vireo_client_wait_for_job_finish (VireoClient *self, GAsyncResult *result,
                                           GError **error);

GListModel *vireo_connection_get_domain_model (VireoConnection *self);
GListModel *vireo_connection_get_network_model (VireoConnection *self);
GListModel *vireo_connection_get_storage_pool_model (VireoConnection *self);
GListModel *vireo_storage_pool_get_volume_model (VireoStoragePool *self);
GListModel *vireo_domain_get_snapshot_model (VireoDomain *self);
GListModel *vireo_object_get_model (VireoObject *self, GType type);

G_END_DECLS
