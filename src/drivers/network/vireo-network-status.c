/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The status of a network on disk, as a key file. */

#include "vireo-network-status.h"

#include "util/vireo-error.h"
#include "vireo-netlink.h"

#define VERSION 1
#define GROUP "network"
#define TAP_PREFIX "tap "

static const char *const phase_names[] = {
  [VIREO_NETWORK_PHASE_STARTING] = "starting",
  [VIREO_NETWORK_PHASE_ACTIVE] = "active",
  [VIREO_NETWORK_PHASE_STOPPING] = "stopping",
};

/**
 * vireo_network_tap_new:
 * @device: name of a guest's device on the host
 * @index: the kernel's number of it
 * @owner: (nullable): UUID of the domain
 *
 * Returns: (transfer full): a tap
 * Since: 0.1
 */
VireoNetworkTap *
vireo_network_tap_new (const char *device, int index, const char *owner)
{
  VireoNetworkTap *tap = g_new0 (VireoNetworkTap, 1);

  tap->device = g_strdup (device);
  tap->index = index;
  tap->owner = g_strdup (owner != NULL ? owner : "");
  return tap;
}

/**
 * vireo_network_tap_free:
 * @tap: (nullable) (transfer full): a tap
 *
 * Since: 0.1
 */
void
vireo_network_tap_free (VireoNetworkTap *tap)
{
  if (tap == NULL)
    return;
  g_free (tap->device);
  g_free (tap->owner);
  g_free (tap);
}

/**
 * vireo_network_status_new:
 * @uuid: UUID of a network
 *
 * Returns: (transfer full): the status of a network that is about to be started
 * Since: 0.1
 */
VireoNetworkStatus *
vireo_network_status_new (const char *uuid)
{
  VireoNetworkStatus *status = g_new0 (VireoNetworkStatus, 1);

  status->uuid = g_strdup (uuid);
  status->taps = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_network_tap_free);
  return status;
}

/**
 * vireo_network_status_free:
 * @status: (nullable) (transfer full): a status
 *
 * Since: 0.1
 */
void
vireo_network_status_free (VireoNetworkStatus *status)
{
  if (status == NULL)
    return;
  g_free (status->uuid);
  g_free (status->bridge);
  g_free (status->mac);
  g_ptr_array_unref (status->taps);
  g_free (status->xml);
  g_free (status);
}

/**
 * vireo_network_status_format:
 * @status: a status
 *
 * Returns: (transfer full): what its file holds
 * Since: 0.1
 */
GBytes *
vireo_network_status_format (const VireoNetworkStatus *status)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize length;
  char *text;

  g_key_file_set_integer (file, GROUP, "version", VERSION);
  g_key_file_set_string (file, GROUP, "phase", phase_names[status->phase]);
  g_key_file_set_uint64 (file, GROUP, "owner", status->owner);
  g_key_file_set_string (file, GROUP, "bridge", status->bridge);
  if (status->mac != NULL)
    g_key_file_set_string (file, GROUP, "mac", status->mac);
  if (status->dnsmasq_pid != 0)
    {
      g_key_file_set_integer (file, GROUP, "dnsmasq-pid", status->dnsmasq_pid);
      g_key_file_set_uint64 (file, GROUP, "dnsmasq-start-time", status->dnsmasq_start_time);
    }
  g_key_file_set_string (file, GROUP, "xml", status->xml);
  for (guint i = 0; i < status->taps->len; i++)
    {
      const VireoNetworkTap *tap = g_ptr_array_index (status->taps, i);
      g_autofree char *group = g_strconcat (TAP_PREFIX, tap->device, NULL);

      g_key_file_set_integer (file, group, "index", tap->index);
      g_key_file_set_string (file, group, "owner", tap->owner);
    }
  text = g_key_file_to_data (file, &length, NULL);
  return g_bytes_new_take (text, length);
}

static gboolean
read_phase (GKeyFile *file, VireoNetworkPhase *ret_phase)
{
  g_autofree char *name = g_key_file_get_string (file, GROUP, "phase", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (phase_names); i++)
    if (g_strcmp0 (name, phase_names[i]) == 0)
      {
        *ret_phase = (VireoNetworkPhase) i;
        return TRUE;
      }
  return FALSE;
}

static void
read_taps (GKeyFile *file, VireoNetworkStatus *status)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

  for (char **group = groups; *group != NULL; group++)
    {
      const char *device = *group + strlen (TAP_PREFIX);
      g_autofree char *owner = NULL;

      if (!g_str_has_prefix (*group, TAP_PREFIX) || !vireo_netlink_is_device_name (device))
        continue;
      owner = g_key_file_get_string (file, *group, "owner", NULL);
      g_ptr_array_add (status->taps,
                       vireo_network_tap_new (
                           device, g_key_file_get_integer (file, *group, "index", NULL), owner));
    }
}

/**
 * vireo_network_status_parse:
 * @uuid: UUID of the network, from the name of the file
 * @bytes: what the file holds
 * @error: Io, which says what is wrong
 *
 * Returns: (transfer full) (nullable): the status
 * Since: 0.1
 */
VireoNetworkStatus *
vireo_network_status_parse (const char *uuid, GBytes *bytes, GError **error)
{
  g_autoptr (VireoNetworkStatus) status = vireo_network_status_new (uuid);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local_error = NULL;
  guint8 mac[6];

  if (!g_key_file_load_from_bytes (file, bytes, G_KEY_FILE_NONE, &local_error))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_IO, "the status of network %s: %s", uuid,
                   local_error->message);
      return NULL;
    }
  status->bridge = g_key_file_get_string (file, GROUP, "bridge", NULL);
  status->mac = g_key_file_get_string (file, GROUP, "mac", NULL);
  status->xml = g_key_file_get_string (file, GROUP, "xml", NULL);
  status->owner = (guint) g_key_file_get_uint64 (file, GROUP, "owner", NULL);
  status->dnsmasq_pid = g_key_file_get_integer (file, GROUP, "dnsmasq-pid", NULL);
  status->dnsmasq_start_time = g_key_file_get_uint64 (file, GROUP, "dnsmasq-start-time", NULL);
  read_taps (file, status);
  if (g_key_file_get_integer (file, GROUP, "version", NULL) != VERSION
      || !read_phase (file, &status->phase) || !vireo_netlink_is_device_name (status->bridge)
      || (status->mac != NULL && !vireo_netlink_parse_mac (status->mac, mac))
      || status->xml == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_IO,
                   "the status of network %s: a value is missing or wrong", uuid);
      return NULL;
    }
  return g_steal_pointer (&status);
}
