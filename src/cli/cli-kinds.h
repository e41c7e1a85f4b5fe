/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of object that words on the command line stand for. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _CliContext CliContext;

typedef struct
{
  const char *title;
  const char *property;
} CliColumn;

/* A way to find an object by a word. */
typedef struct
{
  const char *method;                      /* of the parent's interface */
  GVariant *(*arguments) (const char *word); /* (nullable): what the word becomes; %NULL when it
                                              * cannot be meant so */
} CliLookup;

typedef struct
{
  const char *name;          /* of the interface, such as "Domain" */
  const char *word;          /* in usages, such as "DOMAIN" */
  const char *parent;        /* (nullable): the kind whose object says which of them are meant */
  const char *list;          /* (nullable): the member that lists them, such as
                              * "Connection.GetDomains" */
  const char *name_property; /* (nullable): what they are called by */
  const CliLookup *lookups;
  const CliColumn *columns;
} CliKind;

const CliKind *cli_kind_find (const char *name);
const CliKind *cli_kind_find_word (const char *word);

/* The kind before @kind in a usage; %NULL when there is none to name. */
const CliKind *cli_kind_parent (const CliKind *kind);
guint cli_kind_depth (const CliKind *kind);

char *cli_kind_find_object (CliContext *context,
                            const CliKind *kind,
                            const char *const *words,
                            GError **error);
GVariant *cli_kind_list (CliContext *context,
                         const CliKind *kind,
                         const char *parent,
                         const char *const *properties,
                         GError **error);

G_END_DECLS
