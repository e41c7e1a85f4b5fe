/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-interfaces.h"

#include "util/vireo-task.h"

/* As in libvirt's connection of that name. */
static const char eth1[] = "<interface type='ethernet' name='eth1'>"
                           "<start mode='onboot'/>"
                           "<mac address='aa:bb:cc:dd:ee:ff'/>"
                           "<mtu size='1492'/>"
                           "<protocol family='ipv4'>"
                           "<ip address='192.168.0.5' prefix='24'/>"
                           "<route gateway='192.168.0.1'/>"
                           "</protocol>"
                           "</interface>";

/* How an interface was when a change began. */
typedef struct
{
  char *name;
  VireoHostInterfaceDef *def;
  guint owner;
  gboolean active;
} Before;

#define TEST_TYPE_INTERFACES (test_interfaces_get_type ())
G_DECLARE_FINAL_TYPE (TestInterfaces, test_interfaces, TEST, INTERFACES, GObject)

struct _TestInterfaces
{
  GObject parent_instance;
  VireoObjList *list;
  GPtrArray *before; /* (nullable) (element-type Before): while there is a change */
};

static void driver_init (VireoHostInterfaceDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestInterfaces,
                               test_interfaces,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_HOST_INTERFACE_DRIVER,
                                                      driver_init))

static VireoObjList *
get_interfaces (VireoHostInterfaceDriver *driver)
{
  return TEST_INTERFACES (driver)->list;
}

/* ---- operations ---- */

static VireoObj *
add (TestInterfaces *self, const VireoHostInterfaceDef *def, guint owner, GError **error)
{
  g_autoptr (VireoObj) obj = g_object_new (VIREO_TYPE_HOST_INTERFACE_OBJ, "name", def->name,
                                           "owner", owner, "persistent", TRUE, NULL);

  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), vireo_host_interface_def_copy (def));
  return vireo_obj_list_add (self->list, obj, error) ? g_steal_pointer (&obj) : NULL;
}

static void
define (VireoHostInterfaceDriver *driver,
        const VireoHostInterfaceDef *def,
        guint owner,
        GTask *task)
{
  TestInterfaces *self = TEST_INTERFACES (driver);
  VireoObj *obj = NULL;
  GError *error = NULL;

  if (def->name == NULL)
    error = g_error_new (VIREO_ERROR, VIREO_ERROR_XML_INVALID, "/interface/@name: it is missing");
  else
    obj = vireo_obj_list_find_by_name (self->list, def->name);
  if (obj != NULL)
    {
      g_object_ref (obj);
      vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), vireo_host_interface_def_copy (def));
    }
  else if (error == NULL)
    obj = add (self, def, owner, &error);
  if (obj == NULL)
    g_task_return_error (task, error);
  else
    {
      vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "defined", "");
      g_task_return_pointer (task, obj, g_object_unref);
    }
  g_object_unref (task);
}

static void
forget (TestInterfaces *self, VireoObj *obj)
{
  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "undefined", "");
  vireo_obj_list_remove (self->list, obj);
}

static void
undefine (VireoHostInterfaceDriver *driver, VireoHostInterfaceObj *obj, GTask *task)
{
  forget (TEST_INTERFACES (driver), VIREO_OBJ (obj));
  vireo_task_end (task, TRUE, NULL);
}

static void
set_active (VireoObj *obj, gboolean active)
{
  vireo_obj_set_active (obj, active);
  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), active ? "started" : "stopped", "");
}

static void
change_active (VireoHostInterfaceObj *obj, gboolean active, GTask *task)
{
  GError *error = NULL;

  if (vireo_obj_get_active (VIREO_OBJ (obj)) == active)
    error = g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "interface \"%s\" is %s",
                         vireo_obj_get_name (VIREO_OBJ (obj)),
                         active ? "active already" : "not active");
  else
    set_active (VIREO_OBJ (obj), active);
  vireo_task_end (task, error == NULL, error);
}

static void
start (VireoHostInterfaceDriver *driver, VireoHostInterfaceObj *obj, GTask *task)
{
  change_active (obj, TRUE, task);
}

static void
destroy (VireoHostInterfaceDriver *driver, VireoHostInterfaceObj *obj, GTask *task)
{
  change_active (obj, FALSE, task);
}

/* ---- changes that can be taken back ---- */

static void
before_free (gpointer data)
{
  Before *before = data;

  g_free (before->name);
  vireo_host_interface_def_free (before->def);
  g_free (before);
}

static void
begin_change (VireoHostInterfaceDriver *driver, GTask *task)
{
  TestInterfaces *self = TEST_INTERFACES (driver);
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (self->list);

  if (self->before != NULL)
    {
      vireo_task_end (task, FALSE,
                      g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                                   "a change of the interfaces has begun already"));
      return;
    }
  self->before = g_ptr_array_new_with_free_func (before_free);
  for (guint i = 0; i < objects->len; i++)
    {
      Before *before = g_new0 (Before, 1);

      before->name = g_strdup (vireo_obj_get_name (objects->pdata[i]));
      before->def
          = vireo_host_interface_def_copy (vireo_def_obj_get_persistent (objects->pdata[i]));
      before->owner = vireo_obj_get_owner (objects->pdata[i]);
      before->active = vireo_obj_get_active (objects->pdata[i]);
      g_ptr_array_add (self->before, before);
    }
  vireo_task_end (task, TRUE, NULL);
}

/* (transfer full) (nullable) */
static GPtrArray *
end_change (TestInterfaces *self, GTask *task)
{
  if (self->before == NULL)
    vireo_task_end (task, FALSE,
                    g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                                 "no change of the interfaces has begun"));
  return g_steal_pointer (&self->before);
}

static void
commit_change (VireoHostInterfaceDriver *driver, GTask *task)
{
  g_autoptr (GPtrArray) before = end_change (TEST_INTERFACES (driver), task);

  if (before != NULL)
    vireo_task_end (task, TRUE, NULL);
}

static gboolean
was_there (gconstpointer before, gconstpointer name)
{
  return g_str_equal (((const Before *) before)->name, name);
}

static void
restore (TestInterfaces *self, const Before *before)
{
  VireoObj *found = vireo_obj_list_find_by_name (self->list, before->name);
  g_autoptr (VireoObj) obj = found != NULL ? g_object_ref (found) : NULL;
  g_autoptr (GError) error = NULL;

  if (obj == NULL)
    {
      obj = add (self, before->def, before->owner, &error);
      if (obj == NULL)
        {
          g_warning ("interface %s is not as it was: %s", before->name, error->message);
          return;
        }
      vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "defined", "");
    }
  else if (!vireo_host_interface_def_equal (vireo_def_obj_get_persistent (VIREO_DEF_OBJ (obj)),
                                            before->def))
    {
      vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj),
                                    vireo_host_interface_def_copy (before->def));
      vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "defined", "");
    }
  if (vireo_obj_get_active (obj) != before->active)
    set_active (obj, before->active);
}

static void
rollback_change (VireoHostInterfaceDriver *driver, GTask *task)
{
  TestInterfaces *self = TEST_INTERFACES (driver);
  g_autoptr (GPtrArray) before = end_change (self, task);
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (self->list);

  if (before == NULL)
    return;
  for (guint i = 0; i < objects->len; i++)
    if (!g_ptr_array_find_with_equal_func (before, vireo_obj_get_name (objects->pdata[i]),
                                           was_there, NULL))
      forget (self, objects->pdata[i]);
  for (guint i = 0; i < before->len; i++)
    restore (self, before->pdata[i]);
  vireo_task_end (task, TRUE, NULL);
}

/* ---- the class ---- */

static void
driver_init (VireoHostInterfaceDriverInterface *iface)
{
  iface->get_interfaces = get_interfaces;
  iface->define = define;
  iface->undefine = undefine;
  iface->start = start;
  iface->destroy = destroy;
  iface->begin_change = begin_change;
  iface->commit_change = commit_change;
  iface->rollback_change = rollback_change;
}

static void
dispose (GObject *object)
{
  TestInterfaces *self = TEST_INTERFACES (object);

  g_clear_pointer (&self->before, g_ptr_array_unref);
  g_clear_object (&self->list);
  G_OBJECT_CLASS (test_interfaces_parent_class)->dispose (object);
}

static void
test_interfaces_class_init (TestInterfacesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dispose;
}

static void
test_interfaces_init (TestInterfaces *self)
{
  self->list = vireo_obj_list_new ();
}

/**
 * vireo_test_interfaces_new:
 *
 * Returns: (transfer full): interfaces in memory, with eth1 up
 * Since: 0.1
 */
VireoHostInterfaceDriver *
vireo_test_interfaces_new (void)
{
  TestInterfaces *self = g_object_new (TEST_TYPE_INTERFACES, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoHostInterfaceDef) def
      = vireo_host_interface_def_parse (eth1, -1, VIREO_PARSE_STRICT, &error);
  g_autoptr (VireoObj) obj = def != NULL ? add (self, def, VIREO_OWNER_ROOT, &error) : NULL;

  if (obj != NULL)
    vireo_obj_set_active (obj, TRUE);
  else
    g_critical ("eth1 is missing: %s", error->message);
  return VIREO_HOST_INTERFACE_DRIVER (self);
}
