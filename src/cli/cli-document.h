/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions made of words: a tree of elements that the schema checks and prints. */
#pragma once

#include <gio/gio.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/* A word and where it goes: "source/host/@name", "target/path", and "." for the element itself. */
typedef struct
{
  const char *path;
  const char *value; /* (nullable): nothing is made of it */
} CliPart;

xmlDoc *cli_document_new (const char *root);
void cli_document_set (xmlNode *node, const char *path, const char *value);
void cli_document_set_parts (xmlNode *node, const CliPart *parts, gsize n_parts);
xmlNode *cli_document_add (xmlNode *node, const char *name);
xmlNode *cli_document_child (xmlNode *node, const char *name);
char *cli_document_finish_device (xmlDoc *document, GError **error);
char *cli_document_finish (xmlDoc *document, const char *kind, GError **error);
char *cli_document_print (xmlDoc *document);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

G_END_DECLS
