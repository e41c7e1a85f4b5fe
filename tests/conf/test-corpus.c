/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-corpus FOLDER: a corpus of definitions, all in one process. Of each FOLDER/KIND…/out file:
 * it comes back the same, and formatting is a fixed point. Of each in file that is not said to be
 * refused: it formats, to a fixed point. */
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "conf/vireo-conf.h"

typedef struct
{
  guint n;
  guint n_good;
} Count;

static gboolean
is_blank (const char *text)
{
  return strspn (text, " \t\r\n") == strlen (text);
}

static char *
text_before_children (const xmlNode *node)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (const xmlNode *at = node->children; at != NULL && at->type != XML_ELEMENT_NODE;
       at = at->next)
    if (at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE)
      g_string_append (text, (const char *) at->content);
  return is_blank (text->str) ? g_strdup ("") : g_strdup (g_strstrip (text->str));
}

static gboolean
same_name (const xmlNode *a, const xmlNode *b)
{
  return xmlStrEqual (a->name, b->name)
         && xmlStrEqual (a->ns != NULL ? a->ns->href : NULL, b->ns != NULL ? b->ns->href : NULL);
}

static const xmlNode *
nth_child (const xmlNode *parent, const xmlNode *like, guint n)
{
  for (const xmlNode *at = parent->children; at != NULL; at = at->next)
    if (at->type == XML_ELEMENT_NODE && same_name (at, like) && n-- == 0)
      return at;
  return NULL;
}

static guint
place_of (const xmlNode *node)
{
  guint place = 0;

  for (const xmlNode *at = node->prev; at != NULL; at = at->prev)
    place += at->type == XML_ELEMENT_NODE && same_name (at, node);
  return place;
}

static char *
different (const xmlNode *node, const char *what, const char *a, const char *b)
{
  return g_strdup_printf ("line %ld: <%s> %s: \"%s\" became \"%s\"",
                          xmlGetLineNo ((xmlNode *) node), node->name, what, a,
                          b != NULL ? b : "(nothing)");
}

/* What of @a is not in @b: NULL when all of it is. */
static char *
missing (const xmlNode *a, const xmlNode *b)
{
  g_autofree char *text_a = text_before_children (a);
  g_autofree char *text_b = text_before_children (b);

  if (!g_str_equal (text_a, text_b))
    return different (a, "text", text_a, text_b);
  for (const xmlAttr *attr = a->properties; attr != NULL; attr = attr->next)
    {
      xmlChar *value_a = xmlNodeListGetString (a->doc, attr->children, 1);
      xmlChar *value_b = xmlGetNoNsProp (b, attr->name);
      char *problem = NULL;

      if (attr->ns == NULL
          && !(value_b != NULL
               && (xmlStrEqual (value_a, value_b) || (value_a == NULL && *value_b == '\0'))))
        problem = different (a, (const char *) attr->name, (char *) value_a, (char *) value_b);
      xmlFree (value_a);
      xmlFree (value_b);
      if (problem != NULL)
        return problem;
    }
  for (const xmlNode *child = a->children; child != NULL; child = child->next)
    {
      const xmlNode *other;
      char *problem;

      if (child->type != XML_ELEMENT_NODE)
        continue;
      other = nth_child (b, child, place_of (child));
      problem = other == NULL ? different (child, "element", (const char *) child->name, NULL)
                              : missing (child, other);
      if (problem != NULL)
        return problem;
    }
  return NULL;
}

static char *
compare (const char *a, const char *b)
{
  xmlDoc *doc_a = xmlReadMemory (a, (int) strlen (a), NULL, NULL, XML_PARSE_NONET);
  xmlDoc *doc_b = xmlReadMemory (b, (int) strlen (b), NULL, NULL, XML_PARSE_NONET);
  char *problem;

  g_assert_nonnull (doc_a);
  g_assert_nonnull (doc_b);
  problem = missing (xmlDocGetRootElement (doc_a), xmlDocGetRootElement (doc_b));
  if (problem == NULL)
    {
      g_autofree char *added = missing (xmlDocGetRootElement (doc_b), xmlDocGetRootElement (doc_a));

      if (added != NULL)
        problem = g_strconcat ("added: ", added, NULL);
    }
  xmlFreeDoc (doc_a);
  xmlFreeDoc (doc_b);
  return problem;
}

static char *
round_trip (const VireoDocKind *kind, const char *text, GError **error)
{
  gpointer def = vireo_doc_parse (kind, text, -1, VIREO_PARSE_NONE, error);
  char *formatted = def != NULL ? vireo_doc_format (kind, def, VIREO_FORMAT_SECURE, error) : NULL;

  vireo_doc_free (kind, def);
  return formatted;
}

static char *
check_file (const VireoDocKind *kind, const char *path, gboolean complete)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *first = NULL, *second = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    return g_strdup (error->message);
  first = round_trip (kind, text, &error);
  if (first == NULL)
    return g_strdup (error->message);
  second = round_trip (kind, first, &error);
  if (g_strcmp0 (first, second) != 0)
    return g_strdup ("formatting is no fixed point");
  return complete ? compare (text, first) : NULL;
}

/* Beside NAME.xml that is refused stands NAME.err or NAME.SOMETHING.err, or NAME says so. */
static gboolean
is_refused (const char *folder, const char *name)
{
  g_autofree char *stem = g_strndup (name, strlen (name) - strlen ("xml"));
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *other;

  if (g_str_has_suffix (stem, "-fail."))
    return TRUE;
  while ((other = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (other, stem) && g_str_has_suffix (other, ".err"))
      return TRUE;
  return FALSE;
}

static void
check_folder (const VireoDocKind *kind, const char *folder, gboolean complete)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  Count count = { 0 };
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *problem = NULL;

      if (!g_str_has_suffix (name, ".xml") || is_refused (folder, name))
        continue;
      count.n++;
      problem = check_file (kind, path, complete);
      if (problem == NULL)
        count.n_good++;
      else
        g_test_message ("%s: %s", path, problem);
    }
  g_test_message ("%s: %u of %u", folder, count.n_good, count.n);
  if (count.n_good != count.n)
    g_test_fail ();
}

static void
test_folder (gconstpointer data)
{
  const char *path = data;
  g_autofree char *base = g_path_get_basename (path);
  g_auto (GStrv) parts = g_strsplit (base, "-", 2);
  const VireoDocKind *kind = vireo_doc_kind_find (parts[0]);
  g_autofree char *in = g_build_filename (path, "in", NULL);
  g_autofree char *out = g_build_filename (path, "out", NULL);

  g_assert_nonnull (kind);
  check_folder (kind, out, TRUE);
  check_folder (kind, in, FALSE);
}

int
main (int argc, char **argv)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  if (argc != 2 || (dir = g_dir_open (argv[1], 0, NULL)) == NULL)
    {
      fprintf (stderr, "usage: %s FOLDER\n", argv[0]);
      return 2;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (argv[1], name, NULL);
      g_autofree char *test = g_strconcat ("/conf/corpus/", name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        g_test_add_data_func_full (test, g_strdup (path), test_folder, g_free);
    }
  return g_test_run ();
}
