/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's list of domains, through GTK's models, in a GtkColumnView. */
#include "manager.h"

#include <string.h>

typedef struct
{
  const char *title;
  const char *property;
  GCallback format;    /* (nullable): char *(gpointer this, value of the property) */
  GtkSorter *(*make_sorter) (GtkExpression *value);
  gboolean is_number;
  gboolean is_expanded;
} Column;

static char *
format_kibibytes (gpointer item, guint64 kibibytes)
{
  return g_format_size_full (kibibytes * 1024, G_FORMAT_SIZE_IEC_UNITS);
}

static char *
format_count (gpointer item, guint count)
{
  return g_strdup_printf ("%u", count);
}

/* ---- in which order ---- */

/* As people count, which is how the library sorts: vm9 before vm10. The key is kept with the
 * domain, and made anew when the name has changed. */
static const char *
get_sort_key (VireoDomain *domain)
{
  const char *name = vireo_domain_get_name (domain);
  char *key;

  if (g_strcmp0 (name, g_object_get_data (G_OBJECT (domain), "sorted-name")) == 0)
    return g_object_get_data (G_OBJECT (domain), "sort-key");
  key = g_utf8_collate_key_for_filename (name, -1);
  g_object_set_data_full (G_OBJECT (domain), "sorted-name", g_strdup (name), g_free);
  g_object_set_data_full (G_OBJECT (domain), "sort-key", key, g_free);
  return key;
}

static int
compare_names (gconstpointer a, gconstpointer b, gpointer data)
{
  return gtk_ordering_from_cmpfunc (strcmp (get_sort_key ((gpointer) a),
                                            get_sort_key ((gpointer) b)));
}

static GtkSorter *
by_name (GtkExpression *value)
{
  gtk_expression_unref (value);
  return GTK_SORTER (gtk_custom_sorter_new (compare_names, NULL, NULL));
}

static GtkSorter *
by_text (GtkExpression *value)
{
  return GTK_SORTER (gtk_string_sorter_new (value));
}

static GtkSorter *
by_number (GtkExpression *value)
{
  return GTK_SORTER (gtk_numeric_sorter_new (value));
}

static const Column columns[] = {
  { "Name", "name", NULL, by_name, FALSE, TRUE },
  { "State", "state", NULL, by_text, FALSE, FALSE },
  { "Type", "domain-type", NULL, by_text, FALSE, FALSE },
  { "CPUs", "vcpus", G_CALLBACK (format_count), by_number, TRUE, FALSE },
  { "Memory", "memory", G_CALLBACK (format_kibibytes), by_number, TRUE, FALSE },
};

/* ---- what is in the cells ---- */

/* A cell's label follows the property of whatever item the cell shows. */
static void
on_setup (GtkSignalListItemFactory *factory, GtkListItem *cell, const Column *column)
{
  GtkWidget *label = gtk_label_new (NULL);
  GtkExpression *item = gtk_property_expression_new (GTK_TYPE_LIST_ITEM, NULL, "item");
  GtkExpression *text = gtk_property_expression_new (VIREO_TYPE_DOMAIN, item, column->property);

  if (column->format != NULL)
    text = gtk_cclosure_expression_new (G_TYPE_STRING, NULL, 1, &text, column->format, NULL, NULL);
  gtk_label_set_xalign (GTK_LABEL (label), column->is_number ? 1 : 0);
  if (column->is_expanded)
    {
      gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
      gtk_label_set_width_chars (GTK_LABEL (label), 12);
    }
  gtk_list_item_set_child (cell, label);
  gtk_expression_bind (text, label, "label", cell);
}

static GtkColumnViewColumn *
column_new (const Column *column)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *made = gtk_column_view_column_new (column->title, factory);
  GtkExpression *value = gtk_property_expression_new (VIREO_TYPE_DOMAIN, NULL, column->property);
  g_autoptr (GtkSorter) sorter = column->make_sorter (value);

  g_signal_connect (factory, "setup", G_CALLBACK (on_setup), (gpointer) column);
  gtk_column_view_column_set_sorter (made, sorter);
  gtk_column_view_column_set_expand (made, column->is_expanded);
  gtk_column_view_column_set_resizable (made, TRUE);
  return made;
}

/* ---- what GTK's models do not see: that an item has changed ---- */

/* GtkSortListModel and GtkFilterListModel look at an item when it comes. When one changes, they are
 * told, once for all that change together. */
static gboolean
look_again (gpointer data)
{
  GtkSortListModel *sorted = data;
  GtkFilterListModel *filtered
      = GTK_FILTER_LIST_MODEL (gtk_sort_list_model_get_model (sorted));

  g_object_set_data (G_OBJECT (sorted), "look-again", NULL);
  gtk_filter_changed (gtk_filter_list_model_get_filter (filtered), GTK_FILTER_CHANGE_DIFFERENT);
  gtk_sorter_changed (gtk_sort_list_model_get_sorter (sorted), GTK_SORTER_CHANGE_DIFFERENT);
  return G_SOURCE_REMOVE;
}

static void
on_domain_changed (GtkSortListModel *sorted, GParamSpec *pspec, VireoDomain *domain)
{
  if (g_object_get_data (G_OBJECT (sorted), "look-again") != NULL)
    return;
  g_object_set_data (G_OBJECT (sorted), "look-again", GINT_TO_POINTER (TRUE));
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, look_again, g_object_ref (sorted), g_object_unref);
}

static void
on_items_changed (GListModel *domains, guint position, guint removed, guint added,
                  GtkSortListModel *sorted)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (GObject) domain = g_list_model_get_item (domains, i);

      g_signal_handlers_disconnect_by_func (domain, on_domain_changed, sorted);
      g_signal_connect_object (domain, "notify", G_CALLBACK (on_domain_changed), sorted,
                               G_CONNECT_SWAPPED);
    }
}

/* ---- the view ---- */

static void
on_activate (GtkColumnView *view, guint position)
{
  gtk_widget_activate_action (GTK_WIDGET (view), "win.console", NULL);
}

/* Shows what @filter lets through; *@ret_selection is owned by the view. */
GtkWidget *
manager_list_new (GtkFilter *filter, GtkSingleSelection **ret_selection)
{
  GtkWidget *view = gtk_column_view_new (NULL);
  GtkColumnView *column_view = GTK_COLUMN_VIEW (view);
  GtkFilterListModel *filtered = gtk_filter_list_model_new (NULL, g_object_ref (filter));
  GtkSortListModel *sorted = gtk_sort_list_model_new (
      G_LIST_MODEL (filtered), g_object_ref (gtk_column_view_get_sorter (column_view)));
  GtkSingleSelection *selection = gtk_single_selection_new (G_LIST_MODEL (sorted));

  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      g_autoptr (GtkColumnViewColumn) column = column_new (&columns[i]);

      gtk_column_view_append_column (column_view, column);
      if (i == 0)
        gtk_column_view_sort_by_column (column_view, column, GTK_SORT_ASCENDING);
    }
  gtk_column_view_set_model (column_view, GTK_SELECTION_MODEL (selection));
  gtk_column_view_set_show_row_separators (column_view, TRUE);
  g_signal_connect (view, "activate", G_CALLBACK (on_activate), NULL);
  *ret_selection = selection;
  g_object_unref (selection);
  return view;
}

void
manager_list_set_model (GtkSingleSelection *selection, GListModel *domains)
{
  GtkSortListModel *sorted = GTK_SORT_LIST_MODEL (gtk_single_selection_get_model (selection));
  GtkFilterListModel *filtered
      = GTK_FILTER_LIST_MODEL (gtk_sort_list_model_get_model (sorted));

  on_items_changed (domains, 0, 0, g_list_model_get_n_items (domains), sorted);
  g_signal_connect_object (domains, "items-changed", G_CALLBACK (on_items_changed), sorted, 0);
  gtk_filter_list_model_set_model (filtered, domains);
}
