/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Daemons with the network driver only, one after the other in the test's process, and what the
 * service would call. Of two at once, the test must not keep anything alive. */

#include "drivers/vireo-driver.h"

/* stp off: a port would not forward for the first four seconds. */
#define NAT_XML                                                                                    \
  "<network><name>nat</name><uuid>81ff0d90-c91e-6742-64da-4a736edb9a9b</uuid><forward "            \
  "mode='nat'/><bridge stp='off'/><domain name='example.org'/><ip address='192.168.150.1' "        \
  "netmask='255.255.255.0'><dhcp><range start='192.168.150.2' end='192.168.150.9'/></dhcp></ip>"   \
  "</network>"

/* What the host has, before and after; and all that was told since. */
typedef struct
{
  char *folder;
  char *links;
  char *rules;
  char *routes;
  VireoEnv env;
  VireoNetworkDriver *driver;
  GString *events;
} Fixture;

void net_take_result (GObject *source, GAsyncResult *result, gpointer user_data);
void net_wait_for (GAsyncResult **result);
VireoNetworkDriverInterface *net_iface (Fixture *f);
VireoJob *net_begin (gpointer obj);
gboolean net_finish (GAsyncResult **result, GError **error);
VireoNetworkObj *net_define (Fixture *f, const char *xml, GError **error);
gboolean net_start (Fixture *f, VireoNetworkObj *obj, GError **error);
gboolean net_update (Fixture *f, VireoNetworkObj *obj, const VireoNetworkUpdate *update,
                     GError **error);
gboolean net_destroy (Fixture *f, VireoNetworkObj *obj, GError **error);
void net_undefine (Fixture *f, VireoNetworkObj *obj);
GPtrArray *net_get_leases (Fixture *f, VireoNetworkObj *obj);
VireoNetworkSocket *net_plug (Fixture *f, const char *network, const char *bridge,
                              const char *target, GError **error);
VireoNetworkObj *net_find (Fixture *f, const char *name);
void net_daemon_start (Fixture *f);
void net_daemon_end (Fixture *f);
void net_daemon_restart (Fixture *f);
void net_assert_nothing_left (Fixture *f);
void net_set_up (Fixture *f, gconstpointer data);
void net_tear_down (Fixture *f, gconstpointer data);
int net_dnsmasq_pid (Fixture *f);
