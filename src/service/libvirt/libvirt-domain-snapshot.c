/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-snapshot.h"

#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

/* ---- for the rows of domains, too ---- */

/* Of a property that is a path, or "/" when there is none. */
GVariant *
vireo_libvirt_snapshot_out (VireoLibvirtCall *call,
                            VireoNode *node,
                            GVariant *value,
                            GError **error)
{
  const char *node_path = g_variant_get_string (value, NULL);
  g_autofree char *path = NULL;

  if (g_str_equal (node_path, "/"))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
                   "Domain snapshot not found: there is none");
      return NULL;
    }
  path = vireo_libvirt_call_translate_path (call, node_path);
  return g_variant_new ("(o)", path);
}

/* The first bit is for the roots of a domain's, and for all below of a snapshot's. */
#define LIST_FIRST (1u << 0)
#define LIST_METADATA (1u << 1)
#define LIST_LEAVES (1u << 2)
#define LIST_NO_LEAVES (1u << 3)
#define LIST_NO_METADATA (1u << 4)

const VireoLibvirtFilter vireo_libvirt_snapshot_filters[] = {
  { 1 << 5, 0, "state", .word = "shutoff" },
  { 1 << 6, 0, "state", .word = "running" },
  { 1 << 6, 0, "state", .word = "paused" },
  { 1 << 7, 0, "state", .word = "disk-snapshot" },
  { 1 << 8, 1, "location", .word = "internal" },
  { 1 << 9, 1, "location", .word = "external" },
  /* All have metadata: what has none is not known. */
  { LIST_METADATA, 2, "no-metadata", FALSE },
  { LIST_NO_METADATA, 2, "no-metadata", TRUE },
  { 0 },
};

/* The others are for filters, and for an order, of which any will do. */
const VireoLibvirtFlag vireo_libvirt_snapshot_list_flags[] = { { 0x7ff, NULL }, { 0 } };

static GVariant *
list_options (VireoLibvirtCall *call, const char *first)
{
  guint32 leaves = call->flags & (LIST_LEAVES | LIST_NO_LEAVES);
  GVariantBuilder options;

  vireo_libvirt_call_begin_options (call, &options);
  if ((call->flags & LIST_FIRST) != 0)
    g_variant_builder_add (&options, "{sv}", first, g_variant_new_boolean (TRUE));
  if (leaves == LIST_LEAVES || leaves == LIST_NO_LEAVES)
    g_variant_builder_add (&options, "{sv}", "leaves",
                           g_variant_new_boolean (leaves == LIST_LEAVES));
  return g_variant_new ("(a{sv})", &options);
}

GVariant *
vireo_libvirt_snapshots_in (VireoLibvirtCall *call, GError **error)
{
  return list_options (call, "roots");
}

static GVariant *
children_in (VireoLibvirtCall *call, GError **error)
{
  return list_options (call, "descendants");
}

const VireoLibvirtFlag vireo_libvirt_snapshot_create_flags[] = {
  { 1 << 0, "redefine" },
  { 1 << 1, "current" },
  { 1 << 2, "no-metadata" },
  { 1 << 3, "halt" },
  { 1 << 4, "disk-only" },
  { 1 << 5, "reuse-external" },
  { 1 << 6, "quiesce" },
  { 1 << 7, "atomic" },
  { 1 << 8, "live" },
  { 1 << 9, "validate" },
  { 0 },
};

/* ---- snapshots ---- */

static GVariant *
boolean_out (VireoLibvirtCall *call, VireoNode *node, GVariant *value, GError **error)
{
  return g_variant_new ("(b)", g_variant_get_boolean (value));
}

static const VireoLibvirtFlag delete_flags[] = {
  { 1 << 0, "children" },
  { 1 << 1, "metadata-only" },
  { 1 << 2, "children-only" },
  { 0 },
};
static const VireoLibvirtFlag xml_flags[] = { { 1 << 0, "secure" }, { 0 } };
static const VireoLibvirtFlag revert_flags[] = {
  { 1 << 0, "running" },
  { 1 << 1, "paused" },
  { 1 << 2, "force" },
  { 1 << 3, "reset-nvram" },
  { 0 },
};

static const VireoLibvirtMethod methods[] = {
  { "Delete", "DomainSnapshot.Delete", .flags = delete_flags },
  { "GetParent", "DomainSnapshot.Parent", .out = vireo_libvirt_snapshot_out },
  { "GetXMLDesc", "DomainSnapshot.GetXml", .flags = xml_flags },
  { "IsCurrent", "DomainSnapshot.Current", .out = boolean_out },
  { "ListChildren", "DomainSnapshot.ListChildren", .flags = vireo_libvirt_snapshot_list_flags,
    .in = children_in, .filters = vireo_libvirt_snapshot_filters },
  { "Revert", "DomainSnapshot.Revert", .flags = revert_flags },
  { NULL },
};

static const VireoLibvirtProperty properties[] = {
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_domain_snapshot = {
  .interface = "org.libvirt.DomainSnapshot",
  .path_kind = VIREO_PATH_DOMAIN_SNAPSHOT,
  .noun = "Domain snapshot",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
