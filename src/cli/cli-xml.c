/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl xml: definitions in files, without the daemon. */
#include "vireo-cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/vireo-conf.h"

static const VireoDocKind *
find_kind (const char *verb, int argc, char **argv)
{
  const VireoDocKind *kind = argc > 0 ? vireo_doc_kind_find (argv[0]) : NULL;
  g_autofree char *names = g_strjoinv (", ", (char **) vireo_doc_kind_names ());

  if (argc < 2)
    fprintf (stderr, "vireoctl xml %s: expected a kind and a file\nKinds: %s\n", verb, names);
  else if (kind == NULL)
    fprintf (stderr, "vireoctl xml %s: no kind \"%s\"\nKinds: %s\n", verb, argv[0], names);
  return argc < 2 ? NULL : kind;
}

/* The whole file; "-" is standard input. What is larger than any document is not read to its end. */
static GString *
read_file (const char *path)
{
  g_autoptr (GString) text = g_string_new (NULL);
  int fd = strcmp (path, "-") == 0 ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC);
  char block[65536];
  gssize n = fd < 0 ? -1 : 0;

  while (fd >= 0 && text->len <= VIREO_DOC_MAX_SIZE && (n = read (fd, block, sizeof block)) > 0)
    g_string_append_len (text, block, n);
  if (n < 0)
    fprintf (stderr, "%s: %s\n", path, g_strerror (errno));
  if (fd > STDIN_FILENO)
    close (fd);
  return n < 0 ? NULL : g_steal_pointer (&text);
}

static int
validate_file (const VireoDocKind *kind, const char *path)
{
  g_autoptr (GString) text = read_file (path);
  g_autoptr (GPtrArray) problems = NULL;

  if (text == NULL)
    return CLI_FAILED;
  problems = vireo_doc_check (kind, text->str, (gssize) text->len);
  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *line = vireo_problem_to_string (problems->pdata[i]);

      fprintf (stderr, "%s: %s\n", path, line);
    }
  return problems->len == 0 ? CLI_OK : CLI_FAILED;
}

static int
run_validate (int argc, char **argv)
{
  const VireoDocKind *kind = find_kind ("validate", argc, argv);
  int status = CLI_OK;

  if (kind == NULL)
    return CLI_USAGE;
  for (int i = 1; i < argc; i++)
    if (validate_file (kind, argv[i]) != CLI_OK)
      status = CLI_FAILED;
  return status;
}

static int
format_file (const VireoDocKind *kind, const char *path)
{
  g_autoptr (GString) text = read_file (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *formatted = NULL;
  gpointer def;

  if (text == NULL)
    return CLI_FAILED;
  def = vireo_doc_parse (kind, text->str, (gssize) text->len, VIREO_PARSE_NONE, &error);
  if (def != NULL)
    formatted = vireo_doc_format (kind, def, VIREO_FORMAT_SECURE, &error);
  vireo_doc_free (kind, def);
  if (formatted == NULL)
    {
      fprintf (stderr, "%s: %s\n", path, error->message);
      return CLI_FAILED;
    }
  fputs (formatted, stdout);
  return fflush (stdout) == 0 ? CLI_OK : CLI_FAILED;
}

static int
run_format (int argc, char **argv)
{
  const VireoDocKind *kind = find_kind ("format", argc, argv);

  if (kind == NULL)
    return CLI_USAGE;
  if (argc > 2)
    {
      fprintf (stderr, "vireoctl xml format: expected one file\n");
      return CLI_USAGE;
    }
  return format_file (kind, argv[1]);
}

const CliVerb cli_xml_verbs[] = {
  { "validate", "KIND FILE…", "say all that is wrong with definitions", run_validate },
  { "format", "KIND FILE", "print a definition as Vireo writes it", run_format },
  { NULL },
};
