/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-network-obj.h"
#include "vireo-network-port-obj.h"

G_BEGIN_DECLS

/**
 * VireoNetworkLease:
 * @mac: in lower case with colons; for IPv6 when it is known
 * @address: as text
 * @prefix: length of the prefix of the network it is in
 * @expires: seconds since the epoch, 0 for never
 * @hostname: (nullable): as the client told it
 * @client_id: (nullable): DHCP client id or DUID
 * @iaid: (nullable): of an IPv6 lease
 *
 * Since: 0.1
 */
typedef struct
{
  char *mac;
  char *address;
  guint prefix;
  gint64 expires;
  char *hostname;
  char *client_id;
  char *iaid;
} VireoNetworkLease;

void vireo_network_lease_free (VireoNetworkLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoNetworkLease, vireo_network_lease_free)

/**
 * VireoNetworkPlug:
 * @network: (nullable): name of a network; %NULL when @bridge is given
 * @bridge: (nullable): name of a host bridge that is not a network's
 * @target: (nullable): name wanted for the host's device; one is chosen when it is %NULL
 * @mac: the guest's MAC address
 * @mtu: 0 for the bridge's own
 * @vnet_header: whether frames carry a virtio-net header
 * @owner_uuid: UUID of the domain, for the record
 *
 * What a domain's network interface wants to be plugged into.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *network;
  const char *bridge;
  const char *target;
  const char *mac;
  guint mtu;
  gboolean vnet_header;
  const char *owner_uuid;
} VireoNetworkPlug;

/**
 * VireoNetworkSocket:
 * @fd: the tap device, owned by this struct
 * @device: its name on the host
 * @bridge: the bridge that it is in
 *
 * Since: 0.1
 */
typedef struct
{
  int fd;
  char *device;
  char *bridge;
} VireoNetworkSocket;

void vireo_network_socket_free (VireoNetworkSocket *socket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoNetworkSocket, vireo_network_socket_free)

/**
 * VireoNetworkUpdateCommand:
 *
 * What happens to one of the elements of a network, numbered as in libvirt's public interface.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_NETWORK_UPDATE_MODIFY = 1,
  VIREO_NETWORK_UPDATE_DELETE = 2,
  VIREO_NETWORK_UPDATE_ADD_LAST = 3,
  VIREO_NETWORK_UPDATE_ADD_FIRST = 4,
} VireoNetworkUpdateCommand;

/**
 * VireoNetworkUpdateSection:
 *
 * Which element of a network, numbered as in libvirt's public interface.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_NETWORK_SECTION_BRIDGE = 1,
  VIREO_NETWORK_SECTION_DOMAIN = 2,
  VIREO_NETWORK_SECTION_IP = 3,
  VIREO_NETWORK_SECTION_IP_DHCP_HOST = 4,
  VIREO_NETWORK_SECTION_IP_DHCP_RANGE = 5,
  VIREO_NETWORK_SECTION_FORWARD = 6,
  VIREO_NETWORK_SECTION_FORWARD_INTERFACE = 7,
  VIREO_NETWORK_SECTION_FORWARD_PF = 8,
  VIREO_NETWORK_SECTION_PORTGROUP = 9,
  VIREO_NETWORK_SECTION_DNS_HOST = 10,
  VIREO_NETWORK_SECTION_DNS_TXT = 11,
  VIREO_NETWORK_SECTION_DNS_SRV = 12,
  VIREO_NETWORK_N_SECTIONS,
} VireoNetworkUpdateSection;

/* By their names in our interface, such as "add-last" and "ip-dhcp-host". */
gboolean vireo_network_update_command_from_string (const char *name,
                                                   VireoNetworkUpdateCommand *ret_command);
gboolean vireo_network_update_section_from_string (const char *name,
                                                   VireoNetworkUpdateSection *ret_section);

/**
 * VireoNetworkUpdate:
 * @command: what happens to an element
 * @section: which kind of element
 * @parent: which `<ip>` it is in, from 0; -1 for the one that it fits best
 * @xml: the element
 * @live: whether in what is up
 * @config: whether in what the next start uses; with neither, in what is up, or what the next start
 *   uses when nothing is
 *
 * A change of one element of a network.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoNetworkUpdateCommand command;
  VireoNetworkUpdateSection section;
  int parent;
  const char *xml;
  gboolean live;
  gboolean config;
} VireoNetworkUpdate;

#define VIREO_TYPE_NETWORK_DRIVER (vireo_network_driver_get_type ())
G_DECLARE_INTERFACE (VireoNetworkDriver, vireo_network_driver, VIREO, NETWORK_DRIVER, GObject)

/**
 * VireoNetworkDriverInterface:
 * @get_networks: (transfer none): the networks
 * @define: as for domains
 * @create: as for domains
 * @replace: as for domains
 * @undefine: as for domains
 * @set_autostart: as for domains
 * @start: brings the network up
 * @destroy: takes it down
 * @update: changes one element of the definitions, of a network that is up without taking it down
 * @get_leases: returns a #GPtrArray of #VireoNetworkLease. Without the slot
 * @create_port: gives a guest's interface a place on an active network; returns a
 *   #VireoNetworkPortObj, a child of the network
 * @delete_port: takes it away
 * @set_port_parameters: limits how fast it may be: a{sv} as vireo_bandwidth_def_to_parameters()
 *   gives
 * @reload: as for domains
 * @plug: for domain drivers: makes a tap device in a network (started first if it is not up) or a
 *   bridge. Returns a #VireoNetworkSocket. Takes the network's slot itself
 * @unplug: for domain drivers: removes the tap device @device, at once and without failing
 *
 * What can be done with networks. See the folder's README for the rules.
 *
 * Since: 0.1
 */
struct _VireoNetworkDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_networks) (VireoNetworkDriver *self);

  void (*define) (VireoNetworkDriver *self, const VireoNetworkDef *def, guint owner, GTask *task);
  void (*create) (VireoNetworkDriver *self, const VireoNetworkDef *def, guint owner, GTask *task);
  void (*replace) (VireoNetworkDriver *self,
                   VireoNetworkObj *obj,
                   const VireoNetworkDef *def,
                   GTask *task);
  void (*undefine) (VireoNetworkDriver *self, VireoNetworkObj *obj, GTask *task);
  void (*set_autostart) (VireoNetworkDriver *self,
                         VireoNetworkObj *obj,
                         gboolean autostart,
                         GTask *task);
  void (*start) (VireoNetworkDriver *self, VireoNetworkObj *obj, GTask *task);
  void (*destroy) (VireoNetworkDriver *self, VireoNetworkObj *obj, GTask *task);
  void (*update) (VireoNetworkDriver *self,
                  VireoNetworkObj *obj,
                  const VireoNetworkUpdate *update,
                  GTask *task);
  void (*get_leases) (VireoNetworkDriver *self, VireoNetworkObj *obj, GTask *task);
  void (*create_port) (VireoNetworkDriver *self,
                       VireoNetworkObj *obj,
                       const VireoNetworkPortDef *def,
                       guint owner,
                       GTask *task);
  void (*delete_port) (VireoNetworkDriver *self, VireoNetworkPortObj *port, GTask *task);
  void (*set_port_parameters) (VireoNetworkDriver *self,
                               VireoNetworkPortObj *port,
                               GVariant *parameters,
                               GTask *task);
  void (*reload) (VireoNetworkDriver *self, GTask *task);

  void (*plug) (VireoNetworkDriver *self, const VireoNetworkPlug *plug, GTask *task);
  void (*unplug) (VireoNetworkDriver *self, const char *device);
};

G_END_DECLS
