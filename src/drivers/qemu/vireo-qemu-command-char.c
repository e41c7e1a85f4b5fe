/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Character devices: serial ports, consoles, channels, parallel ports. */
#include "vireo-qemu-build.h"

/* What all that have a character device's fields have in common. */
typedef struct
{
  VireoChardevType type;
  VireoChardevProtocol protocol;
  VireoChardevSourceDef **sources;
  guint n_sources;
  const VireoChardevLogDef *log;
  const char *alias;
  char *what;
} Char;

static void
char_clear (Char *self)
{
  g_free (self->what);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Char, char_clear)

static const VireoChardevSourceDef *
first_source (const Char *self)
{
  return self->n_sources > 0 ? self->sources[0] : NULL;
}

static const VireoChardevSourceDef *
source_with_mode (const Char *self, VireoChardevMode mode)
{
  for (guint i = 0; i < self->n_sources; i++)
    if (self->sources[i]->mode == mode)
      return self->sources[i];
  return NULL;
}

static gboolean
need (const Char *self, const char *value, const char *name, GError **error)
{
  if (value != NULL)
    return TRUE;
  return vireo_qemu_unsupported (error, "%s: <source> lacks %s", self->what, name);
}

static gboolean
add_file (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  const VireoChardevSourceDef *source = first_source (self);

  if (!need (self, source != NULL ? source->path : NULL, "path", error))
    return FALSE;
  vireo_qemu_opt_add (options, "path", source->path);
  vireo_qemu_opt_add_switch (options, "append", source->append);
  return TRUE;
}

static gboolean
add_path (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  const VireoChardevSourceDef *source = first_source (self);

  if (!need (self, source != NULL ? source->path : NULL, "path", error))
    return FALSE;
  vireo_qemu_opt_add (options, "path", source->path);
  return TRUE;
}

static void
add_server (const VireoChardevSourceDef *source, GString *options)
{
  if (source == NULL || source->mode != VIREO_CHARDEV_MODE_CONNECT)
    {
      vireo_qemu_opt_add (options, "server", "on");
      vireo_qemu_opt_add (options, "wait", "off");
    }
  else if (source->reconnect != NULL && source->reconnect->enabled == VIREO_TRISTATE_YES)
    vireo_qemu_opt_add_uint (options, "reconnect", source->reconnect->timeout);
}

/* A socket without a path is in the guest's own folder. */
static gboolean
add_unix (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  const VireoChardevSourceDef *source = first_source (self);

  if (source != NULL && source->path != NULL)
    vireo_qemu_opt_add (options, "path", source->path);
  else
    {
      g_autofree char *name = g_strconcat (self->alias, ".sock", NULL);
      g_autofree char *path = g_build_filename (build->resources->runtime_dir, name, NULL);

      vireo_qemu_opt_add (options, "path", path);
    }
  add_server (source, options);
  return TRUE;
}

static gboolean
add_tcp (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  const VireoChardevSourceDef *source = first_source (self);

  if (!need (self, source != NULL ? source->service : NULL, "service", error))
    return FALSE;
  if (source->tls == VIREO_TRISTATE_YES || self->protocol == VIREO_CHARDEV_PROTOCOL_TELNETS
      || self->protocol == VIREO_CHARDEV_PROTOCOL_TLS)
    return vireo_qemu_unsupported (error, "%s: TLS is not supported", self->what);
  vireo_qemu_opt_add (options, "host", source->host != NULL ? source->host : "127.0.0.1");
  vireo_qemu_opt_add (options, "port", source->service);
  if (self->protocol == VIREO_CHARDEV_PROTOCOL_TELNET)
    vireo_qemu_opt_add (options, "telnet", "on");
  add_server (source, options);
  return TRUE;
}

static gboolean
add_udp (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  const VireoChardevSourceDef *to = source_with_mode (self, VIREO_CHARDEV_MODE_CONNECT);
  const VireoChardevSourceDef *from = source_with_mode (self, VIREO_CHARDEV_MODE_BIND);

  if (!need (self, to != NULL ? to->service : NULL, "service of mode='connect'", error))
    return FALSE;
  vireo_qemu_opt_add (options, "host", to->host != NULL ? to->host : "127.0.0.1");
  vireo_qemu_opt_add (options, "port", to->service);
  if (from != NULL && from->host != NULL)
    vireo_qemu_opt_add (options, "localaddr", from->host);
  if (from != NULL && from->service != NULL)
    vireo_qemu_opt_add (options, "localport", from->service);
  return TRUE;
}

static gboolean
check_spice (VireoQemuBuild *build, const Char *self, GError **error)
{
  for (guint i = 0; i < build->def->n_graphics; i++)
    if (build->def->graphics[i]->type == VIREO_GRAPHICS_TYPE_SPICE)
      return TRUE;
  return vireo_qemu_unsupported (error, "%s: the type '%s' needs <graphics type='spice'>",
                                 self->what, vireo_chardev_type_to_string (self->type));
}

static gboolean
add_spicevmc (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  if (!check_spice (build, self, error))
    return FALSE;
  vireo_qemu_opt_add (options, "name", "vdagent");
  return TRUE;
}

static gboolean
add_spiceport (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  const VireoChardevSourceDef *source = first_source (self);

  if (!check_spice (build, self, error)
      || !need (self, source != NULL ? source->channel : NULL, "channel", error))
    return FALSE;
  vireo_qemu_opt_add (options, "name", source->channel);
  return TRUE;
}

static gboolean
add_nothing (VireoQemuBuild *build, const Char *self, GString *options, GError **error)
{
  return TRUE;
}

static const struct
{
  VireoChardevType type;
  const char *backend;
  gboolean (*add) (VireoQemuBuild *build, const Char *self, GString *options, GError **error);
} backends[] = {
  { VIREO_CHARDEV_TYPE_PTY, "pty", add_nothing },
  { VIREO_CHARDEV_TYPE_NULL, "null", add_nothing },
  { VIREO_CHARDEV_TYPE_VC, "vc", add_nothing },
  { VIREO_CHARDEV_TYPE_FILE, "file", add_file },
  { VIREO_CHARDEV_TYPE_DEV, "serial", add_path },
  { VIREO_CHARDEV_TYPE_PIPE, "pipe", add_path },
  { VIREO_CHARDEV_TYPE_UNIX, "socket", add_unix },
  { VIREO_CHARDEV_TYPE_TCP, "socket", add_tcp },
  { VIREO_CHARDEV_TYPE_UDP, "udp", add_udp },
  { VIREO_CHARDEV_TYPE_SPICEVMC, "spicevmc", add_spicevmc },
  { VIREO_CHARDEV_TYPE_SPICEPORT, "spiceport", add_spiceport },
};

/* Standard input and output are the log's, so `stdio` is not among them. */
static gboolean
add_chardev (VireoQemuBuild *build, const Char *self, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (backends); i++)
    if (backends[i].type == self->type)
      {
        g_autoptr (GString) options = g_string_new (backends[i].backend);
        g_autofree char *id = g_strconcat ("char", self->alias, NULL);

        vireo_qemu_opt_add (options, "id", id);
        if (!backends[i].add (build, self, options, error))
          return FALSE;
        if (self->log != NULL)
          {
            vireo_qemu_opt_add (options, "logfile", self->log->file);
            vireo_qemu_opt_add_switch (options, "logappend", self->log->append);
          }
        vireo_qemu_build_arg (build, "-chardev", options->str);
        return TRUE;
      }
  return vireo_qemu_unsupported (error, "%s: the type '%s' is not supported", self->what,
                                 vireo_chardev_type_to_string (self->type));
}

/* A device with a character device behind it. */
static JsonObject *
make_device (const Char *self, const char *driver)
{
  g_autofree char *id = g_strconcat ("char", self->alias, NULL);
  JsonObject *device = vireo_qemu_json_device (driver, self->alias);

  json_object_set_string_member (device, "chardev", id);
  return device;
}

static const struct
{
  VireoSerialTargetModel model;
  const char *driver;
} serial_models[] = {
  { VIREO_SERIAL_TARGET_MODEL_ISA_SERIAL, "isa-serial" },
  { VIREO_SERIAL_TARGET_MODEL_USB_SERIAL, "usb-serial" },
  { VIREO_SERIAL_TARGET_MODEL_PCI_SERIAL, "pci-serial" },
  { VIREO_SERIAL_TARGET_MODEL_SPAPR_VTY, "spapr-vty" },
  { VIREO_SERIAL_TARGET_MODEL_SCLPCONSOLE, "sclpconsole" },
  { VIREO_SERIAL_TARGET_MODEL_SCLPLMCONSOLE, "sclplmconsole" },
  { VIREO_SERIAL_TARGET_MODEL_ISA_DEBUGCON, "isa-debugcon" },
};

static gboolean
add_serial_device (VireoQemuBuild *build, const VireoSerialDef *serial, const Char *self,
                   GError **error)
{
  VireoSerialTargetModel model = serial->target != NULL ? serial->target->model : 0;
  JsonObject *device = NULL;

  /* The board's own ports take what comes by the old option. */
  if (model == VIREO_SERIAL_TARGET_MODEL_PL011 || model == VIREO_SERIAL_TARGET_MODEL_16550A)
    {
      g_autofree char *value = g_strconcat ("chardev:char", self->alias, NULL);

      vireo_qemu_build_arg (build, "-serial", value);
      return TRUE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (serial_models); i++)
    if (serial_models[i].model == model)
      device = make_device (self, serial_models[i].driver);
  if (device == NULL)
    return vireo_qemu_unsupported (error, "%s: <target> has no model that is supported",
                                   self->what);
  if (model == VIREO_SERIAL_TARGET_MODEL_ISA_SERIAL)
    json_object_set_int_member (device, "index",
                                serial->target->has_port ? serial->target->port : 0);
  if (model == VIREO_SERIAL_TARGET_MODEL_USB_SERIAL)
    vireo_qemu_build_usb_place (build, device, serial->address);
  if (model == VIREO_SERIAL_TARGET_MODEL_PCI_SERIAL
      && !vireo_qemu_build_place (build, device, serial->address, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  return vireo_qemu_build_device (build, device, self->what, error);
}

static gboolean
add_serials (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_serials; i++)
    {
      const VireoSerialDef *serial = build->def->serials[i];
      g_auto (Char) self = { serial->type, serial->protocol, serial->sources, serial->n_sources,
                             serial->log, serial->alias, NULL };

      self.what = g_strdup_printf ("The serial port '%s'", serial->alias);
      if (!add_chardev (build, &self, error) || !add_serial_device (build, serial, &self, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_parallels (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_parallels; i++)
    {
      const VireoParallelDef *parallel = build->def->parallels[i];
      g_auto (Char) self = { parallel->type, parallel->protocol, parallel->sources,
                             parallel->n_sources, parallel->log, parallel->alias, NULL };

      self.what = g_strdup_printf ("The parallel port '%s'", parallel->alias);
      if (!add_chardev (build, &self, error)
          || !vireo_qemu_build_device (build, make_device (&self, "isa-parallel"), self.what,
                                       error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
place_virtio_port (VireoQemuBuild *build, JsonObject *device, const VireoAddressDef *address,
                   const char *what, GError **error)
{
  gboolean known = address != NULL && address->type == VIREO_ADDRESS_TYPE_VIRTIO_SERIAL;
  const char *alias = vireo_qemu_build_controller_alias (
      build, VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL, known ? address->controller : 0);
  g_autofree char *bus = NULL;

  if (alias == NULL)
    return vireo_qemu_unsupported (error, "%s: there is no controller for it", what);
  bus = g_strdup_printf ("%s.0", alias);
  json_object_set_string_member (device, "bus", bus);
  if (known && address->port != 0)
    json_object_set_int_member (device, "nr", address->port);
  return TRUE;
}

static gboolean
add_virtio_port (VireoQemuBuild *build, const Char *self, const char *driver, const char *name,
                 const VireoAddressDef *address, GError **error)
{
  JsonObject *device = make_device (self, driver);

  vireo_qemu_json_string (device, "name", name);
  if (!place_virtio_port (build, device, address, self->what, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  return vireo_qemu_build_device (build, device, self->what, error);
}

static gboolean
add_channels (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_channels; i++)
    {
      const VireoChannelDef *channel = build->def->channels[i];
      const char *name = channel->target->name;
      g_auto (Char) self = { channel->type, channel->protocol, channel->sources,
                             channel->n_sources, channel->log, channel->alias, NULL };

      self.what = g_strdup_printf ("The channel '%s'", channel->alias);
      if (channel->target->type != VIREO_CHANNEL_TARGET_TYPE_VIRTIO)
        return vireo_qemu_unsupported (error, "%s: <target type='%s'> is not supported", self.what,
                                       vireo_channel_target_type_to_string (channel->target->type));
      if (name == NULL && self.type == VIREO_CHARDEV_TYPE_SPICEVMC)
        name = "com.redhat.spice.0";
      if (!add_chardev (build, &self, error)
          || !add_virtio_port (build, &self, "virtserialport", name, channel->address, error))
        return FALSE;
    }
  return TRUE;
}

/* A console of the type `serial` is the first serial port under another name. */
static gboolean
add_consoles (VireoQemuBuild *build, GError **error)
{
  for (guint i = 0; i < build->def->n_consoles; i++)
    {
      const VireoConsoleDef *console = build->def->consoles[i];
      VireoConsoleTargetType type = console->target != NULL ? console->target->type : 0;
      g_auto (Char) self = { console->type, console->protocol, console->sources,
                             console->n_sources, console->log, console->alias, NULL };

      self.what = g_strdup_printf ("The console '%s'", console->alias);
      if (i == 0 && build->def->n_serials > 0
          && (type == VIREO_CONSOLE_TARGET_TYPE_SERIAL || type == VIREO_CONSOLE_TARGET_TYPE_UNSET))
        continue;
      if (type != VIREO_CONSOLE_TARGET_TYPE_VIRTIO)
        return vireo_qemu_unsupported (error, "%s: <target type='%s'> is not supported here",
                                       self.what, vireo_console_target_type_to_string (type));
      if (!add_chardev (build, &self, error)
          || !add_virtio_port (build, &self, "virtconsole", NULL, console->address, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
vireo_qemu_build_chardevs (VireoQemuBuild *build, GError **error)
{
  return add_serials (build, error) && add_parallels (build, error)
         && add_channels (build, error) && add_consoles (build, error);
}
