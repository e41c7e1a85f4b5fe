/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A record of a job as a text: one dictionary, as GVariant prints it, which a person can read. */

#include <string.h>

#include "util/vireo-error.h"
#include "vireo-job-book.h"

/* Longer than any that the daemon makes, and than any that it reads for show. */
#define MAX_OPERATION 100

void
vireo_job_record_free (VireoJobRecord *self)
{
  g_free (self->operation);
  g_free (self->resume_kind);
  g_clear_pointer (&self->about, g_variant_unref);
  g_clear_pointer (&self->resume_data, g_variant_unref);
  g_clear_pointer (&self->statistics, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static void
insert_variant (GVariantDict *dict, const char *key, GVariant *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, key, "v", value);
}

GBytes *
vireo_job_record_to_bytes (const VireoJobRecord *self)
{
  g_autoptr (GVariant) value = NULL;
  GVariantDict dict;
  GString *text;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "operation", "s", self->operation);
  g_variant_dict_insert (&dict, "uid", "u", self->uid);
  g_variant_dict_insert (&dict, "started-at", "t", self->started_at);
  g_variant_dict_insert (&dict, "slot", "b", self->slot);
  insert_variant (&dict, "about", self->about);
  if (self->resume_kind != NULL)
    g_variant_dict_insert (&dict, "resume-kind", "s", self->resume_kind);
  insert_variant (&dict, "resume-data", self->resume_data);
  if (self->ended_at != 0)
    {
      g_variant_dict_insert (&dict, "ended-at", "t", self->ended_at);
      insert_variant (&dict, "statistics", self->statistics);
    }
  if (self->error != NULL)
    {
      g_variant_dict_insert (&dict, "error", "s", vireo_error_dbus_name (self->error));
      g_variant_dict_insert (&dict, "message", "s", self->error->message);
    }
  value = g_variant_ref_sink (g_variant_dict_end (&dict));
  text = g_variant_print_string (value, NULL, TRUE);
  g_string_append_c (text, '\n');
  return g_string_free_to_bytes (text);
}

/* (transfer full) (nullable): the variant under @key, if it is of @type */
static GVariant *
lookup_variant (GVariant *dict, const char *key, const GVariantType *type)
{
  g_autoptr (GVariant) box = g_variant_lookup_value (dict, key, G_VARIANT_TYPE_VARIANT);
  g_autoptr (GVariant) value = box != NULL ? g_variant_get_variant (box) : NULL;

  if (value == NULL || (type != NULL && !g_variant_is_of_type (value, type)))
    return NULL;
  return g_steal_pointer (&value);
}

/* An error of a name that this daemon does not know is one that failed. */
static GError *
read_error (GVariant *dict)
{
  const char *name;
  const char *message = "";
  GError *error;

  if (!g_variant_lookup (dict, "error", "&s", &name))
    return NULL;
  g_variant_lookup (dict, "message", "&s", &message);
  vireo_error_quark ();
  error = g_dbus_is_interface_name (name) ? g_dbus_error_new_for_dbus_error (name, message) : NULL;
  if (error == NULL || error->domain != VIREO_ERROR)
    {
      g_clear_error (&error);
      return g_error_new_literal (VIREO_ERROR, VIREO_ERROR_FAILED, message);
    }
  g_dbus_error_strip_remote_error (error);
  return error;
}

static gboolean
read_dictionary (VireoJobRecord *self, GVariant *dict)
{
  if (!g_variant_lookup (dict, "operation", "s", &self->operation)
      || !g_variant_lookup (dict, "uid", "u", &self->uid)
      || !g_variant_lookup (dict, "started-at", "t", &self->started_at))
    return FALSE;
  g_variant_lookup (dict, "slot", "b", &self->slot);
  g_variant_lookup (dict, "ended-at", "t", &self->ended_at);
  g_variant_lookup (dict, "resume-kind", "s", &self->resume_kind);
  self->about = lookup_variant (dict, "about", NULL);
  self->resume_data = lookup_variant (dict, "resume-data", G_VARIANT_TYPE_VARDICT);
  self->statistics = lookup_variant (dict, "statistics", G_VARIANT_TYPE_VARDICT);
  self->error = read_error (dict);
  return strlen (self->operation) <= MAX_OPERATION;
}

VireoJobRecord *
vireo_job_record_parse (guint64 number, GBytes *bytes, GError **error)
{
  g_autoptr (VireoJobRecord) self = g_new0 (VireoJobRecord, 1);
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (GError) problem = NULL;
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  self->number = number;
  if (size > 0 && g_utf8_validate_len (text, size, NULL))
    dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, text + size, NULL, &problem);
  if (dict == NULL || !read_dictionary (self, dict))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE, "%s",
                   problem != NULL ? problem->message : "it is no record of a job");
      return NULL;
    }
  return g_steal_pointer (&self);
}
