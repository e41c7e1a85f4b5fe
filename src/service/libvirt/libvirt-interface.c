/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static const VireoLibvirtMethod methods[] = {
  { "Create" }, { "Destroy" }, { "GetXMLDesc" }, { "Undefine" }, { NULL },
};

/* Nothing has these objects yet. */
static GVariant *
get_nothing (VireoNode *node, GVariant *value)
{
  return NULL;
}

static const VireoLibvirtProperty properties[] = {
  { "Active", NULL, get_nothing },
  { "MAC", NULL, get_nothing },
  { "Name", NULL, get_nothing },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_interface = {
  .interface = "org.libvirt.Interface",
  .path_kind = VIREO_PATH_HOST_INTERFACE,
  .noun = "Interface",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
