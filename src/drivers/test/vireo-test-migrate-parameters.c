/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-migrate-parameters.h"

#include "util/vireo-error.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)

/* What there is, what it is without being set, and how a migration that is begun names it. */
static const struct
{
  const char *name;
  guint64 usual;
  const char *begun_with; /* (nullable) */
} rows[] = {
  { "max-downtime", 300000, NULL },
  { "max-speed", 0, "bandwidth" },
  { "max-postcopy-speed", 0, "bandwidth.postcopy" },
  { "compression-cache", 64 * MIB, NULL },
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

gboolean
vireo_test_migrate_use (VireoDomainObj *obj, GVariant *more, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, more);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) owned = value;
      gsize row = 0;

      while (row < G_N_ELEMENTS (rows) && g_strcmp0 (rows[row].begun_with, key) != 0)
        row++;
      if (row == G_N_ELEMENTS (rows))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                       "migrations of this driver have no \"%s\"", key);
          return FALSE;
        }
      get_values (obj)[row] = g_variant_get_uint64 (owned);
    }
  return TRUE;
}

static GVariant *
get_parameters (VireoDomainDriver *driver, VireoDomainObj *obj)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_variant_dict_insert (&dict, rows[i].name, "t", get_values (obj)[i]);
  return g_variant_dict_end (&dict);
}

/* They are the service's to check for being known, and numbers. */
static void
set_parameters (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *parameters, GTask *task)
{
  guint64 cache = rows[3].usual;

  if (!vireo_obj_get_active (VIREO_OBJ (obj)))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "domain \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (obj)));
  else if (g_variant_lookup (parameters, "compression-cache", "t", &cache)
           && (cache == 0 || (cache & (cache - 1)) != 0))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                             "the size of the compression cache is a power of two");
  else
    {
      for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
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
