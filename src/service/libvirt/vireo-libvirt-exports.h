/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-rows.h"

G_BEGIN_DECLS

/**
 * VireoLibvirtTarget:
 * @info: (nullable): the interface of ours; %NULL when there is no such member
 * @method: (nullable): the method of ours
 * @property: (nullable): or the property
 * @path_kind: the objects that have it
 *
 * What does it.
 */
typedef struct
{
  const VireoInterfaceInfo *info;
  const VireoMethodInfo *method;
  const VireoPropertyInfo *property;
  VireoPathKind path_kind;
} VireoLibvirtTarget;

/**
 * VireoLibvirtExport:
 *
 * An interface of org.libvirt, joined with how it is served: each member has a row, and what the
 * rows name is there and takes and gives what they say.
 */
typedef struct
{
  const VireoInterfaceInfo *info;
  const VireoLibvirtService *service;
  /* In the order of the members in @info. */
  const VireoLibvirtMethod **methods;
  VireoLibvirtTarget *method_targets;
  const VireoLibvirtProperty **properties;
  VireoLibvirtTarget *property_targets;
} VireoLibvirtExport;

/* All interfaces of org.libvirt, ending with an empty row. */
extern const VireoInterfaceInfo vireo_libvirt_interfaces[];

VireoLibvirtExport *
vireo_libvirt_export_new (const VireoLibvirtService *service, VireoTree *tree, GError **error);
void vireo_libvirt_export_free (VireoLibvirtExport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoLibvirtExport, vireo_libvirt_export_free)

/* Finds "Domain.Start" among our members. */
gboolean
vireo_libvirt_target_find (VireoTree *tree, const char *native, VireoLibvirtTarget *ret_target);

G_END_DECLS
