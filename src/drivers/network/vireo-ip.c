/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-ip.h"

#include <arpa/inet.h>
#include <string.h>

/**
 * vireo_ip_parse:
 * @text: (nullable): an IPv4 address in four decimal parts, or an IPv6 address without a zone
 * @ret_ip: (out): the address
 *
 * Returns: whether @text is an address
 * Since: 0.1
 */
gboolean
vireo_ip_parse (const char *text, VireoIp *ret_ip)
{
  VireoIp ip = { 0 };

  if (text == NULL)
    return FALSE;
  ip.family = strchr (text, ':') != NULL ? AF_INET6 : AF_INET;
  if (inet_pton (ip.family, text, ip.bytes) != 1)
    return FALSE;
  *ret_ip = ip;
  return TRUE;
}

/**
 * vireo_ip_format:
 * @ip: an address that is not none
 *
 * Returns: (transfer full): its canonical text
 * Since: 0.1
 */
char *
vireo_ip_format (const VireoIp *ip)
{
  char text[INET6_ADDRSTRLEN];

  g_return_val_if_fail (ip->family != 0, NULL);
  inet_ntop (ip->family, ip->bytes, text, sizeof text);
  return g_strdup (text);
}

/**
 * vireo_ip_format_network:
 * @ip: any address of the network
 * @prefix: its prefix length
 *
 * Returns: (transfer full): such as "192.168.122.0/24"
 * Since: 0.1
 */
char *
vireo_ip_format_network (const VireoIp *ip, guint prefix)
{
  VireoIp network = vireo_ip_network (ip, prefix);
  g_autofree char *text = vireo_ip_format (&network);

  return g_strdup_printf ("%s/%u", text, prefix);
}

/**
 * vireo_ip_format_netmask:
 * @ip: an address, for its family
 * @prefix: a prefix length
 *
 * Returns: (transfer full): such as "255.255.255.0"
 * Since: 0.1
 */
char *
vireo_ip_format_netmask (const VireoIp *ip, guint prefix)
{
  VireoIp ones = *ip;
  VireoIp mask;

  memset (ones.bytes, 0xff, vireo_ip_size (ip));
  mask = vireo_ip_network (&ones, prefix);
  return vireo_ip_format (&mask);
}

/**
 * vireo_ip_size:
 * @ip: an address
 *
 * Returns: how many of its bytes count: 4 or 16
 * Since: 0.1
 */
gsize
vireo_ip_size (const VireoIp *ip)
{
  return ip->family == AF_INET ? 4 : 16;
}

/**
 * vireo_ip_bits:
 * @ip: an address
 *
 * Returns: 32 or 128: the longest prefix of its family
 * Since: 0.1
 */
guint
vireo_ip_bits (const VireoIp *ip)
{
  return 8 * (guint) vireo_ip_size (ip);
}

/**
 * vireo_ip_compare:
 * @a: an address
 * @b: another
 *
 * Returns: less than, equal to or greater than 0; IPv4 sorts before IPv6
 * Since: 0.1
 */
int
vireo_ip_compare (const VireoIp *a, const VireoIp *b)
{
  if (a->family != b->family)
    return a->family < b->family ? -1 : 1;
  return memcmp (a->bytes, b->bytes, vireo_ip_size (a));
}

/**
 * vireo_ip_equal:
 * @a: an address
 * @b: another
 *
 * Returns: whether they are the same
 * Since: 0.1
 */
gboolean
vireo_ip_equal (const VireoIp *a, const VireoIp *b)
{
  return vireo_ip_compare (a, b) == 0;
}

/* The mask of byte @i of a prefix. */
static guint8
prefix_byte (guint prefix, gsize i)
{
  if (prefix >= 8 * (i + 1))
    return 0xff;
  if (prefix <= 8 * i)
    return 0;
  return (guint8) (0xff << (8 - (prefix - 8 * i)));
}

/**
 * vireo_ip_network:
 * @ip: an address
 * @prefix: a prefix length
 *
 * Returns: the first address of the network that @ip is in
 * Since: 0.1
 */
VireoIp
vireo_ip_network (const VireoIp *ip, guint prefix)
{
  VireoIp network = *ip;

  for (gsize i = 0; i < vireo_ip_size (ip); i++)
    network.bytes[i] &= prefix_byte (prefix, i);
  return network;
}

/**
 * vireo_ip_last:
 * @ip: an address
 * @prefix: a prefix length
 *
 * Returns: the last address of the network that @ip is in; the broadcast address of an IPv4 network
 * Since: 0.1
 */
VireoIp
vireo_ip_last (const VireoIp *ip, guint prefix)
{
  VireoIp last = *ip;

  for (gsize i = 0; i < vireo_ip_size (ip); i++)
    last.bytes[i] |= (guint8) ~prefix_byte (prefix, i);
  return last;
}

/**
 * vireo_ip_in_network:
 * @ip: an address
 * @network: any address of a network
 * @prefix: the network's prefix length
 *
 * Returns: whether @ip is in the network
 * Since: 0.1
 */
gboolean
vireo_ip_in_network (const VireoIp *ip, const VireoIp *network, guint prefix)
{
  VireoIp a, b;

  if (ip->family != network->family)
    return FALSE;
  a = vireo_ip_network (ip, prefix);
  b = vireo_ip_network (network, prefix);
  return vireo_ip_equal (&a, &b);
}

/**
 * vireo_ip_networks_overlap:
 * @a: any address of a network
 * @a_prefix: its prefix length
 * @b: any address of another
 * @b_prefix: its prefix length
 *
 * Returns: whether an address is in both
 * Since: 0.1
 */
gboolean
vireo_ip_networks_overlap (const VireoIp *a, guint a_prefix, const VireoIp *b, guint b_prefix)
{
  return vireo_ip_in_network (a, b, MIN (a_prefix, b_prefix));
}

/**
 * vireo_ip_range_size:
 * @start: first address
 * @end: last address, of the same family and not before @start
 *
 * Returns: how many addresses there are; %G_MAXUINT64 for that many or more
 * Since: 0.1
 */
guint64
vireo_ip_range_size (const VireoIp *start, const VireoIp *end)
{
  guint8 difference[16];
  int borrow = 0;
  guint64 size = 0;

  for (gsize i = vireo_ip_size (start); i-- > 0;)
    {
      int byte = end->bytes[i] - start->bytes[i] - borrow;

      borrow = byte < 0;
      difference[i] = (guint8) (byte + 256 * borrow);
    }
  for (gsize i = 0; i < vireo_ip_size (start); i++)
    {
      if (size >> 56 != 0)
        return G_MAXUINT64;
      size = size << 8 | difference[i];
    }
  return size == G_MAXUINT64 ? size : size + 1;
}

/**
 * vireo_ip_netmask_to_prefix:
 * @netmask: such as 255.255.255.0
 *
 * Returns: the prefix length, or -1 when the ones of @netmask are not all in front
 * Since: 0.1
 */
int
vireo_ip_netmask_to_prefix (const VireoIp *netmask)
{
  guint prefix = 0;
  VireoIp masked;

  while (prefix < vireo_ip_bits (netmask)
         && (netmask->bytes[prefix / 8] & (0x80 >> (prefix % 8))) != 0)
    prefix++;
  masked = vireo_ip_network (netmask, prefix);
  return vireo_ip_equal (&masked, netmask) ? (int) prefix : -1;
}

/**
 * vireo_ip_class_prefix:
 * @ip: an address
 *
 * What a definition means that gives an address without a prefix: the class of an IPv4 address (RFC
 * 791), and 64 for IPv6.
 *
 * Returns: a prefix length
 * Since: 0.1
 */
guint
vireo_ip_class_prefix (const VireoIp *ip)
{
  if (ip->family == AF_INET6)
    return 64;
  if (ip->bytes[0] < 128)
    return 8;
  return ip->bytes[0] < 192 ? 16 : 24;
}

/**
 * vireo_ip_is_host:
 * @ip: an address
 *
 * Returns: whether one machine can have it on a network: it is not unspecified, loopback,
 *   multicast or reserved
 * Since: 0.1
 */
gboolean
vireo_ip_is_host (const VireoIp *ip)
{
  static const VireoIp zero6 = { .family = AF_INET6 };
  static const VireoIp loopback6 = { .family = AF_INET6, .bytes = { [15] = 1 } };

  if (ip->family == AF_INET)
    return ip->bytes[0] != 0 && ip->bytes[0] != 127 && ip->bytes[0] < 224;
  return ip->bytes[0] != 0xff && !vireo_ip_equal (ip, &zero6) && !vireo_ip_equal (ip, &loopback6);
}
