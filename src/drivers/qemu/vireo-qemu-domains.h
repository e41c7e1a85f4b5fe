/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-domain-keeper.h"
#include "drivers/vireo-driver.h"
#include "vireo-qemu-caps-cache.h"
#include "vireo-qemu-domain.h"
#include "vireo-qemu-images.h"
#include "vireo-qemu-log.h"

G_BEGIN_DECLS

/**
 * VireoQemuDomains:
 *
 * The domains of QEMU: implements #VireoDomainDriver over the keeper of definitions.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_QEMU_DOMAINS (vireo_qemu_domains_get_type ())
G_DECLARE_FINAL_TYPE (VireoQemuDomains, vireo_qemu_domains, VIREO, QEMU_DOMAINS, VireoDomainKeeper)

/**
 * VireoQemuTimeouts:
 * @start: for QEMU to greet
 * @quit: for QEMU to end when it is told to by its monitor
 * @terminate: for it to end by SIGTERM
 * @kill: for the kernel to end it
 * @graceful: for QEMU to end when nobody may kill it
 * @unplug: for a guest to release a device
 * @stats: for QEMU to give figures
 *
 * How long is waited for a hypervisor, in milliseconds.
 *
 * Since: 0.1
 */
typedef struct
{
  guint start;
  guint quit;
  guint terminate;
  guint kill;
  guint graceful;
  guint unplug;
  guint stats;
} VireoQemuTimeouts;

struct _VireoQemuDomains
{
  VireoDomainKeeper parent_instance;

  const VireoEnv *env;
  VireoNetworkDriver *networks; /* (nullable) */
  VireoStorageDriver *storage;  /* (nullable) */
  VireoQemuCapsCache *caps;
  VireoQemuIdentity identity;
  GError *identity_error; /* why guests cannot run as who they should */
  VireoStore *statuses;
  VireoStore *snapshots;
  VireoQemuImageRegistry *images;
  VireoQemuLogGuard *log_guard;
  char *run_dir; /* the driver's */
  char *log_dir; /* the driver's */
  guint next_id;
  VireoQemuTimeouts timeouts;
  gboolean monitors_watched; /* whether anybody wants to hear what monitors say */
};

VireoQemuDomains *vireo_qemu_domains_new (const VireoEnv *env, VireoNetworkDriver *networks,
                                          VireoStorageDriver *storage);

/* Loads the definitions, takes over the guests that run, and starts, once a boot, those that are to
 * be started. Returns a boolean with @task. */
void vireo_qemu_domains_open (VireoQemuDomains *self, GTask *task);

/* The operations; as the interface says. */
void vireo_qemu_start (VireoDomainDriver *driver, VireoDomainObj *obj, VireoDomainStartFlags flags,
                       GTask *task);
void vireo_qemu_create (VireoDomainDriver *driver, const VireoDomainDef *def, guint owner,
                        VireoDomainStartFlags flags, GTask *task);
void vireo_qemu_destroy (VireoDomainDriver *driver, VireoDomainObj *obj,
                         VireoDomainDestroyFlags flags, GTask *task);
void vireo_qemu_shutdown (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task);
void vireo_qemu_reboot (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task);
void vireo_qemu_reset (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task);
void vireo_qemu_suspend (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task);
void vireo_qemu_resume (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task);
void vireo_qemu_open_console (VireoDomainDriver *driver, VireoDomainObj *obj, const char *device,
                              gboolean force, GTask *task);

/* Takes over all guests that the status files tell of. Returns a boolean with @task. */
void vireo_qemu_attach_all (VireoQemuDomains *self, GTask *task);

/* Starts what is to be started with the host, unless that was done since its boot. */
void vireo_qemu_autostart (VireoQemuDomains *self);

/* Removes the guest's folder and sockets, without waiting. */
void vireo_qemu_remove_runtime (const VireoQemuStatus *status);

G_END_DECLS
