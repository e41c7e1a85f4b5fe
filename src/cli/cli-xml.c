/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl xml …: works on files, without the daemon. */
#include "cli.h"

#include "conf/vireo-conf.h"

static gboolean opt_no_secrets, opt_inactive, opt_migratable;

static const GOptionEntry format_options[] = {
  { "inactive", 0, 0, G_OPTION_ARG_NONE, &opt_inactive, "Without what only a running guest has",
    NULL },
  { "migratable", 0, 0, G_OPTION_ARG_NONE, &opt_migratable, "Fit for another host", NULL },
  { "no-secrets", 0, 0, G_OPTION_ARG_NONE, &opt_no_secrets, "Without passwords", NULL },
  G_OPTION_ENTRY_NULL,
};

static const VireoDocKind *
find_kind (const char *name)
{
  const VireoDocKind *kind = vireo_doc_kind_find (name);
  g_autofree char *known = NULL;

  if (kind != NULL)
    return kind;
  known = g_strjoinv (", ", (char **) vireo_doc_kind_names ());
  g_printerr ("vireoctl: “%s” is not a kind of document; there are: %s\n", name, known);
  return NULL;
}

/* Reads no more than a document may have, so that a file of any size is refused soon. */
static GBytes *
read_document (const char *file, GError **error)
{
  g_autoptr (GFile) gfile
      = g_file_new_for_commandline_arg (g_str_equal (file, "-") ? "/dev/stdin" : file);
  g_autoptr (GFileInputStream) stream = g_file_read (gfile, NULL, error);
  g_autofree char *text = NULL;
  gsize length = 0;

  if (stream == NULL)
    return NULL;
  text = g_malloc (VIREO_DOC_MAX_SIZE + 2);
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), text, VIREO_DOC_MAX_SIZE + 1, &length,
                                NULL, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&text), length);
}

static void
print_problem (const char *file, const VireoProblem *problem)
{
  g_autoptr (GString) where = g_string_new (file);

  if (problem->line > 0)
    g_string_append_printf (where, ": line %u", problem->line);
  if (problem->path != NULL)
    g_string_append_printf (where, ": %s", problem->path);
  g_printerr ("%s: %s\n", where->str, problem->message);
}

static int
validate_file (const VireoDocKind *kind, const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = read_document (file, &error);
  g_autoptr (GPtrArray) problems = NULL;
  gsize length = 0;
  const char *data;

  if (text == NULL)
    return cli_fail (error);
  data = g_bytes_get_data (text, &length);
  problems = vireo_doc_check (kind, data != NULL ? data : "", (gssize) length);
  for (guint i = 0; i < problems->len; i++)
    print_problem (file, problems->pdata[i]);
  return problems->len == 0 ? 0 : CLI_EXIT_FAILURE;
}

static int
run_validate (CliContext *context, int argc, char **argv)
{
  const VireoDocKind *kind = find_kind (argv[0]);
  int status = 0;

  if (kind == NULL)
    return CLI_EXIT_USAGE;
  for (int i = 1; i < argc; i++)
    if (validate_file (kind, argv[i]) != 0)
      status = CLI_EXIT_FAILURE;
  return status;
}

static int
run_format (CliContext *context, int argc, char **argv)
{
  const VireoDocKind *kind = find_kind (argv[0]);
  VireoFormatFlags flags = opt_no_secrets ? VIREO_FORMAT_NONE : VIREO_FORMAT_SECURE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;
  g_autofree char *formatted = NULL;
  gpointer def = NULL;
  gsize length = 0;
  const char *data;

  if (kind == NULL)
    return CLI_EXIT_USAGE;
  text = read_document (argv[1], &error);
  if (text == NULL)
    return cli_fail (error);
  if (opt_inactive)
    flags |= VIREO_FORMAT_INACTIVE;
  if (opt_migratable)
    flags |= VIREO_FORMAT_MIGRATABLE;
  data = g_bytes_get_data (text, &length);
  def = vireo_doc_parse (kind, data != NULL ? data : "", (gssize) length, VIREO_PARSE_NONE, &error);
  if (def != NULL)
    {
      formatted = vireo_doc_format (kind, def, flags, &error);
      vireo_doc_free (kind, def);
    }
  if (formatted == NULL)
    {
      g_printerr ("%s: %s\n", argv[1], error->message);
      return CLI_EXIT_FAILURE;
    }
  g_print ("%s", formatted);
  return 0;
}

static gpointer
parse_file (const VireoDocKind *kind, const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = read_document (file, &error);
  gpointer def = NULL;
  gsize length = 0;
  const char *data;

  if (text == NULL)
    {
      cli_fail (error);
      return NULL;
    }
  data = g_bytes_get_data (text, &length);
  def = vireo_doc_parse (kind, data != NULL ? data : "", (gssize) length, VIREO_PARSE_NONE, &error);
  if (def == NULL)
    g_printerr ("%s: %s\n", file, error->message);
  return def;
}

static int
run_diff (CliContext *context, int argc, char **argv)
{
  const VireoDocKind *kind = find_kind (argv[0]);
  g_autoptr (GError) error = NULL;
  gpointer a, b = NULL;
  gboolean same = FALSE;

  if (kind == NULL)
    return CLI_EXIT_USAGE;
  a = parse_file (kind, argv[1]);
  if (a != NULL)
    b = parse_file (kind, argv[2]);
  if (b != NULL)
    {
      same = vireo_doc_check_abi (kind, a, b, &error);
      if (!same)
        g_print ("%s\n", error->message);
    }
  vireo_doc_free (kind, a);
  vireo_doc_free (kind, b);
  return same ? 0 : CLI_EXIT_FAILURE;
}

static const CliVerb verbs[] = {
  { "validate", NULL, "KIND FILE…", CLI_ARG_DOC_KIND, 2, -1, NULL, run_validate,
    "Check definitions strictly, and name every problem" },
  { "format", NULL, "KIND FILE", CLI_ARG_DOC_KIND, 2, 2, format_options, run_format,
    "Read a definition leniently, and print it again" },
  { "diff", NULL, "KIND A B", CLI_ARG_DOC_KIND, 3, 3, NULL, run_diff,
    "Say where a guest would first notice that A became B" },
};

const CliGroup cli_xml_group
    = { "xml", NULL, NULL, verbs, G_N_ELEMENTS (verbs), "definitions in files" };
