/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-rows.h"

static const VireoLibvirtMethod methods[] = {
  { "GetXMLDesc", "NetworkFilter.GetXml" },
  { "Undefine", "NetworkFilter.Undefine" },
  { NULL },
};

static const VireoLibvirtProperty properties[] = {
  { "Name", "NetworkFilter.Name" },
  { "UUID", "NetworkFilter.Uuid" },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_nwfilter = {
  .interface = "org.libvirt.NWFilter",
  .path_kind = VIREO_PATH_NETWORK_FILTER,
  .noun = "Network filter",
  .missing = "no nwfilter with matching uuid",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
