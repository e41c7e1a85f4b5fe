/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-conf.h"

/**
 * vireo_problem_new:
 * @phase: (transfer none): "parse", "validate" or a phase of post-parse; static
 * @code: (transfer none): machine-readable cause; static
 *
 * Returns: (transfer full): a problem, of which the caller fills in the rest
 * Since: 0.1
 */
VireoProblem *
vireo_problem_new (const char *phase, const char *code)
{
  VireoProblem *problem = g_new0 (VireoProblem, 1);

  problem->phase = phase;
  problem->code = code;
  return problem;
}

/**
 * vireo_problem_copy:
 * @problem: a problem
 *
 * Returns: (transfer full): a copy
 * Since: 0.1
 */
VireoProblem *
vireo_problem_copy (const VireoProblem *problem)
{
  VireoProblem *copy = vireo_problem_new (problem->phase, problem->code);

  copy->line = problem->line;
  copy->path = g_strdup (problem->path);
  copy->device = g_strdup (problem->device);
  copy->resource = g_strdup (problem->resource);
  copy->message = g_strdup (problem->message);
  return copy;
}

/**
 * vireo_problem_free:
 * @problem: (nullable) (transfer full): a problem
 *
 * Since: 0.1
 */
void
vireo_problem_free (VireoProblem *problem)
{
  if (problem == NULL)
    return;
  g_free (problem->path);
  g_free (problem->device);
  g_free (problem->resource);
  g_free (problem->message);
  g_free (problem);
}

/**
 * vireo_problem_to_string:
 * @problem: a problem
 *
 * Returns: (transfer full): one line for people, such as
 *   `line 12: /domain/devices/disk[2]/target/@dev: is missing`
 * Since: 0.1
 */
char *
vireo_problem_to_string (const VireoProblem *problem)
{
  GString *text = g_string_new (NULL);

  if (problem->line > 0)
    g_string_append_printf (text, "line %u: ", problem->line);
  if (problem->path != NULL)
    g_string_append_printf (text, "%s: ", problem->path);
  g_string_append (text, problem->message != NULL ? problem->message : problem->code);
  return g_string_free (text, FALSE);
}

/* How many problems an error names; it counts what comes on top. */
#define MAX_NAMED 10

/**
 * vireo_problems_to_error:
 * @problems: (element-type VireoProblem): at least one problem
 * @code: the error's code
 *
 * Returns: (transfer full): an error that says them all on one line, or the first of very many
 * Since: 0.1
 */
GError *
vireo_problems_to_error (GPtrArray *problems, VireoError code)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_return_val_if_fail (problems->len > 0, NULL);
  for (guint i = 0; i < MIN (problems->len, MAX_NAMED); i++)
    {
      g_autofree char *one = vireo_problem_to_string (problems->pdata[i]);

      g_string_append_printf (text, "%s%s", i > 0 ? "; " : "", one);
    }
  if (problems->len == MAX_NAMED + 1)
    g_string_append (text, " (and one more problem)");
  else if (problems->len > MAX_NAMED)
    g_string_append_printf (text, " (and %u more problems)", problems->len - MAX_NAMED);
  return g_error_new_literal (VIREO_ERROR, code, text->str);
}
