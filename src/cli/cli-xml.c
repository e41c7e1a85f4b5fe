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
  return cli_read_file (file, VIREO_DOC_MAX_SIZE, error);
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
run_validate (CliCall *call)
{
  const VireoDocKind *kind = find_kind (call->words[0]);
  int status = 0;

  if (kind == NULL)
    return CLI_EXIT_USAGE;
  for (int i = 1; i < call->n_words; i++)
    if (validate_file (kind, call->words[i]) != 0)
      status = CLI_EXIT_FAILURE;
  return status;
}

static int
run_format (CliCall *call)
{
  const VireoDocKind *kind = find_kind (call->words[0]);
  VireoFormatFlags flags = opt_no_secrets ? VIREO_FORMAT_NONE : VIREO_FORMAT_SECURE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;
  g_autofree char *formatted = NULL;
  gpointer def = NULL;
  gsize length = 0;
  const char *data;

  if (kind == NULL)
    return CLI_EXIT_USAGE;
  text = read_document (call->words[1], &error);
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
      g_printerr ("%s: %s\n", call->words[1], error->message);
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
run_diff (CliCall *call)
{
  const VireoDocKind *kind = find_kind (call->words[0]);
  g_autoptr (GError) error = NULL;
  gpointer a, b = NULL;
  gboolean same = FALSE;

  if (kind == NULL)
    return CLI_EXIT_USAGE;
  a = parse_file (kind, call->words[1]);
  if (a != NULL)
    b = parse_file (kind, call->words[2]);
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
  { "validate", NULL, NULL, "Check definitions strictly, and name every problem", run_validate,
    .usage = "KIND FILE…" },
  { "format", NULL, NULL, "Read a definition leniently, and print it again", run_format,
    .usage = "KIND FILE", .options = format_options },
  { "diff", NULL, NULL, "Say where a guest would first notice that A became B", run_diff,
    .usage = "KIND A B" },
};

const CliGroup cli_xml_group
    = { "xml", NULL, NULL, NULL, verbs, G_N_ELEMENTS (verbs), "definitions in files" };
