/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers. */
#include "vireo-qemu-build.h"

#define ANY_MODEL VIREO_CONTROLLER_MODEL_UNSET

typedef struct
{
  VireoControllerType type;
  VireoControllerModel model;
  const char *driver; /* without -pci or -ccw when it is a virtio one */
  gboolean virtio;
} Model;

static const Model models[] = {
  { VIREO_CONTROLLER_TYPE_PCI, VIREO_CONTROLLER_MODEL_PCI_BRIDGE, "pci-bridge", FALSE },
  { VIREO_CONTROLLER_TYPE_PCI, VIREO_CONTROLLER_MODEL_DMI_TO_PCI_BRIDGE, "i82801b11-bridge",
    FALSE },
  { VIREO_CONTROLLER_TYPE_PCI, VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT, "pcie-root-port", FALSE },
  { VIREO_CONTROLLER_TYPE_PCI, VIREO_CONTROLLER_MODEL_PCIE_SWITCH_UPSTREAM_PORT, "x3130-upstream",
    FALSE },
  { VIREO_CONTROLLER_TYPE_PCI, VIREO_CONTROLLER_MODEL_PCIE_SWITCH_DOWNSTREAM_PORT,
    "xio3130-downstream", FALSE },
  { VIREO_CONTROLLER_TYPE_PCI, VIREO_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE, "pcie-pci-bridge",
    FALSE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_VIRTIO_SCSI, "virtio-scsi", TRUE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_VIRTIO_TRANSITIONAL, "virtio-scsi", TRUE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_VIRTIO_NON_TRANSITIONAL, "virtio-scsi",
    TRUE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_LSILOGIC, "lsi53c895a", FALSE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_LSISAS1068, "mptsas1068", FALSE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_LSISAS1078, "megasas", FALSE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_VMPVSCSI, "pvscsi", FALSE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_AM53C974, "am53c974", FALSE },
  { VIREO_CONTROLLER_TYPE_SCSI, VIREO_CONTROLLER_MODEL_DC390, "dc390", FALSE },
  { VIREO_CONTROLLER_TYPE_SATA, ANY_MODEL, "ich9-ahci", FALSE },
  { VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL, ANY_MODEL, "virtio-serial", TRUE },
  { VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL, VIREO_CONTROLLER_MODEL_VIRTIO, "virtio-serial", TRUE },
  { VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL, VIREO_CONTROLLER_MODEL_VIRTIO_TRANSITIONAL,
    "virtio-serial", TRUE },
  { VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL, VIREO_CONTROLLER_MODEL_VIRTIO_NON_TRANSITIONAL,
    "virtio-serial", TRUE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_PIIX3_UHCI, "piix3-usb-uhci", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_PIIX4_UHCI, "piix4-usb-uhci", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_EHCI, "usb-ehci", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_ICH9_EHCI1, "ich9-usb-ehci1", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_ICH9_UHCI1, "ich9-usb-uhci1", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_ICH9_UHCI2, "ich9-usb-uhci2", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_ICH9_UHCI3, "ich9-usb-uhci3", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_PCI_OHCI, "pci-ohci", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_NEC_XHCI, "nec-usb-xhci", FALSE },
  { VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_QEMU_XHCI, "qemu-xhci", FALSE },
  { VIREO_CONTROLLER_TYPE_CCID, ANY_MODEL, "usb-ccid", FALSE },
  { VIREO_CONTROLLER_TYPE_FDC, ANY_MODEL, "isa-fdc", FALSE },
};

static const Model *
find_model (const VireoControllerDef *controller)
{
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (models[i].type == controller->type && models[i].model == controller->model)
      return &models[i];
  return NULL;
}

/* What the machine has by itself. */
static gboolean
is_built_in (VireoQemuBuild *build, const VireoControllerDef *controller)
{
  if (controller->type == VIREO_CONTROLLER_TYPE_PCI)
    return controller->model == VIREO_CONTROLLER_MODEL_PCI_ROOT
           || controller->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT;
  if (controller->type == VIREO_CONTROLLER_TYPE_USB)
    return controller->model == VIREO_CONTROLLER_MODEL_NONE;
  if (controller->index != 0)
    return FALSE;
  if (controller->type == VIREO_CONTROLLER_TYPE_IDE)
    return vireo_qemu_build_is_i440fx (build);
  if (controller->type == VIREO_CONTROLLER_TYPE_FDC)
    return vireo_qemu_build_is_i440fx (build);
  return controller->type == VIREO_CONTROLLER_TYPE_SATA && vireo_qemu_build_is_q35 (build);
}

/* Bridges and ports are told apart by numbers, which must not repeat. */
static void
add_pci (const VireoControllerDef *controller, JsonObject *device)
{
  const VireoControllerTargetDef *target = controller->target;
  gboolean is_port = controller->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT
                     || controller->model == VIREO_CONTROLLER_MODEL_PCIE_SWITCH_DOWNSTREAM_PORT;

  if (is_port)
    {
      json_object_set_int_member (device, "chassis",
                                  target != NULL && target->has_chassis ? target->chassis
                                                                        : controller->index);
      json_object_set_int_member (
          device, "port", target != NULL && target->has_port ? target->port : controller->index);
      if (target != NULL)
        vireo_qemu_json_switch (device, "hotplug", target->hotplug);
    }
  else if (controller->model == VIREO_CONTROLLER_MODEL_PCI_BRIDGE)
    json_object_set_int_member (device, "chassis_nr",
                                target != NULL && target->has_chassis_nr ? target->chassis_nr
                                                                         : controller->index);
}

static void
add_usb (VireoQemuBuild *build, const VireoControllerDef *controller, JsonObject *device)
{
  gboolean is_companion = controller->model == VIREO_CONTROLLER_MODEL_ICH9_UHCI1
                          || controller->model == VIREO_CONTROLLER_MODEL_ICH9_UHCI2
                          || controller->model == VIREO_CONTROLLER_MODEL_ICH9_UHCI3;

  if (is_companion)
    {
      g_autofree char *bus = g_strdup_printf (
          "%s.0", vireo_qemu_build_controller_alias (build, VIREO_CONTROLLER_TYPE_USB,
                                                     controller->index));

      json_object_set_string_member (device, "masterbus", bus);
      json_object_set_int_member (device, "firstport", controller->master_startport);
    }
  else if (controller->has_ports)
    {
      json_object_set_int_member (device, "p2", controller->ports);
      json_object_set_int_member (device, "p3", controller->ports);
    }
}

static void
add_virtio_serial (const VireoControllerDef *controller, JsonObject *device)
{
  if (controller->has_ports)
    json_object_set_int_member (device, "max_ports", controller->ports);
  if (controller->has_vectors)
    json_object_set_int_member (device, "vectors", controller->vectors);
}

static void
add_driver (const VireoControllerDef *controller, JsonObject *device)
{
  const VireoControllerDriverDef *driver = controller->driver;

  if (driver == NULL)
    return;
  if (driver->has_iothread)
    {
      g_autofree char *name = g_strdup_printf ("iothread%u", driver->iothread);

      json_object_set_string_member (device, "iothread", name);
    }
  if (driver->has_queues)
    json_object_set_int_member (device, "num_queues", driver->queues);
  if (driver->has_cmd_per_lun)
    json_object_set_int_member (device, "cmd_per_lun", driver->cmd_per_lun);
  if (driver->has_max_sectors)
    json_object_set_int_member (device, "max_sectors", driver->max_sectors);
  vireo_qemu_json_switch (device, "ioeventfd", driver->ioeventfd);
  vireo_qemu_build_virtio_options (device, driver->iommu, driver->ats, driver->packed,
                                   driver->page_per_vq);
}

static char *
driver_name (VireoQemuBuild *build, const Model *model)
{
  const char *variant = "";

  if (!model->virtio)
    return g_strdup (model->driver);
  if (model->model == VIREO_CONTROLLER_MODEL_VIRTIO_TRANSITIONAL)
    variant = "-transitional";
  if (model->model == VIREO_CONTROLLER_MODEL_VIRTIO_NON_TRANSITIONAL)
    variant = "-non-transitional";
  return vireo_qemu_build_virtio_driver (build, model->driver, variant);
}

static gboolean
add_controller (VireoQemuBuild *build, const VireoControllerDef *controller, GError **error)
{
  const char *type = vireo_controller_type_to_string (controller->type);
  const char *name = vireo_controller_model_to_string (controller->model);
  const Model *model = find_model (controller);
  g_autofree char *what = g_strdup_printf ("The %s controller %u", type, controller->index);
  g_autofree char *driver = NULL;
  JsonObject *device;

  if (model == NULL)
    return vireo_qemu_unsupported (error, "%s: the model '%s' is not supported on machine type %s",
                                   what, name != NULL ? name : "(none)", build->machine->name);
  driver = driver_name (build, model);
  device = vireo_qemu_json_device (driver, controller->alias);
  if (controller->type == VIREO_CONTROLLER_TYPE_PCI)
    add_pci (controller, device);
  if (controller->type == VIREO_CONTROLLER_TYPE_USB)
    add_usb (build, controller, device);
  if (controller->type == VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL)
    add_virtio_serial (controller, device);
  add_driver (controller, device);
  if (controller->type == VIREO_CONTROLLER_TYPE_CCID)
    vireo_qemu_build_usb_place (build, device, controller->address);
  else if (!vireo_qemu_build_place (build, device, controller->address, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  return vireo_qemu_build_device (build, device, what, error);
}

gboolean
vireo_qemu_build_controller (VireoQemuBuild *build, guint index, GError **error)
{
  return add_controller (build, build->def->controllers[index], error);
}

/* A bus must be there before what is on it. */
static gboolean
add_controllers (VireoQemuBuild *build, gboolean pci, GError **error)
{
  for (guint i = 0; i < build->def->n_controllers; i++)
    {
      const VireoControllerDef *controller = build->def->controllers[i];

      if ((controller->type == VIREO_CONTROLLER_TYPE_PCI) == pci
          && !is_built_in (build, controller) && !add_controller (build, controller, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
vireo_qemu_build_controllers (VireoQemuBuild *build, GError **error)
{
  return add_controllers (build, TRUE, error) && add_controllers (build, FALSE, error);
}
