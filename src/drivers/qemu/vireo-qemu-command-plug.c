/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a device of a definition to the commands that plug it into a guest that runs. What a
 * command line has as options, QMP has as commands with the same members: what builds the one
 * builds both. */
#include <string.h>

#include "vireo-qemu-build.h"

static gboolean
can_plug_disk (gconstpointer device)
{
  VireoDiskBus bus = ((const VireoDiskDef *) device)->target->bus;

  return bus == VIREO_DISK_BUS_VIRTIO || bus == VIREO_DISK_BUS_SCSI || bus == VIREO_DISK_BUS_USB;
}

static gboolean
can_plug_interface (gconstpointer device)
{
  return g_strcmp0 (((const VireoInterfaceDef *) device)->model, "ne2k_isa") != 0;
}

static gboolean
can_plug_controller (gconstpointer device)
{
  VireoControllerType type = ((const VireoControllerDef *) device)->type;

  return type == VIREO_CONTROLLER_TYPE_SCSI || type == VIREO_CONTROLLER_TYPE_VIRTIO_SERIAL;
}

static gboolean
can_plug_input (gconstpointer device)
{
  VireoInputBus bus = ((const VireoInputDef *) device)->bus;

  return bus == VIREO_INPUT_BUS_USB || bus == VIREO_INPUT_BUS_VIRTIO;
}

static gboolean
can_plug_rng (gconstpointer device)
{
  return TRUE;
}

static const struct
{
  gboolean (*can_plug) (gconstpointer device);
  gboolean (*build) (VireoQemuBuild *build, guint index, GError **error);
} kinds[VIREO_DEVICE_N_KINDS] = {
  [VIREO_DEVICE_DISK] = { can_plug_disk, vireo_qemu_build_disk },
  [VIREO_DEVICE_INTERFACE] = { can_plug_interface, vireo_qemu_build_interface },
  [VIREO_DEVICE_CONTROLLER] = { can_plug_controller, vireo_qemu_build_controller },
  [VIREO_DEVICE_INPUT] = { can_plug_input, vireo_qemu_build_input },
  [VIREO_DEVICE_RNG] = { can_plug_rng, vireo_qemu_build_rng },
};

/* Which command an option is; NULL for one whose descriptor is passed on its own. */
static const struct
{
  const char *option;
  const char *command;
} options[] = {
  { "-add-fd", NULL },
  { "-blockdev", "blockdev-add" },
  { "-device", "device_add" },
  { "-netdev", "netdev_add" },
  { "-object", "object-add" },
};

gboolean
vireo_qemu_command_can_plug (VireoDeviceKind kind, gconstpointer device)
{
  return kinds[kind].can_plug != NULL && kinds[kind].can_plug (device);
}

/* A passed descriptor has a name: the number is that of a command line's. */
static void
name_descriptor (const char *command, const char *alias, JsonObject *arguments)
{
  g_autofree char *name = g_strconcat ("fd", alias, NULL);

  if (g_str_equal (command, "netdev_add") && json_object_has_member (arguments, "fd"))
    json_object_set_string_member (arguments, "fd", name);
}

static gboolean
add_option (GPtrArray *steps, const char *option, const char *value, const char *alias,
            GError **error)
{
  gsize row = 0;

  while (row < G_N_ELEMENTS (options) && !g_str_equal (options[row].option, option))
    row++;
  if (row == G_N_ELEMENTS (options))
    return vireo_qemu_unsupported (error, "%s: this cannot be added while the guest runs", alias);
  if (options[row].command != NULL)
    {
      g_autoptr (JsonNode) node = json_from_string (value, error);
      JsonObject *arguments = node != NULL ? json_node_dup_object (node) : NULL;

      if (arguments == NULL)
        return FALSE;
      name_descriptor (options[row].command, alias, arguments);
      g_ptr_array_add (steps, vireo_qemu_qmp_step_new (options[row].command, arguments, -1));
    }
  return TRUE;
}

static gboolean
build_part (VireoQemuBuild *build, VireoDeviceKind kind, guint index, VireoQemuPlugPart part,
            GError **error)
{
  if (part == VIREO_QEMU_PLUG_MEDIUM)
    return vireo_qemu_build_disk_image (build, index, error);
  return kinds[kind].build (build, index, error);
}

GPtrArray *
vireo_qemu_command_build_plug (const VireoQemuCommandInput *input, VireoDeviceKind kind,
                               guint index, VireoQemuPlugPart part, GError **error)
{
  const VireoDomainDef *def = input->def;
  const char *alias = vireo_device_get_alias (kind, vireo_domain_def_get_device (def, kind, index));
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) later = vireo_qemu_qmp_steps_new ();
  g_autoptr (GPtrArray) steps = vireo_qemu_qmp_steps_new ();
  VireoQemuBuild build = { .def = def, .caps = input->caps, .resources = input->resources,
                           .now = input->now, .argv = argv, .steps = later };

  build.machine = vireo_qemu_caps_find_machine (input->caps, def->os->machine);
  if (build.machine == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE, "%s has no machine type '%s'",
                   vireo_qemu_caps_get_path (input->caps), def->os->machine);
      return NULL;
    }
  if (!build_part (&build, kind, index, part, error))
    return NULL;
  for (guint i = 0; i + 1 < argv->len; i += 2)
    if (!add_option (steps, argv->pdata[i], argv->pdata[i + 1], alias, error))
      return NULL;
  while (later->len > 0)
    g_ptr_array_add (steps, g_ptr_array_steal_index (later, 0));
  return g_steal_pointer (&steps);
}
