/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-error.h"

#include <string.h>

/* Longer texts repeat what the caller sent. */
#define MAX_MESSAGE 4096

/* What is put before our text, for clients that look at how it begins. */
static const struct
{
  VireoError code;
  const char *beginning;
} beginnings[] = {
  { VIREO_ERROR_NOT_SUPPORTED, "this function is not supported by the connection driver: " },
  { VIREO_ERROR_NOT_AUTHORIZED, "access denied: " },
  { VIREO_ERROR_AUTH_DISMISSED, "access denied: " },
  { VIREO_ERROR_INVALID_STATE, "Requested operation is not valid: " },
  { VIREO_ERROR_INVALID_ARGUMENT, "invalid argument: " },
  { VIREO_ERROR_BUSY, "Timed out during operation: " },
};

static char *
missing_text (VireoLibvirtCall *call)
{
  const char *noun = call->export->service->noun;
  GVariant *first = NULL;
  g_autoptr (GVariant) owned = NULL;
  g_autofree char *value = NULL;

  if (call->row == NULL || call->row->missing == NULL || call->args == NULL)
    return g_strdup_printf ("%s not found", noun);
  owned = first = g_variant_get_child_value (call->args, 0);
  value = g_variant_is_of_type (first, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (first, NULL)
                                                              : g_variant_print (first, FALSE);
  return g_strdup_printf ("%s '%s'", call->row->missing, value);
}

/* Of the object that was called: what the path says, whether or not something was ever there. */
static char *
absent_text (VireoLibvirtCall *call)
{
  const VireoLibvirtService *service = call->export->service;
  g_autofree char *identity
      = service->missing != NULL ? vireo_libvirt_path_get_identity (&call->path) : NULL;

  if (identity == NULL)
    return g_strdup_printf ("%s not found", service->noun);
  return g_strdup_printf ("%s not found: %s '%s'", service->noun, service->missing, identity);
}

static char *
full_text (VireoLibvirtCall *call, const GError *error)
{
  if (call->export != NULL && g_error_matches (error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT))
    return call->export->service->path_kind == VIREO_PATH_CONNECTION
               ? missing_text (call)
               : absent_text (call);
  /* What was looked up; what else is not found is said by our text. */
  if (call->row != NULL && call->row->missing != NULL
      && g_error_matches (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND))
    return missing_text (call);
  for (gsize i = 0; error->domain == VIREO_ERROR && i < G_N_ELEMENTS (beginnings); i++)
    if (error->code == (int) beginnings[i].code)
      return g_strconcat (beginnings[i].beginning, error->message, NULL);
  return g_strdup (error->message);
}

char *
vireo_libvirt_error_text (VireoLibvirtCall *call, const GError *error)
{
  g_autofree char *text = full_text (call, error);
  g_autofree char *cut = strlen (text) > MAX_MESSAGE ? g_strndup (text, MAX_MESSAGE) : NULL;

  return g_utf8_make_valid (cut != NULL ? cut : text, -1);
}
