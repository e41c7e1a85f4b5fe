/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static const VireoLibvirtMethod methods[] = {
  { "Build" },
  { "Create" },
  { "Delete" },
  { "Destroy" },
  { "GetInfo" },
  { "GetXMLDesc" },
  { "ListStorageVolumes" },
  { "Refresh" },
  { "StorageVolCreateXML" },
  { "StorageVolCreateXMLFrom" },
  { "StorageVolLookupByName" },
  { "Undefine" },
  { NULL },
};

/* Nothing has these objects yet. */
static GVariant *
get_nothing (VireoNode *node, GVariant *value)
{
  return NULL;
}

static const VireoLibvirtProperty properties[] = {
  { "Active", NULL, get_nothing }, { "Autostart", NULL, get_nothing },
  { "Name", NULL, get_nothing },   { "Persistent", NULL, get_nothing },
  { "UUID", NULL, get_nothing },   { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_storage_pool = {
  .interface = "org.libvirt.StoragePool",
  .path_kind = VIREO_PATH_STORAGE_POOL,
  .noun = "Storage pool",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
