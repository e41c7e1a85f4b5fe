/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-domains.h"

G_BEGIN_DECLS

/* The agent in a guest: whether it is there, and what it is asked. */

/* The guest has opened the port @alias, or closed it. @reason: of the event. */
void vireo_qemu_agent_set_open (VireoQemuDomain *self, const char *alias, gboolean open,
                                const char *reason);

/* Asks QEMU whether the agent is there, after somebody else was its client. */
void vireo_qemu_agent_reconcile (VireoQemuDomain *self);

/* Who waits for the agent is told that it is gone. */
void vireo_qemu_agent_drop (VireoQemuDomain *self);

/* The client. Errors: InvalidState when the domain has no agent that could be asked. */
VireoQga *vireo_qemu_agent_get (VireoQemuDomain *self, GError **error);

/* For how long it is waited for. */
int vireo_qemu_agent_get_timeout (VireoQemuDomain *self);

/* The driver's operations. */
void vireo_qemu_agent_fill (VireoDomainDriverInterface *iface);

/* ---- vireo-qemu-agent-info.c ---- */

/* What replies say, as the operations return it; a floating tuple. */
GVariant *vireo_qemu_agent_take_fs_info (VireoQemuDomain *self, JsonNode *reply);
GVariant *vireo_qemu_agent_take_interfaces (JsonNode *reply);
void vireo_qemu_agent_get_guest_info (VireoDomainDriver *driver, VireoDomainObj *obj,
                                      GVariant *args, GTask *task);

G_END_DECLS
