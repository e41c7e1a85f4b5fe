/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* dnsmasq's file of leases. A line is: time when it ends (0 for never), MAC address (of IPv6: IAID,
 * with a T before it when it is temporary), address, host name or *, client id (of IPv6: DUID) or
 * *. A line "duid ID", the server's own, comes before the IPv6 leases.
 *
 * The names and ids come from guests: whatever does not look as it should is left out. */

#include "vireo-dhcp-leases.h"

#include <string.h>
#include <sys/socket.h>

#include "util/vireo-error.h"
#include "vireo-netlink.h"

/* What a host name and an id can be as text: RFC 1035, and 255 bytes of DHCP option. */
#define MAX_NAME 253
#define MAX_ID (3 * 255)

static gboolean
is_name (const char *text)
{
  gsize length = strlen (text);

  return length <= MAX_NAME && g_utf8_validate (text, (gssize) length, NULL)
         && strcspn (text, "\"'\\<>&") == length;
}

static gboolean
is_hex_id (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= MAX_ID && strspn (text, "0123456789abcdefABCDEF:") == length;
}

/* Prefix of the subnet that @ip is in; all bits when it is in none. */
static guint
prefix_of (const VireoNetworkPlan *plan, const VireoIp *ip)
{
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (vireo_ip_in_network (ip, &subnet->address, subnet->prefix))
        return subnet->prefix;
    }
  return vireo_ip_bits (ip);
}

/* A DUID ends with the MAC address when it is of type 1 (LLT) or 3 (LL) and of Ethernet: RFC 8415,
 * section 11. */
static char *
mac_of_duid (const char *duid)
{
  g_auto (GStrv) bytes = g_strsplit (duid, ":", 0);
  guint n = g_strv_length (bytes);
  gboolean llt = n == 14 && g_str_has_prefix (duid, "00:01:00:01:");
  gboolean ll = n == 10 && g_str_has_prefix (duid, "00:03:00:01:");

  if (!llt && !ll)
    return g_strdup ("");
  return g_ascii_strdown (duid + strlen (duid) - 17, 17);
}

static gboolean
fill_ipv4 (VireoNetworkLease *lease, const char *mac)
{
  guint8 bytes[6];

  /* "06-00:11:…" is hardware of another type than Ethernet. */
  if (!vireo_netlink_parse_mac (mac, bytes))
    return FALSE;
  lease->mac = g_ascii_strdown (mac, -1);
  return TRUE;
}

static gboolean
fill_ipv6 (VireoNetworkLease *lease, const char *iaid)
{
  const char *number = iaid[0] == 'T' ? iaid + 1 : iaid;
  guint64 value;

  if (!g_ascii_string_to_unsigned (number, 10, 0, G_MAXUINT32, &value, NULL))
    return FALSE;
  lease->iaid = g_strdup (number);
  lease->mac = lease->client_id != NULL ? mac_of_duid (lease->client_id) : g_strdup ("");
  return TRUE;
}

static VireoNetworkLease *
parse_line (const char *line, const VireoNetworkPlan *plan, gint64 now)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", 6);
  g_autoptr (VireoNetworkLease) lease = g_new0 (VireoNetworkLease, 1);
  VireoIp ip;

  if (g_strv_length (fields) < 4
      || !g_ascii_string_to_signed (fields[0], 10, 0, G_MAXINT64, &lease->expires, NULL)
      || !vireo_ip_parse (fields[2], &ip) || (lease->expires != 0 && lease->expires < now))
    return NULL;
  lease->address = vireo_ip_format (&ip);
  lease->prefix = prefix_of (plan, &ip);
  if (!g_str_equal (fields[3], "*") && is_name (fields[3]))
    lease->hostname = g_strdup (fields[3]);
  if (fields[4] != NULL && is_hex_id (fields[4]))
    lease->client_id = g_strdup (fields[4]);
  if (ip.family == AF_INET ? !fill_ipv4 (lease, fields[1]) : !fill_ipv6 (lease, fields[1]))
    return NULL;
  return g_steal_pointer (&lease);
}

/**
 * vireo_dhcp_leases_parse:
 * @text: what the file holds
 * @length: its length in bytes
 * @plan: the network, for its prefixes
 * @now: seconds since the epoch; what ended before is left out
 *
 * Returns: (transfer full) (element-type VireoNetworkLease): the leases
 * Since: 0.1
 */
GPtrArray *
vireo_dhcp_leases_parse (const char *text, gsize length, const VireoNetworkPlan *plan, gint64 now)
{
  GPtrArray *leases = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_network_lease_free);
  const char *end = length > 0 ? text + length : text;

  while (text < end)
    {
      const char *newline = memchr (text, '\n', (gsize) (end - text));
      const char *stop = newline != NULL ? newline : end;
      g_autofree char *line = g_strndup (text, (gsize) (stop - text));
      VireoNetworkLease *lease = parse_line (line, plan, now);

      if (lease != NULL)
        g_ptr_array_add (leases, lease);
      text = stop + 1;
    }
  return leases;
}

/**
 * vireo_dhcp_leases_read:
 * @path: dnsmasq's file; none means that there are no leases
 * @plan: the network, for its prefixes
 * @error: Io, LimitExceeded
 *
 * For worker threads.
 *
 * Returns: (transfer full) (element-type VireoNetworkLease): the leases
 * Since: 0.1
 */
GPtrArray *
vireo_dhcp_leases_read (const char *path, const VireoNetworkPlan *plan, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, &local_error);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[8192];
  gssize n = 0;

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return vireo_dhcp_leases_parse ("", 0, plan, 0);
  while (stream != NULL && bytes->len <= VIREO_DHCP_LEASES_MAX_SIZE
         && (n = g_input_stream_read (G_INPUT_STREAM (stream), buffer, sizeof buffer, NULL,
                                      &local_error)) > 0)
    g_byte_array_append (bytes, buffer, (guint) n);
  if (local_error != NULL)
    {
      vireo_error_translate (&local_error, "cannot read the leases in %s", path);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (bytes->len > VIREO_DHCP_LEASES_MAX_SIZE)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                   "the file of leases %s is larger than %u MiB", path,
                   VIREO_DHCP_LEASES_MAX_SIZE >> 20);
      return NULL;
    }
  return vireo_dhcp_leases_parse ((const char *) bytes->data, bytes->len, plan,
                                  g_get_real_time () / G_USEC_PER_SEC);
}
