/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The driver whole: real bridges, rules and dnsmasq in namespaces of the test's own, and a guest
 * that is a network namespace. */

#include "daemon.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox.h"
#include "util/vireo-error.h"

static gboolean
on_timeout (gpointer data)
{
  g_error ("waited in vain");
  return G_SOURCE_REMOVE;
}

static void
test_life (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) network = net_define (f, NAT_XML, &error);
  g_autofree char *rules = NULL;
  g_autofree char *bridge = NULL;
  g_autofree char *mac = NULL;

  g_assert_no_error (error);
  /* What it was not told was chosen, and is kept. */
  bridge = g_strdup (vireo_network_obj_get_persistent_def (network)->bridge->name);
  mac = g_strdup (vireo_network_obj_get_persistent_def (network)->mac);
  g_assert_cmpstr (bridge, ==, "vireobr0");
  g_assert_true (g_str_has_prefix (mac, "52:54:00:"));
  g_object_unref (net_define (f, NAT_XML, &error));
  g_assert_cmpstr (vireo_network_obj_get_persistent_def (network)->mac, ==, mac);

  g_assert_true (net_start (f, network, &error));
  g_assert_no_error (error);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (network)));
  rules = sandbox_run ("nft list ruleset");
  g_assert_true (g_str_has_prefix (rules, f->rules));
  g_assert_nonnull (strstr (rules, "chain translate_vireobr0"));
  g_assert_false (net_start (f, network, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_assert_true (net_destroy (f, network, &error));
  g_assert_no_error (error);
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (network)));
  g_assert_cmpstr (f->events->str, ==,
                   "nat:Lifecycle defined\nnat:Lifecycle defined\nnat:Lifecycle started\n"
                   "nat:Lifecycle stopped\n");
  g_assert_false (net_destroy (f, network, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  net_assert_nothing_left (f);
  net_undefine (f, network);
}

/* The other side: a host beyond the bridge. */
static void
add_world (void)
{
  static const char *const commands[] = {
    "ip netns add world",
    "ip link add up0 type veth peer name eth0 netns world",
    "ip addr add 198.51.100.1/24 dev up0",
    "ip link set up0 up",
    "ip -n world addr add 198.51.100.2/24 dev eth0",
    "ip -n world link set eth0 up",
    "ip -n world route add 192.168.150.0/24 via 198.51.100.1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    sandbox_do (commands[i]);
}

static void
remove_world (void)
{
  sandbox_do ("ip link del up0");
  sandbox_do ("ip netns del world");
}

static gboolean
ping (const char *from, const char *to)
{
  g_autofree char *command
      = g_strdup_printf ("ip netns exec %s busybox ping -c 1 -W 2 %s", from, to);
  g_autofree char *out = sandbox_try (command);

  return out != NULL;
}

static void
test_guest (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) network = net_define (f, NAT_XML, &error);
  g_autoptr (GPtrArray) leases = NULL;
  g_autofree char *counted = NULL;
  const VireoNetworkLease *lease;

  add_world ();
  g_assert_true (net_start (f, network, &error));
  g_assert_no_error (error);
  sandbox_add_guest (1, "vireobr0");
  g_assert_true (sandbox_dhcp (1, f->folder));
  while (strstr (f->events->str, "nat:LeasesChanged\n") == NULL)
    g_main_context_iteration (NULL, TRUE);
  leases = net_get_leases (f, network);
  g_assert_cmpuint (leases->len, ==, 1);
  lease = g_ptr_array_index (leases, 0);
  g_assert_true (g_str_has_prefix (lease->address, "192.168.150."));
  g_assert_cmpuint (lease->prefix, ==, 24);
  g_assert_cmpint (lease->expires, >, g_get_real_time () / G_USEC_PER_SEC);

  /* Outwards behind the host's address, for the world has no way back to the guest's. */
  g_assert_true (ping ("guest1", "192.168.150.1"));
  sandbox_do ("ip netns exec world nft 'add table ip t; add chain ip t c { type filter hook input "
              "priority 0; }; add rule ip t c icmp type echo-request ip saddr 198.51.100.1 "
              "counter'");
  g_assert_true (ping ("guest1", "198.51.100.2"));
  counted = sandbox_run ("ip netns exec world nft list chain ip t c");
  g_assert_nonnull (strstr (counted, "packets 1"));
  /* From outside, the guest cannot be reached. */
  g_assert_false (ping ("world", lease->address));

  sandbox_remove_guest (1);
  remove_world ();
  g_assert_true (net_destroy (f, network, &error));
  net_undefine (f, network);
}

#define ADD(section, text)                                                                         \
  &(VireoNetworkUpdate)                                                                            \
  {                                                                                                \
    VIREO_NETWORK_UPDATE_ADD_LAST, VIREO_NETWORK_SECTION_##section, -1, text, .live = TRUE         \
  }

/* A network that is up goes on, with another host, range or name in it. */
static void
test_update (Fixture *f, gconstpointer data)
{
  static const char host[] = "<host mac='52:54:00:00:00:01' name='one' ip='192.168.150.7'/>";
  static const char other[] = "<host mac='52:54:00:00:00:02' ip='192.168.150.8'/>";
  g_autoptr (GError) error = NULL;
  VireoNetworkObj *network = net_define (f, NAT_XML, &error);
  g_autofree char *addresses = NULL;
  g_autofree char *answer = NULL;
  int pid;

  g_assert_true (net_start (f, network, &error));
  /* The first host is one that dnsmasq has to be started for, and the others are not. */
  g_assert_true (net_update (f, network, ADD (IP_DHCP_HOST, host), &error));
  g_assert_no_error (error);
  pid = net_dnsmasq_pid (f);
  g_assert_cmpint (pid, >, 0);
  g_assert_true (net_update (f, network, ADD (IP_DHCP_HOST, other), &error));
  g_assert_cmpint (net_dnsmasq_pid (f), ==, pid);
  sandbox_add_guest (1, "vireobr0");
  sandbox_do ("ip -n guest1 link set eth0 address 52:54:00:00:00:02");
  g_assert_true (sandbox_dhcp (1, f->folder));
  addresses = sandbox_run ("ip -n guest1 -4 addr show eth0");
  g_assert_nonnull (strstr (addresses, "192.168.150.8/24"));

  /* Names are answered at once; what is not in a file of its own takes another dnsmasq. */
  g_assert_true (net_update (
      f, network, ADD (DNS_TXT, "<txt name='motto.example.org' value='all change'/>"), &error));
  g_assert_no_error (error);
  g_assert_cmpint (net_dnsmasq_pid (f), !=, pid);
  pid = net_dnsmasq_pid (f);
  answer = sandbox_run ("ip netns exec guest1 busybox nslookup -type=txt motto.example.org "
                        "192.168.150.1");
  g_assert_nonnull (strstr (answer, "all change"));

  /* What the driver cannot do changes nothing. */
  g_assert_false (net_update (
      f, network, ADD (PORTGROUP, "<portgroup name='p'><vlan><tag id='7'/></vlan></portgroup>"),
      &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_cmpint (net_dnsmasq_pid (f), ==, pid);
  g_assert_cmpuint (vireo_network_obj_get_live_def (network)->n_portgroups, ==, 0);
  g_assert_cmpuint (vireo_network_obj_get_persistent_def (network)->ips[0]->dhcp->n_hosts, ==, 0);

  /* A daemon that comes after knows what is up. */
  g_object_unref (network);
  net_daemon_restart (f);
  network = net_find (f, "nat");
  g_assert_cmpint (net_dnsmasq_pid (f), ==, pid);
  g_assert_cmpuint (vireo_network_obj_get_live_def (network)->ips[0]->dhcp->n_hosts, ==, 2);
  g_assert_cmpuint (vireo_network_obj_get_live_def (network)->dns->n_txts, ==, 1);
  g_assert_true (net_destroy (f, network, &error));
  sandbox_remove_guest (1);
  net_undefine (f, network);
}

/* Names, texts and addresses as the definition has them, from a dnsmasq that is not root and a
 * daemon whose files nobody else may read by default. */
static void
test_names_and_addresses (Fixture *f, gconstpointer data)
{
  static const char xml[]
      = "<network><name>n</name><bridge stp='off'/><domain name='example.org' localOnly='yes'/>"
        "<dns><txt name='t.example.org' value='v=1, &quot;q&quot; b\\s #c'/><srv service='ldap' "
        "protocol='tcp' domain='example.org' target='host.example.org' port='389' priority='1' "
        "weight='2'/><host ip='192.168.150.77'><hostname>host.example.org</hostname></host></dns>"
        "<ip address='192.168.150.1' prefix='24'><dhcp><host mac='52:54:00:00:00:42' name='fixed' "
        "ip='192.168.150.42'/></dhcp></ip></network>";
  static const struct
  {
    const char *query;
    const char *answer;
  } queries[] = {
    { "host.example.org", "192.168.150.77" },
    { "fixed.example.org", "192.168.150.42" },
    { "-type=txt t.example.org", "v=1, \"q\" b\\s #c" },
    { "-type=srv _ldap._tcp.example.org", "1 2 389 host.example.org" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) network = NULL;
  g_autofree char *address = NULL;
  mode_t umask_before = umask (0077);

  network = net_define (f, xml, &error);
  g_assert_no_error (error);
  g_assert_true (net_start (f, network, &error));
  g_assert_no_error (error);
  sandbox_add_guest (1, "vireobr0");
  sandbox_do ("ip -n guest1 link set eth0 address 52:54:00:00:00:42");
  g_assert_true (sandbox_dhcp (1, f->folder));
  address = sandbox_run ("ip -n guest1 -br addr show eth0");
  g_assert_nonnull (strstr (address, "192.168.150.42/24"));
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autofree char *command = g_strdup_printf (
          "ip netns exec guest1 busybox nslookup %s 192.168.150.1", queries[i].query);
      g_autofree char *out = sandbox_run (command);

      g_test_message ("%s", out);
      g_assert_nonnull (strstr (out, queries[i].answer));
    }
  umask (umask_before);
  sandbox_remove_guest (1);
  g_assert_true (net_destroy (f, network, &error));
  net_undefine (f, network);
}

static const struct
{
  const char *mode;
  gboolean out;
  gboolean in;
} reaches[] = {
  { "<forward mode='route'/>", TRUE, TRUE },
  { "<forward mode='open'/>", TRUE, TRUE },
  { "<forward mode='nat'/>", TRUE, FALSE },
  { "<forward mode='nat' dev='up0'/>", TRUE, FALSE },
  { "<forward mode='nat' dev='other0'/>", FALSE, FALSE },
  { "", FALSE, FALSE },
};

static void
test_modes (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add_world ();
  sandbox_add_guest (1, NULL);
  sandbox_do ("ip -n guest1 addr add 192.168.150.5/24 dev eth0");
  sandbox_do ("ip -n guest1 route add default via 192.168.150.1");
  for (gsize i = 0; i < G_N_ELEMENTS (reaches); i++)
    {
      g_autofree char *xml
          = g_strdup_printf ("<network><name>n</name>%s<bridge stp='off'/><mac "
                             "address='52:54:00:00:00:01'/><ip address='192.168.150.1' "
                             "prefix='24'/></network>",
                             reaches[i].mode);
      g_autoptr (VireoNetworkObj) network = net_define (f, xml, &error);

      g_assert_no_error (error);
      g_assert_true (net_start (f, network, &error));
      sandbox_do ("ip link set port1 master vireobr0 up");
      g_test_message ("%s", reaches[i].mode);
      g_assert_true (ping ("guest1", "192.168.150.1"));
      g_assert_cmpint (ping ("guest1", "198.51.100.2"), ==, reaches[i].out);
      g_assert_cmpint (ping ("world", "192.168.150.5"), ==, reaches[i].in);
      g_assert_true (net_destroy (f, network, &error));
      net_undefine (f, network);
    }
  sandbox_remove_guest (1);
  remove_world ();
}

static void
test_plug (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VireoNetworkObj *network = net_define (f, NAT_XML, &error);
  g_autoptr (VireoNetworkSocket) one = NULL;
  g_autoptr (VireoNetworkSocket) two = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *ports = NULL;

  /* It starts when it is needed. */
  one = net_plug (f, "nat", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (vireo_obj_get_active (VIREO_OBJ (network)));
  g_assert_cmpstr (one->bridge, ==, "vireobr0");
  g_assert_cmpint (one->fd, >=, 0);
  two = net_plug (f, "nat", NULL, "guest0", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (two->device, ==, "guest0");
  ports = sandbox_run ("ip -br link show master vireobr0");
  g_assert_nonnull (strstr (ports, one->device));
  g_assert_nonnull (strstr (ports, "guest0"));
  xml = vireo_def_obj_format (VIREO_DEF_OBJ (network), VIREO_FORMAT_NONE, &error);
  g_assert_nonnull (strstr (xml, "connections=\"2\"") ?: strstr (xml, "connections='2'"));
  g_assert_null (net_plug (f, "nat", NULL, "guest0", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_null (net_plug (f, "no such", NULL, NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND);
  g_clear_error (&error);

  /* A guest that ends while no daemon looks is counted no more. */
  net_daemon_end (f);
  g_object_unref (network);
  g_clear_pointer (&two, vireo_network_socket_free);
  net_daemon_start (f);
  network = net_find (f, "nat");
  g_assert_cmpuint (vireo_network_obj_get_live_def (network)->connections, ==, 1);

  net_iface (f)->unplug (f->driver, one->device);
  g_assert_cmpuint (vireo_network_obj_get_live_def (network)->connections, ==, 0);
  net_iface (f)->unplug (f->driver, one->device);
  net_iface (f)->unplug (f->driver, "lo");
  for (;;)
    {
      g_autofree char *left = sandbox_run ("ip -br link show type tun");

      if (left[0] == '\0')
        break;
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_true (net_destroy (f, network, &error));
  net_undefine (f, network);
}

static void
test_plug_bridge (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) network = NULL;
  g_autoptr (VireoNetworkSocket) socket = NULL;

  g_assert_null (net_plug (f, NULL, "br0", NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_clear_error (&error);
  g_assert_null (net_plug (f, NULL, "lo", NULL, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED);
  g_clear_error (&error);

  /* A network that is a bridge of the host's is up when that is there, and leaves it alone. */
  network = net_define (f,
                        "<network><name>host</name><forward mode='bridge'/><bridge name='br0'/>"
                        "</network>",
                        &error);
  g_assert_no_error (error);
  g_assert_false (net_start (f, network, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE);
  g_clear_error (&error);
  sandbox_do ("ip link add br0 type bridge");
  socket = net_plug (f, "host", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (socket->bridge, ==, "br0");
  g_clear_pointer (&socket, vireo_network_socket_free);
  socket = net_plug (f, NULL, "br0", NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&socket, vireo_network_socket_free);
  g_assert_true (net_destroy (f, network, &error));
  sandbox_do ("ip link del br0");
  net_undefine (f, network);
}

/* The subnet is in use: refused with the device's name, and nothing is left. */
static void
test_in_use (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) network = net_define (f, NAT_XML, &error);

  sandbox_do ("ip link add up0 type veth peer name up1");
  sandbox_do ("ip addr add 192.168.150.77/28 dev up0");
  sandbox_do ("ip link set up0 up");
  g_assert_false (net_start (f, network, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "up0"));
  g_clear_error (&error);
  g_assert_false (vireo_obj_get_active (VIREO_OBJ (network)));
  sandbox_do ("ip link del up0");
  net_assert_nothing_left (f);

  /* So is one whose bridge's name is somebody's, which stays. */
  sandbox_do ("ip link add vireobr0 type bridge");
  g_assert_false (net_start (f, network, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_clear_error (&error);
  sandbox_do ("ip link del vireobr0");
  net_undefine (f, network);
}

static void
test_names (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) one = NULL;
  g_autoptr (VireoNetworkObj) two = NULL;

  sandbox_do ("ip link add vireobr0 type bridge");
  one = net_define (f, "<network><name>one</name></network>", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (vireo_network_obj_get_def (one)->bridge->name, ==, "vireobr1");
  two = net_define (f, "<network><name>two</name></network>", &error);
  g_assert_cmpstr (vireo_network_obj_get_def (two)->bridge->name, ==, "vireobr2");
  g_assert_null (
      net_define (f, "<network><name>three</name><bridge name='vireobr1'/></network>", &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE);
  g_assert_nonnull (strstr (error->message, "\"one\""));
  sandbox_do ("ip link del vireobr0");
  net_undefine (f, one);
  net_undefine (f, two);
}

static const struct
{
  const char *name;
  void (*func) (Fixture *f, gconstpointer data);
} tests[] = {
  { "/network/driver/life", test_life },
  { "/network/driver/guest", test_guest },
  { "/network/driver/names-and-addresses", test_names_and_addresses },
  { "/network/driver/modes", test_modes },
  { "/network/driver/plug", test_plug },
  { "/network/driver/plug-bridge", test_plug_bridge },
  { "/network/driver/in-use", test_in_use },
  { "/network/driver/names", test_names },
  { "/network/driver/update", test_update },
};

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
  g_timeout_add_seconds (150, on_timeout, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, net_set_up, tests[i].func, net_tear_down);
  return g_test_run ();
}
