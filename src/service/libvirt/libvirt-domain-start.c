/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-start.h"

#include "util/vireo-error.h"

/* ---- files ---- */

/* Files are for the init of a container. Hypervisors take none, and without any it is a start like
 * others. */
static gboolean
check_no_files (VireoLibvirtCall *call, gsize index, GError **error)
{
  g_autoptr (GVariant) files = g_variant_get_child_value (call->args, index);

  if (g_variant_n_children (files) == 0)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
               "%s: files are for containers, of which there is no driver yet", call->row->name);
  return FALSE;
}

GVariant *
vireo_libvirt_create_with_files_in (VireoLibvirtCall *call, GError **error)
{
  const char *xml;

  if (!check_no_files (call, 1, error))
    return NULL;
  g_variant_get_child (call->args, 0, "&s", &xml);
  return g_variant_new ("(s@a{sv})", xml, vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_start_with_files_in (VireoLibvirtCall *call, GError **error)
{
  if (!check_no_files (call, 0, error))
    return NULL;
  return g_variant_new ("(@a{sv})", vireo_libvirt_call_options (call));
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
