/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define VIREO_TYPE_HOST_DRIVER (vireo_host_driver_get_type ())
G_DECLARE_INTERFACE (VireoHostDriver, vireo_host_driver, VIREO, HOST_DRIVER, GObject)

/**
 * VireoHostDriverInterface:
 * @get_info: processors and memory
 * @get_cpus: which processors there are
 * @get_cpu_stats: what they did
 * @get_memory_stats: how the memory is used
 * @get_sysinfo: the `sysinfo` document
 * @get_security_model: what keeps guests apart
 * @get_memory_parameters: how equal pages are shared
 * @set_memory_parameters: changes that
 * @get_free_pages: of each size, by node
 * @allocate_pages: sets large ones apart
 * @suspend: puts the host to sleep
 * @get_sev_info: what it has for confidential guests
 *
 * What can be asked of the machine that guests run on. Each function is given the arguments of the
 * method of the interface Connection that it serves, and returns a #GVariant (transfer full), that
 * method's results; what they are is written there.
 *
 * Since: 0.1
 */
struct _VireoHostDriverInterface
{
  GTypeInterface parent;

  void (*get_info) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_cpus) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_cpu_stats) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_memory_stats) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_sysinfo) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_security_model) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_memory_parameters) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*set_memory_parameters) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_free_pages) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*allocate_pages) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*suspend) (VireoHostDriver *self, GVariant *args, GTask *task);
  void (*get_sev_info) (VireoHostDriver *self, GVariant *args, GTask *task);
};

G_END_DECLS
