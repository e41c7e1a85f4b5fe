/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files vireo-bridge-network*.c share. */

#include "vireo-bridge-network.h"

G_BEGIN_DECLS

struct _VireoBridgeNetwork
{
  VireoNetworkObj parent_instance;

  const VireoNetworkFolders *folders;
  VireoDnsmasqPaths *paths;
  /* By name of the device. A guest that goes on when the network goes down keeps its device, which
   * the network takes back when it comes up again. */
  GHashTable *taps;

  /* From here on: only while it is up, or on the way. */
  VireoNetworkPhase phase;
  VireoNetworkPlan *plan;
  /* What taking it down removes, which can be known without a plan. */
  char *bridge;
  char *mac;
  /* Why it could not be taken down whole. */
  GError *down_error;

  VireoDnsmasq *dnsmasq;
  guint n_restarts;
  gint64 restarts_since;

  GFileMonitor *monitor;
  gboolean reading_leases;
  gboolean leases_changed;
  char *leases_seen;
};

/* Makes what it needs to be up from the live definition. */
gboolean _vireo_bridge_network_plan (VireoBridgeNetwork *self, GError **error);
void _vireo_bridge_network_clear (VireoBridgeNetwork *self);
void _vireo_bridge_network_count_taps (VireoBridgeNetwork *self);

void _vireo_bridge_network_watch_leases (VireoBridgeNetwork *self);
void _vireo_bridge_network_watch_dnsmasq (VireoBridgeNetwork *self);
void _vireo_bridge_network_drop_dnsmasq (VireoBridgeNetwork *self);

/* How steps end that save or start dnsmasq: callbacks, whose @user_data is the task of the step. */
void _vireo_bridge_network_saved (GObject *source, GAsyncResult *result, gpointer user_data);
void _vireo_bridge_network_dnsmasq_started (GObject *source, GAsyncResult *result,
                                            gpointer user_data);

G_END_DECLS
