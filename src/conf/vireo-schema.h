/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/* The descriptor tables that gen-conf.py writes, and the engine that walks them. Everything refers
 * to everything by number or by offset into the pool of names, so that the tables need no
 * relocation. Private to src/conf. */

typedef enum
{
  VIREO_SCHEMA_ATTR,
  VIREO_SCHEMA_ELEM,
  VIREO_SCHEMA_TEXT,
} __attribute__ ((packed)) VireoSchemaPlace;

typedef enum
{
  VIREO_SCHEMA_STRING,
  VIREO_SCHEMA_NAME,
  VIREO_SCHEMA_UUID,
  VIREO_SCHEMA_ALIAS,
  VIREO_SCHEMA_MAC,
  VIREO_SCHEMA_CPUSET,
  VIREO_SCHEMA_PATH,
  VIREO_SCHEMA_IP,
  VIREO_SCHEMA_U8,
  VIREO_SCHEMA_U16,
  VIREO_SCHEMA_U32,
  VIREO_SCHEMA_U64,
  VIREO_SCHEMA_S32,
  VIREO_SCHEMA_S64,
  VIREO_SCHEMA_OCTAL,
  VIREO_SCHEMA_KIB,
  VIREO_SCHEMA_BYTES,
  VIREO_SCHEMA_B,
  VIREO_SCHEMA_MIB,
  VIREO_SCHEMA_PRETTY,
  VIREO_SCHEMA_PRETTY_KIB,
  VIREO_SCHEMA_YESNO,
  VIREO_SCHEMA_ONOFF,
  VIREO_SCHEMA_FLAG,
  VIREO_SCHEMA_ENUM,
  VIREO_SCHEMA_STRUCT,
  VIREO_SCHEMA_GROUP,    /* an element whose members are in the struct around it */
  VIREO_SCHEMA_VERBATIM, /* an element kept as text */
  VIREO_SCHEMA_FOREIGN,  /* all elements of namespaces that the schema does not know, as text */
} __attribute__ ((packed)) VireoSchemaType;

enum
{
  VIREO_SCHEMA_REQUIRED = 1 << 0,
  VIREO_SCHEMA_SECRET = 1 << 1,
  VIREO_SCHEMA_LIVE = 1 << 2,
  VIREO_SCHEMA_ABI = 1 << 3,
  VIREO_SCHEMA_NOMIGRATE = 1 << 4,
  VIREO_SCHEMA_LIST = 1 << 5,
  VIREO_SCHEMA_WANTED = 1 << 6, /* required by a strict parse */
  VIREO_SCHEMA_STUB = 1 << 7,   /* a struct whose required rows may be missing */
};

/* In @aux of a number. */
#define VIREO_SCHEMA_WIDTH 0xff     /* how many hexadecimal digits it has at least; 0: decimal */
#define VIREO_SCHEMA_UPPER 0x100    /* they are capital letters */
#define VIREO_SCHEMA_BASE16 0x200   /* read as hexadecimal, with 0x or without */
#define VIREO_SCHEMA_ANY_BASE 0x400 /* read as hexadecimal with 0x, as decimal without */

/* In @aux2 of a struct: a guest sees what is in it, though not whether it stands there. */
#define VIREO_SCHEMA_INSIDE 1

#define VIREO_SCHEMA_NO_BIT 0xff
#define VIREO_SCHEMA_NO_OFFSET 0xffff
#define VIREO_SCHEMA_NO_SLOTS 0xffff

/* No struct takes more bytes than this. */
#define VIREO_SCHEMA_MAX_SIZE 1024

/* A perfect hash of names: vireo_schema_slots[slots + ((fnv1a (name) * seed) >> shift)] is 0 or one
 * more than the index of the only candidate. */
typedef struct
{
  guint32 seed;
  guint16 slots;
  guint8 shift;
} VireoSchemaHash;

typedef struct
{
  guint16 name;
  guint16 offset;
  guint16 aux;   /* number of the struct or enum, or how a number is written */
  guint16 aux2;  /* offset of a list's count, or number of the range */
  guint16 cond;  /* number of the condition, 0 for none */
  VireoSchemaPlace place;
  VireoSchemaType type;
  guint8 bit;    /* presence, from the start of the struct */
  guint8 flags;
  guint8 ns;     /* number of the namespace, 0 for none */
  guint8 alt;    /* index in the struct of the next row for the same XML name, 0 for none */
} VireoSchemaField;

typedef struct
{
  VireoSchemaHash attrs;
  VireoSchemaHash elems;
  guint16 name;
  guint16 first;
  guint16 size;
  guint8 n_fields;
  guint8 text;    /* one more than the index of the row for text, 0 for none */
  guint8 foreign; /* likewise of the row that keeps foreign elements */
  guint8 ns;
} VireoSchemaStruct;

typedef struct
{
  VireoSchemaHash hash;
  guint16 first;
  guint8 n_values;
} VireoSchemaEnum;

/* A row holds when the enum at @offset, @up structs further out, has a value in @mask. */
typedef struct
{
  guint64 mask;
  guint16 offset;
  guint8 up;
  guint16 name;
} VireoSchemaCond;

typedef struct
{
  gint64 min;
  guint64 max;
} VireoSchemaRange;

typedef struct
{
  guint16 prefix;
  guint16 uri;
} VireoSchemaNamespace;

typedef struct
{
  guint16 name;
  guint16 offset;
  guint16 count_offset;
  guint16 schema;
  guint16 alias_offset;
  guint16 address_offset;
  guint16 boot_offset;
  guint8 boot_bit;
} VireoSchemaDevice;

struct _VireoDocKind
{
  char name[16];
  guint16 schema;
};

extern const char vireo_schema_pool[];
extern const guint8 vireo_schema_slots[];
extern const guint8 vireo_schema_widths[];
extern const guint16 vireo_schema_values[];
extern const VireoSchemaEnum vireo_schema_enums[];
extern const VireoSchemaCond vireo_schema_conds[];
extern const VireoSchemaRange vireo_schema_ranges[];
extern const VireoSchemaNamespace vireo_schema_namespaces[];
extern const VireoSchemaField vireo_schema_fields[];
extern const VireoSchemaStruct vireo_schema_structs[];
extern const guint vireo_schema_n_structs;
extern const VireoSchemaDevice vireo_schema_devices[];
extern const VireoDocKind vireo_schema_documents[];
extern const guint vireo_schema_n_documents;

static inline const char *
vireo_schema_name (guint16 name)
{
  return vireo_schema_pool + name;
}

static inline gboolean
vireo_schema_bit (gconstpointer def, guint bit)
{
  guint in_byte = G_BYTE_ORDER == G_LITTLE_ENDIAN ? bit % 8 : 7 - bit % 8;

  return (((const guint8 *) def)[bit / 8] >> in_byte) & 1;
}

static inline void
vireo_schema_set_bit (gpointer def, guint bit)
{
  guint in_byte = G_BYTE_ORDER == G_LITTLE_ENDIAN ? bit % 8 : 7 - bit % 8;

  ((guint8 *) def)[bit / 8] |= (guint8) (1u << in_byte);
}

/* Bytes that a value without memory of its own takes; 0 for a pointer. */
static inline guint
vireo_schema_width (VireoSchemaType type)
{
  return vireo_schema_widths[type];
}

gboolean vireo_schema_group_present (const VireoSchemaStruct *group, gconstpointer def);

/* Whether a field has a value. Of a group: whether any field in it has. Asked of every row whenever
 * a definition is packed, copied or compared, so it is no call. */
static inline gboolean
vireo_schema_present (const VireoSchemaField *field, gconstpointer def)
{
  const guint8 *bytes = (const guint8 *) def;

  if (field->type == VIREO_SCHEMA_GROUP)
    return vireo_schema_group_present (&vireo_schema_structs[field->aux], def);
  if (field->flags & VIREO_SCHEMA_LIST)
    return *(const guint *) (gconstpointer) (bytes + field->aux2) > 0;
  if (field->bit != VIREO_SCHEMA_NO_BIT)
    return vireo_schema_bit (def, field->bit);
  if (vireo_schema_width (field->type) == 1)
    return bytes[field->offset] != 0;
  return *(gconstpointer const *) (gconstpointer) (bytes + field->offset) != NULL;
}

guint vireo_schema_lookup (const VireoSchemaHash *hash, const char *name);
const char *vireo_schema_enum_name (guint number, guint value);
guint vireo_schema_enum_value (guint number, const char *text);
guint64 vireo_schema_load (const VireoSchemaField *field, gconstpointer def);
void vireo_schema_store (const VireoSchemaField *field, gpointer def, guint64 value);

void vireo_schema_append (gpointer **list, guint *n, gpointer value);
void vireo_schema_free (guint schema, gpointer def);
gpointer vireo_schema_copy (guint schema, gconstpointer def);
gboolean vireo_schema_equal (guint schema, gconstpointer a, gconstpointer b);

guint8 *vireo_schema_pack (guint schema, gconstpointer def, gsize *ret_size);
gpointer vireo_schema_unpack (guint schema, const guint8 *packed);

gboolean vireo_schema_check_abi (guint schema, gconstpointer a, gconstpointer b, GError **error);

gpointer vireo_schema_parse (guint schema, const char *text, gssize length, VireoParseFlags flags,
                             GError **error);
typedef struct _xmlDoc VireoSchemaTree;

gpointer vireo_schema_read_tree (guint schema, const VireoSchemaTree *tree, VireoParseFlags flags,
                                 GPtrArray *problems);
gpointer vireo_schema_read (guint schema, const char *text, gssize length, VireoParseFlags flags,
                            GPtrArray *problems);
void vireo_schema_walk (guint schema, gconstpointer def, VireoFormatFlags flags,
                        const VireoDocVisitor *visitor, gpointer data);
char *vireo_schema_format (guint schema, gconstpointer def, VireoFormatFlags flags,
                           GError **error);

G_END_DECLS
