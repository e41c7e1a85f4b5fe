/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words by their names. */
#pragma once

#include "cli.h"

G_BEGIN_DECLS

typedef struct _CliNamed CliNamed;

CliNamed *cli_named_new (const char *usage, const GOptionEntry *others);
void cli_named_free (CliNamed *named);
const GOptionEntry *cli_named_entries (const CliNamed *named);
GStrv cli_named_place (const CliNamed *named, char **words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliNamed, cli_named_free)

G_END_DECLS
