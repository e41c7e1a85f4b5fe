/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places on controllers that have a row of them: SCSI units, virtio-serial ports, smart card slots;
 * and memory slots. */
#include "vireo-address-private.h"

/* A narrow SCSI bus has units 0 to 7, of which the last is the adapter's. */
#define SCSI_UNITS 7u
/* virtio 1.2, 5.3.4: QEMU and its drivers have 31 ports unless told otherwise. */
#define VIRTIO_SERIAL_PORTS 31u
#define MAX_PORTS 1024u

/* --- a row of places on each controller of a type --- */

typedef struct
{
  const VireoDomainDef *def;
  VireoControllerType controller;
  VireoAddressType address;
  guint default_places;
  GHashTable *used; /* "CONTROLLER PLACE" */
} Row;

static void
row_init (Row *row, const VireoDomainDef *def)
{
  row->def = def;
  row->used = g_hash_table_new_full (NULL, NULL, NULL, NULL);
}

/* Both are small: controllers are bounded in number, places too. */
static gpointer
row_key (guint controller, guint place)
{
  return GUINT_TO_POINTER ((controller << 12 | (place & 0xfff)) + 1);
}

static void
row_use (Row *row, guint controller, guint place)
{
  if (controller < (1u << 19) && place < (1u << 12))
    g_hash_table_add (row->used, row_key (controller, place));
}

static guint
row_places (const Row *row, const VireoControllerDef *controller)
{
  return controller->has_ports ? MIN (controller->ports, MAX_PORTS) : row->default_places;
}

/* On the controller that @wanted names, if it does, else on the first that has room. */
static gboolean
row_find (const Row *row, const VireoAddressDef *wanted, guint first, guint *ret_controller,
          guint *ret_place)
{
  for (guint i = 0; i < row->def->n_controllers; i++)
    {
      const VireoControllerDef *controller = row->def->controllers[i];

      if (controller->type != row->controller || controller->index >= (1u << 19)
          || (wanted != NULL && wanted->has_controller && wanted->controller != controller->index))
        continue;
      for (guint place = first; place < row_places (row, controller); place++)
        if (!g_hash_table_contains (row->used, row_key (controller->index, place)))
          {
            *ret_controller = controller->index;
            *ret_place = place;
            return TRUE;
          }
    }
  return FALSE;
}

/* --- SCSI --- */

static gboolean
is_scsi_hostdev (const VireoHostdevDef *hostdev)
{
  return hostdev->type == VIREO_HOSTDEV_TYPE_SCSI;
}

static void
use_drive (Row *row, const VireoAddressDef *address)
{
  if (address != NULL && address->type == VIREO_ADDRESS_TYPE_DRIVE && address->bus == 0
      && address->target == 0)
    row_use (row, address->controller, address->unit);
}

static gboolean
place_hostdev (Row *row, VireoHostdevDef *hostdev)
{
  VireoAddressDef *address;
  guint controller;
  guint unit;

  if (!is_scsi_hostdev (hostdev) || !vireo_address_is_open (hostdev->address, row->address)
      || (hostdev->address != NULL && hostdev->address->has_unit))
    return TRUE;
  if (!row_find (row, hostdev->address, 0, &controller, &unit))
    return FALSE;
  address = vireo_address_open (&hostdev->address, row->address);
  address->controller = controller;
  address->unit = unit;
  address->has_controller = TRUE;
  address->has_bus = TRUE;
  address->has_target = TRUE;
  address->has_unit = TRUE;
  row_use (row, controller, unit);
  return TRUE;
}

gboolean
vireo_address_place_scsi (VireoDomainDef *def)
{
  Row row = { .controller = VIREO_CONTROLLER_TYPE_SCSI,
              .address = VIREO_ADDRESS_TYPE_DRIVE,
              .default_places = SCSI_UNITS };
  gboolean all = TRUE;

  row_init (&row, def);
  for (guint i = 0; i < def->n_disks; i++)
    if (def->disks[i]->target != NULL && def->disks[i]->target->bus == VIREO_DISK_BUS_SCSI)
      use_drive (&row, def->disks[i]->address);
  for (guint i = 0; i < def->n_hostdevs; i++)
    if (is_scsi_hostdev (def->hostdevs[i]) && def->hostdevs[i]->address != NULL
        && def->hostdevs[i]->address->has_unit)
      use_drive (&row, def->hostdevs[i]->address);
  for (guint i = 0; i < def->n_hostdevs; i++)
    all &= place_hostdev (&row, def->hostdevs[i]);
  g_hash_table_unref (row.used);
  return all;
}

/* --- virtio-serial --- */

static void
use_port (Row *row, const VireoAddressDef *address)
{
  if (address != NULL && address->type == VIREO_ADDRESS_TYPE_VIRTIO_SERIAL && address->has_port)
    row_use (row, address->controller, address->port);
}

static gboolean
place_port (Row *row, VireoAddressDef **place, guint first)
{
  VireoAddressDef *address;
  guint controller;
  guint port;

  if (!vireo_address_is_open (*place, row->address) || (*place != NULL && (*place)->has_port))
    return TRUE;
  if (!row_find (row, *place, first, &controller, &port))
    return FALSE;
  address = vireo_address_open (place, row->address);
  address->controller = controller;
  address->port = port;
  address->has_controller = TRUE;
  address->has_bus = TRUE;
  address->has_port = TRUE;
  row_use (row, controller, port);
  return TRUE;
}

static gboolean
is_virtio_console (const VireoConsoleDef *console)
{
  return console->target != NULL && console->target->type == VIREO_CONSOLE_TARGET_TYPE_VIRTIO;
}

static gboolean
is_virtio_channel (const VireoChannelDef *channel)
{
  return channel->target != NULL && channel->target->type == VIREO_CHANNEL_TARGET_TYPE_VIRTIO;
}

gboolean
vireo_address_place_virtio_serial (VireoDomainDef *def)
{
  Row row = { .controller = VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL,
              .address = VIREO_ADDRESS_TYPE_VIRTIO_SERIAL,
              .default_places = VIRTIO_SERIAL_PORTS };
  gboolean all = TRUE;

  row_init (&row, def);
  for (guint i = 0; i < def->n_channels; i++)
    use_port (&row, def->channels[i]->address);
  for (guint i = 0; i < def->n_consoles; i++)
    use_port (&row, def->consoles[i]->address);
  /* Port 0 is for a console alone (virtio 1.2, 5.3.6.2). */
  for (guint i = 0; i < def->n_consoles; i++)
    if (is_virtio_console (def->consoles[i]))
      all &= place_port (&row, &def->consoles[i]->address, 0);
  for (guint i = 0; i < def->n_channels; i++)
    if (is_virtio_channel (def->channels[i]))
      all &= place_port (&row, &def->channels[i]->address, 1);
  g_hash_table_unref (row.used);
  return all;
}

/* --- smart cards: one to a reader --- */

gboolean
vireo_address_place_ccid (VireoDomainDef *def)
{
  Row row = { .controller = VIREO_CONTROLLER_TYPE_CCID,
              .address = VIREO_ADDRESS_TYPE_CCID,
              .default_places = 1 };
  gboolean all = TRUE;

  row_init (&row, def);
  for (guint i = 0; i < def->n_smartcards; i++)
    if (def->smartcards[i]->address != NULL && def->smartcards[i]->address->has_slot)
      row_use (&row, def->smartcards[i]->address->controller, def->smartcards[i]->address->slot);
  for (guint i = 0; i < def->n_smartcards; i++)
    {
      VireoAddressDef **place = &def->smartcards[i]->address;
      guint controller;
      guint slot;

      if (!vireo_address_is_open (*place, row.address) || (*place != NULL && (*place)->has_slot))
        continue;
      if (!row_find (&row, *place, 0, &controller, &slot))
        {
          all = FALSE;
          continue;
        }
      vireo_address_open (place, row.address);
      (*place)->controller = controller;
      (*place)->slot = slot;
      (*place)->has_controller = TRUE;
      (*place)->has_slot = TRUE;
      row_use (&row, controller, slot);
    }
  g_hash_table_unref (row.used);
  return all;
}

/* --- memory --- */

static gboolean
is_module (const VireoMemoryDeviceDef *memory)
{
  return memory->model == VIREO_MEMORY_MODEL_DIMM || memory->model == VIREO_MEMORY_MODEL_NVDIMM;
}

gboolean
vireo_address_place_dimm (VireoDomainDef *def)
{
  guint n_slots = MIN (def->has_max_memory_slots ? def->max_memory_slots : 0, MAX_PORTS);
  g_autofree gboolean *used = g_new0 (gboolean, n_slots + 1);
  guint next = 0;

  if (n_slots == 0)
    return TRUE;
  for (guint i = 0; i < def->n_memory_devices; i++)
    {
      const VireoAddressDef *address = def->memory_devices[i]->address;

      if (address != NULL && address->type == VIREO_ADDRESS_TYPE_DIMM && address->has_slot
          && address->slot < n_slots)
        used[address->slot] = TRUE;
    }
  for (guint i = 0; i < def->n_memory_devices; i++)
    {
      VireoMemoryDeviceDef *memory = def->memory_devices[i];

      if (!is_module (memory) || !vireo_address_is_open (memory->address, VIREO_ADDRESS_TYPE_DIMM)
          || (memory->address != NULL && memory->address->has_slot))
        continue;
      while (next < n_slots && used[next])
        next++;
      if (next == n_slots)
        return FALSE;
      vireo_address_open (&memory->address, VIREO_ADDRESS_TYPE_DIMM);
      memory->address->slot = next;
      memory->address->has_slot = TRUE;
      used[next] = TRUE;
    }
  return TRUE;
}
