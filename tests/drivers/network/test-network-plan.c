/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From definitions to plans: what is taken, and what is refused where. And leases, which guests can
 * write into. */

#include "plans.h"

#include <string.h>
#include <sys/socket.h>

#include "drivers/network/vireo-dhcp-leases.h"
#include "drivers/network/vireo-dnsmasq-config.h"
#include "drivers/network/vireo-firewall.h"
#include "drivers/network/vireo-network-status.h"
#include "util/vireo-error.h"

#define NETWORK(inner) "<network><name>n</name>" inner "</network>"
#define IP(inner) NETWORK ("<ip address='192.168.1.1' prefix='24'>" inner "</ip>")
#define DHCP(inner) IP ("<dhcp>" inner "</dhcp>")
#define IP6(inner) NETWORK ("<ip family='ipv6' address='fd00::1' prefix='64'>" inner "</ip>")
#define DNS(inner) NETWORK ("<dns>" inner "</dns>")
#define NAT(inner) NETWORK ("<forward mode='nat'><nat>" inner "</nat></forward>")

typedef struct
{
  const char *xml;
  const char *path;
  gboolean unsupported;
} Refusal;

/* The paths are below /network. */
static const Refusal refusals[] = {
  { NETWORK ("<bridge name='br&quot;0'/>"), "bridge/@name" },
  { NETWORK ("<bridge name='br*'/>"), "bridge/@name" },
  { NETWORK ("<bridge name='a b'/>"), "bridge/@name" },
  { NETWORK ("<bridge name='x;flush'/>"), "bridge/@name" },
  { NETWORK ("<bridge name='../x'/>"), "bridge/@name" },
  { NETWORK ("<bridge delay='-1'/>"), "bridge/@delay" },
  { NETWORK ("<bridge delay='1e3'/>"), "bridge/@delay" },
  { NETWORK ("<bridge zone='z'/>"), "bridge/@zone", TRUE },
  { NETWORK ("<bridge macTableManager='libvirt'/>"), "bridge/@macTableManager", TRUE },
  { NETWORK ("<mac address='01:00:5e:00:00:01'/>"), "mac/@address" },
  { NETWORK ("<mtu size='12'/>"), "mtu/@size" },
  { NETWORK ("<forward mode='route' dev='e&#10;th'/>"), "forward/@dev" },
  { NETWORK ("<forward mode='nat' dev='eth0&quot; accept'/>"), "forward/@dev" },
  { NETWORK ("<forward mode='vepa'/>"), "forward/@mode", TRUE },
  { NETWORK ("<forward mode='hostdev'/>"), "forward/@mode", TRUE },
  { NETWORK ("<forward mode='bridge'/>"), "bridge/@name" },
  { NETWORK ("<forward mode='bridge' dev='eth0'/><bridge name='b'/>"), "forward/@dev", TRUE },
  { NETWORK ("<forward mode='bridge'/><bridge name='b'/><ip address='10.0.0.1' prefix='8'/>"),
    "ip" },
  { NETWORK ("<forward mode='route'><nat/></forward>"), "forward/nat" },
  { NAT ("<port start='0' end='5'/>"), "forward/nat/port" },
  { NAT ("<port start='6' end='5'/>"), "forward/nat/port" },
  { NAT ("<address start='10.0.0.5' end='10.0.0.1'/>"), "forward/nat/address" },
  { NAT ("<address start='10.0.0.5' end='fd00::1'/>"), "forward/nat/address" },
  { NAT ("<address start='fd00::1' end='fd00::2'/>"), "forward/nat/address" },
  { NETWORK ("<bandwidth><inbound average='1'/></bandwidth>"), "bandwidth", TRUE },
  { NETWORK ("<vlan><tag id='1'/></vlan>"), "vlan", TRUE },
  { NETWORK ("<virtualport type='openvswitch'/>"), "virtualport", TRUE },
  { NETWORK ("<port isolated='yes'/>"), "port/@isolated", TRUE },
  { NETWORK ("<portgroup name='p'><bandwidth><inbound average='1'/></bandwidth></portgroup>"),
    "portgroup[1]/bandwidth", TRUE },
  { NETWORK ("<domain name='a,b'/>"), "domain/@name" },
  { NETWORK ("<domain name='a/b'/>"), "domain/@name" },
  { NETWORK ("<domain name='a&#10;dhcp-script=/bin/sh'/>"), "domain/@name" },
  { NETWORK ("<domain name='d' register='yes'/>"), "domain/@register", TRUE },
  { "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>n</name>"
    "<dnsmasq:options><dnsmasq:option value='dhcp-script=/bin/sh'/></dnsmasq:options></network>",
    "dnsmasq:options", TRUE },
  { NETWORK ("<ip address='10.0.0.1' prefix='20' localPtr='yes'/>"), "ip[1]/@localPtr" },
  { NETWORK ("<ip address='0.0.0.0' prefix='24'/>"), "ip[1]/@address" },
  { NETWORK ("<ip address='127.0.0.1' prefix='8'/>"), "ip[1]/@address" },
  { NETWORK ("<ip address='10.0.0.1' prefix='0'/>"), "ip[1]/@address" },
  { NETWORK ("<ip address='10.0.0.1' prefix='33'/>"), "ip[1]/@prefix" },
  { NETWORK ("<ip address='10.0.0.1' netmask='255.0.255.0'/>"), "ip[1]/@netmask" },
  { NETWORK ("<ip address='10.0.0.1' netmask='255.0.0.0' prefix='8'/>"), "ip[1]" },
  { NETWORK ("<ip family='ipv6' address='10.0.0.1'/>"), "ip[1]/@address" },
  { NETWORK ("<ip address='fd00::1' prefix='64'/>"), "ip[1]/@address" },
  { NETWORK ("<ip address='10.0.0.1' prefix='8'/><ip address='10.1.0.1' prefix='16'/>"), "ip[2]" },
  { NETWORK ("<ip/>"), "ip[1]/@address" },
  { IP ("<tftp root='/x&#10;enable-dbus'/>"), "ip[1]/tftp/@root" },
  { IP ("<tftp root='relative'/>"), "ip[1]/tftp/@root" },
  { DHCP ("<range start='192.168.1.9' end='192.168.1.2'/>"), "ip[1]/dhcp/range[1]" },
  { DHCP ("<range start='192.168.2.2' end='192.168.2.9'/>"), "ip[1]/dhcp/range[1]/@start" },
  { DHCP ("<range start='192.168.1.0' end='192.168.1.9'/>"), "ip[1]/dhcp/range[1]/@start" },
  { DHCP ("<range start='192.168.1.2' end='192.168.1.255'/>"), "ip[1]/dhcp/range[1]/@end" },
  { DHCP ("<range start='192.168.1.2'/>"), "ip[1]/dhcp/range[1]/@end" },
  { DHCP ("<range start='192.168.1.2' end='192.168.1.9'/><range start='192.168.1.9' "
          "end='192.168.1.12'/>"),
    "ip[1]/dhcp/range[2]" },
  { NETWORK ("<ip address='10.0.0.1' prefix='8'><dhcp><range start='10.0.0.2' end='10.255.0.0'/>"
             "</dhcp></ip>"),
    "ip[1]/dhcp/range[1]" },
  { IP6 ("<dhcp><range start='fd00::2' end='fd00::ffff:ffff:ffff'/></dhcp>"),
    "ip[1]/dhcp/range[1]" },
  { NETWORK ("<ip family='ipv6' address='fd00::1' prefix='48'><dhcp/></ip>"), "ip[1]/dhcp", TRUE },
  { DHCP ("<host ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]" },
  { DHCP ("<host mac='52:54:00:00:00:01'/>"), "ip[1]/dhcp/host[1]/@ip" },
  { DHCP ("<host mac='52:54:00:00:00:01' ip='192.168.1.1'/>"), "ip[1]/dhcp/host[1]/@ip" },
  { DHCP ("<host mac='52:54:00:00:00:01' ip='10.0.0.1'/>"), "ip[1]/dhcp/host[1]/@ip" },
  { DHCP ("<host mac='53:54:00:00:00:01' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@mac" },
  { DHCP ("<host mac='*:*:*:*:*:*' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@mac" },
  { DHCP ("<host name='ignore' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@name" },
  { DHCP ("<host name='12h' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@name" },
  { DHCP ("<host name='10.0.0.9' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@name" },
  { DHCP ("<host name='a&#10;b' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@name" },
  { DHCP ("<host name='set:x' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@name" },
  { DHCP ("<host id='x,y' name='a' ip='192.168.1.5'/>"), "ip[1]/dhcp/host[1]/@id" },
  { DHCP ("<host name='a' ip='192.168.1.5'/><host name='b' ip='192.168.1.5'/>"),
    "ip[1]/dhcp/host[2]/@ip" },
  { DHCP ("<host mac='52:54:0:0:0:1' ip='192.168.1.5'/><host mac='52:54:00:00:00:01' "
          "ip='192.168.1.6'/>"),
    "ip[1]/dhcp/host[2]/@mac" },
  { DHCP ("<bootp file='a,b'/>"), "ip[1]/dhcp/bootp/@file" },
  { DHCP ("<bootp file='a' server='somewhere'/>"), "ip[1]/dhcp/bootp/@server" },
  { NETWORK ("<ip address='10.0.0.1' prefix='8'><dhcp/></ip><ip address='11.0.0.1' prefix='8'>"
             "<dhcp/></ip>"),
    "ip[2]/dhcp", TRUE },
  { IP ("</ip><route address='10.0.0.0' prefix='8' gateway='10.0.0.1'/><ip address='1.1.1.1' "
        "prefix='8'>"),
    "route[1]/@gateway" },
  { IP ("</ip><route address='10.0.0.1' prefix='8' gateway='192.168.1.5'/><ip address='1.1.1.1' "
        "prefix='8'>"),
    "route[1]/@address" },
  { DNS ("<txt name='a b' value='x'/>"), "dns/txt[1]/@name" },
  { DNS ("<txt name='a' value='x&#10;dhcp-script=/bin/sh'/>"), "dns/txt[1]/@value" },
  { DNS ("<srv service='a.b' protocol='tcp'/>"), "dns/srv[1]/@service" },
  { DNS ("<srv service='a' protocol='tcp' port='1'/>"), "dns/srv[1]/@port" },
  { DNS ("<srv service='a' protocol='t,p'/>"), "dns/srv[1]/@protocol" },
  { DNS ("<srv service='a' protocol='tcp' domain='x/y'/>"), "dns/srv[1]/@domain" },
  { DNS ("<host ip='10.0.0.1'><hostname>a&#10;6.6.6.6 bank</hostname></host>"),
    "dns/host[1]/hostname[1]" },
  { DNS ("<host ip='10.0.0.1'/>"), "dns/host[1]" },
  { DNS ("<forwarder/>"), "dns/forwarder[1]" },
  { DNS ("<forwarder domain='a/b' addr='1.1.1.1'/>"), "dns/forwarder[1]/@domain" },
};

static void
test_refusals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      const Refusal *refusal = &refusals[i];
      g_autofree char *path = g_strconcat ("/network/", refusal->path, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (VireoNetworkDef) def
          = vireo_network_def_parse (refusal->xml, -1, VIREO_PARSE_NONE, &error);
      g_autoptr (VireoNetworkPlan) plan = NULL;
      int code = VIREO_ERROR_XML_INVALID;
      gboolean parsed = def != NULL;

      if (refusal->unsupported)
        code = VIREO_ERROR_CONFIG_UNSUPPORTED;
      if (parsed)
        plan = vireo_network_plan_new_checked (def, &error);
      g_test_message ("%s: %s", refusal->xml, error != NULL ? error->message : "taken");
      g_assert_null (plan);
      /* What the schema has refused already is refused as well. */
      if (!parsed)
        continue;
      g_assert_error (error, VIREO_ERROR, code);
      g_assert_nonnull (strstr (error->message, path));
    }
}

/* Nothing of a name that means something to a parser reaches one. */
static void
test_hostile_name (void)
{
  static const char xml[]
      = "<network><name>a&quot;; flush ruleset; #$(reboot)`x`</name>"
        "<uuid>81ff0d90-c91e-6742-64da-4a736edb9a9b</uuid><forward/><bridge name='vireobr0'/>"
        "<ip address='192.168.1.1' prefix='24'/></network>";
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkDef) def = vireo_network_def_parse (xml, -1, VIREO_PARSE_NONE, &error);
  g_autoptr (VireoNetworkPlan) plan = NULL;
  g_autoptr (VireoDnsmasqPaths) paths = NULL;
  g_autofree char *config = NULL;
  g_autofree char *rules = NULL;

  g_assert_no_error (error);
  plan = vireo_network_plan_new_checked (def, &error);
  g_assert_no_error (error);
  paths = vireo_dnsmasq_paths_new ("/run", "/state", plan->uuid);
  config = vireo_dnsmasq_config (plan, paths, NULL);
  rules = vireo_firewall_rules_install (plan);
  g_assert_null (strstr (config, "reboot"));
  g_assert_null (strstr (rules, "reboot"));
}

static void
test_taken (void)
{
  static const char xml[]
      = "<network><name>n</name><forward mode='nat' dev='eth0'><nat ipv6='yes'><address "
        "start='10.9.0.1' end='10.9.0.4'/><port start='500' end='1000'/></nat><interface "
        "dev='eth0'/></forward><bridge name='virbr0' stp='off' delay='3'/><mtu size='9000'/><mac "
        "address='52:54:00:17:3F:37'/><domain name='example.org' localOnly='yes'/><dns "
        "enable='yes' forwardPlainNames='no'><txt name='a.b' value='x,y \"z\"'/></dns><ip "
        "address='192.168.1.1' netmask='255.255.255.128'><tftp root='/srv/t'/><dhcp><range "
        "start='192.168.1.2' end='192.168.1.9'><lease expiry='2' unit='hours'/></range><host "
        "mac='52:54:0:0:0:A' name='h.example' ip='192.168.1.44'><lease expiry='0'/></host><bootp "
        "file='f' server='10.0.0.1'/></dhcp></ip><ip address='10.24.10.1'/><ip family='ipv6' "
        "address='fd00::1' prefix='64'/><route address='172.16.0.0' netmask='255.240.0.0' "
        "gateway='192.168.1.2' metric='3'/><portgroup name='p'/></network>";
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkDef) def = vireo_network_def_parse (xml, -1, VIREO_PARSE_NONE, &error);
  g_autoptr (VireoNetworkPlan) plan = NULL;
  const VireoPlanSubnet *subnet;
  const VireoPlanHost *host;
  const VireoPlanRoute *route;

  g_assert_no_error (error);
  plan = vireo_network_plan_new_checked (def, &error);
  g_assert_no_error (error);
  g_assert_cmpint (plan->mode, ==, VIREO_NETWORK_MODE_NAT);
  g_assert_cmpstr (plan->forward_device, ==, "eth0");
  g_assert_true (plan->nat_ipv6);
  g_assert_cmpuint (plan->nat_port_start, ==, 500);
  g_assert_false (plan->stp);
  g_assert_cmpuint (plan->delay, ==, 3);
  g_assert_cmpuint (plan->mtu, ==, 9000);
  g_assert_cmpstr (plan->mac, ==, "52:54:00:17:3f:37");
  g_assert_true (plan->domain_local);
  g_assert_false (plan->forward_plain_names);
  g_assert_cmpuint (plan->subnets->len, ==, 3);
  subnet = g_ptr_array_index (plan->subnets, 0);
  g_assert_cmpuint (subnet->prefix, ==, 25);
  g_assert_cmpint (((VireoPlanRange *) subnet->ranges->pdata[0])->lease_time, ==, 7200);
  host = g_ptr_array_index (subnet->hosts, 0);
  g_assert_cmpstr (host->mac, ==, "52:54:00:00:00:0a");
  g_assert_cmpint (host->lease_time, ==, 0);
  subnet = g_ptr_array_index (plan->subnets, 1);
  g_assert_cmpuint (subnet->prefix, ==, 8);
  route = g_ptr_array_index (plan->routes, 0);
  g_assert_cmpuint (route->prefix, ==, 12);
  g_assert_cmpuint (route->metric, ==, 3);
}

static void
test_leases (void)
{
  static const char text[] =
      "2000000000 52:54:00:aa:bb:cc 192.168.1.5 guest 01:52:54:00:aa:bb:cc\n"
      "0 52:54:00:aa:bb:cd 192.168.1.6 * *\n"
      "1000 52:54:00:aa:bb:ce 192.168.1.7 old *\n"
      "duid 00:01:00:01:2b:b7:9b:9b:52:54:00:12:34:56\n"
      "2000000000 2949115 fd00::99 six 00:01:00:01:18:aa:62:fe:52:54:00:11:22:33\n"
      "2000000000 T5 fd00::9a * 00:04:01\n"
      "\n"
      "nonsense\n"
      "-5 52:54:00:aa:bb:cc 192.168.1.8 * *\n"
      "99999999999999999999 52:54:00:aa:bb:cc 192.168.1.8 * *\n"
      "2000000000 52:54:00:aa:bb 192.168.1.8 * *\n"
      "2000000000 52:54:00:aa:bb:cc 192.168.1.800 * *\n"
      "2000000000 52:54:00:aa:bb:d0 192.168.1.9 <b>\xff zz:zz\n"
      "2000000000 52:54:00:aa:bb:d1 10.0.0.9";
  g_autoptr (VireoNetworkPlan) plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  g_autoptr (GPtrArray) leases = NULL;
  const VireoNetworkLease *lease;

  test_add_subnet (plan, "192.168.1.1", 24, NULL, NULL);
  test_add_subnet (plan, "fd00::1", 64, NULL, NULL);
  leases = vireo_dhcp_leases_parse (text, sizeof text - 1, plan, 1500);
  g_assert_cmpuint (leases->len, ==, 5);
  lease = leases->pdata[0];
  g_assert_cmpstr (lease->mac, ==, "52:54:00:aa:bb:cc");
  g_assert_cmpstr (lease->hostname, ==, "guest");
  g_assert_cmpstr (lease->client_id, ==, "01:52:54:00:aa:bb:cc");
  g_assert_cmpuint (lease->prefix, ==, 24);
  g_assert_cmpint (lease->expires, ==, 2000000000);
  lease = leases->pdata[1];
  g_assert_cmpint (lease->expires, ==, 0);
  g_assert_null (lease->hostname);
  lease = leases->pdata[2];
  g_assert_cmpstr (lease->address, ==, "fd00::99");
  g_assert_cmpstr (lease->mac, ==, "52:54:00:11:22:33");
  g_assert_cmpstr (lease->iaid, ==, "2949115");
  g_assert_cmpuint (lease->prefix, ==, 64);
  lease = leases->pdata[3];
  g_assert_cmpstr (lease->iaid, ==, "5");
  g_assert_cmpstr (lease->mac, ==, "");
  /* What a guest made up is left out, and the lease is there all the same. */
  lease = leases->pdata[4];
  g_assert_cmpstr (lease->address, ==, "192.168.1.9");
  g_assert_null (lease->hostname);
  g_assert_null (lease->client_id);
}

static void
test_status (void)
{
  static const char *const broken[] = {
    "",
    "[network]\nversion=1\nphase=active\nbridge=b\n",
    "[network]\nversion=2\nphase=active\nbridge=b\nxml=x\n",
    "[network]\nversion=1\nphase=odd\nbridge=b\nxml=x\n",
    "[network]\nversion=1\nphase=active\nbridge=../b\nxml=x\n",
    "[network]\nversion=1\nphase=active\nbridge=b\nmac=x\nxml=x\n",
    "\xff\xfe",
  };
  g_autoptr (VireoNetworkStatus) status
      = vireo_network_status_new ("81ff0d90-c91e-6742-64da-4a736edb9a9b");
  g_autoptr (VireoNetworkStatus) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  const VireoNetworkTap *tap;

  status->phase = VIREO_NETWORK_PHASE_ACTIVE;
  status->owner = 1000;
  status->bridge = g_strdup ("vireobr0");
  status->mac = g_strdup ("52:54:00:00:00:01");
  status->dnsmasq_pid = 77;
  status->dnsmasq_start_time = G_GUINT64_CONSTANT (12345678901);
  status->xml = g_strdup ("<network>\n  <name>\\s;#= é</name>\n</network>\n");
  g_ptr_array_add (status->taps, vireo_network_tap_new ("vireotap3", 12, "9b7e5ec0"));
  bytes = vireo_network_status_format (status);
  again = vireo_network_status_parse (status->uuid, bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpint (again->phase, ==, VIREO_NETWORK_PHASE_ACTIVE);
  g_assert_cmpuint (again->owner, ==, 1000);
  g_assert_cmpstr (again->bridge, ==, status->bridge);
  g_assert_cmpstr (again->mac, ==, status->mac);
  g_assert_cmpint (again->dnsmasq_pid, ==, 77);
  g_assert_cmpuint (again->dnsmasq_start_time, ==, status->dnsmasq_start_time);
  g_assert_cmpstr (again->xml, ==, status->xml);
  g_assert_cmpuint (again->taps->len, ==, 1);
  tap = again->taps->pdata[0];
  g_assert_cmpstr (tap->device, ==, "vireotap3");
  g_assert_cmpint (tap->index, ==, 12);
  g_assert_cmpstr (tap->owner, ==, "9b7e5ec0");

  for (gsize i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GBytes) text = g_bytes_new_static (broken[i], strlen (broken[i]));

      g_assert_null (vireo_network_status_parse (status->uuid, text, &error));
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_IO);
      g_clear_error (&error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/network/plan/taken", test_taken);
  g_test_add_func ("/network/plan/refusals", test_refusals);
  g_test_add_func ("/network/plan/hostile-name", test_hostile_name);
  g_test_add_func ("/network/leases", test_leases);
  g_test_add_func ("/network/status", test_status);
  return g_test_run ();
}
