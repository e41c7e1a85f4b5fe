/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static const VireoLibvirtMethod methods[] = {
  { "Destroy" },  { "Detach" }, { "GetXMLDesc" }, { "ListCaps" },
  { "ReAttach" }, { "Reset" },  { NULL },
};

/* Nothing has these objects yet. */
static GVariant *
get_nothing (VireoNode *node, GVariant *value)
{
  return NULL;
}

static const VireoLibvirtProperty properties[] = {
  { "Name", NULL, get_nothing },
  { "Parent", NULL, get_nothing },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_node_device = {
  .interface = "org.libvirt.NodeDevice",
  .path_kind = VIREO_PATH_NODE_DEVICE,
  .noun = "Node device",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
