/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree to structs, by walking the tables. */
#include "vireo-schema.h"
#include "vireo-value.h"
#include "vireo-xml.h"

#include <string.h>

/* After so many problems, more of them help nobody. */
#define MAX_PROBLEMS 100

typedef struct
{
  gboolean strict;
  GPtrArray *problems;
} Reader;

/* An element that is being read into a struct; a group has its struct's @def and @up. */
typedef struct _Frame Frame;
struct _Frame
{
  const Frame *up;
  const VireoSchemaStruct *desc;
  gpointer def;
  const xmlNode *node;
  gboolean stub;
};

static void read_element (Reader *reader, const Frame *frame);

static void
add_problem (Reader *reader,
             const xmlNode *node,
             const char *attribute,
             const char *code,
             char *message)
{
  VireoProblem *problem;

  if (reader->problems->len >= MAX_PROBLEMS)
    {
      g_free (message);
      return;
    }
  problem = vireo_problem_new ("parse", code);
  problem->line = (guint) MAX (xmlGetLineNo ((xmlNode *) node), 0);
  problem->path = vireo_xml_path (node, attribute);
  problem->message = message;
  g_ptr_array_add (reader->problems, problem);
}

static gboolean
holds (const Frame *frame, const VireoSchemaField *field)
{
  const VireoSchemaCond *cond = &vireo_schema_conds[field->cond];
  guint8 value;

  if (field->cond == 0)
    return TRUE;
  for (guint i = 0; i < cond->up && frame != NULL; i++)
    frame = frame->up;
  if (frame == NULL)
    return TRUE;
  value = ((const guint8 *) frame->def)[cond->offset];
  return value < 64 && (cond->mask >> value) & 1;
}

static gboolean
same_namespace (const VireoSchemaField *field, const xmlNs *ns)
{
  if (field->ns == 0 || ns == NULL)
    return field->ns == 0 && ns == NULL;
  return strcmp (vireo_schema_name (vireo_schema_namespaces[field->ns].uri),
                 (const char *) ns->href)
         == 0;
}

/* The row for an attribute or element, or NULL. @ret_known says whether there would be one if
 * another type were set. */
static const VireoSchemaField *
find_field (const Frame *frame,
            const VireoSchemaHash *hash,
            const char *name,
            const xmlNs *ns,
            gboolean *ret_known)
{
  const VireoSchemaField *fields = &vireo_schema_fields[frame->desc->first];
  guint at = vireo_schema_lookup (hash, name);
  const VireoSchemaField *field = at != 0 ? &fields[at - 1] : NULL;

  *ret_known = FALSE;
  if (field == NULL || strcmp (vireo_schema_name (field->name), name) != 0)
    return NULL;
  for (;; field = &fields[field->alt])
    {
      if (field->place != VIREO_SCHEMA_ELEM || same_namespace (field, ns))
        {
          *ret_known = TRUE;
          if (holds (frame, field))
            return field;
        }
      if (field->alt == 0)
        return NULL;
    }
}

/* The text between child elements is laid out, and no part of the value around it. */
static const char *
strip_layout (const xmlNode *content, const char *text, char **copy)
{
  const xmlNode *at = content;

  while (at != NULL && at->type != XML_ELEMENT_NODE)
    at = at->next;
  if (at == NULL)
    return text;
  if (*copy == NULL)
    *copy = g_strdup (text);
  return g_strstrip (*copy);
}

static void
set_value (Reader *reader,
           const Frame *frame,
           const VireoSchemaField *field,
           const xmlNode *node,
           const char *attribute,
           const xmlNode *content,
           const char *unit)
{
  g_autofree char *copy = NULL;
  const char *text = strip_layout (content, vireo_xml_text (content, &copy), &copy);
  char *problem = vireo_value_set (field, frame->def, text, unit);

  if (problem != NULL)
    add_problem (reader, node, attribute, "bad-value", problem);
}

static const xmlAttr *
find_attribute (const xmlNode *node, const char *name)
{
  for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next)
    if (attr->ns == NULL && strcmp ((const char *) attr->name, name) == 0)
      return attr;
  return NULL;
}

/* The value of the attribute "unit"; @ret_copy is as vireo_xml_text() has it. */
static const char *
find_unit (const xmlNode *node, char **ret_copy)
{
  const xmlAttr *attr = find_attribute (node, "unit");

  *ret_copy = NULL;
  return attr != NULL ? vireo_xml_text (attr->children, ret_copy) : NULL;
}

static void
refuse_attribute (Reader *reader, const xmlNode *node, const xmlAttr *attr, gboolean known)
{
  if (!reader->strict)
    return;
  add_problem (reader, node, (const char *) attr->name,
               known ? "misplaced-attribute" : "unknown-attribute",
               g_strdup (known ? "has no place with the types that are set here"
                               : "no such attribute is known here"));
}

/* Whether a row of @desc takes the attribute "unit" as that of a size. */
static gboolean
takes_unit (const VireoSchemaStruct *desc)
{
  for (guint i = 0; i < desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + i];

      if (field->place != VIREO_SCHEMA_ELEM && vireo_value_scale (field->type) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
read_attribute (Reader *reader, const Frame *frame, const xmlAttr *attr)
{
  g_autofree char *copy = NULL;
  const char *name = (const char *) attr->name;
  gboolean known = FALSE;
  const VireoSchemaField *field
      = attr->ns == NULL ? find_field (frame, &frame->desc->attrs, name, NULL, &known) : NULL;

  if (field != NULL)
    set_value (reader, frame, field, frame->node, name, attr->children,
               vireo_value_scale (field->type) != NULL ? find_unit (frame->node, &copy) : NULL);
  else if (strcmp (name, "unit") != 0 || !takes_unit (frame->desc))
    refuse_attribute (reader, frame->node, attr, known);
}

/* Attributes whose meaning hangs on another one's value come after those that do not. */
static void
read_attributes (Reader *reader, const Frame *frame)
{
  guint n_later = 0;

  for (const xmlAttr *attr = frame->node->properties; attr != NULL; attr = attr->next)
    {
      guint at = vireo_schema_lookup (&frame->desc->attrs, (const char *) attr->name);

      if (at != 0 && vireo_schema_fields[frame->desc->first + at - 1].cond != 0)
        n_later++;
      else
        read_attribute (reader, frame, attr);
    }
  if (n_later == 0)
    return;
  for (const xmlAttr *attr = frame->node->properties; attr != NULL; attr = attr->next)
    {
      guint at = vireo_schema_lookup (&frame->desc->attrs, (const char *) attr->name);

      if (at != 0 && vireo_schema_fields[frame->desc->first + at - 1].cond != 0)
        read_attribute (reader, frame, attr);
    }
}

/* An element that is one value: nothing but text, and "unit" when it is a size. */
static void
read_scalar (Reader *reader, const Frame *frame, const VireoSchemaField *field, const xmlNode *node)
{
  g_autofree char *copy = NULL;
  gboolean scaled = vireo_value_scale (field->type) != NULL;
  const char *unit = scaled ? find_unit (node, &copy) : NULL;

  if (field->type == VIREO_SCHEMA_FLAG)
    vireo_schema_set_bit (frame->def, field->bit);
  else
    set_value (reader, frame, field, node, NULL, node->children, unit);
  if (!reader->strict)
    return;
  for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next)
    if (!scaled || strcmp ((const char *) attr->name, "unit") != 0)
      refuse_attribute (reader, node, attr, FALSE);
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      add_problem (reader, child, NULL, "unknown-element",
                   g_strdup ("no such element is known here"));
}

static void
store_pointer (const Frame *frame, const VireoSchemaField *field, gpointer value)
{
  guint8 *place = (guint8 *) frame->def + field->offset;

  if (field->flags & VIREO_SCHEMA_LIST)
    vireo_schema_append ((gpointer **) place, (guint *) ((guint8 *) frame->def + field->aux2),
                         value);
  else
    *(gpointer *) place = value;
}

static gboolean
is_empty (const xmlNode *node)
{
  return node->properties == NULL && xmlFirstElementChild ((xmlNode *) node) == NULL;
}

static void
read_child (Reader *reader, const Frame *frame, const VireoSchemaField *field, const xmlNode *node)
{
  Frame child = { .up = frame, .node = node };

  if (field->type == VIREO_SCHEMA_STRUCT)
    {
      child.desc = &vireo_schema_structs[field->aux];
      child.def = g_malloc0 (child.desc->size);
      child.stub = field->flags & VIREO_SCHEMA_STUB;
      store_pointer (frame, field, child.def);
      read_element (reader, &child);
    }
  else if (field->type == VIREO_SCHEMA_GROUP)
    {
      child.desc = &vireo_schema_structs[field->aux];
      child.def = frame->def;
      child.up = frame->up;
      if (is_empty (node))
        vireo_schema_set_bit (frame->def, field->bit);
      read_element (reader, &child);
    }
  else if (field->type == VIREO_SCHEMA_VERBATIM)
    store_pointer (frame, field, vireo_xml_to_text (node));
  else
    read_scalar (reader, frame, field, node);
}

static void
refuse_element (Reader *reader, const Frame *frame, const xmlNode *node, gboolean known)
{
  if (node->ns != NULL && frame->desc->foreign != 0)
    store_pointer (frame, &vireo_schema_fields[frame->desc->first + frame->desc->foreign - 1],
                   vireo_xml_to_text (node));
  else if (reader->strict)
    add_problem (reader, node, NULL, known ? "misplaced-element" : "unknown-element",
                 g_strdup (known ? "has no place with the types that are set here"
                                 : "no such element is known here"));
}

/* Whether @field has its value already, from this element or from another one of the same group. */
static gboolean
is_taken (const Frame *frame, const VireoSchemaField *field)
{
  if (field->flags & VIREO_SCHEMA_LIST)
    return FALSE;
  return (field->type == VIREO_SCHEMA_STRUCT || field->type == VIREO_SCHEMA_VERBATIM)
         && *(gpointer const *) ((const guint8 *) frame->def + field->offset) != NULL;
}

static void
read_children (Reader *reader, const Frame *frame)
{
  guint64 seen[4] = { 0 };

  for (const xmlNode *node = frame->node->children; node != NULL; node = node->next)
    {
      const VireoSchemaField *field;
      gboolean known;
      guint at;

      if (node->type != XML_ELEMENT_NODE)
        continue;
      field = find_field (frame, &frame->desc->elems, (const char *) node->name, node->ns, &known);
      if (field == NULL)
        {
          refuse_element (reader, frame, node, known);
          continue;
        }
      at = (guint) (field - &vireo_schema_fields[frame->desc->first]);
      if (is_taken (frame, field)
          || (!(field->flags & VIREO_SCHEMA_LIST) && (seen[at / 64] >> (at % 64)) & 1))
        {
          if (reader->strict)
            add_problem (reader, node, NULL, "duplicate-element",
                         g_strdup ("stands here more than once; expected it at most once"));
          if (field->type != VIREO_SCHEMA_GROUP)
            continue;
        }
      seen[at / 64] |= G_GUINT64_CONSTANT (1) << (at % 64);
      read_child (reader, frame, field, node);
    }
}

static gboolean
is_blank (const char *text)
{
  while (g_ascii_isspace (*text))
    text++;
  return *text == '\0';
}

static void
read_text (Reader *reader, const Frame *frame)
{
  g_autofree char *copy = NULL;
  g_autofree char *unit_copy = NULL;
  const char *text = vireo_xml_text (frame->node->children, &copy);
  const VireoSchemaField *field;
  const char *unit = NULL;

  if (is_blank (text))
    return;
  if (frame->desc->text == 0)
    {
      if (reader->strict)
        add_problem (reader, frame->node, NULL, "stray-text",
                     g_strdup ("has text in it, where only elements are expected"));
      return;
    }
  field = &vireo_schema_fields[frame->desc->first + frame->desc->text - 1];
  if (vireo_value_scale (field->type) != NULL)
    unit = find_unit (frame->node, &unit_copy);
  set_value (reader, frame, field, frame->node, NULL, frame->node->children, unit);
}

/* Whether something was written there, if wrongly. */
static gboolean
is_written (const xmlNode *node, const VireoSchemaField *field)
{
  const char *name = vireo_schema_name (field->name);

  if (field->place == VIREO_SCHEMA_ATTR)
    return find_attribute (node, name) != NULL;
  if (field->place == VIREO_SCHEMA_TEXT)
    return FALSE;
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE && child->ns == NULL
        && strcmp ((const char *) child->name, name) == 0)
      return TRUE;
  return FALSE;
}

static void
check_required (Reader *reader, const Frame *frame)
{
  guint wanted = VIREO_SCHEMA_REQUIRED | (reader->strict ? VIREO_SCHEMA_WANTED : 0);

  if (frame->stub)
    return;
  for (guint i = 0; i < frame->desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[frame->desc->first + i];
      const char *name = vireo_schema_name (field->name);
      gboolean attr = field->place == VIREO_SCHEMA_ATTR;
      char *message;

      if (!(field->flags & wanted) || vireo_schema_present (field, frame->def)
          || !holds (frame, field))
        continue;
      /* What was written and is wrong has been told already. */
      if (is_written (frame->node, field))
        continue;
      if (field->place == VIREO_SCHEMA_TEXT)
        message = g_strdup ("has no text, which is required");
      else
        message = g_strdup_printf (
            attr ? "the attribute \"%s\" is missing" : "the element <%s> is missing", name);
      add_problem (reader, frame->node, NULL, attr ? "missing-attribute" : "missing-element",
                   message);
    }
}

static void
read_element (Reader *reader, const Frame *frame)
{
  if (frame->node->properties != NULL)
    read_attributes (reader, frame);
  if (frame->node->children != NULL)
    {
      if (frame->desc->elems.slots != VIREO_SCHEMA_NO_SLOTS || frame->desc->foreign != 0
          || reader->strict)
        read_children (reader, frame);
      if (frame->desc->text != 0 || reader->strict)
        read_text (reader, frame);
    }
  check_required (reader, frame);
}

/* What vireo_schema_read() makes of the text of a tree. */
gpointer
vireo_schema_read_tree (guint schema,
                        const VireoSchemaTree *tree,
                        VireoParseFlags flags,
                        GPtrArray *problems)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[schema];
  Reader reader = { .strict = flags & VIREO_PARSE_STRICT, .problems = problems };
  Frame frame = { .desc = desc };

  frame.node = xmlDocGetRootElement (tree);
  if (strcmp ((const char *) frame.node->name, vireo_schema_name (desc->name)) != 0)
    {
      add_problem (&reader, frame.node, NULL, "wrong-root",
                   g_strdup_printf ("expected the element <%s>", vireo_schema_name (desc->name)));
      return NULL;
    }
  frame.def = g_malloc0 (desc->size);
  read_element (&reader, &frame);
  return frame.def;
}

/**
 * vireo_schema_read:
 * @schema: number of a document's struct
 * @text: a document
 * @length: its bytes, or -1 when it ends with NUL
 * @flags: how to read
 * @problems: (element-type VireoProblem): where to say what is wrong
 *
 * Returns: (transfer full) (nullable): the struct, which is as good as @problems says; %NULL when
 *   there is none at all
 */
gpointer
vireo_schema_read (guint schema,
                   const char *text,
                   gssize length,
                   VireoParseFlags flags,
                   GPtrArray *problems)
{
  g_autoptr (xmlDoc) doc = vireo_xml_read (text, length, problems);

  return doc != NULL ? vireo_schema_read_tree (schema, doc, flags, problems) : NULL;
}

gpointer
vireo_schema_parse (guint schema,
                    const char *text,
                    gssize length,
                    VireoParseFlags flags,
                    GError **error)
{
  g_autoptr (GPtrArray) problems
      = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_problem_free);
  gpointer def = vireo_schema_read (schema, text, length, flags, problems);

  if (problems->len == 0)
    return def;
  g_propagate_error (error, vireo_problems_to_error (problems, vireo_xml_error_code (problems)));
  vireo_schema_free (schema, def);
  return NULL;
}
