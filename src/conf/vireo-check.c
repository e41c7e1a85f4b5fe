/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-schema.h"

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

  vireo_doc_free (kind, def);
  return problems;
}
