/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The files of a network's dnsmasq, in the syntax of dnsmasq(8). All values come from a
 * #VireoNetworkPlan: none has a newline, a comma or a quote but for the text of a TXT record, which
 * is quoted. */

#include "vireo-dnsmasq-config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/vireo-error.h"

/* For how many more hosts than there are leases may be kept. */
#define HOSTS_STEP 64

/* What dnsmasq becomes after it has opened its sockets; the first that exists. */
static const char *const users[] = { "vireo-dnsmasq", "dnsmasq", "nobody" };

/**
 * vireo_dnsmasq_paths_new:
 * @run_dir: the network driver's folder that a reboot clears
 * @state_dir: the one that survives
 * @uuid: UUID of the network
 *
 * Returns: (transfer full): where the network's files are
 * Since: 0.1
 */
VireoDnsmasqPaths *
vireo_dnsmasq_paths_new (const char *run_dir, const char *state_dir, const char *uuid)
{
  VireoDnsmasqPaths *paths = g_new0 (VireoDnsmasqPaths, 1);
  g_autofree char *leases = g_strconcat (uuid, ".leases", NULL);

  paths->folder = g_build_filename (run_dir, uuid, NULL);
  paths->config = g_build_filename (paths->folder, "dnsmasq.conf", NULL);
  paths->hosts = g_build_filename (paths->folder, "hosts", NULL);
  paths->names = g_build_filename (paths->folder, "names", NULL);
  paths->pid = g_build_filename (paths->folder, "dnsmasq.pid", NULL);
  paths->leases = g_build_filename (state_dir, leases, NULL);
  return paths;
}

/**
 * vireo_dnsmasq_paths_free:
 * @paths: (nullable) (transfer full): paths
 *
 * Since: 0.1
 */
void
vireo_dnsmasq_paths_free (VireoDnsmasqPaths *paths)
{
  if (paths == NULL)
    return;
  g_free (paths->folder);
  g_free (paths->config);
  g_free (paths->hosts);
  g_free (paths->names);
  g_free (paths->pid);
  g_free (paths->leases);
  g_free (paths);
}

/* ",SECONDS" or nothing. */
static void
add_lease_time (GString *text, gint64 lease_time)
{
  if (lease_time == 0)
    g_string_append (text, ",infinite");
  else if (lease_time > 0)
    g_string_append_printf (text, ",%" G_GINT64_FORMAT, lease_time);
}

/* The text of a TXT record between quotes, inside which dnsmasq gives a meaning to the quote and
 * the backslash only. */
static void
add_quoted (GString *text, const char *value)
{
  g_string_append_c (text, '"');
  for (const char *p = value; *p != '\0'; p++)
    {
      if (*p == '"' || *p == '\\')
        g_string_append_c (text, '\\');
      g_string_append_c (text, *p);
    }
  g_string_append_c (text, '"');
}

static void
add_forwarders (GString *text, const VireoNetworkPlan *plan)
{
  gboolean replaces = FALSE;

  for (guint i = 0; i < plan->forwarders->len; i++)
    {
      const VireoPlanForwarder *forwarder = g_ptr_array_index (plan->forwarders, i);
      g_autofree char *address
          = forwarder->address.family != 0 ? vireo_ip_format (&forwarder->address) : g_strdup ("#");

      if (forwarder->domain != NULL)
        g_string_append_printf (text, "server=/%s/%s\n", forwarder->domain, address);
      else
        g_string_append_printf (text, "server=%s\n", address);
      replaces |= forwarder->domain == NULL;
    }
  /* Servers for all names take the place of the host's; an isolated network asks nobody. */
  if (replaces || plan->mode == VIREO_NETWORK_MODE_ISOLATED)
    g_string_append (text, "no-resolv\n");
}

static void
add_dns (GString *text, const VireoNetworkPlan *plan)
{
  if (!plan->dns)
    {
      g_string_append (text, "port=0\n");
      return;
    }
  add_forwarders (text, plan);
  if (!plan->forward_plain_names)
    g_string_append (text, "domain-needed\nlocal=//\n");
  for (guint i = 0; i < plan->texts->len; i++)
    {
      const VireoPlanText *record = g_ptr_array_index (plan->texts, i);

      g_string_append_printf (text, "txt-record=%s,", record->name);
      add_quoted (text, record->value);
      g_string_append_c (text, '\n');
    }
  for (guint i = 0; i < plan->services->len; i++)
    {
      const VireoPlanService *record = g_ptr_array_index (plan->services, i);

      g_string_append_printf (text, "srv-host=_%s._%s", record->service, record->protocol);
      if (record->domain != NULL)
        g_string_append_printf (text, ".%s", record->domain);
      if (record->target != NULL)
        g_string_append_printf (text, ",%s", record->target);
      if (record->target != NULL && record->port != 0)
        g_string_append_printf (text, ",%u,%u,%u", record->port, record->priority, record->weight);
      g_string_append_c (text, '\n');
    }
}

static void
add_ranges (GString *text, const VireoPlanSubnet *subnet)
{
  g_autofree char *address = vireo_ip_format (&subnet->address);
  gboolean ipv4 = subnet->address.family == AF_INET;
  g_autofree char *mask = ipv4 ? vireo_ip_format_netmask (&subnet->address, subnet->prefix)
                               : g_strdup_printf ("%u", subnet->prefix);

  for (guint i = 0; i < subnet->ranges->len; i++)
    {
      const VireoPlanRange *range = g_ptr_array_index (subnet->ranges, i);
      g_autofree char *start = vireo_ip_format (&range->start);
      g_autofree char *end = vireo_ip_format (&range->end);

      g_string_append_printf (text, "dhcp-range=%s,%s,%s", start, end, mask);
      add_lease_time (text, range->lease_time);
      g_string_append_c (text, '\n');
    }
  if (subnet->ranges->len == 0 && subnet->hosts->len > 0)
    g_string_append_printf (text, "dhcp-range=%s,static,%s\n", address, mask);
}

static void
add_boot (GString *text, const VireoPlanSubnet *subnet)
{
  if (subnet->tftp_root != NULL)
    g_string_append_printf (text, "enable-tftp\ntftp-root=%s\n", subnet->tftp_root);
  if (subnet->boot_file == NULL)
    return;
  g_string_append_printf (text, "dhcp-boot=%s", subnet->boot_file);
  if (subnet->boot_server.family != 0)
    {
      g_autofree char *server = vireo_ip_format (&subnet->boot_server);

      g_string_append_printf (text, ",,%s", server);
    }
  g_string_append_c (text, '\n');
}

/* How many leases there can be at once. */
static guint64
count_leases (const VireoNetworkPlan *plan)
{
  guint64 count = 0;

  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      /* In steps, so that most hosts that come and go change nothing but the file of hosts, which
       * dnsmasq reads again without being started again. */
      count += (subnet->hosts->len + HOSTS_STEP - 1) / HOSTS_STEP * HOSTS_STEP;
      for (guint j = 0; j < subnet->ranges->len; j++)
        {
          const VireoPlanRange *range = g_ptr_array_index (subnet->ranges, j);

          count += vireo_ip_range_size (&range->start, &range->end);
        }
    }
  return count;
}

static gboolean
has_dhcp (const VireoNetworkPlan *plan, int family)
{
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (subnet->address.family == family && subnet->ranges->len + subnet->hosts->len > 0)
        return TRUE;
    }
  return FALSE;
}

static void
add_dhcp (GString *text, const VireoNetworkPlan *plan, const VireoDnsmasqPaths *paths)
{
  gboolean isolated = plan->mode == VIREO_NETWORK_MODE_ISOLATED;
  gboolean dhcp6 = has_dhcp (plan, AF_INET6);

  for (guint i = 0; i < plan->subnets->len; i++)
    {
      add_ranges (text, g_ptr_array_index (plan->subnets, i));
      add_boot (text, g_ptr_array_index (plan->subnets, i));
    }
  if (has_dhcp (plan, AF_INET))
    {
      g_string_append (text, "dhcp-no-override\ndhcp-authoritative\n");
      /* No router, or guests would prefer this network to one that leads somewhere. */
      if (isolated)
        g_string_append (text, "dhcp-option=3\n");
      if (plan->mtu != 0)
        g_string_append_printf (text, "dhcp-option=option:mtu,%u\n", plan->mtu);
    }
  if (vireo_network_plan_has_dhcp (plan))
    {
      g_string_append_printf (text, "dhcp-lease-max=%" G_GUINT64_FORMAT "\n", count_leases (plan));
      g_string_append_printf (text, "dhcp-hostsfile=%s\n", paths->hosts);
      g_string_append_printf (text, "dhcp-leasefile=%s\n", paths->leases);
    }
  if (isolated && vireo_network_plan_has_family (plan, AF_INET6))
    g_string_append (text, "ra-param=*,0,0\n");
  if (dhcp6)
    g_string_append (text, "enable-ra\n");
  for (guint i = 0; !dhcp6 && i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);
      g_autofree char *address = vireo_ip_format (&subnet->address);

      /* Guests make addresses of their own below a prefix of 64 only: RFC 4862. */
      if (subnet->address.family == AF_INET6 && subnet->prefix == 64)
        g_string_append_printf (text, "dhcp-range=%s,ra-only\n", address);
    }
}

/* RFC 1035, section 3.5, and RFC 3596, section 2.5: addresses as names, the last label first. */
static void
add_reverse_zone (GString *text, const VireoPlanSubnet *subnet)
{
  gboolean ipv4 = subnet->address.family == AF_INET;

  g_string_append (text, "local=/");
  for (int i = (int) subnet->prefix / 8 - 1; ipv4 && i >= 0; i--)
    g_string_append_printf (text, "%u.", subnet->address.bytes[i]);
  for (int i = (int) subnet->prefix / 4 - 1; !ipv4 && i >= 0; i--)
    g_string_append_printf (text, "%x.",
                            (subnet->address.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xf);
  g_string_append (text, ipv4 ? "in-addr.arpa/\n" : "ip6.arpa/\n");
}

static void
add_reverse_zones (GString *text, const VireoNetworkPlan *plan)
{
  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      if (subnet->local_ptr)
        add_reverse_zone (text, subnet);
    }
}

/**
 * vireo_dnsmasq_config:
 * @plan: a network that needs dnsmasq
 * @paths: where its files are
 * @user: (nullable): what dnsmasq becomes; %NULL when the daemon is not root
 *
 * Returns: (transfer full): the configuration
 * Since: 0.1
 */
char *
vireo_dnsmasq_config (const VireoNetworkPlan *plan, const VireoDnsmasqPaths *paths,
                      const char *user)
{
  GString *text = g_string_new ("# Made by Vireo from the network's definition, and again at each "
                                "start of the network.\n");

  if (user != NULL)
    g_string_append_printf (text, "user=%s\n", user);
  g_string_append_printf (text, "pid-file=%s\n", paths->pid);
  g_string_append (text, "strict-order\nexcept-interface=lo\nbind-dynamic\n");
  g_string_append_printf (text, "interface=%s\n", plan->bridge);
  if (plan->domain != NULL && plan->domain_local)
    g_string_append_printf (text, "local=/%s/\n", plan->domain);
  if (plan->domain != NULL)
    g_string_append_printf (text, "domain=%s\nexpand-hosts\n", plan->domain);
  add_reverse_zones (text, plan);
  add_dns (text, plan);
  if (plan->dns)
    g_string_append_printf (text, "addn-hosts=%s\n", paths->names);
  add_dhcp (text, plan, paths);
  return g_string_free (text, FALSE);
}

/**
 * vireo_dnsmasq_hosts:
 * @plan: a network
 *
 * Returns: (transfer full): what the file of fixed addresses holds, in the form of dhcp-host
 * Since: 0.1
 */
char *
vireo_dnsmasq_hosts (const VireoNetworkPlan *plan)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < plan->subnets->len; i++)
    {
      const VireoPlanSubnet *subnet = g_ptr_array_index (plan->subnets, i);

      for (guint j = 0; j < subnet->hosts->len; j++)
        {
          const VireoPlanHost *host = g_ptr_array_index (subnet->hosts, j);
          g_autofree char *address
              = host->ip.family != 0 ? vireo_ip_format (&host->ip) : NULL;
          g_autofree char *id = host->id != NULL ? g_strconcat ("id:", host->id, NULL) : NULL;
          gsize start = text->len;
          const char *parts[] = { id, host->mac, host->name };

          for (gsize k = 0; k < G_N_ELEMENTS (parts); k++)
            if (parts[k] != NULL)
              g_string_append_printf (text, "%s%s", text->len > start ? "," : "", parts[k]);
          if (address != NULL && host->ip.family == AF_INET6)
            g_string_append_printf (text, ",[%s]", address);
          else if (address != NULL)
            g_string_append_printf (text, ",%s", address);
          add_lease_time (text, host->lease_time);
          g_string_append_c (text, '\n');
        }
    }
  return g_string_free (text, FALSE);
}

/**
 * vireo_dnsmasq_names:
 * @plan: a network
 *
 * Returns: (transfer full): what the file of names holds, in the form of hosts(5)
 * Since: 0.1
 */
char *
vireo_dnsmasq_names (const VireoNetworkPlan *plan)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < plan->names->len; i++)
    {
      const VireoPlanName *name = g_ptr_array_index (plan->names, i);
      g_autofree char *address = vireo_ip_format (&name->address);

      g_string_append (text, address);
      for (guint j = 0; j < name->names->len; j++)
        g_string_append_printf (text, "%c%s", j == 0 ? '\t' : ' ',
                                (const char *) g_ptr_array_index (name->names, j));
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}

/* The user that dnsmasq becomes; %NULL when we may not choose. */
static const char *
find_user (void)
{
  char buffer[4096];
  struct passwd entry, *found = NULL;

  if (geteuid () != 0)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (users); i++)
    if (getpwnam_r (users[i], &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
      return users[i];
  return NULL;
}

static gboolean
write_file (const char *path, const char *contents, GError **error)
{
  /* No fsync: a reboot clears the folder. Readable for all, whatever our umask, because dnsmasq
   * reads the hosts as its own user. */
  if (!g_file_set_contents_full (path, contents, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error))
    {
      vireo_error_translate (error, "cannot write %s", path);
      return FALSE;
    }
  if (g_chmod (path, 0644) == 0)
    return TRUE;
  vireo_error_set_errno (error, errno, "cannot change the permissions of %s", path);
  return FALSE;
}

/**
 * vireo_dnsmasq_write_files:
 * @plan: a network that needs dnsmasq
 * @paths: where its files are
 * @error: a reason
 *
 * Writes all that dnsmasq reads. For worker threads.
 *
 * Returns: whether they were written
 * Since: 0.1
 */
gboolean
vireo_dnsmasq_write_files (const VireoNetworkPlan *plan, const VireoDnsmasqPaths *paths,
                           GError **error)
{
  g_autofree char *config = vireo_dnsmasq_config (plan, paths, find_user ());
  g_autofree char *hosts = vireo_dnsmasq_hosts (plan);
  g_autofree char *names = vireo_dnsmasq_names (plan);
  g_autofree char *state_dir = g_path_get_dirname (paths->leases);

  if (g_mkdir_with_parents (paths->folder, 0711) < 0 || g_chmod (paths->folder, 0711) < 0
      || g_mkdir_with_parents (state_dir, 0700) < 0)
    {
      vireo_error_set_errno (error, errno, "cannot make the folders %s and %s", paths->folder,
                             state_dir);
      return FALSE;
    }
  return write_file (paths->hosts, hosts, error) && write_file (paths->names, names, error)
         && write_file (paths->config, config, error);
}

/**
 * vireo_dnsmasq_remove_files:
 * @paths: where a network's files are
 * @leases: whether guests' addresses are forgotten, too
 *
 * For worker threads.
 *
 * Since: 0.1
 */
void
vireo_dnsmasq_remove_files (const VireoDnsmasqPaths *paths, gboolean leases)
{
  g_autoptr (GDir) dir = g_dir_open (paths->folder, 0, NULL);
  const char *name;

  /* All that is there: a daemon that was killed may have left a temporary file, too. */
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (paths->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (paths->folder);
  if (leases)
    g_unlink (paths->leases);
}
