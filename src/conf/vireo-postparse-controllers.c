/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers: their numbers, and those that devices imply. */
#include "vireo-postparse-private.h"

/* The EHCI controller of an ICH9 and its three companions are one function each of one device, and
 * share a number. */
static const struct
{
  VireoControllerModel model;
  guint startport;
} companions[] = {
  { VIREO_CONTROLLER_MODEL_ICH9_UHCI1, 0 },
  { VIREO_CONTROLLER_MODEL_ICH9_UHCI2, 2 },
  { VIREO_CONTROLLER_MODEL_ICH9_UHCI3, 4 },
};

static gboolean
find_companion (VireoControllerModel model, guint *ret_startport)
{
  for (gsize i = 0; i < G_N_ELEMENTS (companions); i++)
    if (companions[i].model == model)
      {
        *ret_startport = companions[i].startport;
        return TRUE;
      }
  return FALSE;
}

static gboolean
is_ich9_usb (const VireoControllerDef *controller)
{
  guint startport;

  return controller->type == VIREO_CONTROLLER_TYPE_USB
         && (controller->model == VIREO_CONTROLLER_MODEL_ICH9_EHCI1
             || find_companion (controller->model, &startport));
}

static gboolean
is_pci_root (const VireoControllerDef *controller)
{
  return controller->type == VIREO_CONTROLLER_TYPE_PCI
         && (controller->model == VIREO_CONTROLLER_MODEL_PCI_ROOT
             || controller->model == VIREO_CONTROLLER_MODEL_PCIE_ROOT);
}

static VireoControllerDef *
find_controller (const VireoDomainDef *def, VireoControllerType type, guint index)
{
  for (guint i = 0; i < def->n_controllers; i++)
    {
      VireoControllerDef *controller = def->controllers[i];

      if (controller->type == type && controller->has_index && controller->index == index)
        return controller;
    }
  return NULL;
}

/* One of the first n + 1 numbers is free when there are n controllers. */
static guint
find_free_index (const VireoDomainDef *def, VireoControllerType type)
{
  g_autofree gboolean *used = g_new0 (gboolean, def->n_controllers + 1);
  /* PCI bus 0 is the root's, written or not. */
  guint index = type == VIREO_CONTROLLER_TYPE_PCI ? 1 : 0;

  for (guint i = 0; i < def->n_controllers; i++)
    {
      const VireoControllerDef *controller = def->controllers[i];

      if (controller->type == type && controller->has_index
          && controller->index <= def->n_controllers)
        used[controller->index] = TRUE;
    }
  while (index <= def->n_controllers && used[index])
    index++;
  return index;
}

static gboolean
has_model_with_index (const VireoDomainDef *def, VireoControllerModel model, guint index)
{
  for (guint i = 0; i < def->n_controllers; i++)
    {
      const VireoControllerDef *controller = def->controllers[i];

      if (controller->type == VIREO_CONTROLLER_TYPE_USB && controller->has_index
          && controller->index == index && controller->model == model)
        return TRUE;
    }
  return FALSE;
}

/* The number of the last such controller before @before, if the one there is still missing from its
 * group; otherwise a group of its own. */
static guint
find_ich9_index (const VireoDomainDef *def, guint before)
{
  const VireoControllerDef *wanted = def->controllers[before];

  for (guint i = before; i > 0; i--)
    {
      const VireoControllerDef *controller = def->controllers[i - 1];

      if (!is_ich9_usb (controller) || !controller->has_index)
        continue;
      if (!has_model_with_index (def, wanted->model, controller->index))
        return controller->index;
      break;
    }
  return find_free_index (def, VIREO_CONTROLLER_TYPE_USB);
}

/* No hypervisor comes near it; what follows compares each with each. */
#define MAX_DEVICES_OF_A_KIND 4096u

static VireoPostParseOutcome
check_numbers (VireoPostParseContext *context)
{
  for (guint kind = 0; kind < VIREO_DEVICE_N_KINDS; kind++)
    if (vireo_domain_def_n_devices (context->def, kind) > MAX_DEVICES_OF_A_KIND)
      return vireo_post_parse_invalid (context, "too-many-devices",
                                       "/domain/devices/%s: more than %u devices of one kind",
                                       vireo_device_kind_to_string (kind), MAX_DEVICES_OF_A_KIND);
  return VIREO_POST_PARSE_DONE;
}

VireoPostParseOutcome
vireo_post_parse_controllers (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;

  if (check_numbers (context) != VIREO_POST_PARSE_DONE)
    return VIREO_POST_PARSE_INVALID;
  for (guint i = 0; i < def->n_controllers; i++)
    {
      VireoControllerDef *controller = def->controllers[i];

      if (!controller->has_index)
        {
          if (is_pci_root (controller)
              && find_controller (def, VIREO_CONTROLLER_TYPE_PCI, 0) == NULL)
            controller->index = 0;
          else if (is_ich9_usb (controller))
            controller->index = find_ich9_index (def, i);
          else
            controller->index = find_free_index (def, controller->type);
          controller->has_index = TRUE;
        }
      if (controller->type == VIREO_CONTROLLER_TYPE_USB && !controller->has_master_startport
          && find_companion (controller->model, &controller->master_startport))
        controller->has_master_startport = TRUE;
    }
  return VIREO_POST_PARSE_DONE;
}

/* Among those of its type, in the order of their numbers; at the end when it is the first. */
void
vireo_post_parse_insert_controller (VireoDomainDef *def, VireoControllerDef *controller)
{
  guint at = def->n_controllers;
  gboolean beside = FALSE;

  for (guint i = 0; i < def->n_controllers; i++)
    {
      const VireoControllerDef *other = def->controllers[i];

      if (other->type != controller->type)
        continue;
      if (other->index > controller->index)
        {
          at = beside ? at : i;
          break;
        }
      at = i + 1;
      beside = TRUE;
    }
  vireo_domain_def_add_controller (def, controller);
  for (guint i = def->n_controllers - 1; i > at; i--)
    def->controllers[i] = def->controllers[i - 1];
  def->controllers[at] = controller;
}

static const struct
{
  VireoDiskBus bus;
  VireoControllerType type;
} disk_controllers[] = {
  { VIREO_DISK_BUS_IDE, VIREO_CONTROLLER_TYPE_IDE },
  { VIREO_DISK_BUS_FDC, VIREO_CONTROLLER_TYPE_FDC },
  { VIREO_DISK_BUS_SCSI, VIREO_CONTROLLER_TYPE_SCSI },
  { VIREO_DISK_BUS_SATA, VIREO_CONTROLLER_TYPE_SATA },
};

/* The most controllers that one device may imply: a number such as 4294967295 in an address must
 * not be answered with four billion controllers. */
#define MAX_IMPLIED 1024u

static VireoPostParseOutcome
require_controllers (VireoPostParseContext *context, VireoControllerType type, guint max_index)
{
  VireoPostParseOutcome worst = VIREO_POST_PARSE_DONE;

  if (max_index >= MAX_IMPLIED)
    return vireo_post_parse_invalid (context, "controller-out-of-range",
                                     "%s controller %u is out of range: at most %u",
                                     vireo_controller_type_to_string (type), max_index,
                                     MAX_IMPLIED - 1);
  for (guint index = 0; index <= max_index; index++)
    {
      VireoControllerDef *controller;
      VireoPostParseOutcome outcome;

      if (find_controller (context->def, type, index) != NULL)
        continue;
      controller = vireo_controller_def_new ();
      controller->type = type;
      controller->index = index;
      controller->has_index = TRUE;
      outcome = vireo_post_parse_add_device (context, VIREO_DEVICE_CONTROLLER, controller);
      worst = MAX (worst, outcome);
    }
  return worst;
}

/* The highest controller number among the addresses of one type; FALSE without any. */
typedef struct
{
  guint max_index;
  gboolean any;
} Needed;

static void
need (Needed *needed, const VireoAddressDef *address, VireoAddressType type)
{
  guint index = 0;

  if (address != NULL && address->type == type)
    index = address->controller;
  else if (address != NULL && address->type != VIREO_ADDRESS_TYPE_UNSET)
    return;
  needed->max_index = MAX (needed->max_index, index);
  needed->any = TRUE;
}

static VireoPostParseOutcome
require_needed (VireoPostParseContext *context, VireoControllerType type, const Needed *needed)
{
  return needed->any ? require_controllers (context, type, needed->max_index)
                     : VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
require_for_disks (VireoPostParseContext *context)
{
  const VireoDomainDef *def = context->def;
  VireoPostParseOutcome worst = VIREO_POST_PARSE_DONE;

  for (gsize t = 0; t < G_N_ELEMENTS (disk_controllers); t++)
    {
      Needed needed = { 0 };
      VireoPostParseOutcome outcome;

      for (guint i = 0; i < def->n_disks; i++)
        {
          const VireoDiskDef *disk = def->disks[i];

          if (disk->target != NULL && disk->target->bus == disk_controllers[t].bus
              && disk->address != NULL)
            need (&needed, disk->address, VIREO_ADDRESS_TYPE_DRIVE);
        }
      for (guint i = 0; i < def->n_hostdevs; i++)
        if (disk_controllers[t].bus == VIREO_DISK_BUS_SCSI
            && def->hostdevs[i]->type == VIREO_HOSTDEV_TYPE_SCSI
            && def->hostdevs[i]->address != NULL)
          need (&needed, def->hostdevs[i]->address, VIREO_ADDRESS_TYPE_DRIVE);
      outcome = require_needed (context, disk_controllers[t].type, &needed);
      worst = MAX (worst, outcome);
    }
  return worst;
}

static VireoPostParseOutcome
require_for_virtio_serial (VireoPostParseContext *context)
{
  const VireoDomainDef *def = context->def;
  Needed needed = { 0 };

  for (guint i = 0; i < def->n_channels; i++)
    if (def->channels[i]->target != NULL
        && def->channels[i]->target->type == VIREO_CHANNEL_TARGET_TYPE_VIRTIO)
      need (&needed, def->channels[i]->address, VIREO_ADDRESS_TYPE_VIRTIO_SERIAL);
  for (guint i = 0; i < def->n_consoles; i++)
    if (def->consoles[i]->target != NULL
        && def->consoles[i]->target->type == VIREO_CONSOLE_TARGET_TYPE_VIRTIO)
      need (&needed, def->consoles[i]->address, VIREO_ADDRESS_TYPE_VIRTIO_SERIAL);
  return require_needed (context, VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL, &needed);
}

static VireoPostParseOutcome
require_for_smartcards (VireoPostParseContext *context)
{
  const VireoDomainDef *def = context->def;
  Needed needed = { 0 };

  for (guint i = 0; i < def->n_smartcards; i++)
    need (&needed, def->smartcards[i]->address, VIREO_ADDRESS_TYPE_CCID);
  return require_needed (context, VIREO_CONTROLLER_TYPE_CCID, &needed);
}

VireoPostParseOutcome
vireo_post_parse_implicit_controllers (VireoPostParseContext *context)
{
  VireoPostParseOutcome worst = require_for_disks (context);
  VireoPostParseOutcome outcome = require_for_virtio_serial (context);

  worst = MAX (worst, outcome);
  outcome = require_for_smartcards (context);
  return MAX (worst, outcome);
}
