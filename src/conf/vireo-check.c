/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-rule.h"
#include "vireo-xml.h"

/* Whether what was read has all that is required, and can be looked at as a whole. */
static gboolean
is_whole (GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    {
      const VireoProblem *problem = problems->pdata[i];

      if (g_str_equal (problem->code, "bad-value") || g_str_has_prefix (problem->code, "missing-"))
        return FALSE;
    }
  return TRUE;
}

/* Rules look at structs, which know no lines: those come from the text, by the path. */
static void
add_lines (GPtrArray *problems, guint first, const char *text, gssize length)
{
  g_autoptr (GPtrArray) ignored
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  g_autoptr (xmlDoc) doc = vireo_xml_read (text, length, ignored);

  for (guint i = first; doc != NULL && i < problems->len; i++)
    {
      VireoProblem *problem = problems->pdata[i];
      const xmlNode *node = problem->path != NULL ? vireo_xml_find (doc, problem->path) : NULL;

      if (node != NULL && problem->line == 0)
        problem->line = (guint) MAX (xmlGetLineNo ((xmlNode *) node), 0);
    }
}

/**
 * vireo_doc_check:
 * @kind: a kind of document
 * @text: a document
 * @length: its bytes, or -1 when it ends with NUL
 *
 * Reads strictly, and applies the generic rules to what was read.
 *
 * Returns: (transfer full) (element-type VireoProblem): all that is wrong; empty when all is well
 * Since: 0.1
 */
GPtrArray *
vireo_doc_check (const VireoDocKind *kind, const char *text, gssize length)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  gpointer def = vireo_doc_read (kind, text, length, VIREO_PARSE_STRICT, problems);
  guint n_read = problems->len;

  if (def != NULL && is_whole (problems))
    vireo_rule_check (kind, def, problems);
  if (problems->len > n_read)
    add_lines (problems, n_read, text, length);
  vireo_doc_free (kind, def);
  return problems;
}
