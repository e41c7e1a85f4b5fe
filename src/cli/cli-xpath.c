/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of documents, by XPath 1.0. */
#include "cli.h"

#include <string.h>

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlXPathObject, xmlXPathFreeObject)

/* What libxml2 would print by itself is in our own message. */
static void
be_quiet (void *data, xmlError *error)
{
}

static void
add_node (GString *text, xmlDoc *document, xmlNode *node)
{
  xmlBuffer *buffer = xmlBufferCreate ();

  xmlNodeDump (buffer, document, node, 0, 0);
  g_string_append (text, (const char *) xmlBufferContent (buffer));
  g_string_append_c (text, '\n');
  xmlBufferFree (buffer);
}

/* The prefixes that the document itself has. */
static void
register_namespaces (xmlXPathContext *context, xmlNode *root)
{
  xmlNs **list = xmlGetNsList (root->doc, root);

  for (gsize i = 0; list != NULL && list[i] != NULL; i++)
    if (list[i]->prefix != NULL)
      xmlXPathRegisterNs (context, list[i]->prefix, list[i]->href);
  xmlFree (list);
}

static void
add_found (GString *text, xmlDoc *document, xmlXPathObject *found)
{
  xmlChar *value;

  if (found->type == XPATH_NODESET)
    {
      for (int i = 0; i < xmlXPathNodeSetGetLength (found->nodesetval); i++)
        add_node (text, document, xmlXPathNodeSetItem (found->nodesetval, i));
      return;
    }
  value = xmlXPathCastToString (found);
  g_string_append_printf (text, "%s\n", (const char *) value);
  xmlFree (value);
}

/* What @expression finds in @xml, each on a line of its own, in an element <nodes> when @wrap; of
 * one that gives a number, a text or yes or no, that. That it finds nothing is an error.
 * (transfer full) */
char *
cli_xpath (const char *xml, const char *expression, gboolean wrap, GError **error)
{
  g_autoptr (xmlDoc) document
      = xmlReadMemory (xml, (int) strlen (xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
  g_autoptr (xmlXPathContext) context = NULL;
  g_autoptr (xmlXPathObject) found = NULL;
  GString *text;

  if (document == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "what the service gave is no XML");
      return NULL;
    }
  context = xmlXPathNewContext (document);
  context->error = be_quiet;
  register_namespaces (context, xmlDocGetRootElement (document));
  found = xmlXPathEval ((const xmlChar *) expression, context);
  if (found == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is no XPath", expression);
  else if (found->type == XPATH_NODESET && xmlXPathNodeSetIsEmpty (found->nodesetval))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "“%s” finds nothing", expression);
  else
    {
      text = g_string_new (wrap ? "<nodes>\n" : NULL);
      add_found (text, document, found);
      g_string_append (text, wrap ? "</nodes>" : "");
      return g_string_free (text, FALSE);
    }
  return NULL;
}
