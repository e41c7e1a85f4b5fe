/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli-document.h"

#include "conf/vireo-conf.h"
#include "conf/vireo-device.h"

#include <string.h>

xmlDoc *
cli_document_new (const char *root)
{
  xmlDoc *document = xmlNewDoc (BAD_CAST "1.0");

  xmlDocSetRootElement (document, xmlNewNode (NULL, BAD_CAST root));
  return document;
}

xmlNode *
cli_document_add (xmlNode *node, const char *name)
{
  return xmlNewChild (node, NULL, BAD_CAST name, NULL);
}

/* The first child of that name, which is made when it is not there. */
xmlNode *
cli_document_child (xmlNode *node, const char *name)
{
  for (xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE && xmlStrEqual (child->name, BAD_CAST name))
      return child;
  return cli_document_add (node, name);
}

/* Makes the elements that are missing on the way. One whose value is "" is there and empty. */
void
cli_document_set (xmlNode *node, const char *path, const char *value)
{
  g_auto (GStrv) steps = g_strsplit (path, "/", -1);

  if (value == NULL)
    return;
  for (char **step = steps; *step != NULL; step++)
    {
      if ((*step)[0] == '@')
        {
          xmlSetProp (node, BAD_CAST (*step + 1), BAD_CAST value);
          return;
        }
      if (!g_str_equal (*step, "."))
        node = cli_document_child (node, *step);
    }
  if (*value != '\0')
    xmlAddChild (node, xmlNewText (BAD_CAST value));
}

void
cli_document_set_parts (xmlNode *node, const CliPart *parts, gsize n_parts)
{
  for (gsize i = 0; i < n_parts; i++)
    cli_document_set (node, parts[i].path, parts[i].value);
}

char *
cli_document_print (xmlDoc *document)
{
  xmlBuffer *buffer = xmlBufferCreate ();
  char *text;

  xmlNodeDump (buffer, document, xmlDocGetRootElement (document), 0, 0);
  text = g_strdup ((const char *) xmlBufferContent (buffer));
  xmlBufferFree (buffer);
  return text;
}

/* The definition of the kind (see vireo_doc_kind_find()), as the schema prints it; what it does not
 * allow, such as a word that is none of an enumeration's, is an error here and nowhere else. */
char *
cli_document_finish (xmlDoc *document, const char *kind, GError **error)
{
  const VireoDocKind *doc_kind = vireo_doc_kind_find (kind);
  g_autofree char *text = cli_document_print (document);
  gpointer def = vireo_doc_parse (doc_kind, text, -1, VIREO_PARSE_STRICT, error);
  char *printed;

  if (def == NULL)
    return NULL;
  printed = vireo_doc_format (doc_kind, def, VIREO_FORMAT_SECURE, error);
  vireo_doc_free (doc_kind, def);
  return printed;
}

/* The device of a domain, if it is what the schema allows. */
char *
cli_document_finish_device (xmlDoc *document, GError **error)
{
  g_autofree char *text = cli_document_print (document);
  VireoDeviceKind kind;
  gpointer device = vireo_device_parse (text, VIREO_PARSE_STRICT, &kind, error);

  if (device == NULL)
    return NULL;
  vireo_device_free (kind, device);
  return g_steal_pointer (&text);
}
