/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-network-filter-keeper.h"

static void filter_driver_init (VireoNetworkFilterDriverInterface *iface);

G_DEFINE_TYPE_WITH_CODE (VireoNetworkFilterKeeper,
                         vireo_network_filter_keeper,
                         VIREO_TYPE_KEEPER,
                         G_IMPLEMENT_INTERFACE (VIREO_TYPE_NETWORK_FILTER_DRIVER,
                                                filter_driver_init))

/* ---- the kind ---- */

static char **
def_name (gpointer def)
{
  return &((VireoNetworkFilterDef *) def)->name;
}

static char **
def_uuid (gpointer def)
{
  return &((VireoNetworkFilterDef *) def)->uuid;
}

static void
validate (gconstpointer def, GPtrArray *problems)
{
  vireo_network_filter_def_validate (def, problems);
}

static const VireoKeeperKind filter_kind = {
  .kind = "nwfilter",
  .folder = "nwfilters",
  .doc = "nwfilter",
  .name = def_name,
  .uuid = def_uuid,
  .validate = validate,
};

/* ---- who refers to whom ---- */

/* A walk along references; there may be loops in definitions that somebody put into the folder. */
typedef struct
{
  VireoObjList *list;
  GHashTable *seen; /* (element-type utf8 utf8): names, which are their own copies */
  GQueue open;      /* names in @seen */
} Walk;

static void
walk_add (Walk *walk, const char *name)
{
  char *copy;

  if (g_hash_table_contains (walk->seen, name))
    return;
  copy = g_strdup (name);
  g_hash_table_add (walk->seen, copy);
  g_queue_push_tail (&walk->open, copy);
}

static void
walk_add_references (Walk *walk, const VireoNetworkFilterDef *def)
{
  for (guint i = 0; def != NULL && i < def->n_filterrefs; i++)
    if (def->filterrefs[i]->filter != NULL)
      walk_add (walk, def->filterrefs[i]->filter);
}

static void
walk_begin (Walk *walk, VireoKeeper *keeper)
{
  walk->list = vireo_keeper_get_list (keeper);
  walk->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&walk->open);
}

static void
walk_end (Walk *walk)
{
  g_queue_clear (&walk->open);
  g_hash_table_unref (walk->seen);
}

/* The next name; *@ret_obj is %NULL when there is no such filter. */
static const char *
walk_next (Walk *walk, VireoObj **ret_obj)
{
  const char *name = g_queue_pop_head (&walk->open);

  if (name == NULL)
    return NULL;
  *ret_obj = vireo_obj_list_find_by_name (walk->list, name);
  if (*ret_obj != NULL)
    walk_add_references (walk, vireo_def_obj_get (VIREO_DEF_OBJ (*ret_obj)));
  return name;
}

/**
 * vireo_network_filter_keeper_reaches:
 * @self: a keeper
 * @name: name of a filter, whether there is one or not
 * @wanted: name of a filter
 *
 * Returns: whether @name is @wanted, or refers to it, by way of whatever others
 * Since: 0.1
 */
gboolean
vireo_network_filter_keeper_reaches (VireoNetworkFilterKeeper *self,
                                     const char *name,
                                     const char *wanted)
{
  gboolean found = FALSE;
  const char *next;
  VireoObj *obj;
  Walk walk;

  walk_begin (&walk, VIREO_KEEPER (self));
  walk_add (&walk, name);
  while (!found && (next = walk_next (&walk, &obj)) != NULL)
    found = g_str_equal (next, wanted);
  walk_end (&walk);
  return found;
}

/**
 * vireo_network_filter_keeper_find_missing:
 * @self: a keeper
 * @name: name of a filter
 *
 * Returns: (transfer full) (nullable): the name of a filter that is not there, and without which
 *   @name cannot be set to work
 * Since: 0.1
 */
char *
vireo_network_filter_keeper_find_missing (VireoNetworkFilterKeeper *self, const char *name)
{
  char *missing = NULL;
  const char *next;
  VireoObj *obj;
  Walk walk;

  walk_begin (&walk, VIREO_KEEPER (self));
  walk_add (&walk, name);
  while (missing == NULL && (next = walk_next (&walk, &obj)) != NULL)
    if (obj == NULL)
      missing = g_strdup (next);
  walk_end (&walk);
  return missing;
}

/* A filter that leads back to itself has no end. */
static gboolean
check (VireoKeeper *keeper, VireoObj *obj, gpointer def, GError **error)
{
  const VireoNetworkFilterDef *filter = def;

  for (guint i = 0; i < filter->n_filterrefs; i++)
    if (filter->filterrefs[i]->filter != NULL
        && vireo_network_filter_keeper_reaches (VIREO_NETWORK_FILTER_KEEPER (keeper),
                                                filter->filterrefs[i]->filter, filter->name))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                     "filter \"%s\" would refer to itself, by way of \"%s\"", filter->name,
                     filter->filterrefs[i]->filter);
        return FALSE;
      }
  return TRUE;
}

/* ---- the interface ---- */

static VireoObjList *
get_filters (VireoNetworkFilterDriver *driver)
{
  return vireo_keeper_get_list (VIREO_KEEPER (driver));
}

static void
define (VireoNetworkFilterDriver *driver,
        const VireoNetworkFilterDef *def,
        guint owner,
        GTask *task)
{
  vireo_keeper_define (VIREO_KEEPER (driver), def, owner, task);
}

static void
replace (VireoNetworkFilterDriver *driver,
         VireoNetworkFilterObj *obj,
         const VireoNetworkFilterDef *def,
         GTask *task)
{
  vireo_keeper_replace (VIREO_KEEPER (driver), VIREO_OBJ (obj), def, task);
}

static void
undefine (VireoNetworkFilterDriver *driver, VireoNetworkFilterObj *obj, GTask *task)
{
  vireo_keeper_undefine (VIREO_KEEPER (driver), VIREO_OBJ (obj), task);
}

static void
reload (VireoNetworkFilterDriver *driver, GTask *task)
{
  vireo_keeper_reload (VIREO_KEEPER (driver), task);
}

static void
filter_driver_init (VireoNetworkFilterDriverInterface *iface)
{
  iface->get_filters = get_filters;
  iface->define = define;
  iface->replace = replace;
  iface->undefine = undefine;
  iface->reload = reload;
}

static void
vireo_network_filter_keeper_class_init (VireoNetworkFilterKeeperClass *klass)
{
  VireoKeeperClass *keeper_class = VIREO_KEEPER_CLASS (klass);

  keeper_class->kind = &filter_kind;
  keeper_class->obj_type = VIREO_TYPE_NETWORK_FILTER_OBJ;
  keeper_class->check = check;
}

static void
vireo_network_filter_keeper_init (VireoNetworkFilterKeeper *self)
{
}

/**
 * vireo_network_filter_keeper_new:
 * @state_dir: (nullable): the driver's folder; %NULL keeps everything in memory only
 *
 * Returns: (transfer full): the filters of a driver that has no bindings
 * Since: 0.1
 */
VireoNetworkFilterKeeper *
vireo_network_filter_keeper_new (const char *state_dir)
{
  return g_object_new (VIREO_TYPE_NETWORK_FILTER_KEEPER, "state-dir", state_dir, NULL);
}
