/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "vireoctl __complete WORD…" prints what the last word may become, a candidate a line: the shells'
 * completion files call it, so that none of them lists verbs. "__complete --man" prints the verbs
 * as the manual page has them. */
#include "cli.h"

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
offer_options (const CliVerb *verb, const char *prefix)
{
  for (const GOptionEntry *o = verb->options; o != NULL && o->long_name != NULL; o++)
    {
      g_autofree char *word = g_strconcat ("--", o->long_name, NULL);

      if ((o->flags & G_OPTION_FLAG_HIDDEN) == 0)
        offer (word, prefix);
    }
}

/* The names of @kind; nothing when the service cannot be asked, for completion has nobody to
 * tell. */
static void
offer_objects (CliContext *context, const char *kind, const char *prefix)
{
  g_autofree char *connection = cli_connection_path (context);
  g_autofree char *method = g_strdup_printf ("Get%ss", kind);
  const char *names[] = { "Name", NULL };
  g_autoptr (GVariant) reply
      = cli_call (context, connection, CLI_IFACE ("Connection"), method,
                  g_variant_new ("(^asa{sv})", names, NULL), "(a{oa{sv}})", NULL);
  g_autoptr (GVariantIter) iter = NULL;
  GVariant *properties;

  if (reply == NULL)
    return;
  g_variant_get (reply, "(a{oa{sv}})", &iter);
  while (g_variant_iter_loop (iter, "{&o@a{sv}}", NULL, &properties))
    {
      const char *name = NULL;

      if (g_variant_lookup (properties, "Name", "&s", &name))
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

static void
offer_arguments (CliContext *context, const CliVerb *verb, const char *prefix)
{
  switch (verb->arg)
    {
    case CLI_ARG_DOMAIN:
    case CLI_ARG_JOB:
      offer_objects (context, "Domain", prefix);
      break;
    case CLI_ARG_NETWORK:
      offer_objects (context, "Network", prefix);
      break;
    case CLI_ARG_POOL:
      offer_objects (context, "StoragePool", prefix);
      break;
    case CLI_ARG_DOC_KIND:
      offer_doc_kinds (prefix);
      break;
    case CLI_ARG_NONE:
    case CLI_ARG_CONNECTION:
    case CLI_ARG_FILE:
    default:
      break;
    }
}

static void
print_man (void)
{
  for (const CliGroup *const *group = cli_get_groups (); *group != NULL; group++)
    {
      g_print (".SS vireoctl %s\nFor %s.\n", (*group)->name, (*group)->summary);
      for (gsize i = 0; i < (*group)->n_verbs; i++)
        {
          const CliVerb *verb = &(*group)->verbs[i];

          g_print (".TP\n.B %s\n.I %s\n.br\n%s.\n", verb->name, verb->usage, verb->summary);
          for (const GOptionEntry *o = verb->options; o != NULL && o->long_name != NULL; o++)
            if (o->description != NULL)
              g_print (".br\n.B \\-\\-%s\n(%s)\n", o->long_name, o->description);
          if (verb->alias != NULL)
            g_print (".br\nAlso: %s.\n", verb->alias);
        }
    }
}

static const CliGroup *
group_named (const char *name)
{
  for (const CliGroup *const *group = cli_get_groups (); *group != NULL; group++)
    if (g_str_equal ((*group)->name, name) || g_strcmp0 ((*group)->alias, name) == 0)
      return *group;
  return NULL;
}

int
cli_complete (CliContext *context, int argc, char **argv)
{
  const CliGroup *group = argc > 1 ? group_named (argv[0]) : NULL;
  const char *prefix = argc > 0 ? argv[argc - 1] : "";
  const CliVerb *verb = NULL;

  context->ask_password = FALSE;
  if (argc == 1 && g_str_equal (argv[0], "--man"))
    {
      print_man ();
      return 0;
    }
  if (argc <= 1)
    {
      for (const CliGroup *const *g = cli_get_groups (); *g != NULL; g++)
        offer ((*g)->name, prefix);
      offer_verbs (&cli_domain_group, prefix);
      return 0;
    }
  if (group != NULL && argc == 2)
    {
      offer_verbs (group, prefix);
      return 0;
    }
  verb = cli_group_find_verb (group != NULL ? group : &cli_domain_group,
                              argv[group != NULL ? 1 : 0]);
  if (verb == NULL)
    return 0;
  if (prefix[0] == '-')
    offer_options (verb, prefix);
  else
    offer_arguments (context, verb, prefix);
  return 0;
}
