/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-disks.h"

#include "vireo-libvirt-convert.h"

/* ---- bandwidth ---- */

/* In MiB a second, unless a flag, which has another bit in each method, says bytes. */
#define PULL_BYTES (1u << 6)
#define COMMIT_BYTES (1u << 4)
#define SPEED_BYTES (1u << 0)

static gboolean
to_bytes (VireoLibvirtCall *call,
          guint32 bytes_flag,
          guint64 bandwidth,
          guint64 *ret_bytes,
          GError **error)
{
  if ((call->flags & bytes_flag) != 0)
    {
      *ret_bytes = bandwidth;
      return TRUE;
    }
  if (bandwidth > G_MAXUINT64 >> 20)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "bandwidth must be at most %" G_GUINT64_FORMAT " MiB a second, not "
                   "%" G_GUINT64_FORMAT,
                   G_MAXUINT64 >> 20, bandwidth);
      return FALSE;
    }
  *ret_bytes = bandwidth << 20;
  return TRUE;
}

/* Without a limit, and without a name, there is no option. */
static void
add_bandwidth (GVariantBuilder *options, guint64 bytes)
{
  if (bytes > 0)
    g_variant_builder_add (options, "{sv}", "bandwidth", g_variant_new_uint64 (bytes));
}

static void
add_text (GVariantBuilder *options, const char *key, const char *text)
{
  if (*text != '\0')
    g_variant_builder_add (options, "{sv}", key, g_variant_new_string (text));
}

/* ---- jobs on disks ---- */

const VireoLibvirtFlag vireo_libvirt_pull_flags[] = { { PULL_BYTES, NULL }, { 0 } };

const VireoLibvirtFlag vireo_libvirt_commit_flags[] = {
  { 1 << 0, "shallow" },  { 1 << 1, "delete" },   { 1 << 2, "active" },
  { 1 << 3, "relative" }, { COMMIT_BYTES, NULL }, { 0 },
};

const VireoLibvirtFlag vireo_libvirt_copy_flags[] = {
  { 1 << 0, "shallow" },
  { 1 << 1, "reuse-external" },
  { 1 << 2, "transient-job" },
  { 1 << 3, "synchronous-writes" },
  { 0 },
};

/* To wait for the end is what we always do. */
const VireoLibvirtFlag vireo_libvirt_abort_flags[] = {
  { 1 << 0, NULL },
  { 1 << 1, "pivot" },
  { 0 },
};

const VireoLibvirtFlag vireo_libvirt_job_speed_flags[] = { { SPEED_BYTES, NULL }, { 0 } };

GVariant *
vireo_libvirt_pull_in (VireoLibvirtCall *call, GError **error)
{
  GVariantBuilder options;
  guint64 bandwidth;
  const char *disk;

  g_variant_get (call->args, "(&stu)", &disk, &bandwidth, NULL);
  if (!to_bytes (call, PULL_BYTES, bandwidth, &bandwidth, error))
    return NULL;
  vireo_libvirt_call_begin_options (call, &options);
  add_bandwidth (&options, bandwidth);
  return g_variant_new ("(sa{sv})", disk, &options);
}

GVariant *
vireo_libvirt_commit_in (VireoLibvirtCall *call, GError **error)
{
  const char *disk, *base, *top;
  GVariantBuilder options;
  guint64 bandwidth;

  g_variant_get (call->args, "(&s&s&stu)", &disk, &base, &top, &bandwidth, NULL);
  if (!to_bytes (call, COMMIT_BYTES, bandwidth, &bandwidth, error))
    return NULL;
  vireo_libvirt_call_begin_options (call, &options);
  add_text (&options, "base", base);
  add_text (&options, "top", top);
  add_bandwidth (&options, bandwidth);
  return g_variant_new ("(sa{sv})", disk, &options);
}

/* Parameters of a copy, with the types that ours have. */
static const struct
{
  const char *key;
  const char *type;
} copy_parameters[] = {
  { "bandwidth", "t" },
  { "granularity", "u" },
  { "buf-size", "t" },
};

static gboolean
add_copy_parameters (GVariantBuilder *options, GVariant *parameters, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, parameters);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      gsize i = 0;

      while (i < G_N_ELEMENTS (copy_parameters) && !g_str_equal (copy_parameters[i].key, key))
        i++;
      if (i == G_N_ELEMENTS (copy_parameters)
          || !g_variant_is_of_type (value, G_VARIANT_TYPE (copy_parameters[i].type)))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "parameter '%s' is none of a copy, or not of the type %s", key,
                       g_variant_get_type_string (value));
          g_variant_unref (value);
          return FALSE;
        }
      g_variant_builder_add (options, "{sv}", key, value);
    }
  return TRUE;
}

GVariant *
vireo_libvirt_copy_in (VireoLibvirtCall *call, GError **error)
{
  g_autoptr (GVariant) given = g_variant_get_child_value (call->args, 2);
  g_autoptr (GVariant) parameters = g_variant_ref_sink (vireo_libvirt_unwrap_values (given));
  const char *disk, *destination;
  GVariantBuilder options;

  g_variant_get_child (call->args, 0, "&s", &disk);
  g_variant_get_child (call->args, 1, "&s", &destination);
  vireo_libvirt_call_begin_options (call, &options);
  if (!add_copy_parameters (&options, parameters, error))
    {
      g_variant_builder_clear (&options);
      return NULL;
    }
  return g_variant_new ("(ssa{sv})", disk, destination, &options);
}

/* ---- the older method, which does what two others do ---- */

#define REBASE_RELATIVE (1u << 4)
#define REBASE_COPY (1u << 3)
#define REBASE_DEV (1u << 5)

/* Whether the copy is raw cannot be said of ours but in the document. */
#define REBASE_RAW (1u << 2)

const VireoLibvirtFlag vireo_libvirt_rebase_flags[] = {
  { 1 << 0, "shallow" },
  { 1 << 1, "reuse-external" },
  { REBASE_RELATIVE, "relative" },
  { REBASE_COPY | REBASE_DEV | REBASE_RAW | PULL_BYTES, NULL },
  { 0 },
};

static char *
copy_document (VireoLibvirtCall *call, const char *file)
{
  gboolean device = (call->flags & REBASE_DEV) != 0;

  return g_markup_printf_escaped (
      "<disk type='%s'>%s<source %s='%s'/></disk>", device ? "block" : "file",
      (call->flags & REBASE_RAW) != 0 ? "<driver type='raw'/>" : "", device ? "dev" : "file", file);
}

void
vireo_libvirt_run_rebase (VireoLibvirtCall *call)
{
  gboolean copy = (call->flags & REBASE_COPY) != 0;
  g_autofree char *document = NULL;
  const char *disk, *base;
  GVariantBuilder options;
  GError *error = NULL;
  guint64 bandwidth;
  GVariant *args;

  g_variant_get (call->args, "(&s&stu)", &disk, &base, &bandwidth, NULL);
  if (!to_bytes (call, PULL_BYTES, bandwidth, &bandwidth, &error))
    {
      vireo_libvirt_call_return_error (call, error);
      return;
    }
  vireo_libvirt_call_begin_options (call, &options);
  add_bandwidth (&options, bandwidth);
  if (copy)
    {
      document = copy_document (call, base);
      args = g_variant_new ("(ssa{sv})", disk, document, &options);
    }
  else
    {
      add_text (&options, "base", base);
      args = g_variant_new ("(sa{sv})", disk, &options);
    }
  vireo_libvirt_call_native (call, copy ? "Domain.BlockCopy" : "Domain.BlockPull", call->node_path,
                             args, vireo_libvirt_call_answer);
}

GVariant *
vireo_libvirt_job_speed_in (VireoLibvirtCall *call, GError **error)
{
  guint64 bandwidth;
  const char *disk;

  g_variant_get (call->args, "(&stu)", &disk, &bandwidth, NULL);
  if (!to_bytes (call, SPEED_BYTES, bandwidth, &bandwidth, error))
    return NULL;
  return g_variant_new ("(st@a{sv})", disk, bandwidth, vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_job_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  return NULL;
}

const char *const vireo_libvirt_block_job_types[]
    = { "", "pull", "copy", "commit", "active-commit", "backup", NULL };

/* All zero when there is none. */
GVariant *
vireo_libvirt_block_job_out (VireoLibvirtCall *call,
                             VireoNode *node,
                             GVariant *values,
                             GError **error)
{
  g_autoptr (GVariant) info = g_variant_get_child_value (values, 0);
  guint64 bandwidth = 0, cur = 0, end = 0;
  const char *type = "";

  g_variant_lookup (info, "type", "&s", &type);
  g_variant_lookup (info, "bandwidth", "t", &bandwidth);
  g_variant_lookup (info, "cur", "t", &cur);
  g_variant_lookup (info, "end", "t", &end);
  if ((call->flags & SPEED_BYTES) == 0)
    bandwidth = (bandwidth >> 20) + ((bandwidth & ((1 << 20) - 1)) != 0 ? 1 : 0);
  return g_variant_new ("((ittt))", vireo_libvirt_number (vireo_libvirt_block_job_types, type, 0),
                        bandwidth, cur, end);
}

/* ---- sizes, and what is in there ---- */

#define RESIZE_BYTES (1u << 0)

const VireoLibvirtFlag vireo_libvirt_resize_flags[] = {
  { RESIZE_BYTES, NULL },
  { 1 << 1, "capacity" },
  { 0 },
};

/* In KiB, unless a flag says bytes. */
GVariant *
vireo_libvirt_resize_in (VireoLibvirtCall *call, GError **error)
{
  const char *disk;
  guint64 size;

  g_variant_get (call->args, "(&stu)", &disk, &size, NULL);
  if ((call->flags & RESIZE_BYTES) == 0)
    {
      if (size > G_MAXUINT64 >> 10)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "size must be at most %" G_GUINT64_FORMAT " KiB, not %" G_GUINT64_FORMAT,
                       G_MAXUINT64 >> 10, size);
          return NULL;
        }
      size <<= 10;
    }
  return g_variant_new ("(st@a{sv})", disk, size, vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_block_peek_in (VireoLibvirtCall *call, GError **error)
{
  guint64 offset, size;
  const char *disk;

  g_variant_get (call->args, "(&sttu)", &disk, &offset, &size, NULL);
  return g_variant_new ("(stu@a{sv})", disk, offset, (guint) MIN (size, G_MAXUINT),
                        vireo_libvirt_call_options (call));
}
