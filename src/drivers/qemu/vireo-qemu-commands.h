/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-qemu-command.h"
#include "vireo-qmp.h"

G_BEGIN_DECLS

/* Says @steps (transfer full) (element-type VireoQemuQmpStep) one after the other, each when the
 * one before was done. When one fails, those before it, which made something, are taken back. */
void vireo_qemu_commands_run_async (VireoQmp *qmp, GPtrArray *steps, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
gboolean vireo_qemu_commands_run_finish (GAsyncResult *result, GError **error);

/* Says one, whose failure means that it was not needed. @arguments: (transfer full) */
void vireo_qemu_commands_tidy (VireoQmp *qmp, const char *command, JsonObject *arguments);
void vireo_qemu_commands_tidy_name (VireoQmp *qmp, const char *command, const char *member,
                                    const char *argument);

/* Waits until all that was said has been answered. Succeeds always. */
void vireo_qemu_commands_settle (VireoQmp *qmp, GAsyncReadyCallback callback, gpointer user_data);

/* Removes the block nodes and the fd sets of @fdsets (element-type guint), which are in an order
 * such that no node is below one that comes later. */
void vireo_qemu_commands_drop_images (VireoQmp *qmp, const GArray *fdsets);

/* What passes the open files of @chain (element-type VireoQemuImage) on, before anything refers to
 * them; takes the descriptors. */
void vireo_qemu_commands_pass_images (GPtrArray *steps, GPtrArray *chain);

G_END_DECLS
