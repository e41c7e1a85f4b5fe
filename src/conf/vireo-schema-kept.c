/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a definition still has all that another one has. */
#include "vireo-postparse-private.h"
#include "vireo-schema.h"

#include <string.h>

#define LIST(def, offset) (*(gpointer *const *) ((const guint8 *) (def) + (offset)))
#define COUNT(def, offset) (*(const guint *) ((const guint8 *) (def) + (offset)))
#define POINTER(def, offset) (*(const gconstpointer *) ((const guint8 *) (def) + (offset)))

/* Each of these returns %TRUE, or %FALSE with the path of what is lost put before what @path has:
 * the path grows on the way back, for there is seldom one to be told. */
static gboolean kept_fields (const VireoSchemaStruct *desc, gconstpointer before,
                             gconstpointer after, GString *path);

static gboolean
kept_value (const VireoSchemaField *field, gconstpointer before, gconstpointer after, GString *path)
{
  if (field->type != VIREO_SCHEMA_STRUCT)
    return g_strcmp0 (before, after) == 0;
  return after != NULL && kept_fields (&vireo_schema_structs[field->aux], before, after, path);
}

/* Each element of the list before is to be found after those that precede it. The path inside an
 * element is of use only when nothing was put between. */
static gboolean
kept_list (const VireoSchemaField *field, gconstpointer before, gconstpointer after, GString *path)
{
  guint n_before = COUNT (before, field->aux2);
  guint n_after = COUNT (after, field->aux2);
  guint at = 0;

  for (guint i = 0; i < n_before; i++)
    {
      gpointer wanted = LIST (before, field->offset)[i];
      g_autofree char *number = NULL;

      while (at < n_after && !kept_value (field, wanted, LIST (after, field->offset)[at], path))
        {
          g_string_truncate (path, 0);
          at++;
        }
      if (at++ < n_after)
        continue;
      if (n_after == n_before)
        kept_value (field, wanted, LIST (after, field->offset)[i], path);
      number = g_strdup_printf ("[%u]", i + 1);
      g_string_prepend (path, number);
      return FALSE;
    }
  return TRUE;
}

static gboolean
kept_member (const VireoSchemaField *field, gconstpointer before, gconstpointer after,
             GString *path)
{
  guint width = vireo_schema_width (field->type);

  if (field->type == VIREO_SCHEMA_GROUP)
    return kept_fields (&vireo_schema_structs[field->aux], before, after, path);
  if (!vireo_schema_present (field, before))
    return TRUE;
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
kept_fields (const VireoSchemaStruct *desc, gconstpointer before, gconstpointer after,
             GString *path)
{
  for (guint i = 0; i < desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[desc->first + i];

      if (kept_member (field, before, after, path))
        continue;
      if (field->place != VIREO_SCHEMA_TEXT)
        {
          g_string_prepend (path, vireo_schema_name (field->name));
          g_string_prepend (path, field->place == VIREO_SCHEMA_ATTR ? "/@" : "/");
        }
      return FALSE;
    }
  return TRUE;
}

char *
vireo_domain_def_find_lost (const VireoDomainDef *before, const VireoDomainDef *after)
{
  g_autoptr (GString) path = g_string_new (NULL);
  guint schema = vireo_doc_kind_find ("domain")->schema;

  if (kept_fields (&vireo_schema_structs[schema], before, after, path))
    return NULL;
  g_string_prepend (path, "/domain");
  return g_string_free (g_steal_pointer (&path), FALSE);
}

/* Whether what is written in @part is in @whole too. */
gboolean
vireo_device_has_all (VireoDeviceKind kind, gconstpointer part, gconstpointer whole)
{
  g_autoptr (GString) path = g_string_new (NULL);

  return kept_fields (&vireo_schema_structs[vireo_schema_devices[kind].schema], part, whole, path);
}
