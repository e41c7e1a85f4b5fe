/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for addresses: in range, and each used once. */
#include "vireo-validate.h"

#include <string.h>

/* PCI Local Bus Specification 3.0, 3.2.2.3.2: five bits of device, three of function. */
#define MAX_SLOT 0x1fu
#define MAX_BUS 0xffu
#define MAX_DOMAIN 0xffffu

/* A kind of device and a place in its list in one number; texts of 8 MB have fewer than 2^24. */
#define INDEX_BITS 24
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

typedef struct
{
  GHashTable *seen; /* what an address says, to who has it */
  GPtrArray *problems;
  const VireoDeviceIter *iter;
  const VireoAddressDef *address;
} Check;

static void
use (Check *check, char *key)
{
  const VireoDeviceIter *iter = check->iter;
  guint other = GPOINTER_TO_UINT (g_hash_table_lookup (check->seen, key));

  if (other != 0)
    {
      vireo_validate_add_device (check->problems, iter->kind, iter->index, iter->device, "address",
                                 "duplicate-address", "%s[%u] has the address \"%s\" too",
                                 vireo_device_kind_to_string (other >> INDEX_BITS),
                                 other & INDEX_MASK, key);
      g_free (key);
      return;
    }
  /* The kind and, from 1 on, the place among its kind. */
  g_hash_table_insert (check->seen, key,
                       GUINT_TO_POINTER ((guint) iter->kind << INDEX_BITS
                                         | ((iter->index + 1) & INDEX_MASK)));
}

static void
check_range (Check *check, const char *attribute, guint value, guint max)
{
  g_autofree char *below = g_strdup_printf ("address/@%s", attribute);

  if (value > max)
    vireo_validate_add_device (check->problems, check->iter->kind, check->iter->index,
                               check->iter->device, below, "address-out-of-range",
                               "0x%x is more than 0x%x", value, max);
}

static void
check_pci (Check *check)
{
  const VireoAddressDef *address = check->address;

  check_range (check, "domain", address->domain, MAX_DOMAIN);
  check_range (check, "bus", address->bus, MAX_BUS);
  check_range (check, "slot", address->slot, MAX_SLOT);
  if (address->has_zpci_uid && address->zpci_uid == 0)
    vireo_validate_add_device (check->problems, check->iter->kind, check->iter->index,
                               check->iter->device, "address/zpci/@uid", "address-out-of-range",
                               "0x0 is not from 0x1 to 0xffff");
  if (address->has_zpci_uid)
    use (check, g_strdup_printf ("zPCI uid 0x%04x", address->zpci_uid));
  if (address->has_zpci_fid)
    use (check, g_strdup_printf ("zPCI fid 0x%08x", address->zpci_fid));
  /* Without a place: it is still to be found. */
  if (!address->has_slot && !address->has_bus)
    return;
  use (check, g_strdup_printf ("PCI %04x:%02x:%02x.%x", address->domain, address->bus,
                               address->slot, address->function));
}

/* A drive's place is one on its bus: "scsi" for all that sits on SCSI controllers. */
static const char *
drive_bus (const VireoDeviceIter *iter)
{
  const VireoDiskDef *disk = iter->device;

  if (iter->kind == VIREO_DEVICE_HOSTDEV)
    return "scsi";
  if (iter->kind != VIREO_DEVICE_DISK || disk->target == NULL)
    return NULL;
  return vireo_disk_bus_to_string (disk->target->bus);
}

static void
check_drive (Check *check)
{
  const VireoAddressDef *address = check->address;
  const char *bus = drive_bus (check->iter);

  if (bus != NULL)
    use (check, g_strdup_printf ("%s %u:%u:%u:%u", bus, address->controller, address->bus,
                                 address->target, address->unit));
}

static void
check_usb (Check *check)
{
  if (check->address->usb_port != NULL)
    use (check, g_strdup_printf ("USB %u port %s", check->address->bus, check->address->usb_port));
}

static void
check_ccw (Check *check)
{
  const VireoAddressDef *address = check->address;

  if (address->has_cssid && address->has_ssid && address->has_devno)
    use (check, g_strdup_printf ("CCW %x.%x.%04x", address->cssid, address->ssid, address->devno));
}

static void
check_virtio_serial (Check *check)
{
  const VireoAddressDef *address = check->address;

  if (address->has_port && address->port != 0)
    use (check, g_strdup_printf ("virtio-serial %u:%u:%u", address->controller, address->bus,
                                 address->port));
}

static void
check_ccid (Check *check)
{
  if (check->address->has_slot)
    use (check, g_strdup_printf ("CCID %u:%u", check->address->controller, check->address->slot));
}

static void
check_dimm (Check *check)
{
  if (check->address->has_slot)
    use (check, g_strdup_printf ("memory slot %u", check->address->slot));
}

static void
check_spapr_vio (Check *check)
{
  if (check->address->has_reg)
    use (check, g_strdup_printf ("spapr-vio 0x%" G_GINT64_MODIFIER "x", check->address->reg));
}

static const struct
{
  VireoAddressType type;
  void (*check) (Check *check);
} types[] = {
  { VIREO_ADDRESS_TYPE_PCI, check_pci },
  { VIREO_ADDRESS_TYPE_DRIVE, check_drive },
  { VIREO_ADDRESS_TYPE_USB, check_usb },
  { VIREO_ADDRESS_TYPE_CCW, check_ccw },
  { VIREO_ADDRESS_TYPE_VIRTIO_SERIAL, check_virtio_serial },
  { VIREO_ADDRESS_TYPE_CCID, check_ccid },
  { VIREO_ADDRESS_TYPE_DIMM, check_dimm },
  { VIREO_ADDRESS_TYPE_SPAPR_VIO, check_spapr_vio },
};

/* Port 1.2.3 is port 3 of the hub at port 1.2. */
static void
check_hubs (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) hubs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  VireoDeviceIter iter;

  for (guint i = 0; i < def->n_hubs; i++)
    if (def->hubs[i]->address != NULL && def->hubs[i]->address->usb_port != NULL)
      g_hash_table_add (hubs, g_strdup_printf ("%u %s", def->hubs[i]->address->bus,
                                               def->hubs[i]->address->usb_port));
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);
      const char *port = address != NULL ? address->usb_port : NULL;
      const char *dot = port != NULL ? strrchr (port, '.') : NULL;
      g_autofree char *hub = NULL;

      if (dot == NULL)
        continue;
      hub = g_strdup_printf ("%u %.*s", address->bus, (int) (dot - port), port);
      if (!g_hash_table_contains (hubs, hub))
        vireo_validate_add_device (problems, iter.kind, iter.index, iter.device, "address/@port",
                                   "no-such-hub", "there is no hub at port %.*s of bus %u",
                                   (int) (dot - port), port, address->bus);
    }
}

static void
check_addresses (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      Check check = { seen, problems, &iter, vireo_device_get_address (iter.kind, iter.device) };
      /* The first console may be a serial port again, with its address. */
      gboolean paired = iter.kind == VIREO_DEVICE_CONSOLE && iter.index == 0 && def->n_serials > 0;

      for (gsize row = 0; check.address != NULL && !paired && row < G_N_ELEMENTS (types); row++)
        if (types[row].type == check.address->type)
          types[row].check (&check);
    }
}

const VireoValidateRule vireo_validate_address_rules[] = {
  check_addresses,
  check_hubs,
  NULL,
};
