/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/vireo-error.h"
#include "vireo-qemu-resources.h"

G_BEGIN_DECLS

/**
 * VireoQemuImageSpec:
 * @path: absolute path
 * @format: (nullable): its format; "raw" when absent, for it is never guessed
 * @read_only: whether the guest may only read it
 * @fd: (transfer full): its file, which is opened already; -1 to open @path
 * @lower: (nullable) (element-type VireoQemuImageSpec): the layers below as the definition has
 *   them; %NULL to find them out from the image
 *
 * An image that a definition names.
 *
 * Since: 0.1
 */
typedef struct
{
  char *path;
  char *format;
  gboolean read_only;
  int fd;
  GPtrArray *lower;
} VireoQemuImageSpec;

VireoQemuImageSpec *vireo_qemu_image_spec_new (const char *path, const char *format,
                                               gboolean read_only);
void vireo_qemu_image_spec_free (VireoQemuImageSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuImageSpec, vireo_qemu_image_spec_free)

/* Opens an image and all that are below it; only the top is ever opened for writing. @next_fdset
 * counts up. Blocks: for a worker thread. Returns: (transfer full) (element-type VireoQemuImage) */
GPtrArray *vireo_qemu_images_open (const VireoQemuImageSpec *spec, guint *next_fdset,
                                   GError **error);

/* Opens a file that QEMU opens again as `/dev/fd/N`. When @foreign, the emulator runs as somebody
 * who may not be allowed to: it gets a copy in memory then. Blocks: for a worker thread. */
VireoQemuFile *vireo_qemu_file_open (const char *path, gboolean foreign, GError **error);

/* A plain file; never waits for a peer, and follows no link to what this process has open. Blocks.
 * Returns -1 with @error. */
int vireo_qemu_plain_open (const char *path, int access, GError **error);
/* The same for a folder, which is made no use of but to name what is in it. -1 with errno. */
int vireo_qemu_folder_open (const char *path);

/**
 * VireoQemuImageRegistry:
 *
 * Which images are in use by which domain, so that two domains do not write to one. QEMU's own
 * locks stay on beneath it and cover what is not ours; the registry knows before QEMU is started,
 * and can say who.
 *
 * Since: 0.1
 */
typedef struct _VireoQemuImageRegistry VireoQemuImageRegistry;

VireoQemuImageRegistry *vireo_qemu_image_registry_new (void);
void vireo_qemu_image_registry_free (VireoQemuImageRegistry *self);

/**
 * VireoQemuImageUse:
 * @device: device number
 * @inode: inode number
 * @writes: whether the guest may write to it
 * @shared: whether it says that others may at the same time
 *
 * One use of an image.
 *
 * Since: 0.1
 */
typedef struct
{
  guint64 device;
  guint64 inode;
  gboolean writes;
  gboolean shared;
} VireoQemuImageUse;

/* Enters a use by @owner, a name for messages that is also the key for release. Errors: Busy. */
gboolean vireo_qemu_image_registry_claim (VireoQemuImageRegistry *self, const char *owner,
                                          const VireoQemuImageUse *use, const char *path,
                                          GError **error);
/* Takes out one use that @owner has. */
void vireo_qemu_image_registry_release_use (VireoQemuImageRegistry *self, const char *owner,
                                            const VireoQemuImageUse *use);
/* Takes out all that @owner has. */
void vireo_qemu_image_registry_release (VireoQemuImageRegistry *self, const char *owner);

G_END_DECLS
