/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-polkit.h"

GVariant *
vireo_polkit_request (VireoCaller *caller,
                      const VireoAction *action,
                      VireoDetails *details,
                      guint flags,
                      const char *cancellation_id)
{
  GVariantBuilder subject;

  g_variant_builder_init (&subject, G_VARIANT_TYPE ("a{sv}"));
  g_variant_builder_add (&subject, "{sv}", "name",
                         g_variant_new_string (vireo_caller_get_name (caller)));
  return g_variant_new ("((sa{sv})s@a{ss}us)", "system-bus-name", &subject, action->name,
                        vireo_details_get_dictionary (details), flags, cancellation_id);
}

VireoVerdict
vireo_polkit_read_answer (GObject *source,
                          GAsyncResult *result,
                          gboolean *ret_fresh,
                          gboolean *ret_silent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) details = NULL;
  gboolean authorized, challenge;
  const char *ignored;
  GVariant *reply;

  *ret_fresh = FALSE;
  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return VIREO_VERDICT_CANCELLED;
      if (ret_silent != NULL)
        *ret_silent = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_info ("polkit: %s", error->message);
      return VIREO_VERDICT_FAILED;
    }
  g_variant_get (reply, "((bb@a{ss}))", &authorized, &challenge, &details);
  g_variant_unref (reply);

  if (authorized)
    {
      *ret_fresh = !g_variant_lookup (details, "polkit.temporary_authorization_id", "&s", &ignored);
      return VIREO_VERDICT_YES;
    }
  if (g_variant_lookup (details, "polkit.dismissed", "&s", &ignored))
    return VIREO_VERDICT_DISMISSED;
  *ret_fresh = TRUE;
  return challenge ? VIREO_VERDICT_CHALLENGE : VIREO_VERDICT_NO;
}
