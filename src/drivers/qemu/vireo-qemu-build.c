/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-build.h"

#include <string.h>

#include "vireo-qemu-arch.h"

void
vireo_qemu_build_arg (VireoQemuBuild *build, const char *option, const char *value)
{
  g_ptr_array_add (build->argv, g_strdup (option));
  if (value != NULL)
    g_ptr_array_add (build->argv, g_strdup (value));
}

void
vireo_qemu_build_json (VireoQemuBuild *build, const char *option, JsonObject *value)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, value);
  g_ptr_array_add (build->argv, g_strdup (option));
  g_ptr_array_add (build->argv, json_to_string (node, FALSE));
}

gboolean
vireo_qemu_build_device (VireoQemuBuild *build, JsonObject *device, const char *what,
                         GError **error)
{
  const char *driver = json_object_get_string_member (device, "driver");

  if (!vireo_qemu_caps_has_type (build->caps, driver))
    {
      vireo_qemu_unsupported (error, "%s: %s has no device '%s'", what,
                              vireo_qemu_caps_get_path (build->caps), driver);
      json_object_unref (device);
      return FALSE;
    }
  vireo_qemu_build_json (build, "-device", device);
  return TRUE;
}

void
vireo_qemu_build_step (VireoQemuBuild *build, const char *command, JsonObject *arguments)
{
  g_ptr_array_add (build->steps, vireo_qemu_qmp_step_new (command, arguments, -1));
}

void
vireo_qemu_opt_add (GString *options, const char *key, const char *value)
{
  if (options->len > 0)
    g_string_append_c (options, ',');
  if (key != NULL)
    g_string_append_printf (options, "%s=", key);
  for (const char *c = value; *c != '\0'; c++)
    {
      if (*c == ',')
        g_string_append_c (options, ',');
      g_string_append_c (options, *c);
    }
}

void
vireo_qemu_opt_add_uint (GString *options, const char *key, guint64 value)
{
  char text[32];

  g_snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, value);
  vireo_qemu_opt_add (options, key, text);
}

void
vireo_qemu_opt_add_switch (GString *options, const char *key, VireoTristate value)
{
  if (value != VIREO_TRISTATE_UNSET)
    vireo_qemu_opt_add (options, key, value == VIREO_TRISTATE_YES ? "on" : "off");
}

void
vireo_qemu_json_string (JsonObject *object, const char *key, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, key, value);
}

void
vireo_qemu_json_switch (JsonObject *object, const char *key, VireoTristate value)
{
  if (value != VIREO_TRISTATE_UNSET)
    json_object_set_boolean_member (object, key, value == VIREO_TRISTATE_YES);
}

JsonObject *
vireo_qemu_json_device (const char *driver, const char *id)
{
  JsonObject *device = json_object_new ();

  json_object_set_string_member (device, "driver", driver);
  vireo_qemu_json_string (device, "id", id);
  return device;
}

char *
vireo_qemu_fdset_path (guint fdset)
{
  return g_strdup_printf ("/dev/fdset/%u", fdset);
}

gboolean
vireo_qemu_build_is_by_name (const VireoQemuBuild *build)
{
  return (build->flags & VIREO_QEMU_COMMAND_BY_NAME) != 0;
}

char *
vireo_qemu_build_file_name (const VireoQemuBuild *build, int fd, const char *path)
{
  return vireo_qemu_build_is_by_name (build) ? g_strdup (path)
                                             : g_strdup_printf ("/proc/self/fd/%d", fd);
}

char *
vireo_qemu_image_node (guint fdset)
{
  return g_strdup_printf ("image-%u", fdset);
}

char *
vireo_qemu_file_node (guint fdset)
{
  return g_strdup_printf ("file-%u", fdset);
}

gboolean
vireo_qemu_unsupported (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED, message);
  return FALSE;
}

gboolean
vireo_qemu_build_is_x86 (const VireoQemuBuild *build)
{
  return vireo_qemu_arch_is_x86 (build->def->os->arch);
}

gboolean
vireo_qemu_build_is_q35 (const VireoQemuBuild *build)
{
  return g_str_has_prefix (build->machine->name, "pc-q35-");
}

gboolean
vireo_qemu_build_is_i440fx (const VireoQemuBuild *build)
{
  return g_str_has_prefix (build->machine->name, "pc-i440fx-");
}

gboolean
vireo_qemu_build_is_arm_virt (const VireoQemuBuild *build)
{
  return vireo_qemu_arch_is_arm (build->def->os->arch)
         && g_str_has_prefix (build->machine->name, "virt-");
}

gboolean
vireo_qemu_build_is_s390 (const VireoQemuBuild *build)
{
  return g_strcmp0 (build->def->os->arch, "s390x") == 0;
}

const char *
vireo_qemu_build_controller_alias (const VireoQemuBuild *build, VireoControllerType type,
                                   guint index)
{
  for (guint i = 0; i < build->def->n_controllers; i++)
    {
      const VireoControllerDef *controller = build->def->controllers[i];

      if (controller->type == type && controller->index == index)
        return controller->alias;
    }
  return NULL;
}

/* A PCI bus is named after its controller, but for the root of an i440FX, which is always pci.0. */
static gboolean
place_pci (VireoQemuBuild *build, JsonObject *device, const VireoAddressDef *address,
           GError **error)
{
  const char *bus
      = vireo_qemu_build_controller_alias (build, VIREO_CONTROLLER_TYPE_PCI, address->bus);
  g_autofree char *place = NULL;

  if (bus == NULL)
    return vireo_qemu_unsupported (
        error, "There is no PCI controller with index %u, which an address names", address->bus);
  if (address->domain != 0)
    return vireo_qemu_unsupported (error, "An address names PCI domain %u; there is only 0",
                                   address->domain);
  place = g_strdup_printf (address->function != 0 ? "0x%x.0x%x" : "0x%x", address->slot,
                           address->function);
  json_object_set_string_member (device, "bus", bus);
  if (address->multifunction != VIREO_TRISTATE_UNSET)
    vireo_qemu_json_switch (device, "multifunction", address->multifunction);
  json_object_set_string_member (device, "addr", place);
  return TRUE;
}

static gboolean
place_ccw (JsonObject *device, const VireoAddressDef *address)
{
  g_autofree char *place
      = g_strdup_printf ("%x.%x.%04x", address->cssid, address->ssid, address->devno);

  json_object_set_string_member (device, "devno", place);
  return TRUE;
}

gboolean
vireo_qemu_build_place (VireoQemuBuild *build, JsonObject *device, const VireoAddressDef *address,
                        GError **error)
{
  if (address == NULL || address->type == VIREO_ADDRESS_TYPE_UNSET)
    return TRUE;
  if (address->type == VIREO_ADDRESS_TYPE_PCI)
    return place_pci (build, device, address, error);
  if (address->type == VIREO_ADDRESS_TYPE_CCW)
    return place_ccw (device, address);
  return vireo_qemu_unsupported (error, "Addresses of type '%s' are not supported for %s",
                                 vireo_address_type_to_string (address->type),
                                 json_object_get_string_member (device, "driver"));
}

void
vireo_qemu_build_usb_place (VireoQemuBuild *build, JsonObject *device,
                            const VireoAddressDef *address)
{
  gboolean is_usb = address != NULL && address->type == VIREO_ADDRESS_TYPE_USB;
  guint number = is_usb ? address->bus : 0;
  const char *alias
      = vireo_qemu_build_controller_alias (build, VIREO_CONTROLLER_TYPE_USB, number);
  g_autofree char *bus = g_strdup_printf ("%s.0", alias != NULL ? alias : "usb");

  json_object_set_string_member (device, "bus", bus);
  if (is_usb)
    vireo_qemu_json_string (device, "port", address->usb_port);
}

char *
vireo_qemu_build_virtio_driver (VireoQemuBuild *build, const char *kind, const char *variant)
{
  return g_strconcat (kind, vireo_qemu_build_is_s390 (build) ? "-ccw" : "-pci", variant, NULL);
}

const char *
vireo_qemu_virtio_variant (const char *model)
{
  const char *variant = model != NULL ? strchr (model, '-') : NULL;

  return variant != NULL ? variant : "";
}

void
vireo_qemu_build_virtio_options (JsonObject *device, VireoTristate iommu, VireoTristate ats,
                                 VireoTristate packed, VireoTristate page_per_vq)
{
  vireo_qemu_json_switch (device, "iommu_platform", iommu);
  vireo_qemu_json_switch (device, "ats", ats);
  vireo_qemu_json_switch (device, "packed", packed);
  vireo_qemu_json_switch (device, "page-per-vq", page_per_vq);
}

/* Which <boot dev=…> means a device. */
static VireoOsBootDevice
boot_class (VireoDeviceKind kind, gconstpointer device)
{
  if (kind == VIREO_DEVICE_INTERFACE)
    return VIREO_OS_BOOT_DEVICE_NETWORK;
  if (kind != VIREO_DEVICE_DISK)
    return VIREO_OS_BOOT_DEVICE_UNSET;
  switch (vireo_disk_def_get_device (device))
    {
    case VIREO_DISK_DEVICE_CDROM:
      return VIREO_OS_BOOT_DEVICE_CDROM;
    case VIREO_DISK_DEVICE_FLOPPY:
      return VIREO_OS_BOOT_DEVICE_FD;
    case VIREO_DISK_DEVICE_DISK:
    case VIREO_DISK_DEVICE_LUN:
      return VIREO_OS_BOOT_DEVICE_HD;
    case VIREO_DISK_DEVICE_UNSET:
    default:
      return VIREO_OS_BOOT_DEVICE_UNSET;
    }
}

static gconstpointer
first_of_class (const VireoDomainDef *def, VireoDeviceKind kind, VireoOsBootDevice class)
{
  guint n = kind == VIREO_DEVICE_DISK ? def->n_disks : def->n_interfaces;

  for (guint i = 0; i < n; i++)
    {
      gconstpointer device
          = kind == VIREO_DEVICE_DISK ? (gconstpointer) def->disks[i] : def->interfaces[i];

      if (boot_class (kind, device) == class)
        return device;
    }
  return NULL;
}

/* Each kind that <os> lists means the first device of that kind. */
guint
vireo_qemu_build_boot_index (const VireoQemuBuild *build, VireoDeviceKind kind,
                             gconstpointer device)
{
  VireoOsBootDevice class = boot_class (kind, device);
  const VireoOsDef *os = build->def->os;

  for (guint i = 0; i < os->n_boots; i++)
    if (os->boots[i]->dev == class)
      return first_of_class (build->def, kind, class) == device ? i + 1 : 0;
  return 0;
}
