/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices. */
#include "vireo-validate.h"

#include <string.h>

/* --- disks --- */

static void
check_disk_targets (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];

      if (disk->target == NULL || disk->target->dev == NULL)
        continue;
      if (!g_hash_table_add (seen, disk->target->dev))
        vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@dev",
                                   "duplicate-target", "another disk has the target \"%s\" too",
                                   disk->target->dev);
    }
}

/* Which address a disk has follows from its bus; buses that are not here have several. */
static const struct
{
  VireoDiskBus bus;
  VireoAddressType address;
} bus_addresses[] = {
  { VIREO_DISK_BUS_IDE, VIREO_ADDRESS_TYPE_DRIVE },
  { VIREO_DISK_BUS_SATA, VIREO_ADDRESS_TYPE_DRIVE },
  { VIREO_DISK_BUS_SCSI, VIREO_ADDRESS_TYPE_DRIVE },
  { VIREO_DISK_BUS_FDC, VIREO_ADDRESS_TYPE_DRIVE },
  { VIREO_DISK_BUS_USB, VIREO_ADDRESS_TYPE_USB },
};

static void
check_disk_address (const VireoDiskDef *disk, guint i, GPtrArray *problems)
{
  if (disk->address == NULL || disk->target == NULL
      || disk->address->type == VIREO_ADDRESS_TYPE_UNSET)
    return;
  for (gsize row = 0; row < G_N_ELEMENTS (bus_addresses); row++)
    if (bus_addresses[row].bus == disk->target->bus
        && bus_addresses[row].address != disk->address->type)
      vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "address/@type",
                                 "bad-address-type",
                                 "a disk on the bus \"%s\" has an address of the type \"%s\", not "
                                 "\"%s\"",
                                 vireo_disk_bus_to_string (disk->target->bus),
                                 vireo_address_type_to_string (bus_addresses[row].address),
                                 vireo_address_type_to_string (disk->address->type));
}

static gboolean
has_source (const VireoDiskDef *disk)
{
  const VireoDiskSourceDef *source = disk->source;

  if (source == NULL)
    return FALSE;
  return source->file != NULL || source->dev != NULL || source->dir != NULL || source->name != NULL
         || source->volume != NULL || source->path != NULL || source->address != NULL
         || source->protocol != VIREO_NET_DISK_PROTOCOL_UNSET;
}

static void
check_disk_source (const VireoDiskDef *disk, guint i, GPtrArray *problems)
{
  gboolean fixed = vireo_disk_def_get_device (disk) == VIREO_DISK_DEVICE_DISK;

  if (fixed && !has_source (disk))
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "source", "missing-source",
                               "only a CD-ROM or floppy drive can be without a source");
  if (disk->source != NULL && disk->auth != NULL && disk->source->auth != NULL)
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "auth", "duplicate-auth",
                               "there is another one in <source>");
  if (disk->source != NULL && disk->encryption != NULL && disk->source->encryption != NULL)
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "encryption",
                               "duplicate-encryption", "there is another one in <source>");
  if (disk->device == VIREO_DISK_DEVICE_LUN && disk->type != VIREO_DISK_TYPE_BLOCK
      && disk->type != VIREO_DISK_TYPE_NETWORK && disk->type != VIREO_DISK_TYPE_VOLUME)
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "@device", "bad-lun",
                               "a SCSI unit is passed on from a block device, volume or iSCSI "
                               "target");
}

static void
check_disk_names (const VireoDiskDef *disk, guint i, GPtrArray *problems)
{
  if ((disk->vendor != NULL || disk->product != NULL) && disk->target != NULL
      && disk->target->bus != VIREO_DISK_BUS_SCSI && disk->target->bus != VIREO_DISK_BUS_UNSET)
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "vendor", "bad-vendor",
                               "only SCSI disks have a vendor and a product");
}

/* A limit for both directions together leaves none for each. */
static void
check_iotune (const VireoDiskDef *disk, guint i, GPtrArray *problems)
{
  const VireoDiskIotuneDef *tune = disk->iotune;
  gboolean bad;

  if (tune == NULL)
    return;
  bad = (tune->total_bytes_sec > 0 && (tune->read_bytes_sec > 0 || tune->write_bytes_sec > 0))
        || (tune->total_iops_sec > 0 && (tune->read_iops_sec > 0 || tune->write_iops_sec > 0))
        || (tune->total_bytes_sec_max > 0
            && (tune->read_bytes_sec_max > 0 || tune->write_bytes_sec_max > 0))
        || (tune->total_iops_sec_max > 0
            && (tune->read_iops_sec_max > 0 || tune->write_iops_sec_max > 0));
  if (bad)
    vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "iotune", "iotune-conflict",
                               "a total excludes limits for reading and writing of the same kind");
}

static void
check_disks (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_disks; i++)
    {
      check_disk_address (def->disks[i], i, problems);
      check_disk_source (def->disks[i], i, problems);
      check_disk_names (def->disks[i], i, problems);
      check_iotune (def->disks[i], i, problems);
    }
}

/* --- controllers --- */

static gboolean
is_ich9_usb (VireoControllerModel model)
{
  return model >= VIREO_CONTROLLER_MODEL_ICH9_EHCI1 && model <= VIREO_CONTROLLER_MODEL_ICH9_UHCI3;
}

static gboolean
is_pci_root (const VireoControllerDef *controller)
{
  return controller->type == VIREO_CONTROLLER_TYPE_PCI
         && (controller->model == VIREO_CONTROLLER_MODEL_PCI_ROOT
             || controller->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT);
}

/* POWER machines have several host bridges, which are numbered by their target too. */
static gboolean
has_many_roots (const VireoDomainDef *def)
{
  return def->os != NULL && def->os->arch != NULL && g_str_has_prefix (def->os->arch, "ppc");
}

static void
check_pci_root (const VireoDomainDef *def, const VireoControllerDef *controller, guint i,
                GPtrArray *problems)
{
  if (!is_pci_root (controller))
    return;
  if (controller->target != NULL && controller->target->has_index && controller->has_index
      && (controller->index == 0) != (controller->target->index == 0))
    vireo_validate_add_device (problems, VIREO_DEVICE_CONTROLLER, i, controller, "target/@index",
                               "bad-target-index",
                               "the controller 0 has the target 0, and no other has");
  if (controller->has_index && controller->index != 0 && !has_many_roots (def))
    vireo_validate_add_device (problems, VIREO_DEVICE_CONTROLLER, i, controller, "@index",
                               "bad-root-index", "the root has the number 0, not %u",
                               controller->index);
  if (controller->address != NULL)
    vireo_validate_add_device (problems, VIREO_DEVICE_CONTROLLER, i, controller, "address",
                               "root-with-address", "the root is in no other controller");
}

static void
check_controllers (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autofree gint64 *keys = g_new (gint64, def->n_controllers);
  gboolean usb_off = FALSE;
  guint n_usb = 0;

  for (guint i = 0; i < def->n_controllers; i++)
    {
      const VireoControllerDef *controller = def->controllers[i];
      gboolean usb = controller->type == VIREO_CONTROLLER_TYPE_USB;
      /* Companions have the number of their group, each once. */
      guint companion = usb && is_ich9_usb (controller->model) ? controller->model : 0;

      n_usb += usb;
      usb_off |= usb && controller->model == VIREO_CONTROLLER_MODEL_NONE;
      check_pci_root (def, controller, i, problems);
      keys[i] = (gint64) controller->type << 48 | (gint64) companion << 32 | controller->index;
      if (controller->has_index && !g_hash_table_add (seen, &keys[i]))
        vireo_validate_add_device (problems, VIREO_DEVICE_CONTROLLER, i, controller, "@index",
                                   "duplicate-controller",
                                   "another %s controller has the number %u too",
                                   vireo_controller_type_to_string (controller->type),
                                   controller->index);
      if (controller->model == VIREO_CONTROLLER_MODEL_NEC_XHCI && controller->has_ports
          && controller->ports > 15)
        vireo_validate_add_device (problems, VIREO_DEVICE_CONTROLLER, i, controller, "@ports",
                                   "too-many-ports", "a nec-xhci controller has up to 15 ports");
    }
  if (usb_off && n_usb > 1)
    vireo_validate_add (problems, "usb-off",
                        "/domain/devices/controller USB is switched off by the model \"none\", but "
                        "there is another USB controller");
}

/* --- interfaces --- */

static const struct
{
  VireoInterfaceType type;
  gsize offset;
  const char *attribute;
} interface_sources[] = {
  { VIREO_INTERFACE_TYPE_NETWORK, G_STRUCT_OFFSET (VireoInterfaceSourceDef, network), "network" },
  { VIREO_INTERFACE_TYPE_INTERNAL, G_STRUCT_OFFSET (VireoInterfaceSourceDef, name), "name" },
  { VIREO_INTERFACE_TYPE_DIRECT, G_STRUCT_OFFSET (VireoInterfaceSourceDef, dev), "dev" },
  { VIREO_INTERFACE_TYPE_VDPA, G_STRUCT_OFFSET (VireoInterfaceSourceDef, dev), "dev" },
  { VIREO_INTERFACE_TYPE_VHOSTUSER, G_STRUCT_OFFSET (VireoInterfaceSourceDef, path), "path" },
};

static void
check_interface_source (const VireoInterfaceDef *interface, guint i, GPtrArray *problems)
{
  for (gsize row = 0; row < G_N_ELEMENTS (interface_sources); row++)
    if (interface_sources[row].type == interface->type
        && (interface->source == NULL
            || G_STRUCT_MEMBER (char *, interface->source, interface_sources[row].offset) == NULL))
      {
        g_autofree char *below = g_strdup_printf ("source/@%s", interface_sources[row].attribute);

        vireo_validate_add_device (problems, VIREO_DEVICE_INTERFACE, i, interface, below,
                                   "missing-source", "an interface of the type \"%s\" needs it",
                                   vireo_interface_type_to_string (interface->type));
      }
}

static void
check_interfaces (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const VireoInterfaceDef *interface = def->interfaces[i];
      const char *mac = interface->mac != NULL ? interface->mac->address : NULL;

      g_autofree char *path = g_strdup_printf ("/domain/devices/interface[%u]/bandwidth", i + 1);

      check_interface_source (interface, i, problems);
      vireo_validate_bandwidth (interface->bandwidth, path, problems);
      /* The lowest bit of the first byte says that it is an address of many. */
      if (mac != NULL && strlen (mac) > 1 && (g_ascii_xdigit_value (mac[1]) & 1) != 0)
        vireo_validate_add_device (problems, VIREO_DEVICE_INTERFACE, i, interface, "mac/@address",
                                   "multicast-mac", "%s is a multicast address", mac);
      if (interface->type == VIREO_INTERFACE_TYPE_VHOSTUSER && interface->backend != NULL
          && interface->backend->tap != NULL)
        vireo_validate_add_device (problems, VIREO_DEVICE_INTERFACE, i, interface, "backend/@tap",
                                   "bad-backend", "an interface of the type \"vhostuser\" has no "
                                                  "tap device");
    }
}

/* --- host devices --- */

static gboolean
same_hostdev (const VireoHostdevDef *a, const VireoHostdevDef *b)
{
  /* Neither by vendor and product alone: there may be two of a kind. */
  return a->type == b->type && a->mode == b->mode && a->source != NULL && b->source != NULL
         && (a->source->address != NULL || a->source->block != NULL || a->source->wwpn != NULL)
         && vireo_hostdev_source_def_equal (a->source, b->source);
}

static void
check_hostdev (const VireoDomainDef *def, const VireoHostdevDef *hostdev, guint i,
               GPtrArray *problems)
{
  gboolean boots = hostdev->has_boot_order
                   && (hostdev->type == VIREO_HOSTDEV_TYPE_SCSI_HOST
                       || hostdev->model == VIREO_HOSTDEV_MODEL_VFIO_AP);

  if (boots)
    vireo_validate_add_device (problems, VIREO_DEVICE_HOSTDEV, i, hostdev, "boot", "no-boot",
                               "no guest can boot from it");
  if (hostdev->type == VIREO_HOSTDEV_TYPE_MDEV
      && (hostdev->source == NULL || hostdev->source->address == NULL
          || hostdev->source->address->uuid == NULL))
    vireo_validate_add_device (problems, VIREO_DEVICE_HOSTDEV, i, hostdev, "source/address/@uuid",
                               "missing-source", "a mediated device is known by its UUID");
  if (hostdev->display == VIREO_TRISTATE_YES && def->n_graphics == 0)
    vireo_validate_add_device (problems, VIREO_DEVICE_HOSTDEV, i, hostdev, "@display",
                               "display-without-graphics", "there is no <graphics> to show it on");
}

static void
check_hostdevs (const VireoDomainDef *def, GPtrArray *problems)
{
  /* Compared with each other: post-parse refuses absurd numbers. */
  guint n = MIN (def->n_hostdevs, 4096u);
  guint n_ramfb = 0;

  for (guint i = 0; i < n; i++)
    {
      check_hostdev (def, def->hostdevs[i], i, problems);
      if (def->hostdevs[i]->ramfb == VIREO_TRISTATE_YES && n_ramfb++ > 0)
        vireo_validate_add_device (problems, VIREO_DEVICE_HOSTDEV, i, def->hostdevs[i], "@ramfb",
                                   "two-ramfbs", "another device has the boot display already");
    }
  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < i; j++)
      if (same_hostdev (def->hostdevs[i], def->hostdevs[j]))
        {
          vireo_validate_add_device (problems, VIREO_DEVICE_HOSTDEV, i, def->hostdevs[i], "source",
                                     "duplicate-hostdev", "hostdev[%u] is the same device", j + 1);
          break;
        }
}

/* --- graphics, video, sound --- */

static void
check_videos (const VireoDomainDef *def, GPtrArray *problems)
{
  guint n_primary = 0;

  for (guint i = 0; i < def->n_videos; i++)
    {
      const VireoVideoDef *video = def->videos[i];

      if (video->model == NULL)
        continue;
      if (video->model->primary == VIREO_TRISTATE_YES && n_primary++ > 0)
        vireo_validate_add_device (problems, VIREO_DEVICE_VIDEO, i, video, "model/@primary",
                                   "two-primaries", "another video device is the primary one");
      if (video->model->type == VIREO_VIDEO_MODEL_TYPE_NONE && def->n_videos > 1)
        vireo_validate_add_device (problems, VIREO_DEVICE_VIDEO, i, video, "model/@type",
                                   "video-and-none",
                                   "\"none\" says that there is no video device, but there is");
    }
}

static void
check_listens (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < def->n_graphics; i++)
    for (guint l = 0; l < def->graphics[i]->n_listens; l++)
      {
        const VireoGraphicsListenDef *listen = def->graphics[i]->listens[l];
        g_autofree char *below = g_strdup_printf ("listen[%u]", l + 1);

        if (listen->type == VIREO_GRAPHICS_LISTEN_TYPE_NETWORK && listen->network == NULL)
          vireo_validate_add_device (problems, VIREO_DEVICE_GRAPHICS, i, def->graphics[i], below,
                                     "missing-network", "the attribute \"network\" says on which");
        if (listen->type == VIREO_GRAPHICS_LISTEN_TYPE_SOCKET
            && (listen->address != NULL || listen->network != NULL))
          vireo_validate_add_device (problems, VIREO_DEVICE_GRAPHICS, i, def->graphics[i], below,
                                     "bad-listen", "a socket has neither address nor network");
      }
}

static void
check_audios (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < def->n_audios; i++)
    if (!g_hash_table_add (ids, GUINT_TO_POINTER (def->audios[i]->id)))
      vireo_validate_add_device (problems, VIREO_DEVICE_AUDIO, i, def->audios[i], "@id",
                                 "duplicate-audio", "another backend has the number %u too",
                                 def->audios[i]->id);
  for (guint i = 0; i < def->n_sounds; i++)
    if (def->sounds[i]->has_audio_id
        && !g_hash_table_contains (ids, GUINT_TO_POINTER (def->sounds[i]->audio_id)))
      vireo_validate_add_device (problems, VIREO_DEVICE_SOUND, i, def->sounds[i], "audio/@id",
                                 "no-such-audio", "there is no <audio> with the number %u",
                                 def->sounds[i]->audio_id);
  for (guint i = 0; i < def->n_graphics; i++)
    if (def->graphics[i]->has_audio_id
        && !g_hash_table_contains (ids, GUINT_TO_POINTER (def->graphics[i]->audio_id)))
      vireo_validate_add_device (problems, VIREO_DEVICE_GRAPHICS, i, def->graphics[i], "audio/@id",
                                 "no-such-audio", "there is no <audio> with the number %u",
                                 def->graphics[i]->audio_id);
}

/* --- memory, shared memory --- */

static void
check_memory_devices (const VireoDomainDef *def, GPtrArray *problems)
{
  guint n_cells = def->cpu != NULL ? def->cpu->n_numa_cells : 0;

  for (guint i = 0; i < def->n_memory_devices; i++)
    {
      const VireoMemoryDeviceDef *memory = def->memory_devices[i];
      gboolean backed = memory->model == VIREO_MEMORY_MODEL_NVDIMM
                        || memory->model == VIREO_MEMORY_MODEL_VIRTIO_PMEM;

      if (memory->target == NULL || !memory->target->has_size || memory->target->size == 0)
        vireo_validate_add_device (problems, VIREO_DEVICE_MEMORY, i, memory, "target/size",
                                   "missing-size", "how large is it?");
      else if (memory->target->has_node && n_cells > 0 && memory->target->node >= n_cells)
        vireo_validate_add_device (problems, VIREO_DEVICE_MEMORY, i, memory, "target/node",
                                   "no-such-cell", "the guest has no NUMA cell %u",
                                   memory->target->node);
      if (backed && (memory->source == NULL || memory->source->path == NULL))
        vireo_validate_add_device (problems, VIREO_DEVICE_MEMORY, i, memory, "source/path",
                                   "missing-source", "memory that persists is in a file");
    }
}

static void
check_shmems (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < def->n_shmems; i++)
    {
      const VireoShmemDef *shmem = def->shmems[i];

      if (shmem->name != NULL && strchr (shmem->name, '/') != NULL)
        vireo_validate_add_device (problems, VIREO_DEVICE_SHMEM, i, shmem, "@name", "bad-name",
                                   "it cannot have a \"/\"");
      if (shmem->name != NULL && !g_hash_table_add (names, shmem->name))
        vireo_validate_add_device (problems, VIREO_DEVICE_SHMEM, i, shmem, "@name",
                                   "duplicate-name", "another one has the name \"%s\" too",
                                   shmem->name);
      if (shmem->has_size && (shmem->size == 0 || (shmem->size & (shmem->size - 1)) != 0))
        vireo_validate_add_device (problems, VIREO_DEVICE_SHMEM, i, shmem, "size", "bad-size",
                                   "%" G_GUINT64_FORMAT " bytes are not a power of two",
                                   shmem->size);
      if (shmem->msi != NULL && shmem->server == NULL
          && shmem->model != VIREO_SHMEM_MODEL_IVSHMEM_DOORBELL)
        vireo_validate_add_device (problems, VIREO_DEVICE_SHMEM, i, shmem, "msi",
                                   "msi-without-server", "interrupts need a server");
    }
}

static void
check_tpms (const VireoDomainDef *def, GPtrArray *problems)
{
  guint n[2] = { 0 };

  for (guint i = 0; i < def->n_tpms; i++)
    {
      gboolean proxy = def->tpms[i]->model == VIREO_TPM_MODEL_SPAPR_TPM_PROXY;

      if (n[proxy]++ > 0)
        vireo_validate_add_device (problems, VIREO_DEVICE_TPM, i, def->tpms[i], NULL, "two-tpms",
                                   "a machine has one TPM%s", proxy ? " proxy" : "");
    }
}

/* --- all --- */

static void
check_aliases (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const char *alias = vireo_device_get_alias (iter.kind, iter.device);
      /* A serial port and the console that it is, are one device in two lists. */
      gboolean paired = iter.kind == VIREO_DEVICE_CONSOLE && iter.index == 0;

      if (alias != NULL && !paired && !g_hash_table_add (seen, (gpointer) alias))
        vireo_validate_add_device (problems, iter.kind, iter.index, iter.device, "alias/@name",
                                   "duplicate-alias", "another device is called \"%s\" too", alias);
    }
}

const VireoValidateRule vireo_validate_device_rules[] = {
  check_disk_targets, check_disks,  check_controllers, check_interfaces,     check_hostdevs,
  check_videos,       check_listens, check_audios,     check_memory_devices, check_shmems,
  check_tpms,         check_aliases, NULL,
};
