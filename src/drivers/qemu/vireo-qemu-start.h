/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-command.h"
#include "vireo-qemu-domains.h"
#include "vireo-qemu-open.h"

G_BEGIN_DECLS

/**
 * VireoQemuStart:
 *
 * A start on its way: what the steps hand to each other.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoQemuDomains *driver;
  VireoQemuDomain *domain;
  gboolean paused;
  gboolean reset_nvram;
  VireoQemuOpened *opened;
  VireoQemuCaps *caps;
  VireoQemuCommand *command;
  guint next_interface;
  guint replies;      /* of the monitor, that are still to come */
  GError *error;      /* the first of the monitor's */
  int exit_status;    /* of the process; -2 while it lives */
  gboolean killed;    /* by us */
} VireoQemuStart;

VireoDomainDef *vireo_qemu_start_get_def (VireoQemuStart *start);

/* The steps that plug in the interfaces, and that set the machine up over the monitor. */
void vireo_qemu_start_plug (gpointer context, GTask *task);
void vireo_qemu_start_set_up (gpointer context, GTask *task);

/* One interface: plugging it into what it is on (returns a #VireoNetworkSocket; takes @task over),
 * and saying in the live definition where it is. */
void vireo_qemu_plug (VireoNetworkDriver *networks, const VireoDomainDef *def,
                      const VireoInterfaceDef *interface, GTask *task);
void vireo_qemu_describe_tap (VireoInterfaceDef *interface, const VireoNetworkSocket *socket);

G_END_DECLS
