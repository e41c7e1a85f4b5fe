/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Exit statuses. */
enum
{
  CLI_OK = 0,
  CLI_FAILED = 1, /* it was understood, and did not work or found something wrong */
  CLI_USAGE = 2,  /* it was not understood */
};

/* A verb of a group: `vireoctl GROUP VERB …`. @argv holds what follows the verb. */
typedef struct
{
  const char *name;
  const char *arguments; /* for the usage text */
  const char *summary;
  int (*run) (int argc, char **argv);
} CliVerb;

/* A group of verbs; @verbs ends with a row without a name. */
typedef struct
{
  const char *name;
  const char *summary;
  const CliVerb *verbs;
} CliGroup;

extern const CliVerb cli_xml_verbs[];

G_END_DECLS
