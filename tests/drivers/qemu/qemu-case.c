/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu-case.h"

#include <string.h>

#include "drivers/common/vireo-domain-aliases.h"
#include "drivers/qemu/vireo-qemu-caps-private.h"
#include "drivers/qemu/vireo-qemu-postparse.h"

char *
qemu_case_path (const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return g_test_build_filename (G_TEST_DIST, "command", file, NULL);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
qemu_case_names (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "command", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".xml"))
      g_ptr_array_add (names, g_strndup (name, strlen (name) - 4));
  g_ptr_array_sort (names, compare);
  g_assert_cmpuint (names->len, >, 0);
  return names;
}

static VireoQemuCaps *
load_caps (const char *arch)
{
  g_autofree char *file = g_strdup_printf ("caps-%s.json", arch);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, file, NULL);
  g_autofree char *emulator = g_strdup_printf ("/usr/bin/qemu-system-%s", arch);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  VireoQemuCaps *caps;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  caps = vireo_qemu_caps_new_from_facts (
      emulator, json_node_get_object (json_parser_get_root (parser)), &error);
  g_assert_no_error (error);
  return caps;
}

static VireoPostParseOutcome
fake_environment (VireoPostParseContext *context)
{
  context->environment = vireo_qemu_caps_ref (context->driver_data);
  context->environment_free = (GDestroyNotify) vireo_qemu_caps_unref;
  return VIREO_POST_PARSE_DONE;
}

QemuCase *
qemu_case_new (const char *xml, GError **error)
{
  g_autoptr (QemuCase) self = g_new0 (QemuCase, 1);
  VireoPostParseOps ops = vireo_qemu_post_parse_ops;
  const char *arch;

  ops.environment = fake_environment;
  self->def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_STRICT, error);
  if (self->def == NULL)
    return NULL;
  arch = self->def->os != NULL ? self->def->os->arch : NULL;
  self->caps = load_caps (arch != NULL ? arch : "x86_64");
  if (!vireo_post_parse_run (&self->def, &ops, self->caps, FALSE, VIREO_PARSE_NONE, NULL, error))
    return NULL;
  vireo_domain_assign_aliases (self->def);
  return g_steal_pointer (&self);
}

QemuCase *
qemu_case_load (const char *name)
{
  g_autofree char *path = qemu_case_path (name, ".xml");
  g_autofree char *xml = NULL;
  g_autoptr (GError) error = NULL;
  QemuCase *self;

  g_assert_true (g_file_get_contents (path, &xml, NULL, NULL));
  self = qemu_case_new (xml, &error);
  g_assert_no_error (error);
  self->name = g_strdup (name);
  return self;
}

void
qemu_case_free (QemuCase *self)
{
  g_clear_pointer (&self->caps, vireo_qemu_caps_unref);
  g_clear_pointer (&self->def, vireo_domain_def_free);
  g_free (self->name);
  g_free (self);
}

VireoQemuCommand *
qemu_case_build (QemuCase *self, const VireoQemuResources *resources, VireoQemuCommandFlags flags,
                 GError **error)
{
  const VireoQemuCommandInput input = { self->def, self->caps, resources, flags, 1000000000 };

  return vireo_qemu_command_build (&input, error);
}

static VireoQemuImage *
open_image (const QemuCaseOpener *opener, const char *path, const char *format, gboolean read_only,
            guint *next_fdset)
{
  VireoQemuImage *image = g_new0 (VireoQemuImage, 1);

  image->path = g_strdup (path);
  image->format = g_strdup (format);
  image->read_only = read_only;
  image->fdset = (*next_fdset)++;
  image->fd = opener->open_image (opener->data, path, format, read_only);
  return image;
}

static GPtrArray *
open_disk (const QemuCaseOpener *opener, const VireoDiskDef *disk, guint *next_fdset)
{
  const VireoBackingStoreDef *below = disk->backing_store;
  GPtrArray *layers;

  if (disk->source == NULL || disk->source->file == NULL)
    return NULL;
  layers = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_qemu_image_free);
  g_ptr_array_add (layers, open_image (opener, disk->source->file,
                                       vireo_disk_format_to_string (disk->driver->type),
                                       disk->readonly, next_fdset));
  for (; below != NULL && below->source != NULL; below = below->backing_store)
    g_ptr_array_add (layers, open_image (opener, below->source->file,
                                         vireo_disk_format_to_string (below->format->type), TRUE,
                                         next_fdset));
  return layers;
}

static VireoQemuFile *
open_file (const QemuCaseOpener *opener, const char *path)
{
  VireoQemuFile *file;

  if (path == NULL)
    return NULL;
  file = g_new0 (VireoQemuFile, 1);
  file->path = g_strdup (path);
  file->fd = opener->open_file (opener->data, path);
  return file;
}

VireoQemuResources *
qemu_case_open (QemuCase *self, const QemuCaseOpener *opener, int monitor_fd,
                const char *runtime_dir)
{
  VireoQemuResources *resources = vireo_qemu_resources_new ();
  const VireoDomainDef *def = self->def;
  guint next_fdset = 1;

  resources->monitor_fd = monitor_fd;
  g_free (resources->runtime_dir);
  resources->runtime_dir = g_strdup (runtime_dir);
  for (guint i = 0; i < def->n_disks; i++)
    g_ptr_array_add (resources->disks, open_disk (opener, def->disks[i], &next_fdset));
  if (def->os->loader != NULL)
    resources->loader = open_image (opener, def->os->loader->path, "raw", TRUE, &next_fdset);
  if (def->os->nvram != NULL)
    resources->nvram = open_image (opener, def->os->nvram->path, "raw", FALSE, &next_fdset);
  resources->kernel = open_file (opener, def->os->kernel);
  resources->initrd = open_file (opener, def->os->initrd);
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      gboolean user = def->interfaces[i]->type == VIREO_INTERFACE_TYPE_USER;
      int fd = user ? -1 : opener->open_tap (opener->data);

      g_array_append_val (resources->taps, fd);
    }
  return resources;
}
