/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What dnsmasq and nftables are told, byte for byte. The expected texts are in golden/. */

#include "plans.h"

#include "drivers/network/vireo-dnsmasq-config.h"
#include "drivers/network/vireo-firewall.h"

static void
check_golden (const char *name, const char *text)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", name, NULL);
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;

  if (g_strcmp0 (g_getenv ("VIREO_TEST_REGENERATE"), "1") == 0)
    {
      g_assert_true (g_file_set_contents (path, text, -1, &error));
      return;
    }
  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  if (g_strcmp0 (text, expected) != 0)
    g_test_message ("if this is right: VIREO_TEST_REGENERATE=1 meson test -C build network-golden");
  g_assert_cmpstr (text, ==, expected);
}

static void
check_all (VireoNetworkPlan *plan, const char *name)
{
  g_autoptr (VireoDnsmasqPaths) paths
      = vireo_dnsmasq_paths_new ("/run/vireo/network", "/var/lib/vireo/network", plan->uuid);
  g_autofree char *config = vireo_dnsmasq_config (plan, paths, "dnsmasq");
  g_autofree char *hosts = vireo_dnsmasq_hosts (plan);
  g_autofree char *names = vireo_dnsmasq_names (plan);
  g_autofree char *rules = vireo_firewall_rules_install (plan);
  const struct
  {
    const char *suffix;
    const char *text;
  } files[] = { { "conf", config }, { "hosts", hosts }, { "names", names }, { "nft", rules } };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *file = g_strdup_printf ("%s.%s", name, files[i].suffix);

      check_golden (file, files[i].text);
    }
  vireo_network_plan_unref (plan);
}

static VireoPlanHost *
add_host (VireoPlanSubnet *subnet, const char *mac, const char *name, const char *ip)
{
  VireoPlanHost *host = vireo_plan_subnet_add_host (subnet);

  host->mac = g_strdup (mac);
  host->name = g_strdup (name);
  host->ip = test_ip (ip);
  return host;
}

static void
test_nat (void)
{
  VireoNetworkPlan *plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  VireoPlanSubnet *subnet
      = test_add_subnet (plan, "192.168.122.1", 24, "192.168.122.2", "192.168.122.254");

  add_host (subnet, "00:16:3e:77:e2:ed", "a.example.com", "192.168.122.10");
  add_host (subnet, "00:16:3e:3e:a9:1a", NULL, "192.168.122.11")->lease_time = 0;
  check_all (plan, "nat");
}

static void
test_nat_full (void)
{
  VireoNetworkPlan *plan = test_plan (VIREO_NETWORK_MODE_NAT, "br-full.1");
  VireoPlanSubnet *four
      = test_add_subnet (plan, "192.168.122.1", 24, "192.168.122.2", "192.168.122.99");
  VireoPlanSubnet *six = test_add_subnet (plan, "fd00:1::1", 64, "fd00:1::10", "fd00:1::ff");
  VireoPlanHost *host;
  VireoPlanRange *range = g_ptr_array_index (four->ranges, 0);

  range->lease_time = 7200;
  plan->forward_device = g_strdup ("eth0");
  plan->nat_ipv6 = TRUE;
  plan->nat_start = test_ip ("198.51.100.4");
  plan->nat_end = test_ip ("198.51.100.9");
  plan->nat_port_start = 60000;
  plan->nat_port_end = 65432;
  plan->mtu = 7000;
  plan->domain = g_strdup ("example.org");
  plan->domain_local = TRUE;
  plan->forward_plain_names = FALSE;
  four->boot_file = g_strdup ("pxeboot.img");
  four->boot_server = test_ip ("10.20.30.40");
  four->tftp_root = g_strdup ("/var/lib/tftproot");
  host = vireo_plan_subnet_add_host (six);
  host->id = g_strdup ("0:3:0:1:0:16:3e:11:22:33");
  host->name = g_strdup ("peter");
  host->ip = test_ip ("fd00:1::22");
  check_all (plan, "nat-full");
}

static void
test_dns (void)
{
  VireoNetworkPlan *plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr1");
  VireoPlanForwarder *forwarder = vireo_network_plan_add_forwarder (plan);
  VireoPlanText *text = vireo_network_plan_add_text (plan);
  VireoPlanService *service = vireo_network_plan_add_service (plan);
  VireoPlanName *name = vireo_network_plan_add_name (plan);

  test_add_subnet (plan, "192.168.122.1", 24, NULL, NULL)->local_ptr = TRUE;
  test_add_subnet (plan, "fd00:12::1", 64, NULL, NULL)->local_ptr = TRUE;
  forwarder->address = test_ip ("192.0.2.53");
  forwarder = vireo_network_plan_add_forwarder (plan);
  forwarder->domain = g_strdup ("example.com");
  text->name = g_strdup ("example");
  text->value = g_strdup ("v=spf1, \"quoted\" back\\slash # no comment");
  service->service = g_strdup ("name");
  service->protocol = g_strdup ("tcp");
  service = vireo_network_plan_add_service (plan);
  service->service = g_strdup ("ldap");
  service->protocol = g_strdup ("tcp");
  service->domain = g_strdup ("example.com");
  service->target = g_strdup ("ldap.example.com");
  service->port = 389;
  service->priority = 10;
  service->weight = 5;
  name->address = test_ip ("192.168.122.1");
  g_ptr_array_add (name->names, g_strdup ("host"));
  g_ptr_array_add (name->names, g_strdup ("gateway"));
  check_all (plan, "dns");
}

static void
test_isolated (void)
{
  VireoNetworkPlan *plan = test_plan (VIREO_NETWORK_MODE_ISOLATED, "virbr2");

  test_add_subnet (plan, "192.168.152.1", 24, "192.168.152.2", "192.168.152.254");
  test_add_subnet (plan, "fd00:2::1", 64, NULL, NULL);
  check_all (plan, "isolated");
}

static void
test_route (void)
{
  VireoNetworkPlan *plan = test_plan (VIREO_NETWORK_MODE_ROUTE, "virbr1");
  VireoPlanRoute *route = vireo_network_plan_add_route (plan);

  plan->forward_device = g_strdup ("eth1");
  plan->dns = FALSE;
  test_add_subnet (plan, "192.168.122.1", 24, "192.168.122.2", "192.168.122.9");
  route->network = test_ip ("10.5.0.0");
  route->prefix = 16;
  route->gateway = test_ip ("192.168.122.2");
  check_all (plan, "route");
}

static void
test_remove (void)
{
  g_autofree char *rules = vireo_firewall_rules_remove ("vireobr0");

  check_golden ("remove.nft", rules);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/network/golden/nat", test_nat);
  g_test_add_func ("/network/golden/nat-full", test_nat_full);
  g_test_add_func ("/network/golden/dns", test_dns);
  g_test_add_func ("/network/golden/isolated", test_isolated);
  g_test_add_func ("/network/golden/route", test_route);
  g_test_add_func ("/network/golden/remove", test_remove);
  return g_test_run ();
}
