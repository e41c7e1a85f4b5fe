/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static const VireoLibvirtMethod methods[] = {
  { "GetXMLDesc" },
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
  { "Name", NULL, get_nothing },
  { "UUID", NULL, get_nothing },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_nwfilter = {
  .interface = "org.libvirt.NWFilter",
  .path_kind = VIREO_PATH_NETWORK_FILTER,
  .noun = "Network filter",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
