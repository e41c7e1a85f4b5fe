/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to vireo-qemu-command*: a command line in the making. */
#pragma once

#include "vireo-qemu-command.h"

G_BEGIN_DECLS

/**
 * VireoQemuBuild:
 *
 * What the parts of a command line share: the input, and what was written so far.
 *
 * Since: 0.1
 */
typedef struct
{
  const VireoDomainDef *def;
  const VireoQemuCaps *caps;
  const VireoQemuResources *resources;
  const VireoQemuMachine *machine;
  VireoQemuCommandFlags flags;
  gint64 now;
  GPtrArray *argv;
  GPtrArray *envp;
  GPtrArray *steps;
} VireoQemuBuild;

/* Arguments. */
void vireo_qemu_build_arg (VireoQemuBuild *build, const char *option, const char *value);
/* @value: transfer full. */
void vireo_qemu_build_json (VireoQemuBuild *build, const char *option, JsonObject *value);
/* -device; refuses a driver that the emulator does not have. @device: transfer full, with a member
 * "driver"; @what: for the message, such as "the network interface net0" */
gboolean vireo_qemu_build_device (VireoQemuBuild *build, JsonObject *device, const char *what,
                                  GError **error);
/* @arguments: (nullable): transfer full. */
void vireo_qemu_build_step (VireoQemuBuild *build, const char *command, JsonObject *arguments);

/* A value between commas: the one place that doubles commas, which is QEMU's only escape there. */
void vireo_qemu_opt_add (GString *options, const char *key, const char *value);
void vireo_qemu_opt_add_uint (GString *options, const char *key, guint64 value);
void vireo_qemu_opt_add_switch (GString *options, const char *key, VireoTristate value);

/* JSON members that are left out when there is nothing to say. */
void vireo_qemu_json_string (JsonObject *object, const char *key, const char *value);
void vireo_qemu_json_switch (JsonObject *object, const char *key, VireoTristate value);
/* A device with "driver" and "id". */
JsonObject *vireo_qemu_json_device (const char *driver, const char *id);

/* "/dev/fdset/N" (transfer full). */
char *vireo_qemu_fdset_path (guint fdset);

/* Whether files and sockets are named by their paths. */
gboolean vireo_qemu_build_is_by_name (const VireoQemuBuild *build);
/* The name by which QEMU opens a file that we opened: "/proc/self/fd/N", or @path (transfer
 * full). */
char *vireo_qemu_build_file_name (const VireoQemuBuild *build, int fd, const char *path);

/* The refusal of what is valid but cannot be done. Always FALSE. */
gboolean vireo_qemu_unsupported (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* The bus that a device's address names, and where on it: PCI, virtio-mmio, CCW. Nothing for a
 * device without an address: QEMU finds it a place. */
gboolean vireo_qemu_build_place (VireoQemuBuild *build, JsonObject *device,
                                 const VireoAddressDef *address, GError **error);
void vireo_qemu_build_usb_place (VireoQemuBuild *build, JsonObject *device,
                                 const VireoAddressDef *address);
/* The name of the device for a virtio kind ("virtio-blk") on this machine's bus ("-pci", "-ccw"),
 * transitional or not as @variant says ("", "-transitional", "-non-transitional"). */
char *vireo_qemu_build_virtio_driver (VireoQemuBuild *build, const char *kind,
                                      const char *variant);
void vireo_qemu_build_virtio_options (JsonObject *device, VireoTristate iommu, VireoTristate ats,
                                      VireoTristate packed, VireoTristate page_per_vq);
/* "virtio-transitional" gives "-transitional"; "virtio" gives "". */
const char *vireo_qemu_virtio_variant (const char *model);

gboolean vireo_qemu_build_is_x86 (const VireoQemuBuild *build);
gboolean vireo_qemu_build_is_q35 (const VireoQemuBuild *build);
gboolean vireo_qemu_build_is_i440fx (const VireoQemuBuild *build);
gboolean vireo_qemu_build_is_arm_virt (const VireoQemuBuild *build);
gboolean vireo_qemu_build_is_s390 (const VireoQemuBuild *build);

/* The place in the boot order of what has no <boot order=…> but is meant by <os><boot dev=…>; 0 for
 * none. */
guint vireo_qemu_build_boot_index (const VireoQemuBuild *build, VireoDeviceKind kind,
                                   gconstpointer device);

/* The first part of a device's name of a bus: its controller's alias. */
const char *vireo_qemu_build_controller_alias (const VireoQemuBuild *build,
                                               VireoControllerType type, guint index);

/**
 * VireoQemuImageOptions:
 * @cache: how the host caches
 * @io: how it is read and written
 * @discard: what becomes of what the guest discards
 * @detect_zeroes: what becomes of zeroes that it writes
 * @block_device: whether the files are block devices of the host
 * @discard_no_unref: of qcow2: keep clusters that were discarded
 *
 * How an image is accessed.
 *
 * Since: 0.1
 */
typedef struct
{
  VireoDiskCache cache;
  VireoDiskIo io;
  VireoDiskDiscard discard;
  VireoDiskDetectZeroes detect_zeroes;
  gboolean block_device;
  VireoTristate discard_no_unref;
} VireoQemuImageOptions;

/* The block nodes of an image and all below it, @layers (element-type VireoQemuImage) from the top;
 * their file descriptors are put into sets, and no node is opened by a name that an image gave.
 * Returns the top node's name (transfer full). */
char *vireo_qemu_build_image (VireoQemuBuild *build, GPtrArray *layers,
                              const VireoQemuImageOptions *options, const char *what,
                              GError **error);

/* The parts, in the order of the command line. */
gboolean vireo_qemu_build_machine (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_cpu (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_memory (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_smp (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_iothreads (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_smbios (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_clock (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_power (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_boot (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_firmware (VireoQemuBuild *build, GError **error);
void vireo_qemu_build_firmware_machine (VireoQemuBuild *build, GString *options);
gboolean vireo_qemu_build_controllers (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_disks (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_interfaces (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_chardevs (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_audio (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_graphics (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_videos (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_inputs (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_sounds (VireoQemuBuild *build, GError **error);
gboolean vireo_qemu_build_small_devices (VireoQemuBuild *build, GError **error);

/* One device of the definition, also to plug it in; of a disk, also its image alone. */
gboolean vireo_qemu_build_controller (VireoQemuBuild *build, guint index, GError **error);
gboolean vireo_qemu_build_disk (VireoQemuBuild *build, guint index, GError **error);
gboolean vireo_qemu_build_disk_image (VireoQemuBuild *build, guint index, GError **error);
gboolean vireo_qemu_build_interface (VireoQemuBuild *build, guint index, GError **error);
gboolean vireo_qemu_build_input (VireoQemuBuild *build, guint index, GError **error);
gboolean vireo_qemu_build_rng (VireoQemuBuild *build, guint index, GError **error);

G_END_DECLS
