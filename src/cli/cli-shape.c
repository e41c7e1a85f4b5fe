/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verb prints with --json: for most from the types that its member returns, so that the
 * manual page and the tests have it from the same tables as the verb. */
#include "cli-shape.h"

#include <string.h>

/* @more: whether a key may be missing, and others may be there */
static void
add_keys (GString *shape, const CliField *fields, gboolean more)
{
  g_string_append_c (shape, '{');
  for (const CliField *f = fields; f->name != NULL; f++)
    {
      g_string_append_printf (shape, "%s\"%s\": ", f == fields ? "" : ", ", f->name);
      cli_shape_add (shape, f->type, f);
    }
  g_string_append (shape, more ? ", …}" : "}");
}

/* @type: a D-Bus signature of one type. @field: (nullable) */
static const char *
add_type (GString *shape, const char *type, const CliField *field);

static const char *
add_tuple (GString *shape, const char *type)
{
  const char *p = type + 1;

  g_string_append_c (shape, '[');
  while (*p != ')')
    {
      if (p != type + 1)
        g_string_append (shape, ", ");
      p = add_type (shape, p, NULL);
    }
  g_string_append_c (shape, ']');
  return p + 1;
}

/* "{sv}" with documented keys, or any; "{oa{sv}}" by paths. */
static const char *
add_dictionary (GString *shape, const char *type, const CliField *field)
{
  const char *end;

  if (field != NULL && field->keys != NULL && field->keys->name != NULL && type[1] == 's'
      && type[2] == 'v')
    {
      add_keys (shape, field->keys, TRUE);
      return type + 4;
    }
  g_string_append (shape, type[1] == 'o' ? "{PATH: " : type[1] == 's' ? "{KEY: " : "{NUMBER: ");
  end = add_type (shape, type + 2, NULL);
  g_string_append_c (shape, '}');
  return end + 1;
}

static const char *
add_type (GString *shape, const char *type, const CliField *field)
{
  const char *end;

  if (type[0] == 'a' && type[1] == '{')
    return add_dictionary (shape, type + 1, field);
  if (type[0] == 'a' && type[1] == 'y')
    {
      g_string_append (shape, "base64");
      return type + 2;
    }
  if (type[0] == 'a')
    {
      g_string_append_c (shape, '[');
      end = add_type (shape, type + 1, field);
      g_string_append_c (shape, ']');
      return end;
    }
  if (type[0] == '(')
    return add_tuple (shape, type);
  g_string_append (shape, type[0] == 'b'   ? "boolean"
                          : type[0] == 'v' ? "any"
                          : type[0] == 'o' ? "path"
                          : type[0] == 's' ? "string"
                                           : "number");
  return type + 1;
}

void
cli_shape_add (GString *shape, const char *type, const CliField *field)
{
  add_type (shape, type, field);
}

static const CliField *
properties_of (const char *kind)
{
  for (const CliSignal *row = cli_properties; row->name != NULL; row++)
    if (g_str_equal (row->name, kind))
      return row->fields;
  return NULL;
}

/* Nothing of a member without results; several are a dictionary. */
static void
add_results (GString *shape, const CliMember *member)
{
  if (member == NULL || member->outs == NULL || member->outs->name == NULL
      || g_str_equal (member->outs->type, "h"))
    return;
  if (cli_fields_count (member->outs) == 1)
    cli_shape_add (shape, member->outs->type, member->outs);
  else
    add_keys (shape, member->outs, FALSE);
}

/* Text in which “@Domain” stands for the properties of a domain. */
static void
add_text (GString *shape, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "@", -1);

  g_string_append (shape, parts[0]);
  for (gsize i = 1; parts[0] != NULL && parts[i] != NULL; i++)
    {
      gsize length = strspn (parts[i], G_CSET_A_2_Z G_CSET_a_2_z);
      g_autofree char *kind = g_strndup (parts[i], length);

      add_keys (shape, properties_of (kind), FALSE);
      g_string_append (shape, parts[i] + length);
    }
}

/* (transfer full): "" when it prints nothing. */
char *
cli_shape_of (const CliGroup *group, const CliVerb *verb)
{
  GString *shape = g_string_new (NULL);
  const CliMember *member = cli_verb_member (verb);
  g_autofree char *list = g_strdup_printf ("{PATH: @%s}", group->kind);
  g_auto (GStrv) names = verb->member != NULL ? g_strsplit (verb->member, ":", 2) : NULL;
  const CliField *property
      = names != NULL && names[1] != NULL ? cli_property_find (names[0], names[1]) : NULL;

  if (verb->json != NULL)
    add_text (shape, verb->json);
  else if (verb->run == cli_run_list)
    add_text (shape, list);
  else if (verb->run == cli_run_info)
    add_keys (shape, properties_of (group->kind), FALSE);
  else if (verb->run == cli_run_property)
    cli_shape_add (shape, property->type, property);
  else if (verb->run != cli_run_edit && verb->run != cli_run_autostart)
    {
      add_results (shape, member);
      /* What is only said, when no words say what is to be set. */
      if (verb->show != NULL && shape->len == 0)
        g_string_append (shape, "nothing | ");
      if (verb->show != NULL)
        add_results (shape, cli_member_find (verb->show));
    }
  return g_string_free (shape, FALSE);
}
