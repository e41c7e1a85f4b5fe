/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables and JSON. */
#include "cli.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the standard output ---- */

/* Why something could not be written. */
static int write_errno;

void
cli_write (const void *data, gsize size)
{
  if (size > 0 && (fwrite (data, size, 1, stdout) != 1 || fflush (stdout) != 0)
      && write_errno == 0)
    write_errno = errno;
}

/* The command's status, which is not that all went well when its output is lost. Who reads no
 * further wants no more. */
int
cli_check_written (int status)
{
  if (write_errno == 0 || write_errno == EPIPE)
    return status;
  g_printerr ("vireoctl: cannot write the output: %s\n", g_strerror (write_errno));
  return CLI_EXIT_FAILURE;
}

/* ---- JSON ---- */

static void
print_json (GVariant *value, gboolean pretty)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (value);
  g_autoptr (JsonNode) node = json_gvariant_serialize (held);
  g_autofree char *text = json_to_string (node, pretty);

  g_print ("%s\n", text);
}

int
cli_print_json (GVariant *value)
{
  print_json (value, TRUE);
  return 0;
}

/* A line, or with --json a string. */
int
cli_print_text (CliContext *context, const char *text)
{
  if (context->json)
    return cli_print_json (g_variant_new_string (text));
  g_print ("%s%s", text, g_str_has_suffix (text, "\n") ? "" : "\n");
  return 0;
}

void
cli_print_json_line (GVariant *value)
{
  print_json (value, FALSE);
}

/* JSON has no bytes; base64 is what everybody uses for them. */
static GVariant *
json_value (GVariant *value)
{
  g_autofree char *text = NULL;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    return g_variant_ref (value);
  text = g_base64_encode (g_variant_get_data (value), g_variant_get_size (value));
  return g_variant_ref_sink (g_variant_new_string (text));
}

static int
print_json_reply (const CliMember *member, GVariant *reply)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  gsize n = g_variant_n_children (reply);

  if (n == 0)
    return 0;
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (reply, i);
      g_autoptr (GVariant) value = json_value (child);

      if (n == 1)
        return cli_print_json (value);
      g_variant_builder_add (&builder, "{sv}", member->outs[i].name, value);
    }
  return cli_print_json (g_variant_builder_end (&builder));
}

/* ---- values as text ---- */

/* @time is in microseconds; 0 is a moment that is not known. */
static char *
time_to_string (guint64 time)
{
  g_autoptr (GDateTime) utc
      = time != 0 ? g_date_time_new_from_unix_utc ((gint64) (time / G_USEC_PER_SEC)) : NULL;
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, "%F %T") : g_strdup ("-");
}

static guint64
number_of (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return g_variant_get_uint64 (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return (guint64) MAX (g_variant_get_int64 (value), 0);
  return 0;
}

static char *
entry_to_string (GVariant *entry)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
  g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);
  g_autofree char *key_text = cli_value_to_string (key, NULL);
  g_autofree char *value_text = cli_value_to_string (value, NULL);

  return g_strdup_printf ("%s=%s", key_text, value_text);
}

static char *
container_to_string (GVariant *value, const char *separator)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);
      g_autofree char *part = g_variant_is_of_type (child, G_VARIANT_TYPE_DICT_ENTRY)
                                  ? entry_to_string (child)
                                  : cli_value_to_string (child, NULL);

      g_string_append_printf (text, "%s%s", i > 0 ? separator : "", part);
    }
  return g_string_free (text, FALSE);
}

/* @value as a person reads it; @field, if it is known, tells what a number means. */
char *
cli_value_to_string (GVariant *value, const CliField *field)
{
  const char *unit = field != NULL ? field->unit : NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      g_autoptr (GVariant) inner = g_variant_get_variant (value);

      return cli_value_to_string (inner, field);
    }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
      || g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
  if (g_strcmp0 (unit, "time") == 0)
    return time_to_string (number_of (value));
  if (g_strcmp0 (unit, "seconds") == 0)
    return number_of (value) == 0 ? g_strdup ("never")
                                  : time_to_string (number_of (value) * G_USEC_PER_SEC);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return g_strdup_printf ("%.3g", g_variant_get_double (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_TUPLE))
    return container_to_string (value, "/");
  if (g_variant_is_container (value))
    return container_to_string (value, " ");
  return g_variant_print (value, FALSE);
}

/* Names come from other people: what a terminal would take for a command is shown, not sent. */
char *
cli_printable (const char *text)
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

/* ---- tables ---- */

typedef struct
{
  gsize n_columns;
  const char *const *titles;     /* (nullable): without a first line */
  const char *const *properties; /* (nullable): what the columns are, for their colours */
  GPtrArray *rows;               /* of char ** */
} Table;

static void
print_table (const Table *table)
{
  g_autofree gsize *widths = g_new0 (gsize, table->n_columns);

  for (gsize i = 0; i < table->n_columns; i++)
    {
      widths[i] = table->titles != NULL ? (gsize) g_utf8_strlen (table->titles[i], -1) : 0;
      for (guint r = 0; r < table->rows->len; r++)
        widths[i] = MAX (widths[i],
                         (gsize) g_utf8_strlen (((char **) table->rows->pdata[r])[i], -1));
    }
  for (gsize i = 0; table->titles != NULL && i < table->n_columns; i++)
    print_cell (table->titles[i], NULL, widths[i], i + 1 == table->n_columns);
  for (guint r = 0; r < table->rows->len; r++)
    {
      char **row = table->rows->pdata[r];

      for (gsize i = 0; i < table->n_columns; i++)
        print_cell (row[i],
                    table->properties != NULL ? color_of (table->properties[i], row[i]) : NULL,
                    widths[i], i + 1 == table->n_columns);
    }
}

static char *
cell_of (GVariant *properties, const char *name, const CliField *field)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);
  g_autofree char *text = value != NULL ? cli_value_to_string (value, field) : g_strdup ("-");

  return cli_printable (text);
}

/* Prints @objects, an a{oa{sv}} of the kind @kind, a row an object, sorted by the first column. */
void
cli_print_objects (GVariant *objects, const char *kind, const CliColumn *columns, gboolean headed)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (GPtrArray) titles = g_ptr_array_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GVariantIter iter;
  GVariant *properties;

  for (const CliColumn *c = columns; c->title != NULL; c++)
    {
      g_ptr_array_add (titles, (gpointer) c->title);
      g_ptr_array_add (names, (gpointer) c->property);
    }
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sv}}", NULL, &properties))
    {
      char **row = g_new0 (char *, names->len + 1);

      for (guint i = 0; i < names->len; i++)
        row[i] = cell_of (properties, names->pdata[i], cli_property_find (kind, names->pdata[i]));
      g_ptr_array_add (rows, row);
    }
  g_ptr_array_sort (rows, compare_rows);
  print_table (&(Table){ names->len, headed ? (const char *const *) titles->pdata : NULL,
                         (const char *const *) names->pdata, rows });
}

/* The keys of @dictionaries behind @first, and those that are documented. */
static GPtrArray *
keys_of (GVariant *dictionaries, const char *const *first, const CliField *documented)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);

  for (; first != NULL && *first != NULL; first++)
    g_ptr_array_add (keys, g_strdup (*first));
  for (; documented != NULL && documented->name != NULL; documented++)
    g_ptr_array_add (keys, g_strdup (documented->name));
  for (gsize i = 0; i < g_variant_n_children (dictionaries); i++)
    {
      g_autoptr (GVariant) dictionary = g_variant_get_child_value (dictionaries, i);
      GVariantIter iter;
      const char *key;

      g_variant_iter_init (&iter, dictionary);
      while (g_variant_iter_loop (&iter, "{&s@v}", &key, NULL))
        if (!g_ptr_array_find_with_equal_func (keys, key, g_str_equal, NULL))
          g_ptr_array_add (keys, g_strdup (key));
    }
  return keys;
}

/* Prints an aa{sv}, a row a dictionary and a column a key. @number: (nullable): the title of a
 * column that counts them. */
static void
print_dictionaries (GVariant *dictionaries, const char *const *first, const CliField *documented,
                    const char *number)
{
  g_autoptr (GPtrArray) keys = keys_of (dictionaries, first, documented);
  g_autoptr (GPtrArray) titles = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  guint before = number != NULL ? 1 : 0;

  if (number != NULL)
    g_ptr_array_add (titles, g_strdup (number));
  for (guint i = 0; i < keys->len; i++)
    g_ptr_array_add (titles, g_ascii_strup (keys->pdata[i], -1));
  for (gsize r = 0; r < g_variant_n_children (dictionaries); r++)
    {
      g_autoptr (GVariant) dictionary = g_variant_get_child_value (dictionaries, r);
      char **row = g_new0 (char *, titles->len + 1);

      if (number != NULL)
        row[0] = g_strdup_printf ("%" G_GSIZE_FORMAT, r);
      for (guint i = 0; i < keys->len; i++)
        row[before + i] = cell_of (dictionary, keys->pdata[i],
                                   cli_fields_find (documented, keys->pdata[i]));
      g_ptr_array_add (rows, row);
    }
  print_table (&(Table){ titles->len, (const char *const *) titles->pdata, NULL, rows });
}

/* Prints @dictionaries, an aa{sv} whose keys are @keys and maybe others. */
int
cli_print_dictionaries (CliContext *context, GVariant *dictionaries, const char *const *keys)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (dictionaries);

  if (context->json)
    return cli_print_json (held);
  print_dictionaries (held, keys, NULL, NULL);
  return 0;
}

/* Prints an a(…), a row a tuple. */
static void
print_tuples (GVariant *tuples)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  gsize n_columns = 0;

  for (gsize r = 0; r < g_variant_n_children (tuples); r++)
    {
      g_autoptr (GVariant) tuple = g_variant_get_child_value (tuples, r);
      char **row;

      n_columns = g_variant_n_children (tuple);
      row = g_new0 (char *, n_columns + 1);
      for (gsize i = 0; i < n_columns; i++)
        {
          g_autoptr (GVariant) value = g_variant_get_child_value (tuple, i);
          g_autofree char *text = cli_value_to_string (value, NULL);

          row[i] = cli_printable (text);
        }
      g_ptr_array_add (rows, row);
    }
  print_table (&(Table){ n_columns, NULL, NULL, rows });
}

/* What stands behind a number, so that nobody has to know it. */
static const char *
unit_after (const CliField *property)
{
  gboolean is_rate = property != NULL && strstr (property->text, "a second") != NULL;

  if (property != NULL && g_strcmp0 (property->unit, "KiB") == 0)
    return is_rate ? " KiB/s" : " KiB";
  if (property != NULL && g_strcmp0 (property->unit, "bytes") == 0)
    return is_rate ? " bytes/s" : " bytes";
  return "";
}

/* Prints a dictionary with strings for keys, a line a key. @kind, of an object's properties, or
 * @fields tell what they mean. */
void
cli_print_properties (GVariant *properties, const char *kind, const CliField *fields)
{
  int width = 0;

  for (gsize i = 0; i < g_variant_n_children (properties); i++)
    {
      const char *name;

      g_variant_get_child (properties, i, "{&s*}", &name, NULL);
      width = MAX (width, (int) strlen (name));
    }
  for (gsize i = 0; i < g_variant_n_children (properties); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (properties, i);
      g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);
      const CliField *field;
      g_autofree char *text = NULL;
      g_autofree char *safe = NULL;
      const char *name;

      g_variant_get_child (entry, 0, "&s", &name);
      field = kind != NULL ? cli_property_find (kind, name) : cli_fields_find (fields, name);
      text = cli_value_to_string (value, field);
      safe = cli_printable (text);
      g_print ("%-*s  %s%s\n", width + 1, name, safe,
               kind != NULL ? unit_after (field) : "");
    }
}

/* ---- replies ---- */

/* Prints an a{oa{sv}}: an object, and below it what is known of it. */
static void
print_figures (GVariant *objects)
{
  GVariantIter iter;
  const char *path;
  GVariant *values;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sv}}", &path, &values))
    {
      g_print ("%s\n", path);
      cli_print_properties (values, NULL, NULL);
    }
}

/* Prints pages of the host's memory: by node and size in KiB, how many. */
static void
print_pages (GVariant *nodes)
{
  static const char *const titles[] = { "NODE", "KIB", "PAGES" };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  GVariantIter iter;
  GVariantIter *sizes;
  guint node;

  g_variant_iter_init (&iter, nodes);
  while (g_variant_iter_loop (&iter, "{ua{ut}}", &node, &sizes))
    {
      guint size;
      guint64 count;

      while (g_variant_iter_loop (sizes, "{ut}", &size, &count))
        {
          char **row = g_new0 (char *, G_N_ELEMENTS (titles) + 1);

          row[0] = g_strdup_printf ("%u", node);
          row[1] = g_strdup_printf ("%u", size);
          row[2] = g_strdup_printf ("%" G_GUINT64_FORMAT, count);
          g_ptr_array_add (rows, row);
        }
    }
  print_table (&(Table){ G_N_ELEMENTS (titles), titles, NULL, rows });
}

static void
print_value (GVariant *value, const CliField *field)
{
  const char *type = g_variant_get_type_string (value);
  g_autofree char *text = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    cli_write (g_variant_get_data (value), g_variant_get_size (value));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
    print_dictionaries (value, NULL, field->keys, NULL);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a{ua{ut}}")))
    print_pages (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("a{oa{sv}}")))
    print_figures (value);
  else if (g_str_has_prefix (type, "a{s"))
    cli_print_properties (value, NULL, field->keys);
  else if (g_str_has_prefix (type, "a("))
    print_tuples (value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    for (gsize i = 0; i < g_variant_n_children (value); i++)
      {
        const char *line;

        g_variant_get_child (value, i, "&s", &line);
        g_print ("%s\n", line);
      }
  else
    {
      text = cli_value_to_string (value, field);
      g_print ("%s%s", text, g_str_has_suffix (text, "\n") ? "" : "\n");
    }
}

/* One of several results. What is of each processor does not say of which. */
static void
print_part (GVariant *value, const CliField *field)
{
  g_autofree char *title = NULL;
  g_autofree char *text = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
    {
      title = g_ascii_strup (field->name, (gssize) strlen (field->name) - 1);
      print_dictionaries (value, NULL, field->keys, title);
    }
  else if (g_variant_is_container (value))
    print_value (value, field);
  else
    {
      text = cli_value_to_string (value, field);
      g_print ("%-12s  %s\n", field->name, text);
    }
}

/* Prints what a call gave; of several results, what is simple with its name. */
int
cli_print_reply (CliContext *context, const CliMember *member, GVariant *reply)
{
  gsize n = g_variant_n_children (reply);

  if (context->json)
    return print_json_reply (member, reply);
  for (gsize i = 0; i < n && i < cli_fields_count (member->outs); i++)
    {
      const CliField *field = &member->outs[i];
      g_autoptr (GVariant) value = g_variant_get_child_value (reply, i);

      if (n > 1)
        print_part (value, field);
      else
        print_value (value, field);
    }
  return 0;
}
