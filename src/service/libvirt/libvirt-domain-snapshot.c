/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static const VireoLibvirtMethod methods[] = {
  { "Delete" },       { "GetParent" }, { "GetXMLDesc" }, { "IsCurrent" },
  { "ListChildren" }, { "Revert" },    { NULL },
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
