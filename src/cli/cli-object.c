/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs that work alike for every kind of object. @kind is the name of the D-Bus interface. */
#include "cli.h"

#include <string.h>

/* A document is refused by the service beyond this; reading more would be in vain. */
#define MAX_FILE_SIZE (8u * 1024 * 1024)

static char *
interface_of (const char *kind)
{
  return g_strconcat (CLI_BUS_NAME, ".", kind, NULL);
}

GVariant *
cli_options (const CliFlag *flags, gsize n_flags)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < n_flags; i++)
    if (*flags[i].value)
      g_variant_builder_add (&builder, "{sv}", flags[i].key, g_variant_new_boolean (TRUE));
  return g_variant_builder_end (&builder);
}

int
cli_object_call (CliContext *context, const char *kind, const char *word, const char *method,
                 GVariant *args)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (args);
  g_autofree char *interface = interface_of (kind);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, kind, word, &error);
  g_autoptr (GVariant) reply = NULL;

  if (path != NULL)
    reply = cli_call (context, path, interface, method, held, NULL, &error);
  return reply != NULL ? 0 : cli_fail (error);
}

static char *
read_text (const char *file, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  if (!g_file_get_contents (g_str_equal (file, "-") ? "/dev/stdin" : file, &text, &length, error))
    return NULL;
  if (length > MAX_FILE_SIZE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is larger than %u bytes", file,
                   MAX_FILE_SIZE);
      return NULL;
    }
  if (!g_utf8_validate (text, (gssize) length, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is not UTF-8 text", file);
      return NULL;
    }
  return g_steal_pointer (&text);
}

int
cli_object_define (CliContext *context, const char *method, const char *file, GVariant *options)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (options);
  g_autofree char *connection = cli_connection_path (context);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_text (file, &error);
  g_autoptr (GVariant) reply = NULL;
  const char *path;

  if (text != NULL)
    reply = cli_call (context, connection, CLI_IFACE ("Connection"), method,
                      g_variant_new ("(s@a{sv})", text, held), "(o)", &error);
  if (reply == NULL)
    return cli_fail (error);
  if (context->json)
    return cli_print_json (reply);
  g_variant_get (reply, "(&o)", &path);
  g_print ("%s\n", path);
  return 0;
}

static char *
get_xml (CliContext *context, const char *path, const char *kind, GVariant *options,
         GError **error)
{
  g_autofree char *interface = interface_of (kind);
  g_autoptr (GVariant) reply = cli_call (context, path, interface, "GetXml",
                                         g_variant_new ("(@a{sv})", options), "(s)", error);
  char *text = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s)", &text);
  return text;
}

int
cli_object_print_xml (CliContext *context, const char *kind, const char *word, GVariant *options)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (options);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, kind, word, &error);
  g_autofree char *text = NULL;

  if (path != NULL)
    text = get_xml (context, path, kind, held, &error);
  if (text == NULL)
    return cli_fail (error);
  g_print ("%s%s", text, g_str_has_suffix (text, "\n") ? "" : "\n");
  return 0;
}

typedef struct
{
  const char *path;
  const char *interface;
} EditTarget;

static gboolean
apply_edit (CliContext *context, const char *text, gpointer data, GError **error)
{
  const EditTarget *target = data;
  g_autoptr (GVariant) reply = NULL;
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "validate", "b", TRUE);
  reply = cli_call (context, target->path, target->interface, "SetXml",
                    g_variant_new ("(s@a{sv})", text, g_variant_dict_end (&options)), NULL, error);
  return reply != NULL;
}

int
cli_object_edit (CliContext *context, const char *kind, const char *word)
{
  g_autofree char *interface = interface_of (kind);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, kind, word, &error);
  g_autofree char *text = NULL;
  GVariantDict options;

  if (path == NULL)
    return cli_fail (error);
  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "inactive", "b", TRUE);
  /* Without the passwords the edited document would remove them. */
  if (g_str_equal (kind, "Domain"))
    g_variant_dict_insert (&options, "secure", "b", TRUE);
  text = get_xml (context, path, kind, g_variant_dict_end (&options), &error);
  if (text == NULL)
    return cli_fail (error);
  return cli_edit (context, text, apply_edit, &(EditTarget){ path, interface });
}

int
cli_object_info (CliContext *context, const char *kind, const char *word)
{
  g_autofree char *interface = interface_of (kind);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, kind, word, &error);
  g_autoptr (GVariant) properties = NULL;

  if (path != NULL)
    properties = cli_get_all (context, path, interface, &error);
  if (properties == NULL)
    return cli_fail (error);
  if (context->json)
    return cli_print_json (properties);
  cli_print_properties (properties);
  return 0;
}

int
cli_object_autostart (CliContext *context, const char *kind, const char *word, gboolean autostart)
{
  g_autofree char *interface = interface_of (kind);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_find_object (context, kind, word, &error);

  if (path == NULL
      || !cli_set (context, path, interface, "Autostart", g_variant_new_boolean (autostart),
                   &error))
    return cli_fail (error);
  return 0;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
print_names (GVariant *objects)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GVariantIter iter;
  GVariant *properties;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sv}}", NULL, &properties))
    {
      char *name = NULL;

      if (g_variant_lookup (properties, "Name", "s", &name))
        g_ptr_array_add (names, name);
    }
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    g_print ("%s\n", (const char *) names->pdata[i]);
}

int
cli_object_list (CliContext *context, const char *kind, GVariant *options,
                 const CliColumn *columns, gsize n_columns, gboolean names_only)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (options);
  g_autofree char *method = g_strdup_printf ("Get%ss", kind);
  g_autofree char *connection = cli_connection_path (context);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder properties;

  g_variant_builder_init (&properties, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; i < n_columns && !context->json; i++)
    g_variant_builder_add (&properties, "s", columns[i].property);
  reply = cli_call (context, connection, CLI_IFACE ("Connection"), method,
                    g_variant_new ("(as@a{sv})", &properties, held), "(a{oa{sv}})", &error);
  if (reply == NULL)
    return cli_fail (error);
  objects = g_variant_get_child_value (reply, 0);
  if (context->json)
    return cli_print_json (objects);
  if (names_only)
    print_names (objects);
  else
    cli_print_table (objects, columns, n_columns);
  return 0;
}
