/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kind of place each device wants, whatever the machine. */
#include "vireo-address-private.h"

static VireoAddressWant
want_disk (gconstpointer device)
{
  const VireoDiskDef *disk = device;

  return disk->target != NULL && disk->target->bus == VIREO_DISK_BUS_VIRTIO ? VIREO_WANT_VIRTIO
                                                                            : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_scsi_controller (VireoControllerModel model)
{
  if (model == VIREO_CONTROLLER_MODEL_VIRTIO_SCSI
      || model == VIREO_CONTROLLER_MODEL_VIRTIO_TRANSITIONAL
      || model == VIREO_CONTROLLER_MODEL_VIRTIO_NON_TRANSITIONAL)
    return VIREO_WANT_VIRTIO;
  return model == VIREO_CONTROLLER_MODEL_IBMVSCSI ? VIREO_WANT_SPAPR : VIREO_WANT_CONVENTIONAL;
}

static VireoAddressWant
want_usb_controller (VireoControllerModel model)
{
  if (model == VIREO_CONTROLLER_MODEL_NONE)
    return VIREO_WANT_NOTHING;
  return model == VIREO_CONTROLLER_MODEL_QEMU_XHCI || model == VIREO_CONTROLLER_MODEL_NEC_XHCI
             ? VIREO_WANT_EXPRESS
             : VIREO_WANT_CONVENTIONAL;
}

static VireoAddressWant
want_controller (gconstpointer device)
{
  const VireoControllerDef *controller = device;

  if (controller->type == VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL)
    return VIREO_WANT_VIRTIO;
  if (controller->type == VIREO_CONTROLLER_TYPE_SCSI)
    return want_scsi_controller (controller->model);
  if (controller->type == VIREO_CONTROLLER_TYPE_USB)
    return want_usb_controller (controller->model);
  return controller->type == VIREO_CONTROLLER_TYPE_SATA ? VIREO_WANT_CONVENTIONAL
                                                        : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_filesystem (gconstpointer device)
{
  const VireoFilesystemDef *filesystem = device;

  return filesystem->type == VIREO_FILESYSTEM_TYPE_MOUNT
                 || filesystem->type == VIREO_FILESYSTEM_TYPE_UNSET
             ? VIREO_WANT_VIRTIO
             : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_interface (gconstpointer device)
{
  static const struct
  {
    const char *model;
    VireoAddressWant want;
  } models[] = {
    { "usb-net", VIREO_WANT_NOTHING },  { "ne2k_isa", VIREO_WANT_NOTHING },
    { "e1000e", VIREO_WANT_EXPRESS },   { "igb", VIREO_WANT_EXPRESS },
    { "vmxnet3", VIREO_WANT_EXPRESS },  { "spapr-vlan", VIREO_WANT_SPAPR },
  };
  const VireoInterfaceDef *interface = device;

  if (interface->type == VIREO_INTERFACE_TYPE_HOSTDEV)
    return VIREO_WANT_EXPRESS;
  if (interface->model == NULL)
    return VIREO_WANT_NOTHING;
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (g_str_equal (interface->model, models[i].model))
      return models[i].want;
  return g_str_has_prefix (interface->model, "virtio") ? VIREO_WANT_VIRTIO
                                                       : VIREO_WANT_CONVENTIONAL;
}

static VireoAddressWant
want_serial (gconstpointer device)
{
  const VireoSerialDef *serial = device;

  if (serial->target == NULL)
    return VIREO_WANT_NOTHING;
  if (serial->target->type == VIREO_SERIAL_TARGET_TYPE_PCI_SERIAL)
    return VIREO_WANT_CONVENTIONAL;
  return serial->target->type == VIREO_SERIAL_TARGET_TYPE_SPAPR_VIO_SERIAL ? VIREO_WANT_SPAPR
                                                                           : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_input (gconstpointer device)
{
  return ((const VireoInputDef *) device)->bus == VIREO_INPUT_BUS_VIRTIO ? VIREO_WANT_VIRTIO
                                                                         : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_sound (gconstpointer device)
{
  VireoSoundModel model = ((const VireoSoundDef *) device)->model;

  if (model == VIREO_SOUND_MODEL_SB16 || model == VIREO_SOUND_MODEL_PCSPK
      || model == VIREO_SOUND_MODEL_USB)
    return VIREO_WANT_NOTHING;
  return model == VIREO_SOUND_MODEL_VIRTIO ? VIREO_WANT_VIRTIO : VIREO_WANT_CONVENTIONAL;
}

/* The first picture is the firmware's, which looks for it on the root bus. */
static VireoAddressWant
want_video (gconstpointer device)
{
  const VireoVideoDef *video = device;

  return video->model == NULL || video->model->type == VIREO_VIDEO_MODEL_TYPE_NONE
                 || video->model->type == VIREO_VIDEO_MODEL_TYPE_RAMFB
             ? VIREO_WANT_NOTHING
             : VIREO_WANT_CONVENTIONAL;
}

static VireoAddressWant
want_hostdev (gconstpointer device)
{
  const VireoHostdevDef *hostdev = device;

  if (hostdev->type == VIREO_HOSTDEV_TYPE_SCSI_HOST)
    return VIREO_WANT_VIRTIO;
  if (hostdev->type == VIREO_HOSTDEV_TYPE_PCI)
    return VIREO_WANT_EXPRESS;
  if (hostdev->type != VIREO_HOSTDEV_TYPE_MDEV)
    return VIREO_WANT_NOTHING;
  return hostdev->model == VIREO_HOSTDEV_MODEL_VFIO_PCI   ? VIREO_WANT_EXPRESS
         : hostdev->model == VIREO_HOSTDEV_MODEL_VFIO_CCW ? VIREO_WANT_CCW
                                                          : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_watchdog (gconstpointer device)
{
  return ((const VireoWatchdogDef *) device)->model == VIREO_WATCHDOG_MODEL_I6300ESB
             ? VIREO_WANT_CONVENTIONAL
             : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_balloon (gconstpointer device)
{
  VireoMemballoonModel model = ((const VireoMemballoonDef *) device)->model;

  return model == VIREO_MEMBALLOON_MODEL_NONE || model == VIREO_MEMBALLOON_MODEL_XEN
             ? VIREO_WANT_NOTHING
             : VIREO_WANT_VIRTIO;
}

static VireoAddressWant
want_virtio (gconstpointer device)
{
  return VIREO_WANT_VIRTIO;
}

static VireoAddressWant
want_conventional (gconstpointer device)
{
  return VIREO_WANT_CONVENTIONAL;
}

static VireoAddressWant
want_nvram (gconstpointer device)
{
  return VIREO_WANT_SPAPR;
}

static VireoAddressWant
want_panic (gconstpointer device)
{
  VireoPanicModel model = ((const VireoPanicDef *) device)->model;

  return model == VIREO_PANIC_MODEL_PVPANIC ? VIREO_WANT_CONVENTIONAL
         : model == VIREO_PANIC_MODEL_ISA   ? VIREO_WANT_ISA
                                            : VIREO_WANT_NOTHING;
}

static VireoAddressWant
want_memory (gconstpointer device)
{
  VireoMemoryModel model = ((const VireoMemoryDeviceDef *) device)->model;

  return model == VIREO_MEMORY_MODEL_VIRTIO_MEM || model == VIREO_MEMORY_MODEL_VIRTIO_PMEM
             ? VIREO_WANT_VIRTIO
             : VIREO_WANT_NOTHING;
}

/* It has to be on the root bus, for it translates for what is behind it. */
static VireoAddressWant
want_iommu (gconstpointer device)
{
  return ((const VireoIommuDef *) device)->model == VIREO_IOMMU_MODEL_VIRTIO
             ? VIREO_WANT_CONVENTIONAL
             : VIREO_WANT_NOTHING;
}

static VireoAddressWant (*const wants[VIREO_DEVICE_N_KINDS]) (gconstpointer device) = {
  [VIREO_DEVICE_DISK] = want_disk,
  [VIREO_DEVICE_CONTROLLER] = want_controller,
  [VIREO_DEVICE_FILESYSTEM] = want_filesystem,
  [VIREO_DEVICE_INTERFACE] = want_interface,
  [VIREO_DEVICE_SERIAL] = want_serial,
  [VIREO_DEVICE_INPUT] = want_input,
  [VIREO_DEVICE_SOUND] = want_sound,
  [VIREO_DEVICE_VIDEO] = want_video,
  [VIREO_DEVICE_HOSTDEV] = want_hostdev,
  [VIREO_DEVICE_WATCHDOG] = want_watchdog,
  [VIREO_DEVICE_MEMBALLOON] = want_balloon,
  [VIREO_DEVICE_RNG] = want_virtio,
  [VIREO_DEVICE_NVRAM] = want_nvram,
  [VIREO_DEVICE_PANIC] = want_panic,
  [VIREO_DEVICE_SHMEM] = want_conventional,
  [VIREO_DEVICE_MEMORY] = want_memory,
  [VIREO_DEVICE_IOMMU] = want_iommu,
  [VIREO_DEVICE_VSOCK] = want_virtio,
  [VIREO_DEVICE_CRYPTO] = want_virtio,
};

VireoAddressWant
vireo_address_want (VireoDeviceKind kind, gconstpointer device)
{
  return wants[kind] != NULL ? wants[kind](device) : VIREO_WANT_NOTHING;
}
