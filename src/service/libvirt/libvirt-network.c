/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static GVariant *
leases_in (VireoLibvirtCall *call, GError **error)
{
  GVariantBuilder options;
  const char *mac;

  g_variant_get_child (call->args, 0, "&s", &mac);
  vireo_libvirt_call_begin_options (call, &options);
  if (*mac != '\0')
    g_variant_builder_add (&options, "{sv}", "mac", g_variant_new_string (mac));
  return g_variant_new ("(a{sv})", &options);
}

static const char *
text_of (GVariant *dictionary, const char *key)
{
  const char *text = "";

  g_variant_lookup (dictionary, key, "&s", &text);
  return text;
}

static GVariant *
leases_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  static const char *const families[] = { "ipv4", "ipv6", NULL };
  g_autofree char *bridge = NULL;
  g_autoptr (GVariant) leases = g_variant_get_child_value (values, 0);
  GVariantBuilder builder;

  g_object_get (node->object, "bridge-name", &bridge, NULL);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sxisssuss)"));
  for (gsize i = 0; i < g_variant_n_children (leases); i++)
    {
      g_autoptr (GVariant) lease = g_variant_get_child_value (leases, i);
      gint64 expires = 0;
      guint32 prefix = 0;

      g_variant_lookup (lease, "expires", "x", &expires);
      g_variant_lookup (lease, "prefix", "u", &prefix);
      g_variant_builder_add (&builder, "(sxisssuss)", bridge != NULL ? bridge : "", expires,
                             vireo_libvirt_number (families, text_of (lease, "family"), 0),
                             text_of (lease, "mac"), text_of (lease, "iaid"),
                             text_of (lease, "address"), prefix, text_of (lease, "hostname"),
                             text_of (lease, "client-id"));
    }
  return g_variant_new ("(a(sxisssuss))", &builder);
}

/* By number. */
static const char *const commands[] = { "", "modify", "delete", "add-last", "add-first" };
static const char *const sections[] = { "",
                                        "bridge",
                                        "domain",
                                        "ip",
                                        "ip-dhcp-host",
                                        "ip-dhcp-range",
                                        "forward",
                                        "forward-interface",
                                        "forward-pf",
                                        "portgroup",
                                        "dns-host",
                                        "dns-txt",
                                        "dns-srv" };

static GVariant *
update_in (VireoLibvirtCall *call, GError **error)
{
  guint command, section;
  gint parent_index;
  const char *xml;
  GVariantBuilder options;

  g_variant_get (call->args, "(uui&su)", &command, &section, &parent_index, &xml, NULL);
  if (command >= G_N_ELEMENTS (commands) || section >= G_N_ELEMENTS (sections))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "there is no command %u for the section %u", command, section);
      return NULL;
    }
  vireo_libvirt_call_begin_options (call, &options);
  if (parent_index >= 0)
    g_variant_builder_add (&options, "{sv}", "parent-index", g_variant_new_int32 (parent_index));
  return g_variant_new ("(sssa{sv})", commands[command], sections[section], xml, &options);
}

static const VireoLibvirtFlag update_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, "config" },
  { 0 },
};
static const VireoLibvirtFlag xml_flags[] = { { 1, "inactive" }, { 0 } };

static const VireoLibvirtMethod methods[] = {
  { "Create", "Network.Start" },
  { "Destroy", "Network.Destroy" },
  { "GetDHCPLeases", "Network.GetLeases", .in = leases_in, .out = leases_out },
  { "GetXMLDesc", "Network.GetXml", .flags = xml_flags },
  { "Undefine", "Network.Undefine" },
  { "Update", "Network.Update", .flags = update_flags, .in = update_in },
  { NULL },
};

static const VireoLibvirtProperty properties[] = {
  { "Active", "Network.Active" }, { "Autostart", "Network.Autostart" },
  { "Name", "Network.Name" },     { "Persistent", "Network.Persistent" },
  { "UUID", "Network.Uuid" },     { NULL },
};

static void
emit_lifecycle (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const events[] = { "defined", "undefined", "started", "stopped", NULL };
  const char *word;
  gint event;

  g_variant_get_child (args, 0, "&s", &word);
  event = vireo_libvirt_number (events, word, -1);
  if (event >= 0)
    vireo_libvirt_signals_emit_event (signals, node, "NetworkEvent", event, -1);
}

static const VireoLibvirtSignal signals[] = {
  { "Lifecycle", .emit = emit_lifecycle },
  { NULL },
};

const VireoLibvirtService vireo_libvirt_network = {
  .interface = "org.libvirt.Network",
  .path_kind = VIREO_PATH_NETWORK,
  .noun = "Network",
  .missing = "no network with matching uuid",
  .methods = methods,
  .properties = properties,
  .signals = signals,
};
