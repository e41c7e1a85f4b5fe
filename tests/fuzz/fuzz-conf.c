/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must hold of any text, read as a document of one kind: what is printed is read again and
 * printed the same, a copy is equal, and so is what was packed. Of domains also after post-parse
 * with no driver, and by the rules. */
#include "fuzz-conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf/vireo-postparse.h"

/* Not by g_error(), whose signal libFuzzer does not catch. */
G_GNUC_NORETURN static void
fail (const char *what, const char *one, const char *other)
{
  g_printerr ("%s\n%s\n%s\n", what, one, other);
  abort ();
}

static void
check_round_trip (const VireoDocKind *kind, gconstpointer def)
{
  g_autofree char *first = vireo_doc_format (kind, def, VIREO_FORMAT_SECURE, NULL);
  g_autofree char *second = NULL;
  g_autoptr (GError) error = NULL;
  gpointer again = vireo_doc_parse (kind, first, -1, VIREO_PARSE_NONE, &error);

  if (again == NULL)
    fail ("what was printed is not read", error->message, first);
  second = vireo_doc_format (kind, again, VIREO_FORMAT_SECURE, NULL);
  if (strcmp (first, second) != 0)
    fail ("no fixed point", first, second);
  vireo_doc_free (kind, again);
}

static void
check_copies (const VireoDocKind *kind, gconstpointer def)
{
  gpointer copy = vireo_doc_copy (kind, def);
  gsize size;
  g_autofree guint8 *packed = vireo_doc_pack (kind, def, &size);
  g_autofree gpointer unpacked = (gpointer) vireo_doc_unpack (kind, packed);

  if (!vireo_doc_equal (kind, def, copy) || !vireo_doc_check_abi (kind, def, copy, NULL))
    fail ("a copy differs", "", "");
  if (!vireo_doc_equal (kind, def, unpacked))
    fail ("what was packed differs", "", "");
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

void
fuzz_conf (const VireoDocKind *kind, const char *text, gsize length)
{
  g_autoptr (GPtrArray) problems = vireo_doc_check (kind, text, (gssize) length);
  gpointer def = vireo_doc_parse (kind, text, (gssize) length, VIREO_PARSE_NONE, NULL);

  if (def == NULL)
    return;
  check_round_trip (kind, def);
  check_copies (kind, def);
  if (kind == vireo_doc_kind_find ("domain"))
    {
      VireoDomainDef *domain = def;

      run_post_parse (&domain);
      def = domain;
    }
  vireo_doc_free (kind, def);
}
