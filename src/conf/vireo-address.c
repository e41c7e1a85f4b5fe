/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses on the buses that are the same for all hypervisors. */
#include "vireo-address.h"

#include "vireo-address-private.h"

/* More controllers or hubs than any machine is given; what wants more wants something else. */
#define MAX_GROWTH 64u

typedef struct
{
  VireoAddressBuses bus;
  gboolean (*place) (VireoDomainDef *def);
  /* Makes room; FALSE when there can be none. */
  gboolean (*grow) (VireoPostParseContext *context, VireoPostParseOutcome *outcome);
  const char *name;
} Bus;

gboolean
vireo_address_is_open (const VireoAddressDef *address, VireoAddressType type)
{
  return address == NULL || address->type == VIREO_ADDRESS_TYPE_UNSET || address->type == type;
}

VireoAddressDef *
vireo_address_open (VireoAddressDef **place, VireoAddressType type)
{
  if (*place == NULL)
    *place = vireo_address_def_new ();
  (*place)->type = type;
  return *place;
}

/* --- making room --- */

static gboolean
add_controller (VireoPostParseContext *context, VireoControllerType type,
                VireoPostParseOutcome *outcome)
{
  VireoControllerDef *controller = vireo_controller_def_new ();
  const VireoDomainDef *def = context->def;
  VireoPostParseOutcome added;

  controller->type = type;
  controller->has_index = TRUE;
  for (guint i = 0; i < def->n_controllers; i++)
    {
      const VireoControllerDef *other = def->controllers[i];

      if (other->type != type || other->index < controller->index)
        continue;
      controller->index = other->index + 1;
      controller->model = other->model;
    }
  added = vireo_post_parse_add_device (context, VIREO_DEVICE_CONTROLLER, controller);
  *outcome = MAX (*outcome, added);
  return TRUE;
}

static gboolean
grow_scsi (VireoPostParseContext *context, VireoPostParseOutcome *outcome)
{
  return add_controller (context, VIREO_CONTROLLER_TYPE_SCSI, outcome);
}

static gboolean
grow_virtio_serial (VireoPostParseContext *context, VireoPostParseOutcome *outcome)
{
  return add_controller (context, VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL, outcome);
}

static gboolean
grow_ccid (VireoPostParseContext *context, VireoPostParseOutcome *outcome)
{
  return add_controller (context, VIREO_CONTROLLER_TYPE_CCID, outcome);
}

/* A hub takes one port and has eight. */
static gboolean
grow_usb (VireoPostParseContext *context, VireoPostParseOutcome *outcome)
{
  VireoPostParseOutcome added;
  VireoHubDef *hub;

  if (!vireo_address_has_free_usb_port (context->def))
    return FALSE;
  hub = vireo_hub_def_new ();
  hub->type = VIREO_HUB_TYPE_USB;
  added = vireo_post_parse_add_device (context, VIREO_DEVICE_HUB, hub);
  *outcome = MAX (*outcome, added);
  return TRUE;
}

static const Bus table[] = {
  { VIREO_ADDRESS_BUS_SCSI, vireo_address_place_scsi, grow_scsi, "SCSI" },
  { VIREO_ADDRESS_BUS_USB, vireo_address_place_usb, grow_usb, "USB" },
  { VIREO_ADDRESS_BUS_VIRTIO_SERIAL, vireo_address_place_virtio_serial, grow_virtio_serial,
    "virtio-serial" },
  { VIREO_ADDRESS_BUS_CCID, vireo_address_place_ccid, grow_ccid, "smart card" },
  /* How many memory slots there are, is what the guest was told. */
  { VIREO_ADDRESS_BUS_DIMM, vireo_address_place_dimm, NULL, "memory" },
  { VIREO_ADDRESS_BUS_CCW, vireo_address_place_ccw, NULL, "CCW" },
  { VIREO_ADDRESS_BUS_VIRTIO_MMIO, vireo_address_place_virtio_mmio, NULL, "virtio-mmio" },
  { VIREO_ADDRESS_BUS_SPAPR_VIO, vireo_address_place_spapr_vio, NULL, "spapr-vio" },
  { VIREO_ADDRESS_BUS_ISA, vireo_address_place_isa, NULL, "ISA" },
};

/**
 * vireo_post_parse_assign_addresses:
 * @context: what the callback got
 * @machine: where there are places
 *
 * For the addresses phase of a driver: places the devices that have no address yet, and adds the
 * controllers and hubs that are needed for it.
 *
 * Returns: the outcome; invalid when there is no room
 * Since: 0.1
 */
VireoPostParseOutcome
vireo_post_parse_assign_addresses (VireoPostParseContext *context,
                                   const VireoAddressMachine *machine)
{
  VireoPostParseOutcome outcome = VIREO_POST_PARSE_DONE;
  g_autofree char *message = NULL;
  const char *code = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      guint grown = 0;

      while ((machine->buses & table[i].bus) != 0 && !table[i].place (context->def))
        if (table[i].grow == NULL || grown++ == MAX_GROWTH || !table[i].grow (context, &outcome))
          return vireo_post_parse_invalid (context, "no-room",
                                           "/domain/devices: there is no place left for another %s "
                                           "device",
                                           table[i].name);
    }
  /* Last, for the controllers that were added want a place too. */
  if (machine->pci != NULL
      && !vireo_address_place_pci (context->def, machine->pci,
                                   context->existing ? VIREO_ADDRESS_EXISTING : VIREO_ADDRESS_NEW,
                                   &code, &message))
    return vireo_post_parse_invalid (context, code, "%s", message);
  return outcome;
}

/**
 * vireo_address_assign:
 * @def: a domain, of which a device is new
 * @machine: where there are places
 * @error: ConfigUnsupported when a bus is full
 *
 * For plugging into a running machine: places what has no address yet, in what is there.
 *
 * Returns: whether all have a place; on %FALSE, addresses that were given stay
 * Since: 0.1
 */
gboolean
vireo_address_assign (VireoDomainDef *def, const VireoAddressMachine *machine, GError **error)
{
  g_autofree char *message = NULL;
  const char *code = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if ((machine->buses & table[i].bus) != 0 && !table[i].place (def))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                     "there is no place left for another %s device", table[i].name);
        return FALSE;
      }
  if (machine->pci != NULL
      && !vireo_address_place_pci (def, machine->pci, VIREO_ADDRESS_PLUGGED, &code, &message))
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED, message);
      return FALSE;
    }
  return TRUE;
}
