/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images: file descriptors, block nodes, firmware. */
#include "vireo-qemu-build.h"

/* -add-fd makes the emulator take the descriptor into a set; opening /dev/fdset/N then gives a
 * duplicate of one that was opened as it is wanted. */
static void
add_fd (VireoQemuBuild *build, const VireoQemuImage *image)
{
  g_autoptr (GString) options = g_string_new (NULL);

  vireo_qemu_opt_add_uint (options, "fd", (guint64) image->fd);
  vireo_qemu_opt_add_uint (options, "set", image->fdset);
  vireo_qemu_opt_add (options, "opaque", image->path);
  vireo_qemu_build_arg (build, "-add-fd", options->str);
}

/* Whether the host's cache is gone around, and whether flushes are left out. */
static const struct
{
  VireoDiskCache cache;
  gboolean direct;
  gboolean no_flush;
} cache_modes[] = {
  { VIREO_DISK_CACHE_NONE, TRUE, FALSE },
  { VIREO_DISK_CACHE_DIRECTSYNC, TRUE, FALSE },
  { VIREO_DISK_CACHE_WRITETHROUGH, FALSE, FALSE },
  { VIREO_DISK_CACHE_WRITEBACK, FALSE, FALSE },
  { VIREO_DISK_CACHE_UNSAFE, FALSE, TRUE },
};

static void
add_cache (JsonObject *node, VireoDiskCache mode)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cache_modes); i++)
    if (cache_modes[i].cache == mode)
      {
        JsonObject *cache = json_object_new ();

        json_object_set_boolean_member (cache, "direct", cache_modes[i].direct);
        json_object_set_boolean_member (cache, "no-flush", cache_modes[i].no_flush);
        json_object_set_object_member (node, "cache", cache);
        return;
      }
}

static void
add_access (JsonObject *node, gboolean read_only, const VireoQemuImageOptions *options)
{
  json_object_set_boolean_member (node, "read-only", read_only);
  add_cache (node, options->cache);
  if (options->discard != VIREO_DISK_DISCARD_UNSET)
    json_object_set_string_member (node, "discard",
                                   vireo_disk_discard_to_string (options->discard));
}

static void
add_file_node (VireoQemuBuild *build, const VireoQemuImage *image, const char *name,
               const VireoQemuImageOptions *options)
{
  g_autofree char *path = vireo_qemu_build_is_by_name (build)
                              ? g_strdup (image->path)
                              : vireo_qemu_fdset_path (image->fdset);
  JsonObject *node = json_object_new ();

  json_object_set_string_member (node, "driver", options->block_device ? "host_device" : "file");
  json_object_set_string_member (node, "filename", path);
  json_object_set_string_member (node, "node-name", name);
  if (options->io != VIREO_DISK_IO_UNSET)
    json_object_set_string_member (
        node, "aio",
        options->io == VIREO_DISK_IO_IO_URING ? "io_uring" : vireo_disk_io_to_string (options->io));
  add_access (node, image->read_only, options);
  vireo_qemu_build_json (build, "-blockdev", node);
}

/* Formats that are built. Others that QEMU reads can name further files, which it would open by
 * itself. */
static const struct
{
  const char *format;
  gboolean has_backing;
} formats[] = {
  { "raw", FALSE },
  { "qcow2", TRUE },
};

static gboolean
check_format (const char *format, const char *what, gboolean *ret_has_backing, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_str_equal (formats[i].format, format))
      {
        *ret_has_backing = formats[i].has_backing;
        return TRUE;
      }
  return vireo_qemu_unsupported (error, "%s: the image format '%s' is not supported", what, format);
}

static char *
add_layer (VireoQemuBuild *build, const VireoQemuImage *image, const char *backing,
           const VireoQemuImageOptions *options, const char *what, GError **error)
{
  const char *format = image->format != NULL ? image->format : "raw";
  g_autofree char *file_name = vireo_qemu_file_node (image->fdset);
  g_autofree char *name = vireo_qemu_image_node (image->fdset);
  gboolean has_backing = FALSE;
  JsonObject *node;

  if (!check_format (format, what, &has_backing, error))
    return NULL;
  if (!vireo_qemu_build_is_by_name (build))
    add_fd (build, image);
  add_file_node (build, image, file_name, options);
  node = json_object_new ();
  json_object_set_string_member (node, "driver", format);
  json_object_set_string_member (node, "node-name", name);
  add_access (node, image->read_only, options);
  if (options->detect_zeroes != VIREO_DISK_DETECT_ZEROES_UNSET)
    json_object_set_string_member (node, "detect-zeroes",
                                   vireo_disk_detect_zeroes_to_string (options->detect_zeroes));
  json_object_set_string_member (node, "file", file_name);
  if (backing != NULL)
    json_object_set_string_member (node, "backing", backing);
  /* Whoever opens it by its name gets what it names below, too. */
  else if (has_backing && !vireo_qemu_build_is_by_name (build))
    json_object_set_null_member (node, "backing");
  if (has_backing && vireo_qemu_caps_get_version (build->caps) >= 8001000)
    vireo_qemu_json_switch (node, "discard-no-unref", options->discard_no_unref);
  vireo_qemu_build_json (build, "-blockdev", node);
  return g_steal_pointer (&name);
}

char *
vireo_qemu_build_image (VireoQemuBuild *build, GPtrArray *layers,
                        const VireoQemuImageOptions *options, const char *what, GError **error)
{
  /* What is below is only read: neither discards nor zeroes come there. */
  const VireoQemuImageOptions below = { .cache = options->cache, .io = options->io };
  g_autofree char *name = NULL;

  for (guint i = layers->len; i > 0; i--)
    {
      char *next = add_layer (build, layers->pdata[i - 1], name, i == 1 ? options : &below, what,
                              error);

      if (next == NULL)
        return NULL;
      g_free (name);
      name = next;
    }
  return g_steal_pointer (&name);
}

static char *
add_flash (VireoQemuBuild *build, VireoQemuImage *image, const char *what, GError **error)
{
  g_autoptr (GPtrArray) layers = g_ptr_array_new ();
  const VireoQemuImageOptions options = { 0 };

  g_ptr_array_add (layers, image);
  return vireo_qemu_build_image (build, layers, &options, what, error);
}

static gboolean
is_flash (const VireoLoaderDef *loader)
{
  return loader != NULL && loader->type == VIREO_LOADER_TYPE_PFLASH;
}

gboolean
vireo_qemu_build_firmware (VireoQemuBuild *build, GError **error)
{
  const VireoLoaderDef *loader = build->def->os->loader;
  g_autofree char *code = NULL;
  g_autofree char *variables = NULL;

  if (build->resources->loader == NULL)
    return TRUE;
  if (!is_flash (loader))
    {
      const VireoQemuImage *image = build->resources->loader;
      g_autofree char *path = vireo_qemu_build_file_name (build, image->fd, image->path);

      vireo_qemu_build_arg (build, "-bios", path);
      return TRUE;
    }
  code = add_flash (build, build->resources->loader, "<os><loader>", error);
  if (code == NULL)
    return FALSE;
  if (build->resources->nvram != NULL)
    {
      variables = add_flash (build, build->resources->nvram, "<os><nvram>", error);
      if (variables == NULL)
        return FALSE;
    }
  if (loader->secure == VIREO_TRISTATE_YES)
    vireo_qemu_build_arg (build, "-global",
                          "driver=cfi.pflash01,property=secure,value=on");
  return TRUE;
}

/* The machine's flash chips are the nodes that were made above. */
void
vireo_qemu_build_firmware_machine (VireoQemuBuild *build, GString *options)
{
  const VireoQemuImage *const chips[] = { build->resources->loader, build->resources->nvram };

  if (!is_flash (build->def->os->loader))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (chips) && chips[i] != NULL; i++)
    {
      g_autofree char *key = g_strdup_printf ("pflash%u", i);
      g_autofree char *name = vireo_qemu_image_node (chips[i]->fdset);

      vireo_qemu_opt_add (options, key, name);
    }
}
