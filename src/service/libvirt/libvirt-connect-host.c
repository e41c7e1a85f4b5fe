/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-connect-host.h"

#include "vireo-libvirt-convert.h"

GVariant *
vireo_libvirt_domain_capabilities_in (VireoLibvirtCall *call, GError **error)
{
  static const char *const names[] = { "emulator", "arch", "machine", "virt-type" };
  GVariantBuilder options;

  vireo_libvirt_call_begin_options (call, &options);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value;

      g_variant_get_child (call->args, i, "&s", &value);
      if (*value != '\0')
        g_variant_builder_add (&options, "{sv}", names[i], g_variant_new_string (value));
    }
  return g_variant_new ("(a{sv})", &options);
}

GVariant *
vireo_libvirt_host_cpu_map_out (VireoLibvirtCall *call,
                                VireoNode *node,
                                GVariant *values,
                                GError **error)
{
  const char *online;
  guint number;

  g_variant_get (values, "(u&s)", &number, &online);
  return g_variant_new ("(@ab)", vireo_libvirt_cpu_map (online, number));
}

GVariant *
vireo_libvirt_free_memory_in (VireoLibvirtCall *call, GError **error)
{
  return g_variant_new ("(i@a{sv})", -1, vireo_libvirt_call_options (call));
}

/* In bytes, though all other figures of memory are in KiB. */
GVariant *
vireo_libvirt_free_memory_out (VireoLibvirtCall *call,
                               VireoNode *node,
                               GVariant *values,
                               GError **error)
{
  g_autoptr (GVariant) stats = g_variant_get_child_value (values, 0);
  guint64 kib = 0;

  g_variant_lookup (stats, "free", "t", &kib);
  return g_variant_new ("(t)", kib * 1024);
}

GVariant *
vireo_libvirt_security_model_out (VireoLibvirtCall *call,
                                  VireoNode *node,
                                  GVariant *values,
                                  GError **error)
{
  return g_variant_new ("(@(ss))", values);
}
