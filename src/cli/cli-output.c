/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables and JSON. */
#include "cli.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

int
cli_print_json (GVariant *value)
{
  g_autoptr (JsonNode) node = json_gvariant_serialize (value);
  g_autofree char *text = json_to_string (node, TRUE);

  g_print ("%s\n", text);
  return 0;
}

char *
cli_value_to_string (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      g_autoptr (GVariant) inner = g_variant_get_variant (value);

      return cli_value_to_string (inner);
    }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
      || g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    {
      g_autofree const char **words = g_variant_get_strv (value, NULL);

      return g_strjoinv (" ", (char **) words);
    }
  return g_variant_print (value, FALSE);
}

static char *
property_to_string (GVariant *properties, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);

  return value != NULL ? cli_value_to_string (value) : g_strdup ("-");
}

/* Names come from other people: what a terminal would take for a command is shown, not sent. */
static char *
printable (const char *text)
{
  GString *out = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_isprint (c))
        g_string_append_unichar (out, c);
      else
        g_string_append_printf (out, "\\x%02x", c);
    }
  return g_string_free (out, FALSE);
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const GStrv row_a = *(const GStrv *) a;
  const GStrv row_b = *(const GStrv *) b;

  return g_strcmp0 (row_a[0], row_b[0]);
}

static const char *
color_of (const char *property, const char *value)
{
  static const struct
  {
    const char *value;
    const char *color;
  } colors[] = {
    { "running", "\033[32m" },  { "active", "\033[32m" },      { "paused", "\033[33m" },
    { "crashed", "\033[31m" }, { "unparsable", "\033[31m" },
  };

  if (!g_str_equal (property, "State") || !isatty (STDOUT_FILENO)
      || g_getenv ("NO_COLOR") != NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (colors); i++)
    if (g_str_equal (colors[i].value, value))
      return colors[i].color;
  return NULL;
}

static void
print_cell (const char *value, const char *color, gsize width, gboolean last)
{
  gsize length = (gsize) g_utf8_strlen (value, -1);

  g_print ("%s%s%s", color != NULL ? color : "", value, color != NULL ? "\033[0m" : "");
  if (last)
    g_print ("\n");
  else
    g_print ("%*s", (int) (width - length + 2), "");
}

/* Prints @objects, an a{oa{sv}}, a row an object, sorted by the first column. */
void
cli_print_table (GVariant *objects, const CliColumn *columns, gsize n_columns)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autofree gsize *widths = g_new0 (gsize, n_columns);
  GVariantIter iter;
  GVariant *properties;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sv}}", NULL, &properties))
    {
      char **row = g_new0 (char *, n_columns + 1);

      for (gsize i = 0; i < n_columns; i++)
        {
          g_autofree char *value = property_to_string (properties, columns[i].property);

          row[i] = printable (value);
        }
      g_ptr_array_add (rows, row);
    }
  g_ptr_array_sort (rows, compare_rows);

  for (gsize i = 0; i < n_columns; i++)
    {
      widths[i] = (gsize) g_utf8_strlen (columns[i].title, -1);
      for (guint r = 0; r < rows->len; r++)
        widths[i] = MAX (widths[i], (gsize) g_utf8_strlen (((char **) rows->pdata[r])[i], -1));
    }
  for (gsize i = 0; i < n_columns; i++)
    print_cell (columns[i].title, NULL, widths[i], i + 1 == n_columns);
  for (guint r = 0; r < rows->len; r++)
    {
      char **row = rows->pdata[r];

      for (gsize i = 0; i < n_columns; i++)
        print_cell (row[i], color_of (columns[i].property, row[i]), widths[i],
                    i + 1 == n_columns);
    }
}

void
cli_print_properties (GVariant *properties)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;
  int width = 0;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    width = MAX (width, (int) strlen (name));

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autofree char *text = cli_value_to_string (value);
      g_autofree char *safe = printable (text);

      g_print ("%-*s  %s\n", width + 1, name, safe);
    }
}
