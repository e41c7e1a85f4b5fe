/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl: finds the verb in the table of groups, and runs it. */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "vireo-cli.h"

static const CliGroup groups[] = {
  { "xml", "Definitions, without the daemon", cli_xml_verbs },
};

static void
print_group (FILE *out, const CliGroup *group)
{
  fprintf (out, "\n%s:\n", group->summary);
  for (const CliVerb *verb = group->verbs; verb->name != NULL; verb++)
    {
      g_autofree char *call = g_strdup_printf ("%s %s %s", group->name, verb->name, verb->arguments);

      fprintf (out, "  %-36s  %s\n", call, verb->summary);
    }
}

static int
print_usage (FILE *out, const CliGroup *only)
{
  fprintf (out, "Usage: vireoctl GROUP VERB [ARGUMENT…]\n");
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (only == NULL || only == &groups[i])
      print_group (out, &groups[i]);
  return out == stdout ? CLI_OK : CLI_USAGE;
}

static const CliGroup *
find_group (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (strcmp (groups[i].name, name) == 0)
      return &groups[i];
  return NULL;
}

static const CliVerb *
find_verb (const CliGroup *group, const char *name)
{
  for (const CliVerb *verb = group->verbs; verb->name != NULL; verb++)
    if (strcmp (verb->name, name) == 0)
      return verb;
  return NULL;
}

int
main (int argc, char **argv)
{
  const CliGroup *group;
  const CliVerb *verb;

  setlocale (LC_ALL, "");
  if (argc >= 2 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "help") == 0))
    return print_usage (stdout, argc >= 3 ? find_group (argv[2]) : NULL);
  if (argc >= 2 && strcmp (argv[1], "--version") == 0)
    {
      puts ("vireoctl " VIREO_VERSION);
      return CLI_OK;
    }
  group = argc >= 2 ? find_group (argv[1]) : NULL;
  if (group == NULL)
    {
      if (argc >= 2)
        fprintf (stderr, "vireoctl: there is no \"%s\"\n", argv[1]);
      return print_usage (stderr, NULL);
    }
  verb = argc >= 3 ? find_verb (group, argv[2]) : NULL;
  if (verb == NULL)
    {
      if (argc >= 3)
        fprintf (stderr, "vireoctl: \"%s\" has no \"%s\"\n", argv[1], argv[2]);
      return print_usage (stderr, group);
    }
  return verb->run (argc - 3, argv + 3);
}
