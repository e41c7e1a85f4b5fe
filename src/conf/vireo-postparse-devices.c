/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each device gets whatever the hypervisor. */
#include "vireo-postparse-private.h"

#include <string.h>

/* --- disks --- */

static const struct
{
  const char *prefix;
  VireoDiskBus bus;
} disk_names[] = {
  { "xvd", VIREO_DISK_BUS_XEN }, { "ubd", VIREO_DISK_BUS_UML }, { "hd", VIREO_DISK_BUS_IDE },
  { "sd", VIREO_DISK_BUS_SCSI }, { "vd", VIREO_DISK_BUS_VIRTIO }, { "fd", VIREO_DISK_BUS_FDC },
};

static gboolean
split_disk_name (const char *name, VireoDiskBus *ret_bus, const char **ret_letters)
{
  for (gsize i = 0; i < G_N_ELEMENTS (disk_names); i++)
    if (g_str_has_prefix (name, disk_names[i].prefix))
      {
        *ret_bus = disk_names[i].bus;
        *ret_letters = name + strlen (disk_names[i].prefix);
        return TRUE;
      }
  return FALSE;
}

/* Letters count as a, …, z, aa, ab, …; digits behind them name a partition. */
gboolean
vireo_disk_name_to_index (const char *name, guint *ret_index)
{
  VireoDiskBus bus;
  const char *at;
  guint64 number = 0;

  if (!split_disk_name (name, &bus, &at) || !g_ascii_islower (*at))
    return FALSE;
  for (; g_ascii_islower (*at); at++)
    {
      number = number * 26 + (guint64) (*at - 'a') + 1;
      if (number > G_MAXUINT16)
        return FALSE;
    }
  at += strspn (at, "0123456789");
  if (*at != '\0')
    return FALSE;
  *ret_index = (guint) number - 1;
  return TRUE;
}

/* How the places on a bus follow from the number of a disk: units on a bus, and buses on a
 * controller. */
static const struct
{
  VireoDiskBus bus;
  guint units;
  guint buses;
} drive_places[] = {
  { VIREO_DISK_BUS_IDE, 2, 2 },
  { VIREO_DISK_BUS_SATA, 6, 1 },
  { VIREO_DISK_BUS_FDC, 2, 1 },
  /* Unit 7 is the adapter's own. */
  { VIREO_DISK_BUS_SCSI, 7, 1 },
};
#define WIDE_SCSI_UNITS 15u
#define SCSI_ADAPTER_UNIT 7u

static void
set_drive_address (VireoPostParseContext *context, VireoDiskDef *disk, guint number, gsize row)
{
  gboolean wide = drive_places[row].bus == VIREO_DISK_BUS_SCSI
                  && (context->ops->features & VIREO_POST_PARSE_WIDE_SCSI) != 0;
  guint units = wide ? WIDE_SCSI_UNITS : drive_places[row].units;
  guint buses = drive_places[row].buses;
  VireoAddressDef *address = vireo_address_def_new ();

  address->type = VIREO_ADDRESS_TYPE_DRIVE;
  address->controller = number / (units * buses);
  address->bus = number / units % buses;
  address->unit = number % units;
  if (wide && address->unit >= SCSI_ADAPTER_UNIT)
    address->unit++;
  address->has_controller = TRUE;
  address->has_bus = TRUE;
  address->has_target = TRUE;
  address->has_unit = TRUE;
  disk->address = address;
}

/* As IANA assigns them; what is not here has no port that goes without saying. */
static const struct
{
  VireoNetDiskProtocol protocol;
  const char *port;
} default_ports[] = {
  { VIREO_NET_DISK_PROTOCOL_HTTP, "80" },     { VIREO_NET_DISK_PROTOCOL_HTTPS, "443" },
  { VIREO_NET_DISK_PROTOCOL_FTP, "21" },      { VIREO_NET_DISK_PROTOCOL_FTPS, "990" },
  { VIREO_NET_DISK_PROTOCOL_TFTP, "69" },     { VIREO_NET_DISK_PROTOCOL_NBD, "10809" },
  { VIREO_NET_DISK_PROTOCOL_ISCSI, "3260" },  { VIREO_NET_DISK_PROTOCOL_GLUSTER, "24007" },
  { VIREO_NET_DISK_PROTOCOL_SSH, "22" },      { VIREO_NET_DISK_PROTOCOL_SHEEPDOG, "7000" },
};

/* An iSCSI target without a unit means unit 0. */
static void
add_iscsi_unit (char **name)
{
  char *with_unit;

  if (*name == NULL || strchr (*name, '/') != NULL)
    return;
  with_unit = g_strconcat (*name, "/0", NULL);
  g_free (*name);
  *name = with_unit;
}

static void
complete_network_source (VireoDiskSourceDef *source, gboolean existing)
{
  const char *port = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (default_ports); i++)
    if (default_ports[i].protocol == source->protocol)
      port = default_ports[i].port;
  for (guint i = 0; i < source->n_hosts; i++)
    if (source->hosts[i]->port == NULL
        && vireo_source_host_def_get_transport (source->hosts[i]) == VIREO_NET_TRANSPORT_TCP)
      source->hosts[i]->port = g_strdup (port);
  if (source->protocol == VIREO_NET_DISK_PROTOCOL_ISCSI && !existing)
    add_iscsi_unit (&source->name);
}

static VireoPostParseOutcome
complete_disk (VireoPostParseContext *context, gpointer device)
{
  VireoDiskDef *disk = device;
  VireoDiskBus bus = VIREO_DISK_BUS_UNSET;
  const char *letters;
  guint number;

  if (disk->source != NULL && disk->type == VIREO_DISK_TYPE_NETWORK)
    complete_network_source (disk->source, context->existing);
  if (disk->type == VIREO_DISK_TYPE_UNSET)
    disk->type = VIREO_DISK_TYPE_FILE;
  if (disk->device == VIREO_DISK_DEVICE_UNSET)
    disk->device = VIREO_DISK_DEVICE_DISK;
  if (disk->device == VIREO_DISK_DEVICE_CDROM)
    disk->readonly = TRUE;
  if (disk->target == NULL || disk->target->dev == NULL)
    return VIREO_POST_PARSE_DONE;

  if (disk->target->bus == VIREO_DISK_BUS_UNSET)
    {
      if (disk->device == VIREO_DISK_DEVICE_FLOPPY)
        disk->target->bus = VIREO_DISK_BUS_FDC;
      else if (split_disk_name (disk->target->dev, &bus, &letters))
        disk->target->bus = bus;
    }
  if (disk->address != NULL || !vireo_disk_name_to_index (disk->target->dev, &number))
    return VIREO_POST_PARSE_DONE;
  for (gsize row = 0; row < G_N_ELEMENTS (drive_places); row++)
    if (drive_places[row].bus == disk->target->bus)
      set_drive_address (context, disk, number, row);
  return VIREO_POST_PARSE_DONE;
}

/* --- interfaces, file systems, host devices --- */

/* The prefix of QEMU and KVM; its second-lowest bit makes it one that is locally administered. */
#define DEFAULT_MAC_PREFIX 0x525400u

static gboolean
mac_is_used (const VireoDomainDef *def, const char *mac)
{
  for (guint i = 0; i < def->n_interfaces; i++)
    if (def->interfaces[i]->mac != NULL
        && g_strcmp0 (def->interfaces[i]->mac->address, mac) == 0)
      return TRUE;
  return FALSE;
}

static char *
generate_mac (VireoPostParseContext *context)
{
  guint32 prefix = context->ops->mac_prefix != 0 ? context->ops->mac_prefix : DEFAULT_MAC_PREFIX;

  for (;;)
    {
      guint32 rest = g_random_int ();
      g_autofree char *mac
          = g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x", (prefix >> 16) & 0xff,
                             (prefix >> 8) & 0xff, prefix & 0xff, (rest >> 16) & 0xff,
                             (rest >> 8) & 0xff, rest & 0xff);

      if (!mac_is_used (context->def, mac))
        return g_steal_pointer (&mac);
    }
}

static VireoPostParseOutcome
complete_interface (VireoPostParseContext *context, gpointer device)
{
  VireoInterfaceDef *interface = device;

  if (interface->mac == NULL)
    interface->mac = vireo_interface_mac_def_new ();
  if (interface->mac->address == NULL)
    interface->mac->address = generate_mac (context);
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_filesystem (VireoPostParseContext *context, gpointer device)
{
  VireoFilesystemDef *filesystem = device;

  if (filesystem->type == VIREO_FILESYSTEM_TYPE_UNSET)
    filesystem->type = VIREO_FILESYSTEM_TYPE_MOUNT;
  if (filesystem->accessmode == VIREO_FILESYSTEM_ACCESSMODE_UNSET)
    filesystem->accessmode = VIREO_FILESYSTEM_ACCESSMODE_PASSTHROUGH;
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_hostdev (VireoPostParseContext *context, gpointer device)
{
  VireoHostdevDef *hostdev = device;

  if (hostdev->mode == VIREO_HOSTDEV_MODE_UNSET)
    hostdev->mode = VIREO_HOSTDEV_MODE_SUBSYSTEM;
  if (hostdev->mode == VIREO_HOSTDEV_MODE_SUBSYSTEM && hostdev->managed == VIREO_TRISTATE_UNSET)
    hostdev->managed = VIREO_TRISTATE_NO;
  if (hostdev->source != NULL && hostdev->source->protocol == VIREO_SCSI_PROTOCOL_ISCSI
      && !context->existing)
    add_iscsi_unit (&hostdev->source->name);
  return VIREO_POST_PARSE_DONE;
}

/* --- graphics and video --- */

static VireoGraphicsListenDef *
find_listen (const VireoGraphicsDef *graphics, VireoGraphicsListenType type)
{
  for (guint i = 0; i < graphics->n_listens; i++)
    if (graphics->listens[i]->type == type)
      return graphics->listens[i];
  return NULL;
}

static VireoGraphicsListenDef *
add_listen (VireoGraphicsDef *graphics, VireoGraphicsListenType type)
{
  VireoGraphicsListenDef *listen = vireo_graphics_listen_def_new ();

  listen->type = type;
  vireo_graphics_def_add_listen (graphics, listen);
  return listen;
}

/* A socket takes the place of an address. */
static void
listen_on_socket (VireoGraphicsDef *graphics)
{
  VireoGraphicsListenDef *listen;

  if (find_listen (graphics, VIREO_GRAPHICS_LISTEN_TYPE_SOCKET) != NULL)
    return;
  if (graphics->n_listens > 0 && graphics->listens[0]->type == VIREO_GRAPHICS_LISTEN_TYPE_ADDRESS)
    {
      listen = graphics->listens[0];
      listen->type = VIREO_GRAPHICS_LISTEN_TYPE_SOCKET;
      g_clear_pointer (&listen->address, g_free);
    }
  else
    listen = add_listen (graphics, VIREO_GRAPHICS_LISTEN_TYPE_SOCKET);
  listen->socket = g_strdup (graphics->socket);
  g_clear_pointer (&graphics->listen, g_free);
}

/* The attributes `listen` and `socket` say again what the first <listen> says: they are from before
 * it existed, and programs read them still. */
static void
pair_listens (VireoGraphicsDef *graphics, gboolean existing)
{
  VireoGraphicsListenDef *listen;

  if (graphics->socket != NULL && !existing)
    listen_on_socket (graphics);
  if (graphics->listen != NULL && graphics->n_listens == 0)
    add_listen (graphics, VIREO_GRAPHICS_LISTEN_TYPE_ADDRESS)->address
        = g_strdup (graphics->listen);
  if (graphics->n_listens == 0)
    return;
  listen = graphics->listens[0];
  if (listen->type == VIREO_GRAPHICS_LISTEN_TYPE_ADDRESS && listen->address == NULL)
    listen->address = g_strdup (graphics->listen);
  if (listen->type == VIREO_GRAPHICS_LISTEN_TYPE_ADDRESS && graphics->listen == NULL)
    graphics->listen = g_strdup (listen->address);
  if (graphics->type == VIREO_GRAPHICS_TYPE_VNC && graphics->socket == NULL
      && listen->type == VIREO_GRAPHICS_LISTEN_TYPE_SOCKET)
    graphics->socket = g_strdup (listen->socket);
}

static gboolean
listens_on_ports (const VireoGraphicsDef *graphics)
{
  return graphics->n_listens == 0
         || (graphics->listens[0]->type != VIREO_GRAPHICS_LISTEN_TYPE_SOCKET
             && graphics->listens[0]->type != VIREO_GRAPHICS_LISTEN_TYPE_NONE);
}

static void
complete_ports (VireoGraphicsDef *graphics, gboolean existing)
{
  if (!graphics->has_port)
    {
      graphics->port = -1;
      graphics->has_port = TRUE;
    }
  if (graphics->autoport == VIREO_TRISTATE_UNSET && graphics->port == -1)
    graphics->autoport = VIREO_TRISTATE_YES;
  /* A number that was chosen for an earlier run. */
  if (graphics->autoport == VIREO_TRISTATE_YES && !existing)
    graphics->port = -1;
}

static VireoPostParseOutcome
complete_graphics (VireoPostParseContext *context, gpointer device)
{
  VireoGraphicsDef *graphics = device;

  if (graphics->type != VIREO_GRAPHICS_TYPE_VNC && graphics->type != VIREO_GRAPHICS_TYPE_SPICE
      && graphics->type != VIREO_GRAPHICS_TYPE_RDP)
    return VIREO_POST_PARSE_DONE;

  pair_listens (graphics, context->existing);
  /* SPICE without any port at all is for those who get its socket handed over. */
  if (graphics->type == VIREO_GRAPHICS_TYPE_SPICE && graphics->n_listens == 0 && !graphics->has_port
      && !graphics->has_tls_port && graphics->autoport != VIREO_TRISTATE_YES)
    add_listen (graphics, VIREO_GRAPHICS_LISTEN_TYPE_NONE);
  if (graphics->n_listens == 0)
    add_listen (graphics, VIREO_GRAPHICS_LISTEN_TYPE_ADDRESS);
  if (graphics->type == VIREO_GRAPHICS_TYPE_VNC && listens_on_ports (graphics))
    complete_ports (graphics, context->existing);
  return VIREO_POST_PARSE_DONE;
}

/* In KiB. */
static const struct
{
  VireoVideoModelType type;
  guint ram;
  guint vram;
  guint vgamem;
} video_memory[] = {
  { VIREO_VIDEO_MODEL_TYPE_VGA, 0, 16384, 0 },
  { VIREO_VIDEO_MODEL_TYPE_CIRRUS, 0, 16384, 0 },
  { VIREO_VIDEO_MODEL_TYPE_VMVGA, 0, 16384, 0 },
  { VIREO_VIDEO_MODEL_TYPE_BOCHS, 0, 16384, 0 },
  { VIREO_VIDEO_MODEL_TYPE_GOP, 0, 16384, 0 },
  { VIREO_VIDEO_MODEL_TYPE_XEN, 0, 4096, 0 },
  { VIREO_VIDEO_MODEL_TYPE_VBOX, 0, 8192, 0 },
  { VIREO_VIDEO_MODEL_TYPE_QXL, 65536, 65536, 16384 },
};

static void
complete_video_memory (VireoVideoModelDef *model)
{
  for (gsize i = 0; i < G_N_ELEMENTS (video_memory); i++)
    {
      if (video_memory[i].type != model->type)
        continue;
      if (!model->has_ram && video_memory[i].ram != 0)
        {
          model->ram = video_memory[i].ram;
          model->has_ram = TRUE;
        }
      if (!model->has_vram)
        {
          model->vram = video_memory[i].vram;
          model->has_vram = TRUE;
        }
      if (!model->has_vgamem && video_memory[i].vgamem != 0)
        {
          model->vgamem = video_memory[i].vgamem;
          model->has_vgamem = TRUE;
        }
    }
}

static VireoPostParseOutcome
complete_video (VireoPostParseContext *context, gpointer device)
{
  VireoVideoDef *video = device;

  if (video->model == NULL || video->model->type == VIREO_VIDEO_MODEL_TYPE_NONE)
    return VIREO_POST_PARSE_DONE;
  complete_video_memory (video->model);
  if (!video->model->has_heads)
    {
      video->model->heads = 1;
      video->model->has_heads = TRUE;
    }
  return VIREO_POST_PARSE_DONE;
}

/* --- character devices --- */

/* What all character devices have at different offsets. */
static void
complete_chardev (VireoChardevType type, VireoChardevSourceDef **sources, guint n_sources,
                  VireoChardevProtocol *protocol)
{
  if (type != VIREO_CHARDEV_TYPE_TCP)
    return;
  if (*protocol == VIREO_CHARDEV_PROTOCOL_UNSET)
    *protocol = VIREO_CHARDEV_PROTOCOL_RAW;
  for (guint i = 0; i < n_sources; i++)
    if (sources[i]->mode == VIREO_CHARDEV_MODE_UNSET)
      sources[i]->mode = VIREO_CHARDEV_MODE_CONNECT;
}

static VireoPostParseOutcome
complete_serial (VireoPostParseContext *context, gpointer device)
{
  VireoSerialDef *serial = device;

  complete_chardev (serial->type, serial->sources, serial->n_sources, &serial->protocol);
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_parallel (VireoPostParseContext *context, gpointer device)
{
  VireoParallelDef *parallel = device;

  complete_chardev (parallel->type, parallel->sources, parallel->n_sources, &parallel->protocol);
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_console (VireoPostParseContext *context, gpointer device)
{
  VireoConsoleDef *console = device;

  complete_chardev (console->type, console->sources, console->n_sources, &console->protocol);
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_channel (VireoPostParseContext *context, gpointer device)
{
  VireoChannelDef *channel = device;

  complete_chardev (channel->type, channel->sources, channel->n_sources, &channel->protocol);
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_redirdev (VireoPostParseContext *context, gpointer device)
{
  VireoRedirdevDef *redirdev = device;

  complete_chardev (redirdev->type, redirdev->sources, redirdev->n_sources, &redirdev->protocol);
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_rng (VireoPostParseContext *context, gpointer device)
{
  VireoRngBackendDef *backend = ((VireoRngDef *) device)->backend;

  if (backend != NULL)
    complete_chardev (backend->type, backend->sources, backend->n_sources, &backend->protocol);
  return VIREO_POST_PARSE_DONE;
}

typedef VireoPostParseOutcome (*Complete) (VireoPostParseContext *context, gpointer device);

static const Complete complete[VIREO_DEVICE_N_KINDS] = {
  [VIREO_DEVICE_DISK] = complete_disk,
  [VIREO_DEVICE_INTERFACE] = complete_interface,
  [VIREO_DEVICE_FILESYSTEM] = complete_filesystem,
  [VIREO_DEVICE_HOSTDEV] = complete_hostdev,
  [VIREO_DEVICE_GRAPHICS] = complete_graphics,
  [VIREO_DEVICE_VIDEO] = complete_video,
  [VIREO_DEVICE_SERIAL] = complete_serial,
  [VIREO_DEVICE_PARALLEL] = complete_parallel,
  [VIREO_DEVICE_CONSOLE] = complete_console,
  [VIREO_DEVICE_CHANNEL] = complete_channel,
  [VIREO_DEVICE_REDIRDEV] = complete_redirdev,
  [VIREO_DEVICE_RNG] = complete_rng,
};

VireoPostParseOutcome
vireo_post_parse_generic_device (VireoPostParseContext *context, VireoDeviceKind kind,
                                 gpointer device)
{
  return complete[kind] != NULL ? complete[kind] (context, device) : VIREO_POST_PARSE_DONE;
}
