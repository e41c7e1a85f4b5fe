/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Figures of domains: of one, and of many in one answer. */

#include "service-domain.h"
#include "vireo-bulk.h"
#include "vireo-handlers.h"
#include "vireo-visibility.h"

/* Domains that are asked at once, so that a long list does not flood hypervisors, and for how long
 * they are asked before others have their turn. */
#define MAX_ASKED 64
#define SLICE_US 700
/* There are eleven. */
#define MAX_GROUPS 64u

static gboolean
check_groups (VireoCall *call)
{
  static const char *const groups[]
      = { "state", "cpu",      "balloon", "vcpu",      "interface", "block",
          "perf",  "iothread", "memory",  "dirtyrate", "vm",        NULL };
  g_autoptr (GVariant) list = g_variant_get_child_value (call->args, 0);
  g_autofree const char **wanted = g_variant_get_strv (list, NULL);

  /* They are looked for once for each domain. */
  if (g_variant_n_children (list) > MAX_GROUPS)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_LIMIT_EXCEEDED,
                                   "%" G_GSIZE_FORMAT " groups are more than the %u that are "
                                   "looked for",
                                   g_variant_n_children (list), MAX_GROUPS);
      return FALSE;
    }
  for (gsize i = 0; wanted[i] != NULL; i++)
    if (!g_strv_contains (groups, wanted[i]))
      {
        vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                     "there is no group \"%.100s\"", wanted[i]);
        return FALSE;
      }
  return TRUE;
}

void
vireo_domain_get_stats (VireoCall *call)
{
  if (check_groups (call))
    vireo_handle_args (call);
}

/* ---- many ---- */

typedef struct
{
  VireoCall *call;
  GVariant *args;   /* what each domain is asked */
  GPtrArray *nodes; /* VireoNode */
  guint next;
  guint n_asked;
  guint turn_id; /* when it goes on */
  GHashTable *answers; /* VireoNode -> GVariant */
  GError *error;       /* (nullable): what is wrong with the question itself */
} Many;

typedef struct
{
  Many *many;
  VireoNode *node;
} One;

static GVariant *
describe (VireoNode *node, VireoCall *call, gpointer user_data)
{
  gpointer found = NULL;
  g_autoptr (GVariant) stats = NULL;

  g_hash_table_steal_extended (user_data, node, NULL, &found);
  stats = found;
  if (stats == NULL)
    return NULL;
  return g_variant_new_dict_entry (g_variant_new_object_path (node->path), stats);
}

static void
many_end (Many *many)
{
  if (many->error != NULL)
    {
      vireo_call_return_error (many->call, g_steal_pointer (&many->error));
      g_hash_table_unref (many->answers);
    }
  else
    vireo_bulk_return (many->call, many->nodes, G_VARIANT_TYPE ("{oa{sv}}"), describe,
                       many->answers, (GDestroyNotify) g_hash_table_unref);
  g_variant_unref (many->args);
  g_ptr_array_unref (many->nodes);
  g_free (many);
}

static gboolean on_turn (gpointer user_data);

/* After calls of others, which are served in a source of the default priority. */
static void
many_wait_for_turn (Many *many)
{
  if (many->turn_id == 0)
    many->turn_id = g_idle_add_full (G_PRIORITY_DEFAULT + 10, on_turn, many, NULL);
}

/* One that does not answer, or has gone, is left out: the others have nothing to do with it. */
static void
on_stats (GObject *source, GAsyncResult *result, gpointer user_data)
{
  One *one = user_data;
  Many *many = one->many;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) values = g_task_propagate_pointer (G_TASK (result), &error);

  if (values != NULL && !one->node->gone)
    {
      GVariant *stats = g_variant_get_child_value (values, 0);

      /* As one piece of memory, until all of them are there. */
      g_variant_get_data (stats);
      g_hash_table_insert (many->answers, one->node, stats);
    }
  else if (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED) && many->error == NULL)
    many->error = g_steal_pointer (&error);
  vireo_node_unref (one->node);
  g_free (one);
  many->n_asked--;
  many_wait_for_turn (many);
}

static void
many_ask (Many *many, VireoNode *node)
{
  One *one = g_new (One, 1);

  one->many = many;
  one->node = vireo_node_ref (node);
  many->n_asked++;
  ((VireoDomainFunc) many->call->op) (
      many->call->part, VIREO_DOMAIN_OBJ (node->object), many->args,
      g_task_new (NULL, vireo_call_get_cancellable (many->call), on_stats, one));
}

static void
many_go_on (Many *many)
{
  gint64 until = g_get_monotonic_time () + SLICE_US;

  while (many->next < many->nodes->len && many->n_asked < MAX_ASKED)
    {
      VireoNode *node = g_ptr_array_index (many->nodes, many->next++);

      if (node->gone)
        continue;
      many_ask (many, node);
      if (g_get_monotonic_time () > until)
        {
          many_wait_for_turn (many);
          return;
        }
    }
  if (many->n_asked == 0)
    many_end (many);
}

static gboolean
on_turn (gpointer user_data)
{
  Many *many = user_data;

  many->turn_id = 0;
  many_go_on (many);
  return G_SOURCE_REMOVE;
}

/* The arguments of a GetStats() that asks the same. */
static GVariant *
make_args (VireoCall *call)
{
  static const char *const handed_on[] = { "enforce", "nowait", "backing" };
  g_autoptr (GVariant) groups = g_variant_get_child_value (call->args, 0);
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (handed_on); i++)
    if (vireo_call_get_boolean (call, handed_on[i]))
      g_variant_dict_insert (&options, handed_on[i], "b", TRUE);
  return g_variant_new ("(@as@a{sv})", groups, g_variant_dict_end (&options));
}

static void
begin (GPtrArray *nodes, gpointer user_data)
{
  VireoCall *call = user_data;
  Many *many = g_new0 (Many, 1);

  many->call = call;
  many->args = g_variant_ref_sink (make_args (call));
  many->nodes = g_ptr_array_ref (nodes);
  many->answers = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_variant_unref);
  many_go_on (many);
}

/* Leaves those that were asked for by their paths, when some were. */
static void
keep_wanted (VireoCall *call, GPtrArray *nodes)
{
  g_autofree const char **paths = NULL;
  g_autoptr (GHashTable) wanted = NULL;
  guint n_kept = 0;

  if (call->options == NULL || !g_variant_lookup (call->options, "domains", "^a&o", &paths))
    return;
  wanted = g_hash_table_new (g_str_hash, g_str_equal);
  for (gsize i = 0; paths[i] != NULL; i++)
    g_hash_table_add (wanted, (gpointer) paths[i]);
  for (guint i = 0; i < nodes->len; i++)
    {
      VireoNode *node = g_ptr_array_index (nodes, i);

      if (!g_hash_table_contains (wanted, node->path))
        continue;
      nodes->pdata[i] = nodes->pdata[n_kept];
      nodes->pdata[n_kept++] = node;
    }
  g_ptr_array_set_size (nodes, (int) n_kept);
}

void
vireo_connection_get_domain_stats (VireoCall *call)
{
  g_autoptr (GPtrArray) nodes = NULL;

  if (!check_groups (call))
    return;
  nodes = vireo_call_collect (call);
  if (nodes == NULL)
    return;
  keep_wanted (call, nodes);
  vireo_visibility_filter_for (vireo_server_get_authority (call->server), call->caller, nodes,
                               vireo_action_find ("domain", "read"), begin, call);
}
