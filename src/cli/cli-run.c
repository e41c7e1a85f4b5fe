/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What verbs do. Most call their member with their words. */
#include "cli.h"

#include <string.h>

static const char *
kind_name (CliCall *call)
{
  return cli_verb_kind (call->group, call->verb)->name;
}

static char *
interface_of (const char *kind)
{
  return g_strconcat (CLI_BUS_NAME ".", kind, NULL);
}

/* "Domain.Start" as an interface and a name. */
static char **
split_member (const char *member)
{
  char **parts = g_strsplit (member, ".", 2);
  char *interface = interface_of (parts[0]);

  g_free (parts[0]);
  parts[0] = interface;
  return parts;
}

static guint
n_object_words (CliCall *call)
{
  return cli_kind_depth (cli_verb_kind (call->group, call->verb));
}

/* The object that the first words say. */
char *
cli_call_path (CliCall *call, GError **error)
{
  return cli_kind_find_object (call->context, cli_verb_kind (call->group, call->verb),
                               (const char *const *) call->words, error);
}

/* ---- calls ---- */

static GVariant *
take_argument (CliCall *call, CliWords *words, const CliField *field, GError **error)
{
  const char *named = cli_options_text (call->options, field->name);

  return named != NULL ? cli_words_parse (field, named, error)
                       : cli_words_take (words, field, error);
}

static gboolean
add_arguments (CliCall *call, const CliMember *member, CliWords *words, GVariantBuilder *builder,
               GError **error)
{
  g_autoptr (GVariant) options = NULL;

  for (const CliField *f = member->ins; f->name != NULL; f++)
    {
      GVariant *value = take_argument (call, words, f, error);

      if (value == NULL)
        return FALSE;
      g_variant_builder_add_value (builder, value);
    }
  if (words->n_words > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is one word too many",
                   words->words[0]);
      return FALSE;
    }
  if (!cli_options_take (call, member, &options, error))
    return FALSE;
  if (options != NULL)
    g_variant_builder_add_value (builder, options);
  return TRUE;
}

static GVariant *
make_arguments (CliCall *call, const CliMember *member, GVariant *known, GUnixFDList *fds,
                GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);
  guint skip = n_object_words (call);
  CliWords words = {
    .call = call,
    .member = member,
    .known = known,
    .words = call->words + skip,
    .n_words = call->n_words - (int) skip,
    .fds = fds,
  };

  if (!add_arguments (call, member, &words, &builder, error))
    return NULL;
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The arguments of @member that the words behind the object and the options say. */
GVariant *
cli_call_arguments (CliCall *call, const CliMember *member, GUnixFDList *fds, GError **error)
{
  return make_arguments (call, member, NULL, fds, error);
}

/* What the parameters that a verb sets are now, as far as they can be read. */
static GVariant *
get_known (CliCall *call, const char *path)
{
  const CliMember *show = cli_member_find (call->verb->show);
  guint n = n_object_words (call) + (guint) cli_fields_count (show->ins);
  CliCall shorter = *call;
  g_auto (GStrv) member = split_member (show->name);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) reply = NULL;

  shorter.n_words = (int) MIN (n, (guint) call->n_words);
  args = make_arguments (&shorter, show, NULL, NULL, NULL);
  if (args != NULL)
    reply = cli_call (call->context, path, member[0], member[1], args, NULL, NULL);
  for (gsize i = 0; reply != NULL && i < g_variant_n_children (reply); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (reply, i);

      if (g_variant_is_of_type (child, G_VARIANT_TYPE_VARDICT))
        return g_steal_pointer (&child);
    }
  return NULL;
}

static gboolean
has_parameters (const CliMember *member)
{
  for (const CliField *f = member->ins; f->name != NULL; f++)
    if (g_str_equal (f->type, "a{sv}"))
      return TRUE;
  return FALSE;
}

/* Whether the words are those of the member that shows rather than of the one that sets. An option
 * that only the latter has decides, too, as in "time --sync". */
static gboolean
wants_show (CliCall *call)
{
  const CliMember *show = call->verb->show != NULL ? cli_member_find (call->verb->show) : NULL;

  return show != NULL && cli_options_fit (call->options, show)
         && (guint) call->n_words <= n_object_words (call) + cli_fields_count (show->ins);
}

/* Words that are neither those of the one nor of the other. */
static gboolean
lacks_words (CliCall *call, const CliMember *member)
{
  if (call->verb->show == NULL
      || !cli_options_fit (call->options, cli_member_find (call->verb->show)))
    return FALSE;
  return (guint) call->n_words < n_object_words (call) + cli_fields_count (member->ins);
}

/* Of a document, maybe only a part. */
static int
print_wanted (CliCall *call, const CliMember *member, GVariant *reply)
{
  gboolean wrap;
  const char *expression = cli_options_xpath (call->options, &wrap);
  g_autoptr (GError) error = NULL;
  g_autofree char *found = NULL;
  const char *xml;

  if (expression == NULL)
    return cli_print_reply (call->context, member, reply);
  g_variant_get (reply, "(&s)", &xml);
  found = cli_xpath (xml, expression, wrap, &error);
  if (found == NULL)
    return cli_fail (error);
  return cli_print_text (call->context, g_strchomp (found));
}

/* @ret_reply: (nullable) (transfer full): what the member gave, when it went well */
int
cli_run_call_for (CliCall *call, GVariant **ret_reply)
{
  gboolean shows = wants_show (call);
  const CliMember *member = shows ? cli_member_find (call->verb->show)
                                  : cli_verb_member (call->verb);
  g_auto (GStrv) names = split_member (member->name);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GVariant) known = NULL;
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (!shows && lacks_words (call, member))
    {
      g_autofree char *usage = cli_verb_usage (call->group, call->verb);

      g_printerr ("Usage: vireoctl %s %s %s\n", call->group->name, call->verb->name, usage);
      return CLI_EXIT_USAGE;
    }
  path = cli_call_path (call, &error);
  if (path != NULL && call->verb->show != NULL && !shows && has_parameters (member))
    known = get_known (call, path);
  if (path != NULL)
    args = make_arguments (call, member, known, fds, &error);
  if (args != NULL)
    reply = cli_call_watched (call->context, path, names[0], names[1], args, fds, NULL, &error);
  if (reply == NULL)
    return cli_fail (error);
  if (ret_reply != NULL)
    *ret_reply = g_variant_ref (reply);
  return print_wanted (call, member, reply);
}

int
cli_run_call (CliCall *call)
{
  return cli_run_call_for (call, NULL);
}

/* Calls @member, prints what it gives. */
int
cli_call_member (CliCall *call, const char *member, const char *path, GVariant *args)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (args);
  g_auto (GStrv) names = split_member (member);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = cli_call_watched (call->context, path, names[0], names[1], held, NULL, NULL, &error);

  if (reply == NULL)
    return cli_fail (error);
  return cli_print_reply (call->context, cli_member_find (member), reply);
}

/* ---- lists ---- */

static gboolean list_all, list_name, list_uuid, list_id, list_title, list_tree;

/* Columns that are asked for. With one of those that take the place of the table, only these are
 * printed, and without a heading. */
static const struct
{
  const gboolean *wanted;
  CliColumn column;
  gboolean in_table;
} list_columns[] = {
  { &list_id, { "ID", "Id" }, FALSE },
  { &list_uuid, { "UUID", "Uuid" }, FALSE },
  { &list_name, { "NAME", NULL }, FALSE },
  { &list_title, { "TITLE", "Title" }, TRUE },
  { &list_tree, { "NAME", NULL }, FALSE },
  { &list_tree, { "PARENT", "Parent" }, FALSE },
};

static const CliKind *
listed_kind (CliCall *call)
{
  return cli_kind_find (call->group->kind);
}

static gboolean
is_bare (void)
{
  return list_name || list_uuid || list_id || list_tree;
}

/* What is printed of @kind (element-type CliColumn), ending with a row without a title. */
static GArray *
choose_columns (const CliKind *kind, GError **error)
{
  g_autoptr (GArray) chosen = g_array_new (TRUE, TRUE, sizeof (CliColumn));

  for (const CliColumn *c = kind->columns; !is_bare () && c->title != NULL; c++)
    g_array_append_val (chosen, *c);
  for (gsize i = 0; i < G_N_ELEMENTS (list_columns); i++)
    {
      CliColumn column = list_columns[i].column;

      if (!*list_columns[i].wanted || (list_columns[i].in_table && is_bare ()))
        continue;
      if (column.property == NULL)
        column.property = kind->name_property;
      if (cli_property_find (kind->name, column.property) == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "these have no %s",
                       column.property);
          return NULL;
        }
      g_array_append_val (chosen, column);
    }
  return g_steal_pointer (&chosen);
}

static GVariant *
list_properties (CliCall *call, const GArray *columns)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < columns->len && !call->context->json; i++)
    g_variant_builder_add (&builder, "s", g_array_index (columns, CliColumn, i).property);
  return g_variant_builder_end (&builder);
}

/* A verb's member gives an a{oa{sv}} of objects of the group's kind. */
int
cli_run_list (CliCall *call)
{
  const CliMember *member = cli_verb_member (call->verb);
  const CliKind *kind = listed_kind (call);
  g_auto (GStrv) names = split_member (member->name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) columns = choose_columns (kind, &error);
  g_autofree char *path = columns != NULL ? cli_call_path (call, &error) : NULL;
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) objects = NULL;

  if (path != NULL && cli_options_take (call, member, &options, &error))
    reply = cli_call (call->context, path, names[0], names[1],
                      g_variant_new ("(@as@a{sv})", list_properties (call, columns), options),
                      "(a{oa{sv}})", &error);
  if (reply == NULL)
    return cli_fail (error);
  objects = g_variant_get_child_value (reply, 0);
  if (call->context->json)
    return cli_print_json (objects);
  if (list_tree)
    {
      const CliField *parent = cli_property_find (kind->name, "Parent");

      cli_print_tree (objects, kind->name_property, g_str_equal (parent->type, "o"));
      return 0;
    }
  cli_print_objects (objects, kind->name, (const CliColumn *) (gconstpointer) columns->data,
                     !is_bare ());
  return 0;
}

const GOptionEntry cli_list_options[] = {
  { "all", 'a', 0, G_OPTION_ARG_NONE, &list_all, "All of them (the default)", NULL },
  { "name", 0, 0, G_OPTION_ARG_NONE, &list_name, "Print names only", NULL },
  { "uuid", 0, 0, G_OPTION_ARG_NONE, &list_uuid, "Print UUIDs only", NULL },
  { "tree", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &list_tree, NULL, NULL },
  { "id", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &list_id, NULL, NULL },
  { "title", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &list_title, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

/* ---- properties ---- */

static GVariant *
get_properties (CliCall *call)
{
  g_autofree char *interface = interface_of (kind_name (call));
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  GVariant *properties
      = path != NULL ? cli_get_all (call->context, path, interface, &error) : NULL;

  if (properties == NULL)
    cli_fail (error);
  return properties;
}

int
cli_run_info (CliCall *call)
{
  g_autoptr (GVariant) properties = get_properties (call);

  if (properties == NULL)
    return CLI_EXIT_FAILURE;
  if (call->context->json)
    return cli_print_json (properties);
  cli_print_properties (properties, kind_name (call), NULL);
  return 0;
}

int
cli_run_property (CliCall *call)
{
  const char *name = strchr (call->verb->member, ':') + 1;
  g_autoptr (GVariant) properties = get_properties (call);
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  if (properties == NULL)
    return CLI_EXIT_FAILURE;
  value = g_variant_lookup_value (properties, name, NULL);
  if (value == NULL)
    {
      g_printerr ("vireoctl: the service does not say the %s\n", name);
      return CLI_EXIT_FAILURE;
    }
  if (call->context->json)
    return cli_print_json (value);
  text = cli_value_to_string (value, cli_property_find (kind_name (call), name));
  g_print ("%s\n", text);
  return 0;
}

static gboolean autostart_disable;

const GOptionEntry cli_autostart_options[] = {
  { "disable", 0, 0, G_OPTION_ARG_NONE, &autostart_disable, "Do not start with the host", NULL },
  G_OPTION_ENTRY_NULL,
};

int
cli_run_autostart (CliCall *call)
{
  g_autofree char *interface = interface_of (kind_name (call));
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);

  if (path == NULL
      || !cli_set (call->context, path, interface, "Autostart",
                   g_variant_new_boolean (!autostart_disable), &error))
    return cli_fail (error);
  return 0;
}

/* ---- editing ---- */

/* Where a document is put back. */
typedef struct
{
  const CliMember *member;
  const char *path;
  GVariant *leading; /* (nullable): the argument before the document */
  const CliMember *from; /* what gives the document */
  const char *from_path;
  const char *text; /* as it was when the user began */
} EditTarget;

static void
add_flag (GVariantDict *options, const CliMember *member, const char *name)
{
  if (cli_fields_find (member->options, name) != NULL)
    g_variant_dict_insert (options, name, "b", TRUE);
}

static char *
get_document (CliContext *context, const CliMember *member, const char *path, GVariant *leading,
              GError **error)
{
  g_auto (GVariantBuilder) args = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);
  g_auto (GStrv) names = split_member (member->name);
  g_autoptr (GVariant) reply = NULL;
  GVariantDict options;
  char *text = NULL;

  if (leading != NULL)
    g_variant_builder_add_value (&args, leading);
  g_variant_dict_init (&options, NULL);
  add_flag (&options, member, "inactive");
  /* Without the passwords the edited document would remove them. */
  add_flag (&options, member, "secure");
  g_variant_builder_add_value (&args, g_variant_dict_end (&options));
  reply = cli_call (context, path, names[0], names[1], g_variant_builder_end (&args), "(s)",
                    error);
  if (reply != NULL)
    g_variant_get (reply, "(s)", &text);
  return text;
}

/* What somebody else did while the user edited must not be undone without a word. */
static gboolean
is_as_before (CliContext *context, const EditTarget *target, GError **error)
{
  g_autofree char *now
      = get_document (context, target->from, target->from_path, target->leading, error);

  if (now == NULL)
    return FALSE;
  if (g_str_equal (now, target->text))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG,
                       "it was changed by somebody else meanwhile");
  return FALSE;
}

static gboolean
apply_edit (CliContext *context, const char *text, CliEditFlags flags, gpointer data,
            GError **error)
{
  const EditTarget *target = data;
  g_auto (GVariantBuilder) args = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);
  g_auto (GStrv) names = split_member (target->member->name);
  g_autoptr (GVariant) reply = NULL;
  GVariantDict options;

  if ((flags & CLI_EDIT_FORCE) == 0 && !is_as_before (context, target, error))
    return FALSE;
  if (target->leading != NULL)
    g_variant_builder_add_value (&args, target->leading);
  g_variant_builder_add (&args, "s", text);
  g_variant_dict_init (&options, NULL);
  if ((flags & CLI_EDIT_VALIDATE) != 0)
    add_flag (&options, target->member, "validate");
  add_flag (&options, target->member, "redefine");
  g_variant_builder_add_value (&args, g_variant_dict_end (&options));
  reply = cli_call (context, target->path, names[0], names[1], g_variant_builder_end (&args), NULL,
                    error);
  return reply != NULL;
}

/* Where the document of an object goes when it is not the object that takes it. */
static char *
edit_path (CliCall *call, const CliMember *member, const char *path, GError **error)
{
  g_autofree char *start = g_strdup_printf ("%s.", kind_name (call));
  const CliKind *parent = cli_kind_parent (cli_verb_kind (call->group, call->verb));

  if (g_str_has_prefix (member->name, start))
    return g_strdup (path);
  return parent != NULL ? cli_kind_find_object (call->context, parent,
                                                (const char *const *) call->words, error)
                        : cli_connection_path (call->context);
}

/* The verb's member gives a document, and what it shows takes it. A file that the service reads is
 * the argument before it. */
int
cli_run_edit (CliCall *call)
{
  const CliMember *from = cli_verb_member (call->verb);
  EditTarget target = { .member = cli_member_find (call->verb->show) };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  g_autofree char *back = path != NULL ? edit_path (call, target.member, path, &error) : NULL;
  g_autoptr (GVariant) leading = NULL;
  g_autofree char *text = NULL;
  guint depth = n_object_words (call);

  if (back == NULL)
    return cli_fail (error);
  if ((guint) call->n_words > depth)
    {
      g_autofree char *file = g_canonicalize_filename (call->words[depth], NULL);

      leading = g_variant_ref_sink (g_variant_new_string (file));
    }
  target.path = back;
  target.leading = leading;
  target.from = from;
  target.from_path = path;
  text = get_document (call->context, from, path, leading, &error);
  if (text == NULL)
    return cli_fail (error);
  target.text = text;
  return cli_edit (call->context, text, apply_edit, &target);
}
