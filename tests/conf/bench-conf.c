/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-conf FILE: what reading and writing a domain takes, beside libxml2's own reading of it. */
#include <libxml/parser.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "conf/vireo-conf.h"
#include "conf/vireo-postparse.h"

typedef struct
{
  const char *text;
  gsize length;
  const VireoDocKind *kind;
  VireoDomainDef *def;
  guint8 *packed;
} Bench;

static void
run_libxml (const Bench *bench)
{
  xmlFreeDoc (xmlReadMemory (bench->text, (int) bench->length, NULL, NULL, XML_PARSE_NONET));
}

static void
run_parse (const Bench *bench)
{
  vireo_domain_def_free (vireo_domain_def_parse (bench->text, (gssize) bench->length, 0, NULL));
}

static void
run_check (const Bench *bench)
{
  g_autoptr (GPtrArray) problems
      = vireo_doc_check (vireo_doc_kind_find ("domain"), bench->text, (gssize) bench->length);

  g_assert_cmpuint (problems->len, ==, 0);
}

/* What defining takes: parse, the generic phases of post-parse, and the rules. */
static void
run_define (const Bench *bench)
{
  static const VireoPostParseOps ops = { NULL };
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  g_autoptr (GPtrArray) missing = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (bench->text, (gssize) bench->length, 0, NULL);

  if (!vireo_post_parse_run (&def, &ops, NULL, FALSE, 0, &missing, NULL))
    g_error ("post-parse failed");
  vireo_domain_def_validate (def, problems);
  g_assert_cmpuint (problems->len, ==, 0);
  vireo_domain_def_free (def);
}

static void
run_format (const Bench *bench)
{
  g_free (vireo_domain_def_format (bench->def, 0, NULL));
}

static void
run_copy (const Bench *bench)
{
  vireo_domain_def_free (vireo_domain_def_copy (bench->def));
}

static void
run_pack (const Bench *bench)
{
  gsize size;

  g_free (vireo_doc_pack (bench->kind, bench->def, &size));
}

static void
run_unpack (const Bench *bench)
{
  g_free ((gpointer) vireo_doc_unpack (bench->kind, bench->packed));
}

static const struct
{
  const char *name;
  void (*run) (const Bench *bench);
} runs[] = {
  { "xmlReadMemory", run_libxml }, { "parse", run_parse },   { "parse+validate", run_check },
  { "define", run_define },        { "format", run_format }, { "copy", run_copy },
  { "pack", run_pack },            { "unpack", run_unpack },
};

/* The best of several rounds: what else runs on the machine only ever adds. */
static double
rate (void (*run) (const Bench *), const Bench *bench)
{
  double best = 0;

  for (guint round = 0; round < 10; round++)
    {
      gint64 start = g_get_monotonic_time ();
      guint n = 0;

      for (; n % 64 != 0 || g_get_monotonic_time () - start < 60000; n++)
        run (bench);
      best = MAX (best, n * 1e6 / (double) (g_get_monotonic_time () - start));
    }
  return best;
}

/* What 10,000 definitions take, at rest and as structs. */
static void
hold (const Bench *bench)
{
  const guint n = 10000;
  gsize before = mallinfo2 ().uordblks, size;
  gsize packed;

  for (guint i = 0; i < n; i++)
    g_assert_nonnull (vireo_doc_pack (bench->kind, bench->def, &size));
  packed = mallinfo2 ().uordblks - before;
  before += packed;
  for (guint i = 0; i < n; i++)
    g_assert_nonnull (vireo_domain_def_parse (bench->text, (gssize) bench->length, 0, NULL));
  printf ("%u definitions at rest: %.1f MB (%zu bytes each), in use: %.1f MB\n", n,
          (double) packed / 1e6, size, (double) (mallinfo2 ().uordblks - before) / 1e6);
}

int
main (int argc, char **argv)
{
  g_autofree char *text = NULL;
  Bench bench = { 0 };
  double base = 0;
  gsize size;

  if (argc != 2 || !g_file_get_contents (argv[1], &text, &bench.length, NULL))
    return 2;
  bench.text = text;
  bench.kind = vireo_doc_kind_find ("domain");
  bench.def = vireo_domain_def_parse (text, -1, 0, NULL);
  g_assert_nonnull (bench.def);
  bench.packed = vireo_doc_pack (bench.kind, bench.def, &size);
  printf ("%s: %zu bytes\n", argv[1], bench.length);
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      double each = rate (runs[i].run, &bench);

      base = i == 0 ? each : base;
      printf ("%-16s %9.0f/s  %.2f of xmlReadMemory\n", runs[i].name, each, each / base);
    }
  hold (&bench);
  return 0;
}
