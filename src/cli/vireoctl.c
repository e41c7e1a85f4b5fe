/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command: finds the verb, reads its options, runs it. */
#include "cli.h"
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const CliGroup *const groups[] = {
  &cli_domain_group,     &cli_network_group, &cli_pool_group,    &cli_volume_group,
  &cli_connection_group, &cli_job_group,     &cli_manager_group, &cli_xml_group,
  NULL,
};

const CliGroup *const *
cli_get_groups (void)
{
  return groups;
}

static const CliGroup *
find_group (const char *name)
{
  for (gsize i = 0; groups[i] != NULL; i++)
    if (g_str_equal (groups[i]->name, name) || g_strcmp0 (groups[i]->alias, name) == 0)
      return groups[i];
  return NULL;
}

static gboolean
has_alias (const char *aliases, const char *name)
{
  g_auto (GStrv) words = g_strsplit (aliases != NULL ? aliases : "", " ", -1);

  return g_strv_contains ((const char *const *) words, name);
}

const CliVerb *
cli_group_find_verb (const CliGroup *group, const char *name)
{
  for (gsize i = 0; i < group->n_verbs; i++)
    if (g_str_equal (group->verbs[i].name, name) || has_alias (group->verbs[i].alias, name))
      return &group->verbs[i];
  return NULL;
}

static void
print_group (const CliGroup *group)
{
  g_print ("vireoctl %s: %s\n", group->name, group->summary);
  for (gsize i = 0; i < group->n_verbs; i++)
    {
      g_autofree char *left
          = g_strdup_printf ("%s %s", group->verbs[i].name, group->verbs[i].usage);

      g_print ("  %-34s %s\n", left, group->verbs[i].summary);
    }
}

static void
print_help (void)
{
  g_print ("Usage: vireoctl [OPTION…] GROUP VERB [ARGUMENT…]\n"
           "       vireoctl [OPTION…] VERB [ARGUMENT…]      (a verb of the group domain)\n\n"
           "  --session            the user's own service on the session bus\n"
           "  -H, --host=HOST      the service on another machine, over ssh\n"
           "  -c, --connection=ID  a connection other than qemu\n"
           "  --json               print JSON\n"
           "  --no-ask-password    do not ask for a password\n"
           "  --version            print the version\n\n");
  for (gsize i = 0; groups[i] != NULL; i++)
    {
      print_group (groups[i]);
      g_print ("\n");
    }
  g_print ("vireoctl GROUP VERB --help describes a verb's options.\n");
}

/* The words of virsh find their verb too: "net-start" is "network start", and a verb without a
 * group is one of the domain's. Steps *argc and *argv past what was used. */
static const CliVerb *
find_verb (int *argc, char ***argv, const CliGroup **ret_group)
{
  const char *word = (*argv)[0];
  const CliGroup *group = find_group (word);

  (*argc)--;
  (*argv)++;
  *ret_group = group != NULL ? group : &cli_domain_group;
  if (group != NULL)
    {
      if (*argc == 0 || (*argv)[0][0] == '-')
        return NULL;
      word = (*argv)[0];
      (*argc)--;
      (*argv)++;
      return cli_group_find_verb (group, word);
    }
  for (gsize i = 0; groups[i] != NULL; i++)
    {
      const char *prefix = groups[i]->virsh_prefix;

      if (prefix != NULL && g_str_has_prefix (word, prefix))
        {
          *ret_group = groups[i];
          return cli_group_find_verb (groups[i], word + strlen (prefix));
        }
    }
  return cli_group_find_verb (&cli_domain_group, word);
}

static int
run_verb (CliContext *context, const CliGroup *group, const CliVerb *verb, int argc, char **argv)
{
  g_autofree char *usage = g_strdup_printf ("%s — %s", verb->usage, verb->summary);
  g_autoptr (GOptionContext) options = g_option_context_new (usage);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autofree char *name = g_strdup_printf ("vireoctl %s %s", group->name, verb->name);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) copy = NULL;

  g_ptr_array_add (words, name);
  for (int i = 0; i < argc; i++)
    g_ptr_array_add (words, argv[i]);
  g_ptr_array_add (words, NULL);
  copy = g_strdupv ((char **) words->pdata);

  if (verb->options != NULL)
    g_option_context_add_main_entries (options, verb->options, NULL);
  g_set_prgname (name);
  if (!g_option_context_parse_strv (options, &copy, &error))
    {
      g_printerr ("%s: %s\n", name, error->message);
      return CLI_EXIT_USAGE;
    }
  argc = (int) g_strv_length (copy) - 1;
  if (argc > 0 && g_str_equal (copy[1], "--"))
    {
      g_free (copy[1]);
      memmove (copy + 1, copy + 2, (gsize) argc * sizeof *copy);
      argc--;
    }
  if (argc < verb->min_args || (verb->max_args >= 0 && argc > verb->max_args))
    {
      g_printerr ("Usage: %s %s\n", name, verb->usage);
      return CLI_EXIT_USAGE;
    }
  return verb->run (context, argc, copy + 1);
}

/* Options before the verb are the command's own; those behind it are the verb's. */
static gboolean
parse_global (CliContext *context, int *argc, char ***argv, gboolean *ret_version, GError **error)
{
  gboolean no_ask = FALSE;
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "session", 0, 0, G_OPTION_ARG_NONE, &context->session, NULL, NULL },
    { "host", 'H', 0, G_OPTION_ARG_STRING, &context->host, NULL, NULL },
    { "connection", 'c', 0, G_OPTION_ARG_STRING, &context->connection, NULL, NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &context->json, NULL, NULL },
    { "no-ask-password", 0, 0, G_OPTION_ARG_NONE, &no_ask, NULL, NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, ret_version, NULL, NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);

  g_option_context_set_help_enabled (options, FALSE);
  g_option_context_set_strict_posix (options, TRUE);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, argc, argv, error))
    return FALSE;
  context->ask_password = !no_ask;
  if (help)
    {
      print_help ();
      exit (0);
    }
  return TRUE;
}

static void
context_clear (CliContext *context)
{
  g_clear_object (&context->bus);
  g_clear_pointer (&context->host, g_free);
  g_clear_pointer (&context->connection, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliContext, context_clear)

int
main (int argc, char **argv)
{
  g_auto (CliContext) context = { 0 };
  g_autoptr (GError) error = NULL;
  const CliGroup *group = NULL;
  const CliVerb *verb = NULL;
  gboolean version = FALSE;

  setlocale (LC_ALL, "");
  if (!parse_global (&context, &argc, &argv, &version, &error))
    {
      g_printerr ("vireoctl: %s\n", error->message);
      return CLI_EXIT_USAGE;
    }
  if (version)
    {
      g_print ("vireoctl %s\n", VIREO_VERSION);
      return 0;
    }
  argc--;
  argv++;
  if (argc == 0 || g_str_equal (argv[0], "help"))
    {
      print_help ();
      return argc == 0 ? CLI_EXIT_USAGE : 0;
    }
  if (g_str_equal (argv[0], "__complete"))
    return cli_complete (&context, argc - 1, argv + 1);

  verb = find_verb (&argc, &argv, &group);
  if (verb == NULL)
    {
      print_group (group);
      return CLI_EXIT_USAGE;
    }
  return run_verb (&context, group, verb, argc, argv);
}
