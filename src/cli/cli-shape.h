/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli.h"

G_BEGIN_DECLS

void cli_shape_add (GString *shape, const char *type, const CliField *field);
char *cli_shape_of (const CliGroup *group, const CliVerb *verb);

G_END_DECLS
