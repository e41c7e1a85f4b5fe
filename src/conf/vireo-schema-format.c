/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structs to text, by walking the tables. */
#include "vireo-schema-walk.h"
#include "vireo-value.h"

#include <string.h>

typedef struct
{
  char *text;
  gsize length;
  gsize size;
  VireoFormatFlags flags;
  guint32 namespaces; /* those that were used, as bits */
} Writer;

typedef enum
{
  CONTENT_NONE, /* the start tag is still open */
  CONTENT_TEXT,
  CONTENT_ELEMENTS,
} Content;

static char *
reserve (Writer *writer, gsize more)
{
  if (G_UNLIKELY (writer->size - writer->length < more))
    {
      writer->size = MAX (writer->size * 2, writer->length + more);
      writer->text = g_realloc (writer->text, writer->size);
    }
  return writer->text + writer->length;
}

static void
put (Writer *writer, const char *text, gsize length)
{
  memcpy (reserve (writer, length), text, length);
  writer->length += length;
}

static inline void
put_string (Writer *writer, const char *text)
{
  put (writer, text, strlen (text));
}

static void
put_indent (Writer *writer, guint depth)
{
  memset (reserve (writer, depth * 2), ' ', depth * 2);
  writer->length += depth * 2;
}

static const char *
escape (guint8 c)
{
  switch (c)
    {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\'':
      return "&apos;";
    case '"':
      return "&quot;";
    case '\r':
      return "&#13;";
    case '\n':
      return "\n";
    case '\t':
      return "\t";
    default:
      return ""; /* XML has no way to write the others */
    }
}

static inline gboolean
is_plain (guint8 c)
{
  return c >= 0x20 && c != '&' && c != '<' && c != '>' && c != '\'' && c != '"';
}

static void
put_escaped (Writer *writer, const char *text, gboolean attribute)
{
  const char *start = text;

  for (;;)
    {
      const char *at = start;

      while (is_plain ((guint8) *at))
        at++;
      put (writer, start, (gsize) (at - start));
      if (*at == '\0')
        return;
      if (attribute && *at == '\n')
        put_string (writer, "&#10;");
      else if (attribute && *at == '\t')
        put_string (writer, "&#9;");
      else
        put_string (writer, escape ((guint8) *at));
      start = at + 1;
    }
}

static void
put_unsigned (Writer *writer, guint64 value)
{
  char digits[20];
  guint at = sizeof digits;

  do
    digits[--at] = (char) ('0' + value % 10);
  while ((value /= 10) != 0);
  put (writer, digits + at, sizeof digits - at);
}

static void
put_hex (Writer *writer, guint64 value, guint how)
{
  const char *alphabet = how & VIREO_SCHEMA_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
  char digits[16];
  guint n = how & VIREO_SCHEMA_WIDTH;

  while (n < sizeof digits && value >> (4 * n) != 0)
    n++;
  n = MIN (n, (guint) sizeof digits);
  for (guint i = 0; i < n; i++)
    digits[i] = alphabet[value >> (4 * (n - 1 - i)) & 15];
  put (writer, "0x", 2);
  put (writer, digits, n);
}

/* With a 0 in front, even of 0. */
static void
put_octal (Writer *writer, guint64 value)
{
  char digits[23];
  guint at = sizeof digits;

  do
    digits[--at] = (char) ('0' + (value & 7));
  while ((value >>= 3) != 0);
  digits[--at] = '0';
  put (writer, digits + at, sizeof digits - at);
}

static guint64
load (const VireoSchemaField *field, gconstpointer def, gboolean *ret_negative)
{
  guint64 raw = vireo_schema_load (field, def);
  gint64 value = (gint64) raw;

  if (field->type == VIREO_SCHEMA_S32)
    value = (gint32) raw;
  *ret_negative = FALSE;
  if (field->type != VIREO_SCHEMA_S32 && field->type != VIREO_SCHEMA_S64)
    return raw;
  *ret_negative = value < 0;
  return value < 0 ? (guint64) 0 - (guint64) value : (guint64) value;
}

/* What a size is printed as: number and unit. */
static const char *
unit_of (const VireoSchemaField *field, gconstpointer def, guint64 *ret_number)
{
  const VireoScale *scale = vireo_value_scale (field->type);
  gboolean negative;
  guint64 value = load (field, def, &negative);

  if (scale->printed == 0)
    return vireo_value_pretty (value, ret_number);
  *ret_number = value / (scale->printed / scale->stored);
  if (*ret_number * (scale->printed / scale->stored) == value)
    return scale->unit;
  *ret_number = value;
  return "bytes";
}

static void
put_value (Writer *writer, const VireoSchemaField *field, gconstpointer def, gboolean attribute)
{
  gboolean negative;
  guint64 value;

  if (field->type <= VIREO_SCHEMA_IP)
    {
      put_escaped (writer, *(char *const *) ((const guint8 *) def + field->offset), attribute);
      return;
    }
  if (vireo_value_scale (field->type) != NULL)
    {
      unit_of (field, def, &value);
      put_unsigned (writer, value);
      return;
    }
  value = load (field, def, &negative);
  if (field->type == VIREO_SCHEMA_ENUM)
    put_string (writer, vireo_schema_enum_name (field->aux, (guint) value));
  else if (field->type == VIREO_SCHEMA_YESNO)
    put_string (writer, value == VIREO_TRISTATE_YES ? "yes" : "no");
  else if (field->type == VIREO_SCHEMA_ONOFF)
    put_string (writer, value == VIREO_TRISTATE_YES ? "on" : "off");
  else
    {
      if (negative)
        put (writer, "-", 1);
      if (field->type == VIREO_SCHEMA_OCTAL)
        put_octal (writer, value);
      else if ((field->aux & VIREO_SCHEMA_WIDTH) != 0 && !negative)
        put_hex (writer, value, field->aux);
      else
        put_unsigned (writer, value);
    }
}

static void
put_unit (Writer *writer, const VireoSchemaField *field, gconstpointer def)
{
  guint64 number;

  put_string (writer, " unit='");
  put_string (writer, unit_of (field, def, &number));
  put (writer, "'", 1);
}

static void
put_tag (Writer *writer, const char *name, guint ns)
{
  if (ns != 0)
    {
      put_string (writer, vireo_schema_name (vireo_schema_namespaces[ns].prefix));
      put (writer, ":", 1);
      writer->namespaces |= 1u << ns;
    }
  put_string (writer, name);
}

static void
put_attribute (Writer *writer, const VireoSchemaFrame *frame, const VireoSchemaField *field)
{
  put (writer, " ", 1);
  put_string (writer, vireo_schema_name (field->name));
  put (writer, "='", 2);
  put_value (writer, field, frame->def, TRUE);
  put (writer, "'", 1);
  if (vireo_value_scale (field->type) != NULL)
    put_unit (writer, field, frame->def);
}

static gboolean put_element (Writer *writer,
                             const VireoSchemaFrame *frame,
                             const char *name,
                             guint ns,
                             gboolean always,
                             guint depth);

static void
put_scalar (Writer *writer,
            const VireoSchemaField *field,
            gconstpointer def,
            const char *text,
            guint depth)
{
  const char *name = vireo_schema_name (field->name);

  put_indent (writer, depth);
  put (writer, "<", 1);
  put_tag (writer, name, field->ns);
  if (field->type == VIREO_SCHEMA_FLAG)
    {
      put (writer, "/>\n", 3);
      return;
    }
  if (vireo_value_scale (field->type) != NULL)
    put_unit (writer, field, def);
  put (writer, ">", 1);
  if (text != NULL)
    put_escaped (writer, text, FALSE);
  else
    put_value (writer, field, def, FALSE);
  put (writer, "</", 2);
  put_tag (writer, name, field->ns);
  put (writer, ">\n", 2);
}

/* One element of a row: @value is what a list or pointer points to, NULL for other values. */
static void
put_one (Writer *writer,
         const VireoSchemaFrame *frame,
         const VireoSchemaField *field,
         gconstpointer value,
         guint depth)
{
  if (field->type == VIREO_SCHEMA_STRUCT)
    {
      VireoSchemaFrame child = { frame, &vireo_schema_structs[field->aux], value };

      put_element (writer, &child, vireo_schema_name (field->name), field->ns, TRUE, depth);
    }
  else if (field->type == VIREO_SCHEMA_VERBATIM || field->type == VIREO_SCHEMA_FOREIGN)
    {
      put_indent (writer, depth);
      put_string (writer, value);
      put (writer, "\n", 1);
    }
  else
    put_scalar (writer, field, frame->def, value, depth);
}

static void
put_child (Writer *writer,
           const VireoSchemaFrame *frame,
           const VireoSchemaField *field,
           guint depth)
{
  const guint8 *place = (const guint8 *) frame->def + field->offset;

  if (field->type == VIREO_SCHEMA_GROUP)
    {
      VireoSchemaFrame group = { frame->up, &vireo_schema_structs[field->aux], frame->def };

      put_element (writer, &group, vireo_schema_name (field->name), field->ns,
                   vireo_schema_was_empty (frame, field), depth);
    }
  else if (field->flags & VIREO_SCHEMA_LIST)
    {
      guint n = *(const guint *) ((const guint8 *) frame->def + field->aux2);

      for (guint i = 0; i < n; i++)
        put_one (writer, frame, field, (*(gpointer *const *) place)[i], depth);
    }
  else if (vireo_schema_width (field->type) == 0 && field->type != VIREO_SCHEMA_FLAG)
    put_one (writer, frame, field, *(gpointer const *) place, depth);
  else
    put_one (writer, frame, field, NULL, depth);
}

static gboolean
put_attributes (Writer *writer, const VireoSchemaFrame *frame)
{
  gsize before = writer->length;

  for (guint i = 0; i < frame->desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[frame->desc->first + i];

      if (field->place == VIREO_SCHEMA_ELEM || !vireo_schema_visible (frame, field, writer->flags))
        continue;
      if (field->place == VIREO_SCHEMA_ATTR)
        put_attribute (writer, frame, field);
      else if (vireo_value_scale (field->type) != NULL)
        put_unit (writer, field, frame->def);
    }
  return writer->length != before;
}

static Content
put_content (Writer *writer, const VireoSchemaFrame *frame, guint depth)
{
  Content content = CONTENT_NONE;
  const VireoSchemaField *text
      = frame->desc->text != 0 ? &vireo_schema_fields[frame->desc->first + frame->desc->text - 1]
                               : NULL;

  if (text != NULL && vireo_schema_visible (frame, text, writer->flags))
    {
      put (writer, ">", 1);
      put_value (writer, text, frame->def, FALSE);
      content = CONTENT_TEXT;
    }
  for (guint i = 0; i < frame->desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[frame->desc->first + i];
      gsize before = writer->length, after;

      if (field->place != VIREO_SCHEMA_ELEM || !vireo_schema_visible (frame, field, writer->flags))
        continue;
      if (content != CONTENT_ELEMENTS)
        put_string (writer, content == CONTENT_NONE ? ">\n" : "\n");
      after = writer->length;
      put_child (writer, frame, field, depth + 1);
      if (writer->length == after)
        writer->length = before;
      else
        content = CONTENT_ELEMENTS;
    }
  return content;
}

/* Writes an element; one that would be empty only when @always. */
static gboolean
put_element (Writer *writer,
             const VireoSchemaFrame *frame,
             const char *name,
             guint ns,
             gboolean always,
             guint depth)
{
  gsize before = writer->length;
  gboolean any;
  Content content;

  put_indent (writer, depth);
  put (writer, "<", 1);
  put_tag (writer, name, ns);
  any = put_attributes (writer, frame);
  content = put_content (writer, frame, depth);
  if (!any && content == CONTENT_NONE && !always)
    {
      writer->length = before;
      return FALSE;
    }
  if (content == CONTENT_NONE)
    {
      put (writer, "/>\n", 3);
      return TRUE;
    }
  if (content == CONTENT_ELEMENTS)
    put_indent (writer, depth);
  put (writer, "</", 2);
  put_tag (writer, name, ns);
  put (writer, ">\n", 2);
  return TRUE;
}

static gsize
root_tag_end (const Writer *writer)
{
  char quote = '\0';
  gsize at = 0;

  for (; at < writer->length; at++)
    {
      char c = writer->text[at];

      if (quote == '\0' && (c == '>' || c == '/'))
        return at;
      if (c == '\'')
        quote = quote == '\0' ? c : '\0';
    }
  return at;
}

/* The namespaces that were used are declared at the root, where people look for them. */
static void
declare_namespaces (Writer *writer)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize at = root_tag_end (writer);

  for (guint ns = 1; ns < 32; ns++)
    if (writer->namespaces & (1u << ns))
      g_string_append_printf (text, " xmlns:%s='%s'",
                              vireo_schema_name (vireo_schema_namespaces[ns].prefix),
                              vireo_schema_name (vireo_schema_namespaces[ns].uri));
  reserve (writer, text->len);
  memmove (writer->text + at + text->len, writer->text + at, writer->length - at);
  memcpy (writer->text + at, text->str, text->len);
  writer->length += text->len;
}

char *
vireo_schema_format (guint schema, gconstpointer def, VireoFormatFlags flags, GError **error)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[schema];
  Writer writer = { .flags = flags };
  VireoSchemaFrame frame = { NULL, desc, def };

  g_return_val_if_fail (def != NULL, NULL);
  reserve (&writer, 8192);
  put_element (&writer, &frame, vireo_schema_name (desc->name), 0, TRUE, 0);
  if (writer.namespaces != 0)
    declare_namespaces (&writer);
  *reserve (&writer, 1) = '\0';
  return g_realloc (writer.text, writer.length + 1);
}
