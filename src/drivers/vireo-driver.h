/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-domain-driver.h"
#include "vireo-host-driver.h"
#include "vireo-host-interface-driver.h"
#include "vireo-network-driver.h"
#include "vireo-network-filter-driver.h"
#include "vireo-node-device-driver.h"
#include "vireo-secret-driver.h"
#include "vireo-storage-driver.h"

G_BEGIN_DECLS

/**
 * VireoEnv:
 * @session: whether the daemon serves one user's session bus
 * @state_dir: definitions; survives a reboot
 * @run_dir: live status, sockets; cleared by a reboot
 * @cache_dir: what can be found out again
 * @log_dir: guests' logs
 * @config_dir: what administrators write
 * @guest_user: (nullable): the user that guests run as; %NULL for the daemon's own
 *
 * Where a daemon keeps its things. Made once at start; everything that drivers put on disk is below
 * these folders, so that several daemons can live side by side.
 *
 * Since: 0.1
 */
typedef struct
{
  gboolean session;
  char *state_dir;
  char *run_dir;
  char *cache_dir;
  char *log_dir;
  char *config_dir;
  char *guest_user;
} VireoEnv;

/**
 * VireoPart:
 * @VIREO_PART_DOMAINS: a #VireoDomainDriver
 * @VIREO_PART_NETWORKS: a #VireoNetworkDriver
 * @VIREO_PART_HOST: a #VireoHostDriver
 * @VIREO_PART_NETWORK_FILTERS: a #VireoNetworkFilterDriver
 * @VIREO_PART_NODE_DEVICES: a #VireoNodeDeviceDriver
 * @VIREO_PART_HOST_INTERFACES: a #VireoHostInterfaceDriver
 * @VIREO_PART_SECRETS: a #VireoSecretDriver
 * @VIREO_PART_STORAGE: a #VireoStorageDriver
 * @VIREO_PART_CONNECTION: the connection itself, which is no part
 *
 * The parts of a connection.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_PART_DOMAINS,
  VIREO_PART_NETWORKS,
  VIREO_PART_HOST,
  VIREO_PART_NETWORK_FILTERS,
  VIREO_PART_NODE_DEVICES,
  VIREO_PART_HOST_INTERFACES,
  VIREO_PART_SECRETS,
  VIREO_PART_STORAGE,
  VIREO_N_PARTS,
  VIREO_PART_CONNECTION = VIREO_N_PARTS,
} VireoPart;

/* Some function of a driver's table, to be cast to what it is. */
typedef void (*VireoDriverFunc) (void);

/**
 * VireoConnectionObj:
 *
 * An open connection to a hypervisor. A #VireoObj of the kind "connect" whose name is the id in its
 * D-Bus path, and whose children are the objects of its parts. Properties beside: `id` s, `driver`
 * s, `uri` s, `hostname` s, `hypervisor-version` s. A driver makes one with g_object_new() and the
 * construct properties `name` (the id), `driver`, `uri`, `domain-driver`, `network-driver`,
 * `storage-driver` and `host-driver` (its parts, as #GObjects); `hostname` is this host's unless it
 * is given; `hypervisor-version` may change later.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_CONNECTION_OBJ (vireo_connection_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoConnectionObj, vireo_connection_obj, VIREO, CONNECTION_OBJ, VireoObj)

/**
 * VireoConnectionObjClass:
 * @get_capabilities: (nullable): returns the `capabilities` document, as a string
 * @get_domain_capabilities: (nullable): what a guest can have, as functions of #VireoHostDriver
 * @get_cpu_models: (nullable): so, too
 * @compare_cpu: (nullable): so, too
 * @baseline_cpu: (nullable): so, too
 * @domain_xml_from_native: (nullable): the definition of a guest from what the hypervisor itself
 *   keeps of one, so, too
 * @domain_xml_to_native: (nullable): the other way round, for @owner; returns a string
 *
 * Since: 0.1
 */
struct _VireoConnectionObjClass
{
  VireoObjClass parent_class;

  void (*get_capabilities) (VireoConnectionObj *self, GTask *task);
  void (*get_domain_capabilities) (VireoConnectionObj *self, GVariant *args, GTask *task);
  void (*get_cpu_models) (VireoConnectionObj *self, GVariant *args, GTask *task);
  void (*compare_cpu) (VireoConnectionObj *self, GVariant *args, GTask *task);
  void (*baseline_cpu) (VireoConnectionObj *self, GVariant *args, GTask *task);
  void (*domain_xml_from_native) (VireoConnectionObj *self, GVariant *args, GTask *task);
  void (*domain_xml_to_native) (VireoConnectionObj *self, const char *format,
                                const VireoDomainDef *def, guint owner, GTask *task);
};

/* The parts of a connection; %NULL where it has none. */
VireoDomainDriver *vireo_connection_obj_get_domain_driver (VireoConnectionObj *self);
VireoNetworkDriver *vireo_connection_obj_get_network_driver (VireoConnectionObj *self);
const char *vireo_connection_obj_get_uri (VireoConnectionObj *self);
const char *vireo_connection_obj_get_driver_name (VireoConnectionObj *self);
gpointer vireo_connection_obj_get_part (VireoConnectionObj *self, VireoPart part);
VireoDriverFunc
vireo_connection_obj_get_function (VireoConnectionObj *self, VireoPart part, gsize offset);
void vireo_connection_obj_reload_async (VireoConnectionObj *self,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean
vireo_connection_obj_reload_finish (VireoConnectionObj *self, GAsyncResult *result, GError **error);
/* For drivers: (nullable): "" or %NULL when there is no hypervisor now. */
void vireo_connection_obj_set_hypervisor_version (VireoConnectionObj *self, const char *version);

/**
 * VireoDriverInterface:
 * @name: what `Driver` and polkit's connect_driver say, such as "QEMU"
 * @id: last part of the connection's path, such as "qemu"
 * @several: whether there can be connections with different URIs at once
 * @probe: says whether the driver can be used on this host at all; quick, does not block
 * @accepts_uri: whether @uri is one of this driver's
 * @open: opens the connection and loads what it has. Returns a #VireoConnectionObj
 *
 * A hypervisor driver, of which there is one object.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_DRIVER (vireo_driver_get_type ())
G_DECLARE_INTERFACE (VireoDriver, vireo_driver, VIREO, DRIVER, GObject)

struct _VireoDriverInterface
{
  GTypeInterface parent;

  const char *name;
  const char *id;
  gboolean several;
  gboolean (*probe) (VireoDriver *self, GError **error);
  gboolean (*accepts_uri) (VireoDriver *self, const char *uri);
  void (*open) (VireoDriver *self, const char *uri, GTask *task);
};

const char *vireo_driver_get_name (VireoDriver *self);
const char *vireo_driver_get_id (VireoDriver *self);
gboolean vireo_driver_probe (VireoDriver *self, GError **error);
gboolean vireo_driver_accepts_uri (VireoDriver *self, const char *uri);
void vireo_driver_open_async (VireoDriver *self,
                              const char *uri,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
VireoConnectionObj *
vireo_driver_open_finish (VireoDriver *self, GAsyncResult *result, GError **error);

/* The registry: all drivers that this build has, made with @env. (transfer full)
 * (element-type VireoDriver) */
GPtrArray *vireo_drivers_new (const VireoEnv *env);

G_END_DECLS
