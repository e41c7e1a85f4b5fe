/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-driver.h"
#include "vireo-qemu-command.h"

G_BEGIN_DECLS

/* The format of the command lines: libvirt's name for it. */
#define VIREO_QEMU_NATIVE_ARGV "qemu-argv"

/* The connection's domain_xml_to_native: the command line of the emulator for such a guest, for
 * people to read and to try. @task is taken over; it returns a string. */
void vireo_qemu_domain_xml_to_native (VireoConnectionObj *connection,
                                      const char *format,
                                      const VireoDomainDef *def,
                                      guint owner,
                                      GTask *task);

/* @command as a shell takes it: its environment, then the options, each on a line of its own
 * (transfer full). */
char *vireo_qemu_command_to_text (const VireoQemuCommand *command);

G_END_DECLS
