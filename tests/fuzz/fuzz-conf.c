/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One document kind (FUZZ_KIND): parse, copy, format, parse again, equal; of domains also
 * post-parse with no driver, and the rules. */
#include <stdlib.h>
#include <string.h>

#include "conf/vireo-conf.h"
#include "conf/vireo-postparse.h"

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static void
check_round_trip (const VireoDocKind *kind, gconstpointer def)
{
  g_autofree char *first = vireo_doc_format (kind, def, VIREO_FORMAT_SECURE, NULL);
  g_autofree char *second = NULL;
  g_autoptr (GError) error = NULL;
  gpointer again = vireo_doc_parse (kind, first, -1, VIREO_PARSE_NONE, &error);

  if (again == NULL)
    g_error ("what was printed is not read: %s\n%s", error->message, first);
  second = vireo_doc_format (kind, again, VIREO_FORMAT_SECURE, NULL);
  if (strcmp (first, second) != 0)
    g_error ("no fixed point:\n%s\n%s", first, second);
  vireo_doc_free (kind, again);
}

static void
check_copy (const VireoDocKind *kind, gconstpointer def)
{
  gpointer copy = vireo_doc_copy (kind, def);

  if (!vireo_doc_equal (kind, def, copy) || !vireo_doc_check_abi (kind, def, copy, NULL))
    g_error ("a copy differs");
  vireo_doc_free (kind, copy);
}

static void
run_post_parse (VireoDomainDef **def)
{
  static const VireoPostParseOps ops = { NULL };
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;

  if (vireo_post_parse_run (def, &ops, NULL, FALSE, VIREO_PARSE_NONE, &problems, &error))
    check_round_trip (vireo_doc_kind_find ("domain"), *def);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  const VireoDocKind *kind = vireo_doc_kind_find (FUZZ_KIND);
  g_autoptr (GPtrArray) problems = vireo_doc_check (kind, (const char *) data, (gssize) size);
  gpointer def = vireo_doc_parse (kind, (const char *) data, (gssize) size, VIREO_PARSE_NONE, NULL);

  if (def == NULL)
    return 0;
  check_round_trip (kind, def);
  check_copy (kind, def);
  if (strcmp (FUZZ_KIND, "domain") == 0)
    {
      VireoDomainDef *domain = def;

      run_post_parse (&domain);
      def = domain;
    }
  vireo_doc_free (kind, def);
  return 0;
}
