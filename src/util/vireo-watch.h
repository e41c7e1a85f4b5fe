/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * VireoWatch:
 *
 * Tells when files, folders and device nodes come, go or change: an emulator's binary, the folder
 * of its modules, /dev/kvm. A path may be watched while neither it nor the folders above it are
 * there.
 * Symbolic links on the way are followed, and watched themselves.
 *
 * A file has changed when another one has taken its place, or when its contents, owner or
 * permissions differ from before; a folder, also when something in it did (in it, not
 * further below). A file system that is mounted over a folder on the way is not noticed.
 *
 * Signal `changed` (const char *path): the path as it was given to vireo_watch_add(), on the main
 * context that was the thread's default in vireo_watch_new(). What happens within a quarter of a
 * second is told once.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_WATCH (vireo_watch_get_type ())
G_DECLARE_FINAL_TYPE (VireoWatch, vireo_watch, VIREO, WATCH, GObject)

VireoWatch *vireo_watch_new (GError **error);

gboolean vireo_watch_add (VireoWatch *self, const char *path, GError **error);

void vireo_watch_remove (VireoWatch *self, const char *path);

G_END_DECLS
