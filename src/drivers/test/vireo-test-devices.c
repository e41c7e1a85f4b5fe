/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-devices.h"

#include <string.h>

#include "util/vireo-task.h"

#define VHBA_PREFIX "scsi_host"
/* What virtual ports can be made of, and how test:///default called that in its first years, as
 * clients' own tests still do. */
#define ADAPTER "scsi_host2"
#define OLD_ADAPTER "test-scsi-host-vport"
/* What the host itself does with its PCI device. */
#define PCI_DRIVER "e1000e"

/* As in libvirt's test:///default; behind them, what only other connections have: a device that can
 * be handed over. */
#define N_USUAL_DEVICES 4
static const char *const devices[] = {
  "<device><name>computer</name><capability type='system'>"
  "<hardware><vendor>Vireo</vendor><version>Test driver</version><serial>123456</serial>"
  "<uuid>11111111-2222-3333-4444-555555555555</uuid></hardware>"
  "<firmware><vendor>Vireo</vendor><version>Test Driver</version>"
  "<release_date>01/22/2007</release_date></firmware></capability></device>",
  "<device><name>scsi_host1</name><parent>computer</parent><capability type='scsi_host'>"
  "<host>1</host><unique_id>0</unique_id><capability type='fc_host'>"
  "<wwnn>2000000012341234</wwnn><wwpn>1000000012341234</wwpn>"
  "<fabric_wwn>2000000043214321</fabric_wwn></capability><capability type='vport_ops'>"
  "<max_vports>127</max_vports><vports>1</vports></capability></capability></device>",
  "<device><name>" ADAPTER "</name><parent>computer</parent><capability type='scsi_host'>"
  "<host>2</host><unique_id>1</unique_id><capability type='fc_host'>"
  "<wwnn>2000000056785678</wwnn><wwpn>1000000056785678</wwpn>"
  "<fabric_wwn>2000000087658765</fabric_wwn></capability><capability type='vport_ops'>"
  "<max_vports>127</max_vports><vports>0</vports></capability></capability></device>",
  "<device><name>scsi_host11</name><parent>scsi_host1</parent><capability type='scsi_host'>"
  "<host>11</host><unique_id>10</unique_id><capability type='fc_host'>"
  "<wwnn>2000000034563456</wwnn><wwpn>1000000034563456</wwpn>"
  "<fabric_wwn>2000000043214321</fabric_wwn></capability></capability></device>",
  "<device><name>pci_0000_03_00_0</name><path>/sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0"
  "</path><parent>computer</parent><driver><name>" PCI_DRIVER "</name></driver>"
  "<capability type='pci'><class>0x020000</class><domain>0</domain><bus>3</bus><slot>0</slot>"
  "<function>0</function><product id='0x10d3'>82574L Gigabit Network Connection</product>"
  "<vendor id='0x8086'>Intel Corporation</vendor><iommuGroup number='7'>"
  "<address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></iommuGroup></capability>"
  "</device>",
};

#define TEST_TYPE_DEVICES (test_devices_get_type ())
G_DECLARE_FINAL_TYPE (TestDevices, test_devices, TEST, DEVICES, GObject)

struct _TestDevices
{
  GObject parent_instance;
  VireoObjList *list;
  guint next_host; /* number of the next adapter */
};

static void driver_init (VireoNodeDeviceDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestDevices,
                               test_devices,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_NODE_DEVICE_DRIVER, driver_init))

static VireoObjList *
get_devices (VireoNodeDeviceDriver *driver)
{
  return TEST_DEVICES (driver)->list;
}

static const VireoNodeDeviceDef *
get_def (gpointer obj)
{
  return vireo_def_obj_get (VIREO_DEF_OBJ (obj));
}

static const VireoNodeDeviceCapabilityDef *
find (gpointer obj, VireoCapabilityType type)
{
  const VireoNodeDeviceDef *def = get_def (obj);

  return def != NULL ? vireo_node_device_def_find_capability (def, type) : NULL;
}

/* @def is taken over. */
static VireoObj *
add (TestDevices *self, VireoNodeDeviceDef *def, guint owner, gboolean persistent, GError **error)
{
  g_autoptr (VireoObj) obj
      = g_object_new (VIREO_TYPE_NODE_DEVICE_OBJ, "name", def->name, "owner", owner, "persistent",
                      persistent, "active", !persistent, NULL);

  if (persistent)
    vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), def);
  else
    vireo_def_obj_set_live (VIREO_DEF_OBJ (obj), def);
  return vireo_obj_list_add (self->list, obj, error) ? g_steal_pointer (&obj) : NULL;
}

/* Returns @obj (transfer full) (nullable), or @error (transfer full). */
static void
return_device (GTask *task, VireoObj *obj, GError *error)
{
  if (obj != NULL)
    g_task_return_pointer (task, obj, g_object_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

/* ---- virtual host adapters ---- */

/* One that has a parent that is an adapter itself. */
static gboolean
is_vhba (TestDevices *self, gpointer obj)
{
  const VireoNodeDeviceDef *def = get_def (obj);
  VireoObj *parent = def != NULL && def->parent != NULL
                         ? vireo_obj_list_find_by_name (self->list, def->parent)
                         : NULL;

  return find (obj, VIREO_CAPABILITY_TYPE_FC_HOST) != NULL && parent != NULL
         && find (parent, VIREO_CAPABILITY_TYPE_SCSI_HOST) != NULL;
}

static gboolean
is_wanted_parent (const VireoNodeDeviceDef *def, gpointer obj)
{
  const VireoNodeDeviceCapabilityDef *fc = find (obj, VIREO_CAPABILITY_TYPE_FC_HOST);

  if (fc == NULL || find (obj, VIREO_CAPABILITY_TYPE_VPORT_OPS) == NULL)
    return FALSE;
  if (def->parent != NULL)
    return g_str_equal (vireo_obj_get_name (obj),
                        g_str_equal (def->parent, OLD_ADAPTER) ? ADAPTER : def->parent);
  if (def->parent_wwnn != NULL || def->parent_wwpn != NULL)
    return g_strcmp0 (def->parent_wwnn, fc->wwnn) == 0
           && g_strcmp0 (def->parent_wwpn, fc->wwpn) == 0;
  return def->parent_fabric_wwn == NULL || g_strcmp0 (def->parent_fabric_wwn, fc->fabric_wwn) == 0;
}

static VireoObj *
find_parent (TestDevices *self, const VireoNodeDeviceDef *def, GError **error)
{
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (self->list);

  for (guint i = 0; i < objects->len; i++)
    if (is_wanted_parent (def, objects->pdata[i]))
      return objects->pdata[i];
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE,
               "there is no parent \"%s\" that can have virtual ports",
               def->parent != NULL ? def->parent : "");
  return NULL;
}

/* Those of the host's own adapters are left alone, as in libvirt's test:///default. */
static gboolean
check_wwn (TestDevices *self, const VireoNodeDeviceCapabilityDef *fc, GError **error)
{
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (self->list);

  if (fc == NULL || fc->wwnn == NULL || fc->wwpn == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID,
                   "a virtual host adapter needs <wwnn> and <wwpn> in its capability fc_host, for "
                   "there is nothing here that could make them up");
      return FALSE;
    }
  for (guint i = 0; i < objects->len; i++)
    {
      const VireoNodeDeviceCapabilityDef *other
          = find (objects->pdata[i], VIREO_CAPABILITY_TYPE_FC_HOST);

      if (!is_vhba (self, objects->pdata[i]) || g_strcmp0 (other->wwnn, fc->wwnn) != 0
          || g_strcmp0 (other->wwpn, fc->wwpn) != 0)
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE, "%s has that WWNN and WWPN already",
                   vireo_obj_get_name (objects->pdata[i]));
      return FALSE;
    }
  return TRUE;
}

static void
count_vport (VireoObj *parent, int difference)
{
  VireoNodeDeviceDef *def = vireo_def_obj_get_live (VIREO_DEF_OBJ (parent));
  VireoNodeDeviceCapabilityDef *ops
      = (VireoNodeDeviceCapabilityDef *) vireo_node_device_def_find_capability (
          def, VIREO_CAPABILITY_TYPE_VPORT_OPS);

  ops->has_vports = TRUE;
  ops->vports = (guint) ((int) ops->vports + difference);
  vireo_obj_emit_event (parent, "Updated", NULL);
}

static VireoObj *
create_vhba (TestDevices *self, const VireoNodeDeviceDef *wanted, guint owner, GError **error)
{
  const VireoNodeDeviceCapabilityDef *fc
      = vireo_node_device_def_find_capability (wanted, VIREO_CAPABILITY_TYPE_FC_HOST);
  VireoObj *parent = find_parent (self, wanted, error);
  guint host = self->next_host;
  g_autofree char *xml = NULL;
  VireoNodeDeviceDef *def;
  VireoObj *obj;

  if (parent == NULL || !check_wwn (self, fc, error))
    return NULL;
  xml = g_markup_printf_escaped (
      "<device><name>" VHBA_PREFIX "%u</name><parent>%s</parent><capability type='scsi_host'>"
      "<host>%u</host><unique_id>%u</unique_id><capability type='fc_host'><wwnn>%s</wwnn>"
      "<wwpn>%s</wwpn><fabric_wwn>%s</fabric_wwn></capability></capability></device>",
      host, vireo_obj_get_name (parent), host, host - 1, fc->wwnn, fc->wwpn,
      find (parent, VIREO_CAPABILITY_TYPE_FC_HOST)->fabric_wwn);
  def = vireo_node_device_def_parse (xml, -1, VIREO_PARSE_NONE, error);
  obj = def != NULL ? add (self, def, owner, FALSE, error) : NULL;
  if (obj == NULL)
    return NULL;
  self->next_host++;
  count_vport (parent, 1);
  return obj;
}

/* ---- mediated devices ---- */

/* (transfer full) (nullable): @wanted with the name that such a device has. */
static VireoNodeDeviceDef *
name_mdev (TestDevices *self, const VireoNodeDeviceDef *wanted, GError **error)
{
  const VireoNodeDeviceCapabilityDef *wanted_mdev
      = vireo_node_device_def_find_capability (wanted, VIREO_CAPABILITY_TYPE_MDEV);
  VireoNodeDeviceCapabilityDef *mdev;
  VireoNodeDeviceDef *def;

  if (wanted_mdev == NULL || wanted_mdev->n_types == 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "only virtual host adapters and mediated devices of a type can be made");
      return NULL;
    }
  if (wanted->parent == NULL || vireo_obj_list_find_by_name (self->list, wanted->parent) == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE, "there is no parent \"%s\"",
                   wanted->parent != NULL ? wanted->parent : "");
      return NULL;
    }
  def = vireo_node_device_def_copy (wanted);
  mdev = (VireoNodeDeviceCapabilityDef *) vireo_node_device_def_find_capability (
      def, VIREO_CAPABILITY_TYPE_MDEV);
  if (mdev->uuid == NULL)
    mdev->uuid = g_uuid_string_random ();
  g_free (def->name);
  def->name = g_strdup_printf ("mdev_%s_%s", mdev->uuid, def->parent);
  g_strdelimit (def->name, "-", '_');
  return def;
}

/* ---- operations ---- */

static void
create (VireoNodeDeviceDriver *driver, const VireoNodeDeviceDef *def, guint owner, GTask *task)
{
  TestDevices *self = TEST_DEVICES (driver);
  VireoNodeDeviceDef *named = NULL;
  GError *error = NULL;
  VireoObj *obj = NULL;

  if (vireo_node_device_def_find_capability (def, VIREO_CAPABILITY_TYPE_SCSI_HOST) != NULL)
    obj = create_vhba (self, def, owner, &error);
  else
    named = name_mdev (self, def, &error);
  if (named != NULL)
    obj = add (self, named, owner, FALSE, &error);
  if (obj != NULL)
    vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "created", "");
  return_device (task, obj, error);
}

static void
define (VireoNodeDeviceDriver *driver, const VireoNodeDeviceDef *def, guint owner, GTask *task)
{
  TestDevices *self = TEST_DEVICES (driver);
  GError *error = NULL;
  VireoNodeDeviceDef *named = name_mdev (self, def, &error);
  VireoObj *found = named != NULL ? vireo_obj_list_find_by_name (self->list, named->name) : NULL;
  VireoObj *obj = NULL;

  if (found != NULL)
    {
      obj = g_object_ref (found);
      vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), named);
      vireo_obj_set_persistent (obj, TRUE);
    }
  else if (named != NULL)
    obj = add (self, named, owner, TRUE, &error);
  if (obj != NULL)
    vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "defined", "");
  return_device (task, obj, error);
}

/* Fails unless the device is @active, or is not, and persistent, if that is wanted. */
static gboolean
check_is (gpointer obj, gboolean persistent, gboolean active, GError **error)
{
  const char *wrong = NULL;

  if (persistent && !vireo_obj_get_persistent (obj))
    wrong = "has no persistent definition";
  else if (active && !vireo_obj_get_active (obj))
    wrong = "is not active";
  else if (!active && vireo_obj_get_active (obj))
    wrong = "is active already";
  if (wrong != NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "device \"%s\" %s",
                 vireo_obj_get_name (obj), wrong);
  return wrong == NULL;
}

static void
start (VireoNodeDeviceDriver *driver, VireoNodeDeviceObj *device, GTask *task)
{
  VireoDefObj *obj = VIREO_DEF_OBJ (device);
  GError *error = NULL;

  if (check_is (obj, TRUE, FALSE, &error))
    {
      vireo_def_obj_set_live (obj, vireo_node_device_def_copy (vireo_def_obj_get_persistent (obj)));
      vireo_obj_set_active (VIREO_OBJ (obj), TRUE);
      vireo_def_obj_emit_lifecycle (obj, "created", "");
    }
  vireo_task_end (task, error == NULL, error);
}

static void
destroy (VireoNodeDeviceDriver *driver, VireoNodeDeviceObj *device, GTask *task)
{
  TestDevices *self = TEST_DEVICES (driver);
  VireoObj *obj = VIREO_OBJ (device);
  gboolean vhba = is_vhba (self, obj);
  GError *error = NULL;

  if (!vhba && find (obj, VIREO_CAPABILITY_TYPE_MDEV) == NULL)
    error = g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                         "device \"%s\" was not made, so it cannot be destroyed",
                         vireo_obj_get_name (obj));
  else if (check_is (obj, FALSE, TRUE, &error))
    {
      if (vhba)
        count_vport (vireo_obj_list_find_by_name (self->list, get_def (obj)->parent), -1);
      vireo_obj_set_active (obj, FALSE);
      vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "deleted", "");
      if (vireo_obj_get_persistent (obj))
        vireo_def_obj_set_live (VIREO_DEF_OBJ (obj), NULL);
      else
        vireo_obj_list_remove (self->list, obj);
    }
  vireo_task_end (task, error == NULL, error);
}

static void
undefine (VireoNodeDeviceDriver *driver, VireoNodeDeviceObj *device, GTask *task)
{
  VireoObj *obj = VIREO_OBJ (device);
  GError *error = NULL;

  if (check_is (obj, TRUE, vireo_obj_get_active (obj), &error))
    {
      vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "undefined", "");
      if (vireo_obj_get_active (obj))
        {
          vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), NULL);
          vireo_obj_set_persistent (obj, FALSE);
          vireo_obj_set_autostart (obj, FALSE);
        }
      else
        vireo_obj_list_remove (TEST_DEVICES (driver)->list, obj);
    }
  vireo_task_end (task, error == NULL, error);
}

static void
set_autostart (VireoNodeDeviceDriver *driver,
               VireoNodeDeviceObj *device,
               gboolean autostart,
               GTask *task)
{
  VireoObj *obj = VIREO_OBJ (device);
  GError *error = NULL;

  if (check_is (obj, TRUE, vireo_obj_get_active (obj), &error))
    vireo_obj_set_autostart (obj, autostart);
  vireo_task_end (task, error == NULL, error);
}

/* ---- handing over ---- */

static gboolean
check_pci (gpointer obj, GError **error)
{
  if (find (obj, VIREO_CAPABILITY_TYPE_PCI) != NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
               "device \"%s\" is no PCI device: only those are handed over",
               vireo_obj_get_name (obj));
  return FALSE;
}

static void
bind_to (VireoNodeDeviceObj *device, const char *driver)
{
  VireoNodeDeviceDef *def = vireo_node_device_def_copy (get_def (device));

  if (g_strcmp0 (def->driver, driver) == 0)
    {
      vireo_node_device_def_free (def);
      return;
    }
  g_free (def->driver);
  def->driver = g_strdup (driver);
  vireo_def_obj_set_live (VIREO_DEF_OBJ (device), def);
  vireo_obj_emit_event (VIREO_OBJ (device), "Updated", NULL);
}

static void
detach (VireoNodeDeviceDriver *driver, VireoNodeDeviceObj *device, const char *name, GTask *task)
{
  static const struct
  {
    const char *name;
    const char *module;
  } rows[] = { { "vfio", "vfio-pci" }, { "xen", "xen-pciback" } };
  GError *error = NULL;
  gsize row = 0;

  while (name != NULL && row < G_N_ELEMENTS (rows) && !g_str_equal (rows[row].name, name))
    row++;
  if (row == G_N_ELEMENTS (rows))
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                 "there is no driver \"%.64s\" to hand devices to; vfio and xen are what there is",
                 name);
  else if (check_pci (device, &error))
    bind_to (device, rows[row].module);
  vireo_task_end (task, error == NULL, error);
}

static void
reattach (VireoNodeDeviceDriver *driver, VireoNodeDeviceObj *device, GTask *task)
{
  GError *error = NULL;

  if (check_pci (device, &error))
    bind_to (device, PCI_DRIVER);
  vireo_task_end (task, error == NULL, error);
}

/* What the host works with loses what it is about. */
static void
reset (VireoNodeDeviceDriver *driver, VireoNodeDeviceObj *device, GTask *task)
{
  GError *error = NULL;

  if (check_pci (device, &error) && g_strcmp0 (get_def (device)->driver, PCI_DRIVER) == 0)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                 "the host uses device \"%s\" by its driver %s: detach it first",
                 vireo_obj_get_name (VIREO_OBJ (device)), PCI_DRIVER);
  vireo_task_end (task, error == NULL, error);
}

/* ---- the class ---- */

static void
driver_init (VireoNodeDeviceDriverInterface *iface)
{
  iface->get_devices = get_devices;
  iface->create = create;
  iface->define = define;
  iface->undefine = undefine;
  iface->start = start;
  iface->destroy = destroy;
  iface->set_autostart = set_autostart;
  iface->detach = detach;
  iface->reattach = reattach;
  iface->reset = reset;
}

static void
dispose (GObject *object)
{
  g_clear_object (&TEST_DEVICES (object)->list);
  G_OBJECT_CLASS (test_devices_parent_class)->dispose (object);
}

static void
test_devices_class_init (TestDevicesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dispose;
}

static void
test_devices_init (TestDevices *self)
{
  self->list = vireo_obj_list_new ();
  self->next_host = 12;
}

/**
 * vireo_test_devices_new:
 * @usual: whether there is what test:///default has in libvirt, and no more
 *
 * Returns: (transfer full): a computer with two host adapters, one of which has a virtual one, and
 *   maybe a PCI device
 * Since: 0.1
 */
VireoNodeDeviceDriver *
vireo_test_devices_new (gboolean usual)
{
  gsize n_devices = usual ? N_USUAL_DEVICES : G_N_ELEMENTS (devices);
  TestDevices *self = g_object_new (TEST_TYPE_DEVICES, NULL);

  for (gsize i = 0; i < n_devices; i++)
    {
      g_autoptr (GError) error = NULL;
      VireoNodeDeviceDef *def
          = vireo_node_device_def_parse (devices[i], -1, VIREO_PARSE_STRICT, &error);
      g_autoptr (VireoObj) obj
          = def != NULL ? add (self, def, VIREO_OWNER_ROOT, FALSE, &error) : NULL;

      if (obj == NULL)
        g_critical ("a device is missing: %s", error->message);
    }
  return VIREO_NODE_DEVICE_DRIVER (self);
}
