/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks: what the guest sees of them. */
#include "vireo-qemu-build.h"

/* Whether the guest's disk has a write cache that it may turn off; as cache_modes says the rest. */
static const struct
{
  VireoDiskCache cache;
  gboolean write_cache;
} write_caches[] = {
  { VIREO_DISK_CACHE_NONE, TRUE },
  { VIREO_DISK_CACHE_DIRECTSYNC, FALSE },
  { VIREO_DISK_CACHE_WRITETHROUGH, FALSE },
  { VIREO_DISK_CACHE_WRITEBACK, TRUE },
  { VIREO_DISK_CACHE_UNSAFE, TRUE },
};

typedef struct
{
  VireoQemuBuild *build;
  const VireoDiskDef *disk;
  char *what;
  char *node; /* NULL for an empty drive */
} Drive;

static void
drive_clear (Drive *drive)
{
  g_free (drive->what);
  g_free (drive->node);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Drive, drive_clear)

static gboolean
is_cdrom (const VireoDiskDef *disk)
{
  return vireo_disk_def_get_device (disk) == VIREO_DISK_DEVICE_CDROM;
}

static gboolean
check_place (const Drive *drive, GError **error)
{
  const VireoAddressDef *address = drive->disk->address;

  if (address != NULL && address->type == VIREO_ADDRESS_TYPE_DRIVE)
    return TRUE;
  return vireo_qemu_unsupported (error, "%s: it has no address on its bus", drive->what);
}

/* The bus of a controller: what the chipset has built in has QEMU's name, the others ours. */
static char *
ata_bus (const Drive *drive, VireoControllerType type, gboolean built_in, guint port)
{
  guint index = drive->disk->address->controller;
  const char *alias = vireo_qemu_build_controller_alias (drive->build, type, index);

  if (built_in && index == 0)
    return g_strdup_printf ("ide.%u", port);
  return alias != NULL ? g_strdup_printf ("%s.%u", alias, port) : NULL;
}

static JsonObject *
make_ata (const Drive *drive, VireoControllerType type, gboolean built_in, guint port,
          guint unit, GError **error)
{
  g_autofree char *bus = ata_bus (drive, type, built_in, port);
  JsonObject *device;

  if (bus == NULL)
    {
      vireo_qemu_unsupported (error, "%s: there is no controller for it", drive->what);
      return NULL;
    }
  device = vireo_qemu_json_device (is_cdrom (drive->disk) ? "ide-cd" : "ide-hd",
                                   drive->disk->alias);
  json_object_set_string_member (device, "bus", bus);
  json_object_set_int_member (device, "unit", unit);
  return device;
}

static JsonObject *
make_ide (const Drive *drive, GError **error)
{
  if (!check_place (drive, error))
    return NULL;
  return make_ata (drive, VIREO_CONTROLLER_TYPE_IDE, vireo_qemu_build_is_i440fx (drive->build),
                   drive->disk->address->bus, drive->disk->address->unit, error);
}

static JsonObject *
make_sata (const Drive *drive, GError **error)
{
  if (!check_place (drive, error))
    return NULL;
  return make_ata (drive, VIREO_CONTROLLER_TYPE_SATA, vireo_qemu_build_is_q35 (drive->build),
                   drive->disk->address->unit, 0, error);
}

/* The old LSI knows no logical units: there the unit is the target. */
static void
add_scsi_place (const Drive *drive, JsonObject *device)
{
  const VireoAddressDef *address = drive->disk->address;
  const VireoDomainDef *def = drive->build->def;

  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == VIREO_CONTROLLER_TYPE_SCSI
        && def->controllers[i]->index == address->controller
        && def->controllers[i]->model == VIREO_CONTROLLER_MODEL_LSILOGIC)
      {
        json_object_set_int_member (device, "scsi-id", address->unit);
        return;
      }
  json_object_set_int_member (device, "channel", address->bus);
  json_object_set_int_member (device, "scsi-id", address->target);
  json_object_set_int_member (device, "lun", address->unit);
}

static JsonObject *
make_scsi (const Drive *drive, GError **error)
{
  const VireoDiskDef *disk = drive->disk;
  const char *alias;
  g_autofree char *bus = NULL;
  JsonObject *device;

  if (!check_place (drive, error))
    return NULL;
  alias = vireo_qemu_build_controller_alias (drive->build, VIREO_CONTROLLER_TYPE_SCSI,
                                             disk->address->controller);
  if (alias == NULL)
    {
      vireo_qemu_unsupported (error, "%s: there is no controller for it", drive->what);
      return NULL;
    }
  bus = g_strdup_printf ("%s.0", alias);
  device = vireo_qemu_json_device (is_cdrom (disk) ? "scsi-cd" : "scsi-hd", disk->alias);
  json_object_set_string_member (device, "bus", bus);
  add_scsi_place (drive, device);
  json_object_set_string_member (device, "device_id", disk->alias);
  return device;
}

static JsonObject *
make_usb (const Drive *drive, GError **error)
{
  JsonObject *device = vireo_qemu_json_device ("usb-storage", drive->disk->alias);

  vireo_qemu_build_usb_place (drive->build, device, drive->disk->address);
  vireo_qemu_json_switch (device, "removable", drive->disk->target->removable);
  return device;
}

static JsonObject *
make_floppy (const Drive *drive, GError **error)
{
  JsonObject *device;

  if (!check_place (drive, error))
    return NULL;
  device = vireo_qemu_json_device ("floppy", drive->disk->alias);
  json_object_set_int_member (device, "unit", drive->disk->address->unit);
  if (vireo_qemu_build_is_q35 (drive->build))
    json_object_set_string_member (device, "bus", "fdc0.0");
  return device;
}

static void
add_virtio_queues (const VireoDiskDriverDef *driver, JsonObject *device)
{
  if (driver->has_queues)
    json_object_set_int_member (device, "num-queues", driver->queues);
  if (driver->has_queue_size)
    json_object_set_int_member (device, "queue-size", driver->queue_size);
  if (driver->has_iothread)
    {
      g_autofree char *name = g_strdup_printf ("iothread%u", driver->iothread);

      json_object_set_string_member (device, "iothread", name);
    }
  vireo_qemu_json_switch (device, "ioeventfd", driver->ioeventfd);
  vireo_qemu_json_switch (device, "event_idx", driver->event_idx);
  vireo_qemu_build_virtio_options (device, driver->iommu, driver->ats, driver->packed,
                                   driver->page_per_vq);
}

static JsonObject *
make_virtio (const Drive *drive, GError **error)
{
  const VireoDiskDef *disk = drive->disk;
  g_autofree char *driver = NULL;
  JsonObject *device;

  if (vireo_disk_def_get_device (disk) != VIREO_DISK_DEVICE_DISK)
    {
      vireo_qemu_unsupported (error, "%s: only <disk device='disk'> can be on the bus 'virtio'",
                              drive->what);
      return NULL;
    }
  driver = vireo_qemu_build_virtio_driver (
      drive->build, "virtio-blk",
      vireo_qemu_virtio_variant (vireo_disk_model_to_string (disk->model)));
  device = vireo_qemu_json_device (driver, disk->alias);
  if (!vireo_qemu_build_place (drive->build, device, disk->address, error))
    {
      json_object_unref (device);
      return NULL;
    }
  if (disk->driver != NULL)
    add_virtio_queues (disk->driver, device);
  return device;
}

static const struct
{
  VireoDiskBus bus;
  JsonObject *(*make) (const Drive *drive, GError **error);
} buses[] = {
  { VIREO_DISK_BUS_VIRTIO, make_virtio }, { VIREO_DISK_BUS_SATA, make_sata },
  { VIREO_DISK_BUS_IDE, make_ide },       { VIREO_DISK_BUS_SCSI, make_scsi },
  { VIREO_DISK_BUS_USB, make_usb },       { VIREO_DISK_BUS_FDC, make_floppy },
};

static void
add_policies (const Drive *drive, JsonObject *device)
{
  const VireoDiskDriverDef *driver = drive->disk->driver;
  VireoDiskErrorPolicy on_write = driver != NULL ? driver->error_policy : 0;
  VireoDiskErrorPolicy on_read
      = driver != NULL && driver->rerror_policy != VIREO_DISK_ERROR_POLICY_UNSET
            ? driver->rerror_policy
            : on_write;

  for (gsize i = 0; driver != NULL && i < G_N_ELEMENTS (write_caches); i++)
    if (write_caches[i].cache == driver->cache)
      json_object_set_string_member (device, "write-cache",
                                     write_caches[i].write_cache ? "on" : "off");
  if (on_write != VIREO_DISK_ERROR_POLICY_UNSET)
    json_object_set_string_member (device, "werror", vireo_disk_error_policy_to_string (on_write));
  /* A read never runs out of space. */
  if (on_read == VIREO_DISK_ERROR_POLICY_ENOSPACE)
    on_read = VIREO_DISK_ERROR_POLICY_REPORT;
  if (on_read != VIREO_DISK_ERROR_POLICY_UNSET)
    json_object_set_string_member (device, "rerror", vireo_disk_error_policy_to_string (on_read));
}

static void
add_identity (const Drive *drive, JsonObject *device)
{
  const VireoDiskDef *disk = drive->disk;

  vireo_qemu_json_string (device, "serial", disk->serial);
  if (disk->wwn != NULL)
    json_object_set_int_member (device, "wwn",
                                (gint64) g_ascii_strtoull (disk->wwn, NULL, 16));
  vireo_qemu_json_string (device, "vendor", disk->vendor);
  vireo_qemu_json_string (device, "product", disk->product);
  if (disk->target->has_rotation_rate)
    json_object_set_int_member (device, "rotation_rate", disk->target->rotation_rate);
  if (disk->blockio != NULL && disk->blockio->has_logical_block_size)
    json_object_set_int_member (device, "logical_block_size", disk->blockio->logical_block_size);
  if (disk->blockio != NULL && disk->blockio->has_physical_block_size)
    json_object_set_int_member (device, "physical_block_size", disk->blockio->physical_block_size);
  if (disk->blockio != NULL && disk->blockio->has_discard_granularity)
    json_object_set_int_member (device, "discard_granularity",
                                disk->blockio->discard_granularity);
}

static gboolean
add_frontend (const Drive *drive, GError **error)
{
  const VireoDiskDef *disk = drive->disk;
  guint boot = disk->has_boot_order
                   ? disk->boot_order
                   : vireo_qemu_build_boot_index (drive->build, VIREO_DEVICE_DISK, disk);
  JsonObject *device = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (buses); i++)
    if (buses[i].bus == disk->target->bus)
      {
        device = buses[i].make (drive, error);
        if (device == NULL)
          return FALSE;
      }
  if (device == NULL)
    return vireo_qemu_unsupported (error, "%s: the bus '%s' is not supported", drive->what,
                                   vireo_disk_bus_to_string (disk->target->bus));
  vireo_qemu_json_string (device, "drive", drive->node);
  if (disk->shareable)
    json_object_set_boolean_member (device, "share-rw", TRUE);
  if (boot != 0)
    json_object_set_int_member (device, "bootindex", boot);
  /* A floppy drive has neither write cache nor a name. */
  if (disk->target->bus != VIREO_DISK_BUS_FDC)
    {
      add_policies (drive, device);
      add_identity (drive, device);
    }
  return vireo_qemu_build_device (drive->build, device, drive->what, error);
}

/* What a volume is depends on its pool. */
static gboolean
is_block_device (const VireoDiskDef *disk, const VireoQemuImage *image)
{
  VireoDiskType type = vireo_disk_def_get_type (disk);

  return type == VIREO_DISK_TYPE_BLOCK || (type == VIREO_DISK_TYPE_VOLUME && image->device == 0);
}

static gboolean
add_backend (Drive *drive, GPtrArray *layers, GError **error)
{
  const VireoDiskDriverDef *driver = drive->disk->driver;
  VireoQemuImageOptions options = { 0 };

  if (layers == NULL || layers->len == 0)
    {
      if (is_cdrom (drive->disk)
          || vireo_disk_def_get_device (drive->disk) == VIREO_DISK_DEVICE_FLOPPY)
        return TRUE;
      return vireo_qemu_unsupported (error, "%s: only drives for removable media may be empty",
                                     drive->what);
    }
  if (driver != NULL)
    {
      options.cache = driver->cache;
      options.io = driver->io;
      options.discard = driver->discard;
      options.detect_zeroes = driver->detect_zeroes;
      options.discard_no_unref = driver->discard_no_unref;
    }
  options.block_device = is_block_device (drive->disk, layers->pdata[0]);
  drive->node = vireo_qemu_build_image (drive->build, layers, &options, drive->what, error);
  return drive->node != NULL;
}

static gboolean
begin_drive (Drive *drive, guint index, GError **error)
{
  const GPtrArray *images = drive->build->resources->disks;
  VireoDiskType type;

  drive->disk = drive->build->def->disks[index];
  drive->what = g_strdup_printf ("The disk '%s'", drive->disk->target->dev);
  type = vireo_disk_def_get_type (drive->disk);
  if (type != VIREO_DISK_TYPE_FILE && type != VIREO_DISK_TYPE_BLOCK
      && type != VIREO_DISK_TYPE_VOLUME)
    return vireo_qemu_unsupported (error, "%s: <disk type='%s'> is not supported", drive->what,
                                   vireo_disk_type_to_string (type));
  if (vireo_disk_def_get_device (drive->disk) == VIREO_DISK_DEVICE_LUN)
    return vireo_qemu_unsupported (error, "%s: <disk device='lun'> is not supported", drive->what);
  return add_backend (drive, images != NULL && index < images->len ? images->pdata[index] : NULL,
                      error);
}

gboolean
vireo_qemu_build_disk (VireoQemuBuild *build, guint index, GError **error)
{
  g_auto (Drive) drive = { .build = build };

  return begin_drive (&drive, index, error) && add_frontend (&drive, error);
}

gboolean
vireo_qemu_build_disk_image (VireoQemuBuild *build, guint index, GError **error)
{
  g_auto (Drive) drive = { .build = build };

  return begin_drive (&drive, index, error);
}

gboolean
vireo_qemu_build_disks (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_disks; i++)
    if (!vireo_qemu_build_disk (build, i, error))
      return FALSE;
  return TRUE;
}
