/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Migration: from one connection to another. */

#include "service-domain-work.h"
#include "vireo-documents.h"
#include "vireo-gate.h"

static VireoDomainDriverInterface *
get_iface (VireoCall *call)
{
  return VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
}

static const char *
get_destination (VireoCall *call)
{
  const char *uri;

  g_variant_get_child (call->args, 0, "&s", &uri);
  return uri;
}

/* ---- what it takes ---- */

/* (nullable): the connection that the domain goes to, when it is one of ours. */
static VireoConnectionObj *
find_connection (VireoCall *call, const char *uri)
{
  GPtrArray *nodes = vireo_tree_get_connections (vireo_server_get_tree (call->server));

  for (guint i = 0; i < nodes->len; i++)
    {
      VireoNode *node = g_ptr_array_index (nodes, i);

      if (g_strcmp0 (vireo_connection_obj_get_uri (VIREO_CONNECTION_OBJ (node->object)), uri) == 0)
        return VIREO_CONNECTION_OBJ (node->object);
    }
  return NULL;
}

/* What arrives is what CreateDomain() and DefineDomain() make over there, so it takes the same. */
static void
require_over_there (VireoCall *call)
{
  static const char *const always[] = { "start", "write" };
  VireoObj *obj = VIREO_OBJ (call->node->object);
  VireoConnectionObj *connection = find_connection (call, get_destination (call));
  const char *name = vireo_call_get_string (call, "name");
  VireoSubject about = { .driver = connection != NULL
                                       ? vireo_connection_obj_get_driver_name (connection)
                                       : NULL,
                         .uri = get_destination (call),
                         .kind = "domain",
                         .name = name != NULL ? name : vireo_obj_get_name (obj),
                         .uuid = vireo_obj_get_uuid (obj),
                         .has_owner = TRUE,
                         .owner = vireo_obj_get_owner (obj) };
  g_autoptr (VireoDetails) details = vireo_details_new (&about);

  for (gsize i = 0; i < G_N_ELEMENTS (always); i++)
    vireo_call_require_of (call, vireo_action_find ("domain", always[i]), details, NULL,
                           g_strdup (get_destination (call)));
  if (vireo_call_get_boolean (call, "persist-destination"))
    vireo_call_require_of (call, vireo_action_find ("domain", "save"), details, NULL,
                           g_strdup (get_destination (call)));
}

/* The definition, which names files and networks, is used where nobody has checked them for its
 * owner: that is more than an owner may. */
void
vireo_domain_prepare_migrate (VireoCall *call)
{
  VireoVerdict settled;

  vireo_call_require (call, vireo_action_find ("domain", "unrestricted"));
  if (vireo_call_get_boolean (call, "undefine-source"))
    vireo_call_require (call, vireo_action_find ("domain", "delete"));
  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    call->late = require_over_there;
  vireo_call_prepared (call);
}

/* ---- beginning ---- */

static const VireoFlagOption migrate_options[] = {
  { "live", VIREO_MIGRATE_LIVE },
  { "tunnelled", VIREO_MIGRATE_TUNNELLED },
  { "persist-destination", VIREO_MIGRATE_PERSIST_DEST },
  { "undefine-source", VIREO_MIGRATE_UNDEFINE_SOURCE },
  { "paused", VIREO_MIGRATE_PAUSED },
  { "copy-storage", VIREO_MIGRATE_NON_SHARED_DISK },
  { "copy-storage-increment", VIREO_MIGRATE_NON_SHARED_INC },
  { "unsafe", VIREO_MIGRATE_UNSAFE },
  { "offline", VIREO_MIGRATE_OFFLINE },
  { "compressed", VIREO_MIGRATE_COMPRESSED },
  { "auto-converge", VIREO_MIGRATE_AUTO_CONVERGE },
  { "postcopy", VIREO_MIGRATE_POSTCOPY },
  { "tls", VIREO_MIGRATE_TLS },
  { "parallel", VIREO_MIGRATE_PARALLEL },
  { "zerocopy", VIREO_MIGRATE_ZEROCOPY },
  { "rdma-pin-all", VIREO_MIGRATE_RDMA_PIN_ALL },
  { "synchronous-writes", VIREO_MIGRATE_SYNCHRONOUS_WRITES },
  { "abort-on-error", VIREO_MIGRATE_ABORT_ON_ERROR },
  { "change-protection", VIREO_MIGRATE_CHANGE_PROTECTION },
  { NULL },
};

#define COPIES_STORAGE (VIREO_MIGRATE_NON_SHARED_DISK | VIREO_MIGRATE_NON_SHARED_INC)

/* Options that go to the driver by libvirt's names of the parameters. One that says how something
 * is done needs one of the flags with which it is done. */
static const struct
{
  const char *option;
  const char *parameter;
  guint needs; /* VireoMigrateFlags */
  const char *with;
} more_options[] = {
  { "bandwidth", "bandwidth", 0, NULL },
  { "postcopy-bandwidth", "bandwidth.postcopy", 0, NULL },
  { "uri", "migrate_uri", 0, NULL },
  { "listen-address", "listen_address", 0, NULL },
  { "graphics-uri", "graphics_uri", 0, NULL },
  { "disks", NULL, COPIES_STORAGE, "copy-storage" },
  { "synchronous-writes", NULL, COPIES_STORAGE, "copy-storage" },
  { "disks-uri", "disks_uri", COPIES_STORAGE, "copy-storage" },
  { "disks-port", "disks_port", COPIES_STORAGE, "copy-storage" },
  { "tls-destination", "tls.destination", VIREO_MIGRATE_TLS, "tls" },
  { "parallel-connections", "parallel.connections", VIREO_MIGRATE_PARALLEL, "parallel" },
  { "auto-converge-initial", "auto_converge.initial", VIREO_MIGRATE_AUTO_CONVERGE,
    "auto-converge" },
  { "auto-converge-increment", "auto_converge.increment", VIREO_MIGRATE_AUTO_CONVERGE,
    "auto-converge" },
  { "compression", "compression", VIREO_MIGRATE_COMPRESSED, "compressed" },
  { "compression-xbzrle-cache", "compression.xbzrle.cache", VIREO_MIGRATE_COMPRESSED,
    "compressed" },
  { "compression-mt-level", "compression.mt.level", VIREO_MIGRATE_COMPRESSED, "compressed" },
  { "compression-mt-threads", "compression.mt.threads", VIREO_MIGRATE_COMPRESSED, "compressed" },
  { "compression-mt-dthreads", "compression.mt.dthreads", VIREO_MIGRATE_COMPRESSED, "compressed" },
};

/* Between what the numbers that have limits must be. */
static const struct
{
  const char *option;
  guint min;
  guint max;
} ranges[] = {
  { "disks-port", 1, 65535 },
  { "parallel-connections", 1, 255 },
  { "auto-converge-initial", 1, 99 },
  { "auto-converge-increment", 1, 99 },
  { "compression-mt-level", 0, 9 },
  { "compression-mt-threads", 1, 255 },
  { "compression-mt-dthreads", 1, 255 },
};

static gboolean
check_range (const char *option, GVariant *value, GError **error)
{
  gsize i = 0;

  while (i < G_N_ELEMENTS (ranges) && !g_str_equal (ranges[i].option, option))
    i++;
  if (i == G_N_ELEMENTS (ranges)
      || (g_variant_get_uint32 (value) >= ranges[i].min
          && g_variant_get_uint32 (value) <= ranges[i].max))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "`%s` is from %u to %u, not %u", option, ranges[i].min, ranges[i].max,
               g_variant_get_uint32 (value));
  return FALSE;
}

/* (transfer full) (nullable) */
static GVariant *
get_more (VireoCall *call, VireoMigrateFlags flags, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (more_options); i++)
    {
      g_autoptr (GVariant) value
          = call->options != NULL
                ? g_variant_lookup_value (call->options, more_options[i].option, NULL)
                : NULL;

      if (value == NULL)
        continue;
      if (more_options[i].needs != 0 && (flags & more_options[i].needs) == 0)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                       "`%s` says nothing without `%s`", more_options[i].option,
                       more_options[i].with);
          return NULL;
        }
      if (!check_range (more_options[i].option, value, error))
        return NULL;
      if (more_options[i].parameter != NULL)
        g_variant_dict_insert_value (&dict, more_options[i].parameter, value);
    }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* With the definition of what runs in call->def; @persistent_def: (transfer full) (nullable) */
static void
migrate (VireoCall *call, gpointer persistent_def)
{
  VireoMigrateFlags flags = vireo_call_get_flags (call, migrate_options);
  GError *error = NULL;
  g_autoptr (GVariant) more = get_more (call, flags, &error);
  g_autofree const char **disks = NULL;
  VireoMigrateRequest request = { .destination = get_destination (call),
                                  .flags = flags,
                                  .name = vireo_call_get_string (call, "name"),
                                  .def = call->def,
                                  .persistent_def = persistent_def,
                                  .more = more };

  if (call->options != NULL)
    g_variant_lookup (call->options, "disks", "^a&s", &disks);
  request.disks = disks;
  if (more != NULL)
    get_iface (call)->migrate (call->part, VIREO_DOMAIN_OBJ (call->node->object), &request,
                               vireo_call_task_job (call));
  else
    vireo_call_return_error (call, error);
  vireo_domain_def_free (persistent_def);
}

static void
on_parsed (VireoCall *call)
{
  vireo_call_with_second_document (call, "domain", vireo_call_get_string (call, "persistent-xml"),
                                   migrate);
}

void
vireo_domain_migrate (VireoCall *call)
{
  vireo_call_with_document (call, "domain", vireo_call_get_string (call, "xml"), on_parsed);
}

/* ---- parameters ---- */

void
vireo_domain_get_migration_parameters (VireoCall *call)
{
  GVariant *parameters = get_iface (call)->get_migration_parameters (
      call->part, VIREO_DOMAIN_OBJ (call->node->object));

  vireo_call_return (call, g_variant_new ("(@a{sv})", parameters));
}

void
vireo_domain_set_migration_parameters (VireoCall *call)
{
  static const char *const names[]
      = { "max-downtime", "max-speed", "max-postcopy-speed", "compression-cache", NULL };
  g_autoptr (GVariant) parameters = g_variant_get_child_value (call->args, 0);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, parameters);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;

      if (g_strv_contains (names, name) && g_variant_is_of_type (owned, G_VARIANT_TYPE_UINT64))
        continue;
      vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                   g_strv_contains (names, name)
                                       ? "the parameter \"%s\" is a number, a t"
                                       : "there is no parameter \"%s\"",
                                   name);
      return;
    }
  get_iface (call)->set_migration_parameters (call->part, VIREO_DOMAIN_OBJ (call->node->object),
                                              parameters, vireo_call_task_boolean (call));
}
