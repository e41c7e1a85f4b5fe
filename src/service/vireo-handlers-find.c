/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-handlers.h"

#include <string.h>

#include "drivers/vireo-driver.h"
#include "vireo-bulk.h"
#include "vireo-visibility.h"

static VireoObjList *
get_list (VireoCall *call)
{
  return vireo_node_get_list (call->node, call->handler->of);
}

/* ---- lists ---- */

/* Options that filter by what an object is. */
static const struct
{
  const char *option;
  const char *property;
} boolean_filters[] = {
  { "active", "active" },
  { "persistent", "persistent" },
  { "autostart", "autostart" },
  { "post-parse-failed", "post-parse-failed" },
  { "ephemeral", "ephemeral" },
  { "private", "private" },
  { "managed-save", "has-managed-save" },
};

/* Options that filter by whether an object has some below it. */
static const struct
{
  const char *option;
  VireoPathKind kind;
} child_filters[] = {
  { "has-snapshot", VIREO_PATH_DOMAIN_SNAPSHOT },
  { "has-checkpoint", VIREO_PATH_DOMAIN_CHECKPOINT },
};

static gboolean
is_domain_state (const char *text)
{
  VireoDomainState state;

  return vireo_domain_state_from_string (text, &state);
}

static gboolean
is_pool_type (const char *text)
{
  return vireo_pool_type_from_string (text) != VIREO_POOL_TYPE_UNSET;
}

/* Options that filter by a word, of which there are only some. */
static const struct
{
  const char *option;
  const char *property;
  VireoPathKind of;
  gboolean (*is_known) (const char *text);
} word_filters[] = {
  { "state", "state", VIREO_PATH_DOMAIN, is_domain_state },
  { "type", "pool-type", VIREO_PATH_STORAGE_POOL, is_pool_type },
};

typedef struct
{
  guint n;
  const char *properties[G_N_ELEMENTS (boolean_filters)];
  gboolean values[G_N_ELEMENTS (boolean_filters)];
  guint n_children;
  VireoPathKind children[G_N_ELEMENTS (child_filters)];
  gboolean has_children[G_N_ELEMENTS (child_filters)];
  const char *words[G_N_ELEMENTS (word_filters)];
  const char *const *capabilities; /* (nullable) */
} Filters;

static gboolean
read_filters (VireoCall *call, Filters *filters)
{
  memset (filters, 0, sizeof *filters);
  for (gsize i = 0; i < G_N_ELEMENTS (boolean_filters); i++)
    if (vireo_call_find_boolean (call, boolean_filters[i].option, &filters->values[filters->n]))
      filters->properties[filters->n++] = boolean_filters[i].property;
  for (gsize i = 0; i < G_N_ELEMENTS (child_filters); i++)
    if (vireo_call_find_boolean (call, child_filters[i].option,
                                 &filters->has_children[filters->n_children]))
      filters->children[filters->n_children++] = child_filters[i].kind;
  for (gsize i = 0; i < G_N_ELEMENTS (word_filters); i++)
    {
      const char *word = word_filters[i].of == call->handler->of
                             ? vireo_call_get_string (call, word_filters[i].option)
                             : NULL;

      if (word != NULL && !word_filters[i].is_known (word))
        {
          vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT, "there is no %s \"%s\"",
                                       word_filters[i].option, word);
          return FALSE;
        }
      filters->words[i] = word;
    }
  return TRUE;
}

static gboolean
matches_word (VireoObj *obj, const char *property, const char *wanted)
{
  g_autofree char *word = NULL;

  g_object_get (obj, property, &word, NULL);
  return g_strcmp0 (word, wanted) == 0;
}

/* One of those that are wanted is enough. */
static gboolean
has_capability (VireoObj *obj, const char *const *wanted)
{
  g_auto (GStrv) capabilities = NULL;

  g_object_get (obj, "capabilities", &capabilities, NULL);
  for (; *wanted != NULL; wanted++)
    if (g_strv_contains ((const char *const *) capabilities, *wanted))
      return TRUE;
  return FALSE;
}

gboolean
vireo_object_has_children (VireoObj *obj, const char *kind)
{
  VireoObjList *list = vireo_obj_get_children (obj, kind);

  return list != NULL && vireo_obj_list_get_size (list) > 0;
}

static gboolean
matches (VireoObj *obj, const Filters *filters)
{
  for (guint i = 0; i < filters->n; i++)
    {
      gboolean value;

      g_object_get (obj, filters->properties[i], &value, NULL);
      if (value != filters->values[i])
        return FALSE;
    }
  for (guint i = 0; i < filters->n_children; i++)
    if (vireo_object_has_children (obj, vireo_path_kind_name (filters->children[i]))
        != filters->has_children[i])
      return FALSE;
  if (filters->capabilities != NULL && !has_capability (obj, filters->capabilities))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (word_filters); i++)
    if (filters->words[i] != NULL
        && !matches_word (obj, word_filters[i].property, filters->words[i]))
      return FALSE;
  return TRUE;
}

/* Whether everything matches: then the objects need not be looked at. */
static gboolean
is_empty (const Filters *filters)
{
  gboolean empty
      = filters->n == 0 && filters->n_children == 0 && filters->capabilities == NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (filters->words); i++)
    empty &= filters->words[i] == NULL;
  return empty;
}

GPtrArray *
vireo_call_collect (VireoCall *call)
{
  g_autofree const char **capabilities = NULL;
  GPtrArray *nodes;
  Filters filters;
  guint n = 0;

  if (!read_filters (call, &filters))
    return NULL;
  if (call->options != NULL)
    g_variant_lookup (call->options, "capabilities", "^a&s", &capabilities);
  filters.capabilities = capabilities;
  nodes = vireo_node_get_children (call->node, call->handler->of);
  if (is_empty (&filters))
    return nodes;
  for (guint i = 0; i < nodes->len; i++)
    {
      VireoNode *node = g_ptr_array_index (nodes, i);

      if (matches (VIREO_OBJ (node->object), &filters))
        {
          nodes->pdata[i] = nodes->pdata[n];
          nodes->pdata[n++] = node;
        }
    }
  g_ptr_array_set_size (nodes, (gint) n);
  return nodes;
}

static GVariant *
describe_path (VireoNode *node, VireoCall *call, gpointer user_data)
{
  return g_variant_new_object_path (node->path);
}

static void
return_paths (GPtrArray *nodes, gpointer user_data)
{
  vireo_bulk_return (user_data, nodes, G_VARIANT_TYPE_OBJECT_PATH, describe_path, NULL, NULL);
}

void
vireo_call_return_list (VireoCall *call, GPtrArray *nodes)
{
  vireo_visibility_filter (vireo_server_get_authority (call->server), call->caller, nodes,
                           return_paths, call);
}

void
vireo_handle_list (VireoCall *call)
{
  g_autoptr (GPtrArray) nodes = vireo_call_collect (call);

  if (nodes != NULL)
    vireo_call_return_list (call, nodes);
}

/* ---- lists with properties ---- */

/* A bit for each of @names, which are those of properties; all when there are none. */
static guint64
mask_of (const VireoInterfaceInfo *info, GVariant *names)
{
  guint64 mask = 0;
  GVariantIter iter;
  const char *name;

  g_variant_iter_init (&iter, names);
  while (g_variant_iter_next (&iter, "&s", &name))
    mask |= G_GUINT64_CONSTANT (1) << (vireo_property_find (info, name) - info->properties);
  return mask != 0 ? mask : VIREO_ALL_PROPERTIES;
}

/* How the objects that the call is about are served. */
static const VireoExport *
of_kind (VireoCall *call)
{
  return vireo_tree_get_export (vireo_server_get_tree (call->server), call->handler->of);
}

static GVariant *
describe (VireoNode *node, VireoCall *call, gpointer user_data)
{
  VireoReading reading = { vireo_server_get_tree (call->server), NULL };
  const guint64 *mask = user_data;

  return g_variant_new_dict_entry (g_variant_new_object_path (node->path),
                                   vireo_export_get_many (node, &reading, *mask));
}

static void
return_objects (GPtrArray *nodes, gpointer user_data)
{
  VireoCall *call = user_data;
  g_autoptr (GVariant) names = g_variant_get_child_value (call->args, 0);
  guint64 *mask = g_new (guint64, 1);

  *mask = mask_of (of_kind (call)->info, names);
  vireo_bulk_return (call, nodes, G_VARIANT_TYPE ("{oa{sv}}"), describe, mask, g_free);
}

/* No interface has nearly that many. */
#define MAX_NAMES 256u

gboolean
vireo_call_check_properties (VireoCall *call)
{
  const VireoInterfaceInfo *info = of_kind (call)->info;
  g_autoptr (GVariant) list = g_variant_get_child_value (call->args, 0);
  g_autofree const char **names = NULL;

  if (g_variant_n_children (list) > MAX_NAMES)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_LIMIT_EXCEEDED,
                                   "%" G_GSIZE_FORMAT " names of properties are more than the %u "
                                   "that are looked for",
                                   g_variant_n_children (list), MAX_NAMES);
      return FALSE;
    }
  names = g_variant_get_strv (list, NULL);
  for (guint i = 0; names[i] != NULL; i++)
    if (vireo_property_find (info, names[i]) == NULL)
      {
        vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                     "%s has no property \"%s\"", info->name, names[i]);
        return FALSE;
      }
  return TRUE;
}

void
vireo_call_return_objects (VireoCall *call, GPtrArray *nodes)
{
  vireo_visibility_filter (vireo_server_get_authority (call->server), call->caller, nodes,
                           return_objects, call);
}

void
vireo_handle_get_objects (VireoCall *call)
{
  g_autoptr (GPtrArray) nodes = NULL;

  if (!vireo_call_check_properties (call))
    return;
  nodes = vireo_call_collect (call);
  if (nodes != NULL)
    vireo_call_return_objects (call, nodes);
}

/* ---- look-ups ---- */

/* What a person asked for, as they wrote it. */
static char *
quote_args (GVariant *args)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (args); i++)
    {
      g_autoptr (GVariant) value = g_variant_get_child_value (args, i);
      gboolean is_text = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING);
      g_autofree char *printed
          = is_text ? g_strdup_printf ("\"%s\"", g_variant_get_string (value, NULL))
                    : g_variant_print (value, FALSE);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", printed);
    }
  return g_string_free (text, FALSE);
}

static void
return_found (GPtrArray *nodes, gpointer user_data)
{
  VireoCall *call = user_data;
  g_autofree char *wanted = NULL;
  const VireoNode *node = nodes->len > 0 ? g_ptr_array_index (nodes, 0) : NULL;

  if (node != NULL && !node->gone)
    {
      vireo_call_return (call, g_variant_new ("(o)", node->path));
      return;
    }
  wanted = quote_args (call->args);
  vireo_call_return_new_error (call, VIREO_ERROR_NOT_FOUND, "%s found nothing for %s",
                               call->method->name, wanted);
}

void
vireo_call_return_first (VireoCall *call, GPtrArray *objects)
{
  g_autoptr (GPtrArray) nodes = NULL;

  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  for (guint i = 0; i < objects->len; i++)
    {
      VireoNode *node = vireo_node_of (objects->pdata[i]);

      if (node != NULL)
        g_ptr_array_add (nodes, vireo_node_ref (node));
    }
  vireo_visibility_filter (vireo_server_get_authority (call->server), call->caller, nodes,
                           return_found, call);
}

void
vireo_call_return_found (VireoCall *call, VireoObj *obj)
{
  g_autoptr (GPtrArray) objects = g_ptr_array_new ();

  if (obj != NULL)
    g_ptr_array_add (objects, obj);
  vireo_call_return_first (call, objects);
}

void
vireo_handle_lookup_by_name (VireoCall *call)
{
  VireoObjList *list = get_list (call);
  const char *name;

  g_variant_get_child (call->args, 0, "&s", &name);
  vireo_call_return_found (call, list != NULL ? vireo_obj_list_find_by_name (list, name) : NULL);
}

/* In lower case with dashes, whether it has dashes or not; %NULL when it is no UUID. */
static char *
canonical_uuid (const char *text)
{
  static const guint8 groups[] = { 8, 12, 16, 20 };
  g_autoptr (GString) uuid = g_string_new (NULL);
  guint n_digits = 0;

  for (; *text != '\0'; text++)
    {
      if (*text == '-')
        continue;
      if (!g_ascii_isxdigit (*text) || n_digits == 32)
        return NULL;
      if (memchr (groups, (int) n_digits, sizeof groups) != NULL)
        g_string_append_c (uuid, '-');
      g_string_append_c (uuid, g_ascii_tolower (*text));
      n_digits++;
    }
  return n_digits == 32 ? g_string_free (g_steal_pointer (&uuid), FALSE) : NULL;
}

void
vireo_handle_lookup_by_uuid (VireoCall *call)
{
  VireoObjList *list = get_list (call);
  g_autofree char *uuid = NULL;
  const char *text;

  g_variant_get_child (call->args, 0, "&s", &text);
  uuid = canonical_uuid (text);
  if (uuid == NULL)
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "a UUID has 32 hexadecimal digits, with or without dashes; "
                                 "\"%.64s\" is none",
                                 text);
  else
    vireo_call_return_found (call, list != NULL ? vireo_obj_list_find_by_uuid (list, uuid) : NULL);
}
