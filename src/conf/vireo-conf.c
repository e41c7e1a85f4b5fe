/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of documents, by name. */
#include "vireo-schema.h"
#include "vireo-xml.h"

/**
 * vireo_doc_kind_find:
 * @name: such as "domain"
 *
 * Returns: (transfer none) (nullable): the kind, or %NULL when there is none of that name
 * Since: 0.1
 */
const VireoDocKind *
vireo_doc_kind_find (const char *name)
{
  for (guint i = 0; i < vireo_schema_n_documents; i++)
    if (g_str_equal (vireo_schema_documents[i].name, name))
      return &vireo_schema_documents[i];
  return NULL;
}

/**
 * vireo_doc_kind_names:
 *
 * Returns: (transfer none) (array zero-terminated=1): the names of all kinds
 * Since: 0.1
 */
const char *const *
vireo_doc_kind_names (void)
{
  static const char **names;

  if (g_once_init_enter (&names))
    {
      const char **made = g_new0 (const char *, vireo_schema_n_documents + 1);

      for (guint i = 0; i < vireo_schema_n_documents; i++)
        made[i] = vireo_schema_documents[i].name;
      g_once_init_leave (&names, made);
    }
  return names;
}

/**
 * vireo_doc_parse:
 * @kind: a kind of document
 * @text: a document
 * @length: its bytes, or -1 when it ends with NUL
 * @flags: how to read it
 * @error: XmlMalformed, XmlInvalid or LimitExceeded, with line and path
 *
 * Returns: (transfer full): the struct, such as a #VireoDomainDef, exactly as written
 * Since: 0.1
 */
gpointer
vireo_doc_parse (const VireoDocKind *kind,
                 const char *text,
                 gssize length,
                 VireoParseFlags flags,
                 GError **error)
{
  return vireo_schema_parse (kind->schema, text, length, flags, error);
}

/* The number of the struct that the element @name of the struct @schema is. */
static gboolean
find_part (guint schema, const char *name, guint *ret_schema)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[schema];

  for (guint i = 0; i < desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + i];

      if (field->type == VIREO_SCHEMA_STRUCT
          && g_str_equal (vireo_schema_name (field->name), name))
        {
          *ret_schema = field->aux;
          return TRUE;
        }
    }
  return FALSE;
}

/**
 * vireo_doc_parse_part:
 * @path: the name of a kind of document and, separated by slashes, of the elements that lead to the
 *   one that @text is, all of which have structs of their own
 * @text: a document whose root is that element
 * @flags: how to read it
 * @error: XmlMalformed, XmlInvalid, LimitExceeded
 *
 * Reads what is a part of a document elsewhere.
 *
 * Returns: (transfer full) (nullable): the struct of the element
 * Since: 0.1
 */
gpointer
vireo_doc_parse_part (const char *path, const char *text, VireoParseFlags flags, GError **error)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  const VireoDocKind *kind = vireo_doc_kind_find (names[0]);
  guint schema;

  g_return_val_if_fail (kind != NULL, NULL);
  schema = kind->schema;
  for (guint i = 1; names[i] != NULL; i++)
    if (!find_part (schema, names[i], &schema))
      g_return_val_if_reached (NULL);
  return vireo_schema_parse (schema, text, -1, flags, error);
}

/**
 * vireo_doc_format:
 * @kind: a kind of document
 * @def: a struct of that kind
 * @flags: what to show
 * @error: unused so far
 *
 * Returns: (transfer full): the document, which ends with a newline
 * Since: 0.1
 */
char *
vireo_doc_format (const VireoDocKind *kind,
                  gconstpointer def,
                  VireoFormatFlags flags,
                  GError **error)
{
  return vireo_schema_format (kind->schema, def, flags, error);
}

/**
 * vireo_doc_walk:
 * @kind: a kind of document
 * @def: a struct of that kind
 * @flags: what to show
 * @visitor: what to call
 * @data: for the functions of @visitor
 *
 * Tells what vireo_doc_format() would print, without printing it. What is inside of elements that
 * are kept as text, such as `<metadata>`, is not told.
 *
 * Since: 0.1
 */
void
vireo_doc_walk (const VireoDocKind *kind,
                gconstpointer def,
                VireoFormatFlags flags,
                const VireoDocVisitor *visitor,
                gpointer data)
{
  vireo_schema_walk (kind->schema, def, flags, visitor, data);
}

/**
 * vireo_doc_free:
 * @kind: a kind of document
 * @def: (nullable) (transfer full): a struct of that kind
 *
 * Since: 0.1
 */
void
vireo_doc_free (const VireoDocKind *kind, gpointer def)
{
  vireo_schema_free (kind->schema, def);
}

/**
 * vireo_doc_copy:
 * @kind: a kind of document
 * @def: (nullable): a struct of that kind
 *
 * Returns: (transfer full) (nullable): a deep copy
 * Since: 0.1
 */
gpointer
vireo_doc_copy (const VireoDocKind *kind, gconstpointer def)
{
  return vireo_schema_copy (kind->schema, def);
}

/**
 * vireo_doc_pack:
 * @kind: a kind of document
 * @def: a struct of that kind
 * @ret_size: (out): the bytes that it has become
 *
 * Makes a definition small that is to be kept for long and read rarely.
 *
 * Returns: (transfer full): what vireo_doc_unpack() reads
 * Since: 0.1
 */
guint8 *
vireo_doc_pack (const VireoDocKind *kind, gconstpointer def, gsize *ret_size)
{
  return vireo_schema_pack (kind->schema, def, ret_size);
}

/**
 * vireo_doc_unpack:
 * @kind: the kind of document that was packed
 * @packed: what vireo_doc_pack() returned
 *
 * Returns: (transfer full): a struct equal to what was packed. It is one block of memory with all
 *   that hangs on it: to be freed with g_free(), and copied with vireo_doc_copy() to be changed
 * Since: 0.1
 */
gconstpointer
vireo_doc_unpack (const VireoDocKind *kind, const guint8 *packed)
{
  return vireo_schema_unpack (kind->schema, packed);
}

/**
 * vireo_doc_equal:
 * @kind: a kind of document
 * @a: (nullable): a struct of that kind
 * @b: (nullable): another
 *
 * Returns: whether they say the same
 * Since: 0.1
 */
gboolean
vireo_doc_equal (const VireoDocKind *kind, gconstpointer a, gconstpointer b)
{
  return vireo_schema_equal (kind->schema, a, b);
}

/**
 * vireo_doc_read:
 * @kind: a kind of document
 * @text: a document
 * @length: its bytes, or -1 when it ends with NUL
 * @flags: how to read it
 * @problems: (element-type VireoProblem): where to say all that is wrong
 *
 * Like vireo_doc_parse(), with every problem told.
 *
 * Returns: (transfer full) (nullable): the struct, to be trusted only when @problems got no more
 * Since: 0.1
 */
gpointer
vireo_doc_read (const VireoDocKind *kind,
                const char *text,
                gssize length,
                VireoParseFlags flags,
                GPtrArray *problems)
{
  return vireo_schema_read (kind->schema, text, length, flags, problems);
}

/**
 * vireo_doc_check_abi:
 * @kind: a kind of document
 * @a: a struct of that kind: what a guest has seen so far
 * @b: another, both after post-parse
 * @error: AbiMismatch, with the path of the first difference
 *
 * Returns: whether a guest would see no difference
 * Since: 0.1
 */
gboolean
vireo_doc_check_abi (const VireoDocKind *kind, gconstpointer a, gconstpointer b, GError **error)
{
  return vireo_schema_check_abi (kind->schema, a, b, error);
}
