/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command knows of the interfaces: tables that scripts/gen-cli.py makes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CliField CliField;

/* An argument, a result, an option, a property or a key of a dictionary. */
struct _CliField
{
  const char *name;
  const char *type;
  const char *unit;     /* (nullable): "KiB", "bytes", "time" (microseconds) or "seconds" */
  const char *text;     /* what it is */
  const CliField *keys; /* (nullable): of an a{sv}, those that are documented */
};

typedef struct
{
  const char *name;        /* such as "Domain.Start" */
  const CliField *ins;     /* but for the options */
  const CliField *outs;
  const CliField *options; /* (nullable): NULL when there is no such argument */
} CliMember;

/* A signal and its arguments, or an interface and its properties. */
typedef struct
{
  const char *name;
  const CliField *fields;
} CliSignal;

/* All are sorted by name, and end with a row without one. */
extern const CliMember cli_members[];
extern const CliSignal cli_signals[];
extern const CliSignal cli_properties[];

const CliMember *cli_member_find (const char *name);
const CliField *cli_fields_find (const CliField *fields, const char *name);
const CliField *cli_property_find (const char *interface, const char *name);
const CliField *cli_signal_find (const char *interface, const char *name);
gsize cli_fields_count (const CliField *fields);

G_END_DECLS
