/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that follow from others, and the check of what a driver can do. */
#include "vireo-postparse-private.h"

/* --- graphics need a video device --- */

static VireoPostParseOutcome
add_video (VireoPostParseContext *context)
{
  VireoVideoDef *video;

  if (context->def->n_graphics == 0 || context->def->n_videos > 0)
    return VIREO_POST_PARSE_DONE;
  video = vireo_video_def_new ();
  video->model = vireo_video_model_def_new ();
  video->model->type = VIREO_VIDEO_MODEL_TYPE_DEFAULT;
  return vireo_post_parse_add_device (context, VIREO_DEVICE_VIDEO, video);
}

/* The primary one is the first: that is where hypervisors look for it. */
static void
order_videos (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;
  guint primary = 0;

  for (guint i = 0; i < def->n_videos; i++)
    if (def->videos[i]->model != NULL && def->videos[i]->model->primary == VIREO_TRISTATE_YES)
      {
        primary = i;
        break;
      }
  if (primary > 0 && !context->existing)
    {
      VireoVideoDef *video = def->videos[primary];

      for (guint i = primary; i > 0; i--)
        def->videos[i] = def->videos[i - 1];
      def->videos[0] = video;
      primary = 0;
    }
  if (def->n_videos == 0 || def->videos[primary]->model == NULL
      || def->videos[primary]->model->type == VIREO_VIDEO_MODEL_TYPE_NONE)
    return;
  if (def->videos[primary]->model->primary == VIREO_TRISTATE_UNSET)
    def->videos[primary]->model->primary = VIREO_TRISTATE_YES;
}

/* --- sound --- */

static const struct
{
  VireoGraphicsType graphics;
  VireoAudioType audio;
} audio_of_graphics[] = {
  { VIREO_GRAPHICS_TYPE_SPICE, VIREO_AUDIO_TYPE_SPICE },
  { VIREO_GRAPHICS_TYPE_SDL, VIREO_AUDIO_TYPE_SDL },
  { VIREO_GRAPHICS_TYPE_VNC, VIREO_AUDIO_TYPE_NONE },
  { VIREO_GRAPHICS_TYPE_DBUS, VIREO_AUDIO_TYPE_DBUS },
};

/* Sound goes where the picture goes: of several, to SPICE first, then to a window. */
static VireoPostParseOutcome
add_audio (VireoPostParseContext *context)
{
  VireoDomainDef *def = context->def;
  VireoAudioDef *audio;
  VireoAudioType type = VIREO_AUDIO_TYPE_NONE;

  if ((context->ops->features & VIREO_POST_PARSE_AUDIO) == 0 || def->n_audios > 0)
    return VIREO_POST_PARSE_DONE;
  for (gsize row = G_N_ELEMENTS (audio_of_graphics); row > 0; row--)
    for (guint i = 0; i < def->n_graphics; i++)
      if (def->graphics[i]->type == audio_of_graphics[row - 1].graphics
          && audio_of_graphics[row - 1].audio != VIREO_AUDIO_TYPE_NONE)
        type = audio_of_graphics[row - 1].audio;

  audio = vireo_audio_def_new ();
  audio->id = 1;
  audio->has_id = TRUE;
  audio->type = type;
  return vireo_post_parse_add_device (context, VIREO_DEVICE_AUDIO, audio);
}

VireoPostParseOutcome
vireo_post_parse_implicit (VireoPostParseContext *context)
{
  VireoPostParseOutcome worst;
  VireoPostParseOutcome outcome;

  vireo_post_parse_domain_defaults (context);
  vireo_post_parse_serial_console (context);
  worst = add_video (context);
  order_videos (context);
  outcome = add_audio (context);
  worst = MAX (worst, outcome);
  outcome = vireo_post_parse_implicit_controllers (context);
  return MAX (worst, outcome);
}

/* --- what the driver can do --- */

static gboolean
uses_memory_hotplug (const VireoDomainDef *def)
{
  return def->n_memory_devices > 0 || def->has_max_memory;
}

static gboolean
uses_individual_vcpus (const VireoDomainDef *def)
{
  return def->n_vcpu_states > 0;
}

static gboolean
uses_firmware_auto (const VireoDomainDef *def)
{
  return def->os != NULL && def->os->firmware != VIREO_OS_FIRMWARE_UNSET;
}

/* Pinning of processors that are not there at start is kept for when they come. */
static gboolean
uses_offline_vcpupin (const VireoDomainDef *def)
{
  guint online = def->has_vcpu_current ? def->vcpu_current : def->vcpus;

  if (def->cputune == NULL || def->n_vcpu_states > 0 || !def->has_vcpus)
    return FALSE;
  for (guint i = 0; i < def->cputune->n_vcpupins; i++)
    if (def->cputune->vcpupins[i]->vcpu >= online)
      return TRUE;
  return FALSE;
}

static const struct
{
  VireoPostParseFeatures feature;
  gboolean (*uses) (const VireoDomainDef *def);
  const char *code;
  const char *path;
  const char *what;
} checks[] = {
  { VIREO_POST_PARSE_MEMORY_HOTPLUG, uses_memory_hotplug, "unsupported-memory-hotplug",
    "/domain/maxMemory", "memory that can be plugged in" },
  { VIREO_POST_PARSE_INDIVIDUAL_VCPUS, uses_individual_vcpus, "unsupported-individual-vcpus",
    "/domain/vcpus", "processors that are switched on one by one" },
  { VIREO_POST_PARSE_FIRMWARE_AUTO, uses_firmware_auto, "unsupported-firmware-selection",
    "/domain/os/@firmware", "choosing the firmware by itself" },
  { VIREO_POST_PARSE_OFFLINE_VCPUPIN, uses_offline_vcpupin, "unsupported-offline-vcpupin",
    "/domain/cputune/vcpupin", "pinning of processors that are not switched on" },
};

VireoPostParseOutcome
vireo_post_parse_features (VireoPostParseContext *context)
{
  VireoPostParseOutcome worst = VIREO_POST_PARSE_DONE;

  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    if ((context->ops->features & checks[i].feature) == 0 && checks[i].uses (context->def))
      worst = vireo_post_parse_invalid (context, checks[i].code,
                                        "%s: this hypervisor cannot do that: %s", checks[i].path,
                                        checks[i].what);
  return worst;
}
