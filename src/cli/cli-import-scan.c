/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what libvirt keeps on disk. Where things are is as its documentation says: definitions in
 * /etc/libvirt, what belongs to domains in /var/lib/libvirt/qemu. Nothing is written. */
#include "cli-import.h"

#include "conf/vireo-conf.h"

#include <string.h>

/* In the order in which they may need each other. */
static const CliImportRow rows[] = {
  { "secret", "secret", "secrets", NULL, "Secret", "Connection.DefineSecret", -1,
    G_STRUCT_OFFSET (VireoSecretDef, uuid), -1 },
  { "filter", "nwfilter", "nwfilter", NULL, "NetworkFilter", "Connection.DefineNetworkFilter",
    G_STRUCT_OFFSET (VireoNetworkFilterDef, name), G_STRUCT_OFFSET (VireoNetworkFilterDef, uuid),
    -1 },
  { "network", "network", "qemu/networks", "qemu/networks/autostart", "Network",
    "Connection.DefineNetwork", G_STRUCT_OFFSET (VireoNetworkDef, name),
    G_STRUCT_OFFSET (VireoNetworkDef, uuid), -1 },
  { "pool", "storagepool", "storage", "storage/autostart", "StoragePool",
    "Connection.DefineStoragePool", G_STRUCT_OFFSET (VireoStoragePoolDef, name),
    G_STRUCT_OFFSET (VireoStoragePoolDef, uuid), -1 },
  { "domain", "domain", "qemu", "qemu/autostart", "Domain", "Connection.DefineDomain",
    G_STRUCT_OFFSET (VireoDomainDef, name), G_STRUCT_OFFSET (VireoDomainDef, uuid), -1 },
};

static const CliImportRow moment_rows[] = {
  { "snapshot", "snapshot", "snapshot", NULL, "DomainSnapshot", "Domain.CreateSnapshot",
    G_STRUCT_OFFSET (VireoDomainSnapshotDef, name), -1,
    G_STRUCT_OFFSET (VireoDomainSnapshotDef, parent) },
  { "checkpoint", "checkpoint", "checkpoint", NULL, "DomainCheckpoint", "Domain.CreateCheckpoint",
    G_STRUCT_OFFSET (VireoDomainCheckpointDef, name), -1,
    G_STRUCT_OFFSET (VireoDomainCheckpointDef, parent) },
};

/* Definitions of hypervisors that no connection here runs yet. */
static const char *const other_folders[] = { "lxc", "libxl", "bhyve", "vz", "ch" };

static void
item_free (CliImportItem *item)
{
  g_free (item->file);
  g_free (item->text);
  g_free (item->name);
  g_free (item->uuid);
  g_free (item->domain);
  g_free (item->parent);
  g_clear_pointer (&item->value, g_bytes_unref);
  g_free (item->problem);
  g_ptr_array_unref (item->notes);
  g_free (item);
}

void
cli_import_tree_free (CliImportTree *tree)
{
  g_ptr_array_unref (tree->items);
  g_ptr_array_unref (tree->notices);
  g_free (tree);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The names in @folder, sorted; without any when it is not there. What cannot be looked into is a
 * notice. */
static GPtrArray *
list_folder (CliImportTree *tree, const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  if (dir == NULL && !g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_ptr_array_add (tree->notices, g_strdup (error->message));
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static const char *
string_at (gconstpointer def, gssize offset)
{
  return offset >= 0 ? *(char *const *) ((const char *) def + offset) : NULL;
}

/* What is not known here would be lost without a word. */
static void
add_unknown (CliImportItem *item, const VireoDocKind *kind)
{
  g_autoptr (GPtrArray) problems = vireo_doc_check (kind, item->text, -1);

  for (guint i = 0; i < problems->len; i++)
    {
      const VireoProblem *problem = problems->pdata[i];

      g_ptr_array_add (item->notes,
                       problem->path != NULL
                           ? g_strdup_printf ("%s: %s", problem->path, problem->message)
                           : g_strdup (problem->message));
    }
}

static void
read_item (CliImportItem *item)
{
  const VireoDocKind *kind = vireo_doc_kind_find (item->row->doc_kind);
  g_autoptr (GError) error = NULL;
  gpointer def = NULL;

  item->text = cli_read_text (item->file, &error);
  if (item->text != NULL)
    def = vireo_doc_parse (kind, item->text, -1, VIREO_PARSE_NONE, &error);
  if (def == NULL)
    {
      item->problem = g_strdup (error->message);
      return;
    }
  if (string_at (def, item->row->name_offset) != NULL)
    {
      g_free (item->name);
      item->name = g_strdup (string_at (def, item->row->name_offset));
    }
  item->uuid = g_strdup (string_at (def, item->row->uuid_offset));
  item->parent = g_strdup (string_at (def, item->row->parent_offset));
  if (g_str_equal (item->row->noun, "snapshot"))
    item->current = ((const VireoDomainSnapshotDef *) def)->active != 0;
  vireo_doc_free (kind, def);
  add_unknown (item, kind);
}

/* @base is the file's name without ".xml". */
static CliImportItem *
item_new (const CliImportRow *row, const char *folder, const char *file, const char *base)
{
  CliImportItem *item = g_new0 (CliImportItem, 1);

  item->row = row;
  item->file = g_build_filename (folder, file, NULL);
  item->name = g_strdup (base);
  item->notes = g_ptr_array_new_with_free_func (g_free);
  read_item (item);
  return item;
}

static char *
base_of (const char *file)
{
  return g_str_has_suffix (file, ".xml") && file[0] != '.'
             ? g_strndup (file, strlen (file) - strlen (".xml"))
             : NULL;
}

/* A value is beside its secret, in base64. */
static void
read_value (CliImportItem *item, const char *folder, const char *base)
{
  g_autofree char *name = g_strconcat (base, ".base64", NULL);
  g_autofree char *file = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;
  guchar *data;

  if (!g_file_test (file, G_FILE_TEST_EXISTS))
    return;
  text = cli_read_text (file, &error);
  if (text == NULL)
    {
      g_ptr_array_add (item->notes, g_strdup_printf ("its value: %s", error->message));
      return;
    }
  data = g_base64_decode (text, &length);
  item->value = g_bytes_new_take (data, length);
}

static void
note_domain (CliImportItem *item, const char *state, const char *runtime)
{
  g_autofree char *file = g_strconcat (item->name, ".xml", NULL);
  g_autofree char *image = g_strconcat (item->name, ".save", NULL);
  g_autofree char *running = g_build_filename (runtime, file, NULL);
  g_autofree char *saved = g_build_filename (state, "save", image, NULL);

  if (g_file_test (running, G_FILE_TEST_EXISTS))
    g_ptr_array_add (item->notes, g_strdup ("it runs under libvirt now: stop it there before it is "
                                            "started here"));
  if (g_file_test (saved, G_FILE_TEST_EXISTS))
    g_ptr_array_add (item->notes,
                     g_strdup_printf ("%s stays behind: to keep what the guest was doing, start it "
                                      "under libvirt and shut it down",
                                      saved));
}

static void
scan_folder (CliImportTree *tree, const CliImportRow *row, const char *config, const char *state,
             const char *runtime)
{
  g_autofree char *folder = g_build_filename (config, row->folder, NULL);
  g_autoptr (GPtrArray) files = list_folder (tree, folder);

  for (guint i = 0; i < files->len; i++)
    {
      const char *file = files->pdata[i];
      g_autofree char *base = base_of (file);
      CliImportItem *item;

      if (base == NULL)
        continue;
      item = item_new (row, folder, file, base);
      if (row->autostart != NULL)
        {
          g_autofree char *link = g_build_filename (config, row->autostart, file, NULL);

          item->autostart = g_file_test (link, G_FILE_TEST_IS_SYMLINK);
        }
      if (g_str_equal (row->noun, "secret"))
        read_value (item, folder, base);
      if (g_str_equal (row->noun, "domain"))
        note_domain (item, state, runtime);
      g_ptr_array_add (tree->items, item);
    }
}

/* ---- domains that are nothing but running ---- */

static void
scan_running (CliImportTree *tree, const char *config, const char *runtime)
{
  g_autoptr (GPtrArray) files = list_folder (tree, runtime);

  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *base = base_of (files->pdata[i]);
      g_autofree char *definition = g_build_filename (config, "qemu", files->pdata[i], NULL);

      if (base != NULL && !g_file_test (definition, G_FILE_TEST_EXISTS))
        g_ptr_array_add (tree->notices,
                         g_strdup_printf ("%s/%s: it runs under libvirt without a definition that "
                                          "could be taken over",
                                          runtime, (const char *) files->pdata[i]));
    }
}

/* ---- snapshots and checkpoints ---- */

static gboolean
has_name (GPtrArray *items, const char *name)
{
  for (guint i = 0; i < items->len; i++)
    if (g_strcmp0 (((CliImportItem *) items->pdata[i])->name, name) == 0)
      return TRUE;
  return FALSE;
}

/* Parents before their children; what follows none that is there is told so. */
static void
add_in_order (CliImportTree *tree, GPtrArray *moments)
{
  g_autoptr (GPtrArray) placed = g_ptr_array_new ();
  gboolean moved = TRUE;

  while (moved)
    {
      moved = FALSE;
      for (guint i = 0; i < moments->len; i++)
        {
          CliImportItem *item = moments->pdata[i];

          if (item->parent != NULL && *item->parent != '\0' && !has_name (placed, item->parent))
            continue;
          g_ptr_array_add (placed, item);
          g_ptr_array_add (tree->items, item);
          g_ptr_array_remove_index (moments, i);
          moved = TRUE;
          break;
        }
    }
  for (guint i = 0; i < moments->len; i++)
    {
      CliImportItem *item = moments->pdata[i];

      if (item->problem == NULL)
        item->problem
            = g_strdup_printf ("it follows “%s”, which is not there", item->parent);
      g_ptr_array_add (tree->items, item);
    }
}

static void
scan_moments (CliImportTree *tree, const CliImportRow *row, const char *state)
{
  g_autofree char *top = g_build_filename (state, row->folder, NULL);
  g_autoptr (GPtrArray) domains = list_folder (tree, top);

  for (guint d = 0; d < domains->len; d++)
    {
      g_autofree char *folder = g_build_filename (top, domains->pdata[d], NULL);
      g_autoptr (GPtrArray) files = NULL;
      g_autoptr (GPtrArray) moments = g_ptr_array_new ();

      if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
        continue;
      files = list_folder (tree, folder);
      for (guint i = 0; i < files->len; i++)
        {
          g_autofree char *base = base_of (files->pdata[i]);
          CliImportItem *item;

          if (base == NULL)
            continue;
          item = item_new (row, folder, files->pdata[i], base);
          item->domain = g_strdup (domains->pdata[d]);
          g_ptr_array_add (moments, item);
        }
      add_in_order (tree, moments);
    }
}

static void
scan_others (CliImportTree *tree, const char *config)
{
  for (gsize i = 0; i < G_N_ELEMENTS (other_folders); i++)
    {
      g_autofree char *folder = g_build_filename (config, other_folders[i], NULL);
      g_autoptr (GPtrArray) files = list_folder (tree, folder);

      for (guint f = 0; f < files->len; f++)
        {
          g_autofree char *base = base_of (files->pdata[f]);

          if (base != NULL)
            g_ptr_array_add (tree->notices,
                             g_strdup_printf ("%s/%s: domains of “%s” are not taken over", folder,
                                              (const char *) files->pdata[f], other_folders[i]));
        }
    }
}

/* @config: such as /etc/libvirt; @state: /var/lib/libvirt/qemu; @runtime: /run/libvirt/qemu. */
CliImportTree *
cli_import_scan (const char *config, const char *state, const char *runtime)
{
  CliImportTree *tree = g_new0 (CliImportTree, 1);

  tree->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  tree->notices = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    scan_folder (tree, &rows[i], config, state, runtime);
  for (gsize i = 0; i < G_N_ELEMENTS (moment_rows); i++)
    scan_moments (tree, &moment_rows[i], state);
  scan_running (tree, config, runtime);
  scan_others (tree, config);
  return tree;
}
