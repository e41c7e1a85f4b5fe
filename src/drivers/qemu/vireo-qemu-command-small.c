/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound, and devices with few options. */
#include "vireo-qemu-build.h"

#include "conf/vireo-device.h"

/* --- sound --- */

static JsonObject *
make_audiodev (guint id, const char *driver)
{
  g_autofree char *name = g_strdup_printf ("audio%u", id);
  JsonObject *audiodev = json_object_new ();

  json_object_set_string_member (audiodev, "id", name);
  json_object_set_string_member (audiodev, "driver", driver);
  return audiodev;
}

static gboolean
has_audio (const VireoDomainDef *def, guint id)
{
  for (guint i = 0; i < def->n_audios; i++)
    if (def->audios[i]->id == id)
      return TRUE;
  return FALSE;
}

/* Guests run as a user without a desktop, so that its sound goes to a display, or nowhere. A sound
 * device without a backend gets one that is silent. */
gboolean
vireo_qemu_build_audio (VireoQemuBuild *build, GError **error)
{
  const VireoDomainDef *def = build->def;

  for (guint i = 0; i < def->n_audios; i++)
    {
      const VireoAudioDef *audio = def->audios[i];

      if (audio->type != VIREO_AUDIO_TYPE_NONE && audio->type != VIREO_AUDIO_TYPE_SPICE)
        return vireo_qemu_unsupported (error, "<audio type='%s'> is not supported",
                                       vireo_audio_type_to_string (audio->type));
      vireo_qemu_build_json (build, "-audiodev",
                             make_audiodev (audio->id, vireo_audio_type_to_string (audio->type)));
    }
  if (def->n_sounds > 0 && !has_audio (def, 1))
    vireo_qemu_build_json (build, "-audiodev", make_audiodev (1, "none"));
  return TRUE;
}

static const struct
{
  VireoSoundModel model;
  const char *driver;
  gboolean has_codecs;
} sound_models[] = {
  { VIREO_SOUND_MODEL_ICH6, "intel-hda", TRUE },
  { VIREO_SOUND_MODEL_ICH9, "ich9-intel-hda", TRUE },
  { VIREO_SOUND_MODEL_AC97, "AC97", FALSE },
  { VIREO_SOUND_MODEL_ES1370, "ES1370", FALSE },
  { VIREO_SOUND_MODEL_SB16, "sb16", FALSE },
  { VIREO_SOUND_MODEL_USB, "usb-audio", FALSE },
};

static void
set_audiodev (const VireoSoundDef *sound, JsonObject *device)
{
  g_autofree char *name = g_strdup_printf ("audio%u", sound->has_audio_id ? sound->audio_id : 1);

  json_object_set_string_member (device, "audiodev", name);
}

static gboolean
add_codec (VireoQemuBuild *build, const VireoSoundDef *sound, guint index, VireoSoundCodecType type,
           const char *what, GError **error)
{
  g_autofree char *driver
      = g_strdup_printf ("hda-%s", type == VIREO_SOUND_CODEC_TYPE_UNSET
                                       ? "duplex"
                                       : vireo_sound_codec_type_to_string (type));
  g_autofree char *id = g_strdup_printf ("%s-codec%u", sound->alias, index);
  g_autofree char *bus = g_strdup_printf ("%s.0", sound->alias);
  JsonObject *device = vireo_qemu_json_device (driver, id);

  json_object_set_string_member (device, "bus", bus);
  json_object_set_int_member (device, "cad", index);
  set_audiodev (sound, device);
  return vireo_qemu_build_device (build, device, what, error);
}

static gboolean
add_codecs (VireoQemuBuild *build, const VireoSoundDef *sound, const char *what, GError **error)
{
  if (sound->n_codecs == 0)
    return add_codec (build, sound, 0, VIREO_SOUND_CODEC_TYPE_DUPLEX, what, error);
  for (guint i = 0; i < sound->n_codecs; i++)
    if (!add_codec (build, sound, i, sound->codecs[i]->type, what, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_sound (VireoQemuBuild *build, const VireoSoundDef *sound, gsize row, GError **error)
{
  g_autofree char *what = g_strdup_printf ("The sound device '%s'", sound->alias);
  JsonObject *device = vireo_qemu_json_device (sound_models[row].driver, sound->alias);
  gboolean placed = TRUE;

  if (sound->model == VIREO_SOUND_MODEL_USB)
    {
      vireo_qemu_build_usb_place (build, device, sound->address);
      vireo_qemu_json_switch (device, "multi", sound->multichannel);
    }
  else if (sound->model != VIREO_SOUND_MODEL_SB16)
    placed = vireo_qemu_build_place (build, device, sound->address, error);
  if (!placed)
    {
      json_object_unref (device);
      return FALSE;
    }
  if (!sound_models[row].has_codecs)
    set_audiodev (sound, device);
  if (!vireo_qemu_build_device (build, device, what, error))
    return FALSE;
  return !sound_models[row].has_codecs || add_codecs (build, sound, what, error);
}

gboolean
vireo_qemu_build_sounds (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_sounds; i++)
    {
      const VireoSoundDef *sound = build->def->sounds[i];
      gsize row = 0;

      /* The speaker is the machine's. */
      if (sound->model == VIREO_SOUND_MODEL_PCSPK && vireo_qemu_build_is_x86 (build))
        continue;
      while (row < G_N_ELEMENTS (sound_models) && sound_models[row].model != sound->model)
        row++;
      if (row == G_N_ELEMENTS (sound_models))
        return vireo_qemu_unsupported (error, "<sound model='%s'> is not supported",
                                       vireo_sound_model_to_string (sound->model));
      if (!add_sound (build, sound, row, error))
        return FALSE;
    }
  return TRUE;
}

/* --- random numbers --- */

static gboolean
add_rng_backend (VireoQemuBuild *build, const VireoRngDef *rng, const char *id, GError **error)
{
  JsonObject *object;

  if (rng->backend->model == VIREO_RNG_BACKEND_MODEL_EGD)
    return vireo_qemu_unsupported (error, "<rng><backend model='egd'> is not supported");
  object = json_object_new ();
  if (rng->backend->model == VIREO_RNG_BACKEND_MODEL_BUILTIN)
    json_object_set_string_member (object, "qom-type", "rng-builtin");
  else
    json_object_set_string_member (object, "qom-type", "rng-random");
  json_object_set_string_member (object, "id", id);
  if (rng->backend->model == VIREO_RNG_BACKEND_MODEL_RANDOM)
    json_object_set_string_member (object, "filename",
                                   rng->backend->path != NULL ? rng->backend->path
                                                              : "/dev/urandom");
  vireo_qemu_build_json (build, "-object", object);
  return TRUE;
}

static gboolean
add_rng (VireoQemuBuild *build, gconstpointer data, GError **error)
{
  const VireoRngDef *rng = data;
  g_autofree char *id = g_strdup_printf ("obj%s", rng->alias);
  g_autofree char *what = g_strdup_printf ("The random number generator '%s'", rng->alias);
  g_autofree char *driver = vireo_qemu_build_virtio_driver (
      build, "virtio-rng", vireo_qemu_virtio_variant (vireo_rng_model_to_string (rng->model)));
  JsonObject *device;

  if (rng->backend == NULL)
    return vireo_qemu_unsupported (error, "%s has no <backend>", what);
  if (!add_rng_backend (build, rng, id, error))
    return FALSE;
  device = vireo_qemu_json_device (driver, rng->alias);
  json_object_set_string_member (device, "rng", id);
  if (rng->rate != NULL)
    {
      json_object_set_int_member (device, "max-bytes", rng->rate->bytes);
      json_object_set_int_member (device, "period",
                                  rng->rate->has_period ? rng->rate->period : 1000);
    }
  vireo_qemu_build_virtio_options (device, rng->driver_iommu, rng->driver_ats, rng->driver_packed,
                                   rng->driver_page_per_vq);
  if (!vireo_qemu_build_place (build, device, rng->address, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  return vireo_qemu_build_device (build, device, what, error);
}

/* --- memory balloon --- */

static void
add_balloon_steps (VireoQemuBuild *build, const VireoMemballoonDef *balloon)
{
  const VireoDomainDef *def = build->def;
  JsonObject *arguments;

  if (balloon->has_stats_period && balloon->stats_period > 0)
    {
      g_autofree char *path = g_strdup_printf ("/machine/peripheral/%s", balloon->alias);

      arguments = json_object_new ();
      json_object_set_string_member (arguments, "path", path);
      json_object_set_string_member (arguments, "property", "guest-stats-polling-interval");
      json_object_set_int_member (arguments, "value", balloon->stats_period);
      vireo_qemu_build_step (build, "qom-set", arguments);
    }
  if (def->has_current_memory && def->current_memory < def->memory)
    {
      arguments = json_object_new ();
      json_object_set_int_member (arguments, "value", (gint64) def->current_memory * 1024);
      vireo_qemu_build_step (build, "balloon", arguments);
    }
}

static gboolean
add_balloon (VireoQemuBuild *build, gconstpointer data, GError **error)
{
  const VireoMemballoonDef *balloon = data;
  const char *model = vireo_memballoon_model_to_string (balloon->model);
  g_autofree char *driver = NULL;
  JsonObject *device;

  if (balloon->model == VIREO_MEMBALLOON_MODEL_NONE)
    return TRUE;
  if (balloon->model == VIREO_MEMBALLOON_MODEL_XEN)
    return vireo_qemu_unsupported (error, "<memballoon model='xen'> is not supported");
  driver = vireo_qemu_build_virtio_driver (build, "virtio-balloon",
                                           vireo_qemu_virtio_variant (model));
  device = vireo_qemu_json_device (driver, balloon->alias);
  vireo_qemu_json_switch (device, "deflate-on-oom", balloon->autodeflate);
  vireo_qemu_json_switch (device, "free-page-reporting", balloon->free_page_reporting);
  vireo_qemu_build_virtio_options (device, balloon->driver_iommu, balloon->driver_ats,
                                   balloon->driver_packed, balloon->driver_page_per_vq);
  if (!vireo_qemu_build_place (build, device, balloon->address, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  if (!vireo_qemu_build_device (build, device, "The memory balloon", error))
    return FALSE;
  add_balloon_steps (build, balloon);
  return TRUE;
}

/* --- watchdogs --- */

static const struct
{
  VireoWatchdogAction action;
  const char *value;
} watchdog_actions[] = {
  { VIREO_WATCHDOG_ACTION_UNSET, "reset" },
  { VIREO_WATCHDOG_ACTION_RESET, "reset" },
  { VIREO_WATCHDOG_ACTION_SHUTDOWN, "shutdown" },
  { VIREO_WATCHDOG_ACTION_POWEROFF, "poweroff" },
  { VIREO_WATCHDOG_ACTION_PAUSE, "pause" },
  { VIREO_WATCHDOG_ACTION_NONE, "none" },
  { VIREO_WATCHDOG_ACTION_INJECT_NMI, "inject-nmi" },
};

static gboolean
add_watchdog_action (VireoQemuBuild *build, const VireoWatchdogDef *watchdog, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (watchdog_actions); i++)
    if (watchdog_actions[i].action == watchdog->action)
      {
        g_autofree char *value = g_strconcat ("watchdog=", watchdog_actions[i].value, NULL);

        vireo_qemu_build_arg (build, "-action", value);
        return TRUE;
      }
  return vireo_qemu_unsupported (error, "<watchdog action='%s'> is not supported",
                                 vireo_watchdog_action_to_string (watchdog->action));
}

static gboolean
add_watchdog (VireoQemuBuild *build, gconstpointer data, GError **error)
{
  const VireoWatchdogDef *watchdog = data;
  const char *model = vireo_watchdog_model_to_string (watchdog->model);
  JsonObject *device;

  if (!add_watchdog_action (build, watchdog, error))
    return FALSE;
  /* The chipset's own only has to be told that it may reset. */
  if (watchdog->model == VIREO_WATCHDOG_MODEL_ITCO)
    {
      if (!vireo_qemu_build_is_q35 (build))
        return vireo_qemu_unsupported (error, "<watchdog model='itco'> needs machine type q35");
      vireo_qemu_build_arg (build, "-global", "ICH9-LPC.noreboot=off");
      return TRUE;
    }
  device = vireo_qemu_json_device (model, watchdog->alias);
  if (watchdog->model == VIREO_WATCHDOG_MODEL_I6300ESB
      && !vireo_qemu_build_place (build, device, watchdog->address, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  return vireo_qemu_build_device (build, device, "The watchdog", error);
}

/* --- the rest --- */

static gboolean
add_panic (VireoQemuBuild *build, gconstpointer data, GError **error)
{
  const VireoPanicDef *panic = data;
  JsonObject *device;

  if (panic->model != VIREO_PANIC_MODEL_ISA && panic->model != VIREO_PANIC_MODEL_PVPANIC)
    return vireo_qemu_unsupported (error, "<panic model='%s'> is not supported",
                                   vireo_panic_model_to_string (panic->model));
  device = vireo_qemu_json_device (
      panic->model == VIREO_PANIC_MODEL_ISA ? "pvpanic" : "pvpanic-pci", panic->alias);
  if (panic->model == VIREO_PANIC_MODEL_ISA && panic->address != NULL
      && panic->address->has_iobase)
    json_object_set_int_member (device, "ioport", panic->address->iobase);
  if (panic->model == VIREO_PANIC_MODEL_PVPANIC
      && !vireo_qemu_build_place (build, device, panic->address, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  return vireo_qemu_build_device (build, device, "The panic device", error);
}

static gboolean
add_hub (VireoQemuBuild *build, gconstpointer data, GError **error)
{
  const VireoHubDef *hub = data;
  JsonObject *device = vireo_qemu_json_device ("usb-hub", hub->alias);

  vireo_qemu_build_usb_place (build, device, hub->address);
  return vireo_qemu_build_device (build, device, "The USB hub", error);
}

/* A kind that is in neither this table nor built elsewhere was refused by vireo_qemu_validate(). */
static gboolean (*const builders[VIREO_DEVICE_N_KINDS]) (VireoQemuBuild *build,
                                                         gconstpointer device, GError **error)
    = {
        [VIREO_DEVICE_HUB] = add_hub,
        [VIREO_DEVICE_WATCHDOG] = add_watchdog,
        [VIREO_DEVICE_MEMBALLOON] = add_balloon,
        [VIREO_DEVICE_RNG] = add_rng,
        [VIREO_DEVICE_PANIC] = add_panic,
      };

gboolean
vireo_qemu_build_rng (VireoQemuBuild *build, guint index, GError **error)
{
  return add_rng (build, build->def->rngs[index], error);
}

gboolean
vireo_qemu_build_small_devices (VireoQemuBuild *build, GError **error)
{
  const VireoFeaturesDef *features = build->def->features;
  VireoDeviceIter iter;

  vireo_device_iter_init (&iter, build->def);
  while (vireo_device_iter_next (&iter))
    if (builders[iter.kind] != NULL && !builders[iter.kind](build, iter.device, error))
      return FALSE;
  if (features != NULL && features->vmcoreinfo != NULL
      && features->vmcoreinfo->state != VIREO_TRISTATE_NO)
    return vireo_qemu_build_device (build, vireo_qemu_json_device ("vmcoreinfo", NULL),
                                    "<features><vmcoreinfo>", error);
  return TRUE;
}
