/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects below those that they follow or are on. */
#include "cli.h"

#include <string.h>

/* By what its children name it: its path, or its name. */
typedef struct
{
  char *name;
  char *parent;
  GPtrArray *children; /* (element-type Item), by name */
} Item;

static void
item_free (gpointer data)
{
  Item *self = data;

  g_free (self->name);
  g_free (self->parent);
  g_ptr_array_unref (self->children);
  g_free (self);
}

static int
compare_items (gconstpointer a, gconstpointer b)
{
  const Item *one = *(const Item *const *) a;
  const Item *two = *(const Item *const *) b;

  return strcmp (one->name, two->name);
}

static char *
text_of (GVariant *properties, const char *property)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, property, NULL);

  return value != NULL ? cli_value_to_string (value, NULL) : g_strdup ("");
}

static GHashTable *
read_items (GVariant *objects, const char *name_property, gboolean by_path)
{
  GHashTable *items = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, item_free);
  GVariantIter iter;
  GVariant *properties;
  const char *path;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sv}}", &path, &properties))
    {
      Item *item = g_new0 (Item, 1);

      item->name = text_of (properties, name_property);
      item->parent = text_of (properties, "Parent");
      item->children = g_ptr_array_new ();
      g_hash_table_insert (items, g_strdup (by_path ? path : item->name), item);
    }
  return items;
}

/* Those whose parent is not among them begin a tree. */
static GPtrArray *
link_items (GHashTable *items)
{
  GPtrArray *roots = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Item *item = value;
      Item *parent = g_hash_table_lookup (items, item->parent);

      g_ptr_array_add (parent != NULL ? parent->children : roots, item);
    }
  return roots;
}

/* @indent: what stands before the line of each of them */
static void
print_items (GPtrArray *items, GString *indent, gboolean is_top)
{
  gsize length = indent->len;

  g_ptr_array_sort (items, compare_items);
  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = items->pdata[i];
      gboolean is_last = i + 1 == items->len;
      g_autofree char *safe = cli_printable (item->name);

      g_print ("%s%s%s\n", indent->str, is_top ? "" : is_last ? "└─ " : "├─ ", safe);
      if (!is_top)
        g_string_append (indent, is_last ? "   " : "│  ");
      print_items (item->children, indent, FALSE);
      g_string_truncate (indent, length);
    }
}

/* Prints @objects, an a{oa{sv}} with the properties @name_property and Parent; @by_path: whether
 * that one is an object path rather than a name. */
void
cli_print_tree (GVariant *objects, const char *name_property, gboolean by_path)
{
  g_autoptr (GHashTable) items = read_items (objects, name_property, by_path);
  g_autoptr (GPtrArray) roots = link_items (items);
  g_autoptr (GString) indent = g_string_new (NULL);

  print_items (roots, indent, TRUE);
}
