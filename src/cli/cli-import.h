/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an installation of libvirt has, as its files tell. */
#pragma once

#include "cli.h"

G_BEGIN_DECLS

typedef struct _CliImportRow CliImportRow;

/* How a kind of definition is kept by libvirt, and how it is made here. */
struct _CliImportRow
{
  const char *noun;      /* for people: "network" */
  const char *doc_kind;  /* of the schema: "network" */
  const char *folder;    /* below libvirt's configuration, or of a moment its state */
  const char *autostart; /* (nullable): the folder of links to those that start with the host */
  const char *kind;      /* of the objects here: "Network" */
  const char *define;    /* the member that makes one */
  gssize name_offset;    /* of the struct, where its name is; -1 when it has none */
  gssize uuid_offset;
  gssize parent_offset; /* of a moment, where the name of the one before is */
};

/* One thing to take over. */
typedef struct
{
  const CliImportRow *row;
  char *file;
  char *text; /* (nullable): when it could not be read */
  char *name;
  char *uuid;   /* (nullable) */
  char *domain; /* (nullable): of a moment, the domain's name */
  char *parent; /* (nullable): of a moment */
  gboolean autostart;
  gboolean current;  /* of a snapshot: what the domain does now follows it */
  GBytes *value;    /* (nullable): of a secret */
  char *problem;    /* (nullable): why it cannot be taken over */
  GPtrArray *notes; /* of char *: what the user is to know of it */
} CliImportItem;

typedef struct
{
  GPtrArray *items;   /* of CliImportItem, in the order in which they can be made */
  GPtrArray *notices; /* of char *: what cannot be taken over at all */
} CliImportTree;

CliImportTree *cli_import_scan (const char *config, const char *state, const char *runtime);
void cli_import_tree_free (CliImportTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliImportTree, cli_import_tree_free)

#define CLI_JSON_IMPORT \
  "{\"items\": [{\"result\": string, \"kind\": string, \"name\": string, \"domain\": string, " \
  "\"file\": string, \"autostart\": boolean, \"notes\": [string]}], \"notices\": [string]}"

extern const GOptionEntry cli_import_options[];
int cli_run_import (CliCall *call);

G_END_DECLS
