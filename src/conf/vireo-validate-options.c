/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for options of devices that make sense with some models or buses only. */
#include "vireo-postparse-private.h"
#include "vireo-validate.h"

#include <string.h>

/* --- options of virtio --- */

static gboolean
is_virtio_disk (const VireoDiskDef *disk)
{
  VireoDiskBus bus = disk->target != NULL ? disk->target->bus : VIREO_DISK_BUS_UNSET;

  return bus == VIREO_DISK_BUS_VIRTIO || bus == VIREO_DISK_BUS_UNSET;
}

static void
refuse_virtio (GPtrArray *problems, VireoDeviceKind kind, guint i, gconstpointer device)
{
  vireo_validate_add_device (problems, kind, i, device, "driver", "not-virtio",
                             "iommu, ats, packed and page_per_vq are options of virtio devices");
}

static void
check_virtio_options (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDriverDef *driver = def->disks[i]->driver;

      if (driver != NULL && !is_virtio_disk (def->disks[i])
          && (driver->iommu || driver->ats || driver->packed || driver->page_per_vq))
        refuse_virtio (problems, VIREO_DEVICE_DISK, i, def->disks[i]);
    }
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const VireoInterfaceDef *interface = def->interfaces[i];
      const VireoInterfaceDriverDef *driver = interface->driver;

      if (driver != NULL && interface->model != NULL
          && !g_str_has_prefix (interface->model, "virtio")
          && (driver->iommu || driver->ats || driver->packed || driver->page_per_vq))
        refuse_virtio (problems, VIREO_DEVICE_INTERFACE, i, interface);
    }
  for (guint i = 0; i < def->n_videos; i++)
    {
      const VireoVideoDef *video = def->videos[i];
      const VireoVideoDriverDef *driver = video->driver;

      if (driver != NULL && video->model != NULL
          && video->model->type != VIREO_VIDEO_MODEL_TYPE_VIRTIO
          && (driver->iommu || driver->ats || driver->packed || driver->page_per_vq))
        refuse_virtio (problems, VIREO_DEVICE_VIDEO, i, video);
    }
  for (guint i = 0; i < def->n_inputs; i++)
    {
      const VireoInputDef *input = def->inputs[i];

      if (input->bus != VIREO_INPUT_BUS_VIRTIO && input->bus != VIREO_INPUT_BUS_UNSET
          && (input->driver_iommu || input->driver_ats || input->driver_packed
              || input->driver_page_per_vq))
        refuse_virtio (problems, VIREO_DEVICE_INPUT, i, input);
    }
}

/* --- disks --- */

/* An NAA identifier of 64 bits (SPC-4, 7.8.6.6), with 0x or without. */
static gboolean
is_wwn (const char *text)
{
  const char *digits = g_str_has_prefix (text, "0x") ? text + 2 : text;

  return strlen (digits) == 16 && strspn (digits, "0123456789abcdefABCDEF") == 16;
}

static void
check_disk (const VireoDiskDef *disk, guint i, GPtrArray *problems)
{
  const VireoDiskTargetDef *target = disk->target;
  VireoDiskDevice device = vireo_disk_def_get_device (disk);
  guint number;

  if (disk->wwn != NULL && !is_wwn (disk->wwn))
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "wwn", "bad-wwn",
                               "\"%s\" is not a world-wide name: expected 16 hexadecimal digits",
                               disk->wwn);
  if (target == NULL)
    return;
  if (target->dev != NULL && disk->address == NULL
      && !vireo_disk_name_to_index (target->dev, &number))
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@dev", "bad-target",
                               "\"%s\" says no place, and there is no address that does",
                               target->dev);
  if (target->removable != VIREO_TRISTATE_UNSET && target->bus != VIREO_DISK_BUS_USB
      && target->bus != VIREO_DISK_BUS_UNSET)
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@removable",
                               "bad-removable", "only USB disks say so");
  if (target->tray != VIREO_DISK_TRAY_UNSET && device != VIREO_DISK_DEVICE_CDROM
      && device != VIREO_DISK_DEVICE_FLOPPY)
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@tray", "bad-tray",
                               "only a CD-ROM or floppy drive has one");
  if (disk->type == VIREO_DISK_TYPE_VHOSTUSER && !is_virtio_disk (disk))
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@bus",
                               "bad-vhostuser", "a disk of this type is a virtio disk");
}

/* A SCSI disk has the place that its name says; a host device cannot be there too. */
static void
check_disk_places (const VireoDomainDef *def, const VireoDiskDef *disk, guint i,
                   GPtrArray *problems)
{
  guint number;

  if (disk->address != NULL || disk->target == NULL || disk->target->bus != VIREO_DISK_BUS_SCSI
      || !vireo_disk_name_to_index (disk->target->dev, &number) || number > 6)
    return;
  for (guint h = 0; h < MIN (def->n_hostdevs, 4096u); h++)
    {
      const VireoAddressDef *address = def->hostdevs[h]->address;

      if (address != NULL && address->type == VIREO_ADDRESS_TYPE_DRIVE && address->has_unit
          && address->controller == 0 && address->bus == 0 && address->target == 0
          && address->unit == number)
        vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@dev",
                                   "address-in-use", "hostdev[%u] is at the place of \"%s\"",
                                   h + 1, disk->target->dev);
    }
}

static void
check_disks (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_disks; i++)
    {
      check_disk (def->disks[i], i, problems);
      if (i < 4096)
        check_disk_places (def, def->disks[i], i, problems);
    }
}

/* --- the rest --- */

static gboolean
is_usb_off (const VireoDomainDef *def)
{
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == VIREO_CONTROLLER_TYPE_USB
        && def->controllers[i]->model == VIREO_CONTROLLER_MODEL_NONE)
      return TRUE;
  return FALSE;
}

static gboolean
is_usb (VireoDeviceKind kind, gconstpointer device)
{
  if (kind == VIREO_DEVICE_REDIRDEV || kind == VIREO_DEVICE_HUB)
    return TRUE;
  if (kind == VIREO_DEVICE_INPUT)
    return ((const VireoInputDef *) device)->bus == VIREO_INPUT_BUS_USB;
  return kind == VIREO_DEVICE_HOSTDEV
         && ((const VireoHostdevDef *) device)->type == VIREO_HOSTDEV_TYPE_USB;
}

static void
check_usb (const VireoDomainDef *def, GPtrArray *problems)
{
  VireoDeviceIter iter;

  if (!is_usb_off (def))
    return;
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    if (is_usb (iter.kind, iter.device))
      vireo_validate_add_device (problems, iter.kind, iter.index, iter.device, NULL, "usb-off",
                                 "USB is switched off by a controller of the model \"none\"");
}

static void
check_addresses (const VireoDomainDef *def, GPtrArray *problems)
{
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);

      if (address != NULL && address->type == VIREO_ADDRESS_TYPE_UNASSIGNED
          && iter.kind != VIREO_DEVICE_HOSTDEV && iter.kind != VIREO_DEVICE_INTERFACE)
        vireo_validate_add_device (problems, iter.kind, iter.index, iter.device, "address/@type",
                                   "bad-address-type",
                                   "only a host device can be kept without a place");
    }
}

static void
check_iommu (const VireoDomainDef *def, GPtrArray *problems)
{
  const VireoIommuDef *iommu = def->iommu;

  if (iommu == NULL)
    return;
  if (iommu->model != VIREO_IOMMU_MODEL_INTEL && iommu->driver != NULL)
    vireo_validate_add_device (problems, VIREO_DEVICE_IOMMU, 0, iommu, "driver", "bad-iommu",
                               "only the model \"intel\" has options");
  if (iommu->model != VIREO_IOMMU_MODEL_VIRTIO && iommu->address != NULL)
    vireo_validate_add_device (problems, VIREO_DEVICE_IOMMU, 0, iommu, "address", "bad-iommu",
                               "only the model \"virtio\" has an address");
  if (iommu->driver != NULL && iommu->driver->eim == VIREO_TRISTATE_YES
      && iommu->driver->intremap != VIREO_TRISTATE_YES)
    vireo_validate_add_device (problems, VIREO_DEVICE_IOMMU, 0, iommu, "driver/@eim", "bad-iommu",
                               "it needs interrupts to be remapped");
}

/* The label of an NVDIMM is at least so large, in KiB (ACPI 6.4, "label storage area"). */
#define MIN_LABEL G_GUINT64_CONSTANT (128)

static void
check_memory (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_memory_devices; i++)
    {
      const VireoMemoryDeviceDef *memory = def->memory_devices[i];
      const VireoMemoryTargetDef *target = memory->target;

      if (target == NULL)
        continue;
      if (target->has_label_size && target->label_size < MIN_LABEL)
        vireo_validate_add_device (problems, VIREO_DEVICE_MEMORY, i, memory, "target/label/size",
                                   "out-of-range", "a label has at least 128 KiB");
      if (target->has_label_size && target->has_size && target->label_size >= target->size)
        vireo_validate_add_device (problems, VIREO_DEVICE_MEMORY, i, memory, "target/label/size",
                                   "out-of-range", "the label leaves nothing of the device");
      if (target->has_block && (target->block & (target->block - 1)) != 0)
        vireo_validate_add_device (problems, VIREO_DEVICE_MEMORY, i, memory, "target/block",
                                   "bad-size", "a block is a power of two");
      if (target->has_requested && target->has_size && target->requested > target->size)
        vireo_validate_add_device (problems, VIREO_DEVICE_MEMORY, i, memory, "target/requested",
                                   "out-of-range", "more than the device has");
    }
}

static void
check_tpms (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_tpms; i++)
    {
      const VireoTpmBackendDef *backend = def->tpms[i]->backend;

      if (backend == NULL)
        continue;
      if (backend->type == VIREO_TPM_BACKEND_TYPE_EXTERNAL && backend->source_type == NULL)
        vireo_validate_add_device (problems, VIREO_DEVICE_TPM, i, def->tpms[i],
                                   "backend/source/@type", "missing-source",
                                   "where is the program that emulates it?");
      if (backend->active_pcr_banks != NULL && backend->version == VIREO_TPM_VERSION_1_2)
        vireo_validate_add_device (problems, VIREO_DEVICE_TPM, i, def->tpms[i],
                                   "backend/active_pcr_banks", "bad-version",
                                   "a TPM 1.2 has one bank only");
    }
}

static void
check_hostdevs (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_hostdevs; i++)
    {
      const VireoHostdevDef *hostdev = def->hostdevs[i];

      if (hostdev->source != NULL && hostdev->type != VIREO_HOSTDEV_TYPE_USB
          && hostdev->source->startup_policy != VIREO_USB_STARTUP_POLICY_UNSET)
        vireo_validate_add_device (problems, VIREO_DEVICE_HOSTDEV, i, hostdev,
                                   "source/@startupPolicy", "bad-startup-policy",
                                   "only a USB device can be missing");
    }
}

static void
check_inputs (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_inputs; i++)
    {
      const VireoInputDef *input = def->inputs[i];

      if (input->type == VIREO_INPUT_TYPE_EVDEV && input->bus != VIREO_INPUT_BUS_UNSET
          && input->bus != VIREO_INPUT_BUS_NONE)
        vireo_validate_add_device (problems, VIREO_DEVICE_INPUT, i, input, "@bus", "bad-bus",
                                   "events of the host's device come to other devices, on no bus");
      if (input->type == VIREO_INPUT_TYPE_PASSTHROUGH && input->bus != VIREO_INPUT_BUS_UNSET
          && input->bus != VIREO_INPUT_BUS_VIRTIO)
        vireo_validate_add_device (problems, VIREO_DEVICE_INPUT, i, input, "@bus", "bad-bus",
                                   "a device that is passed through is a virtio device");
    }
}

static void
check_filesystems (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_filesystems; i++)
    {
      const VireoFilesystemDef *filesystem = def->filesystems[i];

      if (filesystem->has_boot_order
          && (filesystem->driver == NULL
              || filesystem->driver->type != VIREO_FILESYSTEM_DRIVER_TYPE_VIRTIOFS))
        vireo_validate_add_device (problems, VIREO_DEVICE_FILESYSTEM, i, filesystem, "boot/@order",
                                   "no-boot", "only virtiofs can be booted from");
    }
}

static void
check_rom (const VireoRomDef *rom, VireoDeviceKind kind, guint i, gconstpointer device,
           GPtrArray *problems)
{
  if (rom != NULL && rom->enabled == VIREO_TRISTATE_NO
      && (rom->file != NULL || rom->bar != VIREO_TRISTATE_UNSET))
    vireo_validate_add_device (problems, kind, i, device, "rom", "rom-off",
                               "a ROM that is switched off has neither file nor bar");
}

static void
check_roms (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_interfaces; i++)
    check_rom (def->interfaces[i]->rom, VIREO_DEVICE_INTERFACE, i, def->interfaces[i], problems);
  for (guint i = 0; i < def->n_hostdevs; i++)
    check_rom (def->hostdevs[i]->rom, VIREO_DEVICE_HOSTDEV, i, def->hostdevs[i], problems);
}

const VireoValidateRule vireo_validate_option_rules[] = {
  check_virtio_options, check_disks, check_usb,  check_addresses, check_iommu,
  check_memory,         check_tpms,  check_hostdevs, check_inputs,    check_filesystems,
  check_roms,           NULL,
};
