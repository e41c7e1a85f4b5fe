/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for devices, beyond those of the schema. */
#include "vireo-postparse-private.h"
#include "vireo-validate.h"

#include <string.h>

/* --- controllers --- */

static gboolean
is_ich9_usb (VireoControllerModel model)
{
  return model >= VIREO_CONTROLLER_MODEL_ICH9_EHCI1 && model <= VIREO_CONTROLLER_MODEL_ICH9_UHCI3;
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
      keys[i] = (gint64) controller->type << 48 | (gint64) companion << 32 | controller->index;
      if (controller->has_index && !g_hash_table_add (seen, &keys[i]))
        vireo_validate_add_device (problems, VIREO_DEVICE_CONTROLLER, i, controller, "@index",
                                   "duplicate-controller",
                                   "another %s controller has the number %u too",
                                   vireo_controller_type_to_string (controller->type),
                                   controller->index);
    }
  if (usb_off && n_usb > 1)
    vireo_validate_add (problems, "usb-off",
                        "/domain/devices/controller USB is switched off by the model \"none\", but "
                        "there is another USB controller");
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
check_hostdevs (const VireoDomainDef *def, GPtrArray *problems)
{
  /* Compared with each other: post-parse refuses absurd numbers. */
  guint n = MIN (def->n_hostdevs, 4096u);

  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < i; j++)
      if (same_hostdev (def->hostdevs[i], def->hostdevs[j]))
        {
          vireo_validate_add_device (problems, VIREO_DEVICE_HOSTDEV, i, def->hostdevs[i], "source",
                                     "duplicate-hostdev", "hostdev[%u] is the same device", j + 1);
          break;
        }
}

/* --- sound --- */

static void
check_audios (const VireoDomainDef *def, GPtrArray *problems)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < def->n_audios; i++)
    g_hash_table_add (ids, GUINT_TO_POINTER (def->audios[i]->id));
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

/* A SCSI disk has the place that its name says; a host device cannot be there too. */
static void
check_disk_places (const VireoDomainDef *def, const VireoDiskDef *disk, guint i,
                   GPtrArray *problems)
{
  guint number;

  if (disk->address != NULL || disk->target == NULL || disk->target->bus != VIREO_DISK_BUS_SCSI
      || !vireo_disk_name_to_index (disk->target->dev, &number) || number > 6)
    return;
  for (guint h = 0; h < MIN (def->n_hostdevs, 4096u); h++)
    {
      const VireoAddressDef *address = def->hostdevs[h]->address;

      if (address != NULL && address->type == VIREO_ADDRESS_TYPE_DRIVE && address->has_unit
          && address->controller == 0 && address->bus == 0 && address->target == 0
          && address->unit == number)
        vireo_validate_add_device (problems, VIREO_DEVICE_DISK, i, disk, "target/@dev",
                                   "address-in-use", "hostdev[%u] is at the place of \"%s\"",
                                   h + 1, disk->target->dev);
    }
}

static void
check_places (const VireoDomainDef *def, GPtrArray *problems)
{
  for (guint i = 0; i < MIN (def->n_disks, 4096u); i++)
    check_disk_places (def, def->disks[i], i, problems);
}

static gboolean
is_usb_off (const VireoDomainDef *def)
{
  for (guint i = 0; i < def->n_controllers; i++)
    if (def->controllers[i]->type == VIREO_CONTROLLER_TYPE_USB
        && def->controllers[i]->model == VIREO_CONTROLLER_MODEL_NONE)
      return TRUE;
  return FALSE;
}

static gboolean
is_usb (VireoDeviceKind kind, gconstpointer device)
{
  if (kind == VIREO_DEVICE_REDIRDEV || kind == VIREO_DEVICE_HUB)
    return TRUE;
  if (kind == VIREO_DEVICE_INPUT)
    return ((const VireoInputDef *) device)->bus == VIREO_INPUT_BUS_USB;
  return kind == VIREO_DEVICE_HOSTDEV
         && ((const VireoHostdevDef *) device)->type == VIREO_HOSTDEV_TYPE_USB;
}

static void
check_usb (const VireoDomainDef *def, GPtrArray *problems)
{
  VireoDeviceIter iter;

  if (!is_usb_off (def))
    return;
  vireo_device_iter_init (&iter, def);
  while (vireo_device_iter_next (&iter))
    if (is_usb (iter.kind, iter.device))
      vireo_validate_add_device (problems, iter.kind, iter.index, iter.device, NULL, "usb-off",
                                 "USB is switched off by a controller of the model \"none\"");
}

const VireoValidateRule vireo_validate_device_rules[] = {
  check_controllers, check_hostdevs, check_audios, check_aliases, check_places, check_usb, NULL,
};
