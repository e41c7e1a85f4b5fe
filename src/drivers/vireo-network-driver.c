/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-driver.h"

#include <unistd.h>

G_DEFINE_INTERFACE (VireoNetworkDriver, vireo_network_driver, G_TYPE_OBJECT)

static void
vireo_network_driver_default_init (VireoNetworkDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
}

static const struct
{
  const char *name;
  VireoNetworkUpdateCommand command;
} commands[] = {
  { "modify", VIREO_NETWORK_UPDATE_MODIFY },
  { "delete", VIREO_NETWORK_UPDATE_DELETE },
  { "add-last", VIREO_NETWORK_UPDATE_ADD_LAST },
  { "add-first", VIREO_NETWORK_UPDATE_ADD_FIRST },
};

static const char *const sections[VIREO_NETWORK_N_SECTIONS] = {
  [VIREO_NETWORK_SECTION_BRIDGE] = "bridge",
  [VIREO_NETWORK_SECTION_DOMAIN] = "domain",
  [VIREO_NETWORK_SECTION_IP] = "ip",
  [VIREO_NETWORK_SECTION_IP_DHCP_HOST] = "ip-dhcp-host",
  [VIREO_NETWORK_SECTION_IP_DHCP_RANGE] = "ip-dhcp-range",
  [VIREO_NETWORK_SECTION_FORWARD] = "forward",
  [VIREO_NETWORK_SECTION_FORWARD_INTERFACE] = "forward-interface",
  [VIREO_NETWORK_SECTION_FORWARD_PF] = "forward-pf",
  [VIREO_NETWORK_SECTION_PORTGROUP] = "portgroup",
  [VIREO_NETWORK_SECTION_DNS_HOST] = "dns-host",
  [VIREO_NETWORK_SECTION_DNS_TXT] = "dns-txt",
  [VIREO_NETWORK_SECTION_DNS_SRV] = "dns-srv",
};

/**
 * vireo_network_update_command_from_string:
 * @name: such as "add-last"
 * @ret_command: (out): the command
 *
 * Returns: whether there is such a command
 * Since: 0.1
 */
gboolean
vireo_network_update_command_from_string (const char *name, VireoNetworkUpdateCommand *ret_command)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, name))
      {
        *ret_command = commands[i].command;
        return TRUE;
      }
  return FALSE;
}

/**
 * vireo_network_update_section_from_string:
 * @name: such as "ip-dhcp-host"
 * @ret_section: (out): the section
 *
 * Returns: whether there is such a section
 * Since: 0.1
 */
gboolean
vireo_network_update_section_from_string (const char *name, VireoNetworkUpdateSection *ret_section)
{
  for (guint i = VIREO_NETWORK_SECTION_BRIDGE; i < VIREO_NETWORK_N_SECTIONS; i++)
    if (g_str_equal (sections[i], name))
      {
        *ret_section = i;
        return TRUE;
      }
  return FALSE;
}

/**
 * vireo_network_lease_free:
 * @lease: (nullable): a lease
 *
 * Since: 0.1
 */
void
vireo_network_lease_free (VireoNetworkLease *lease)
{
  if (lease == NULL)
    return;
  g_free (lease->mac);
  g_free (lease->address);
  g_free (lease->hostname);
  g_free (lease->client_id);
  g_free (lease->iaid);
  g_free (lease);
}

/**
 * vireo_network_socket_free:
 * @socket: (nullable): a socket, the file descriptor of which is closed unless it is -1
 *
 * Since: 0.1
 */
void
vireo_network_socket_free (VireoNetworkSocket *socket)
{
  if (socket == NULL)
    return;
  if (socket->fd >= 0)
    close (socket->fd);
  g_free (socket->device);
  g_free (socket->bridge);
  g_free (socket);
}
