/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-migrate.h"

#include "vireo-libvirt-convert.h"

/* ---- migrations ---- */

#define RESUME_POSTCOPY (1u << 19)

/* That this side speaks to the other itself is always so. */
const VireoLibvirtFlag vireo_libvirt_migrate_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, NULL },
  { 1 << 2, "tunnelled" },
  { 1 << 3, "persist-destination" },
  { 1 << 4, "undefine-source" },
  { 1 << 5, "paused" },
  { 1 << 6, "copy-storage" },
  { 1 << 7, "copy-storage-increment" },
  { 1 << 8, "change-protection" },
  { 1 << 9, "unsafe" },
  { 1 << 10, "offline" },
  { 1 << 11, "compressed" },
  { 1 << 12, "abort-on-error" },
  { 1 << 13, "auto-converge" },
  { 1 << 14, "rdma-pin-all" },
  { 1 << 15, "postcopy" },
  { 1 << 16, "tls" },
  { 1 << 17, "parallel" },
  { 1 << 18, "synchronous-writes" },
  { RESUME_POSTCOPY, NULL },
  { 1 << 20, "zerocopy" },
  { 0 },
};

/* Parameters, and our options. Speeds are in MiB a second there. Of `as`, each word may come as a
 * parameter of its own. */
static const struct
{
  const char *parameter;
  const char *type; /* of the option; where it is u, the parameter is i */
  const char *option;
  gboolean is_speed;
} parameters[] = {
  { "destination_name", "s", "name", FALSE },
  { "destination_xml", "s", "xml", FALSE },
  { "persistent_xml", "s", "persistent-xml", FALSE },
  { "bandwidth", "t", "bandwidth", TRUE },
  { "bandwidth.postcopy", "t", "postcopy-bandwidth", TRUE },
  { "migrate_uri", "s", "uri", FALSE },
  { "graphics_uri", "s", "graphics-uri", FALSE },
  { "listen_address", "s", "listen-address", FALSE },
  { "migrate_disks", "as", "disks", FALSE },
  { "disks_port", "u", "disks-port", FALSE },
  { "disks_uri", "s", "disks-uri", FALSE },
  { "compression", "as", "compression", FALSE },
  { "compression.mt.level", "u", "compression-mt-level", FALSE },
  { "compression.mt.threads", "u", "compression-mt-threads", FALSE },
  { "compression.mt.dthreads", "u", "compression-mt-dthreads", FALSE },
  { "compression.xbzrle.cache", "t", "compression-xbzrle-cache", FALSE },
  { "auto_converge.initial", "u", "auto-converge-initial", FALSE },
  { "auto_converge.increment", "u", "auto-converge-increment", FALSE },
  { "parallel.connections", "u", "parallel-connections", FALSE },
  { "tls.destination", "s", "tls-destination", FALSE },
};

#define MAX_SPEED (G_MAXUINT64 >> 20)

typedef struct
{
  GVariantBuilder *options;
  GPtrArray *words[G_N_ELEMENTS (parameters)]; /* (nullable) (element-type utf8) */
} Parameters;

/* Whether the value is of the row's type, or of what becomes that. */
static gboolean
take_value (Parameters *self, gsize row, GVariant *value)
{
  const char *option = parameters[row].option;
  char type = *parameters[row].type;

  if (type == 'a' && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      if (self->words[row] == NULL)
        self->words[row] = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (self->words[row], g_variant_dup_string (value, NULL));
    }
  else if (type == 'u' && g_variant_is_of_type (value, G_VARIANT_TYPE_INT32)
           && g_variant_get_int32 (value) >= 0)
    g_variant_builder_add (self->options, "{sv}", option,
                           g_variant_new_uint32 ((guint32) g_variant_get_int32 (value)));
  else if (!g_variant_is_of_type (value, G_VARIANT_TYPE (parameters[row].type)))
    return FALSE;
  else if (parameters[row].is_speed)
    g_variant_builder_add (
        self->options, "{sv}", option,
        g_variant_new_uint64 (MIN (g_variant_get_uint64 (value), MAX_SPEED) << 20));
  else
    g_variant_builder_add (self->options, "{sv}", option, value);
  return TRUE;
}

static gboolean
take_parameter (Parameters *self, const char *key, GVariant *value, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    if (g_str_equal (parameters[i].parameter, key) && take_value (self, i, value))
      return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "parameter '%s' is none of a migration, or not of the type %s", key,
               g_variant_get_type_string (value));
  return FALSE;
}

static void
take_words (Parameters *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    if (self->words[i] != NULL)
      {
        g_variant_builder_add (
            self->options, "{sv}", parameters[i].option,
            g_variant_new_strv ((const char *const *) self->words[i]->pdata, self->words[i]->len));
        g_ptr_array_unref (self->words[i]);
      }
}

/* (transfer floating) (nullable) */
static GVariant *
migrate_options (VireoLibvirtCall *call, GError **error)
{
  g_autoptr (GVariant) given = g_variant_get_child_value (call->args, 1);
  g_autoptr (GVariant) plain = g_variant_ref_sink (vireo_libvirt_unwrap_values (given));
  GVariantBuilder options;
  Parameters taken = { .options = &options };
  gboolean good = TRUE;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  vireo_libvirt_call_begin_options (call, &options);
  g_variant_iter_init (&iter, plain);
  while (good && g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      good = take_parameter (&taken, key, value, error);
      g_variant_unref (value);
    }
  take_words (&taken);
  if (good)
    return g_variant_builder_end (&options);
  g_variant_builder_clear (&options);
  return NULL;
}

static void
on_migrated (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;

  if (error != NULL)
    vireo_libvirt_call_return_native_error (call, error);
  else
    vireo_libvirt_call_return (call, NULL, NULL);
}

static void
wait_for_job (VireoLibvirtCall *call, const char *path)
{
  vireo_libvirt_call_native (call, "Job.Wait", path,
                             g_variant_new ("(@a{sv})", g_variant_new ("a{sv}", NULL)),
                             on_migrated);
}

static void
on_begun (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  const char *job;

  if (error != NULL)
    {
      vireo_libvirt_call_return_native_error (call, error);
      return;
    }
  g_variant_get (values, "(&o)", &job);
  wait_for_job (call, job);
}

static void
on_resumed (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  VireoNode *job = NULL;

  if (error == NULL)
    job = vireo_node_of (vireo_obj_get_current_job (VIREO_OBJ (native->node->object)));
  if (job != NULL)
    wait_for_job (call, job->path);
  else
    on_migrated (native, values, fds, error);
}

void
vireo_libvirt_run_migrate (VireoLibvirtCall *call)
{
  GError *error = NULL;
  GVariant *options = migrate_options (call, &error);
  const char *destination;

  if (options == NULL)
    {
      vireo_libvirt_call_return_error (call, error);
      return;
    }
  if ((call->flags & RESUME_POSTCOPY) != 0)
    {
      g_variant_unref (g_variant_ref_sink (options));
      vireo_libvirt_call_native (call, "Domain.ResumePostcopy", call->node_path,
                                 g_variant_new ("(@a{sv})", g_variant_new ("a{sv}", NULL)),
                                 on_resumed);
      return;
    }
  g_variant_get_child (call->args, 0, "&s", &destination);
  vireo_libvirt_call_native (call, "Domain.Migrate", call->node_path,
                             g_variant_new ("(s@a{sv})", destination, options), on_begun);
}

/* ---- limits ---- */

#define SPEED_POSTCOPY (1u << 0)

const VireoLibvirtFlag vireo_libvirt_migrate_speed_flags[] = { { SPEED_POSTCOPY, NULL }, { 0 } };

/* How many of ours one of theirs is: µs in a ms, bytes in a MiB. */
static const struct
{
  const char *method;
  const char *parameter;
  guint64 factor;
} limits[] = {
  { "MigrateSetMaxDowntime", "max-downtime", 1000 },
  { "MigrateGetMaxSpeed", "max-speed", 1 << 20 },
  { "MigrateSetMaxSpeed", "max-speed", 1 << 20 },
  { "MigrateGetCompressionCache", "compression-cache", 1 },
  { "MigrateSetCompressionCache", "compression-cache", 1 },
};

static const char *
find_limit (VireoLibvirtCall *call, guint64 *ret_factor)
{
  gsize i = 0;

  while (!g_str_equal (limits[i].method, call->row->name))
    i++;
  *ret_factor = limits[i].factor;
  return limits[i].factor == 1 << 20 && (call->flags & SPEED_POSTCOPY) != 0 ? "max-postcopy-speed"
                                                                            : limits[i].parameter;
}

GVariant *
vireo_libvirt_set_limit_in (VireoLibvirtCall *call, GError **error)
{
  GVariantBuilder wanted;
  guint64 factor, value;
  const char *parameter = find_limit (call, &factor);

  g_variant_get_child (call->args, 0, "t", &value);
  if (value > G_MAXUINT64 / factor)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%s must be at most %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, parameter,
                   G_MAXUINT64 / factor, value);
      return NULL;
    }
  g_variant_builder_init (&wanted, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&wanted, "{sv}", parameter, g_variant_new_uint64 (value * factor));
  return g_variant_new ("(a{sv}@a{sv})", &wanted, vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_limit_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  g_autoptr (GVariant) given = g_variant_get_child_value (values, 0);
  guint64 factor, value = 0;
  const char *parameter = find_limit (call, &factor);

  g_variant_lookup (given, parameter, "t", &value);
  return g_variant_new ("(t)", value / factor);
}
