/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-resources.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "util/vireo-alone.h"

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/**
 * vireo_qemu_image_free:
 * @image: (nullable) (transfer full): an image
 *
 * Closes the file if it is still open here, and frees @image.
 *
 * Since: 0.1
 */
void
vireo_qemu_image_free (VireoQemuImage *image)
{
  if (image == NULL)
    return;
  vireo_alone_close (&image->fd);
  g_free (image->path);
  g_free (image->format);
  g_free (image);
}

/**
 * vireo_qemu_file_free:
 * @file: (nullable) (transfer full): a file
 *
 * Closes the file if it is still open here, and frees @file.
 *
 * Since: 0.1
 */
void
vireo_qemu_file_free (VireoQemuFile *file)
{
  if (file == NULL)
    return;
  vireo_alone_close (&file->fd);
  g_free (file->path);
  g_free (file);
}

static void
free_chain (gpointer chain)
{
  if (chain != NULL)
    g_ptr_array_unref (chain);
}

/**
 * vireo_qemu_resources_new:
 *
 * Returns: (transfer full): resources of which there are none yet
 * Since: 0.1
 */
VireoQemuResources *
vireo_qemu_resources_new (void)
{
  VireoQemuResources *self = g_new0 (VireoQemuResources, 1);

  self->monitor_fd = -1;
  self->disks = g_ptr_array_new_with_free_func (free_chain);
  self->taps = g_array_new (FALSE, FALSE, sizeof (int));
  return self;
}

/**
 * vireo_qemu_resources_free:
 * @resources: (nullable) (transfer full): resources
 *
 * Closes what is still open and frees @resources.
 *
 * Since: 0.1
 */
void
vireo_qemu_resources_free (VireoQemuResources *resources)
{
  if (resources == NULL)
    return;
  vireo_qemu_resources_close (resources);
  g_clear_pointer (&resources->disks, g_ptr_array_unref);
  g_clear_pointer (&resources->loader, vireo_qemu_image_free);
  g_clear_pointer (&resources->nvram, vireo_qemu_image_free);
  g_clear_pointer (&resources->kernel, vireo_qemu_file_free);
  g_clear_pointer (&resources->initrd, vireo_qemu_file_free);
  g_clear_pointer (&resources->dtb, vireo_qemu_file_free);
  g_clear_pointer (&resources->taps, g_array_unref);
  g_free (resources->runtime_dir);
  g_free (resources);
}

/* Calls @visit with each descriptor there is, so that listing and closing cannot differ. */
static void
for_each_fd (const VireoQemuResources *resources, void (*visit) (int *fd, gpointer data),
             gpointer data)
{
  VireoQemuImage *const flashes[] = { resources->loader, resources->nvram };
  VireoQemuFile *const files[] = { resources->kernel, resources->initrd, resources->dtb };

  visit (&((VireoQemuResources *) resources)->monitor_fd, data);
  for (guint i = 0; i < resources->disks->len; i++)
    {
      GPtrArray *chain = resources->disks->pdata[i];

      for (guint j = 0; chain != NULL && j < chain->len; j++)
        visit (&((VireoQemuImage *) chain->pdata[j])->fd, data);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (flashes); i++)
    if (flashes[i] != NULL)
      visit (&flashes[i]->fd, data);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    if (files[i] != NULL)
      visit (&files[i]->fd, data);
  for (guint i = 0; i < resources->taps->len; i++)
    visit (&g_array_index (resources->taps, int, i), data);
}

static void
visit_add (int *fd, gpointer data)
{
  if (*fd >= 0)
    g_array_append_val ((GArray *) data, *fd);
}

static void
visit_close (int *fd, gpointer data)
{
  vireo_alone_close (fd);
}

GArray *
vireo_qemu_resources_get_fds (const VireoQemuResources *resources)
{
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));

  for_each_fd (resources, visit_add, fds);
  return fds;
}

void
vireo_qemu_resources_close (VireoQemuResources *resources)
{
  /* What is no file, nobody has to answer for. */
  close_fd (&resources->monitor_fd);
  for (guint i = 0; i < resources->taps->len; i++)
    close_fd (&g_array_index (resources->taps, int, i));
  for_each_fd (resources, visit_close, NULL);
}
