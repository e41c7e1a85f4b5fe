/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The name and the MAC address of a network's bridge: chosen once, and kept in its definition. */

#include <net/if.h>

#include "util/vireo-error.h"
#include "vireo-bridge-network-driver-private.h"
#include "vireo-netlink.h"

#define BRIDGE_NAME "vireobr%u"
#define MAX_BRIDGES 10000

typedef struct
{
  VireoObj *self;
  gconstpointer def;
  /* Names that are taken, with the name of the network that has them. */
  GHashTable *taken;
} Search;

static gboolean
owns_bridge (const VireoNetworkDef *def)
{
  return def->forward == NULL
         || vireo_forward_def_get_mode (def->forward) != VIREO_FORWARD_MODE_BRIDGE;
}

static void
note_name (VireoObj *obj, gconstpointer data, gpointer user_data)
{
  Search *search = user_data;
  const VireoNetworkDef *def = data;

  if (def == NULL || def == search->def || (obj != NULL && obj == search->self)
      || !owns_bridge (def) || def->bridge == NULL || def->bridge->name == NULL)
    return;
  g_hash_table_insert (search->taken, g_strdup (def->bridge->name), g_strdup (def->name));
}

/* The names of all other networks' bridges: of definitions, and of what is up. */
static GHashTable *
taken_names (VireoKeeper *keeper, VireoObj *obj, gconstpointer def)
{
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (vireo_keeper_get_list (keeper));
  Search search = { obj, def, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };

  vireo_keeper_foreach_def (keeper, note_name, &search);
  for (guint i = 0; i < objects->len; i++)
    note_name (objects->pdata[i], vireo_network_obj_get_live_def (objects->pdata[i]), &search);
  return search.taken;
}

/* What the network was told before, so that a new definition without a name keeps it. */
static const VireoNetworkDef *
old_definition (VireoObj *obj)
{
  const VireoNetworkDef *old
      = obj != NULL ? vireo_network_obj_get_def (VIREO_NETWORK_OBJ (obj)) : NULL;

  return old != NULL && owns_bridge (old) ? old : NULL;
}

static gboolean
choose_name (VireoNetworkDef *def, const VireoNetworkDef *old, GHashTable *taken, GError **error)
{
  if (old != NULL && old->bridge != NULL && old->bridge->name != NULL
      && !g_hash_table_contains (taken, old->bridge->name))
    {
      def->bridge->name = g_strdup (old->bridge->name);
      return TRUE;
    }
  for (guint i = 0; i < MAX_BRIDGES; i++)
    {
      g_autofree char *name = g_strdup_printf (BRIDGE_NAME, i);

      if (g_hash_table_contains (taken, name) || if_nametoindex (name) != 0)
        continue;
      def->bridge->name = g_steal_pointer (&name);
      return TRUE;
    }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
               "there is no name left for another bridge");
  return FALSE;
}

/* In the range that QEMU's and KVM's machines have, 52:54:00. */
static char *
random_mac (void)
{
  guint32 number = g_random_int ();

  return g_strdup_printf ("52:54:00:%02x:%02x:%02x", number & 0xff, number >> 8 & 0xff,
                          number >> 16 & 0xff);
}

/* The keeper's last word before a definition is written. */
gboolean
_vireo_bridge_networks_choose (VireoKeeper *keeper, VireoObj *obj, gpointer data, GError **error)
{
  VireoNetworkDef *def = data;
  const VireoNetworkDef *old = old_definition (obj);
  g_autoptr (GHashTable) taken = NULL;
  const char *other;

  if (!owns_bridge (def))
    return TRUE;
  taken = taken_names (keeper, obj, def);
  if (def->bridge == NULL)
    def->bridge = vireo_bridge_def_new ();
  if (def->bridge->name == NULL && !choose_name (def, old, taken, error))
    return FALSE;
  other = g_hash_table_lookup (taken, def->bridge->name);
  if (other != NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE,
                   "/network/bridge/@name: \"%s\" is the bridge of the network \"%s\"",
                   def->bridge->name, other);
      return FALSE;
    }
  if (def->mac == NULL)
    def->mac = old != NULL && old->mac != NULL ? g_strdup (old->mac) : random_mac ();
  return TRUE;
}
