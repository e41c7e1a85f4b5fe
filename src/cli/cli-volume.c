/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl volume … */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#define KIND "StorageVolume"

static gboolean opt_prealloc, opt_zeroed, opt_delta, opt_allocate, opt_shrink, opt_sparse;
static gint64 opt_offset, opt_length;
static char *opt_algorithm;

static const GOptionEntry create_options[] = {
  { "prealloc-metadata", 0, 0, G_OPTION_ARG_NONE, &opt_prealloc, "Write an image's tables at once",
    NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry delete_options[] = {
  { "zeroed", 0, 0, G_OPTION_ARG_NONE, &opt_zeroed, "Overwrite it with zeros first", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry wipe_options[] = {
  { "algorithm", 0, 0, G_OPTION_ARG_STRING, &opt_algorithm, "zero, random or trim", "NAME" },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry resize_options[] = {
  { "delta", 0, 0, G_OPTION_ARG_NONE, &opt_delta, "BYTES is the difference", NULL },
  { "allocate", 0, 0, G_OPTION_ARG_NONE, &opt_allocate, "Set the new space aside", NULL },
  { "shrink", 0, 0, G_OPTION_ARG_NONE, &opt_shrink, "It may become smaller", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry transfer_options[] = {
  { "offset", 0, 0, G_OPTION_ARG_INT64, &opt_offset, "Where in the volume to begin", "BYTES" },
  { "length", 0, 0, G_OPTION_ARG_INT64, &opt_length, "How many bytes", "BYTES" },
  { "sparse", 0, 0, G_OPTION_ARG_NONE, &opt_sparse, "Leave holes where there are zeros", NULL },
  G_OPTION_ENTRY_NULL,
};

static const CliColumn list_columns[] = {
  { "NAME", "Name" },         { "FORMAT", "Format" },
  { "CAPACITY", "Capacity" }, { "ALLOCATED", "Allocation" },
  { "PATH", "Path" },
};

/* The object path of the volume that @pool and @name say. */
static char *
find_volume (CliContext *context, const char *pool, const char *name, GError **error)
{
  g_autofree char *pool_path = cli_find_object (context, "StoragePool", pool, error);
  g_autoptr (GVariant) reply = NULL;
  char *path = NULL;

  if (pool_path == NULL)
    return NULL;
  reply = cli_call (context, pool_path, CLI_IFACE ("StoragePool"), "LookupVolumeByName",
                    g_variant_new ("(s)", name), "(o)", error);
  if (reply != NULL)
    g_variant_get (reply, "(o)", &path);
  return path;
}

static int
run_list (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *pool = cli_find_object (context, "StoragePool", argv[0], &error);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) objects = NULL;

  if (pool != NULL)
    reply = cli_call (context, pool, CLI_IFACE ("StoragePool"), "GetVolumes",
                      g_variant_new ("(asa{sv})", NULL, NULL), "(a{oa{sv}})", &error);
  if (reply == NULL)
    return cli_fail (error);
  objects = g_variant_get_child_value (reply, 0);
  if (context->json)
    return cli_print_json (objects);
  cli_print_table (objects, list_columns, G_N_ELEMENTS (list_columns));
  return 0;
}

static int
run_info (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find_volume (context, argv[0], argv[1], &error);

  return path != NULL ? cli_object_info (context, KIND, path) : cli_fail (error);
}

static int
run_xml (CliContext *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find_volume (context, argv[0], argv[1], &error);

  return path != NULL ? cli_object_print_xml (context, KIND, path, cli_options (NULL, 0))
                      : cli_fail (error);
}

static int
run_create (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "prealloc-metadata", &opt_prealloc } };
  g_autoptr (GVariant) options = g_variant_ref_sink (cli_options (flags, 1));
  g_autoptr (GError) error = NULL;
  g_autofree char *pool = cli_find_object (context, "StoragePool", argv[0], &error);
  g_autofree char *text = NULL;
  g_autoptr (GVariant) reply = NULL;
  const char *path;

  if (pool != NULL
      && g_file_get_contents (g_str_equal (argv[1], "-") ? "/dev/stdin" : argv[1], &text, NULL,
                              &error))
    {
      g_autofree char *valid = g_utf8_make_valid (text, -1);

      reply = cli_call (context, pool, CLI_IFACE ("StoragePool"), "CreateVolume",
                        g_variant_new ("(s@a{sv})", valid, options), "(o)", &error);
    }
  if (reply == NULL)
    return cli_fail (error);
  if (context->json)
    return cli_print_json (reply);
  g_variant_get (reply, "(&o)", &path);
  g_print ("%s\n", path);
  return 0;
}

static int
call_volume (CliContext *context, char **argv, const char *method, GVariant *args)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (args);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find_volume (context, argv[0], argv[1], &error);

  return path != NULL ? cli_object_call (context, KIND, path, method, held) : cli_fail (error);
}

static int
run_delete (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[] = { { "zeroed", &opt_zeroed } };

  return call_volume (context, argv, "Delete", g_variant_new ("(@a{sv})", cli_options (flags, 1)));
}

static int
run_wipe (CliContext *context, int argc, char **argv)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (opt_algorithm != NULL)
    g_variant_dict_insert (&options, "algorithm", "s", opt_algorithm);
  return call_volume (context, argv, "Wipe",
                      g_variant_new ("(@a{sv})", g_variant_dict_end (&options)));
}

static int
run_resize (CliContext *context, int argc, char **argv)
{
  const CliFlag flags[]
      = { { "delta", &opt_delta }, { "allocate", &opt_allocate }, { "shrink", &opt_shrink } };
  guint64 size;

  if (!g_ascii_string_to_unsigned (argv[2], 10, 0, G_MAXINT64, &size, NULL))
    {
      g_printerr ("vireoctl: \"%s\" is no number of bytes\n", argv[2]);
      return CLI_EXIT_USAGE;
    }
  return call_volume (context, argv, "Resize",
                      g_variant_new ("(t@a{sv})", size, cli_options (flags, 3)));
}

/* ---- contents ---- */

static GVariant *
transfer_arguments (void)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (opt_offset > 0)
    g_variant_dict_insert (&options, "offset", "t", (guint64) opt_offset);
  if (opt_length > 0)
    g_variant_dict_insert (&options, "length", "t", (guint64) opt_length);
  if (opt_sparse)
    g_variant_dict_insert (&options, "sparse", "b", TRUE);
  return g_variant_new ("(h@a{sv})", 0, g_variant_dict_end (&options));
}

static int
transfer (CliContext *context, char **argv, const char *method, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
  g_autoptr (GVariant) args = g_variant_ref_sink (transfer_arguments ());
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find_volume (context, argv[0], argv[1], &error);
  GDBusConnection *bus = path != NULL ? cli_bus (context, &error) : NULL;
  g_autoptr (GVariant) reply = NULL;

  if (bus != NULL)
    reply = g_dbus_connection_call_with_unix_fd_list_sync (
        bus, CLI_BUS_NAME, path, CLI_IFACE (KIND), method, args, NULL,
        G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, fds, NULL, NULL, &error);
  return reply != NULL ? 0 : cli_fail (error);
}

static int
open_file (const char *name, gboolean write)
{
  int fd;

  if (g_str_equal (name, "-"))
    return dup (write ? STDOUT_FILENO : STDIN_FILENO);
  fd = open (name, (write ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY) | O_CLOEXEC, 0600);
  if (fd < 0)
    g_printerr ("vireoctl: %s: %s\n", name, g_strerror (errno));
  return fd;
}

static int
run_upload (CliContext *context, int argc, char **argv)
{
  int fd = open_file (argv[2], FALSE);

  return fd >= 0 ? transfer (context, argv, "Upload", fd) : CLI_EXIT_FAILURE;
}

static int
run_download (CliContext *context, int argc, char **argv)
{
  int fd = open_file (argv[2], TRUE);

  return fd >= 0 ? transfer (context, argv, "Download", fd) : CLI_EXIT_FAILURE;
}

static const CliVerb verbs[] = {
  { "list", "ls", "POOL", CLI_ARG_POOL, 1, 1, NULL, run_list, "List the volumes of a pool" },
  { "info", "show", "POOL VOLUME", CLI_ARG_POOL, 2, 2, NULL, run_info, "Show all properties" },
  { "create", NULL, "POOL FILE", CLI_ARG_POOL, 2, 2, create_options, run_create,
    "Create a volume as a document says" },
  { "delete", NULL, "POOL VOLUME", CLI_ARG_POOL, 2, 2, delete_options, run_delete,
    "Remove a volume and what is in it" },
  { "wipe", NULL, "POOL VOLUME", CLI_ARG_POOL, 2, 2, wipe_options, run_wipe,
    "Overwrite what is in it" },
  { "resize", NULL, "POOL VOLUME BYTES", CLI_ARG_POOL, 3, 3, resize_options, run_resize,
    "Change its size" },
  { "upload", NULL, "POOL VOLUME FILE", CLI_ARG_POOL, 3, 3, transfer_options, run_upload,
    "Write a file to it" },
  { "download", NULL, "POOL VOLUME FILE", CLI_ARG_POOL, 3, 3, transfer_options, run_download,
    "Read it into a file" },
  { "xml", "dumpxml", "POOL VOLUME", CLI_ARG_POOL, 2, 2, NULL, run_xml, "Print its description" },
};

const CliGroup cli_volume_group
    = { "volume", "vol", "vol-", verbs, G_N_ELEMENTS (verbs), "volumes of storage pools" };
