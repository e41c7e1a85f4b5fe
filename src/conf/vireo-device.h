/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"

G_BEGIN_DECLS

/**
 * VireoDeviceIter:
 * @def: the domain
 * @kind: the kind of the current device
 * @index: its place among its kind, from 0
 * @device: its struct
 *
 * Goes through all devices of a domain:
 *
 * |[<!-- language="C" -->
 *   VireoDeviceIter iter;
 *
 *   vireo_device_iter_init (&iter, def);
 *   while (vireo_device_iter_next (&iter))
 *     work (iter.kind, iter.device);
 * ]|
 *
 * Since: 0.1
 */
typedef struct
{
  const VireoDomainDef *def;
  VireoDeviceKind kind;
  guint index;
  gpointer device;
} VireoDeviceIter;

void vireo_device_iter_init (VireoDeviceIter *iter, const VireoDomainDef *def);
gboolean vireo_device_iter_next (VireoDeviceIter *iter);

const char *vireo_device_kind_to_string (VireoDeviceKind kind);
VireoDeviceKind vireo_device_kind_from_string (const char *name);

guint vireo_domain_def_n_devices (const VireoDomainDef *def, VireoDeviceKind kind);
gpointer vireo_domain_def_get_device (const VireoDomainDef *def, VireoDeviceKind kind,
                                      guint index);
void vireo_domain_def_add_device (VireoDomainDef *def, VireoDeviceKind kind, gpointer device);
gpointer vireo_domain_def_remove_device (VireoDomainDef *def, VireoDeviceKind kind, guint index);
void vireo_domain_def_replace_device (VireoDomainDef *def, VireoDeviceKind kind, guint index,
                                      gpointer device);

const char *vireo_device_get_alias (VireoDeviceKind kind, gconstpointer device);
gboolean vireo_device_set_alias (VireoDeviceKind kind, gpointer device, const char *alias);
VireoAddressDef *vireo_device_get_address (VireoDeviceKind kind, gconstpointer device);
VireoAddressDef **vireo_device_get_address_place (VireoDeviceKind kind, gpointer device);
guint vireo_device_get_boot_order (VireoDeviceKind kind, gconstpointer device);
gboolean vireo_device_set_boot_order (VireoDeviceKind kind, gpointer device, guint order);

gpointer vireo_device_copy (VireoDeviceKind kind, gconstpointer device);
void vireo_device_free (VireoDeviceKind kind, gpointer device);
gboolean vireo_device_equal (VireoDeviceKind kind, gconstpointer a, gconstpointer b);
gboolean vireo_device_has_all (VireoDeviceKind kind, gconstpointer part, gconstpointer whole);
gpointer vireo_device_parse (const char *text, VireoParseFlags flags, VireoDeviceKind *ret_kind,
                             GError **error);

G_END_DECLS
