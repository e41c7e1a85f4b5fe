/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/common/vireo-domain-moments.h"
#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* Snapshots on disk: one file for each, and one that names the current one of a domain. */

/* Reads all, when the domains have been loaded. */
void vireo_qemu_moments_load (VireoQemuDomains *self);
/* Writes a snapshot, and which is the current one. @task: (transfer full): returns a boolean */
void vireo_qemu_moments_save (VireoQemuDomains *self, VireoMomentObj *moment, GTask *task);
/* Removes @moments (element-type VireoMomentObj) from the disk and then from their list. */
void vireo_qemu_moments_remove (VireoQemuDomains *self, VireoDomainObj *obj, GPtrArray *moments,
                                GTask *task);

/* Snapshots; as the interface says. */
void vireo_qemu_snapshots_fill (VireoDomainDriverInterface *iface);

G_END_DECLS
