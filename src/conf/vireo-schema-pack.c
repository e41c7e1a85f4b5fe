/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition in few bytes, and back. Packed are the sizes of what unpacking makes, then of each
 * struct the rows that have a value: the row's number from 1, then the value. 0 ends a struct. */
#include "vireo-schema.h"

#include <string.h>

#define ALIGN(size) (((size) + 7) & ~(gsize) 7)

/* Added to the place of a wrapper that was written with nothing in it; structs have fewer rows. */
#define EMPTY_WRAPPER 256u

/* Of a document of at most VIREO_DOC_MAX_SIZE that is, which is far from 4 GiB of structs. */
typedef struct
{
  guint32 structs;
  guint32 strings;
} Sizes;

typedef struct
{
  guint8 *bytes; /* at first in `first`, which most need not leave */
  gsize length;
  gsize size;
  gsize structs; /* bytes that the structs and lists will take */
  gsize strings; /* likewise the strings */
  guint8 first[4096];
} Packer;

/* Everything goes into one block: structs and lists in front, where they are aligned. */
typedef struct
{
  const guint8 *at;
  guint8 *structs;
  char *strings;
} Unpacker;

static void pack_fields (Packer *packer, const VireoSchemaStruct *desc, gconstpointer def,
                         gpointer done);
static void unpack_fields (Unpacker *unpacker, const VireoSchemaStruct *desc, gpointer def);

static gpointer *
pointer_at (gconstpointer def, guint offset)
{
  return (gpointer *) ((guint8 *) def + offset);
}

static guint *
count_at (gconstpointer def, const VireoSchemaField *list)
{
  return (guint *) ((guint8 *) def + list->aux2);
}

/* --- packing */

static guint8 *
reserve (Packer *packer, gsize more)
{
  if (packer->size - packer->length < more)
    {
      packer->size = MAX (packer->size * 2, packer->length + more);
      if (packer->bytes == packer->first)
        packer->bytes = memcpy (g_malloc (packer->size), packer->first, packer->length);
      else
        packer->bytes = g_realloc (packer->bytes, packer->size);
    }
  return packer->bytes + packer->length;
}

/* Seven bits a byte, the lowest first; the highest bit says that there are more. */
static void
put_number (Packer *packer, guint64 number)
{
  reserve (packer, 10);
  for (; number >= 0x80; number >>= 7)
    packer->bytes[packer->length++] = (guint8) (number | 0x80);
  packer->bytes[packer->length++] = (guint8) number;
}

static void
put_string (Packer *packer, const char *text)
{
  gsize length = strlen (text);

  put_number (packer, length);
  memcpy (reserve (packer, length), text, length);
  packer->length += length;
  packer->strings += length + 1;
}

static void
pack_struct (Packer *packer, guint schema, gconstpointer def)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[schema];
  guint64 done[VIREO_SCHEMA_MAX_SIZE / sizeof (guint64)];

  memset (done, 0, desc->size);
  packer->structs += ALIGN (desc->size);
  pack_fields (packer, desc, def, done);
}

static void
pack_value (Packer *packer, const VireoSchemaField *field, gconstpointer value)
{
  if (field->type == VIREO_SCHEMA_STRUCT)
    pack_struct (packer, field->aux, value);
  else
    put_string (packer, value);
}

/* A row with a value; @done gets what tells that it has been packed. */
static void
pack_field (Packer *packer, const VireoSchemaField *field, gconstpointer def, gpointer done)
{
  if (field->flags & VIREO_SCHEMA_LIST)
    {
      gpointer *list = *pointer_at (def, field->offset);
      guint n = *count_at (def, field);

      put_number (packer, n);
      packer->structs += n * sizeof (gpointer);
      for (guint i = 0; i < n; i++)
        pack_value (packer, field, list[i]);
      *count_at (done, field) = n;
    }
  else if (field->type == VIREO_SCHEMA_FLAG)
    vireo_schema_set_bit (done, field->bit);
  else if (vireo_schema_width (field->type) != 0)
    {
      guint64 value = vireo_schema_load (field, def);

      put_number (packer, value);
      vireo_schema_store (field, done, value);
    }
  else
    {
      gpointer value = *pointer_at (def, field->offset);

      pack_value (packer, field, value);
      *pointer_at (done, field->offset) = value;
    }
}

/* @done is a struct that has what was packed: rows that share a member come by more than once. */
static void
pack_fields (Packer *packer, const VireoSchemaStruct *desc, gconstpointer def, gpointer done)
{
  for (guint i = 0; i < desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + i];

      if (!vireo_schema_present (field, def))
        {
          if (field->type == VIREO_SCHEMA_GROUP && vireo_schema_bit (def, field->bit))
            put_number (packer, EMPTY_WRAPPER + i);
          continue;
        }
      if (field->type == VIREO_SCHEMA_GROUP)
        {
          put_number (packer, i + 1);
          pack_fields (packer, &vireo_schema_structs[field->aux], def, done);
        }
      else if (!vireo_schema_present (field, done))
        {
          put_number (packer, i + 1);
          pack_field (packer, field, def, done);
        }
    }
  put_number (packer, 0);
}

/* --- unpacking */

static guint64
get_number (Unpacker *unpacker)
{
  guint64 number = 0;
  guint shift = 0;

  for (; *unpacker->at & 0x80; shift += 7)
    number |= (guint64) (*unpacker->at++ & 0x7f) << shift;
  return number | (guint64) *unpacker->at++ << shift;
}

static gpointer
take (Unpacker *unpacker, gsize size)
{
  gpointer place = unpacker->structs;

  unpacker->structs += ALIGN (size);
  return place;
}

static gpointer
unpack_value (Unpacker *unpacker, const VireoSchemaField *field)
{
  gpointer value;
  gsize length;

  if (field->type == VIREO_SCHEMA_STRUCT)
    {
      const VireoSchemaStruct *desc = &vireo_schema_structs[field->aux];

      value = take (unpacker, desc->size);
      unpack_fields (unpacker, desc, value);
      return value;
    }
  length = get_number (unpacker);
  value = memcpy (unpacker->strings, unpacker->at, length);
  unpacker->at += length;
  unpacker->strings += length + 1;
  return value;
}

static void
unpack_field (Unpacker *unpacker, const VireoSchemaField *field, gpointer def)
{
  if (field->flags & VIREO_SCHEMA_LIST)
    {
      guint n = (guint) get_number (unpacker);
      gpointer *list = take (unpacker, n * sizeof (gpointer));

      for (guint i = 0; i < n; i++)
        list[i] = unpack_value (unpacker, field);
      *pointer_at (def, field->offset) = list;
      *count_at (def, field) = n;
    }
  else if (field->type == VIREO_SCHEMA_FLAG)
    vireo_schema_set_bit (def, field->bit);
  else if (vireo_schema_width (field->type) != 0)
    vireo_schema_store (field, def, get_number (unpacker));
  else
    *pointer_at (def, field->offset) = unpack_value (unpacker, field);
}

static void
unpack_fields (Unpacker *unpacker, const VireoSchemaStruct *desc, gpointer def)
{
  guint64 row;

  while ((row = get_number (unpacker)) != 0)
    {
      guint place = (guint) (row < EMPTY_WRAPPER ? row - 1 : row - EMPTY_WRAPPER);
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + place];

      if (row >= EMPTY_WRAPPER)
        vireo_schema_set_bit (def, field->bit);
      else if (field->type == VIREO_SCHEMA_GROUP)
        unpack_fields (unpacker, &vireo_schema_structs[field->aux], def);
      else
        unpack_field (unpacker, field, def);
    }
}

/* --- both */

guint8 *
vireo_schema_pack (guint schema, gconstpointer def, gsize *ret_size)
{
  Packer packer;
  Sizes sizes;

  packer.bytes = packer.first;
  packer.size = sizeof packer.first;
  packer.length = sizeof sizes;
  packer.structs = 0;
  packer.strings = 0;
  pack_struct (&packer, schema, def);
  sizes = (Sizes){ (guint32) packer.structs, (guint32) packer.strings };
  memcpy (packer.bytes, &sizes, sizeof sizes);
  *ret_size = packer.length;
  return packer.bytes == packer.first ? g_memdup2 (packer.bytes, packer.length)
                                      : g_realloc (packer.bytes, packer.length);
}

gpointer
vireo_schema_unpack (guint schema, const guint8 *packed)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[schema];
  Unpacker unpacker = { .at = packed + sizeof (Sizes) };
  Sizes sizes;
  guint8 *block;

  memcpy (&sizes, packed, sizeof sizes);
  block = g_malloc0 ((gsize) sizes.structs + sizes.strings);
  unpacker.structs = block;
  unpacker.strings = (char *) block + sizes.structs;
  unpack_fields (&unpacker, desc, take (&unpacker, desc->size));
  return block;
}
