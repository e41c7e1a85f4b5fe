/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI addresses: every device gets one place, which it keeps, so that a guest's devices do not move
 * when one is added. On PCI Express, devices that know it get a root port each, from which they can
 * be unplugged; the others sit on the root bus or behind bridges. On plain PCI all do. */
#include "vireo-address-private.h"

#define N_SLOTS 32
#define N_FUNCTIONS 8
#define MAX_BUSES 256
/* Slots of the root bus that are kept for bridges, or for the ports of PCI Express. */
#define SPARE_BRIDGES 1
#define SPARE_PORTS 4

typedef struct
{
  VireoDomainDef *def;
  const VireoAddressPci *pci;
  gboolean plugging;
  const char *code;
  char *message;
  guint8 used[MAX_BUSES][N_SLOTS]; /* one bit a function */
} Places;

static gboolean
is_root_port (const VireoControllerDef *controller)
{
  return controller->type == VIREO_CONTROLLER_TYPE_PCI
         && (controller->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT
             || controller->model == VIREO_CONTROLLER_MODEL_PCIE_SWITCH_DOWNSTREAM_PORT);
}

static gboolean
is_bridge (const VireoControllerDef *controller)
{
  return controller->type == VIREO_CONTROLLER_TYPE_PCI
         && (controller->model == VIREO_CONTROLLER_MODEL_PCI_BRIDGE
             || controller->model == VIREO_CONTROLLER_MODEL_DMI_TO_PCI_BRIDGE
             || controller->model == VIREO_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE);
}

static VireoAddressWant
want_of (const Places *places, VireoDeviceKind kind, gconstpointer device)
{
  VireoAddressWant want = vireo_address_want (kind, device);

  if (kind == VIREO_DEVICE_CONTROLLER && is_bridge (device))
    return ((const VireoControllerDef *) device)->model == VIREO_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE
               ? VIREO_WANT_EXPRESS
               : VIREO_WANT_CONVENTIONAL;
  if (want > VIREO_WANT_CONVENTIONAL)
    return VIREO_WANT_NOTHING;
  if (want == VIREO_WANT_VIRTIO)
    want = VIREO_WANT_EXPRESS;
  return want == VIREO_WANT_EXPRESS && !places->pci->express ? VIREO_WANT_CONVENTIONAL : want;
}

static gboolean
is_open (const VireoAddressDef *address)
{
  return vireo_address_is_open (address, VIREO_ADDRESS_TYPE_PCI)
         && (address == NULL || address->type == VIREO_ADDRESS_TYPE_UNSET
             || !(address->has_bus || address->has_slot || address->has_function));
}

static gboolean
needs_place (VireoDeviceKind kind, gconstpointer device)
{
  return is_open (vireo_device_get_address (kind, device));
}

static void
take (Places *places, VireoDeviceKind kind, gpointer device, guint bus, guint slot, guint function)
{
  VireoAddressDef **place = vireo_device_get_address_place (kind, device);
  VireoAddressDef *address = vireo_address_open (place, VIREO_ADDRESS_TYPE_PCI);

  places->used[bus][slot] |= (guint8) (1u << function);
  address->has_domain = TRUE;
  address->bus = bus;
  address->has_bus = TRUE;
  address->slot = (guint16) slot;
  address->has_slot = TRUE;
  address->function = (guint8) function;
  address->has_function = TRUE;
}

static gboolean
refuse_full (Places *places)
{
  places->code = "unsupported-bus-full";
  places->message = g_strdup_printf (
      "There is no PCI slot left %s",
      places->plugging && places->pci->express ? "into which this can be plugged"
                                               : "on the root bus");
  return FALSE;
}

/* What definitions say; two devices in one place are wrong everywhere. */
static gboolean
reserve_written (Places *places)
{
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, places->def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);
      guint8 *slot;

      if (address == NULL || address->type != VIREO_ADDRESS_TYPE_PCI || is_open (address))
        continue;
      if (address->bus >= MAX_BUSES || address->slot >= N_SLOTS)
        {
          places->code = "invalid-address";
          places->message = g_strdup_printf ("There is no PCI slot %02x:%02x", address->bus,
                                             address->slot);
          return FALSE;
        }
      slot = &places->used[address->bus][address->slot];
      if (*slot & (1u << address->function))
        {
          places->code = "address-in-use";
          places->message
              = g_strdup_printf ("The PCI address %02x:%02x.%u is given to two devices",
                                 address->bus, address->slot, address->function);
          return FALSE;
        }
      *slot |= (guint8) (1u << address->function);
    }
  return TRUE;
}

/* --- what has its place by itself --- */

static VireoControllerDef *
find_first (const VireoDomainDef *def, VireoControllerType type)
{
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == type && def->controllers[i]->index == 0)
      return def->controllers[i];
  return NULL;
}

static void
place_built_in (Places *places)
{
  for (guint i = 0; i < places->pci->n_built_in; i++)
    {
      const VireoAddressBuiltIn *row = &places->pci->built_in[i];
      VireoControllerDef *controller = find_first (places->def, row->type);

      if (controller != NULL && controller->model == row->model
          && needs_place (VIREO_DEVICE_CONTROLLER, controller))
        take (places, VIREO_DEVICE_CONTROLLER, controller, 0, row->slot, row->function);
    }
  for (guint slot = 0; slot < N_SLOTS; slot++)
    if (places->pci->reserved & (1u << slot))
      places->used[0][slot] = 0xff;
}

static void
place_video (Places *places)
{
  guint slot = places->pci->video_slot;
  VireoDomainDef *def = places->def;

  if (def->n_videos > 0
      && want_of (places, VIREO_DEVICE_VIDEO, def->videos[0]) != VIREO_WANT_NOTHING
      && needs_place (VIREO_DEVICE_VIDEO, def->videos[0]) && places->used[0][slot] == 0)
    take (places, VIREO_DEVICE_VIDEO, def->videos[0], 0, slot, 0);
  /* Kept for a video device that may come later. */
  places->used[0][slot] = 0xff;
}

/* --- root ports --- */

/* Whether the root ports fill @slot, so that another one can join them: the first says so. */
static gboolean
has_ports (const Places *places, guint slot)
{
  for (guint i = 0; i < places->def->n_controllers; i++)
    {
      const VireoControllerDef *other = places->def->controllers[i];

      if (is_root_port (other) && other->address != NULL && other->address->bus == 0
          && other->address->slot == slot && other->address->function == 0
          && other->address->multifunction == VIREO_TRISTATE_YES)
        return TRUE;
    }
  return FALSE;
}

/* Ports share slots, eight functions each. */
static gboolean
place_port (Places *places, VireoControllerDef *port)
{
  for (guint slot = places->pci->first_port_slot; slot < N_SLOTS; slot++)
    {
      guint8 used = places->used[0][slot];
      guint function = 0;

      if (used == 0xff || (used != 0 && !has_ports (places, slot)))
        continue;
      while (used & (1u << function))
        function++;
      take (places, VIREO_DEVICE_CONTROLLER, port, 0, slot, function);
      if (function == 0)
        port->address->multifunction = VIREO_TRISTATE_YES;
      return TRUE;
    }
  return FALSE;
}

static void
complete_port (VireoControllerDef *port)
{
  if (port->target == NULL)
    port->target = vireo_controller_target_def_new ();
  if (!port->target->has_chassis)
    {
      port->target->chassis = (guint8) port->index;
      port->target->has_chassis = TRUE;
    }
  if (!port->target->has_port && port->address != NULL)
    {
      port->target->port = (guint8) (port->address->slot * N_FUNCTIONS + port->address->function);
      port->target->has_port = TRUE;
    }
}

static gboolean
place_ports (Places *places)
{
  for (guint i = 0; i < places->def->n_controllers; i++)
    {
      VireoControllerDef *controller = places->def->controllers[i];

      if (controller->model != VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT)
        continue;
      if (needs_place (VIREO_DEVICE_CONTROLLER, controller) && !place_port (places, controller))
        return refuse_full (places);
      complete_port (controller);
    }
  return TRUE;
}

/* --- growing --- */

/* Which bus a controller is, is its number; NULL when there are as many as there can be. */
static VireoControllerDef *
new_bus (const VireoDomainDef *def, VireoControllerModel model)
{
  VireoControllerDef *controller;
  guint next = 1;

  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == VIREO_CONTROLLER_TYPE_PCI)
      next = MAX (next, def->controllers[i]->index + 1);
  if (next >= MAX_BUSES)
    return NULL;
  controller = vireo_controller_def_new ();
  controller->type = VIREO_CONTROLLER_TYPE_PCI;
  controller->model = model;
  controller->index = next;
  controller->has_index = TRUE;
  return controller;
}

static VireoControllerDef *
add_port (Places *places)
{
  VireoControllerDef *port
      = places->plugging ? NULL : new_bus (places->def, VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT);

  if (port == NULL)
    return NULL;
  if (!place_port (places, port))
    {
      vireo_controller_def_free (port);
      return NULL;
    }
  complete_port (port);
  vireo_domain_def_add_controller (places->def, port);
  return port;
}

static gboolean
is_empty_port (const Places *places, const VireoControllerDef *controller)
{
  return is_root_port (controller) && controller->index < MAX_BUSES
         && places->used[controller->index][0] == 0;
}

static gboolean
is_pluggable (const VireoControllerDef *port)
{
  return port->target == NULL || port->target->hotplug != VIREO_TRISTATE_NO;
}

/* A port that is there and has nothing behind it; for plugging, one that says that it can. */
static VireoControllerDef *
find_empty_port (const Places *places)
{
  for (guint i = 0; i < places->def->n_controllers; i++)
    {
      VireoControllerDef *controller = places->def->controllers[i];

      if (is_empty_port (places, controller) && (!places->plugging || is_pluggable (controller)))
        return controller;
    }
  return NULL;
}

static VireoControllerDef *
get_port (Places *places)
{
  VireoControllerDef *port = find_empty_port (places);

  return port != NULL ? port : add_port (places);
}

static gboolean
place_behind_port (Places *places, VireoDeviceKind kind, gpointer device)
{
  VireoControllerDef *port = get_port (places);

  if (port == NULL)
    return FALSE;
  take (places, kind, device, port->index, 0, 0);
  return TRUE;
}

static gboolean
find_slot (const Places *places, guint bus, guint first, guint *ret_slot)
{
  for (guint slot = first; slot < N_SLOTS; slot++)
    if (places->used[bus][slot] == 0)
      {
        *ret_slot = slot;
        return TRUE;
      }
  return FALSE;
}

static guint
count_free_slots (const Places *places, guint bus, guint first)
{
  guint n = 0;

  for (guint slot = first; slot < N_SLOTS; slot++)
    n += places->used[bus][slot] == 0;
  return n;
}

static gboolean
place_on_root (Places *places, VireoDeviceKind kind, gpointer device)
{
  gboolean grows = kind == VIREO_DEVICE_CONTROLLER && is_bridge (device);
  guint keep = places->pci->express ? SPARE_PORTS : SPARE_BRIDGES;
  guint slot;

  /* What is on the root of PCI Express cannot be plugged. */
  if ((places->plugging && places->pci->express)
      || !find_slot (places, 0, places->pci->first_slot, &slot))
    return FALSE;
  if (places->pci->bridges && !places->plugging && !grows
      && count_free_slots (places, 0, slot) <= keep)
    return FALSE;
  take (places, kind, device, 0, slot, 0);
  return TRUE;
}

/* Slot 0 of a bridge is its own, and where bridges can be added the last is kept for one. */
static gboolean
place_behind_bridge (Places *places, VireoDeviceKind kind, gpointer device)
{
  gboolean grows = kind == VIREO_DEVICE_CONTROLLER && is_bridge (device);
  guint keep = places->pci->bridges && !places->plugging && !grows ? SPARE_BRIDGES : 0;

  for (guint i = 0; i < places->def->n_controllers; i++)
    {
      const VireoControllerDef *bridge = places->def->controllers[i];
      guint slot;

      if (!is_bridge (bridge) || bridge == device || bridge->index >= MAX_BUSES
          || count_free_slots (places, bridge->index, 1) <= keep
          || !find_slot (places, bridge->index, 1, &slot))
        continue;
      take (places, kind, device, bridge->index, slot, 0);
      return TRUE;
    }
  return FALSE;
}

/* On PCI Express the port comes first, for both are numbered as they come. */
static VireoControllerDef *
new_bridge (Places *places)
{
  VireoControllerDef *port = places->pci->express ? get_port (places) : NULL;
  VireoControllerDef *bridge;

  if (!places->pci->express)
    return new_bus (places->def, VIREO_CONTROLLER_MODEL_PCI_BRIDGE);
  if (port == NULL)
    return NULL;
  bridge = new_bus (places->def, VIREO_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE);
  if (bridge != NULL)
    take (places, VIREO_DEVICE_CONTROLLER, bridge, port->index, 0, 0);
  return bridge;
}

static gboolean
add_bridge (Places *places)
{
  VireoControllerDef *bridge
      = places->plugging || !places->pci->bridges ? NULL : new_bridge (places);

  if (bridge == NULL)
    return FALSE;
  if (!needs_place (VIREO_DEVICE_CONTROLLER, bridge)
      || place_on_root (places, VIREO_DEVICE_CONTROLLER, bridge)
      || place_behind_bridge (places, VIREO_DEVICE_CONTROLLER, bridge))
    {
      vireo_domain_def_add_controller (places->def, bridge);
      return TRUE;
    }
  vireo_controller_def_free (bridge);
  return FALSE;
}

static gboolean
place_device (Places *places, VireoDeviceKind kind, gpointer device)
{
  VireoAddressWant want = want_of (places, kind, device);

  if (want == VIREO_WANT_NOTHING || !needs_place (kind, device))
    return TRUE;
  if (want == VIREO_WANT_EXPRESS)
    return place_behind_port (places, kind, device) || refuse_full (places);
  return place_on_root (places, kind, device) || place_behind_bridge (places, kind, device)
         || (add_bridge (places) && place_behind_bridge (places, kind, device))
         || refuse_full (places);
}

static gboolean
place_devices (Places *places)
{
  for (guint kind = 0; kind < VIREO_DEVICE_N_KINDS; kind++)
    for (guint i = 0; i < vireo_domain_def_n_devices (places->def, kind); i++)
      if (!place_device (places, kind, vireo_domain_def_get_device (places->def, kind, i)))
        return FALSE;
  return TRUE;
}

/* As many as there is room for: a machine without any runs as well. */
static void
add_spare_ports (Places *places)
{
  guint n_spare = 0;

  for (guint i = 0; i < places->def->n_controllers; i++)
    n_spare += is_empty_port (places, places->def->controllers[i])
               && is_pluggable (places->def->controllers[i]);
  while (n_spare < places->pci->spare_ports && add_port (places) != NULL)
    n_spare++;
}

gboolean
vireo_address_place_pci (VireoDomainDef *def, const VireoAddressPci *pci, VireoAddressOccasion when,
                         const char **ret_code, char **ret_message)
{
  Places places = { .def = def, .pci = pci, .plugging = when == VIREO_ADDRESS_PLUGGED };

  if (reserve_written (&places))
    {
      place_built_in (&places);
      place_video (&places);
      if (place_ports (&places) && place_devices (&places))
        {
          if (when == VIREO_ADDRESS_NEW)
            add_spare_ports (&places);
          return TRUE;
        }
    }
  *ret_code = places.code;
  *ret_message = places.message;
  return FALSE;
}
