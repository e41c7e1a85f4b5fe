/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The operation `update`: one element of a network is added, replaced or removed, in what is up, in
 * what the next start uses, or in both. The definition is changed here; what a network that is up
 * has to do about it is its driver's. */

#include "vireo-network-update.h"

#include "conf/vireo-validate.h"
#include "util/vireo-error.h"

#define CAN(command) (1u << VIREO_NETWORK_UPDATE_##command)
#define CAN_ADD (CAN (ADD_FIRST) | CAN (ADD_LAST))

/* A list of structs in a definition. */
typedef struct
{
  gpointer **items;
  guint *n;
} List;

/* Finds the list that @item belongs to, which is made if it is not there. */
typedef gboolean (*FindFunc) (VireoNetworkDef *def,
                              gconstpointer item,
                              int parent,
                              List *ret_list,
                              GError **error);
typedef gboolean (*CompareFunc) (gconstpointer a, gconstpointer b);

/**
 * Section:
 * @path: of the element, for the parser
 * @commands: a bit a command that it has
 * @find: where such elements are
 * @same: whether two elements are about the same thing, of which there can be one
 * @matches: whether an element has all that tells it from others and that is written in another
 * @check: (nullable): what is missing in an element
 * @free: frees one
 *
 * How a section is changed.
 */
typedef struct
{
  const char *path;
  guint commands;
  FindFunc find;
  CompareFunc same;
  CompareFunc matches;
  gboolean (*check) (gconstpointer item, VireoNetworkUpdateCommand command, GError **error);
  GDestroyNotify free;
} Section;

static gboolean
incomplete (GError **error, const char *what)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID, "the element lacks %s", what);
  return FALSE;
}

/* Whether both are written and the same. */
static gboolean
shared (const char *a, const char *b)
{
  return a != NULL && b != NULL && g_str_equal (a, b);
}

static gboolean
shared_mac (const char *a, const char *b)
{
  return a != NULL && b != NULL && g_ascii_strcasecmp (a, b) == 0;
}

/* ---- <ip>/<dhcp> ---- */

static gboolean
ip_fits (const VireoNetworkIpDef *ip, const char *address)
{
  gboolean ipv6 = ip->address != NULL && strchr (ip->address, ':') != NULL;

  return address == NULL || ipv6 == (strchr (address, ':') != NULL);
}

/* The <ip> that is meant: the one with a number, or the first that gives addresses to guests and is
 * of the right family, or else could. */
static VireoNetworkIpDef *
find_ip (VireoNetworkDef *def, const char *address, int parent, GError **error)
{
  VireoNetworkIpDef *found = NULL;

  if (parent >= 0 && (guint) parent < def->n_ips)
    return def->ips[parent];
  for (guint i = 0; parent < 0 && i < def->n_ips; i++)
    {
      if (!ip_fits (def->ips[i], address))
        continue;
      if (def->ips[i]->dhcp != NULL)
        return def->ips[i];
      if (found == NULL)
        found = def->ips[i];
    }
  if (found == NULL && parent < 0)
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                         "the network has no <ip> that it could be in");
  else if (found == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the network has no <ip> number %d",
                 parent);
  return found;
}

static VireoDhcpDef *
ensure_dhcp (VireoNetworkDef *def, const char *address, int parent, GError **error)
{
  VireoNetworkIpDef *ip = find_ip (def, address, parent, error);

  if (ip != NULL && ip->dhcp == NULL)
    ip->dhcp = vireo_dhcp_def_new ();
  return ip != NULL ? ip->dhcp : NULL;
}

static gboolean
find_hosts (VireoNetworkDef *def, gconstpointer item, int parent, List *ret_list, GError **error)
{
  const VireoDhcpHostDef *host = item;
  VireoDhcpDef *dhcp = ensure_dhcp (def, host->ip, parent, error);

  if (dhcp != NULL)
    *ret_list = (List){ (gpointer **) &dhcp->hosts, &dhcp->n_hosts };
  return dhcp != NULL;
}

static gboolean
find_ranges (VireoNetworkDef *def, gconstpointer item, int parent, List *ret_list, GError **error)
{
  const VireoDhcpRangeDef *range = item;
  VireoDhcpDef *dhcp = ensure_dhcp (def, range->start, parent, error);

  if (dhcp != NULL)
    *ret_list = (List){ (gpointer **) &dhcp->ranges, &dhcp->n_ranges };
  return dhcp != NULL;
}

static gboolean
same_host (gconstpointer a, gconstpointer b)
{
  const VireoDhcpHostDef *left = a;
  const VireoDhcpHostDef *right = b;

  return shared_mac (left->mac, right->mac) || shared (left->id, right->id)
         || shared (left->name, right->name) || shared (left->ip, right->ip);
}

static gboolean
matches_host (gconstpointer item, gconstpointer wanted)
{
  const VireoDhcpHostDef *have = item;
  const VireoDhcpHostDef *want = wanted;

  return (want->mac == NULL || shared_mac (have->mac, want->mac))
         && (want->id == NULL || shared (have->id, want->id))
         && (want->name == NULL || shared (have->name, want->name))
         && (want->ip == NULL || shared (have->ip, want->ip));
}

static gboolean
check_host (gconstpointer item, VireoNetworkUpdateCommand command, GError **error)
{
  const VireoDhcpHostDef *host = item;

  if (host->mac == NULL && host->id == NULL && host->name == NULL && host->ip == NULL)
    return incomplete (error, "all of mac, id, name and ip");
  return TRUE;
}

static gboolean
same_range (gconstpointer a, gconstpointer b)
{
  const VireoDhcpRangeDef *left = a;
  const VireoDhcpRangeDef *right = b;

  return shared (left->start, right->start) && shared (left->end, right->end);
}

static gboolean
check_range (gconstpointer item, VireoNetworkUpdateCommand command, GError **error)
{
  const VireoDhcpRangeDef *range = item;

  return (range->start != NULL && range->end != NULL) || incomplete (error, "start or end");
}

/* ---- <forward>, <portgroup> ---- */

static gboolean
find_interfaces (VireoNetworkDef *def,
                 gconstpointer item,
                 int parent,
                 List *ret_list,
                 GError **error)
{
  if (def->forward == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           "the network does not lead anywhere: it has no <forward>");
      return FALSE;
    }
  *ret_list = (List){ (gpointer **) &def->forward->interfaces, &def->forward->n_interfaces };
  return TRUE;
}

static gboolean
same_interface (gconstpointer a, gconstpointer b)
{
  return shared (((const VireoForwardInterfaceDef *) a)->dev,
                 ((const VireoForwardInterfaceDef *) b)->dev);
}

static gboolean
check_interface (gconstpointer item, VireoNetworkUpdateCommand command, GError **error)
{
  return ((const VireoForwardInterfaceDef *) item)->dev != NULL || incomplete (error, "dev");
}

static gboolean
find_portgroups (VireoNetworkDef *def,
                 gconstpointer item,
                 int parent,
                 List *ret_list,
                 GError **error)
{
  *ret_list = (List){ (gpointer **) &def->portgroups, &def->n_portgroups };
  return TRUE;
}

static gboolean
same_portgroup (gconstpointer a, gconstpointer b)
{
  return shared (((const VireoPortgroupDef *) a)->name, ((const VireoPortgroupDef *) b)->name);
}

static gboolean
check_portgroup (gconstpointer item, VireoNetworkUpdateCommand command, GError **error)
{
  return ((const VireoPortgroupDef *) item)->name != NULL || incomplete (error, "name");
}

/* ---- <dns> ---- */

static VireoDnsDef *
ensure_dns (VireoNetworkDef *def)
{
  if (def->dns == NULL)
    def->dns = vireo_dns_def_new ();
  return def->dns;
}

static gboolean
find_names (VireoNetworkDef *def, gconstpointer item, int parent, List *ret_list, GError **error)
{
  VireoDnsDef *dns = ensure_dns (def);

  *ret_list = (List){ (gpointer **) &dns->hosts, &dns->n_hosts };
  return TRUE;
}

static gboolean
find_txts (VireoNetworkDef *def, gconstpointer item, int parent, List *ret_list, GError **error)
{
  VireoDnsDef *dns = ensure_dns (def);

  *ret_list = (List){ (gpointer **) &dns->txts, &dns->n_txts };
  return TRUE;
}

static gboolean
find_srvs (VireoNetworkDef *def, gconstpointer item, int parent, List *ret_list, GError **error)
{
  VireoDnsDef *dns = ensure_dns (def);

  *ret_list = (List){ (gpointer **) &dns->srvs, &dns->n_srvs };
  return TRUE;
}

static gboolean
same_name (gconstpointer a, gconstpointer b)
{
  return shared (((const VireoDnsHostDef *) a)->ip, ((const VireoDnsHostDef *) b)->ip);
}

static gboolean
has_hostname (const VireoDnsHostDef *host, const char *name)
{
  for (guint i = 0; i < host->n_hostnames; i++)
    if (g_ascii_strcasecmp (host->hostnames[i], name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
matches_name (gconstpointer item, gconstpointer wanted)
{
  const VireoDnsHostDef *have = item;
  const VireoDnsHostDef *want = wanted;

  if (want->ip != NULL && !shared (have->ip, want->ip))
    return FALSE;
  for (guint i = 0; i < want->n_hostnames; i++)
    if (!has_hostname (have, want->hostnames[i]))
      return FALSE;
  return TRUE;
}

static gboolean
check_name (gconstpointer item, VireoNetworkUpdateCommand command, GError **error)
{
  const VireoDnsHostDef *host = item;

  if (command == VIREO_NETWORK_UPDATE_DELETE)
    return host->ip != NULL || host->n_hostnames > 0 || incomplete (error, "ip and hostname");
  return (host->ip != NULL && host->n_hostnames > 0) || incomplete (error, "ip or hostname");
}

static gboolean
same_txt (gconstpointer a, gconstpointer b)
{
  return shared (((const VireoDnsTxtDef *) a)->name, ((const VireoDnsTxtDef *) b)->name);
}

static gboolean
check_txt (gconstpointer item, VireoNetworkUpdateCommand command, GError **error)
{
  const VireoDnsTxtDef *txt = item;

  if (txt->name == NULL)
    return incomplete (error, "name");
  return command == VIREO_NETWORK_UPDATE_DELETE || txt->value != NULL
         || incomplete (error, "value");
}

static gboolean
matches_srv (gconstpointer item, gconstpointer wanted)
{
  const VireoDnsSrvDef *have = item;
  const VireoDnsSrvDef *want = wanted;

  return (want->service == NULL || shared (have->service, want->service))
         && (want->protocol == NULL || shared (have->protocol, want->protocol))
         && (want->domain == NULL || shared (have->domain, want->domain))
         && (want->target == NULL || shared (have->target, want->target))
         && (!want->has_port || (have->has_port && have->port == want->port))
         && (!want->has_priority || (have->has_priority && have->priority == want->priority))
         && (!want->has_weight || (have->has_weight && have->weight == want->weight));
}

/* Of one service there may be many records: two are the same when all is. */
static gboolean
same_srv (gconstpointer a, gconstpointer b)
{
  return vireo_dns_srv_def_equal (a, b);
}

static gboolean
check_srv (gconstpointer item, VireoNetworkUpdateCommand command, GError **error)
{
  const VireoDnsSrvDef *srv = item;

  if (command == VIREO_NETWORK_UPDATE_DELETE)
    return srv->service != NULL || srv->protocol != NULL || srv->domain != NULL
           || srv->target != NULL || incomplete (error, "all that tells it from others");
  return (srv->service != NULL && srv->protocol != NULL)
         || incomplete (error, "service or protocol");
}

/* ---- changing ---- */

/* What is not here cannot be changed in place. */
static const Section sections[VIREO_NETWORK_N_SECTIONS] = {
  [VIREO_NETWORK_SECTION_IP_DHCP_HOST]
  = { "network/ip/dhcp/host", CAN_ADD | CAN (MODIFY) | CAN (DELETE), find_hosts, same_host,
      matches_host, check_host, (GDestroyNotify) vireo_dhcp_host_def_free },
  [VIREO_NETWORK_SECTION_IP_DHCP_RANGE]
  = { "network/ip/dhcp/range", CAN_ADD | CAN (DELETE), find_ranges, same_range, same_range,
      check_range, (GDestroyNotify) vireo_dhcp_range_def_free },
  [VIREO_NETWORK_SECTION_FORWARD_INTERFACE]
  = { "network/forward/interface", CAN_ADD | CAN (DELETE), find_interfaces, same_interface,
      same_interface, check_interface, (GDestroyNotify) vireo_forward_interface_def_free },
  [VIREO_NETWORK_SECTION_PORTGROUP]
  = { "network/portgroup", CAN_ADD | CAN (MODIFY) | CAN (DELETE), find_portgroups, same_portgroup,
      same_portgroup, check_portgroup, (GDestroyNotify) vireo_portgroup_def_free },
  [VIREO_NETWORK_SECTION_DNS_HOST]
  = { "network/dns/host", CAN_ADD | CAN (DELETE), find_names, same_name, matches_name, check_name,
      (GDestroyNotify) vireo_dns_host_def_free },
  [VIREO_NETWORK_SECTION_DNS_TXT]
  = { "network/dns/txt", CAN_ADD | CAN (DELETE), find_txts, same_txt, same_txt, check_txt,
      (GDestroyNotify) vireo_dns_txt_def_free },
  [VIREO_NETWORK_SECTION_DNS_SRV]
  = { "network/dns/srv", CAN_ADD | CAN (DELETE), find_srvs, same_srv, matches_srv, check_srv,
      (GDestroyNotify) vireo_dns_srv_def_free },
};

static void
list_insert (const List *list, guint index, gpointer item)
{
  *list->items = g_renew (gpointer, *list->items, *list->n + 1);
  memmove (*list->items + index + 1, *list->items + index,
           (*list->n - index) * sizeof (gpointer));
  (*list->items)[index] = item;
  (*list->n)++;
}

static gpointer
list_take (const List *list, guint index)
{
  gpointer item = (*list->items)[index];

  (*list->n)--;
  memmove (*list->items + index, *list->items + index + 1,
           (*list->n - index) * sizeof (gpointer));
  if (*list->n == 0)
    g_clear_pointer (list->items, g_free);
  return item;
}

/* The only element of which it is so. */
static gboolean
list_find (const List *list,
           CompareFunc func,
           gconstpointer wanted,
           guint *ret_index,
           GError **error)
{
  guint found = G_MAXUINT;

  for (guint i = 0; i < *list->n; i++)
    {
      if (!func ((*list->items)[i], wanted))
        continue;
      if (found != G_MAXUINT)
        {
          g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                               "the network has several elements that it could mean");
          return FALSE;
        }
      found = i;
    }
  if (found == G_MAXUINT)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                           "the network has no such element");
      return FALSE;
    }
  *ret_index = found;
  return TRUE;
}

static gboolean
check_new (const Section *section, const List *list, gconstpointer item, GError **error)
{
  for (guint i = 0; i < *list->n; i++)
    if (section->same ((*list->items)[i], item))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                     "the network has one for the same already: %s[%u]", section->path, i + 1);
        return FALSE;
      }
  return TRUE;
}

/* Guests that are on it would lose it. */
static gboolean
check_unused (const VireoNetworkUpdate *update, gconstpointer item, GError **error)
{
  const VireoForwardInterfaceDef *interface = item;

  if (update->section != VIREO_NETWORK_SECTION_FORWARD_INTERFACE || !interface->has_connections
      || interface->connections == 0)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_BUSY, "%u guests are on the interface %s",
               interface->connections, interface->dev);
  return FALSE;
}

/* A host keeps what it is known by first. */
static gboolean
is_modified (gconstpointer item, gconstpointer wanted)
{
  const VireoDhcpHostDef *have = item;
  const VireoDhcpHostDef *want = wanted;

  if (want->mac != NULL)
    return shared_mac (have->mac, want->mac);
  if (want->id != NULL)
    return shared (have->id, want->id);
  if (want->name != NULL)
    return shared (have->name, want->name);
  return shared (have->ip, want->ip);
}

/* Takes @item over. */
static gboolean
change (const Section *section,
        const VireoNetworkUpdate *update,
        const List *list,
        gpointer item,
        GError **error)
{
  CompareFunc is_meant = section->matches;
  guint index = update->command == VIREO_NETWORK_UPDATE_ADD_LAST ? *list->n : 0;
  gboolean adds = (1u << update->command) & CAN_ADD;

  if (update->command == VIREO_NETWORK_UPDATE_MODIFY)
    is_meant = update->section == VIREO_NETWORK_SECTION_IP_DHCP_HOST ? is_modified : section->same;
  if (!adds)
    {
      if (!list_find (list, is_meant, item, &index, error)
          || !check_unused (update, (*list->items)[index], error))
        {
          section->free (item);
          return FALSE;
        }
      section->free (list_take (list, index));
    }
  if (update->command == VIREO_NETWORK_UPDATE_DELETE
      || !check_new (section, list, item, error))
    {
      section->free (item);
      return update->command == VIREO_NETWORK_UPDATE_DELETE;
    }
  list_insert (list, index, item);
  return TRUE;
}

/* Generic rules, as for a definition as a whole. */
static gboolean
check_whole (const VireoNetworkDef *def, GError **error)
{
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);

  vireo_network_def_validate (def, problems);
  if (problems->len == 0)
    return TRUE;
  g_propagate_error (error, vireo_problems_to_error (problems, VIREO_ERROR_XML_INVALID));
  return FALSE;
}

/* Containers that were made for what is not there in the end. */
static void
tidy (VireoNetworkDef *def)
{
  g_autoptr (VireoDnsDef) no_dns = vireo_dns_def_new ();
  g_autoptr (VireoDhcpDef) no_dhcp = vireo_dhcp_def_new ();

  if (def->dns != NULL && vireo_dns_def_equal (def->dns, no_dns))
    g_clear_pointer (&def->dns, vireo_dns_def_free);
  for (guint i = 0; i < def->n_ips; i++)
    if (def->ips[i]->dhcp != NULL && vireo_dhcp_def_equal (def->ips[i]->dhcp, no_dhcp))
      g_clear_pointer (&def->ips[i]->dhcp, vireo_dhcp_def_free);
}

/**
 * vireo_network_update_apply:
 * @update: a change
 * @def: the definition to change; when it fails, in a state to be thrown away
 * @error: what is wrong with the element; NotFound; NotSupported for what cannot be changed so
 *
 * Returns: whether it was done
 * Since: 0.1
 */
gboolean
vireo_network_update_apply (const VireoNetworkUpdate *update,
                            VireoNetworkDef *def,
                            GError **error)
{
  const Section *section = &sections[update->section];
  gpointer item;
  List list;

  if (!(section->commands & (1u << update->command)))
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                           "this part of a network cannot be changed so; replace the definition");
      return FALSE;
    }
  item = vireo_doc_parse_part (section->path, update->xml, VIREO_PARSE_NONE, error);
  if (item == NULL)
    return FALSE;
  if (!section->check (item, update->command, error)
      || !section->find (def, item, update->parent, &list, error))
    {
      section->free (item);
      return FALSE;
    }
  if (!change (section, update, &list, item, error))
    return FALSE;
  tidy (def);
  return check_whole (def, error);
}

/* ---- an update on its way ---- */

typedef struct
{
  VireoNetworkKeeper *keeper;
  VireoNetworkObj *obj;
  GTask *task;
  VireoNetworkDef *live;   /* (nullable): what is to be up */
  VireoNetworkDef *config; /* (nullable): what the next start is to use */
} Run;

static void
run_end (Run *run, GError *error)
{
  g_autoptr (GTask) task = run->task;

  g_object_unref (run->keeper);
  g_object_unref (run->obj);
  vireo_network_def_free (run->live);
  vireo_network_def_free (run->config);
  g_free (run);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
run_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  run_end (data, error);
}

static void
run_store (Run *run)
{
  if (run->config == NULL)
    run_end (run, NULL);
  else
    vireo_keeper_replace (VIREO_KEEPER (run->keeper), VIREO_OBJ (run->obj), run->config,
                          g_task_new (NULL, NULL, run_stored, run));
}

static void
run_lived (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    run_store (run);
  else
    run_end (run, error);
}

static gboolean
run_prepare (Run *run, const VireoNetworkUpdate *update, GError **error)
{
  const VireoNetworkDef *live = vireo_network_obj_get_live_def (run->obj);
  const VireoNetworkDef *config = vireo_network_obj_get_persistent_def (run->obj);
  gboolean to_live = update->live || (!update->config && live != NULL);
  gboolean to_config = update->config || !to_live;

  if (to_live && live == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "network \"%s\" is not active",
                   vireo_obj_get_name (VIREO_OBJ (run->obj)));
      return FALSE;
    }
  if (to_config && config == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "network \"%s\" has no persistent definition that could be changed",
                   vireo_obj_get_name (VIREO_OBJ (run->obj)));
      return FALSE;
    }
  run->live = to_live ? vireo_network_def_copy (live) : NULL;
  run->config = to_config ? vireo_network_def_copy (config) : NULL;
  return (!to_live || vireo_network_update_apply (update, run->live, error))
         && (!to_config || vireo_network_update_apply (update, run->config, error));
}

/**
 * vireo_network_update_run:
 * @self: the keeper of the network
 * @obj: the network, with its slot held
 * @update: the change
 * @task: (transfer full): returns a boolean
 *
 * The operation `update`. Both definitions are worked out first, so that nothing happens to what is
 * up when the change fits only one of them.
 *
 * Since: 0.1
 */
void
vireo_network_update_run (VireoNetworkKeeper *self,
                          VireoNetworkObj *obj,
                          const VireoNetworkUpdate *update,
                          GTask *task)
{
  VireoNetworkKeeperClass *klass = VIREO_NETWORK_KEEPER_GET_CLASS (self);
  Run *run = g_new0 (Run, 1);
  GError *error = NULL;

  run->keeper = g_object_ref (self);
  run->obj = g_object_ref (obj);
  run->task = task;
  g_task_set_check_cancellable (task, FALSE);
  if (!run_prepare (run, update, &error))
    run_end (run, error);
  else if (run->live != NULL)
    klass->update_live (self, obj, run->live, g_task_new (NULL, NULL, run_lived, run));
  else
    run_store (run);
}
