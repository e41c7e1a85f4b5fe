/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Devices, rules and dnsmasq for real, in namespaces of the test's own. */

#include "plans.h"
#include "sandbox.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "drivers/network/vireo-dnsmasq.h"
#include "drivers/network/vireo-firewall.h"
#include "drivers/network/vireo-netlink.h"
#include "util/vireo-error.h"

static void
test_bridge (void)
{
  g_autoptr (VireoNetworkPlan) plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  g_autoptr (GError) error = NULL;
  g_autofree char *shown = NULL;
  VireoLink link;

  plan->mtu = 1400;
  g_assert_true (vireo_netlink_create_bridge (plan, &error));
  g_assert_no_error (error);
  g_assert_true (vireo_netlink_get_link ("vireobr0", &link, &error));
  g_assert_cmpstr (link.kind, ==, "bridge");
  g_assert_cmpstr (link.mac, ==, plan->mac);
  g_assert_cmpuint (link.mtu, ==, 1400);
  g_assert_false (link.up);
  shown = sandbox_run ("ip -d link show vireobr0");
  g_assert_nonnull (strstr (shown, "stp_state 1"));
  g_assert_nonnull (strstr (shown, "forward_delay 200"));

  g_assert_false (vireo_netlink_create_bridge (plan, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_clear_error (&error);

  /* Something else that has our name stays. */
  g_assert_true (vireo_netlink_delete_link ("vireobr0", "bridge", "52:54:00:00:00:01", &error));
  g_assert_true (vireo_netlink_delete_link ("vireobr0", "tun", NULL, &error));
  g_assert_true (vireo_netlink_get_link ("vireobr0", &link, &error));

  g_assert_true (vireo_netlink_delete_link ("vireobr0", "bridge", "52:54:00:17:3F:37", &error));
  g_assert_false (vireo_netlink_get_link ("vireobr0", &link, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_clear_error (&error);
  g_assert_true (vireo_netlink_delete_link ("vireobr0", "bridge", plan->mac, &error));
  g_assert_no_error (error);
}

static void
test_addresses (void)
{
  g_autoptr (VireoNetworkPlan) plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  VireoIp four = test_ip ("192.168.122.1");
  VireoIp six = test_ip ("fd00:1::1");
  VireoPlanRoute route = { test_ip ("10.5.0.0"), 16, test_ip ("192.168.122.2"), 7 };
  g_autoptr (GError) error = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *routes = NULL;

  g_assert_true (vireo_netlink_check_free (&four, 24, &error));
  g_assert_true (vireo_netlink_create_bridge (plan, &error));
  g_assert_true (vireo_netlink_add_address ("vireobr0", &four, 24, &error));
  g_assert_true (vireo_netlink_add_address ("vireobr0", &six, 64, &error));
  g_assert_true (vireo_netlink_set_up ("vireobr0", &error));
  g_assert_true (vireo_netlink_add_route ("vireobr0", &route, &error));
  g_assert_no_error (error);
  shown = sandbox_run ("ip addr show vireobr0");
  g_assert_nonnull (strstr (shown, "inet 192.168.122.1/24 brd 192.168.122.255 scope global"));
  g_assert_nonnull (strstr (shown, "inet6 fd00:1::1/64 scope global nodad"));
  g_assert_null (strstr (shown, "tentative"));
  routes = sandbox_run ("ip route");
  g_assert_nonnull (strstr (routes, "10.5.0.0/16 via 192.168.122.2 dev vireobr0 proto static"));

  /* Now the network is in use, and the error says by what. */
  g_assert_false (vireo_netlink_check_free (&four, 16, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "vireobr0"));
  g_clear_error (&error);
  g_assert_false (vireo_netlink_check_free (&six, 64, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_clear_error (&error);
  /* A wider route through a gateway does no harm, an equal one does. */
  VireoIp inside = test_ip ("10.5.7.1");
  g_assert_true (vireo_netlink_check_free (&inside, 24, &error));
  g_assert_false (vireo_netlink_check_free (&inside, 16, &error));
  g_clear_error (&error);
  g_assert_true (vireo_netlink_delete_link ("vireobr0", "bridge", plan->mac, &error));
}

static void
test_tap (void)
{
  g_autoptr (VireoNetworkPlan) plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autofree char *other = NULL;
  VireoLink link, bridge;
  int fd;

  plan->mtu = 1400;
  g_assert_true (vireo_netlink_create_bridge (plan, &error));
  fd = vireo_tap_open (NULL, TRUE, &name, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, "vireotap0");
  g_assert_true (vireo_netlink_set_port (name, "vireobr0", "fe:54:00:00:00:01", 0, &error));
  g_assert_no_error (error);
  g_assert_true (vireo_netlink_get_link (name, &link, &error));
  g_assert_true (vireo_netlink_get_link ("vireobr0", &bridge, &error));
  g_assert_cmpint (link.master, ==, bridge.index);
  g_assert_cmpuint (link.mtu, ==, 1400);
  g_assert_true (link.up);
  g_assert_cmpstr (link.mac, ==, "fe:54:00:00:00:01");
  g_assert_cmpstr (bridge.mac, ==, plan->mac);

  g_assert_cmpint (vireo_tap_open (name, TRUE, &other, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_cmpint (vireo_tap_open ("sixteen-letters!", TRUE, &other, &error), ==, -1);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (vireo_netlink_set_port (name, "lo", NULL, 0, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
  g_clear_error (&error);

  close (fd);
  g_assert_false (vireo_netlink_get_link (name, &link, &error));
  g_clear_error (&error);
  g_assert_true (vireo_netlink_delete_link ("vireobr0", "bridge", plan->mac, &error));
}

static void
test_names (void)
{
  static const char *const good[] = { "br0", "br-lan.5", "_x", "0a", "abcdefghijklmno" };
  static const char *const bad[] = { "",       "abcdefghijklmnop", "br*", "br 0", "br\"0", "br,0",
                                     "../etc", "-br",              ".",   "br;",  "br\n",  "bré" };
  guint8 mac[6];

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (vireo_netlink_is_device_name (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (vireo_netlink_is_device_name (bad[i]));
  g_assert_false (vireo_netlink_is_device_name (NULL));

  g_assert_true (vireo_netlink_parse_mac ("52:54:0:AB:cd:1", mac));
  g_assert_cmpint (mac[3], ==, 0xab);
  g_assert_false (vireo_netlink_parse_mac ("52:54:00:ab:cd", mac));
  g_assert_false (vireo_netlink_parse_mac ("52:54:00:ab:cd:1:2", mac));
  g_assert_false (vireo_netlink_parse_mac ("52:54:00:ab:cd:-1", mac));
  g_assert_false (vireo_netlink_parse_mac ("52:54:00:ab:cd:100", mac));
}

/* Rules of two networks come and go; what belongs to others stays as it is to the byte. */
static void
test_firewall (void)
{
  g_autoptr (VireoNetworkPlan) nat = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  g_autoptr (VireoNetworkPlan) isolated = test_plan (VIREO_NETWORK_MODE_ISOLATED, "vireobr1");
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *one = NULL;
  g_autofree char *again = NULL;
  g_autofree char *two = NULL;
  g_autofree char *back = NULL;
  g_autofree char *after = NULL;

  sandbox_do ("nft 'add table inet foreign; add chain inet foreign forward { type filter hook "
              "forward priority 0; policy accept; }; add rule inet foreign forward counter; add "
              "table ip nat; add chain ip nat vireo'");
  before = sandbox_run ("nft list ruleset");
  test_add_subnet (nat, "192.168.122.1", 24, NULL, NULL);
  test_add_subnet (nat, "fd00:1::1", 64, NULL, NULL);
  nat->nat_ipv6 = TRUE;
  nat->nat_start = test_ip ("fd00:9::1");
  nat->nat_end = test_ip ("fd00:9::2");
  test_add_subnet (isolated, "192.168.123.1", 24, NULL, NULL);

  g_assert_true (vireo_firewall_install (nat, &error));
  g_assert_no_error (error);
  one = sandbox_run ("nft list ruleset");
  g_assert_true (g_str_has_prefix (one, before));
  g_assert_nonnull (strstr (one, "snat ip6 to [fd00:9::1]-[fd00:9::2]:1024-65535"));
  g_assert_true (vireo_firewall_install (nat, &error));
  again = sandbox_run ("nft list ruleset");
  g_assert_cmpstr (again, ==, one);

  g_assert_true (vireo_firewall_install (isolated, &error));
  two = sandbox_run ("nft list ruleset");
  g_assert_true (g_str_has_prefix (two, before));
  g_assert_nonnull (strstr (two, "chain to_vireobr1"));
  g_assert_true (vireo_firewall_remove ("vireobr1", &error));
  g_assert_no_error (error);
  back = sandbox_run ("nft list ruleset");
  g_assert_cmpstr (back, ==, one);

  /* What is damaged is repaired. */
  sandbox_do ("nft flush chain inet vireo to_vireobr0");
  g_assert_true (vireo_firewall_install (nat, &error));
  g_free (g_steal_pointer (&back));
  back = sandbox_run ("nft list ruleset");
  g_assert_cmpstr (back, ==, one);

  g_assert_true (vireo_firewall_remove ("vireobr0", &error));
  g_assert_true (vireo_firewall_remove ("vireobr0", &error));
  g_assert_no_error (error);
  after = sandbox_run ("nft list ruleset");
  g_assert_cmpstr (after, ==, before);
  sandbox_do ("nft flush ruleset");
}

static void
test_forwarding (void)
{
  g_autoptr (VireoNetworkPlan) plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *value = NULL;

  sandbox_do ("sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0");
  test_add_subnet (plan, "192.168.122.1", 24, NULL, NULL);
  g_assert_true (vireo_firewall_enable_forwarding (plan, changed, &error));
  g_assert_cmpuint (changed->len, ==, 1);
  value = sandbox_run ("sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding");
  g_assert_cmpstr (value, ==, "1\n0\n");
  g_assert_true (vireo_firewall_enable_forwarding (plan, changed, &error));
  g_assert_cmpuint (changed->len, ==, 1);

  /* A host that lives on router advertisements must not lose its route. */
  test_add_subnet (plan, "fd00:1::1", 64, NULL, NULL);
  sandbox_do ("ip link add up0 type veth peer name up1");
  sandbox_do ("ip link set up0 up");
  sandbox_do ("ip link set up1 up");
  sandbox_do ("ip -6 route add default via fe80::1 dev up0 proto ra");
  g_assert_false (vireo_firewall_enable_forwarding (plan, changed, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NETWORK);
  g_assert_nonnull (strstr (error->message, "up0"));
  g_clear_error (&error);
  sandbox_do ("sysctl -qw net.ipv6.conf.up0.accept_ra=2");
  g_assert_true (vireo_firewall_enable_forwarding (plan, changed, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (changed->len, ==, 2);
  sandbox_do ("ip link del up0");
}

static void
take_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
start_dnsmasq (VireoDnsmasq *dnsmasq, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  vireo_dnsmasq_start_async (dnsmasq, NULL, take_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return vireo_dnsmasq_start_finish (dnsmasq, result, error);
}

static void
stop_dnsmasq (VireoDnsmasq *dnsmasq)
{
  g_autoptr (GAsyncResult) result = NULL;

  vireo_dnsmasq_stop_async (dnsmasq, NULL, take_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (vireo_dnsmasq_stop_finish (dnsmasq, result, NULL));
  g_assert_false (vireo_dnsmasq_is_running (dnsmasq));
}

static void
count_exit (VireoDnsmasq *dnsmasq, guint *count)
{
  (*count)++;
}

static VireoNetworkPlan *
dnsmasq_plan (void)
{
  VireoNetworkPlan *plan = test_plan (VIREO_NETWORK_MODE_NAT, "vireobr0");
  VireoPlanSubnet *subnet
      = test_add_subnet (plan, "192.168.122.1", 24, "192.168.122.2", "192.168.122.9");

  plan->stp = FALSE;
  g_assert_true (vireo_netlink_create_bridge (plan, NULL));
  g_assert_true (vireo_netlink_add_address ("vireobr0", &subnet->address, 24, NULL));
  g_assert_true (vireo_netlink_set_up ("vireobr0", NULL));
  return plan;
}

static void
test_dnsmasq (void)
{
  g_autoptr (VireoNetworkPlan) plan = dnsmasq_plan ();
  g_autofree char *folder = sandbox_folder ();
  g_autoptr (VireoDnsmasqPaths) paths = vireo_dnsmasq_paths_new (folder, folder, plan->uuid);
  g_autoptr (VireoDnsmasq) dnsmasq = vireo_dnsmasq_new (paths);
  g_autoptr (VireoDnsmasq) second = vireo_dnsmasq_new (paths);
  g_autoptr (GError) error = NULL;
  guint n_exits = 0;
  guint64 start_time;
  int pid;

  g_signal_connect (dnsmasq, "exited", G_CALLBACK (count_exit), &n_exits);
  g_assert_true (vireo_dnsmasq_write_files (plan, paths, &error));
  g_assert_true (start_dnsmasq (dnsmasq, &error));
  g_assert_no_error (error);
  pid = vireo_dnsmasq_get_pid (dnsmasq);
  start_time = vireo_dnsmasq_get_start_time (dnsmasq);
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpuint (start_time, >, 0);

  /* Another daemon finds it, but takes no other process for it. */
  g_assert_false (vireo_dnsmasq_attach (second, pid, start_time + 1));
  g_assert_false (vireo_dnsmasq_attach (second, getpid (), 0));
  g_assert_false (vireo_dnsmasq_attach (second, 0, 0));
  g_assert_true (vireo_dnsmasq_attach (second, pid, start_time));
  g_clear_object (&second);

  /* Its death is told, unless it was asked for. */
  kill (pid, SIGKILL);
  while (n_exits == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (vireo_dnsmasq_is_running (dnsmasq));
  g_assert_true (start_dnsmasq (dnsmasq, &error));
  stop_dnsmasq (dnsmasq);
  g_assert_cmpuint (n_exits, ==, 1);
  stop_dnsmasq (dnsmasq);

  /* One that nobody wrote down. */
  g_assert_true (start_dnsmasq (dnsmasq, &error));
  g_assert_true (vireo_dnsmasq_kill_strays (paths, &error));
  g_assert_no_error (error);
  while (n_exits == 1)
    g_main_context_iteration (NULL, TRUE);

  /* What it says when it refuses. */
  g_assert_true (g_file_set_contents (paths->config, "no-such-option\n", -1, NULL));
  g_assert_false (start_dnsmasq (dnsmasq, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NETWORK);
  g_assert_nonnull (strstr (error->message, "bad option"));

  vireo_dnsmasq_remove_files (paths, TRUE);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_true (vireo_netlink_delete_link ("vireobr0", "bridge", plan->mac, NULL));
}

int
main (int argc, char **argv)
{
  const char *reason;

  g_test_init (&argc, &argv, NULL);
  reason = sandbox_enter ();
  if (reason != NULL)
    {
      g_print ("1..0 # SKIP %s\n", reason);
      return 0;
    }
  g_test_add_func ("/network/kernel/names", test_names);
  g_test_add_func ("/network/kernel/bridge", test_bridge);
  g_test_add_func ("/network/kernel/addresses", test_addresses);
  g_test_add_func ("/network/kernel/tap", test_tap);
  g_test_add_func ("/network/kernel/firewall", test_firewall);
  g_test_add_func ("/network/kernel/forwarding", test_forwarding);
  g_test_add_func ("/network/kernel/dnsmasq", test_dnsmasq);
  return g_test_run ();
}
