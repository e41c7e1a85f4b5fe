/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "vireoctl __complete WORD…" prints what the last word may become, a candidate a line: the shells'
 * completion files call it, so that none of them lists verbs. "__complete --man" prints the verbs
 * as the manual page has them; "--json" what each prints as JSON. */
#include "cli-shape.h"

#include <string.h>

#include "conf/vireo-conf.h"

static void
offer (const char *candidate, const char *prefix)
{
  if (candidate != NULL && g_str_has_prefix (candidate, prefix))
    g_print ("%s\n", candidate);
}

static void
offer_verbs (const CliGroup *group, const char *prefix)
{
  for (gsize i = 0; i < group->n_verbs; i++)
    offer (group->verbs[i].name, prefix);
}

static void
offer_options (const CliOptions *options, const char *prefix)
{
  for (const GOptionEntry *o = cli_options_entries (options); o->long_name != NULL; o++)
    {
      g_autofree char *word = g_strconcat ("--", o->long_name, NULL);

      if ((o->flags & G_OPTION_FLAG_HIDDEN) == 0)
        offer (word, prefix);
    }
}

/* The names of @kind in what @words say; nothing when the service cannot be asked, for completion
 * has nobody to tell. */
static void
offer_objects (CliContext *context, const CliKind *kind, const char *const *words,
               const char *prefix)
{
  const CliKind *parent = cli_kind_parent (kind);
  g_autofree char *path = parent != NULL ? cli_kind_find_object (context, parent, words, NULL)
                                         : cli_connection_path (context);
  const char *names[] = { kind->name_property, NULL };
  g_autoptr (GVariant) objects = path != NULL && kind->list != NULL
                                     ? cli_kind_list (context, kind, path, names, NULL)
                                     : NULL;
  GVariantIter iter;
  GVariant *properties;

  if (objects == NULL)
    return;
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sv}}", NULL, &properties))
    {
      const char *name = NULL;

      if (g_variant_lookup (properties, kind->name_property, "&s", &name))
        offer (name, prefix);
    }
}

static void
offer_doc_kinds (const char *prefix)
{
  const char *const *kinds = vireo_doc_kind_names ();

  for (gsize i = 0; kinds[i] != NULL; i++)
    offer (kinds[i], prefix);
}

/* What may stand for a word of a usage: an object's name, one of some words, a kind of document.
 * For all else there is nothing to offer, and the shell offers files. */
static void
offer_usage_word (CliContext *context, const char *usage, char **words, guint n, const char *prefix)
{
  g_auto (GStrv) alternatives = g_strsplit (usage, "|", -1);

  if (g_str_equal (usage, "KIND"))
    offer_doc_kinds (prefix);
  for (gsize i = 0; alternatives[i] != NULL; i++)
    {
      const CliKind *kind = cli_kind_find_word (alternatives[i]);
      const char *const *parents = (const char *const *) words;

      if (kind == NULL && g_ascii_islower (alternatives[i][0]))
        offer (alternatives[i], prefix);
      if (kind == NULL || kind->list == NULL)
        continue;
      /* The words right before are what it is in. */
      if (cli_kind_depth (kind) - 1 <= n)
        offer_objects (context, kind, parents + n - (cli_kind_depth (kind) - 1), prefix);
    }
}

/* @words are those before the one to complete. */
static void
offer_arguments (CliContext *context, const CliGroup *group, const CliVerb *verb,
                 const CliOptions *options, char **words, const char *prefix)
{
  g_autofree char *usage = cli_verb_usage (group, verb);
  g_auto (GStrv) usages = g_strsplit (usage, " ", -1);
  g_autoptr (GPtrArray) plain = g_ptr_array_new ();
  guint n_usages = g_strv_length (usages);
  guint at;
  g_autofree char *bare = NULL;

  for (gsize i = 0; words[i] != NULL; i++)
    if (words[i][0] != '-')
      g_ptr_array_add (plain, words[i]);
  at = MIN (plain->len, MAX (n_usages, 1) - 1);
  if (n_usages == 0 || (plain->len > at && strstr (usages[at], "…") == NULL))
    return;
  bare = g_strdup (usages[at] + (usages[at][0] == '['));
  bare[strcspn (bare, "]")] = '\0';
  if (g_str_has_suffix (bare, "…"))
    bare[strlen (bare) - strlen ("…")] = '\0';
  offer_usage_word (context, bare, (char **) plain->pdata, plain->len, prefix);
}

/* ---- the manual page ---- */

/* Words of a shape may be broken anywhere, but not hyphenated. */
static void
print_man_shape (const CliGroup *group, const CliVerb *verb)
{
  g_autofree char *shape = cli_shape_of (group, verb);
  g_auto (GStrv) parts = g_strsplit (shape, "-", -1);
  g_autofree char *escaped = g_strjoinv ("\\-", parts);

  if (*escaped != '\0')
    g_print (".br\nJSON: %s\n", escaped);
}

static void
print_shapes (void)
{
  for (const CliGroup *const *group = cli_get_groups (); *group != NULL; group++)
    for (gsize i = 0; i < (*group)->n_verbs; i++)
      {
        g_autofree char *shape = cli_shape_of (*group, &(*group)->verbs[i]);

        g_print ("%s %s\t%s\n", (*group)->name, (*group)->verbs[i].name, shape);
      }
}

static void
print_man_verb (const CliGroup *group, const CliVerb *verb)
{
  g_autofree char *usage = cli_verb_usage (group, verb);
  g_autoptr (CliOptions) options = cli_options_new (verb);

  g_print (".TP\n.B %s\n.I %s\n.br\n%s.\n", verb->name, *usage != '\0' ? usage : "\\&",
           verb->summary);
  for (const GOptionEntry *o = cli_options_entries (options); o->long_name != NULL; o++)
    if ((o->flags & G_OPTION_FLAG_HIDDEN) == 0)
      g_print (".br\n.B \\-\\-%s\n(%s)\n", o->long_name,
               o->description != NULL ? o->description : "a value");
  if (verb->alias != NULL)
    g_print (".br\nAlso: %s.\n", verb->alias);
  print_man_shape (group, verb);
}

static void
print_man (void)
{
  for (const CliGroup *const *group = cli_get_groups (); *group != NULL; group++)
    {
      g_print (".SS vireoctl %s\nFor %s.\n", (*group)->name, (*group)->summary);
      for (gsize i = 0; i < (*group)->n_verbs; i++)
        print_man_verb (*group, &(*group)->verbs[i]);
    }
}

/* The members that verbs call, a line each, for the test that none is without a verb. */
static void
print_members (void)
{
  for (const CliGroup *const *group = cli_get_groups (); *group != NULL; group++)
    for (gsize i = 0; i < (*group)->n_verbs; i++)
      {
        const CliVerb *verb = &(*group)->verbs[i];

        g_print ("%s\n%s\n", verb->member != NULL ? verb->member : "",
                 verb->show != NULL ? verb->show : "");
      }
}

/* ---- completion ---- */

static void
offer_aliases (const CliGroup *group, const char *start, const char *prefix)
{
  for (gsize i = 0; i < group->n_verbs; i++)
    {
      const char *alias = group->verbs[i].alias;
      g_auto (GStrv) names = g_strsplit (alias != NULL ? alias : "", " ", -1);

      for (gsize n = 0; names[n] != NULL; n++)
        {
          g_autofree char *word = g_strconcat (start, names[n], NULL);

          if (names[n][0] != '\0')
            offer (word, prefix);
        }
    }
}

static void
offer_virsh (const CliGroup *group, const char *start, const char *prefix)
{
  for (gsize i = 0; i < group->n_verbs; i++)
    {
      g_autofree char *word = g_strconcat (start, group->verbs[i].name, NULL);

      offer (word, prefix);
    }
  offer_aliases (group, start, prefix);
}

static void
offer_first (const char *prefix)
{
  gboolean is_virsh = FALSE;
  static const char *const globals[] = { "--session", "--host", "--connection", "--json",
                                         "--no-ask-password", "--version", "--help" };

  for (gsize i = 0; i < G_N_ELEMENTS (globals) && prefix[0] == '-'; i++)
    offer (globals[i], prefix);
  for (const CliGroup *const *g = cli_get_groups (); *g != NULL; g++)
    {
      offer ((*g)->name, prefix);
      /* A virsh user's fingers know "net-start". */
      if ((*g)->virsh_prefix != NULL && g_str_has_prefix (prefix, (*g)->virsh_prefix))
        {
          offer_virsh (*g, (*g)->virsh_prefix, prefix);
          is_virsh = TRUE;
        }
    }
  offer_verbs (&cli_domain_group, prefix);
  offer_verbs (&cli_manager_group, prefix);
  /* With nothing typed yet, one name of each verb is enough. */
  if (prefix[0] != '\0' && prefix[0] != '-' && !is_virsh)
    {
      offer_aliases (&cli_domain_group, "", prefix);
      offer_aliases (&cli_manager_group, "", prefix);
      offer_aliases (&cli_connection_group, "", prefix);
    }
  offer ("help", prefix);
}

int
cli_complete (CliContext *context, int argc, char **argv)
{
  const CliGroup *group = NULL;
  const CliVerb *verb = NULL;
  const char *prefix = argc > 0 ? argv[argc - 1] : "";
  g_autoptr (CliOptions) options = NULL;
  g_auto (GStrv) words = NULL;

  context->ask_password = FALSE;
  if (argc == 1 && g_str_equal (argv[0], "--man"))
    {
      print_man ();
      return 0;
    }
  if (argc == 1 && g_str_equal (argv[0], "--json"))
    {
      print_shapes ();
      return 0;
    }
  if (argc == 1 && g_str_equal (argv[0], "--members"))
    {
      print_members ();
      return 0;
    }
  if (argc > 1 && g_str_equal (argv[0], "help"))
    {
      argc--;
      argv++;
    }
  if (argc <= 1)
    {
      offer_first (prefix);
      return 0;
    }
  words = g_new0 (char *, (gsize) argc);
  for (int i = 0; i + 1 < argc; i++)
    words[i] = g_strdup (argv[i]);
  argc--;
  verb = cli_find_verb (&argc, &argv, &group);
  if (verb == NULL)
    {
      if (group != NULL && argc == 0)
        offer_verbs (group, prefix);
      return 0;
    }
  options = cli_options_new (verb);
  if (prefix[0] == '-')
    offer_options (options, prefix);
  else
    offer_arguments (context, group, verb, options, words + g_strv_length (words) - argc, prefix);
  return 0;
}
