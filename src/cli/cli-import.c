/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl import-libvirt: says what would be taken over from libvirt and what stands in the way;
 * with --yes does it. Nothing that is there already is touched, and libvirt's own files stay as
 * they are. */
#include "cli-import.h"

#include <string.h>

static char *opt_root;
static gboolean opt_yes;

const GOptionEntry cli_import_options[] = {
  { "root", 0, 0, G_OPTION_ARG_FILENAME, &opt_root,
    "The folder that has etc/libvirt and var/lib/libvirt, such as a backup", "DIR" },
  { "yes", 'y', 0, G_OPTION_ARG_NONE, &opt_yes, "Do it, rather than say what would be done",
    NULL },
  G_OPTION_ENTRY_NULL,
};

typedef enum
{
  RESULT_DONE,   /* or would be */
  RESULT_THERE,  /* it is already */
  RESULT_TAKEN,  /* another one has its name */
  RESULT_CANNOT,
} Result;

typedef struct
{
  CliContext *context;
  char *connection;
  const char *const *features;
  GHashTable *domains; /* by their names, those that are here now, or would be; the value is the
                        * object's path, "" of one that would be made */
  GVariantBuilder *report;
  guint counts[RESULT_CANNOT + 1];
} Import;

/* ---- what is there already ---- */

/* The path of the one that @word finds; %NULL without @error when there is none. */
static char *
find (Import *import, const char *parent, const CliKind *kind, const char *word, GError **error)
{
  g_autofree char *interface
      = g_strconcat (CLI_BUS_NAME ".", kind->parent != NULL ? kind->parent : "Connection", NULL);

  for (const CliLookup *lookup = kind->lookups; lookup->method != NULL; lookup++)
    {
      GVariant *arguments = lookup->arguments (word);
      g_autoptr (GError) local_error = NULL;
      g_autoptr (GVariant) reply = NULL;
      g_autofree char *name = NULL;

      /* An id is not what a name is compared with. */
      if (arguments == NULL || g_str_has_suffix (lookup->method, "ById"))
        {
          g_clear_pointer (&arguments, g_variant_unref);
          continue;
        }
      reply = cli_call (import->context, parent, interface, lookup->method, arguments, "(o)",
                        &local_error);
      if (reply != NULL)
        {
          char *path;

          g_variant_get (reply, "(o)", &path);
          return path;
        }
      name = g_dbus_error_get_remote_error (local_error);
      if (g_strcmp0 (name, CLI_IFACE ("Error.NotFound")) != 0)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
  return NULL;
}

/* Whether the item is there, or another one that has its name; asked right before it is made, too.
 * @ret_path is only set when it is the item itself. */
static Result
look (Import *import, const CliImportItem *item, const char *parent, char **ret_path,
      GError **error)
{
  const CliKind *kind = cli_kind_find (item->row->kind);
  g_autofree char *by_name = NULL;

  if (item->uuid != NULL)
    *ret_path = find (import, parent, kind, item->uuid, error);
  if (*ret_path != NULL || *error != NULL)
    return RESULT_THERE;
  if (item->row->name_offset >= 0)
    by_name = find (import, parent, kind, item->name, error);
  if (by_name == NULL)
    return RESULT_DONE;
  /* What has no UUID is what it is called. */
  return item->uuid != NULL ? RESULT_TAKEN : RESULT_THERE;
}

/* What a domain does now follows one snapshot: a domain that has one keeps it. */
static gboolean
has_current (Import *import, const char *domain)
{
  g_autoptr (GVariant) properties
      = cli_get_all (import->context, domain, CLI_IFACE ("Domain"), NULL);
  const char *current = "/";

  if (properties != NULL)
    g_variant_lookup (properties, "CurrentSnapshot", "&o", &current);
  return !g_str_equal (current, "/");
}

/* ---- making one ---- */

static gboolean
call (Import *import, const char *path, const char *member, GVariant *args, char **ret_made,
      GError **error)
{
  g_auto (GStrv) names = g_strsplit (member, ".", 2);
  g_autofree char *interface = g_strconcat (CLI_BUS_NAME ".", names[0], NULL);
  g_autoptr (GVariant) reply
      = cli_call (import->context, path, interface, names[1], args, NULL, error);

  if (reply != NULL && ret_made != NULL)
    g_variant_get (reply, "(o)", ret_made);
  return reply != NULL;
}

/* What libvirt tells of beside the definition. Fails without undoing the definition, which is whole
 * by itself. */
static gboolean
complete (Import *import, const CliImportItem *item, const char *path, GError **error)
{
  g_autofree char *interface = g_strconcat (CLI_BUS_NAME ".", item->row->kind, NULL);

  if (item->value != NULL
      && !call (import, path, "Secret.SetValue",
                g_variant_new ("(@aya{sv})",
                               g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, item->value,
                                                         TRUE),
                               NULL),
                NULL, error))
    return FALSE;
  return !item->autostart
         || cli_set (import->context, path, interface, "Autostart", g_variant_new_boolean (TRUE),
                     error);
}

/* Returns the path, also when not all could be done with it. */
static char *
make (Import *import, const CliImportItem *item, const char *parent, GError **error)
{
  char *path = NULL;
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (item->domain != NULL)
    g_variant_dict_insert (&options, "redefine", "b", TRUE);
  if (item->current && !has_current (import, parent))
    g_variant_dict_insert (&options, "current", "b", TRUE);
  if (!call (import, parent, item->row->define,
             g_variant_new ("(s@a{sv})", item->text, g_variant_dict_end (&options)), &path, error))
    return NULL;
  if (!complete (import, item, path, error))
    g_prefix_error (error, "it is defined, but ");
  return path;
}

/* ---- one after the other ---- */

static Result
cannot (GPtrArray *notes, const char *why)
{
  g_ptr_array_add (notes, g_strdup (why));
  return RESULT_CANNOT;
}

/* @parent: the object that has it, or will; "" when that one is only to be made. */
static Result
import_below (Import *import, CliImportItem *item, const char *parent)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  Result result = *parent != '\0' ? look (import, item, parent, &path, &error) : RESULT_DONE;

  if (error == NULL && result == RESULT_DONE)
    path = opt_yes ? make (import, item, parent, &error) : g_strdup ("");
  if (path != NULL && g_str_equal (item->row->kind, "Domain"))
    g_hash_table_insert (import->domains, g_strdup (item->name), g_steal_pointer (&path));
  if (result == RESULT_TAKEN)
    g_ptr_array_add (item->notes, g_strdup ("another one here has that name"));
  if (error == NULL)
    return result;
  g_dbus_error_strip_remote_error (error);
  return cannot (item->notes, error->message);
}

/* A moment belongs to its very domain: another one that has its name has moments of its own. */
static Result
import_item (Import *import, CliImportItem *item)
{
  const char *parent = import->connection;

  if (item->problem != NULL)
    return cannot (item->notes, item->problem);
  if (!g_strv_contains (import->features, item->row->define))
    {
      g_autofree char *why = g_strdup_printf ("the driver of this connection has no %s",
                                              item->row->define);

      return cannot (item->notes, why);
    }
  if (item->domain != NULL)
    parent = g_hash_table_lookup (import->domains, item->domain);
  if (parent == NULL)
    return cannot (item->notes, "its domain is not taken over");
  return import_below (import, item, parent);
}

static const char *
word_of (Result result)
{
  static const char *const dry[] = { "would import", "there already", "name taken", "cannot" };
  static const char *const done[] = { "imported", "there already", "name taken", "failed" };

  return opt_yes ? done[result] : dry[result];
}

static void
report_json (Import *import, const CliImportItem *item, Result result)
{
  GVariantDict row;

  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert (&row, "result", "s", word_of (result));
  g_variant_dict_insert (&row, "kind", "s", item->row->noun);
  g_variant_dict_insert (&row, "name", "s", item->name);
  g_variant_dict_insert (&row, "domain", "s", item->domain != NULL ? item->domain : "");
  g_variant_dict_insert (&row, "file", "s", item->file);
  g_variant_dict_insert (&row, "autostart", "b", item->autostart);
  g_variant_dict_insert_value (
      &row, "notes",
      g_variant_new_strv ((const char *const *) item->notes->pdata, (gssize) item->notes->len));
  g_variant_builder_add_value (import->report, g_variant_dict_end (&row));
}

static void
report_text (const CliImportItem *item, Result result)
{
  g_print ("%-13s  %-10s  %s%s%s%s%s\n", word_of (result), item->row->noun,
           item->domain != NULL ? item->domain : "", item->domain != NULL ? " " : "", item->name,
           item->autostart ? " (autostart)" : "", item->value != NULL ? " (with its value)" : "");
  /* Of what is there already nobody has to know more. */
  for (guint i = 0; i < item->notes->len && result != RESULT_THERE; i++)
    {
      const char *note = item->notes->pdata[i];
      gboolean says_file = strstr (note, item->file) != NULL;

      g_print ("               %s%s%s\n", says_file ? "" : item->file, says_file ? "" : ": ", note);
    }
}

static void
report_sum (const Import *import, const CliImportTree *tree)
{
  const guint *counts = import->counts;

  for (guint i = 0; i < tree->notices->len; i++)
    g_print ("%s\n", (const char *) tree->notices->pdata[i]);
  g_print ("%u %s, %u there already, ", counts[RESULT_DONE], opt_yes ? "imported" : "to import",
           counts[RESULT_THERE]);
  if (counts[RESULT_TAKEN] > 0)
    g_print ("%u whose name is taken, ", counts[RESULT_TAKEN]);
  g_print ("%u %s\n", counts[RESULT_CANNOT], opt_yes ? "failed" : "cannot be");
  if (!opt_yes && counts[RESULT_DONE] > 0)
    g_print ("Nothing was changed; --yes does it, and says then what the hypervisor's driver "
             "refuses, which was not asked. Disable libvirt's services then, so that not both "
             "start the same guests.\n");
}

static int
finish (Import *import, const CliImportTree *tree)
{
  if (import->context->json)
    {
      GVariantDict report;

      g_variant_dict_init (&report, NULL);
      g_variant_dict_insert_value (&report, "items", g_variant_builder_end (import->report));
      g_variant_dict_insert_value (&report, "notices",
                                   g_variant_new_strv ((const char *const *) tree->notices->pdata,
                                                       (gssize) tree->notices->len));
      cli_print_json (g_variant_dict_end (&report));
    }
  else
    report_sum (import, tree);
  return import->counts[RESULT_CANNOT] > 0 || import->counts[RESULT_TAKEN] > 0
                 || tree->notices->len > 0
             ? CLI_EXIT_FAILURE
             : 0;
}

static CliImportTree *
scan (CliContext *context)
{
  const char *root = opt_root != NULL ? opt_root : "/";
  g_autofree char *config = NULL;
  g_autofree char *state = NULL;
  g_autofree char *runtime = NULL;

  /* A user's own libvirt keeps all in the folder for configuration. */
  if (context->session && opt_root == NULL)
    {
      config = g_build_filename (g_get_user_config_dir (), "libvirt", NULL);
      state = g_build_filename (config, "qemu", NULL);
      runtime = g_build_filename (g_get_user_runtime_dir (), "libvirt", "qemu", "run", NULL);
    }
  else
    {
      config = g_build_filename (root, "etc", "libvirt", NULL);
      state = g_build_filename (root, "var", "lib", "libvirt", "qemu", NULL);
      runtime = g_build_filename (root, "run", "libvirt", "qemu", NULL);
    }
  if (!g_file_test (config, G_FILE_TEST_IS_DIR))
    {
      g_printerr ("vireoctl: there is no %s\n", config);
      return NULL;
    }
  return cli_import_scan (config, state, runtime);
}

int
cli_run_import (CliCall *call)
{
  g_autoptr (CliImportTree) tree = scan (call->context);
  g_autofree char *connection = cli_connection_path (call->context);
  g_autoptr (GHashTable) domains = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GVariantBuilder) report = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autofree const char **features = NULL;
  Import import = { call->context, connection, NULL, domains, &report, { 0 } };

  if (tree == NULL)
    return CLI_EXIT_FAILURE;
  properties = cli_get_all (call->context, connection, CLI_IFACE ("Connection"), &error);
  if (properties == NULL)
    return cli_fail (error);
  g_variant_lookup (properties, "Features", "^a&s", &features);
  import.features = features;
  for (guint i = 0; i < tree->items->len; i++)
    {
      CliImportItem *item = tree->items->pdata[i];
      Result result = import_item (&import, item);

      import.counts[result]++;
      if (call->context->json)
        report_json (&import, item, result);
      else
        report_text (item, result);
    }
  return finish (&import, tree);
}
