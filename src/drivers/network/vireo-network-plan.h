/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"
#include "vireo-ip.h"

G_BEGIN_DECLS

/* IFNAMSIZ without the NUL. */
#define VIREO_DEVICE_NAME_MAX 15

/* A definition may ask for no more addresses than this in one DHCP range: dnsmasq keeps its leases
 * in memory, and refuses more itself. */
#define VIREO_NETWORK_MAX_RANGE 0x10000

/**
 * VireoNetworkMode:
 * @VIREO_NETWORK_MODE_ISOLATED: only the guests and the host
 * @VIREO_NETWORK_MODE_NAT: outwards, behind the host's address
 * @VIREO_NETWORK_MODE_ROUTE: in both directions
 * @VIREO_NETWORK_MODE_OPEN: no rules of ours at all
 * @VIREO_NETWORK_MODE_BRIDGE: a bridge of the host's that somebody else takes care of
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_NETWORK_MODE_ISOLATED,
  VIREO_NETWORK_MODE_NAT,
  VIREO_NETWORK_MODE_ROUTE,
  VIREO_NETWORK_MODE_OPEN,
  VIREO_NETWORK_MODE_BRIDGE,
} VireoNetworkMode;

/**
 * VireoPlanRange:
 * @start: first address that is given out
 * @end: last one
 * @lease_time: seconds, 0 for ever, -1 for dnsmasq's default
 *
 * Since: 0.1
 */
typedef struct
{
  VireoIp start;
  VireoIp end;
  gint64 lease_time;
} VireoPlanRange;

/**
 * VireoPlanHost:
 * @mac: (nullable): in lower case with colons
 * @id: (nullable): DHCP client id or DUID, as hexadecimal bytes with colons
 * @name: (nullable): host name
 * @ip: its address; none when only the name is fixed
 * @lease_time: as in #VireoPlanRange
 *
 * A host that always gets the same address.
 *
 * Since: 0.1
 */
typedef struct
{
  char *mac;
  char *id;
  char *name;
  VireoIp ip;
  gint64 lease_time;
} VireoPlanHost;

/**
 * VireoPlanSubnet:
 * @address: the host's address on the bridge
 * @prefix: length of the network's prefix
 * @ranges: (element-type VireoPlanRange)
 * @hosts: (element-type VireoPlanHost)
 * @boot_file: (nullable): of PXE
 * @boot_server: none, or where the boot file is
 * @tftp_root: (nullable): folder that is served by TFTP
 * @local_ptr: whether names of its addresses are never asked for elsewhere
 *
 * Since: 0.1
 */
typedef struct
{
  VireoIp address;
  guint prefix;
  GPtrArray *ranges;
  GPtrArray *hosts;
  char *boot_file;
  VireoIp boot_server;
  char *tftp_root;
  gboolean local_ptr;
} VireoPlanSubnet;

/**
 * VireoPlanRoute:
 * @network: first address of the destination
 * @prefix: its prefix length
 * @gateway: a guest on the network
 * @metric: 0 for the kernel's default
 *
 * Since: 0.1
 */
typedef struct
{
  VireoIp network;
  guint prefix;
  VireoIp gateway;
  guint32 metric;
} VireoPlanRoute;

/**
 * VireoPlanForwarder:
 * @domain: (nullable): only for names below it
 * @address: none for the host's own servers
 *
 * Since: 0.1
 */
typedef struct
{
  char *domain;
  VireoIp address;
} VireoPlanForwarder;

/**
 * VireoPlanText:
 * @name: name of a TXT record
 * @value: its text
 *
 * Since: 0.1
 */
typedef struct
{
  char *name;
  char *value;
} VireoPlanText;

/**
 * VireoPlanService:
 * @service: without the underscore
 * @protocol: without the underscore
 * @domain: (nullable): the network's own when it is %NULL
 * @target: (nullable): "." says that the service is not there
 * @port: 0 when it is not given, as the next two
 * @priority: see RFC 2782
 * @weight: see RFC 2782
 *
 * Since: 0.1
 */
typedef struct
{
  char *service;
  char *protocol;
  char *domain;
  char *target;
  guint port;
  guint priority;
  guint weight;
} VireoPlanService;

/**
 * VireoPlanName:
 * @address: an address
 * @names: (element-type utf8): what it is called
 *
 * Since: 0.1
 */
typedef struct
{
  VireoIp address;
  GPtrArray *names;
} VireoPlanName;

/**
 * VireoNetworkPlan:
 * @name: the network's name; only for messages
 * @uuid: its UUID
 * @mode: what goes in and out
 * @bridge: name of the bridge
 * @mac: (nullable): MAC address of the bridge
 * @stp: whether it takes part in the spanning tree protocol
 * @delay: its forward delay, in seconds
 * @mtu: 0 for the kernel's default
 * @forward_device: (nullable): the only device of the host that traffic may pass
 * @nat_ipv6: whether IPv6 is behind the host's address as well
 * @nat_start: none, or the first address that connections leave from
 * @nat_end: the last one
 * @nat_port_start: first port that connections leave from
 * @nat_port_end: last one
 * @domain: (nullable): domain name that guests get
 * @domain_local: whether it is never asked for elsewhere
 * @dns: whether the network has a name server
 * @forward_plain_names: whether names without a dot are asked for elsewhere
 * @subnets: (element-type VireoPlanSubnet)
 * @routes: (element-type VireoPlanRoute)
 * @forwarders: (element-type VireoPlanForwarder)
 * @texts: (element-type VireoPlanText)
 * @services: (element-type VireoPlanService)
 * @names: (element-type VireoPlanName)
 *
 * What a definition asks for, checked and as typed values. The kernel, nftables and dnsmasq are
 * told from this, never from a definition: its strings hold only characters that mean nothing to
 * any of them.
 *
 * Since: 0.1
 */
typedef struct
{
  char *name;
  char *uuid;
  VireoNetworkMode mode;
  char *bridge;
  char *mac;
  gboolean stp;
  guint delay;
  guint mtu;
  char *forward_device;
  gboolean nat_ipv6;
  VireoIp nat_start;
  VireoIp nat_end;
  guint nat_port_start;
  guint nat_port_end;
  char *domain;
  gboolean domain_local;
  gboolean dns;
  gboolean forward_plain_names;
  GPtrArray *subnets;
  GPtrArray *routes;
  GPtrArray *forwarders;
  GPtrArray *texts;
  GPtrArray *services;
  GPtrArray *names;
} VireoNetworkPlan;

VireoNetworkPlan *vireo_network_plan_new (const VireoNetworkDef *def, GPtrArray *problems);
VireoNetworkPlan *vireo_network_plan_new_checked (const VireoNetworkDef *def, GError **error);
VireoNetworkPlan *vireo_network_plan_new_empty (void);
VireoNetworkPlan *vireo_network_plan_ref (VireoNetworkPlan *plan);
void vireo_network_plan_unref (VireoNetworkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoNetworkPlan, vireo_network_plan_unref)

VireoPlanSubnet *vireo_network_plan_add_subnet (VireoNetworkPlan *plan);
VireoPlanRange *vireo_plan_subnet_add_range (VireoPlanSubnet *subnet);
VireoPlanHost *vireo_plan_subnet_add_host (VireoPlanSubnet *subnet);
VireoPlanRoute *vireo_network_plan_add_route (VireoNetworkPlan *plan);
VireoPlanForwarder *vireo_network_plan_add_forwarder (VireoNetworkPlan *plan);
VireoPlanText *vireo_network_plan_add_text (VireoNetworkPlan *plan);
VireoPlanService *vireo_network_plan_add_service (VireoNetworkPlan *plan);
VireoPlanName *vireo_network_plan_add_name (VireoNetworkPlan *plan);

gboolean vireo_network_plan_has_family (const VireoNetworkPlan *plan, int family);
gboolean vireo_network_plan_has_dhcp (const VireoNetworkPlan *plan);
gboolean vireo_network_plan_needs_dnsmasq (const VireoNetworkPlan *plan);
gboolean vireo_network_plan_owns_bridge (const VireoNetworkPlan *plan);
gboolean vireo_network_plan_forwards (const VireoNetworkPlan *plan);

G_END_DECLS
