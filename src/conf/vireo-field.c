/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single fields by name, as GVariants. */
#include "vireo-field.h"

#include "vireo-value.h"

#define AT(def, offset, type) (*(type *) ((guint8 *) (def) + (offset)))

static const VireoSchemaField *
schema_field (const VireoField *field)
{
  return (const VireoSchemaField *) (gconstpointer) field;
}

static gboolean
is_single (const VireoSchemaField *field)
{
  return field->type < VIREO_SCHEMA_STRUCT && !(field->flags & VIREO_SCHEMA_LIST);
}

/**
 * vireo_field_find:
 * @tag: an element that has one struct only, such as "memtune"; for a struct without an element of
 *   its own, its name
 * @name: an attribute of it, or a child element that is a value
 *
 * Returns: (transfer none) (nullable): the field
 * Since: 0.1
 */
const VireoField *
vireo_field_find (const char *tag, const char *name)
{
  for (guint i = 0; i < vireo_schema_n_structs; i++)
    {
      const VireoSchemaStruct *desc = &vireo_schema_structs[i];

      if (!g_str_equal (vireo_schema_name (desc->name), tag))
        continue;
      for (guint j = 0; j < desc->n_fields; j++)
        {
          const VireoSchemaField *field = &vireo_schema_fields[desc->first + j];

          if (is_single (field) && g_str_equal (vireo_schema_name (field->name), name))
            return (const VireoField *) (gconstpointer) field;
        }
    }
  return NULL;
}

/* What a field is as a GVariant: "u", "t", "i", "x", "b" or "s". */
static const GVariantType *
field_type (const VireoSchemaField *field)
{
  gboolean is_signed = field->type == VIREO_SCHEMA_S32 || field->type == VIREO_SCHEMA_S64;

  if (field->type <= VIREO_SCHEMA_IP || field->type == VIREO_SCHEMA_ENUM)
    return G_VARIANT_TYPE_STRING;
  if (field->type == VIREO_SCHEMA_YESNO || field->type == VIREO_SCHEMA_ONOFF
      || field->type == VIREO_SCHEMA_FLAG)
    return G_VARIANT_TYPE_BOOLEAN;
  if (vireo_schema_width (field->type) == 8)
    return is_signed ? G_VARIANT_TYPE_INT64 : G_VARIANT_TYPE_UINT64;
  return is_signed ? G_VARIANT_TYPE_INT32 : G_VARIANT_TYPE_UINT32;
}

static guint32
get_narrow (const VireoSchemaField *field, gconstpointer def)
{
  switch (vireo_schema_width (field->type))
    {
    case 1:
      return AT (def, field->offset, guint8);
    case 2:
      return AT (def, field->offset, guint16);
    default:
      return AT (def, field->offset, guint32);
    }
}

/**
 * vireo_field_get:
 * @field: a field
 * @def: a struct that has it
 *
 * Returns: (transfer floating) (nullable): its value; %NULL when it is not written
 * Since: 0.1
 */
GVariant *
vireo_field_get (const VireoField *field, gconstpointer def)
{
  const VireoSchemaField *desc = schema_field (field);

  if (!vireo_schema_present (desc, def))
    return NULL;
  switch (*g_variant_type_peek_string (field_type (desc)))
    {
    case 's':
      return g_variant_new_string (desc->type == VIREO_SCHEMA_ENUM
                                       ? vireo_schema_enum_name (desc->aux, get_narrow (desc, def))
                                       : AT (def, desc->offset, const char *));
    case 'b':
      return g_variant_new_boolean (desc->type == VIREO_SCHEMA_FLAG
                                    || get_narrow (desc, def) == VIREO_TRISTATE_YES);
    case 't':
      return g_variant_new_uint64 (AT (def, desc->offset, guint64));
    case 'x':
      return g_variant_new_int64 (AT (def, desc->offset, gint64));
    case 'i':
      return g_variant_new_int32 ((gint32) get_narrow (desc, def));
    default:
      return g_variant_new_uint32 (get_narrow (desc, def));
    }
}

/**
 * vireo_field_clear:
 * @field: a field
 * @def: a struct that has it
 *
 * Makes the field one that is not written.
 *
 * Since: 0.1
 */
void
vireo_field_clear (const VireoField *field, gpointer def)
{
  const VireoSchemaField *desc = schema_field (field);
  guint in_byte = G_BYTE_ORDER == G_LITTLE_ENDIAN ? desc->bit % 8 : 7 - desc->bit % 8;

  if (desc->bit != VIREO_SCHEMA_NO_BIT)
    ((guint8 *) def)[desc->bit / 8] &= (guint8) ~(1u << in_byte);
  else if (vireo_schema_width (desc->type) == 1)
    AT (def, desc->offset, guint8) = 0;
  else
    g_clear_pointer (&AT (def, desc->offset, char *), g_free);
}

/* What is written for @value, as in XML. */
static char *
value_text (const VireoSchemaField *desc, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_print (value, FALSE);
  if (desc->type == VIREO_SCHEMA_ONOFF)
    return g_strdup (g_variant_get_boolean (value) ? "on" : "off");
  return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
}

/**
 * vireo_field_set:
 * @field: a field
 * @def: a struct that has it
 * @value: of the type that vireo_field_get() gives
 * @error: InvalidArgument
 *
 * Sets the field, after the checks that its text in XML would get.
 *
 * Returns: whether @value was right
 * Since: 0.1
 */
gboolean
vireo_field_set (const VireoField *field, gpointer def, GVariant *value, GError **error)
{
  const VireoSchemaField *desc = schema_field (field);
  const GVariantType *type = field_type (desc);
  g_autofree char *text = NULL;
  g_autofree char *expected = NULL;

  if (!g_variant_is_of_type (value, type))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "%s has the type %s, not %s",
                   vireo_schema_name (desc->name), g_variant_type_peek_string (type),
                   g_variant_get_type_string (value));
      return FALSE;
    }
  text = value_text (desc, value);
  expected = vireo_value_set (desc, def, text, NULL);
  if (expected == NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "%s: %s",
               vireo_schema_name (desc->name), expected);
  return FALSE;
}
