/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-driver.h"

#include <unistd.h>

G_DEFINE_INTERFACE (VireoNetworkDriver, vireo_network_driver, G_TYPE_OBJECT)

static void
vireo_network_driver_default_init (VireoNetworkDriverInterface *iface)
{
  /* What a driver does not fill in, it cannot do: see the folder's README. */
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
