/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of USB controllers and hubs. A port is written as the way to it: "1.4" is port 4 of the hub
 * at port 1. */
#include "vireo-address-private.h"

#include <string.h>

#define HUB_PORTS 8u
/* Tiers below the root hub in which there can be hubs (USB 2.0, 4.1.1). */
#define MAX_HUB_DEPTH 5u
#define MAX_ROOT_PORTS 64u

/* As the data sheets have them, or QEMU where it leaves it to the emulator. */
static const struct
{
  VireoControllerModel model;
  guint ports;
} root_ports[] = {
  { VIREO_CONTROLLER_MODEL_PIIX3_UHCI, 2 },     { VIREO_CONTROLLER_MODEL_PIIX4_UHCI, 2 },
  { VIREO_CONTROLLER_MODEL_VT82C686B_UHCI, 2 }, { VIREO_CONTROLLER_MODEL_PCI_OHCI, 3 },
  { VIREO_CONTROLLER_MODEL_EHCI, 6 },           { VIREO_CONTROLLER_MODEL_ICH9_EHCI1, 6 },
  { VIREO_CONTROLLER_MODEL_NEC_XHCI, 4 },       { VIREO_CONTROLLER_MODEL_QEMU_XHCI, 4 },
  { VIREO_CONTROLLER_MODEL_QUSB1, 8 },          { VIREO_CONTROLLER_MODEL_QUSB2, 8 },
  { VIREO_CONTROLLER_MODEL_UNSET, 2 },
};

typedef struct
{
  const VireoDomainDef *def;
  GHashTable *used; /* "BUS PORT" */
  GHashTable *hubs; /* likewise, of hubs */
} Ports;

static guint
count_root_ports (const VireoControllerDef *controller)
{
  if (controller->type != VIREO_CONTROLLER_TYPE_USB)
    return 0;
  if (controller->has_ports)
    return MIN (controller->ports, MAX_ROOT_PORTS);
  for (gsize i = 0; i < G_N_ELEMENTS (root_ports); i++)
    if (root_ports[i].model == controller->model)
      return root_ports[i].ports;
  /* Companions share the ports of their EHCI controller; "none" has none. */
  return 0;
}

static gboolean
is_usb_device (VireoDeviceKind kind, gconstpointer device)
{
  const VireoSerialDef *serial = device;
  const VireoDiskDef *disk = device;

  /* Only kinds that can sit on the bus; all others are none. */
  if (kind == VIREO_DEVICE_INPUT)
    return ((const VireoInputDef *) device)->bus == VIREO_INPUT_BUS_USB;
  if (kind == VIREO_DEVICE_DISK)
    return disk->target != NULL && disk->target->bus == VIREO_DISK_BUS_USB;
  if (kind == VIREO_DEVICE_HOSTDEV)
    return ((const VireoHostdevDef *) device)->type == VIREO_HOSTDEV_TYPE_USB;
  if (kind == VIREO_DEVICE_SOUND)
    return ((const VireoSoundDef *) device)->model == VIREO_SOUND_MODEL_USB;
  if (kind == VIREO_DEVICE_SERIAL)
    return serial->target != NULL && serial->target->type == VIREO_SERIAL_TARGET_TYPE_USB_SERIAL;
  return kind == VIREO_DEVICE_REDIRDEV || kind == VIREO_DEVICE_HUB;
}

static gboolean
wants_port (VireoDeviceKind kind, gconstpointer device)
{
  const VireoAddressDef *address = vireo_device_get_address (kind, device);

  return is_usb_device (kind, device) && vireo_address_is_open (address, VIREO_ADDRESS_TYPE_USB)
         && (address == NULL || address->usb_port == NULL);
}

static char *
key (guint bus, const char *port)
{
  return g_strdup_printf ("%u %s", bus, port);
}

static void
ports_init (Ports *ports, const VireoDomainDef *def)
{
  VireoDeviceIter iter;

  ports->def = def;
  ports->used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  ports->hubs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);

      if (address == NULL || address->usb_port == NULL)
        continue;
      g_hash_table_add (ports->used, key (address->bus, address->usb_port));
      if (iter.kind == VIREO_DEVICE_HUB)
        g_hash_table_add (ports->hubs, key (address->bus, address->usb_port));
    }
}

static void
ports_clear (Ports *ports)
{
  g_hash_table_unref (ports->used);
  g_hash_table_unref (ports->hubs);
}

/* The first free port of the hub at @way, or of hubs that hang on it; "" is the root hub. Adds the
 * number of those that are free to @n_free, and stops at the first when @n_free is %NULL. */
static char *
search_hub (const Ports *ports, guint bus, const char *way, guint n_ports, guint depth,
            guint *n_free)
{
  g_autofree char *first = NULL;

  for (guint number = 1; number <= n_ports; number++)
    {
      g_autofree char *port = g_strdup_printf ("%s%s%u", way, *way != '\0' ? "." : "", number);
      g_autofree char *name = key (bus, port);

      if (g_hash_table_contains (ports->used, name))
        continue;
      if (n_free == NULL)
        return g_steal_pointer (&port);
      (*n_free)++;
    }
  for (guint number = 1; number <= n_ports && depth < MAX_HUB_DEPTH && first == NULL; number++)
    {
      g_autofree char *port = g_strdup_printf ("%s%s%u", way, *way != '\0' ? "." : "", number);
      g_autofree char *name = key (bus, port);

      if (g_hash_table_contains (ports->hubs, name))
        first = search_hub (ports, bus, port, HUB_PORTS, depth + 1, n_free);
    }
  return g_steal_pointer (&first);
}

static char *
find_port (const Ports *ports, const VireoAddressDef *wanted, guint *ret_bus)
{
  for (guint i = 0; i < ports->def->n_controllers; i++)
    {
      const VireoControllerDef *controller = ports->def->controllers[i];
      guint n_ports = count_root_ports (controller);
      char *port;

      if (n_ports == 0 || (wanted != NULL && wanted->has_bus && wanted->bus != controller->index))
        continue;
      port = search_hub (ports, controller->index, "", n_ports, 0, NULL);
      if (port != NULL)
        {
          *ret_bus = controller->index;
          return port;
        }
    }
  return NULL;
}

static guint
count_free (const Ports *ports)
{
  guint n_free = 0;

  for (guint i = 0; i < ports->def->n_controllers; i++)
    {
      guint n_ports = count_root_ports (ports->def->controllers[i]);

      if (n_ports > 0)
        g_free (search_hub (ports, ports->def->controllers[i]->index, "", n_ports, 0, &n_free));
    }
  return n_free;
}

gboolean
vireo_address_has_free_usb_port (const VireoDomainDef *def)
{
  Ports ports;
  guint n_free;

  ports_init (&ports, def);
  n_free = count_free (&ports);
  ports_clear (&ports);
  return n_free > 0;
}

static gboolean
place (Ports *ports, VireoDeviceKind kind, gpointer device)
{
  VireoAddressDef **at = vireo_device_get_address_place (kind, device);
  guint bus;
  char *port = find_port (ports, *at, &bus);

  if (port == NULL)
    return FALSE;
  if (*at == NULL)
    *at = vireo_address_def_new ();
  (*at)->type = VIREO_ADDRESS_TYPE_USB;
  (*at)->bus = bus;
  (*at)->has_bus = TRUE;
  (*at)->usb_port = port;
  g_hash_table_add (ports->used, key (bus, port));
  if (kind == VIREO_DEVICE_HUB)
    g_hash_table_add (ports->hubs, key (bus, port));
  return TRUE;
}

/* Hubs first: the others then find their ports. */
static gboolean
place_all (Ports *ports, gboolean hubs)
{
  gboolean all = TRUE;
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, ports->def);
  while (vireo_device_iter_next (&iter))
    if ((iter.kind == VIREO_DEVICE_HUB) == hubs && wants_port (iter.kind, iter.device))
      all &= place (ports, iter.kind, iter.device);
  return all;
}

static gboolean
has_usb (const VireoDomainDef *def)
{
  for (guint i = 0; i < def->n_controllers; i++)
    if (count_root_ports (def->controllers[i]) > 0)
      return TRUE;
  return FALSE;
}

gboolean
vireo_address_place_usb (VireoDomainDef *def)
{
  guint n_wanting = 0;
  guint n_hubs = 0;
  gboolean all = FALSE;
  VireoDeviceIter iter;
  Ports ports;

  if (!has_usb (def))
    return TRUE;
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    {
      gboolean wanting = wants_port (iter.kind, iter.device);

      n_wanting += wanting;
      n_hubs += wanting && iter.kind == VIREO_DEVICE_HUB;
    }
  if (n_wanting == 0)
    return TRUE;
  ports_init (&ports, def);
  /* All or none: who needs another hub needs a port for it. */
  if (n_wanting <= count_free (&ports) + n_hubs * HUB_PORTS)
    all = place_all (&ports, TRUE) && place_all (&ports, FALSE);
  ports_clear (&ports);
  return all;
}
