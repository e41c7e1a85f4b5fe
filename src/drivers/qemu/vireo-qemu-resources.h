/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VireoQemuImage:
 * @path: where it is on the host, for messages and for the live definition
 * @format: (nullable): "raw", "qcow2"…: as the definition or the image above says; never guessed
 *   from what a guest could have written
 * @fd: the open file, or -1 once the emulator has it. The number is the same in the emulator's
 *   process: nothing is renumbered
 * @fdset: the number of the fd set that it is in: its file name for QEMU is `/dev/fdset/N`
 * @read_only: whether it was opened for reading only
 * @device: device number of the file
 * @inode: inode number of the file
 *
 * One open image file: a layer of a disk, or a flash image.
 *
 * Since: 0.1
 */
typedef struct
{
  char *path;
  char *format;
  int fd;
  guint fdset;
  gboolean read_only;
  guint64 device;
  guint64 inode;
} VireoQemuImage;

void vireo_qemu_image_free (VireoQemuImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuImage, vireo_qemu_image_free)

/**
 * VireoQemuFile:
 * @path: where it is on the host
 * @fd: the open file, readable by the emulator when it opens `/dev/fd/N` again
 *
 * A file that QEMU reads once, by name: a kernel, an initramfs, a device tree, a firmware ROM.
 *
 * Since: 0.1
 */
typedef struct
{
  char *path;
  int fd;
} VireoQemuFile;

void vireo_qemu_file_free (VireoQemuFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuFile, vireo_qemu_file_free)

/**
 * VireoQemuResources:
 * @runtime_dir: a folder of this guest's own, in which the emulator may make sockets
 * @monitor_fd: listening Unix socket for the monitor
 * @disks: (element-type GPtrArray): for each disk of the definition in its order, its
 *   #VireoQemuImage layers from the top to the base; %NULL for an empty drive. The layers of a disk
 *   are complete: the last has no backing image
 * @loader: (nullable): the firmware's image
 * @nvram: (nullable): the firmware's variables
 * @kernel: (nullable): to boot directly
 * @initrd: (nullable): to boot directly
 * @dtb: (nullable): to boot directly
 * @taps: (element-type int): for each network interface of the definition in its order, the tap
 *   device, or -1 when it has none (user-mode networking)
 *
 * What the daemon made and opened for one guest, and what the command line refers to. The daemon
 * closes its copies when the emulator was started.
 *
 * Since: 0.1
 */
typedef struct
{
  char *runtime_dir;
  int monitor_fd;
  GPtrArray *disks;
  VireoQemuImage *loader;
  VireoQemuImage *nvram;
  VireoQemuFile *kernel;
  VireoQemuFile *initrd;
  VireoQemuFile *dtb;
  GArray *taps;
} VireoQemuResources;

VireoQemuResources *vireo_qemu_resources_new (void);
void vireo_qemu_resources_free (VireoQemuResources *resources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuResources, vireo_qemu_resources_free)

/* All file descriptors that the emulator needs. (transfer full) (element-type int) */
GArray *vireo_qemu_resources_get_fds (const VireoQemuResources *resources);

/* Closes the daemon's copies. */
void vireo_qemu_resources_close (VireoQemuResources *resources);

G_END_DECLS
