/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/qemu/vireo-qemu-command.h"

/* A definition of tests/drivers/qemu/command, completed with the capabilities in caps-ARCH.json, as
 * a driver would before a start. */
typedef struct
{
  char *name;
  VireoQemuCaps *caps;
  VireoDomainDef *def;
} QemuCase;

QemuCase *qemu_case_load (const char *name);
/* From text; NULL with @error when it does not parse or complete. */
QemuCase *qemu_case_new (const char *xml, GError **error);
void qemu_case_free (QemuCase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QemuCase, qemu_case_free)

VireoQemuCommand *qemu_case_build (QemuCase *self, const VireoQemuResources *resources,
                                   VireoQemuCommandFlags flags, GError **error);

/* What the definition wants opened. Called for each, in order, with the fd set's number and whether
 * it is only read; returns the descriptor. */
typedef struct
{
  int (*open_image) (gpointer data, const char *path, const char *format, gboolean read_only);
  int (*open_file) (gpointer data, const char *path);
  int (*open_tap) (gpointer data);
  gpointer data;
} QemuCaseOpener;

VireoQemuResources *qemu_case_open (QemuCase *self, const QemuCaseOpener *opener, int monitor_fd,
                                    const char *runtime_dir);

/* (element-type utf8): names of all cases, sorted */
GPtrArray *qemu_case_names (void);
char *qemu_case_path (const char *name, const char *suffix);
