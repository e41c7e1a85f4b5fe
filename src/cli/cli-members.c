/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli-members.h"

#include <stdlib.h>
#include <string.h>

static int
compare_member (const void *name, const void *row)
{
  return strcmp (name, ((const CliMember *) row)->name);
}

const CliMember *
cli_member_find (const char *name)
{
  static gsize n_members = 0;

  while (cli_members[n_members].name != NULL)
    n_members++;
  return bsearch (name, cli_members, n_members, sizeof *cli_members, compare_member);
}

const CliField *
cli_fields_find (const CliField *fields, const char *name)
{
  for (; fields != NULL && fields->name != NULL; fields++)
    if (g_str_equal (fields->name, name))
      return fields;
  return NULL;
}

gsize
cli_fields_count (const CliField *fields)
{
  gsize n = 0;

  while (fields != NULL && fields[n].name != NULL)
    n++;
  return n;
}

static const CliField *
find_row (const CliSignal *rows, const char *name)
{
  for (; rows->name != NULL; rows++)
    if (g_str_equal (rows->name, name))
      return rows->fields;
  return NULL;
}

/* @interface is the last part of its name, such as "Domain". */
const CliField *
cli_property_find (const char *interface, const char *name)
{
  return cli_fields_find (find_row (cli_properties, interface), name);
}

/* The arguments of a signal; %NULL when it is not known. */
const CliField *
cli_signal_find (const char *interface, const char *name)
{
  g_autofree char *full = g_strdup_printf ("%s.%s", interface, name);

  return find_row (cli_signals, full);
}
