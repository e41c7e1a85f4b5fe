/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "conf/vireo-conf.h"
#include "vireo-qemu-caps.h"
#include "vireo-qemu-resources.h"

G_BEGIN_DECLS

/**
 * VireoQemuCommandFlags:
 * @VIREO_QEMU_COMMAND_NONE: nothing special
 * @VIREO_QEMU_COMMAND_PASSTHROUGH: `<qemu:commandline>` is allowed; refused otherwise
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_QEMU_COMMAND_NONE = 0,
  VIREO_QEMU_COMMAND_PASSTHROUGH = 1 << 0,
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
} VireoQemuQmpStep;

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

/* Every element and attribute of @def that this driver does not build yet is a problem: nothing is
 * left out in silence. Adds to @problems (element-type VireoProblem). vireo_qemu_command_build()
 * checks it too. */
void vireo_qemu_validate (const VireoDomainDef *def, GPtrArray *problems);

G_END_DECLS
