/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static const VireoLibvirtMethod methods[] = {
  { "GetValue" }, { "GetXMLDesc" }, { "SetValue" }, { "Undefine" }, { NULL },
};

/* Nothing has these objects yet. */
static GVariant *
get_nothing (VireoNode *node, GVariant *value)
{
  return NULL;
}

static const VireoLibvirtProperty properties[] = {
  { "UUID", NULL, get_nothing },
  { "UsageID", NULL, get_nothing },
  { "UsageType", NULL, get_nothing },
  { NULL },
};

static const VireoLibvirtSignal signals[] = {
  { NULL },
};

const VireoLibvirtService vireo_libvirt_secret = {
  .interface = "org.libvirt.Secret",
  .path_kind = VIREO_PATH_SECRET,
  .noun = "Secret",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
