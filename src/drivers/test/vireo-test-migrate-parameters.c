/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-migrate-parameters.h"

#include <string.h>

#include "util/vireo-error.h"

#define COMPRESSION_CACHE "compression-cache"
#define MIB (G_GUINT64_CONSTANT (1) << 20)

/* What there is, what it is without being set, and how a migration that is begun names it. Those
 * that are of one migration only are not seen in between. */
static const struct
{
  const char *name;
  guint64 usual;
  const char *begun_with; /* (nullable) */
  gboolean once;
} rows[] = {
  { "max-downtime", 300000, NULL, FALSE },
  { "max-speed", 0, "bandwidth", FALSE },
  { "max-postcopy-speed", 0, "bandwidth.postcopy", FALSE },
  { COMPRESSION_CACHE, 64 * MIB, "compression.xbzrle.cache", FALSE },
  /* In percent. */
  { "throttle-initial", 20, "auto_converge.initial", TRUE },
  { "throttle-increment", 10, "auto_converge.increment", TRUE },
};

/* Of a domain: what was set, in the order of the rows. */
static guint64 *
get_values (VireoDomainObj *obj)
{
  GQuark quark = g_quark_from_static_string ("vireo-test-migration-parameters");
  guint64 *values = g_object_get_qdata (G_OBJECT (obj), quark);

  if (values != NULL)
    return values;
  values = g_new0 (guint64, G_N_ELEMENTS (rows));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    values[i] = rows[i].usual;
  g_object_set_qdata_full (G_OBJECT (obj), quark, values, g_free);
  return values;
}

guint64
vireo_test_migrate_get_parameter (VireoDomainObj *obj, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].name, name))
      return get_values (obj)[i];
  g_return_val_if_reached (0);
}

static gboolean
check_cache (guint64 bytes, GError **error)
{
  if (bytes != 0 && (bytes & (bytes - 1)) == 0)
    return TRUE;
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "the size of the compression cache is a power of two");
  return FALSE;
}

/* What is sent is compared with what was sent before: that is the one way there is. */
static gboolean
check_methods (GVariant *value, GError **error)
{
  g_autofree const char **methods = g_variant_get_strv (value, NULL);

  for (gsize i = 0; methods[i] != NULL; i++)
    if (!g_str_equal (methods[i], "xbzrle"))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                     "migrations of this driver compress by xbzrle only, not by \"%.100s\"",
                     methods[i]);
        return FALSE;
      }
  return TRUE;
}

static gboolean
use_parameter (guint64 *values, const char *key, GVariant *value, GError **error)
{
  gsize row = 0;

  if (g_str_equal (key, "compression"))
    return check_methods (value, error);
  while (row < G_N_ELEMENTS (rows) && g_strcmp0 (rows[row].begun_with, key) != 0)
    row++;
  if (row == G_N_ELEMENTS (rows))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "migrations of this driver have no \"%s\"", key);
      return FALSE;
    }
  values[row] = g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) ? g_variant_get_uint32 (value)
                                                                    : g_variant_get_uint64 (value);
  return !g_str_equal (rows[row].name, COMPRESSION_CACHE) || check_cache (values[row], error);
}

gboolean
vireo_test_migrate_use (VireoDomainObj *obj, GVariant *more, GError **error)
{
  guint64 values[G_N_ELEMENTS (rows)];
  GVariantIter iter;
  const char *key;
  GVariant *value;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    values[i] = rows[i].once ? rows[i].usual : get_values (obj)[i];
  g_variant_iter_init (&iter, more);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) owned = value;

      if (!use_parameter (values, key, owned, error))
        return FALSE;
    }
  memcpy (get_values (obj), values, sizeof values);
  return TRUE;
}

static GVariant *
get_parameters (VireoDomainDriver *driver, VireoDomainObj *obj)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!rows[i].once)
      g_variant_dict_insert (&dict, rows[i].name, "t", get_values (obj)[i]);
  return g_variant_dict_end (&dict);
}

/* They are the service's to check for being known, and numbers. */
static void
set_parameters (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *parameters, GTask *task)
{
  GError *error = NULL;
  guint64 cache;

  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "domain \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (obj)));
  else if (g_variant_lookup (parameters, COMPRESSION_CACHE, "t", &cache)
           && !check_cache (cache, &error))
    g_task_return_error (task, error);
  else
    {
      for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
        if (!rows[i].once)
          g_variant_lookup (parameters, rows[i].name, "t", &get_values (obj)[i]);
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

void
vireo_test_migrate_parameters_init (VireoDomainDriverInterface *iface)
{
  iface->get_migration_parameters = get_parameters;
  iface->set_migration_parameters = set_parameters;
}
