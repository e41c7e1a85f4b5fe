/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to a tree that is bounded in every direction: bytes, elements, depth, and no entities. */
#include "vireo-xml.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

typedef struct
{
  guint n_nodes;
  guint depth;
  const char *code;
  const char *message;
} Limits;

static void
stop (xmlParserCtxt *context, const char *code, const char *message)
{
  Limits *limits = context->_private;

  if (limits->code == NULL)
    {
      limits->code = code;
      limits->message = message;
    }
  xmlStopParser (context);
}

static void
start_element (void *data,
               const xmlChar *name,
               const xmlChar *prefix,
               const xmlChar *uri,
               int n_namespaces,
               const xmlChar **namespaces,
               int n_attributes,
               int n_defaulted,
               const xmlChar **attributes)
{
  xmlParserCtxt *context = data;
  Limits *limits = context->_private;

  limits->n_nodes += 1 + (guint) n_attributes + (guint) n_namespaces;
  if (limits->n_nodes > VIREO_XML_MAX_NODES)
    stop (context, "too-many-nodes", "more elements and attributes than are accepted (200000)");
  else if (++limits->depth > VIREO_XML_MAX_DEPTH)
    stop (context, "too-deep", "elements nest deeper than is accepted (240)");
  else
    xmlSAX2StartElementNs (data, name, prefix, uri, n_namespaces, namespaces, n_attributes,
                           n_defaulted, attributes);
}

static void
end_element (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  xmlParserCtxt *context = data;
  Limits *limits = context->_private;

  limits->depth--;
  xmlSAX2EndElementNs (data, name, prefix, uri);
}

static void
entity_decl (void *data,
             const xmlChar *name,
             int type,
             const xmlChar *public_id,
             const xmlChar *system_id,
             xmlChar *content)
{
  stop (data, "entity", "declares an entity, which definitions may not");
}

static void
add_problem (GPtrArray *problems, guint line, const char *code, char *message)
{
  VireoProblem *problem = vireo_problem_new ("parse", code);

  problem->line = line;
  problem->message = message;
  g_ptr_array_add (problems, problem);
}

static void
add_parser_problem (GPtrArray *problems, xmlParserCtxt *context)
{
  const Limits *limits = context->_private;
  const xmlError *error = xmlCtxtGetLastError (context);
  int line = error != NULL ? error->line : 0;

  if (limits->code != NULL)
    add_problem (problems, context->input != NULL ? (guint) context->input->line : 0, limits->code,
                 g_strdup (limits->message));
  else if (error != NULL && error->message != NULL)
    add_problem (problems, (guint) MAX (line, 0), "malformed",
                 g_strdup_printf ("not XML: %s", g_strchomp (error->message)));
  else
    add_problem (problems, 0, "malformed", g_strdup ("not XML: no element in it"));
}

/* What a document says of its encoding is believed only where it must be: who looks at the text
 * sees what is parsed, and "+AHM-ource" is no source. Text that is UTF-8 is read where it lies,
 * which for libxml2 takes a NUL behind it; what it is given the length of, it copies and copies
 * again. */
static xmlDoc *
read_text (xmlParserCtxt *context, const char *text, gssize length, gsize size)
{
  const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT
                      | XML_PARSE_BIG_LINES;
  g_autofree char *copy = NULL;

  if (!g_utf8_validate_len (text, size, NULL))
    return xmlCtxtReadMemory (context, text, (int) size, NULL, NULL, options);
  if (length >= 0)
    text = copy = g_strndup (text, size);
  return xmlCtxtReadDoc (context, (const xmlChar *) text, NULL, NULL,
                         options | XML_PARSE_IGNORE_ENC);
}

/* libxml2 looks for each attribute of an element whether it was there before: 100,000 take minutes.
 * So they are counted beforehand. No tag is missed: one begins with a "<", from which on quotes are
 * what they are in it, and what is no tag at all (in a comment) has not that many. */
static gboolean
has_too_many_attributes (const char *text, gsize size)
{
  const char *end = text + size;

  for (const char *tag = memchr (text, '<', size); tag != NULL;
       tag = memchr (tag, '<', (gsize) (end - tag)))
    {
      guint n = 0;
      char quote = '\0';

      for (tag++; tag < end && *tag != '<' && (*tag != '>' || quote != '\0'); tag++)
        if (quote != '\0')
          quote = *tag == quote ? '\0' : quote;
        else if (*tag == '"' || *tag == '\'')
          {
            quote = *tag;
            if (++n > VIREO_XML_MAX_ATTRIBUTES)
              return TRUE;
          }
    }
  return FALSE;
}

static gboolean
check_text (const char *text, gsize size, GPtrArray *problems)
{
  gboolean is_utf8 = g_utf8_validate_len (text, size, NULL);

  if (size > VIREO_DOC_MAX_SIZE)
    add_problem (problems, 0, "too-large",
                 g_strdup_printf ("%" G_GSIZE_FORMAT " bytes are more than the %u that are "
                                  "accepted",
                                  size, VIREO_DOC_MAX_SIZE));
  else if (!is_utf8 && size > VIREO_XML_MAX_SIZE_OTHER)
    add_problem (problems, 0, "too-large",
                 g_strdup_printf ("%" G_GSIZE_FORMAT " bytes are more than the %u that are "
                                  "accepted of what is not UTF-8",
                                  size, VIREO_XML_MAX_SIZE_OTHER));
  else if (is_utf8 && has_too_many_attributes (text, size))
    add_problem (problems, 0, "too-many-attributes",
                 g_strdup_printf ("an element has more attributes than are accepted (%u)",
                                  VIREO_XML_MAX_ATTRIBUTES));
  else
    return TRUE;
  return FALSE;
}

static xmlDoc *
read_memory (const char *text, gssize length, gsize size, GPtrArray *problems)
{
  Limits limits = { 0 };
  xmlParserCtxt *context = xmlNewParserCtxt ();
  xmlDoc *doc;

  if (context == NULL)
    g_error ("out of memory");
  context->_private = &limits;
  context->sax->startElementNs = start_element;
  context->sax->endElementNs = end_element;
  context->sax->entityDecl = entity_decl;
  doc = read_text (context, text, length, size);
  if (doc == NULL || limits.code != NULL || xmlDocGetRootElement (doc) == NULL)
    {
      add_parser_problem (problems, context);
      g_clear_pointer (&doc, xmlFreeDoc);
    }
  xmlFreeParserCtxt (context);
  return doc;
}

/**
 * vireo_xml_read:
 * @text: a document
 * @length: its bytes, or -1 when it ends with NUL
 * @problems: (element-type VireoProblem): where to say what is wrong
 *
 * Returns: (transfer full) (nullable): the tree; %NULL when @problems has got one more
 */
xmlDoc *
vireo_xml_read (const char *text, gssize length, GPtrArray *problems)
{
  gsize size = length < 0 ? strlen (text) : (gsize) length;

  return check_text (text, size, problems) ? read_memory (text, length, size, problems) : NULL;
}

/* The code of the error that a first problem of reading deserves. */
VireoError
vireo_xml_error_code (GPtrArray *problems)
{
  const VireoProblem *first = problems->pdata[0];

  if (g_str_equal (first->code, "malformed"))
    return VIREO_ERROR_XML_MALFORMED;
  if (g_str_has_prefix (first->code, "too-") || g_str_equal (first->code, "entity"))
    return VIREO_ERROR_LIMIT_EXCEEDED;
  return VIREO_ERROR_XML_INVALID;
}

static guint
place_among_siblings (const xmlNode *node)
{
  guint before = 0, after = 0;

  for (const xmlNode *at = node->prev; at != NULL; at = at->prev)
    before += at->type == XML_ELEMENT_NODE && xmlStrEqual (at->name, node->name);
  for (const xmlNode *at = node->next; at != NULL && after == 0; at = at->next)
    after += at->type == XML_ELEMENT_NODE && xmlStrEqual (at->name, node->name);
  return before + after == 0 ? 0 : before + 1;
}

static void
append_path (GString *path, const xmlNode *node)
{
  guint place;

  if (node == NULL || node->type != XML_ELEMENT_NODE)
    return;
  append_path (path, node->parent);
  g_string_append_printf (path, "/%.100s", (const char *) node->name);
  place = node->parent != NULL && node->parent->type == XML_ELEMENT_NODE
              ? place_among_siblings (node)
              : 0;
  if (place > 0)
    g_string_append_printf (path, "[%u]", place);
}

/**
 * vireo_xml_path:
 * @node: an element
 * @attribute: (nullable): the name of an attribute of it
 *
 * Returns: (transfer full): such as "/domain/devices/disk[2]/target/@dev"
 */
char *
vireo_xml_path (const xmlNode *node, const char *attribute)
{
  GString *path = g_string_new (NULL);

  append_path (path, node);
  if (attribute != NULL)
    g_string_append_printf (path, "/@%.100s", attribute);
  return g_string_free (path, FALSE);
}

/**
 * vireo_xml_text:
 * @first: (nullable): the first child of an element or attribute
 * @ret_copy: (out) (nullable): memory to free, when the text is in pieces
 *
 * Returns: (transfer none): the text among the children; comments and elements are skipped
 */
const char *
vireo_xml_text (const xmlNode *first, char **ret_copy)
{
  GString *joined;

  *ret_copy = NULL;
  if (first == NULL)
    return "";
  if (first->next == NULL && first->type == XML_TEXT_NODE)
    return first->content != NULL ? (const char *) first->content : "";
  joined = g_string_new (NULL);
  for (const xmlNode *at = first; at != NULL; at = at->next)
    if ((at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE) && at->content != NULL)
      g_string_append (joined, (const char *) at->content);
  *ret_copy = g_string_free (joined, FALSE);
  return *ret_copy;
}

static const xmlNode *
find_child (const xmlNode *parent, const char *name, gsize length, guint64 place)
{
  for (const xmlNode *at = parent->children; at != NULL; at = at->next)
    if (at->type == XML_ELEMENT_NODE && strlen ((const char *) at->name) == length
        && memcmp (at->name, name, length) == 0 && --place == 0)
      return at;
  return NULL;
}

/**
 * vireo_xml_find:
 * @doc: a document
 * @path: as vireo_xml_path() writes it
 *
 * Returns: (transfer none) (nullable): the element at @path, or the innermost one around it that is
 *   there; %NULL when not even the root is
 */
const xmlNode *
vireo_xml_find (const xmlDoc *doc, const char *path)
{
  const xmlNode *found = (const xmlNode *) doc;

  while (*path == '/' && path[1] != '@')
    {
      gsize length = strcspn (path + 1, "/[");
      const char *end = path + 1 + length;
      guint64 place = 1;
      const xmlNode *child;

      if (*end == '[')
        {
          place = g_ascii_strtoull (end + 1, NULL, 10);
          end += strcspn (end, "/");
        }
      child = find_child (found, path + 1, length, MAX (place, 1));
      if (child == NULL)
        break;
      found = child;
      path = end;
    }
  return found == (const xmlNode *) doc ? NULL : found;
}
