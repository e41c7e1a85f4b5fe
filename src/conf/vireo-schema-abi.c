/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether two definitions look the same to a guest: the rows marked "abi" are compared. */
#include "vireo-schema.h"

#include <string.h>

/* Where the first difference is: steps are put in front of @path on the way out. */
typedef struct
{
  GString *path;
  char *what;
} Difference;

static gboolean compare_fields (const VireoSchemaStruct *desc,
                                gconstpointer a,
                                gconstpointer b,
                                Difference *difference);

static void
step (Difference *difference, const char *name, gboolean attribute, guint place)
{
  g_autofree char *text = place > 0 ? g_strdup_printf ("/%s[%u]", name, place)
                                    : g_strdup_printf (attribute ? "/@%s" : "/%s", name);

  g_string_prepend (difference->path, text);
}

static const void *
at (gconstpointer def, guint16 offset)
{
  return (const guint8 *) def + offset;
}

static gboolean
compare_list (const VireoSchemaField *field,
              gconstpointer a,
              gconstpointer b,
              Difference *difference)
{
  guint n = *(const guint *) at (a, field->aux2), other = *(const guint *) at (b, field->aux2);
  gpointer *list_a = *(gpointer *const *) at (a, field->offset);
  gpointer *list_b = *(gpointer *const *) at (b, field->offset);

  if (n != other)
    {
      step (difference, vireo_schema_name (field->name), FALSE, 0);
      difference->what = g_strdup_printf ("%u are not %u", other, n);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    {
      if (field->type == VIREO_SCHEMA_STRUCT
              ? compare_fields (&vireo_schema_structs[field->aux], list_a[i], list_b[i], difference)
              : g_strcmp0 (list_a[i], list_b[i]) == 0)
        continue;
      step (difference, vireo_schema_name (field->name), FALSE, n > 1 ? i + 1 : 0);
      if (difference->what == NULL)
        difference->what
            = g_strdup_printf ("\"%s\" is not \"%s\"", (char *) list_b[i], (char *) list_a[i]);
      return FALSE;
    }
  return TRUE;
}

static char *
describe (const VireoSchemaField *field, gconstpointer def)
{
  const void *place = at (def, field->offset);
  guint width = vireo_schema_width (field->type);

  if (!vireo_schema_present (field, def))
    return g_strdup ("nothing");
  if (field->type == VIREO_SCHEMA_FLAG)
    return g_strdup ("set");
  if (width == 0)
    return g_strdup_printf ("\"%s\"", *(char *const *) place);
  if (field->type == VIREO_SCHEMA_ENUM)
    return g_strdup_printf ("\"%s\"", vireo_schema_enum_name (field->aux, *(const guint8 *) place));
  if (field->type == VIREO_SCHEMA_YESNO || field->type == VIREO_SCHEMA_ONOFF)
    return g_strdup (*(const guint8 *) place == VIREO_TRISTATE_YES ? "\"yes\"" : "\"no\"");
  return g_strdup_printf ("%" G_GUINT64_FORMAT, width == 1   ? *(const guint8 *) place
                                                : width == 2 ? *(const guint16 *) place
                                                : width == 4 ? *(const guint32 *) place
                                                             : *(const guint64 *) place);
}

static gboolean
compare_scalar (const VireoSchemaField *field,
                gconstpointer a,
                gconstpointer b,
                Difference *difference)
{
  g_autofree char *text_a = NULL;
  g_autofree char *text_b = NULL;
  guint width = vireo_schema_width (field->type);
  gboolean present = vireo_schema_present (field, a);
  gboolean same = present == vireo_schema_present (field, b);

  if (same && present && width != 0)
    same = memcmp (at (a, field->offset), at (b, field->offset), width) == 0;
  else if (same && present && field->type != VIREO_SCHEMA_FLAG)
    same
        = g_strcmp0 (*(char *const *) at (a, field->offset), *(char *const *) at (b, field->offset))
          == 0;
  if (same)
    return TRUE;
  text_a = describe (field, a);
  text_b = describe (field, b);
  difference->what = g_strdup_printf ("%s is not %s", text_b, text_a);
  return FALSE;
}

/* Of a struct that is only a place for others. */
static gboolean
is_inside (const VireoSchemaField *field)
{
  return field->type == VIREO_SCHEMA_STRUCT && !(field->flags & VIREO_SCHEMA_LIST)
         && field->aux2 == VIREO_SCHEMA_INSIDE;
}

static gboolean
compare_struct (const VireoSchemaField *field,
                gconstpointer a,
                gconstpointer b,
                Difference *difference)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[field->aux];
  gconstpointer value_a = *(gpointer const *) at (a, field->offset);
  gconstpointer value_b = *(gpointer const *) at (b, field->offset);

  static const guint64 nothing[VIREO_SCHEMA_MAX_SIZE / sizeof (guint64)];

  if (value_a == value_b)
    return TRUE;
  if (is_inside (field))
    return compare_fields (desc, value_a != NULL ? value_a : nothing,
                           value_b != NULL ? value_b : nothing, difference);
  if (value_a != NULL && value_b != NULL)
    return compare_fields (desc, value_a, value_b, difference);
  difference->what = g_strdup (value_a == NULL ? "is new" : "is gone");
  return FALSE;
}

static gboolean
compare_field (const VireoSchemaField *field,
               gconstpointer a,
               gconstpointer b,
               Difference *difference)
{
  gboolean same;

  if (field->flags & VIREO_SCHEMA_LIST)
    return compare_list (field, a, b, difference);
  if (field->type == VIREO_SCHEMA_GROUP)
    same = compare_fields (&vireo_schema_structs[field->aux], a, b, difference);
  else if (field->type == VIREO_SCHEMA_STRUCT)
    same = compare_struct (field, a, b, difference);
  else
    same = compare_scalar (field, a, b, difference);
  if (!same && field->place != VIREO_SCHEMA_TEXT)
    step (difference, vireo_schema_name (field->name), field->place == VIREO_SCHEMA_ATTR, 0);
  return same;
}

static gboolean
compare_fields (const VireoSchemaStruct *desc,
                gconstpointer a,
                gconstpointer b,
                Difference *difference)
{
  for (guint i = 0; i < desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + i];

      if (field->type != VIREO_SCHEMA_GROUP && !(field->flags & VIREO_SCHEMA_ABI)
          && !is_inside (field))
        continue;
      if (!compare_field (field, a, b, difference))
        return FALSE;
    }
  return TRUE;
}

gboolean
vireo_schema_check_abi (guint schema, gconstpointer a, gconstpointer b, GError **error)
{
  const VireoSchemaStruct *desc = &vireo_schema_structs[schema];
  Difference difference = { .path = g_string_new (NULL) };
  gboolean same = compare_fields (desc, a, b, &difference);

  if (!same)
    {
      step (&difference, vireo_schema_name (desc->name), FALSE, 0);
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_ABI_MISMATCH, "%s: %s: the guest would notice",
                   difference.path->str, difference.what);
    }
  g_string_free (difference.path, TRUE);
  g_free (difference.what);
  return same;
}
