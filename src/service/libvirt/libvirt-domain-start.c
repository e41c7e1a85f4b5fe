/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-start.h"

/* ---- files ---- */

/* Files are for the init of a container; without any it is a start like others. */
static gboolean
has_files (VireoLibvirtCall *call, gsize index)
{
  g_autoptr (GVariant) files = g_variant_get_child_value (call->args, index);

  return g_variant_n_children (files) > 0;
}

void
vireo_libvirt_run_create_with_files (VireoLibvirtCall *call)
{
  g_autoptr (GVariant) files = g_variant_get_child_value (call->args, 1);
  gboolean with_files = has_files (call, 1);
  GVariant *options = vireo_libvirt_call_options (call);
  const char *xml;

  g_variant_get_child (call->args, 0, "&s", &xml);
  vireo_libvirt_call_native (
      call, with_files ? "Connection.CreateDomainWithFiles" : "Connection.CreateDomain",
      call->connection->path,
      with_files ? g_variant_new ("(s@ah@a{sv})", xml, files, options)
                 : g_variant_new ("(s@a{sv})", xml, options),
      vireo_libvirt_call_answer);
}

void
vireo_libvirt_run_start_with_files (VireoLibvirtCall *call)
{
  g_autoptr (GVariant) files = g_variant_get_child_value (call->args, 0);
  gboolean with_files = has_files (call, 0);
  GVariant *options = vireo_libvirt_call_options (call);

  vireo_libvirt_call_native (call, with_files ? "Domain.StartWithFiles" : "Domain.Start",
                             call->node_path,
                             with_files ? g_variant_new ("(@ah@a{sv})", files, options)
                                        : g_variant_new ("(@a{sv})", options),
                             vireo_libvirt_call_answer);
}

/* ---- how a guest is asked ---- */

/* By bit. */
static const char *const modes[]
    = { "acpi-power-button", "guest-agent", "initctl", "signal", "paravirt" };

const VireoLibvirtFlag vireo_libvirt_shutdown_flags[] = {
  { (1u << G_N_ELEMENTS (modes)) - 1, NULL },
  { 0 },
};

GVariant *
vireo_libvirt_shutdown_in (VireoLibvirtCall *call, GError **error)
{
  GVariantBuilder options, wanted;

  vireo_libvirt_call_begin_options (call, &options);
  if (call->flags != 0)
    {
      g_variant_builder_init (&wanted, G_VARIANT_TYPE_STRING_ARRAY);
      for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
        if ((call->flags & (1u << i)) != 0)
          g_variant_builder_add (&wanted, "s", modes[i]);
      g_variant_builder_add (&options, "{sv}", "modes", g_variant_builder_end (&wanted));
    }
  return g_variant_new ("(a{sv})", &options);
}

/* ---- how many processors ---- */

#define VCPUS_MAXIMUM (1u << 2)

const VireoLibvirtFlag vireo_libvirt_vcpus_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, "config" },
  { VCPUS_MAXIMUM, NULL },
  { 0 },
};

static void
on_vcpus (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  g_autoptr (GVariant) vcpus = NULL;
  guint number = 0;

  if (error != NULL)
    {
      vireo_libvirt_call_return_native_error (call, error);
      return;
    }
  vcpus = g_variant_get_child_value (values, 0);
  for (gsize i = 0; i < g_variant_n_children (vcpus); i++)
    {
      g_autoptr (GVariant) vcpu = g_variant_get_child_value (vcpus, i);
      gboolean enabled = FALSE;

      g_variant_lookup (vcpu, "enabled", "b", &enabled);
      if (enabled || (call->flags & VCPUS_MAXIMUM) != 0)
        number++;
    }
  vireo_libvirt_call_return (call, g_variant_new ("(u)", number), NULL);
}

void
vireo_libvirt_run_vcpus (VireoLibvirtCall *call)
{
  vireo_libvirt_call_native (call, "Domain.GetVcpus", call->node_path,
                             g_variant_new ("(@a{sv})", vireo_libvirt_call_options (call)),
                             on_vcpus);
}
