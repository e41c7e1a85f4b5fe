/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-rows.h"

static const VireoLibvirtFlag xml_flags[] = { { 1 << 0, "inactive" }, { 0 } };

static const VireoLibvirtMethod methods[] = {
  { "Create", "HostInterface.Start" },
  { "Destroy", "HostInterface.Destroy" },
  { "GetXMLDesc", "HostInterface.GetXml", .flags = xml_flags },
  { "Undefine", "HostInterface.Undefine" },
  { NULL },
};

static const VireoLibvirtProperty properties[] = {
  { "Active", "HostInterface.Active" },
  { "MAC", "HostInterface.Mac" },
  { "Name", "HostInterface.Name" },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_interface = {
  .interface = "org.libvirt.Interface",
  .path_kind = VIREO_PATH_HOST_INTERFACE,
  .noun = "Interface",
  .missing = "no interface with matching mac",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
