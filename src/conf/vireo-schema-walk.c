/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-schema-walk.h"

#include <string.h>

#include "vireo-value.h"

typedef struct
{
  VireoFormatFlags flags;
  const VireoDocVisitor *visitor;
  gpointer data;
  GString *path;
} Walk;

static gboolean
holds (const VireoSchemaFrame *frame, const VireoSchemaField *field)
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

/* A wrapper in which nothing stood. */
gboolean
vireo_schema_was_empty (const VireoSchemaFrame *frame, const VireoSchemaField *field)
{
  return field->type == VIREO_SCHEMA_GROUP && vireo_schema_bit (frame->def, field->bit);
}

gboolean
vireo_schema_visible (const VireoSchemaFrame *frame,
                      const VireoSchemaField *field,
                      VireoFormatFlags flags)
{
  if (!(vireo_schema_present (field, frame->def) || vireo_schema_was_empty (frame, field))
      || !holds (frame, field))
    return FALSE;
  if ((field->flags & VIREO_SCHEMA_SECRET) && !(flags & VIREO_FORMAT_SECURE))
    return FALSE;
  if ((field->flags & VIREO_SCHEMA_LIVE) && (flags & VIREO_FORMAT_INACTIVE))
    return FALSE;
  if ((field->flags & VIREO_SCHEMA_NOMIGRATE) && (flags & VIREO_FORMAT_MIGRATABLE))
    return FALSE;
  /* Aliases that are not a user's own are made anew at each start. */
  if (field->type == VIREO_SCHEMA_ALIAS && (flags & VIREO_FORMAT_INACTIVE))
    return g_str_has_prefix (*(char *const *) ((const guint8 *) frame->def + field->offset), "ua-");
  return TRUE;
}

static void walk_element (Walk *walk, const VireoSchemaFrame *frame);

static VireoSchemaFrame
group_frame (const VireoSchemaFrame *frame, const VireoSchemaField *field)
{
  VireoSchemaFrame group = { frame->up, &vireo_schema_structs[field->aux], frame->def };

  return group;
}

/* Whether there is anything in an element. */
static gboolean
has_content (const Walk *walk, const VireoSchemaFrame *frame)
{
  for (guint i = 0; i < frame->desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[frame->desc->first + i];
      VireoSchemaFrame group;

      if (!vireo_schema_visible (frame, field, walk->flags))
        continue;
      if (field->type != VIREO_SCHEMA_GROUP || vireo_schema_was_empty (frame, field))
        return TRUE;
      group = group_frame (frame, field);
      if (has_content (walk, &group))
        return TRUE;
    }
  return FALSE;
}

/* Appends to the path; how long it was before. */
static gsize
enter (Walk *walk, const char *separator, guint ns, const char *name, gssize length)
{
  gsize before = walk->path->len;

  g_string_append (walk->path, separator);
  if (ns != 0)
    {
      g_string_append (walk->path, vireo_schema_name (vireo_schema_namespaces[ns].prefix));
      g_string_append_c (walk->path, ':');
    }
  g_string_append_len (walk->path, name, length);
  return before;
}

static void
tell_attribute (Walk *walk, const char *name)
{
  gsize before = enter (walk, "/@", 0, name, -1);

  walk->visitor->attribute (walk->path->str, walk->data);
  g_string_truncate (walk->path, before);
}

/* @value: of a struct, what a list or pointer points to; of kept text, the text */
static void
walk_one (Walk *walk,
          const VireoSchemaFrame *frame,
          const VireoSchemaField *field,
          gconstpointer value)
{
  const char *name = vireo_schema_name (field->name);
  gssize length = -1;
  guint ns = field->ns;
  gsize before;

  if (field->type == VIREO_SCHEMA_FOREIGN)
    {
      name = (const char *) value + 1;
      length = (gssize) strcspn (name, " \t\r\n/>");
      ns = 0;
    }
  before = enter (walk, "/", ns, name, length);
  if (walk->visitor->element (walk->path->str, walk->data))
    {
      if (field->type == VIREO_SCHEMA_STRUCT)
        {
          VireoSchemaFrame child = { frame, &vireo_schema_structs[field->aux], value };

          walk_element (walk, &child);
        }
      else if (vireo_value_scale (field->type) != NULL)
        tell_attribute (walk, "unit");
    }
  g_string_truncate (walk->path, before);
}

static void
walk_group (Walk *walk, const VireoSchemaFrame *frame, const VireoSchemaField *field)
{
  VireoSchemaFrame group = group_frame (frame, field);
  gsize before;

  if (!vireo_schema_was_empty (frame, field) && !has_content (walk, &group))
    return;
  before = enter (walk, "/", field->ns, vireo_schema_name (field->name), -1);
  if (walk->visitor->element (walk->path->str, walk->data))
    walk_element (walk, &group);
  g_string_truncate (walk->path, before);
}

static void
walk_child (Walk *walk, const VireoSchemaFrame *frame, const VireoSchemaField *field)
{
  const guint8 *place = (const guint8 *) frame->def + field->offset;

  if (field->type == VIREO_SCHEMA_GROUP)
    walk_group (walk, frame, field);
  else if (field->flags & VIREO_SCHEMA_LIST)
    {
      guint n = *(const guint *) ((const guint8 *) frame->def + field->aux2);

      for (guint i = 0; i < n; i++)
        walk_one (walk, frame, field, (*(gpointer *const *) place)[i]);
    }
  else if (vireo_schema_width (field->type) == 0 && field->type != VIREO_SCHEMA_FLAG)
    walk_one (walk, frame, field, *(gpointer const *) place);
  else
    walk_one (walk, frame, field, NULL);
}

/* The path is that of the element already. */
static void
walk_element (Walk *walk, const VireoSchemaFrame *frame)
{
  for (guint i = 0; i < frame->desc->n_fields; i++)
    {
      const VireoSchemaField *field = &vireo_schema_fields[frame->desc->first + i];

      if (!vireo_schema_visible (frame, field, walk->flags))
        continue;
      if (field->place == VIREO_SCHEMA_ELEM)
        {
          walk_child (walk, frame, field);
          continue;
        }
      if (field->place == VIREO_SCHEMA_ATTR)
        tell_attribute (walk, vireo_schema_name (field->name));
      if (vireo_value_scale (field->type) != NULL)
        tell_attribute (walk, "unit");
    }
}

void
vireo_schema_walk (guint schema,
                   gconstpointer def,
                   VireoFormatFlags flags,
                   const VireoDocVisitor *visitor,
                   gpointer data)
{
  g_autoptr (GString) path = g_string_sized_new (128);
  Walk walk = { flags, visitor, data, path };
  VireoSchemaFrame frame = { NULL, &vireo_schema_structs[schema], def };

  enter (&walk, "/", 0, vireo_schema_name (frame.desc->name), -1);
  if (visitor->element (path->str, data))
    walk_element (&walk, &frame);
}
