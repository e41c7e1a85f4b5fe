/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define VIREO_NETWORK_STATUS_SUFFIX ".status"
#define VIREO_NETWORK_STATUS_MAX_SIZE (16u * 1024 * 1024)

/**
 * VireoNetworkPhase:
 * @VIREO_NETWORK_PHASE_STARTING: any part of it may be there
 * @VIREO_NETWORK_PHASE_ACTIVE: all of it is there
 * @VIREO_NETWORK_PHASE_STOPPING: any part of it may be there
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_NETWORK_PHASE_STARTING,
  VIREO_NETWORK_PHASE_ACTIVE,
  VIREO_NETWORK_PHASE_STOPPING,
} VireoNetworkPhase;

/**
 * VireoNetworkTap:
 * @device: name of a guest's device on the host
 * @index: the kernel's number of it, which no other device gets
 * @owner: UUID of the domain, or ""
 *
 * Since: 0.1
 */
typedef struct
{
  char *device;
  int index;
  char *owner;
} VireoNetworkTap;

VireoNetworkTap *vireo_network_tap_new (const char *device, int index, const char *owner);
void vireo_network_tap_free (VireoNetworkTap *tap);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoNetworkTap, vireo_network_tap_free)

/**
 * VireoNetworkStatus:
 * @uuid: the network's
 * @phase: how far it is
 * @owner: the user id of who made it
 * @bridge: name of its bridge
 * @mac: (nullable): MAC address of its bridge; %NULL when the bridge is not ours
 * @dnsmasq_pid: its dnsmasq, or 0
 * @dnsmasq_start_time: when that started, in clock ticks since boot
 * @taps: (element-type VireoNetworkTap): the guests' devices
 * @xml: the live definition
 *
 * What is written down of a network before anything is made of it, so that whoever comes after a
 * daemon that died can go on, or clean up.
 *
 * Since: 0.1
 */
typedef struct
{
  char *uuid;
  VireoNetworkPhase phase;
  guint owner;
  char *bridge;
  char *mac;
  int dnsmasq_pid;
  guint64 dnsmasq_start_time;
  GPtrArray *taps;
  char *xml;
} VireoNetworkStatus;

VireoNetworkStatus *vireo_network_status_new (const char *uuid);
void vireo_network_status_free (VireoNetworkStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoNetworkStatus, vireo_network_status_free)

GBytes *vireo_network_status_format (const VireoNetworkStatus *status);
VireoNetworkStatus *vireo_network_status_parse (const char *uuid, GBytes *bytes, GError **error);

G_END_DECLS
