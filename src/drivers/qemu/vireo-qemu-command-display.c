/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person sees and touches: graphics, video, input. */
#include "vireo-qemu-build.h"

#include <string.h>

#define VNC_FIRST_PORT 5900

static const VireoGraphicsListenDef *
first_listen (const VireoGraphicsDef *graphics)
{
  return graphics->n_listens > 0 ? graphics->listens[0] : NULL;
}

static const char *
listen_address (const VireoGraphicsDef *graphics)
{
  const VireoGraphicsListenDef *listen = first_listen (graphics);

  if (listen != NULL && listen->address != NULL)
    return listen->address;
  return graphics->listen != NULL ? graphics->listen : "127.0.0.1";
}

static gboolean
check_listen (const VireoGraphicsDef *graphics, GError **error)
{
  if (graphics->n_listens > 1)
    return vireo_qemu_unsupported (error, "<graphics>: more than one <listen> is not supported");
  if (graphics->n_listens == 1
      && graphics->listens[0]->type == VIREO_GRAPHICS_LISTEN_TYPE_NETWORK
      && graphics->listens[0]->address == NULL)
    return vireo_qemu_unsupported (error, "<graphics><listen type='network'> is not supported");
  return TRUE;
}

/* The path of a socket; one that is not named is in the guest's own folder. NULL: it is none. */
static char *
socket_path (VireoQemuBuild *build, const VireoGraphicsDef *graphics, const char *name)
{
  const VireoGraphicsListenDef *listen = first_listen (graphics);

  if (listen != NULL && listen->type == VIREO_GRAPHICS_LISTEN_TYPE_SOCKET)
    return listen->socket != NULL ? g_strdup (listen->socket)
                                  : g_build_filename (build->resources->runtime_dir, name, NULL);
  return g_strdup (graphics->socket);
}

static gboolean
listens_nowhere (const VireoGraphicsDef *graphics)
{
  const VireoGraphicsListenDef *listen = first_listen (graphics);

  return listen != NULL && listen->type == VIREO_GRAPHICS_LISTEN_TYPE_NONE;
}

/* QEMU counts displays from port 5900; without a port it looks for a free one itself, which
 * query-vnc tells. */
static gboolean
add_vnc_address (const VireoGraphicsDef *graphics, GString *options, GError **error)
{
  const char *address = listen_address (graphics);
  gboolean automatic = !graphics->has_port || graphics->port <= 0;
  gboolean ipv6 = strchr (address, ':') != NULL;
  g_autofree char *display = NULL;

  if (!automatic && graphics->port < VNC_FIRST_PORT)
    return vireo_qemu_unsupported (error, "<graphics port='%d'>: VNC's ports begin at %d",
                                   graphics->port, VNC_FIRST_PORT);
  display = g_strdup_printf (ipv6 ? "[%s]:%d" : "%s:%d", address,
                             automatic ? 0 : graphics->port - VNC_FIRST_PORT);
  vireo_qemu_opt_add (options, "vnc", display);
  if (automatic)
    vireo_qemu_opt_add_uint (options, "to", 1000);
  if (graphics->has_websocket && graphics->websocket > 0)
    vireo_qemu_opt_add_uint (options, "websocket", (guint64) graphics->websocket);
  else if (graphics->has_websocket && graphics->websocket < 0)
    vireo_qemu_opt_add (options, "websocket", "on");
  return TRUE;
}

/* Passwords are set over QMP: arguments can be seen by everybody on the host. */
static void
add_password (VireoQemuBuild *build, const char *protocol, const VireoGraphicsDef *graphics)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "protocol", protocol);
  json_object_set_string_member (arguments, "password", graphics->passwd);
  if (graphics->connected != VIREO_GRAPHICS_CONNECTED_UNSET)
    json_object_set_string_member (arguments, "connected",
                                   vireo_graphics_connected_to_string (graphics->connected));
  vireo_qemu_build_step (build, "set_password", arguments);
}

static gboolean
add_password_end (VireoQemuBuild *build, const char *protocol, const VireoGraphicsDef *graphics,
                  GError **error)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) end = NULL;
  g_autofree char *seconds = NULL;
  JsonObject *arguments;

  if (graphics->passwd_valid_to == NULL)
    return TRUE;
  end = g_date_time_new_from_iso8601 (graphics->passwd_valid_to, utc);
  if (end == NULL)
    return vireo_qemu_unsupported (error, "<graphics passwdValidTo='%s'>: not a time such as "
                                          "2026-12-31T23:59:59",
                                   graphics->passwd_valid_to);
  seconds = g_strdup_printf ("%" G_GINT64_FORMAT, g_date_time_to_unix (end));
  arguments = json_object_new ();
  json_object_set_string_member (arguments, "protocol", protocol);
  json_object_set_string_member (arguments, "time", seconds);
  vireo_qemu_build_step (build, "expire_password", arguments);
  return TRUE;
}

static gboolean
finish_password (VireoQemuBuild *build, const char *protocol, const VireoGraphicsDef *graphics,
                 GError **error)
{
  if (graphics->passwd == NULL)
    return TRUE;
  add_password (build, protocol, graphics);
  return add_password_end (build, protocol, graphics, error);
}

static void
add_audiodev (const VireoGraphicsDef *graphics, GString *options)
{
  g_autofree char *id = NULL;

  if (!graphics->has_audio_id)
    return;
  id = g_strdup_printf ("audio%u", graphics->audio_id);
  vireo_qemu_opt_add (options, "audiodev", id);
}

static gboolean
add_vnc (VireoQemuBuild *build, const VireoGraphicsDef *graphics, GError **error)
{
  static const char *const policies[VIREO_GRAPHICS_SHARE_POLICY_N_VALUES] = {
    [VIREO_GRAPHICS_SHARE_POLICY_ALLOW_EXCLUSIVE] = "allow-exclusive",
    [VIREO_GRAPHICS_SHARE_POLICY_FORCE_SHARED] = "force-shared",
    [VIREO_GRAPHICS_SHARE_POLICY_IGNORE] = "ignore",
  };
  g_autofree char *socket = socket_path (build, graphics, "vnc.sock");
  g_autoptr (GString) options = g_string_new (NULL);

  if (!check_listen (graphics, error))
    return FALSE;
  /* The emulator would open it as a file wherever it is, and not with the owner's rights. */
  if (graphics->keymap != NULL && strchr (graphics->keymap, '/') != NULL)
    return vireo_qemu_unsupported (error, "<graphics keymap='%s'>: not the name of a layout",
                                   graphics->keymap);
  if (socket != NULL)
    {
      g_autofree char *address = g_strconcat ("unix:", socket, NULL);

      vireo_qemu_opt_add (options, "vnc", address);
    }
  else if (listens_nowhere (graphics))
    vireo_qemu_opt_add (options, "vnc", "none");
  else if (!add_vnc_address (graphics, options, error))
    return FALSE;
  if (graphics->passwd != NULL)
    vireo_qemu_opt_add (options, "password", "on");
  if (policies[graphics->share_policy] != NULL)
    vireo_qemu_opt_add (options, "share", policies[graphics->share_policy]);
  vireo_qemu_opt_add_switch (options, "power-control", graphics->power_control);
  add_audiodev (graphics, options);
  vireo_qemu_build_arg (build, "-vnc", options->str);
  if (graphics->keymap != NULL)
    vireo_qemu_build_arg (build, "-k", graphics->keymap);
  return finish_password (build, "vnc", graphics, error);
}

static void
add_spice_switches (const VireoGraphicsDef *graphics, GString *options)
{
  const struct
  {
    const char *key;
    const char *value;
  } values[] = {
    { "image-compression", vireo_spice_image_compression_to_string (graphics->image_compression) },
    { "jpeg-wan-compression", vireo_spice_wan_compression_to_string (graphics->jpeg_compression) },
    { "zlib-glz-wan-compression",
      vireo_spice_wan_compression_to_string (graphics->zlib_compression) },
    { "streaming-video", vireo_spice_streaming_mode_to_string (graphics->streaming_mode) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    if (values[i].value != NULL)
      vireo_qemu_opt_add (options, values[i].key, values[i].value);
  vireo_qemu_opt_add_switch (options, "playback-compression", graphics->playback_compression);
  if (graphics->mouse_mode != VIREO_MOUSE_MODE_UNSET)
    vireo_qemu_opt_add (options, "agent-mouse",
                        graphics->mouse_mode == VIREO_MOUSE_MODE_CLIENT ? "on" : "off");
  if (graphics->clipboard_copypaste == VIREO_TRISTATE_NO)
    vireo_qemu_opt_add (options, "disable-copy-paste", "on");
  if (graphics->filetransfer == VIREO_TRISTATE_NO)
    vireo_qemu_opt_add (options, "disable-agent-file-xfer", "on");
}

static gboolean
add_spice (VireoQemuBuild *build, const VireoGraphicsDef *graphics, GError **error)
{
  g_autofree char *socket = socket_path (build, graphics, "spice.sock");
  g_autoptr (GString) options = g_string_new (NULL);

  if (!vireo_qemu_caps_has_option (build->caps, "spice", NULL)
      || !vireo_qemu_caps_has_command (build->caps, "query-spice"))
    return vireo_qemu_unsupported (error, "<graphics type='spice'>: %s has no SPICE",
                                   vireo_qemu_caps_get_path (build->caps));
  if (!check_listen (graphics, error))
    return FALSE;
  if (graphics->has_tls_port && graphics->tls_port > 0)
    return vireo_qemu_unsupported (error, "<graphics tlsPort='%d'> is not supported",
                                   graphics->tls_port);
  if (socket != NULL)
    {
      vireo_qemu_opt_add (options, "unix", "on");
      vireo_qemu_opt_add (options, "addr", socket);
    }
  else if (listens_nowhere (graphics))
    vireo_qemu_opt_add_uint (options, "port", 0);
  else if (graphics->has_port && graphics->port > 0)
    {
      vireo_qemu_opt_add_uint (options, "port", (guint64) graphics->port);
      vireo_qemu_opt_add (options, "addr", listen_address (graphics));
    }
  else
    return vireo_qemu_unsupported (error, "<graphics type='spice'>: no port was chosen");
  if (graphics->passwd == NULL)
    vireo_qemu_opt_add (options, "disable-ticketing", "on");
  add_spice_switches (graphics, options);
  vireo_qemu_build_arg (build, "-spice", options->str);
  return finish_password (build, "spice", graphics, error);
}

gboolean
vireo_qemu_build_graphics (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_graphics; i++)
    {
      const VireoGraphicsDef *graphics = build->def->graphics[i];

      if (graphics->type == VIREO_GRAPHICS_TYPE_VNC)
        {
          if (!add_vnc (build, graphics, error))
            return FALSE;
        }
      else if (graphics->type == VIREO_GRAPHICS_TYPE_SPICE)
        {
          if (!add_spice (build, graphics, error))
            return FALSE;
        }
      else
        return vireo_qemu_unsupported (error, "<graphics type='%s'> is not supported",
                                       vireo_graphics_type_to_string (graphics->type));
    }
  return TRUE;
}

/* --- video --- */

typedef struct
{
  VireoVideoModelType type;
  const char *primary;
  const char *secondary;  /* NULL: there can be only one */
  const char *no_vga;     /* where the machine has no VGA; NULL: as @primary */
  const char *accelerated; /* with 3D; NULL: it has none */
} VideoModel;

static const VideoModel video_models[] = {
  { VIREO_VIDEO_MODEL_TYPE_VGA, "VGA", "secondary-vga", NULL, NULL },
  { VIREO_VIDEO_MODEL_TYPE_CIRRUS, "cirrus-vga", NULL, NULL, NULL },
  { VIREO_VIDEO_MODEL_TYPE_VMVGA, "vmware-svga", NULL, NULL, NULL },
  { VIREO_VIDEO_MODEL_TYPE_QXL, "qxl-vga", "qxl", NULL, NULL },
  { VIREO_VIDEO_MODEL_TYPE_VIRTIO, "virtio-vga", "virtio-gpu-pci", "virtio-gpu-pci",
    "virtio-vga-gl" },
  { VIREO_VIDEO_MODEL_TYPE_BOCHS, "bochs-display", "bochs-display", NULL, NULL },
  { VIREO_VIDEO_MODEL_TYPE_RAMFB, "ramfb", NULL, NULL, NULL },
};

static const VideoModel *
find_video_model (VireoVideoModelType type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (video_models); i++)
    if (video_models[i].type == type)
      return &video_models[i];
  return NULL;
}

static const char *
choose_video_driver (VireoQemuBuild *build, const VideoModel *row, const VireoVideoModelDef *model,
                     gboolean primary)
{
  gboolean accelerated
      = model->acceleration != NULL && model->acceleration->accel3d == VIREO_TRISTATE_YES;

  if (accelerated)
    return row->accelerated;
  if (!primary)
    return row->secondary;
  return row->no_vga != NULL && !vireo_qemu_build_is_x86 (build) ? row->no_vga : row->primary;
}

static void
add_video_memory (const VireoVideoModelDef *model, JsonObject *device)
{
  if (model->type == VIREO_VIDEO_MODEL_TYPE_QXL)
    {
      if (model->has_ram)
        json_object_set_int_member (device, "ram_size", (gint64) model->ram * 1024);
      if (model->has_vram)
        json_object_set_int_member (device, "vram_size", (gint64) model->vram * 1024);
      if (model->has_vram64)
        json_object_set_int_member (device, "vram64_size_mb", model->vram64 / 1024);
      if (model->has_vgamem)
        json_object_set_int_member (device, "vgamem_mb", model->vgamem / 1024);
      if (model->has_heads)
        json_object_set_int_member (device, "max_outputs", model->heads);
    }
  else if (model->type == VIREO_VIDEO_MODEL_TYPE_VGA
           || model->type == VIREO_VIDEO_MODEL_TYPE_VMVGA)
    {
      if (model->has_vram)
        json_object_set_int_member (device, "vgamem_mb", MAX (model->vram / 1024, 1u));
    }
  else if (model->type == VIREO_VIDEO_MODEL_TYPE_BOCHS)
    {
      if (model->has_vram)
        json_object_set_int_member (device, "vgamem", (gint64) model->vram * 1024);
    }
  else if (model->type == VIREO_VIDEO_MODEL_TYPE_VIRTIO && model->has_heads)
    json_object_set_int_member (device, "max_outputs", model->heads);
}

static void
add_video_driver (const VireoVideoDef *video, JsonObject *device)
{
  if (video->driver != NULL)
    vireo_qemu_build_virtio_options (device, video->driver->iommu, video->driver->ats,
                                     video->driver->packed, video->driver->page_per_vq);
  vireo_qemu_json_switch (device, "edid", video->model->edid);
  vireo_qemu_json_switch (device, "blob", video->model->blob);
  if (video->model->resolution != NULL)
    {
      json_object_set_int_member (device, "xres", video->model->resolution->x);
      json_object_set_int_member (device, "yres", video->model->resolution->y);
    }
}

static gboolean
add_video (VireoQemuBuild *build, const VireoVideoDef *video, gboolean primary, GError **error)
{
  const char *name = vireo_video_model_type_to_string (video->model->type);
  const VideoModel *row = find_video_model (video->model->type);
  const char *driver
      = row != NULL ? choose_video_driver (build, row, video->model, primary) : NULL;
  g_autofree char *what = g_strdup_printf ("The video device '%s'", video->alias);
  JsonObject *device;

  if (driver == NULL)
    return vireo_qemu_unsupported (error, "%s: <model type='%s'> is not supported %s", what, name,
                                   primary ? "so" : "as a second device");
  device = vireo_qemu_json_device (driver, video->alias);
  add_video_memory (video->model, device);
  add_video_driver (video, device);
  if (!vireo_qemu_build_place (build, device, video->address, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  return vireo_qemu_build_device (build, device, what, error);
}

gboolean
vireo_qemu_build_videos (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_videos; i++)
    {
      const VireoVideoDef *video = build->def->videos[i];

      if (video->model != NULL && video->model->type == VIREO_VIDEO_MODEL_TYPE_NONE)
        continue;
      if (video->model == NULL)
        return vireo_qemu_unsupported (error, "A video device has no <model>");
      if (video->driver != NULL && video->driver->name == VIREO_VIDEO_DRIVER_NAME_VHOSTUSER)
        return vireo_qemu_unsupported (error, "<video><driver name='vhostuser'> is not supported");
      if (!add_video (build, video, i == 0, error))
        return FALSE;
    }
  return TRUE;
}

/* --- input --- */

static const struct
{
  VireoInputType type;
  VireoInputBus bus;
  const char *driver;
} input_models[] = {
  { VIREO_INPUT_TYPE_MOUSE, VIREO_INPUT_BUS_USB, "usb-mouse" },
  { VIREO_INPUT_TYPE_TABLET, VIREO_INPUT_BUS_USB, "usb-tablet" },
  { VIREO_INPUT_TYPE_KEYBOARD, VIREO_INPUT_BUS_USB, "usb-kbd" },
  { VIREO_INPUT_TYPE_MOUSE, VIREO_INPUT_BUS_VIRTIO, "virtio-mouse" },
  { VIREO_INPUT_TYPE_TABLET, VIREO_INPUT_BUS_VIRTIO, "virtio-tablet" },
  { VIREO_INPUT_TYPE_KEYBOARD, VIREO_INPUT_BUS_VIRTIO, "virtio-keyboard" },
};

static gboolean
add_input (VireoQemuBuild *build, const VireoInputDef *input, const char *name, GError **error)
{
  gboolean virtio = input->bus == VIREO_INPUT_BUS_VIRTIO;
  g_autofree char *driver
      = virtio ? vireo_qemu_build_virtio_driver (build, name, "") : g_strdup (name);
  g_autofree char *what = g_strdup_printf ("The input device '%s'", input->alias);
  JsonObject *device = vireo_qemu_json_device (driver, input->alias);

  if (!virtio)
    vireo_qemu_build_usb_place (build, device, input->address);
  else
    {
      vireo_qemu_build_virtio_options (device, input->driver_iommu, input->driver_ats,
                                       input->driver_packed, input->driver_page_per_vq);
      if (!vireo_qemu_build_place (build, device, input->address, error))
        {
          json_object_unref (device);
          return FALSE;
        }
    }
  return vireo_qemu_build_device (build, device, what, error);
}

gboolean
vireo_qemu_build_input (VireoQemuBuild *build, guint index, GError **error)
{
  const VireoInputDef *input = build->def->inputs[index];
  const char *driver = NULL;

  /* A PS/2 controller is on the board, with both that it can have. */
  if (input->bus == VIREO_INPUT_BUS_PS2 && vireo_qemu_build_is_x86 (build)
      && input->type != VIREO_INPUT_TYPE_TABLET)
    return TRUE;
  for (gsize row = 0; row < G_N_ELEMENTS (input_models); row++)
    if (input_models[row].type == input->type && input_models[row].bus == input->bus)
      driver = input_models[row].driver;
  if (driver == NULL)
    return vireo_qemu_unsupported (error, "<input type='%s' bus='%s'> is not supported",
                                   vireo_input_type_to_string (input->type),
                                   vireo_input_bus_to_string (input->bus));
  return add_input (build, input, driver, error);
}

gboolean
vireo_qemu_build_inputs (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_inputs; i++)
    if (!vireo_qemu_build_input (build, i, error))
      return FALSE;
  return TRUE;
}
