/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI addresses: every device gets one place, which it keeps, so that a guest's devices do not move
 * when one is added. On an i440FX all sit on the root bus. On PCI Express, devices that know it get
 * a root port each, from which they can be unplugged; the others sit on the root bus. */
#include "conf/vireo-device.h"
#include "vireo-qemu-postparse-private.h"

#define N_SLOTS 32
#define N_FUNCTIONS 8
#define MAX_BUSES 256

typedef enum
{
  NO_PCI,
  CONVENTIONAL,
  EXPRESS,
} Want;

typedef struct
{
  VireoPostParseContext *context;
  VireoDomainDef *def;
  guint8 used[MAX_BUSES][N_SLOTS]; /* one bit a function */
} Places;

static Want
want_disk (gconstpointer device)
{
  const VireoDiskDef *disk = device;

  return disk->target != NULL && disk->target->bus == VIREO_DISK_BUS_VIRTIO ? EXPRESS : NO_PCI;
}

static Want
want_controller (gconstpointer device)
{
  const VireoControllerDef *controller = device;

  if (controller->type == VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL)
    return EXPRESS;
  if (controller->type == VIREO_CONTROLLER_TYPE_SCSI)
    return controller->model == VIREO_CONTROLLER_MODEL_VIRTIO_SCSI ? EXPRESS : CONVENTIONAL;
  if (controller->type == VIREO_CONTROLLER_TYPE_USB)
    {
      if (controller->model == VIREO_CONTROLLER_MODEL_NONE)
        return NO_PCI;
      return controller->model == VIREO_CONTROLLER_MODEL_QEMU_XHCI
                     || controller->model == VIREO_CONTROLLER_MODEL_NEC_XHCI
                 ? EXPRESS
                 : CONVENTIONAL;
    }
  if (controller->type == VIREO_CONTROLLER_TYPE_SATA)
    return CONVENTIONAL;
  return NO_PCI;
}

static Want
want_interface (gconstpointer device)
{
  const char *model = ((const VireoInterfaceDef *) device)->model;

  if (model == NULL || g_str_equal (model, "usb-net") || g_str_equal (model, "ne2k_isa"))
    return NO_PCI;
  return g_str_has_prefix (model, "virtio") || g_str_equal (model, "e1000e")
                 || g_str_equal (model, "igb") || g_str_equal (model, "vmxnet3")
             ? EXPRESS
             : CONVENTIONAL;
}

static Want
want_serial (gconstpointer device)
{
  const VireoSerialDef *serial = device;

  return serial->target != NULL && serial->target->type == VIREO_SERIAL_TARGET_TYPE_PCI_SERIAL
             ? CONVENTIONAL
             : NO_PCI;
}

static Want
want_input (gconstpointer device)
{
  return ((const VireoInputDef *) device)->bus == VIREO_INPUT_BUS_VIRTIO ? EXPRESS : NO_PCI;
}

static Want
want_sound (gconstpointer device)
{
  VireoSoundModel model = ((const VireoSoundDef *) device)->model;

  return model == VIREO_SOUND_MODEL_SB16 || model == VIREO_SOUND_MODEL_PCSPK
                 || model == VIREO_SOUND_MODEL_USB
             ? NO_PCI
             : CONVENTIONAL;
}

/* The first picture is the firmware's, which looks for it on the root bus. */
static Want
want_video (gconstpointer device)
{
  const VireoVideoDef *video = device;

  return video->model == NULL || video->model->type == VIREO_VIDEO_MODEL_TYPE_NONE
                 || video->model->type == VIREO_VIDEO_MODEL_TYPE_RAMFB
             ? NO_PCI
             : CONVENTIONAL;
}

static Want
want_watchdog (gconstpointer device)
{
  return ((const VireoWatchdogDef *) device)->model == VIREO_WATCHDOG_MODEL_I6300ESB ? CONVENTIONAL
                                                                                     : NO_PCI;
}

static Want
want_balloon (gconstpointer device)
{
  return ((const VireoMemballoonDef *) device)->model == VIREO_MEMBALLOON_MODEL_NONE ? NO_PCI
                                                                                     : EXPRESS;
}

static Want
want_rng (gconstpointer device)
{
  return EXPRESS;
}

static Want
want_panic (gconstpointer device)
{
  return ((const VireoPanicDef *) device)->model == VIREO_PANIC_MODEL_PVPANIC ? CONVENTIONAL
                                                                              : NO_PCI;
}

static Want (*const wants[VIREO_DEVICE_N_KINDS]) (gconstpointer device) = {
  [VIREO_DEVICE_DISK] = want_disk,         [VIREO_DEVICE_CONTROLLER] = want_controller,
  [VIREO_DEVICE_INTERFACE] = want_interface, [VIREO_DEVICE_SERIAL] = want_serial,
  [VIREO_DEVICE_INPUT] = want_input,       [VIREO_DEVICE_SOUND] = want_sound,
  [VIREO_DEVICE_VIDEO] = want_video,       [VIREO_DEVICE_WATCHDOG] = want_watchdog,
  [VIREO_DEVICE_MEMBALLOON] = want_balloon, [VIREO_DEVICE_RNG] = want_rng,
  [VIREO_DEVICE_PANIC] = want_panic,
};

static VireoAddressDef *
make_pci (guint bus, guint slot, guint function)
{
  VireoAddressDef *address = vireo_address_def_new ();

  address->type = VIREO_ADDRESS_TYPE_PCI;
  address->has_domain = TRUE;
  address->bus = bus;
  address->has_bus = TRUE;
  address->slot = slot;
  address->has_slot = TRUE;
  address->function = (guint8) function;
  address->has_function = TRUE;
  return address;
}

static void
take (Places *places, VireoDeviceKind kind, gpointer device, guint bus, guint slot, guint function)
{
  places->used[bus][slot] |= (guint8) (1u << function);
  *vireo_device_get_address_place (kind, device) = make_pci (bus, slot, function);
}

static gboolean
is_free (const Places *places, guint bus, guint slot, guint function)
{
  return (places->used[bus][slot] & (1u << function)) == 0;
}

static gboolean
needs_place (VireoDeviceKind kind, gconstpointer device)
{
  const VireoAddressDef *address = vireo_device_get_address (kind, device);

  return address == NULL || address->type == VIREO_ADDRESS_TYPE_UNSET;
}

/* What definitions say; two devices in one place are wrong everywhere. */
static VireoPostParseOutcome
reserve_written (Places *places)
{
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, places->def);
  while (vireo_device_iter_next (&iter))
    {
      const VireoAddressDef *address = vireo_device_get_address (iter.kind, iter.device);

      if (address == NULL || address->type != VIREO_ADDRESS_TYPE_PCI)
        continue;
      if (address->bus >= MAX_BUSES || address->slot >= N_SLOTS)
        return vireo_post_parse_invalid (places->context, "invalid-address",
                                         "There is no PCI slot %02x:%02x", address->bus,
                                         address->slot);
      if (!is_free (places, address->bus, address->slot, address->function))
        return vireo_post_parse_invalid (places->context, "address-in-use",
                                         "The PCI address %02x:%02x.%u is given to two devices",
                                         address->bus, address->slot, address->function);
      places->used[address->bus][address->slot] |= (guint8) (1u << address->function);
    }
  return VIREO_POST_PARSE_DONE;
}

/* What the chipsets have built in, and where ("Standard PC (i440FX + PIIX)", "ICH9"). */
static const struct
{
  gboolean q35;
  VireoControllerType type;
  VireoControllerModel model;
  guint slot;
  guint function;
} fixed[] = {
  { FALSE, VIREO_CONTROLLER_TYPE_IDE, VIREO_CONTROLLER_MODEL_UNSET, 0x01, 1 },
  { FALSE, VIREO_CONTROLLER_TYPE_USB, VIREO_CONTROLLER_MODEL_PIIX3_UHCI, 0x01, 2 },
  { TRUE, VIREO_CONTROLLER_TYPE_SATA, VIREO_CONTROLLER_MODEL_UNSET, 0x1f, 2 },
};

static void
place_built_in (Places *places)
{
  gboolean q35 = vireo_qemu_def_is_q35 (places->def);

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    {
      VireoControllerDef *controller;

      if (fixed[i].q35 != q35)
        continue;
      controller = vireo_qemu_def_find_controller (places->def, fixed[i].type, 0);
      if (controller != NULL && controller->model == fixed[i].model
          && needs_place (VIREO_DEVICE_CONTROLLER, controller))
        take (places, VIREO_DEVICE_CONTROLLER, controller, 0, fixed[i].slot, fixed[i].function);
    }
  places->used[0][0] = 0xff;
  if (q35)
    places->used[0][0x1f] = 0xff;
  else if (vireo_qemu_def_is_i440fx (places->def))
    places->used[0][1] = 0xff;
}

/* Firmware and guests expect the first video device where it always was. */
static void
place_video (Places *places)
{
  guint slot = vireo_qemu_def_is_i440fx (places->def) ? 2 : 1;

  if (places->def->n_videos > 0 && want_video (places->def->videos[0]) != NO_PCI
      && needs_place (VIREO_DEVICE_VIDEO, places->def->videos[0])
      && places->used[0][slot] == 0)
    take (places, VIREO_DEVICE_VIDEO, places->def->videos[0], 0, slot, 0);
  /* Kept for a video device that may come later. */
  places->used[0][slot] = 0xff;
}

static gboolean
find_root_slot (const Places *places, guint first, guint *ret_slot)
{
  for (guint slot = first; slot < N_SLOTS; slot++)
    if (places->used[0][slot] == 0)
      {
        *ret_slot = slot;
        return TRUE;
      }
  return FALSE;
}

static VireoPostParseOutcome
refuse_full (Places *places)
{
  return vireo_post_parse_invalid (places->context, "unsupported-bus-full",
                                   "There is no PCI slot left on the root bus");
}

static gboolean
has_express_user (const Places *places, guint bus)
{
  return places->used[bus][0] != 0;
}

/* A root port that is there and has nothing behind it. */
static VireoControllerDef *
find_empty_port (const Places *places)
{
  for (guint i = 0; i < places->def->n_controllers; i++)
    {
      VireoControllerDef *controller = places->def->controllers[i];

      if (controller->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT
          && controller->index < MAX_BUSES && !has_express_user (places, controller->index))
        return controller;
    }
  return NULL;
}

/* Ports share slots, eight functions each; the first of a slot says that there are more. */
static gboolean
place_port (Places *places, VireoControllerDef *port)
{
  for (guint slot = 2; slot < N_SLOTS; slot++)
    {
      gboolean ours = FALSE;
      guint function = 0;

      for (guint i = 0; i < places->def->n_controllers; i++)
        {
          const VireoControllerDef *other = places->def->controllers[i];

          ours = ours
                 || (other->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT
                     && other->address != NULL && other->address->bus == 0
                     && other->address->slot == slot && other->address->function == 0
                     && other->address->multifunction == VIREO_TRISTATE_YES);
        }
      if (!ours && places->used[0][slot] != 0)
        continue;
      while (function < N_FUNCTIONS && !is_free (places, 0, slot, function))
        function++;
      if (function == N_FUNCTIONS)
        continue;
      take (places, VIREO_DEVICE_CONTROLLER, port, 0, slot, function);
      if (function == 0)
        port->address->multifunction = VIREO_TRISTATE_YES;
      return TRUE;
    }
  return FALSE;
}

static guint
next_bus (const VireoDomainDef *def)
{
  guint next = 1;

  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == VIREO_CONTROLLER_TYPE_PCI)
      next = MAX (next, def->controllers[i]->index + 1);
  return next;
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

static VireoControllerDef *
add_port (Places *places)
{
  guint index = next_bus (places->def);
  VireoControllerDef *port;

  if (index >= MAX_BUSES)
    return NULL;
  port = vireo_controller_def_new ();
  port->type = VIREO_CONTROLLER_TYPE_PCI;
  port->model = VIREO_CONTROLLER_MODEL_PCIE_ROOT_PORT;
  port->index = index;
  port->has_index = TRUE;
  if (!place_port (places, port))
    {
      vireo_controller_def_free (port);
      return NULL;
    }
  complete_port (port);
  vireo_domain_def_add_controller (places->def, port);
  return port;
}

static VireoPostParseOutcome
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
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
place_device (Places *places, VireoDeviceKind kind, gpointer device)
{
  gboolean pcie = vireo_qemu_def_is_pcie (places->def);
  Want want = wants[kind] != NULL ? wants[kind](device) : NO_PCI;
  VireoControllerDef *port;
  guint slot;

  if (want == NO_PCI || !needs_place (kind, device))
    return VIREO_POST_PARSE_DONE;
  if (want == EXPRESS && pcie)
    {
      port = find_empty_port (places);
      if (port == NULL)
        port = add_port (places);
      if (port == NULL)
        return refuse_full (places);
      take (places, kind, device, port->index, 0, 0);
      return VIREO_POST_PARSE_DONE;
    }
  if (!find_root_slot (places, pcie ? 3 : 2, &slot))
    return refuse_full (places);
  take (places, kind, device, 0, slot, 0);
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
place_devices (Places *places)
{
  for (guint kind = 0; kind < VIREO_DEVICE_N_KINDS; kind++)
    for (guint i = 0; i < vireo_domain_def_n_devices (places->def, kind); i++)
      {
        VireoPostParseOutcome outcome = place_device (
            places, kind, vireo_domain_def_get_device (places->def, kind, i));

        if (outcome != VIREO_POST_PARSE_DONE)
          return outcome;
      }
  return VIREO_POST_PARSE_DONE;
}

VireoPostParseOutcome
vireo_qemu_post_parse_addresses (VireoPostParseContext *context)
{
  g_autofree Places *places = NULL;
  VireoPostParseOutcome outcome;

  if (context->environment == NULL
      || (!vireo_qemu_def_is_pcie (context->def) && !vireo_qemu_def_is_i440fx (context->def)))
    return VIREO_POST_PARSE_DONE;
  places = g_new0 (Places, 1);
  places->context = context;
  places->def = context->def;
  outcome = reserve_written (places);
  if (outcome != VIREO_POST_PARSE_DONE)
    return outcome;
  place_built_in (places);
  place_video (places);
  outcome = place_ports (places);
  return outcome == VIREO_POST_PARSE_DONE ? place_devices (places) : outcome;
}
