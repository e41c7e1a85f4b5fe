/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static GVariant *
info_out (VireoLibvirtCall *call, VireoNode *node, GVariant *value, GError **error)
{
  static const char *const states[]
      = { "inactive", "building", "running", "degraded", "inaccessible", NULL };
  guint64 capacity, allocation, available;

  g_object_get (node->object, "capacity", &capacity, "allocation", &allocation, "available",
                &available, NULL);
  return g_variant_new ("((ittt))",
                        vireo_libvirt_number (states, g_variant_get_string (value, NULL), 0),
                        capacity, allocation, available);
}

/* The volume that a new one is made from is known by its key. */
static GVariant *
create_from_in (VireoLibvirtCall *call, GError **error)
{
  VireoLibvirtPath path = { .path_kind = VIREO_PATH_STORAGE_VOLUME };
  g_autofree char *element = NULL;
  g_autofree char *source = NULL;
  const char *xml, *key;

  g_variant_get (call->args, "(&s&su)", &xml, &key, NULL);
  path.element = element = vireo_path_escape (key);
  source = vireo_libvirt_path_to_node_path (&path, call->connection);
  /* What is not there is for the one who looks for it to say, as it is of what may not be seen. */
  return g_variant_new ("(so@a{sv})", xml, source != NULL ? source : "/",
                        vireo_libvirt_call_options (call));
}

static const VireoLibvirtFlag build_flags[] = {
  { 1 << 0, "repair" },
  { 1 << 1, "resize" },
  { 1 << 2, "no-overwrite" },
  { 1 << 3, "overwrite" },
  { 0 },
};
static const VireoLibvirtFlag start_flags[] = {
  { 1 << 0, "build" },
  { 1 << 1, "overwrite" },
  { 1 << 2, "no-overwrite" },
  { 0 },
};
static const VireoLibvirtFlag delete_flags[] = { { 1 << 0, "zeroed" }, { 0 } };
static const VireoLibvirtFlag xml_flags[] = { { 1 << 0, "inactive" }, { 0 } };
static const VireoLibvirtFlag create_flags[] = {
  { 1 << 0, "prealloc-metadata" },
  { 1 << 2, "validate" },
  { 0 },
};
static const VireoLibvirtFlag create_from_flags[] = {
  { 1 << 0, "prealloc-metadata" },
  { 1 << 1, "reflink" },
  { 1 << 2, "validate" },
  { 0 },
};

static const VireoLibvirtMethod methods[] = {
  { "Build", "StoragePool.Build", .flags = build_flags },
  { "Create", "StoragePool.Start", .flags = start_flags },
  { "Delete", "StoragePool.Delete", .flags = delete_flags },
  { "Destroy", "StoragePool.Destroy" },
  { "GetInfo", "StoragePool.State", .out = info_out },
  { "GetXMLDesc", "StoragePool.GetXml", .flags = xml_flags },
  { "ListStorageVolumes", "StoragePool.ListVolumes", .only_active = TRUE },
  { "Refresh", "StoragePool.Refresh" },
  { "StorageVolCreateXML", "StoragePool.CreateVolume", .flags = create_flags },
  { "StorageVolCreateXMLFrom", "StoragePool.CreateVolumeFrom", .flags = create_from_flags,
    .in = create_from_in },
  { "StorageVolLookupByName", "StoragePool.LookupVolumeByName",
    .missing = "Storage volume not found: no storage vol with matching name" },
  { "Undefine", "StoragePool.Undefine" },
  { NULL },
};

static const VireoLibvirtProperty properties[] = {
  { "Active", "StoragePool.Active" }, { "Autostart", "StoragePool.Autostart" },
  { "Name", "StoragePool.Name" },     { "Persistent", "StoragePool.Persistent" },
  { "UUID", "StoragePool.Uuid" },     { NULL },
};

static void
emit_lifecycle (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const events[]
      = { "defined", "undefined", "started", "stopped", "created", "deleted", NULL };
  const char *word;
  gint event;

  g_variant_get_child (args, 0, "&s", &word);
  event = vireo_libvirt_number (events, word, -1);
  if (event >= 0)
    vireo_libvirt_signals_emit_event (signals, node, "StoragePoolEvent", event, 0);
}

static const VireoLibvirtSignal signals[] = {
  { "Lifecycle", .emit = emit_lifecycle },
  { "Refreshed", "Refresh" },
  { NULL },
};

const VireoLibvirtService vireo_libvirt_storage_pool = {
  .interface = "org.libvirt.StoragePool",
  .path_kind = VIREO_PATH_STORAGE_POOL,
  .noun = "Storage pool",
  .missing = "no storage pool with matching uuid",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
