/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-devices.h"

#define DETACH_CONFIG (1u << 1)

const VireoLibvirtFlag vireo_libvirt_detach_flags[] = {
  { 1 << 0, "live" },
  { DETACH_CONFIG, "config" },
  { 0 },
};

static void
detach (VireoLibvirtCall *call, GVariant *options, VireoAnswerFunc answer)
{
  const char *xml;

  g_variant_get_child (call->args, 0, "&s", &xml);
  vireo_libvirt_call_native (call, "Domain.DetachDevice", call->node_path,
                             g_variant_new ("(s@a{sv})", xml, options), answer);
}

/* A guest that takes its time, such as one that boots, is no error there: it was asked, and
 * DeviceRemoved tells when it has released the device. What the next start uses is changed at once;
 * with us it was left as it was, for what was asked for was not done. */
static void
on_detached (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  GVariantBuilder options;

  if (!g_error_matches (error, VIREO_ERROR, VIREO_ERROR_TIMED_OUT))
    {
      vireo_libvirt_call_answer (native, values, fds, error);
      return;
    }
  if ((call->flags & DETACH_CONFIG) == 0)
    {
      vireo_libvirt_call_return (call, NULL, NULL);
      return;
    }
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "config", g_variant_new_boolean (TRUE));
  detach (call, g_variant_builder_end (&options), vireo_libvirt_call_answer);
}

void
vireo_libvirt_run_detach (VireoLibvirtCall *call)
{
  detach (call, vireo_libvirt_call_options (call), on_detached);
}
