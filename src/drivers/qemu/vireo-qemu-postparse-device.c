/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device is where the definition does not say. */
#include "vireo-qemu-postparse-private.h"

#include "vireo-qemu-arch.h"

static const VireoQemuCaps *
get_caps (VireoPostParseContext *context)
{
  return context->environment;
}

static gboolean
is_x86 (const VireoDomainDef *def)
{
  return def->os != NULL && vireo_qemu_arch_is_x86 (def->os->arch);
}

static gboolean
is_s390 (const VireoDomainDef *def)
{
  return def->os != NULL && g_strcmp0 (def->os->arch, "s390x") == 0;
}

static gboolean
has_type (VireoPostParseContext *context, const char *type)
{
  return get_caps (context) != NULL && vireo_qemu_caps_has_type (get_caps (context), type);
}

/* Fails for now when the emulator does not have the device: a package of modules may bring it. */
static VireoPostParseOutcome
need_type (VireoPostParseContext *context, const char *type, const char *what)
{
  if (get_caps (context) == NULL || has_type (context, type))
    return VIREO_POST_PARSE_DONE;
  return vireo_post_parse_missing (context, "missing-device", context->def->emulator,
                                   "%s: %s has no device '%s'", what, context->def->emulator, type);
}

/* --- disks --- */

static VireoPostParseOutcome
complete_disk (VireoPostParseContext *context, gpointer device)
{
  VireoDiskDef *disk = device;
  VireoDiskType type = vireo_disk_def_get_type (disk);

  if (disk->driver == NULL)
    disk->driver = vireo_disk_driver_def_new ();
  if (disk->driver->name == NULL)
    disk->driver->name = g_strdup ("qemu");
  if (!g_str_equal (disk->driver->name, "qemu"))
    return vireo_post_parse_invalid (context, "unsupported-disk-driver",
                                     "<disk><driver name='%s'> is not supported: 'qemu' is",
                                     disk->driver->name);
  /* A format is never guessed from the image: a guest could have written another one into it. */
  if (disk->driver->type == VIREO_DISK_FORMAT_UNSET
      && (type == VIREO_DISK_TYPE_FILE || type == VIREO_DISK_TYPE_BLOCK
          || type == VIREO_DISK_TYPE_VOLUME))
    disk->driver->type = VIREO_DISK_FORMAT_RAW;
  return VIREO_POST_PARSE_DONE;
}

/* --- controllers --- */

static VireoControllerModel
default_usb_model (VireoPostParseContext *context)
{
  if (vireo_qemu_def_is_i440fx (context->def))
    return VIREO_CONTROLLER_MODEL_PIIX3_UHCI;
  return VIREO_CONTROLLER_MODEL_QEMU_XHCI;
}

static VireoControllerModel
default_scsi_model (VireoPostParseContext *context)
{
  if (is_x86 (context->def) && has_type (context, "lsi53c895a"))
    return VIREO_CONTROLLER_MODEL_LSILOGIC;
  return VIREO_CONTROLLER_MODEL_VIRTIO_SCSI;
}

static VireoPostParseOutcome
complete_controller (VireoPostParseContext *context, gpointer device)
{
  VireoControllerDef *controller = device;

  if (get_caps (context) == NULL)
    return VIREO_POST_PARSE_DONE;
  if (controller->type == VIREO_CONTROLLER_TYPE_USB
      && controller->model == VIREO_CONTROLLER_MODEL_UNSET)
    controller->model = default_usb_model (context);
  if (controller->type == VIREO_CONTROLLER_TYPE_SCSI
      && controller->model == VIREO_CONTROLLER_MODEL_UNSET)
    controller->model = default_scsi_model (context);
  if (controller->type == VIREO_CONTROLLER_TYPE_IDE
      && !vireo_qemu_def_is_i440fx (context->def))
    return vireo_post_parse_invalid (context, "unsupported-controller",
                                     "IDE controllers are not supported on machine type '%s'",
                                     context->def->os->machine);
  return VIREO_POST_PARSE_DONE;
}

/* --- network interfaces --- */

static VireoPostParseOutcome
complete_interface (VireoPostParseContext *context, gpointer device)
{
  VireoInterfaceDef *interface = device;
  gboolean known_net = is_x86 (context->def) && has_type (context, "rtl8139");

  if (interface->model == NULL && get_caps (context) != NULL)
    interface->model = g_strdup (known_net ? "rtl8139" : "virtio");
  if (interface->model != NULL && !g_str_has_prefix (interface->model, "virtio"))
    return need_type (context, interface->model, "<interface><model>");
  return VIREO_POST_PARSE_DONE;
}

/* --- serial ports --- */

static const struct
{
  VireoSerialTargetType type;
  VireoSerialTargetModel model;
} serial_targets[] = {
  { VIREO_SERIAL_TARGET_TYPE_ISA_SERIAL, VIREO_SERIAL_TARGET_MODEL_ISA_SERIAL },
  { VIREO_SERIAL_TARGET_TYPE_USB_SERIAL, VIREO_SERIAL_TARGET_MODEL_USB_SERIAL },
  { VIREO_SERIAL_TARGET_TYPE_PCI_SERIAL, VIREO_SERIAL_TARGET_MODEL_PCI_SERIAL },
  { VIREO_SERIAL_TARGET_TYPE_SPAPR_VIO_SERIAL, VIREO_SERIAL_TARGET_MODEL_SPAPR_VTY },
  { VIREO_SERIAL_TARGET_TYPE_SYSTEM_SERIAL, VIREO_SERIAL_TARGET_MODEL_PL011 },
  { VIREO_SERIAL_TARGET_TYPE_SCLP_SERIAL, VIREO_SERIAL_TARGET_MODEL_SCLPCONSOLE },
  { VIREO_SERIAL_TARGET_TYPE_ISA_DEBUG, VIREO_SERIAL_TARGET_MODEL_ISA_DEBUGCON },
};

static VireoSerialTargetType
default_serial_type (const VireoDomainDef *def)
{
  if (is_x86 (def))
    return VIREO_SERIAL_TARGET_TYPE_ISA_SERIAL;
  if (is_s390 (def))
    return VIREO_SERIAL_TARGET_TYPE_SCLP_SERIAL;
  if (g_str_has_prefix (def->os->arch, "ppc64"))
    return VIREO_SERIAL_TARGET_TYPE_SPAPR_VIO_SERIAL;
  return VIREO_SERIAL_TARGET_TYPE_SYSTEM_SERIAL;
}

static VireoPostParseOutcome
complete_serial (VireoPostParseContext *context, gpointer device)
{
  VireoSerialDef *serial = device;

  if (get_caps (context) == NULL)
    return VIREO_POST_PARSE_DONE;
  if (serial->target == NULL)
    serial->target = vireo_serial_target_def_new ();
  if (serial->target->type == VIREO_SERIAL_TARGET_TYPE_UNSET)
    serial->target->type = default_serial_type (context->def);
  for (gsize i = 0; i < G_N_ELEMENTS (serial_targets); i++)
    if (serial_targets[i].type == serial->target->type
        && serial->target->model == VIREO_SERIAL_TARGET_MODEL_UNSET)
      serial->target->model = serial_targets[i].model;
  /* RISC-V's boards have another chip than ARM's. */
  if (serial->target->model == VIREO_SERIAL_TARGET_MODEL_PL011 && !context->existing
      && g_str_has_prefix (context->def->os->arch, "riscv"))
    serial->target->model = VIREO_SERIAL_TARGET_MODEL_16550A;
  return VIREO_POST_PARSE_DONE;
}

/* --- video, input, the rest --- */

static VireoPostParseOutcome
complete_video (VireoPostParseContext *context, gpointer device)
{
  VireoVideoDef *video = device;

  if (get_caps (context) == NULL)
    return VIREO_POST_PARSE_DONE;
  if (video->model == NULL)
    video->model = vireo_video_model_def_new ();
  if (video->model->type == VIREO_VIDEO_MODEL_TYPE_UNSET
      || video->model->type == VIREO_VIDEO_MODEL_TYPE_DEFAULT)
    video->model->type = is_x86 (context->def) && has_type (context, "VGA")
                             ? VIREO_VIDEO_MODEL_TYPE_VGA
                             : VIREO_VIDEO_MODEL_TYPE_VIRTIO;
  if (video->model->type == VIREO_VIDEO_MODEL_TYPE_QXL)
    return need_type (context, "qxl-vga", "<video><model type='qxl'>");
  if (video->model->type == VIREO_VIDEO_MODEL_TYPE_CIRRUS)
    return need_type (context, "cirrus-vga", "<video><model type='cirrus'>");
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_input (VireoPostParseContext *context, gpointer device)
{
  VireoInputDef *input = device;

  if (input->bus != VIREO_INPUT_BUS_UNSET || context->def->os == NULL)
    return VIREO_POST_PARSE_DONE;
  if (input->type == VIREO_INPUT_TYPE_PASSTHROUGH)
    input->bus = VIREO_INPUT_BUS_VIRTIO;
  else if (input->type == VIREO_INPUT_TYPE_EVDEV)
    input->bus = VIREO_INPUT_BUS_NONE;
  else if (is_x86 (context->def) && input->type != VIREO_INPUT_TYPE_TABLET)
    input->bus = VIREO_INPUT_BUS_PS2;
  else if (is_s390 (context->def))
    input->bus = VIREO_INPUT_BUS_VIRTIO;
  else
    input->bus = VIREO_INPUT_BUS_USB;
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome
complete_watchdog (VireoPostParseContext *context, gpointer device)
{
  VireoWatchdogDef *watchdog = device;

  if (watchdog->action == VIREO_WATCHDOG_ACTION_UNSET)
    watchdog->action = VIREO_WATCHDOG_ACTION_RESET;
  if (watchdog->model == VIREO_WATCHDOG_MODEL_ITCO)
    return VIREO_POST_PARSE_DONE;
  return need_type (context, vireo_watchdog_model_to_string (watchdog->model), "<watchdog>");
}

static VireoPostParseOutcome
complete_panic (VireoPostParseContext *context, gpointer device)
{
  VireoPanicDef *panic = device;

  if (panic->model == VIREO_PANIC_MODEL_UNSET && is_x86 (context->def))
    panic->model = VIREO_PANIC_MODEL_ISA;
  return VIREO_POST_PARSE_DONE;
}

static VireoPostParseOutcome (*const completers[VIREO_DEVICE_N_KINDS]) (
    VireoPostParseContext *context, gpointer device)
    = {
        [VIREO_DEVICE_DISK] = complete_disk,
        [VIREO_DEVICE_CONTROLLER] = complete_controller,
        [VIREO_DEVICE_INTERFACE] = complete_interface,
        [VIREO_DEVICE_SERIAL] = complete_serial,
        [VIREO_DEVICE_VIDEO] = complete_video,
        [VIREO_DEVICE_INPUT] = complete_input,
        [VIREO_DEVICE_WATCHDOG] = complete_watchdog,
        [VIREO_DEVICE_PANIC] = complete_panic,
      };

VireoPostParseOutcome
vireo_qemu_post_parse_device (VireoPostParseContext *context, VireoDeviceKind kind,
                              gpointer device)
{
  return completers[kind] != NULL ? completers[kind](context, device) : VIREO_POST_PARSE_DONE;
}
