/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-filters.h"

struct _VireoTestFilters
{
  VireoNetworkFilterKeeper parent_instance;
  VireoObjList *bindings;
};

static VireoNetworkFilterDriverInterface *parent_iface;

static void filter_driver_init (VireoNetworkFilterDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoTestFilters,
                               vireo_test_filters,
                               VIREO_TYPE_NETWORK_FILTER_KEEPER,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_NETWORK_FILTER_DRIVER,
                                                      filter_driver_init))

static VireoObjList *
get_bindings (VireoNetworkFilterDriver *driver)
{
  return VIREO_TEST_FILTERS (driver)->bindings;
}

static gboolean
check_binding (VireoTestFilters *self, const VireoFilterBindingDef *def, GError **error)
{
  const char *filter = def->filterref->filter;
  g_autofree char *missing = NULL;

  if (def->portdev == NULL || filter == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "a binding says which filter is at work on which device, in "
                   "/filterbinding/portdev/@name and /filterbinding/filterref/@filter");
      return FALSE;
    }
  if (vireo_obj_list_find_by_name (self->bindings, def->portdev) != NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE,
                   "a filter is at work on \"%s\" already", def->portdev);
      return FALSE;
    }
  missing = vireo_network_filter_keeper_find_missing (VIREO_NETWORK_FILTER_KEEPER (self), filter);
  if (missing == NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE, "there is no filter \"%s\"",
               missing);
  return FALSE;
}

static void
create_binding (VireoNetworkFilterDriver *driver,
                const VireoFilterBindingDef *def,
                guint owner,
                GTask *task)
{
  VireoTestFilters *self = VIREO_TEST_FILTERS (driver);
  g_autoptr (VireoObj) obj = NULL;
  GError *error = NULL;

  if (check_binding (self, def, &error))
    {
      obj = g_object_new (VIREO_TYPE_FILTER_BINDING_OBJ, "name", def->portdev, "owner", owner,
                          "active", TRUE, NULL);
      vireo_def_obj_set_live (VIREO_DEF_OBJ (obj), vireo_filter_binding_def_copy (def));
      vireo_obj_list_add (self->bindings, obj, &error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&obj), g_object_unref);
  g_object_unref (task);
}

static void
delete_binding (VireoNetworkFilterDriver *driver, VireoFilterBindingObj *obj, GTask *task)
{
  vireo_obj_list_remove (VIREO_TEST_FILTERS (driver)->bindings, VIREO_OBJ (obj));
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
undefine (VireoNetworkFilterDriver *driver, VireoNetworkFilterObj *obj, GTask *task)
{
  VireoTestFilters *self = VIREO_TEST_FILTERS (driver);
  g_autoptr (GPtrArray) bindings = vireo_obj_list_snapshot (self->bindings);
  const char *name = vireo_obj_get_name (VIREO_OBJ (obj));

  for (guint i = 0; i < bindings->len; i++)
    {
      const VireoFilterBindingDef *def = vireo_def_obj_get_live (bindings->pdata[i]);

      if (!vireo_network_filter_keeper_reaches (VIREO_NETWORK_FILTER_KEEPER (self),
                                                def->filterref->filter, name))
        continue;
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_BUSY,
                               "filter \"%s\" is at work on \"%s\"", name, def->portdev);
      g_object_unref (task);
      return;
    }
  parent_iface->undefine (driver, obj, task);
}

static void
filter_driver_init (VireoNetworkFilterDriverInterface *iface)
{
  parent_iface = g_type_interface_peek_parent (iface);
  iface->undefine = undefine;
  iface->get_bindings = get_bindings;
  iface->create_binding = create_binding;
  iface->delete_binding = delete_binding;
}

static void
dispose (GObject *object)
{
  g_clear_object (&VIREO_TEST_FILTERS (object)->bindings);
  G_OBJECT_CLASS (vireo_test_filters_parent_class)->dispose (object);
}

static void
vireo_test_filters_class_init (VireoTestFiltersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dispose;
}

static void
vireo_test_filters_init (VireoTestFilters *self)
{
  self->bindings = vireo_obj_list_new ();
}

/**
 * vireo_test_filters_new:
 *
 * Returns: (transfer full): filters in memory, of which there are none yet
 * Since: 0.1
 */
VireoTestFilters *
vireo_test_filters_new (void)
{
  return g_object_new (VIREO_TYPE_TEST_FILTERS, NULL);
}
