/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-save.h"

#include "vireo-libvirt-convert.h"

const VireoLibvirtFlag vireo_libvirt_save_flags[] = {
  { 1 << 0, "bypass-cache" },
  { 1 << 1, "running" },
  { 1 << 2, "paused" },
  { 0 },
};

const VireoLibvirtFlag vireo_libvirt_image_flags[] = {
  { 1 << 1, "running" },
  { 1 << 2, "paused" },
  { 0 },
};

const VireoLibvirtFlag vireo_libvirt_dump_flags[] = {
  { 1 << 0, "crash" }, { 1 << 1, "live" },        { 1 << 2, "bypass-cache" },
  { 1 << 3, "reset" }, { 1 << 4, "memory-only" }, { 0 },
};

const VireoLibvirtFlag vireo_libvirt_job_flags[] = {
  { 1 << 0, "completed" },
  { 1 << 1, "keep-completed" },
  { 0 },
};

/* A path, and a document that may be empty. */
GVariant *
vireo_libvirt_save_in (VireoLibvirtCall *call, GError **error)
{
  GVariantBuilder options;
  const char *path, *xml;

  g_variant_get (call->args, "(&s&su)", &path, &xml, NULL);
  vireo_libvirt_call_begin_options (call, &options);
  if (*xml != '\0')
    g_variant_builder_add (&options, "{sv}", "xml", g_variant_new_string (xml));
  return g_variant_new ("(sa{sv})", path, &options);
}

GVariant *
vireo_libvirt_dump_in (VireoLibvirtCall *call, GError **error)
{
  static const char *const formats[]
      = { "raw", "kdump-zlib", "kdump-lzo", "kdump-snappy", "win-dmp" };
  GVariantBuilder options;
  const char *path;
  guint format;

  g_variant_get (call->args, "(&suu)", &path, &format, NULL);
  if (format >= G_N_ELEMENTS (formats))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "there is no dump format %u",
                   format);
      return NULL;
    }
  vireo_libvirt_call_begin_options (call, &options);
  g_variant_builder_add (&options, "{sv}", "format", g_variant_new_string (formats[format]));
  return g_variant_new ("(sa{sv})", path, &options);
}

/* ---- jobs ---- */

/* Numbers of virDomainJobType. */
enum
{
  JOB_NONE = 0,
  JOB_BOUNDED = 1,
  JOB_UNBOUNDED = 2,
  JOB_COMPLETED = 3,
  JOB_FAILED = 4,
  JOB_CANCELLED = 5,
};

static const struct
{
  const char *state;
  gint type;
} job_types[] = {
  { "completed", JOB_COMPLETED },
  { "failed", JOB_FAILED },
  { "cancelled", JOB_CANCELLED },
};

static guint64
figure (GVariant *stats, const char *key)
{
  guint64 value = 0;

  g_variant_lookup (stats, key, "t", &value);
  return value;
}

static gint
job_type (GVariant *stats)
{
  const char *state = NULL;

  if (!g_variant_lookup (stats, "state", "&s", &state))
    return JOB_NONE;
  for (gsize i = 0; i < G_N_ELEMENTS (job_types); i++)
    if (g_str_equal (job_types[i].state, state))
      return job_types[i].type;
  return figure (stats, "data_total") > 0 ? JOB_BOUNDED : JOB_UNBOUNDED;
}

GVariant *
vireo_libvirt_job_info_out (VireoLibvirtCall *call,
                            VireoNode *node,
                            GVariant *values,
                            GError **error)
{
  static const char *const figures[]
      = { "time_elapsed",   "time_remaining", "data_total",       "data_processed",
          "data_remaining", "memory_total",   "memory_processed", "memory_remaining",
          "disk_total",     "disk_processed", "disk_remaining" };
  g_autoptr (GVariant) stats = g_variant_get_child_value (values, 0);
  GVariantBuilder info;

  g_variant_builder_init (&info, G_VARIANT_TYPE ("(ittttttttttt)"));
  g_variant_builder_add (&info, "i", job_type (stats));
  for (gsize i = 0; i < G_N_ELEMENTS (figures); i++)
    g_variant_builder_add (&info, "t", figure (stats, figures[i]));
  return g_variant_new ("(@(ittttttttttt))", g_variant_builder_end (&info));
}

/* Numbers of virDomainJobOperation; what is not here is no job there. */
static const struct
{
  const char *operation;
  gint number;
} operations[] = {
  { "domain-start", 1 },           { "domain-save", 2 },
  { "domain-managed-save", 2 },    { "domain-restore", 3 },
  { "domain-migrate", 5 },         { "domain-create-snapshot", 6 },
  { "domain-revert-snapshot", 7 }, { "domain-core-dump", 8 },
  { "domain-backup", 9 },          { "domain-delete-snapshot", 10 },
};

gint
vireo_libvirt_job_operation (GVariant *stats)
{
  const char *operation = "";

  g_variant_lookup (stats, "operation", "&s", &operation);
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    if (g_str_equal (operations[i].operation, operation))
      return operations[i].number;
  return 0;
}

GVariant *
vireo_libvirt_job_stats (GVariant *stats)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, stats);
  /* The state is what is beside the dictionary there. */
  g_variant_dict_remove (&dict, "state");
  if (g_variant_dict_contains (&dict, "operation"))
    g_variant_dict_insert (&dict, "operation", "i", vireo_libvirt_job_operation (stats));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

GVariant *
vireo_libvirt_job_stats_out (VireoLibvirtCall *call,
                             VireoNode *node,
                             GVariant *values,
                             GError **error)
{
  g_autoptr (GVariant) stats = g_variant_get_child_value (values, 0);
  g_autoptr (GVariant) theirs = vireo_libvirt_job_stats (stats);

  return g_variant_new ("((i@a{sv}))", job_type (stats), vireo_libvirt_wrap_values (theirs));
}
