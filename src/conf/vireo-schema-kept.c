/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a definition still has all that another one has. */
#include "vireo-postparse-private.h"
#include "vireo-schema.h"

#include <string.h>

#define LIST(def, offset) (*(gpointer *const *) ((const guint8 *) (def) + (offset)))
#define COUNT(def, offset) (*(const guint *) ((const guint8 *) (def) + (offset)))
#define POINTER(def, offset) (*(const gconstpointer *) ((const guint8 *) (def) + (offset)))

/* Each of these writes the path of what is lost to @path and returns %FALSE, or returns %TRUE. */
static gboolean kept_fields (const VireoSchemaStruct *desc, gconstpointer before,
                             gconstpointer after, GString *path);

static gboolean
kept_value (const VireoSchemaField *field, gconstpointer before, gconstpointer after, GString *path)
{
  if (field->type != VIREO_SCHEMA_STRUCT)
    return g_strcmp0 (before, after) == 0;
  return after != NULL
         && kept_fields (&vireo_schema_structs[field->aux], before, after, path);
}

/* Each element of the list before is to be found after those that precede it. The path inside an
 * element is of use only when nothing was put between. */
static gboolean
kept_list (const VireoSchemaField *field, gconstpointer before, gconstpointer after, GString *path)
{
  guint n_before = COUNT (before, field->aux2);
  guint n_after = COUNT (after, field->aux2);
  gsize length = path->len;
  guint at = 0;

  for (guint i = 0; i < n_before; i++)
    {
      gpointer wanted = LIST (before, field->offset)[i];

      while (at < n_after && !kept_value (field, wanted, LIST (after, field->offset)[at], path))
        {
          g_string_truncate (path, length);
          at++;
        }
      if (at++ < n_after)
        continue;
      g_string_append_printf (path, "[%u]", i + 1);
      if (i < n_after && n_after == n_before)
        kept_value (field, wanted, LIST (after, field->offset)[i], path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
kept_member (const VireoSchemaField *field, gconstpointer before, gconstpointer after,
             GString *path)
{
  guint width = vireo_schema_width (field->type);

  if (field->flags & VIREO_SCHEMA_LIST)
    return kept_list (field, before, after, path);
  if (field->type == VIREO_SCHEMA_FLAG)
    return vireo_schema_bit (after, field->bit);
  if (field->bit != VIREO_SCHEMA_NO_BIT && !vireo_schema_bit (after, field->bit))
    return FALSE;
  if (width != 0)
    return memcmp ((const guint8 *) before + field->offset, (const guint8 *) after + field->offset,
                   width)
           == 0;
  return kept_value (field, POINTER (before, field->offset), POINTER (after, field->offset), path);
}

static gboolean
kept_field (const VireoSchemaField *field, gconstpointer before, gconstpointer after, GString *path)
{
  gsize length = path->len;

  if (field->place != VIREO_SCHEMA_TEXT)
    g_string_append_printf (path, field->place == VIREO_SCHEMA_ATTR ? "/@%s" : "/%s",
                            vireo_schema_name (field->name));
  if (field->type == VIREO_SCHEMA_GROUP
          ? kept_fields (&vireo_schema_structs[field->aux], before, after, path)
          : !vireo_schema_present (field, before) || kept_member (field, before, after, path))
    {
      g_string_truncate (path, length);
      return TRUE;
    }
  return FALSE;
}

static gboolean
kept_fields (const VireoSchemaStruct *desc, gconstpointer before, gconstpointer after,
             GString *path)
{
  for (guint i = 0; i < desc->n_fields; i++)
    if (!kept_field (&vireo_schema_fields[desc->first + i], before, after, path))
      return FALSE;
  return TRUE;
}

char *
vireo_domain_def_find_lost (const VireoDomainDef *before, const VireoDomainDef *after)
{
  g_autoptr (GString) path = g_string_new ("/domain");
  guint schema = vireo_doc_kind_find ("domain")->schema;

  if (kept_fields (&vireo_schema_structs[schema], before, after, path))
    return NULL;
  return g_string_free (g_steal_pointer (&path), FALSE);
}
