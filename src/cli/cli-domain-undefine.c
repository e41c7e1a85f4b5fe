/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Undefining a domain, and its disks' volumes with it. */
#include "cli-domain.h"

#include <string.h>

#include "conf/vireo-conf.h"

static gboolean opt_all, opt_wipe;
static char *opt_storage;

const GOptionEntry cli_undefine_options[] = {
  { "remove-all-storage", 0, 0, G_OPTION_ARG_NONE, &opt_all,
    "And the volumes of its disks, but for media and what is shared or only read", NULL },
  { "storage", 0, 0, G_OPTION_ARG_STRING, &opt_storage,
    "And the volumes of these disks, by their targets or paths", "DISK,…" },
  { "wipe-storage", 0, 0, G_OPTION_ARG_NONE, &opt_wipe,
    "Overwrite them with zeros first", NULL },
  G_OPTION_ENTRY_NULL,
};

/* A volume that goes, too. */
typedef struct
{
  char *target;
  char *path;
} Volume;

static void
volume_free (gpointer data)
{
  Volume *volume = data;

  g_free (volume->target);
  g_free (volume->path);
  g_free (volume);
}

static const char *
file_of (const VireoDiskDef *disk)
{
  if (disk->source == NULL)
    return NULL;
  return disk->source->file != NULL ? disk->source->file : disk->source->dev;
}

/* Removes from @wanted what says @disk. */
static gboolean
is_named (const VireoDiskDef *disk, GPtrArray *wanted)
{
  for (guint i = 0; i < wanted->len; i++)
    if (g_strcmp0 (wanted->pdata[i], disk->target->dev) == 0
        || g_strcmp0 (wanted->pdata[i], file_of (disk)) == 0)
      {
        g_ptr_array_remove_index (wanted, i);
        return TRUE;
      }
  return FALSE;
}

static gboolean
is_its_own (const VireoDiskDef *disk)
{
  return disk->device == VIREO_DISK_DEVICE_DISK && !disk->readonly && !disk->shareable;
}

static char *
find_volume (CliContext *context, const VireoDiskDef *disk, GError **error)
{
  const CliKind *kind = cli_kind_find ("StorageVolume");

  if (disk->type == VIREO_DISK_TYPE_VOLUME && disk->source != NULL && disk->source->pool != NULL
      && disk->source->volume != NULL)
    return cli_kind_find_object (
        context, kind, (const char *const[]){ disk->source->pool, disk->source->volume, NULL },
        error);
  if (file_of (disk) != NULL)
    return cli_kind_find_object (context, kind,
                                 (const char *const[]){ "-", file_of (disk), NULL }, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "it is not in a storage pool");
  return NULL;
}

static gboolean
add_volume (CliContext *context, const VireoDiskDef *disk, GPtrArray *volumes, GError **error)
{
  Volume *volume;
  char *path = find_volume (context, disk, error);

  if (path == NULL)
    {
      g_prefix_error (error, "the disk %s: ", disk->target->dev);
      return FALSE;
    }
  volume = g_new0 (Volume, 1);
  volume->target = g_strdup (disk->target->dev);
  volume->path = path;
  g_ptr_array_add (volumes, volume);
  return TRUE;
}

/* Before anything is done: what cannot be found then could not be named any more. */
static gboolean
find_volumes (CliCall *call, GPtrArray *volumes, GError **error)
{
  g_auto (GStrv) names = g_strsplit (opt_storage != NULL ? opt_storage : "", ",", -1);
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();
  g_autoptr (VireoDomainDef) def = NULL;
  g_autofree char *xml = NULL;

  cli_affect.config = TRUE;
  xml = cli_domain_xml (call, error);
  if (xml != NULL)
    def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, error);
  if (def == NULL)
    return FALSE;
  for (guint i = 0; names[i] != NULL && *names[i] != '\0'; i++)
    g_ptr_array_add (wanted, names[i]);
  for (guint i = 0; i < def->n_disks; i++)
    if ((is_named (def->disks[i], wanted) || (opt_all && is_its_own (def->disks[i])))
        && !add_volume (call->context, def->disks[i], volumes, error))
      return FALSE;
  if (wanted->len > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "the domain has no disk “%s”",
                 (const char *) wanted->pdata[0]);
  return wanted->len == 0;
}

/* What runs still writes to them. */
static gboolean
check_inactive (CliCall *call, GError **error)
{
  g_autofree char *path = cli_call_path (call, error);
  g_autoptr (GVariant) properties
      = path != NULL ? cli_get_all (call->context, path, CLI_IFACE ("Domain"), error) : NULL;
  gboolean active = TRUE;

  if (properties == NULL)
    return FALSE;
  g_variant_lookup (properties, "Active", "b", &active);
  if (active)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                         "the volumes of an active domain are in use");
  return !active;
}

static int
delete_volume (CliCall *call, const Volume *volume)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (opt_wipe)
    g_variant_dict_insert (&options, "zeroed", "b", TRUE);
  reply = cli_call_watched (call->context, volume->path, CLI_IFACE ("StorageVolume"), "Delete",
                            g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), NULL, NULL,
                            &error);
  if (reply != NULL)
    return 0;
  g_prefix_error (&error, "the volume of the disk %s: ", volume->target);
  return cli_fail (error);
}

int
cli_run_undefine (CliCall *call)
{
  g_autoptr (GPtrArray) volumes = g_ptr_array_new_with_free_func (volume_free);
  g_autoptr (GError) error = NULL;
  int status, failed = 0;

  if (opt_wipe && !opt_all && opt_storage == NULL)
    {
      g_printerr ("vireoctl: --wipe-storage is for --storage and --remove-all-storage\n");
      return CLI_EXIT_USAGE;
    }
  if ((opt_all || opt_storage != NULL)
      && (!check_inactive (call, &error) || !find_volumes (call, volumes, &error)))
    return cli_fail (error);
  status = cli_run_call (call);
  for (guint i = 0; status == 0 && i < volumes->len; i++)
    failed += delete_volume (call, volumes->pdata[i]) != 0;
  return failed > 0 ? CLI_EXIT_FAILURE : status;
}
