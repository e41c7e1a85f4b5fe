/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each data/KIND-NAME.xml is a definition as people write it; data/KIND-NAME.out.xml is how it
 * comes back. VIREO_TEST_REGENERATE=1 writes the latter. */
#include <glib/gstdio.h>
#include <string.h>

#include "conf/vireo-conf.h"

typedef struct
{
  const VireoDocKind *kind;
  char *path;
} Golden;

static char *
out_path (const Golden *golden)
{
  g_autofree char *stem = g_strndup (golden->path, strlen (golden->path) - strlen (".xml"));

  return g_strconcat (stem, ".out.xml", NULL);
}

static gpointer
parse (const Golden *golden, const char *text, VireoParseFlags flags)
{
  g_autoptr (GError) error = NULL;
  gpointer def = vireo_doc_parse (golden->kind, text, -1, flags, &error);

  g_assert_no_error (error);
  g_assert_nonnull (def);
  return def;
}

static char *
format (const Golden *golden, gconstpointer def)
{
  g_autoptr (GError) error = NULL;
  char *text = vireo_doc_format (golden->kind, def, VIREO_FORMAT_SECURE, &error);

  g_assert_no_error (error);
  return text;
}

static void
compare (const Golden *golden, const char *text)
{
  g_autofree char *path = out_path (golden);
  g_autofree char *expected = NULL;

  if (g_getenv ("VIREO_TEST_REGENERATE") != NULL)
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_true (g_file_get_contents (path, &expected, NULL, NULL));
  if (!g_str_equal (text, expected))
    g_test_message ("%s differs; VIREO_TEST_REGENERATE=1 meson test --suite conf golden", path);
  g_assert_cmpstr (text, ==, expected);
}

/* ---- what a walk tells is what is printed ---- */

typedef struct
{
  GHashTable *told;
  GHashTable *printed;
  GString *path;
  guint inside; /* depth inside of what is kept as text */
} Paths;

static gboolean
element_told (const char *path, gpointer data)
{
  g_hash_table_add (data, g_strdup (path));
  return TRUE;
}

static void
attribute_told (const char *path, gpointer data)
{
  g_hash_table_add (data, g_strdup (path));
}

/* The prefixes that tests/conf/data has for namespaces that the schema does not know. */
static gboolean
is_foreign (const char *name)
{
  return g_str_has_prefix (name, "other:") || g_str_has_prefix (name, "app:");
}

static void
element_printed (GMarkupParseContext *context, const char *name, const char **attributes,
                 const char **values, gpointer data, GError **error)
{
  static const char *const kept[] = { "metadata", "privateData", "cookie", NULL };
  Paths *paths = data;

  g_string_append_printf (paths->path, "/%s", name);
  if (paths->inside > 0)
    {
      paths->inside++;
      return;
    }
  g_hash_table_add (paths->printed, g_strdup (paths->path->str));
  if (g_strv_contains (kept, name) || is_foreign (name))
    paths->inside = 1;
  else
    for (; *attributes != NULL; attributes++)
      if (!g_str_has_prefix (*attributes, "xmlns"))
        g_hash_table_add (paths->printed,
                          g_strdup_printf ("%s/@%s", paths->path->str, *attributes));
}

static void
element_ended (GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  Paths *paths = data;

  g_string_truncate (paths->path, paths->path->len - strlen (name) - 1);
  if (paths->inside > 0)
    paths->inside--;
}

static void
assert_contains (GHashTable *all, GHashTable *some, const char *what)
{
  GHashTableIter iter;
  gpointer path;

  g_hash_table_iter_init (&iter, some);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    if (!g_hash_table_contains (all, path))
      g_error ("%s is not %s", (const char *) path, what);
}

static void
assert_walk (const Golden *golden, gconstpointer def, const char *text)
{
  static const VireoDocVisitor visitor = { element_told, attribute_told };
  static const GMarkupParser parser = { element_printed, element_ended, NULL, NULL, NULL };
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) printed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) path = g_string_new (NULL);
  Paths paths = { told, printed, path, 0 };
  g_autoptr (GMarkupParseContext) context
      = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &paths, NULL);

  vireo_doc_walk (golden->kind, def, VIREO_FORMAT_SECURE, &visitor, told);
  g_assert_true (g_markup_parse_context_parse (context, text, -1, NULL));
  assert_contains (told, printed, "told");
  assert_contains (printed, told, "printed");
}

static void
test_golden (gconstpointer data)
{
  const Golden *golden = data;
  g_autofree char *text = NULL, *first = NULL, *second = NULL, *of_copy = NULL;
  g_autofree char *of_unpacked = NULL;
  g_autofree guint8 *packed = NULL;
  g_autofree gpointer unpacked = NULL;
  gpointer def, again, copy;
  gsize size;

  g_assert_true (g_file_get_contents (golden->path, &text, NULL, NULL));
  def = parse (golden, text, VIREO_PARSE_STRICT);
  first = format (golden, def);
  compare (golden, first);
  assert_walk (golden, def, first);

  again = parse (golden, first, VIREO_PARSE_STRICT);
  second = format (golden, again);
  g_assert_cmpstr (first, ==, second);
  g_assert_true (vireo_doc_equal (golden->kind, def, again));

  copy = vireo_doc_copy (golden->kind, def);
  g_assert_true (vireo_doc_equal (golden->kind, def, copy));
  packed = vireo_doc_pack (golden->kind, def, &size);
  unpacked = (gpointer) vireo_doc_unpack (golden->kind, packed);
  g_assert_cmpuint (size, <, strlen (first) / 2);
  g_assert_true (vireo_doc_equal (golden->kind, def, unpacked));
  vireo_doc_free (golden->kind, def);
  of_unpacked = format (golden, unpacked);
  g_assert_cmpstr (first, ==, of_unpacked);
  of_copy = format (golden, copy);
  g_assert_cmpstr (first, ==, of_copy);
  g_assert_true (vireo_doc_check_abi (golden->kind, copy, again, NULL));
  vireo_doc_free (golden->kind, again);
  vireo_doc_free (golden->kind, copy);
}

static void
golden_free (gpointer data)
{
  Golden *golden = data;

  g_free (golden->path);
  g_free (golden);
}

static void
add (const char *folder, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "-", 2);
  g_autofree char *test = g_strconcat ("/conf/golden/", name, NULL);
  Golden *golden;

  if (!g_str_has_suffix (name, ".xml") || g_str_has_suffix (name, ".out.xml"))
    return;
  golden = g_new0 (Golden, 1);
  golden->kind = vireo_doc_kind_find (parts[0]);
  golden->path = g_build_filename (folder, name, NULL);
  g_assert_nonnull (golden->kind);
  g_test_add_data_func_full (test, golden, test_golden, golden_free);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  folder = g_test_build_filename (G_TEST_DIST, "data", NULL);
  dir = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    add (folder, name);
  return g_test_run ();
}
