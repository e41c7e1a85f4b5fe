/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli-named.h"
#include "cli.h"

G_BEGIN_DECLS

/* The verb that @verb is when virsh's options say so: "blockjob --abort" is "block-job-abort".
 * @argv: what comes behind it; argv[-1] is how it was called. */
const CliVerb *cli_virsh_verb (const CliGroup *group, const CliVerb *verb, int argc, char **argv);

/* What comes behind a verb, with virsh's options as this command has them. What the verb has
 * itself, in @own or @named, stays as it is. (transfer full) */
GStrv cli_virsh_words (const CliGroup *group, const CliVerb *verb, const char *usage,
                       const GOptionEntry *own, const GOptionEntry *named, int argc, char **argv);

G_END_DECLS
