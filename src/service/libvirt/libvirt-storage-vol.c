/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static const VireoLibvirtMethod methods[] = {
  { "Delete" }, { "GetInfo" }, { "GetXMLDesc" }, { "Resize" }, { "Wipe" }, { NULL },
};

/* Nothing has these objects yet. */
static GVariant *
get_nothing (VireoNode *node, GVariant *value)
{
  return NULL;
}

static const VireoLibvirtProperty properties[] = {
  { "Key", NULL, get_nothing },
  { "Name", NULL, get_nothing },
  { "Path", NULL, get_nothing },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_storage_vol = {
  .interface = "org.libvirt.StorageVol",
  .path_kind = VIREO_PATH_STORAGE_VOLUME,
  .noun = "Storage volume",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
