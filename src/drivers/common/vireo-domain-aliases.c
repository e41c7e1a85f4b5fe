/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-aliases.h"

#include "conf/vireo-device.h"

/* The names of devices that count up by themselves. Those of disks and controllers say where they
 * are. */
static const char *const prefixes[VIREO_DEVICE_N_KINDS] = {
  [VIREO_DEVICE_FILESYSTEM] = "fs",    [VIREO_DEVICE_INTERFACE] = "net",
  [VIREO_DEVICE_SMARTCARD] = "smartcard", [VIREO_DEVICE_SERIAL] = "serial",
  [VIREO_DEVICE_PARALLEL] = "parallel", [VIREO_DEVICE_CONSOLE] = "console",
  [VIREO_DEVICE_CHANNEL] = "channel",  [VIREO_DEVICE_INPUT] = "input",
  [VIREO_DEVICE_TPM] = "tpm",          [VIREO_DEVICE_SOUND] = "sound",
  [VIREO_DEVICE_VIDEO] = "video",      [VIREO_DEVICE_HOSTDEV] = "hostdev",
  [VIREO_DEVICE_REDIRDEV] = "redir",   [VIREO_DEVICE_HUB] = "hub",
  [VIREO_DEVICE_WATCHDOG] = "watchdog", [VIREO_DEVICE_MEMBALLOON] = "balloon",
  [VIREO_DEVICE_RNG] = "rng",          [VIREO_DEVICE_PANIC] = "panic",
  [VIREO_DEVICE_SHMEM] = "shmem",      [VIREO_DEVICE_IOMMU] = "iommu",
  [VIREO_DEVICE_VSOCK] = "vsock",      [VIREO_DEVICE_CRYPTO] = "crypto",
};

/* Where a disk is on a bus whose units have addresses. */
static char *
disk_place (const VireoDiskDef *disk, const char *bus)
{
  const VireoAddressDef *address = disk->address;

  if (disk->target->bus == VIREO_DISK_BUS_SCSI)
    return g_strdup_printf ("%s%u-%u-%u-%u", bus, address->controller, address->bus,
                            address->target, address->unit);
  return g_strdup_printf ("%s%u-%u-%u", bus, address->controller, address->bus, address->unit);
}

static char *
disk_alias (const VireoDiskDef *disk, guint *next_number)
{
  const char *bus = vireo_disk_bus_to_string (disk->target->bus);

  if (disk->address != NULL && disk->address->type == VIREO_ADDRESS_TYPE_DRIVE)
    return disk_place (disk, bus);
  return g_strdup_printf ("%s-disk%u", bus != NULL ? bus : "none", (*next_number)++);
}

/* The root buses and what the chipset has built in are named by QEMU. */
static char *
controller_alias (const VireoControllerDef *controller)
{
  const char *type = vireo_controller_type_to_string (controller->type);

  if (controller->type == VIREO_CONTROLLER_TYPE_PCI)
    return g_strdup_printf (
        controller->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT ? "pcie.%u" : "pci.%u",
        controller->index);
  if (controller->index == 0
      && (controller->type == VIREO_CONTROLLER_TYPE_USB
          || controller->type == VIREO_CONTROLLER_TYPE_IDE))
    return g_strdup (type);
  return g_strdup_printf ("%s%u", type, controller->index);
}

/* The companions of an ICH9 EHCI share its bus, and its name would not be theirs alone. */
static char *
companion_alias (const VireoControllerDef *controller)
{
  gboolean is_companion = controller->model == VIREO_CONTROLLER_MODEL_ICH9_UHCI1
                          || controller->model == VIREO_CONTROLLER_MODEL_ICH9_UHCI2
                          || controller->model == VIREO_CONTROLLER_MODEL_ICH9_UHCI3;

  return is_companion
             ? g_strdup_printf ("usb%u-%u", controller->index, controller->master_startport)
             : NULL;
}

static char *
make_alias (VireoDeviceKind kind, gpointer device, guint *next_number)
{
  char *alias = NULL;

  if (kind == VIREO_DEVICE_DISK)
    return disk_alias (device, next_number);
  if (kind == VIREO_DEVICE_CONTROLLER)
    {
      alias = companion_alias (device);
      return alias != NULL ? alias : controller_alias (device);
    }
  return prefixes[kind] != NULL ? g_strdup_printf ("%s%u", prefixes[kind], (*next_number)++) : NULL;
}

/**
 * vireo_domain_assign_aliases:
 * @def: a live definition
 *
 * Gives every device that has none its alias.
 *
 * Since: 0.1
 */
void
vireo_domain_assign_aliases (VireoDomainDef *def)
{
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint next[VIREO_DEVICE_N_KINDS] = { 0 };
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    if (vireo_device_get_alias (iter.kind, iter.device) != NULL)
      g_hash_table_add (taken, g_strdup (vireo_device_get_alias (iter.kind, iter.device)));

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      guint number = next[iter.kind];
      char *alias;

      if (vireo_device_get_alias (iter.kind, iter.device) != NULL)
        continue;
      alias = make_alias (iter.kind, iter.device, &next[iter.kind]);
      /* A counted name that a person or an earlier device has is skipped; the others are unique by
       * their place. */
      while (alias != NULL && next[iter.kind] != number && g_hash_table_contains (taken, alias))
        {
          g_free (alias);
          alias = make_alias (iter.kind, iter.device, &next[iter.kind]);
        }
      if (alias == NULL)
        continue;
      vireo_device_set_alias (iter.kind, iter.device, alias);
      g_hash_table_add (taken, alias);
    }
}
