/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

/* To tell what it takes of the disk, rather than what was allocated. */
#define INFO_GET_PHYSICAL 1u

static GVariant *
info_out (VireoLibvirtCall *call, VireoNode *node, GVariant *value, GError **error)
{
  static const char *const types[] = { "file", "block", "dir", "network", "netdir", "ploop", NULL };
  guint64 capacity, allocation, physical;

  g_object_get (node->object, "capacity", &capacity, "allocation", &allocation, "physical",
                &physical, NULL);
  return g_variant_new ("((itt))",
                        vireo_libvirt_number (types, g_variant_get_string (value, NULL), 0),
                        capacity, (call->flags & INFO_GET_PHYSICAL) != 0 ? physical : allocation);
}

static GVariant *
wipe_in (VireoLibvirtCall *call, GError **error)
{
  static const char *const algorithms[]
      = { "zero",     "nnsa",      "dod",        "bsi",    "gutmann",
          "schneier", "pfitzner7", "pfitzner33", "random", "trim" };
  GVariantBuilder options;
  guint pattern;

  g_variant_get_child (call->args, 0, "u", &pattern);
  if (pattern >= G_N_ELEMENTS (algorithms))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "there is no pattern %u to wipe with", pattern);
      return NULL;
    }
  vireo_libvirt_call_begin_options (call, &options);
  g_variant_builder_add (&options, "{sv}", "algorithm", g_variant_new_string (algorithms[pattern]));
  return g_variant_new ("(a{sv})", &options);
}

static const VireoLibvirtFlag delete_flags[] = {
  { 1 << 0, "zeroed" },
  { 1 << 1, "with-snapshots" },
  { 0 },
};
static const VireoLibvirtFlag info_flags[] = { { INFO_GET_PHYSICAL, NULL }, { 0 } };
static const VireoLibvirtFlag resize_flags[] = {
  { 1 << 0, "allocate" },
  { 1 << 1, "delta" },
  { 1 << 2, "shrink" },
  { 0 },
};

static const VireoLibvirtMethod methods[] = {
  { "Delete", "StorageVolume.Delete", .flags = delete_flags },
  { "GetInfo", "StorageVolume.VolumeType", .flags = info_flags, .out = info_out },
  { "GetXMLDesc", "StorageVolume.GetXml" },
  { "Resize", "StorageVolume.Resize", .flags = resize_flags },
  { "Wipe", "StorageVolume.Wipe", .in = wipe_in },
  { NULL },
};

static const VireoLibvirtProperty properties[] = {
  { "Key", "StorageVolume.Key" },
  { "Name", "StorageVolume.Name" },
  { "Path", "StorageVolume.Path" },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_storage_vol = {
  .interface = "org.libvirt.StorageVol",
  .path_kind = VIREO_PATH_STORAGE_VOLUME,
  .noun = "Storage volume",
  .missing = "no storage vol with matching key",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
