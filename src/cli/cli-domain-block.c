/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs whose member gives a job: they wait for it, as nothing else is left to do, unless they are
 * told not to. */
#include "cli-domain.h"

#include <string.h>

static gboolean opt_no_wait, opt_wait, opt_pivot, opt_finish;

const GOptionEntry cli_job_options[] = {
  { "no-wait", 0, 0, G_OPTION_ARG_NONE, &opt_no_wait,
    "Print the job and return; it goes on without the command", NULL },
  { "wait", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_wait, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_ready_options[] = {
  { "no-wait", 0, 0, G_OPTION_ARG_NONE, &opt_no_wait,
    "Print the job and return; it goes on without the command", NULL },
  { "wait", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_wait, NULL, NULL },
  { "pivot", 0, 0, G_OPTION_ARG_NONE, &opt_pivot,
    "When it is ready, let the guest go on with the copy", NULL },
  { "finish", 0, 0, G_OPTION_ARG_NONE, &opt_finish,
    "When it is ready, end it; the guest goes on with what it has", NULL },
  G_OPTION_ENTRY_NULL,
};

/* What was copied stays the same until somebody ends it. */
static int
finish (CliCall *call, const char *path)
{
  const char *disk = call->words[1];
  GVariantDict options;

  if (!opt_pivot && !opt_finish)
    {
      if (call->context->json)
        return cli_print_text (call->context, "ready");
      g_print ("ready: block-job-abort --pivot %s %s ends it\n", call->words[0], disk);
      return 0;
    }
  g_variant_dict_init (&options, NULL);
  if (opt_pivot)
    g_variant_dict_insert (&options, "pivot", "b", TRUE);
  return cli_call_member (call, "Domain.AbortBlockJob", path,
                          g_variant_new ("(s@a{sv})", disk, g_variant_dict_end (&options)));
}

int
cli_run_job (CliCall *call)
{
  const CliMember *member = cli_verb_member (call->verb);
  const char *dot = strchr (member->name, '.');
  g_autofree char *kind = g_strndup (member->name, (gsize) (dot - member->name));
  g_autofree char *interface = g_strconcat (CLI_BUS_NAME ".", kind, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) reply = NULL;
  const char *job;
  CliJobEnd end;

  if (path != NULL)
    args = cli_call_arguments (call, member, NULL, &error);
  if (args != NULL)
    reply = cli_call (call->context, path, interface, dot + 1, args, "(o)", &error);
  if (reply == NULL)
    return cli_fail (error);
  if (opt_no_wait)
    return cli_print_reply (call->context, member, reply);
  g_variant_get (reply, "(&o)", &job);
  end = cli_job_follow (call->context, job, &error);
  if (end == CLI_JOB_FAILED)
    return cli_fail (error);
  return end == CLI_JOB_READY ? finish (call, path) : 0;
}
