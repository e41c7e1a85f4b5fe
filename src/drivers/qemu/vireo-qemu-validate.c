/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a definition this driver builds. A definition is written out and every element and
 * attribute is looked up, so that what the format learns later is refused here until it is built:
 * nothing can be left out in silence. */
#include "vireo-qemu-command.h"

#include <stdlib.h>
#include <string.h>

#include "vireo-qemu-supported.h"

typedef struct
{
  GString *path;
  GPtrArray *problems;
  guint ignored; /* depth inside of what is not looked into */
} Walk;

static int
compare (const void *key, const void *row)
{
  return strcmp (key, *(const char *const *) row);
}

static gboolean
contains (const char *const *table, gsize n, const char *path)
{
  return bsearch (path, table, n, sizeof *table, compare) != NULL;
}

/* The rows of a table stand for more than one path: those of any device's address and alias, and
 * those of every image of a chain. */
static char *
normalize (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  g_autoptr (GString) string = g_string_new (NULL);

  for (guint i = 1; parts[i] != NULL; i++)
    {
      if (g_str_equal (parts[i], "backingStore") && g_str_equal (parts[i - 1], "backingStore"))
        continue;
      if (i == 3 && parts[4] != NULL && g_str_equal (parts[2], "devices")
          && (g_str_equal (parts[4], "address") || g_str_equal (parts[4], "alias")))
        g_string_append (string, "/*");
      else
        g_string_append_printf (string, "/%s", parts[i]);
    }
  return g_string_free (g_steal_pointer (&string), FALSE);
}

static gboolean
is_supported (const char *path)
{
  g_autofree char *row = normalize (path);

  return contains (vireo_qemu_supported, vireo_qemu_n_supported, row);
}

static void
report (Walk *walk, const char *path)
{
  VireoProblem *problem;

  for (guint i = 0; i < walk->problems->len; i++)
    if (g_strcmp0 (((VireoProblem *) walk->problems->pdata[i])->path, path) == 0)
      return;
  problem = vireo_problem_new ("validate", "unsupported-element");
  problem->path = g_strdup (path);
  problem->message = g_strdup ("not supported by the QEMU driver yet");
  g_ptr_array_add (walk->problems, problem);
}

static void
start_element (GMarkupParseContext *context, const char *name, const char **attributes,
               const char **values, gpointer data, GError **error)
{
  Walk *walk = data;

  if (walk->ignored > 0)
    {
      walk->ignored++;
      return;
    }
  g_string_append_printf (walk->path, "/%s", name);
  if (contains (vireo_qemu_opaque, vireo_qemu_n_opaque, walk->path->str))
    {
      walk->ignored = 1;
      return;
    }
  if (!is_supported (walk->path->str))
    {
      report (walk, walk->path->str);
      walk->ignored = 1;
      return;
    }
  for (; *attributes != NULL; attributes++)
    {
      g_autofree char *path = g_strdup_printf ("%s/@%s", walk->path->str, *attributes);

      if (!g_str_has_prefix (*attributes, "xmlns") && !is_supported (path))
        report (walk, path);
    }
}

static void
end_element (GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  Walk *walk = data;

  if (walk->ignored > 1)
    {
      walk->ignored--;
      return;
    }
  walk->ignored = 0;
  g_string_truncate (walk->path, (gsize) (strrchr (walk->path->str, '/') - walk->path->str));
}

/**
 * vireo_qemu_validate:
 * @def: a definition
 * @problems: (element-type VireoProblem): what is not built is added
 *
 * Finds what of a definition the driver does not build.
 *
 * Since: 0.1
 */
void
vireo_qemu_validate (const VireoDomainDef *def, GPtrArray *problems)
{
  static const GMarkupParser parser = { start_element, end_element, NULL, NULL, NULL };
  g_autoptr (GString) path = g_string_new (NULL);
  Walk walk = { path, problems, 0 };
  g_autoptr (GMarkupParseContext) context
      = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &walk, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = vireo_domain_def_format (def, VIREO_FORMAT_SECURE, &error);
  VireoProblem *problem;

  if (text != NULL && g_markup_parse_context_parse (context, text, -1, &error)
      && g_markup_parse_context_end_parse (context, &error))
    return;
  problem = vireo_problem_new ("validate", "unsupported-text");
  problem->message = g_strdup_printf ("The definition cannot be checked: %s", error->message);
  g_ptr_array_add (problems, problem);
}
