/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What does not touch XML: look-ups in the tables, and lists, free, copy and equal. */
#include "vireo-schema.h"

#include <string.h>

#define LIST(def, offset) (*(gpointer **) ((guint8 *) (def) + (offset)))
#define COUNT(def, offset) (*(guint *) ((guint8 *) (def) + (offset)))
#define POINTER(def, offset) (*(gpointer *) ((guint8 *) (def) + (offset)))

/* One more than the index of the candidate for @name, or 0; whether it is that name is for the
 * caller to compare. */
guint
vireo_schema_lookup (const VireoSchemaHash *hash, const char *name)
{
  guint32 value = 0x811c9dc5u;

  if (hash->slots == VIREO_SCHEMA_NO_SLOTS)
    return 0;
  for (const char *at = name; *at != '\0'; at++)
    value = (value ^ (guint8) *at) * 0x01000193u;
  return vireo_schema_slots[hash->slots + ((guint32) (value * hash->seed) >> hash->shift)];
}

const char *
vireo_schema_enum_name (guint number, guint value)
{
  const VireoSchemaEnum *desc = &vireo_schema_enums[number];

  if (value == 0 || value > desc->n_values)
    return NULL;
  return vireo_schema_name (vireo_schema_values[desc->first + value - 1]);
}

guint
vireo_schema_enum_value (guint number, const char *text)
{
  guint value = vireo_schema_lookup (&vireo_schema_enums[number].hash, text);

  return value != 0 && strcmp (text, vireo_schema_enum_name (number, value)) == 0 ? value : 0;
}

const guint8 vireo_schema_widths[] = {
  [VIREO_SCHEMA_U8] = 1,      [VIREO_SCHEMA_U16] = 2,    [VIREO_SCHEMA_U32] = 4,
  [VIREO_SCHEMA_U64] = 8,     [VIREO_SCHEMA_S32] = 4,    [VIREO_SCHEMA_S64] = 8,
  [VIREO_SCHEMA_OCTAL] = 4,   [VIREO_SCHEMA_KIB] = 8,    [VIREO_SCHEMA_BYTES] = 8,
  [VIREO_SCHEMA_B] = 8,       [VIREO_SCHEMA_MIB] = 8,    [VIREO_SCHEMA_PRETTY] = 8,
  [VIREO_SCHEMA_YESNO] = 1,   [VIREO_SCHEMA_ONOFF] = 1,  [VIREO_SCHEMA_PRETTY_KIB] = 8,
  [VIREO_SCHEMA_ENUM] = 1,    [VIREO_SCHEMA_FOREIGN] = 0,
};

/* The bytes of a value without memory of its own; of a negative one, without its sign. */
guint64
vireo_schema_load (const VireoSchemaField *field, gconstpointer def)
{
  const guint8 *place = (const guint8 *) def + field->offset;

  switch (vireo_schema_width (field->type))
    {
    case 1:
      return *place;
    case 2:
      return *(const guint16 *) place;
    case 4:
      return *(const guint32 *) place;
    default:
      return *(const guint64 *) place;
    }
}

/* The other way, with the bit that says that there is a value. */
void
vireo_schema_store (const VireoSchemaField *field, gpointer def, guint64 value)
{
  guint8 *place = (guint8 *) def + field->offset;

  switch (vireo_schema_width (field->type))
    {
    case 1:
      *place = (guint8) value;
      break;
    case 2:
      *(guint16 *) place = (guint16) value;
      break;
    case 4:
      *(guint32 *) place = (guint32) value;
      break;
    default:
      *(guint64 *) place = value;
      break;
    }
  if (field->bit != VIREO_SCHEMA_NO_BIT)
    vireo_schema_set_bit (def, field->bit);
}

gboolean
vireo_schema_group_present (const VireoSchemaStruct *group, gconstpointer def)
{
  for (guint i = 0; i < group->n_fields; i++)
    if (vireo_schema_present (&vireo_schema_fields[group->first + i], def))
      return TRUE;
  return FALSE;
}

/* Capacity is the next power of two, so that nothing has to remember it. */
void
vireo_schema_append (gpointer **list, guint *n, gpointer value)
{
  if ((*n & (*n - 1)) == 0)
    *list = g_renew (gpointer, *list, *n == 0 ? 1 : *n * 2);
  (*list)[(*n)++] = value;
}

static void
free_value (const VireoSchemaField *field, gpointer value)
{
  if (field->type == VIREO_SCHEMA_STRUCT)
    vireo_schema_free (field->aux, value);
  else
    g_free (value);
}

static void
free_fields (const VireoSchemaStruct *desc, gpointer def)
{
  for (guint i = 0; i < desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + i];

      if (field->type == VIREO_SCHEMA_GROUP)
        free_fields (&vireo_schema_structs[field->aux], def);
      else if (field->flags & VIREO_SCHEMA_LIST)
        {
          for (guint j = 0; j < COUNT (def, field->aux2); j++)
            free_value (field, LIST (def, field->offset)[j]);
          g_clear_pointer (&LIST (def, field->offset), g_free);
          COUNT (def, field->aux2) = 0;
        }
      else if (vireo_schema_width (field->type) == 0 && field->type != VIREO_SCHEMA_FLAG)
        {
          /* Rows that share a member come by more than once. */
          free_value (field, g_steal_pointer (&POINTER (def, field->offset)));
        }
    }
}

void
vireo_schema_free (guint schema, gpointer def)
{
  if (def == NULL)
    return;
  free_fields (&vireo_schema_structs[schema], def);
  g_free (def);
}

static gpointer
copy_value (const VireoSchemaField *field, gconstpointer value)
{
  if (field->type == VIREO_SCHEMA_STRUCT)
    return vireo_schema_copy (field->aux, value);
  return g_strdup (value);
}

static gpointer *
copy_list (const VireoSchemaField *field, gpointer *list, guint n)
{
  gpointer *copy = NULL;
  guint n_copied = 0;

  while (n_copied < n)
    {
      gpointer value = copy_value (field, list[n_copied]);

      vireo_schema_append (&copy, &n_copied, value);
    }
  return copy;
}

static void
copy_fields (const VireoSchemaStruct *desc, gpointer copy, gconstpointer def)
{
  for (guint i = 0; i < desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + i];

      if (field->type == VIREO_SCHEMA_GROUP)
        copy_fields (&vireo_schema_structs[field->aux], copy, def);
      else if (vireo_schema_width (field->type) != 0 || field->type == VIREO_SCHEMA_FLAG)
        continue;
      /* Rows that share a member come by more than once. */
      else if (POINTER (copy, field->offset) != POINTER (def, field->offset))
        continue;
      else if (field->flags & VIREO_SCHEMA_LIST)
        LIST (copy, field->offset)
            = copy_list (field, LIST (def, field->offset), COUNT (def, field->aux2));
      else
        POINTER (copy, field->offset) = copy_value (field, POINTER (def, field->offset));
    }
}

gpointer
vireo_schema_copy (guint schema, gconstpointer def)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[schema];
  gpointer copy;

  if (def == NULL)
    return NULL;
  copy = g_memdup2 (def, desc->size);
  copy_fields (desc, copy, def);
  return copy;
}

static gboolean
equal_value (const VireoSchemaField *field, gconstpointer a, gconstpointer b)
{
  if (field->type == VIREO_SCHEMA_STRUCT)
    return vireo_schema_equal (field->aux, a, b);
  return g_strcmp0 (a, b) == 0;
}

static gboolean
equal_list (const VireoSchemaField *field, gconstpointer a, gconstpointer b)
{
  guint n = COUNT (a, field->aux2);

  if (n != COUNT (b, field->aux2))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!equal_value (field, LIST (a, field->offset)[i], LIST (b, field->offset)[i]))
      return FALSE;
  return TRUE;
}

static gboolean equal_fields (const VireoSchemaStruct *desc, gconstpointer a, gconstpointer b);

static gboolean
equal_field (const VireoSchemaField *field, gconstpointer a, gconstpointer b)
{
  guint width = vireo_schema_width (field->type);

  if (field->type == VIREO_SCHEMA_GROUP)
    return equal_fields (&vireo_schema_structs[field->aux], a, b);
  if (field->flags & VIREO_SCHEMA_LIST)
    return equal_list (field, a, b);
  if (field->bit != VIREO_SCHEMA_NO_BIT)
    {
      if (vireo_schema_bit (a, field->bit) != vireo_schema_bit (b, field->bit))
        return FALSE;
      if (field->type == VIREO_SCHEMA_FLAG || !vireo_schema_bit (a, field->bit))
        return TRUE;
    }
  if (width != 0)
    return memcmp ((const guint8 *) a + field->offset, (const guint8 *) b + field->offset, width)
           == 0;
  return equal_value (field, POINTER (a, field->offset), POINTER (b, field->offset));
}

static gboolean
equal_fields (const VireoSchemaStruct *desc, gconstpointer a, gconstpointer b)
{
  for (guint i = 0; i < desc->n_fields; i++)
    if (!equal_field (&vireo_schema_fields[desc->first + i], a, b))
      return FALSE;
  return TRUE;
}

gboolean
vireo_schema_equal (guint schema, gconstpointer a, gconstpointer b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return equal_fields (&vireo_schema_structs[schema], a, b);
}
