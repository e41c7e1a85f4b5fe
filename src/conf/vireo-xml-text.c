/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements that are kept as they were written: a tree to text that stands on its own. */
#include "vireo-xml.h"

#include <string.h>

static void
append_escaped (GString *out, const char *text, gboolean attribute)
{
  for (const char *at = text; *at != '\0'; at++)
    {
      if (*at == '&')
        g_string_append (out, "&amp;");
      else if (*at == '<')
        g_string_append (out, "&lt;");
      else if (*at == '>')
        g_string_append (out, "&gt;");
      else if (*at == '\r')
        g_string_append (out, "&#13;");
      else if (attribute && *at == '\'')
        g_string_append (out, "&apos;");
      else if (attribute && *at == '\n')
        g_string_append (out, "&#10;");
      else if (attribute && *at == '\t')
        g_string_append (out, "&#9;");
      else
        g_string_append_c (out, *at);
    }
}

static void
append_name (GString *out, const xmlNs *ns, const xmlChar *name)
{
  if (ns != NULL && ns->prefix != NULL)
    g_string_append_printf (out, "%s:", (const char *) ns->prefix);
  g_string_append (out, (const char *) name);
}

static void
append_declaration (GString *out, const xmlNs *ns)
{
  g_autoptr (GString) uri = g_string_new ((const char *) ns->href);

  /* libxml2 leaves an ampersand of a URI as it hands it to itself in attributes. */
  g_string_replace (uri, "&#38;", "&", 0);
  if (ns->prefix != NULL)
    g_string_append_printf (out, " xmlns:%s='", (const char *) ns->prefix);
  else
    g_string_append (out, " xmlns='");
  append_escaped (out, uri->str, TRUE);
  g_string_append_c (out, '\'');
}

static gboolean
declared_within (const xmlNs *ns, const xmlNode *from, const xmlNode *top)
{
  for (const xmlNode *at = from; at != NULL; at = at->parent)
    {
      for (const xmlNs *own = at->nsDef; own != NULL; own = own->next)
        if (own == ns)
          return TRUE;
      if (at == top)
        return FALSE;
    }
  return FALSE;
}

static void
need (GPtrArray *needed, const xmlNs *ns, const xmlNode *node, const xmlNode *top)
{
  if (ns == NULL || (ns->prefix != NULL && strcmp ((const char *) ns->prefix, "xml") == 0)
      || declared_within (ns, node, top) || g_ptr_array_find (needed, ns, NULL))
    return;
  g_ptr_array_add (needed, (gpointer) ns);
}

static void
collect_needed (GPtrArray *needed, const xmlNode *node, const xmlNode *top)
{
  need (needed, node->ns, node, top);
  for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next)
    need (needed, attr->ns, node, top);
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      collect_needed (needed, child, top);
}

static void append_node (GString *out, const xmlNode *node, GPtrArray *needed);

static void
append_element (GString *out, const xmlNode *node, GPtrArray *needed)
{
  g_string_append_c (out, '<');
  append_name (out, node->ns, node->name);
  for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next)
    append_declaration (out, ns);
  for (guint i = 0; needed != NULL && i < needed->len; i++)
    append_declaration (out, needed->pdata[i]);
  for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next)
    {
      g_autofree char *copy = NULL;

      g_string_append_c (out, ' ');
      append_name (out, attr->ns, attr->name);
      g_string_append (out, "='");
      append_escaped (out, vireo_xml_text (attr->children, &copy), TRUE);
      g_string_append_c (out, '\'');
    }
  if (node->children == NULL)
    {
      g_string_append (out, "/>");
      return;
    }
  g_string_append_c (out, '>');
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    append_node (out, child, NULL);
  g_string_append (out, "</");
  append_name (out, node->ns, node->name);
  g_string_append_c (out, '>');
}

static void
append_node (GString *out, const xmlNode *node, GPtrArray *needed)
{
  const char *content = node->type == XML_ELEMENT_NODE ? NULL : (const char *) node->content;

  if (node->type == XML_ELEMENT_NODE)
    append_element (out, node, needed);
  else if (node->type == XML_TEXT_NODE && content != NULL)
    append_escaped (out, content, FALSE);
  else if (node->type == XML_CDATA_SECTION_NODE && content != NULL)
    g_string_append_printf (out, "<![CDATA[%s]]>", content);
  else if (node->type == XML_COMMENT_NODE && content != NULL)
    g_string_append_printf (out, "<!--%s-->", content);
  else if (node->type == XML_PI_NODE)
    g_string_append_printf (out, "<?%s %s?>", (const char *) node->name,
                            content != NULL ? content : "");
}

/**
 * vireo_xml_to_text:
 * @node: an element
 *
 * Returns: (transfer full): @node as text, white space and all, with the namespace declarations
 *   that it borrows from the elements around it
 */
char *
vireo_xml_to_text (const xmlNode *node)
{
  g_autoptr (GPtrArray) needed = g_ptr_array_new ();
  GString *out = g_string_new (NULL);

  collect_needed (needed, node, node);
  append_node (out, node, needed);
  return g_string_free (out, FALSE);
}
