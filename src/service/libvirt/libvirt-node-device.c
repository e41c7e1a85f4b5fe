/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-node-device.h"

#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

/* ---- for the connection's row ---- */

/* By bit. */
static const char *const capabilities[]
    = { "system",      "pci",        "usb_device", "usb",     "net",    "scsi_host",
        "scsi_target", "scsi",       "storage",    "fc_host", "vports", "scsi_generic",
        "drm",         "mdev_types", "mdev",       "ccw",     "css",    "vdpa",
        "ap_card",     "ap_queue",   "ap_matrix",  "vpd" };

#define LIST_INACTIVE (1u << 30)
#define LIST_ACTIVE (1u << 31)

const VireoLibvirtFlag vireo_libvirt_node_device_list_flags[] = {
  { (1u << G_N_ELEMENTS (capabilities)) - 1, NULL },
  { LIST_INACTIVE | LIST_ACTIVE, NULL },
  { 0 },
};

GVariant *
vireo_libvirt_node_devices_in (VireoLibvirtCall *call, GError **error)
{
  guint32 states = call->flags & (LIST_INACTIVE | LIST_ACTIVE);
  GVariantBuilder options, wanted;

  g_variant_builder_init (&wanted, G_VARIANT_TYPE ("as"));
  for (gsize i = 0; i < G_N_ELEMENTS (capabilities); i++)
    if ((call->flags & (1u << i)) != 0)
      g_variant_builder_add (&wanted, "s", capabilities[i]);
  vireo_libvirt_call_begin_options (call, &options);
  if ((call->flags & ((1u << G_N_ELEMENTS (capabilities)) - 1)) != 0)
    g_variant_builder_add (&options, "{sv}", "capabilities", g_variant_builder_end (&wanted));
  else
    g_variant_builder_clear (&wanted);
  if (states == LIST_ACTIVE || states == LIST_INACTIVE)
    g_variant_builder_add (&options, "{sv}", "active",
                           g_variant_new_boolean (states == LIST_ACTIVE));
  return g_variant_new ("(a{sv})", &options);
}

/* ---- node devices ---- */

static GVariant *
detach_in (VireoLibvirtCall *call, GError **error)
{
  GVariantBuilder options;
  const char *driver;

  g_variant_get_child (call->args, 0, "&s", &driver);
  vireo_libvirt_call_begin_options (call, &options);
  if (*driver != '\0')
    g_variant_builder_add (&options, "{sv}", "driver", g_variant_new_string (driver));
  return g_variant_new ("(a{sv})", &options);
}

static GVariant *
capabilities_out (VireoLibvirtCall *call, VireoNode *node, GVariant *value, GError **error)
{
  return g_variant_new ("(@as)", value);
}

static const VireoLibvirtFlag xml_flags[] = { { 1 << 0, "inactive" }, { 0 } };

static const VireoLibvirtMethod methods[] = {
  { "Destroy", "NodeDevice.Destroy" },
  { "Detach", "NodeDevice.Detach", .in = detach_in },
  { "GetXMLDesc", "NodeDevice.GetXml", .flags = xml_flags },
  { "ListCaps", "NodeDevice.Capabilities", .out = capabilities_out },
  { "ReAttach", "NodeDevice.Reattach" },
  { "Reset", "NodeDevice.Reset" },
  { NULL },
};

static const VireoLibvirtProperty properties[] = {
  { "Name", "NodeDevice.Name" },
  { "Parent", "NodeDevice.Parent" },
  { NULL },
};

static void
emit_lifecycle (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const events[] = { "created", "deleted", "defined", "undefined", NULL };
  const char *word;
  gint event;

  g_variant_get_child (args, 0, "&s", &word);
  event = vireo_libvirt_number (events, word, -1);
  if (event >= 0)
    vireo_libvirt_signals_emit_event (signals, node, "NodeDeviceEvent", event, 0);
}

static const VireoLibvirtSignal signals[] = {
  { "Lifecycle", .emit = emit_lifecycle },
  { NULL },
};

const VireoLibvirtService vireo_libvirt_node_device = {
  .interface = "org.libvirt.NodeDevice",
  .path_kind = VIREO_PATH_NODE_DEVICE,
  .noun = "Node device",
  .missing = "no node device with matching name",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
