/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command: finds the verb, reads its options, runs it. */
#include "cli-help.h"
#include "cli-named.h"
#include "cli-virsh.h"
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "util/vireo-stdio.h"

static const CliGroup *const groups[] = {
  &cli_domain_group,  &cli_snapshot_group,   &cli_checkpoint_group, &cli_network_group,
  &cli_port_group,    &cli_filter_group,     &cli_binding_group,    &cli_pool_group,
  &cli_volume_group,  &cli_secret_group,     &cli_device_group,     &cli_interface_group,
  &cli_job_group,     &cli_connection_group, &cli_manager_group,    &cli_xml_group,
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

/* "net-port-list" is "port list" rather than "network port-list": the longest prefix wins that has
 * the verb. */
static const CliVerb *
find_virsh_verb (const char *word, const CliGroup **ret_group)
{
  const CliVerb *found = NULL;
  gsize longest = 0;

  for (gsize i = 0; groups[i] != NULL; i++)
    {
      const char *prefix = groups[i]->virsh_prefix;
      const CliVerb *verb = NULL;

      if (prefix == NULL || strlen (prefix) <= longest || !g_str_has_prefix (word, prefix))
        continue;
      verb = cli_group_find_verb (groups[i], word + strlen (prefix));
      if (verb == NULL)
        continue;
      found = verb;
      longest = strlen (prefix);
      *ret_group = groups[i];
    }
  return found;
}

/* The few commands of virsh that do not begin as the others of their kind do. */
static const CliVerb *
find_odd_verb (const char *word, const CliGroup **ret_group)
{
  if (!g_str_has_prefix (word, "find-storage-pool-sources"))
    return NULL;
  *ret_group = &cli_pool_group;
  return cli_group_find_verb (&cli_pool_group, word);
}

/* A verb without a group is one of the domain's; the words of virsh find their verb too:
 * "net-start" is "network start". What only one other group has, such as "watch", needs none
 * either. */
static const CliVerb *
find_single_verb (const char *word, const CliGroup **ret_group)
{
  static const CliGroup *const others[]
      = { &cli_domain_group, &cli_manager_group, &cli_connection_group };
  const CliVerb *verb;

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      verb = cli_group_find_verb (others[i], word);
      if (verb != NULL)
        {
          *ret_group = others[i];
          return verb;
        }
    }
  *ret_group = &cli_domain_group;
  verb = find_virsh_verb (word, ret_group);
  return verb != NULL ? verb : find_odd_verb (word, ret_group);
}

static const CliVerb *
find_group_verb (const CliGroup *group, int *argc, char ***argv)
{
  const char *word = *argc > 0 ? (*argv)[0] : "-";

  if (word[0] == '-')
    return NULL;
  (*argc)--;
  (*argv)++;
  return cli_group_find_verb (group, word);
}

/* Steps *argc and *argv past what was used. */
const CliVerb *
cli_find_verb (int *argc, char ***argv, const CliGroup **ret_group)
{
  const char *word = (*argv)[0];
  const CliGroup *group = find_group (word);

  (*argc)--;
  (*argv)++;
  *ret_group = group;
  if (group != NULL)
    return find_group_verb (group, argc, argv);
  /* virsh's "hostname" is the host's; with a word behind it, it is the guest's. */
  if (g_str_equal (word, "hostname") && (*argc == 0 || (*argv)[0][0] == '-'))
    {
      *ret_group = &cli_connection_group;
      return cli_group_find_verb (&cli_connection_group, word);
    }
  return find_single_verb (word, ret_group);
}

/* Whether @n words fit a usage such as "DOMAIN [DEVICE]". */
static gboolean
fits (const char *usage, int n)
{
  g_auto (GStrv) words = g_strsplit (usage, " ", -1);
  int min = 0, max = 0;
  gboolean endless = FALSE;

  for (gsize i = 0; words[i] != NULL && words[i][0] != '\0'; i++)
    {
      max++;
      min += words[i][0] != '[';
      endless = endless || strstr (words[i], "…") != NULL;
    }
  return n >= min && (endless || n <= max);
}

/* The words and options behind a verb's name: parsed by its options; "--" ends them. */
static char **
parse_words (const CliOptions *options, const CliNamed *named, char **said, gboolean *ret_help,
             int *ret_n, GError **error)
{
  g_autoptr (GOptionContext) parser = g_option_context_new (NULL);
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  const GOptionEntry help[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, ret_help, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  char **copy;

  g_ptr_array_add (words, g_strdup ("vireoctl"));
  for (; *said != NULL; said++)
    g_ptr_array_add (words, g_strdup (*said));
  g_ptr_array_add (words, NULL);
  copy = (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
  g_option_context_set_help_enabled (parser, FALSE);
  g_option_context_add_main_entries (parser, cli_options_entries (options), NULL);
  g_option_context_add_main_entries (parser, cli_named_entries (named), NULL);
  g_option_context_add_main_entries (parser, help, NULL);
  if (!g_option_context_parse_strv (parser, &copy, error))
    {
      g_strfreev (copy);
      return NULL;
    }
  *ret_n = (int) g_strv_length (copy) - 1;
  /* GLib leaves it where words were before it. */
  for (int i = 1; i <= *ret_n; i++)
    if (g_str_equal (copy[i], "--"))
      {
        g_free (copy[i]);
        memmove (copy + i, copy + i + 1, (gsize) (*ret_n - i + 1) * sizeof *copy);
        (*ret_n)--;
        break;
      }
  return copy;
}

/* Who comes from virsh gives a URI, which is opened; its id stands for it then. */
static gboolean
settle_connection (CliContext *context, GError **error)
{
  const char *name = context->connection;
  g_autofree char *path = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (name == NULL)
    return TRUE;
  if (strstr (name, "://") == NULL)
    {
      path = cli_connection_path (context);
      if (g_variant_is_object_path (path) && strchr (name, '/') == NULL)
        return TRUE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s” is neither the id of a connection nor a URI", name);
      return FALSE;
    }
  if (strstr (name, "+ssh://") != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s”: a service on another machine is reached with --host", name);
      return FALSE;
    }
  reply = cli_call (context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "OpenConnection",
                    g_variant_new ("(sa{sv})", name, NULL), "(o)", error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(o)", &path);
  g_free (context->connection);
  context->connection = g_path_get_basename (path);
  return TRUE;
}

static int
run_verb (CliContext *context, const CliGroup *group, const CliVerb *called, int argc, char **argv)
{
  const CliVerb *verb = cli_virsh_verb (group, called, argc, argv);
  g_autofree char *usage = cli_verb_usage (group, verb);
  g_autofree char *name = g_strdup_printf ("vireoctl %s %s", group->name, verb->name);
  g_autoptr (CliOptions) options = cli_options_new (verb);
  g_autoptr (GError) error = NULL;
  g_autoptr (CliNamed) named = cli_named_new (usage, cli_options_entries (options));
  g_auto (GStrv) said
      = cli_virsh_words (group, verb, usage, cli_options_entries (options),
                         cli_named_entries (named), argc, argv);
  g_auto (GStrv) given = NULL;
  g_auto (GStrv) words = NULL;
  gboolean help = FALSE;
  CliCall call = { .context = context, .group = group, .verb = verb, .options = options };

  given = parse_words (options, named, said, &help, &call.n_words, &error);
  if (given == NULL)
    {
      g_printerr ("%s: %s; “%s --help” says what there is\n", name, error->message, name);
      return CLI_EXIT_USAGE;
    }
  if (help)
    {
      cli_help_verb (group, verb, options);
      return 0;
    }
  words = cli_named_place (named, given + 1);
  call.n_words = words != NULL ? (int) g_strv_length (words) : 0;
  if (words == NULL || !fits (usage, call.n_words))
    {
      g_printerr ("Usage: %s [OPTION…]%s%s\n", name, *usage != '\0' ? " " : "", usage);
      return CLI_EXIT_USAGE;
    }
  for (int i = 0; i < call.n_words; i++)
    if (!g_utf8_validate (words[i], -1, NULL))
      {
        g_printerr ("%s: word %d is not UTF-8\n", name, i + 1);
        return CLI_EXIT_USAGE;
      }
  if (!settle_connection (context, &error))
    return cli_fail (error);
  call.words = words;
  return verb->run != NULL ? verb->run (&call) : cli_run_call (&call);
}

/* Options before the verb are the command's own; those behind it are the verb's. */
static gboolean
parse_global (CliContext *context, int *argc, char ***argv, gboolean *ret_version, GError **error)
{
  gboolean no_ask = FALSE;
  gboolean help = FALSE;
  gboolean is_complete = (*argc > 0 && g_str_equal ((*argv)[0], "__complete"));
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
  /* The bridge there goes to the system bus, whatever it is told. */
  if (context->session && context->host != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "--session is of this machine, and --host of another one: it is one of "
                           "them");
      return FALSE;
    }
  if (help && !is_complete)
    {
      cli_help ();
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

/* "__complete WORD…": the command's own options among the words say where objects are asked for. */
static int
complete (CliContext *context, int argc, char **argv)
{
  const char *prefix = argc > 1 ? argv[argc - 1] : "";
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autofree char **before = g_memdup2 (argv, (gsize) (argc + 1) * sizeof *argv);
  int n = MAX (argc - 1, 1);
  gboolean version = FALSE;

  before[n] = NULL;
  if (!parse_global (context, &n, &before, &version, NULL))
    return 0;
  if (!settle_connection (context, NULL))
    return 0;
  for (int i = 1; i < n; i++)
    g_ptr_array_add (words, before[i]);
  g_ptr_array_add (words, (gpointer) prefix);
  g_ptr_array_add (words, NULL);
  return cli_complete (context, (int) words->len - 1, (char **) words->pdata);
}

/* @argv: what is left behind the group, when only that was said or help was asked for; otherwise
 * what comes behind the word that is no verb */
static int
miss_verb (const CliGroup *group, int argc, char **argv)
{
  const char *word = argv[-1];

  if (argc > 0 && (g_str_equal (argv[0], "--help") || g_str_equal (argv[0], "-h")))
    {
      cli_help_group (group);
      return 0;
    }
  if (find_group (word) == group && argc == 0)
    g_printerr ("vireoctl: what is to be done with the %s? “vireoctl %s --help” lists the verbs\n",
                group->name, group->name);
  else if (find_group (word) == group)
    g_printerr ("vireoctl: options of a verb go behind it; “vireoctl %s --help” lists the verbs\n",
                group->name);
  else
    g_printerr ("vireoctl: there is no verb “%s”; “vireoctl help” lists those that there are\n",
                word);
  return CLI_EXIT_USAGE;
}

/* "help [GROUP] [VERB]" */
static int
help (int argc, char **argv)
{
  const CliGroup *group = NULL;
  const CliVerb *verb;
  g_autoptr (CliOptions) options = NULL;

  if (argc == 0)
    {
      cli_help ();
      return 0;
    }
  verb = cli_find_verb (&argc, &argv, &group);
  if (verb == NULL && group != NULL && argc == 0 && find_group (argv[-1]) == group)
    {
      cli_help_group (group);
      return 0;
    }
  if (verb == NULL)
    return miss_verb (group, argc, argv);
  options = cli_options_new (verb);
  cli_help_verb (group, verb, options);
  return 0;
}

static void
print (const char *text)
{
  cli_write (text, strlen (text));
}

/* Names and documents are UTF-8 whatever the locale, as files are that come and go through pipes:
 * with "?" for what another charset has not, they would be of something else. */
static void
settle_locale (void)
{
  setlocale (LC_ALL, "");
  if (!g_get_charset (NULL))
    setlocale (LC_CTYPE, "C.UTF-8");
}

static int
run (int argc, char **argv)
{
  g_auto (CliContext) context = { 0 };
  g_autoptr (GError) error = NULL;
  const CliGroup *group = NULL;
  const CliVerb *verb = NULL;
  gboolean version = FALSE;

  if (argc > 1 && g_str_equal (argv[1], "__complete"))
    return complete (&context, argc - 1, argv + 1);
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
  if (argc == 0)
    {
      g_printerr ("vireoctl: what is to be done? “vireoctl help” lists it\n");
      return CLI_EXIT_USAGE;
    }
  if (g_str_equal (argv[0], "help"))
    return help (argc - 1, argv + 1);
  verb = cli_find_verb (&argc, &argv, &group);
  if (verb == NULL)
    return miss_verb (group, argc, argv);
  return run_verb (&context, group, verb, argc, argv);
}

int
main (int argc, char **argv)
{
  if (!vireo_stdio_settle ())
    return CLI_EXIT_FAILURE;
  settle_locale ();
  g_set_print_handler (print);
  return cli_check_written (run (argc, argv));
}
