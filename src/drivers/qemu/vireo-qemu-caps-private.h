/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "vireo-qemu-caps.h"
#include "vireo-qemu-process.h"

G_BEGIN_DECLS

/* What a probe found out, boiled down; also what the cache keeps on disk:
 *   arch, package: strings; version: number; kvm: boolean;
 *   machines: [{name, alias, cpu-max, default, deprecated, hotplug, cpu, ram}];
 *   types, commands, cpus, tpms: [string]; options, properties: {name: [string]}. */
VireoQemuCaps *vireo_qemu_caps_new_from_facts (const char *path, JsonObject *facts,
                                               GError **error);

/* Asks the binary. @use_kvm: whether to try KVM. */
void vireo_qemu_caps_probe_async (const char *path, const VireoQemuIdentity *identity,
                                  gboolean use_kvm, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): the facts. */
JsonObject *vireo_qemu_caps_probe_finish (GAsyncResult *result, GError **error);

G_END_DECLS
