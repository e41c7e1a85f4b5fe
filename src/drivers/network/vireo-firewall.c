/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the commands of vireo-firewall-rules. libnftables waits for the kernel, so it is used in
 * worker threads, one at a time. */

#include "vireo-firewall.h"

#include <json-glib/json-glib.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "util/vireo-error.h"
#include "vireo-netlink.h"

/* Contexts of libnftables share state, and whether the table is still needed must not change
 * between the question and the answer. */
static GMutex nft_lock;

typedef struct nft_ctx NftContext;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NftContext, nft_ctx_free)

/* The first line that says something: the others repeat the command and point at a column. */
static char *
first_line (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", 2);

  return g_strdup (lines[0] != NULL && lines[0][0] != '\0' ? lines[0] : "no reason given");
}

static char *
nft_run (const char *commands, gboolean json, GError **error)
{
  g_autoptr (NftContext) nft = nft_ctx_new (NFT_CTX_DEFAULT);

  if (nft == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NETWORK, "cannot open nftables");
      return NULL;
    }
  nft_ctx_buffer_output (nft);
  nft_ctx_buffer_error (nft);
  if (json)
    nft_ctx_output_set_flags (nft, NFT_CTX_OUTPUT_JSON);
  if (nft_run_cmd_from_buffer (nft, commands) != 0)
    {
      g_autofree char *reason = first_line (nft_ctx_get_error_buffer (nft));

      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NETWORK, "nftables refused: %s", reason);
      return NULL;
    }
  return g_strdup (nft_ctx_get_output_buffer (nft));
}

/* Whether an element is in any verdict map: a network, of this daemon or of another. */
static gboolean
table_is_used (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = nft_run ("list table inet vireo", TRUE, &error);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *root;
  JsonArray *rows;

  if (text == NULL || !json_parser_load_from_data (parser, text, -1, &error)
      || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return TRUE;
  root = json_node_get_object (json_parser_get_root (parser));
  rows = json_object_has_member (root, "nftables")
             ? json_object_get_array_member (root, "nftables")
             : NULL;
  for (guint i = 0; rows != NULL && i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);

      if (json_object_has_member (row, "map")
          && json_object_has_member (json_object_get_object_member (row, "map"), "elem"))
        return TRUE;
    }
  return FALSE;
}

/**
 * vireo_firewall_install:
 * @plan: a network whose bridge is ours, and that is not open
 * @error: Network
 *
 * Gives a network its rules, or repairs them, in one transaction.
 *
 * Returns: whether the rules are there; otherwise nothing was changed
 * Since: 0.1
 */
gboolean
vireo_firewall_install (const VireoNetworkPlan *plan, GError **error)
{
  g_autofree char *commands = vireo_firewall_rules_install (plan);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&nft_lock);
  g_autofree char *output = nft_run (commands, FALSE, error);

  if (output == NULL)
    g_prefix_error (error, "cannot install the rules of the bridge %s: ", plan->bridge);
  return output != NULL;
}

/**
 * vireo_firewall_remove:
 * @bridge: name of the network's bridge
 * @error: Network
 *
 * Removes the rules of a network if it has any, and with the last network the table.
 *
 * Returns: whether none of its rules is left
 * Since: 0.1
 */
gboolean
vireo_firewall_remove (const char *bridge, GError **error)
{
  g_autofree char *commands = vireo_firewall_rules_remove (bridge);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&nft_lock);
  g_autofree char *output = nft_run (commands, FALSE, error);
  g_autofree char *deleted = NULL;

  if (output != NULL && table_is_used ())
    return TRUE;
  if (output != NULL)
    deleted = nft_run ("delete table inet vireo", FALSE, error);
  if (deleted == NULL)
    g_prefix_error (error, "cannot remove the rules of the bridge %s: ", bridge);
  return deleted != NULL;
}

/* Kernel settings, by address family. */
static const struct
{
  int family;
  const char *path;
} forwarding[] = {
  { AF_INET, "/proc/sys/net/ipv4/ip_forward" },
  { AF_INET6, "/proc/sys/net/ipv6/conf/all/forwarding" },
};

/**
 * vireo_firewall_enable_forwarding:
 * @plan: a network that reaches outside
 * @ret_changed: (element-type utf8): gets the paths of the kernel settings that were off
 * @error: Network, when the host would lose its own default route by it
 *
 * Makes the kernel pass packets on between devices, for the families that @plan has. That stays on
 * when the network stops: nobody can tell who else has come to rely on it. For worker threads.
 *
 * Returns: whether packets are passed on
 * Since: 0.1
 */
gboolean
vireo_firewall_enable_forwarding (const VireoNetworkPlan *plan, GPtrArray *ret_changed,
                                  GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forwarding); i++)
    {
      g_autofree char *value = NULL;
      const char *path = forwarding[i].path;

      if (!vireo_network_plan_has_family (plan, forwarding[i].family))
        continue;
      if (!g_file_get_contents (path, &value, NULL, error))
        {
          vireo_error_translate (error, "cannot see whether packets are passed on");
          return FALSE;
        }
      if (atoi (value) != 0)
        continue;
      if (forwarding[i].family == AF_INET6 && !vireo_netlink_check_ra_routes (error))
        return FALSE;
      if (!vireo_netlink_write_setting (path, "1", error))
        return FALSE;
      g_ptr_array_add (ret_changed, g_strdup (path));
    }
  return TRUE;
}
