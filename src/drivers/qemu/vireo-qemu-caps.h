/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/**
 * VireoQemuMachine:
 * @name: canonical, such as "pc-q35-7.2"
 * @alias: (nullable): such as "q35"
 * @cpu_max: processors that it takes
 * @is_default: whether the emulator takes it when it is told none
 * @deprecated: whether it will go away
 * @hotpluggable_cpus: whether processors can be plugged
 * @default_cpu: (nullable): its processor's model when none is asked for, such as "qemu64"
 * @default_ram_id: (nullable): the name that its main memory's backend must have
 *
 * A machine type.
 *
 * Since: 0.1
 */
typedef struct
{
  char *name;
  char *alias;
  guint cpu_max;
  gboolean is_default;
  gboolean deprecated;
  gboolean hotpluggable_cpus;
  char *default_cpu;
  char *default_ram_id;
} VireoQemuMachine;

/**
 * VireoQemuCaps:
 *
 * What an emulator binary can do. Immutable once made.
 *
 * Since: 0.1
 */
typedef struct _VireoQemuCaps VireoQemuCaps;

VireoQemuCaps *vireo_qemu_caps_ref (VireoQemuCaps *self);
void vireo_qemu_caps_unref (VireoQemuCaps *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuCaps, vireo_qemu_caps_unref)

const char *vireo_qemu_caps_get_path (const VireoQemuCaps *self);
/* As definitions call it: "x86_64", "i686", "aarch64", "ppc64", "s390x"… */
const char *vireo_qemu_caps_get_arch (const VireoQemuCaps *self);
/* major * 1000000 + minor * 1000 + micro */
guint vireo_qemu_caps_get_version (const VireoQemuCaps *self);
const char *vireo_qemu_caps_get_package (const VireoQemuCaps *self);
/* Whether guests of ours can use KVM with it, as of the probe. */
gboolean vireo_qemu_caps_has_kvm (const VireoQemuCaps *self);

/* (element-type VireoQemuMachine), in natural order of their names. */
GPtrArray *vireo_qemu_caps_get_machines (const VireoQemuCaps *self);
/* By name or alias. */
const VireoQemuMachine *vireo_qemu_caps_find_machine (const VireoQemuCaps *self, const char *name);
/* NULL: it has none, and one must be named. */
const VireoQemuMachine *vireo_qemu_caps_get_default_machine (const VireoQemuCaps *self);

/* @type: a QOM type: a device such as "virtio-blk-pci", or an object such as "rng-random". */
gboolean vireo_qemu_caps_has_type (const VireoQemuCaps *self, const char *type);
/* Known for the types listed in vireo-qemu-caps-probe.c; "machine" stands for the default one. */
gboolean vireo_qemu_caps_has_property (const VireoQemuCaps *self, const char *type,
                                       const char *property);
gboolean vireo_qemu_caps_has_command (const VireoQemuCaps *self, const char *command);
/* @parameter: (nullable): of the option group. */
gboolean vireo_qemu_caps_has_option (const VireoQemuCaps *self, const char *option,
                                     const char *parameter);
gboolean vireo_qemu_caps_has_cpu_model (const VireoQemuCaps *self, const char *model);
/* (element-type utf8), sorted */
GPtrArray *vireo_qemu_caps_get_cpu_models (const VireoQemuCaps *self);
/* "emulator", "passthrough" */
gboolean vireo_qemu_caps_has_tpm_backend (const VireoQemuCaps *self, const char *backend);

G_END_DECLS
