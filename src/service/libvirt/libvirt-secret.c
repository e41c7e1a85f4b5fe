/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-secret.h"

#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

const char *const vireo_libvirt_secret_usages[]
    = { "none", "volume", "ceph", "iscsi", "tls", "vtpm", NULL };

static const VireoLibvirtMethod methods[] = {
  { "GetValue", "Secret.GetValue" },
  { "GetXMLDesc", "Secret.GetXml" },
  { "SetValue", "Secret.SetValue" },
  { "Undefine", "Secret.Undefine" },
  { NULL },
};

static GVariant *
get_usage_type (VireoNode *node, GVariant *value)
{
  return g_variant_new_int32 (
      vireo_libvirt_number (vireo_libvirt_secret_usages, g_variant_get_string (value, NULL), 0));
}

static const VireoLibvirtProperty properties[] = {
  { "UUID", "Secret.Uuid" },
  { "UsageID", "Secret.UsageId" },
  { "UsageType", "Secret.UsageType", get_usage_type },
  { NULL },
};

static void
emit_lifecycle (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const events[] = { "defined", "undefined", NULL };
  const char *word;
  gint event;

  g_variant_get_child (args, 0, "&s", &word);
  event = vireo_libvirt_number (events, word, -1);
  if (event >= 0)
    vireo_libvirt_signals_emit_event (signals, node, "SecretEvent", event, 0);
}

static const VireoLibvirtSignal signals[] = {
  { "Lifecycle", .emit = emit_lifecycle },
  { NULL },
};

const VireoLibvirtService vireo_libvirt_secret = {
  .interface = "org.libvirt.Secret",
  .path_kind = VIREO_PATH_SECRET,
  .noun = "Secret",
  .missing = "no secret with matching uuid",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
