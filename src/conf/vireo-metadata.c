/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-metadata.h"

#include <string.h>

#include "vireo-xml.h"

static xmlDoc *
read_text (const char *text, GError **error)
{
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  xmlDoc *doc = vireo_xml_read (text, -1, problems);

  if (doc == NULL)
    g_propagate_error (error, vireo_problems_to_error (problems, VIREO_ERROR_XML_MALFORMED));
  return doc;
}

static xmlNode *
find_element (const xmlDoc *doc, const char *uri)
{
  for (xmlNode *node = xmlDocGetRootElement (doc)->children; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && node->ns != NULL
        && strcmp ((const char *) node->ns->href, uri) == 0)
      return node;
  return NULL;
}

/* Without the namespace that it is kept in, which is the asker's. */
static void
strip_namespace (xmlNode *node, const char *uri)
{
  if (node->ns != NULL && strcmp ((const char *) node->ns->href, uri) == 0)
    node->ns = NULL;
  for (xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      strip_namespace (child, uri);
}

static void
drop_declaration (xmlNode *node, const char *uri)
{
  for (xmlNs **at = &node->nsDef; *at != NULL; at = &(*at)->next)
    if (strcmp ((const char *) (*at)->href, uri) == 0)
      {
        xmlNs *gone = *at;

        *at = gone->next;
        xmlFreeNs (gone);
        return;
      }
}

/**
 * vireo_metadata_get:
 * @metadata: (nullable): the `<metadata>` element of a domain, as text
 * @uri: a namespace
 *
 * Returns: (transfer full) (nullable): the element in it, as it was given to vireo_metadata_set()
 * Since: 0.1
 */
char *
vireo_metadata_get (const char *metadata, const char *uri)
{
  g_autoptr (xmlDoc) doc = metadata != NULL ? read_text (metadata, NULL) : NULL;
  xmlNode *node = doc != NULL ? find_element (doc, uri) : NULL;

  if (node == NULL)
    return NULL;
  strip_namespace (node, uri);
  drop_declaration (node, uri);
  return vireo_xml_to_text (node);
}

static void
put_into_namespace (xmlNode *node, xmlNs *ns)
{
  if (node->ns == NULL)
    node->ns = ns;
  for (xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      put_into_namespace (child, ns);
}

static xmlNode *
make_element (const char *uri, const char *key, const char *text, xmlDoc **ret_doc, GError **error)
{
  xmlDoc *doc;
  xmlNode *root;
  xmlNs *ns;

  if (*key == '\0' || xmlValidateNCName ((const xmlChar *) key, 0) != 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "\"%.100s\" is no prefix of a namespace", key);
      return NULL;
    }
  doc = read_text (text, error);
  if (doc == NULL)
    return NULL;
  root = xmlDocGetRootElement (doc);
  ns = xmlNewNs (root, (const xmlChar *) uri, (const xmlChar *) key);
  if (ns == NULL)
    {
      xmlFreeDoc (doc);
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "the element uses the prefix \"%s\" for something else", key);
      return NULL;
    }
  put_into_namespace (root, ns);
  *ret_doc = doc;
  return root;
}

/**
 * vireo_metadata_set:
 * @metadata: (inout) (nullable): the `<metadata>` element of a domain, as text
 * @uri: a namespace, which is not empty
 * @key: (nullable): the prefix to write it with
 * @element: (nullable): the element to put there in place of the one that there is; %NULL to have
 *   none
 * @error: XmlMalformed, InvalidArgument
 *
 * Returns: whether it was done
 * Since: 0.1
 */
gboolean
vireo_metadata_set (char **metadata,
                    const char *uri,
                    const char *key,
                    const char *element,
                    GError **error)
{
  g_autoptr (xmlDoc) doc = read_text (*metadata != NULL ? *metadata : "<metadata/>", error);
  xmlDoc *other = NULL;
  xmlNode *old, *node = NULL;

  if (doc == NULL)
    return FALSE;
  if (*uri == '\0')
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "an element of metadata is known by its namespace, which is missing");
      return FALSE;
    }
  if (element != NULL)
    {
      node = make_element (uri, key != NULL ? key : "", element, &other, error);
      if (node == NULL)
        return FALSE;
      node = xmlDocCopyNode (node, doc, 1);
      xmlFreeDoc (other);
    }
  old = find_element (doc, uri);
  if (old != NULL)
    {
      xmlUnlinkNode (old);
      xmlFreeNode (old);
    }
  if (node != NULL)
    xmlAddChild (xmlDocGetRootElement (doc), node);
  g_free (*metadata);
  *metadata = xmlDocGetRootElement (doc)->children != NULL
                  ? vireo_xml_to_text (xmlDocGetRootElement (doc))
                  : NULL;
  return TRUE;
}

/* ---- tags ---- */

/* Of all tags, with what is between them: rules get them as one text. */
#define MAX_TAGS 1000

/* They are told apart by blanks. */
static gboolean
is_tag (const char *text)
{
  const char *at = text;

  while (*at != '\0' && (g_ascii_isalnum (*at) || strchr ("-_.:@/+", *at) != NULL))
    at++;
  return *text != '\0' && *at == '\0';
}

static void
add_tag (GPtrArray *tags, const xmlNode *node, gsize *room)
{
  xmlChar *text = xmlNodeGetContent (node);
  const char *tag = (const char *) text;

  if (tag != NULL && is_tag (tag) && strlen (tag) < *room
      && !g_ptr_array_find_with_equal_func (tags, tag, g_str_equal, NULL))
    {
      *room -= strlen (tag) + 1;
      g_ptr_array_add (tags, g_strdup (tag));
    }
  xmlFree (text);
}

/**
 * vireo_metadata_get_tags:
 * @metadata: (nullable): the `<metadata>` element of a domain, as text
 *
 * What is in an element `tags` of the namespace %VIREO_METADATA_TAGS, each in an element `tag`.
 * What is no tag, for it has other characters than letters, digits and `-_.:@/+`, is left out.
 *
 * Returns: (transfer full): the tags
 * Since: 0.1
 */
char **
vireo_metadata_get_tags (const char *metadata)
{
  g_autoptr (GPtrArray) tags = g_ptr_array_new ();
  g_autoptr (xmlDoc) doc = NULL;
  xmlNode *node = NULL;
  gsize room = MAX_TAGS;

  /* Few domains have some, and lists look at thousands. */
  if (metadata != NULL && strstr (metadata, VIREO_METADATA_TAGS) != NULL)
    doc = read_text (metadata, NULL);
  if (doc != NULL)
    node = find_element (doc, VIREO_METADATA_TAGS);
  for (node = node != NULL ? node->children : NULL; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && xmlStrEqual (node->name, (const xmlChar *) "tag"))
      add_tag (tags, node, &room);
  g_ptr_array_add (tags, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&tags), FALSE);
}
