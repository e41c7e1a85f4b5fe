/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command says of itself. */
#pragma once

#include "cli.h"

G_BEGIN_DECLS

int cli_columns (int fd);
void cli_help (void);
void cli_help_group (const CliGroup *group);
void cli_help_verb (const CliGroup *group, const CliVerb *verb, const CliOptions *options);

G_END_DECLS
