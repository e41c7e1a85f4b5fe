/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plans.h"

#include <sys/socket.h>

static void
test_parse (void)
{
  static const char *const bad[]
      = { "",         "1.2.3",        "1.2.3.4.5", "256.0.0.1", "1.2.3.4/24", "fe80::1%eth0",
          "01.2.3.4", " 192.168.1.1", "::g",       "1.2.3.4\n", "0x1.2.3.4",  "1::2::3" };
  VireoIp ip = { .family = 77 };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("\"%s\"", bad[i]);
      g_assert_false (vireo_ip_parse (bad[i], &ip));
    }
  g_assert_false (vireo_ip_parse (NULL, &ip));
  g_assert_cmpint (ip.family, ==, 77);

  g_assert_true (vireo_ip_parse ("2001:DB8:0:0::1", &ip));
  g_assert_cmpint (ip.family, ==, AF_INET6);
  g_autofree char *text = vireo_ip_format (&ip);
  g_assert_cmpstr (text, ==, "2001:db8::1");
}

static void
test_networks (void)
{
  VireoIp ip = test_ip ("192.168.122.77");
  VireoIp wide = test_ip ("192.168.0.0");
  VireoIp six = test_ip ("fd00:1::5");
  g_autofree char *network = vireo_ip_format_network (&ip, 26);
  g_autofree char *mask = vireo_ip_format_netmask (&ip, 26);
  VireoIp last = vireo_ip_last (&ip, 26);
  g_autofree char *last_text = vireo_ip_format (&last);
  g_autofree char *whole = vireo_ip_format_network (&ip, 0);
  g_autofree char *network6 = vireo_ip_format_network (&six, 33);

  g_assert_cmpstr (network, ==, "192.168.122.64/26");
  g_assert_cmpstr (mask, ==, "255.255.255.192");
  g_assert_cmpstr (last_text, ==, "192.168.122.127");
  g_assert_cmpstr (whole, ==, "0.0.0.0/0");
  g_assert_cmpstr (network6, ==, "fd00:1::/33");

  g_assert_true (vireo_ip_networks_overlap (&ip, 24, &wide, 16));
  g_assert_true (vireo_ip_networks_overlap (&wide, 16, &ip, 24));
  g_assert_false (vireo_ip_networks_overlap (&wide, 24, &ip, 24));
  g_assert_false (vireo_ip_in_network (&six, &ip, 0));
}

static void
test_netmask (void)
{
  static const struct
  {
    const char *mask;
    int prefix;
  } cases[] = {
    { "255.255.255.0", 24 }, { "255.255.255.255", 32 }, { "0.0.0.0", 0 },  { "255.255.254.0", 23 },
    { "255.0.255.0", -1 },   { "0.0.0.255", -1 },       { "ffff:ff00::", 24 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VireoIp mask = test_ip (cases[i].mask);

      g_assert_cmpint (vireo_ip_netmask_to_prefix (&mask), ==, cases[i].prefix);
    }
}

static void
test_range_size (void)
{
  static const struct
  {
    const char *start;
    const char *end;
    guint64 size;
  } cases[] = {
    { "10.0.0.1", "10.0.0.1", 1 },
    { "192.168.122.2", "192.168.122.254", 253 },
    { "10.0.0.255", "10.0.1.0", 2 },
    { "0.0.0.0", "255.255.255.255", G_GUINT64_CONSTANT (1) << 32 },
    { "fd00::ff", "fd00::1:0", 0xff02 },
    { "::", "::ffff:ffff:ffff:ffff", G_MAXUINT64 },
    { "::", "ffff::", G_MAXUINT64 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VireoIp start = test_ip (cases[i].start);
      VireoIp end = test_ip (cases[i].end);

      g_assert_cmpuint (vireo_ip_range_size (&start, &end), ==, cases[i].size);
    }
}

static void
test_hosts (void)
{
  static const char *const hosts[] = { "10.0.0.1", "223.255.255.254", "fe80::1", "2001:db8::1" };
  static const char *const others[] = { "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255",
                                        "::",      "::1",       "ff02::1" };

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      VireoIp ip = test_ip (hosts[i]);

      g_assert_true (vireo_ip_is_host (&ip));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      VireoIp ip = test_ip (others[i]);

      g_assert_false (vireo_ip_is_host (&ip));
    }
}

static void
test_class (void)
{
  VireoIp a = test_ip ("10.24.10.1");
  VireoIp b = test_ip ("172.16.0.1");
  VireoIp c = test_ip ("192.168.1.1");

  g_assert_cmpuint (vireo_ip_class_prefix (&a), ==, 8);
  g_assert_cmpuint (vireo_ip_class_prefix (&b), ==, 16);
  g_assert_cmpuint (vireo_ip_class_prefix (&c), ==, 24);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/network/ip/parse", test_parse);
  g_test_add_func ("/network/ip/networks", test_networks);
  g_test_add_func ("/network/ip/netmask", test_netmask);
  g_test_add_func ("/network/ip/range-size", test_range_size);
  g_test_add_func ("/network/ip/hosts", test_hosts);
  g_test_add_func ("/network/ip/class", test_class);
  return g_test_run ();
}
