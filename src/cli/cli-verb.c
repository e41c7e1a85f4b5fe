/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verb takes: its words, and the options of its member. */
#include "cli.h"

#include <string.h>

/* An option that stands for a field of a member. */
typedef struct
{
  const CliField *field;
  gboolean named; /* an argument rather than a key of the options */
  char *long_name;
  char *off_name; /* of a filter: only those of which it is not so */
  char *initial;  /* of an argument: what it is when it is not given */
  gboolean on;
  gboolean off;
  char *text;
  char **texts;
} Slot;

struct _CliOptions
{
  GPtrArray *slots;
  GArray *entries; /* GOptionEntry */
  char *xpath;     /* of a document: what is wanted of it */
  gboolean wrap;
  gboolean persistent; /* live when it runs, and config */
};

static void
slot_free (Slot *slot)
{
  g_free (slot->long_name);
  g_free (slot->off_name);
  g_free (slot->initial);
  g_free (slot->text);
  g_strfreev (slot->texts);
  g_free (slot);
}

void
cli_options_free (CliOptions *options)
{
  g_ptr_array_unref (options->slots);
  g_array_unref (options->entries);
  g_free (options->xpath);
  g_free (options);
}

/* The member of a verb; %NULL of one that has none, or is about a property. */
const CliMember *
cli_verb_member (const CliVerb *verb)
{
  return verb->member != NULL && strchr (verb->member, ':') == NULL
             ? cli_member_find (verb->member)
             : NULL;
}

/* What the first words of a verb name. */
const CliKind *
cli_verb_kind (const CliGroup *group, const CliVerb *verb)
{
  gsize length = verb->member != NULL ? strcspn (verb->member, ".:") : 0;
  g_autofree char *name = length > 0 ? g_strndup (verb->member, length) : g_strdup (group->kind);

  return name != NULL ? cli_kind_find (name) : NULL;
}

/* ---- words ---- */

static gboolean
is_named (const CliVerb *verb, const CliField *field)
{
  g_auto (GStrv) pairs = g_strsplit (verb->named != NULL ? verb->named : "", " ", -1);
  g_autofree char *start = g_strconcat (field->name, "=", NULL);

  for (gsize i = 0; pairs[i] != NULL; i++)
    if (g_str_has_prefix (pairs[i], start))
      return TRUE;
  return FALSE;
}

static void
add_kind (GPtrArray *words, const CliKind *kind)
{
  if (kind == NULL || cli_kind_depth (kind) == 0)
    return;
  add_kind (words, cli_kind_parent (kind));
  g_ptr_array_add (words, g_strdup (kind->word));
}

static void
add_arguments (GPtrArray *words, const CliVerb *verb, const CliMember *member)
{
  for (const CliField *f = member->ins; f->name != NULL; f++)
    if (!is_named (verb, f))
      g_ptr_array_add (words, cli_words_name (member, f));
}

/* The words that a verb takes, such as "DOMAIN [DEVICE]". */
char *
cli_verb_usage (const CliGroup *group, const CliVerb *verb)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  const CliMember *member = cli_verb_member (verb);
  guint optional;

  if (verb->usage != NULL)
    return g_strdup (verb->usage);
  add_kind (words, cli_verb_kind (group, verb));
  optional = words->len;
  /* A list's properties are its columns. */
  if (member != NULL && verb->run != cli_run_list)
    add_arguments (words, verb, member);
  if (verb->show != NULL && verb->run != cli_run_edit)
    optional += (guint) cli_fields_count (cli_member_find (verb->show)->ins);
  else
    optional = words->len - (guint) verb->optional;
  for (guint i = optional; i < words->len; i++)
    {
      g_autofree char *word = words->pdata[i];

      words->pdata[i] = g_strdup_printf ("[%s]", word);
    }
  g_ptr_array_add (words, NULL);
  return g_strjoinv (" ", (char **) words->pdata);
}

/* ---- options ---- */

/* What stands for the value of an option in its help. */
static const char *
value_name (const CliField *field)
{
  if (g_str_has_suffix (field->name, "xml"))
    return "FILE";
  if (g_strcmp0 (field->unit, "bytes") == 0 || g_strcmp0 (field->unit, "KiB") == 0)
    return "SIZE";
  if (g_strcmp0 (field->unit, "time") == 0 || g_strcmp0 (field->unit, "seconds") == 0)
    return "TIME";
  return strlen (field->type) == 1 && strchr ("iutxd", field->type[0]) != NULL ? "NUMBER" : "VALUE";
}

static void
add_entry (CliOptions *options, const char *name, GOptionArg arg, gpointer data,
           const CliField *field)
{
  GOptionEntry entry = { name, 0, 0, arg, data, NULL, NULL };

  if (arg != G_OPTION_ARG_NONE)
    entry.arg_description = value_name (field);
  if (field->text[0] != '\0')
    entry.description = field->text;
  g_array_append_val (options->entries, entry);
}

/* What virsh has for an option of ours. */
static void
add_virsh_name (CliOptions *options, Slot *slot)
{
  GOptionEntry entry = { "security-info", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &slot->on,
                         NULL, NULL };

  if (g_str_equal (slot->field->name, "secure"))
    g_array_append_val (options->entries, entry);
}

static Slot *
add_slot (CliOptions *options, const CliField *field)
{
  Slot *slot = g_new0 (Slot, 1);

  slot->field = field;
  slot->long_name = g_strdup (field->name);
  g_ptr_array_add (options->slots, slot);
  if (g_str_equal (field->type, "b"))
    add_entry (options, slot->long_name, G_OPTION_ARG_NONE, &slot->on, field);
  else if (g_variant_type_is_array (G_VARIANT_TYPE (field->type)))
    add_entry (options, slot->long_name, G_OPTION_ARG_STRING_ARRAY, &slot->texts, field);
  else
    add_entry (options, slot->long_name, G_OPTION_ARG_STRING, &slot->text, field);
  add_virsh_name (options, slot);
  return slot;
}

static gboolean
has_option (const CliOptions *options, const CliVerb *verb, const char *name)
{
  for (guint i = 0; i < options->slots->len; i++)
    if (g_str_equal (((Slot *) options->slots->pdata[i])->long_name, name))
      return TRUE;
  for (const GOptionEntry *e = verb->options; e != NULL && e->long_name != NULL; e++)
    if (g_str_equal (e->long_name, name))
      return TRUE;
  return FALSE;
}

/* Of a list every yes-or-no option is a filter, which can want either. */
static void
add_filter_off (CliOptions *options, Slot *slot)
{
  static const CliField others = { NULL, "b", NULL, "Only the others", NULL };
  const char *name = slot->field->name;

  /* What the interface says of both is said of each here. */
  g_array_index (options->entries, GOptionEntry, options->entries->len - 1).description
      = "Only these";
  if (g_str_equal (name, "active"))
    slot->off_name = g_strdup ("inactive");
  else if (g_str_equal (name, "persistent"))
    slot->off_name = g_strdup ("transient");
  else
    slot->off_name = g_strconcat ("no-", name, NULL);
  add_entry (options, slot->off_name, G_OPTION_ARG_NONE, &slot->off, &others);
}

/* Whether what is wanted may be those of which it is so, and those of which it is not. */
static gboolean
is_filter (const CliVerb *verb, const CliField *field)
{
  if (verb->run == cli_run_list)
    return !g_str_equal (field->name, "descendants");
  return g_strcmp0 (verb->member, "Connection.GetDomainStats") == 0
         && g_str_has_prefix (field->text, "Only the domains");
}

static void
add_member (CliOptions *options, const CliVerb *verb, const CliMember *member)
{
  for (const CliField *f = member->options; f != NULL && f->name != NULL; f++)
    if (!has_option (options, verb, f->name))
      {
        Slot *slot = add_slot (options, f);

        if (g_str_equal (f->type, "b") && is_filter (verb, f))
          add_filter_off (options, slot);
      }
}

static void
add_named (CliOptions *options, const CliVerb *verb, const CliMember *member)
{
  g_auto (GStrv) pairs = g_strsplit (verb->named != NULL ? verb->named : "", " ", -1);

  for (gsize i = 0; pairs[i] != NULL && pairs[i][0] != '\0'; i++)
    {
      g_auto (GStrv) pair = g_strsplit (pairs[i], "=", 2);
      const CliField *field = cli_fields_find (member->ins, pair[0]);
      Slot *slot;

      g_assert (field != NULL && pair[1] != NULL);
      slot = add_slot (options, field);
      slot->named = TRUE;
      slot->initial = g_strdup (pair[1]);
    }
}

/* Of a member that gives a document, parts of it can be had. */
static void
add_xpath (CliOptions *options, const CliVerb *verb, const CliMember *member)
{
  const GOptionEntry entries[] = {
    { "xpath", 0, 0, G_OPTION_ARG_STRING, &options->xpath, "Only what this finds in it",
      "EXPRESSION" },
    { "wrap", 0, 0, G_OPTION_ARG_NONE, &options->wrap, "With one element around all that", NULL },
  };

  if (verb->run == NULL && g_strcmp0 (member->outs[0].name, "xml") == 0
      && member->outs[1].name == NULL)
    g_array_append_vals (options->entries, entries, G_N_ELEMENTS (entries));
}

/* Changes of devices, which are made in either definition or both. */
static void
add_persistent (CliOptions *options, const CliVerb *verb, const CliMember *member)
{
  const GOptionEntry entry = { "persistent", 0, 0, G_OPTION_ARG_NONE, &options->persistent,
                               "What the next start uses, and what runs, if it does", NULL };

  if (!has_option (options, verb, "persistent") && strstr (member->name, "Device") != NULL
      && cli_fields_find (member->options, "live") != NULL
      && cli_fields_find (member->options, "config") != NULL)
    g_array_append_val (options->entries, entry);
}

CliOptions *
cli_options_new (const CliVerb *verb)
{
  CliOptions *options = g_new0 (CliOptions, 1);
  const CliMember *member = cli_verb_member (verb);
  const GOptionEntry end = G_OPTION_ENTRY_NULL;

  options->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) slot_free);
  options->entries = g_array_new (FALSE, TRUE, sizeof (GOptionEntry));
  for (const GOptionEntry *e = verb->options; e != NULL && e->long_name != NULL; e++)
    g_array_append_val (options->entries, *e);
  /* What is edited is read and written as a whole. */
  if (member != NULL && verb->run != cli_run_edit)
    {
      add_named (options, verb, member);
      add_member (options, verb, member);
      add_xpath (options, verb, member);
      add_persistent (options, verb, member);
    }
  if (verb->show != NULL && verb->run != cli_run_edit)
    add_member (options, verb, cli_member_find (verb->show));
  g_array_append_val (options->entries, end);
  return options;
}

const GOptionEntry *
cli_options_entries (const CliOptions *options)
{
  return (const GOptionEntry *) (gpointer) options->entries->data;
}

static Slot *
find_slot (const CliOptions *options, const char *name)
{
  for (guint i = 0; i < options->slots->len; i++)
    if (g_str_equal (((Slot *) options->slots->pdata[i])->field->name, name))
      return options->slots->pdata[i];
  return NULL;
}

/* What an argument that is an option is; %NULL when there is no such. */
const char *
cli_options_text (const CliOptions *options, const char *name)
{
  const Slot *slot = find_slot (options, name);

  if (slot == NULL || !slot->named)
    return NULL;
  return slot->text != NULL ? slot->text : slot->initial;
}

static gboolean
is_given (const Slot *slot)
{
  return slot->on || slot->off || slot->text != NULL || slot->texts != NULL;
}

/* (nullable): what is wanted of a document rather than all of it. */
const char *
cli_options_xpath (const CliOptions *options, gboolean *ret_wrap)
{
  *ret_wrap = options->wrap;
  return options->xpath;
}

gboolean
cli_options_is_on (const CliOptions *options, const char *name)
{
  const Slot *slot = find_slot (options, name);

  return slot != NULL && slot->on;
}

/* Whether @member has all options that were given. */
gboolean
cli_options_fit (const CliOptions *options, const CliMember *member)
{
  for (guint i = 0; i < options->slots->len; i++)
    {
      const Slot *slot = options->slots->pdata[i];

      if (is_given (slot) && !slot->named
          && cli_fields_find (member->options, slot->field->name) == NULL)
        return FALSE;
    }
  return TRUE;
}

/* The objects that the values of an option say, which is called after their kind. */
static GVariant *
object_paths (const CliCall *call, const Slot *slot, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  gssize length = (gssize) strlen (slot->field->name) - 1;
  g_autofree char *word = g_ascii_strup (slot->field->name, length);
  const CliKind *kind = cli_kind_find_word (word);

  g_assert (kind != NULL);
  for (gsize i = 0; slot->texts[i] != NULL; i++)
    {
      const char *words[] = { slot->texts[i], NULL };
      g_autofree char *path = cli_kind_find_object (call->context, kind, words, error);

      if (path == NULL)
        return NULL;
      g_variant_builder_add (&builder, "o", path);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
slot_value (const CliCall *call, const Slot *slot, GError **error)
{
  if (g_str_equal (slot->field->type, "b"))
    return g_variant_new_boolean (slot->on);
  if (g_str_equal (slot->field->type, "ao"))
    return object_paths (call, slot, error);
  if (slot->texts != NULL)
    return g_variant_new_strv ((const char *const *) slot->texts, -1);
  if (g_str_has_suffix (slot->field->name, "xml") && slot->text[0] != '<')
    {
      g_autofree char *document = cli_read_text (slot->text, error);

      return document != NULL ? g_variant_new_string (document) : NULL;
    }
  return cli_words_parse (slot->field, slot->text, error);
}

static gboolean
take_persistent (const CliCall *call, GVariantBuilder *builder, GError **error)
{
  g_autofree char *path = cli_kind_find_object (call->context, cli_kind_find ("Domain"),
                                                (const char *const *) call->words, error);
  g_autoptr (GVariant) properties
      = path != NULL ? cli_get_all (call->context, path, CLI_IFACE ("Domain"), error) : NULL;
  gboolean active = FALSE;

  if (properties == NULL)
    return FALSE;
  g_variant_lookup (properties, "Active", "b", &active);
  if (active && !cli_options_is_on (call->options, "live"))
    g_variant_builder_add (builder, "{sv}", "live", g_variant_new_boolean (TRUE));
  if (!cli_options_is_on (call->options, "config"))
    g_variant_builder_add (builder, "{sv}", "config", g_variant_new_boolean (TRUE));
  return TRUE;
}

/* The options that were given, as @member takes them: an a{sv}, or nothing when it takes none. */
gboolean
cli_options_take (const CliCall *call, const CliMember *member, GVariant **ret_options,
                  GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (call->options->persistent && !take_persistent (call, &builder, error))
    return FALSE;

  for (guint i = 0; i < call->options->slots->len; i++)
    {
      const Slot *slot = call->options->slots->pdata[i];
      GVariant *value;

      /* Both of a filter's options are no filter. */
      if (!is_given (slot) || slot->named || (slot->on && slot->off))
        continue;
      if (cli_fields_find (member->options, slot->field->name) == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "--%s is not for what these words ask for", slot->long_name);
          return FALSE;
        }
      value = slot_value (call, slot, error);
      if (value == NULL)
        {
          g_prefix_error (error, "--%s: ", slot->long_name);
          return FALSE;
        }
      g_variant_builder_add (&builder, "{sv}", slot->field->name, value);
    }
  *ret_options = member->options != NULL ? g_variant_ref_sink (g_variant_builder_end (&builder))
                                         : NULL;
  return TRUE;
}
