/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "conf/vireo-device.h"
#include "vireo-qemu-caps.h"
#include "vireo-qemu-resources.h"

G_BEGIN_DECLS

/**
 * VireoQemuCommandFlags:
 * @VIREO_QEMU_COMMAND_NONE: nothing special
 * @VIREO_QEMU_COMMAND_PASSTHROUGH: `<qemu:commandline>` is allowed; refused otherwise
 * @VIREO_QEMU_COMMAND_BY_NAME: to be read: files and sockets are named by their paths, where an
 *   emulator that we start is given descriptors
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_QEMU_COMMAND_NONE = 0,
  VIREO_QEMU_COMMAND_PASSTHROUGH = 1 << 0,
  VIREO_QEMU_COMMAND_BY_NAME = 1 << 1,
} VireoQemuCommandFlags;

/**
 * VireoQemuCommandInput:
 * @def: the live definition, post-parsed, with aliases
 * @caps: what the emulator can do
 * @resources: what was opened for the guest
 * @flags: what is allowed
 * @now: seconds since the epoch: what clocks that are relative start from
 *
 * All that a command line depends on.
 *
 * Since: 0.1
 */
typedef struct
{
  const VireoDomainDef *def;
  const VireoQemuCaps *caps;
  const VireoQemuResources *resources;
  VireoQemuCommandFlags flags;
  gint64 now;
} VireoQemuCommandInput;

/**
 * VireoQemuQmpStep:
 * @command: name of a QMP command
 * @arguments: (nullable): its arguments
 * @fd: a file descriptor that goes with it, owned by this struct; -1 for none
 *
 * What is to be said over QMP before the guest's processors run: what must not be seen in a process
 * list, and what has no option.
 *
 * Since: 0.1
 */
typedef struct
{
  char *command;
  JsonObject *arguments;
  int fd;
} VireoQemuQmpStep;

/* @arguments: (nullable) (transfer full); @fd: taken over, or -1 */
VireoQemuQmpStep *vireo_qemu_qmp_step_new (const char *command, JsonObject *arguments, int fd);
/* (transfer full) (element-type VireoQemuQmpStep) */
GPtrArray *vireo_qemu_qmp_steps_new (void);

/**
 * VireoQemuCommand:
 * @argv: the program and its arguments, %NULL-terminated
 * @envp: its whole environment, %NULL-terminated
 * @steps: (element-type VireoQemuQmpStep): what follows over QMP, in this order, all of it before
 *   `cont`
 *
 * How to start an emulator. It starts stopped (-S).
 *
 * Since: 0.1
 */
typedef struct
{
  char **argv;
  char **envp;
  GPtrArray *steps;
} VireoQemuCommand;

/* A pure function of its input. Errors: ConfigUnsupported, naming the element that this driver or
 * this emulator cannot do. */
VireoQemuCommand *vireo_qemu_command_build (const VireoQemuCommandInput *input, GError **error);
void vireo_qemu_command_free (VireoQemuCommand *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQemuCommand, vireo_qemu_command_free)

/* The names of an image's block nodes: of what it holds, and of the file (transfer full). */
char *vireo_qemu_image_node (guint fdset);
char *vireo_qemu_file_node (guint fdset);

/**
 * VireoQemuPlugPart:
 * @VIREO_QEMU_PLUG_DEVICE: the device and all that it needs
 * @VIREO_QEMU_PLUG_MEDIUM: of a disk, the image alone
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_QEMU_PLUG_DEVICE,
  VIREO_QEMU_PLUG_MEDIUM,
} VireoQemuPlugPart;

/* Whether an interface is plugged into anything of the host. */
gboolean vireo_qemu_needs_tap (const VireoInterfaceDef *interface);

/* Whether devices of that kind, on the bus that it names, can come and go while the guest runs. */
gboolean vireo_qemu_command_can_plug (VireoDeviceKind kind, gconstpointer device);

/* How one device of @input's definition is plugged into a guest that runs: the commands over QMP
 * that say what the command line would have said, but for the file descriptors. A tap device is
 * passed under the name "fd" with the alias behind it. Returns: (transfer full) (element-type
 * VireoQemuQmpStep). Errors: ConfigUnsupported. */
GPtrArray *vireo_qemu_command_build_plug (const VireoQemuCommandInput *input, VireoDeviceKind kind,
                                          guint index, VireoQemuPlugPart part, GError **error);

/* Every element and attribute of @def that this driver does not build yet is a problem: nothing is
 * left out in silence. Adds to @problems (element-type VireoProblem). vireo_qemu_command_build()
 * checks it too. */
void vireo_qemu_validate (const VireoDomainDef *def, GPtrArray *problems);

G_END_DECLS
