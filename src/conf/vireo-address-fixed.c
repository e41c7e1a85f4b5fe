/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places without controllers: subchannels, virtio in memory, the registers of POWER machines, and
 * well-known I/O ports. */
#include "vireo-address-private.h"

/* The virtual channel subsystem of virtio devices (QEMU, "s390 channel I/O"). */
#define CSS_VIRTUAL 0xfe
#define N_DEVNOS 0x10000u
/* The I/O port where guests look for the panic device (QEMU, pvpanic). */
#define PANIC_PORT 0x505
/* So many virtio transports has an ARM machine (QEMU, "virt" and "vexpress"). */
#define N_MMIO 32u
#define REG_STEP 0x1000u

/* --- channel I/O --- */

static void
mark_devno (gconstpointer device, VireoDeviceKind kind, guint8 *used)
{
  const VireoAddressDef *address = vireo_device_get_address (kind, device);

  if (address != NULL && address->type == VIREO_ADDRESS_TYPE_CCW && address->has_devno
      && address->cssid == CSS_VIRTUAL && address->ssid == 0)
    used[address->devno / 8] |= (guint8) (1u << address->devno % 8);
}

gboolean
vireo_address_place_ccw (VireoDomainDef *def)
{
  g_autofree guint8 *used = g_malloc0 (N_DEVNOS / 8);
  VireoDeviceIter iter;
  guint next = 0;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    mark_devno (iter.device, iter.kind, used);
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      VireoAddressWant want = vireo_address_want (iter.kind, iter.device);
      VireoAddressDef **place = vireo_device_get_address_place (iter.kind, iter.device);

      if ((want != VIREO_WANT_VIRTIO && want != VIREO_WANT_CCW)
          || !vireo_address_is_open (*place, VIREO_ADDRESS_TYPE_CCW)
          || (*place != NULL && (*place)->has_devno))
        continue;
      while (next < N_DEVNOS && (used[next / 8] >> next % 8 & 1) != 0)
        next++;
      if (next == N_DEVNOS)
        return FALSE;
      vireo_address_open (place, VIREO_ADDRESS_TYPE_CCW);
      (*place)->cssid = CSS_VIRTUAL;
      (*place)->has_cssid = TRUE;
      (*place)->has_ssid = TRUE;
      (*place)->devno = (guint16) next++;
      (*place)->has_devno = TRUE;
    }
  return TRUE;
}

/* --- virtio in memory: which of the transports it is, is the order's business --- */

gboolean
vireo_address_place_virtio_mmio (VireoDomainDef *def)
{
  VireoDeviceIter iter;
  guint n = 0;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      VireoAddressDef **place = vireo_device_get_address_place (iter.kind, iter.device);

      if (vireo_address_want (iter.kind, iter.device) == VIREO_WANT_VIRTIO
          && vireo_address_is_open (*place, VIREO_ADDRESS_TYPE_VIRTIO_MMIO))
        vireo_address_open (place, VIREO_ADDRESS_TYPE_VIRTIO_MMIO);
      n += place != NULL && *place != NULL && (*place)->type == VIREO_ADDRESS_TYPE_VIRTIO_MMIO;
    }
  return n <= N_MMIO;
}

/* --- POWER: each kind has its range of registers (PAPR+, "vdevice") --- */

static const struct
{
  VireoDeviceKind kind;
  guint64 first;
} ranges[] = {
  { VIREO_DEVICE_INTERFACE, 0x1000 },
  { VIREO_DEVICE_CONTROLLER, 0x2000 },
  { VIREO_DEVICE_SERIAL, 0x30000000 },
  { VIREO_DEVICE_NVRAM, 0x3000 },
};

static gint64 *
new_key (guint64 reg)
{
  gint64 *key = g_new (gint64, 1);

  *key = (gint64) reg;
  return key;
}

static void
place_reg (VireoDeviceKind kind, gpointer device, guint64 reg, GHashTable *used)
{
  VireoAddressDef **place = vireo_device_get_address_place (kind, device);

  if (vireo_address_want (kind, device) != VIREO_WANT_SPAPR
      || !vireo_address_is_open (*place, VIREO_ADDRESS_TYPE_SPAPR_VIO)
      || (*place != NULL && (*place)->has_reg))
    return;
  while (g_hash_table_contains (used, &reg))
    reg += REG_STEP;
  g_hash_table_add (used, new_key (reg));
  vireo_address_open (place, VIREO_ADDRESS_TYPE_SPAPR_VIO);
  (*place)->reg = reg;
  (*place)->has_reg = TRUE;
}

gboolean
vireo_address_place_spapr_vio (VireoDomainDef *def)
{
  g_autoptr (GHashTable) used = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);

      if (address != NULL && address->type == VIREO_ADDRESS_TYPE_SPAPR_VIO && address->has_reg)
        g_hash_table_add (used, new_key (address->reg));
    }
  for (gsize row = 0; row < G_N_ELEMENTS (ranges); row++)
    for (guint i = 0; i < vireo_domain_def_n_devices (def, ranges[row].kind); i++)
      place_reg (ranges[row].kind, vireo_domain_def_get_device (def, ranges[row].kind, i),
                 ranges[row].first, used);
  return TRUE;
}

/* --- ISA --- */

gboolean
vireo_address_place_isa (VireoDomainDef *def)
{
  VireoAddressDef *owner = NULL;

  for (guint i = 0; i < def->n_panics; i++)
    {
      VireoAddressDef **place = &def->panics[i]->address;

      if (vireo_address_want (VIREO_DEVICE_PANIC, def->panics[i]) != VIREO_WANT_ISA
          || !vireo_address_is_open (*place, VIREO_ADDRESS_TYPE_ISA))
        continue;
      if (*place == NULL || !(*place)->has_iobase)
        {
          /* There is one such port. */
          if (owner != NULL)
            return FALSE;
          vireo_address_open (place, VIREO_ADDRESS_TYPE_ISA);
          (*place)->iobase = PANIC_PORT;
          (*place)->has_iobase = TRUE;
        }
      if ((*place)->iobase == PANIC_PORT)
        owner = *place;
    }
  return TRUE;
}
